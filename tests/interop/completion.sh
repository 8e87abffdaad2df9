# SPDX-License-Identifier: LGPL-2.1-or-later
# The completions, asked of the shells themselves that load them: every command, option, value, and files. What is wanted comes from
# --help. bash and zsh complete on a terminal alone, so what they find there is noted on its way.
. "$(dirname "$0")/../lib.sh"

# In ./at a folder is called like a command, and files have odd names.
lay_files() { mkdir -p at/split && touch 'at/a file' at/manifest.json; }
commands() { "$PKGNOTE" --help | sed -n 's/^  \([a-z-]*\) .*/\1/p'; }
# options COMMAND: short ones too.
options() { "$PKGNOTE" "$1" --help | sed -nE 's/^  ((-.)(,| |$)|   )( ?(--[a-z-]+))?.*/\2 \5/p' | tr ' ' '\n' | grep . | sort -u; }

# on_terminal SHELL...: what is in ./typed goes to it, all at once; the screen comes to ./screen.
on_terminal() {
	need python3
	python3 - "$@" <<-'PY' >screen
	import fcntl, os, pty, struct, sys, termios
	child, terminal = pty.fork()
	if child == 0:
	    os.chdir("at")
	    os.execvp(sys.argv[1], sys.argv[1:])
	fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 500, 200, 0, 0))
	os.write(terminal, open("typed", "rb").read())
	while True:
	    try:
	        data = os.read(terminal, 4096)
	    except OSError:
	        break
	    if not data:
	        break
	    os.write(1, data)
	os.waitpid(child, 0)
	PY
}

# ask_SHELL LINE...: ./answers gets "LINE<TAB>CANDIDATE", a line each.
ask_bash() {
	cat >setup <<-S
	set +o history; PS1='> '
	bind 'set completion-query-items 0'; bind 'set page-completions off'; bind 'set bell-style none'; bind '"\\C-t": kill-whole-line'
	. "$PWD/completion"
	spy() { _pkgnote "\$@"; [ \${#COMPREPLY[@]} = 0 ] || printf "\$COMP_LINE\\t%s\\n" "\${COMPREPLY[@]}" >>"$PWD/answers"; }
	complete -F spy pkgnote
	S
	printf '%s\t\024' "$@" >typed; printf 'exit\n' >>typed
	: >answers
	on_terminal bash --noprofile --rcfile "$PWD/setup" -i
}
ask_zsh() {
	mkdir -p functions; cp completion functions/_pkgnote
	cat >.zshrc <<-S
	PS1='> '; fpath=("$PWD/functions" \$fpath)
	autoload -U compinit; compinit -D -u
	note() {
	  compadd() {
	    # With these, nothing is offered: a list is made, or filtered, for a later call.
	    if [[ \$* != *-[OAD]\ * ]]; then
	      local -a found; builtin compadd -O found "\$@"
	      (( ! \$#found )) || print -rl -- "\$LBUFFER"\$'\\t'\${^found} >>"$PWD/answers"
	    fi
	    builtin compadd "\$@"
	  }
	  _main_complete
	}
	zle -C note list-choices note
	ask() { zle note; BUFFER=; }
	zle -N ask; bindkey '^T' ask
	LISTMAX=-1
	S
	printf '%s\024' "$@" >typed; printf 'exit\n' >>typed
	: >answers
	ZDOTDIR=$PWD on_terminal zsh -d -i
}
ask_fish() {
	local line
	: >answers
	for line; do
		(cd at && HOME=$PWD fish --no-config -c 'source $argv[1]; complete -C $argv[2]' ../completion "$line") | cut -f1 | sort -u | while read -r answer; do
			printf '%s\t%s\n' "$line" "$answer"
		done >>answers
	done
}
# answers LINE: what was found for it, the part of the option before a value cut off.
answers() { awk -F'\t' -v line="$1" '$1 == line { print $2 }' answers | sed -E 's/^(--[a-z-]+)=(.)/\2/; s,/$,,; s/=$//; s/\\//g' | sort -u; }

completes() {
	local shell=$1 command option line lines=()
	need "$shell"
	perl "$TOP/packaging/completion.pl" "$shell" "$PKGNOTE" >completion
	lay_files
	for command in $(commands); do lines+=("pkgnote $command -" "pkgnote $command --"); done
	lines+=('pkgnote ' 'pkgnote spl' 'pkgnote split --layout=' 'pkgnote split --layout=d' 'pkgnote split --layout ' 'pkgnote stamp -o ' 'pkgnote find-debuginfo -S m'
		'pkgnote split --manifest=m' 'pkgnote verify --report=s' 'pkgnote verify --checks=' 'pkgnote split --strict=s' 'pkgnote split --strict ' 'pkgnote fetch e'
		'pkgnote show ' 'pkgnote show --pid=1 a' 'pkgnote split --build-id=k')
	"ask_$shell" "${lines[@]}"
	same "$(answers 'pkgnote ' | grep -v ^-)" "$(commands | sort -u)"
	for command in $(commands); do
		{ answers "pkgnote $command -"; answers "pkgnote $command --"; } | sort -u >have
		options "$command" >want
		[ "$(wc -l <want)" -gt 5 ] && diff want have || fail "options of $command"
	done
		same "$(answers 'pkgnote spl')" split
	same "$(answers 'pkgnote split --layout=' | paste -sd' ')" "deb rpm"
	same "$(answers 'pkgnote split --layout=d')" deb
	same "$(answers 'pkgnote split --layout ' | paste -sd' ')" "deb rpm"
	same "$(answers 'pkgnote split --build-id=k')" keep
	same "$(answers 'pkgnote stamp -o ' | paste -sd,)" "a file,manifest.json,split"
	same "$(answers 'pkgnote find-debuginfo -S m')" manifest.json
	same "$(answers 'pkgnote split --manifest=m')" manifest.json
	same "$(answers 'pkgnote verify --report=s')" sarif
	same "$(answers 'pkgnote verify --checks=' | paste -sd' ')" "$(verify_checks)"
	same "$(answers 'pkgnote split --strict=s')" sources
	# A value that may be left out is not the next word.
	same "$(answers 'pkgnote split --strict ' | paste -sd,)" "a file,manifest.json,split"
	answers 'pkgnote fetch e' | grep -qx executable
	same "$(answers 'pkgnote show ' | paste -sd,)" "a file,manifest.json,split"
	same "$(answers 'pkgnote show --pid=1 a')" "a file"
}
verify_checks() { "$PKGNOTE" verify --help | tr '\n' ' ' | sed -E 's/.*--checks=LIST [^:]*: ([a-z, -]*[a-z]).*/\1/; s/ +--.*//; s/,? (and|or) |, /\n/g' | sort | paste -sd' '; }

in_bash() { completes bash; }
in_zsh() { completes zsh; }
in_fish() { completes fish; }
check "bash completes commands, options, values and files" in_bash
check "zsh completes commands, options, values and files" in_zsh
check "fish completes commands, options, values and files" in_fish

# What is inserted: a file's name quoted, a command with a blank behind it though a folder is called like it.
inserts() {
	need bash
	perl "$TOP/packaging/completion.pl" bash "$PKGNOTE" >completion
	lay_files
	cat >setup <<-S
	set +o history; PS1='> '; pkgnote() { printf '<%s>' "\$@" >>"$PWD/got"; echo >>"$PWD/got"; }
	. "$PWD/completion"
	S
	printf '%s\n' $'pkgnote spl\t--lay\td\tmani\t' $'pkgnote show a\\ f\t' $'pkgnote split --manifest=a\t' $'pkgnote verify --checks=note,paral\t' exit >typed
	on_terminal bash --noprofile --rcfile "$PWD/setup" -i
	cat >want <<-'W'
	<split><--layout=deb><manifest.json>
	<show><a file>
	<split><--manifest=a file>
	<verify><--checks=note,parallel>
	W
	diff want got
}
check "bash inserts them as a command line wants them" inserts
finish

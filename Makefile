# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote.  make                builds $(BUILD)/pkgnote, libnote.so, libnote.a
#           make install        into $(DESTDIR)$(PREFIX)
#           make deps           installs what building and testing need (apt), or names it (dnf, apk)
#           make demo           the main job on pkgnote itself, step by step
#           make check          all tests, also under sanitizers; check-long: the slow ones too
#           make check-packages real packages of every kind rebuilt with and without us, in a root of their own
#           make lint bench fuzz coverage clean
#           make dist distcheck deb rpm     a release and its packages (packaging/package.mk); uninstall
VERSION  := 1.0.0
PREFIX   ?= /usr/local
DESTDIR  ?=
BINDIR   ?= $(PREFIX)/bin
LIBDIR   ?= $(PREFIX)/lib
MANDIR   ?= $(PREFIX)/share/man
# Where perl looks for modules: Debian's for PREFIX=/usr, the local ones for /usr/local.
PERLDIR  ?= $(if $(filter /usr/local,$(PREFIX)),$(or $(shell perl -MConfig -e 'print $$Config{sitelib}' 2>/dev/null),$(PREFIX)/share/perl5),$(PREFIX)/share/perl5)
RPMDIR   ?= $(PREFIX)/lib/rpm
BUILD    ?= build
# What can run here: in a cross build, a pkgnote of the build machine.
RUN_PKGNOTE ?= $(BUILD)/pkgnote
PKG_CONFIG ?= pkg-config
ifeq ($(origin CC),default)
CC       := gcc
endif
CFLAGS   ?= -O2 -g
# The one that the compiler uses: a cross compiler's knows its objects.
OBJCOPY  ?= $(shell $(CC) -print-prog-name=objcopy)
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
            -Wcast-qual -Wwrite-strings
SANITIZE := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
PACKAGES := libelf json-c libcurl libarchive libdeflate zlib libzstd liblzma libxxhash libcrypto
# Of these the headers alone: the libraries are loaded when they are first needed (tools/base/libraries/library.h).
LOADED   := libcurl libarchive libcrypto

# Files over 2 GB and times after 2038 where long has 32 bits.
LARGE        := -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64
# What the compiler can do against a fault that is there all the same; HARDEN= leaves it out, and so do sanitizers.
can           = $(shell echo 'int main(void) { return 0; }' | $(CC) -Werror -O2 $(1) -x c -o /dev/null - 2>/dev/null && echo '$(1)')
FORTIFIED     = $(or $(findstring _FORTIFY_SOURCE,$(CFLAGS) $(CPPFLAGS)),$(if $(filter-out -O0,$(filter -O%,$(CFLAGS))),,no))
HARDEN        = $(eval HARDEN := $$(if $$(findstring sanitize,$$(CFLAGS)),,$$(if $$(FORTIFIED),,$$(or $$(call can,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3),$$(call can,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2))) $$(call can,-fstack-protector-strong) $$(call can,-fstack-clash-protection) $$(call can,-fcf-protection)))$(HARDEN)
HARDEN_LINK   = $(eval HARDEN_LINK := $$(if $$(findstring sanitize,$$(CFLAGS)),,$$(call can,-Wl$$(comma)-z$$(comma)relro$$(comma)-z$$(comma)now)))$(HARDEN_LINK)
HARDEN_PIE    = $(eval HARDEN_PIE := $$(if $$(findstring sanitize,$$(CFLAGS))$$(findstring -static,$$(LDFLAGS)),,$$(call can,-pie)))$(HARDEN_PIE)
comma        := ,

ALL_CPPFLAGS := -D_GNU_SOURCE $(LARGE) -I. -Ilibnote -DPKGNOTE_VERSION='"$(VERSION)"' $(CPPFLAGS)
# Asked once, and only where something is compiled: "make deps" works without pkg-config.
PKG_CFLAGS    = $(eval PKG_CFLAGS := $$(shell $(PKG_CONFIG) --cflags $(PACKAGES)))$(PKG_CFLAGS)
TOOL_LIBS     = $(eval TOOL_LIBS := $$(shell $(PKG_CONFIG) --libs $(filter-out $(LOADED),$(PACKAGES))) -ldl)$(TOOL_LIBS)
NOTE_LIBS     = $(shell $(PKG_CONFIG) --libs libelf json-c)
ALL_CFLAGS    = -std=c17 $(WARNINGS) -fPIC -pthread -MMD -MP $(PKG_CFLAGS) $(HARDEN) $(CFLAGS)

NOTE_SOURCES := $(sort $(filter-out libnote/face.c,$(wildcard libnote/*.c libnote/*/*.c)))
SHIM_SOURCES := $(sort $(wildcard tools/libdebuginfod/*.c))
TOOL_SOURCES := $(filter-out $(SHIM_SOURCES),$(sort $(wildcard tools/*.c tools/*/*.c tools/*/*/*.c)))
UNIT_SOURCES := $(sort $(wildcard tests/unit/*.c))
FUZZERS      := $(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
NOTE_OBJECTS := $(NOTE_SOURCES:%.c=$(BUILD)/%.o)
TOOL_OBJECTS := $(TOOL_SOURCES:%.c=$(BUILD)/%.o)
SHIM_OBJECTS := $(SHIM_SOURCES:%.c=$(BUILD)/%.o)
UNIT_OBJECTS := $(UNIT_SOURCES:%.c=$(BUILD)/%.o)
FUZZ_OBJECTS := $(FUZZERS:%=$(BUILD)/tests/fuzz/%.o)
PARTS        := $(filter-out $(BUILD)/tools/pkgnote.o,$(TOOL_OBJECTS))
SONAME       := libnote.so.0
SHARED       := $(SONAME).1.0

SHIM         := $(BUILD)/libdebuginfod

all: $(BUILD)/pkgnote $(BUILD)/share/pkgnote/page-one.specs $(BUILD)/libnote.so $(BUILD)/libnote.a $(BUILD)/libnote.pc $(SHIM)/libdebuginfod.so.1 $(SHIM)/debuginfod-find

# Who tells the version is made anew with it.
$(patsubst %.c,$(BUILD)/%.o,$(shell grep -rl --include='*.c' PKGNOTE_VERSION libnote tools)): Makefile

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

# What is installed is one object whose global names are those of libnote.map: a program may have an
# align_up() of its own. The command and the tests use more of libnote than that.
# The functions there check what a program hands them, and call the ones inside (libnote/face.c).
# What the compiler puts into a group that each file has (i386's thunks) is ours alone in the end: no group.
UNGROUP = $(eval UNGROUP := $$(shell echo 'int i;' | $$(CC) $$(CFLAGS) -Wl,--force-group-allocation -r -nostdlib -x c -o /dev/null - 2>/dev/null && echo -Wl,--force-group-allocation))$(UNGROUP)
RELOCATE = $(CC) $(CFLAGS) $(if $(findstring -flto,$(CFLAGS)),-flinker-output=nolto-rel) -r -nostdlib -o
$(BUILD)/libnote.o: $(NOTE_OBJECTS) $(BUILD)/libnote/face.o libnote/libnote.map libnote/libnote.h Makefile
	@grep -q 'NOTE_VERSION *"$(VERSION)"' libnote/libnote.h || { echo "libnote.h is not of version $(VERSION)" >&2; exit 1; }
	sed -n 's/^\t\(note_[a-z0-9_]*\);$$/\1/p' libnote/libnote.map >$@.names
	sed -n 's/^INSIDE(\(note_[a-z0-9_]*\));$$/\1 inside_\1/p' libnote/face.c >$@.inside
	$(RELOCATE) $@.part $(NOTE_OBJECTS)
	$(OBJCOPY) --redefine-syms=$@.inside $@.part
	$(RELOCATE) $@ $(UNGROUP) $@.part $(BUILD)/libnote/face.o
	$(OBJCOPY) --keep-global-symbols=$@.names $@

$(BUILD)/libnote.a: $(BUILD)/libnote.o
	rm -f $@
	$(AR) rcsD $@ $^

$(BUILD)/libnote/inside.a: $(NOTE_OBJECTS)
	rm -f $@
	$(AR) rcsD $@ $^

$(BUILD)/$(SHARED): $(BUILD)/libnote.o libnote/libnote.map
	$(CC) $(CFLAGS) $(HARDEN_LINK) $(LDFLAGS) -shared -Wl,-soname,$(SONAME) \
	  -Wl,--version-script,libnote/libnote.map $(if $(findstring sanitize,$(CFLAGS)),,-Wl,-z,defs) \
	  -o $@ $(BUILD)/libnote.o $(NOTE_LIBS)

$(BUILD)/libnote.so: $(BUILD)/$(SHARED)
	ln -sf $(SHARED) $(BUILD)/$(SONAME)
	ln -sf $(SHARED) $@

$(BUILD)/libnote.pc: libnote/libnote.pc.in Makefile
	@mkdir -p $(@D)
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@VERSION@|$(VERSION)|' $< >$@

$(BUILD)/pkgnote: $(TOOL_OBJECTS) $(BUILD)/libnote/inside.a
	$(CC) $(CFLAGS) $(HARDEN_PIE) $(HARDEN_LINK) $(LDFLAGS) -pthread -o $@ $(TOOL_OBJECTS) $(BUILD)/libnote/inside.a $(TOOL_LIBS)

# For pkgnote flags without -o: the linker script, and gcc's specs file that names it (tools/flags/script.h).
page_one_specs = printf '*link_libgcc:\n%%D %%{!r:-T %s/page-one.ld}\n\n' '$(1)'
$(BUILD)/share/pkgnote/page-one.specs: tools/flags/page-one.ld Makefile
	@mkdir -p $(@D)
	cp $< $(@D)/page-one.ld
	$(call page_one_specs,$(abspath $(@D))) >$@

# What programs load in place of elfutils' library, and a debuginfod-find with the same inside: the client's engine,
# and of base what that needs.
$(SHIM)/engine.a: $(filter $(BUILD)/tools/debuginfod/% $(BUILD)/tools/base/%,$(TOOL_OBJECTS))
	@mkdir -p $(@D)
	rm -f $@
	$(AR) rcsD $@ $^

SHIM_LIBS     = $(shell $(PKG_CONFIG) --libs $(filter-out $(LOADED),$(PACKAGES))) -ldl
SHIM_PARTS   := $(filter-out %/debuginfod_find.o,$(SHIM_OBJECTS)) $(SHIM)/engine.a $(BUILD)/libnote/inside.a
$(SHIM)/libdebuginfod.so.1: $(SHIM_PARTS) tools/libdebuginfod/libdebuginfod.map
	$(CC) $(CFLAGS) $(HARDEN_LINK) $(LDFLAGS) -pthread -shared -Wl,-soname,$(@F) -Wl,--version-script,tools/libdebuginfod/libdebuginfod.map \
	  $(if $(findstring sanitize,$(CFLAGS)),,-Wl,-z,defs) -Wl,--as-needed -o $@ $(SHIM_PARTS) $(SHIM_LIBS)

$(SHIM)/debuginfod-find: $(BUILD)/tools/libdebuginfod/debuginfod_find.o $(SHIM_PARTS)
	$(CC) $(CFLAGS) $(HARDEN_PIE) $(HARDEN_LINK) $(LDFLAGS) -pthread -Wl,--as-needed -o $@ $^ $(SHIM_LIBS)

# The unit tests see every stage: all objects but the command's main.
$(BUILD)/unit: $(UNIT_OBJECTS) $(PARTS) $(BUILD)/libnote/inside.a
	$(CC) $(CFLAGS) $(LDFLAGS) -pthread -o $@ $^ $(TOOL_LIBS) -lcunit

install: all
	install -d "$(DESTDIR)$(BINDIR)" "$(DESTDIR)$(LIBDIR)/pkgconfig" "$(DESTDIR)$(PREFIX)/include" \
	  "$(DESTDIR)$(MANDIR)/man1" "$(DESTDIR)$(MANDIR)/man3" "$(DESTDIR)$(MANDIR)/man5" "$(DESTDIR)$(MANDIR)/man7" \
	  "$(DESTDIR)$(RPMDIR)/macros.d" "$(DESTDIR)$(RPMDIR)/fileattrs"
	install -m 755 $(BUILD)/pkgnote "$(DESTDIR)$(BINDIR)/pkgnote"
	install -m 755 $(BUILD)/$(SHARED) "$(DESTDIR)$(LIBDIR)/$(SHARED)"
	ln -sf $(SHARED) "$(DESTDIR)$(LIBDIR)/$(SONAME)"
	ln -sf $(SONAME) "$(DESTDIR)$(LIBDIR)/libnote.so"
	install -m 644 $(BUILD)/libnote.a "$(DESTDIR)$(LIBDIR)/libnote.a"
	install -m 644 $(BUILD)/libnote.pc "$(DESTDIR)$(LIBDIR)/pkgconfig/libnote.pc"
	install -m 644 libnote/libnote.h "$(DESTDIR)$(PREFIX)/include/libnote.h"
	install -d "$(DESTDIR)$(LIBDIR)/pkgnote" "$(DESTDIR)$(PREFIX)/lib/pkgnote/bin"
	install -m 644 $(SHIM)/libdebuginfod.so.1 "$(DESTDIR)$(LIBDIR)/pkgnote/libdebuginfod.so.1"
	install -m 755 $(SHIM)/debuginfod-find "$(DESTDIR)$(PREFIX)/lib/pkgnote/bin/debuginfod-find"
	install -d "$(DESTDIR)$(PREFIX)/share/pkgnote"
	install -m 644 tools/flags/page-one.ld "$(DESTDIR)$(PREFIX)/share/pkgnote/page-one.ld"
	$(call page_one_specs,$(PREFIX)/share/pkgnote) >"$(DESTDIR)$(PREFIX)/share/pkgnote/page-one.specs"
	chmod 644 "$(DESTDIR)$(PREFIX)/share/pkgnote/page-one.specs"
	for page in man/*.[1357]; do \
	  sed -e '/^\.TH/s/@VERSION@/$(VERSION)/' $$page >"$(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}" && \
	  chmod 644 "$(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}" || exit 1; done
	for file in macros.d/macros.pkgnote pkgnote-find-debuginfo pkgnote-provides pkgnote-dlopen fileattrs/pkgnote_dlopen.attr; do \
	  sed -e 's|/usr/bin/pkgnote|$(BINDIR)/pkgnote|' -e 's|%{_rpmconfigdir}/pkgnote|$(RPMDIR)/pkgnote|' rpm-macros/$${file##*/} \
	    >"$(DESTDIR)$(RPMDIR)/$$file" || exit 1; done
	chmod 644 "$(DESTDIR)$(RPMDIR)/macros.d/macros.pkgnote" "$(DESTDIR)$(RPMDIR)/fileattrs/pkgnote_dlopen.attr"
	chmod 755 "$(DESTDIR)$(RPMDIR)/pkgnote-find-debuginfo" "$(DESTDIR)$(RPMDIR)/pkgnote-provides" "$(DESTDIR)$(RPMDIR)/pkgnote-dlopen"
	ln -sf ../macros.d/macros.pkgnote "$(DESTDIR)$(RPMDIR)/fileattrs/pkgnote.attr"
	@$(MAKE) --no-print-directory install-debhelper install-completions

# debhelper's addon: scripts alone. debhelper/bootstrap.mk uses it from the tree.
install-debhelper:
	install -d "$(DESTDIR)$(PERLDIR)/Debian/Debhelper/Sequence" "$(DESTDIR)$(PERLDIR)/Debian/Debhelper/PackageNote" "$(DESTDIR)$(PREFIX)/share/pkgnote/debhelper" \
	  "$(DESTDIR)$(BINDIR)" "$(DESTDIR)$(MANDIR)/man1"
	install -m 644 debhelper/pkgnote.pm "$(DESTDIR)$(PERLDIR)/Debian/Debhelper/Sequence/pkgnote.pm"
	install -m 644 debhelper/PackageNote.pm "$(DESTDIR)$(PERLDIR)/Debian/Debhelper/PackageNote.pm"
	install -m 644 debhelper/PackageNote/*.pm "$(DESTDIR)$(PERLDIR)/Debian/Debhelper/PackageNote"
	install -m 755 debhelper/dh_pkgnote "$(DESTDIR)$(BINDIR)/dh_pkgnote"
	install -m 755 debhelper/instead/* "$(DESTDIR)$(PREFIX)/share/pkgnote/debhelper"
	if command -v pod2man >/dev/null; then umask 022; pod2man --section=1 --release='pkgnote $(VERSION)' --date=' ' --center=Debhelper \
	  debhelper/dh_pkgnote >"$(DESTDIR)$(MANDIR)/man1/dh_pkgnote.1"; fi

install-completions: $(BUILD)/pkgnote
	install -d "$(DESTDIR)$(PREFIX)/share/bash-completion/completions" "$(DESTDIR)$(PREFIX)/share/zsh/vendor-completions" \
	  "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d"
	perl packaging/completion.pl bash $(RUN_PKGNOTE) >"$(DESTDIR)$(PREFIX)/share/bash-completion/completions/pkgnote"
	perl packaging/completion.pl zsh $(RUN_PKGNOTE) >"$(DESTDIR)$(PREFIX)/share/zsh/vendor-completions/_pkgnote"
	perl packaging/completion.pl fish $(RUN_PKGNOTE) >"$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/pkgnote.fish"
	chmod 644 "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/pkgnote" "$(DESTDIR)$(PREFIX)/share/zsh/vendor-completions/_pkgnote" \
	  "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/pkgnote.fish"

deps:
	@sh tests/deps.sh

# What follows calls make again, so that what deps has just installed is seen.
demo:
	@sh tests/deps.sh demo
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@BUILD=$(BUILD) CC=$(CC) bash tests/demo.sh

check: deps
	@$(MAKE) --no-print-directory -j$$(nproc) check-build
	@BUILD=$(BUILD) SANITIZED=$(BUILD)/sanitized CC=$(CC) RELEASES="$${RELEASES-trixie?}" bash tests/run

check-long: deps
	@$(MAKE) --no-print-directory -j$$(nproc) check-build
	@LONG=1 BUILD=$(BUILD) SANITIZED=$(BUILD)/sanitized CC=$(CC) RELEASES="$${RELEASES-trixie sid}" \
	  BARE="$${BARE-bookworm trixie sid}" bash tests/run

check-packages:
	@bash tests/release --packages bookworm

check-build: all $(BUILD)/unit fuzzers
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/sanitized CFLAGS="$(SANITIZE)" \
	  $(BUILD)/sanitized/pkgnote $(BUILD)/sanitized/unit

lint: all
	@BUILD=$(BUILD) bash tests/lint.sh

bench: deps
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@BUILD=$(BUILD) CC=$(CC) bash tests/bench/run.sh

# libFuzzer comes with clang alone: the parts that the fuzzers drive are built by it once more.
FUZZ_FLAGS := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
fuzzers:
	@command -v clang >/dev/null || { echo "fuzzers: no clang here, they are skipped" >&2; exit 0; }; \
	$(MAKE) --no-print-directory BUILD=$(BUILD)/fuzz CC=clang CFLAGS="$(FUZZ_FLAGS)" \
	  $(FUZZERS:%=$(BUILD)/fuzz/%)

$(BUILD)/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(PARTS) $(BUILD)/libnote/inside.a
	$(CC) $(CFLAGS) -fsanitize=fuzzer $(LDFLAGS) -pthread -o $@ $^ $(TOOL_LIBS) $(shell $(PKG_CONFIG) --libs libcrypto)

fuzz: deps
	@$(MAKE) --no-print-directory -j$$(nproc) fuzzers
	@LONG=1 BUILD=$(BUILD) UNIT= bash tests/run tests/cli/fuzz.sh

coverage: all $(BUILD)/unit
	@BUILD=$(BUILD) bash tests/coverage.sh

clean:
	rm -rf $(BUILD)

include packaging/package.mk

.PHONY: all install install-debhelper install-completions deps demo check check-build check-long check-packages lint bench fuzz fuzzers coverage clean
.SECONDARY:
-include $(NOTE_OBJECTS:.o=.d) $(TOOL_OBJECTS:.o=.d) $(SHIM_OBJECTS:.o=.d) $(UNIT_OBJECTS:.o=.d) $(FUZZ_OBJECTS:.o=.d)

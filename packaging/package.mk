# SPDX-License-Identifier: LGPL-2.1-or-later
# A release and its packages, all made from what git has committed:
#   make dist        $(BUILD)/pkgnote-$(VERSION).tar.xz, the same bytes for the same commit
#   make distcheck   builds, tests, installs and uninstalls from that in an empty place
#   make deb rpm     packages of the suite, in $(BUILD)/deb and $(BUILD)/rpm
#   make uninstall   takes out what make install put in, with the same variables
TARBALL := $(BUILD)/pkgnote-$(VERSION).tar

dist:
	@mkdir -p $(BUILD)
	git -c tar.umask=0002 archive --format=tar --prefix=pkgnote-$(VERSION)/ HEAD >$(TARBALL)
	env -u XZ_OPT -u XZ_DEFAULTS xz -6 --threads=1 --force $(TARBALL)

distcheck: dist
	@bash packaging/distcheck.sh $(TARBALL).xz $(VERSION)

deb: dist
	@bash packaging/deb.sh $(TARBALL).xz $(VERSION) $(BUILD)/deb

rpm: dist
	@bash packaging/rpm.sh $(TARBALL).xz $(VERSION) $(BUILD)/rpm

# What install writes is asked of install itself, into an empty root.
uninstall:
	@root=$$(mktemp -d) && trap 'rm -rf "$$root"' EXIT && \
	$(MAKE) --no-print-directory install DESTDIR="$$root" >/dev/null && \
	(cd "$$root" && find . ! -type d) | sed 's/^\.//' | while read -r file; do rm -f "$(DESTDIR)$$file"; done && \
	(cd "$$root" && find . -mindepth 1 -depth -type d) | sed 's/^\.//' | while read -r dir; do \
	  rmdir "$(DESTDIR)$$dir" 2>/dev/null || true; done

.PHONY: dist distcheck deb rpm uninstall

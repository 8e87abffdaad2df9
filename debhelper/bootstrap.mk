# SPDX-License-Identifier: LGPL-2.1-or-later
# For a package that builds pkgnote itself, before any pkgnote is installed. debian/rules has, before its "%:",
#
#     include debhelper/bootstrap.mk
#
# and uses the addon as any other package does; the command is the one in build/, once it is built. In a cross build
# that one does not run here: Build-Depends has pkgnote <cross> then. "clean" takes the glue away with build/.
pkgnote_glue := $(CURDIR)/build/glue
ifneq (0,$(shell $(MAKE) -s install-debhelper DESTDIR= PREFIX='$(pkgnote_glue)' BINDIR='$(pkgnote_glue)/bin' \
    PERLDIR='$(pkgnote_glue)/perl' MANDIR='$(pkgnote_glue)/man' >&2 && ln -sf ../../pkgnote '$(pkgnote_glue)/bin/pkgnote' >&2; echo $$?))
$(error debhelper/bootstrap.mk: the addon could not be laid at $(pkgnote_glue))
endif
ifeq ($(shell dpkg-architecture -qDEB_BUILD_ARCH),$(shell dpkg-architecture -qDEB_HOST_ARCH))
export PATH := $(pkgnote_glue)/bin:$(PATH)
else
$(shell rm -f '$(pkgnote_glue)/bin/pkgnote')
export PATH := $(PATH):$(pkgnote_glue)/bin
endif
export PERL5LIB := $(pkgnote_glue)/perl$(if $(PERL5LIB),:$(PERL5LIB))

# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote. Targets: all, install, deps, demo, check, check-long, lint, bench, fuzz, clean.
VERSION  := 0.1.0
PREFIX   ?= /usr/local
DESTDIR  ?=
LIBDIR   ?= $(PREFIX)/lib
BUILD    ?= build
CC       ?= gcc
CFLAGS   ?= -O2 -g
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
            -Wcast-qual -Wwrite-strings
PACKAGES := libelf json-c libcurl libarchive libdeflate libzstd liblzma libxxhash libcrypto

ALL_CPPFLAGS := -D_GNU_SOURCE -I. -Ilibnote -DPKGNOTE_VERSION='"$(VERSION)"' $(CPPFLAGS)
ALL_CFLAGS    = -std=c17 $(WARNINGS) -fPIC -pthread -MMD -MP $(shell pkg-config --cflags $(PACKAGES)) $(CFLAGS)
NOTE_LIBS     = $(shell pkg-config --libs libelf json-c)
TOOL_LIBS     = $(shell pkg-config --libs $(PACKAGES))

NOTE_SOURCES := $(sort $(wildcard libnote/*.c))
TOOL_SOURCES := $(sort $(wildcard tools/*.c tools/*/*.c))
NOTE_OBJECTS := $(NOTE_SOURCES:%.c=$(BUILD)/%.o)
TOOL_OBJECTS := $(TOOL_SOURCES:%.c=$(BUILD)/%.o)
UNIT_SOURCES := $(sort $(wildcard tests/unit/*.c))
UNIT_OBJECTS := $(UNIT_SOURCES:%.c=$(BUILD)/%.o)
SONAME       := libnote.so.0
SHARED       := $(SONAME).1.0

all: $(BUILD)/pkgnote $(BUILD)/libnote.so $(BUILD)/libnote.a

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/libnote.a: $(NOTE_OBJECTS)
	$(AR) rcsD $@ $^

$(BUILD)/$(SHARED): $(NOTE_OBJECTS) libnote/libnote.map
	$(CC) $(CFLAGS) $(LDFLAGS) -shared -Wl,-soname,$(SONAME) -Wl,--version-script,libnote/libnote.map \
	  -Wl,-z,defs -o $@ $(NOTE_OBJECTS) $(NOTE_LIBS)

$(BUILD)/libnote.so: $(BUILD)/$(SHARED)
	ln -sf $(SHARED) $(BUILD)/$(SONAME)
	ln -sf $(SHARED) $@

$(BUILD)/pkgnote: $(TOOL_OBJECTS) $(BUILD)/libnote.a
	$(CC) $(CFLAGS) $(LDFLAGS) -pthread -o $@ $(TOOL_OBJECTS) $(BUILD)/libnote.a $(TOOL_LIBS)

# The unit tests see every stage: all objects but the command's main.
$(BUILD)/unit: $(UNIT_OBJECTS) $(filter-out $(BUILD)/tools/pkgnote.o,$(TOOL_OBJECTS)) $(BUILD)/libnote.a
	$(CC) $(CFLAGS) $(LDFLAGS) -pthread -o $@ $^ $(TOOL_LIBS) -lcunit

clean:
	rm -rf $(BUILD)

.PHONY: all clean
-include $(NOTE_OBJECTS:.o=.d) $(TOOL_OBJECTS:.o=.d) $(UNIT_OBJECTS:.o=.d)

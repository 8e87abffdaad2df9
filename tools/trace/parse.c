/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What unwinders print.
 *
 * eu-stack -a -i -s (elfutils' src/stack.c):
 *	TID 123:
 *	#0  0x0000555555551234     function
 *	    file.c:5:17
 *	#1  0x0000555555551234 - 1 caller
 * " - 1" marks a return address: what is called lies before it. What is inlined has the address of
 * the frame that it is in, and comes first.
 *
 * gdb, "set print frame-info location-and-address", "set print frame-arguments presence":
 *	Thread 2 (Thread 0x7ffff7d8c6c0 (LWP 123)):
 *	#0  0x0000555555551234 in function (...) at file.c:5
 *	#1  0x00007ffff7e12345 in ?? () from /lib/libx.so.1
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tools/trace/unwind.h"

static struct frame *add_frame(struct stacks *stacks, long thread, const char *number)
{
	if (stacks->count == stacks->room) {
		stacks->room = stacks->room != 0 ? 2 * stacks->room : 64;
		stacks->items = xrealloc(stacks->items, stacks->room * sizeof(*stacks->items));
	}
	struct frame *frame = &stacks->items[stacks->count++];
	*frame = (struct frame){.thread = thread, .number = (unsigned)strtoul(number, NULL, 10)};
	return frame;
}

/* "file:LINE" or "file:LINE:COLUMN" at the end of TEXT, which is cut. */
static void take_place(struct frame *frame, char *text)
{
	unsigned numbers[2] = {0, 0};
	size_t count = 0;
	while (count < 2) {
		char *colon = strrchr(text, ':');
		if (colon == NULL || colon == text || colon[1] == '\0' ||
		    colon[1 + strspn(colon + 1, "0123456789")] != '\0')
			break;
		numbers[count++] = (unsigned)strtoul(colon + 1, NULL, 10);
		*colon = '\0';
	}
	if (count == 0)
		return;
	free(frame->file);
	frame->file = xstrdup(text);
	frame->line = numbers[count - 1];
	frame->column = count == 2 ? numbers[0] : 0;
}

/* "0x" and digits at *TEXT, which is moved behind them. */
static bool take_address(struct frame *frame, char **text)
{
	if (strncmp(*text, "0x", 2) != 0 || !isxdigit((unsigned char)(*text)[2]))
		return false;
	frame->address = strtoull(*text, text, 16);
	frame->has_address = true;
	return true;
}

static char *behind_number(char *line)
{
	line += 1 + strspn(line + 1, "0123456789");
	return line + strspn(line, " ");
}

void parse_eu_stack(struct stacks *stacks, long *thread, char *line)
{
	struct frame *last = stacks->count != 0 ? &stacks->items[stacks->count - 1] : NULL;
	if (strncmp(line, "TID ", 4) == 0) {
		*thread = strtol(line + 4, NULL, 10);
	} else if (line[0] == '#' && isdigit((unsigned char)line[1])) {
		struct frame *frame = add_frame(stacks, *thread, line + 1);
		char *text = behind_number(line);
		if (!take_address(frame, &text))
			return;
		frame->is_return = strncmp(text, " - 1", 4) == 0;
		text += frame->is_return ? 4 : 0;
		text += strspn(text, " ");
		if (*text != '\0')
			frame->function = xstrdup(text);
	} else if (strncmp(line, "    ", 4) == 0 && last != NULL && last->file == NULL) {
		take_place(last, line + 4);
	} else if (line[0] != '\0' && strncmp(line, "PID ", 4) != 0) {
		strings_add(&stacks->complaints, line);
	}
}

/* The last place where one of the ways to print no arguments stands. */
static char *find_arguments(char *text)
{
	static const char *const ways[] = {" (...)", " ()"};
	char *found = NULL;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		for (char *at = text; (at = strstr(at, ways[i])) != NULL; at++)
			if (found == NULL || at > found)
				found = at;
	return found;
}

static void take_gdb_frame(struct stacks *stacks, long thread, char *line)
{
	struct frame *frame = add_frame(stacks, thread, line + 1);
	char *text = behind_number(line);
	if (take_address(frame, &text) && strncmp(text, " in ", 4) == 0)
		text += 4;
	char *arguments = find_arguments(text);
	if (arguments == NULL) {
		/* "<signal handler called>" */
		if (*text != '\0')
			frame->function = xstrdup(text);
		return;
	}
	*arguments = '\0';
	if (strcmp(text, "??") != 0)
		frame->function = xstrdup(text);
	char *rest = strchr(arguments + 1, ')') + 1;
	if (strncmp(rest, " at ", 4) == 0)
		take_place(frame, rest + 4);
}

void parse_gdb(struct stacks *stacks, long *thread, char *line)
{
	if (strncmp(line, "Thread ", 7) == 0) {
		const char *process = strstr(line, "LWP ");
		process = process != NULL ? process + 4 : strstr(line, "process ");
		if (process == NULL)
			process = line + 7;
		process += strcspn(process, "0123456789");
		*thread = strtol(process, NULL, 10);
	} else if (*thread != 0 && line[0] == '#' && isdigit((unsigned char)line[1])) {
		take_gdb_frame(stacks, *thread, line);
	} else if (strncmp(line, "warning: ", 9) == 0 ||
		   strncmp(line, "Backtrace stopped", 17) == 0) {
		strings_add(&stacks->complaints, line);
	}
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A strict reader of JSON: see json.h. Recursive descent, its depth bounded by JSON_MAX_DEPTH. The
 * text is a span, and where the reader stands is an offset into it. */
#include "json.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

/* A finite double has at most this many significant digits. */
#define MAX_DIGITS 767

#define MAX_INTEGER 9007199254740991 /* 2^53 - 1 */

struct reader {
	struct span text;
	uint64_t at;
	unsigned depth;
	json_report *report;
	void *context;
	struct note_error *err;
	int code;
	bool stopped; /* syntax or memory: there is no going on */
};

/* Tells of a finding; the first becomes the error. True where reading goes on. */
static bool finding(struct reader *reader, const char *code, uint64_t at, const char *detail)
{
	if (reader->code == NOTE_OK)
		reader->code = error_set(reader->err, NOTE_MALFORMED, at, "%s: %s", code, detail);
	if (reader->report == NULL || !reader->report(reader->context, code, at, detail))
		reader->stopped = true;
	return !reader->stopped;
}

static bool no_memory(struct reader *reader)
{
	reader->code = error_system(reader->err, "JSON");
	reader->stopped = true;
	return false;
}

/* The length of the UTF-8 sequence at AT, 0 where it is none (RFC 3629); *CHARACTER (may be NULL)
 * is what it stands for. */
static size_t utf8_at(struct span text, uint64_t at, uint32_t *character)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const uint8_t first = at < text.size ? span_u8(text, at) : 0xff;
	const size_t length = first < 0x80   ? 1
			      : first < 0xc2 ? 0
			      : first < 0xe0 ? 2
			      : first < 0xf0 ? 3
			      : first < 0xf5 ? 4
					     : 0;
	if (length == 0 || !span_holds(text.size, at, length))
		return 0;
	uint32_t value = length == 1 ? first : first & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		const uint8_t next = span_u8(text, at + i);
		if ((next & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (next & 0x3f);
	}
	if (value < least[length] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
		return 0;
	if (character != NULL)
		*character = value;
	return length;
}

static bool is_control(uint32_t character)
{
	return character < 0x20 || (character >= 0x7f && character < 0xa0);
}

bool json_string_ok(const char *text, const char **code)
{
	const struct span all = {(const uint8_t *)text, strlen(text)};
	uint32_t character;
	for (uint64_t at = 0, length; at < all.size; at += length) {
		length = utf8_at(all, at, &character);
		if (length == 0 || is_control(character)) {
			*code = length == 0 ? "not-utf8" : "control-character";
			return false;
		}
	}
	return true;
}

static bool at_end(const struct reader *reader)
{
	return reader->at >= reader->text.size;
}

/* The byte where it stands; at the end 0, which no token begins with. */
static char peek(const struct reader *reader)
{
	return (char)span_u8(reader->text, reader->at);
}

/* What stands where something else was wanted. */
static bool unexpected(struct reader *reader, const char *wanted)
{
	char detail[80];
	const char c = peek(reader);
	if (at_end(reader))
		snprintf(detail, sizeof(detail), "%s wanted, not the end", wanted);
	else if (utf8_at(reader->text, reader->at, NULL) == 0)
		return finding(reader, "not-utf8", reader->at, "bytes that are not UTF-8") && false;
	else if (c > 0x20 && c < 0x7f)
		snprintf(detail, sizeof(detail), "%s wanted, not '%c'", wanted, c);
	else
		snprintf(detail, sizeof(detail), "%s wanted, not byte 0x%02x", wanted, (uint8_t)c);
	finding(reader, "syntax", reader->at, detail);
	reader->stopped = true;
	return false;
}

static void skip_space(struct reader *reader)
{
	while (peek(reader) == ' ' || peek(reader) == '\t' || peek(reader) == '\n' ||
	       peek(reader) == '\r')
		reader->at++;
}

static bool take(struct reader *reader, char c)
{
	if (at_end(reader) || peek(reader) != c)
		return false;
	reader->at++;
	return true;
}

static size_t encode(uint32_t character, char *out)
{
	if (character < 0x80) {
		out[0] = (char)character;
		return 1;
	}
	size_t length = character < 0x800 ? 2 : 3;
	for (size_t i = length - 1; i > 0; i--, character >>= 6)
		out[i] = (char)(0x80 | (character & 0x3f));
	out[0] = (char)((length == 2 ? 0xc0 : 0xe0) | character);
	return length;
}

/* \uXXXX: forbidden, but read so that what follows is judged too. A surrogate or NUL, which the
 * document could not hold, stands as U+FFFD. */
static bool read_unicode_escape(struct reader *reader, uint64_t at, char **out)
{
	uint32_t character = 0;
	for (int i = 0; i < 4; i++, reader->at++) {
		static const char digits[] = "0123456789abcdef0123456789ABCDEF";
		const char c = peek(reader);
		const char *digit = c != '\0' ? strchr(digits, c) : NULL;
		if (digit == NULL)
			return unexpected(reader, "hexadecimal digit");
		character = character << 4 | (uint32_t)((digit - digits) % 16);
	}
	if (!finding(reader, "unicode-escape", at, "\\u escapes are not allowed"))
		return false;
	if (is_control(character) &&
	    !finding(reader, "control-character", at, "escaped control character in a string"))
		return false;
	if (character == 0 || (character >= 0xd800 && character < 0xe000))
		character = 0xfffd;
	*out += encode(character, *out);
	return true;
}

static bool read_escape(struct reader *reader, char **out)
{
	const uint64_t at = reader->at++;
	const char c = peek(reader);
	const char *control = c != '\0' ? strchr("bfnrt", c) : NULL;
	if (c == '"' || c == '\\' || c == '/') {
		*(*out)++ = c;
	} else if (control != NULL) {
		char detail[] = "\\? in a string";
		detail[1] = c;
		if (!finding(reader, "control-character", at, detail))
			return false;
		*(*out)++ = "\b\f\n\r\t"[control - "bfnrt"];
	} else if (c == 'u') {
		reader->at++;
		return read_unicode_escape(reader, at, out);
	} else {
		return unexpected(reader, "one of \"\\/bfnrtu after a backslash");
	}
	reader->at++;
	return true;
}

/* A string, decoded into *OUT, which is malloc'ed. No escape is shorter than what it stands for;
 * bytes that are not UTF-8 become U+FFFD, of three bytes. */
static bool read_string(struct reader *reader, char **out, size_t *size)
{
	uint64_t end = ++reader->at;
	while (end < reader->text.size && span_u8(reader->text, end) != '"')
		end += span_u8(reader->text, end) == '\\' && reader->text.size - end > 1 ? 2 : 1;
	char *text = malloc(3 * (size_t)(end - reader->at) + 1);
	if (text == NULL)
		return no_memory(reader);
	char *to = text;
	bool ok = true;
	while (ok && !at_end(reader) && peek(reader) != '"') {
		static const struct span replacement = {(const uint8_t *)"\xef\xbf\xbd", 3};
		uint32_t character = 0;
		struct span part;
		if (peek(reader) == '\\') {
			ok = read_escape(reader, &to);
			continue;
		}
		const size_t length = utf8_at(reader->text, reader->at, &character);
		if (length == 0)
			ok = finding(reader, "not-utf8", reader->at, "bytes that are not UTF-8");
		else if (is_control(character))
			ok = finding(reader, "control-character", reader->at,
				     "control character in a string");
		if (length == 0 || !span_part(reader->text, reader->at, length, &part))
			part = replacement;
		memcpy(to, part.bytes, part.size);
		to += part.size;
		reader->at += length != 0 ? length : 1;
	}
	if (ok && !take(reader, '"'))
		ok = unexpected(reader, "'\"' at the end of a string");
	if (!ok) {
		free(text);
		return false;
	}
	*to = '\0';
	*out = text;
	*size = (size_t)(to - text);
	return true;
}

static bool skip_digits(struct reader *reader)
{
	const uint64_t at = reader->at;
	while (peek(reader) >= '0' && peek(reader) <= '9')
		reader->at++;
	return reader->at > at || unexpected(reader, "digit");
}

/* Copies the significant digits of a number's text: no sign, point, exponent, outer zeros. */
static size_t significant_digits(const char *text, char out[MAX_DIGITS + 2])
{
	size_t count = 0, used = 0;
	for (; *text != '\0' && *text != 'e' && *text != 'E'; text++) {
		if (*text < '0' || *text > '9' || (*text == '0' && count == 0))
			continue;
		if (count <= MAX_DIGITS)
			out[count] = *text;
		count++;
		if (*text != '0')
			used = count;
	}
	if (used <= MAX_DIGITS)
		out[used] = '\0';
	return used;
}

/* NULL where the double nearest to TEXT keeps every digit of it, else what is wrong. */
static const char *judge_double(const char *text, double *value)
{
	char digits[MAX_DIGITS + 2], printed[MAX_DIGITS + 16], back[MAX_DIGITS + 2];
	const size_t count = significant_digits(text, digits);
	*value = strtod(text, NULL);
	if (!__builtin_isfinite(*value))
		return "number over the largest double";
	if (count == 0)
		return NULL;
	if (*value == 0)
		return "number below the smallest double";
	if (count > MAX_DIGITS)
		return "number with more digits than a double keeps";
	snprintf(printed, sizeof(printed), "%.*e", (int)count - 1, *value);
	significant_digits(printed, back);
	return strcmp(digits, back) == 0 ? NULL : "number with more digits than a double keeps";
}

static bool make_number(struct reader *reader, uint64_t at, bool integer, json_object **out)
{
	const size_t length = (size_t)(reader->at - at);
	const char *wrong = NULL;
	struct span part;
	span_part(reader->text, at, length, &part);
	char *text = strndup((const char *)part.bytes, part.size);
	if (text == NULL)
		return no_memory(reader);
	long long whole = 0;
	double value = 0;
	if (integer && length > 17)
		wrong = "integer beyond 53 bits";
	else if (integer)
		whole = strtoll(text, NULL, 10);
	if (integer && (whole > MAX_INTEGER || whole < -MAX_INTEGER))
		wrong = "integer beyond 53 bits";
	if (!integer) {
		/* A caller's locale may have another decimal point. */
		locale_t plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
		if (plain == (locale_t)0) {
			free(text);
			return no_memory(reader);
		}
		locale_t before = uselocale(plain);
		wrong = judge_double(text, &value);
		uselocale(before);
		freelocale(plain);
	}
	if (wrong == NULL || finding(reader, "number-range", at, wrong)) {
		/* "-0" is an integer that json-c's integers cannot hold. */
		*out = integer && wrong == NULL && strcmp(text, "-0") != 0
			       ? json_object_new_int64(whole)
			       : json_object_new_double_s(value, text);
		if (*out == NULL)
			no_memory(reader);
	}
	free(text);
	return !reader->stopped;
}

static bool read_number(struct reader *reader, json_object **out)
{
	const uint64_t at = reader->at;
	bool integer = true;
	take(reader, '-');
	if (!take(reader, '0') && !skip_digits(reader))
		return false;
	if (take(reader, '.')) {
		integer = false;
		if (!skip_digits(reader))
			return false;
	}
	if (take(reader, 'e') || take(reader, 'E')) {
		integer = false;
		if (!take(reader, '+'))
			take(reader, '-');
		if (!skip_digits(reader))
			return false;
	}
	return make_number(reader, at, integer, out);
}

static bool read_value(struct reader *reader, json_object **out);

/* NAME: VALUE into OBJECT. */
static bool read_member(struct reader *reader, json_object *object)
{
	char *name = NULL;
	size_t size;
	json_object *value = NULL;
	skip_space(reader);
	if (peek(reader) != '"')
		return unexpected(reader, "'\"' of a name");
	const uint64_t at = reader->at;
	if (!read_string(reader, &name, &size))
		return false;
	bool ok = true;
	if (json_object_object_get_ex(object, name, NULL)) {
		const char *code;
		char detail[120];
		snprintf(detail, sizeof(detail), "name \"%.*s\" twice in one object",
			 json_string_ok(name, &code) && size <= 80 ? (int)size : 0, name);
		ok = finding(reader, "duplicate-key", at, detail);
	}
	skip_space(reader);
	if (ok && !take(reader, ':'))
		ok = unexpected(reader, "':'");
	ok = ok && read_value(reader, &value);
	if (ok && json_object_object_add(object, name, value) != 0) {
		json_object_put(value);
		ok = no_memory(reader);
	} else if (!ok) {
		json_object_put(value);
	}
	free(name);
	return ok;
}

static bool read_element(struct reader *reader, json_object *array)
{
	json_object *value = NULL;
	if (!read_value(reader, &value)) {
		json_object_put(value);
		return false;
	}
	if (json_object_array_add(array, value) != 0) {
		json_object_put(value);
		return no_memory(reader);
	}
	return true;
}

/* An object or array; *OUT is set even where it fails midway. */
static bool read_container(struct reader *reader, json_object **out)
{
	const bool object = peek(reader) == '{';
	const char close = object ? '}' : ']';
	if (reader->depth == JSON_MAX_DEPTH) {
		finding(reader, "syntax", reader->at, "nested deeper than 128 levels");
		reader->stopped = true;
		return false;
	}
	reader->at++;
	*out = object ? json_object_new_object() : json_object_new_array();
	if (*out == NULL)
		return no_memory(reader);
	skip_space(reader);
	if (take(reader, close))
		return true;
	reader->depth++;
	do {
		if (!(object ? read_member : read_element)(reader, *out))
			return false;
		skip_space(reader);
	} while (take(reader, ','));
	reader->depth--;
	return take(reader, close) || unexpected(reader, object ? "',' or '}'" : "',' or ']'");
}

static bool take_word(struct reader *reader, const char *word)
{
	const size_t length = strlen(word);
	if (!span_equal(reader->text, reader->at, word, length))
		return false;
	reader->at += length;
	return true;
}

static bool read_value(struct reader *reader, json_object **out)
{
	skip_space(reader);
	const char c = peek(reader);
	if (c == '{' || c == '[')
		return read_container(reader, out);
	if (c == '-' || (c >= '0' && c <= '9'))
		return read_number(reader, out);
	if (c == '"') {
		char *text;
		size_t size;
		if (!read_string(reader, &text, &size))
			return false;
		*out = size <= INT32_MAX ? json_object_new_string_len(text, (int)size) : NULL;
		free(text);
		return *out != NULL || no_memory(reader);
	}
	if (take_word(reader, "null"))
		return true;
	const bool yes = take_word(reader, "true");
	if (!yes && !take_word(reader, "false"))
		return unexpected(reader, "value");
	*out = json_object_new_boolean(yes);
	return *out != NULL || no_memory(reader);
}

int json_read(json_object **out, struct span text, json_report *report, void *context,
	      struct note_error *err)
{
	struct reader reader = {
		.text = text,
		.report = report,
		.context = context,
		.err = err,
	};
	*out = NULL;
	if (read_value(&reader, out) && !reader.stopped) {
		skip_space(&reader);
		if (!at_end(&reader) && utf8_at(text, reader.at, NULL) == 0)
			unexpected(&reader, "the end");
		else if (!at_end(&reader))
			finding(&reader, "trailing-data", reader.at, "something after the value");
	}
	if (reader.code != NOTE_OK && (report == NULL || reader.stopped)) {
		json_object_put(*out);
		*out = NULL;
	}
	return reader.code;
}

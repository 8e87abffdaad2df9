/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names below a root: nothing leads out, files are replaced whole, odd names are names. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tests/unit/unit.h"
#include "tools/base/root/root.h"

static char top[64]; /* a fresh directory: "in" is the root, "out" must never be touched */
static struct root *root;

static char *at(const char *below)
{
	static char paths[4][5000];
	static int turn;
	char *path = paths[turn++ % 4];
	snprintf(path, sizeof(paths[0]), "%s/%s", top, below);
	return path;
}

static void begin(void)
{
	strcpy(top, "/tmp/pkgnote-unit-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(top));
	CU_ASSERT_EQUAL_FATAL(mkdir(at("in"), 0755), 0);
	CU_ASSERT_EQUAL_FATAL(mkdir(at("out"), 0755), 0);
	CU_ASSERT_EQUAL_FATAL(root_open(&root, at("in"), NULL), NOTE_OK);
}

static void end(void)
{
	root_close(root);
	CU_ASSERT_EQUAL(root_open(&root, top, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(root_remove_tree(root, "in", NULL), NOTE_OK);
	CU_ASSERT_EQUAL(root_remove_tree(root, "out", NULL), NOTE_OK);
	root_close(root);
	CU_ASSERT_EQUAL(rmdir(top), 0);
}

static int put(const char *path, const char *contents)
{
	const struct file_attributes attributes = {.mode = 0644, .like = -1};
	return root_write(root, &path, 1, contents, strlen(contents), &attributes, NULL);
}

static bool holds(const char *path, const char *contents)
{
	int fd;
	uint8_t *bytes;
	size_t size;
	bool same = false;
	if (root_open_file(root, path, &fd, NULL) != NOTE_OK)
		return false;
	if (file_read(fd, &bytes, &size, NULL) == NOTE_OK) {
		same = size == strlen(contents) && memcmp(bytes, contents, size) == 0;
		free(bytes);
	}
	close(fd);
	return same;
}

static unsigned files_in(const char *below)
{
	unsigned count = 0;
	struct strings names = {0};
	char command[5100];
	(void)names;
	snprintf(command, sizeof(command), "find '%s' -mindepth 1 | wc -l", at(below));
	FILE *pipe = popen(command, "r");
	if (pipe == NULL || fscanf(pipe, "%u", &count) != 1)
		count = 9999;
	if (pipe != NULL)
		pclose(pipe);
	return count;
}

/* --- confinement --- */

static const char *const ways_out[] = {
	"../out/file", "d/../../out/file", "link/file",           "abs/file", "deep/link/file",
	"chain/file",  "tofile",           "deep/../../out/file", "..",
};

/* The number of calls that got out, or got a wrong answer. */
static int try_ways_out(void)
{
	int bad = 0;
	struct stat st;
	for (size_t i = 0; i < sizeof(ways_out) / sizeof(ways_out[0]); i++) {
		const char *path = ways_out[i];
		const char *paths[] = {"ok", path};
		const struct file_attributes attributes = {.mode = 0644, .like = -1};
		const bool is_link = strcmp(path, "tofile") == 0;
		int fd = -1;
		struct note_error err = {0};
		bad += root_open_file(root, path, &fd, &err) != NOTE_UNSUPPORTED;
		bad += fd != -1 || err.text[0] == '\0';
		bad += !is_link && root_stat(root, path, &st, NULL) == NOTE_OK;
		bad += !is_link && put(path, "x") == NOTE_OK;
		bad += !is_link && root_write(root, paths, 2, "x", 1, &attributes, NULL) == NOTE_OK;
		bad += !is_link && root_symlink(root, "x", path, NULL) == NOTE_OK;
		bad += !is_link && root_make_dirs(root, path, NULL) == NOTE_OK;
		bad += !is_link && root_rename(root, "inside", path, NULL) == NOTE_OK;
		bad += !is_link && root_hard_link(root, "inside", path, NULL) == NOTE_OK;
		bad += !is_link && root_create_file(root, path, 0644, &fd, NULL) == NOTE_OK;
		bad += root_open_lock(root, path, &fd, NULL) == NOTE_OK;
		bad += !is_link && root_remove(root, path, NULL) == NOTE_OK;
		bad += !is_link && root_remove_tree(root, path, NULL) == NOTE_OK;
	}
	/* Below a file there is nothing. */
	bad += root_stat(root, "inside/x", &st, NULL) != NOTE_ABSENT;
	bad += root_make_dirs(root, "inside", NULL) != NOTE_UNSUPPORTED;
	bad += root_make_dirs(root, "link", NULL) != NOTE_UNSUPPORTED;
	return bad;
}

static void make_ways_out(void)
{
	FILE *file = fopen(at("out/file"), "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	fputs("precious", file);
	fclose(file);
	CU_ASSERT_EQUAL(root_make_dirs(root, "deep/er", NULL), NOTE_OK);
	CU_ASSERT_EQUAL(root_make_dirs(root, "d", NULL), NOTE_OK);
	CU_ASSERT_EQUAL(put("inside", "inside"), NOTE_OK);
	CU_ASSERT_EQUAL(symlink("../out", at("in/link")), 0);
	CU_ASSERT_EQUAL(symlink(at("out"), at("in/abs")), 0);
	CU_ASSERT_EQUAL(symlink("../../out", at("in/deep/link")), 0);
	CU_ASSERT_EQUAL(symlink("link", at("in/chain")), 0);
	CU_ASSERT_EQUAL(symlink("../out/file", at("in/tofile")), 0);
}

static void check_outside(void)
{
	char text[32] = "";
	FILE *file = fopen(at("out/file"), "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	CU_ASSERT_PTR_NOT_NULL(fgets(text, sizeof(text), file));
	fclose(file);
	CU_ASSERT_STRING_EQUAL(text, "precious");
	CU_ASSERT_EQUAL(files_in("out"), 1);
	CU_ASSERT(holds("inside", "inside"));
}

static void test_nothing_leads_out(void)
{
	begin();
	make_ways_out();
	CU_ASSERT_EQUAL(try_ways_out(), 0);
	check_outside();
	/* A link itself may be looked at, replaced and removed; what it names stays. */
	char *target;
	CU_ASSERT_EQUAL(root_read_link(root, "tofile", &target, NULL), NOTE_OK);
	CU_ASSERT_STRING_EQUAL(target, "../out/file");
	free(target);
	CU_ASSERT_EQUAL(put("tofile", "mine"), NOTE_OK);
	CU_ASSERT(holds("tofile", "mine"));
	CU_ASSERT_EQUAL(root_remove_tree(root, "link", NULL), NOTE_OK);
	check_outside();
	end();
}

/* The same on a kernel without openat2: a child whose system call is not there. */
/* The same with handles of directories that are kept, and found again. */
static void test_nothing_leads_out_of_handles(void)
{
	begin();
	root_keep_directories(root);
	make_ways_out();
	for (unsigned i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(try_ways_out(), 0);
	check_outside();
	end();
}

/* A directory that was reached, and is then another one, or a link out. */
static void test_directories_change_names(void)
{
	struct stat st;
	char name[64];
	begin();
	root_keep_directories(root);
	make_ways_out();
	CU_ASSERT_EQUAL(put("swap/in/file", "one"), NOTE_OK);
	/* By us: the new name holds at once. */
	CU_ASSERT_EQUAL(root_rename(root, "swap", "moved", NULL), NOTE_OK);
	CU_ASSERT_EQUAL(root_stat(root, "swap/in/file", &st, NULL), NOTE_ABSENT);
	CU_ASSERT_EQUAL(put("swap/in/file", "two"), NOTE_OK);
	CU_ASSERT(holds("moved/in/file", "one") && holds("swap/in/file", "two"));
	CU_ASSERT_EQUAL(root_exchange(root, "swap", "moved", NULL), NOTE_OK);
	CU_ASSERT(holds("moved/in/file", "two") && holds("swap/in/file", "one"));
	CU_ASSERT_EQUAL(root_remove_tree(root, "swap", NULL), NOTE_OK);
	CU_ASSERT_EQUAL(put("swap/in/file", "three"), NOTE_OK);
	CU_ASSERT(holds("swap/in/file", "three"));
	/* By another: the link is not followed. */
	CU_ASSERT_EQUAL(rename(at("in/swap/in"), at("in/swap/was")), 0);
	CU_ASSERT_EQUAL(symlink(at("out"), at("in/swap/in")), 0);
	put("swap/in/file", "four");
	root_symlink(root, "x", "swap/in/link", NULL);
	root_make_dirs(root, "swap/in/directory", NULL);
	root_remove(root, "swap/in/file", NULL);
	check_outside();
	/* There are more of them than are kept. */
	for (unsigned i = 0; i < 600; i++) {
		snprintf(name, sizeof(name), "many/%u/%u/file", i % 300, i % 7);
		CU_ASSERT_EQUAL(put(name, name), NOTE_OK);
	}
	for (unsigned i = 0; i < 600; i++) {
		snprintf(name, sizeof(name), "many/%u/%u/file", i % 300, i % 7);
		CU_ASSERT(holds(name, name));
	}
	end();
}

static void test_nothing_leads_out_without_openat2(void)
{
	int status = -1;
	begin();
	make_ways_out();
	pid_t child = fork();
	if (child == 0) {
		struct sock_filter filter[] = {
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		};
		struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
		    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
			_exit(0);
		int bad = try_ways_out();
		root_keep_directories(root);
		bad += try_ways_out() + try_ways_out();
		_exit(bad < 100 && holds("inside", "inside") && !holds("gone", "") ? bad : 100);
	}
	CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
	CU_ASSERT_EQUAL(WEXITSTATUS(status), 0);
	CU_ASSERT(WIFEXITED(status));
	check_outside();
	end();
}

static void test_only_regular_files_are_opened(void)
{
	int fd;
	begin();
	CU_ASSERT_EQUAL(mkfifo(at("in/fifo"), 0644), 0);
	CU_ASSERT_EQUAL(mkdir(at("in/dir"), 0755), 0);
	CU_ASSERT_EQUAL(root_open_file(root, "fifo", &fd, NULL), NOTE_UNSUPPORTED);
	CU_ASSERT_EQUAL(root_open_lock(root, "fifo", &fd, NULL), NOTE_UNSUPPORTED);
	CU_ASSERT_EQUAL(root_open_file(root, "dir", &fd, NULL), NOTE_UNSUPPORTED);
	CU_ASSERT_EQUAL(root_open_file(root, "none", &fd, NULL), NOTE_ABSENT);
	CU_ASSERT_EQUAL(root_open_file(root, "no/ne", &fd, NULL), NOTE_ABSENT);
	end();
}

/* --- names --- */

static void test_odd_names(void)
{
	char longest[256], too_long[257], command[512];
	memset(longest, 'n', 255);
	longest[255] = '\0';
	memset(too_long, 'n', 256);
	too_long[256] = '\0';
	static const char odd[] = "new\nline \xff%41 \\ \"'";
	begin();
	CU_ASSERT_EQUAL(put(longest, "long"), NOTE_OK);
	CU_ASSERT(holds(longest, "long"));
	CU_ASSERT_EQUAL(put(longest, "longer"), NOTE_OK);
	CU_ASSERT(holds(longest, "longer"));
	CU_ASSERT_EQUAL(root_symlink(root, longest, "a/link", NULL), NOTE_OK);
	snprintf(command, sizeof(command), "d/%s", longest);
	CU_ASSERT_EQUAL(root_symlink(root, "x", command, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(root_rename(root, longest, command, NULL), NOTE_OK);
	CU_ASSERT(holds(command, "longer"));
	CU_ASSERT_EQUAL(put(too_long, "x"), NOTE_SYSTEM);
	CU_ASSERT_EQUAL(put(odd, "odd"), NOTE_OK);
	CU_ASSERT(holds(odd, "odd"));
	CU_ASSERT_EQUAL(root_remove(root, odd, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(root_remove(root, odd, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(root_remove(root, "no/such/thing", NULL), NOTE_OK);
	end();
}

/* --- replacing --- */

static void test_hard_links_are_replaced_together(void)
{
	struct stat one, two, three;
	begin();
	const char *paths[] = {"a/one", "a/two", "b/three"};
	const struct file_attributes attributes = {.mode = 04755, .like = -1};
	CU_ASSERT_EQUAL(put("a/one", "old"), NOTE_OK);
	CU_ASSERT_EQUAL(root_hard_link(root, "a/one", "a/two", NULL), NOTE_OK);
	CU_ASSERT_EQUAL(root_hard_link(root, "a/one", "b/three", NULL), NOTE_OK);
	CU_ASSERT_EQUAL(root_hard_link(root, "a/one", "b/kept", NULL), NOTE_OK);
	CU_ASSERT_EQUAL(root_write(root, paths, 3, "new!", 4, &attributes, NULL), NOTE_OK);
	for (size_t i = 0; i < 3; i++)
		CU_ASSERT(holds(paths[i], "new!"));
	CU_ASSERT(holds("b/kept", "old"));
	CU_ASSERT_EQUAL(root_stat(root, paths[0], &one, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(root_stat(root, paths[1], &two, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(root_stat(root, paths[2], &three, NULL), NOTE_OK);
	CU_ASSERT(one.st_ino == two.st_ino && two.st_ino == three.st_ino);
	CU_ASSERT_EQUAL(one.st_nlink, 3);
	CU_ASSERT_EQUAL(one.st_mode & 07777, 04755);
	CU_ASSERT_EQUAL(files_in("in"), 6);
	/* Two names of one file, linked again: rename alone would leave the temporary name. */
	CU_ASSERT_EQUAL(root_hard_link(root, "a/one", "a/two", NULL), NOTE_OK);
	CU_ASSERT_EQUAL(files_in("in"), 6);
	end();
}

static void test_leftovers_of_a_kill_are_taken_over(void)
{
	char temporary[32], path[64];
	begin();
	root_temporary_name("file", temporary);
	snprintf(path, sizeof(path), "in/%s", temporary);
	for (int i = 0; i < 2; i++) {
		/* What a killed run left, and what someone hostile may have put there. */
		if (i == 0) {
			FILE *file = fopen(at(path), "w");
			CU_ASSERT_PTR_NOT_NULL_FATAL(file);
			fputs("half", file);
			fclose(file);
		} else {
			CU_ASSERT_EQUAL(symlink("../out/victim", at(path)), 0);
		}
		CU_ASSERT_EQUAL(put("file", "whole"), NOTE_OK);
		CU_ASSERT(holds("file", "whole"));
		CU_ASSERT_EQUAL(files_in("in"), 1);
		CU_ASSERT_EQUAL(files_in("out"), 0);
	}
	CU_ASSERT_EQUAL(symlink("nowhere", at(path)), 0);
	CU_ASSERT_EQUAL(root_symlink(root, "target", "file", NULL), NOTE_OK);
	CU_ASSERT_EQUAL(files_in("in"), 1);
	end();
}

static void test_a_failure_changes_nothing(void)
{
	const char *paths[] = {"file", "dir/sub"};
	const struct file_attributes attributes = {.mode = 0644, .like = -1};
	begin();
	CU_ASSERT_EQUAL(put("file", "old"), NOTE_OK);
	CU_ASSERT_EQUAL(root_make_dirs(root, "dir/sub", NULL), NOTE_OK);
	CU_ASSERT_NOT_EQUAL(put("dir/sub", "file over a directory"), NOTE_OK);
	CU_ASSERT_NOT_EQUAL(root_write(root, paths, 2, "new", 3, &attributes, NULL), NOTE_OK);
	CU_ASSERT(holds("file", "old"));
	CU_ASSERT_EQUAL(files_in("in"), 3);
	int fd;
	CU_ASSERT_EQUAL(root_create_file(root, "file", 0644, &fd, NULL), NOTE_USAGE);
	CU_ASSERT_EQUAL(root_create_file(root, "p/q", 0640, &fd, NULL), NOTE_OK);
	close(fd);
	struct stat st;
	CU_ASSERT_EQUAL(root_stat(root, "p/q", &st, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(st.st_mode & 07777, 0640);
	end();
}

static void test_attributes_survive(void)
{
	struct stat st;
	char value[16] = "";
	int like;
	begin();
	CU_ASSERT_EQUAL(put("like", "x"), NOTE_OK);
	CU_ASSERT_EQUAL(chmod(at("in/like"), 02751), 0);
	const bool attribute = setxattr(at("in/like"), "user.test", "value", 5, 0) == 0;
	const struct timespec times[2] = {{1000, 7}, {2000, 9}};
	CU_ASSERT_EQUAL(utimensat(AT_FDCWD, at("in/like"), times, 0), 0);
	CU_ASSERT_EQUAL_FATAL(root_open_file(root, "like", &like, NULL), NOTE_OK);
	const struct file_attributes attributes = {.like = like, .keep_times = true};
	const char *path = "like";
	CU_ASSERT_EQUAL(root_write(root, &path, 1, "y", 1, &attributes, NULL), NOTE_OK);
	close(like);
	CU_ASSERT_EQUAL(root_stat(root, "like", &st, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(st.st_mode & 07777, 02751);
	CU_ASSERT(st.st_mtim.tv_sec == 2000 && st.st_mtim.tv_nsec == 9);
	if (attribute)
		CU_ASSERT_EQUAL(getxattr(at("in/like"), "user.test", value, sizeof(value)), 5);
	end();
}

/* --- walking --- */

static bool list(void *context, const struct entry *entry, bool *descend)
{
	text_printf(context, "%s%c ", entry->path,
		    entry->kind == ENTRY_FILE        ? 'f'
		    : entry->kind == ENTRY_DIRECTORY ? 'd'
		    : entry->kind == ENTRY_LINK      ? 'l'
						     : 'o');
	if (strcmp(entry->path, "skip") == 0) {
		*descend = false;
		return false;
	}
	return strcmp(entry->path, "stop") != 0;
}

static void test_walk(void)
{
	struct text seen = {0};
	begin();
	CU_ASSERT_EQUAL(put("a/b", ""), NOTE_OK);
	CU_ASSERT_EQUAL(put("a.x", ""), NOTE_OK);
	CU_ASSERT_EQUAL(put("a/B", ""), NOTE_OK);
	CU_ASSERT_EQUAL(put("skip/inside", ""), NOTE_OK);
	CU_ASSERT_EQUAL(root_symlink(root, "a", "link", NULL), NOTE_OK);
	CU_ASSERT_EQUAL(mkfifo(at("in/pipe"), 0600), 0);
	CU_ASSERT_EQUAL(root_walk(root, "", false, list, NULL, &seen, NULL), NOTE_OK);
	CU_ASSERT_STRING_EQUAL(seen.data, "ad a/Bf a/bf a.xf linkl pipeo skipd ");
	seen.size = 0;
	CU_ASSERT_EQUAL(root_walk(root, "a", true, list, NULL, &seen, NULL), NOTE_OK);
	CU_ASSERT_STRING_EQUAL(seen.data, "a/Bf a/bf ");
	seen.size = 0;
	CU_ASSERT_EQUAL(put("stop", ""), NOTE_OK);
	CU_ASSERT_EQUAL(put("zzz", ""), NOTE_OK);
	CU_ASSERT_EQUAL(root_walk(root, "", false, list, NULL, &seen, NULL), NOTE_OK);
	CU_ASSERT_STRING_EQUAL(seen.data, "ad a/Bf a/bf a.xf linkl pipeo skipd stopf ");
	CU_ASSERT_EQUAL(root_walk(root, "link", false, list, NULL, &seen, NULL), NOTE_UNSUPPORTED);
	CU_ASSERT_EQUAL(root_walk(root, "none", false, list, NULL, &seen, NULL), NOTE_ABSENT);
	text_free(&seen);
	end();
}

UNIT_SUITE(root, UNIT_TEST(test_nothing_leads_out), UNIT_TEST(test_nothing_leads_out_of_handles),
	   UNIT_TEST(test_directories_change_names),
	   UNIT_TEST(test_nothing_leads_out_without_openat2),
	   UNIT_TEST(test_only_regular_files_are_opened), UNIT_TEST(test_odd_names),
	   UNIT_TEST(test_hard_links_are_replaced_together),
	   UNIT_TEST(test_leftovers_of_a_kill_are_taken_over),
	   UNIT_TEST(test_a_failure_changes_nothing), UNIT_TEST(test_attributes_survive),
	   UNIT_TEST(test_walk))

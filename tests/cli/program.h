/* Runs the program that LIMES_PROGRAM names, in a folder of its own that is removed in the end. */
#ifndef LIMES_TESTS_CLI_PROGRAM_H
#define LIMES_TESTS_CLI_PROGRAM_H

#include "helpers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OUTPUT_SIZE (1 << 20)

typedef struct ran {
  int code; /* exit code; 1000 + number of the signal that ended it */
  char out[OUTPUT_SIZE], err[OUTPUT_SIZE];
} ran;

typedef struct conditions {
  const char *out;     /* where standard output goes; NULL: kept */
  rlim_t largest_file; /* bytes; 0: no limit */
  double interrupt;    /* seconds until SIGINT; 0: none */
  const char *path;    /* PATH; NULL: as it is */
} conditions;

static char test_folder[64];

static inline int enter_folder(void **state) {
  (void)state;
  strcpy(test_folder, "/tmp/limes-cli-XXXXXX");
  return mkdtemp(test_folder) == NULL ? -1 : chdir(test_folder);
}

/* Removes every file of the current folder; its folders are left. */
static inline void empty_folder(void) {
  DIR *folder = opendir(".");
  for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
    (void)!unlink(entry->d_name);
  closedir(folder);
}

static inline int leave_folder(void **state) {
  (void)state;
  empty_folder();
  return chdir("/") != 0 || rmdir(test_folder) != 0;
}

static inline size_t files_here(void) {
  size_t count = 0;
  DIR *folder = opendir(".");
  for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
    count += entry->d_name[0] != '.';
  closedir(folder);
  return count;
}

static inline void read_all(const char *path, char text[OUTPUT_SIZE]) {
  FILE *file = fopen(path, "r");
  size_t length = file == NULL ? 0 : fread(text, 1, OUTPUT_SIZE - 1, file);
  text[length] = '\0';
  if (file != NULL)
    fclose(file);
}

/* In the child: never returns. */
static inline void become(const char *const *words, const conditions *how, const char *out, const char *err) {
  int output = open(how->out != NULL ? how->out : out, O_WRONLY | O_CREAT | O_TRUNC, 0600),
      errors = open(err, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (output < 0 || errors < 0 || dup2(output, STDOUT_FILENO) < 0 || dup2(errors, STDERR_FILENO) < 0)
    _exit(99);
  if (how->largest_file > 0)
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){how->largest_file, how->largest_file});
  if (how->path != NULL)
    setenv("PATH", how->path, 1);
  execv(getenv("LIMES_PROGRAM"), (char *const *)words);
  _exit(98);
}

/* Runs `limes words...` (ended by NULL; words[0] is skipped over). The answer is one static object. */
static inline const ran *run_how(const conditions *how, const char *const *words) {
  static ran answer;
  char out[96], err[96];
  int status = 0;
  snprintf(out, sizeof out, "%s.out", test_folder);
  snprintf(err, sizeof err, "%s.err", test_folder);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0)
    become(words, how, out, err);
  if (how->interrupt > 0) {
    nanosleep(&(struct timespec){(time_t)how->interrupt, (long)(1e9 * (how->interrupt - floor(how->interrupt)))}, NULL);
    kill(child, SIGINT);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  answer.code = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  read_all(out, answer.out);
  read_all(err, answer.err);
  unlink(out);
  unlink(err);
  return &answer;
}

#define WORDS(...) ((const char *const[]){"limes", __VA_ARGS__, NULL})
#define run(...) run_how(&(conditions){0}, WORDS(__VA_ARGS__))

#define assert_code(answer, wanted) check_code((answer), (wanted), __FILE__, __LINE__)
static inline void check_code(const ran *answer, int wanted, const char *file, int line) {
  if (answer->code == wanted)
    return;
  print_error("exit code %d, expected %d\n%s%s", answer->code, wanted, answer->out, answer->err);
  _fail(file, line);
}

#define assert_says(text, wanted) check_says((text), (wanted), __FILE__, __LINE__)
static inline void check_says(const char *text, const char *wanted, const char *file, int line) {
  if (strstr(text, wanted) != NULL)
    return;
  print_error("\"%s\" is not in:\n%s\n", wanted, text);
  _fail(file, line);
}

static inline bool exists(const char *path) {
  struct stat about;
  return stat(path, &about) == 0 && about.st_size > 0;
}

#define SMALL "conv(3) relu flatten dense"

#endif

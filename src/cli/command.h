/* A command and its tables: parsing, --help, the manual page, docs/commands.md and the shell completion are made of them. */
#ifndef LIMES_CLI_COMMAND_H
#define LIMES_CLI_COMMAND_H

#include "settings.h"

typedef struct cli_session cli_session;

typedef enum {
  OPTION_SWITCH, /* bool */
  OPTION_TEXT,   /* const char * */
  OPTION_FILE,   /* const char *, completed by file names */
  OPTION_DATA,   /* const char *, completed by data names and file names */
  OPTION_CHOICE, /* int, index into choices; -1: not given */
  OPTION_NUMBER, /* double; NAN: not given */
  OPTION_COUNT,  /* uint64_t */
  OPTION_BYTES,  /* uint64_t, with k, M, G, T behind the number */
  OPTION_EXTENT, /* size_t[2], HxW */
} option_kind;

typedef struct cli_option {
  const char *name; /* without the dashes; NULL ends a table */
  char letter;      /* 0: none */
  option_kind kind;
  size_t offset;              /* in settings */
  const char *value;          /* what help calls the value; NULL for a switch and a choice */
  const char *fallback;       /* parsed before the command line; NULL: not given */
  const char *const *choices; /* ended by NULL */
  double least;               /* of a number or a count */
  bool open, infinite;        /* least itself is excluded; `inf` is allowed */
  const char *help;           /* a sentence without its full stop */
} cli_option;

#define LIMES_CLI_FIELD(field) .offset = offsetof(cli_settings, field)

typedef enum { ARGUMENT_MODEL, ARGUMENT_WORD, ARGUMENT_DATA, ARGUMENT_FILE, ARGUMENT_CHOICE } argument_kind;

typedef struct cli_argument {
  const char *name; /* NULL ends a table */
  argument_kind kind;
  bool optional, many;        /* many: the last one of its table, given once or more */
  const char *const *choices; /* of ARGUMENT_CHOICE, ended by NULL */
  const char *help;
} cli_argument;

typedef struct cli_example {
  const char *line, *says; /* line NULL ends a table */
} cli_example;

typedef struct cli_command {
  const char *name;
  const char *about;                /* one sentence without its full stop, for lists */
  const char *text;                 /* paragraphs separated by newlines */
  const cli_argument *arguments;    /* NULL: none */
  const cli_option *const *options; /* tables, ended by NULL; the common one comes by itself */
  const cli_example *examples;
  limes_status (*run)(cli_session *session, const cli_settings *settings);
} cli_command;

/* The table entry of the i-th word on the command line; NULL where the command takes no so many. */
const cli_argument *limes_cli_argument(const cli_command *command, size_t i);

/* All commands; i counts from 0; NULL past the last one. */
const cli_command *limes_cli_command(size_t i);
/* The command of that name, or NULL. */
const cli_command *limes_cli_find_command(const char *name);
/* Table number i of a command, the common one last; NULL past it. */
const cli_option *limes_cli_option_table(const cli_command *command, size_t i);
/* The option of that name among all tables of a command (NULL command: the common ones); NULL: none. */
const cli_option *limes_cli_find_option(const cli_command *command, const char *name);

extern const cli_option limes_cli_common_options[];  /* every command */
extern const cli_option limes_cli_data_options[];    /* how data are read */
extern const cli_option limes_cli_gp_options[];      /* which process, what noise */
extern const cli_option limes_cli_network_options[]; /* how wide a finite network is, and which one */
extern const char *const limes_cli_normalizations[];
extern const char *const limes_cli_gets[];
extern const char *const limes_cli_withs[];

/* Fills settings from argv[1 ... argc-1], whose first word has already been taken as the command. */
limes_status limes_cli_parse(cli_session *session, const cli_command *command, int argc, char **argv, cli_settings *settings);

/* One value of an option into settings: `text` as it stands on the command line. */
limes_status limes_cli_set_option(cli_session *session, const cli_option *option, const char *text, cli_settings *settings);

/* What was said of the option on the command line, NULL where it was not given. */
const char *limes_cli_given(const cli_settings *settings, const char *name);
/* Options that say nothing beside the others, and outputs that would replace an input: refused before any work. */
limes_status limes_cli_check_options(cli_session *session, const cli_command *command, const cli_settings *settings);
limes_status limes_cli_check_overwriting(cli_session *session, const cli_command *command, const cli_settings *settings);

/* The word closest to `word`, or NULL where none is near. next(i, user) gives the candidates, NULL past the last one. */
typedef const char *candidate(size_t i, const void *user);
const char *limes_cli_closest(const char *word, candidate *next, const void *user);

void limes_cli_print_help(const cli_command *command); /* NULL: of the program */
void limes_cli_print_manual(void);                     /* roff */
void limes_cli_print_reference(void);                  /* markdown */
void limes_cli_print_completion(void);                 /* bash */

/* What help calls the value of an option ("FILE", "nngp|ntk|both"), into text[size]. */
void limes_cli_value_name(const cli_option *option, char *text, size_t size);

#endif

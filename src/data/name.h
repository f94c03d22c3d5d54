/* A data argument taken apart: FORMAT:PATH:PART[first:last] */
#ifndef LIMES_DATA_NAME_H
#define LIMES_DATA_NAME_H

#include "base/context.h"
#include "limes/data.h"

typedef enum { LIMES_PART_ALL, LIMES_PART_TRAIN, LIMES_PART_TEST } limes_part;

typedef struct limes_range {
  bool given;
  size_t first, last; /* last excluded; SIZE_MAX: to the end */
} limes_range;

typedef struct limes_data_name {
  const struct limes_reader *reader;
  char *path;  /* owned; "" for embedded data */
  char *inner; /* owned; the array of a .npz, the split of uci; NULL where none is said */
  limes_part part;
  limes_range range;
} limes_data_name;

typedef limes_status limes_read(limes_context *context, const limes_data_name *name, const limes_read_options *options,
                                limes_batch **batch);

/* One way to read. Known by its prefix ("cifar10:") or by the ending of its files (".npy"). */
typedef struct limes_reader {
  const char *prefix, *ending;
  bool inner, parts; /* takes :INNER, :train and :test */
  limes_read *read;
} limes_reader;

limes_status limes_name_parse(limes_context *context, const char *text, limes_data_name *name) LIMES_MUST_USE;
/* Fails with what is wrong about a text that no reader knows. */
limes_status limes_name_unknown(limes_context *context, const char *text);
void limes_name_free(limes_data_name *name);

/* Which of `items` items the range takes: *count >= 1 from number *first. A range that is empty or asks for more than is
 * there is refused; what ("data.csv") begins the sentence. */
limes_status limes_range_resolve(limes_context *context, const limes_range *range, const char *what, size_t items, size_t *first,
                                 size_t *count) LIMES_MUST_USE;

/* docs/data.md says what each of them reads */
limes_read limes_read_digits, limes_read_npy, limes_read_npz, limes_read_csv, limes_read_cifar, limes_read_mnist, limes_read_imdb,
    limes_read_uci, limes_read_svm;

#endif

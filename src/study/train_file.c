/* A training on disk: the network's parameters by their names, what the optimizer remembers, what was recorded, and a text that
 * says whose it is. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xxhash.h>

#include "base/memory.h"
#include "gp/gp.h"
#include "study/train.h"

#define FORMAT "limes training 1"
#define OWN_ARRAYS 10
#define STATE 6

static const char *const optimizers[] = {"flow", "sgd", "momentum", "adam"};
static const char *const losses[] = {"squared error", "cross-entropy"};
static const char *const moment_names[] = {"first_moment", "second_moment"};

static uint64_t hash_of(const double *numbers, size_t n) {
  return numbers == NULL ? 0 : XXH3_64bits(numbers, n * sizeof *numbers);
}

/* All that the numbers depend on, a line each */
static char *identify(limes_context *context, const limes_training *training) {
  const limes_train_settings *s = &training->asked, *used = &training->used;
  char *model = NULL;
  if (limes_model_print(context, training->network->program.model, &model) != LIMES_OK)
    return NULL;
  char *text = limes_format_text(
      context,
      "model %s\nparameters at the start %016" PRIx64 "\ntraining items %016" PRIx64 " with targets %016" PRIx64
      "\ntest items %016" PRIx64 " with targets %016" PRIx64 "\noptimizer %s\nloss %s\nlearning rate %.17g%s\nmomentum "
      "%.17g\nbatch %zu\nsteps %zu\ntime %.17g\ntolerance %.17g\nrecords "
      "%zu\n"
      "seed %" PRIu64 "\n",
      model, hash_of(training->start, training->P), limes_batch_fingerprint(training->train),
      hash_of(training->y[0], training->N * training->K), training->test == NULL ? 0 : limes_batch_fingerprint(training->test),
      hash_of(training->y[1], training->M * training->K), optimizers[s->optimizer], losses[s->loss], s->learning_rate,
      s->decay ? ", decaying" : "", s->momentum, used->batch, s->steps, s->time, s->tolerance, used->records, s->seed);
  limes_free(model);
  return text;
}

/* Which of state's numbers is which */
static void pack(const limes_training *training, double state[STATE]) {
  const double now[STATE] = {(double)training->step,       training->time,     training->stride, (double)training->recorded,
                             training->used.learning_rate, training->used.time};
  memcpy(state, now, sizeof now);
}

static void unpack(limes_training *training, const double state[STATE]) {
  training->step = (size_t)state[0];
  training->time = state[1];
  training->stride = state[2];
  training->recorded = (size_t)state[3];
  training->used.learning_rate = state[4];
  training->used.time = state[5];
}

static size_t own_arrays(const limes_training *training, const char *identity, const double *state, limes_named_array *arrays) {
  size_t n = 0;
  arrays[n++] = (limes_named_array){.name = "format", .text = FORMAT};
  arrays[n++] = (limes_named_array){.name = "limes_version", .text = limes_version()};
  arrays[n++] = (limes_named_array){.name = "training", .text = identity};
  arrays[n++] = (limes_named_array){.name = "state", .rank = 1, .size = {STATE}, .data = state};
  if (training->recorded > 0) {
    arrays[n++] = (limes_named_array){.name = "time", .rank = 1, .size = {training->recorded}, .data = training->at};
    arrays[n++] = (limes_named_array){.name = "outputs",
                                      .rank = 3,
                                      .size = {training->recorded, training->N + training->M, training->K},
                                      .data = training->outputs};
  }
  for (unsigned k = 0; k < 2; k++)
    if (training->moment[k] != NULL)
      arrays[n++] = (limes_named_array){.name = moment_names[k], .rank = 1, .size = {training->P}, .data = training->moment[k]};
  return n;
}

static limes_status check_name(limes_context *context, const char *path) {
  size_t length = strlen(path);
  if (length > 3 && strcmp(path + length - 3, ".h5") == 0)
    return LIMES_OK;
  return limes_fail(context, LIMES_WRONG_USE, "%s: a training is kept in HDF5: give a name that ends in .h5", path);
}

limes_status limes_training_save(limes_context *context, const limes_training *training, const char *path) {
  limes_named_array *parameters = NULL;
  size_t count = 0;
  double state[STATE];
  limes_status status = limes_network_named(context, training->network, training->theta, &parameters, &count);
  if (status != LIMES_OK)
    return status;
  limes_named_array *arrays = limes_allocate(context, count + OWN_ARRAYS, sizeof *arrays);
  char *identity = identify(context, training);
  if (arrays == NULL || identity == NULL) {
    status = LIMES_NO_MEMORY;
    goto done;
  }
  memcpy(arrays, parameters, count * sizeof *arrays);
  pack(training, state);
  count += own_arrays(training, identity, state, arrays + count);
  status = limes_file_write(context, path, arrays, count);
done:
  free(arrays);
  free(identity);
  free(parameters);
  return status;
}

/* The first line that differs, of both texts */
static limes_status compare(limes_context *context, const char *path, const char *there, const char *here) {
  while (*there != '\0' && *here != '\0') {
    size_t n = strcspn(there, "\n"), m = strcspn(here, "\n");
    if (n != m || strncmp(there, here, n) != 0)
      return limes_fail(
          context, LIMES_WRONG_USE,
          "%s is the checkpoint of another training: there '%.*s', here '%.*s'; name another file, or give the same "
          "options",
          path, (int)n, there, (int)m, here);
    there += n + (there[n] != '\0');
    here += m + (here[m] != '\0');
  }
  return LIMES_OK;
}

static limes_status check_identity(limes_context *context, const limes_training *training, const char *path, limes_file *file) {
  limes_named_array format = {0}, kept = {0};
  limes_status status = limes_file_get(context, file, "format", &format);
  if (status == LIMES_OK && (format.text == NULL || strcmp(format.text, FORMAT) != 0))
    return limes_fail(context, LIMES_WRONG_USE, "%s is there and is no checkpoint of a training: name another file", path);
  if (status == LIMES_OK)
    status = limes_file_get(context, file, "training", &kept);
  if (status != LIMES_OK)
    return status;
  if (kept.text == NULL)
    return limes_fail(context, LIMES_BAD_INPUT, "%s does not say which training it is of: the file is damaged, remove it", path);
  char *identity = identify(context, training);
  if (identity == NULL)
    return LIMES_NO_MEMORY;
  status = compare(context, path, kept.text, identity);
  free(identity);
  return status;
}

/* An array of n numbers into `to` */
static limes_status take(limes_context *context, limes_file *file, const char *name, unsigned rank, size_t size[2], size_t n,
                         double *to) {
  limes_named_array array = {0};
  limes_status status = limes_gp_find_array(context, file, name, rank, size, &array);
  if (status == LIMES_OK)
    memcpy(to, array.data, n * sizeof *to);
  return status;
}

static limes_status check_state(limes_context *context, const limes_training *training, const double *state) {
  if (state[0] >= 0 && state[1] >= 0 && state[2] > 0 && state[3] >= 0 && state[3] <= (double)training->used.records &&
      state[4] > 0 && state[5] > 0)
    return LIMES_OK;
  return limes_fail(context, LIMES_BAD_INPUT, "the state of the training makes no sense: the file is damaged, remove it");
}

static limes_status take_outputs(limes_context *context, limes_file *file, limes_training *training) {
  limes_named_array outputs = {0};
  size_t numbers = (training->N + training->M) * training->K;
  limes_status status = limes_file_get(context, file, "outputs", &outputs);
  if (status != LIMES_OK)
    return status;
  if (outputs.data == NULL || outputs.rank != 3 || outputs.size[0] != training->recorded ||
      outputs.size[1] * outputs.size[2] != numbers)
    return limes_fail(context, LIMES_BAD_INPUT, "the outputs of the training are missing: the file is damaged, remove it");
  memcpy(training->outputs, outputs.data, training->recorded * numbers * sizeof(double));
  return LIMES_OK;
}

static limes_status take_all(limes_context *context, limes_file *file, limes_training *training) {
  double state[STATE];
  limes_status status = take(context, file, "state", 1, (size_t[2]){STATE}, STATE, state);
  if (status == LIMES_OK)
    status = check_state(context, training, state);
  if (status != LIMES_OK)
    return status;
  unpack(training, state);
  for (unsigned k = 0; k < 2 && status == LIMES_OK; k++)
    if (training->moment[k] != NULL)
      status = take(context, file, moment_names[k], 1, (size_t[2]){training->P}, training->P, training->moment[k]);
  if (status == LIMES_OK && training->recorded > 0)
    status = take_outputs(context, file, training);
  return status;
}

limes_status limes_training_load(limes_context *context, limes_training *training, const char *path, bool *found) {
  limes_file *file = NULL;
  *found = false;
  limes_status status = check_name(context, path);
  if (status != LIMES_OK || (access(path, F_OK) != 0 && errno == ENOENT))
    return status;
  status = limes_file_open(context, path, &file);
  if (status != LIMES_OK)
    return status;
  status = check_identity(context, training, path, file);
  if (status == LIMES_OK)
    status = take_all(context, file, training);
  limes_file_close(file);
  if (status == LIMES_OK)
    status = limes_network_load(context, training->network, path);
  if (status != LIMES_OK)
    return strstr(limes_error(context), path) != NULL || status == LIMES_NO_MEMORY ? status
                                                                                   : limes_fail_in(context, status, "%s: ", path);
  memcpy(training->theta, limes_network_get(training->network), training->P * sizeof(double));
  *found = true;
  return LIMES_OK;
}

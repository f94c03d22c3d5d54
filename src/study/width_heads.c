/* What finitely many heads of random attention leave at infinite width (docs/mathematics.md, section 10): the variance of an
 * output is the mean over heads of q = s^T K s, s a row of attention weights, so that its excess kurtosis is
 * 3 (E q^2 / (E q)^2 - 1) / H. The moments of q are sampled from the logits' law. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/kernel.h"
#include "layers/attention.h"
#include "math/linear.h"
#include "model/side.h"
#include "study/width.h"

#define BATCHES 32           /* of samples of each item: their scatter gives the error */
#define LEAST_SAMPLES 64     /* of a batch */
#define MOST_SAMPLES 2048    /* likewise */
#define MOST_POSITIONS 512   /* beyond that a prediction costs more than the networks */
#define ITEM_OPERATIONS 2e10 /* to be spent on an item */
#define STREAM 0x71756164u   /* tells these random numbers from those of networks */

/* How the layers behind the attention weigh its positions: the mean over positions of variances (flatten), or the variance of a
 * sum over positions (global pools, attention_pool) */
typedef enum { ALL_ROWS, MEAN_ROW, SUM_ROW } row_kind;

/* A chain with one attention whose weights are random, and behind it dense and pools alone. The model before it is called prefix;
 * it shares the layers. */
typedef struct {
  size_t at; /* its place in the model's chain */
  const limes_node *node;
  row_kind rows;
  double scale; /* variances behind the last layer over those of sum S K S^T */
} random_attention;

/* The law of one item's logits */
typedef struct {
  const limes_attention *p;
  bool pools; /* attention_pool: one row of logits */
  row_kind rows;
  limes_grid grid;
  size_t T;
  double *mean;   /* [T,T] of the logits */
  double *factor; /* [T,T] column-major: logits less mean = factor Z factor^T, Z standard normal; of a pool factor z */
  double *values; /* [T,T] covariance of the values */
} item_law;

typedef struct {
  limes_width_work *work;
  item_law *law; /* [items] */
  size_t items, largest;
  double *scratch;                               /* [workers, 3 largest^2 + 4 largest] */
  double (*mean)[BATCHES], (*variance)[BATCHES]; /* [items] of q */
} predicting;

/* what the model is */

static double std_of(const limes_node *node, const char *name) {
  for (const limes_param *param = node->ops->params; param != NULL && param->name != NULL; param++)
    if (strcmp(param->name, name) == 0)
      return *(const double *)((const char *)node->param + param->offset);
  return 1;
}

static bool is_word(const limes_node *node, const char *word) { return strcmp(node->ops->word, word) == 0; }

/* The layers behind the attention; false where variances are not linear in S K S^T. */
static bool read_end(const limes_chain *chain, random_attention *found) {
  bool pooled = is_word(found->node, "attention_pool"), flat = false;
  found->rows = SUM_ROW;
  for (size_t i = found->at + 1; i < chain->n; i++) {
    const limes_node *node = &chain->node[i];
    if (is_word(node, "dense")) {
      found->scale *= std_of(node, "w_std") * std_of(node, "w_std");
      flat = false;
    } else if (is_word(node, "flatten") || is_word(node, "global_avg_pool") || is_word(node, "global_sum_pool")) {
      if (!pooled)
        found->rows = is_word(node, "flatten") ? ALL_ROWS : is_word(node, "global_avg_pool") ? MEAN_ROW : SUM_ROW;
      flat = !pooled && is_word(node, "flatten"); /* outputs of different positions stay apart until a dense mixes them */
      pooled = true;
    } else if (!is_word(node, "identity")) {
      return false;
    }
  }
  return pooled && !flat;
}

/* The first layer of the chain with random weights */
static bool find_attention(const limes_model *model, random_attention *found) {
  const limes_chain *chain = &model->chain;
  for (size_t i = 0; i < chain->n; i++) {
    const limes_node *node = &chain->node[i];
    const limes_op op = {.ops = node->ops, .param = node->param};
    if (node->ops->random_weights == NULL || !node->ops->random_weights(&op))
      continue;
    const limes_attention *p = node->param;
    double sigma = p->v_std * p->o_std;
    *found = (random_attention){.at = i, .node = node, .scale = sigma * sigma};
    return read_end(chain, found);
  }
  return false;
}

/* Whether nothing before the attention is random at infinite width */
static limes_status check_prefix(limes_context *context, const limes_model *prefix, const limes_batch *batch, bool *sure) {
  limes_program program;
  limes_status status = limes_program_create(context, prefix, batch->axes, batch->segment != NULL, &program);
  *sure = status == LIMES_OK;
  for (size_t i = 0; status == LIMES_OK && i < program.n_op; i++)
    *sure = *sure && (program.op[i].ops->random_weights == NULL || !program.op[i].ops->random_weights(&program.op[i]));
  if (status == LIMES_OK)
    limes_program_clear(&program);
  return status;
}

/* the law of an item */

static limes_batch one_item(const limes_batch *batch, size_t item) {
  limes_batch one = *batch;
  one.items = 1;
  one.grid += item;
  one.start += item;
  return one;
}

/* K between the positions of an item before the attention, and where they are */
static limes_status covariance_before(limes_context *context, const limes_model *prefix, const limes_batch *one, item_law *law) {
  limes_program program;
  limes_side side = {0};
  limes_kernel_output out = {0};
  unsigned axes = 0;
  size_t size[4], T = law->T = one->grid->T, C = one->features;
  law->grid = *one->grid;
  if (prefix->chain.n > 0) {
    limes_status status = limes_program_create(context, prefix, one->axes, one->segment != NULL, &program);
    if (status != LIMES_OK)
      return status;
    status = limes_side_create(context, &program, one, &side);
    if (status == LIMES_OK) {
      law->grid = side.grid[program.readout[0]][0];
      T = law->T = law->grid.T;
    }
    limes_side_clear(&side);
    limes_program_clear(&program);
    if (status != LIMES_OK)
      return status;
  }
  law->values = limes_matrix(context, T, T);
  if (law->values == NULL)
    return LIMES_NO_MEMORY;
  out.nngp = law->values;
  if (prefix->chain.n > 0)
    return limes_kernel_positions(context, prefix, one, NULL, &out, &axes, size);
  const double *x = one->x + one->start[0] * C;
  limes_gemm(true, false, T, T, C, 1 / (double)C, x, C, x, C, 0, law->values, T);
  return LIMES_OK;
}

/* factor factor^T = a symmetric matrix that may be singular; negative eigenvalues are rounding */
static limes_status take_root(limes_context *context, size_t T, double *matrix) {
  double *value = limes_allocate(context, T, sizeof *value);
  limes_status status = value == NULL ? LIMES_NO_MEMORY : limes_eigen(context, T, matrix, value);
  for (size_t k = 0; status == LIMES_OK && k < T; k++)
    for (size_t a = 0; a < T; a++)
      matrix[k * T + a] *= sqrt(fmax(value[k], 0));
  free(value);
  return status;
}

static void hide(const limes_grid *grid, double *matrix) {
  for (size_t a = 0; grid->hidden != NULL && a < grid->T; a++)
    for (size_t b = 0; b < grid->T; b++)
      if (grid->hidden[a] || grid->hidden[b])
        matrix[a * grid->T + b] = 0;
}

static limes_status make_law(limes_context *context, const random_attention *found, const limes_model *prefix,
                             const limes_batch *one, item_law *law) {
  const limes_attention *p = law->p = found->node->param;
  law->pools = found->node->ops->pools_segments;
  law->rows = found->rows;
  limes_status status = covariance_before(context, prefix, one, law);
  if (status != LIMES_OK)
    return status;
  size_t T = law->T;
  law->mean = limes_matrix(context, T, T);
  law->factor = limes_matrix(context, T, T);
  if (law->mean == NULL || law->factor == NULL)
    return LIMES_NO_MEMORY;
  double features, embeddings, r = isnan(p->qk_correlation) ? 0 : p->qk_correlation, sharp = p->q_std * p->k_std;
  limes_decay decay = limes_attention_decay(p);
  limes_attention_mixture(p, &features, &embeddings);
  if (p->position == LIMES_POSITION_NONE)
    memcpy(law->factor, law->values, T * T * sizeof *law->factor);
  else
    limes_add_positions(&decay, &law->grid, &law->grid, features, embeddings, law->values, law->factor);
  hide(&law->grid, law->factor);
  if (p->in_values)
    memcpy(law->values, law->factor, T * T * sizeof *law->factor);
  double of_factor = law->pools ? sharp : sqrt(sharp * sqrt((1 - r) * (1 + r)));
  for (size_t k = 0; k < T * T; k++)
    law->mean[k] = law->pools ? 0 : r * sharp * law->factor[k];
  status = take_root(context, T, law->factor);
  for (size_t k = 0; status == LIMES_OK && k < T * T; k++)
    law->factor[k] *= of_factor;
  return status;
}

static void clear_law(item_law *law) {
  free(law->mean);
  free(law->factor);
  free(law->values);
}

/* samples of q */

/* s^T K s */
static double quadratic(size_t T, const double *values, const double *s) {
  double q = 0;
  for (size_t a = 0; a < T; a++) {
    double sum = 0;
    for (size_t b = 0; b < T; b++)
      sum += values[a * T + b] * s[b];
    q += s[a] * sum;
  }
  return q;
}

/* One row of a pool: logits factor z; scratch: [4 T] */
static double pooled_sample(const item_law *law, const limes_stream *stream, size_t number, double *scratch) {
  size_t T = law->T, n = 0;
  double *z = scratch, *g = z + T, *row = g + T, *heap = row + T;
  limes_zeta zeta = limes_attention_zeta(law->p);
  limes_normal(stream, number * T, T, z);
  limes_gemm(false, false, T, 1, T, 1, law->factor, T, z, T, 0, g, T);
  for (size_t c = 0; c < T; c++)
    if (law->grid.hidden == NULL || !law->grid.hidden[c])
      row[n++] = g[c];
  limes_zeta_weights(&zeta, n, row, heap);
  for (size_t c = 0, i = 0; c < T; c++)
    g[c] = law->grid.hidden == NULL || !law->grid.hidden[c] ? row[i++] : 0;
  return quadratic(T, law->values, g);
}

/* All rows: logits mean + factor Z factor^T; scratch: [3 T^2 + 4 T] */
static double sample(const item_law *law, const limes_stream *stream, size_t number, double *scratch) {
  if (law->pools)
    return pooled_sample(law, stream, number, scratch);
  size_t T = law->T, square = T * T;
  double *logits = scratch, *normal = logits + square, *half = normal + square, *row = half + square, q = 0;
  limes_normal(stream, number * square, square, normal);
  limes_gemm(false, false, T, T, T, 1, law->factor, T, normal, T, 0, half, T);
  memcpy(logits, law->mean, square * sizeof *logits);
  limes_gemm(false, true, T, T, T, 1, half, T, law->factor, T, 1, logits, T);
  limes_attention_weights(law->p, &law->grid, logits, row);
  if (law->rows == ALL_ROWS) {
    limes_gemm(false, false, T, T, T, 1, logits, T, law->values, T, 0, half, T); /* S K */
    for (size_t k = 0; k < square; k++)
      q += half[k] * logits[k] / (double)T;
    return q;
  }
  double weight = law->rows == MEAN_ROW ? 1 / (double)law->grid.visible : 1;
  for (size_t c = 0; c < T; c++) {
    row[c] = 0;
    for (size_t a = 0; a < T; a++)
      row[c] += weight * logits[a + c * T];
  }
  return quadratic(T, law->values, row);
}

static size_t samples_of(const item_law *law) {
  double T = (double)law->T, each = (law->pools ? 4 : 6 * T) * T * T, most = ITEM_OPERATIONS / BATCHES / each;
  return most > MOST_SAMPLES ? MOST_SAMPLES : most < LEAST_SAMPLES ? LEAST_SAMPLES : (size_t)most;
}

static limes_status sample_batch(void *shared, size_t task, unsigned worker, limes_job *job) {
  predicting *p = shared;
  size_t item = task / BATCHES, batch = task % BATCHES;
  const item_law *law = &p->law[item];
  size_t samples = samples_of(law), largest = p->largest;
  limes_stream stream = {p->work->context->seed, {STREAM, item, batch}};
  double mean = 0, squares = 0, *scratch = p->scratch + worker * (3 * largest * largest + 4 * largest);
  for (size_t k = 0; k < samples; k++) {
    double q = sample(law, &stream, k, scratch), away = q - mean;
    mean += away / (double)(k + 1);
    squares += away * (q - mean);
    if (!limes_job_advance(job, worker, k % 64 == 0 ? 64 / (double)samples : 0))
      return LIMES_INTERRUPTED;
  }
  p->mean[item][batch] = mean;
  p->variance[item][batch] = squares / (double)(samples - 1);
  return LIMES_OK;
}

static limes_status sample_all(predicting *p) {
  limes_context *context = p->work->context;
  size_t tasks = p->items * BATCHES, each = 3 * p->largest * p->largest + 4 * p->largest;
  p->scratch = limes_allocate(context, limes_multiply_capped(limes_workers(context, tasks), each), sizeof *p->scratch);
  p->mean = limes_allocate(context, p->items, sizeof *p->mean);
  p->variance = limes_allocate(context, p->items, sizeof *p->variance);
  if (p->scratch == NULL || p->mean == NULL || p->variance == NULL)
    return LIMES_NO_MEMORY;
  return limes_parallel(context, "heads", tasks, (double)tasks, sample_batch, p);
}

/* mean over items of 3 scale^2 Var q / K^2, and its standard error from the batches */
static void combine(const predicting *p, double scale, const double *variance, double *kurtosis, double *noise) {
  double sum = 0, squares = 0;
  for (size_t i = 0; i < p->items; i++) {
    double mean = 0, scatter = 0, factor = variance[i] > 0 ? 3 * scale * scale / (variance[i] * variance[i]) : 0;
    for (size_t b = 0; b < BATCHES; b++)
      mean += factor * p->variance[i][b] / BATCHES;
    for (size_t b = 0; b < BATCHES; b++)
      scatter += (factor * p->variance[i][b] - mean) * (factor * p->variance[i][b] - mean);
    sum += mean;
    squares += scatter / (BATCHES * (BATCHES - 1.0));
  }
  *kurtosis = sum / (double)p->items;
  *noise = sqrt(squares) / (double)p->items;
}

/* Every item's law; *able is false where one is beyond what a prediction can be made for. */
static limes_status make_laws(limes_context *context, const random_attention *found, const limes_model *prefix, predicting *p,
                              bool *able) {
  limes_status status = LIMES_OK;
  for (size_t i = 0; i < p->items && status == LIMES_OK && *able; i++) {
    limes_batch one = one_item(p->work->batch, i);
    *able = one.grid->T <= MOST_POSITIONS && one.segment == NULL;
    if (*able)
      status = make_law(context, found, prefix, &one, &p->law[i]);
    p->largest = p->law[i].T > p->largest ? p->law[i].T : p->largest;
  }
  return status;
}

/* Every item's law, in one thread for the sake of equal bits, and without a word: what there is to say about the model has been
 * said. */
static limes_status prepare(const random_attention *found, predicting *p, bool *able) {
  limes_context *context = p->work->context;
  limes_log_callback *log = context->log;
  limes_progress_callback *progress = context->progress;
  unsigned threads = context->threads;
  limes_model prefix = *p->work->model;
  prefix.chain.n = found->at;
  context->log = NULL;
  context->progress = NULL;
  context->threads = 1;
  limes_status status = found->at > 0 ? check_prefix(context, &prefix, p->work->batch, able) : LIMES_OK;
  if (status == LIMES_OK && *able)
    status = make_laws(context, found, &prefix, p, able);
  context->log = log;
  context->progress = progress;
  context->threads = threads;
  return status;
}

limes_status limes_width_predict(limes_width_work *work, const double *variance, double *mean, double *kurtosis, double *noise) {
  random_attention found;
  predicting p = {.work = work, .items = work->batch->items};
  bool able = true;
  *kurtosis = *noise = NAN;
  if (!find_attention(work->model, &found))
    return LIMES_OK;
  p.law = limes_allocate(work->context, p.items, sizeof *p.law);
  limes_status status = p.law == NULL ? LIMES_NO_MEMORY : prepare(&found, &p, &able);
  if (status == LIMES_OK && able)
    status = sample_all(&p);
  if (status == LIMES_OK && able)
    combine(&p, found.scale, variance, kurtosis, noise);
  for (size_t i = 0; status == LIMES_OK && able && mean != NULL && i < p.items; i++) {
    mean[i] = 0;
    for (size_t b = 0; b < BATCHES; b++)
      mean[i] += found.scale * p.mean[i][b] / BATCHES;
  }
  for (size_t i = 0; p.law != NULL && i < p.items; i++)
    clear_law(&p.law[i]);
  free(p.law);
  free(p.scratch);
  free(p.mean);
  free(p.variance);
  return status;
}

/* What tests of finite networks share: items of every kind, and the law of derivatives. */
#ifndef LIMES_TESTS_NETWORKS_H
#define LIMES_TESTS_NETWORKS_H

#include "kernel/laws.h"

/* Three items: of six features; sequences of five positions, images of 4 x 3; RAGGED: of five, three and four; HOLES: one hidden
 * position inside, one in front; GRAPHS: with weighted edges; SEGMENTS: of two and three positions */
typedef enum { VECTORS, SEQUENCES, IMAGES, RAGGED, HOLES, GRAPHS, SEGMENTS } item_kind;

enum { ITEMS = 3, POSITIONS = 5, FEATURES = 6, STENCIL = 5 };
static const size_t item_lengths[ITEMS] = {5, 3, 4};

static inline size_t positions_of_kind(item_kind kind) {
  return kind == VECTORS ? ITEMS : kind == IMAGES ? ITEMS * 12 : kind == RAGGED ? 12 : ITEMS * POSITIONS;
}

static inline void set_edges(limes_context *context, limes_batch *batch) {
  double *pattern = random_numbers(17, ITEMS * POSITIONS * POSITIONS);
  for (size_t i = 0; i < ITEMS * POSITIONS * POSITIONS; i++)
    pattern[i] = pattern[i] > 0.2 ? pattern[i] : 0;
  assert_ok(context, limes_batch_set_pattern(context, batch, pattern, (const size_t[]){POSITIONS}));
  free(pattern);
}

/* x [positions_of_kind(), FEATURES] */
static inline limes_batch *items_of(limes_context *context, item_kind kind, const double *x) {
  static const uint8_t mask[ITEMS * POSITIONS] = {[2] = 1, [POSITIONS] = 1};
  static const int64_t segments[ITEMS * POSITIONS] = {0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1};
  limes_batch *batch = NULL;
  if (kind == RAGGED)
    assert_ok(context, limes_batch_create_ragged(context, ITEMS, FEATURES, item_lengths, x, &batch));
  else if (kind == VECTORS || kind == IMAGES)
    batch = batch_of(context, x, kind == VECTORS ? 0 : 2, ITEMS, 4, 3, FEATURES, NULL);
  else
    batch = batch_of(context, x, 1, ITEMS, POSITIONS, 1, FEATURES, kind == HOLES ? mask : NULL);
  if (kind == GRAPHS)
    set_edges(context, batch);
  if (kind == SEGMENTS)
    assert_ok(context, limes_batch_set_segments(context, batch, segments));
  return batch;
}

static inline limes_network *network_of(limes_context *context, const limes_model *model, const limes_batch *batch,
                                        const limes_network_settings *settings) {
  limes_network *network = NULL;
  limes_status status = limes_network_create(context, model, &batch, 1, settings, &network);
  if (status != LIMES_OK)
    fail_msg("%s: %s", limes_status_text(status), limes_error(context));
  return network;
}

/* Numbers of the network's output */
static inline size_t outputs_of(limes_context *context, const limes_network *network, const limes_batch *batch) {
  size_t rows = 0;
  assert_ok(context, limes_network_rows(context, network, batch, &rows));
  return rows * limes_network_channels(network);
}

static inline double dot(const double *a, const double *b, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += a[i] * b[i];
  return sum;
}

/* Whether the word is in the model's text, as a word of its own */
static inline bool has_word(const char *model, const char *word) {
  static const char *const letters = "abcdefghijklmnopqrstuvwxyz_0123456789";
  for (const char *at = model; (at = strstr(at, word)) != NULL; at++)
    if ((at == model || strchr(letters, at[-1]) == NULL) && strspn(at, letters) == strlen(word))
      return true;
  return false;
}

/* Every word that can be sampled is in one of the texts, a list of n that are `step` bytes apart, or among those of attention,
 * which have tests of their own. */
static inline void check_that_all_words_are_there(const char *const *text, size_t n, size_t step) {
  static const char *const elsewhere = "attention attention_pool concat dropout layer_norm product";
  for (size_t i = 0; limes_word(i) != NULL; i++) {
    bool found = has_word(elsewhere, limes_word(i)) || strcmp(limes_word(i), "exp_normalized") == 0;
    for (size_t k = 0; k < n && !found; k++)
      found = has_word(*(const char *const *)((const char *)text + k * step), limes_word(i));
    if (!found)
      fail_msg("%s is a word without a row here", limes_word(i));
  }
}

/* KINKS: relu, abs, sorted weights: differences with a tiny step. IDLE: some parameters do not matter, as what follows them is
 * multiplied by 0, or constant. */
enum { SMOOTH = 0, KINKS = 1, IDLE = 2 };

/* A model whose derivatives are checked */
typedef struct {
  const char *model;
  item_kind kind;
  unsigned special; /* KINKS, IDLE or both */
} sample;

/* A network at x and theta, and a direction (v, u) in both */
typedef struct {
  limes_context *context;
  const limes_model *model;
  limes_network_settings settings;
  item_kind kind;
  size_t numbers_x, numbers_theta, numbers_f;
  double *x, *v, *theta, *u;
} line;

/* The output at x + t v, theta + t u */
static inline void outputs_at(const line *l, double t, double *f) {
  double *x = numbers(l->numbers_x), *theta = numbers(l->numbers_theta);
  for (size_t i = 0; i < l->numbers_x; i++)
    x[i] = l->x[i] + t * l->v[i];
  for (size_t i = 0; i < l->numbers_theta; i++)
    theta[i] = l->theta[i] + t * l->u[i];
  limes_batch *batch = items_of(l->context, l->kind, x);
  limes_network *network = network_of(l->context, l->model, batch, &l->settings);
  limes_network_set(network, theta);
  assert_ok(l->context, limes_network_forward(l->context, network, batch, f));
  limes_network_destroy(network);
  limes_batch_destroy(batch);
  free(x);
  free(theta);
}

/* d f / d t by central differences of tenth order */
static inline void differences(const line *l, double step, double *difference) {
  static const double weight[STENCIL] = {5.0 / 6, -5.0 / 21, 5.0 / 84, -5.0 / 504, 1.0 / 1260};
  double *f = numbers(l->numbers_f);
  for (int k = 1; k <= STENCIL; k++)
    for (int sign = -1; sign <= 1; sign += 2) {
      outputs_at(l, sign * k * step, f);
      for (size_t i = 0; i < l->numbers_f; i++)
        difference[i] += sign * weight[k - 1] * f[i] / step;
    }
  free(f);
}

/* A layer that does nothing would agree with itself. */
static inline void check_that_all_matter(const limes_network *network, const double *theta_adjoint, const char *text) {
  limes_network_array array;
  for (size_t i = 0; limes_network_array_at(network, i, &array); i++) {
    const double *part = theta_adjoint + array.first;
    if (!(dot(part, part, array.rows * array.columns) > 0))
      fail_msg("%s: nothing depends on the %s of %s, layer %zu", text, array.name, array.word, array.layer);
  }
}

/* <J d, w> = <d, J' w> */
static inline void check_adjoint(const line *l, const limes_network *network, const limes_batch *batch, const double *tangent,
                                 const sample *s) {
  double *w = random_numbers(3, l->numbers_f), *theta = numbers(l->numbers_theta), *x = numbers(l->numbers_x);
  assert_ok(l->context, limes_network_vjp(l->context, network, batch, w, theta, x));
  double forward = dot(tangent, w, l->numbers_f);
  double backward = dot(theta, l->u, l->numbers_theta) + dot(x, l->v, l->numbers_x);
  double size = sqrt(dot(tangent, tangent, l->numbers_f) * dot(w, w, l->numbers_f));
  if (!(fabs(forward - backward) <= 1e-12 * size))
    fail_msg("%s: <J d, w> = %.17g, <d, J' w> = %.17g", s->model, forward, backward);
  if (!(s->special & IDLE))
    check_that_all_matter(network, theta, s->model);
  free(w);
  free(theta);
  free(x);
}

/* Both laws for one model, in theta and x together. */
static inline void check_derivatives(limes_context *context, const sample *s, const limes_network_settings *settings,
                                     double tolerance) {
  line l = {.context = context, .settings = *settings, .kind = s->kind, .numbers_x = positions_of_kind(s->kind) * FEATURES};
  limes_model *model = parsed(context, s->model);
  l.model = model;
  l.x = random_numbers(5, l.numbers_x);
  l.v = random_numbers(2, l.numbers_x);
  limes_batch *batch = items_of(context, s->kind, l.x);
  limes_network *network = network_of(context, model, batch, settings);
  l.numbers_theta = limes_network_parameters(network);
  l.numbers_f = outputs_of(context, network, batch);
  l.theta = numbers(l.numbers_theta);
  memcpy(l.theta, limes_network_get(network), l.numbers_theta * sizeof *l.theta);
  l.u = random_numbers(1, l.numbers_theta);
  double *f = numbers(l.numbers_f), *same = numbers(l.numbers_f), *tangent = numbers(l.numbers_f);
  double *difference = numbers(l.numbers_f);
  assert_ok(context, limes_network_jvp(context, network, batch, l.u, l.v, f, tangent));
  outputs_at(&l, 0, same);
  assert_same_bits(f, same, l.numbers_f, s->model);
  differences(&l, s->special & KINKS ? 1e-6 : 2e-3, difference);
  assert_near(tangent, difference, l.numbers_f, s->special & KINKS ? 1e-7 : tolerance, s->model);
  check_adjoint(&l, network, batch, tangent, s);

  void *all[] = {l.x, l.v, l.theta, l.u, f, same, tangent, difference};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    free(all[i]);
  limes_network_destroy(network);
  limes_batch_destroy(batch);
  limes_model_destroy(model);
}

#endif

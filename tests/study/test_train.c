/* Training: losses and their gradients, each optimizer against closed forms, the linearized network and the limit against other
 * routes, checkpoints. */
#include <complex.h>
#include <unistd.h>

#include "helpers.h"
#include "limes/limes.h"
#include "math/linear.h"
#include "study/train.h"

enum { N = 6, M = 4, C = 3, K = 2 };
#define LINEAR "dense(w_std=1.3, b_std=0.5)"
#define DEEP "dense(w_std=1.2, b_std=0.3) erf dense(w_std=1.4, b_std=0.2) erf dense(b_std=0.1)"

static limes_context *context;

typedef struct {
  limes_batch *train, *test;
  limes_model *model;
  limes_network *network;
} scene;

static limes_batch *batch_of(size_t n, double phase) {
  double x[N * C], y[N * K];
  limes_array array = {.data = x, .items = n, .features = C};
  limes_batch *batch = NULL;
  for (size_t i = 0; i < n * C; i++)
    x[i] = sin(1.7 * (double)i + phase);
  for (size_t i = 0; i < n * K; i++)
    y[i] = cos(2.3 * (double)i + phase);
  assert_ok(context, limes_batch_create(context, &array, NULL, NULL, &batch));
  assert_ok(context, limes_batch_set_targets(context, batch, y, K));
  return batch;
}

static scene set_up(const char *model, size_t width) {
  scene s = {.train = batch_of(N, 0.3), .test = batch_of(M, 0.9)};
  const limes_batch *batches[2] = {s.train, s.test};
  limes_network_settings settings = {.width = width, .outputs = K, .seed = 5};
  assert_ok(context, limes_model_parse(context, model, &s.model));
  assert_ok(context, limes_network_create(context, s.model, batches, 2, &settings, &s.network));
  return s;
}

static void tear_down(scene *s) {
  limes_network_destroy(s->network);
  limes_model_destroy(s->model);
  limes_batch_destroy(s->train);
  limes_batch_destroy(s->test);
}

static limes_training *begin(const scene *s, limes_train_settings settings) {
  limes_training *training = NULL;
  assert_ok(context, limes_training_create(context, s->network, s->train, s->test, &settings, &training));
  return training;
}

static limes_training *trained(const scene *s, limes_train_settings settings) {
  limes_training *training = begin(s, settings);
  assert_ok(context, limes_training_run(context, training, NULL));
  return training;
}

/* Theta between items of LINEAR, by hand */
static double kernel_of(const limes_batch *a, size_t i, const limes_batch *b, size_t j) {
  double sum = 0;
  for (size_t c = 0; c < C; c++)
    sum += limes_batch_item(a, i)[c] * limes_batch_item(b, j)[c];
  return 1.3 * 1.3 / C * sum + 0.25;
}

static void losses_have_the_gradients_of_differences(void **state) {
  (void)state;
  const double f[K] = {0.4, -1.3}, h = 1e-5;
  const double targets[2][K] = {{0.3, 2}, {0, 1}};
  for (int kind = 0; kind < 2; kind++) {
    double adjoint[K], unused[K];
    (void)limes_loss_of((limes_loss)kind, K, f, targets[kind], adjoint);
    for (size_t k = 0; k < K; k++) {
      double up[K] = {f[0], f[1]}, down[K] = {f[0], f[1]};
      up[k] += h;
      down[k] -= h;
      double slope = (limes_loss_of((limes_loss)kind, K, up, targets[kind], unused) -
                      limes_loss_of((limes_loss)kind, K, down, targets[kind], unused)) /
                     (2 * h);
      assert_close_at(adjoint[k], slope, 1e-9, k);
    }
  }
  assert_close(limes_loss_of(LIMES_SQUARED_ERROR, K, f, targets[0], NULL), (0.01 + 10.89) / (2 * K), 1e-15);
  assert_close(limes_loss_of(LIMES_CROSS_ENTROPY, K, f, targets[1], NULL), log(1 + exp(1.7)), 1e-14);
  assert_close(limes_loss_of(LIMES_CROSS_ENTROPY, K, (double[]){1000, 0}, targets[1], NULL), 1000, 1e-12);
}

static void a_gradient_over_some_items_is_that_of_their_mean_loss(void **state) {
  (void)state;
  scene s = set_up(DEEP, 7);
  limes_training *t = begin(&s, limes_train_defaults());
  const size_t items[3] = {4, 0, 5};
  limes_pass pass = limes_training_pass(t, 0);
  pass.item = items;
  pass.count = 3;
  pass.y = t->y[0];
  pass.gradient = t->gradient;
  assert_ok(context, limes_pass_run(context, &pass));
  double *theta = t->theta, f[N * K];
  for (size_t p = 0; p < t->P; p += 5) {
    double slope = 0;
    for (int sign = -1; sign <= 1; sign += 2) {
      double kept = theta[p];
      theta[p] += sign * 1e-4;
      limes_network_set(s.network, theta);
      theta[p] = kept;
      assert_ok(context, limes_network_forward(context, s.network, s.train, f));
      for (size_t i = 0; i < 3; i++)
        slope += sign * limes_loss_of(LIMES_SQUARED_ERROR, K, f + items[i] * K, t->y[0] + items[i] * K, NULL) / 3 / 2e-4;
    }
    assert_close_at(t->gradient[p], slope, 1e-8, p);
  }
  limes_training_destroy(t);
  tear_down(&s);
}

/* r <- (1 - eta Theta / (N K)) r, step by step */
static void expect_descent(bool decay) {
  scene s = set_up(LINEAR, 5);
  limes_training *t = trained(
      &s, (limes_train_settings){.optimizer = LIMES_SGD, .learning_rate = 1.5, .decay = decay, .steps = 20, .records = 21});
  double r[N * K];
  for (size_t i = 0; i < N * K; i++)
    r[i] = t->outputs[i] - t->y[0][i];
  for (size_t step = 0; step <= 20; step++) {
    double next[N * K], rate = 1.5 * (decay ? 1 - (double)step / 20 : 1);
    for (size_t i = 0; i < N * K; i++) {
      assert_close_at(t->outputs[step * (N + M) * K + i] - t->y[0][i], r[i], 1e-12, i);
      next[i] = r[i];
      for (size_t j = 0; j < N; j++)
        next[i] -= rate / (N * K) * kernel_of(s.train, i / K, s.train, j) * r[j * K + i % K];
    }
    memcpy(r, next, sizeof r);
  }
  limes_training_destroy(t);
  tear_down(&s);
}

static void gradient_descent_of_a_linear_network_is_a_matrix_power(void **state) {
  (void)state;
  expect_descent(false);
  expect_descent(true);
}

/* One item, one output: a quadratic in one direction, with the curvature Theta(x, x) */
static limes_training *train_one(limes_train_settings settings, scene *s, double *curvature) {
  double x[C] = {0.7, -1.1, 0.4}, y = 2;
  limes_array array = {.data = x, .items = 1, .features = C};
  const limes_batch *batches[1];
  limes_network_settings network = {.outputs = 1, .seed = 3};
  *s = (scene){0};
  assert_ok(context, limes_batch_create(context, &array, NULL, NULL, &s->train));
  assert_ok(context, limes_batch_set_targets(context, s->train, &y, 1));
  assert_ok(context, limes_model_parse(context, LINEAR, &s->model));
  batches[0] = s->train;
  assert_ok(context, limes_network_create(context, s->model, batches, 1, &network, &s->network));
  *curvature = kernel_of(s->train, 0, s->train, 0);
  return trained(s, settings);
}

/* r_k = a z^k + b w^k with the roots of z^2 - (1 + mu - eta h) z + mu, r_1 = (1 - eta h) r_0 */
static void momentum_on_a_quadratic_follows_its_recursion(void **state) {
  (void)state;
  scene s;
  double h, mu = 0.9, eta = 0.4;
  limes_training *t = train_one(
      (limes_train_settings){.optimizer = LIMES_MOMENTUM, .momentum = mu, .learning_rate = eta, .steps = 60, .records = 61}, &s,
      &h);
  double complex half = (1 + mu - eta * h) / 2, root = csqrt(half * half - mu), z = half + root, w = half - root;
  double r = t->outputs[0] - 2;
  double complex a = r * (1 - eta * h - w) / (z - w), b = r - a;
  for (int k = 0; k <= 60; k++)
    assert_close_at(t->outputs[k] - 2, creal(a * cpow(z, k) + b * cpow(w, k)), 1e-12, (size_t)k);
  limes_training_destroy(t);
  tear_down(&s);
}

/* The same steps, in the outputs: theta moves by -eta m / (sqrt(v) + epsilon) in each coordinate, all written out */
static void adam_on_a_quadratic_follows_its_definition(void **state) {
  (void)state;
  scene s;
  double h;
  limes_training *t =
      train_one((limes_train_settings){.optimizer = LIMES_ADAM, .learning_rate = 0.05, .steps = 40, .records = 41}, &s, &h);
  const double slope[C + 1] = {0.7 * 1.3 / sqrt(C), -1.1 * 1.3 / sqrt(C), 0.4 * 1.3 / sqrt(C), 0.5};
  double f = t->outputs[0], m[C + 1] = {0}, v[C + 1] = {0};
  for (int k = 1; k <= 40; k++) {
    double r = f - 2;
    for (size_t c = 0; c <= C; c++) {
      double g = slope[c] * r;
      m[c] = 0.9 * m[c] + 0.1 * g;
      v[c] = 0.999 * v[c] + 0.001 * g * g;
      f -= slope[c] * 0.05 * (m[c] / (1 - pow(0.9, k))) / (sqrt(v[c] / (1 - pow(0.999, k))) + 1e-8);
    }
    assert_close_at(t->outputs[k], f, 1e-11, (size_t)k);
  }
  limes_training_destroy(t);
  tear_down(&s);
}

static void flow_on_a_quadratic_is_an_exponential(void **state) {
  (void)state;
  scene s;
  double h;
  limes_training *t =
      train_one((limes_train_settings){.learning_rate = 0.7, .time = 5, .tolerance = 1e-11, .records = 20}, &s, &h);
  for (size_t k = 0; k < 20; k++)
    assert_close_at(t->outputs[k] - 2, (t->outputs[0] - 2) * exp(-0.7 * h * t->at[k]), 1e-9, k);
  limes_training_destroy(t);
  tear_down(&s);
}

static void expect_same(const limes_curves *a, const limes_curves *b, double tolerance) {
  assert_int_equal(a->times, b->times);
  for (size_t i = 0; i < a->times * (a->train + a->test) * a->outputs; i++)
    assert_close_at(a->f[i], b->f[i], tolerance, i);
}

/* It is its own linearization, and its tangent kernel that of the limit: one convention of loss, time and rate for all three. */
static void a_linear_network_follows_its_limit_and_its_linearization(void **state) {
  (void)state;
  scene s = set_up(LINEAR, 0);
  limes_train_settings settings = {.learning_rate = 0.8, .time = 40, .tolerance = 1e-11, .records = 15};
  limes_training *t = trained(&s, settings);
  limes_curves network, limit, linearized;
  assert_ok(context, limes_training_curves(context, t, &network));
  assert_ok(context, limes_training_limit(context, t, 2, &limit));
  assert_ok(context, limes_training_linearized(context, t, &linearized));
  expect_same(&network, &limit, 1e-8);
  expect_same(&linearized, &limit, 1e-11);
  limes_curve_gap gap = limes_curves_gap(&network, &limit);
  assert_true(gap.train < 1e-8 && gap.test < 1e-8);
  assert_true(limes_training_score(t, &network, 14).train_loss < 0.5 * limes_training_score(t, &network, 0).train_loss);
  limes_curves_clear(&network);
  limes_curves_clear(&limit);
  limes_curves_clear(&linearized);
  limes_training_destroy(t);
  tear_down(&s);
}

/* Rows of the Jacobian at all items, one by one [(N + M) K, P] */
static double *jacobian(const scene *s, size_t P) {
  double *rows = limes_matrix(context, P, (N + M) * K);
  assert_non_null(rows);
  for (size_t r = 0; r < (N + M) * K; r++) {
    double adjoint[N * K] = {0};
    adjoint[r < N * K ? r : r - N * K] = 1;
    assert_ok(context, limes_network_vjp(context, s->network, r < N * K ? s->train : s->test, adjoint, rows + r * P, NULL));
  }
  return rows;
}

/* exp(-s A) r by its series on many small steps: A [n,n] symmetric */
static void apply_exponential(size_t n, const double *a, double s, double *r) {
  const int steps = 4000;
  double term[N * K], next[N * K];
  for (int step = 0; step < steps; step++) {
    memcpy(term, r, n * sizeof *r);
    for (int order = 1; order < 12; order++) {
      for (size_t i = 0; i < n; i++) {
        next[i] = 0;
        for (size_t j = 0; j < n; j++)
          next[i] -= s / steps / order * a[i * n + j] * term[j];
      }
      memcpy(term, next, sizeof term);
      for (size_t i = 0; i < n; i++)
        r[i] += term[i];
    }
  }
}

static void the_linearized_network_is_the_exponential_of_its_jacobian(void **state) {
  (void)state;
  scene s = set_up(DEEP, 9);
  limes_training *t = trained(&s, (limes_train_settings){.learning_rate = 1, .time = 30, .tolerance = 1e-5, .records = 4});
  limes_curves linearized;
  assert_ok(context, limes_training_linearized(context, t, &linearized));
  limes_network_set(s.network, t->start);
  double *rows = jacobian(&s, t->P), a[N * K * N * K], r[N * K];
  limes_gemm(true, false, N * K, N * K, t->P, 1, rows, t->P, rows, t->P, 0, a, N * K);
  for (size_t i = 0; i < N * K; i++)
    r[i] = t->outputs[i] - t->y[0][i];
  apply_exponential(N * K, a, 30.0 / (N * K), r);
  for (size_t i = 0; i < N * K; i++)
    assert_close_at(linearized.f[3 * (N + M) * K + i] - t->y[0][i], r[i], 1e-10, i);
  free(rows);
  limes_curves_clear(&linearized);
  limes_training_destroy(t);
  tear_down(&s);
}

static void the_band_is_that_of_the_ensemble(void **state) {
  (void)state;
  scene s = set_up(DEEP, 9);
  limes_training *t = trained(&s, (limes_train_settings){.learning_rate = 0.9, .time = 25, .tolerance = 1e-5, .records = 5});
  limes_curves limit;
  double dd[2][N * N], td[2][M * N], tt[M], mean[M * K], variance[M];
  limes_kernel_output own = {.nngp = dd[0], .ntk = dd[1]}, test = {.nngp = td[0], .ntk = td[1]};
  assert_ok(context, limes_training_limit(context, t, M, &limit));
  assert_ok(context, limes_kernel(context, s.model, s.train, NULL, &own));
  assert_ok(context, limes_kernel(context, s.model, s.test, s.train, &test));
  assert_ok(context, limes_kernel_diagonal(context, s.model, s.test, tt, NULL));
  limes_gp_kernels kernels = {.train = N,
                              .test = M,
                              .nngp_dd = dd[0],
                              .nngp_td = td[0],
                              .nngp_tt = tt,
                              .ntk_dd = dd[1],
                              .ntk_td = td[1],
                              .tt_is_diagonal = true};
  for (size_t k = 0; k < 5; k++) {
    limes_gp_options options = {.with = LIMES_WITH_ENSEMBLE, .noise = 0, .diag_reg = NAN, .time = t->at[k], .learning_rate = 0.9};
    limes_gp *gp = NULL;
    assert_ok(context, limes_gp_fit(context, &kernels, t->y[0], K, false, &options, &gp));
    assert_ok(context, limes_gp_predict(context, gp, &kernels, mean, NULL, variance));
    limes_gp_destroy(gp);
    for (size_t i = 0; i < M * K; i++)
      assert_close_at(limit.mean[k * M * K + i], mean[i], 1e-9, i);
    for (size_t i = 0; i < M; i++)
      assert_close_at(limit.deviation[k * M + i], sqrt(variance[i]), 1e-8, i);
  }
  limes_curves_clear(&limit);
  limes_training_destroy(t);
  tear_down(&s);
}

/* Descent at nearly the largest stable rate shrinks the residual in every direction, at 1.05 of it one grows. */
static void the_stable_rate_is_where_descent_stops_to_be(void **state) {
  (void)state;
  scene s = set_up(LINEAR, 0);
  double rate = 0, last[2];
  for (int over = 0; over < 2; over++) {
    limes_training *t = begin(&s, limes_train_defaults());
    assert_ok(context, limes_training_stable_rate(context, t, &rate));
    limes_training_destroy(t);
    t = trained(&s, (limes_train_settings){
                        .optimizer = LIMES_SGD, .learning_rate = rate * (over ? 1.01 : 0.99), .steps = 200, .records = 2});
    limes_curves curves;
    assert_ok(context, limes_training_curves(context, t, &curves));
    last[over] = limes_training_score(t, &curves, 1).train_loss / limes_training_score(t, &curves, 0).train_loss;
    limes_network_set(s.network, t->start);
    limes_curves_clear(&curves);
    limes_training_destroy(t);
  }
  assert_true(last[0] < 1);
  assert_true(last[1] > 10);
  tear_down(&s);
}

static void a_rate_that_is_too_large_is_said_with_the_stable_one(void **state) {
  (void)state;
  scene s = set_up(DEEP, 20);
  double rate = 0;
  char number[32];
  limes_training *t = begin(&s, (limes_train_settings){.optimizer = LIMES_SGD, .learning_rate = 1e6, .steps = 500, .records = 2});
  assert_ok(context, limes_training_stable_rate(context, t, &rate));
  snprintf(number, sizeof number, "up to %.3g", rate);
  assert_int_equal(limes_training_run(context, t, NULL), LIMES_OUT_OF_DOMAIN);
  assert_non_null(strstr(limes_error(context), number));
  limes_training_destroy(t);
  tear_down(&s);
}

static void every_epoch_sees_every_item_once_in_an_order_of_its_own(void **state) {
  (void)state;
  scene s = set_up(LINEAR, 0);
  limes_training *t = begin(
      &s, (limes_train_settings){.optimizer = LIMES_SGD, .learning_rate = 0.1, .batch = 4, .steps = 40, .records = 2, .seed = 9});
  size_t same = 0, before[N] = {0};
  for (size_t epoch = 0; epoch < 20; epoch++) {
    bool seen[N] = {false};
    for (int half = 0; half < 2; half++)
      assert_ok(context, limes_training_step(context, t));
    for (size_t i = 0; i < N; i++)
      seen[t->order[i]] = true;
    for (size_t i = 0; i < N; i++)
      assert_true(seen[i]);
    same += memcmp(before, t->order, sizeof before) == 0;
    memcpy(before, t->order, sizeof before);
  }
  assert_true(same < 3);
  limes_training_destroy(t);
  tear_down(&s);
}

/* checkpoints */

typedef struct {
  size_t calls, stop_at;
} stopper;

static int stop(void *user, const char *what, double done, double left) {
  stopper *s = user;
  (void)what;
  (void)done;
  (void)left;
  return s->calls++ >= s->stop_at;
}

static limes_status stop_after(void *user) {
  size_t *left = user;
  return (*left)-- == 0 ? limes_fail(context, LIMES_INTERRUPTED, "enough") : LIMES_OK;
}

/* So many steps more, as limes_training_run would do them, then a checkpoint */
static void go_on_a_little(const scene *s, limes_train_settings settings, const char *path, size_t steps) {
  limes_training *t = begin(s, settings);
  bool found = false;
  limes_set_threads(context, 1 + (unsigned)steps % 3);
  assert_ok(context, limes_training_load(context, t, path, &found));
  assert_true(found);
  if (settings.optimizer == LIMES_FLOW) {
    double until = t->recorded < settings.records
                       ? settings.time * pow(1e-4, 1 - (double)(t->recorded - 1) / (double)(settings.records - 2))
                       : 0;
    if (t->recorded < settings.records)
      (void)!limes_training_flow(context, t, until, stop_after, &steps);
  } else {
    while (steps-- > 0 && t->recorded < settings.records &&
           (size_t)t->time < settings.steps * t->recorded / (settings.records - 1))
      assert_ok(context, limes_training_step(context, t));
  }
  assert_ok(context, limes_training_save(context, t, path));
  limes_network_set(s->network, t->start);
  limes_training_destroy(t);
}

/* A training stopped at every progress call, and once more within, ends with the bits of one that never stopped. */
static void a_training_that_is_stopped_ends_with_the_same_bits(void **state) {
  (void)state;
  static const limes_train_settings kinds[] = {
      {.learning_rate = 1, .time = 60, .tolerance = 1e-7, .records = 9},
      {.optimizer = LIMES_SGD, .learning_rate = 0.5, .batch = 4, .steps = 40, .records = 5, .seed = 3},
      {.optimizer = LIMES_MOMENTUM, .momentum = 0.8, .learning_rate = 0.3, .batch = 4, .steps = 40, .records = 5},
      {.optimizer = LIMES_ADAM, .learning_rate = 0.03, .decay = true, .batch = 5, .steps = 40, .records = 5}};
  char path[64];
  snprintf(path, sizeof path, "/tmp/limes-train-%ld.h5", (long)getpid());
  for (size_t kind = 0; kind < 4; kind++) {
    scene s = set_up(DEEP, 11);
    limes_training *whole = trained(&s, kinds[kind]), *last = NULL;
    limes_network_set(s.network, whole->start);
    remove(path);
    last = begin(&s, kinds[kind]);
    stopper stop_soon = {0, 0};
    limes_set_progress(context, stop, &stop_soon);
    limes_status status = limes_training_run(context, last, path);
    limes_set_progress(context, NULL, NULL);
    assert_true(status == LIMES_OK || status == LIMES_INTERRUPTED);
    limes_network_set(s.network, last->start);
    limes_training_destroy(last);
    for (size_t again = 0; again < 4; again++)
      go_on_a_little(&s, kinds[kind], path, 3 * again + 1);
    last = begin(&s, kinds[kind]);
    assert_ok(context, limes_training_run(context, last, path));
    assert_int_equal(last->step, whole->step);
    assert_memory_equal(last->theta, whole->theta, whole->P * sizeof(double));
    assert_memory_equal(last->outputs, whole->outputs, kinds[kind].records * (N + M) * K * sizeof(double));
    limes_training_destroy(last);
    limes_training_destroy(whole);
    tear_down(&s);
  }
  limes_set_threads(context, 0);
  remove(path);
}

static void a_checkpoint_of_another_training_is_refused_and_stays(void **state) {
  (void)state;
  char path[64];
  snprintf(path, sizeof path, "/tmp/limes-other-%ld.h5", (long)getpid());
  limes_train_settings settings = {.optimizer = LIMES_SGD, .learning_rate = 0.5, .steps = 10, .records = 3};
  scene s = set_up(DEEP, 11);
  limes_training *t = begin(&s, settings);
  assert_ok(context, limes_training_run(context, t, path));
  limes_network_set(s.network, t->start);
  limes_training_destroy(t);
  settings.learning_rate = 0.25;
  t = begin(&s, settings);
  assert_int_equal(limes_training_run(context, t, path), LIMES_WRONG_USE);
  assert_non_null(strstr(limes_error(context), "there 'learning rate 0.5', here 'learning rate 0.25'"));
  assert_int_equal(limes_training_run(context, t, "/tmp/nothing.npz"), LIMES_WRONG_USE);
  limes_training_destroy(t);
  remove(path);
  tear_down(&s);
}

static void settings_that_make_no_sense_are_refused(void **state) {
  (void)state;
  static const limes_train_settings bad[] = {
      {.learning_rate = -1, .tolerance = 1, .records = 2},
      {.momentum = 1, .tolerance = 1, .records = 2},
      {.tolerance = 1, .records = 1},
      {.tolerance = 0, .records = 2},
      {.optimizer = LIMES_SGD, .tolerance = 1, .records = 2},
      {.batch = 3, .tolerance = 1, .records = 2},
      {.loss = LIMES_CROSS_ENTROPY, .tolerance = 1, .records = 2},
  };
  scene s = set_up(LINEAR, 0);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    limes_training *t = NULL;
    assert_int_equal(limes_training_create(context, s.network, s.train, s.test, &bad[i], &t), LIMES_WRONG_USE);
    assert_null(t);
  }
  tear_down(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(losses_have_the_gradients_of_differences),
      cmocka_unit_test(a_gradient_over_some_items_is_that_of_their_mean_loss),
      cmocka_unit_test(gradient_descent_of_a_linear_network_is_a_matrix_power),
      cmocka_unit_test(momentum_on_a_quadratic_follows_its_recursion),
      cmocka_unit_test(adam_on_a_quadratic_follows_its_definition),
      cmocka_unit_test(flow_on_a_quadratic_is_an_exponential),
      cmocka_unit_test(a_linear_network_follows_its_limit_and_its_linearization),
      cmocka_unit_test(the_linearized_network_is_the_exponential_of_its_jacobian),
      cmocka_unit_test(the_band_is_that_of_the_ensemble),
      cmocka_unit_test(the_stable_rate_is_where_descent_stops_to_be),
      cmocka_unit_test(a_rate_that_is_too_large_is_said_with_the_stable_one),
      cmocka_unit_test(every_epoch_sees_every_item_once_in_an_order_of_its_own),
      cmocka_unit_test(a_training_that_is_stopped_ends_with_the_same_bits),
      cmocka_unit_test(a_checkpoint_of_another_training_is_refused_and_stays),
      cmocka_unit_test(settings_that_make_no_sense_are_refused),
  };
  assert_int_equal(limes_context_create(&context), LIMES_OK);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  limes_context_destroy(context);
  return failed;
}

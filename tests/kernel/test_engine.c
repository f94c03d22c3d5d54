/* The engine: threads, blocks of rows, interruption, and what the host notices of it. */
#include "kernel/laws.h"

#include <cblas.h>
#include <pthread.h>

static const char *const models[] = {
    "repeat(2, dense(w_std=1.4, b_std=0.1) relu) dense",
    "conv(3, b_std=0.1) relu conv(3) relu flatten dense",
    "conv(3) relu attention(position=sum, decay=cauchy) relu global_avg_pool dense",
};
#define MODELS (sizeof models / sizeof *models)

static limes_batch *items_for(limes_context *context, size_t model, uint64_t seed, size_t n) {
  if (model == 0)
    return random_vectors(context, seed, n, 6);
  if (model == 1)
    return random_sequences(context, seed, n, 9, 3);
  size_t lengths[200];
  random_stream stream = {seed};
  for (size_t i = 0; i < n; i++)
    lengths[i] = random_count(&stream, 1, 12);
  return random_ragged(context, seed, n, lengths, 3);
}

static void threads_do_not_change_a_bit(void **state) {
  enum { N = 75, M = 41 };
  limes_context *context = *state;
  for (size_t m = 0; m < MODELS; m++) {
    limes_batch *x = items_for(context, m, m, N), *y = items_for(context, m, m + 7, M);
    kernels own[3], cross[3];
    for (unsigned threads = 1; threads <= 3; threads++) {
      limes_set_threads(context, threads);
      assert_int_equal(limes_threads(context), threads);
      own[threads - 1] = kernel_of(context, models[m], x, NULL);
      cross[threads - 1] = kernel_of(context, models[m], x, y);
    }
    limes_set_threads(context, 0);
    for (int k = 1; k < 3; k++) {
      assert_kernels_near(&own[k], &own[0], 0, models[m]);
      assert_kernels_near(&cross[k], &cross[0], 0, models[m]);
    }
    for (int k = 0; k < 3; k++) {
      free_kernels(&own[k]);
      free_kernels(&cross[k]);
    }
    limes_batch_destroy(x);
    limes_batch_destroy(y);
  }
}

/* Rows as they come, into a matrix */
typedef struct {
  kernels *into;
  size_t next, columns, calls, stop_at;
  pthread_t caller;
} collector;

static limes_status collect(void *user, size_t first, size_t count, const double *nngp, const double *ntk) {
  collector *c = user;
  assert_true(pthread_equal(pthread_self(), c->caller));
  assert_int_equal(first, c->next);
  if (c->calls++ == c->stop_at)
    return LIMES_BAD_INPUT;
  memcpy(c->into->nngp + first * c->columns, nngp, count * c->columns * sizeof *nngp);
  if (ntk != NULL)
    memcpy(c->into->ntk + first * c->columns, ntk, count * c->columns * sizeof *ntk);
  c->next += count;
  return LIMES_OK;
}

static void rows_equal_the_whole_kernel(void **state) {
  enum { N = 75, M = 41 };
  limes_context *context = *state;
  for (size_t m = 0; m < MODELS; m++)
    for (int symmetric = 0; symmetric < 2; symmetric++) {
      limes_batch *x = items_for(context, m, m, N), *y = symmetric ? NULL : items_for(context, m, m + 7, M);
      size_t columns = symmetric ? N : M;
      kernels whole = kernel_of(context, models[m], x, y), rows = new_kernels(N, columns);
      limes_model *model = parsed(context, models[m]);
      collector c = {.into = &rows, .columns = columns, .stop_at = SIZE_MAX, .caller = pthread_self()};
      assert_ok(context, limes_kernel_rows(context, model, x, y, true, true, collect, &c));
      assert_int_equal(c.next, N);
      assert_kernels_near(&rows, &whole, 0, models[m]);
      c.next = 0;
      assert_ok(context, limes_kernel_rows(context, model, x, y, true, false, collect, &c));
      assert_near(rows.nngp, whole.nngp, N * columns, 1e-14, models[m]);
      limes_model_destroy(model);
      free_kernels(&whole);
      free_kernels(&rows);
      limes_batch_destroy(x);
      limes_batch_destroy(y);
    }
}

/* A matrix too large for one block of rows: the callback is called several times. */
static void many_rows_come_in_several_blocks(void **state) {
  enum { N = 3000 };
  limes_context *context = *state;
  limes_batch *x = random_vectors(context, 1, N, 3);
  limes_model *model = parsed(context, "dense relu dense");
  kernels rows = {N, N, numbers((size_t)N * N), NULL}, whole = {N, N, numbers((size_t)N * N), NULL};
  collector c = {.into = &rows, .columns = N, .stop_at = SIZE_MAX, .caller = pthread_self()};
  assert_ok(context, limes_kernel(context, model, x, NULL, &(limes_kernel_output){.nngp = whole.nngp}));
  assert_ok(context, limes_kernel_rows(context, model, x, NULL, true, false, collect, &c));
  assert_true(c.calls > 1);
  assert_same_bits(rows.nngp, whole.nngp, (size_t)N * N, "rows");
  c = (collector){.into = &rows, .columns = N, .stop_at = 1, .caller = pthread_self()};
  assert_int_equal(limes_kernel_rows(context, model, x, NULL, true, false, collect, &c), LIMES_BAD_INPUT);
  assert_int_equal(c.calls, 2);
  limes_model_destroy(model);
  free_kernels(&rows);
  free_kernels(&whole);
  limes_batch_destroy(x);
}

static void rows_may_stand_apart_in_memory(void **state) {
  limes_context *context = *state;
  limes_batch *x = random_vectors(context, 1, 4, 3), *y = random_vectors(context, 2, 5, 3);
  kernels k = kernel_of(context, models[0], x, y);
  limes_model *model = parsed(context, models[0]);
  double nngp[4 * 8], ntk[4 * 8];
  for (size_t i = 0; i < 32; i++)
    nngp[i] = ntk[i] = -77;
  assert_ok(context, limes_kernel(context, model, x, y, &(limes_kernel_output){.nngp = nngp, .ntk = ntk, .stride = 8}));
  for (size_t i = 0; i < 4; i++)
    for (size_t j = 0; j < 8; j++) {
      assert_close_at(nngp[i * 8 + j], j < 5 ? k.nngp[i * 5 + j] : -77, 0, i * 8 + j);
      assert_close_at(ntk[i * 8 + j], j < 5 ? k.ntk[i * 5 + j] : -77, 0, i * 8 + j);
    }
  limes_model_destroy(model);
  free_kernels(&k);
  limes_batch_destroy(x);
  limes_batch_destroy(y);
}

typedef struct {
  unsigned calls, stop_at;
  double done;
  bool backwards;
  pthread_t caller;
} watcher;

static int watch(void *user, const char *what, double done, double seconds_left) {
  (void)seconds_left;
  watcher *w = user;
  assert_non_null(what);
  assert_true(pthread_equal(pthread_self(), w->caller));
  w->backwards = w->backwards || done < w->done || done < 0 || done > 1;
  w->done = done;
  return ++w->calls >= w->stop_at;
}

/* Asked to stop, the library stops at once; the next call works and gives the same bits. */
static void interruption_leaves_nothing_broken(void **state) {
  limes_context *context = *state;
  for (size_t m = 0; m < MODELS; m++) {
    limes_batch *x = items_for(context, m, 3, 60);
    kernels before = kernel_of(context, models[m], x, NULL), scratch = new_kernels(60, 60);
    limes_model *model = parsed(context, models[m]);
    watcher w = {.stop_at = 1, .caller = pthread_self()};
    limes_set_threads(context, 1); /* so short a work may be over before the calling thread has its turn */
    limes_set_progress(context, watch, &w);
    int threads = openblas_get_num_threads();
    assert_int_equal(limes_kernel(context, model, x, NULL, &(limes_kernel_output){.nngp = scratch.nngp}), LIMES_INTERRUPTED);
    assert_int_equal(openblas_get_num_threads(), threads);
    assert_int_equal(w.calls, 1);
    assert_non_null(strstr(limes_error(context), "interrupted"));
    assert_int_equal(limes_kernel_diagonal(context, model, x, scratch.nngp, NULL), LIMES_INTERRUPTED);
    limes_set_progress(context, NULL, NULL);
    limes_set_threads(context, 0);
    kernels after = kernel_of(context, models[m], x, NULL);
    assert_kernels_near(&after, &before, 0, models[m]);
    limes_model_destroy(model);
    free_kernels(&before);
    free_kernels(&after);
    free_kernels(&scratch);
    limes_batch_destroy(x);
  }
}

static void progress_runs_from_zero_to_one(void **state) {
  limes_context *context = *state;
  limes_batch *x = random_sequences(context, 4, 160, 24, 2);
  limes_model *model = parsed(context, "repeat(4, conv(3) relu) attention relu global_avg_pool dense");
  kernels k = new_kernels(160, 160);
  watcher w = {.stop_at = UINT32_MAX, .caller = pthread_self()};
  limes_set_threads(context, 1);
  limes_set_progress(context, watch, &w);
  assert_ok(context, limes_kernel(context, model, x, NULL, &(limes_kernel_output){.nngp = k.nngp, .ntk = k.ntk}));
  limes_set_progress(context, NULL, NULL);
  limes_set_threads(context, 0);
  assert_true(w.calls >= 1);
  assert_false(w.backwards);
  limes_model_destroy(model);
  free_kernels(&k);
  limes_batch_destroy(x);
}

static void the_host_s_blas_threads_stay_as_they_were(void **state) {
  limes_context *context = *state;
  int before = openblas_get_num_threads();
  for (int threads = 1; threads <= 2; threads++) {
    openblas_set_num_threads(threads);
    limes_batch *x = items_for(context, 2, 5, 30);
    kernels k = kernel_of(context, models[2], x, NULL);
    assert_int_equal(openblas_get_num_threads(), threads);
    limes_gp_kernels inputs = {.train = 30, .nngp_dd = k.nngp, .ntk_dd = k.ntk};
    limes_gp_options options = limes_gp_defaults();
    options.noise = 0.1;
    limes_gp *gp = NULL;
    assert_ok(context, limes_gp_fit(context, &inputs, k.nngp, 1, true, &options, &gp));
    limes_gp_destroy(gp);
    assert_int_equal(openblas_get_num_threads(), threads);
    free_kernels(&k);
    limes_batch_destroy(x);
  }
  openblas_set_num_threads(before);
}

/* Two contexts in two threads at once */
static void *run_alone(void *user) {
  kernels *k = user;
  limes_context *context = new_context();
  limes_batch *x = items_for(context, 2, 6, 60);
  *k = kernel_of(context, models[2], x, NULL);
  limes_batch_destroy(x);
  limes_context_destroy(context);
  return NULL;
}

static void two_contexts_work_side_by_side(void **state) {
  (void)state;
  pthread_t thread[2];
  kernels k[2];
  int before = openblas_get_num_threads();
  for (int i = 0; i < 2; i++)
    assert_int_equal(pthread_create(&thread[i], NULL, run_alone, &k[i]), 0);
  for (int i = 0; i < 2; i++)
    pthread_join(thread[i], NULL);
  assert_int_equal(openblas_get_num_threads(), before);
  assert_kernels_near(&k[1], &k[0], 0, "two contexts");
  free_kernels(&k[0]);
  free_kernels(&k[1]);
}

/* Z of softmax has rows that sum to 1; identity's is the scaled covariance. */
static void attention_matrices_are_what_the_formula_says(void **state) {
  limes_context *context = *state;
  limes_batch *x = items_for(context, 2, 8, 3);
  limes_model *model = parsed(context, "dense attention(q_std=2) attention(zeta=identity, q_std=3, causal=yes) global_avg_pool");
  double *z = NULL;
  size_t T = 0;
  assert_ok(context, limes_attention_matrix(context, model, x, 1, 0, &z, &T));
  assert_int_equal(T, limes_batch_positions(x, 1, NULL));
  kernels k = {0};
  limes_batch *one = NULL;
  assert_ok(context, limes_batch_create_ragged(context, 1, 3, &T, limes_batch_item(x, 1), &one));
  k = positions_of(context, "dense", one, NULL);
  for (size_t a = 0; a < T; a++) {
    double sum = 0, total = 0;
    for (size_t c = 0; c < T; c++) {
      sum += z[a * T + c];
      total += exp(2 * k.nngp[a * T + c]);
    }
    assert_close_at(sum, 1, 1e-14, a);
    for (size_t c = 0; c < T; c++)
      assert_close_at(z[a * T + c], exp(2 * k.nngp[a * T + c]) / total, 1e-13, a * T + c);
  }
  limes_free(z);
  free_kernels(&k);
  k = positions_of(context, "dense attention(q_std=2)", one, NULL);
  assert_ok(context, limes_attention_matrix(context, model, x, 1, 1, &z, &T));
  for (size_t a = 0; a < T; a++)
    for (size_t c = 0; c < T; c++)
      assert_close_at(z[a * T + c], c <= a ? 3 * k.nngp[a * T + c] : 0, 1e-13, a * T + c);
  limes_free(z);
  assert_int_equal(limes_attention_matrix(context, model, x, 1, 2, &z, &T), LIMES_WRONG_USE);
  assert_int_equal(limes_attention_matrix(context, model, x, 3, 0, &z, &T), LIMES_WRONG_USE);
  free_kernels(&k);
  limes_model_destroy(model);
  limes_batch_destroy(one);
  limes_batch_destroy(x);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(threads_do_not_change_a_bit),
      cmocka_unit_test(rows_equal_the_whole_kernel),
      cmocka_unit_test(many_rows_come_in_several_blocks),
      cmocka_unit_test(rows_may_stand_apart_in_memory),
      cmocka_unit_test(interruption_leaves_nothing_broken),
      cmocka_unit_test(progress_runs_from_zero_to_one),
      cmocka_unit_test(the_host_s_blas_threads_stay_as_they_were),
      cmocka_unit_test(two_contexts_work_side_by_side),
      cmocka_unit_test(attention_matrices_are_what_the_formula_says),
  };
  return cmocka_run_group_tests(tests, make_context, destroy_context);
}

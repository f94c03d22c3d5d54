/* correlated_readout: its sum written out, its limits, several length scales in one pass, and the NTK by networks whose gradients
 * are written out. */
#include "kernel/laws.h"

#include <lapacke.h>

#define CHANNELS 3

static double correlation(const char *kernel, double r) {
  if (strcmp(kernel, "exponential") == 0)
    return exp(-r);
  if (strcmp(kernel, "rbf") == 0)
    return exp(-r * r / 2);
  if (strcmp(kernel, "matern52") == 0)
    return exp(-r * sqrt(5)) * (1 + sqrt(5) * r + r * r * 5 / 3);
  return exp(-r * sqrt(3)) * (1 + sqrt(3) * r);
}

/* S [T,T] of positions of a grid with so many columns */
static double *correlations(const char *kernel, double scale, size_t T, size_t columns) {
  double *s = numbers(T * T);
  for (size_t a = 0; a < T; a++)
    for (size_t b = 0; b < T; b++) {
      double rows_apart = (double)(a / columns) - (double)(b / columns);
      double columns_apart = (double)(a % columns) - (double)(b % columns);
      s[a * T + b] = correlation(kernel, sqrt(rows_apart * rows_apart + columns_apart * columns_apart) / scale);
    }
  return s;
}

static double sum_of_products(const double *a, const double *b, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += a[i] * b[i];
  return sum;
}

static double sum_of(const double *a, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += a[i];
  return sum;
}

/* From the kernels of all positions */
static void it_is_the_weighted_sum_over_pairs_of_positions(void **state) {
  limes_context *context = *state;
  static const char *const names[] = {"matern32", "matern52", "exponential", "rbf"};
  for (size_t trial = 0; trial < 16; trial++) {
    bool image = trial % 2 == 1;
    size_t columns = image ? 9 : 11, T = image ? 36 : 11;
    double scale = 0.3 * (double)(1 + trial);
    limes_batch *x = image ? random_images(context, trial, 3, 4, 9, CHANNELS) : random_sequences(context, trial, 3, 11, CHANNELS);
    char text[160];
    snprintf(text, sizeof text, "conv(3, b_std=0.3) relu correlated_readout(%.17g, %s)", scale, names[trial / 2 % 4]);
    kernels k = kernel_of(context, text, x, NULL), each = positions_of(context, "conv(3, b_std=0.3) relu", x, NULL);
    double *s = correlations(names[trial / 2 % 4], scale, T, columns), total = sum_of(s, T * T);
    kernels summed = new_kernels(3, 3);
    for (size_t pair = 0; pair < 9; pair++) {
      summed.nngp[pair] = sum_of_products(s, each.nngp + pair * T * T, T * T) / total;
      summed.ntk[pair] = sum_of_products(s, each.ntk + pair * T * T, T * T) / total;
    }
    assert_kernels_near(&k, &summed, 1e-14, text);
    free(s);
    free_kernels(&k);
    free_kernels(&each);
    free_kernels(&summed);
    limes_batch_destroy(x);
  }
}

static void expect_equal(limes_context *context, const limes_batch *x, const char *one, const char *other) {
  kernels a = kernel_of(context, one, x, NULL), b = kernel_of(context, other, x, NULL);
  assert_kernels_near(&a, &b, 1e-13, one);
  free_kernels(&a);
  free_kernels(&b);
}

static void short_scales_are_flatten_and_long_ones_global_avg_pool(void **state) {
  limes_context *context = *state;
  const size_t lengths[5] = {1, 7, 4, 12, 9};
  static const uint8_t mask[4 * 5] = {0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0};
  double *values = random_numbers(9, 4 * 5 * CHANNELS);
  limes_batch *even = random_images(context, 1, 4, 3, 5, CHANNELS), *ragged = random_ragged(context, 2, 5, lengths, CHANNELS),
              *holes = batch_of(context, values, 1, 4, 5, 1, CHANNELS, mask);
  const limes_batch *const batches[] = {even, ragged, holes};
  static const char *const names[] = {"matern32", "matern52", "exponential", "rbf"};
  for (size_t n = 0; n < 4; n++) {
    char least[160], most[160], none[160];
    snprintf(least, sizeof least, "conv(3) relu correlated_readout(1e-3, %s) dense relu dense", names[n]);
    snprintf(none, sizeof none, "conv(3) relu correlated_readout(1e-300, %s) dense relu dense", names[n]);
    snprintf(most, sizeof most, "conv(3) relu correlated_readout(1e16, %s) dense relu dense", names[n]);
    expect_equal(context, even, least, "conv(3) relu flatten dense relu dense");
    expect_equal(context, even, none, "conv(3) relu flatten dense relu dense");
    for (size_t b = 0; b < 3; b++)
      expect_equal(context, batches[b], most, "conv(3) relu global_avg_pool dense relu dense");
  }
  free(values);
  limes_batch_destroy(even);
  limes_batch_destroy(ragged);
  limes_batch_destroy(holes);
}

#define SCALES 4
static const char *const scale[SCALES] = {"0.5", "2", "1e3", "4.25"};

static const char *const patterns[] = {
    "conv(3) relu correlated_readout($)",
    "dense relu attention relu correlated_readout($, rbf) dense(b_std=0.3) relu residual(dense layer_norm) dense",
    "conv(3) relu sum(correlated_readout($) dense | global_avg_pool dense) repeat(2, dense relu) dense",
    "conv(3) relu product(correlated_readout($) dense | correlated_readout($, exponential) dense) dense",
    "conv(3) sum(relu correlated_readout(3) dense | erf correlated_readout($) dense(w_std=0.7)) layer_norm relu dense",
};
#define PATTERNS (sizeof patterns / sizeof *patterns)

typedef struct {
  double *nngp, *ntk; /* [SCALES, items, items] */
  size_t items;
} collected;

static limes_status collect(void *user, size_t first, size_t count, const double *nngp, const double *ntk) {
  collected *c = user;
  for (size_t r = 0; r < SCALES; r++) {
    memcpy(c->nngp + (r * c->items + first) * c->items, nngp + r * count * c->items, count * c->items * sizeof *nngp);
    memcpy(c->ntk + (r * c->items + first) * c->items, ntk + r * count * c->items, count * c->items * sizeof *ntk);
  }
  return LIMES_OK;
}

/* Matrices, strided ones, blocks of rows, and variances */
static void several_length_scales_have_the_bits_of_each_alone(void **state) {
  limes_context *context = *state;
  enum { N = 19, M = 6, WIDE = N + 3 };
  size_t lengths[N];
  for (size_t i = 0; i < N; i++)
    lengths[i] = 1 + i * 5 % 7;
  limes_batch *x = random_ragged(context, 3, N, lengths, CHANNELS), *y = random_ragged(context, 4, M, lengths, CHANNELS);
  double *nngp = numbers(SCALES * N * WIDE), *ntk = numbers(SCALES * N * WIDE);
  collected rows = {numbers(SCALES * N * N), numbers(SCALES * N * N), N};
  for (size_t p = 0; p < PATTERNS; p++) {
    char text[512];
    fill_in(patterns[p], "0.5:2:1e3:4.25", text, sizeof text);
    limes_model *model = parsed(context, text);
    const double *length_scale = NULL;
    assert_int_equal(limes_model_readouts(model, &length_scale), SCALES);
    for (size_t r = 0; r < SCALES; r++)
      assert_true(length_scale[r] == strtod(scale[r], NULL));
    for (unsigned threads = 1; threads <= 2; threads++) {
      limes_set_threads(context, threads);
      assert_ok(context, limes_kernel(context, model, x, NULL, &(limes_kernel_output){.nngp = nngp, .ntk = ntk, .stride = WIDE}));
      assert_ok(context, limes_kernel_rows(context, model, x, NULL, true, true, collect, &rows));
      for (size_t r = 0; r < SCALES; r++) {
        fill_in(patterns[p], scale[r], text, sizeof text);
        kernels alone = kernel_of(context, text, x, NULL);
        for (size_t i = 0; i < N; i++) {
          assert_same_bits(nngp + (r * N + i) * WIDE, alone.nngp + i * N, N, text);
          assert_same_bits(ntk + (r * N + i) * WIDE, alone.ntk + i * N, N, text);
        }
        assert_same_bits(rows.nngp + r * N * N, alone.nngp, N * N, text);
        assert_same_bits(rows.ntk + r * N * N, alone.ntk, N * N, text);
        free_kernels(&alone);
      }
    }
    assert_ok(context, limes_kernel(context, model, y, x, &(limes_kernel_output){.nngp = nngp, .ntk = ntk}));
    assert_ok(context, limes_kernel_diagonal(context, model, x, rows.nngp, rows.ntk));
    for (size_t r = 0; r < SCALES; r++) {
      fill_in(patterns[p], scale[r], text, sizeof text);
      limes_model *one = parsed(context, text);
      kernels alone = kernel_of(context, text, y, x), variance = new_kernels(1, N);
      assert_int_equal(limes_model_readouts(one, &length_scale), 1);
      assert_ok(context, limes_kernel_diagonal(context, one, x, variance.nngp, variance.ntk));
      assert_same_bits(nngp + r * M * N, alone.nngp, M * N, text);
      assert_same_bits(ntk + r * M * N, alone.ntk, M * N, text);
      assert_same_bits(rows.nngp + r * N, variance.nngp, N, text);
      assert_same_bits(rows.ntk + r * N, variance.ntk, N, text);
      free_kernels(&alone);
      free_kernels(&variance);
      limes_model_destroy(one);
    }
    limes_model_destroy(model);
  }
  limes_set_threads(context, 0);
  free(nngp);
  free(ntk);
  free(rows.nngp);
  free(rows.ntk);
  limes_batch_destroy(x);
  limes_batch_destroy(y);
}

/* Estimates too, with the standard errors of each */
static void sampled_length_scales_have_the_bits_of_each_alone(void **state) {
  limes_context *context = *state;
  static const char *const pattern = "dense attention(scale=sqrt, samples=32) correlated_readout($) dense relu dense";
  enum { N = 4 };
  limes_batch *x = random_sequences(context, 9, N, 3, CHANNELS);
  double several[4][SCALES * N * N], one[4][N * N];
  char text[256];
  fill_in(pattern, "0.5:2:1e3:4.25", text, sizeof text);
  limes_model *model = parsed(context, text);
  assert_ok(context, limes_kernel(context, model, x, NULL,
                                  &(limes_kernel_output){
                                      .nngp = several[0], .ntk = several[1], .nngp_error = several[2], .ntk_error = several[3]}));
  limes_model_destroy(model);
  for (size_t r = 0; r < SCALES; r++) {
    fill_in(pattern, scale[r], text, sizeof text);
    model = parsed(context, text);
    assert_ok(context,
              limes_kernel(context, model, x, NULL,
                           &(limes_kernel_output){.nngp = one[0], .ntk = one[1], .nngp_error = one[2], .ntk_error = one[3]}));
    for (size_t k = 0; k < 4; k++)
      assert_same_bits(several[k] + r * N * N, one[k], (size_t)N * N, text);
    assert_true(one[2][0] > 0 && one[3][0] > 0);
    limes_model_destroy(model);
  }
  limes_batch_destroy(x);
}

/* Rows of the kernel of one length scale, to compare with */
typedef struct {
  size_t items, readout, blocks;
  const double *alone;
} rows_of_one;

static limes_status compare_rows(void *user, size_t first, size_t count, const double *nngp, const double *ntk) {
  rows_of_one *one = user;
  assert_null(ntk);
  assert_same_bits(nngp + one->readout * count * one->items, one->alone + first * one->items, count * one->items, "rows");
  one->blocks++;
  return LIMES_OK;
}

/* So many items and length scales that rows come in more than one block */
static void blocks_of_rows_hold_every_length_scale(void **state) {
  limes_context *context = *state;
  enum { MANY = 900 };
  limes_batch *x = random_sequences(context, 8, MANY, 2, 1);
  limes_model *model = parsed(context, "correlated_readout(1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16)");
  kernels alone = kernel_of(context, "correlated_readout(15)", x, NULL);
  rows_of_one one = {.items = MANY, .readout = 14, .alone = alone.nngp};
  assert_ok(context, limes_kernel_rows(context, model, x, NULL, true, false, compare_rows, &one));
  assert_true(one.blocks > 1);
  free_kernels(&alone);
  limes_model_destroy(model);
  limes_batch_destroy(x);
}

static void what_it_cannot_do_is_said(void **state) {
  limes_context *context = *state;
  static const struct {
    const char *text, *says;
  } refused[] = {
      {"dense correlated_readout(2) relu dense", "those of correlated_readout are not: put dense between"},
      {"flatten correlated_readout(2)", "correlated_readout needs positions"},
      {"sum(correlated_readout(2:3) dense | correlated_readout(2:4) dense)", "another list of length scales"},
      {"sum(correlated_readout(2:3) dense | correlated_readout(2:3:4) dense)", "column 37: correlated_readout has another list"},
  };
  limes_batch *x = random_sequences(context, 5, 3, 4, CHANNELS);
  double out[2 * 9];
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    limes_model *model = parsed(context, refused[i].text);
    assert_int_equal(limes_kernel(context, model, x, NULL, &(limes_kernel_output){.nngp = out}), LIMES_WRONG_USE);
    if (strstr(limes_error(context), refused[i].says) == NULL)
      fail_msg("%s: %s", refused[i].text, limes_error(context));
    limes_model_destroy(model);
  }
  limes_model *model = parsed(context, "conv(3) correlated_readout(2:3)");
  unsigned axes;
  size_t size[4];
  assert_int_equal(limes_kernel_positions(context, model, x, NULL, &(limes_kernel_output){0}, &axes, size), LIMES_WRONG_USE);
  assert_non_null(strstr(limes_error(context), "2 length scales"));
  limes_model_destroy(model);
  assert_int_equal(limes_model_parse(context, "correlated_readout(0)", &model), LIMES_WRONG_USE);
  assert_non_null(strstr(limes_error(context), "length_scale"));
  assert_int_equal(limes_model_parse(context, "correlated_readout", &model), LIMES_WRONG_USE);
  assert_int_equal(limes_model_parse(context, "correlated_readout(2, matern23)", &model), LIMES_WRONG_USE);
  assert_non_null(strstr(limes_error(context), "did you mean 'matern32'"));
  limes_batch_destroy(x);
}

/* one hidden layer of n channels, relu, and output weights u = L z, L L^T = S over positions, z and the first weights normal:
 * f(x) = sum_ac u_ac relu(h_ac(x)) / sqrt(n sum S), h = V x / sqrt(C) */

enum { LONG = 5, ITEMS = 3, WIDTH = 96, DRAWS = 6000 };

typedef struct {
  double output[ITEMS], tangent[ITEMS][ITEMS];
} sampled;

/* K and Theta of one network: gradients by z and V are sums that are written out. lower [LONG, LONG] of S; total: sum S */
static void sample(random_stream *stream, const double *x, const double *lower, double total, sampled *made) {
  static double hidden[ITEMS][LONG], by_z[ITEMS][LONG], by_v[ITEMS][CHANNELS];
  *made = (sampled){0};
  for (size_t c = 0; c < WIDTH; c++) {
    double v[CHANNELS], z[LONG], u[LONG] = {0};
    for (size_t k = 0; k < CHANNELS; k++)
      v[k] = random_normal(stream);
    for (size_t a = 0; a < LONG; a++)
      z[a] = random_normal(stream);
    for (size_t a = 0; a < LONG; a++)
      for (size_t b = 0; b <= a; b++)
        u[a] += lower[a * LONG + b] * z[b];
    memset(by_z, 0, sizeof by_z);
    memset(by_v, 0, sizeof by_v);
    for (size_t i = 0; i < ITEMS; i++)
      for (size_t a = 0; a < LONG; a++) {
        const double *features = x + (i * LONG + a) * CHANNELS;
        hidden[i][a] = sum_of_products(v, features, CHANNELS) / sqrt(CHANNELS);
        double active = hidden[i][a] > 0 ? 1 : 0, share = 1 / sqrt(WIDTH * total);
        made->output[i] += share * u[a] * active * hidden[i][a];
        for (size_t b = 0; b <= a; b++)
          by_z[i][b] += share * lower[a * LONG + b] * active * hidden[i][a];
        for (size_t k = 0; k < CHANNELS; k++)
          by_v[i][k] += share * u[a] * active * features[k] / sqrt(CHANNELS);
      }
    for (size_t i = 0; i < ITEMS; i++)
      for (size_t j = 0; j < ITEMS; j++)
        made->tangent[i][j] += sum_of_products(by_z[i], by_z[j], LONG) + sum_of_products(by_v[i], by_v[j], CHANNELS);
  }
}

/* Mean and standard error of draws given by their sum and sum of squares */
static double errors_away(double sum, double squares, double expected) {
  double mean = sum / DRAWS, variance = squares / DRAWS - mean * mean;
  return fabs(mean - expected) / sqrt(variance / DRAWS);
}

static void networks_with_correlated_output_weights_have_these_kernels(void **state) {
  limes_context *context = *state;
  double *x = random_numbers(6, ITEMS * LONG * CHANNELS), *s = correlations("matern32", 2, LONG, LONG);
  double total = sum_of(s, (size_t)LONG * LONG), sum[4][ITEMS * ITEMS] = {{0}};
  limes_batch *batch = batch_of(context, x, 1, ITEMS, LONG, 1, CHANNELS, NULL);
  kernels exact = kernel_of(context, "dense relu correlated_readout(2) dense", batch, NULL);
  random_stream stream = {7};
  assert_int_equal(LAPACKE_dpotrf(LAPACK_ROW_MAJOR, 'L', LONG, s, LONG), 0);
  for (size_t draw = 0; draw < DRAWS; draw++) {
    sampled one;
    sample(&stream, x, s, total, &one);
    for (size_t i = 0; i < ITEMS; i++)
      for (size_t j = 0; j < ITEMS; j++) {
        double product = one.output[i] * one.output[j], tangent = one.tangent[i][j];
        const double added[4] = {product, product * product, tangent, tangent * tangent};
        for (size_t k = 0; k < 4; k++)
          sum[k][i * ITEMS + j] += added[k];
      }
  }
  double worst[2] = {0}, wrong[2] = {0}; /* wrong: against kernels 15 and 3 % too large, which must be told apart */
  for (size_t e = 0; e < (size_t)ITEMS * ITEMS; e++)
    for (size_t k = 0; k < 2; k++) {
      double expected = k == 0 ? exact.nngp[e] : exact.ntk[e];
      worst[k] = fmax(worst[k], errors_away(sum[2 * k][e], sum[2 * k + 1][e], expected));
      wrong[k] = fmax(wrong[k], errors_away(sum[2 * k][e], sum[2 * k + 1][e], (k == 0 ? 1.15 : 1.03) * expected));
    }
  print_message("largest deviation in standard errors: NNGP %.2f, NTK %.2f; of kernels too large %.1f, %.1f\n", worst[0],
                worst[1], wrong[0], wrong[1]);
  assert_true(worst[0] < 4 && worst[1] < 4 && wrong[0] > 4.5 && wrong[1] > 4.5);
  free(x);
  free(s);
  free_kernels(&exact);
  limes_batch_destroy(batch);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_is_the_weighted_sum_over_pairs_of_positions),
      cmocka_unit_test(short_scales_are_flatten_and_long_ones_global_avg_pool),
      cmocka_unit_test(several_length_scales_have_the_bits_of_each_alone),
      cmocka_unit_test(sampled_length_scales_have_the_bits_of_each_alone),
      cmocka_unit_test(blocks_of_rows_hold_every_length_scale),
      cmocka_unit_test(what_it_cannot_do_is_said),
      cmocka_unit_test(networks_with_correlated_output_weights_have_these_kernels),
  };
  return cmocka_run_group_tests(tests, make_context, destroy_context);
}

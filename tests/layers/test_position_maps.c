/* Layers that are linear in the positions against K <- sum_r P_r K P_r'^T, with the matrices P_r of both items written down
 * element by element from the layers' definitions (docs/mathematics.md, section 2). */
#include "kernel/laws.h"

enum { MOST = 12, MOST_TAPS = 4 }; /* positions along an axis, before and behind; taps along an axis */
enum { AVG_POOL, SUM_POOL, RESIZE, SLICE, CONV, LOCAL_CONV, CONV_TRANSPOSE, KINDS };
enum { SAME, VALID, CIRCULAR };

typedef struct {
  int kind, padding; /* resize: padding 1 is nearest */
  size_t size[2], stride[2];
  bool normalize_edges;
  double w_std, b_std; /* 1 and 0 where the layer has no weights */
  char text[160];
} layer;

/* Along one axis: P [tap][out][in] */
typedef struct {
  size_t taps, in, out;
  double p[MOST_TAPS][MOST][MOST];
} axis_matrices;

static bool has_weights(const layer *l) { return l->kind >= CONV; }

static size_t wrapped(long i, size_t n) { return (size_t)(((i % (long)n) + (long)n) % (long)n); }

/* The input under tap `tap` of a window's output o; -1: padding */
static long under(const layer *l, int axis, size_t in, size_t out, size_t o, size_t tap) {
  long T = (long)in, before = 0;
  if (l->padding != VALID) {
    long total = ((long)out - 1) * (long)l->stride[axis] + (long)l->size[axis] - T;
    before = total > 0 ? total / 2 : 0;
  }
  long at = (long)(o * l->stride[axis] + tap) - before;
  if (l->padding == CIRCULAR)
    return (long)wrapped(at, in);
  return at >= 0 && at < T ? at : -1;
}

static void window(const layer *l, int axis, axis_matrices *m) {
  bool pools = l->kind == AVG_POOL || l->kind == SUM_POOL;
  size_t size = l->size[axis], stride = l->stride[axis];
  m->out = l->padding == VALID ? (m->in - size) / stride + 1 : (m->in + stride - 1) / stride;
  m->taps = pools ? 1 : size;
  for (size_t o = 0; o < m->out; o++) {
    double real = 0;
    for (size_t tap = 0; tap < size; tap++) {
      long i = under(l, axis, m->in, m->out, o, tap);
      real += i >= 0;
      if (i >= 0)
        m->p[pools ? 0 : tap][o][i] += 1;
    }
    for (size_t i = 0; i < m->in && l->kind == AVG_POOL; i++)
      m->p[0][o][i] /= l->normalize_edges ? real : (double)size;
  }
}

static void resize(const layer *l, int axis, axis_matrices *m) {
  m->taps = 1;
  m->out = l->size[axis];
  double ratio = (double)m->in / (double)m->out, width = ratio > 1 ? ratio : 1;
  for (size_t o = 0; o < m->out; o++) {
    double centre = ((double)o + 0.5) * ratio - 0.5, sum = 0;
    if (l->padding == 1) {
      m->p[0][o][(size_t)floor(((double)o + 0.5) * ratio + 1e-9)] = 1;
      continue;
    }
    for (size_t i = 0; i < m->in; i++)
      sum += m->p[0][o][i] = fmax(0, 1 - fabs((double)i - centre) / width);
    for (size_t i = 0; i < m->in; i++)
      m->p[0][o][i] /= sum;
  }
}

static void slice(const layer *l, int axis, axis_matrices *m) {
  m->taps = 1;
  m->out = l->stride[axis] - l->size[axis];
  for (size_t o = 0; o < m->out; o++)
    m->p[0][o][l->size[axis] + o] = 1;
}

/* By the definition: zeros between the inputs, all positions that a filter reaches, then cropped or wrapped. */
static void transpose(const layer *l, int axis, axis_matrices *m) {
  long F = (long)l->size[axis], s = (long)l->stride[axis], T = (long)m->in;
  m->taps = (size_t)F;
  m->out = (size_t)(T * s);
  for (long tap = 0; tap < F; tap++)
    for (long i = 0; i < T; i++) {
      long before = s > F - 1 ? F - 1 : (F + s - 2 + 1) / 2, o = i * s + before - tap;
      if (l->padding == SAME && o >= 0 && o < T * s)
        m->p[tap][o][i] = 1;
      long full = i * s + F - 1 - tap, front = (F > s ? F - s : 0) / 2;
      if (l->padding != SAME)
        m->p[tap][wrapped(full - front, m->out)][i] = 1;
    }
}

static void matrices_of(const layer *l, int axis, bool absent, size_t in, axis_matrices *m) {
  memset(m, 0, sizeof *m);
  m->in = in;
  if (absent) {
    m->taps = m->out = 1;
    m->p[0][0][0] = 1;
  } else if (l->kind == RESIZE) {
    resize(l, axis, m);
  } else if (l->kind == SLICE) {
    slice(l, axis, m);
  } else if (l->kind == CONV_TRANSPOSE) {
    transpose(l, axis, m);
  } else {
    window(l, axis, m);
  }
}

/* Both axes of one item: a sequence has one row. */
typedef struct {
  axis_matrices axis[2];
} item_matrices;

static size_t outputs(const item_matrices *m) { return m->axis[0].out * m->axis[1].out; }
static size_t inputs(const item_matrices *m) { return m->axis[0].in * m->axis[1].in; }

static double element(const item_matrices *m, size_t tap, size_t o, size_t i) {
  const axis_matrices *rows = &m->axis[0], *columns = &m->axis[1];
  return rows->p[tap / columns->taps][o / columns->out][i / columns->in] *
         columns->p[tap % columns->taps][o % columns->out][i % columns->in];
}

/* Whether output a of one item and b of the other have one place */
static bool same_place(const item_matrices *x, size_t a, const item_matrices *y, size_t b) {
  return a / x->axis[1].out == b / y->axis[1].out && a % x->axis[1].out == b % y->axis[1].out;
}

/* sum_r (P_r K P_r'^T)_ab; in [T][T'] */
static double mapped(const item_matrices *x, const item_matrices *y, size_t a, size_t b, const double *in) {
  size_t taps = x->axis[0].taps * x->axis[1].taps, T = inputs(x), T_y = inputs(y);
  double sum = 0;
  for (size_t tap = 0; tap < taps; tap++)
    for (size_t i = 0; i < T; i++) {
      double left = element(x, tap, a, i);
      for (size_t j = 0; j < T_y && left != 0; j++)
        sum += left * in[i * T_y + j] * element(y, tap, b, j);
    }
  return sum;
}

/* The covariance behind the layer: cov, ntk [T_out][T_out'] from in, whose Theta is 2 K */
static void expect(const layer *l, const item_matrices *x, const item_matrices *y, const double *in, double *cov, double *ntk) {
  double taps = has_weights(l) ? (double)(x->axis[0].taps * x->axis[1].taps) : 1, w = l->w_std * l->w_std / taps;
  for (size_t a = 0; a < outputs(x); a++)
    for (size_t b = 0; b < outputs(y); b++) {
      size_t at = a * outputs(y) + b;
      double sum = mapped(x, y, a, b, in);
      bool zero = l->kind == LOCAL_CONV && !same_place(x, a, y, b);
      cov[at] = zero ? 0 : w * sum + l->b_std * l->b_std;
      ntk[at] = zero ? 0 : 2 * w * sum + (has_weights(l) ? cov[at] : 0);
    }
}

/* Behind dense(1.25, 0.5) dense: K = 1.25^2 <x, y> / C + 0.25, Theta = 2 K; [T][T'] */
static void start(const limes_batch *x, size_t i, size_t j, double *in) {
  size_t C = limes_batch_features(x), T = limes_batch_positions(x, i, NULL), T_y = limes_batch_positions(x, j, NULL);
  const double *left = limes_batch_item(x, i), *right = limes_batch_item(x, j);
  for (size_t a = 0; a < T; a++)
    for (size_t b = 0; b < T_y; b++) {
      double dot = 0;
      for (size_t c = 0; c < C; c++)
        dot += left[a * C + c] * right[b * C + c];
      in[a * T_y + b] = 1.5625 * dot / (double)C + 0.25;
    }
}

static void item_of(const layer *l, const limes_batch *x, size_t i, item_matrices *m) {
  size_t size[2] = {1, 1};
  unsigned axes = limes_batch_axes(x);
  size_t T = limes_batch_positions(x, i, size);
  matrices_of(l, 0, axes == 1, axes == 2 ? size[0] : 1, &m->axis[0]);
  matrices_of(l, axes == 2 ? 1 : 0, false, axes == 2 ? size[1] : T, &m->axis[1]);
}

/* what is tried */

static void say(layer *l, unsigned axes) {
  static const char *const words[] = {"avg_pool", "sum_pool", "resize", "slice", "conv", "local_conv", "conv_transpose"};
  static const char *const paddings[] = {"same", "valid", "circular"};
  char sizes[48], strides[48];
  snprintf(sizes, sizeof sizes, axes == 2 ? "%zux%zu" : "%zu", l->size[0], l->size[1]);
  snprintf(strides, sizeof strides, axes == 2 ? "%zux%zu" : "%zu", l->stride[0], l->stride[1]);
  int n = snprintf(l->text, sizeof l->text, "%s(", words[l->kind]);
  size_t room = sizeof l->text - (size_t)n;
  if (l->kind == RESIZE)
    snprintf(l->text + n, room, "%s, %s)", sizes, l->padding == 1 ? "nearest" : "linear");
  else if (l->kind == SLICE && axes == 1)
    snprintf(l->text + n, room, "%zu:%zu)", l->size[0], l->stride[0]);
  else if (l->kind == SLICE)
    snprintf(l->text + n, room, "%zu:%zu, %zu:%zu)", l->size[0], l->stride[0], l->size[1], l->stride[1]);
  else if (has_weights(l))
    snprintf(l->text + n, room, "%s, stride=%s, padding=%s, w_std=%g, b_std=%g)", sizes, strides, paddings[l->padding], l->w_std,
             l->b_std);
  else
    snprintf(l->text + n, room, "%s, stride=%s, padding=%s%s)", sizes, strides, paddings[l->padding],
             l->normalize_edges ? ", normalize_edges=yes" : "");
}

/* A layer that fits into items of at least this size along each axis */
static layer random_layer(random_stream *stream, int kind, unsigned axes, const size_t least[2]) {
  layer l = {.kind = kind, .padding = (int)random_count(stream, 0, 2), .w_std = 1};
  if (kind == CONV_TRANSPOSE && l.padding == VALID)
    l.padding = CIRCULAR;
  l.normalize_edges = kind == AVG_POOL && random_count(stream, 0, 1) == 1;
  for (unsigned axis = 0; axis < axes; axis++) {
    l.size[axis] = random_count(stream, 1, l.padding == VALID && least[axis] < MOST_TAPS ? least[axis] : MOST_TAPS);
    l.stride[axis] = random_count(stream, 1, kind == CONV_TRANSPOSE ? 2 : 3);
    if (kind == RESIZE)
      l.size[axis] = random_count(stream, 1, 8);
    if (kind == SLICE) {
      l.size[axis] = random_count(stream, 0, least[axis] - 1);
      l.stride[axis] = random_count(stream, l.size[axis] + 1, least[axis]);
    }
  }
  if (has_weights(&l)) {
    l.w_std = (double)random_count(stream, 5, 20) / 10;
    l.b_std = (double)random_count(stream, 0, 5) / 10;
  }
  say(&l, axes);
  return l;
}

enum { MOST_ELEMENTS = MOST * MOST * MOST * MOST };

static void maps_equal_their_matrices(void **state) {
  limes_context *context = *state;
  random_stream stream = {7};
  double *in = numbers(MOST_ELEMENTS), *cov = numbers(MOST_ELEMENTS), *ntk = numbers(MOST_ELEMENTS);
  for (unsigned trial = 0; trial < 40 * KINDS; trial++) {
    unsigned axes = 1 + trial / KINDS % 2;
    size_t most = axes == 2 ? 4 : 6, size[2] = {random_count(&stream, 1, most), random_count(&stream, 1, most)};
    layer l = random_layer(&stream, (int)(trial % KINDS), axes, size);
    limes_batch *x =
        axes == 2 ? random_images(context, trial, 2, size[0], size[1], 3) : random_sequences(context, trial, 2, size[0], 3);
    char text[256];
    snprintf(text, sizeof text, "dense(w_std=1.25, b_std=0.5) dense %s", l.text);
    kernels k = positions_of(context, text, x, NULL);
    item_matrices *m = calloc(1, sizeof *m);
    assert_non_null(m);
    item_of(&l, x, 0, m);
    assert_int_equal(k.columns, outputs(m) * outputs(m));
    for (size_t pair = 0; pair < 4; pair++) {
      start(x, pair / 2, pair % 2, in);
      expect(&l, m, m, in, cov, ntk);
      assert_near(k.nngp + pair * k.columns, cov, k.columns, 1e-12, text);
      assert_near(k.ntk + pair * k.columns, ntk, k.columns, 1e-12, text);
    }
    free(m);
    free_kernels(&k);
    limes_batch_destroy(x);
  }
  free(in);
  free(cov);
  free(ntk);
}

/* Items of unequal size */

static limes_batch *uneven_batch(limes_context *context, random_stream *stream, uint64_t seed, unsigned axes, size_t items,
                                 size_t least[2]) {
  size_t most[2] = {axes == 2 ? 4 : 6, 4};
  int64_t lengths[8];
  double *x = random_numbers(seed, items * most[0] * (axes == 2 ? most[1] : 1) * 3);
  least[0] = least[1] = MOST;
  for (size_t i = 0; i < items; i++)
    for (unsigned k = 0; k < axes; k++) {
      size_t n = random_count(stream, 2, most[k]);
      lengths[i * axes + k] = (int64_t)n;
      least[k] = n < least[k] ? n : least[k];
    }
  limes_array array = {.data = x, .axes = axes, .items = items, .size = {most[0], most[1]}, .features = 3};
  limes_batch *batch = NULL;
  assert_ok(context, limes_batch_create(context, &array, NULL, lengths, &batch));
  free(x);
  return batch;
}

/* What the readouts of a pair should be: the sum of all elements, and the mean over the first `kept` equal places */
static void read_out(const layer *l, const limes_batch *x, size_t i, size_t j, double *scratch, double sum[2], double mean[2],
                     size_t rows, size_t columns) {
  item_matrices *m = calloc(2, sizeof *m);
  assert_non_null(m);
  double *cov = scratch + MOST_ELEMENTS, *ntk = scratch + 2 * MOST_ELEMENTS;
  item_of(l, x, i, &m[0]);
  item_of(l, x, j, &m[1]);
  start(x, i, j, scratch);
  expect(l, &m[0], &m[1], scratch, cov, ntk);
  sum[0] = sum[1] = mean[0] = mean[1] = 0;
  for (size_t a = 0; a < outputs(&m[0]); a++)
    for (size_t b = 0; b < outputs(&m[1]); b++) {
      size_t at = a * outputs(&m[1]) + b, width = m[0].axis[1].out;
      sum[0] += cov[at];
      sum[1] += ntk[at];
      if (!same_place(&m[0], a, &m[1], b) || a / width >= rows || a % width >= columns)
        continue;
      mean[0] += cov[at] / (double)(rows * columns);
      mean[1] += ntk[at] / (double)(rows * columns);
    }
  free(m);
}

/* Places that all items have behind the layer */
static void common_places(const layer *l, const limes_batch *x, size_t common[2]) {
  item_matrices *m = calloc(1, sizeof *m);
  assert_non_null(m);
  common[0] = common[1] = MOST;
  for (size_t i = 0; i < limes_batch_items(x); i++) {
    item_of(l, x, i, m);
    for (int axis = 0; axis < 2; axis++)
      common[axis] = m->axis[axis].out < common[axis] ? m->axis[axis].out : common[axis];
  }
  free(m);
}

/* The sum over all positions, and (through slice and flatten) the diagonal of items whose sizes differ before */
static void maps_equal_their_matrices_for_items_of_unequal_size(void **state) {
  limes_context *context = *state;
  random_stream stream = {11};
  double *scratch = numbers(3 * MOST_ELEMENTS);
  for (unsigned trial = 0; trial < 20 * KINDS; trial++) {
    unsigned axes = 1 + trial / KINDS % 2;
    size_t least[2], common[2];
    limes_batch *x = uneven_batch(context, &stream, trial, axes, 4, least);
    layer l = random_layer(&stream, (int)(trial % KINDS), axes, least);
    common_places(&l, x, common);
    char summed[256], sliced[320], range[64];
    if (axes == 2)
      snprintf(range, sizeof range, "0:%zu, :%zu", common[0], common[1]);
    else
      snprintf(range, sizeof range, ":%zu", common[1]);
    snprintf(summed, sizeof summed, "dense(w_std=1.25, b_std=0.5) dense %s global_sum_pool", l.text);
    snprintf(sliced, sizeof sliced, "dense(w_std=1.25, b_std=0.5) dense %s slice(%s) flatten", l.text, range);
    kernels k = kernel_of(context, summed, x, NULL), d = kernel_of(context, sliced, x, NULL);
    for (size_t pair = 0; pair < 16; pair++) {
      double sum[2], mean[2];
      read_out(&l, x, pair / 4, pair % 4, scratch, sum, mean, common[0], common[1]);
      assert_close_at(k.nngp[pair], sum[0], 1e-11 * (1 + fabs(sum[0])), pair);
      assert_close_at(k.ntk[pair], sum[1], 1e-11 * (1 + fabs(sum[1])), pair);
      if (fabs(d.nngp[pair] - mean[0]) > 1e-12 * (1 + fabs(mean[0])) || fabs(d.ntk[pair] - mean[1]) > 1e-12 * (1 + fabs(mean[1])))
        fail_msg("%s, pair %zu: %.17g and %.17g, should be %.17g and %.17g", sliced, pair, d.nngp[pair], d.ntk[pair], mean[0],
                 mean[1]);
    }
    free_kernels(&k);
    free_kernels(&d);
    limes_batch_destroy(x);
  }
  free(scratch);
}

/* A stride can make unequal items equal: what flatten pairs then does not come from equal positions before. */
static void items_made_equal_pair_by_their_new_positions(void **state) {
  limes_context *context = *state;
  const size_t lengths[2] = {5, 6};
  limes_batch *x = random_ragged(context, 3, 2, lengths, 3);
  const char *layers[] = {"conv(3, stride=2)", "conv(2, stride=2, padding=circular)", "avg_pool(3, stride=2, padding=same)",
                          "sum_pool(2, padding=circular)", "local_conv(3, stride=2)"};
  for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
    char direct[128], whole[128];
    snprintf(direct, sizeof direct, "dense %s flatten dense", layers[i]);
    snprintf(whole, sizeof whole, "dense %s avg_pool(1) flatten dense", layers[i]); /* the pool asks for the matrix */
    kernels a = kernel_of(context, direct, x, NULL), b = kernel_of(context, whole, x, NULL);
    assert_kernels_near(&a, &b, 1e-13, direct);
    free_kernels(&a);
    free_kernels(&b);
  }
  limes_batch_destroy(x);
}

/* local_conv's zeros are filled by a later bias, and stay what they are where nothing fills them. */
static void zeros_of_local_conv_are_known(void **state) {
  limes_context *context = *state;
  limes_batch *x = random_sequences(context, 5, 2, 4, 3);
  kernels k = positions_of(context, "local_conv(3, b_std=0.3)", x, NULL),
          filled = positions_of(context, "local_conv(3, b_std=0.3) dense(b_std=2)", x, NULL);
  for (size_t pair = 0; pair < 4; pair++)
    for (size_t e = 0; e < 16; e++)
      if (e / 4 != e % 4) {
        assert_true(k.nngp[pair * 16 + e] == 0 && k.ntk[pair * 16 + e] == 0);
        assert_true(filled.nngp[pair * 16 + e] == 4 && filled.ntk[pair * 16 + e] == 4);
      }
  free_kernels(&k);
  free_kernels(&filled);
  limes_batch_destroy(x);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(maps_equal_their_matrices),
      cmocka_unit_test(maps_equal_their_matrices_for_items_of_unequal_size),
      cmocka_unit_test(items_made_equal_pair_by_their_new_positions),
      cmocka_unit_test(zeros_of_local_conv_are_known),
  };
  return cmocka_run_group_tests(tests, make_context, destroy_context);
}

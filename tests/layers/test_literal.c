/* Convolution and attention against the sums of docs/mathematics.md written as loops, on random shapes and parameters. */
#include "kernel/laws.h"

#define MAX_POSITIONS 30

/* K and Theta between the positions of two items, [T, T'], and each item's own K */
typedef struct {
  size_t size[2][2]; /* of item x, of item y: height, width */
  double cov[MAX_POSITIONS][MAX_POSITIONS], ntk[MAX_POSITIONS][MAX_POSITIONS];
} pair;

static size_t positions(const pair *p, int side) { return p->size[side][0] * p->size[side][1]; }

/* Behind dense(w_std, b_std) dense: K = w^2 <x, y> / C + b^2, Theta = 2 K. */
static void start(pair *p, const limes_batch *x, size_t i, const limes_batch *y, size_t j, double w, double b) {
  size_t size[2] = {1, 1}, features = limes_batch_features(x);
  const double *left = limes_batch_item(x, i), *right = limes_batch_item(y, j);
  for (int side = 0; side < 2; side++) {
    size_t T = limes_batch_positions(side == 0 ? x : y, side == 0 ? i : j, size);
    p->size[side][0] = limes_batch_axes(x) == 2 ? size[0] : 1;
    p->size[side][1] = limes_batch_axes(x) == 2 ? size[1] : T;
  }
  for (size_t a = 0; a < positions(p, 0); a++)
    for (size_t c = 0; c < positions(p, 1); c++) {
      double dot = 0;
      for (size_t k = 0; k < features; k++)
        dot += left[a * features + k] * right[c * features + k];
      p->cov[a][c] = w * w * dot / (double)features + b * b;
      p->ntk[a][c] = 2 * p->cov[a][c];
    }
}

typedef struct {
  size_t filter[2], stride[2];
  int padding; /* same, valid, circular */
  double w_std, b_std;
} convolution;

static const char *const paddings[] = {"same", "valid", "circular"};

static size_t outputs(const convolution *f, size_t length, int axis) {
  if (f->padding == 1)
    return (length - f->filter[axis]) / f->stride[axis] + 1;
  return (length + f->stride[axis] - 1) / f->stride[axis];
}

/* The input position under a tap of an output position, along one axis; -1: padding */
static long under(const convolution *f, size_t length, int axis, size_t output, size_t tap) {
  long T = (long)length, before = 0;
  if (f->padding != 1) {
    long total = ((long)outputs(f, length, axis) - 1) * (long)f->stride[axis] + (long)f->filter[axis] - T;
    before = total > 0 ? total / 2 : 0;
  }
  long at = (long)(f->stride[axis] * output + tap) - before;
  if (f->padding == 2)
    return ((at % T) + T) % T;
  return at >= 0 && at < T ? at : -1;
}

static long place(const convolution *f, const size_t size[2], size_t output, size_t tap) {
  size_t width = outputs(f, size[1], 1);
  long row = under(f, size[0], 0, output / width, tap / f->filter[1]),
       column = under(f, size[1], 1, output % width, tap % f->filter[1]);
  return row < 0 || column < 0 ? -1 : row * (long)size[1] + column;
}

static void convolve(const convolution *f, const pair *in, pair *out) {
  for (int side = 0; side < 2; side++)
    for (int axis = 0; axis < 2; axis++)
      out->size[side][axis] = outputs(f, in->size[side][axis], axis);
  size_t taps = f->filter[0] * f->filter[1];
  for (size_t a = 0; a < positions(out, 0); a++)
    for (size_t c = 0; c < positions(out, 1); c++) {
      double cov = 0, ntk = 0;
      for (size_t tap = 0; tap < taps; tap++) {
        long left = place(f, in->size[0], a, tap), right = place(f, in->size[1], c, tap);
        if (left >= 0 && right >= 0) {
          cov += in->cov[left][right] / (double)taps;
          ntk += in->ntk[left][right] / (double)taps;
        }
      }
      out->cov[a][c] = f->w_std * f->w_std * cov + f->b_std * f->b_std;
      out->ntk[a][c] = f->w_std * f->w_std * ntk + out->cov[a][c];
    }
}

static void compare(const pair *expected, const kernels *k, size_t row, const char *text) {
  size_t n = positions(expected, 1);
  assert_int_equal(k->columns, positions(expected, 0) * n);
  for (size_t a = 0; a < positions(expected, 0); a++) {
    assert_near(k->nngp + row * k->columns + a * n, expected->cov[a], n, 1e-12, text);
    assert_near(k->ntk + row * k->columns + a * n, expected->ntk[a], n, 1e-12, text);
  }
}

/* A convolution that fits into items of this size, and its text */
static convolution random_convolution(random_stream *stream, unsigned axes, const size_t size[2], char *text, size_t room) {
  convolution f = {.filter = {1, 1}, .stride = {1, 1}, .padding = (int)random_count(stream, 0, 2)};
  f.w_std = (double)random_count(stream, 5, 20) / 10;
  f.b_std = (double)random_count(stream, 0, 5) / 10;
  for (unsigned axis = axes == 2 ? 0 : 1; axis < 2; axis++) {
    f.filter[axis] = random_count(stream, 1, f.padding == 1 ? size[axis] : 5);
    f.stride[axis] = random_count(stream, 1, 3);
  }
  char sizes[64];
  if (axes == 2)
    snprintf(sizes, sizeof sizes, "%zux%zu, stride=%zux%zu", f.filter[0], f.filter[1], f.stride[0], f.stride[1]);
  else
    snprintf(sizes, sizeof sizes, "%zu, stride=%zu", f.filter[1], f.stride[1]);
  snprintf(text, room, "dense(w_std=1.25, b_std=0.5) dense conv(%s, padding=%s, w_std=%g, b_std=%g)", sizes, paddings[f.padding],
           f.w_std, f.b_std);
  return f;
}

/* dense(1.25, 0.5) dense: K = 1.25^2 <x, y> / C + 0.25, then K again; Theta = 2 K */
static void convolution_equals_its_loop(void **state) {
  limes_context *context = *state;
  random_stream stream = {1};
  for (unsigned trial = 0; trial < 120; trial++) {
    unsigned axes = trial % 2 == 0 ? 1 : 2;
    size_t size[2] = {axes == 2 ? random_count(&stream, 1, 5) : 1, random_count(&stream, 1, 5)};
    char text[256];
    convolution f = random_convolution(&stream, axes, size, text, sizeof text);
    limes_batch *x =
        axes == 2 ? random_images(context, trial, 2, size[0], size[1], 3) : random_sequences(context, trial, 2, size[1], 3);
    kernels k = positions_of(context, text, x, NULL);
    for (size_t i = 0; i < 2; i++)
      for (size_t j = 0; j < 2; j++) {
        pair before, after;
        start(&before, x, i, x, j, 1.25, 0.5);
        convolve(&f, &before, &after);
        compare(&after, &k, i * 2 + j, text);
      }
    free_kernels(&k);
    limes_batch_destroy(x);
  }
}

enum { SOFTMAX, IDENTITY, RELU, ABS, ERF, SPARSEMAX, ENTMAX15, TOPK, ZETAS };
enum { NO_POSITIONS, SUM, CONCAT, ONLY };
enum { NO_DECAY, CAUCHY, EXPONENTIAL, RELATIVE };
static const char *const zetas[] = {"softmax", "identity", "relu", "abs", "erf", "sparsemax", "entmax15", "topk"};
static const char *const position_words[] = {"none", "sum", "concat", "only"};
static const char *const decays[] = {"none", "cauchy", "exponential", "relative"};

typedef struct {
  int zeta, position, decay;
  bool in_values, causal, center;
  size_t k;
  double prune, skip, q_std, k_std, v_std, o_std, b_std, position_std, share, rate, power, norm;
} attention;

/* R between position a of an item of size n and position b of one of size m */
static double position_covariance(const attention *f, size_t a, const size_t n[2], size_t b, const size_t m[2], unsigned axes) {
  double left[2] = {(double)(a / n[1]), (double)(a % n[1])}, right[2] = {(double)(b / m[1]), (double)(b % m[1])}, d = 0;
  for (unsigned axis = axes == 2 ? 0 : 1; axis < 2; axis++)
    d += f->decay == RELATIVE ? pow(left[axis] / (double)n[axis] - right[axis] / (double)m[axis], 2) / axes
                              : pow(fabs(left[axis] - right[axis]), f->norm);
  switch (f->decay) {
  case CAUCHY:
    return 1 / (1 + pow(f->rate * d, f->power));
  case EXPONENTIAL:
    return exp(-pow(f->rate * d, f->power));
  case RELATIVE:
    return exp(-f->rate * d);
  default:
    return d == 0;
  }
}

/* K~ of one element */
static double with_position(const attention *f, double value, double r) {
  double p2 = f->position_std * f->position_std;
  switch (f->position) {
  case SUM:
    return value + p2 * r;
  case CONCAT:
    return (1 - f->share) * value + f->share * p2 * r;
  case ONLY:
    return p2 * r;
  default:
    return value;
  }
}

/* max(z scale - tau, 0)^power, which sum to 1 */
static void sparse_row(size_t n, double *z, double scale, double power) {
  double low = -INFINITY, high = -INFINITY;
  for (size_t c = 0; c < n; c++)
    high = fmax(high, z[c] * scale);
  low = high - 1;
  for (unsigned step = 0; step < 80; step++) {
    double middle = (low + high) / 2, sum = 0;
    for (size_t c = 0; c < n; c++)
      sum += pow(fmax(z[c] * scale - middle, 0), power);
    *(sum > 1 ? &low : &high) = middle;
  }
  for (size_t c = 0; c < n; c++)
    z[c] = pow(fmax(z[c] * scale - low, 0), power);
}

/* softmax over the k largest, then without weights under f->prune */
static void softmax_row(const attention *f, size_t n, double *z) {
  double weight[MAX_POSITIONS], total = 0, largest = 0, kept = 0;
  for (size_t c = 0; c < n; c++) {
    size_t before = 0;
    for (size_t d = 0; d < n; d++)
      before += z[d] > z[c] || (z[d] == z[c] && d < c);
    weight[c] = f->zeta == TOPK && before >= f->k ? 0 : exp(z[c]);
    total += weight[c];
    largest = fmax(largest, weight[c]);
  }
  for (size_t c = 0; c < n; c++) {
    z[c] = weight[c] / total < fmin(f->prune, largest / total) ? 0 : weight[c];
    kept += z[c];
  }
  for (size_t c = 0; c < n; c++)
    z[c] /= kept;
}

static void zeta_row(const attention *f, size_t n, double *z) {
  if (f->zeta == SOFTMAX || f->zeta == TOPK)
    softmax_row(f, n, z);
  else if (f->zeta == SPARSEMAX || f->zeta == ENTMAX15)
    sparse_row(n, z, f->zeta == SPARSEMAX ? 1 : 0.5, f->zeta == SPARSEMAX ? 1 : 2);
  else
    for (size_t c = 0; c < n; c++)
      z[c] = f->zeta == RELU ? fmax(z[c], 0) : f->zeta == ABS ? fabs(z[c]) : f->zeta == ERF ? erf(z[c]) : z[c];
}

/* Z of one item from its own K, [T, T] */
static void weights_of(const attention *f, const pair *own, unsigned axes, double Z[MAX_POSITIONS][MAX_POSITIONS]) {
  size_t T = positions(own, 0);
  for (size_t a = 0; a < T; a++) {
    size_t last = f->causal ? a : T - 1;
    memset(Z[a], 0, sizeof Z[a]);
    for (size_t c = 0; c <= last; c++) {
      double r = position_covariance(f, a, own->size[0], c, own->size[0], axes);
      Z[a][c] = f->q_std * f->k_std * with_position(f, own->cov[a][c], r);
    }
    zeta_row(f, last + 1, Z[a]);
    for (size_t c = 0; c <= last; c++)
      Z[a][c] += (c == a ? f->skip : 0) - (f->center ? 1 / (double)(last + 1) : 0);
  }
}

static void attend(const attention *f, const pair *in, const pair *own_x, const pair *own_y, unsigned axes, pair *out) {
  static double Z[2][MAX_POSITIONS][MAX_POSITIONS];
  weights_of(f, own_x, axes, Z[0]);
  weights_of(f, own_y, axes, Z[1]);
  double ov2 = pow(f->v_std * f->o_std, 2), b2 = f->b_std * f->b_std;
  memcpy(out->size, in->size, sizeof out->size);
  for (size_t a = 0; a < positions(in, 0); a++)
    for (size_t b = 0; b < positions(in, 1); b++) {
      double cov = 0, ntk = 0;
      for (size_t c = 0; c < positions(in, 0); c++)
        for (size_t d = 0; d < positions(in, 1); d++) {
          double r = position_covariance(f, c, in->size[0], d, in->size[1], axes);
          double value = f->in_values ? with_position(f, in->cov[c][d], r) : in->cov[c][d];
          double slope = f->in_values ? with_position(f, in->ntk[c][d], r) : in->ntk[c][d];
          cov += Z[0][a][c] * value * Z[1][b][d];
          ntk += Z[0][a][c] * slope * Z[1][b][d];
        }
      out->cov[a][b] = ov2 * cov + b2;
      out->ntk[a][b] = ov2 * ntk + b2 + 2 * ov2 * cov;
    }
}

static double tenths(random_stream *stream, size_t low, size_t high) { return (double)random_count(stream, low, high) / 10; }

static attention random_attention(random_stream *stream, unsigned trial, char *text, size_t room) {
  attention f = {.zeta = (int)(trial % ZETAS), .position = (int)(trial / ZETAS % 4), .decay = (int)(trial / ZETAS / 4 % 4)};
  f.k = random_count(stream, 1, 4);
  f.prune = f.zeta == SOFTMAX ? tenths(stream, 0, 5) : 0;
  f.center = random_count(stream, 0, 3) == 0;
  f.skip = random_count(stream, 0, 3) == 0 ? tenths(stream, 0, 20) - 1 : 0;
  f.causal = random_count(stream, 0, 1) == 1;
  f.in_values = (f.position == SUM || f.position == CONCAT) && random_count(stream, 0, 1) == 1;
  f.q_std = tenths(stream, 5, 20);
  f.k_std = tenths(stream, 5, 20);
  f.v_std = tenths(stream, 5, 20);
  f.o_std = tenths(stream, 5, 20);
  f.b_std = tenths(stream, 0, 5);
  f.position_std = tenths(stream, 3, 15);
  f.share = tenths(stream, 1, 9);
  f.rate = tenths(stream, 1, 30);
  f.power = tenths(stream, 4, 10);
  f.norm = tenths(stream, 5, 10);
  char k[16] = "";
  if (f.zeta == TOPK)
    snprintf(k, sizeof k, "(%zu)", f.k);
  int length = snprintf(text, room,
                        "dense(w_std=1.25, b_std=0.5) dense attention(zeta=%s%s, prune=%g, center=%s, skip=%g, causal=%s, "
                        "q_std=%g, k_std=%g, v_std=%g, o_std=%g, b_std=%g",
                        zetas[f.zeta], k, f.prune, f.center ? "yes" : "no", f.skip, f.causal ? "yes" : "no", f.q_std, f.k_std,
                        f.v_std, f.o_std, f.b_std);
  if (f.position != NO_POSITIONS)
    length += snprintf(text + length, room - (size_t)length, ", position=%s, position_std=%g, decay=%s, in_values=%s",
                       position_words[f.position], f.position_std, decays[f.decay], f.in_values ? "yes" : "no");
  if (f.position == CONCAT)
    length += snprintf(text + length, room - (size_t)length, ", position_share=%g", f.share);
  if (f.position != NO_POSITIONS && f.decay != NO_DECAY)
    length += snprintf(text + length, room - (size_t)length, ", decay_rate=%g", f.rate);
  if (f.position != NO_POSITIONS && (f.decay == CAUCHY || f.decay == EXPONENTIAL))
    length += snprintf(text + length, room - (size_t)length, ", decay_power=%g, position_norm=%g", f.power, f.norm);
  else
    f.norm = 2;
  snprintf(text + length, room - (size_t)length, ")");
  return f;
}

/* Sequences of four lengths or images of one size, pooled, so that ragged pairs are seen too; images keep their positions. */
static void attention_equals_its_loop(void **state) {
  limes_context *context = *state;
  random_stream stream = {2};
  static pair own[4], before, after;
  for (unsigned trial = 0; trial < 256; trial++) {
    char text[512], pooled[600];
    attention f = random_attention(&stream, trial, text, sizeof text);
    snprintf(pooled, sizeof pooled, "%s global_avg_pool", text);
    size_t lengths[] = {random_count(&stream, 1, 8), random_count(&stream, 1, 8), 1, 5}, items = trial / 128 == 0 ? 4 : 2;
    unsigned axes = items == 4 ? 1 : 2;
    limes_batch *x = axes == 1
                         ? random_ragged(context, trial, items, lengths, 3)
                         : random_images(context, trial, items, random_count(&stream, 1, 4), random_count(&stream, 1, 4), 3);
    kernels k = axes == 1 ? kernel_of(context, pooled, x, NULL) : positions_of(context, text, x, NULL);
    for (size_t i = 0; i < items; i++)
      start(&own[i], x, i, x, i, 1.25, 0.5);
    for (size_t i = 0; i < items; i++)
      for (size_t j = 0; j < items; j++) {
        start(&before, x, i, x, j, 1.25, 0.5);
        attend(&f, &before, &own[i], &own[j], axes, &after);
        if (axes == 2) {
          compare(&after, &k, i * items + j, text);
          continue;
        }
        double cov = 0, ntk = 0, n = (double)(positions(&after, 0) * positions(&after, 1)), scale_cov = 0, scale_ntk = 0;
        for (size_t a = 0; a < positions(&after, 0); a++)
          for (size_t b = 0; b < positions(&after, 1); b++) {
            cov += after.cov[a][b] / n;
            ntk += after.ntk[a][b] / n;
            scale_cov += fabs(after.cov[a][b]) / n;
            scale_ntk += fabs(after.ntk[a][b]) / n;
          }
        if (fabs(k.nngp[i * items + j] - cov) > 1e-12 * scale_cov || fabs(k.ntk[i * items + j] - ntk) > 1e-12 * scale_ntk)
          fail_msg("%s: items %zu and %zu: %.17g and %.17g, should be %.17g and %.17g", text, i, j, k.nngp[i * items + j],
                   k.ntk[i * items + j], cov, ntk);
      }
    free_kernels(&k);
    limes_batch_destroy(x);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(convolution_equals_its_loop), cmocka_unit_test(attention_equals_its_loop)};
  return cmocka_run_group_tests(tests, make_context, destroy_context);
}

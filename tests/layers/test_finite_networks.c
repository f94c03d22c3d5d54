/* Wide random networks, written out naively, against the exact kernel of their limit.
 *
 * Weights are N(0, 1), multiplied by w_std / sqrt(fan_in) in the forward pass, and shared by all items of a draw. The mean
 * over draws of products of outputs must meet the NNGP kernel within 4.5 standard errors and 1/width; the test then asks
 * the same of a kernel that is 5 % too large, which must fail. */
#include "kernel/laws.h"

#include <Random123/philox.h>

#define FEATURES 3

/* Normal numbers by Philox and Box-Muller; one stream for each draw */
typedef struct {
  philox4x32_key_t key;
  philox4x32_ctr_t counter;
  unsigned left;
  float kept[4];
} normal_stream;

static float next_normal(normal_stream *stream) {
  if (stream->left == 0) {
    philox4x32_ctr_t bits = philox4x32(stream->counter, stream->key);
    stream->counter.v[0]++;
    for (int pair = 0; pair < 4; pair += 2) {
      float radius = sqrtf(-2 * logf(((float)bits.v[pair] + 0.5f) * 0x1p-32f)), sine, cosine;
      sincosf(6.2831853f * (float)bits.v[pair + 1] * 0x1p-32f, &sine, &cosine);
      stream->kept[pair] = radius * cosine;
      stream->kept[pair + 1] = radius * sine;
    }
    stream->left = 4;
  }
  return stream->kept[--stream->left];
}

/* Activations of all items: [rows, channels], the positions of one item after another */
typedef struct {
  size_t items, T, channels;
  float *value;
} layer;

static layer new_layer(size_t items, size_t T, size_t channels) {
  float *value = calloc(items * T * channels, sizeof *value);
  assert_non_null(value);
  return (layer){items, T, channels, value};
}

/* out[row] += std / sqrt(fan_in) W in[row'] for a fresh W, row' = row moved by shift positions, zeros beyond the ends */
static void add_linear(normal_stream *stream, const layer *in, layer *out, float scale, long shift) {
  float *row = calloc(out->channels, sizeof *row);
  assert_non_null(row);
  for (size_t k = 0; k < in->channels; k++) {
    for (size_t c = 0; c < out->channels; c++)
      row[c] = scale * next_normal(stream);
    for (size_t i = 0; i < in->items; i++)
      for (long a = 0; a < (long)in->T; a++) {
        if (a + shift < 0 || a + shift >= (long)in->T)
          continue;
        float x = in->value[(i * in->T + (size_t)(a + shift)) * in->channels + k];
        float *y = out->value + (i * in->T + (size_t)a) * out->channels;
        for (size_t c = 0; c < out->channels; c++)
          y[c] += x * row[c];
      }
  }
  free(row);
}

static void add_bias(normal_stream *stream, layer *out, float std) {
  for (size_t c = 0; c < out->channels; c++) {
    float bias = std * next_normal(stream);
    for (size_t row = 0; row < out->items * out->T; row++)
      out->value[row * out->channels + c] += bias;
  }
}

/* A convolution with `taps` taps and `same` padding; one tap is dense. Takes `in` over. */
static layer convolve(normal_stream *stream, layer in, size_t taps, size_t width, float w_std, float b_std) {
  layer out = new_layer(in.items, in.T, width);
  for (size_t tap = 0; tap < taps; tap++)
    add_linear(stream, &in, &out, w_std / sqrtf((float)(in.channels * taps)), (long)tap - (long)(taps - 1) / 2);
  add_bias(stream, &out, b_std);
  free(in.value);
  return out;
}

static layer rectify(layer z) {
  for (size_t i = 0; i < z.items * z.T * z.channels; i++)
    z.value[i] = fmaxf(z.value[i], 0);
  return z;
}

static layer pool(layer in) {
  layer out = new_layer(in.items, 1, in.channels);
  for (size_t i = 0; i < in.items; i++)
    for (size_t a = 0; a < in.T; a++)
      for (size_t c = 0; c < in.channels; c++)
        out.value[i * in.channels + c] += in.value[(i * in.T + a) * in.channels + c] / (float)in.T;
  free(in.value);
  return out;
}

#define HEADS 4
#define KEY_WIDTH 128
#define VALUE_WIDTH 64
#define LENGTH 4 /* positions */
static const float q_std = 0.75f, k_std = 1, v_std = 1.25f, o_std = 0.75f, bias_std = 0.5f, position_std = 0.75f;

/* g + p, p[T, channels] with covariance position_std^2 exp(-(a - b)^2 / 2) between positions, the same for all items */
static layer with_positions(normal_stream *stream, const layer *g) {
  double lower[LENGTH][LENGTH] = {{0}};
  for (int a = 0; a < LENGTH; a++)
    for (int b = 0; b <= a; b++) {
      double sum = exp(-0.5 * (a - b) * (a - b));
      for (int k = 0; k < b; k++)
        sum -= lower[a][k] * lower[b][k];
      lower[a][b] = a == b ? sqrt(sum) : sum / lower[b][b];
    }
  layer out = new_layer(g->items, g->T, g->channels);
  for (size_t c = 0; c < g->channels; c++) {
    float normal[LENGTH], embedding[LENGTH] = {0};
    for (int a = 0; a < LENGTH; a++)
      normal[a] = next_normal(stream);
    for (int a = 0; a < LENGTH; a++)
      for (int b = 0; b <= a; b++)
        embedding[a] += position_std * (float)lower[a][b] * normal[b];
    for (size_t row = 0; row < g->items * g->T; row++)
      out.value[row * g->channels + c] = g->value[row * g->channels + c] + embedding[row % LENGTH];
  }
  return out;
}

/* softmax over c of q_std k_std <key_a, key_c> / d, with one matrix for queries and keys */
static void attention_weights(const layer *keys, size_t item, float Z[LENGTH][LENGTH]) {
  for (size_t a = 0; a < LENGTH; a++) {
    float total = 0;
    for (size_t c = 0; c < LENGTH; c++) {
      float logit = 0;
      for (size_t k = 0; k < KEY_WIDTH; k++)
        logit += keys->value[(item * LENGTH + a) * KEY_WIDTH + k] * keys->value[(item * LENGTH + c) * KEY_WIDTH + k];
      Z[a][c] = expf(q_std * k_std * logit / KEY_WIDTH);
      total += Z[a][c];
    }
    for (size_t c = 0; c < LENGTH; c++)
      Z[a][c] /= total;
  }
}

/* Heads side by side, then the output weights. Takes g over. */
static layer attend(normal_stream *stream, layer g, size_t width) {
  layer seen = with_positions(stream, &g), heads = new_layer(g.items, LENGTH, HEADS * VALUE_WIDTH);
  float fan_in = sqrtf((float)g.channels), Z[LENGTH][LENGTH];
  for (size_t head = 0; head < HEADS; head++) {
    layer keys = new_layer(g.items, LENGTH, KEY_WIDTH), values = new_layer(g.items, LENGTH, VALUE_WIDTH);
    add_linear(stream, &seen, &keys, 1 / fan_in, 0);
    add_linear(stream, &g, &values, v_std / fan_in, 0);
    for (size_t i = 0; i < g.items; i++) {
      attention_weights(&keys, i, Z);
      for (size_t a = 0; a < LENGTH; a++)
        for (size_t c = 0; c < LENGTH; c++)
          for (size_t k = 0; k < VALUE_WIDTH; k++)
            heads.value[(i * LENGTH + a) * heads.channels + head * VALUE_WIDTH + k] +=
                Z[a][c] * values.value[(i * LENGTH + c) * VALUE_WIDTH + k];
    }
    free(keys.value);
    free(values.value);
  }
  free(seen.value);
  free(g.value);
  return convolve(stream, heads, 1, width, o_std, bias_std);
}

#define RANDOM_HEADS 24
#define NARROW 16 /* channels of a value */

/* relu of logits / sqrt(d), queries and keys with matrices of their own, on the input itself: any number of features will do
 * there, and many heads cost little. Takes x over. */
static layer attend_at_random(normal_stream *stream, layer x) {
  layer heads = new_layer(x.items, LENGTH, RANDOM_HEADS * NARROW);
  float fan_in = sqrtf((float)x.channels);
  for (size_t head = 0; head < RANDOM_HEADS; head++) {
    layer queries = new_layer(x.items, LENGTH, KEY_WIDTH), keys = new_layer(x.items, LENGTH, KEY_WIDTH),
          values = new_layer(x.items, LENGTH, NARROW);
    add_linear(stream, &x, &queries, q_std / fan_in, 0);
    add_linear(stream, &x, &keys, k_std / fan_in, 0);
    add_linear(stream, &x, &values, v_std / fan_in, 0);
    for (size_t query = 0; query < x.items * LENGTH; query++)
      for (size_t key = query / LENGTH * LENGTH; key < (query / LENGTH + 1) * LENGTH; key++) {
        float logit = 0;
        for (size_t k = 0; k < KEY_WIDTH; k++)
          logit += queries.value[query * KEY_WIDTH + k] * keys.value[key * KEY_WIDTH + k];
        for (size_t k = 0; k < NARROW; k++)
          heads.value[query * heads.channels + head * NARROW + k] +=
              fmaxf(logit / sqrtf(KEY_WIDTH), 0) * values.value[key * NARROW + k];
      }
    free(queries.value);
    free(keys.value);
    free(values.value);
  }
  free(x.value);
  return convolve(stream, heads, 1, 128, o_std, bias_std);
}

static layer fully_connected(normal_stream *stream, layer x) {
  layer hidden = rectify(convolve(stream, x, 1, 256, 1.5f, 0.5f));
  return convolve(stream, hidden, 1, 256, 1.25f, 0.25f);
}

static layer convolutional(normal_stream *stream, layer x) {
  layer hidden = rectify(convolve(stream, x, 3, 192, 1.5f, 0.5f));
  return pool(convolve(stream, hidden, 3, 192, 1.25f, 0.25f));
}

static layer attentive(normal_stream *stream, layer x) { return attend(stream, convolve(stream, x, 1, 512, 1.5f, 0.5f), 512); }

#define SURVIVE 0.8f
#define QUANTILE (-0.8416212f) /* a normal number is above it with probability SURVIVE */

static float toss(normal_stream *stream) { return next_normal(stream) > QUANTILE ? 1 / SURVIVE : 0; }

/* z + coin relu(z) W / q with a coin for every activation, or one for all. Takes z over. */
static layer deepen(normal_stream *stream, layer z, bool shared) {
  layer body = new_layer(z.items, z.T, z.channels);
  float coin = shared ? toss(stream) : 0;
  for (size_t i = 0; i < z.items * z.T * z.channels; i++)
    body.value[i] = z.value[i];
  body = convolve(stream, rectify(body), 1, z.channels, 1.5f, 0.5f);
  for (size_t i = 0; i < z.items * z.T * z.channels; i++)
    z.value[i] += (shared ? coin : toss(stream)) * body.value[i];
  free(body.value);
  return z;
}

static layer with_own_coins(normal_stream *stream, layer x) {
  layer deep = deepen(stream, convolve(stream, x, 1, 160, 1.5f, 0.5f), false);
  return pool(rectify(convolve(stream, deep, 1, 160, 1.25f, 0.25f)));
}

static layer with_one_coin(normal_stream *stream, layer x) {
  return rectify(deepen(stream, convolve(stream, x, 1, 96, 1.5f, 0.5f), true));
}

typedef struct {
  const char *model;
  layer (*forward)(normal_stream *stream, layer x); /* all but the last layers of `summed` */
  size_t items, T, draws, width;
} network;

/* What follows (flatten, and a dense of w_std = 1) has the mean product of the channels as its covariance, given them. */
static const network networks[] = {
    {"dense(w_std=1.5, b_std=0.5) relu dense(w_std=1.25, b_std=0.25)", fully_connected, 3, 0, 300, 256},
    {"conv(3, w_std=1.5, b_std=0.5) relu conv(3, w_std=1.25, b_std=0.25) global_avg_pool dense", convolutional, 3, 5, 450, 192},
    {"dense(w_std=1.5, b_std=0.5) attention(q_std=0.75, v_std=1.25, o_std=0.75, b_std=0.5, position=sum, position_std=0.75, "
     "decay=exponential, decay_rate=0.5) flatten dense",
     attentive, 2, LENGTH, 240, KEY_WIDTH},
    {"dense(w_std=1.5, b_std=0.5) residual(relu dense(w_std=1.5, b_std=0.5), survive=0.8) dense(w_std=1.25, b_std=0.25) relu "
     "global_avg_pool",
     with_own_coins, 2, 3, 600, 160},
    {"dense(w_std=1.5, b_std=0.5) residual(relu dense(w_std=1.5, b_std=0.5), survive=0.8, coins=shared) relu", with_one_coin, 3,
     0, 6000, 96},
    {"attention(scale=sqrt, zeta=relu, q_std=0.75, v_std=1.25, o_std=0.75, b_std=0.5) flatten dense", attend_at_random, 2, LENGTH,
     1200, KEY_WIDTH},
};

/* Means and standard errors over draws of the products of outputs, [items, items] */
static void sample(const network *f, const double *x, double *mean, double *error) {
  size_t T = f->T == 0 ? 1 : f->T, n = f->items;
  double *square = numbers(n * n);
  for (size_t draw = 0; draw < f->draws; draw++) {
    normal_stream stream = {.key = {{(uint32_t)draw, 2025}}};
    layer input = new_layer(n, T, FEATURES);
    for (size_t i = 0; i < n * T * FEATURES; i++)
      input.value[i] = (float)x[i];
    layer out = f->forward(&stream, input);
    size_t fan_in = out.T * out.channels;
    for (size_t i = 0; i < n; i++)
      for (size_t j = 0; j < n; j++) {
        double product = 0;
        for (size_t k = 0; k < fan_in; k++)
          product += (double)out.value[i * fan_in + k] * (double)out.value[j * fan_in + k] / (double)fan_in;
        mean[i * n + j] += product / (double)f->draws;
        square[i * n + j] += product * product / (double)f->draws;
      }
    free(out.value);
  }
  for (size_t i = 0; i < n * n; i++)
    error[i] = sqrt(fmax(square[i] - mean[i] * mean[i], 0) / (double)(f->draws - 1));
  free(square);
}

/* The entry of the kernel, times factor, that is furthest off, in units of what is allowed */
static double worst(const network *f, const kernels *exact, double factor, const double *mean, const double *error) {
  double furthest = 0;
  for (size_t i = 0; i < f->items * f->items; i++) {
    double size = sqrt(exact->nngp[i / f->items * (f->items + 1)] * exact->nngp[i % f->items * (f->items + 1)]);
    double allowed = 4.5 * error[i] + size / (double)f->width;
    furthest = fmax(furthest, fabs(factor * exact->nngp[i] - mean[i]) / allowed);
  }
  return furthest;
}

static void wide_networks_meet_their_limit(void **state) {
  limes_context *context = *state;
  for (size_t i = 0; i < sizeof networks / sizeof *networks; i++) {
    const network *f = &networks[i];
    size_t T = f->T == 0 ? 1 : f->T, n = f->items;
    double *x = random_numbers(11 + i, n * T * FEATURES), *mean = numbers(n * n), *error = numbers(n * n);
    limes_batch *batch = batch_of(context, x, f->T == 0 ? 0 : 1, n, T, 1, FEATURES, NULL);
    kernels exact = kernel_of(context, f->model, batch, NULL);
    sample(f, x, mean, error);
    for (size_t k = 0; k < n * n; k++)
      if (worst(f, &exact, 1, mean, error) > 1)
        print_error("entry %zu: sampled %.5g +- %.2g, exact %.5g\n", k, mean[k], error[k], exact.nngp[k]);
    if (worst(f, &exact, 1, mean, error) > 1)
      fail_msg("%s: the sampled kernel is %.3g times further off than allowed", f->model, worst(f, &exact, 1, mean, error));
    if (worst(f, &exact, 1.05, mean, error) <= 1 || worst(f, &exact, 0.95, mean, error) <= 1)
      fail_msg("%s: this test would not see a kernel that is 5 %% off (%.3g, %.3g)", f->model,
               worst(f, &exact, 1.05, mean, error), worst(f, &exact, 0.95, mean, error));
    print_message("%.40s...: %.2f of what is allowed\n", f->model, worst(f, &exact, 1, mean, error));
    free_kernels(&exact);
    limes_batch_destroy(batch);
    free(x);
    free(mean);
    free(error);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(wide_networks_meet_their_limit)};
  return cmocka_run_group_tests(tests, make_context, destroy_context);
}

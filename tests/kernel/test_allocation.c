/* Every allocation of the library failing in turn: each call returns LIMES_NO_MEMORY (or LIMES_OK where it could do
 * without), nothing is lost, nothing crashes.
 *
 * Linked with --wrap of malloc and its kin, against the static library, so that only limes' own calls are seen. */
#include "kernel/failing_memory.h"
#include "kernel/laws.h"

#include <unistd.h>

/* what is tried */

enum { N = 6, T = 4, C = 2, K = 2 };

static struct {
  char folder[64], npz[96], h5[96], npy[96], fit[96], text[96], kernels[96], joined[96], training[96];
  double x[N * T * C], y[N * K];
  uint8_t mask[N * T];
  int64_t labels[N];
  double matrix[2][N * N * T * T];
} data;

static limes_array sequences(void) { return (limes_array){.data = data.x, .axes = 1, .items = N, .size = {T}, .features = C}; }

static limes_status try_batch(limes_context *context) {
  limes_batch *batch = NULL, *ragged = NULL;
  limes_array array = sequences();
  size_t lengths[3] = {2, 4, 1};
  limes_status status = limes_batch_create(context, &array, data.mask, NULL, &batch);
  if (status == LIMES_OK)
    status = limes_batch_set_labels(context, batch, data.labels);
  if (status == LIMES_OK)
    status = limes_batch_set_targets(context, batch, data.y, K);
  if (status == LIMES_OK)
    status = limes_batch_set_segments(context, batch, (const int64_t[N * T]){0});
  if (status == LIMES_OK)
    status = limes_batch_set_pattern(context, batch, data.matrix[0], (const size_t[]){T});
  if (status == LIMES_OK)
    status = limes_batch_create_ragged(context, 3, C, lengths, data.x, &ragged);
  limes_batch_destroy(batch);
  limes_batch_destroy(ragged);
  return status;
}

static limes_status try_normalization(limes_context *context) {
  limes_batch *batch = NULL;
  limes_normalization *fitted = NULL, *restored = NULL;
  limes_array array = sequences();
  limes_status status = limes_batch_create(context, &array, NULL, NULL, &batch);
  if (status == LIMES_OK)
    status = limes_normalization_fit(context, "per-feature", batch, &fitted);
  if (status == LIMES_OK) {
    const double *mean, *scale;
    size_t n = limes_normalization_values(fitted, &mean, &scale);
    status = limes_normalization_restore(context, "per-feature", n, mean, scale, &restored);
  }
  if (status == LIMES_OK)
    status = limes_normalization_apply(context, restored, batch);
  limes_normalization_destroy(fitted);
  limes_normalization_destroy(restored);
  limes_batch_destroy(batch);
  return status;
}

static limes_status read_one(limes_context *context, const char *name) {
  limes_batch *batch = NULL;
  limes_status status = limes_batch_read(context, name, NULL, &batch);
  limes_batch_destroy(batch);
  return status;
}

static limes_status try_read_npz(limes_context *context) {
  char name[128];
  snprintf(name, sizeof name, "%s:x", data.npz);
  return read_one(context, name);
}

static limes_status try_read_npy(limes_context *context) { return read_one(context, data.npy); }
static limes_status try_read_digits(limes_context *context) { return read_one(context, "digits:test[:3]"); }

static limes_status try_read_file(limes_context *context) {
  limes_status status = LIMES_OK;
  const char *paths[] = {data.npz, data.npy, data.h5};
  for (int i = 0; i < 3 && status == LIMES_OK; i++) {
    limes_file *file = NULL;
    limes_named_array array;
    status = limes_file_open(context, paths[i], &file);
    for (size_t k = 0; status == LIMES_OK && limes_file_name(file, k) != NULL; k++)
      status = limes_file_get(context, file, limes_file_name(file, k), &array);
    limes_file_close(file);
  }
  return status;
}

static limes_status try_write(limes_context *context) {
  const limes_named_array arrays[] = {{.name = "x", .rank = 3, .size = {N, T, C}, .data = data.x},
                                      {.name = "x_y", .rank = 1, .size = {N}, .integers = data.labels},
                                      {.name = "note", .text = "a text"}};
  limes_status status = limes_file_write(context, data.npz, arrays, 3);
  if (status == LIMES_OK)
    status = limes_file_write(context, data.npy, arrays, 1);
  return status == LIMES_OK ? limes_file_write(context, data.h5, arrays, 3) : status;
}

static const char *const model_text =
    "conv(3, b_std=0.1) # comment\n relu dense repeat(2, residual(attention(position=sum, "
    "decay=cauchy, decay_power=2) relu dense, alpha=0.3)) "
    "sum(layer_norm | attention(zeta=topk(2)) relu dense tanh(8) dense polynomial(1, 0.5) dense) attention_pool "
    "dense(w_std=sqrt(2))";

static limes_status try_parse(limes_context *context) {
  limes_model *model = NULL;
  char *text = NULL;
  limes_status status = limes_model_parse(context, model_text, &model);
  if (status == LIMES_OK)
    status = limes_model_print(context, model, &text);
  limes_free(text);
  limes_model_destroy(model);
  return status;
}

/* An error while there is no memory for its text: either is reported. */
static limes_status try_parse_nonsense(limes_context *context) {
  limes_model *model = NULL;
  limes_status status = limes_model_parse(context, "dense\n sum(relu dense | conv(3, fliter=3)) relu", &model);
  limes_model_destroy(model);
  return status == LIMES_WRONG_USE ? LIMES_OK : status;
}

static limes_status try_read_model(limes_context *context) {
  const char *arguments[] = {"attention-digits", data.text, "dense relu dense"};
  limes_status status = LIMES_OK;
  for (int i = 0; i < 3 && status == LIMES_OK; i++) {
    limes_model *model = NULL;
    status = limes_model_read(context, arguments[i], &model);
    limes_model_destroy(model);
  }
  return status;
}

static limes_status try_builder(limes_context *context) {
  limes_model *model = NULL;
  char *text = NULL;
  limes_status status = limes_model_create(context, &model);
  if (status == LIMES_OK)
    status = limes_model_add(context, model, "conv");
  if (status == LIMES_OK)
    status = limes_model_set(context, model, "filter", "3");
  if (status == LIMES_OK)
    status = limes_model_open(context, model, "sum");
  if (status == LIMES_OK)
    status = limes_model_add(context, model, "dense");
  if (status == LIMES_OK)
    status = limes_model_set_number(context, model, "w_std", 1.5);
  if (status == LIMES_OK)
    status = limes_model_branch(context, model);
  if (status == LIMES_OK)
    status = limes_model_add(context, model, "identity");
  if (status == LIMES_OK)
    status = limes_model_close(context, model);
  if (status == LIMES_OK)
    status = limes_model_print(context, model, &text);
  limes_free(text);
  limes_model_destroy(model);
  return status;
}

static double line(void *user, double u) {
  (void)user;
  return u;
}

static double one(void *user, double u) {
  (void)user;
  (void)u;
  return 1;
}

static limes_status try_defined(limes_context *context) {
  const double k12 = 0.1, k11 = 1, k22 = 2;
  double value, slope;
  limes_status status = limes_word_define(context, "line", line, one, NULL);
  if (status == LIMES_OK)
    status = limes_word_define(context, "other", line, one, NULL);
  return status == LIMES_OK ? limes_dual(context, "other(8)", 1, &k12, &k11, &k22, &value, &slope) : status;
}

static limes_status try_reference(limes_context *context) {
  char *all = NULL, *one = NULL;
  limes_status status = limes_word_reference(context, NULL, &all);
  if (status == LIMES_OK)
    status = limes_word_reference(context, "attention", &one);
  limes_free(all);
  limes_free(one);
  return status;
}

static limes_status take_rows(void *user, size_t first, size_t count, const double *nngp, const double *ntk) {
  (void)user;
  (void)first;
  (void)count;
  (void)nngp;
  (void)ntk;
  return LIMES_OK;
}

/* One call on a model and two batches */
typedef limes_status kernel_call(limes_context *context, const limes_model *model, const limes_batch *a, const limes_batch *b);

static limes_status with_batches(limes_context *context, kernel_call *call) {
  limes_model *model = NULL;
  limes_batch *a = NULL, *b = NULL;
  limes_array array = sequences();
  limes_status status = limes_model_parse(context, model_text, &model);
  if (status == LIMES_OK)
    status = limes_batch_create(context, &array, data.mask, NULL, &a);
  if (status == LIMES_OK)
    status = limes_batch_create(context, &array, NULL, NULL, &b);
  if (status == LIMES_OK)
    status = call(context, model, a, b);
  limes_model_destroy(model);
  limes_batch_destroy(a);
  limes_batch_destroy(b);
  return status;
}

static limes_status call_kernel(limes_context *context, const limes_model *model, const limes_batch *a, const limes_batch *b) {
  limes_kernel_output out = {.nngp = data.matrix[0], .ntk = data.matrix[1]};
  limes_status status = limes_kernel(context, model, a, b, &out);
  return status == LIMES_OK ? limes_kernel(context, model, a, NULL, &out) : status;
}

static limes_status call_rows(limes_context *context, const limes_model *model, const limes_batch *a, const limes_batch *b) {
  limes_status status = limes_kernel_rows(context, model, a, b, true, true, take_rows, NULL);
  return status == LIMES_OK ? limes_kernel_diagonal(context, model, a, data.matrix[0], data.matrix[1]) : status;
}

/* Made, gone on with, checked and joined */
static limes_status call_kernel_file(limes_context *context, const limes_model *model, const limes_batch *a,
                                     const limes_batch *b) {
  const limes_kernel_file_options both = {.nngp = true, .ntk = true};
  const char *const part[] = {data.kernels};
  limes_kernel_file_report report;
  bool is;
  (void)b;
  limes_status status = limes_kernel_file(context, model, a, NULL, data.kernels, &both, &report);
  if (status == LIMES_OK)
    status = limes_kernel_file(context, model, a, NULL, data.kernels, &both, &report);
  if (status == LIMES_OK)
    status = limes_kernel_file_check(context, data.kernels, true, &is, &report);
  if (status == LIMES_OK)
    status = limes_kernel_file_merge(context, data.joined, part, 1, &report);
  unlink(data.kernels);
  unlink(data.joined);
  return status;
}

static limes_status call_layers(limes_context *context, const limes_model *model, const limes_batch *a, const limes_batch *b) {
  static double nngp[32 * N * N], ntk[32 * N * N];
  limes_kernel_output out = {.nngp = nngp, .ntk = ntk};
  limes_layer_facts *layers = NULL;
  size_t count = 0;
  limes_status status = limes_kernel_layers(context, model, a, b, &out, &layers, &count);
  assert_in_range(count, 0, 32);
  limes_free(layers);
  return status;
}

static limes_status call_explain(limes_context *context, const limes_model *model, const limes_batch *a, const limes_batch *b) {
  limes_plan_report report = {0};
  limes_status status = limes_explain(context, model, a, b, true, true, &report);
  limes_free(report.text);
  return status;
}

static limes_status call_attention(limes_context *context, const limes_model *model, const limes_batch *a, const limes_batch *b) {
  (void)b;
  double *z = NULL;
  size_t positions = 0;
  limes_status status = limes_attention_matrix(context, model, a, 1, 1, &z, &positions);
  limes_free(z);
  return status;
}

static limes_status call_network(limes_context *context, const limes_model *model, const limes_batch *a, const limes_batch *b) {
  const limes_batch *batches[] = {a, b};
  limes_network_settings settings = {.width = 3, .outputs = 1};
  limes_kernel_output out = {.nngp = data.matrix[0], .ntk = data.matrix[1]};
  limes_network *network = NULL;
  double f[N], tangent[N];
  static double theta[4096], direction[4096]; /* direction: zeros */
  limes_status status = limes_network_create(context, model, batches, 2, &settings, &network);
  if (status != LIMES_OK)
    return status;
  assert_true(limes_network_parameters(network) <= sizeof theta / sizeof *theta);
  status = limes_network_forward(context, network, b, f);
  if (status == LIMES_OK)
    status = limes_network_jvp(context, network, a, direction, data.x, f, tangent);
  if (status == LIMES_OK)
    status = limes_network_vjp(context, network, b, tangent, theta, NULL);
  if (status == LIMES_OK)
    status = limes_empirical(context, network, a, b, 0, LIMES_NTK_STRUCTURED, &out);
  if (status == LIMES_OK)
    status = limes_empirical(context, network, a, NULL, 0, LIMES_NTK_TANGENTS, &out);
  limes_network_destroy(network);
  return status;
}

static limes_status call_averages(limes_context *context, const limes_model *model, const limes_batch *a, const limes_batch *b) {
  limes_network_settings settings = {.width = 3, .outputs = 1};
  limes_empirical_options options = {.draws = 2, .route = LIMES_NTK_LAYERWISE};
  double mean[N * N] = {0}, squares[N * N] = {0};
  limes_empirical_sums sums = {.ntk = mean, .ntk_squares = squares};
  return limes_empirical_draws(context, model, a, b, &settings, &options, &sums);
}

static limes_status call_routes(limes_context *context, const limes_model *model, const limes_batch *a, const limes_batch *b) {
  limes_network_settings settings = {.width = 3, .outputs = 1};
  limes_empirical_options options = {.draws = 1, .route = LIMES_NTK_AUTO};
  limes_empirical_report report = {0};
  limes_status status = limes_explain_empirical(context, model, a, b, &settings, &options, &report);
  limes_free(report.text);
  return status;
}

static limes_status call_parameters(limes_context *context, const limes_model *model, const limes_batch *a,
                                    const limes_batch *b) {
  (void)b;
  limes_network_settings settings = {.width = 3, .outputs = 1};
  limes_network *network = NULL;
  limes_status status = limes_network_create(context, model, &a, 1, &settings, &network);
  if (status == LIMES_OK)
    status = limes_network_save(context, network, data.npz);
  if (status == LIMES_OK)
    status = limes_network_load(context, network, data.npz);
  limes_network_destroy(network);
  return status;
}

static limes_status try_averages(limes_context *context) { return with_batches(context, call_averages); }
static limes_status try_routes(limes_context *context) { return with_batches(context, call_routes); }
static limes_status try_parameters(limes_context *context) { return with_batches(context, call_parameters); }

static limes_status call_sample(limes_context *context, const limes_model *model, const limes_batch *a, const limes_batch *b) {
  (void)b;
  limes_status status = limes_sample_prior(context, model, a, 2, data.matrix[0], data.matrix[1]);
  return status == LIMES_OK ? limes_sample_networks(context, model, a, &(limes_network_settings){.width = 3}, 2, data.matrix[0])
                            : status;
}

/* With a checkpoint, and both predictions beside it */
static limes_status train_network(limes_context *context, limes_network *network, const limes_batch *batch) {
  limes_train_settings settings = {
      .optimizer = LIMES_MOMENTUM, .momentum = 0.5, .learning_rate = 0.1, .batch = 4, .steps = 2, .records = 2};
  limes_training *training = NULL;
  limes_curves limit = {0}, linearized = {0};
  limes_status status = limes_training_create(context, network, batch, NULL, &settings, &training);
  if (status == LIMES_OK)
    status = limes_training_run(context, training, data.training);
  if (status == LIMES_OK)
    status = limes_training_limit(context, training, 0, &limit);
  if (status == LIMES_OK)
    status = limes_training_linearized(context, training, &linearized);
  limes_curves_clear(&limit);
  limes_curves_clear(&linearized);
  limes_training_destroy(training);
  return status;
}

static limes_status try_training(limes_context *context) {
  limes_model *model = NULL;
  limes_batch *batch = NULL;
  limes_network *network = NULL;
  const limes_array array = {.data = data.x, .items = 4, .features = C};
  limes_network_settings settings = {.width = 2, .outputs = 1};
  remove(data.training);
  limes_status status = limes_model_parse(context, "dense relu dense", &model);
  if (status == LIMES_OK)
    status = limes_batch_create(context, &array, NULL, NULL, &batch);
  if (status == LIMES_OK)
    status = limes_batch_set_targets(context, batch, data.y, 1);
  if (status == LIMES_OK)
    status = limes_network_create(context, model, (const limes_batch *const *)&batch, 1, &settings, &network);
  if (status == LIMES_OK)
    status = train_network(context, network, batch);
  limes_network_destroy(network);
  limes_batch_destroy(batch);
  limes_model_destroy(model);
  return status;
}

static limes_status try_kernel(limes_context *context) { return with_batches(context, call_kernel); }
static limes_status try_rows(limes_context *context) { return with_batches(context, call_rows); }
static limes_status try_kernel_file(limes_context *context) { return with_batches(context, call_kernel_file); }
static limes_status try_layers(limes_context *context) { return with_batches(context, call_layers); }
static limes_status try_explain(limes_context *context) { return with_batches(context, call_explain); }
static limes_status try_attention(limes_context *context) { return with_batches(context, call_attention); }
static limes_status try_sample(limes_context *context) { return with_batches(context, call_sample); }
static limes_status try_network(limes_context *context) { return with_batches(context, call_network); }

/* A mixture of two as well */
static limes_status try_correlation(limes_context *context) {
  limes_model *model = NULL;
  limes_batch *batch = NULL;
  limes_layer_correlation *layers = NULL;
  size_t count;
  limes_array array = sequences();
  limes_kernel_output out = {.nngp = data.matrix[0]};
  limes_status status =
      limes_model_parse(context, "conv(3) residual(tanh attention, survive=0.5, coins=shared) global_avg_pool", &model);
  if (status == LIMES_OK)
    status = limes_batch_create(context, &array, data.mask, NULL, &batch);
  if (status == LIMES_OK)
    status = limes_positions_correlation(context, model, batch, &layers, &count);
  if (status == LIMES_OK)
    status = limes_kernel(context, model, batch, NULL, &out);
  limes_free(layers);
  limes_model_destroy(model);
  limes_batch_destroy(batch);
  return status;
}

static limes_status try_sampled(limes_context *context) {
  limes_model *model = NULL;
  limes_batch *batch = NULL;
  limes_array array = sequences();
  limes_kernel_output out = {.nngp = data.matrix[0], .ntk = data.matrix[1]};
  array.items = 2;
  limes_status status = limes_model_parse(context, "attention(scale=sqrt, samples=1) relu global_avg_pool dense", &model);
  if (status == LIMES_OK)
    status = limes_batch_create(context, &array, NULL, NULL, &batch);
  if (status == LIMES_OK)
    status = limes_kernel(context, model, batch, NULL, &out);
  limes_model_destroy(model);
  limes_batch_destroy(batch);
  return status;
}

static limes_status try_positions(limes_context *context) {
  limes_model *model = NULL;
  limes_batch *batch = NULL;
  limes_array array = sequences();
  unsigned axes;
  size_t size[4];
  limes_kernel_output out = {.nngp = data.matrix[0], .ntk = data.matrix[1]};
  limes_status status = limes_model_parse(context, "conv(3) relu dense", &model);
  if (status == LIMES_OK)
    status = limes_batch_create(context, &array, NULL, NULL, &batch);
  if (status == LIMES_OK)
    status = limes_kernel_positions(context, model, batch, NULL, &out, &axes, size);
  limes_model_destroy(model);
  limes_batch_destroy(batch);
  return status;
}

static limes_status try_dual(limes_context *context) {
  const double k12[3] = {0.1, 0.5, -0.3}, k11[3] = {1, 2, 3}, k22[3] = {2, 1, 1};
  double value[3], slope[3];
  return limes_dual(context, "abrelu(a=-0.5, b=1.5)", 3, k12, k11, k22, value, slope);
}

static limes_status try_gp(limes_context *context) {
  static double dd[N * N], td[2 * N], tt[4], mean[N * K], covariance[4], variance[N];
  for (size_t i = 0; i < N; i++)
    for (size_t j = 0; j < N; j++)
      dd[i * N + j] = exp(-0.1 * (double)(i * i + j * j - 2 * i * j)) + (i == j);
  memcpy(td, dd, sizeof td);
  tt[0] = tt[3] = 2;
  limes_gp_kernels inputs = {
      .train = N, .test = 2, .nngp_dd = dd, .nngp_td = td, .nngp_tt = tt, .ntk_dd = dd, .ntk_td = td, .ntk_tt = tt};
  limes_status status = LIMES_OK;
  for (int trial = 0; trial < 4 && status == LIMES_OK; trial++) {
    limes_gp_options options = limes_gp_defaults();
    options.with = trial == 0 ? LIMES_WITH_NNGP : trial == 1 ? LIMES_WITH_NTK : LIMES_WITH_ENSEMBLE;
    options.noise = trial == 1 ? 0.1 : (double)NAN;
    options.time = trial == 3 ? 2 : (double)INFINITY;
    limes_gp *gp = NULL;
    status = limes_gp_fit(context, &inputs, data.y, K, true, &options, &gp);
    if (status == LIMES_OK)
      status = limes_gp_predict(context, gp, &inputs, mean, covariance, variance);
    if (status == LIMES_OK && trial < 3)
      status = limes_gp_leave_one_out(context, gp, mean, variance);
    limes_gp_destroy(gp);
  }
  double temperature;
  return status == LIMES_OK ? limes_fit_temperature(context, N, K, data.y, data.labels, &temperature) : status;
}

static limes_status fit_and_predict(limes_context *context, limes_task_kind kind, const char *text, bool save) {
  limes_model *model = NULL;
  limes_batch *batch = NULL;
  limes_normalization *normalization = NULL;
  limes_fit *fit = NULL, *loaded = NULL;
  limes_predictions predictions = {0};
  limes_array array = sequences();
  limes_gp_options options = limes_gp_defaults();
  limes_status status = limes_model_parse(context, text, &model);
  if (status == LIMES_OK)
    status = limes_batch_create(context, &array, data.mask, NULL, &batch);
  if (status == LIMES_OK)
    status = kind == LIMES_REGRESSION ? limes_batch_set_targets(context, batch, data.y, K)
                                      : limes_batch_set_labels(context, batch, data.labels);
  if (status == LIMES_OK)
    status = limes_normalization_fit(context, "per-channel", batch, &normalization);
  if (status == LIMES_OK)
    status = limes_normalization_apply(context, normalization, batch);
  if (status == LIMES_OK)
    status = limes_fit_create(context, model, batch, normalization, kind, &options, &fit);
  if (status == LIMES_OK && save)
    status = limes_fit_save(context, fit, data.fit);
  if (status == LIMES_OK && save)
    status = limes_fit_load(context, data.fit, &loaded);
  if (status == LIMES_OK)
    status = limes_fit_predict(context, save ? loaded : fit, batch, &predictions);
  limes_predictions_clear(&predictions);
  limes_fit_destroy(fit);
  limes_fit_destroy(loaded);
  limes_normalization_destroy(normalization);
  limes_model_destroy(model);
  limes_batch_destroy(batch);
  return status;
}

static limes_status try_regression(limes_context *context) {
  return fit_and_predict(context, LIMES_REGRESSION, "conv(3) relu global_avg_pool dense", true);
}
static limes_status try_classification(limes_context *context) {
  return fit_and_predict(context, LIMES_CLASSIFICATION, "conv(3) relu global_avg_pool dense", true);
}
static limes_status try_length_scales(limes_context *context) {
  return fit_and_predict(context, LIMES_CLASSIFICATION, "conv(3) relu correlated_readout(1:2) dense", false);
}

static limes_status try_width(limes_context *context) {
  static const size_t sizes[] = {2, 3};
  const limes_width_options options = {.sizes = sizes, .n_sizes = 2, .items = 2, .draws = 2, .output_draws = 2};
  limes_model *model = NULL;
  limes_batch *batch = NULL;
  limes_width_report *report = NULL;
  limes_array array = sequences();
  limes_status status = limes_model_parse(context, "dense attention(heads=1, key_width=1) global_avg_pool dense", &model);
  if (status == LIMES_OK)
    status = limes_batch_create(context, &array, data.mask, NULL, &batch);
  if (status == LIMES_OK)
    status = limes_width_study(context, model, batch, &options, &report);
  limes_width_report_destroy(report);
  limes_model_destroy(model);
  limes_batch_destroy(batch);
  return status;
}

/* in turn */

typedef limes_status attempt(limes_context *context);

/* Runs the attempt with its k-th allocation failing, a context of its own included; the number of failures. */
static size_t run_with_failure(attempt *tried, const char *name, size_t k, bool for_good, unsigned threads) {
  memset(heap.block, 0, sizeof heap.block);
  heap.seen = heap.failed = heap.live = 0;
  heap.fail_at = k;
  heap.for_good = for_good;
  heap.armed = true;
  limes_context *context = NULL;
  limes_status status = limes_context_create(&context);
  char error[256] = "memory";
  if (status == LIMES_OK) {
    limes_set_threads(context, threads);
    status = tried(context);
    snprintf(error, sizeof error, "%s", limes_error(context));
  }
  limes_context_destroy(context);
  heap.armed = false;
  bool good = status == LIMES_OK || (status == LIMES_NO_MEMORY && heap.failed > 0 && strstr(error, "memory") != NULL);
  if (!good || heap.live != 0)
    fail_msg("%s, allocation %zu failing%s, %u threads: %s: '%s'; %zu blocks lost", name, k,
             for_good ? " and all that follow" : "", threads, limes_status_text(status), error, heap.live);
  return heap.failed;
}

static void each_allocation_fails_in_turn(attempt *tried, const char *name, bool writes) {
  for (unsigned threads = 1; threads <= (writes ? 1 : 2); threads++)
    for (int for_good = 0; for_good < (writes ? 1 : 2); for_good++) { /* waiting for the disk takes its time */
      size_t k = 0;
      while (run_with_failure(tried, name, k, for_good == 1, threads) > 0)
        k++;
      assert_true(k > 1);
      if (threads == 1 && for_good == 0)
        print_message("%s: %zu allocations\n", name, k);
    }
}

#define TEST(name, writes)                                                                                                       \
  static void name##_survives(void **state) {                                                                                    \
    (void)state;                                                                                                                 \
    each_allocation_fails_in_turn(try_##name, #name, writes);                                                                    \
  }

TEST(batch, false)
TEST(normalization, false)
TEST(read_npz, false)
TEST(read_npy, false)
TEST(read_digits, false)
TEST(read_file, false)
TEST(parse, false)
TEST(parse_nonsense, false)
TEST(read_model, false)
TEST(builder, false)
TEST(reference, false)
TEST(kernel, false)
TEST(rows, false)
TEST(kernel_file, true)
TEST(layers, false)
TEST(explain, false)
TEST(attention, false)
TEST(network, false)
TEST(averages, false)
TEST(routes, false)
TEST(parameters, true)
TEST(sample, false)
TEST(training, true)
TEST(positions, false)
TEST(sampled, false)
TEST(dual, false)
TEST(gp, false)
TEST(defined, false)
TEST(correlation, false)
TEST(regression, true)
TEST(classification, true)
TEST(length_scales, false)
TEST(width, false)

TEST(write, true)

static int prepare(void **state) {
  (void)state;
  random_stream stream = {1};
  for (size_t i = 0; i < N * T * C; i++)
    data.x[i] = random_normal(&stream);
  for (size_t i = 0; i < N * K; i++)
    data.y[i] = random_normal(&stream);
  for (size_t i = 0; i < N; i++) {
    data.labels[i] = (int64_t)(i % 2);
    data.mask[i * T + T - 1] = i % 3 == 0;
    data.mask[i * T + 1] = i % 3 == 1;
  }
  strcpy(data.folder, "/dev/shm/limes-allocation-XXXXXX"); /* memory, so that nothing waits for a disk */
  if (mkdtemp(data.folder) == NULL) {
    strcpy(data.folder, "/tmp/limes-allocation-XXXXXX");
    if (mkdtemp(data.folder) == NULL)
      return -1;
  }
  snprintf(data.npz, sizeof data.npz, "%s/a.npz", data.folder);
  snprintf(data.npy, sizeof data.npy, "%s/a.npy", data.folder);
  snprintf(data.h5, sizeof data.h5, "%s/a.h5", data.folder);
  snprintf(data.fit, sizeof data.fit, "%s/fit.h5", data.folder);
  snprintf(data.kernels, sizeof data.kernels, "%s/kernels.h5", data.folder);
  snprintf(data.training, sizeof data.training, "%s/training.h5", data.folder);
  snprintf(data.joined, sizeof data.joined, "%s/joined.h5", data.folder);
  snprintf(data.text, sizeof data.text, "@%s/model.txt", data.folder);
  FILE *file = fopen(data.text + 1, "w");
  if (file == NULL)
    return -1;
  fputs(model_text, file);
  fclose(file);
  limes_context *context = new_context();
  limes_status status = try_write(context);
  limes_context_destroy(context);
  return status == LIMES_OK ? 0 : -1;
}

static int clean(void **state) {
  (void)state;
  const char *paths[] = {data.npz, data.npy, data.h5, data.fit, data.training, data.text + 1};
  for (int i = 0; i < 6; i++)
    unlink(paths[i]);
  return rmdir(data.folder); /* fails where a write left something behind */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(batch_survives),      cmocka_unit_test(normalization_survives),  cmocka_unit_test(read_npz_survives),
      cmocka_unit_test(read_npy_survives),   cmocka_unit_test(read_digits_survives),    cmocka_unit_test(read_file_survives),
      cmocka_unit_test(write_survives),      cmocka_unit_test(parse_survives),          cmocka_unit_test(parse_nonsense_survives),
      cmocka_unit_test(read_model_survives), cmocka_unit_test(builder_survives),        cmocka_unit_test(reference_survives),
      cmocka_unit_test(kernel_survives),     cmocka_unit_test(rows_survives),           cmocka_unit_test(explain_survives),
      cmocka_unit_test(attention_survives),  cmocka_unit_test(network_survives),        cmocka_unit_test(sample_survives),
      cmocka_unit_test(positions_survives),  cmocka_unit_test(dual_survives),           cmocka_unit_test(gp_survives),
      cmocka_unit_test(regression_survives), cmocka_unit_test(classification_survives), cmocka_unit_test(kernel_file_survives),
      cmocka_unit_test(defined_survives),    cmocka_unit_test(correlation_survives),    cmocka_unit_test(sampled_survives),
      cmocka_unit_test(layers_survives),     cmocka_unit_test(length_scales_survives),  cmocka_unit_test(averages_survives),
      cmocka_unit_test(routes_survives),     cmocka_unit_test(parameters_survives),     cmocka_unit_test(width_survives),
      cmocka_unit_test(training_survives),
  };
  return cmocka_run_group_tests(tests, prepare, clean);
}

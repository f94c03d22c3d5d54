/* Laws of small kernels: symmetry, definiteness, threads, masks; and the Gaussian process on them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define ITEMS 10
#define MODEL "conv(3, b_std=0.1) relu attention(position=sum) relu flatten dense"

limes_status limes_cli_sample_batch(cli_session *session, size_t items, unsigned axes, const size_t size[2], size_t features,
                                    const int64_t *lengths, limes_batch **batch) {
  size_t count = items * features * (axes > 0 ? size[0] : 1) * (axes > 1 ? size[1] : 1);
  double *x = calloc(count, sizeof *x);
  if (x == NULL)
    return limes_cli_no_memory(session);
  uint64_t state = 1;
  for (size_t i = 0; i < count; i++) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    x[i] = (double)(state >> 33) / 1073741824.0 - 1;
  }
  limes_array array = {
      .data = x, .dtype = LIMES_FLOAT64, .axes = axes, .items = items, .size = {size[0], size[1]}, .features = features};
  limes_status status = limes_batch_create(session->context, &array, NULL, lengths, batch);
  free(x);
  return status;
}

/* nngp and ntk [ITEMS,ITEMS] of the model between small images a and b (the same values; both NULL: a with itself). */
static limes_status small_kernel(cli_session *session, bool against, double *nngp, double *ntk) {
  static const size_t size[2] = {5, 4};
  limes_model *model = NULL;
  limes_batch *a = NULL, *b = NULL;
  limes_kernel_output out = {.nngp = nngp, .ntk = ntk};
  limes_status status = limes_model_parse(session->context, MODEL, &model);
  if (status == LIMES_OK)
    status = limes_cli_sample_batch(session, ITEMS, 2, size, 3, NULL, &a);
  if (status == LIMES_OK && against)
    status = limes_cli_sample_batch(session, ITEMS, 2, size, 3, NULL, &b);
  if (status == LIMES_OK)
    status = limes_kernel(session->context, model, a, b, &out);
  limes_batch_destroy(b);
  limes_batch_destroy(a);
  limes_model_destroy(model);
  return status;
}

limes_status limes_cli_check_symmetric(cli_session *session, bool *right, char *says) {
  double nngp[ITEMS * ITEMS], ntk[ITEMS * ITEMS], full_nngp[ITEMS * ITEMS], full_ntk[ITEMS * ITEMS], worst = 0;
  limes_status status = small_kernel(session, false, nngp, ntk);
  if (status == LIMES_OK)
    status = small_kernel(session, true, full_nngp, full_ntk);
  if (status != LIMES_OK)
    return status;
  for (size_t i = 0; i < ITEMS * ITEMS; i++) {
    size_t mirror = i % ITEMS * ITEMS + i / ITEMS;
    worst = fmax(worst, fmax(fabs(nngp[i] - nngp[mirror]), fabs(ntk[i] - ntk[mirror])));
    if (i != mirror)
      worst = fmax(worst, fmax(fabs(nngp[i] - full_nngp[i]), fabs(ntk[i] - full_ntk[i])));
  }
  *right = worst < 1e-12;
  snprintf(says, SAYS_SIZE, "against its mirror image and the full rectangle, largest difference %.1e", worst);
  return LIMES_OK;
}

/* The least pivot of a Cholesky factorization without square roots, relative to the largest diagonal entry. */
static double least_pivot(double *k) {
  double most = 0, least = INFINITY;
  for (size_t i = 0; i < ITEMS; i++)
    most = fmax(most, k[i * ITEMS + i]);
  for (size_t j = 0; j < ITEMS; j++) {
    double pivot = k[j * ITEMS + j];
    least = fmin(least, pivot);
    for (size_t i = j + 1; i < ITEMS; i++)
      for (size_t l = j + 1; l <= i; l++)
        k[i * ITEMS + l] -= k[i * ITEMS + j] * k[l * ITEMS + j] / pivot;
  }
  return least / most;
}

limes_status limes_cli_check_definite(cli_session *session, bool *right, char *says) {
  double nngp[ITEMS * ITEMS], ntk[ITEMS * ITEMS];
  limes_status status = small_kernel(session, false, nngp, ntk);
  if (status != LIMES_OK)
    return status;
  double least = fmin(least_pivot(nngp), least_pivot(ntk));
  *right = least > 1e-8;
  snprintf(says, SAYS_SIZE, "least pivot %.1e of the largest variance", least);
  return LIMES_OK;
}

limes_status limes_cli_check_threads(cli_session *session, bool *right, char *says) {
  double one[2][ITEMS * ITEMS], many[2][ITEMS * ITEMS];
  unsigned threads = limes_threads(session->context);
  limes_set_threads(session->context, 1);
  limes_status status = small_kernel(session, false, one[0], one[1]);
  limes_set_threads(session->context, 3);
  if (status == LIMES_OK)
    status = small_kernel(session, false, many[0], many[1]);
  limes_set_threads(session->context, threads);
  if (status != LIMES_OK)
    return status;
  *right = memcmp(one, many, sizeof one) == 0;
  snprintf(says, SAYS_SIZE, "one thread and three: %s", *right ? "the same bits" : "different bits");
  return LIMES_OK;
}

static limes_status ragged_kernel(cli_session *session, const limes_model *model, size_t positions, const int64_t *lengths,
                                  size_t items, double *ntk) {
  limes_batch *batch = NULL;
  limes_kernel_output out = {.ntk = ntk};
  size_t size[2] = {positions, 0};
  limes_status status = limes_cli_sample_batch(session, items, 1, size, 2, lengths, &batch);
  if (status == LIMES_OK)
    status = limes_kernel(session->context, model, batch, NULL, &out);
  limes_batch_destroy(batch);
  return status;
}

/* The first item's first five positions are the same numbers in both batches. */
limes_status limes_cli_check_masks(cli_session *session, bool *right, char *says) {
  static const int64_t lengths[] = {5, 9, 2};
  double masked[9], removed[1];
  limes_model *model = NULL;
  limes_status status = limes_model_parse(session->context, "conv(3) relu attention(position=sum) global_avg_pool dense", &model);
  if (status == LIMES_OK)
    status = ragged_kernel(session, model, 9, lengths, 3, masked);
  if (status == LIMES_OK)
    status = ragged_kernel(session, model, 5, NULL, 1, removed);
  limes_model_destroy(model);
  if (status != LIMES_OK)
    return status;
  *right = fabs(masked[0] - removed[0]) <= 1e-13 * fabs(removed[0]);
  snprintf(says, SAYS_SIZE, "a shortened sequence and a short one, difference %.1e", fabs(masked[0] - removed[0]));
  return LIMES_OK;
}

limes_status limes_cli_check_digits(cli_session *session, bool *right, char *says) {
  limes_batch *batch = NULL;
  limes_read_options options = {0};
  size_t classes = 0;
  limes_status status = limes_batch_read(session->context, "digits", &options, &batch);
  if (status != LIMES_OK)
    return status;
  size_t items = limes_batch_items(batch);
  bool labelled = limes_batch_labels(batch, &classes) != NULL;
  limes_batch_destroy(batch);
  *right = items == 1797 && labelled && classes == 10;
  snprintf(says, SAYS_SIZE, "%zu items, %zu classes", items, classes);
  return LIMES_OK;
}

/* Without noise the posterior mean goes through the training targets. */
limes_status limes_cli_check_interpolates(cli_session *session, bool *right, char *says) {
  double nngp[ITEMS * ITEMS], ntk[ITEMS * ITEMS], y[ITEMS], mean[ITEMS], variance[ITEMS], worst = 0, widest = 0;
  limes_gp *gp = NULL;
  limes_gp_options options = limes_gp_defaults();
  options.noise = 0;
  limes_status status = small_kernel(session, false, nngp, ntk);
  for (size_t i = 0; i < ITEMS; i++)
    y[i] = sin((double)i);
  limes_gp_kernels kernels = {.train = ITEMS, .test = ITEMS, .nngp_dd = nngp, .nngp_td = nngp, .nngp_tt = nngp};
  if (status == LIMES_OK)
    status = limes_gp_fit(session->context, &kernels, y, 1, true, &options, &gp);
  if (status == LIMES_OK)
    status = limes_gp_predict(session->context, gp, &kernels, mean, NULL, variance);
  limes_gp_destroy(gp);
  if (status != LIMES_OK)
    return status;
  for (size_t i = 0; i < ITEMS; i++) {
    worst = fmax(worst, fabs(mean[i] - y[i]));
    widest = fmax(widest, variance[i]);
  }
  *right = worst < 1e-8 && widest < 1e-8;
  snprintf(says, SAYS_SIZE, "largest error %.1e, largest variance %.1e", worst, widest);
  return LIMES_OK;
}

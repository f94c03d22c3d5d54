#include "layers/run.h"

#include "base/clones.h"

size_t limes_own_element(const limes_panel *panel, uint32_t a) {
  size_t step = panel->layout == LIMES_FULL ? (size_t)panel->x->T + 1 : 1;
  return panel->start[panel->same] + a * step;
}

static limes_run run_at(const limes_panel *in, const limes_panel *out, size_t first, size_t length) {
  return (limes_run){.length = length,
                     .cov_in = in->cov + first,
                     .ntk_in = in->ntk == NULL ? NULL : in->ntk + first,
                     .cov = out->cov + first,
                     .ntk = out->ntk == NULL ? NULL : out->ntk + first};
}

static void each_column(const limes_panel *in, limes_panel *out, const limes_trace *x, const limes_trace *y,
                        limes_run_function *function, const void *param) {
  size_t T = in->x->T;
  for (size_t j = 0; j < in->n; j++)
    for (size_t b = 0; b < in->y[j].T; b++) {
      limes_run run = run_at(in, out, in->start[j] + b * T, T);
      run.x = x->position[0];
      run.y = y[j].position[0] + b * y[j].numbers;
      run.x_inverse = x->position[1];
      run.y_inverse = y[j].position[1] == NULL ? NULL : y[j].position[1] + b;
      run.y_is_one = true;
      function(param, &run);
    }
}

void limes_each_run(const limes_panel *in, limes_panel *out, const limes_trace *x, const limes_trace *y,
                    limes_run_function *function, const void *param) {
  if (in->n == 0)
    return;
  if (in->layout == LIMES_FULL) {
    each_column(in, out, x, y, function, param);
  } else if (in->layout == LIMES_SCALAR) {
    limes_run run = run_at(in, out, 0, in->n);
    run.x = y[0].position[0]; /* the partners' numbers stand side by side */
    run.y = x->position[0];
    run.x_inverse = y[0].position[1];
    run.y_inverse = x->position[1];
    run.y_is_one = true;
    function(param, &run);
  } else {
    for (size_t j = 0; j < in->n; j++) {
      limes_run run = run_at(in, out, in->start[j], in->x->T);
      run.x = x->position[0];
      run.y = y[j].position[0];
      run.x_inverse = x->position[1];
      run.y_inverse = y[j].position[1];
      function(param, &run);
    }
  }
}

LIMES_CLONES
static void affine(size_t n, const double *cov_in, const double *ntk_in, double *cov, double *ntk, double w, double b) {
  if (ntk != NULL)
    LIMES_INDEPENDENT
  for (size_t i = 0; i < n; i++) {
    double k = w * cov_in[i] + b;
    cov[i] = k;
    ntk[i] = w * ntk_in[i] + k;
  }
  else LIMES_INDEPENDENT for (size_t i = 0; i < n; i++) cov[i] = w * cov_in[i] + b;
}

void limes_affine(const limes_panel *in, limes_panel *out, double w, double b) {
  affine(in->start[in->n], in->cov, in->ntk, out->cov, out->ntk, w, b);
}

/* Eight sums side by side: compilers may not reorder one. */
LIMES_CLONES
double limes_sum_of(size_t n, const double *values) {
  double lane[8] = {0}, rest = 0;
  size_t whole = n - n % 8;
  for (size_t i = 0; i < whole; i += 8)
    for (size_t k = 0; k < 8; k++)
      lane[k] += values[i + k];
  for (size_t i = whole; i < n; i++)
    rest += values[i];
  return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7])) + rest;
}

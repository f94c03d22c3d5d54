#include "layers/taps.h"

#include <string.h>

#include "base/clones.h"
#include "layers/elementwise.h"
#include "layers/run.h"

limes_windows limes_conv_windows(const limes_conv *conv, const limes_grid *in) {
  return limes_windows_of(conv->filter, conv->stride, conv->padding, in);
}

limes_status limes_conv_infer(limes_context *context, const limes_op *op, const limes_shape *in, limes_shape *out) {
  const limes_conv *p = op->param;
  limes_keep_shape(op, in, out);
  out->gaussian = out->zero_mean = true;
  return limes_window_infer(context, op->ops->word, p->filter, p->stride, in);
}

/* out[k] (+)= mask[k] in[k + shift]: a tap along the inner axis for all rows at once; the mask is 0 where the tap would
 * reach into a neighbouring row */
LIMES_CLONES
static void add_tap(size_t T, ptrdiff_t shift, const double *restrict mask, const double *restrict in, double *restrict out,
                    bool add) {
  ptrdiff_t first = shift < 0 ? -shift : 0, last = (ptrdiff_t)T - (shift > 0 ? shift : 0);
  if (!add)
    memset(out, 0, T * sizeof *out);
  for (ptrdiff_t k = first; k < last; k++)
    out[k] += mask[k] * in[k + shift];
}

/* mask [taps][A][out], the same for all A rows */
static void fill_masks(const limes_window *w, size_t A, double *mask) {
  for (uint32_t d = 0; d < w->size; d++, mask += A * w->out) {
    for (uint32_t o = 0; o < w->out; o++)
      mask[o] = limes_window_input(w, o, d) >= 0;
    for (size_t a = 1; a < A; a++)
      memcpy(mask + a * w->out, mask, w->out * sizeof *mask);
  }
}

static bool slides(const limes_window *w) { return !w->wrap && w->stride == 1 && w->in == w->out; }

/* Sums along the inner axis of both sides: in [B][n_y][A][n_x] -> out [B][m_y][A][m_x]; mask [taps][A][m_x] where rows are
 * as long before as behind, else NULL */
static void sum_inner(const limes_window *wx, const limes_window *wy, size_t A, size_t B, const double *mask, const double *in,
                      double *out) {
  size_t in_column = A * wx->in, out_column = A * wx->out;
  for (size_t column = 0; column < B * wy->out; column++) {
    double *to = out + column * out_column;
    bool add = false;
    for (uint32_t d = 0; d < wy->size; d++) {
      int64_t i = limes_window_input(wy, (uint32_t)(column % wy->out), d);
      if (i < 0)
        continue;
      const double *from = in + (column / wy->out * wy->in + (size_t)i) * in_column;
      if (mask != NULL) {
        add_tap(out_column, (ptrdiff_t)d - (ptrdiff_t)wx->before, mask + d * out_column, from, to, add);
      } else {
        if (!add)
          memset(to, 0, out_column * sizeof *to);
        for (size_t a = 0; a < A; a++)
          limes_window_add(wx, d, 1, from + a * wx->in, to + a * wx->out);
      }
      add = true;
    }
    if (!add)
      memset(to, 0, out_column * sizeof *to);
  }
}

/* Sums along the outer axis of both sides: in [n_y][B][n_x][A] -> out [m_y][B][m_x][A] */
static void sum_outer(const limes_window *wx, const limes_window *wy, size_t A, size_t B, const double *in, double *out) {
  size_t in_column = A * wx->in, out_column = A * wx->out;
  memset(out, 0, B * wy->out * out_column * sizeof *out);
  for (uint32_t o = 0; o < wy->out; o++)
    for (uint32_t d = 0; d < wy->size; d++) {
      int64_t i = limes_window_input(wy, o, d);
      if (i < 0)
        continue;
      for (size_t b = 0; b < B; b++)
        limes_window_add(wx, d, A, in + ((size_t)i * B + b) * in_column, out + (o * B + b) * out_column);
    }
}

/* One partner's matrix, T_x x T_y; scratch holds the sum along one axis */
static void sum_matrix(const limes_windows *x, const limes_windows *y, const double *mask, const double *in, double *out,
                       double *scratch) {
  bool two = x->axis[0].size > 1 || x->axis[0].stride > 1 || x->axis[0].spread > 1;
  double *inner = two ? scratch : out;
  sum_inner(&x->axis[1], &y->axis[1], x->axis[0].in, y->axis[0].in, mask, in, inner);
  if (two)
    sum_outer(&x->axis[0], &y->axis[0], x->axis[1].out, y->axis[1].out, inner, out);
}

/* One partner's diagonal, T numbers: what is seen along an axis of x is seen along the same axis of y */
static void sum_diagonal(const limes_windows *w, const double *mask, const double *in, double *out, double *scratch) {
  const limes_window *rows = &w->axis[0], *columns = &w->axis[1];
  size_t n = (size_t)rows->in * columns->out;
  memset(scratch, 0, n * sizeof *scratch);
  for (uint32_t d = 0; d < columns->size; d++)
    if (mask != NULL)
      add_tap(n, (ptrdiff_t)d - (ptrdiff_t)columns->before, mask + d * n, in, scratch, true);
    else
      for (size_t r = 0; r < rows->in; r++)
        limes_window_add(columns, d, 1, in + r * columns->in, scratch + r * columns->out);
  memset(out, 0, (size_t)rows->out * columns->out * sizeof *out);
  for (uint32_t d = 0; d < rows->size; d++)
    limes_window_add(rows, d, columns->out, scratch, out);
}

double limes_tap_sum(const limes_windows *x, uint32_t o_x, const limes_windows *y, uint32_t o_y, limes_layout layout, size_t T,
                     const double *in) {
  const limes_window *rows = &x->axis[0], *columns = &x->axis[1], *y_rows = &y->axis[0], *y_columns = &y->axis[1];
  double sum = 0;
  for (uint32_t r = 0; r < rows->size; r++) {
    int64_t a0 = limes_window_input(rows, o_x / columns->out, r), b0 = limes_window_input(y_rows, o_y / y_columns->out, r);
    for (uint32_t c = 0; a0 >= 0 && b0 >= 0 && c < columns->size; c++) {
      int64_t a1 = limes_window_input(columns, o_x % columns->out, c);
      int64_t b1 = limes_window_input(y_columns, o_y % y_columns->out, c);
      if (a1 >= 0 && b1 >= 0) {
        size_t a = (size_t)(a0 * columns->in + a1), b = (size_t)(b0 * y_columns->in + b1);
        sum += layout == LIMES_FULL ? in[b * T + a] : in[a];
      }
    }
  }
  return sum;
}

/* The diagonal behind items of unequal size, which a stride has made equal */
static void sum_equal(const limes_windows *x, const limes_windows *y, const limes_panel *in, const limes_panel *out,
                      const double *from, double *to) {
  for (uint32_t o = 0; o < out->x->T; o++)
    to[o] = limes_tap_sum(x, o, y, o, LIMES_FULL, in->x->T, from);
}

static void sum_panel(const limes_conv *p, limes_windows_function *windows, const limes_panel *in, const limes_panel *out,
                      const double *from, double *to, double *scratch) {
  limes_windows x = windows(p, in->x);
  const limes_window *inner = &x.axis[1];
  double *mask = NULL;
  if (x.axis[0].in > 1 && slides(inner)) {
    mask = scratch;
    scratch += (size_t)inner->size * in->x->T;
    fill_masks(inner, x.axis[0].in, mask);
  }
  for (size_t j = 0; j < in->n; j++) {
    limes_windows y = windows(p, &in->y[j]);
    if (in->layout == LIMES_FULL && out->layout == LIMES_DIAGONAL)
      sum_equal(&x, &y, in, out, from + in->start[j], to + out->start[j]);
    else if (in->layout == LIMES_FULL)
      sum_matrix(&x, &y, mask, from + in->start[j], to + out->start[j], scratch);
    else
      sum_diagonal(&x, mask, from + in->start[j], to + out->start[j], scratch);
  }
}

double limes_taps(const limes_conv *conv, uint32_t axes) {
  return axes < 2 ? conv->filter.n[0] : (double)conv->filter.n[0] * conv->filter.n[1];
}

static double adds(const limes_conv *p, uint32_t axes) {
  return axes < 2 ? p->filter.n[0] : (double)p->filter.n[0] + p->filter.n[1];
}

void limes_convolve(const limes_conv *conv, limes_windows_function *windows, const limes_panel *in, limes_panel *out,
                    limes_work *work) {
  sum_panel(conv, windows, in, out, in->cov, out->cov, work->scratch);
  if (in->ntk != NULL)
    sum_panel(conv, windows, in, out, in->ntk, out->ntk, work->scratch);
  limes_affine(out, out, conv->w_std * conv->w_std / limes_taps(conv, in->x->axes), conv->b_std * conv->b_std);
  work->flops += (in->ntk == NULL ? 1 : 2) * (adds(conv, in->x->axes) + 2) * (double)out->start[out->n];
}

size_t limes_conv_scratch(const limes_op *op, size_t in_elements, size_t out_elements, const limes_grid *largest) {
  const limes_conv *p = op->param;
  size_t widest = p->filter.n[0] > p->filter.n[1] ? p->filter.n[0] : p->filter.n[1];
  return (in_elements > out_elements ? in_elements : out_elements) + widest * largest->T;
}

double limes_conv_flops(const limes_op *op, const limes_grid *in_x, const limes_grid *in_y, const limes_grid *out_x,
                        const limes_grid *out_y, limes_layout in, limes_layout out, bool ntk) {
  (void)in_y;
  (void)in;
  return (ntk ? 2 : 1) * (adds(op->param, in_x->axes) + 2) * (double)limes_elements(out, out_x, out_y);
}

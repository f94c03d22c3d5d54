/* correlated_readout: flatten, with weights that are correlated between neighbouring positions.
 *
 * Infinite width (docs/mathematics.md, section 2): K <- sum_ab S_ab K_ab / sqrt(sum S(x,x) sum S(x',x')) over visible positions,
 * Theta likewise, S_ab = s(|a - b| / length_scale). Where the scale goes to 0 S is the identity (flatten), where it grows beyond
 * the items S is 1 everywhere (global_avg_pool). [Garriga-Alonso & van der Wilk 2021]
 *
 * Finite width: with the lower factor F of S over the B positions of the smallest box that holds every item's, channel c of block
 * j is sqrt(B / sum S(x,x)) sum_a F_aj x_ac. Independent weights behind it are, seen from the positions, weights with covariance
 * S.
 *
 * S depends on differences of positions alone: it is a table of one row for each distance along axis 0, and a row of positions
 * of x against one position of a partner reads a stretch of such a row.
 */
#include <math.h>
#include <string.h>

#include "base/clones.h"
#include "layers/finite.h"
#include "layers/positions_basis.h"
#include "layers/readout.h"

enum { MATERN32, MATERN52, EXPONENTIAL, RBF };
static const char *const kernels[] = {"matern32", "matern52", "exponential", "rbf", NULL};

#define FARTHEST 1e4 /* length scales: there all kernels are 0, and none is infinity times 0 */

typedef struct {
  limes_list length_scale; /* a readout each */
  int kernel;
} correlated_readout;

static const limes_param params[] = {
    LIMES_PARAM_READOUTS(correlated_readout, length_scale,
                         "positions over which weights are correlated; several, 4:8:16, make as many kernels in one pass"),
    LIMES_PARAM_CHOICES(correlated_readout, kernel, MATERN32, kernels, "correlation of two weights by the distance of positions"),
    LIMES_PARAM_END,
};

/* Correlation at a distance of so many length scales */
static double correlation(int kernel, double distance) {
  double r = fmin(distance, FARTHEST), root3 = sqrt(3) * r, root5 = sqrt(5) * r;
  switch (kernel) {
  case MATERN52:
    return (1 + root5 + root5 * root5 / 3) * exp(-root5);
  case EXPONENTIAL:
    return exp(-r);
  case RBF:
    return exp(-0.5 * r * r);
  default:
    return (1 + root3) * exp(-root3);
  }
}

/* weight[i * row + middle + k]: positions that are i apart along axis 0 and k, from -middle to middle, along axis 1 */
typedef struct {
  size_t row, middle;
  const double *weight;
} correlations;

/* For items of at most so many positions along each axis; memory [size[0] * (2 size[1] - 1)] */
static correlations tabulate(const limes_op *op, const uint32_t size[2], double *memory) {
  const correlated_readout *p = op->param;
  double scale = p->length_scale.value[p->length_scale.n > 1 ? op->readout : 0];
  correlations table = {.row = 2 * (size_t)size[1] - 1, .middle = size[1] - 1, .weight = memory};
  for (size_t i = 0; i < size[0]; i++)
    for (size_t k = 0; k <= table.middle; k++) {
      double *middle = memory + i * table.row + table.middle;
      middle[k] = *(middle - k) = correlation(p->kernel, hypot((double)i, (double)k) / scale);
    }
  return table;
}

/* The correlations of the positions (i, 0), (i, 1), ... with (to[0], to[1]), side by side */
static inline const double *row_of(const correlations *table, uint32_t i, const uint32_t to[2]) {
  return table->weight + (i > to[0] ? i - to[0] : to[0] - i) * table->row + table->middle - to[1];
}

/* sum_ab S_ab; a hidden position is in no pair */
static double total(const correlations *table, const limes_grid *grid) {
  double sum = 0;
  size_t width = grid->size[1];
  const uint8_t *hidden = grid->hidden;
  for (uint32_t to[2] = {0, 0}; to[0] < grid->size[0]; to[0]++)
    for (to[1] = 0; to[1] < width; to[1]++)
      for (uint32_t i = 0; i < grid->size[0] && (hidden == NULL || !hidden[to[0] * width + to[1]]); i++) {
        const double *weight = row_of(table, i, to);
        for (size_t k = 0; k < width; k++)
          sum += hidden == NULL || !hidden[i * width + k] ? weight[k] : 0;
      }
  return sum;
}

/* sum_ab S_ab K_ab of one partner; what belongs to hidden positions is 0. Eight sums side by side */
LIMES_CLONES
static double weighted_sum(const correlations *table, const limes_grid *x, const limes_grid *y, const double *element) {
  double lane[8] = {0}, rest = 0;
  size_t width = x->size[1], whole = width - width % 8;
  for (uint32_t to[2] = {0, 0}; to[0] < y->size[0]; to[0]++)
    for (to[1] = 0; to[1] < y->size[1]; to[1]++)
      for (uint32_t i = 0; i < x->size[0]; i++, element += width) {
        const double *weight = row_of(table, i, to);
        for (size_t k = 0; k < whole; k += 8)
          for (size_t l = 0; l < 8; l++)
            lane[l] += weight[k + l] * element[k + l];
        for (size_t k = whole; k < width; k++)
          rest += weight[k] * element[k];
      }
  return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7])) + rest;
}

static limes_trace_size trace_size(const limes_op *op) {
  (void)op;
  return (limes_trace_size){.positions = 1};
}

/* position[0][0]: the root of sum_ab S_ab of this item, which no covariance is needed for */
static void trace(const limes_op *op, const limes_panel *own, limes_trace *trace, limes_work *work) {
  (void)own;
  correlations table = tabulate(op, trace->grid->size, work->scratch);
  trace->position[0][0] = sqrt(total(&table, trace->grid));
}

static double trace_flops(const limes_op *op, const limes_grid *in) {
  (void)op;
  return (double)in->T * in->T;
}

static void cross(const limes_op *op, const limes_panel *in, limes_panel *out, const limes_trace *x, const limes_trace *y,
                  limes_work *work) {
  uint32_t size[2] = {in->x->size[0], in->x->size[1]};
  for (size_t j = 0; j < in->n; j++)
    for (int axis = 0; axis < 2; axis++)
      size[axis] = in->y[j].size[axis] > size[axis] ? in->y[j].size[axis] : size[axis];
  correlations table = tabulate(op, size, work->scratch);
  for (size_t j = 0; j < in->n; j++) {
    double norm = x->position[0][0] * y[j].position[0][0];
    out->cov[j] = weighted_sum(&table, in->x, &in->y[j], in->cov + in->start[j]) / norm;
    if (in->ntk != NULL)
      out->ntk[j] = weighted_sum(&table, in->x, &in->y[j], in->ntk + in->start[j]) / norm;
  }
  work->flops += (in->ntk == NULL ? 2 : 4) * (double)in->start[in->n];
}

static size_t scratch(const limes_op *op, size_t in_elements, size_t out_elements, const limes_grid *largest) {
  (void)op;
  (void)in_elements;
  (void)out_elements;
  return (size_t)largest->size[0] * (2 * (size_t)largest->size[1] - 1);
}

/* finite */

#define MOST_POSITIONS 8192 /* whose covariance is factorized */

/* One block of memory: this, then factor[B, B] */
typedef struct {
  uint32_t box[2];
  double factor[];
} basis;

static limes_status channels(limes_context *context, const limes_op *op, const limes_widths *widths, const size_t *in,
                             const limes_grid *box, size_t *out) {
  (void)widths;
  if (box->T > MOST_POSITIONS)
    return limes_fail(
        context, LIMES_REFUSED,
        "%s of a finite network needs a factor of order %u, and %d is the most: take smaller items, or pool before it",
        op->ops->word, box->T, MOST_POSITIONS);
  *out = limes_multiply_capped(in[0], box->T);
  return LIMES_OK;
}

static double covariance(const void *param, double rows, double columns) {
  const correlated_readout *p = param;
  return correlation(p->kernel, hypot(rows, columns) / p->length_scale.value[0]);
}

static limes_status prepare(limes_context *context, const limes_op *op, const limes_widths *widths, size_t items,
                            const limes_grid *const *grid, void **state) {
  (void)widths;
  uint32_t box[2];
  limes_box_of(items, grid, box);
  size_t n = (size_t)box[0] * box[1];
  basis *made = limes_allocate(context, 1, sizeof *made + n * n * sizeof *made->factor);
  if (made == NULL)
    return LIMES_NO_MEMORY;
  memcpy(made->box, box, sizeof box);
  limes_box_factorize(box, covariance, op->param, made->factor);
  *state = made;
  return LIMES_OK;
}

/* The row of F of position a, NULL where it is hidden */
static const double *factor_row(const basis *made, const limes_grid *grid, uint32_t a) {
  size_t n = (size_t)made->box[0] * made->box[1];
  if (grid->hidden != NULL && grid->hidden[a])
    return NULL;
  return made->factor + n * limes_box_number(made->box, a / grid->size[1], a % grid->size[1]);
}

/* sum_ab S_ab = |sum_a F_a|^2 */
static double total_of_factor(const basis *made, const limes_grid *grid) {
  double sum = 0;
  for (size_t j = 0; j < (size_t)made->box[0] * made->box[1]; j++) {
    double column = 0;
    for (uint32_t a = 0; a < grid->T; a++) {
      const double *row = factor_row(made, grid, a);
      column += row == NULL ? 0 : row[j];
    }
    sum += column * column;
  }
  return sum;
}

static void entries(const limes_call *call, size_t item, limes_entries *to) {
  const basis *made = call->state;
  const limes_grid *grid = &call->in->grid[item];
  size_t n = (size_t)made->box[0] * made->box[1];
  double scale = sqrt((double)n / total_of_factor(made, grid));
  for (uint32_t a = 0; a < grid->T; a++) {
    const double *row = factor_row(made, grid, a);
    for (size_t j = 0; row != NULL && j < n; j++)
      if (row[j] != 0)
        limes_add_entry(to, j, a, scale * row[j]);
  }
}

static const limes_finite face = {.channels = channels, .prepare = prepare, .entries = entries, LIMES_MAP_FACE};

const limes_layer_ops limes_layer_correlated_readout = {
    .word = "correlated_readout",
    .summary = "all positions as features, read by weights that are correlated between neighbours",
    .section = "2",
    .param_size = sizeof(correlated_readout),
    .params = params,
    .infer = limes_flattened_infer,
    .asks = limes_asks_matrix,
    .cross = cross,
    .grid = limes_readout_grid,
    .trace_size = trace_size,
    .trace = trace,
    .trace_flops = trace_flops,
    .scratch = scratch,
    .flops_each = {2, 4},
    .finite = &face,
};

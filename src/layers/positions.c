#include "layers/positions.h"

#include <math.h>
#include <stdlib.h>

#include "math/linear.h"

#define MOST_POSITIONS 2048 /* of an eigenvalue check */

const char *const limes_decay_names[] = {"none", "cauchy", "exponential", "relative", NULL};

static double raise(double base, double power) { return power == 1 ? base : power == 2 ? base * base : pow(base, power); }

double limes_position_covariance(const limes_decay *decay, double rows, double columns) {
  if (decay->kind == LIMES_DECAY_NONE)
    return rows == 0 && columns == 0 ? 1 : 0;
  double d = raise(fabs(rows), decay->norm) + raise(fabs(columns), decay->norm);
  double far = raise(decay->rate * d, decay->power);
  return decay->kind == LIMES_DECAY_CAUCHY ? 1 / (1 + far) : exp(-far);
}

/* exp(-rate * mean over axes of (a/n - b/n')^2) is a product over rows and columns: one factor an axis */
static double relative(const limes_decay *decay, const limes_grid *x, const limes_grid *y, int axis, uint32_t a, uint32_t b) {
  double difference = (double)a / x->size[axis] - (double)b / y->size[axis];
  return exp(-decay->rate * difference * difference / (x->axes < 2 ? 1 : 2));
}

static void add_relative(const limes_decay *decay, const limes_grid *x, const limes_grid *y, double scale, double add,
                         const double *in, double *out) {
  for (uint32_t b0 = 0; b0 < y->size[0]; b0++)
    for (uint32_t a0 = 0; a0 < x->size[0]; a0++) {
      double rows = add * relative(decay, x, y, 0, a0, b0);
      for (uint32_t b1 = 0; b1 < y->size[1]; b1++) {
        size_t at = ((size_t)b0 * y->size[1] + b1) * x->T + (size_t)a0 * x->size[1];
        for (uint32_t a1 = 0; a1 < x->size[1]; a1++)
          out[at + a1] = scale * in[at + a1] + rows * relative(decay, x, y, 1, a1, b1);
      }
    }
}

void limes_add_positions(const limes_decay *decay, const limes_grid *x, const limes_grid *y, double scale, double add,
                         const double *in, double *out) {
  if (decay->kind == LIMES_DECAY_RELATIVE) {
    add_relative(decay, x, y, scale, add, in, out);
    return;
  }
  for (uint32_t b = 0; b < y->T; b++)
    for (uint32_t a = 0; a < x->T; a++) {
      size_t at = (size_t)b * x->T + a;
      double rows = (double)(a / x->size[1]) - (double)(b / y->size[1]),
             columns = (double)(a % x->size[1]) - (double)(b % y->size[1]);
      out[at] = scale * in[at] + add * limes_position_covariance(decay, rows, columns);
    }
}

limes_status limes_positions_smallest(limes_context *context, const limes_decay *decay, const limes_grid *grid,
                                      double *eigenvalue) {
  limes_grid head = *grid;
  if (head.T > MOST_POSITIONS) { /* a leading part: its smallest eigenvalue is not below the whole's */
    head.size[1] = head.size[1] < MOST_POSITIONS ? head.size[1] : MOST_POSITIONS;
    head.size[0] = MOST_POSITIONS / head.size[1];
    head.T = head.size[0] * head.size[1];
  }
  double *matrix = limes_allocate(context, (size_t)head.T * head.T, sizeof *matrix);
  if (matrix == NULL)
    return LIMES_NO_MEMORY;
  limes_add_positions(decay, &head, &head, 0, 1, matrix, matrix);
  limes_status status = limes_smallest_eigenvalue(context, head.T, matrix, eigenvalue);
  free(matrix);
  return status;
}

bool limes_positions_sure(const limes_decay *decay, uint32_t axes) {
  if (decay->kind == LIMES_DECAY_NONE || decay->kind == LIMES_DECAY_RELATIVE)
    return true;
  return axes < 2 ? decay->power * decay->norm <= 2 : decay->power <= 1 && decay->norm <= 2;
}

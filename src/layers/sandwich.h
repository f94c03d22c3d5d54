/* K <- Z(x) K Z(x')^T, with Z dense, or by rows where most of it is zero. */
#ifndef LIMES_LAYERS_SANDWICH_H
#define LIMES_LAYERS_SANDWICH_H

#include "layers/layer.h"

#define LIMES_NEVER_SPARSE (-1)

/* Fills rows [T x T] with the elements of z (T x T, column-major) that are not zero, row by row, or with a sign that there
 * are so many that z itself is quicker. */
void limes_store_rows(size_t T, const double *z, double *rows);

/* result = Z(x) values Z(y)^T for the panel, or its diagonals. Z is matrix[0] of a trace, matrix[rows] what limes_store_rows
 * made of it (LIMES_NEVER_SPARSE: nothing). scratch: [limes_sandwich_scratch] numbers. */
void limes_sandwich(const limes_panel *in, const limes_panel *out, const double *values, const limes_trace *x,
                    const limes_trace *y, int rows, double *result, double *scratch);
size_t limes_sandwich_scratch(size_t in_elements, const limes_grid *largest);

/* Floating-point operations of one pair, dense */
double limes_sandwich_flops(const limes_grid *x, const limes_grid *y, limes_layout out);

#endif

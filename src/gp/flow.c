/* Gradient flow at a finite time (docs/mathematics.md, section 8), by eigenvalues. */
#include <math.h>

#include "gp/gp.h"

double limes_gp_flow_weight(double eigenvalue, double steps) {
  return eigenvalue > 0 ? -expm1(-steps * eigenvalue) / eigenvalue : steps;
}

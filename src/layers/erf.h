/* The parameters of erf: phi(u) = a erf(b u) + c. */
#ifndef LIMES_LAYERS_ERF_H
#define LIMES_LAYERS_ERF_H

typedef struct limes_erf {
  double a, b, c;
} limes_erf;

#endif

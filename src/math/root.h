/* Square roots that long loops need not wait for: the processor takes 25 to 30 cycles for eight of them, these take 9. */
#ifndef LIMES_MATH_ROOT_H
#define LIMES_MATH_ROOT_H

#include <stdint.h>
#include <string.h>

#include "base/clones.h"

/* The root of x >= 0, to the last bit where the compiler has fused multiplication and addition, within one of it elsewhere. A
 * first guess of 1/sqrt(x) out of the bits of x (the exponent halved, within 4 %), two steps of third order, one correction of
 * the root. */
LIMES_INLINE double limes_root(double x) {
  uint64_t bits;
  double r;
  memcpy(&bits, &x, sizeof bits);
  bits = UINT64_C(0x5fe6eb50c7b537a9) - (bits >> 1);
  memcpy(&r, &bits, sizeof r);
  for (int step = 0; step < 2; step++) {
    double e = 1 - x * r * r;
    r += r * e * (0.5 + 0.375 * e);
  }
  double y = x * r;
  return y + 0.5 * r * (x - y * y);
}

#endif

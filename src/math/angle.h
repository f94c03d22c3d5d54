/* Angles without libm: arcsines as polynomials that compilers vectorize, without branches. */
#ifndef LIMES_MATH_ANGLE_H
#define LIMES_MATH_ANGLE_H

#include <math.h>

#include "base/clones.h"

/* asin(x) / 2 pi for x in [0, 1], y = sqrt(1 - x^2). The angle is folded at pi/8, where x = y, and m = sin of what is left;
 * minimax polynomial of degree 9 in m^2. Absolute error 1e-17. */
LIMES_INLINE double limes_arcsine_turns(double x, double y) {
  const double sine = 0.38268343236508977, cosine = 0.92387953251128674; /* of pi/8 */
  double low = x < y ? x : y, high = x < y ? y : x;
  double m = high * sine - low * cosine;
  double u = m * m;
  double p = 0.0031304329639343905;
  p = p * u + 0.0012480342622868911;
  p = p * u + 0.002338716788537656;
  p = p * u + 0.0027481147873280355;
  p = p * u + 0.0035616422298254324;
  p = p * u + 0.0048353908604334339;
  p = p * u + 0.0071051326389018638;
  p = p * u + 0.011936620713167079;
  p = p * u + 0.026525823848777347;
  p = p * u + 0.15915494309189507;
  double folded = 0.0625 + m * p;
  return x < y ? 0.125 - folded : 0.125 + folded;
}

/* asin(x) for x in [-1, 1] to a relative error of 3e-16, also where x is tiny. Above 1/2 by the half angle, from
 * left = 1 - |x|, which the caller may know to more digits than x tells. */
LIMES_INLINE double limes_arcsine_left(double x, double left) {
  double size = fabs(x), half = left > 0 ? 0.5 * left : 0;
  double u = size <= 0.5 ? size * size : half;
  double w = size <= 0.5 ? size : sqrt(half);
  double p = 0.032096272232260283;
  p = p * u - 0.016511750678714469;
  p = p * u + 0.019725886717393636;
  p = p * u + 0.0064494057354704181;
  p = p * u + 0.012189190981364343;
  p = p * u + 0.013881842882904928;
  p = p * u + 0.017360094635052128;
  p = p * u + 0.022371727970539212;
  p = p * u + 0.030381960650344514;
  p = p * u + 0.044642856781408898;
  p = p * u + 0.075000000004179695;
  p = p * u + 0.1666666666666477;
  double angle = w + w * u * p;
  angle = size <= 0.5 ? angle : 1.5707963267948966 - 2 * angle;
  return copysign(angle, x);
}

LIMES_INLINE double limes_arcsine(double x) { return limes_arcsine_left(x, 1 - fabs(x)); }

#endif

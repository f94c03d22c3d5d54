/* rectified_monomial: phi(u) = max(u, 0)^degree; step: 1 where u > 0; sign.
 *
 * Infinite width (docs/mathematics.md, section 3). With u, v of variance 1, D_n = E[u_+^n v_+^n] and S_n = E[u_+^n v_+^(n-2)]
 * obey, by Stein's lemma, D_0 = (pi - theta) / 2 pi,   D_1 = sin theta / 2 pi + rho D_0,   S_2 = rho sin theta / 2 pi + D_0, S_n
 * = (n-1) D_(n-2) + rho (n-2) S_(n-1),   D_n = (n-1) S_n + rho n D_(n-1);                     [Cho & Saul 2009] K <- s^n D_n, s =
 * sqrt(K_aa K_bb), and Theta <- Theta n^2 s^(n-1) D_(n-1), 0 for n = 0. At s = 0 theta is pi/2. sign: K <- (2/pi) asin rho, 0 at
 * s = 0, and Theta <- 0.
 */
#include "base/clones.h"
#include "layers/elementwise.h"
#include "math/angle.h"

#define INVERSE_TWO_PI 0.15915494309189535

typedef struct {
  double s, rho, sine, turns; /* turns: asin(rho) / 2 pi */
} angle;

LIMES_INLINE angle angle_of(double k, double s) {
  double size = fabs(k), square = (s - size) * (s + size), y = sqrt(square > 0 ? square : 0), inverse = s > 0 ? 1 / s : 0;
  double turns = s > 0 ? limes_arcsine_turns(size * inverse, y * inverse) : 0;
  return (angle){s, k * inverse, s > 0 ? y * inverse : 1, copysign(turns, k)};
}

/* rectified_monomial */

typedef struct {
  uint32_t degree;
} rectified;

#define MOST_DEGREE 16

static const limes_param rectified_params[] = {
    {LIMES_FIELD(rectified, degree), .kind = LIMES_PARAM_COUNT, .required = true, .least = 0, .most = MOST_DEGREE,
     .help = "the power of max(u, 0)"},
    LIMES_PARAM_END,
};

/* s^n D_n and n^2 s^(n-1) D_(n-1) */
static void moments(uint32_t degree, angle at, double *value, double *slope) {
  double d[MOST_DEGREE + 1], edge = INVERSE_TWO_PI * at.sine, mixed = 0, power = 1; /* power: s^(degree - 1) */
  d[0] = 0.25 + at.turns;
  d[1] = edge + at.rho * d[0];
  for (uint32_t n = 2; n <= degree; n++) {
    mixed = n == 2 ? at.rho * edge + d[0] : (n - 1) * d[n - 2] + at.rho * (n - 2) * mixed;
    d[n] = (n - 1) * mixed + at.rho * n * d[n - 1];
    power *= at.s;
  }
  *value = degree == 0 ? d[0] : power * at.s * d[degree];
  *slope = degree == 0 ? 0 : (double)degree * degree * power * d[degree - 1];
}

static void rectified_run(const void *param, const limes_run *run) {
  uint32_t degree = ((const rectified *)param)->degree;
  for (size_t i = 0; i < run->length; i++) {
    double value, slope;
    moments(degree, angle_of(run->cov_in[i], run->x[i] * run->y[run->y_is_one ? 0 : i]), &value, &slope);
    run->cov[i] = value;
    if (run->ntk != NULL)
      run->ntk[i] = slope * run->ntk_in[i];
  }
}

/* At rho = 1 the angle is 0: no digits are lost. */
static void rectified_own(const void *param, double variance, double *value, double *slope) {
  angle at = variance > 0 ? (angle){variance, 1, 0, 0.25} : (angle){0, 0, 1, 0};
  moments(((const rectified *)param)->degree, at, value, slope);
}

static double power(double u, uint32_t n) {
  double result = 1;
  for (; n > 0; n >>= 1, u *= u)
    result = n & 1 ? result * u : result;
  return result;
}

/* Degree 0 jumps at 0, and is 1/2 there: what the kernel has at variance 0 */
static void rectified_apply(const void *param, size_t n, const double *u, double *value, double *slope) {
  uint32_t degree = ((const rectified *)param)->degree;
  for (size_t i = 0; i < n; i++) {
    double before = degree > 0 && u[i] > 0 ? power(u[i], degree - 1) : 0;
    value[i] = degree > 0 ? before * u[i] : u[i] > 0 ? 1 : u[i] < 0 ? 0 : 0.5;
    if (slope != NULL)
      slope[i] = degree * (degree == 1 && u[i] == 0 ? 0.5 : before);
  }
}

static const limes_elementwise rectified_dual = {
    .trace = limes_keep_deviation, .run = rectified_run, .own = rectified_own, .apply = rectified_apply, .flops = 60};

const limes_layer_ops limes_layer_rectified_monomial = {
    .word = "rectified_monomial",
    .summary = "max(u, 0) to a power",
    .section = "3",
    .param_size = sizeof(rectified),
    .params = rectified_params,
    .elementwise = &rectified_dual,
    LIMES_ELEMENTWISE_FACE,
};

/* sign and step: (lift + asin(rho) / 2 pi) times height, of slope 0 */

LIMES_INLINE void jump_loop(double lift, double height, const limes_run *run, size_t y_step) {
  const double *cov_in = run->cov_in, *x = run->x, *y = run->y;
  double *cov = run->cov, *ntk = run->ntk;
  LIMES_INDEPENDENT
  for (size_t i = 0; i < run->length; i++) {
    angle at = angle_of(cov_in[i], x[i] * y[i * y_step]);
    cov[i] = height * (lift + at.turns);
    if (ntk != NULL)
      ntk[i] = 0;
  }
}

LIMES_CLONES
static void run_jump(double lift, double height, const limes_run *run) {
  if (run->y_is_one)
    jump_loop(lift, height, run, 0);
  else
    jump_loop(lift, height, run, 1);
}

static void own_jump(double lift, double height, double variance, double *value, double *slope) {
  *value = height * (lift + (variance > 0 ? 0.25 : 0));
  *slope = 0;
}

/* low where u < 0, high where u > 0, their mean at 0 */
static void apply_jump(double low, double high, size_t n, const double *u, double *value, double *slope) {
  for (size_t i = 0; i < n; i++)
    value[i] = u[i] > 0 ? high : u[i] < 0 ? low : 0.5 * (low + high);
  for (size_t i = 0; slope != NULL && i < n; i++)
    slope[i] = 0;
}

static const limes_param no_params[] = {LIMES_PARAM_END};

static void sign_run(const void *param, const limes_run *run) {
  (void)param;
  run_jump(0, 4, run);
}

static void sign_own(const void *param, double variance, double *value, double *slope) {
  (void)param;
  own_jump(0, 4, variance, value, slope);
}

static void sign_apply(const void *param, size_t n, const double *u, double *value, double *slope) {
  (void)param;
  apply_jump(-1, 1, n, u, value, slope);
}

static const limes_elementwise sign_dual = {
    .trace = limes_keep_deviation, .run = sign_run, .own = sign_own, .apply = sign_apply, .flops = 35};

const limes_layer_ops limes_layer_sign = {
    .word = "sign",
    .summary = "-1 where u < 0, 1 where u > 0; its tangent kernel is 0",
    .section = "3",
    .params = no_params,
    .elementwise = &sign_dual,
    LIMES_ELEMENTWISE_FACE,
};

static void step_run(const void *param, const limes_run *run) {
  (void)param;
  run_jump(0.25, 1, run);
}

static void step_own(const void *param, double variance, double *value, double *slope) {
  (void)param;
  own_jump(0.25, 1, variance, value, slope);
}

static void step_apply(const void *param, size_t n, const double *u, double *value, double *slope) {
  (void)param;
  apply_jump(0, 1, n, u, value, slope);
}

static const limes_elementwise step_dual = {
    .trace = limes_keep_deviation, .run = step_run, .own = step_own, .apply = step_apply, .flops = 35};

const limes_layer_ops limes_layer_step = {
    .word = "step",
    .summary = "0 where u < 0, 1 where u > 0; its tangent kernel is 0",
    .section = "3",
    .params = no_params,
    .elementwise = &step_dual,
    LIMES_ELEMENTWISE_FACE,
};

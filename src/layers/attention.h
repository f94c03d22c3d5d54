/* What attention and attention_pool share: parameters, positional embeddings, and the weights Z of one item. */
#ifndef LIMES_LAYERS_ATTENTION_H
#define LIMES_LAYERS_ATTENTION_H

#include "layers/attention_sqrt.h"
#include "layers/positions.h"
#include "layers/zeta.h"

enum { LIMES_SCALE_LINEAR, LIMES_SCALE_SQRT };
enum { LIMES_POSITION_NONE, LIMES_POSITION_SUM, LIMES_POSITION_CONCAT, LIMES_POSITION_ONLY };
extern const char *const limes_scale_names[];
extern const char *const limes_position_names[];

typedef struct limes_attention {
  int query; /* of attention_pool */
  int scale, zeta;
  uint32_t k; /* of zeta=topk(k) */
  double prune, skip;
  double qk_correlation; /* NAN: scale decides */
  bool center;
  double q_std, k_std, v_std, o_std, b_std;
  int position;
  double position_std, position_share;
  uint32_t position_width, input_width;
  int decay;
  double decay_rate, decay_power, position_norm;
  bool in_values, causal;
  uint32_t samples; /* points of what has no closed form */
  double seed;      /* of their randomness; NAN: the context's */
  uint32_t heads, key_width, value_width, width;
} limes_attention;

/* Rows of both parameter tables */
#define LIMES_ATTENTION_ZETA(scale_help)                                                                                         \
  LIMES_PARAM_CHOICES(limes_attention, scale, LIMES_SCALE_LINEAR, limes_scale_names, scale_help),                                \
      {LIMES_FIELD(limes_attention, zeta),       .kind = LIMES_PARAM_CHOICE,                                                     \
       .fallback = LIMES_ZETA_SOFTMAX,           .choices = limes_zeta_names,                                                    \
       .argument = offsetof(limes_attention, k), .help = "what makes weights of logits"},                                        \
      LIMES_PARAM_SHARE(limes_attention, prune, 0, "zeta=softmax: weights below are dropped, the rest sums to 1 again")

#define LIMES_ATTENTION_STDS                                                                                                     \
  LIMES_PARAM_STD(limes_attention, q_std, 1, "standard deviation of the query weights"),                                         \
      LIMES_PARAM_STD(limes_attention, k_std, 1, "standard deviation of the key weights"),                                       \
      LIMES_PARAM_STD(limes_attention, v_std, 1, "standard deviation of the value weights"),                                     \
      LIMES_PARAM_STD(limes_attention, o_std, 1, "standard deviation of the output weights"),                                    \
      LIMES_PARAM_STD(limes_attention, b_std, 0, "standard deviation of the output bias")

#define LIMES_ATTENTION_POSITIONS                                                                                                \
  LIMES_PARAM_CHOICES(limes_attention, position, LIMES_POSITION_NONE, limes_position_names,                                      \
                      "how positional embeddings join queries and keys; only: alone"),                                           \
      LIMES_PARAM_STD(limes_attention, position_std, 1, "standard deviation of the embeddings"),                                 \
      LIMES_PARAM_SHARE(limes_attention, position_share, 0.5, "concat: share of the channels that are embeddings"),              \
      {LIMES_FIELD(limes_attention, position_width),                                                                             \
       .kind = LIMES_PARAM_COUNT,                                                                                                \
       .fallback = NAN,                                                                                                          \
       .least = 1,                                                                                                               \
       .most = 1 << 30,                                                                                                          \
       .help = "concat, with input_width: channels of the embeddings, in place of position_share"},                              \
      {LIMES_FIELD(limes_attention, input_width),                                                                                \
       .kind = LIMES_PARAM_COUNT,                                                                                                \
       .fallback = NAN,                                                                                                          \
       .least = 1,                                                                                                               \
       .most = 1 << 30,                                                                                                          \
       .help = "concat, with position_width: channels of the features"},                                                         \
      LIMES_PARAM_CHOICES(limes_attention, decay, LIMES_DECAY_NONE, limes_decay_names,                                           \
                          "covariance of two embeddings by their distance"),                                                     \
      LIMES_PARAM_STD(limes_attention, decay_rate, NAN, "factor of the distance; when left out: 1, or 5 for decay=relative"),    \
      LIMES_PARAM_POSITIVE(limes_attention, decay_power, 1, "power of rate times distance"),                                     \
      LIMES_PARAM_POSITIVE(limes_attention, position_norm, 2, "distance = sum over axes of |a - b| to this power")

#define LIMES_SAMPLES 256 /* points, when nothing is said */

#define LIMES_ATTENTION_SAMPLES                                                                                                  \
  LIMES_PARAM_WIDTH(limes_attention, samples, LIMES_SAMPLES,                                                                     \
                    "scale=sqrt, zeta=softmax: points in all, over 16 randomizations, rounded up to a multiple of 32"),          \
  {                                                                                                                              \
    LIMES_FIELD(limes_attention, seed), .kind = LIMES_PARAM_REAL, .fallback = NAN, .least = 0, .most = 0x1p53,                   \
                                        .help = "of their random numbers, a whole number; when left out: --seed"                 \
  }

#define LIMES_ATTENTION_WIDTHS                                                                                                   \
  LIMES_PARAM_WIDTH(limes_attention, heads, 8, "heads of a finite network"),                                                     \
      LIMES_PARAM_WIDTH(limes_attention, key_width, 64, "channels of a key in a finite network"),                                \
      LIMES_PARAM_WIDTH(limes_attention, value_width, 64, "channels of a value in a finite network"),                            \
      LIMES_PARAM_WIDTH(limes_attention, width, 512, "channels of a finite network")

/* Parameters that both words check against each other */
limes_status limes_attention_check(limes_context *context, const void *param);

limes_decay limes_attention_decay(const limes_attention *p);
limes_zeta limes_attention_zeta(const limes_attention *p);

/* K~ = features * K + embeddings * R */
void limes_attention_mixture(const limes_attention *p, double *features, double *embeddings);

/* The part of scale=sqrt. Between the scales, with r > 0, its logits have the deviations sqrt(1 - r^2) times those, and means
 * r / sqrt(1 - r^2) times their deviations (docs/mathematics.md, section 5). */
limes_attention_sqrt limes_attention_random_part(const limes_attention *p, double r);

/* The plan's question about the decay: where it is no covariance, a warning, or an error where something needs one
 * ("in_values=yes"; NULL: nothing does). */
limes_status limes_attention_examine(limes_context *context, const limes_op *op, const limes_grid *largest, const char *needs);

/* q_std k_std K~(x, x), column-major T x T, from the item's covariance with itself */
void limes_attention_logits(const limes_attention *p, const limes_panel *own, double *z);

/* Whether attention lets position a see position c */
bool limes_attention_sees(const limes_attention *p, const limes_grid *grid, uint32_t a, uint32_t c);

/* Z from logits, in place; row: [2 T] numbers of scratch */
void limes_attention_weights(const limes_attention *p, const limes_grid *grid, double *z, double *row);

/* K <- sigma^2 K + b^2, Theta <- sigma^2 Theta + b^2 + 2 sigma^2 K, sigma = v_std o_std, for n elements of what the weights
 * have made of K and Theta; ntk NULL: not wanted */
void limes_attention_finish(const limes_attention *p, size_t n, double *cov, double *ntk);

#endif

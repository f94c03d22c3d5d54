/* What a layer is: for people who add one.
 *
 * A layer is one file in src/layers/ with a `const limes_layer_ops limes_layer_NAME`, and one line in layer_list.h. The
 * ops stand in three groups: required, optional with a default, optional. Sizes are spelled as in docs/mathematics.md:
 * T positions, N items, C features.
 *
 * A covariance between two items is held as a number (SCALAR: items without positions), as its main diagonal (DIAGONAL:
 * T numbers, where only equal positions matter), or as a matrix (FULL: T x T'). Ops see *panels*: one item x against n
 * partners. Element (a, b) of partner j of a FULL panel stands at start[j] + b * x->T + a: columns of x's positions, so
 * that Z K for the whole panel is one matrix product. A DIAGONAL panel has x->T numbers a partner, a SCALAR panel one.
 */
#ifndef LIMES_LAYERS_LAYER_H
#define LIMES_LAYERS_LAYER_H

#include "base/context.h"
#include "base/grid.h"
#include "base/memory.h"

/* parameters: a table that parses, prints, documents and completes them */

typedef enum {
  LIMES_PARAM_REAL,   /* double */
  LIMES_PARAM_COUNT,  /* uint32_t, a whole number */
  LIMES_PARAM_SIZE,   /* limes_size: 3 or 3x3 */
  LIMES_PARAM_CHOICE, /* int, index into choices */
  LIMES_PARAM_SWITCH, /* bool, yes or no */
  LIMES_PARAM_LIST,   /* limes_list: 48:16 */
  LIMES_PARAM_RANGE,  /* limes_interval: 0:4, 2:, :4 or : */
} limes_param_kind;

/* A size per axis. n[0] = 0: not given. For one number n[0] = n[1] and each_axis is false. */
typedef struct {
  uint32_t n[2];
  bool each_axis; /* written as AxB */
} limes_size;

/* Positions from ... to - 1. to = 0: not given. */
typedef struct limes_interval {
  uint32_t from, to;
} limes_interval;

#define LIMES_TO_THE_END UINT32_MAX

#define LIMES_MOST_LISTED 16

/* Some numbers. n = 0: not given. */
typedef struct limes_list {
  uint32_t n;
  double value[LIMES_MOST_LISTED]; /* [n], zeros behind them */
} limes_list;

typedef struct limes_param {
  const char *name; /* NULL ends a table */
  limes_param_kind kind;
  size_t offset;      /* in the layer's parameter struct */
  bool required;      /* has no default */
  double fallback;    /* the default; for a choice its index, for a switch 0 or 1; NAN: "decided by the others", see help */
  double least, most; /* the range of a number, of each one in a list, ends included */
  bool open;          /* least itself is excluded */
  bool rest;          /* a list, last of its table, that takes all bare values from its place on: (0.3, -0.8, 0.25) */
  bool readouts;      /* a list each of whose numbers makes a readout of its own, see limes_op */
  const char *const *choices; /* of a choice, ended by NULL; one written as "topk(k)" takes a whole number from 1 in brackets, */
  size_t argument;            /* which goes to this offset, a uint32_t: 0 with the other choices. 0: no choice takes one */
  const char *help;           /* half a sentence: what it is, units */
} limes_param;

/* Tables are written with these; `type` is the layer's parameter struct, `field` its member and the word's name. */
#define LIMES_FIELD(type, field) .name = #field, .offset = offsetof(type, field)
#define LIMES_PARAM_STD(type, field, value, text)                                                                                \
  { LIMES_FIELD(type, field), .kind = LIMES_PARAM_REAL, .fallback = (value), .least = 0, .most = 1e100, .help = (text) }
#define LIMES_PARAM_POSITIVE(type, field, value, text)                                                                           \
  {                                                                                                                              \
    LIMES_FIELD(type, field), .kind = LIMES_PARAM_REAL, .fallback = (value), .least = 0, .most = 1e100, .open = true,            \
                              .help = (text)                                                                                     \
  }
#define LIMES_PARAM_NUMBER(type, field, value, text)                                                                             \
  { LIMES_FIELD(type, field), .kind = LIMES_PARAM_REAL, .fallback = (value), .least = -1e100, .most = 1e100, .help = (text) }
#define LIMES_PARAM_NEEDED(type, field, text)                                                                                    \
  { LIMES_FIELD(type, field), .kind = LIMES_PARAM_REAL, .required = true, .least = -1e100, .most = 1e100, .help = (text) }
#define LIMES_PARAM_SHARE(type, field, value, text)                                                                              \
  { LIMES_FIELD(type, field), .kind = LIMES_PARAM_REAL, .fallback = (value), .least = 0, .most = 1, .help = (text) }
#define LIMES_PARAM_WIDTH(type, field, value, text)                                                                              \
  { LIMES_FIELD(type, field), .kind = LIMES_PARAM_COUNT, .fallback = (value), .least = 1, .most = 1 << 30, .help = (text) }
#define LIMES_PARAM_SIZES(type, field, value, must, text)                                                                        \
  {                                                                                                                              \
    LIMES_FIELD(type, field), .kind = LIMES_PARAM_SIZE, .fallback = (value), .required = (must), .least = 1, .most = 1 << 20,    \
                              .help = (text)                                                                                     \
  }
#define LIMES_PARAM_CHOICES(type, field, value, list, text)                                                                      \
  { LIMES_FIELD(type, field), .kind = LIMES_PARAM_CHOICE, .fallback = (value), .choices = (list), .help = (text) }
#define LIMES_PARAM_NUMBERS(type, field, from, to, text)                                                                         \
  { LIMES_FIELD(type, field), .kind = LIMES_PARAM_LIST, .fallback = NAN, .least = (from), .most = (to), .help = (text) }
#define LIMES_PARAM_REST(type, field, text)                                                                                      \
  {                                                                                                                              \
    LIMES_FIELD(type, field), .kind = LIMES_PARAM_LIST, .required = true, .rest = true, .least = -1e100, .most = 1e100,          \
                              .help = (text)                                                                                     \
  }
#define LIMES_PARAM_READOUTS(type, field, text)                                                                                  \
  {                                                                                                                              \
    LIMES_FIELD(type, field), .kind = LIMES_PARAM_LIST, .required = true, .least = 0, .most = 1e100, .open = true,               \
                              .readouts = true, .help = (text)                                                                   \
  }
#define LIMES_PARAM_RANGES(type, field, must, text)                                                                              \
  { LIMES_FIELD(type, field), .kind = LIMES_PARAM_RANGE, .required = (must), .fallback = NAN, .help = (text) }
#define LIMES_PARAM_YES_NO(type, field, value, text)                                                                             \
  { LIMES_FIELD(type, field), .kind = LIMES_PARAM_SWITCH, .fallback = (value), .help = (text) }
#define LIMES_PARAM_END                                                                                                          \
  { .name = NULL }

/* values: what stands between two layers */

typedef enum { LIMES_ABSENT, LIMES_SCALAR, LIMES_DIAGONAL, LIMES_FULL } limes_layout; /* each holds the ones before it */

/* Behind layers that add positions an item has at most so many: squares of it still add up in a size_t. */
#define LIMES_MOST_POSITIONS (1u << 24)

/* What can be said of a value without looking at data (docs/mathematics.md, section 3, "Who may feed what"). */
typedef struct limes_shape {
  uint32_t axes;       /* position axes: 0, 1, 2 */
  bool gaussian;       /* channels are jointly Gaussian: may feed an elementwise layer */
  bool zero_mean;      /* channels have mean zero: may feed a layer_norm */
  uint32_t affine;     /* layers with weights of their own on the way here; where branches meet, on the way with the fewest */
  bool segments;       /* positions belong to segments, as words to sentences */
  bool unit_variance;  /* by a layer_norm over features straight before */
  const char *made_by; /* the word of the layer behind it, or "the input" */
} limes_shape;

/* what ops read and write */

#define LIMES_TRACE_ARRAYS 3

typedef struct limes_trace_size {
  uint32_t positions; /* arrays of T times `numbers` numbers */
  uint32_t numbers;   /* of one position, side by side; 0: one */
  uint32_t matrices;  /* arrays of T x T numbers */
} limes_trace_size;

/* What an op keeps of one item for its pairs, computed in the item's self pass. In an array of traces of neighbouring
 * items, position[k] of the next item starts where this one's ends: a row of pairs reads them side by side. */
typedef struct limes_trace {
  const limes_grid *grid; /* of the op's input */
  size_t numbers;         /* from one position to the next in position[k] */
  double *position[LIMES_TRACE_ARRAYS];
  double *matrix[LIMES_TRACE_ARRAYS]; /* column-major, T x T */
} limes_trace;

/* K and Theta of item x against n partners. */
typedef struct limes_panel {
  limes_layout layout;
  size_t n;            /* partners */
  ptrdiff_t same;      /* which partner is x itself, -1: none. There rho = 1 at equal positions is a fact */
  const limes_grid *x; /* of item x */
  const limes_grid *y; /* [n] */
  const size_t *start; /* [n + 1] first element of each partner */
  double *cov;         /* [start[n]] K */
  double *ntk;         /* [start[n]] Theta; NULL: not wanted */
} limes_panel;

/* By how many randomizations a kernel with sampled ops is computed: the spread of so many gives its standard error. */
#define LIMES_REPLICATES 16

/* What keys the random numbers of a sampled op: the seed, which randomization, and what identifies item x and the partners by
 * their content, so that a pair has one stream wherever and in whichever order it is met. */
typedef struct limes_draw {
  uint64_t seed, x;
  const uint64_t *y; /* [n] of the panel */
  uint32_t replicate;
  bool estimated; /* the op's input comes from a sampled op itself */
} limes_draw;

/* Scratch of one worker, sized by the plan; the floating-point operations counted so far, as they were promised, and what the
 * data made of them beyond that; the largest relative error of what was approximated. */
typedef struct limes_work {
  limes_draw draw; /* for sampled ops */
  double *scratch;
  double flops, more;
  double error;
  uint32_t part; /* of a mixture: bit k - 1 is how coin k of the batch fell, 1 for tails */
} limes_work;

/* One op of a program: a layer with its parameters between values. */
typedef struct limes_op {
  const struct limes_layer_ops *ops;
  const void *param;  /* the layer's parameter struct */
  const uint32_t *in; /* [n_in] values */
  uint32_t n_in, out;
  uint32_t given;        /* bit k: parameter k of the table was written */
  uint32_t line, column; /* where its word stands in the model's text; 0: built by calls */
  uint32_t coin;         /* which coin of the batch it tosses, counted from 1; 0: none */
  uint32_t readout;      /* which of several readouts it works for, from 0: its number in a list of readouts ... */
  uint32_t readouts;     /* ... and how many there are; 0: it works for all of them */
} limes_op;

/* Elementwise layers: the dual activation, over runs of pairs (docs/mathematics.md, section 3). */
typedef struct limes_run {
  size_t length;
  const double *cov_in, *ntk_in; /* K_ab; Theta_ab or NULL */
  double *cov, *ntk;             /* may be the same as cov_in, ntk_in; ntk NULL as ntk_in */
  const double *x;               /* [length] trace of one side; a position has `kept` numbers in each */
  const double *y;               /* [length], or one position where y_is_one */
  bool y_is_one;
  const double *x_inverse, *y_inverse; /* 1/x and 1/y (0 where they are too small for it), or NULL: they save divisions */
} limes_run;

typedef struct limes_elementwise {
  /* how many numbers are kept of a position; NULL: one */
  uint32_t (*kept)(const void *param);
  /* what is kept of a position with this variance; in and out may be the same where it is one number */
  void (*trace)(const void *param, size_t n, const double *variance, double *kept);
  /* K <- E[phi phi], Theta <- Theta E[phi' phi'] */
  void (*run)(const void *param, const limes_run *run);
  /* the same at rho = 1 exactly: E[phi(u)^2] and E[phi'(u)^2], u of this variance */
  void (*own)(const void *param, double variance, double *value, double *slope);
  /* the nonlinearity itself: value[i] = phi(u[i]), and slope[i] = phi'(u[i]) where slope is not NULL; NULL: it has no formula */
  void (*apply)(const void *param, size_t n, const double *u, double *value, double *slope);
  bool inverse;                          /* of its one number a position the inverse is kept too */
  bool unit_variance;                    /* holds for variance 1 alone: layer_norm must stand before */
  double flops;                          /* an element, K and Theta together; exp and the like count as 20 */
  double (*flops_of)(const void *param); /* where they depend on the parameters, in place of flops */
} limes_elementwise;

/* Covariances along diagonals: a layer that keeps each diagonal b - a of a covariance to itself can be walked diagonal after
 * diagonal, through many layers at once (kernel/diagonals.c). */

/* K <- weight sum_d K_{a+d, b+d} + bias, Theta <- weight sum_d Theta_{a+d, b+d} + K: a window of taps[axis] positions from
 * before[axis] in front of a on, zeros outside of the items. */
typedef struct limes_slide {
  uint32_t taps[2], before[2];
  double weight, bias;
} limes_slide;

/* a layer */

/* LIMES_WORD_SUM: its branches are its inputs; of LIMES_WORD_RESIDUAL there is one more, what stands before it. */
typedef enum { LIMES_WORD_LAYER, LIMES_WORD_IDENTITY, LIMES_WORD_SUM, LIMES_WORD_RESIDUAL, LIMES_WORD_REPEAT } limes_word_kind;

typedef struct limes_layer_ops {
  /* required */
  const char *word, *summary, *section; /* the word; what it does, one sentence; its section of the mathematics */
  size_t param_size;
  const limes_param *params;
  /* out from in[n_in]; fails, naming what stands before and the mend, where the input is not what the layer needs */
  limes_status (*infer)(limes_context *context, const limes_op *op, const limes_shape *in, limes_shape *out);
  /* which layout of its inputs the op needs to make `out` (own = false), or to make its trace and `out`, which may be
   * ABSENT (own = true) */
  limes_layout (*asks)(const limes_op *op, limes_layout out, bool own);
  /* in[n_in] -> out, with the traces x of item x and y[n] of the partners (NULL where the layer keeps none). out may
   * stand on in[0] where in_place. */
  void (*cross)(const limes_op *op, const limes_panel *in, limes_panel *out, const limes_trace *x, const limes_trace *y,
                limes_work *work);

  /* optional, with a default */
  limes_word_kind kind;                   /* default: a layer */
  uint32_t least_branches, most_branches; /* default: none */
  bool affine;                            /* default: has no weights of its own */
  bool any_branches, any_means;           /* default: branches should be uncorrelated; any_means: independence is enough */
  bool in_place;                          /* default: out needs its own memory */
  bool equal_positions;                   /* default: items may differ in their positions */
  bool pools_segments;                    /* default: what it does does not depend on segments */
  /* checks parameters against each other; default: nothing to check. Leaves a sentence without the layer's name */
  limes_status (*check)(limes_context *context, const void *param);
  /* the positions behind the layer; default: those before it. Fails where they are too few. hidden stays the input's */
  limes_status (*grid)(limes_context *context, const limes_op *op, const limes_grid *in, limes_grid *out);
  limes_trace_size (*trace_size)(const limes_op *op); /* default: no trace */
  /* fills the trace of one item from its covariance with itself, own (n = 1, same = 0), before the op is applied */
  void (*trace)(const limes_op *op, const limes_panel *own, limes_trace *trace, limes_work *work);
  /* doubles of scratch for a panel of so many elements at input and output, in partners of at most T positions */
  size_t (*scratch)(const limes_op *op, size_t in_elements, size_t out_elements, const limes_grid *largest);
  double flops_each[2]; /* floating-point operations an element of the input: K alone, K and Theta; default: none, it copies */
  /* where they are not so many for each element: of one pair, K and Theta together (K alone where !ntk) */
  double (*flops)(const limes_op *op, const limes_grid *in_x, const limes_grid *in_y, const limes_grid *out_x,
                  const limes_grid *out_y, limes_layout in, limes_layout out, bool ntk);
  double (*trace_flops)(const limes_op *op, const limes_grid *in); /* of trace, one item */
  /* of a layer that tosses one coin for the batch, the probability of heads, below 1: the model is a mixture (kernel/mixture.h)
   */
  double (*coin)(const limes_op *op);         /* default: it tosses none */
  bool (*random_weights)(const limes_op *op); /* attention words: weights are random, no matrix of the trace; default: they are */
  /* whether the op is an estimate by random points, run once for each randomization (work->draw); default: it is exact */
  bool (*sampled)(const limes_op *op);

  /* optional */
  const struct limes_finite *finite;    /* the layer with sampled weights (finite.h) */
  const limes_elementwise *elementwise; /* an elementwise layer; the functions of elementwise.h do the rest */
  /* of a layer by quadrature: raises *value and *slope to the largest relative errors that it leaves in E phi^2 and E phi'^2 at
   * the positions of this item */
  void (*left_out)(const struct limes_op *op, const limes_trace *trace, double *value, double *slope);
  /* along diagonals: the layer as a slide over items of this grid (false: it is none); element by element, with position[0] of
   * the traces, in place; as `weight` times the sum of all elements of a pair */
  bool (*slide)(const struct limes_op *op, const limes_grid *grid, limes_slide *slide);
  void (*run)(const void *param, const limes_run *run);
  double (*sum_weight)(const limes_grid *x, const limes_grid *y);
  /* whether the layer has expectations at the positions whose trace this is; fails with a sentence that begins with `where`, such
   * as "item 3". Called from any worker */
  limes_status (*accept)(limes_context *context, const struct limes_op *op, const limes_trace *trace, const char *where);
  /* fills what the table does not name of a parameter struct that has its defaults */
  void (*prepare)(const struct limes_layer_ops *ops, void *param);
  /* something about the data that the user should hear before the work, or that forbids it: largest is the item with the most
   * positions */
  limes_status (*examine)(limes_context *context, const limes_op *op, const limes_grid *largest);
} limes_layer_ops;

/* The parameters of repeat: the program's compiler reads them. */
typedef struct limes_repeat {
  uint32_t n;
} limes_repeat;

/* All registered words, in the order of the reference; *count of them. */
const limes_layer_ops *const *limes_layers(size_t *count);

/* The layer of a word of the language, or NULL. */
const limes_layer_ops *limes_layer_find(const char *word);

/* The layer of a word of the language or of those that the user has defined in this context, or NULL. */
const limes_layer_ops *limes_layer_known(const limes_context *context, const char *word);

/* Elements of a covariance between items with these positions. */
size_t limes_elements(limes_layout layout, const limes_grid *x, const limes_grid *y);

#endif

/* The finite face of a layer: the same function with sampled weights, its derivatives forward and backward, by hand.
 *
 * Activations at one value of the program are *units*: the positions of all items one after another, the channels of a
 * position side by side, row-major [P, C]. Parameters of the whole network are one flat vector theta of independent normal
 * numbers; each op owns a stretch of it, divided into named *blocks*, row-major [rows, columns]. A weight is factor * theta:
 * in the NTK parameterization factor is the block's std and theta ~ N(0, 1), in the standard one factor is 1 and
 * theta ~ N(0, std^2) (docs/mathematics.md, section 10). A block with std 0 does not exist.
 *
 * What an op may count on:
 *   - hidden positions (holes) hold zeros in its inputs, and in what comes to it from behind; the network zeroes those of its
 *     output and of the output's tangent again. Keys, means and counts must leave them out by themselves.
 *   - nothing is allocated, said or planned in forward, tangent and adjoint: tape and scratch have been sized, errors belong to
 *     channels and prepare. Functions keep no state of their own: several calls run at the same time.
 */
#ifndef LIMES_LAYERS_FINITE_H
#define LIMES_LAYERS_FINITE_H

#include "base/random.h"
#include "layers/layer.h"

/* Activations at one value. Row start[i] + a is position a of item i. */
typedef struct limes_units {
  size_t items, channels;
  uint32_t axes;          /* position axes */
  const limes_grid *grid; /* [items] */
  const size_t *start;    /* [items + 1] first row of each item */
  const uint64_t *item;   /* [items] what tells an item from all others the network was made for: keys of random masks */
  double *unit;           /* [start[items], channels] */
} limes_units;

/* How wide an op is: what its words say, else what the user asked of the whole network, else the words' defaults. A word
 * without a parameter of that name has 0 there. */
typedef struct limes_widths {
  size_t width, heads, key_width, value_width;
} limes_widths;

#define LIMES_MOST_WEIGHTS 8

/* One array of parameters of an op. */
typedef struct limes_weights {
  const char *name; /* "weight"; static */
  size_t rows, columns;
  double std; /* sigma / sqrt(fan_in); 0: the block does not exist */
  bool inner; /* the op's output is not linear in the blocks that are not inner together with this one (queries, keys, values) */
  /* Where parameters belong to positions: rows fall into `pieces` equal parts, each drawn from a stream of its own with this
   * key, so that a position keeps its parameters whatever other positions there are. NULL: one stream for all. */
  const uint64_t *piece; /* [pieces], in the op's state */
  size_t pieces;

  /* filled in by the network */
  double factor; /* weight = factor * theta */
  size_t first;  /* of the op's numbers in theta, adjoints and tangents of it */
} limes_weights;

/* One op on some items. At sizing (channels known, tape and scratch) unit and theta are NULL; at blocks there are no items. */
typedef struct limes_call {
  const limes_op *op;
  const limes_widths *widths;
  const void *state;            /* what prepare made; NULL where there is none */
  const limes_weights *weights; /* [LIMES_MOST_WEIGHTS] */
  const double *theta;          /* the op's stretch of the parameters */
  limes_stream stream;          /* of the op in this draw; limes_mask_stream makes one for an item of it */
  const limes_units *in;        /* [op->n_in] */
  const limes_units *out;
  double *tape;    /* [tape()] kept from forward for tangent and adjoint; NULL: neither will be asked for */
  double *scratch; /* [scratch()] undefined at the beginning */
} limes_call;

typedef struct limes_finite limes_finite;

/* One nonzero of a map along positions, out[o] += weight in[i], goes to the sink. */
typedef struct limes_entries limes_entries;

struct limes_finite {
  /* Why the op has no finite face ("its nonlinearity is known by its kernel alone"), NULL where it has. Default: it has one. */
  const char *(*unable)(const limes_op *op);
  /* Channels behind the op from those of its inputs in[n_in]; grid: positions of an item before it (all are equal where the
   * layer wants that). Default: those of the first input. Fails where inputs do not go together. */
  limes_status (*channels)(limes_context *context, const limes_op *op, const limes_widths *widths, const size_t *in,
                           const limes_grid *grid, size_t *out);
  /* What the op keeps for the life of the network (positions that have parameters of their own): *state belongs to the network,
   * which gives it to free(). grid [items]: positions before the op of all items the network is made for. Default: nothing. */
  limes_status (*prepare)(limes_context *context, const limes_op *op, const limes_widths *widths, size_t items,
                          const limes_grid *const *grid, void **state);
  /* Fills name, rows, columns, std (and pieces) of the op's blocks; all are zero before. call has op, widths, state and the
   * channels of in and out. Default: no parameters. */
  void (*weights)(const limes_call *call, limes_weights *weights);
  size_t (*tape)(const limes_call *call);    /* doubles; default: none */
  size_t (*scratch)(const limes_call *call); /* doubles, for any of the three below; default: none */

  /* out = f(in, theta); writes the tape where there is one. out is undefined before. */
  void (*forward)(const limes_call *call);
  /* out_tangent = (df/din) in_tangent + (df/dtheta) theta_tangent. in_tangent[k] NULL, theta_tangent NULL: zero. out_tangent
   * [out's rows, channels] is undefined before. */
  void (*tangent)(const limes_call *call, const double *const *in_tangent, const double *theta_tangent, double *out_tangent);
  /* in_adjoint[k] += (df/din)^T out_adjoint, theta_adjoint += (df/dtheta)^T out_adjoint. Either NULL: not wanted. */
  void (*adjoint)(const limes_call *call, const double *out_adjoint, double *const *in_adjoint, double *theta_adjoint);

  /* Whether it is linear in its inputs (sums, masks): then outputs behind it can be integrated over the last weights. Maps by
   * entries are. */
  bool linear;
  /* Optional: the op's part of the NTK of one output, ntk[i, j] += sum over its parameters of (df_i/dtheta)(df_j/dtheta), from
   * the calls of both sides and the adjoints at the op's output, without making derivatives [Novak, Sohl-Dickstein, Schoenholz
   * 2022]. ntk [x's items, y's items]; scratch: gram_scratch() doubles. Default: from adjoint, item by item. */
  void (*gram)(const limes_call *x, const limes_call *y, const double *x_adjoint, const double *y_adjoint, double *ntk,
               double *scratch);
  size_t (*gram_scratch)(const limes_call *x, const limes_call *y);
  /* How much gram does for all pairs, in flops of a matrix product; there where gram is. */
  double (*gram_flops)(const limes_call *x, const limes_call *y);
  /* Of one forward pass of all items, beyond weights times rows and a step for each number. Default: none. */
  double (*flops)(const limes_call *call);

  /* Of a layer that is linear in the positions and has no parameters: hands out all nonzeros of its map of one item. forward,
   * tangent, adjoint are then limes_map_forward and its kin. */
  void (*entries)(const limes_call *call, size_t item, limes_entries *to);
};

/* Numbers of block k in a vector like the op's theta; NULL where the vector is NULL or the block does not exist. */
static inline const double *limes_part(const limes_call *call, const double *vector, unsigned k) {
  return vector == NULL || !(call->weights[k].std > 0) ? NULL : vector + call->weights[k].first;
}
static inline double *limes_part_of(const limes_call *call, double *vector, unsigned k) {
  return vector == NULL || !(call->weights[k].std > 0) ? NULL : vector + call->weights[k].first;
}

static inline size_t limes_rows(const limes_units *units) { return units->start[units->items]; }

/* What a step of a loop over numbers counts for among flops of matrix products */
#define LIMES_STEP_FLOPS 32

/* Of one forward pass of all items */
double limes_forward_flops(const limes_call *call);

/* A stream of the op for masks of one item (limes_units.item): the same whichever items are asked for together. */
limes_stream limes_mask_stream(const limes_call *call, uint64_t item);

/* factor [rows, channels] of the first input: 1 / keep with probability keep, else 0, for every item, position and channel. */
void limes_draw_masks(const limes_call *call, double keep, double *factor);

/* A key for the position (row, column) that does not depend on how many positions there are: shells around (0, 0). */
uint64_t limes_position_key(uint32_t row, uint32_t column);

/* The parameter `name` of the op, a whole number: what the text gave, else `asked`, else (asked = 0) its default; 0 where the
 * word has no such parameter. */
size_t limes_width_of(const limes_op *op, const char *name, size_t asked);

/* `channels` of an affine layer: its width */
limes_status limes_width_channels(limes_context *context, const limes_op *op, const limes_widths *widths, const size_t *in,
                                  const limes_grid *grid, size_t *out);

/* y [rows, columns] (+)= factor x [rows, inner] w [inner, columns], all row-major, and its two adjoints:
 * x += factor y w^T, w += factor x^T y. Any may be NULL: then nothing happens. */
void limes_multiply_units(size_t rows, size_t inner, size_t columns, double factor, const double *x, const double *w, bool add,
                          double *y);
void limes_multiply_back(size_t rows, size_t inner, size_t columns, double factor, const double *y, const double *w, double *x);
void limes_multiply_weights(size_t rows, size_t inner, size_t columns, double factor, const double *x, const double *y,
                            double *w);
/* every row of y [rows, columns] += factor b [columns]; and b += factor times the sum of the rows. b NULL: nothing happens. */
void limes_add_bias(size_t rows, size_t columns, double factor, const double *b, double *y);
void limes_sum_bias(size_t rows, size_t columns, double factor, const double *y, double *b);
/* y[n] += w x[n] */
void limes_add_multiple(size_t n, double w, const double *x, double *y);

/* maps along positions, by their entries */

struct limes_entries {
  size_t channels;
  const double *from; /* rows of the item */
  double *to;
  bool back; /* the transposed map: to[i] += weight from[o] */
};

static inline void limes_add_entry(limes_entries *map, size_t o, size_t i, double weight) {
  size_t to = map->back ? i : o, from = map->back ? o : i;
  limes_add_multiple(map->channels, weight, map->from + from * map->channels, map->to + to * map->channels);
}

void limes_map_forward(const limes_call *call);
void limes_map_tangent(const limes_call *call, const double *const *in_tangent, const double *theta_tangent, double *out_tangent);
void limes_map_adjoint(const limes_call *call, const double *out_adjoint, double *const *in_adjoint, double *theta_adjoint);

#define LIMES_MAP_FACE .forward = limes_map_forward, .tangent = limes_map_tangent, .adjoint = limes_map_adjoint

/* elementwise layers, by limes_elementwise.apply; the tape holds the slopes */
extern const limes_finite limes_elementwise_finite;

#endif

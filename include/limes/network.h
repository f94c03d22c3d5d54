/* limes: the networks of a model at finite width: sampled parameters, forward, derivatives.
 *
 * All parameters are one vector theta. In the NTK parameterization they are independent standard normal numbers, and a weight
 * is w_std / sqrt(fan_in) times its parameter; in the standard one parameters are the weights themselves, of that deviation:
 * the same functions at the start, with other gradients (docs/mathematics.md, section 10).
 *
 * A network is made for the batches that it will see: parameters may belong to positions. Model and batches must outlive it.
 * Functions on one network may run at the same time in several threads, each with a context of its own, as long as none
 * changes it (set_parameters, draw).
 */
#ifndef LIMES_NETWORK_H
#define LIMES_NETWORK_H

#include "limes/data.h"
#include "limes/kernel.h"
#include "limes/model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct limes_network limes_network;

typedef enum { LIMES_NTK_PARAMETERIZATION, LIMES_STANDARD_PARAMETERIZATION } limes_parameterization;

/* Zero-initialized: all sizes as the model's words say, the first draw of seed 0. A size written in the model's text stays; one
 * given here comes before the words' defaults. */
typedef struct limes_network_settings {
  size_t width;                         /* channels of layers with weights */
  size_t heads, key_width, value_width; /* of attention; 0 with a width: max(4, width / 16) */
  size_t outputs;                       /* channels behind the last layer with weights; 0: its width */
  uint64_t seed, draw;                  /* equal seed and draw: equal parameters, whatever else is asked for */
  limes_parameterization parameterization;
} limes_network_settings;

/* A network of the model for the items of batches[n], which agree in axes and features; its parameters are drawn. settings NULL:
 * zeros. *network belongs to the caller. LIMES_UNABLE where a layer has no finite form, LIMES_WRONG_USE where sizes do not go
 * together, LIMES_REFUSED where parameters do not fit in memory. */
LIMES_API limes_status limes_network_create(limes_context *context, const limes_model *model, const limes_batch *const *batches,
                                            size_t n, const limes_network_settings *settings, limes_network **network)
    LIMES_MUST_USE;
LIMES_API void limes_network_destroy(limes_network *network); /* NULL is allowed */

/* Draws the parameters again: draw number `draw` of the network's seed, random masks (dropout) included. */
LIMES_API void limes_network_draw(limes_network *network, uint64_t draw);

/* theta [limes_network_parameters()]; get lives with the network. */
LIMES_API size_t limes_network_parameters(const limes_network *network);
LIMES_API const double *limes_network_get(const limes_network *network);
LIMES_API void limes_network_set(limes_network *network, const double *theta);

/* One array of parameters: theta[first ... first + rows * columns), row-major, inputs along rows and outputs along columns. */
typedef struct limes_network_array {
  const char *word, *name; /* of its layer, and of the array ("weight", "bias"); static */
  size_t layer;            /* number of the layer in the model, from 0, repeats unfolded */
  unsigned line, column;   /* of the word in the model's text; 0: built by calls */
  size_t first, rows, columns;
  double factor; /* a weight is factor times its parameter */
  double std;    /* deviation of the weights at the start */
} limes_network_array;

/* Array i, counted from 0; false past the last one. */
LIMES_API bool limes_network_array_at(const limes_network *network, size_t i, limes_network_array *array);

/* Parameters in files. Array NAME of the K-th layer of a word (from 0, repeats unfolded) is called WORD_K.NAME
 * ("dense_0.weight"), [rows, columns]; a text `parameterization` (ntk or standard) says that the numbers are theta of that
 * parameterization, without one they are the weights. Names without a dot are no parameters, and are passed over by load. */

/* The arrays and the text as limes_file_write takes them. theta [parameters], NULL: the network's own; the arrays point into it.
 * *arrays is one block that belongs to the caller (limes_free). */
LIMES_API limes_status limes_network_named(limes_context *context, const limes_network *network, const double *theta,
                                           limes_named_array **arrays, size_t *count) LIMES_MUST_USE;
LIMES_API limes_status limes_network_save(limes_context *context, const limes_network *network, const char *path) LIMES_MUST_USE;
/* Every array must be there, with its shape, and no other; LIMES_BAD_INPUT otherwise, and the network stays as it was. What was
 * saved in the network's parameterization comes back to the same bits. */
LIMES_API limes_status limes_network_load(limes_context *context, limes_network *network, const char *path) LIMES_MUST_USE;

/* What the functions below give for a batch: rows (its items, or all positions of a model that keeps them, item after item) times
 * channels, in C order. channels is the same for all batches. */
LIMES_API size_t limes_network_channels(const limes_network *network);
LIMES_API limes_status limes_network_rows(limes_context *context, const limes_network *network, const limes_batch *batch,
                                          size_t *rows) LIMES_MUST_USE;

/* f: [rows, channels]. batch: one of those the network was made for. LIMES_BAD_INPUT where numbers overflow. */
LIMES_API limes_status limes_network_forward(limes_context *context, const limes_network *network, const limes_batch *batch,
                                             double *f) LIMES_MUST_USE;

/* Jacobian-vector product: f and tangent = (df/dtheta) theta_tangent + (df/dx) input_tangent, both [rows, channels]; f NULL: not
 * wanted. input_tangent as the batch's features [all positions, features]; either tangent NULL: zero. */
LIMES_API limes_status limes_network_jvp(limes_context *context, const limes_network *network, const limes_batch *batch,
                                         const double *theta_tangent, const double *input_tangent, double *f, double *tangent)
    LIMES_MUST_USE;

/* Vector-Jacobian product: theta_adjoint = (df/dtheta)^T adjoint, input_adjoint = (df/dx)^T adjoint [all positions, features],
 * from adjoint [rows, channels]; what is NULL is not wanted. */
LIMES_API limes_status limes_network_vjp(limes_context *context, const limes_network *network, const limes_batch *batch,
                                         const double *adjoint, double *theta_adjoint, double *input_adjoint) LIMES_MUST_USE;

/* How an empirical NTK is summed over the parameters. All give the same numbers, to rounding.
 * STRUCTURED: dense, conv and conv_transpose by their inputs and adjoints, without derivatives; other layers as JACOBIAN does.
 * JACOBIAN: the products of all derivatives. TANGENTS: a derivative of each item, and the tangents of all along it; the least
 * memory. [Novak, Sohl-Dickstein, Schoenholz 2022] */
typedef enum { LIMES_NTK_STRUCTURED, LIMES_NTK_JACOBIAN, LIMES_NTK_TANGENTS } limes_ntk_route;

/* The kernels of this one network between items of a and b (NULL, or a: symmetric), two of the batches it was made for; as
 * limes_kernel gives those of its limit. NNGP: the mean of f(x) f(x') over the last weights (over the outputs, where a
 * nonlinearity or another use of a value stands behind them). NTK: the sum over all parameters of df(x) df(x'), mean over the
 * first `outputs` outputs (0: all). Models that keep positions are refused. LIMES_BAD_INPUT where numbers overflow;
 * LIMES_INTERRUPTED: the output's content is undefined. */
LIMES_API limes_status limes_empirical(limes_context *context, const limes_network *network, const limes_batch *a,
                                       const limes_batch *b, size_t outputs, limes_ntk_route route,
                                       const limes_kernel_output *out) LIMES_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif

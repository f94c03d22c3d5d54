/* Windows that slide over positions: what convolutions and pools share (docs/mathematics.md, section 2). */
#ifndef LIMES_LAYERS_WINDOW_H
#define LIMES_LAYERS_WINDOW_H

#include "layers/layer.h"

enum { LIMES_SAME, LIMES_VALID, LIMES_CIRCULAR };
extern const char *const limes_padding_names[];

/* A window along one axis: output o sees the inputs o * stride + d - before, d = 0 ... size-1. With spread > 1 there are
 * spread - 1 zeros behind every input, and places are counted with them. */
typedef struct limes_window {
  uint32_t size, stride, spread, before, in, out;
  bool wrap; /* circular: positions count modulo `in`; otherwise those outside are zeros */
} limes_window;

/* The window along both axes of a grid; a sequence has size 1 along axis 0. step.n[0] = 0: stride = window. */
typedef struct limes_windows {
  limes_window axis[2];
} limes_windows;

limes_windows limes_windows_of(limes_size window, limes_size step, int padding, const limes_grid *in);

/* The grid behind the windows. Fails where a valid window is larger than the item, or holes meet anything but a `same` window
 * of stride 1. word: the layer's. */
limes_status limes_window_grid(limes_context *context, const char *word, limes_size window, limes_size step, int padding,
                               const limes_grid *in, limes_grid *out);

/* Refuses sizes per axis where the items have one axis, and layers on items without positions. */
limes_status limes_window_infer(limes_context *context, const char *word, limes_size window, limes_size step,
                                const limes_shape *in);

/* The input that output o sees at d; -1: a zero of the padding */
int64_t limes_window_input(const limes_window *window, uint32_t o, uint32_t d);

/* The taps from *first to before *end of output o: those that do not reach into padding. Of all outputs together those from the
 * first of the last one to the end of the first one. */
void limes_window_taps(const limes_window *window, uint32_t o, uint32_t *first, uint32_t *end);

/* out[o] += in[input(o, d)] for the block of `inner` numbers behind every position of the axis */
void limes_window_add(const limes_window *window, uint32_t d, size_t inner, const double *in, double *out);

#endif

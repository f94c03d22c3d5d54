#include "layers/window.h"

#include "base/clones.h"

const char *const limes_padding_names[] = {"same", "valid", "circular", NULL};

static limes_window window_of(uint32_t size, uint32_t stride, int padding, uint32_t in) {
  limes_window w = {.size = size, .stride = stride, .spread = 1, .in = in, .wrap = padding == LIMES_CIRCULAR};
  if (padding == LIMES_VALID) {
    w.out = in >= size ? (in - size) / stride + 1 : 0;
    return w;
  }
  w.out = (in + stride - 1) / stride;
  uint64_t reach = (uint64_t)(w.out - 1) * stride + size;
  w.before = reach > in ? (uint32_t)((reach - in) / 2) : 0;
  return w;
}

limes_windows limes_windows_of(limes_size window, limes_size step, int padding, const limes_grid *in) {
  limes_windows w;
  if (step.n[0] == 0)
    step = window;
  for (int axis = 0; axis < 2; axis++) {
    bool absent = axis == 0 && in->axes < 2;
    uint32_t which = in->axes < 2 ? 0 : (uint32_t)axis;
    w.axis[axis] = absent ? window_of(1, 1, LIMES_VALID, 1) : window_of(window.n[which], step.n[which], padding, in->size[axis]);
  }
  return w;
}

limes_status limes_window_grid(limes_context *context, const char *word, limes_size window, limes_size step, int padding,
                               const limes_grid *in, limes_grid *out) {
  limes_windows w = limes_windows_of(window, step, padding, in);
  for (int axis = 0; axis < 2; axis++)
    if (w.axis[axis].out == 0)
      return limes_fail(
          context, LIMES_WRONG_USE,
          "%s with padding=valid has a window of %u along an axis of %u positions: use padding=same, or leave such items out",
          word, w.axis[axis].size, w.axis[axis].in);
  *out = *in;
  for (int axis = 0; axis < 2; axis++)
    out->size[axis] = w.axis[axis].out;
  out->T = out->size[0] * out->size[1];
  if (in->hidden == NULL) {
    out->visible = out->T;
    return LIMES_OK;
  }
  if (padding != LIMES_SAME || w.axis[0].stride != 1 || w.axis[1].stride != 1)
    return limes_fail(context, LIMES_WRONG_USE,
                      "%s takes items with holes in their mask only with padding=same and stride=1: mask tails alone", word);
  return LIMES_OK;
}

limes_status limes_window_infer(limes_context *context, const char *word, limes_size window, limes_size step,
                                const limes_shape *in) {
  if (in->axes == 0)
    return limes_fail(
        context, LIMES_WRONG_USE,
        "%s needs positions to slide over, and behind %s there are none: use it before pooling, on items [T,C] or [H,W,C]", word,
        in->made_by);
  if (in->axes == 1 && (window.each_axis || step.each_axis))
    return limes_fail(context, LIMES_WRONG_USE,
                      "%s is given sizes for two axes, and the items are sequences with one: give one number", word);
  return LIMES_OK;
}

void limes_window_taps(const limes_window *window, uint32_t o, uint32_t *first, uint32_t *end) {
  int64_t size = window->size, low = (int64_t)window->before - (int64_t)o * window->stride, high = low + window->in;
  low = window->wrap || low < 0 ? 0 : low;
  high = window->wrap || high > size ? size : high;
  *first = (uint32_t)(low < size ? low : size);
  *end = (uint32_t)(high > 0 ? high : 0);
}

int64_t limes_window_input(const limes_window *window, uint32_t o, uint32_t d) {
  int64_t i = (int64_t)o * window->stride + d - window->before, places = (int64_t)window->in * window->spread;
  if (window->wrap)
    i = ((i % places) + places) % places;
  if (i < 0 || i >= places)
    return -1;
  return window->spread == 1 ? i : i % window->spread == 0 ? i / window->spread : -1;
}

LIMES_CLONES
static void add_block(size_t n, const double *restrict in, double *restrict out) {
  for (size_t i = 0; i < n; i++)
    out[i] += in[i];
}

/* A stretch of outputs whose inputs lie side by side */
static void add_stretch(size_t length, size_t stride, size_t inner, const double *restrict in, double *restrict out) {
  if (stride == 1)
    add_block(length * inner, in, out);
  else if (inner == 1)
    for (size_t k = 0; k < length; k++)
      out[k] += in[k * stride];
  else
    for (size_t k = 0; k < length; k++)
      add_block(inner, in + k * stride * inner, out + k * inner);
}

/* Input by input: their outputs lie `spread` apart. */
static void add_spread(const limes_window *w, uint32_t d, size_t inner, const double *in, double *out) {
  int64_t places = w->out;
  for (int64_t i = 0; i < w->in; i++) {
    int64_t o = i * w->spread + w->before - d;
    if (w->wrap)
      o = ((o % places) + places) % places;
    if (o >= 0 && o < places)
      add_block(inner, in + (size_t)i * inner, out + (size_t)o * inner);
  }
}

void limes_window_add(const limes_window *window, uint32_t d, size_t inner, const double *in, double *out) {
  if (window->spread > 1) {
    add_spread(window, d, inner, in, out);
    return;
  }
  int64_t first = (int64_t)d - window->before, stride = window->stride, n_in = window->in, n_out = window->out;
  for (int64_t o = 0; o < n_out;) {
    int64_t i = o * stride + first;
    if (window->wrap) {
      i = ((i % n_in) + n_in) % n_in;
    } else if (i < 0) {
      o = (stride - 1 - first) / stride;
      continue;
    } else if (i >= n_in) {
      break;
    }
    int64_t length = (n_in - 1 - i) / stride + 1;
    length = length < n_out - o ? length : n_out - o;
    add_stretch((size_t)length, (size_t)stride, inner, in + (size_t)i * inner, out + (size_t)o * inner);
    o += length;
  }
}

/* Rows of attention weights: softmax and its sparse relatives, exact by sorting as far as the weights reach.
 *
 * sparsemax [Martins, Astudillo 2016]: max(z - tau, 0), summing to 1. entmax15 [Peters, Niculae, Martins 2019], alpha = 1.5:
 * max(z/2 - tau, 0)^2, summing to 1. Both take the largest logits one by one from a heap until tau is above the next.
 */
#include "layers/zeta.h"

#include <math.h>

/* Logits (relative to the largest) and weights that differ by less are equal: sums in another order differ by so much. */
#define TIE 1e-12

const char *const limes_zeta_names[] = {"softmax", "identity", "relu", "abs", "erf", "sparsemax", "entmax15", "topk(k)", NULL};

/* a heap, largest first */

static void sink(size_t n, double *heap, size_t i) {
  double value = heap[i];
  for (size_t child; (child = 2 * i + 1) < n; i = child) {
    child += child + 1 < n && heap[child + 1] > heap[child];
    if (heap[child] <= value)
      break;
    heap[i] = heap[child];
  }
  heap[i] = value;
}

static void make_heap(size_t n, double *heap) {
  for (size_t i = n / 2; i-- > 0;)
    sink(n, heap, i);
}

/* The largest of n, which are n - 1 from then on. */
static double pop(size_t n, double *heap) {
  double largest = heap[0];
  heap[0] = heap[n - 1];
  sink(n - 1, heap, 0);
  return largest;
}

static double largest_of(size_t n, const double *z) {
  double largest = z[0];
  for (size_t c = 1; c < n; c++)
    largest = fmax(largest, z[c]);
  return largest;
}

/* z <- (z - largest) * scale; those above -1, the only ones that can have a weight, into the heap. Returns how many. */
static size_t candidates(size_t n, double *z, double scale, double *heap) {
  double largest = largest_of(n, z);
  size_t count = 0;
  for (size_t c = 0; c < n; c++) {
    z[c] = (z[c] - largest) * scale;
    if (z[c] > -1)
      heap[count++] = z[c];
  }
  make_heap(count, heap);
  return count;
}

static void divide(size_t n, double *z, double by) {
  for (size_t c = 0; c < n; c++)
    z[c] /= by;
}

static void softmax(size_t n, double *z) {
  double largest = largest_of(n, z), sum = 0;
  for (size_t c = 0; c < n; c++) {
    z[c] = exp(z[c] - largest);
    sum += z[c];
  }
  divide(n, z, sum);
}

/* Where no weight reaches the threshold the largest ones stay, as they do while the threshold rises to them. */
static void prune(size_t n, double *z, double threshold) {
  double least = fmin(threshold, largest_of(n, z)) * (1 - TIE), sum = 0;
  for (size_t c = 0; c < n; c++) {
    z[c] = z[c] < least ? 0 : z[c];
    sum += z[c];
  }
  divide(n, z, sum);
}

/* The k-th largest and what equals it fill, from the earliest, the places that those above it leave. */
static void topk(size_t n, uint32_t k, double *z, double *heap) {
  double scale = 0, last = 0;
  for (size_t c = 0; c < n; c++) {
    heap[c] = z[c];
    scale = fmax(scale, fabs(z[c]));
  }
  make_heap(n, heap);
  for (size_t i = 0; i < k && i < n; i++)
    last = pop(n - i, heap);
  size_t room = k;
  for (size_t c = 0; c < n; c++)
    room -= z[c] > last + TIE * scale;
  for (size_t c = 0; c < n; c++) {
    bool above = z[c] > last + TIE * scale, equal = !above && z[c] >= last - TIE * scale && room > 0;
    room -= equal;
    z[c] = above || equal ? z[c] : -INFINITY;
  }
  softmax(n, z);
}

static void sparsemax(size_t n, double *z, double *heap) {
  size_t count = candidates(n, z, 1, heap);
  double sum = 0, tau = -1;
  for (size_t k = 1; k <= count; k++) {
    double next = pop(count - k + 1, heap);
    if (next <= tau)
      break;
    sum += next;
    tau = (sum - 1) / (double)k;
  }
  for (size_t c = 0; c < n; c++)
    z[c] = fmax(z[c] - tau, 0);
}

/* sum over the k largest of (y - tau)^2 = 1: tau = mean - sqrt((1 - spread) / k), spread the sum of squared deviations */
static void entmax15(size_t n, double *z, double *heap) {
  size_t count = candidates(n, z, 0.5, heap);
  double mean = 0, spread = 0, tau = -1;
  for (size_t k = 1; k <= count; k++) {
    double next = pop(count - k + 1, heap), deviation = next - mean;
    if (next <= tau)
      break;
    mean += deviation / (double)k;
    spread += deviation * (next - mean);
    tau = mean - sqrt(fmax(1 - spread, 0) / (double)k);
  }
  for (size_t c = 0; c < n; c++) {
    double root = fmax(z[c] - tau, 0);
    z[c] = root * root;
  }
}

static double elementwise(int kind, double logit) {
  switch (kind) {
  case LIMES_ZETA_RELU:
    return fmax(logit, 0);
  case LIMES_ZETA_ABS:
    return fabs(logit);
  case LIMES_ZETA_ERF:
    return erf(logit);
  default:
    return logit;
  }
}

void limes_zeta_weights(const limes_zeta *zeta, size_t n, double *z, double *heap) {
  if (n == 0)
    return;
  switch (zeta->kind) {
  case LIMES_ZETA_SOFTMAX:
    softmax(n, z);
    if (zeta->prune > 0)
      prune(n, z, zeta->prune);
    break;
  case LIMES_ZETA_SPARSEMAX:
    sparsemax(n, z, heap);
    break;
  case LIMES_ZETA_ENTMAX15:
    entmax15(n, z, heap);
    break;
  case LIMES_ZETA_TOPK:
    topk(n, zeta->k, z, heap);
    break;
  default:
    for (size_t c = 0; c < n; c++)
      z[c] = elementwise(zeta->kind, z[c]);
  }
}

bool limes_zeta_is_elementwise(int kind) {
  return kind == LIMES_ZETA_IDENTITY || kind == LIMES_ZETA_RELU || kind == LIMES_ZETA_ABS || kind == LIMES_ZETA_ERF;
}

bool limes_zeta_is_sparse(const limes_zeta *zeta) {
  return zeta->kind == LIMES_ZETA_SPARSEMAX || zeta->kind == LIMES_ZETA_ENTMAX15 || zeta->kind == LIMES_ZETA_TOPK ||
         zeta->prune > 0;
}

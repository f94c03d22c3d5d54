#include "network/route.h"

#include <stdlib.h>

/* The nominal core */
#define RATE 50e9           /* flops a second of a large matrix product */
#define THIN_RATE 30e9      /* of one with few rows */
#define BANDWIDTH 12e9      /* bytes a second */
#define FRESH_BANDWIDTH 4e9 /* of memory that was not the process's before */
#define DRAW_SECONDS 15e-9  /* of one normal number */
#define CALL_SECONDS 1.5e-6 /* of one layer's function, beyond its work */

#define BLOCK_NUMBERS (1u << 23) /* of a block of derivatives, about: 64 MB; fixed, and so are the bits of the result */
#define LEAST_BLOCK 16

/* Sizes of all items of two sides, and of the first blocks of both */
typedef struct {
  const limes_network *network;
  size_t n_a, n_b;
  bool symmetric;
  limes_evaluation x, y, x_block, y_block;
} work;

static double least(double a, double b) { return a < b ? a : b; }

static limes_status size_side(limes_context *context, const work *w, size_t side, limes_evaluation *all,
                              limes_evaluation *block) {
  size_t items = w->network->side[side].batch->items, at_once = limes_evaluation_block(w->network, side);
  limes_status status = limes_evaluation_create(context, w->network, side, NULL, 0, items, LIMES_SIZES_ALONE, all);
  if (status == LIMES_OK)
    status =
        limes_evaluation_create(context, w->network, side, NULL, 0, at_once < items ? at_once : items, LIMES_SIZES_ALONE, block);
  return status;
}

static limes_status open_work(limes_context *context, const limes_network *network, size_t a, size_t b, work *w) {
  *w =
      (work){.network = network, .n_a = network->side[a].batch->items, .n_b = network->side[b].batch->items, .symmetric = a == b};
  limes_status status = size_side(context, w, a, &w->x, &w->x_block);
  return status == LIMES_OK ? size_side(context, w, b, &w->y, &w->y_block) : status;
}

static void close_work(work *w) {
  limes_evaluation *all[] = {&w->x, &w->y, &w->x_block, &w->y_block};
  for (int k = 0; k < 4; k++)
    limes_evaluation_clear(all[k]);
}

static size_t ops_of(const work *w) { return w->network->program.n_op; }

static const limes_finite *face_of(const work *w, size_t i) { return w->network->program.op[i].ops->finite; }

static double parameters_of(const work *w, size_t i) { return (double)w->network->member[i].count; }

/* flops of one walk forward of a mean item, without what its parameters cost: a layer that has some does as much backward for its
 * input, and as much again for them */
static double forward_of(const work *w, size_t i) {
  return (limes_forward_flops(&w->x.call[i]) + limes_forward_flops(&w->y.call[i])) / (double)(w->n_a + w->n_b);
}

static double gram_of(const work *w, size_t i) {
  return face_of(w, i)->gram_flops(&w->x.call[i], &w->y.call[i]) / ((double)w->n_a * (double)w->n_b);
}

/* How often blocks of b are made, in items; pairs that are computed */
static double items_made(const work *w, double block) {
  double n = (double)w->n_a, blocks = n / block > 1 ? n / block : 1;
  return w->symmetric ? n + 0.5 * n * (blocks - 1) : n + blocks * (double)w->n_b;
}

static double pairs_made(const work *w, double block) {
  double pairs = (double)w->n_a * (double)w->n_b;
  return w->symmetric ? 0.5 * pairs * (1 + least(block / (double)w->n_a, 1)) : pairs;
}

/* Whether the op's part is cheaper by its gram than by derivatives */
static bool gram_pays(const work *w, size_t i) {
  double pairs = (double)w->n_a * (double)w->n_b / (w->symmetric ? 2 : 1), items = (double)w->n_a + (double)w->n_b;
  items = w->symmetric ? (double)w->n_a : items;
  double derivative = forward_of(w, i) / RATE + 5 * sizeof(double) * parameters_of(w, i) / BANDWIDTH;
  return pairs * gram_of(w, i) / RATE <= items * derivative + pairs * 2 * parameters_of(w, i) / THIN_RATE;
}

static void share_out(const work *w, limes_route *route) {
  for (size_t i = 0; i < ops_of(w); i++) {
    bool able = face_of(w, i)->gram != NULL && w->network->member[i].count > 0;
    route->by_gram[i] = able && (route->kind == LIMES_NTK_STRUCTURED || (route->kind == LIMES_NTK_LAYERWISE && gram_pays(w, i)));
    route->chosen += route->by_gram[i] ? 0 : w->network->member[i].count;
  }
  size_t most = w->n_a > w->n_b ? w->n_a : w->n_b, block = route->chosen == 0 ? most : BLOCK_NUMBERS / route->chosen;
  block = block < LEAST_BLOCK ? LEAST_BLOCK : block;
  route->block = block < most ? block : most;
}

/* numbers that the parts take beside the parameters; they stand there one after the other */
static size_t gram_numbers(const work *w, const limes_route *route) {
  size_t scratch = 0;
  for (size_t i = 0; i < ops_of(w); i++)
    if (route->by_gram[i]) {
      size_t needed = face_of(w, i)->gram_scratch(&w->x_block.call[i], &w->y_block.call[i]);
      scratch = needed > scratch ? needed : scratch;
    }
  size_t walks = limes_add_capped(limes_evaluation_numbers(&w->x_block, LIMES_WITH_ADJOINT),
                                  limes_evaluation_numbers(&w->y_block, LIMES_WITH_ADJOINT));
  return limes_add_capped(limes_add_capped(scratch, walks), w->x_block.items * w->y_block.items);
}

/* items of both blocks of derivatives */
static size_t derivatives_held(const work *w, const limes_route *route) {
  return w->symmetric && route->block == w->n_a ? route->block : 2 * route->block;
}

static size_t derivative_numbers(const work *w, const limes_route *route) {
  size_t walk = limes_evaluation_numbers(&w->y_block, LIMES_WITH_ADJOINT) / (w->y_block.items > 0 ? w->y_block.items : 1);
  size_t beside = route->kind == LIMES_NTK_TANGENTS ? limes_evaluation_numbers(&w->x_block, LIMES_WITH_TANGENT)
                                                    : limes_multiply_capped(derivatives_held(w, route), route->chosen);
  return limes_add_capped(limes_add_capped(walk, beside), w->network->parameters);
}

static void count_bytes(const work *w, limes_route *route) {
  bool any = false;
  for (size_t i = 0; i < ops_of(w); i++)
    any = any || route->by_gram[i];
  size_t grams = any ? gram_numbers(w, route) : 0, derivatives = route->chosen > 0 ? derivative_numbers(w, route) : 0;
  size_t numbers = limes_add_capped(w->network->parameters, grams > derivatives ? grams : derivatives);
  numbers = limes_add_capped(numbers, limes_multiply_capped(2 * w->n_a, w->n_b));
  route->bytes = limes_multiply_capped(numbers, sizeof(double));
}

/* flops and seconds of a pair by grams, and of a walk of an item among others */
static void count_grams(const work *w, limes_route *route) {
  double forward = 0, gram = 0, calls = CALL_SECONDS * (double)ops_of(w);
  for (size_t i = 0; i < ops_of(w); i++) {
    forward += forward_of(w, i);
    gram += route->by_gram[i] ? gram_of(w, i) : 0;
  }
  if (gram == 0)
    return;
  double block = (double)w->x_block.items, read = 2 * sizeof(double) * (double)w->network->parameters;
  double items = items_made(w, block), pairs = pairs_made(w, block);
  route->walk = 2 * forward / RATE + (read / BANDWIDTH + calls) / block;
  route->gram = gram / RATE + calls / (block * block);
  route->flops += items * 2 * forward + pairs * gram;
  route->seconds += items * route->walk + pairs * route->gram;
}

static void count_derivatives(const work *w, limes_route *route) {
  double forward = 0, all = (double)w->network->parameters, chosen = (double)route->chosen;
  for (size_t i = 0; i < ops_of(w); i++)
    forward += (route->by_gram[i] ? 2 : 3) * forward_of(w, i);
  if (route->chosen == 0)
    return;
  double moved = sizeof(double) * (3 * all + 4 * chosen), block = (double)route->block;
  route->derivative = forward / RATE + moved / BANDWIDTH + 3 * CALL_SECONDS * (double)ops_of(w);
  if (route->kind == LIMES_NTK_TANGENTS)
    return;
  double items = items_made(w, block), pairs = pairs_made(w, block);
  route->product = 2 * chosen / THIN_RATE + 2 * sizeof(double) * chosen / (block * BANDWIDTH);
  route->flops += items * forward + pairs * 2 * chosen;
  double fresh = sizeof(double) * (double)derivatives_held(w, route) * chosen / FRESH_BANDWIDTH;
  route->seconds += items * route->derivative + pairs * route->product + fresh;
}

static void count_tangents(const work *w, limes_route *route) {
  double forward = 0, all = (double)w->network->parameters, block = (double)w->x_block.items;
  for (size_t i = 0; i < ops_of(w); i++)
    forward += forward_of(w, i);
  double blocks = (double)w->n_a / block, pairs = pairs_made(w, block);
  double items = (double)w->n_b * (w->symmetric ? 0.5 * (blocks + 1) : blocks);
  double walks = (CALL_SECONDS * (double)ops_of(w) + 2 * sizeof(double) * all / BANDWIDTH) / block;
  route->tangent = 2 * forward / RATE + walks;
  route->flops = items * 3 * forward + pairs * 2 * forward;
  route->seconds = items * route->derivative + pairs * route->tangent;
}

static limes_status find_costs(limes_context *context, const work *w, limes_ntk_route kind, limes_route *route) {
  *route = (limes_route){.kind = kind, .by_gram = limes_allocate(context, ops_of(w), sizeof *route->by_gram)};
  if (route->by_gram == NULL)
    return LIMES_NO_MEMORY;
  share_out(w, route);
  count_bytes(w, route);
  count_grams(w, route);
  count_derivatives(w, route);
  if (kind == LIMES_NTK_TANGENTS)
    count_tangents(w, route);
  return LIMES_OK;
}

limes_status limes_route_find(limes_context *context, const limes_network *network, size_t a, size_t b, limes_ntk_route kind,
                              limes_route *route) {
  work w;
  *route = (limes_route){0};
  limes_status status = open_work(context, network, a, b, &w);
  if (status == LIMES_OK)
    status = find_costs(context, &w, kind, route);
  close_work(&w);
  return status;
}

void limes_route_clear(limes_route *route) {
  free(route->by_gram);
  *route = (limes_route){0};
}

limes_status limes_route_choose(limes_context *context, const limes_network *network, size_t a, size_t b, limes_ntk_route kind,
                                uint64_t limit, limes_route *route) {
  uint64_t smallest = UINT64_MAX;
  *route = (limes_route){0};
  for (int other = 0; other < LIMES_NTK_ROUTES; other++) {
    limes_route found;
    if (kind != LIMES_NTK_AUTO && kind != (limes_ntk_route)other)
      continue;
    limes_status status = limes_route_find(context, network, a, b, (limes_ntk_route)other, &found);
    if (status != LIMES_OK) {
      limes_route_clear(route);
      return status;
    }
    smallest = found.bytes < smallest ? found.bytes : smallest;
    bool fits = limit == 0 || found.bytes <= limit, better = route->by_gram == NULL || found.seconds < route->seconds;
    limes_route worse = fits && better ? *route : found;
    *route = fits && better ? found : *route;
    limes_route_clear(&worse);
  }
  if (route->by_gram != NULL)
    return LIMES_OK;
  return limes_fail(context, LIMES_REFUSED,
                    "an empirical kernel of this network would take %.3g GB%s, and %.3g GB may be planned for: take a smaller "
                    "width or fewer items, or allow more memory",
                    (double)smallest / 1e9, kind == LIMES_NTK_AUTO ? " at least" : " by this route", (double)limit / 1e9);
}

double limes_route_seconds(double flops) { return flops / RATE; }
double limes_draw_seconds(double parameters) { return parameters * DRAW_SECONDS; }

const char *limes_route_name(limes_ntk_route kind) {
  static const char *const names[] = {"structured", "jacobian", "tangents", "layerwise", "auto"};
  return names[kind];
}

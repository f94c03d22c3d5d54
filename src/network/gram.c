/* Parts of the NTK by structured derivatives [Novak, Sohl-Dickstein, Schoenholz 2022]: from the inputs of a layer and the
 * adjoints at its output, which one walk backward gives for all items. */
#include <stdlib.h>
#include <string.h>

#include "network/empirical.h"

/* Two blocks of items; y is x where both are the same */
typedef struct {
  const limes_products *products;
  limes_evaluation x, own_y, *y;
  size_t x_first, y_first;
  double *memory; /* scratch, and behind it ntk [x's items, y's items] */
  size_t scratch;
} pair;

bool limes_products_take(const limes_products *products, size_t i) {
  const limes_member *member = &products->network->member[i];
  return member->count > 0 && (!products->last || member->last);
}

bool limes_products_gram(const limes_products *products, size_t i) { return products->route->by_gram[i]; }

static bool any_gram(const limes_products *products) {
  for (size_t i = 0; i < products->network->program.n_op; i++)
    if (limes_products_take(products, i) && limes_products_gram(products, i))
      return true;
  return false;
}

void limes_seed_output(limes_evaluation *evaluation, size_t output) {
  const limes_units *readout = &evaluation->value[evaluation->network->program.readout];
  double *adjoint = evaluation->adjoint[evaluation->network->program.readout];
  memset(adjoint, 0, limes_rows(readout) * readout->channels * sizeof *adjoint);
  for (size_t row = 0; row < limes_rows(readout); row++)
    adjoint[row * readout->channels + output] = 1;
}

static limes_status evaluate_block(const limes_products *products, size_t side, size_t first, size_t n, limes_evaluation *e) {
  limes_status status =
      limes_evaluation_create(products->context, products->network, side, NULL, first, n, LIMES_WITH_ADJOINT, e);
  if (status != LIMES_OK)
    return status;
  limes_evaluate(e);
  limes_seed_output(e, products->output);
  limes_evaluate_adjoint(e, NULL, false);
  return limes_products_ask(products, (double)n * products->route->walk);
}

/* Takes memory for the op with the largest scratch. */
static limes_status take_memory(pair *p) {
  size_t scratch = 0;
  for (size_t i = 0; i < p->products->network->program.n_op; i++)
    if (limes_products_take(p->products, i) && limes_products_gram(p->products, i)) {
      size_t needed = p->products->network->program.op[i].ops->finite->gram_scratch(&p->x.call[i], &p->y->call[i]);
      scratch = needed > scratch ? needed : scratch;
    }
  free(p->memory);
  p->scratch = scratch;
  p->memory = limes_allocate(p->products->context, limes_add_capped(scratch, p->x.items * p->y->items), sizeof *p->memory);
  return p->memory == NULL ? LIMES_NO_MEMORY : LIMES_OK;
}

/* The op's part, of derivatives by weights where last: their factor is the deviation then. */
static void add_op(const pair *p, size_t i, double *ntk) {
  limes_call x = p->x.call[i], y = p->y->call[i];
  limes_weights weights[LIMES_MOST_WEIGHTS];
  if (p->products->last) {
    memcpy(weights, x.weights, sizeof weights);
    for (unsigned k = 0; k < LIMES_MOST_WEIGHTS; k++)
      weights[k].factor = weights[k].std;
    x.weights = y.weights = weights;
  }
  x.op->ops->finite->gram(&x, &y, p->x.adjoint[x.op->out], p->y->adjoint[x.op->out], ntk, p->memory);
}

static limes_status add_pair(pair *p) {
  const limes_products *products = p->products;
  limes_status status = take_memory(p);
  if (status != LIMES_OK)
    return status;
  size_t n = p->y->items;
  double *ntk = p->memory + p->scratch;
  for (size_t i = 0; i < products->network->program.n_op; i++)
    if (limes_products_take(products, i) && limes_products_gram(products, i))
      add_op(p, i, ntk);
  for (size_t i = 0; i < p->x.items; i++)
    for (size_t j = 0; j < n; j++)
      products->sum[(p->x_first + i) * products->stride + p->y_first + j] += products->scale * ntk[i * n + j];
  return limes_products_ask(products, (double)(p->x.items * n) * products->route->gram);
}

/* A block of x with all blocks of y, or those up to itself */
static limes_status add_row(pair *p, size_t x_end) {
  const limes_products *products = p->products;
  size_t items = products->network->side[products->b].batch->items,
         block = limes_evaluation_block(products->network, products->b);
  size_t end = products->symmetric ? x_end : items;
  limes_status status = LIMES_OK;
  for (p->y_first = 0; p->y_first < end && status == LIMES_OK; p->y_first += block) {
    bool same = products->symmetric && p->y_first == p->x_first;
    size_t n = items - p->y_first < block ? items - p->y_first : block;
    p->y = same ? &p->x : &p->own_y;
    if (!same)
      status = evaluate_block(products, products->b, p->y_first, n, &p->own_y);
    if (status == LIMES_OK)
      status = add_pair(p);
    limes_evaluation_clear(&p->own_y);
  }
  return status;
}

limes_status limes_products_by_gram(const limes_products *products) {
  if (!any_gram(products))
    return LIMES_OK;
  pair p = {.products = products};
  size_t items = products->network->side[products->a].batch->items,
         block = limes_evaluation_block(products->network, products->a);
  limes_status status = LIMES_OK;
  for (p.x_first = 0; p.x_first < items && status == LIMES_OK; p.x_first += block) {
    size_t n = items - p.x_first < block ? items - p.x_first : block;
    status = evaluate_block(products, products->a, p.x_first, n, &p.x);
    if (status == LIMES_OK)
      status = add_row(&p, p.x_first + n);
    limes_evaluation_clear(&p.x);
  }
  free(p.memory);
  return status;
}

/* Parts of the NTK by derivatives themselves: as products of Jacobians, or as tangents along derivatives. */
#include <stdlib.h>
#include <string.h>

#include "math/linear.h"
#include "network/empirical.h"

/* Derivatives of one output of some items by the chosen parameters: [n, chosen], op by op */
typedef struct {
  size_t first, n;
  double *derivative;
} jacobian;

static bool is_taken(const limes_products *products, size_t i) {
  return limes_products_take(products, i) && !limes_products_gram(products, i);
}

static size_t chosen_parameters(const limes_products *products) {
  size_t n = 0;
  for (size_t i = 0; i < products->network->program.n_op; i++)
    n += is_taken(products, i) ? products->network->member[i].count : 0;
  return n;
}

static limes_status derive_item(const limes_products *products, size_t side, size_t item, double *theta) {
  limes_evaluation e;
  limes_status status =
      limes_evaluation_create(products->context, products->network, side, NULL, item, 1, LIMES_WITH_ADJOINT, &e);
  if (status != LIMES_OK)
    return status;
  limes_evaluate(&e);
  limes_seed_output(&e, products->output);
  memset(theta, 0, products->network->parameters * sizeof *theta);
  e.left_out = products->route->by_gram;
  limes_evaluate_adjoint(&e, theta, false);
  limes_evaluation_clear(&e);
  return limes_products_ask(products, products->route->derivative);
}

/* Derivatives by weights instead of parameters, those that are not linear left out */
static void keep_linear(const limes_member *member, double *derivative) {
  for (unsigned k = 0; k < LIMES_MOST_WEIGHTS; k++) {
    const limes_weights *weights = &member->weights[k];
    double scale = weights->inner ? 0 : weights->std / weights->factor;
    for (size_t i = 0; weights->std > 0 && i < weights->rows * weights->columns; i++)
      derivative[weights->first + i] *= scale;
  }
}

static void choose(const limes_products *products, double *theta, double *derivative) {
  for (size_t i = 0; i < products->network->program.n_op; i++) {
    const limes_member *member = &products->network->member[i];
    if (!is_taken(products, i))
      continue;
    if (products->last)
      keep_linear(member, theta + member->first);
    memcpy(derivative, theta + member->first, member->count * sizeof *derivative);
    derivative += member->count;
  }
}

/* theta [parameters] is scratch */
static limes_status fill(const limes_products *products, size_t side, size_t first, size_t n, size_t chosen, double *theta,
                         jacobian *j) {
  j->first = first;
  j->n = n;
  limes_status status = LIMES_OK;
  for (size_t i = 0; i < n && status == LIMES_OK; i++) {
    status = derive_item(products, side, first + i, theta);
    if (status == LIMES_OK)
      choose(products, theta, j->derivative + i * chosen);
  }
  return status;
}

/* sum of a block [x->n, y->n] += scale J_x J_y^T; row-major is column-major of the transpose */
static void add_product(const limes_products *products, const jacobian *x, const jacobian *y, size_t chosen) {
  limes_gemm(true, false, y->n, x->n, chosen, products->scale, y->derivative, chosen, x->derivative, chosen, 1,
             products->sum + x->first * products->stride + y->first, products->stride);
}

static size_t items_of(const limes_products *products, size_t side) { return products->network->side[side].batch->items; }

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

static limes_status walk_blocks(const limes_products *products, size_t block, size_t chosen, double *theta, jacobian *x,
                                jacobian *own_y) {
  size_t n_a = items_of(products, products->a), n_b = items_of(products, products->b);
  limes_status status = LIMES_OK;
  for (size_t i = 0; i < n_a && status == LIMES_OK; i += block) {
    status = fill(products, products->a, i, least(block, n_a - i), chosen, theta, x);
    for (size_t j = 0; j < (products->symmetric ? i + x->n : n_b) && status == LIMES_OK; j += block) {
      bool same = products->symmetric && i == j;
      if (!same)
        status = fill(products, products->b, j, least(block, n_b - j), chosen, theta, own_y);
      if (status != LIMES_OK)
        return status;
      add_product(products, x, same ? x : own_y, chosen);
      status = limes_products_ask(products, (double)(x->n * (same ? x->n : own_y->n)) * products->route->product);
    }
  }
  return status;
}

limes_status limes_products_by_jacobian(const limes_products *products) {
  size_t chosen = chosen_parameters(products), most = items_of(products, products->a);
  if (chosen == 0)
    return LIMES_OK;
  most = items_of(products, products->b) > most ? items_of(products, products->b) : most;
  size_t block = least(products->route->block, most);
  double *theta = limes_allocate(products->context, products->network->parameters, sizeof *theta);
  jacobian x = {.derivative = limes_matrix(products->context, block, chosen)};
  jacobian y = {0};
  limes_status status = theta == NULL || x.derivative == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  bool second = !products->symmetric || block < most;
  if (status == LIMES_OK && second)
    status = (y.derivative = limes_matrix(products->context, block, chosen)) == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  if (status == LIMES_OK)
    status = walk_blocks(products, block, chosen, theta, &x, &y);
  free(theta);
  free(x.derivative);
  free(y.derivative);
  return status;
}

/* tangents of a's items along the derivatives of each of b's */

static limes_status add_columns(const limes_products *products, limes_evaluation *x, size_t first, double *theta) {
  const limes_units *readout = &x->value[products->network->program.readout];
  size_t end = products->symmetric ? first + x->items : items_of(products, products->b);
  for (size_t j = 0; j < end; j++) {
    limes_status status = derive_item(products, products->b, j, theta);
    if (status != LIMES_OK)
      return status;
    limes_evaluate_tangent(x, NULL, theta);
    for (size_t i = 0; i < x->items; i++)
      products->sum[(first + i) * products->stride + j] +=
          products->scale * x->tangent[products->network->program.readout][i * readout->channels + products->output];
    status = limes_products_ask(products, (double)x->items * products->route->tangent);
    if (status != LIMES_OK)
      return status;
  }
  return LIMES_OK;
}

limes_status limes_products_by_tangents(const limes_products *products) {
  size_t items = items_of(products, products->a), block = limes_evaluation_block(products->network, products->a);
  double *theta = limes_allocate(products->context, products->network->parameters, sizeof *theta);
  limes_status status = theta == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  for (size_t i = 0; i < items && status == LIMES_OK; i += block) {
    limes_evaluation x;
    status = limes_evaluation_create(products->context, products->network, products->a, NULL, i, least(block, items - i),
                                     LIMES_WITH_TANGENT, &x);
    if (status != LIMES_OK)
      break;
    limes_evaluate(&x);
    status = add_columns(products, &x, i, theta);
    limes_evaluation_clear(&x);
  }
  free(theta);
  return status;
}

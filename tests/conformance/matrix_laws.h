/* Laws that the kernels of every model obey, on items 0 ... 4 (A) and 5 ... 7 (B) of a kind. */
#ifndef LIMES_TESTS_MATRIX_LAWS_H
#define LIMES_TESTS_MATRIX_LAWS_H

#include <cblas.h>
#include <lapacke.h>

#include "conformance/models.h"
#include "kernel/left_out.h"

enum { A = 5, B = ITEMS - A };

/* Kernels of so few items are not worth a second thread. */
static inline int make_context_of_one_thread(void **state) {
  if (make_context(state) != 0)
    return -1;
  limes_set_threads(*state, 1);
  openblas_set_num_threads(1);
  return 0;
}

/* A model with its kernel of all items */
typedef struct {
  limes_context *context;
  const char *text;
  kind items;
  const limes_batch *all, *a, *b;
  kernels k;       /* [ITEMS, ITEMS] */
  double left_out; /* relative error that layers by quadrature say they leave */
  bool jumps;      /* has a nonlinearity that jumps */
} subject;

static inline void assert_symmetric(const subject *s) {
  for (size_t i = 0; i < ITEMS; i++)
    for (size_t j = 0; j < i; j++)
      if (s->k.nngp[i * ITEMS + j] != s->k.nngp[j * ITEMS + i] || s->k.ntk[i * ITEMS + j] != s->k.ntk[j * ITEMS + i])
        fail_msg("%s: entries (%zu, %zu) and (%zu, %zu) differ", s->text, i, j, j, i);
}

static inline void assert_no_negative_eigenvalue(const double *matrix, size_t n, double tolerance, const char *text) {
  double *copy = numbers(n * n), *eigenvalue = numbers(n);
  memcpy(copy, matrix, n * n * sizeof *copy);
  assert_int_equal(LAPACKE_dsyevd(LAPACK_COL_MAJOR, 'N', 'L', (lapack_int)n, copy, (lapack_int)n, eigenvalue), 0);
  if (eigenvalue[0] < -tolerance * eigenvalue[n - 1])
    fail_msg("%s: smallest eigenvalue %.3g, largest %.3g", text, eigenvalue[0], eigenvalue[n - 1]);
  free(copy);
  free(eigenvalue);
}

/* Kernels of parts are parts of the kernel; exchanging the batches transposes. */
static inline void assert_blocks(const subject *s) {
  kernels own = kernel_of(s->context, s->text, s->a, NULL), cross = kernel_of(s->context, s->text, s->a, s->b),
          turned = kernel_of(s->context, s->text, s->b, s->a), part = new_kernels(A, A), beside = new_kernels(A, B),
          below = new_kernels(B, A);
  for (size_t i = 0; i < ITEMS; i++)
    for (size_t j = 0; j < A; j++) {
      kernels *to = i < A ? &part : &below;
      to->nngp[i % A * A + j] = s->k.nngp[i * ITEMS + j];
      to->ntk[i % A * A + j] = s->k.ntk[i * ITEMS + j];
    }
  for (size_t i = 0; i < A; i++) {
    memcpy(beside.nngp + i * B, s->k.nngp + i * ITEMS + A, B * sizeof(double));
    memcpy(beside.ntk + i * B, s->k.ntk + i * ITEMS + A, B * sizeof(double));
  }
  assert_kernels_near(&own, &part, 1e-12, s->text);
  assert_kernels_near(&cross, &beside, 1e-12, s->text);
  assert_kernels_near(&turned, &below, 1e-12, s->text);
  kernels *all[] = {&own, &cross, &turned, &part, &beside, &below};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    free_kernels(all[i]);
}

/* One kernel alone, and the diagonal alone, are those of both kernels together. */
static inline void assert_parts_alone(const subject *s) {
  limes_model *model = parsed(s->context, s->text);
  double alone[ITEMS * ITEMS], diagonal[2][ITEMS], expected[2][ITEMS];
  assert_ok(s->context, limes_kernel(s->context, model, s->all, NULL, &(limes_kernel_output){.nngp = alone}));
  assert_near(alone, s->k.nngp, ITEMS * ITEMS, 1e-13, s->text);
  assert_ok(s->context, limes_kernel(s->context, model, s->all, NULL, &(limes_kernel_output){.ntk = alone}));
  assert_near(alone, s->k.ntk, ITEMS * ITEMS, 1e-13, s->text);
  for (size_t i = 0; i < ITEMS; i++) {
    expected[0][i] = s->k.nngp[i * (ITEMS + 1)];
    expected[1][i] = s->k.ntk[i * (ITEMS + 1)];
  }
  assert_ok(s->context, limes_kernel_diagonal(s->context, model, s->all, diagonal[0], diagonal[1]));
  assert_near(diagonal[0], expected[0], ITEMS, 1e-12, s->text);
  assert_near(diagonal[1], expected[1], ITEMS, 1e-12, s->text);
  assert_ok(s->context, limes_kernel_diagonal(s->context, model, s->all, alone, NULL));
  assert_near(alone, expected[0], ITEMS, 1e-12, s->text);
  limes_model_destroy(model);
}

/* The same items in another batch are other items that are equal: nothing is known of rho = 1 there. How far rounding may carry
 * them apart is seen from items that differ by more than rounding; where a nonlinearity jumps, or has
 * a width that is nothing beside the numbers it is given, too far. Only dropout and stochastic depth tell equal
 * items from the same ones, by what it does to an item's own activations. */
static inline void assert_equal_items_are_alike(const subject *s) {
  double size = 0;
  for (size_t i = 0; i < ITEMS; i++)
    size = fmax(size, s->k.ntk[i * (ITEMS + 1)]);
  if (s->jumps || size > 1e10)
    return;
  limes_batch *again = items_of(s->context, s->items, 0, ITEMS),
              *near = items_with(s->context, s->items, 0, ITEMS, 1 + 0x1p-40, 0);
  kernels k = kernel_of(s->context, s->text, s->all, again), other = kernel_of(s->context, s->text, s->all, near);
  double *expected[] = {s->k.nngp, s->k.ntk}, *found[] = {k.nngp, k.ntk}, *moved[] = {other.nngp, other.ntk};
  for (size_t m = 0; m < 2; m++) {
    double change = 0, largest = 0;
    for (size_t i = 0; i < ITEMS * ITEMS; i++) {
      change = fmax(change, fabs(moved[m][i] - found[m][i]));
      largest = fmax(largest, fabs(expected[m][i]));
      if (i % (ITEMS + 1) == 0 && (strstr(s->text, "dropout") != NULL || strstr(s->text, "survive") != NULL))
        found[m][i] = expected[m][i];
    }
    assert_near(found[m], expected[m], ITEMS * ITEMS, 1e-6 + 4 * sqrt(s->left_out) + 10 * change / fmax(largest, 1e-300),
                s->text);
  }
  free_kernels(&k);
  free_kernels(&other);
  limes_batch_destroy(again);
  limes_batch_destroy(near);
}

static inline limes_status collect_rows(void *user, size_t first, size_t count, const double *nngp, const double *ntk) {
  kernels *into = user;
  memcpy(into->nngp + first * into->columns, nngp, count * into->columns * sizeof *nngp);
  memcpy(into->ntk + first * into->columns, ntk, count * into->columns * sizeof *ntk);
  return LIMES_OK;
}

static inline void assert_same_on_other_ways(const subject *s) {
  limes_model *model = parsed(s->context, s->text);
  kernels rows = new_kernels(ITEMS, ITEMS);
  assert_ok(s->context, limes_kernel_rows(s->context, model, s->all, NULL, true, true, collect_rows, &rows));
  assert_kernels_near(&rows, &s->k, 0, s->text);
  limes_set_threads(s->context, 3);
  kernels threads = kernel_of(s->context, s->text, s->all, NULL);
  limes_set_threads(s->context, 1);
  assert_kernels_near(&threads, &s->k, 0, s->text);
  free_kernels(&rows);
  free_kernels(&threads);
  limes_model_destroy(model);
}

static inline void assert_printing_parses_back(const subject *s) {
  limes_model *model = parsed(s->context, s->text), *again = NULL;
  char *text = NULL, *twice = NULL;
  assert_ok(s->context, limes_model_print(s->context, model, &text));
  assert_ok(s->context, limes_model_parse(s->context, text, &again));
  assert_ok(s->context, limes_model_print(s->context, again, &twice));
  assert_string_equal(twice, text);
  kernels k = kernel_of(s->context, text, s->all, NULL);
  assert_kernels_near(&k, &s->k, 0, text);
  free_kernels(&k);
  limes_free(text);
  limes_free(twice);
  limes_model_destroy(model);
  limes_model_destroy(again);
}

/* The kernel between positions behind a chain, pooled by hand, is what the pools make of it. */
static inline void assert_pools_of_positions(const subject *s, const char *chain) {
  if (!fits(s->context, chain, s->all, LIMES_FULL))
    return;
  char pooled[CHAIN_TEXT + 20], flat[CHAIN_TEXT + 20];
  snprintf(pooled, sizeof pooled, "%s global_avg_pool", chain);
  snprintf(flat, sizeof flat, "%s flatten", chain);
  if (!fits(s->context, pooled, s->all, LIMES_SCALAR) || s->items == HOLES)
    return;
  kernels all = positions_of(s->context, chain, s->all, NULL), mean = new_kernels(ITEMS, ITEMS),
          trace = new_kernels(ITEMS, ITEMS), k = kernel_of(s->context, pooled, s->all, NULL);
  size_t T = (size_t)sqrt((double)all.columns);
  assert_int_equal(T * T, all.columns);
  for (size_t i = 0; i < all.rows * all.columns; i++) {
    size_t pair = i / all.columns, a = i % all.columns / T, b = i % T;
    mean.nngp[pair] += all.nngp[i] / (double)(T * T);
    mean.ntk[pair] += all.ntk[i] / (double)(T * T);
    trace.nngp[pair] += a == b ? all.nngp[i] / (double)T : 0;
    trace.ntk[pair] += a == b ? all.ntk[i] / (double)T : 0;
  }
  assert_kernels_near(&k, &mean, 1e-12, pooled);
  free_kernels(&k);
  k = kernel_of(s->context, flat, s->all, NULL);
  assert_kernels_near(&k, &trace, 1e-12, flat);
  free_kernels(&k);
  free_kernels(&all);
  free_kernels(&mean);
  free_kernels(&trace);
}

static inline void assert_explained(const subject *s) {
  limes_model *model = parsed(s->context, s->text);
  limes_plan_report report = {0};
  assert_ok(s->context, limes_explain(s->context, model, s->a, s->b, true, true, &report));
  if (!(report.flops > 0 && report.bytes > 0 && report.seconds >= 0 && isfinite(report.seconds)))
    fail_msg("%s: explain says %g flops, %g bytes, %g s", s->text, report.flops, (double)report.bytes, report.seconds);
  limes_free(report.text);
  limes_model_destroy(model);
}

/* Nonlinearities whose slope is 0 though they are not: step and sign. Their tangent kernel is that of the slope, and at rho = 1
 * they turn rounding r into sqrt(r), each one anew. */
static inline bool has_jumps(const limes_program *program) {
  bool any = false;
  for (size_t i = 0; i < program->n_op; i++) {
    double value = 0, slope = 1;
    if (program->op[i].ops->elementwise != NULL)
      program->op[i].ops->elementwise->own(program->op[i].param, 1, &value, &slope);
    any = any || slope == 0;
  }
  return any;
}

static inline void look_at_program(subject *s, const limes_model *model) {
  limes_plan plan;
  limes_left_out *errors = NULL;
  assert_ok(s->context, limes_plan_create(s->context, model, s->all, s->all, true, LIMES_SCALAR, &plan));
  assert_ok(s->context, limes_find_left_out(s->context, &plan, &errors));
  for (size_t i = 0; errors != NULL && i < plan.program.n_op; i++)
    s->left_out += fmax(errors[i].value, errors[i].slope);
  s->jumps = has_jumps(&plan.program);
  free(errors);
  limes_plan_clear(&plan);
}

/* Whether a layer is worth trying on such items: elementwise ones see no more of them than whether there are positions. */
static inline bool is_worth_trying(const limes_layer_ops *ops, kind items) {
  return ops->elementwise == NULL || items <= SEQUENCES;
}

/* False: the numbers are too large for the model, or a layer has no expectation there, and the library said so. */
static inline bool make_subject(limes_context *context, const char *text, kind items, subject *s) {
  *s = (subject){.context = context, .text = text, .items = items, .k = new_kernels(ITEMS, ITEMS)};
  s->all = items_of(context, items, 0, ITEMS);
  s->a = items_of(context, items, 0, A);
  s->b = items_of(context, items, A, B);
  limes_model *model = parsed(context, text);
  limes_status status = limes_kernel(context, model, s->all, NULL, &(limes_kernel_output){.nngp = s->k.nngp, .ntk = s->k.ntk});
  char *error = strdup(limes_error(context));
  look_at_program(s, model);
  limes_model_destroy(model);
  bool beyond = status == LIMES_OUT_OF_DOMAIN || (status == LIMES_BAD_INPUT && strstr(error, "too large") != NULL);
  if (status != LIMES_OK && !beyond)
    fail_msg("%s: %s: %s", text, limes_status_text(status), error);
  free(error);
  return status == LIMES_OK;
}

static inline void free_subject(subject *s) {
  free_kernels(&s->k);
  limes_batch_destroy((limes_batch *)(uintptr_t)s->all);
  limes_batch_destroy((limes_batch *)(uintptr_t)s->a);
  limes_batch_destroy((limes_batch *)(uintptr_t)s->b);
}

static inline void assert_matrix_laws(const subject *s) {
  assert_symmetric(s);
  assert_no_negative_eigenvalue(s->k.nngp, ITEMS, 1e-12 + 20 * s->left_out, s->text);
  assert_no_negative_eigenvalue(s->k.ntk, ITEMS, 1e-12 + 20 * s->left_out, s->text);
  assert_blocks(s);
  assert_parts_alone(s);
  assert_equal_items_are_alike(s);
  assert_printing_parses_back(s);
}

#endif

#include "fixture.h"

#include <cblas.h>
#include <sys/mman.h>

#include "math/linear.h"

static double *random_matrix(size_t rows, size_t columns, uint64_t seed) {
  double *a = malloc(rows * columns * sizeof *a);
  assert_non_null(a);
  for (size_t i = 0; i < rows * columns; i++)
    a[i] = uniform(&seed);
  return a;
}

/* B B^T + ridge I of an n x rank B: definite where rank >= n or ridge > 0 */
static double *random_covariance(size_t n, size_t rank, double ridge, uint64_t seed) {
  double *b = random_matrix(n, rank, seed), *a = calloc(n * n, sizeof *a);
  assert_non_null(a);
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) {
      for (size_t k = 0; k < rank; k++)
        a[j * n + i] += b[k * n + i] * b[k * n + j];
      a[j * n + i] += i == j ? ridge : 0;
    }
  free(b);
  return a;
}

static void products_equal_their_sums(void **state) {
  (void)state;
  size_t m = 5, n = 7, k = 3;
  for (int which = 0; which < 4; which++) {
    bool ta = which & 1, tb = which & 2;
    double *a = random_matrix(m, k, 1), *b = random_matrix(k, n, 2), *c = random_matrix(m, n, 3), expected[35];
    for (size_t i = 0; i < m; i++)
      for (size_t j = 0; j < n; j++) {
        double sum = 0;
        for (size_t l = 0; l < k; l++)
          sum += (ta ? a[i * k + l] : a[l * m + i]) * (tb ? b[l * n + j] : b[j * k + l]);
        expected[j * m + i] = 2 * sum - 0.5 * c[j * m + i];
      }
    limes_gemm(ta, tb, m, n, k, 2, a, ta ? k : m, b, tb ? n : k, -0.5, c, m);
    for (size_t i = 0; i < m * n; i++)
      assert_close_at(c[i], expected[i], 1e-14, i);
    free(a);
    free(b);
    free(c);
  }
}

static void a_stride_beyond_32_bits_is_taken(void **state) {
  (void)state;
  size_t stride = (size_t)1 << 31, bytes = (stride + 2) * sizeof(double);
  double *a = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (a == MAP_FAILED) {
    print_message("skipped: no address space of 16 GiB\n");
    skip();
  }
  a[0] = 1, a[1] = 2, a[stride] = 3, a[stride + 1] = 4;
  double b[2] = {5, 6}, c[2] = {NAN, NAN};
  limes_gemm(false, false, 2, 1, 2, 1, a, stride, b, 2, 0, c, 2);
  assert_close(c[0], 23, 0);
  assert_close(c[1], 34, 0);
  munmap(a, bytes);
}

static void eigenvectors_rebuild_their_matrix(void **state) {
  (void)state;
  limes_status (*const methods[])(limes_context *, size_t, double *, double *) = {limes_eigen, limes_eigen_lean};
  const size_t orders[] = {1, 2, 33, 70};
  for (size_t which = 0; which < 8; which++) {
    size_t n = orders[which / 2];
    double *a = random_covariance(n, n / 2 + 1, 0.1, 4), *v = malloc(n * n * sizeof *v), *values = malloc(n * sizeof *values);
    memcpy(v, a, n * n * sizeof *v);
    for (size_t j = 1; j < n; j++) /* the upper triangle is not read */
      for (size_t i = 0; i < j; i++)
        v[j * n + i] = NAN;
    assert_ok(context, methods[which % 2](context, n, v, values));
    for (size_t j = 0; j < n; j++) {
      assert_true(j == 0 || values[j] >= values[j - 1]);
      for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t k = 0; k < n; k++)
          sum += v[k * n + i] * values[k] * v[k * n + j];
        assert_close_at(sum, a[j * n + i], 1e-12 * (double)n, i);
      }
    }
    double least = NAN;
    assert_ok(context, limes_smallest_eigenvalue(context, n, a, &least));
    assert_close(least, values[0], 1e-13 * (double)n);
    free(a);
    free(v);
    free(values);
  }
}

static void a_factor_multiplies_back_and_keeps_the_matrix_above_it(void **state) {
  (void)state;
  size_t n = 90;
  double *a = random_covariance(n, n, 0.1, 5), *l = malloc(n * n * sizeof *l), *b = random_matrix(n, 3, 6),
         *x = malloc(3 * n * sizeof *x), *inverse = malloc(n * sizeof *inverse), jitter = NAN;
  memcpy(l, a, n * n * sizeof *l);
  memcpy(x, b, 3 * n * sizeof *x);
  assert_ok(context, limes_cholesky(context, n, l, &jitter));
  assert_close(jitter, 0, 0);
  for (size_t j = 0; j < n; j++)
    for (size_t i = 0; i < n; i++) {
      double sum = 0;
      for (size_t k = 0; k <= i && k <= j; k++)
        sum += l[k * n + i] * l[k * n + j];
      assert_close(sum, a[j * n + i], 1e-12);
      if (i < j)
        assert_close(l[j * n + i], a[j * n + i], 0);
    }
  limes_cholesky_solve(context, n, l, 3, x);
  for (size_t c = 0; c < 3; c++)
    for (size_t i = 0; i < n; i++) {
      double sum = 0;
      for (size_t k = 0; k < n; k++)
        sum += a[k * n + i] * x[c * n + k];
      assert_close(sum, b[c * n + i], 1e-11);
    }
  assert_ok(context, limes_cholesky_inverse_diagonal(context, n, l, inverse));
  for (size_t i = 0; i < n; i++) {
    double *unit = calloc(n, sizeof *unit);
    unit[i] = 1;
    limes_cholesky_solve(context, n, l, 1, unit);
    assert_close_at(inverse[i] / unit[i], 1, 1e-12, i);
    free(unit);
  }
  free(a);
  free(l);
  free(b);
  free(x);
  free(inverse);
}

static void a_singular_matrix_takes_the_first_jitter_that_works_and_says_so(void **state) {
  (void)state;
  size_t n = 40;
  double *a = random_covariance(n, 10, 0, 7), *l = malloc(n * n * sizeof *l), jitter = NAN, mean = limes_mean_diagonal(n, a);
  memcpy(l, a, n * n * sizeof *l);
  last_log[0] = 0;
  assert_ok(context, limes_cholesky(context, n, l, &jitter));
  assert_true(jitter >= 0.9e-12 * mean && jitter <= 1.1e-10 * mean);
  assert_non_null(strstr(last_log, "singular"));
  for (size_t j = 0; j < n; j++)
    for (size_t i = 0; i < n; i++) {
      double sum = 0;
      for (size_t k = 0; k <= i && k <= j; k++)
        sum += l[k * n + i] * l[k * n + j];
      assert_close(sum, a[j * n + i] + (i == j ? jitter : 0), 1e-13);
    }
  free(a);
  free(l);
}

static void an_indefinite_matrix_is_refused(void **state) {
  (void)state;
  double a[4] = {1, 2, 2, 1}, jitter = NAN;
  assert_int_equal(limes_cholesky(context, 2, a, &jitter), LIMES_OUT_OF_DOMAIN);
  assert_non_null(strstr(limes_error(context), "larger noise"));
}

static void the_hosts_thread_count_comes_back(void **state) {
  (void)state;
  int before = openblas_get_num_threads();
  double a[4] = {2, 1, 1, 2}, jitter = NAN;
  limes_set_threads(context, 1);
  assert_ok(context, limes_cholesky(context, 2, a, &jitter));
  limes_set_threads(context, 0);
  assert_int_equal(openblas_get_num_threads(), before);
}

static void an_order_beyond_lapack_is_refused(void **state) {
  (void)state;
  assert_int_equal(limes_check_order(context, (size_t)1 << 31), LIMES_REFUSED);
  assert_int_equal(limes_check_order(context, 0), LIMES_REFUSED);
  assert_ok(context, limes_check_order(context, 100000));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(products_equal_their_sums),
      cmocka_unit_test(a_stride_beyond_32_bits_is_taken),
      cmocka_unit_test(eigenvectors_rebuild_their_matrix),
      cmocka_unit_test(a_factor_multiplies_back_and_keeps_the_matrix_above_it),
      cmocka_unit_test(a_singular_matrix_takes_the_first_jitter_that_works_and_says_so),
      cmocka_unit_test(an_indefinite_matrix_is_refused),
      cmocka_unit_test(the_hosts_thread_count_comes_back),
      cmocka_unit_test(an_order_beyond_lapack_is_refused),
  };
  return cmocka_run_group_tests(tests, begin, end);
}

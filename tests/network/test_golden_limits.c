/* Networks of the golden cases' models, on their data, against the kernel of infinite width.
 *
 * The mean of an empirical kernel over draws is the exact one and C / width + D / width^2. C comes from a second width, a quarter
 * of the first: (4 wide - narrow) / 3 is free of it, and must meet the exact kernel within 4 standard errors and what D may be,
 * the product of both widths' C / width. A kernel is compared by its projection on the exact one. Each model is drawn as often as
 * the work allowed for it says, so that nothing depends on the clock. Models that keep positions are pooled, and all end in
 * dense, behind which outputs are integrated out.
 *
 * Arguments: the width; the work for one model, in 10^9 multiplications; 1 to take all cases, the shared ones, too, instead of a
 * selection of ours that has every word and choice they have; and, to spread them over processes, PART and PARTS. */
#include "golden/cases.h"
#include "kernel/laws.h"

enum { NNGP, NTK, KERNELS, MOST_CASES = 1024, MOST_WORDS = 256, FEWEST_DRAWS = 32, MOST_DRAWS = 1500 };
static const char *const kernel_names[KERNELS] = {"NNGP", "NTK"};

#define NARROWER 4             /* by which the second width is smaller */
#define SEES_FIVE_PERCENT 0.01 /* standard error below which a kernel 5 % off must be found */

static size_t width = 64, part = 0, parts = 1;
static double work = 0.15;
static bool all_cases = false;

/* Mean of each kernel's projection over draws, and its error */
typedef struct {
  double mean[KERNELS], squares[KERNELS];
} shares;

/* (4 wide - narrow) / 3, its error, and what may be left of order 1 / width^2 */
typedef struct {
  double share[KERNELS], error[KERNELS], rest[KERNELS];
  char name[64];
} result;

static result results[MOST_CASES];
static size_t n_results, without_face;

static void add_kernel(shares *s, size_t draw, int k, const double *values, const kernels *exact) {
  const double *e = k == NNGP ? exact->nngp : exact->ntk;
  double product = 0, square = 0;
  for (size_t i = 0; i < exact->rows * exact->columns; i++) {
    product += values[i] * e[i];
    square += e[i] * e[i];
  }
  double share = product / square, away = share - s->mean[k];
  s->mean[k] += away / (double)(draw + 1);
  s->squares[k] += away * (share - s->mean[k]);
}

static double error_of(const shares *s, size_t draws, int k) {
  return sqrt(s->squares[k] / ((double)draws * (double)(draws - 1)));
}

typedef struct {
  limes_context *context;
  limes_batch *x1, *x2;
  limes_network *network[2]; /* wide, narrow */
  shares sampled[2];
  kernels exact, empirical;
  uint64_t seed; /* another one for each case, so that cases are independent */
  size_t draws;
} study;

/* Keys are wide for their channels: what finite logits change falls with the key width alone. Narrow networks have more heads, as
 * these are what their kernels are means of. */
static limes_network_settings settings_of(size_t w, uint64_t seed) {
  size_t heads = width < 256 ? w / 4 : w / 32;
  return (limes_network_settings){
      .width = w, .heads = heads, .value_width = heads, .key_width = width < 256 ? w : w / 8, .outputs = 1, .seed = seed};
}

static limes_status create_networks(study *s, const limes_model *model) {
  const limes_batch *batches[] = {s->x1, s->x2};
  limes_status status = LIMES_OK;
  for (size_t i = 0; status == LIMES_OK && i < 2; i++) {
    limes_network_settings settings = settings_of(i == 0 ? width : width / NARROWER, s->seed);
    status = limes_network_create(s->context, model, batches, s->x2 == NULL ? 1 : 2, &settings, &s->network[i]);
  }
  return status;
}

static void draw_once(study *s) {
  for (size_t i = 0; i < 2; i++) {
    limes_network_draw(s->network[i], s->draws);
    limes_kernel_output out = {.nngp = s->empirical.nngp, .ntk = s->empirical.ntk};
    assert_ok(s->context, limes_empirical(s->context, s->network[i], s->x1, s->x2, 0, LIMES_NTK_STRUCTURED, &out));
    add_kernel(&s->sampled[i], s->draws, NNGP, s->empirical.nngp, &s->exact);
    add_kernel(&s->sampled[i], s->draws, NTK, s->empirical.ntk, &s->exact);
  }
  s->draws++;
}

static result result_of(const study *s) {
  result r = {.name = ""};
  for (int k = 0; k < KERNELS; k++) {
    double wide = s->sampled[0].mean[k], narrow = s->sampled[1].mean[k], bias = (narrow - wide) / (NARROWER - 1);
    r.share[k] = wide - bias;
    r.error[k] = hypot(NARROWER * error_of(&s->sampled[0], s->draws, k), error_of(&s->sampled[1], s->draws, k)) / (NARROWER - 1);
    r.rest[k] = NARROWER * bias * bias;
  }
  return r;
}

/* Multiplications of one draw, roughly: forward and backward of every item, and the parameters' random numbers */
static double work_of(const study *s) {
  size_t positions = 0;
  for (int side = 0; side < 2; side++)
    for (size_t i = 0; i < (side == 0 ? limes_batch_items(s->x1) : s->x2 == NULL ? 0 : limes_batch_items(s->x2)); i++)
      positions += limes_batch_positions(side == 0 ? s->x1 : s->x2, i, NULL);
  return (double)limes_network_parameters(s->network[0]) * (20 + (double)positions) * 1e-9;
}

/* How often does not depend on what was drawn: to stop where the spread looks small would favour small kernels. */
static void sample(study *s, const golden_case *golden) {
  size_t wanted = (size_t)fmin(fmax(work / work_of(s), FEWEST_DRAWS), MOST_DRAWS);
  while (s->draws < wanted)
    draw_once(s);
  result r = result_of(s);
  snprintf(r.name, sizeof r.name, "%s", golden->name);
  assert_true(n_results < MOST_CASES);
  results[n_results++] = r;
  print_message("%-46s %6zu draws: NNGP %.4f +- %.4f, NTK %.4f +- %.4f\n", golden->name, s->draws, r.share[NNGP], r.error[NNGP],
                r.share[NTK], r.error[NTK]);
  fflush(stdout);
}

/* The text of the model with a dense at its end, behind a pool where positions are kept */
static void ending_in_dense(const golden_case *golden, char *text, size_t size) {
  bool positions = strcmp(golden->suite, "kernel_positions") == 0;
  size_t length = strlen(golden->model);
  bool ends = length >= 5 && strcmp(golden->model + length - 5, "dense") == 0;
  snprintf(text, size, "%s%s%s", golden->model, positions ? " global_avg_pool" : "", ends && !positions ? "" : " dense");
}

static void measure(study *s, const golden_case *golden) {
  char text[MAX_LINE];
  ending_in_dense(golden, text, sizeof text);
  limes_model *model = parsed(s->context, text);
  limes_status status = create_networks(s, model);
  if (status == LIMES_UNABLE) {
    if (strstr(text, "exp_normalized") == NULL && strstr(text, "coins=shared") == NULL)
      fail_msg("%s: %s", golden->name, limes_error(s->context));
    without_face++;
  } else {
    assert_ok(s->context, status);
    s->exact = kernel_of(s->context, text, s->x1, s->x2);
    s->empirical = new_kernels(s->exact.rows, s->exact.columns);
    sample(s, golden);
    free_kernels(&s->exact);
    free_kernels(&s->empirical);
  }
  limes_network_destroy(s->network[0]);
  limes_network_destroy(s->network[1]);
  limes_model_destroy(model);
}

/* Why a case says nothing about the limit, NULL where it does */
static const char *left_out(const golden_case *golden) {
  const char *model = golden->model, *sum = strstr(model, "position=sum");
  if (strstr(model, "key_width=") != NULL || strstr(model, " width=") != NULL || strstr(model, "(width=") != NULL)
    return "a width that stands in the text stays, so that there is no second one";
  if (strncmp(model, "attention", 9) == 0 && sum != NULL && sum < strchr(model, ')'))
    return "embeddings that are added to data of a few features are as few: there is no limit";
  if (strcmp(golden->name, "degenerate-erf-mixed-scales") == 0 || strcmp(golden->name, "degenerate-erf-scale-1e4") == 0)
    return "one weight in 10^4 carries the whole tangent kernel where erf sees numbers of size 10^4";
  return NULL;
}

static limes_batch *items_of_case(limes_context *context, const golden_case *golden, const char *side) {
  char name[MAX_LINE + 8];
  limes_file *file = NULL;
  limes_named_array array = {0};
  limes_batch *batch = NULL;
  assert_ok(context, limes_file_open(context, golden->path, &file));
  assert_ok(context, limes_file_get(context, file, side, &array));
  snprintf(name, sizeof name, "%s:%s", golden->path, side);
  if (array.data != NULL)
    assert_ok(context, limes_batch_read(context, name, NULL, &batch));
  limes_file_close(file);
  return batch;
}

/* Whether the model has a word, or a choice of one (zeta=erf), that no case before had */
static bool has_new_word(const char *model) {
  static char known[MOST_WORDS][32];
  static size_t n_known;
  bool new = false;
  const char *letters = "abcdefghijklmnopqrstuvwxyz_", *choice = "abcdefghijklmnopqrstuvwxyz_=";
  for (const char *at = model; *(at += strcspn(at, letters)) != '\0';) {
    char word[32];
    size_t length = strspn(at, choice), i = 0;
    snprintf(word, sizeof word, "%.*s", (int)length, at);
    at += length;
    while (i < n_known && strcmp(known[i], word) != 0)
      i++;
    if (i == n_known && n_known < MOST_WORDS) {
      strcpy(known[n_known++], word);
      new = true;
    }
  }
  return new;
}

static void study_case(const golden_case *golden, limes_context *context, void *user) {
  size_t *number = user;
  if (strncmp(golden->suite, "kernel", 6) != 0 || (*number)++ % parts != part)
    return;
  if (!all_cases && !has_new_word(golden->model))
    return;
  const char *why = left_out(golden);
  if (why != NULL) {
    print_message("%s: left out: %s\n", golden->name, why);
    return;
  }
  limes_set_threads(context, 1); /* products are small, and sums are the same everywhere */
  study s = {.context = context,
             .seed = *number,
             .x1 = items_of_case(context, golden, "x1"),
             .x2 = items_of_case(context, golden, "x2")};
  measure(&s, golden);
  limes_batch_destroy(s.x1);
  limes_batch_destroy(s.x2);
}

static void the_networks_of_golden_models_are_sampled(void **state) {
  (void)state;
  char folder[MAX_LINE];
  size_t number = 0;
  own_folder(folder);
  assert_true(each_case(folder, study_case, &number));
  shared_folder(folder);
  if (all_cases && !each_case(folder, study_case, &number))
    print_message("there are no shared cases\n");
  print_message("%zu models, and %zu without a finite face\n", n_results, without_face);
  assert_true(n_results > 0);
}

/* The mean over all models, weighted by precision */
static result all_together(void) {
  result all = {.name = "all models together"};
  for (int k = 0; k < KERNELS; k++) {
    double precision = 0;
    for (size_t i = 0; i < n_results; i++) {
      double weight = 1 / (results[i].error[k] * results[i].error[k]);
      precision += weight;
      all.share[k] += weight * (results[i].share[k] - all.share[k]) / precision;
      all.rest[k] += weight * (results[i].rest[k] - all.rest[k]) / precision;
    }
    all.error[k] = 1 / sqrt(precision);
  }
  return all;
}

/* Whether the kernel is off by more than it may if the exact one were `factor` times as large */
static bool is_off(const result *r, int k, double factor) {
  return !(fabs(r->share[k] / factor - 1) <= 4 * r->error[k] + r->rest[k]);
}

static size_t count_off(double factor, double sharper_than) {
  size_t off = 0;
  for (size_t i = 0; i < n_results; i++)
    for (int k = 0; k < KERNELS; k++)
      off += results[i].error[k] < sharper_than && is_off(&results[i], k, factor);
  return off;
}

static void check_result(const result *r) {
  for (int k = 0; k < KERNELS; k++)
    if (is_off(r, k, 1))
      print_error("%s: the sampled %s is %.4f times the exact one, allowed 1 +- %.4f\n", r->name, kernel_names[k], r->share[k],
                  4 * r->error[k] + r->rest[k]);
}

static void mean_kernels_over_draws_are_those_of_the_limit(void **state) {
  (void)state;
  result all = all_together();
  for (size_t i = 0; i < n_results; i++)
    check_result(&results[i]);
  check_result(&all);
  assert_int_equal(count_off(1, INFINITY), 0);
  assert_false(is_off(&all, NNGP, 1) || is_off(&all, NTK, 1));
}

/* The same checks with every exact kernel 5 % off on purpose must fail: for all models together, and for most of those that were
 * drawn sharply. */
static void a_kernel_five_percent_off_is_found(void **state) {
  (void)state;
  result all = all_together();
  size_t sharp = 0, more = count_off(1.05, SEES_FIVE_PERCENT), less = count_off(0.95, SEES_FIVE_PERCENT);
  for (size_t i = 0; i < n_results; i++)
    for (int k = 0; k < KERNELS; k++)
      sharp += results[i].error[k] < SEES_FIVE_PERCENT;
  print_message("all models together: NNGP %.4f +- %.4f, NTK %.4f +- %.4f\n", all.share[NNGP], all.error[NNGP], all.share[NTK],
                all.error[NTK]);
  print_message("of %zu kernels drawn sharply %zu see one that is 5 %% too large, %zu one that is 5 %% too small\n", sharp, more,
                less);
  for (int k = 0; k < KERNELS; k++)
    assert_true(is_off(&all, k, 1.05) && is_off(&all, k, 0.95));
  assert_true(10 * more >= 7 * sharp && 10 * less >= 7 * sharp);
}

int main(int n_arguments, char **argument) {
  if (n_arguments > 2) {
    width = strtoul(argument[1], NULL, 10);
    work = strtod(argument[2], NULL);
  }
  all_cases = n_arguments > 3 && argument[3][0] == '1';
  if (n_arguments > 5) {
    part = strtoul(argument[4], NULL, 10);
    parts = strtoul(argument[5], NULL, 10);
  }
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_networks_of_golden_models_are_sampled),
                                     cmocka_unit_test(mean_kernels_over_draws_are_those_of_the_limit),
                                     cmocka_unit_test(a_kernel_five_percent_off_is_found)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Chains of layers at random, nested, on items of every kind: what holds for all kernels holds for them. LIMES_CHAINS=5000 in the
 * environment tries more of them. */
#include "conformance/matrix_laws.h"

enum { CHAINS = 200, DEPTH = 4 };

static void random_chains_obey_the_laws_of_kernels(void **state) {
  limes_context *context = *state;
  const char *asked = getenv("LIMES_CHAINS");
  size_t chains = asked == NULL ? CHAINS : strtoul(asked, NULL, 10), refused = 0;
  char text[CHAIN_TEXT], kept[CHAIN_TEXT];
  for (uint64_t c = 0; c < chains; c++) {
    random_stream stream = {c};
    kind items = (kind)random_count(&stream, 0, KINDS - 1);
    limes_batch *all = items_of(context, items, 0, ITEMS);
    size_t readout = random_chain(context, &stream, all, DEPTH, random_count(&stream, 1, 5), text);
    snprintf(kept, sizeof kept, "%.*s", (int)readout, text);
    limes_batch_destroy(all);
    subject s;
    if (make_subject(context, text, items, &s)) {
      assert_matrix_laws(&s);
      assert_same_on_other_ways(&s);
      assert_pools_of_positions(&s, kept);
      assert_explained(&s);
    } else {
      refused++;
    }
    free_subject(&s);
  }
  assert_true(refused <= chains / 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_chains_obey_the_laws_of_kernels),
  };
  return cmocka_run_group_tests(tests, make_context_of_one_thread, destroy_context);
}

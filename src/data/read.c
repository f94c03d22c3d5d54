#include "data/batch.h"
#include "data/name.h"

static limes_status finish(limes_context *context, const limes_read_options *options, limes_batch *batch) {
  limes_status status = LIMES_OK;
  if (options->balanced)
    status = limes_batch_balance(context, batch);
  if (status == LIMES_OK && (options->resize[0] != 0 || options->resize[1] != 0))
    status = limes_batch_resize(context, batch, options->resize);
  return status;
}

limes_status limes_batch_read(limes_context *context, const char *name, const limes_read_options *options, limes_batch **batch) {
  static const limes_read_options defaults = {0};
  limes_data_name parsed;
  *batch = NULL;
  if (options == NULL)
    options = &defaults;
  limes_status status = limes_name_parse(context, name, &parsed);
  if (status != LIMES_OK)
    return status;
  status = parsed.reader->read(context, &parsed, options, batch);
  if (status == LIMES_OK) {
    status = finish(context, options, *batch);
    if (status != LIMES_OK) {
      limes_batch_destroy(*batch);
      *batch = NULL;
      if (status != LIMES_NO_MEMORY)
        (void)limes_fail_in(context, status, "%s: ", name);
    }
  }
  limes_name_free(&parsed);
  return status;
}

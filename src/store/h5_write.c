/* Writing .h5: arrays as datasets of the root group, texts as its attributes, of varying length in UTF-8. Object times are
 * left out: equal contents make equal files. */
#include <string.h>

#include "store/draft.h"
#include "store/h5.h"
#include "store/npy.h"

#define ROOM_FOR_FILE 16384
#define ROOM_FOR_ARRAY 8192

static bool write_text(hid_t file, const limes_named_array *array) {
  hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
  bool done = type >= 0 && space >= 0 && H5Tset_size(type, H5T_VARIABLE) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0;
  hid_t attribute = done ? H5Acreate2(file, array->name, type, space, H5P_DEFAULT, H5P_DEFAULT) : -1;
  done = attribute >= 0 && H5Awrite(attribute, type, &array->text) >= 0;
  if (attribute >= 0)
    done &= H5Aclose(attribute) >= 0;
  if (space >= 0)
    H5Sclose(space);
  if (type >= 0)
    H5Tclose(type);
  return done;
}

static hid_t create_set(hid_t file, const limes_named_array *array, hid_t type) {
  hsize_t size[LIMES_MAX_RANK];
  for (unsigned i = 0; i < array->rank; i++)
    size[i] = array->size[i];
  hid_t space = array->rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple((int)array->rank, size, NULL);
  hid_t list = H5Pcreate(H5P_DATASET_CREATE), set = -1;
  if (space >= 0 && list >= 0 && H5Pset_obj_track_times(list, false) >= 0)
    set = H5Dcreate2(file, array->name, type, space, H5P_DEFAULT, list, H5P_DEFAULT);
  if (list >= 0)
    H5Pclose(list);
  if (space >= 0)
    H5Sclose(space);
  return set;
}

static bool write_numbers(hid_t file, const limes_named_array *array) {
  bool real = array->data != NULL;
  hid_t set = create_set(file, array, real ? H5T_IEEE_F64LE : H5T_STD_I64LE);
  if (set < 0)
    return false;
  const void *values = real ? (const void *)array->data : (const void *)array->integers;
  bool done = H5Dwrite(set, real ? H5T_NATIVE_DOUBLE : H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
  return (H5Dclose(set) >= 0) & done;
}

bool limes_h5_put(hid_t file, const limes_named_array *arrays, size_t count) {
  bool done = true;
  for (size_t i = 0; done && i < count; i++)
    done = arrays[i].text != NULL ? write_text(file, &arrays[i]) : write_numbers(file, &arrays[i]);
  return done && H5Fflush(file, H5F_SCOPE_LOCAL) >= 0;
}

/* Bytes the file may need, generously. */
limes_status limes_h5_bytes(limes_context *context, const limes_named_array *arrays, size_t count, uint64_t *bytes) {
  *bytes = ROOM_FOR_FILE;
  for (size_t i = 0; i < count; i++) {
    size_t n = 0, values = 0;
    if (arrays[i].text != NULL)
      values = strlen(arrays[i].text);
    else if (!limes_array_count(&arrays[i], &n) || !limes_multiply(n, sizeof(double), &values) || values > INT64_MAX / 2)
      return limes_fail(context, LIMES_WRONG_USE, "the array '%s' is too large for any machine", arrays[i].name);
    *bytes += values + ROOM_FOR_ARRAY;
  }
  return LIMES_OK;
}

limes_status limes_h5_failed(limes_context *context, const char *path) {
  char why[256];
  limes_h5_reason(why, sizeof why);
  return limes_fail(context, LIMES_FAILED, "%s cannot be written: %s", path, why);
}

/* HDF5 1.10 crashes at the end of the program when a disk was full while it closed a file. So the room is reserved before
 * it writes: once to know, and again since creating the file gives the room back. */
limes_status limes_h5_write(limes_context *context, const char *path, const char *temporary, const limes_named_array *arrays,
                            size_t count) {
  uint64_t bytes = 0;
  limes_status status = limes_h5_bytes(context, arrays, count, &bytes);
  if (status == LIMES_OK)
    status = limes_draft_reserve(context, path, temporary, bytes);
  if (status != LIMES_OK)
    return status;
  limes_h5_silence before = limes_h5_silent();
  hid_t file = H5Fcreate(temporary, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  status = file < 0 ? limes_h5_failed(context, path) : limes_draft_reserve(context, path, temporary, bytes);
  if (status == LIMES_OK && !limes_h5_put(file, arrays, count))
    status = limes_h5_failed(context, path);
  if (file >= 0 && H5Fclose(file) < 0 && status == LIMES_OK)
    status = limes_h5_failed(context, path);
  limes_h5_restore(&before);
  return status;
}

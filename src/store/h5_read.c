/* Reading .h5: the datasets of the root group as arrays, its text attributes as texts. Only what stands in the file
 * itself is read: links into other files, external and virtual storage are not followed. */
#include <stdlib.h>
#include <string.h>

#include "store/h5.h"
#include "store/npy.h"

enum { DATASET, ATTRIBUTE };

typedef struct {
  limes_context *context;
  limes_file *file;
  limes_status status;
} listing;

static limes_status damaged(limes_context *context) {
  char why[256];
  limes_h5_reason(why, sizeof why);
  return limes_fail(context, LIMES_BAD_INPUT, "it is damaged, cut short, or no HDF5 file: %s", why);
}

static herr_t add_dataset(hid_t group, const char *name, const H5L_info_t *link, void *user) {
  listing *list = user;
  H5O_info_t about;
  if (link->type != H5L_TYPE_HARD || H5Oget_info_by_name2(group, name, &about, H5O_INFO_BASIC, H5P_DEFAULT) < 0 ||
      about.type != H5O_TYPE_DATASET)
    return 0;
  list->status = limes_file_add(list->context, list->file, name, DATASET);
  return list->status == LIMES_OK ? 0 : -1;
}

static bool is_text(hid_t group, const char *name) {
  hid_t attribute = H5Aopen(group, name, H5P_DEFAULT);
  hid_t type = attribute < 0 ? -1 : H5Aget_type(attribute);
  bool text = type >= 0 && H5Tget_class(type) == H5T_STRING;
  if (type >= 0)
    H5Tclose(type);
  if (attribute >= 0)
    H5Aclose(attribute);
  return text;
}

static herr_t add_attribute(hid_t group, const char *name, const H5A_info_t *about, void *user) {
  listing *list = user;
  (void)about;
  if (!is_text(group, name))
    return 0;
  list->status = limes_file_add(list->context, list->file, name, ATTRIBUTE);
  return list->status == LIMES_OK ? 0 : -1;
}

static limes_status list_entries(limes_context *context, limes_file *file) {
  listing list = {context, file, LIMES_OK};
  hsize_t next = 0;
  herr_t links = H5Literate(file->number, H5_INDEX_NAME, H5_ITER_INC, NULL, add_dataset, &list);
  if (links >= 0)
    links = H5Aiterate2(file->number, H5_INDEX_NAME, H5_ITER_INC, &next, add_attribute, &list);
  return list.status != LIMES_OK ? list.status : links < 0 ? damaged(context) : LIMES_OK;
}

limes_status limes_h5_open(limes_context *context, limes_file *file) {
  limes_h5_silence before = limes_h5_silent();
  file->number = H5Fopen(file->path, H5F_ACC_RDONLY, H5P_DEFAULT);
  limes_status status = file->number < 0 ? damaged(context) : list_entries(context, file);
  limes_h5_restore(&before);
  return status;
}

void limes_h5_close(limes_file *file) {
  limes_h5_silence before = limes_h5_silent();
  if (file->number > 0)
    H5Fclose(file->number);
  limes_h5_restore(&before);
}

static limes_status shape_of(limes_context *context, hid_t space, limes_named_array *array, size_t *count) {
  hsize_t size[LIMES_MAX_RANK] = {0};
  int rank = H5Sget_simple_extent_ndims(space);
  if (rank < 0 || H5Sget_simple_extent_type(space) == H5S_NULL)
    return damaged(context);
  if (rank > LIMES_MAX_RANK)
    return limes_fail(context, LIMES_BAD_INPUT, "it has more than %d axes; reshape it", LIMES_MAX_RANK);
  H5Sget_simple_extent_dims(space, size, NULL);
  array->rank = (unsigned)rank;
  for (int i = 0; i < rank; i++)
    array->size[i] = (size_t)size[i];
  if (!limes_array_count(array, count) || *count > limes_memory_limit(context) / (2 * sizeof(double)))
    return limes_fail(context, LIMES_REFUSED,
                      "it holds more values than fit the memory that may be used; take a part of it or allow more memory");
  return LIMES_OK;
}

/* Whether the numbers stand in this file. */
static bool is_inside(hid_t set) {
  hid_t list = H5Dget_create_plist(set);
  if (list < 0)
    return false;
  bool inside = H5Pget_external_count(list) == 0 && H5Pget_layout(list) != H5D_VIRTUAL;
  H5Pclose(list);
  return inside;
}

static limes_status read_numbers(limes_context *context, hid_t set, bool whole, size_t count, limes_named_array *array) {
  double *data = limes_allocate(context, count, sizeof *data);
  int64_t *integers = whole && data != NULL ? limes_allocate(context, count, sizeof *integers) : NULL;
  limes_status status = data == NULL || (whole && integers == NULL) ? LIMES_NO_MEMORY : LIMES_OK;
  if (status == LIMES_OK && H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0)
    status = damaged(context);
  if (status == LIMES_OK && whole && H5Dread(set, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, integers) < 0)
    status = damaged(context);
  if (status != LIMES_OK) {
    free(data);
    free(integers);
    return status;
  }
  array->data = data;
  array->integers = integers;
  return LIMES_OK;
}

/* 64-bit integers without a sign may not fit an int64: only their float64 values are given then. */
static bool fits_int64(hid_t type) { return H5Tget_size(type) < 8 || H5Tget_sign(type) != H5T_SGN_NONE; }

static limes_status load_dataset(limes_context *context, hid_t set, limes_named_array *array) {
  hid_t type = H5Dget_type(set), space = H5Dget_space(set);
  limes_status status = type < 0 || space < 0 ? damaged(context) : LIMES_OK;
  H5T_class_t class = status == LIMES_OK ? H5Tget_class(type) : H5T_NO_CLASS;
  size_t count = 0;
  if (status == LIMES_OK && class != H5T_FLOAT && class != H5T_INTEGER && class != H5T_ENUM)
    status = limes_fail(context, LIMES_BAD_INPUT, "it holds no plain numbers; save it as float64");
  if (status == LIMES_OK && !is_inside(set))
    status =
        limes_fail(context, LIMES_BAD_INPUT, "its numbers stand in another file, which is not followed; write it into one file");
  if (status == LIMES_OK)
    status = shape_of(context, space, array, &count);
  if (status == LIMES_OK)
    status = read_numbers(context, set, class == H5T_INTEGER && fits_int64(type), count, array);
  if (type >= 0)
    H5Tclose(type);
  if (space >= 0)
    H5Sclose(space);
  return status;
}

/* A text of fixed length, or one that HDF5 allocates; ours afterwards. */
static limes_status read_text(limes_context *context, hid_t attribute, hid_t type, limes_named_array *array) {
  size_t bytes = H5Tget_size(type);
  bool varying = H5Tis_variable_str(type) > 0;
  char *given = NULL, *text = NULL;
  limes_status status = LIMES_OK;
  if (varying) {
    if (H5Aread(attribute, type, &given) < 0)
      status = damaged(context);
    else if ((text = limes_copy_text(context, given == NULL ? "" : given)) == NULL)
      status = LIMES_NO_MEMORY;
    H5free_memory(given);
  } else if ((text = limes_allocate(context, bytes + 1, 1)) == NULL)
    status = LIMES_NO_MEMORY;
  else if (H5Aread(attribute, type, text) < 0)
    status = damaged(context);
  if (status != LIMES_OK)
    free(text);
  else
    array->text = text;
  return status;
}

static limes_status load_attribute(limes_context *context, hid_t attribute, limes_named_array *array) {
  hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
  limes_status status = type < 0 || space < 0 ? damaged(context) : LIMES_OK;
  if (status == LIMES_OK && H5Sget_simple_extent_npoints(space) != 1)
    status = limes_fail(context, LIMES_BAD_INPUT, "it is a list of texts; only single ones are read");
  if (status == LIMES_OK)
    status = read_text(context, attribute, type, array);
  if (type >= 0)
    H5Tclose(type);
  if (space >= 0)
    H5Sclose(space);
  return status;
}

limes_status limes_h5_load(limes_context *context, limes_file *file, limes_file_entry *entry) {
  limes_h5_silence before = limes_h5_silent();
  limes_status status;
  if (entry->place == ATTRIBUTE) {
    hid_t attribute = H5Aopen(file->number, entry->name, H5P_DEFAULT);
    status = attribute < 0 ? damaged(context) : load_attribute(context, attribute, &entry->array);
    if (attribute >= 0)
      H5Aclose(attribute);
  } else {
    hid_t set = H5Dopen2(file->number, entry->name, H5P_DEFAULT);
    status = set < 0 ? damaged(context) : load_dataset(context, set, &entry->array);
    if (set >= 0)
      H5Dclose(set);
  }
  limes_h5_restore(&before);
  return status;
}

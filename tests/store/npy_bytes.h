/* .npy and .zip files byte by byte, also wrong ones. */
#ifndef LIMES_TESTS_NPY_BYTES_H
#define LIMES_TESTS_NPY_BYTES_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

/* Format `version`.0 with this dictionary; returns how many bytes. */
static inline size_t npy_bytes(unsigned char *to, unsigned version, const char *dictionary, const void *values, size_t n) {
  size_t length = strlen(dictionary), width = version == 1 ? 2 : 4;
  memcpy(to, "\x93NUMPY", 6);
  to[6] = (unsigned char)version;
  to[7] = 0;
  for (size_t i = 0; i < width; i++)
    to[8 + i] = (unsigned char)(length >> 8 * i);
  memcpy(to + 8 + width, dictionary, length);
  memcpy(to + 8 + width + length, values, n);
  return 8 + width + length + n;
}

static inline size_t npy_plain(unsigned char *to, const char *type, const char *fortran, const char *shape, const void *values,
                               size_t n) {
  char dictionary[256];
  snprintf(dictionary, sizeof dictionary, "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n", type, fortran, shape);
  return npy_bytes(to, 1, dictionary, values, n);
}

static inline void put_number(unsigned char **to, uint64_t number, size_t bytes) {
  for (size_t i = 0; i < bytes; i++)
    *(*to)++ = (unsigned char)(i < 8 ? number >> 8 * i : 0);
}

typedef struct zip_entry {
  const char *name;
  const void *bytes;
  size_t n;        /* as stored */
  unsigned method; /* 0 stored, 8 deflated */
  uint32_t claims; /* its size when unpacked, as written */
  uint32_t crc;    /* of the unpacked bytes */
} zip_entry;

static inline zip_entry zip_stored(const char *name, const void *bytes, size_t n) {
  return (zip_entry){name, bytes, n, 0, (uint32_t)n, (uint32_t)crc32(0, bytes, (unsigned)n)};
}

static inline void zip_fields(unsigned char **to, const zip_entry *entry) {
  put_number(to, 20, 2);
  put_number(to, 0, 2);
  put_number(to, entry->method, 2);
  put_number(to, 33ULL << 16, 4);
  put_number(to, entry->crc, 4);
  put_number(to, entry->n, 4);
  put_number(to, entry->claims, 4);
  put_number(to, strlen(entry->name), 2);
  put_number(to, 0, 2);
}

/* Local headers and contents, directory, end of directory; returns how many bytes. */
static inline size_t zip_bytes(unsigned char *start, const zip_entry *entry, size_t n) {
  unsigned char *to = start;
  size_t at[16];
  for (size_t i = 0; i < n; i++) {
    at[i] = (size_t)(to - start);
    put_number(&to, 0x04034b50, 4);
    zip_fields(&to, &entry[i]);
    memcpy(to, entry[i].name, strlen(entry[i].name));
    to += strlen(entry[i].name);
    memcpy(to, entry[i].bytes, entry[i].n);
    to += entry[i].n;
  }
  size_t directory = (size_t)(to - start);
  for (size_t i = 0; i < n; i++) {
    put_number(&to, 0x02014b50, 4);
    put_number(&to, 20, 2);
    zip_fields(&to, &entry[i]);
    put_number(&to, 0, 10);
    put_number(&to, at[i], 4);
    memcpy(to, entry[i].name, strlen(entry[i].name));
    to += strlen(entry[i].name);
  }
  size_t end = (size_t)(to - start);
  put_number(&to, 0x06054b50, 4);
  put_number(&to, 0, 4);
  put_number(&to, n, 2);
  put_number(&to, n, 2);
  put_number(&to, end - directory, 4);
  put_number(&to, directory, 4);
  put_number(&to, 0, 2);
  return (size_t)(to - start);
}

#endif

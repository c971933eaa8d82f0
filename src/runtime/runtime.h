/* What keeps compiled code: the disk cache and executable memory. */
#ifndef COTAN_SRC_RUNTIME_H
#define COTAN_SRC_RUNTIME_H
#include "base/base.h"

/* ---- the disk cache (cache.c): one file an entry, in a folder only this user can read or write
 * ---- */
/* The bytes stored under the key, malloc'ed; NULL when there are none, they are damaged, or the
 * cache is off. Records no error. */
void *cache_read(const uint64_t key[2], size_t *size);
/* Stores bytes under the key. A cache that cannot be written is left alone. */
void cache_write(const uint64_t key[2], const void *bytes, size_t size);

/* ---- executable memory (executable.c) ---- */
/* A copy of position-independent code, readable and executable but not writable; NULL after
 * base_fail. */
CT_NODISCARD void *executable_map(const void *bytes, size_t size, size_t *mapped);
void executable_unmap(void *mapping, size_t mapped);
#endif

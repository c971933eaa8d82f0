/* Mutable arrays under NumPy's indices: what ref[...], ref[...] = x and ref[...] += x bind. */
#ifndef COTAN_SRC_NUMPY_REFS_H
#define COTAN_SRC_NUMPY_REFS_H
#include "numpy/index.h"

/* The items are those of a subscript; n = 0 is all of it. Poison after an error. */
ct_array refs_get(ct_array ref, int64_t n, const index_item *items);
ct_array refs_swap(ct_array ref, int64_t n, const index_item *items, ct_array value);
bool refs_add(ct_array ref, int64_t n, const index_item *items, ct_array value);
#endif

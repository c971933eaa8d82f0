/* Rows and elements of arrays in C: what x[i], x[i:j], x[indices] and x.at[i].set(v) are in Python.
 * All work on traced arrays too. */
#ifndef COTAN_INDEX_H
#define COTAN_INDEX_H
#include "cotan/array.h"
#ifdef __cplusplus
extern "C" {
#endif

/* x[i]: shape (n, ...) -> (...); negative counts from the end. IndexError when out of range. */
CT_API ct_array ct_row(ct_array x, int64_t i);
/* x[start:stop]: shape (n, ...) -> (stop - start, ...), clipped as Python does. */
CT_API ct_array ct_rows(ct_array x, int64_t start, int64_t stop);
/* x[indices]: one row of x for each integer of indices, shape indices.shape + (...); booleans
 * select rows (concrete ones only). */
CT_API ct_array ct_pick(ct_array x, ct_array indices);
/* x.at[i].set(value). */
CT_API ct_array ct_set_row(ct_array x, int64_t i, ct_array value);
/* x.at[indices].add(values): repeated indices add up. */
CT_API ct_array ct_add_at(ct_array x, ct_array indices, ct_array values);

#ifdef __cplusplus
}
#endif
#endif

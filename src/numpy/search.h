/* Looking for elements: shared by sampling, interpolation, histograms and sets. */
#ifndef COTAN_SRC_NUMPY_SEARCH_H
#define COTAN_SRC_NUMPY_SEARCH_H
#include "numpy/shape.h"

/* How many elements of a sorted vector stand before each query (right: or equal it). Both of one
 * dtype. */
ct_array shape_searchsorted(ct_array sorted, ct_array queries, bool right);
/* Coordinates of nonzero elements, one array an axis; with a size, padded with `fill` (NULL: 0). */
CT_NODISCARD bool shape_nonzero(const char *what, ct_array x, ct_opt_int size, ct_array fill,
                                int64_t *n, ct_array *out);
#endif

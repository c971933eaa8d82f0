/* A product of two arrays as one dot_general, in NumPy's terms: dtypes are promoted, weak types
 * handled as JAX does. */
#ifndef COTAN_SRC_NUMPY_PRODUCTS_H
#define COTAN_SRC_NUMPY_PRODUCTS_H
#include "numpy/shape.h"

/* Contracts the listed pairs of axes; batch axes come first in the result, then x's other axes,
 * then y's. dtype: CT_NO_DTYPE for the promoted one. */
ct_array product_dot(ct_array x, ct_array y, const dot_dims *d, int precision, ct_dtype dtype);
#endif

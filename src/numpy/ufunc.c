/* Universal functions that are one operation of jax.lax each, after promotion. Those that take several are in arithmetic.c. */
#include "numpy/numpy.h"

#define INEXACT(name, operation) ct_array numpy_##name(ct_array x) { return numpy_unary_inexact(x, operation); }
INEXACT(sin, op_sin)

/* Booleans add and multiply as "or" and "and". */
static ct_array add_numbers(ct_array x, ct_array y) { return dtype_of(x) == CT_BOOL ? op_or(x, y) : op_add(x, y); }
ct_array numpy_add(ct_array x, ct_array y) { return numpy_binary("add", x, y, add_numbers); }

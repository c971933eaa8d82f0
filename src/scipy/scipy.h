/* What the special functions and the distributions share. */
#ifndef COTAN_SRC_SCIPY_H
#define COTAN_SRC_SCIPY_H
#define OPS_SHORT_NAMES
#include "nn/nn.h"

/* Arrays of one inexact dtype and of one rank (scalars apart), ready for operations. */
static inline bool scipy_promote(const char *what, int64_t n, ct_array *v)
{
    return numpy_promote_inexact(what, n, v, v) && numpy_match_ranks(what, n, v, v);
}

/* sum of c[i] x^(n - 1 - i), by Horner's rule. */
ct_array scipy_polynomial(ct_array x, int n, const double *c);

/* Trees of arrays as vectors of one inexact dtype (flat.c). */
typedef struct flattening {
    const char *what; /* for messages */
    ct_tree like;     /* structure, shapes and dtypes */
    ct_dtype dtype;   /* of the vector */
} flattening;
CT_NODISCARD bool scipy_flattening(const char *what, ct_tree like, flattening *f);
/* The leaves of a tree such as f->like, one after the other. */
ct_array scipy_flat(const flattening *f, ct_tree t);
/* And back; axes of v before its last one become axes of every leaf. */
ct_tree scipy_unflat(const flattening *f, ct_array v);

/* Short names for formulas, as those of ops.h: either operand may be a C number. where also
 * broadcasts. */
#define lt(a, b) NUMBERED_BINARY(op_lt, a, b, __COUNTER__)
#define le(a, b) NUMBERED_BINARY(op_le, a, b, __COUNTER__)
#define gt(a, b) NUMBERED_BINARY(op_gt, a, b, __COUNTER__)
#define ge(a, b) NUMBERED_BINARY(op_ge, a, b, __COUNTER__)
#define eq(a, b) NUMBERED_BINARY(op_eq, a, b, __COUNTER__)
#define either(a, b) NUMBERED_BINARY(op_or, a, b, __COUNTER__)
#define both(a, b) NUMBERED_BINARY(op_and, a, b, __COUNTER__)
static inline ct_array is_nan(ct_array x) { return op_ne(x, x); }
static inline ct_array where_id(ct_array a) { return a; }
static inline ct_array where_number(double a) { return ct_weak_float(a); }
#define WHERE_VALUE(a) _Generic((a), ct_array : where_id, default : where_number)(a)
#define ORDERED_WHERE(c, on_true, on_false, n)                                                     \
    ({                                                                                             \
        ct_array which##n = (c);                                                                   \
        ct_array yes##n = WHERE_VALUE(on_true);                                                    \
        ct_array no##n = WHERE_VALUE(on_false);                                                    \
        ct_where(which##n, yes##n, no##n);                                                         \
    })
#define NUMBERED_WHERE(c, on_true, on_false, n) ORDERED_WHERE(c, on_true, on_false, n)
#define where(c, on_true, on_false) NUMBERED_WHERE(c, on_true, on_false, __COUNTER__)
#endif

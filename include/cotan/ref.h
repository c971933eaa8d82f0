/* Mutable arrays: a reference to a value that can be exchanged, inside transformed functions too.
 *
 *     ct_array r = ct_new_ref(ct_zeros(I(3)));
 *     ct_ref_set(r, 0, x);                       r[0] = x
 *     ct_ref_add(r, REF_ALL, y);                 r[...] += y
 *     ct_array z = ct_ref_get(r, REF_ALL);
 *
 * An index is an integer, a traced one as an array of no dimensions, or REF_ALL. Values have the
 * type of the part that they replace. A function cannot return a reference. */
#ifndef COTAN_REF_H
#define COTAN_REF_H
#include "cotan/array.h"
#ifdef __cplusplus
extern "C" {
#endif

CT_API ct_array ct_new_ref(ct_array value);
/* The value when the reference is no longer needed. */
CT_API ct_array ct_freeze(ct_array ref);

/* Along the first axis; `at` NULL: all of it. */
CT_API ct_array ct_ref_get_(ct_array ref, ct_array at);
CT_API void ct_ref_set_(ct_array ref, ct_array at, ct_array value);
CT_API void ct_ref_add_(ct_array ref, ct_array at, ct_array value);
/* Sets, and gives what was there. */
CT_API ct_array ct_ref_swap_(ct_array ref, ct_array at, ct_array value);

#ifndef __cplusplus
#define REF_ALL ((ct_array)NULL)
#define ct_ref_get(ref, at) ct_ref_get_(ref, CT_VALUE(at))
#define ct_ref_set(ref, at, value) ct_ref_set_(ref, CT_VALUE(at), CT_VALUE(value))
#define ct_ref_add(ref, at, value) ct_ref_add_(ref, CT_VALUE(at), CT_VALUE(value))
#define ct_ref_swap(ref, at, value) ct_ref_swap_(ref, CT_VALUE(at), CT_VALUE(value))
#endif
#ifdef __cplusplus
}
#endif
#endif

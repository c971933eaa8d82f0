/* Control flow on traced values: what Python's and C's `if` cannot do once a value is not known.
 *
 *     ct_call(ct_cond(on_true, on_false), predicate, x, y)       one of two functions of (x, y)
 *     ct_call(ct_branches(f0, f1, f2), index, x)                   one of several, the index clipped to what there is
 *
 * Branches take the operands and give results of one structure and type. */
#ifndef COTAN_CONTROL_H
#define COTAN_CONTROL_H
#include "cotan/transform.h"
#ifdef __cplusplus
extern "C" {
#endif

CT_API ct_fn ct_cond_(ct_fn on_true, ct_fn on_false);
CT_API ct_fn ct_switch_(int64_t n, const ct_fn *branches);
#ifndef __cplusplus
#define ct_cond(on_true, on_false) ct_cond_(ct_function(on_true), ct_function(on_false))
#define ct_branches(...) ct_switch_(CT_COUNT(__VA_ARGS__), (ct_fn[]){CT_MAP(ct_function, __VA_ARGS__)})
#endif

#ifdef __cplusplus
}
#endif
#endif

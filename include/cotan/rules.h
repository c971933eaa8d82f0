/* Functions that bring rules of their own.
 *
 *     ct_fn f = ct_custom_jvp(value, rule);                  rule(primals, tangents) -> (out,
 * tangents) ct_fn f = ct_custom_vjp(value, forward, backward);      forward(x...) -> (out,
 * residuals), backward(residuals, ct) -> (cts...) */
#ifndef COTAN_RULES_H
#define COTAN_RULES_H
#include "cotan/transform.h"
#ifdef __cplusplus
extern "C" {
#endif

/* Arguments of nondiff_argnums are not differentiated; rules get them first. Tangents and
 * cotangents that are known to vanish come as zeros; with symbolic_zeros as symbolic ones, which a
 * rule may give back as well (ct_is_zero, ct_zero). */
typedef struct ct_custom_jvp_args {
    ct_fn f;
    ct_fn rule; /* (nondiff..., primals, tangents) -> (out, out_tangents) */
    ct_ints nondiff_argnums;
    bool symbolic_zeros;
} ct_custom_jvp_args;
CT_API ct_fn ct_custom_jvp_(const ct_custom_jvp_args *args);
typedef struct ct_custom_vjp_args {
    ct_fn f;
    ct_fn forward; /* (args...) -> (out, residuals); with symbolic_zeros (perturbed, args...), where
                      perturbed is a tuple of trees like the arguments of booleans */
    ct_fn
        backward; /* (nondiff..., residuals, ct) -> tuple of cotangents, None (ct_none) for zeros */
    ct_ints nondiff_argnums;
    bool symbolic_zeros;
} ct_custom_vjp_args;
CT_API ct_fn ct_custom_vjp_(const ct_custom_vjp_args *args);
CT_API bool ct_is_zero(ct_array x);     /* a symbolic zero? */
CT_API ct_array ct_zero(ct_array like); /* the symbolic zero of that type */

/* f with its own batching: rule(axis_size, in_batched, args...) -> (out, out_batched). Mapped
 * arguments come with the mapped axis in front; in_batched (a tuple of trees like the arguments)
 * and out_batched (like the result) hold booleans. */
CT_API ct_fn ct_custom_vmap_(ct_fn f, ct_fn rule);
/* f(residuals, linear), which is linear in its second argument, whose transpose is
 * transpose(residuals, cotangent). */
CT_API ct_tree ct_linear_call_(ct_fn f, ct_fn transpose, ct_tree residuals, ct_tree linear);
/* f(args...), for a tuple of arguments, as one operation of programs, which has a name and a
 * version by which another compiler may know a better one. It has no derivative. */
CT_API ct_tree ct_composite_(ct_fn f, const char *name, int64_t version, ct_tree args);
/* f without what it closes over: its tracers (of inexact dtype) become the tuple *hoisted, and the
 * function made takes them after its own arguments. `examples` is a tuple of arguments that give
 * the types. */
CT_API ct_fn ct_closure_convert_(ct_fn f, ct_tree examples, ct_tree *hoisted);

#ifdef __cplusplus
}
#else
#define ct_custom_jvp(f_, rule_, ...)                                                              \
    ct_custom_jvp_(                                                                                \
        &(ct_custom_jvp_args){.f = ct_function(f_), .rule = ct_function(rule_), __VA_ARGS__})
#define ct_custom_vmap(f, rule) ct_custom_vmap_(ct_function(f), ct_function(rule))
#define ct_composite(f, name, version, ...)                                                        \
    ct_composite_(ct_function(f), name, version, ct_tuple(__VA_ARGS__))
#define ct_linear_call(f, transpose, residuals, linear)                                            \
    ct_linear_call_(ct_function(f), ct_function(transpose), CT_VALUE(residuals), CT_VALUE(linear))
#define ct_custom_vjp(f_, forward_, backward_, ...)                                                \
    ct_custom_vjp_(&(ct_custom_vjp_args){.f = ct_function(f_),                                     \
                                         .forward = ct_function(forward_),                         \
                                         .backward = ct_function(backward_),                       \
                                         __VA_ARGS__})
#endif
#endif

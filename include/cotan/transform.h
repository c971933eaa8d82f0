/* Transformations: grad, vmap, jit and their relatives, over functions of C or of a host language.
 *
 * A C function of up to eight trees is a ct_fn wherever one is wanted: ct_grad(loss),
 * ct_jit(ct_vmap(f)). */
#ifndef COTAN_TRANSFORM_H
#define COTAN_TRANSFORM_H
#include "cotan/array.h"
#ifdef __cplusplus
extern "C" {
#endif

/* ---- functions ---- */
typedef void (*ct_c_function)(void);
/* A C function of `arity` trees. Owned by the current scope, like every ct_fn here. */
CT_API ct_fn ct_function_(ct_c_function f, int arity, const char *name);
/* With an environment: f(env, n, arguments). done(env) runs when the last reference goes (may be
 * NULL). */
CT_API ct_fn ct_closure(ct_tree (*f)(void *env, int n, const ct_tree *args), void *env,
                        void (*done)(void *env), const char *name);
CT_API ct_fn ct_retain_fn(ct_fn f);
CT_API void ct_release_fn(ct_fn f);

/* ct_call(f, x, y): calls with trees; C numbers are allowed. */
CT_API ct_tree ct_call_(ct_fn f, int n, const ct_tree *args);

/* ---- which axes are mapped: one entry an argument (or an output); NONE: not mapped ---- */
#define NONE (-1000)
typedef struct ct_axes {
    int n;
    const int *at;
} ct_axes; /* the zero list: every argument along axis 0; one entry: for all */
/* A prefix tree of axes, for host languages. Leaves of def are axes. Takes precedence over ct_axes
 * where given. */
typedef struct ct_axes_tree {
    const struct treedef *def;
    int64_t n;
    const int *at;
} ct_axes_tree;

/* ---- derivatives ---- */
typedef struct ct_grad_args {
    ct_fn f;
    ct_ints argnums; /* default I(0): the result has that argument's structure; a list of several
                        gives a tuple */
    bool one;        /* argnums holds one entry but a tuple is wanted: set by host languages for
                        argnums=(0,) */
    bool value;      /* value_and_grad: a tuple (value, gradient) */
    bool has_aux;    /* f returns a pair (loss, aux) */
    bool holomorphic, allow_int;
} ct_grad_args;
CT_API ct_fn ct_grad_(const ct_grad_args *args);

/* jvp(f, primals, tangents) -> (out, out_tangents [, aux]); primals and tangents are tuples of f's
 * arguments. */
CT_API ct_tree ct_jvp_(ct_fn f, ct_tree primals, ct_tree tangents, bool has_aux);
/* linearize(f, primals) -> out; *derivative is a function of tangents. */
CT_API ct_tree ct_linearize_(ct_fn f, ct_tree primals, bool has_aux, ct_tree *aux,
                             ct_fn *derivative);
/* vjp(f, primals) -> out; *pullback maps a cotangent of out to the tuple of cotangents. */
CT_API ct_tree ct_vjp_(ct_fn f, ct_tree primals, bool has_aux, ct_tree *aux, ct_fn *pullback);
/* What such a derivative keeps of the values that it was made at: a tuple of arrays in the order of
 * their first use; and the same derivative at others of the same types. So a derivative is data:
 * one jitted function returns its residuals, another takes them. TypeError for other functions. */
CT_API ct_tree ct_residuals(ct_fn derivative);
CT_API ct_fn ct_with_residuals(ct_fn derivative, ct_tree residuals);
/* Which leaf of the arguments a residual is; -1: none, it was computed. */
CT_API int64_t ct_residual_argument(ct_fn derivative, int64_t residual);
/* The derivative without its residuals, for ct_with_residuals: what may be kept for long.
 * Derivatives that differ in their residuals alone are the same and have one hash. */
CT_API ct_fn ct_derivative_form(ct_fn derivative);
CT_API bool ct_same_derivative(ct_fn first, ct_fn second);
CT_API uint64_t ct_derivative_hash(ct_fn derivative);
/* The transpose of a function that is linear in its arguments; `primals` gives their shapes. */
CT_API ct_fn ct_linear_transpose_(ct_fn f, ct_tree primals);

/* ---- batching ---- */
typedef struct ct_vmap_args {
    ct_fn f;
    ct_axes in_axes, out_axes;
    ct_axes_tree in_tree, out_tree;
    const char *axis_name;
    int64_t axis_size; /* 0: from the arguments */
} ct_vmap_args;
CT_API ct_fn ct_vmap_(const ct_vmap_args *args);

/* ---- compiling ---- */
typedef struct ct_jit_args {
    ct_fn f;
    ct_ints donate_argnums; /* arguments that end with the call: results may take their memory */
    bool keep_unused, inlined;
    const char *name;
} ct_jit_args;
CT_API ct_fn ct_jit_(const ct_jit_args *args);
/* The same function with a memory of its own: as the body of a loop or a branch of a conditional it
 * is traced once for each kind of arguments, for as long as this value lives. What it closes over
 * is fixed by then, as with ct_jit. */
CT_API ct_fn ct_kept(ct_fn f);
/* Compiled programs in a jitted function's cache. */
CT_API int64_t ct_jit_cache_size(ct_fn f);
CT_API void ct_jit_clear_cache(ct_fn f);

/* The jaxpr of f for arguments like these, as text (free() it); NULL after an error. */
CT_API char *ct_jaxpr_text(ct_fn f, int n, const ct_tree *args);
/* The result's structure as a tree of float0-free shape-only arrays is host-language matter; C
 * programs ask ct_print_shapes of ct_eval_shape's result. */

#ifdef __cplusplus
}
#endif

/* ---- C conveniences ---- */
#ifndef __cplusplus
#define CT_VALUE(x)                                                                                \
    _Generic((x), ct_array                                                                         \
             : ct_as_value, ct_fn                                                                  \
             : ct_as_value_bad, float                                                              \
             : ct_weak_float, double                                                               \
             : ct_weak_float, bool                                                                 \
             : ct_weak_bool, default                                                               \
             : ct_weak_int)(x)
static inline ct_array ct_as_value(ct_array a) { return a; }
CT_API ct_array ct_as_value_bad(ct_fn f);

typedef ct_tree ct_f1(ct_tree);
typedef ct_tree ct_f2(ct_tree, ct_tree);
typedef ct_tree ct_f3(ct_tree, ct_tree, ct_tree);
typedef ct_tree ct_f4(ct_tree, ct_tree, ct_tree, ct_tree);
typedef ct_tree ct_f5(ct_tree, ct_tree, ct_tree, ct_tree, ct_tree);
typedef ct_tree ct_f6(ct_tree, ct_tree, ct_tree, ct_tree, ct_tree, ct_tree);
static inline ct_fn ct_fn_of_fn(ct_fn f, const char *name) { return (void)name, f; }
static inline ct_fn ct_fn_of_1(ct_f1 *f, const char *name)
{
    return ct_function_((ct_c_function)f, 1, name);
}
static inline ct_fn ct_fn_of_2(ct_f2 *f, const char *name)
{
    return ct_function_((ct_c_function)f, 2, name);
}
static inline ct_fn ct_fn_of_3(ct_f3 *f, const char *name)
{
    return ct_function_((ct_c_function)f, 3, name);
}
static inline ct_fn ct_fn_of_4(ct_f4 *f, const char *name)
{
    return ct_function_((ct_c_function)f, 4, name);
}
static inline ct_fn ct_fn_of_5(ct_f5 *f, const char *name)
{
    return ct_function_((ct_c_function)f, 5, name);
}
static inline ct_fn ct_fn_of_6(ct_f6 *f, const char *name)
{
    return ct_function_((ct_c_function)f, 6, name);
}
#define ct_function(f)                                                                             \
    _Generic((f), ct_fn                                                                            \
             : ct_fn_of_fn, ct_f1 *                                                                \
             : ct_fn_of_1, ct_f2 *                                                                 \
             : ct_fn_of_2, ct_f3 *                                                                 \
             : ct_fn_of_3, ct_f4 *                                                                 \
             : ct_fn_of_4, ct_f5 *                                                                 \
             : ct_fn_of_5, ct_f6 *                                                                 \
             : ct_fn_of_6)(f, #f)
#define AXES(...)                                                                                  \
    ((ct_axes){sizeof((int[]){__VA_ARGS__}) / sizeof(int), (const int[]){__VA_ARGS__}})
#define CT_FIRST(first, ...) first
#define ct_grad(...) ct_grad_(&(ct_grad_args){CT_FN_FIRST(__VA_ARGS__)})
#define ct_value_and_grad(...) ct_grad_(&(ct_grad_args){CT_FN_FIRST(__VA_ARGS__), .value = true})
#define ct_vmap(...) ct_vmap_(&(ct_vmap_args){CT_FN_FIRST(__VA_ARGS__)})
#define ct_jit(...) ct_jit_(&(ct_jit_args){CT_FN_FIRST(__VA_ARGS__)})
/* (f, rest) -> .f = ct_function(f), rest; also without a rest. */
#define CT_FN_FIRST(...)                                                                           \
    CT_FN_PICK(__VA_ARGS__, CT_FN_MORE, CT_FN_MORE, CT_FN_MORE, CT_FN_MORE, CT_FN_MORE,            \
               CT_FN_ONE, )                                                                        \
    (__VA_ARGS__)
#define CT_FN_PICK(a, b, c, d, e, f, g, ...) g
#define CT_FN_ONE(function) .f = ct_function(function)
#define CT_FN_MORE(function, ...) .f = ct_function(function), __VA_ARGS__

#define CT_MAP_1(m, a) m(a)
#define CT_MAP_2(m, a, ...) m(a), CT_MAP_1(m, __VA_ARGS__)
#define CT_MAP_3(m, a, ...) m(a), CT_MAP_2(m, __VA_ARGS__)
#define CT_MAP_4(m, a, ...) m(a), CT_MAP_3(m, __VA_ARGS__)
#define CT_MAP_5(m, a, ...) m(a), CT_MAP_4(m, __VA_ARGS__)
#define CT_MAP_6(m, a, ...) m(a), CT_MAP_5(m, __VA_ARGS__)
#define CT_MAP_7(m, a, ...) m(a), CT_MAP_6(m, __VA_ARGS__)
#define CT_MAP_8(m, a, ...) m(a), CT_MAP_7(m, __VA_ARGS__)
#define CT_PICK8(a, b, c, d, e, f, g, h, i, ...) i
#define CT_MAP(m, ...)                                                                             \
    CT_PICK8(__VA_ARGS__, CT_MAP_8, CT_MAP_7, CT_MAP_6, CT_MAP_5, CT_MAP_4, CT_MAP_3, CT_MAP_2,    \
             CT_MAP_1, )                                                                           \
    (m, __VA_ARGS__)
#define CT_COUNT(...) CT_PICK8(__VA_ARGS__, 8, 7, 6, 5, 4, 3, 2, 1, 0)
/* f applied leaf by leaf to one tree or to two of one structure. */
#define ct_map(f, ...) CT_PICK8(__VA_ARGS__, , , , , , , ct_map2, ct_map1, )(f, __VA_ARGS__)
#define ct_call(f, ...)                                                                            \
    ct_call_(ct_function(f), CT_COUNT(__VA_ARGS__), (ct_tree[]){CT_MAP(CT_VALUE, __VA_ARGS__)})
#define ct_jaxpr(f, ...)                                                                           \
    ct_jaxpr_text(ct_function(f), CT_COUNT(__VA_ARGS__), (ct_tree[]){CT_MAP(CT_VALUE, __VA_ARGS__)})
#endif
#endif

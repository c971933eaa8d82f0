/* Control flow on traced values: what Python's and C's `if` cannot do once a value is not known.
 *
 *     ct_call(ct_cond(on_true, on_false), predicate, x, y)
 *         one of two functions of (x, y)
 *     ct_call(ct_branches(f0, f1, f2), index, x)
 *         one of several, the index clipped to what there is
 *     ct_call(ct_scan(step), carry, xs)
 *         step(carry, x) -> (carry, y) along the first axis of xs
 *     ct_call(ct_while_loop(test, step), carry)
 *         carry = step(carry) as long as test(carry)
 *     ct_call(ct_fori_loop(step), 0, n, carry)
 *         carry = step(i, carry) for i from 0 up to n
 *     ct_call(ct_map_slices(f, .batch_size = 8), xs)
 *         f of each slice of xs along the first axis, eight at once
 *     ct_call(ct_associative_scan(f), xs)
 *         x0, f(x0, x1), f(f(x0, x1), x2), ... in a number of rounds that grows with the logarithm
 *
 * Branches take the operands and give results of one structure and type; steps give back what they
 * take. */
#ifndef COTAN_CONTROL_H
#define COTAN_CONTROL_H
#include "cotan/transform.h"
#ifdef __cplusplus
extern "C" {
#endif

CT_API ct_fn ct_cond_(ct_fn on_true, ct_fn on_false);
CT_API ct_fn ct_switch_(int64_t n, const ct_fn *branches);

enum { CT_UNROLL_ALL = -1 };
typedef struct ct_scan_args {
    ct_fn f;
    int64_t length;       /* default: the size of the first axis of xs */
    bool no_steps;        /* length is given and zero */
    bool reverse;         /* from the last slice to the first; ys stay in the order of xs */
    int64_t unroll;       /* default 1; CT_UNROLL_ALL: every step */
    const char *variable; /* what messages call the carry */
} ct_scan_args;
/* A function of (init, xs), or of init alone with a length: gives (carry, ys).
 * Reverse-differentiable. */
CT_API ct_fn ct_scan_(const ct_scan_args *args);
/* A function of the initial carry; `variable` may be NULL. Derivatives in reverse run the loop
 * again and keep what each step's derivative needs. */
CT_API ct_fn ct_while_loop_(ct_fn test, ct_fn step, const char *variable);
/* A function of (lower, upper, init). With concrete bounds a scan, otherwise a while loop, which
 * takes no unroll but 1 and CT_UNROLL_ALL. */
CT_API ct_fn ct_fori_loop_(ct_fn step, int64_t unroll, const char *variable);

typedef struct ct_map_slices_args {
    ct_fn f;
    int64_t batch_size; /* 0: one slice after the other */
} ct_map_slices_args;
/* A function of a tree of arrays: f of every slice along their first axis, stacked. */
CT_API ct_fn ct_map_slices_(const ct_map_slices_args *args);

typedef struct ct_associative_scan_args {
    ct_fn f; /* of two trees like the elements, associative; it works on many at once */
    bool reverse;
    int64_t axis; /* negative ones count from the end */
} ct_associative_scan_args;
/* A function of the elements, a tree of arrays of one length along the axis: all partial results.
 */
CT_API ct_fn ct_associative_scan_(const ct_associative_scan_args *args);

/* x with derivative(x) = y, where derivative is a linear function of one tree. */
typedef ct_tree ct_tangent_solve(void *env, ct_fn derivative, ct_tree y);
typedef struct ct_custom_root_args {
    ct_fn f;     /* of one tree, gives one like it */
    ct_fn solve; /* initial guess -> x with f(x) = 0, or (x, aux) with has_aux */
    ct_tangent_solve *tangent_solve;
    void *env;               /* for tangent_solve */
    void (*done)(void *env); /* when the last reference goes; may be NULL */
    bool has_aux;
} ct_custom_root_args;
/* A function of the initial guess: the root, with the derivative that follows from f by whatever it
 * closes over; the solver is never differentiated. */
CT_API ct_fn ct_custom_root_(const ct_custom_root_args *args);

typedef struct ct_linear_solve_args {
    ct_fn matvec;          /* x -> A x, linear; A may be closed over */
    ct_fn solve;           /* b -> x with A x = b */
    ct_fn transpose_solve; /* the same for A's transpose; without it no derivative in reverse */
    bool symmetric;        /* A is its own transpose */
    bool has_aux;          /* the solvers give (x, aux) */
} ct_linear_solve_args;
/* A function of b: solve(b), with the derivatives of a solution, which are solutions as well; the
 * solvers are not differentiated. */
CT_API ct_fn ct_custom_linear_solve_(const ct_linear_solve_args *args);
/* x, and nothing that computes a part of it is merged with or moved past what uses another. */
CT_API ct_tree ct_optimization_barrier(ct_tree x);
#ifndef __cplusplus
#define ct_custom_linear_solve(...) ct_custom_linear_solve_(&(ct_linear_solve_args){__VA_ARGS__})
#define ct_custom_root(...) ct_custom_root_(&(ct_custom_root_args){__VA_ARGS__})
#define ct_map_slices(...) ct_map_slices_(&(ct_map_slices_args){CT_FN_FIRST(__VA_ARGS__)})
#define ct_associative_scan(...)                                                                   \
    ct_associative_scan_(&(ct_associative_scan_args){CT_FN_FIRST(__VA_ARGS__)})
#define ct_scan(...) ct_scan_(&(ct_scan_args){CT_FN_FIRST(__VA_ARGS__)})
#define ct_while_loop(test, step) ct_while_loop_(ct_function(test), ct_function(step), NULL)
#define ct_fori_loop(step) ct_fori_loop_(ct_function(step), 1, NULL)
#define ct_cond(on_true, on_false) ct_cond_(ct_function(on_true), ct_function(on_false))
#define ct_branches(...)                                                                           \
    ct_switch_(CT_COUNT(__VA_ARGS__), (ct_fn[]){CT_MAP(ct_function, __VA_ARGS__)})
#endif

#ifdef __cplusplus
}
#endif
#endif

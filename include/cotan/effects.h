/* Effects: functions of the host called from inside programs, and values looked at while they run.
 *
 *     ct_array y = ct_pure_callback(measure, like, x);      measure(x), with the type of `like`
 *     ct_debug_print("loss {} at {}", loss, step);
 *
 * A callback gets concrete arrays, in jitted, batched and looped code too. What it fails with is
 * what the program fails with. Effects happen in the order in which the program states them, and
 * before the call that runs it returns. */
#ifndef COTAN_EFFECTS_H
#define COTAN_EFFECTS_H
#include "cotan/transform.h"
#ifdef __cplusplus
extern "C" {
#endif

/* What vmap does with a pure callback: calls it for each element, or once with arrays that have a
 * leading axis: of size 1 where an operand is not mapped (EXPAND_DIMS), of the mapped size
 * (BROADCAST_ALL), or none there (LEGACY_VECTORIZED). */
typedef enum ct_vmap_method {
    CT_VMAP_REFUSED,
    CT_VMAP_SEQUENTIAL,
    CT_VMAP_SEQUENTIAL_UNROLLED,
    CT_VMAP_EXPAND_DIMS,
    CT_VMAP_BROADCAST_ALL,
    CT_VMAP_LEGACY_VECTORIZED
} ct_vmap_method;

/* f(args...) where f has no side effects: it may be dropped or called more than once. The result
 * has the structure, shapes and dtypes of `like`. */
CT_API ct_tree ct_pure_callback_(ct_fn f, ct_tree like, ct_vmap_method method, int n,
                                 const ct_tree *args);
/* f is called exactly once whenever the program runs. Ordered ones cannot be batched. */
CT_API ct_tree ct_io_callback_(ct_fn f, ct_tree like, bool ordered, int n, const ct_tree *args);
/* f is called for its effect; its result is dropped. Differentiable: tangents pass it by. */
CT_API void ct_debug_callback_(ct_fn f, int n, const ct_tree *args);
/* Prints a line to stdout. {} stands for the next argument, {0} for the first; {{ and }} for
 * braces. */
CT_API void ct_debug_print_(const char *format, int n, const ct_tree *args);

#ifndef __cplusplus
#define CT_TREES(...)                                                                              \
    CT_COUNT(__VA_ARGS__), (ct_tree[]) { CT_MAP(CT_VALUE, __VA_ARGS__) }
#define ct_pure_callback(f, like, ...)                                                             \
    ct_pure_callback_(ct_function(f), like, CT_VMAP_SEQUENTIAL, CT_TREES(__VA_ARGS__))
#define ct_io_callback(f, like, ...)                                                               \
    ct_io_callback_(ct_function(f), like, false, CT_TREES(__VA_ARGS__))
#define ct_ordered_callback(f, like, ...)                                                          \
    ct_io_callback_(ct_function(f), like, true, CT_TREES(__VA_ARGS__))
#define ct_debug_callback(f, ...) ct_debug_callback_(ct_function(f), CT_TREES(__VA_ARGS__))
#define ct_debug_print(format, ...) ct_debug_print_(format, CT_TREES(__VA_ARGS__))
#endif
#ifdef __cplusplus
}
#endif
#endif

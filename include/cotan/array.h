/* Arrays and trees: making them, looking into them, printing. */
#ifndef COTAN_ARRAY_H
#define COTAN_ARRAY_H
#include "cotan/base.h"
#ifdef __cplusplus
extern "C" {
#endif

/* ---- what an array is ---- */
CT_API ct_dtype ct_dtype_of(ct_array a);
CT_API int ct_ndim(ct_array a);
CT_API ct_ints ct_shape(ct_array a);         /* borrowed from the array */
CT_API int64_t ct_dim(ct_array a, int axis); /* negative axes count from the end */
CT_API int64_t ct_size(ct_array a);
CT_API bool ct_weak_type(ct_array a);
CT_API const char *ct_dtype_name(ct_dtype dtype); /* "float32" */
CT_API ct_dtype ct_dtype_named(const char *name); /* CT_NO_DTYPE when unknown */
CT_API size_t
ct_itemsize(ct_dtype dtype); /* bytes of one element; sub-byte types are stored one a byte */

/* ---- from C data ---- */
/* Copies data (row-major, of the given dtype) into a new array. */
CT_API ct_array ct_from_data(ct_dtype dtype, ct_ints shape, const void *data);
/* A new array that borrows data (row-major); `done(context)` runs when the last reference goes. */
CT_API ct_array ct_borrow_data(ct_dtype dtype, ct_ints shape, void *data,
                               void (*done)(void *context), void *context);
CT_API ct_array ct_f32(double value);
CT_API ct_array ct_f64(double value); /* float32 unless ct_enable_x64 */
CT_API ct_array ct_i32(int64_t value);
/* Weakly typed scalars, as JAX makes of Python's numbers; C numbers given to macros like
 * ct_mul(2.0, x) become these. */
CT_API ct_array ct_weak_float(double value);
CT_API ct_array ct_weak_int(int64_t value);
CT_API ct_array ct_weak_bool(bool value);
#define ct_array_f32(shape, ...) ct_from_data(CT_FLOAT32, shape, (const float[]){__VA_ARGS__})
#define ct_array_i32(shape, ...) ct_from_data(CT_INT32, shape, (const int32_t[]){__VA_ARGS__})

/* Drops an array's elements (a tree's: all of them) at once, whoever else refers to it; reading it
 * is a RuntimeError from then on. Donated arguments of a compiled function end like this. */
CT_API void ct_delete(ct_tree a);
CT_API bool ct_is_deleted(ct_array a);

/* ---- to C data: false (and an error recorded) for poison and tracers ---- */
/* The array's own memory, row-major; valid while the array is. */
CT_API CT_NODISCARD bool ct_data(ct_array a, const void **data);
/* The value of a one-element array. NaN / 0 and a recorded error when there is none. */
CT_API double ct_float(ct_array a);
CT_API int64_t ct_int(ct_array a);
CT_API bool ct_bool(ct_array a);

/* ---- trees ---- */
CT_API ct_tree ct_tuple_(int64_t n, const ct_tree *items);
CT_API ct_tree ct_list_(int64_t n, const ct_tree *items);
CT_API ct_tree ct_dict_(int64_t n, const char *const *keys,
                        const ct_tree *items); /* sorted by key, as JAX does */
CT_API ct_tree ct_none(void);
#define ct_tuple(...)                                                                              \
    ct_tuple_(sizeof((ct_tree[]){__VA_ARGS__}) / sizeof(ct_tree), (ct_tree[]){__VA_ARGS__})
#define ct_list(...)                                                                               \
    ct_list_(sizeof((ct_tree[]){__VA_ARGS__}) / sizeof(ct_tree), (ct_tree[]){__VA_ARGS__})
/* ct_dict("w", w, "b", b): keys and values alternate. */
CT_API ct_tree ct_dict_pairs(int64_t n, const void *const *keys_and_items);
#define ct_dict(...)                                                                               \
    ct_dict_pairs(sizeof((const void *[]){__VA_ARGS__}) / sizeof(void *) / 2,                      \
                  (const void *[]){__VA_ARGS__})
CT_API int64_t ct_len(ct_tree t);               /* children of the root; poison has none */
CT_API ct_tree ct_at(ct_tree t, int64_t index); /* negative counts from the end */
CT_API ct_tree ct_get(ct_tree t, const char *key);
CT_API int64_t ct_leaf_count(ct_tree t);
CT_API ct_array ct_leaf(ct_tree t, int64_t index);
/* f applied leaf by leaf to trees of one structure. */
CT_API ct_tree ct_map1(ct_array (*f)(ct_array), ct_tree a);
CT_API ct_tree ct_map2(ct_array (*f)(ct_array, ct_array), ct_tree a, ct_tree b);

/* ---- printing ---- */
/* As print(x) does in JAX, to stdout with a newline; trees print as Python's repr of the container.
 */
CT_API void ct_print(ct_tree value);
CT_API void ct_print_shapes(ct_tree value);
/* The text of str(x) or repr(x); the caller frees it with free(). */
CT_API char *ct_format(ct_tree value, bool repr);

#ifdef __cplusplus
}
#endif
#endif

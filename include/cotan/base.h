/* Values, scopes and errors: what every Cotan program touches first.
 *
 * Ownership in one paragraph: arguments are borrowed; a result belongs to the current scope and
 * dies with it; to outlive the scope, hand it to ct_end. Nobody frees temporaries by hand. An
 * operation that fails returns the poison value, operations on poison return it untouched, and the
 * first failure is kept for the thread: ask ct_ok() once, at the end. */
#ifndef COTAN_BASE_H
#define COTAN_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define CT_API __attribute__((visibility("default")))
#define CT_NODISCARD __attribute__((warn_unused_result))
#define CT_PRINTF(position, first) __attribute__((__format__(__printf__, position, first)))
#else
#define CT_API
#define CT_NODISCARD
#define CT_PRINTF(position, first)
#endif

/* An array is a tree with one leaf, so one pointer type serves both; the two names say what a
 * function expects. */
typedef struct ct_value *ct_array;
typedef ct_array ct_tree;

/* A function that can be transformed: a C function, a host language's function, or what a
 * transformation made of one. */
typedef struct ct_function *ct_fn;

/* Lists of integers by value: I(2, 3). The zero list means "not given"; I_NONE is the list that is
 * given and empty. */
typedef struct ct_ints {
    int64_t n;
    const int64_t *at;
} ct_ints;
#ifdef __cplusplus
}
#include <initializer_list>
static inline ct_ints ct_ints_of(std::initializer_list<int64_t> list)
{
    return ct_ints{(int64_t)list.size(), list.begin()};
}
#define I(...) ct_ints_of({__VA_ARGS__})
extern "C" {
#else
#define I(...)                                                                                     \
    ((ct_ints){sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (const int64_t[]){__VA_ARGS__}})
#endif
CT_API extern const int64_t ct_no_ints[1];
#define I_NONE ((ct_ints){0, ct_no_ints})

/* Element types. The order is JAX's promotion order within each family; names are JAX's. */
typedef enum ct_dtype {
    CT_NO_DTYPE, /* "not given" */
    CT_BOOL,
    CT_INT2,
    CT_INT4,
    CT_INT8,
    CT_INT16,
    CT_INT32,
    CT_INT64,
    CT_UINT2,
    CT_UINT4,
    CT_UINT8,
    CT_UINT16,
    CT_UINT32,
    CT_UINT64,
    CT_FLOAT4_E2M1FN,
    CT_FLOAT8_E3M4,
    CT_FLOAT8_E4M3,
    CT_FLOAT8_E4M3B11FNUZ,
    CT_FLOAT8_E4M3FN,
    CT_FLOAT8_E4M3FNUZ,
    CT_FLOAT8_E5M2,
    CT_FLOAT8_E5M2FNUZ,
    CT_FLOAT8_E8M0FNU,
    CT_BFLOAT16,
    CT_FLOAT16,
    CT_FLOAT32,
    CT_FLOAT64,
    CT_COMPLEX64,
    CT_COMPLEX128,
    CT_FLOAT0,       /* the tangent type of integers; no storage */
    CT_KEY_THREEFRY, /* random keys: one element is uint32[2] */
    CT_KEY_RBG,
    CT_KEY_UNSAFE_RBG, /* one element is uint32[4] */
    CT_DTYPE_COUNT
} ct_dtype;

/* ---- scopes ---- */

/* Opens a scope on this thread; every value made from here on belongs to it until its end. */
typedef struct ct_scope {
    size_t mark;
} ct_scope;
CT_API ct_scope ct_begin(void);
/* Ends the scope: releases all its values except `keep` (may be NULL), which moves to the enclosing
 * scope and is returned. */
CT_API ct_tree ct_end_(ct_scope scope, ct_tree keep);
#define CT_END2(scope, keep, ...) ct_end_(scope, keep)
#define ct_end(...) CT_END2(__VA_ARGS__, NULL, NULL)

/* Keeps a value beyond all scopes (a global table of weights, say) until ct_release. Returns its
 * argument. */
CT_API ct_tree ct_retain(ct_tree value);
CT_API void ct_release(ct_tree value);

/* ---- errors ---- */

/* Why an operation failed. Each code maps to the exception class that JAX raises. */
typedef enum ct_code {
    CT_OK,
    CT_TYPE_ERROR,
    CT_VALUE_ERROR,
    CT_INDEX_ERROR,
    CT_KEY_ERROR,
    CT_NAME_ERROR, /* an axis that no enclosing transformation names */
    CT_ATTRIBUTE_ERROR,
    CT_OVERFLOW_ERROR,
    CT_ZERO_DIVISION_ERROR,
    CT_FLOATING_POINT_ERROR,
    CT_NOT_IMPLEMENTED_ERROR,
    CT_RUNTIME_ERROR,
    CT_OUT_OF_MEMORY_ERROR,
    CT_IO_ERROR,
    CT_INTERRUPTED,
    CT_ASSERTION_ERROR,
    CT_KEY_REUSE_ERROR,
    CT_RECURSION_ERROR,         /* functions or programs inside one another, too deep */
    CT_CONCRETIZATION_ERROR,    /* jax.errors.ConcretizationTypeError */
    CT_TRACER_BOOL_ERROR,       /* jax.errors.TracerBoolConversionError */
    CT_TRACER_INTEGER_ERROR,    /* jax.errors.TracerIntegerConversionError */
    CT_TRACER_ARRAY_ERROR,      /* jax.errors.TracerArrayConversionError */
    CT_UNEXPECTED_TRACER_ERROR, /* jax.errors.UnexpectedTracerError */
    CT_NONCONCRETE_INDEX_ERROR, /* jax.errors.NonConcreteBooleanIndexError */
    CT_TYPE_PROMOTION_ERROR,    /* jax.dtypes.TypePromotionError */
    CT_CALLBACK_ERROR,          /* jax.errors.JaxRuntimeError */
    CT_HOST_ERROR,              /* an exception of the host language is pending there */
    CT_CODE_COUNT
} ct_code;

/* True when nothing failed on this thread since the last ct_clear_error. */
CT_API bool ct_ok(void);
CT_API ct_code ct_error_code(void);
/* The first failure's message; "" when there is none. Valid until ct_clear_error. */
CT_API const char *ct_error_message(void);
CT_API void ct_clear_error(void);
/* Records a failure (the first one stays) and returns the poison value. For operations written
 * outside the library too. */
CT_API ct_array ct_fail(ct_code code, const char *format, ...) CT_PRINTF(2, 3);

#ifdef __cplusplus
}
#endif
#endif

/* Operations of one's own. A primitive has a rule for each transformation that it is to go through;
 * the rules are written with the library's other functions.
 *
 *     static const ct_rules rules = {.name = "cube", .operands = 1, .lower = cube, .jvp =
 * cube_jvp}; ct_primitive p = ct_primitive_new(&rules); ct_array y = ct_bind(p, NULL, x);
 *
 * A rule gets lists of values: operands, or as many tangents (NULL: zero), results, axes. It fills
 * the list of results with values of the current scope and returns true, or false after ct_fail.
 * Rules of derivatives and batching are called with values of any transformation. */
#ifndef COTAN_PRIMITIVE_H
#define COTAN_PRIMITIVE_H
#include "cotan/transform.h"
#ifdef __cplusplus
extern "C" {
#endif

typedef const struct op *ct_primitive;

/* What is known of a value before it is computed. */
enum { CT_MOST_AXES = 32 };
typedef struct ct_type {
    ct_dtype dtype;
    bool weak_type;
    int ndim;
    int64_t shape[CT_MOST_AXES];
} ct_type;

/* Parameters are a struct of plain data; a field's kind says its C type. Jaxprs print fields, and
 * programs with equal ones are shared. Strings are copied. */
typedef enum ct_field_kind {
    CT_FIELD_INT,    /* int64_t */
    CT_FIELD_BOOL,   /* bool */
    CT_FIELD_FLOAT,  /* double */
    CT_FIELD_STRING, /* const char *, NULL printed None */
} ct_field_kind;
typedef struct ct_field {
    const char *name;
    ct_field_kind kind;
    size_t offset;
} ct_field;

typedef struct ct_rules {
    const char *name; /* as jaxprs print it */
    int operands;     /* how many; 0: any number */
    int results;      /* default 1 */
    size_t params_size;
    const ct_field *fields; /* in the order of names, as JAX prints parameters */
    int nfields;

    /* Types of the results; without it each is that of the first operand. */
    bool (*types)(const void *params, int n, const ct_type *in, ct_type *out);
    /* Computes concrete arrays from concrete arrays: reads them with ct_data, or anything else. */
    bool (*evaluate)(const void *params, int n, const ct_array *in, ct_array *out);
    /* The same for values that may be traced, so that a compiled program contains what it does
     * instead of calling evaluate. One of the two is needed. */
    bool (*lower)(const void *params, int n, const ct_array *in, ct_array *out);
    /* Forward derivative: the results, and their tangents. */
    bool (*jvp)(const void *params, int n, const ct_array *primals, const ct_array *tangents,
                ct_array *out, ct_array *out_tangents);
    /* Of a primitive that is linear in the operands that are NULL here (types has all of them):
     * their cotangents from those of the results. */
    bool (*transpose)(const void *params, int n, const ct_array *in, const ct_type *types,
                      const ct_array *cts, ct_array *out);
    /* One more axis of this size along axes[i] of in[i] (-1: none), and where it is in the
     * results. */
    bool (*vmap)(const void *params, int64_t size, int n, const ct_array *in, const int *axes,
                 ct_array *out, int *out_axes);
} ct_rules;

/* Copies the rules; lives as long as the program, since jaxprs point to it. NULL after a failure.
 */
CT_API ct_primitive ct_primitive_new(const ct_rules *rules);
/* All results, as many as the rules say; false after a failure. */
CT_API CT_NODISCARD bool ct_bind_all(ct_primitive p, const void *params, int n, const ct_array *in,
                                     ct_array *out);
/* The only result, or a tuple of all; poison after a failure. */
CT_API ct_tree ct_bind_(ct_primitive p, const void *params, int n, const ct_array *in);
#ifdef __cplusplus
}
#else
/* ct_bind(p, params, x, y, ...): up to eight operands, C numbers allowed. */
#define ct_bind(p, params, ...)                                                                    \
    ct_bind_(p, params, CT_COUNT(__VA_ARGS__), (ct_array[]){CT_MAP(CT_VALUE, __VA_ARGS__)})
#endif
#endif

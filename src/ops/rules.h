/* What the rule files of this folder share: the families' rules, text for messages, small
 * integer-list helpers. Include it instead of ops.h. */
#ifndef COTAN_SRC_OPS_RULES_H
#define COTAN_SRC_OPS_RULES_H
#define OPS_SHORT_NAMES
#include "kernel/kernel.h"
#include "ops/ops.h"

/* ---- the rules of struct op, as types ---- */
typedef bool abstract_rule(const op *o, const void *params, int nin, const aval *in, int *nout,
                           aval *out, arena *a);
typedef ct_status kernel_rule(const op *o, const void *params, int nin, const operand *in, int nout,
                              operand *out);
typedef bool jvp_rule(const op *o, const void *params, int nin, const ct_array *primals,
                      const ct_array *tangents, int nout, ct_array *out_primals,
                      ct_array *out_tangents);
typedef bool transpose_rule(const op *o, const void *params, int nin, const ct_array *in,
                            const aval *in_avals, int nout, const ct_array *cts, ct_array *out);
typedef bool vmap_rule(const op *o, const void *params, batch b, int nin, const ct_array *in,
                       const int *dims, int nout, ct_array *out, int *out_dims);

/* ---- the dtypes column of ops.def ---- */
enum {
    INTEGER = FAMILY_INT | FAMILY_UINT,
    FLOATING = FAMILY_FLOAT,
    INEXACT = FAMILY_FLOAT | FAMILY_COMPLEX,
    REAL = INTEGER | FLOATING,
    NUMBER = INTEGER | INEXACT,
    SIGNED = FAMILY_INT | INEXACT,
    BITS = FAMILY_BOOL | INTEGER,
    ORDERED = REAL | FAMILY_BOOL,
    ANYTHING = NUMBER | FAMILY_BOOL,
    COMPARABLE = ANYTHING | FAMILY_KEY,
    STORED = ANYTHING | FAMILY_KEY,
};

/* ---- properties of rows, in op.flags above the shared ones ---- */
enum {
    LINEAR = OP_LINEAR, /* in all operands together */
    COMMUTES = OP_COMMUTES,
    BILINEAR = 1 << 16, /* in each operand while the others are known */
    LINEAR_X = 1 << 17, /* in the first operand */
    TO_BOOL = 1 << 18,  /* the result is bool */
    TO_REAL = 1 << 19,  /* complex operands give their real type */
    ACCURACY = 1 << 20, /* its equations have JAX's parameter of this name */
    OUT_DTYPE = 1 << 21,
};

/* ---- elementwise operations (families.c) ---- */
enum { MOST_OPERANDS = 4 }; /* of an elementwise operation */
typedef ct_array derivative(ct_array t, ct_array o, ct_array x, ct_array y, ct_array z, ct_array w);
typedef struct elementwise {
    uint16_t dtypes;
    derivative *by[MOST_OPERANDS];
} elementwise;
extern const elementwise elementwise_rows[OP_COUNT]; /* empty for other operations */
enum { MAX_NDIM = 64 };

abstract_rule families_abstract;
kernel_rule families_kernel;
jvp_rule families_jvp;
transpose_rule families_transpose;
vmap_rule families_vmap;
/* The checks of families_abstract by themselves, for elementwise operations with result types of
 * their own. */
bool families_check_dtypes(const op *o, int dtypes, int nin, const aval *in, bool same);
bool families_broadcast(const op *o, int nin, const aval *in, aval *out, arena *a);
/* Runs a map over operands that broadcast to out, split over threads when it is large. */
ct_status families_run_map(kernel_map *f, int nin, const operand *in, const operand *out);

/* ---- narrow integers and floats (widen.c) ---- */
/* Whether it has two or four bits, or is a float of at most eight: no loops are written for it. */
bool ops_narrow(ct_dtype dtype);
/* The operation's kernel on operands made wider, those of 16 bits too, and its results made narrow
 * again. */
ct_status ops_widened(const op *o, const void *params, int nin, const operand *in, int nout,
                      operand *out);

/* ---- reductions and scans (reduce.c, cumulative.c) ---- */
abstract_rule reduce_abstract, cumulative_abstract;
kernel_rule reduce_kernel, cumulative_kernel;
transpose_rule reduce_transpose, cumulative_transpose;
vmap_rule reduce_vmap, cumulative_vmap;
jvp_rule jvp_extreme, jvp_reduce_prod, jvp_associative;
/* Cuts an array at its reduced axes: out is (outer, inner) of (outer, n, inner); false when the
 * reduced axes are not neighbours. */
bool reduce_split(const aval *a, ct_ints axes, int64_t *outer, int64_t *n, int64_t *inner);

/* ---- one operand, linear, elementwise in shape: jvp binds the operation on the tangent ---- */
jvp_rule linear_jvp;
/* No tangent at all. */
jvp_rule zero_jvp;
/* Any mapped axis is fine: binds and keeps it. */
vmap_rule same_dim_vmap;

/* ---- helpers of rules ---- */
/* Sums t down to the shape of an operand that was broadcast implicitly; and the way back. */
ct_array ops_unbroadcast(ct_array t, const aval *to);
ct_array ops_broadcast_to(ct_array t, ct_ints shape);
/* Adds what is not NULL, with add_any; NULL when nothing is. */
ct_array ops_sum(int n, const ct_array *terms);
ct_array ops_zeros_like_aval(const aval *a);
/* The `call` of operations that may keep the elements in place: the result shares the operand's
 * memory when it has as many elements. */
bool ops_call_in_place(const op *o, const void *params, int nin, const ct_array *in, int nout,
                       ct_array *out);
/* Gives one result of a rule with what it used closed away: ends the scope, keeping non-NULL
 * values. */
bool ops_keep(ct_scope scope, int n, ct_array *values);
/* A rule's result is fine: a value, or NULL for a symbolic zero. */
static inline bool ops_good(ct_array result) { return !result || !is_poison(result); }

/* ---- text for messages: "(2, 3)" ---- */
typedef struct shape_string {
    char s[200];
} shape_string;
shape_string shape_text(ct_ints shape);
/* The rule gives `count` results: false when the equation has room for fewer. */
static inline bool gives_results(const op *o, int *nout, int64_t count)
{
    if (count > *nout)
        return base_fail(CT_TYPE_ERROR, "%s gives %lld results here, not %d", o->name,
                         (long long)count, *nout),
               false;
    *nout = (int)count;
    return true;
}
#define SHAPE(a) (shape_text(aval_shape(a)).s)
#define INTS(list) (shape_text(list).s)
#define DTYPE(a) (dtype_table[(a)->dtype].name)

/* ---- integer lists on the stack ---- */
typedef struct int_list {
    int64_t n;
    int64_t at[MAX_NDIM];
} int_list;
static inline ct_ints ints_of(const int_list *l) { return (ct_ints){l->n, l->at}; }
static inline bool ints_contain(ct_ints list, int64_t entry)
{
    for (int64_t i = 0; i < list.n; i++)
        if (list.at[i] == entry)
            return true;
    return false;
}
static inline void int_push(int_list *l, int64_t entry) { l->at[l->n++] = entry; }
/* 0, 1, ..., n-1 */
int_list ints_range(int64_t first, int64_t n);
/* The list with value inserted at position, and without the positions in `drop`. */
int_list ints_insert(ct_ints list, int64_t position, int64_t value);
int_list ints_without(ct_ints list, ct_ints drop);
/* Axes of an array after a mapped axis was inserted at dim. */
int_list ints_shifted(ct_ints axes, int64_t dim);
/* A copy in the arena; at is NULL on failure (recorded). */
int64_t *ints_in(arena *a, ct_ints list);
/* Row-major strides in bytes. */
int_list byte_strides(const aval *a);
#endif

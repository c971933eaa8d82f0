/* A module while it is written: functions of operations on values, which get their names when all
 * are there (print.c). Everything lives in the module's arena.
 *
 * An operation is a template of its text, in which
 *   $a      is the operands, $0 to $9 one of them
 *   $:      their types, as in (tensor<f32>, tensor<i32>) -> tensor<f32>; one type if all are alike
 *   $s      the same, always in full
 *   $i, $t  the types of the operands, of the results
 *   $r      the next region, in braces; $R the same with ^bb0 and its arguments
 *   $n      the arguments of the next region, side by side with the operands: %iterArg = %0
 *   $p      the arguments of the next region in pairs, as reduce wants them
 *   $F      "func." inside of a region of an operation */
#ifndef COTAN_SRC_HLO_H
#define COTAN_SRC_HLO_H
#include "ops/ops.h"
#include "stablehlo/stablehlo.h"

typedef struct hlo_value {
    aval type;
    const char *hint; /* names of this kind: NULL numbers them */
    const char *name; /* with its %, once it is known */
} hlo_value;

typedef struct hlo_region {
    int nargs;
    hlo_value *args;
    struct hlo_op *first, *last;
    struct hlo_region *outer; /* NULL: the body of a function */
} hlo_region;

typedef struct hlo_op {
    const char *text; /* a template */
    int nin, nout, nregions;
    hlo_value **in;
    hlo_value *out;
    hlo_region **regions;
    struct hlo_op *next;
} hlo_op;

typedef struct hlo_function {
    const char *name; /* with its @, quoted where that is needed */
    bool public;
    hlo_region *body;
    int nout;
    hlo_value **out;
    const char **in_notes, **out_notes; /* attributes; NULL or NULL entries: none */
    struct hlo_function *next;
} hlo_function;

/* memcpy, where an empty list may be NULL. */
static inline void hlo_copy(void *to, const void *from, size_t size)
{
    if (size)
        memcpy(to, from, size);
}

/* What was made of a program before: the same program is one function. */
typedef struct hlo_made {
    const void *program; /* a jaxpr, or what stands for a function that has none */
    const char *name;
    const aval *type; /* of the first operand, where programs don't tell functions apart */
    hlo_function *function;
} hlo_made;

typedef struct hlo {
    arena memory;
    bool failed; /* an error is recorded */
    hlo_region *at;
    hlo_function *first, *last;
    vec(hlo_made) made;
    vec(const char *) symbols;
    int clashes;
    bool keeps_unused; /* equations that nothing reads stay */
    bool keys;         /* random keys are arguments or results of main */
    vec(jaxpr *) held; /* programs made on the way */
} hlo;

/* ---- types ---- */
aval hlo_type(hlo *h, ct_dtype dtype, int64_t ndim, const int64_t *shape);
aval hlo_scalar(ct_dtype dtype);
/* The same shape of another dtype. */
aval hlo_of(const aval *like, ct_dtype dtype);
/* What stands for it in memory: a random key is words of 32 bits along a last dimension. */
aval hlo_physical(hlo *h, const aval *a);
void hlo_type_text(text *t, const aval *a);

/* ---- writing: what fails gives a value all the same, and h->failed ---- */
/* The template with its details filled in, in the arena. */
const char *hlo_format(hlo *h, const char *format, ...) CT_PRINTF(2, 3);
const char *hlo_ints(hlo *h, int64_t n, const int64_t *at); /* [1, 2] */
const char *hlo_array(hlo *h, ct_ints list);                /* array<i64: 1, 2> */
hlo_op *hlo_add(hlo *h, const char *template, int nin, hlo_value *const *in, int nout,
                const aval *types);
hlo_value *hlo_emit(hlo *h, aval type, const char *template, int nin, hlo_value *const *in);
#define hlo_put(h, type, template, ...)                                                            \
    hlo_emit(h, type, template, (int)countof(((hlo_value *[]){__VA_ARGS__})),                      \
             (hlo_value *[]){__VA_ARGS__})
/* A region of the operation, into which operations go until hlo_close. */
hlo_region *hlo_open(hlo *h, hlo_op *o, int nargs, const aval *types, const char *hint);
void hlo_close(hlo *h, int nout, hlo_value *const *out);
/* A function of values of these types; its body is open until hlo_end. */
hlo_function *hlo_begin(hlo *h, const char *name, int nin, const aval *types);
void hlo_end(hlo *h, hlo_function *f, int nout, hlo_value *const *out);
hlo_op *hlo_call(hlo *h, const hlo_function *f, int nin, hlo_value *const *in);
hlo_function *hlo_find(hlo *h, const void *program, const char *name, const aval *type);
void hlo_keep(hlo *h, const void *program, const char *name, const aval *type, hlo_function *f);
void hlo_fail(hlo *h, ct_code code, const char *message, const char *detail);

/* Common operations. */
hlo_value *hlo_constant(hlo *h, ct_array a);
hlo_value *hlo_number(hlo *h, ct_dtype dtype, double value);
/* A number in the shape of a type. */
hlo_value *hlo_filled(hlo *h, aval type, double value);
hlo_value *hlo_broadcast(hlo *h, hlo_value *x, int64_t n, const int64_t *dims, aval type);
/* A scalar, or an array with ones where the shape has more, in this shape. */
hlo_value *hlo_spread(hlo *h, hlo_value *x, const aval *like);
/* x[start:limit:strides] (NULL: ones), which has the type. */
hlo_value *hlo_slice(hlo *h, hlo_value *x, const int64_t *start, const int64_t *limit,
                     const int64_t *strides, aval type);
/* From one place to another of a dimension; values side by side along one. */
hlo_value *hlo_slice_along(hlo *h, hlo_value *x, int dim, int64_t from, int64_t to);
hlo_value *hlo_join(hlo *h, int n, hlo_value *const *in, int dim);
/* Whether any of the booleans is true. */
hlo_value *hlo_any(hlo *h, hlo_value *x);
hlo_value *hlo_reshape(hlo *h, hlo_value *x, aval type);
hlo_value *hlo_compare(hlo *h, const char *how, hlo_value *x, hlo_value *y);
hlo_value *hlo_compare_as(hlo *h, const char *how, hlo_value *x, hlo_value *y, const char *order);
hlo_value *hlo_select(hlo *h, hlo_value *which, hlo_value *yes, hlo_value *no);
/* Of complex numbers the greater ("GT") or the lesser ("LT"), by real and then imaginary part. */
hlo_value *hlo_extreme(hlo *h, const char *how, hlo_value *x, hlo_value *y);
hlo_value *hlo_unary(hlo *h, const char *name, hlo_value *x);
hlo_value *hlo_binary(hlo *h, const char *name, hlo_value *x, hlo_value *y);

/* ---- equations (lower.c) ---- */
typedef struct hlo_eqn {
    const eqn *e;
    hlo_value **in;
    hlo_value **out;  /* to be filled in */
    const aval *type; /* of the first result, as it is in memory */
} hlo_eqn;
typedef void hlo_rule(hlo *h, hlo_eqn *q);
/* Writes a program's equations where operations go now; `in` are its constants' and inputs' values
 * (constants of a closed program are written as such). */
void hlo_program(hlo *h, const jaxpr *j, hlo_value *const *in, hlo_value **out);
/* A function that is the program. */
hlo_function *hlo_function_of(hlo *h, const jaxpr *j, const char *name);

/* Rules by operation; NULL where there is none. */
hlo_rule *hlo_map_rule(int code);       /* maps.c */
hlo_rule *hlo_shape_rule(int code);     /* shapes.c */
hlo_rule *hlo_index_rule(int code);     /* indexing.c */
hlo_rule *hlo_reduction_rule(int code); /* reductions.c */
hlo_rule *hlo_control_rule(int code);   /* control.c */
hlo_rule *hlo_random_rule(int code);    /* random.c */

/* ---- constants (constants.c) ---- */
/* dense<...> of an array's elements. */
void hlo_dense(text *t, ct_array a);

/* print.c */
void hlo_print(text *t, hlo *h, const char *module);
#endif

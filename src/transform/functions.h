/* What the public derivatives share: functions of trees as functions of leaves. */
#ifndef COTAN_SRC_FUNCTIONS_H
#define COTAN_SRC_FUNCTIONS_H
#include "transform/transform.h"

/* A function of some of its leaves, the others fixed; out_def is what the last call returned. */
typedef struct partial_call {
    ct_fn f;
    const treedef *in_def;
    int64_t total;
    const ct_array *all;
    const int64_t *chosen; /* positions of the varying leaves, NULL: all */
    treedef *out_def;
} partial_call;
/* As a flat function's `call`. */
CT_NODISCARD bool run_partial(void *env, int64_t n, const ct_array *in, leaves *out);

/* With auxiliary results: the function returns a pair; *main gets the definition of its first part,
 * *aux of the second, *n_main its leaves. */
CT_NODISCARD bool split_aux(const char *who, treedef *out_def, bool has_aux, treedef **main,
                            treedef **aux, int64_t *n_main);

/* Arguments given as a tuple: the call's definition and leaves. */
CT_NODISCARD treedef *pack_tuple(const char *who, ct_tree args, int64_t *n, ct_array **in);

/* derivative.c: whether an operand has the type it must have; false, with a message that names both
 * types; the positional arguments' structure, without the dict of keywords. */
bool operand_fits(const aval *want, ct_array got);
bool fail_type(ct_code code, const char *before, ct_array got, const char *between,
               const aval *want);
CT_NODISCARD treedef *positional_def(const treedef *in_def);
#endif

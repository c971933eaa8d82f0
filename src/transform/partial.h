/* Parts of programs: what is left when results are not used (dce.c), and what is computed again
 * when a policy decides what to keep (partial.c). */
#ifndef COTAN_SRC_PARTIAL_H
#define COTAN_SRC_PARTIAL_H
#include "transform/transform.h"

/* Which results a checkpointed function keeps for its derivative. Its class's name is what a jaxpr
 * prints. */
typedef struct policy policy;
struct policy {
    struct ct_function head;
    /* Shall the results of this operation be kept? False after an error. */
    bool (*saves)(const policy *p, const op *o, const void *params, int nin, const aval *in,
                  bool *save);
};

/* How a policy made by policy.c prints. */
bool policy_rename(ct_fn policy, const char *text);

/* The program that computes the marked results alone; used_in says which inputs it takes in any
 * case, and gets those that it takes (NULL: it takes them all). Equations with effects stay.
 * Borrowed: kept on j. */
jaxpr *jaxpr_dce(jaxpr *j, const bool *used_out, bool *used_in);

/* Splits a program by a policy (NULL: keeps nothing): *known maps in -> (out..., saved...),
 * *recompute maps (saved..., in...) -> out. Borrowed: kept on j. */
CT_NODISCARD bool jaxpr_split_saved(jaxpr *j, const policy *p, jaxpr **known, jaxpr **recompute);

/* Is it jit or remat2: an operation whose program may be cut or split, and bound again? */
bool runs_one_program(const op *o);

/* The program of what f keeps for its derivative, for inputs like these. */
CT_NODISCARD jaxpr *transform_residuals(ct_fn f, const treedef *in_def, int64_t n, const aval *in);
/* Where one of its results comes from; which input it is (-1: none); what residuals are listed by.
 */
void residual_text(text *t, const jaxpr *j, int residual);
int residual_argument(const jaxpr *j, int residual);
int residual_rank(const jaxpr *j, int residual);

/* ---- running the equations of a program one by one, under a trace that keeps their values ---- */
typedef struct values {
    ct_array *of;       /* by variable */
    ct_array *in, *out; /* of the equation at hand */
} values;
CT_NODISCARD bool values_begin(values *v, const jaxpr *j); /* constants are set */
void values_end(values *v);
ct_array values_of(const values *v, const atom *a);
void values_read(values *v, const eqn *e);              /* operands into v->in */
CT_NODISCARD bool values_bind(values *v, const eqn *e); /* the operation itself */
void values_write(values *v, const eqn *e);             /* v->out to its variables */
#endif

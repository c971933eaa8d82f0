/* What scan and while share: staging a body on a carry, and changing the order of a program's
 * operands and results. */
#ifndef COTAN_SRC_LOOP_H
#define COTAN_SRC_LOOP_H
#include "ops/ops.h"
#include "transform/kept.h"
#include "transform/transform.h"

typedef struct loop_body {
    const char *who;      /* "scan", "while_loop", "fori_loop": for messages */
    const char *variable; /* the host function's name of the carry, or NULL */
    ct_fn f;
    treedef *in_def;    /* f's arguments (borrowed) */
    treedef *carry_def; /* borrowed */
    treedef *out_def;   /* what f returned: the caller releases it */
    bool pair;          /* f returns (carry, y) */
    bool counts;        /* the first of the carry is an index, to which the program adds one */
    int64_t nslices;    /* plain.c: arguments behind the carry */
} loop_body;

/* The program (carry..., rest...) -> (carry..., y...). The carry comes in as arrays, because weakly
 * typed ones take the type that the body gives them. Fails where the results differ from the carry
 * in structure or type. */
CT_NODISCARD jaxpr *loop_stage(loop_body *b, int64_t ncarry, ct_array *carry, int64_t nrest,
                               const aval *rest);

/* Fails where what f returned (out_def) has another structure than the carry; `first` is its first
 * leaf. */
CT_NODISCARD bool loop_check_structure(const loop_body *b, const aval *first);

/* plain.c: the loops step by step, under jax_disable_jit. The results of a scan are the carry and
 * stacked ys; those of the others the carry. plain_while: *done is false where the condition has no
 * value. */
CT_NODISCARD bool plain_scan(loop_body *b, int64_t length, bool reverse, int64_t ncarry,
                             int64_t nin, const ct_array *in, leaves *out);
CT_NODISCARD bool plain_fori(loop_body *b, int64_t from, int64_t to, int64_t nin, ct_array *args,
                             leaves *out);
CT_NODISCARD bool plain_while(loop_body *b, ct_fn test, int64_t n, const ct_array *in, bool *done,
                              leaves *out);

/* A body (constants, carry, xs) -> (carry, ys) with tangents beside the values: (constants, their
 * tangents, carry, its, xs, theirs) -> (carry, its, ys, theirs). nonzero says which inputs have
 * tangents; the carry's grow until each step leaves as many as it found. */
typedef struct loop_shape {
    int consts, carry, xs, ys;
} loop_shape;
typedef struct loop_forward {
    jaxpr *j; /* borrowed */
    loop_shape shape;
    int64_t *order; /* of its inputs: i for value i, ~i for the tangent of i; in the arena */
} loop_forward;
CT_NODISCARD bool loop_jvp(jaxpr *j, loop_shape s, bool *nonzero, bool *out_nonzero,
                           loop_forward *out, arena *a);
/* The operands in that order; zeros for missing tangents. */
CT_NODISCARD bool loop_operands(const loop_forward *f, const ct_array *primals,
                                const ct_array *tangents, ct_array *out);
/* Takes the results apart again. */
void loop_results(loop_shape s, const bool *nonzero, const bool *out_nonzero,
                  const ct_array *results, ct_array *out, ct_array *out_tangents);

/* The body on mapped inputs, the mapped axis in front everywhere; the mapped part of the carry
 * grows until each step leaves what it found. Borrowed. */
jaxpr *loop_vmap(jaxpr *j, loop_shape s, batch b, bool *mapped, bool *out_mapped);

/* A body without what its steps leave as it is: carried values that come out as they went in become
 * the last of its constants, where may[k]; ys that are xs are no results any more. */
typedef struct loop_settled {
    jaxpr *j; /* a reference of the caller's */
    loop_shape shape;
    int64_t *order;  /* of its inputs: which input of the body each is; in the arena */
    int64_t *result; /* of the body's results: which one of j's, or ~i: input i of the body */
} loop_settled;
CT_NODISCARD bool loop_settle(jaxpr *j, loop_shape s, const bool *may, loop_settled *out, arena *a);
/* The body's operands in that order; and its results out of those of the settled one. */
void loop_settle_operands(const loop_settled *l, const ct_array *in, ct_array *out);
void loop_settle_results(const loop_settled *l, int64_t n, const ct_array *in,
                         const ct_array *results, ct_array *out);

/* dynamic.c: programs written for scans of LOOP_STEPS steps, to be run with their first input as
 * the count. */
enum { LOOP_STEPS = 1000000007 };
/* Stages the tangents of j's results; NULL: zero. */
CT_NODISCARD bool dynamic_tangent(jaxpr *j, linearize_trace *t, int nin, const ct_array *primals,
                                  const ct_array *tangents, ct_array *out_tangents);

/* How many steps of `length` to run as one, as asked for in ct_scan_args. */
int64_t loop_unroll(int64_t asked, int64_t length);

/* A slot that holds one reference. */
void loop_set(ct_array *slot, ct_array value);
/* The held value as one of the current scope, with this aval's weakness; the slot is emptied.
 * Poison without memory. */
ct_array loop_give(ct_array *slot, const aval *a);
/* A copy that base_free frees. */
CT_NODISCARD char *loop_string(const char *s);
#endif

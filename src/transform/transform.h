/* The transformations on flat functions. Trees, argument numbers and the like are folded away in
 * functions.c, which also makes the public ct_grad, ct_vmap, ct_jit.
 *
 * A flat function maps leaves to leaves under the current trace. Results belong to the current
 * scope. */
#ifndef COTAN_SRC_TRANSFORM_H
#define COTAN_SRC_TRANSFORM_H
#include "core/core.h"

typedef struct leaves {
    int64_t n;
    ct_array *at;
} leaves; /* at: base_free by who called */
typedef struct flat {
    bool (*call)(void *env, int64_t nin, const ct_array *in, leaves *out);
    void *env;
    const char *name;
    const char *by; /* for messages: "jit", "scan"; f and its arguments where they are known */
    ct_fn f;
    const treedef *in_def;
} flat;
static inline traced flat_traced(flat f, const char *by)
{
    return traced_function(f.f, f.in_def, f.name, by);
}

/* Forward: tangents[i] NULL is zero; out_tangents likewise. */
CT_NODISCARD bool transform_jvp(flat f, int64_t n, const ct_array *primals,
                                const ct_array *tangents, leaves *out, leaves *out_tangents);

/* Evaluates f and keeps its derivative as a linear program over the known values (residuals). */
typedef struct linear_map linear_map; /* reference counted object */
CT_NODISCARD bool transform_linearize(flat f, int64_t n, const ct_array *primals, leaves *out,
                                      linear_map **derivative);
CT_NODISCARD bool linear_apply(linear_map *l, int64_t n, const ct_array *tangents, leaves *out);
/* Cotangents of the inputs from those of the outputs (NULL: zero, in both). */
CT_NODISCARD bool linear_transpose(linear_map *l, int64_t nout, const ct_array *cts,
                                   leaves *in_cts);

/* The same map by another program, of which its own is an instance at other values. */
CT_NODISCARD linear_map *linear_with_program(const linear_map *like, jaxpr *j);
jaxpr *linear_program(const linear_map *l); /* borrowed */
int32_t linear_position(const linear_map *l,
                        int64_t output); /* which result of the program; -1: zero */
const aval *linear_out_aval(const linear_map *l, int64_t output);
/* Ends a scope and keeps the leaves of one or two lists (NULL entries are skipped). */
void leaves_keep(ct_scope scope, leaves *a, leaves *b);
void leaves_free(leaves *l);
/* True when none of the values is poison; NULL entries are skipped. */
bool values_good(int64_t n, const ct_array *values);
/* Zeros in the type of a primal's tangent; float0 for integers. */
ct_array zero_tangent(ct_array primal);

/* The structure of the arguments (a tuple) or of the result that a derivative of ct_vjp or
 * ct_linearize belongs to: a new reference; NULL after an error. */
treedef *derivative_def(ct_fn derivative, bool result);

/* Batching. dims[i] may be NOT_MAPPED; `want` is told where each output has its mapped axis and
 * says where it shall have it: an axis, -2 - k for axis -1 - k counted from the end, or NOT_MAPPED
 * where it has none. NULL: in front. */
typedef bool out_dims_fn(void *env, int64_t nout, const int *have, int *dims);
CT_NODISCARD bool transform_vmap(flat f, batch b, int64_t n, const ct_array *in, const int *dims,
                                 out_dims_fn *want, void *env, leaves *out);

/* Staging: the jaxpr of f on abstract inputs. Its constants may be tracers of enclosing traces. */
CT_NODISCARD jaxpr *transform_stage(flat f, int64_t n, const aval *in, const char *name);

/* The same for a function of trees, traced by the transformation of that name; *out_def gets a new
 * reference. */
CT_NODISCARD jaxpr *transform_stage_fn(ct_fn f, const char *by, const treedef *in_def, int64_t n,
                                       const aval *in, treedef **out_def);
/* f staged for arguments like these; the two definitions are new references. */
CT_NODISCARD jaxpr *transform_stage_like(ct_fn f, int n, const ct_tree *args, treedef **in_def,
                                         treedef **out_def);
extern _Thread_local bool transform_disable_jit; /* jax_disable_jit */
extern _Atomic uint64_t transform_epoch; /* counts ct_clear_caches: programs of before are stale */

/* ct_closure_convert_, and with `all` every tracer is hoisted: nothing of an enclosing
 * transformation is left in the function. */
ct_fn closure_convert(ct_fn f, ct_tree examples, bool all, ct_tree *hoisted);

/* What programs are kept by: the structure of a call's arguments and their types. */
typedef struct call_type {
    const treedef *in_def;
    int64_t n;
    const aval *avals;
    bool x64;
} call_type;
/* How many argument types differ; INT64_MAX - 1 for another structure, INT64_MAX under another
 * jax_enable_x64. */
int64_t call_distance(const call_type *a, const call_type *b);
/* Which arguments of f differ, and how. */
void call_explain(text *t, ct_fn f, const call_type *now, const call_type *before);

/* What a host language may log: called when a jitted function was traced or compiled. `why` says
 * what was new about the arguments; NULL: the function was never seen before. */
typedef struct jit_event {
    enum { JIT_TRACED, JIT_COMPILED } kind;
    ct_fn f;
    const jaxpr *j;
    double seconds;
    const char *why;
} jit_event;
extern void (*transform_observer)(const jit_event *e); /* NULL: nobody asks */

/* Counts a program's operations (stages.h says what). */
struct ct_cost;
void jaxpr_cost(const jaxpr *j, struct ct_cost *cost);
/* Whether arrays of these types are what the program takes, weakness aside. */
bool jaxpr_accepts(const jaxpr *j, int64_t n, const ct_array *in);

/* Runs a program on concrete arrays through the backend. */
CT_NODISCARD bool transform_run(jaxpr *j, int nin, const ct_array *in, const bool *donated,
                                int nout, ct_array *out);
/* keys.c: runs a program under core_checks.keys; KeyReuseError where it uses a key twice. */
typedef bool keys_run_fn(jaxpr *j, int nin, const ct_array *in, int nout, ct_array *out);
CT_NODISCARD bool keys_run(jaxpr *j, int nin, const ct_array *in, int nout, ct_array *out,
                           keys_run_fn *run);
/* ---- between the interpreters ---- */
/* A staging trace that is written to step by step (linearize keeps its tangent program in one). */
/* While set, operations on known values are evaluated at once and not written down. */
extern _Thread_local bool stage_folds_constants;
typedef struct stage_trace stage_trace;
CT_NODISCARD stage_trace *stage_new(traced of); /* one reference; alive */
ct_array stage_input(stage_trace *t,
                     const aval *a); /* a new input as a tracer of the current scope */
/* What the host is given for an array that it makes inside a function that is being staged: a
 * tracer, as for everything that happens there. The array itself outside of such functions. */
ct_array stage_known(ct_array a);
/* Records an equation whose results have the given avals; results are tracers. */
CT_NODISCARD bool stage_record(stage_trace *t, const op *o, const void *params, int nin,
                               const ct_array *in, int nout, const aval *out_avals, ct_array *out);
/* Ends the trace: its tracers are dead from here on. The jaxpr with these outputs (NULL entries are
 * not allowed), or NULL. */
CT_NODISCARD jaxpr *stage_finish(stage_trace *t, int64_t nout, const ct_array *out,
                                 const char *name);
void stage_abandon(stage_trace *t); /* after an error */
/* Where the trace is, and back to there: what was written since is forgotten. */
typedef struct stage_mark {
    eqn *tail;
    int64_t neqns;
    uint32_t effects;
} stage_mark;
stage_mark stage_here(const stage_trace *t);
void stage_rewind(stage_trace *t, stage_mark mark);
trace *stage_as_trace(stage_trace *t);

/* The program as a flat function. */
flat jaxpr_as_flat(const jaxpr *j);

typedef struct linearize_trace linearize_trace;
/* What a linearize rule needs: where tangents are staged. */
stage_trace *linearize_tangents(linearize_trace *t);
trace *linearize_parent(linearize_trace *t);

/* Cotangents through a linear jaxpr: constants and inputs whose entry in `linear` is false are
 * known values. in_cts[i] stays NULL for known inputs and zeros. */
CT_NODISCARD bool jaxpr_backward(const jaxpr *j, int64_t nin, const bool *linear,
                                 const ct_array *in, int64_t nout, const ct_array *cts,
                                 ct_array *in_cts);

/* fits.c: for op.fits */
/* n operands, from `first` on, have the types of j's inputs from `input` on; else a TypeError. */
bool inputs_fit(const op *o, const jaxpr *j, int input, int n, int first, const aval *in);
bool call_fits(const op *o, const void *params, int nin, const aval *in);
bool custom_fits(const op *o, const void *params, int nin, const aval *in);
bool callback_fits(const op *o, const void *params, int nin, const aval *in);
bool dynamic_fits(const op *o, const void *params, int nin, const aval *in);
bool cond_fits(const op *o, const void *params, int nin, const aval *in);
bool scan_fits(const op *o, const void *params, int nin, const aval *in);
bool while_fits(const op *o, const void *params, int nin, const aval *in);

/* ---- derivatives of jaxprs, for calls and control flow; all cached on the jaxpr ---- */
/* (in..., nonzero tangents...) -> (out..., nonzero out tangents...); out_nonzero has j->nout
 * entries. instantiate: all out tangents. Borrowed. */
jaxpr *jaxpr_jvp(jaxpr *j, const bool *nonzero, bool instantiate, bool *out_nonzero);
/* Splits the derivative: *known maps in -> (out..., residuals...), *tangent maps (residuals...,
 * nonzero tangents...) -> nonzero out tangents. Borrowed. */
CT_NODISCARD bool jaxpr_linearize(jaxpr *j, const bool *nonzero, bool *out_nonzero, jaxpr **known,
                                  jaxpr **tangent);
/* The jaxpr on inputs mapped along axis 0 where mapped[i]. out_mapped: which outputs are to be
 * mapped in any case; then, which are. Borrowed. */
jaxpr *jaxpr_vmap(jaxpr *j, batch b, const bool *mapped, bool *out_mapped);
/* (known inputs..., nonzero cts...) -> cts of the linear inputs (instantiated). Borrowed. */
jaxpr *jaxpr_transpose(jaxpr *j, const bool *linear, const bool *ct_nonzero);

/* ---- programs taken apart and put together otherwise; kept on the jaxpr as well ---- */
/* Stages j with inputs and results in another order: input i of j is input in[i] of the new
 * program, whose avals are given; result k is result out[k] of j, with a mapped axis of size
 * b->size in front where spread[k], or zeros like the new input -1 - out[k] where that is negative.
 */
typedef struct rewiring {
    const char *name;
    int64_t nin;
    const aval *avals;
    const int64_t *in;
    int64_t nout;
    const int64_t *out;
    const bool *spread; /* NULL: none */
    batch b;
} rewiring;
/* The program is kept on its owner under the purpose and key; borrowed. */
jaxpr *jaxpr_rewire(const jaxpr *j, const rewiring *w, jaxpr *owner, const char *purpose,
                    int64_t nkey, const void *key);
/* The same program written again and kept on its owner: what holds it does not hold the owner, and
 * so may be kept on the owner itself. Borrowed. */
jaxpr *jaxpr_again(const jaxpr *j, jaxpr *owner, const char *purpose);
/* j without those of its results from `keep` on that are inputs with may[i], or (with `results`)
 * earlier results: from[k] says what result keep + k is, an input, j->nin plus a result, or -1
 * where it stays. Borrowed. */
jaxpr *jaxpr_forward(jaxpr *j, int keep, const bool *may, bool results, int *from);
/* Binds a jit of j, with other parameters as given, on the trace; results from `keep` on that are
 * operands or earlier results are given once. */
CT_NODISCARD bool jit_forward(trace *t, const void *params, jaxpr *j, int keep, int nin,
                              const ct_array *in, ct_array *out);
/* Two programs of one: *first maps the known inputs to values that *rest takes and to the known
 * results, *rest maps those values and the other inputs to the other results. Results before `keep`
 * count as not known. Both borrowed. */
CT_NODISCARD bool jaxpr_split(jaxpr *j, const bool *known, int keep, bool *out_known, jaxpr **first,
                              jaxpr **rest);

/* A trace that sorts: what depends on tracers of `staged` is written down there, all else goes to
 * the parent. Calls that depend on both are split in two where `splits`. */
typedef struct sorting_trace {
    trace base;
    stage_trace *staged;
    bool splits;
    bool defers; /* what has effects is written down */
    bool mixed; /* set when a loop or a branch that takes known values too was written down whole */
} sorting_trace;
sorting_trace sorting_trace_on(trace *parent, stage_trace *staged, bool splits);
#endif

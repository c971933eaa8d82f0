/* The jaxpr and the traces: what an operation is, who interprets it, and how a program is written
 * down.
 *
 * Every operation goes through core_bind, which hands it to the thread's current trace. A trace
 * interprets it and binds what it needs on its parent. Interpreters are in src/transform, one a
 * file; the operations' rules in src/ops. */
#ifndef COTAN_SRC_CORE_H
#define COTAN_SRC_CORE_H

#include "array/array.h"

struct op;
struct jaxpr_refs;
struct linearize_trace;
struct stage_trace;
struct custom_call;
struct leaves;
typedef struct op op;
typedef struct jaxpr jaxpr;
typedef struct trace trace;

/* ---- parameters: a typed struct a row, described by its fields, so that printing, hashing,
 * comparing and copying need no code per operation ---- */
typedef enum param_kind {
    PARAM_INT,           /* int64_t */
    PARAM_BOOL,          /* bool */
    PARAM_FLOAT,         /* double */
    PARAM_FLOAT_OR_NONE, /* optional_float */
    PARAM_DTYPE,         /* ct_dtype, printed float32; CT_NO_DTYPE prints None */
    PARAM_INTS,          /* ct_ints, printed (1, 2) */
    PARAM_INTS_OR_NONE,  /* ct_ints; the zero list prints None */
    PARAM_PAIRS,         /* ct_ints of even length, printed ((1, 2), (3, 4)) */
    PARAM_TRIPLES,       /* ct_ints, printed ((0, 0, 0), ...) */
    PARAM_STRING,        /* const char *, printed bare; NULL prints None */
    PARAM_LABEL,         /* const char *, printed bare: what op.label says of the others */
    PARAM_AXES,          /* const char *: comma-separated axis names, printed ('i', 'j') */
    PARAM_NONE,          /* no storage; always prints None */
    PARAM_EMPTY,         /* no storage; always prints () */
    PARAM_COMBINER,      /* no storage; prints core_combiner's program for the first operand */
    PARAM_MODE,          /* int, enum gather_mode, printed GatherScatterMode.CLIP */
    PARAM_ALGORITHM,     /* int, printed RNG_DEFAULT, RNG_THREE_FRY or RNG_PHILOX */
    PARAM_PRECISION,     /* int: 0 None, 1 DEFAULT, 2 HIGH, 3 HIGHEST */
    PARAM_DOT,           /* dot_dims, printed (([1], [0]), ([], [])) */
    PARAM_GATHER,        /* gather_dims, printed GatherDimensionNumbers(...) */
    PARAM_SCATTER,       /* scatter_dims */
    PARAM_CONV,          /* conv_dims */
    PARAM_DONATED,       /* ct_ints of 0/1, printed (False, True); hidden where JAX hides it */
    PARAM_JAXPR,         /* jaxpr *, one reference */
    PARAM_JAXPRS,        /* jaxpr_list */
    PARAM_FN,            /* ct_fn, one reference */
    PARAM_RULE,          /* the same, never printed */
    PARAM_AVALS,         /* aval_list, printed (ShapedArray(float32[3]),) */
    PARAM_HOST,   /* host_object: a host-language value with its own equality, hash and repr */
    PARAM_SILENT, /* no storage and never printed: JAX has it, here it takes one value, which the
                     offset names (silent_value) */
} param_kind;
typedef enum silent_value {
    SILENT_NONE,
    SILENT_FALSE,
    SILENT_EMPTY, /* () */
    SILENT_IN,    /* a None for each operand */
    SILENT_OUT,
} silent_value;
/* What the kinds above store. */
typedef struct dot_dims {
    ct_ints lhs_contract, rhs_contract, lhs_batch, rhs_batch;
} dot_dims;
typedef struct gather_dims {
    ct_ints offset_dims, collapsed_slice_dims, start_index_map, operand_batching_dims,
        start_indices_batching_dims;
} gather_dims;
typedef struct scatter_dims {
    ct_ints update_window_dims, inserted_window_dims, scatter_dims_to_operand_dims,
        operand_batching_dims, scatter_indices_batching_dims;
} scatter_dims;
typedef struct conv_dims {
    ct_ints lhs_spec, rhs_spec, out_spec;
} conv_dims; /* JAX's ConvDimensionNumbers: (batch, feature, spatial...) and (out, in, spatial...)
                positions */
typedef struct host_object {
    const tree_host *host;
    void *data;
} host_object;
typedef struct optional_float {
    bool given;
    double value;
} optional_float;
typedef struct jaxpr_list {
    int64_t n;
    jaxpr **at;
} jaxpr_list;
enum gather_mode { GATHER_CLIP, GATHER_FILL_OR_DROP, GATHER_PROMISE_IN_BOUNDS, GATHER_ONE_HOT };
typedef struct aval_list {
    int64_t n;
    const aval *at;
} aval_list;
typedef struct param_field {
    const char *name;
    uint8_t kind; /* param_kind */
    uint16_t offset;
} param_field;
/* The (first) program among the parameters, borrowed; NULL: none. */
jaxpr *params_jaxpr(const op *o, const void *params);
static inline bool param_has_storage(const param_field *f)
{
    return f->kind != PARAM_NONE && f->kind != PARAM_EMPTY && f->kind != PARAM_COMBINER &&
           f->kind != PARAM_SILENT;
}
bool params_equal(const op *o, const void *a, const void *b);
uint64_t params_hash(const op *o, const void *a);
/* The i-th of all programs among the parameters, borrowed; NULL: there are fewer. */
jaxpr *params_program(const op *o, const void *params, int64_t i);
/* Deep copy into the arena; references inside are retained and listed for release by the jaxpr that
 * owns the arena. NULL on failure. */
CT_NODISCARD const void *params_copy(const op *o, const void *params, arena *a,
                                     struct jaxpr_refs *refs);

/* ---- operations ---- */
typedef struct operand {
    aval aval;
    void *data;
} operand; /* dense, row-major */
typedef struct batch {
    int64_t size;
    const char *axis_name; /* NULL: unnamed */
    struct trace *again;   /* the trace whose tracers count as mapped here too; NULL: none */
} batch;
enum { NOT_MAPPED = -1 };

/* Properties, for the simplifier, the compiler and the generic rules. */
enum op_flags {
    OP_MULTIPLE = 1,    /* several results */
    OP_ELEMENTWISE = 2, /* a map: result i depends on operands' i (scalars broadcast) */
    OP_COMMUTES = 4,
    OP_EFFECT = 8, /* never dropped, never reordered */
    OP_COLLECTIVE =
        16, /* looks at the axis environment: batching asks it even when no operand is mapped */
    OP_CALL = 32,   /* has a jaxpr parameter that it runs */
    OP_LINEAR = 64, /* linear in every operand */
    OP_DATA_MOVEMENT = 128,
    OP_HOST = 256,         /* calls a function of the host: never merged with an equal one */
    OP_IN_PLACE = 512,     /* its kernel may be given the first operand's memory for the result */
    OP_REF = 1024,         /* takes a mutable array first */
    OP_NEW_REF = 2048,     /* makes one: transformations ask it even when no operand is theirs */
    OP_PASSES_REFS = 4096, /* operands may be mutable arrays, which it neither reads nor writes */
};

enum op_operands { ANY_OPERANDS = -1, NO_OPERANDS = -2 };

struct op {
    const char *name; /* as JAX prints it */
    uint32_t flags;
    int code;         /* enum op_code for built-in ones; user-defined ones count on from OP_COUNT */
    int8_t operands;  /* how many, or op_operands */
    uint8_t optional; /* bit k: the kernel leaves out result k if it gets no memory for it */
    const param_field *fields;
    int nfields;
    size_t params_size;

    /* Result avals from operand avals; shapes may be allocated in the arena. False after base_fail
     * with the operation's name, shapes and dtypes. *nout is the capacity on entry (at least 1) and
     * the count on exit. */
    bool (*abstract)(const op *o, const void *params, int nin, const aval *in, int *nout, aval *out,
                     arena *a);
    /* Optional, for calls: whether the operands have the types that the programs in the parameters
     * take, which `abstract` takes for granted. Asked by core_result_types. */
    bool (*fits)(const op *o, const void *params, int nin, const aval *in);
    /* Computes results from operands into memory the caller prepared (never overlapping, but for
     * OP_IN_PLACE). Used eagerly, and by compiled programs for opaque calls. */
    ct_status (*kernel)(const op *o, const void *params, int nin, const operand *in, int nout,
                        operand *out);
    /* Optional: has ready what the kernel's first call on such operands (without data) would wait
     * for, a library say. Asked when a program with it is compiled. */
    void (*prepare)(const void *params, const operand *in, const operand *out);
    /* Instead of abstract + kernel, for calls and host callbacks: evaluates on values under the
     * current trace. */
    bool (*call)(const op *o, const void *params, int nin, const ct_array *in, int nout,
                 ct_array *out);

    /* Forward mode. tangents[i] is NULL for a symbolic zero (never all of them); out_tangents
     * likewise. Rules call the public operations. */
    bool (*jvp)(const op *o, const void *params, int nin, const ct_array *primals,
                const ct_array *tangents, int nout, ct_array *out_primals, ct_array *out_tangents);
    /* Reverse mode of an operation that is linear in the operands that are NULL in `in`. cts[j]
     * NULL: zero. Fills out[i] for those i (NULL: zero). */
    bool (*transpose)(const op *o, const void *params, int nin, const ct_array *in,
                      const aval *in_avals, int nout, const ct_array *cts, ct_array *out);
    /* Batching: dims[i] is the mapped axis of in[i] or NOT_MAPPED. */
    bool (*vmap)(const op *o, const void *params, batch b, int nin, const ct_array *in,
                 const int *dims, int nout, ct_array *out, int *out_dims);
    /* Optional: splits a call into known and tangent part (transform/linearize.c says how). */
    bool (*linearize)(const op *o, const void *params, struct linearize_trace *t, int nin,
                      const ct_array *primals, const ct_array *tangents, int nout,
                      ct_array *out_primals, ct_array *out_tangents);
    /* Optional: how a staging trace records it (custom_jvp_call and friends trace their functions
     * here). */
    bool (*stage)(const op *o, const void *params, struct stage_trace *t, int nin,
                  const ct_array *in, int nout, ct_array *out);
    /* Optional: fills in the fields of the kind PARAM_LABEL. */
    void (*label)(void *params);
    /* Optional: which effects it has; without, OP_EFFECT alone means EFFECT_OTHER. */
    uint32_t (*effects)(const op *o, const void *params);
    /* Optional: a program that computes it, which the compiler takes instead of `call`: a new
     * reference; NULL for none, or after a failure. */
    jaxpr *(*lower)(const op *o, const void *params, int nin, const aval *in);
    void *host; /* of a primitive that a host language made: its object there; its parameters are
                   one host_object */
};

/* Effects of an equation, those of programs in its parameters included. Equations with effects are
 * never dropped, merged or moved past one another. */
enum effect {
    EFFECT_OTHER = 1,
    EFFECT_DEBUG = 2,
    EFFECT_ORDERED_DEBUG = 4,
    EFFECT_IO = 8,
    EFFECT_ORDERED_IO = 16,
    EFFECT_REF = 32, /* reads or writes mutable arrays, its own or others */
};
uint32_t op_effects(const op *o, const void *params);

/* Another row in the place of an operation's: interpreters take jvp, linearize, transpose, vmap and
 * lower from it, as long as it is there; what the rules are given is the operation. NULL: its own
 * again. Programs that were derived by other rules are not found any more. */
CT_NODISCARD bool core_replace_rules(const op *o, const op *by);
extern const op **core_replacements; /* by code; NULL before the first */
extern uint64_t core_rules_epoch;    /* how often rules were replaced */
const op *core_replacement(const op *o);
static inline const op *core_rules(const op *o)
{
    return likely(!core_replacements) ? o : core_replacement(o);
}

/* Runs an operation with EFFECT_REF as one without, between reads and writes of the mutable arrays
 * (transform/discharge.c). */
extern bool (*core_discharge)(const op *o, const void *params, int nin, const ct_array *in,
                              int nout, ct_array *out);

/* core_eval under core_checks.keys. */
extern bool (*core_eval_keys)(const op *o, const void *params, int nin, const ct_array *in,
                              int nout, ct_array *out);

/* Hands the operation to the current trace. Results belong to the current scope; all poison after a
 * failure. */
void core_bind(const op *o, const void *params, int nin, const ct_array *in, int nout,
               ct_array *out);
/* The same on a given trace (NULL: eval), whatever the current one is. */
void core_bind_on(trace *t, const op *o, const void *params, int nin, const ct_array *in, int nout,
                  ct_array *out);
ct_array core_bind1(const op *o, const void *params, int nin, const ct_array *in);
extern _Thread_local uint64_t core_bound; /* how often anything was bound */
/* The types of its results on operands that nobody has looked at: `abstract` after a check of their
 * number. *nout is the capacity on entry and the count on exit. False after base_fail. */
CT_NODISCARD bool core_result_types(const op *o, const void *params, int nin, const aval *in,
                                    int *nout, aval *out, arena *a);
/* The eager evaluation of one operation on concrete arrays. */
bool core_eval(const op *o, const void *params, int nin, const ct_array *in, int nout,
               ct_array *out);

/* ---- where things come from ---- */
/* A place in the host program. Kept for good, each once: programs have few, and equations and
 * tracers only point (source.c). */
typedef struct source_line {
    const char *file, *function; /* file NULL: not known, nor asked for again */
    int line, column;
} source_line;
const source_line *core_source(const char *file, const char *function, int line, int column);
/* "file:line:column (function)"; nothing where it is not known. */
void source_text(text *t, const source_line *s);
/* Where the host program is now, NULL when that is not known. Set by the host language. */
extern const source_line *(*core_here)(void);
/* While set, what is written down comes from there: equations that are bound again keep their
 * source. */
extern _Thread_local const source_line *core_line;
extern const source_line source_unknown;

/* ---- what is checked while a program is debugged (check.c) ---- */
typedef struct check_flags {
    bool nans, infs;   /* results of operations and programs */
    bool programs;     /* every program is verified */
    bool leaks;        /* no tracer outlives its function */
    bool no_tracing;   /* jitted functions must have a program already */
    bool keys;         /* no random key is used twice (transform/keys.c) */
    bool no_execution; /* programs may be traced and compiled, but nothing is computed */
    bool no_f16_sums;  /* sums and products of float16 are refused */
} check_flags;
extern check_flags core_checks; /* of all threads */
/* "nan" or "inf" where the checks ask for it and a value has one, else NULL. */
const char *core_bad_value(int n, const ct_array *values);
/* False after a FloatingPointError that names the operation. */
CT_NODISCARD bool core_check_values(const char *operation, int n, const ct_array *values);
static inline bool core_checks_values(void) { return core_checks.nans || core_checks.infs; }
/* Between the two, operations may make NaNs on the way to results that have none: only the results
 * count, and the error names the operation that made the first. They nest; the outermost counts. */
void core_checks_begin(void);
CT_NODISCARD bool core_checks_end(ct_tree results);
/* Fails where nothing may be computed. */
CT_NODISCARD bool core_may_run(const char *what);
/* With `leaks`: tracers are watched from when they are made until they die; after its function has
 * returned and its scope is closed, a trace has none. */
bool trace_watch(struct trace *t, ct_array tracer);
void trace_unwatch(struct trace *t, ct_array dying);
/* What ends the use of a trace whose function has returned well or not: lets go of it; false where
 * it returned badly, or left tracers behind. */
CT_NODISCARD bool trace_end(struct trace *t, bool good);
/* Set by a host language: frees what only cycles keep; says what refers to a tracer's object. */
extern bool (*core_collect)(void);
extern void (*core_holders)(text *t, ct_array tracer);

/* What a trace runs, for messages. */
typedef struct traced {
    const char *name;             /* of the function */
    const char *by;               /* the transformation: "jit", "scan", ... */
    ct_fn f;                      /* while the trace is alive: what knows its arguments' names */
    const struct treedef *in_def; /* of those arguments */
    const source_line *where;     /* the first line of f */
} traced;
/* Completes the description of a function that is about to be traced. */
traced traced_function(ct_fn f, const struct treedef *in_def, const char *name, const char *by);
/* "f at file:line", or the name alone. */
void traced_text(text *t, const traced *of);

/* ---- traces ---- */
typedef struct trace_class {
    const char *name; /* what a leaked tracer's message calls it */
    bool (*process)(trace *t, const op *o, const void *params, int nin, const ct_array *in,
                    int nout, ct_array *out);
    /* A call with derivative rules of its own (transform/custom.h); the count of its results is not
     * known before. */
    bool (*custom)(trace *t, struct custom_call *c, int64_t n, const ct_array *in,
                   struct leaves *out);
    void (*release_tracer)(trace *t, ct_array dying); /* may be NULL */
    void (*destroy)(trace *t);                        /* frees the struct */
    bool primal_is_value; /* a tracer's primal is what bool(x) may look at */
    /* Optional: why a tracer's value is not known: the arguments or operations it comes from. */
    void (*origin)(const trace *t, ct_array tracer, text *out);
    /* Optional: where a tracer was made. */
    const source_line *(*made_at)(ct_array tracer);
} trace_class;
struct trace {
    object
        head; /* tracers hold references, so that a leaked one can still say where it comes from */
    const trace_class *class;
    trace *parent; /* NULL for eval */
    bool alive;    /* false after its function returned: its tracers have leaked */
    enum {
        REFS_INTERPRETED, /* operations on mutable arrays go through this trace's rules; programs
                             that use some run without */
        REFS_WRITTEN,     /* both are written down */
        REFS_OWNED,       /* mutable arrays made here are cells that it owns */
    } refs;
    traced of;             /* for messages */
    vec(ct_array) watched; /* its living tracers, under core_checks.leaks */
    uint64_t serial;       /* a number for the host language, given when it asks; 0 before */
    void *host;            /* weak back pointer for the host language */
};
extern const object_class trace_object_class;
/* A tracer of this trace, which it keeps; the trace fills primal, tangent, tag, payload. */
ct_array trace_tracer(trace *t, const aval *a);
extern _Thread_local trace *core_current; /* NULL: eval */
typedef struct {
    trace *saved;
} trace_context;
static inline trace_context trace_enter(trace *t)
{
    trace_context c = {core_current};
    core_current = t;
    return c;
}
static inline void trace_leave(trace_context c) { core_current = c.saved; }
static inline bool traced_by(ct_array a, const trace *t) { return is_tracer(a) && a->trace == t; }
/* True when the value is concrete under this trace's parent chain: what bool(x) and C's ct_bool may
 * look at. Writes the concrete array. */
bool core_concrete(ct_array a, ct_array *concrete);
/* Writes which function was traced when a tracer was made, and what its value depends on. */
void core_origin(text *t, ct_array tracer);
/* Records the failure of asking a traced value for its concrete one: `code` is one of the errors of
 * that kind, and the context, which may be NULL, says who asked and what to do instead. */
ct_code core_fail_traced(ct_code code, ct_array a, const char *context, ...) CT_PRINTF(3, 4);
/* A tracer that the operation got has outlived its trace. */
ct_code core_fail_leaked(ct_array tracer, const char *operation);

/* The names of the part of the program that is being written, "outer/inner" or NULL (names.c); kept
 * for good. */
extern _Thread_local const char *core_names;

/* Named axes of enclosing vmaps, innermost first. */
typedef struct axis_frame {
    const char *name;
    int64_t size;
    struct axis_frame *outer;
    trace *trace;
} axis_frame;
extern _Thread_local axis_frame *core_axes;
axis_frame *core_find_axis(const char *name);
/* A named axis among those that are counted: a number far below them, by the depth of its frame.
 * NameError if the name is unbound; NULL for numbers that stand for no name. */
CT_NODISCARD bool core_number_axis(const char *name, int64_t *number);
const char *core_numbered_axis(int64_t number); /* NULL after a NameError */

/* ---- the jaxpr ---- */
typedef struct var {
    aval aval;
    int32_t id;       /* dense, from 0: index into per-variable tables of passes */
    int32_t uses;     /* kept by jaxpr_finish */
    void *host;       /* weak back pointer for the host language, as in arrays */
    ct_array literal; /* of a traced scalar whose value is known: it stands in equations itself */
} var;
/* An operand: a variable, or a scalar literal (concrete array of ndim 0 held by the jaxpr). Exactly
 * one is set. */
typedef struct atom {
    var *var;
    ct_array literal;
} atom;
typedef struct eqn {
    const op *op;
    const void *params;
    int nin, nout;
    const atom *in;
    var **out; /* NULL entries: result not used (printed _) */
    struct eqn *next;
    const char *name_stack;
    const source_line *source; /* NULL: not known */
} eqn;
struct jaxpr_refs {
    vec(object *) held;
};
/* A closed jaxpr: constants are bound. Immutable once finished, shared by reference. Lives in one
 * arena. */
enum { PROGRAM_DEPTH = 1024 };
struct jaxpr {
    object head;
    arena arena;
    struct jaxpr_refs refs; /* literals, constants, nested jaxprs, functions */
    int nconsts, nin, nout, nvars;
    int64_t neqns;
    var **constvars;
    ct_array *consts; /* values of constvars */
    var **in;
    atom *out;
    eqn *eqns;
    uint32_t effects;      /* of its equations: enum effect */
    int32_t depth;         /* of programs inside programs: 0 without any, at most PROGRAM_DEPTH */
    bool keeps_order;      /* compiled so that sums and products add up as they do one by one */
    _Atomic uint64_t hash; /* 0: not asked for yet */
    const char *name;      /* of the traced function, or NULL */
    const source_line *where; /* its first line, or NULL */
    void *compiled;           /* cache slot of the backend; released through core_backend */
    struct derived *
        derived; /* jaxprs made of this one (its derivative, its batched form), by what was asked */
    void *host;  /* weak back pointer for the host language */
};
/* A jaxpr made of j for this purpose and key earlier, or NULL (borrowed). */
jaxpr *jaxpr_derived(const jaxpr *j, const char *purpose, int64_t n, const void *key);
/* Keeps one (retains it); extra: facts found on the way, copied (nextra bools), which
 * jaxpr_derived_extra returns. */
CT_NODISCARD bool jaxpr_derive(jaxpr *j, const char *purpose, int64_t n, const void *key,
                               jaxpr *made, int64_t nextra, const bool *extra);
const bool *jaxpr_derived_extra(const jaxpr *j, const char *purpose, int64_t n, const void *key);
static inline const aval *atom_aval(const atom *a)
{
    return a->var ? &a->var->aval : &a->literal->aval;
}

/* Writing one: start, add, finish. Every function records an error and returns NULL/false on
 * failure. */
CT_NODISCARD jaxpr *jaxpr_new(void);
CT_NODISCARD var *jaxpr_var(jaxpr *j, const aval *a);
CT_NODISCARD eqn *jaxpr_eqn(jaxpr *j, eqn **tail, const op *o, const void *params, int nin,
                            const atom *in, int nout, var *const *out);
CT_NODISCARD bool jaxpr_hold(jaxpr *j, void *o); /* retains an object until the jaxpr dies */
/* Counts uses, renumbers; in test builds runs the verifier. */
CT_NODISCARD bool jaxpr_finish(jaxpr *j);
/* What is done between these two is done for the equation: under its names, and from its source.
 * Leaving notes where the operation comes from if it failed. */
typedef struct eqn_context {
    const char *names;
    const source_line *line;
} eqn_context;
eqn_context eqn_enter(const eqn *e);
void eqn_leave(const eqn *e, eqn_context before, bool good);
/* Binds the equation's operation again. */
void eqn_bind(const eqn *e, const ct_array *in, ct_array *out);
/* Runs the equations under the current trace. */
bool jaxpr_eval(const jaxpr *j, int nin, const ct_array *in, int nout, ct_array *out);
/* What may stand behind each equation. */
typedef enum jaxpr_comments {
    COMMENT_SOURCE = 1, /* where it comes from */
    COMMENT_NAMES = 2,  /* the names of the part of the program */
} jaxpr_comments;
/* As JAX prints it. */
void jaxpr_text(text *t, const jaxpr *j);
void jaxpr_text_commented(text *t, const jaxpr *j, int comments);
void eqn_text(text *t, const eqn *e); /* by itself, variables named from its results on */
/* The inverse of jaxpr_text for built-in operations. NULL with line and column in the message on
 * bad input. */
CT_NODISCARD jaxpr *jaxpr_parse(const char *source);
extern const op *(*core_op_named)(const char *name,
                                  size_t n); /* how the parser finds operations; set by ops */
/* How an operation that scatters combines two numbers of the dtype, as a program: kept for good;
 * NULL where the new one replaces the old. Set by ops. */
extern const jaxpr *(*core_combiner)(const op *o, ct_dtype dtype);
/* Types, scoping, single assignment, parameters: false with the offending equation in the message.
 */
CT_NODISCARD bool jaxpr_verify(const jaxpr *j);
/* The same program with its constants as leading inputs; their values go to consts (borrowed). */
CT_NODISCARD jaxpr *jaxpr_consts_to_inputs(const jaxpr *j);
/* Another jaxpr with the same equations and results, without inputs and constants; variables and
 * equations stay where they are. */
CT_NODISCARD jaxpr *jaxpr_with_same_equations(const jaxpr *j);
/* The inverse: the leading inputs become constants of these values. */
CT_NODISCARD jaxpr *jaxpr_inputs_to_consts(const jaxpr *j, int n, const ct_array *consts);
uint64_t jaxpr_hash(const jaxpr *j);
bool jaxpr_equal(const jaxpr *a, const jaxpr *b);
/* Simplifier: inline calls marked inline, fold small constants, common subexpressions, dead code. A
 * new jaxpr. */
CT_NODISCARD jaxpr *jaxpr_simplify(const jaxpr *j);

/* ---- functions ---- */
typedef struct fn_class {
    /* Calls on flat leaves: in_def is the tuple (positional..., dict of keywords) as treedef
     * TUPLE(args..., DICT kwargs); results are owned by the current scope; *out_def gets a new
     * reference and *out the leaves in a block that the caller frees with base_free. */
    bool (*call)(ct_fn f, const treedef *in_def, int64_t nin, const ct_array *in, treedef **out_def,
                 int64_t *nout, ct_array **out);
    const char *(*name)(ct_fn f); /* may be NULL */
    /* Optional: the function with the same arguments that this one is made of; its names stand for
     * this one's where the class has none. */
    ct_fn (*of)(ct_fn f);
    /* May be NULL. Writes what the function calls its i-th positional argument, or with a keyword
     * that keyword argument. */
    void (*argument)(ct_fn f, int64_t i, const char *keyword, text *out);
    const source_line *(*where)(ct_fn f); /* its first line; may be NULL, and give NULL */
    void (*destroy)(ct_fn f); /* releases its own fields; the header is freed by the caller */
    /* Visits the functions that it holds a reference to, where there are more than `of`. */
    void (*inner)(ct_fn f, void (*visit)(void *env, ct_fn inner), void *env);
} fn_class;
struct ct_function {
    object head;
    const fn_class *class;
};
CT_NODISCARD bool fn_call(ct_fn f, const treedef *in_def, int64_t nin, const ct_array *in,
                          treedef **out_def, int64_t *nout, ct_array **out);
const char *fn_name(ct_fn f);
const source_line *fn_where(ct_fn f); /* its first line; NULL: not known */
void fn_argument(ct_fn f, int64_t i, const char *keyword, text *out);
/* Whether it is this function of C and nothing round it. */
bool fn_is(ct_fn f, void (*c)(void));
/* Where a leaf of a call's arguments is, in the function's own names: "x['w']". */
void fn_leaf_path(ct_fn f, const treedef *in_def, int64_t leaf, text *out);
/* For writers of fn_class (function.c): a zeroed function owned by the scope; packing arguments;
 * taking them apart; returning. */
ct_fn fn_new(const fn_class *class, size_t size);
treedef *fn_pack(int64_t n, const ct_tree *args, int64_t *nin, ct_array **leaves);
bool fn_arguments(ct_fn f, const treedef *in_def, const ct_array *in, int most, int *n,
                  ct_tree *args);
CT_NODISCARD bool fn_return(ct_tree result, treedef **out_def, int64_t *nout, ct_array **out);

/* ---- the backend: how transform reaches the compiler without naming it ---- */
typedef struct ct_backend {
    /* Compiles once (the result is kept in j->compiled) and runs on concrete arrays; results belong
     * to the current scope. donated: bit i set lets the program reuse in[i]'s memory when nobody
     * else holds it; NULL: none. */
    bool (*run)(jaxpr *j, int nin, const ct_array *in, const bool *donated, int nout,
                ct_array *out);
    ct_status (*compile)(jaxpr *j);
    /* Bytes of temporaries and of machine code. */
    void (*memory)(const void *compiled, size_t *temporary, size_t *code);
    void (*release)(void *compiled);
} ct_backend;
extern const ct_backend *core_backend;
#endif

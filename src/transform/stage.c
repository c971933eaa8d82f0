/* Staging: running a function on abstract values and writing down what it does as a jaxpr.
 *
 * Concrete scalars become literals, other values from outside become constants (deduplicated by
 * identity); those may be tracers of enclosing traces. Next: jit.c (programs from jaxprs),
 * linearize.c (a staging trace for tangents). */
#include "transform/custom.h"

#include "ops/ops.h"

struct stage_trace {
    trace base;
    jaxpr *j;
    eqn *tail;
    vec(var *) inputs, constvars;
    vec(ct_array) consts;
    table const_of; /* value -> its variable */
};

typedef struct known_const {
    ct_array value;
    var *var;
} known_const;

static bool same_const(const void *entry, const void *probe)
{
    return ((const known_const *)entry)->value == probe;
}

static ct_array tracer_of(stage_trace *t, var *v)
{
    ct_array a = v ? trace_tracer(&t->base, &v->aval) : array_poison;
    if (!is_poison(a)) {
        a->payload = v;
        a->tag = (intptr_t)(t->tail ? t->tail->source : NULL);
    }
    return a;
}

static bool is_number(ct_array a)
{
    return is_array(a) && a->aval.ndim == 0 &&
           !dtype_is((ct_dtype)a->aval.dtype, FAMILY_KEY | FAMILY_FLOAT0);
}

/* A header of its own: the user's may be deleted. */
static ct_array literal_of(stage_trace *t, ct_array a)
{
    ct_array kept = array_view(a, (ct_dtype)a->aval.dtype, a->aval.weak, 0, NULL);
    return !is_poison(kept) && jaxpr_hold(t->j, kept) ? kept : NULL;
}

/* The variable of a value from outside, made on first sight. */
static var *const_var(stage_trace *t, ct_array value)
{
    uint64_t hash = base_mix((uint64_t)(uintptr_t)value, 1);
    known_const *known = table_find(&t->const_of, hash, same_const, value);
    if (known)
        return known->var;
    var *v = jaxpr_var(t->j, &value->aval);
    /* a number is kept when the user deletes the array */
    ct_array kept = is_number(value) ? literal_of(t, value) : value;
    known = arena_alloc(&t->j->arena, sizeof *known);
    if (!v || !known || !kept || !jaxpr_hold(t->j, value) || !vec_push(&t->constvars, v) ||
        !vec_push(&t->consts, kept))
        return NULL;
    *known = (known_const){value, v};
    return table_add(&t->const_of, hash, known) ? v : NULL;
}

/* A number that was made along the way; an array that the host holds is a constant of the program,
 * of any rank. */
static bool can_be_literal(ct_array a) { return is_number(a) && !a->host; }

static bool to_atom(stage_trace *t, ct_array a, atom *out)
{
    *out = (atom){.var = NULL};
    if (traced_by(a, &t->base)) {
        var *v = a->payload;
        *out = v->literal ? (atom){.literal = v->literal} : (atom){.var = v};
        return true;
    }
    if (can_be_literal(a))
        return (out->literal = literal_of(t, a)) != NULL;
    if (is_zero(a)) {
        base_fail(CT_TYPE_ERROR, "a symbolic zero is no result of a function; make it an array of "
                                 "zeros first");
        return false;
    }
    *out = (atom){.var = const_var(t, a)};
    return out->var != NULL;
}

bool stage_record(stage_trace *t, const op *o, const void *params, int nin, const ct_array *in,
                  int nout, const aval *out_avals, ct_array *out)
{
    arena *memory = &t->j->arena;
    atom *atoms = arena_alloc(memory, (size_t)(nin + 1) * sizeof *atoms);
    var **results = arena_alloc(memory, (size_t)(nout + 1) * sizeof *results);
    if (!atoms || !results)
        return false;
    for (int i = 0; i < nin; i++)
        if (!to_atom(t, in[i], &atoms[i]))
            return false;
    for (int i = 0; i < nout; i++)
        if (!(results[i] = jaxpr_var(t->j, &out_avals[i])))
            return false;
    if (!jaxpr_eqn(t->j, &t->tail, o, params, nin, atoms, nout, results))
        return false;
    bool good = true;
    for (int i = 0; i < nout; i++)
        good = !is_poison(out[i] = tracer_of(t, results[i])) && good;
    return good;
}

_Thread_local bool stage_folds_constants;

static bool all_known(int n, const ct_array *in)
{
    for (int i = 0; i < n; i++)
        if (is_tracer(in[i]))
            return false;
    return true;
}

/* The value of an operand that stands in equations itself, or NULL. */
static ct_array number_of(const stage_trace *t, ct_array a)
{
    if (traced_by(a, &t->base))
        return ((var *)a->payload)->literal;
    return can_be_literal(a) ? a : NULL;
}

/* Numbers change their dtype where they stand, and what nobody else can see needs no copy. */
static bool stage_at_once(const stage_trace *t, const op *o, const ct_array *in, ct_array *value)
{
    if (o->code == OP_convert_element_type)
        return (*value = number_of(t, in[0])) != NULL;
    if (o->code != OP_copy)
        return false;
    *value = is_array(in[0]) && !in[0]->host ? in[0] : number_of(t, in[0]);
    return *value != NULL;
}

static bool stage_process(trace *base, const op *o, const void *params, int nin, const ct_array *in,
                          int nout, ct_array *out)
{
    stage_trace *t = (stage_trace *)base;
    if (unlikely(stage_folds_constants) && all_known(nin, in)) {
        core_bind_on(NULL, o, params, nin, in, nout, out);
        return values_good(nout, out);
    }
    ct_array value;
    if (stage_at_once(t, o, in, &value)) {
        core_bind_on(NULL, o, params, 1, &value, 1, out);
        return values_good(1, out);
    }
    if (o->stage)
        return o->stage(o, params, t, nin, in, nout, out);
    if (!o->abstract) {
        base_fail(CT_NOT_IMPLEMENTED_ERROR, "Abstract evaluation for '%s' not implemented",
                  o->name);
        return false;
    }
    char local[1024];
    arena scratch = {.next = local, .limit = local + sizeof local};
    aval *in_avals = arena_alloc(&scratch, (size_t)(nin + 1) * sizeof *in_avals);
    aval *out_avals = arena_alloc(&scratch, (size_t)(nout + 1) * sizeof *out_avals);
    bool good = in_avals && out_avals;
    for (int i = 0; i < nin && good; i++)
        in_avals[i] = in[i]->aval;
    int n = nout;
    good = good && o->abstract(o, params, nin, in_avals, &n, out_avals, &scratch) &&
           stage_record(t, o, params, nin, in, nout, out_avals, out);
    arena_free(&scratch);
    return good;
}

static void stage_destroy(trace *base)
{
    stage_trace *t = (stage_trace *)base;
    object_release(t->j);
    vec_free(&t->inputs);
    vec_free(&t->constvars);
    vec_free(&t->consts);
    table_free(&t->const_of);
    base_free(t);
}

static bool stage_custom(trace *t, custom_call *c, int64_t n, const ct_array *in, leaves *out)
{
    return custom_stage(c, (stage_trace *)t, n, in, out);
}

/* ---- where a value comes from ---- */

static bool is_const(const stage_trace *t, const var *v)
{
    for (int64_t i = 0; i < t->constvars.n; i++)
        if (t->constvars.at[i] == v)
            return true;
    return false;
}

/* Marks the variables that v is computed from; the equations that make tracers of known values go
 * to `makers` in their order. */
static bool find_ancestors(const stage_trace *t, const var *v, bool *marked, const eqn **makers,
                           int64_t *nmakers)
{
    const jaxpr *j = t->j;
    vec(const eqn *) all = {0};
    bool good = true;
    for (const eqn *e = j->eqns; e && good; e = e->next)
        good = vec_push(&all, e);
    marked[v->id] = true;
    for (int64_t i = all.n; good && i-- > 0;) {
        const eqn *e = all.at[i];
        bool makes = false, known = true;
        for (int k = 0; k < e->nout; k++)
            makes = makes || (e->out[k] && marked[e->out[k]->id]);
        for (int k = 0; k < e->nin && makes; k++) {
            if (e->in[k].var)
                marked[e->in[k].var->id] = true;
            known = known && (!e->in[k].var || is_const(t, e->in[k].var));
        }
        if (makes && known)
            makers[(*nmakers)++] = e;
    }
    vec_free(&all);
    return good;
}

/* "the argument x", "the arguments x, y, and z" */
static void arguments_text(const stage_trace *t, const bool *marked, int64_t n, text *out)
{
    int64_t seen = 0;
    text_add(out, "the argument%s ", n > 1 ? "s" : "");
    for (int64_t i = 0; i < t->inputs.n; i++) {
        if (!marked[t->inputs.at[i]->id])
            continue;
        if (seen++)
            text_add(out, n == 2 ? " and " : seen < n ? ", " : ", and ");
        fn_leaf_path(t->base.of.f, t->base.of.in_def, i, out);
    }
}

static void makers_text(int64_t n, const eqn *const *makers, text *out)
{
    enum { MOST_SHOWN = 5 };
    text_add(out, " This value became a tracer due to JAX operations on these lines:");
    for (int64_t i = n; i-- > 0 && n - i <= MOST_SHOWN;) {
        text_add(out, "\n\n  operation ");
        eqn_text(out, makers[i]);
        if (makers[i]->source && makers[i]->source->file) {
            text_add(out, "\n    from line ");
            source_text(out, makers[i]->source);
        }
    }
}

/* Values of enclosing functions that are traced as well say themselves where they come from. */
static bool from_outside(const stage_trace *t, const bool *marked, text *out)
{
    for (int64_t i = 0; i < t->constvars.n; i++)
        if (marked[t->constvars.at[i]->id] && is_tracer(t->consts.at[i])) {
            core_origin(out, t->consts.at[i]);
            return true;
        }
    return false;
}

static void stage_origin(const trace *base, ct_array tracer, text *out)
{
    const stage_trace *t = (const stage_trace *)base;
    if (((const var *)tracer->payload)->literal)
        return;
    bool *marked = base_zalloc((size_t)t->j->nvars + 1);
    const eqn **makers = base_alloc((size_t)(t->j->neqns + 1) * sizeof *makers);
    int64_t nmakers = 0, arguments = 0;
    if (marked && makers && find_ancestors(t, tracer->payload, marked, makers, &nmakers)) {
        for (int64_t i = 0; i < t->inputs.n; i++)
            arguments += marked[t->inputs.at[i]->id];
        if (arguments && base->of.f && base->of.in_def) {
            text_add(out,
                     " This concrete value was not available in Python because it depends on the "
                     "value%s of ",
                     arguments > 1 ? "s" : "");
            arguments_text(t, marked, arguments, out);
            text_add(out, ".");
        } else if (!arguments && !from_outside(t, marked, out) && nmakers) {
            makers_text(nmakers, makers, out);
        }
    }
    base_free(marked);
    base_free(makers);
}

/* Kept in the tracer itself: it may outlive its program. */
static const source_line *stage_made_at(ct_array tracer)
{
    return (const source_line *)(uintptr_t)tracer->tag;
}

static const trace_class stage_class = {.name = "JitTracer",
                                        .process = stage_process,
                                        .custom = stage_custom,
                                        .destroy = stage_destroy,
                                        .origin = stage_origin,
                                        .made_at = stage_made_at};

ct_array stage_known(ct_array a)
{
    trace *base = core_current;
    while (base && base->class != &stage_class)
        base = base->parent;
    if (!base || !is_array(a) || stage_folds_constants)
        return a;
    stage_trace *t = (stage_trace *)base;
    if (!can_be_literal(a))
        return tracer_of(t, const_var(t, a));
    var *v = arena_alloc(&t->j->arena, sizeof *v);
    if (!v)
        return array_poison;
    *v = (var){.aval = {a->aval.dtype, a->aval.weak, 0, NULL, false}, .literal = literal_of(t, a)};
    return v->literal ? tracer_of(t, v) : array_poison;
}

stage_trace *stage_new(traced of)
{
    stage_trace *t = base_zalloc(sizeof *t);
    if (!t)
        return NULL;
    t->base = (trace){.head = {&trace_object_class, 1, KIND_OTHER},
                      .class = &stage_class,
                      .alive = true,
                      .refs = REFS_WRITTEN,
                      .of = of};
    t->j = jaxpr_new();
    if (!t->j) {
        object_release(&t->base);
        return NULL;
    }
    return t;
}

trace *stage_as_trace(stage_trace *t) { return &t->base; }

ct_array stage_input(stage_trace *t, const aval *a)
{
    var *v = jaxpr_var(t->j, a);
    if (!v || !vec_push(&t->inputs, v))
        return array_poison;
    return tracer_of(t, v);
}

stage_mark stage_here(const stage_trace *t)
{
    return (stage_mark){t->tail, t->j->neqns, t->j->effects};
}

void stage_rewind(stage_trace *t, stage_mark mark)
{
    t->tail = mark.tail;
    t->j->neqns = mark.neqns;
    t->j->effects = mark.effects;
    if (mark.tail)
        mark.tail->next = NULL;
    else
        t->j->eqns = NULL;
}

void stage_abandon(stage_trace *t)
{
    if (!t)
        return;
    t->base.alive = false;
    /* Tracers keep the trace, and the program of a function inside this one may keep tracers: the
     * trace must not keep its own program any longer. */
    object_release(t->j);
    t->j = NULL;
    t->base.of.f = NULL;
    t->base.of.in_def = NULL;
    object_release(&t->base);
}

static bool fails_as_ref(const stage_trace *t, ct_array out)
{
    if (!out->aval.ref)
        return false;
    text type = {0};
    aval_text(&type, &out->aval, false);
    char *s = text_end(&type);
    base_fail(CT_VALUE_ERROR,
              "function %s traced for a transformation returned a mutable array reference of type "
              "%s, but mutable array references cannot be returned.",
              t->base.of.name ? t->base.of.name : "<unnamed>", s ? s : "?");
    base_free(s);
    return true;
}

jaxpr *stage_finish(stage_trace *t, int64_t nout, const ct_array *out, const char *name)
{
    jaxpr *j = t->j;
    bool good = true;
    j->out = arena_alloc(&j->arena, (size_t)(nout + 1) * sizeof *j->out);
    good = j->out != NULL;
    for (int64_t i = 0; i < nout && good; i++)
        good = !is_poison(out[i]) && !fails_as_ref(t, out[i]) && to_atom(t, out[i], &j->out[i]);
    j->nout = (int)nout;
    j->nin = (int)t->inputs.n;
    j->nconsts = (int)t->consts.n;
    j->in = arena_copy(&j->arena, t->inputs.at, (size_t)t->inputs.n * sizeof *j->in);
    j->constvars =
        arena_copy(&j->arena, t->constvars.at, (size_t)t->constvars.n * sizeof *j->constvars);
    j->consts = arena_copy(&j->arena, t->consts.at, (size_t)t->consts.n * sizeof *j->consts);
    j->name = name ? arena_string(&j->arena, name) : NULL;
    j->where = t->base.of.where;
    good = good && j->in && j->constvars && j->consts && jaxpr_finish(j);
    if (good)
        t->j = NULL; /* its own tracers may be among the constants of programs inside */
    stage_abandon(t);
    return good ? j : NULL;
}

jaxpr *transform_stage(flat f, int64_t n, const aval *in, const char *name)
{
    stage_trace *t = stage_new(flat_traced(f, f.by));
    if (!t)
        return NULL;
    ct_scope scope = ct_begin();
    ct_array *inputs = base_alloc((size_t)(n + 1) * sizeof *inputs);
    bool good = base_has_stack() && inputs;
    for (int64_t i = 0; i < n && good; i++)
        good = !is_poison(inputs[i] = stage_input(t, &in[i]));
    leaves out = {0};
    if (good) {
        trace_context saved = trace_enter(&t->base);
        good = f.call(f.env, n, inputs, &out);
        trace_leave(saved);
    }
    jaxpr *j = NULL;
    object_retain(&t->base);
    if (good)
        j = stage_finish(t, out.n, out.at, name);
    else
        stage_abandon(t);
    base_free(out.at);
    base_free(inputs);
    scope_end(scope, NULL);
    if (trace_end(&t->base, j))
        return j;
    object_release(j);
    return NULL;
}

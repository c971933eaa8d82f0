/* Where every operation passes: the thread's current trace, eager evaluation, and the message a
 * leaked tracer gets.
 *
 * Next: op kernels and rules in src/ops, interpreters in src/transform. */
#include "core/core.h"

_Thread_local trace *core_current;
_Thread_local uint64_t core_bound;
const ct_backend *core_backend;
bool (*core_eval_keys)(const op *o, const void *params, int nin, const ct_array *in, int nout,
                       ct_array *out);
bool (*core_discharge)(const op *o, const void *params, int nin, const ct_array *in, int nout,
                       ct_array *out);

static bool poison_all(int n, ct_array *out)
{
    for (int i = 0; i < n; i++)
        out[i] = array_poison;
    return false;
}

static bool fail_ref(const op *o, ct_array ref)
{
    text t = {0};
    aval_text(&t, &ref->aval, false);
    char *s = text_end(&t);
    base_fail(CT_TYPE_ERROR,
              "%s requires ndarray or scalar arguments, got a mutable array reference of type %s; "
              "read its value with ref[...]",
              o->name, s ? s : "?");
    base_free(s);
    return false;
}

/* Operands must be arrays of traces that still run. */
static bool check_operands(const op *o, int nin, const ct_array *in)
{
    for (int i = 0; i < nin; i++) {
        if (likely(is_array(in[i])) || is_poison(in[i]))
            continue;
        if (unlikely(in[i]->aval.ref) && !(o->flags & (OP_REF | OP_CALL | OP_PASSES_REFS)))
            return fail_ref(o, in[i]);
        if (is_tracer(in[i])) {
            if (likely(in[i]->trace->alive))
                continue;
            core_fail_leaked(in[i], o->name);
        } else if (is_zero(in[i])) {
            base_fail(CT_TYPE_ERROR,
                      "%s takes arrays, but operand %d is a symbolic zero; make it an array of "
                      "zeros first.",
                      o->name, i);
        } else if (is_ref(in[i])) {
            continue;
        } else {
            base_fail(
                CT_TYPE_ERROR,
                "%s takes arrays, but operand %d is a tree; pick a leaf with ct_get or ct_at.",
                o->name, i);
        }
        return false;
    }
    return true;
}

/* Whether mutable arrays are read and written now rather than by the trace: cells by their owner,
 * programs by all traces that cannot write them down. */
static bool acts_here(const trace *t, const op *o, const void *params, int nin, const ct_array *in)
{
    if (o->flags & OP_REF)
        return nin && is_ref(in[0]) && in[0]->trace == t;
    if (o->flags & OP_NEW_REF)
        return t && t->refs == REFS_OWNED;
    if (t && t->refs == REFS_WRITTEN)
        return false;
    for (int i = 0; i < nin; i++)
        if (in[i]->aval.ref) /* even if nobody reads it */
            return true;
    return op_effects(o, params) & EFFECT_REF;
}

static bool eval_checked(const op *o, const void *params, int nin, const ct_array *in, int nout,
                         ct_array *out)
{
    if (unlikely(core_checks.no_execution) && !core_may_run(o->name))
        return false;
    bool good = unlikely(core_checks.keys) && core_eval_keys
                    ? core_eval_keys(o, params, nin, in, nout, out)
                    : core_eval(o, params, nin, in, nout, out);
    return good && (likely(!core_checks_values()) || core_check_values(o->name, nout, out));
}

void core_bind_on(trace *t, const op *o, const void *params, int nin, const ct_array *in, int nout,
                  ct_array *out)
{
    for (int i = 0; i < nin; i++)
        if (is_poison(in[i])) {
            poison_all(nout, out);
            return;
        }
    if (!check_operands(o, nin, in)) {
        poison_all(nout, out);
        return;
    }
    core_bound++;
    trace_context saved = trace_enter(t);
    bool good;
    if (unlikely(o->flags & (OP_CALL | OP_REF | OP_NEW_REF)) && acts_here(t, o, params, nin, in))
        good = o->flags & OP_CALL ? core_discharge(o, params, nin, in, nout, out)
                                  : o->call(o, params, nin, in, nout, out);
    else
        good = t ? t->class->process(t, o, params, nin, in, nout, out)
                 : eval_checked(o, params, nin, in, nout, out);
    trace_leave(saved);
    if (unlikely(!good)) {
        if (ct_ok())
            base_fail(CT_RUNTIME_ERROR, "%s failed without a message", o->name);
        poison_all(nout, out);
    }
}

void core_bind(const op *o, const void *params, int nin, const ct_array *in, int nout,
               ct_array *out)
{
    core_bind_on(core_current, o, params, nin, in, nout, out);
}

ct_array core_bind1(const op *o, const void *params, int nin, const ct_array *in)
{
    ct_array out;
    core_bind_on(core_current, o, params, nin, in, 1, &out);
    return out;
}

bool core_result_types(const op *o, const void *params, int nin, const aval *in, int *nout,
                       aval *out, arena *a)
{
    int wanted = o->operands == NO_OPERANDS ? 0 : o->operands;
    if (o->operands != ANY_OPERANDS && nin != wanted) {
        base_fail(CT_TYPE_ERROR, "%s takes %d operand%s, but got %d", o->name, wanted,
                  wanted == 1 ? "" : "s", nin);
        return false;
    }
    if (!o->abstract) {
        base_fail(CT_NOT_IMPLEMENTED_ERROR, "Abstract evaluation for '%s' not implemented",
                  o->name);
        return false;
    }
    /* A rule that reads more operands than there are meets scalars of no dtype, which fit nothing.
     */
    enum { MISSING = 8 };
    aval *padded = arena_alloc(a, (size_t)(nin + MISSING) * sizeof *padded);
    if (!padded)
        return false;
    memset(padded, 0, (size_t)(nin + MISSING) * sizeof *padded);
    for (int i = 0; i < nin; i++)
        padded[i] = in[i];
    return (!o->fits || o->fits(o, params, nin, in)) &&
           o->abstract(o, params, nin, padded, nout, out, a);
}

/* Where another program was put in the place of the operation. */
static bool eval_lowered(const op *o, const void *params, int nin, const ct_array *in, int nout,
                         ct_array *out)
{
    aval *avals = base_alloc((size_t)(nin + 1) * sizeof *avals);
    for (int i = 0; i < nin && avals; i++)
        avals[i] = in[i]->aval;
    jaxpr *j = avals ? core_rules(o)->lower(o, params, nin, avals) : NULL;
    bool good = j && core_backend && core_backend->run(j, nin, in, NULL, nout, out);
    base_free(avals);
    object_release(j);
    return good;
}

enum { FEW = 16 };

bool core_eval(const op *o, const void *params, int nin, const ct_array *in, int nout,
               ct_array *out)
{
    for (int i = 0; i < nin; i++)
        if (unlikely(!is_array(in[i]))) {
            if (is_tracer(in[i]))
                core_fail_leaked(in[i], o->name);
            return false;
        } else if (array_deleted(in[i])) {
            return array_fail_deleted(in[i]);
        }
    if (unlikely(core_rules(o)->lower != o->lower))
        return eval_lowered(o, params, nin, in, nout, out);
    if (o->call)
        return o->call(o, params, nin, in, nout, out);
    if (!o->abstract || !o->kernel) {
        base_fail(CT_NOT_IMPLEMENTED_ERROR, "Evaluation rule for '%s' not implemented", o->name);
        return false;
    }
    char local[1024];
    arena scratch = {.next = local, .limit = local + sizeof local};
    aval few_avals[FEW], few_out[FEW];
    operand few_operands[2 * FEW];
    bool many = nin > FEW || nout > FEW;
    aval *in_avals = many ? arena_alloc(&scratch, (size_t)nin * sizeof(aval)) : few_avals;
    aval *out_avals = many ? arena_alloc(&scratch, (size_t)nout * sizeof(aval)) : few_out;
    operand *operands =
        many ? arena_alloc(&scratch, (size_t)(nin + nout) * sizeof(operand)) : few_operands;
    bool good = in_avals && out_avals && operands;
    if (good) {
        for (int i = 0; i < nin; i++) {
            in_avals[i] = in[i]->aval;
            operands[i] = (operand){in[i]->aval, in[i]->data};
        }
        int n = nout;
        good = o->abstract(o, params, nin, in_avals, &n, out_avals, &scratch);
        for (int i = 0; i < nout && good; i++) {
            out[i] = array_like(&out_avals[i]);
            good = !is_poison(out[i]);
            if (good)
                operands[nin + i] = (operand){out[i]->aval, out[i]->data};
        }
        good = good && o->kernel(o, params, nin, operands, nout, operands + nin) == CT_OK;
    }
    arena_free(&scratch);
    return good;
}

bool core_concrete(ct_array a, ct_array *concrete)
{
    while (is_tracer(a) && a->trace->class->primal_is_value)
        a = a->primal;
    *concrete = a;
    return is_array(a) && (!array_deleted(a) || array_fail_deleted(a));
}

/* ---- other rules ---- */

const op **core_replacements;
uint64_t core_rules_epoch;
enum { REPLACEABLE = 1000 }; /* codes below: those of the library */

const op *core_replacement(const op *o)
{
    const op *by = o->code < REPLACEABLE ? core_replacements[o->code] : NULL;
    return by ? by : o;
}

bool core_replace_rules(const op *o, const op *by)
{
    if (!core_replacements)
        core_replacements = base_zalloc(REPLACEABLE * sizeof *core_replacements);
    if (!core_replacements || o->code >= REPLACEABLE)
        return false;
    core_replacements[o->code] = by;
    core_rules_epoch++;
    return true;
}

/* ---- traces as objects ---- */

static void trace_destroy(object *o)
{
    trace *t = (trace *)o;
    vec_free(&t->watched);
    t->class->destroy(t);
}
const object_class trace_object_class = {trace_destroy};

static void release_tracer(trace *t, ct_array dying)
{
    if (unlikely(t->watched.n))
        trace_unwatch(t, dying);
    if (t->class->release_tracer)
        t->class->release_tracer(t, dying);
    object_release(t);
}

ct_array trace_tracer(trace *t, const aval *a)
{
    array_trace_release = release_tracer;
    array_concrete = core_concrete;
    ct_array tracer = array_tracer(t, a);
    if (is_poison(tracer))
        return tracer;
    object_retain(t);
    if (unlikely(core_checks.leaks) && !trace_watch(t, tracer))
        return array_poison;
    return tracer;
}

/* ---- named axes ---- */
_Thread_local axis_frame *core_axes;

axis_frame *core_find_axis(const char *name)
{
    for (axis_frame *f = core_axes; f; f = f->outer)
        if (f->name && !strcmp(f->name, name))
            return f;
    base_fail(CT_NAME_ERROR,
              "Found an unbound axis name: %s. Collectives work inside vmap(..., axis_name='%s').",
              name, name);
    return NULL;
}

bool core_number_axis(const char *name, int64_t *number)
{
    axis_frame *f = core_find_axis(name);
    if (!f)
        return false;
    for (*number = INT64_MIN; (f = f->outer);)
        ++*number;
    return true;
}

const char *core_numbered_axis(int64_t number)
{
    int64_t depth = 0;
    for (axis_frame *f = core_axes; f; f = f->outer)
        depth++;
    for (axis_frame *f = core_axes; f; f = f->outer)
        if (number == INT64_MIN + --depth)
            return f->name;
    return NULL;
}

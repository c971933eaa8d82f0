/* custom_jvp and custom_vjp: functions that bring their own derivatives.
 *
 * A custom_call holds the user's functions for one call. Traces ask it for what they need
 * (custom.h); a staging trace writes down an equation with the traced function and the call, so
 * that later transformations still find the rules. Next: functions.c. */
#include "transform/custom.h"
#include "cotan/rules.h"
#include "ops/ops.h"
#include "transform/call.h"

bool custom_apply(custom_call *c, int64_t n, const ct_array *in, leaves *out)
{
    *out = (leaves){0};
    trace *t = core_current;
    return t ? t->class->custom(t, c, n, in, out) : c->primal(c, n, in, out);
}

static bool leaves_room(leaves *l, int64_t n)
{
    *l = (leaves){n, base_zalloc((size_t)(n + 1) * sizeof *l->at)};
    return l->at != NULL;
}

/* ---- the tangent of a custom_vjp call: an operation that can only be transposed ---- */

typedef struct params_custom_lin {
    ct_fn call;
    int64_t num_res;
} params_custom_lin;

/* Operands: residuals, the call's results (for their avals), tangents of its inputs. */
static bool custom_lin_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                                aval *out, arena *a)
{
    const params_custom_lin *p = params;
    (void)o, (void)nin, (void)a;
    for (int i = 0; i < *nout; i++) {
        out[i] = in[p->num_res + i];
        out[i].dtype = (uint8_t)dtype_tangent((ct_dtype)out[i].dtype);
    }
    return true;
}

static bool custom_lin_call(const op *o, const void *params, int nin, const ct_array *in, int nout,
                            ct_array *out)
{
    (void)o, (void)params, (void)nin, (void)in, (void)nout, (void)out;
    base_fail(CT_TYPE_ERROR, "can't apply forward-mode autodiff (jvp) to a custom_vjp function.");
    return false;
}

static bool custom_lin_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                            const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)b, (void)dims, (void)out_dims;
    return custom_lin_call(o, params, nin, in, nout, out);
}

static ct_array zero_like(const aval *a)
{
    aval t = *a;
    t.dtype = (uint8_t)dtype_tangent((ct_dtype)a->dtype);
    return t.dtype == CT_FLOAT0 ? array_like(&t) : op_full(&t, 0);
}

/* Linear in the tangents: its derivative by them is itself. Its value nobody may ask for. */
static bool custom_lin_jvp(const op *o, const void *params, int nin, const ct_array *primals,
                           const ct_array *tangents, int nout, ct_array *out,
                           ct_array *out_tangents)
{
    int first = (int)((const params_custom_lin *)params)->num_res + nout;
    ct_array *in = base_alloc((size_t)(nin + 1) * sizeof *in);
    bool good = in != NULL;
    for (int i = 0; i < nin && good; i++) {
        if (i < first && tangents[i])
            good = custom_lin_call(o, params, nin, primals, nout, out);
        in[i] = i < first ? primals[i] : tangents[i] ? tangents[i] : zero_like(&primals[i]->aval);
        good = good && !is_poison(in[i]);
    }
    if (good) {
        core_bind(o, params, nin, primals, nout, out);
        good = values_good(nout, out);
    }
    if (good) {
        core_bind(o, params, nin, in, nout, out_tangents);
        good = values_good(nout, out_tangents);
    }
    base_free(in);
    return good;
}

static bool custom_lin_transpose(const op *o, const void *params, int nin, const ct_array *in,
                                 const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    const params_custom_lin *p = params;
    custom_call *c = (custom_call *)p->call;
    (void)o;
    int first = (int)p->num_res + nout;
    leaves residuals = {p->num_res, (ct_array *)(uintptr_t)in}, in_cts = {0};
    ct_array *given = base_alloc((size_t)(nout + 1) * sizeof *given);
    bool good = given != NULL;
    for (int i = 0; i < nout && good; i++) {
        given[i] = cts[i] || c->symbolic ? cts[i] : zero_like(&in_avals[p->num_res + i]);
        if (given[i])
            given[i] = stage_known(given[i]); /* a number in equations, not a constant */
        good = !given[i] || !is_poison(given[i]);
    }
    good = good && c->backward(c, &residuals, nout, given, &in_cts);
    if (good && in_cts.n != nin - first) {
        base_fail(CT_TYPE_ERROR,
                  "the backward function of custom_vjp must return one cotangent for each of the "
                  "%d inputs, but returned %lld",
                  nin - first, (long long)in_cts.n);
        good = false;
    }
    for (int i = first; i < nin && good; i++)
        out[i] = in[i] || (in_cts.at[i - first] && is_zero(in_cts.at[i - first]))
                     ? NULL
                     : in_cts.at[i - first];
    leaves_free(&in_cts);
    base_free(given);
    return good;
}

static const param_field custom_lin_fields[] = {
    {"call", PARAM_FN, offsetof(params_custom_lin, call)},
    {"num_res", PARAM_INT, offsetof(params_custom_lin, num_res)},
};
const op op_row_custom_lin = {
    .name = "custom_lin",
    .flags = OP_MULTIPLE | OP_PASSES_REFS,
    .code = OP_custom_lin,
    .operands = ANY_OPERANDS,
    .fields = custom_lin_fields,
    .nfields = 2,
    .params_size = sizeof(params_custom_lin),
    .abstract = custom_lin_abstract,
    .call = custom_lin_call,
    .jvp = custom_lin_jvp,
    .transpose = custom_lin_transpose,
    .vmap = custom_lin_vmap,
};

/* ---- derivatives of a call ---- */

static bool forward_by_jvp(custom_call *c, int64_t n, const ct_array *primals,
                           const ct_array *tangents, leaves *out, leaves *out_tangents)
{
    if (!c->jvp(c, n, primals, tangents, out, out_tangents))
        return false;
    for (int64_t i = 0; i < out->n; i++) {
        ct_array tangent = out_tangents->at[i];
        if (!tangent)
            continue;
        aval want = out->at[i]->aval;
        want.dtype = (uint8_t)dtype_tangent((ct_dtype)want.dtype);
        if (want.dtype == CT_FLOAT0 || is_zero(tangent)) {
            out_tangents->at[i] = NULL;
        } else if (want.dtype != tangent->aval.dtype ||
                   !ints_equal(aval_shape(&want), aval_shape(&tangent->aval))) {
            text message = {0};
            text_add(&message, "Custom JVP rule must produce primal and tangent outputs with "
                               "corresponding shapes and dtypes. Expected ");
            aval_text(&message, &want, false);
            text_add(&message, " (tangent type of ");
            aval_text(&message, &out->at[i]->aval, false);
            text_add(&message, ") but got ");
            aval_text(&message, &tangent->aval, false);
            text_add(&message, ".");
            char *s = text_end(&message);
            base_fail(CT_TYPE_ERROR, "%s", s ? s : "mismatch");
            base_free(s);
            return false;
        }
    }
    return true;
}

static bool forward_by_vjp(custom_call *c, int64_t n, const ct_array *primals,
                           const ct_array *tangents, const bool *perturbed, leaves *out,
                           leaves *out_tangents)
{
    leaves residuals = {0};
    if (!c->forward(c, n, primals, perturbed, out, &residuals))
        return false;
    int64_t total = residuals.n + out->n + n;
    ct_array *in = base_alloc((size_t)(total + 1) * sizeof *in);
    bool good = in && leaves_room(out_tangents, out->n);
    if (good) {
        memcpy(in, residuals.at, (size_t)residuals.n * sizeof *in);
        memcpy(in + residuals.n, out->at, (size_t)out->n * sizeof *in);
        memcpy(in + residuals.n + out->n, tangents, (size_t)n * sizeof *in);
        params_custom_lin p = {&c->head, residuals.n};
        core_bind(&op_row_custom_lin, &p, (int)total, in, (int)out->n, out_tangents->at);
        good = values_good(out->n, out_tangents->at);
        for (int64_t i = 0; i < out->n && good; i++)
            if (out_tangents->at[i]->aval.dtype == CT_FLOAT0) /* of an integer: there is none */
                out_tangents->at[i] = NULL;
    }
    base_free(in);
    leaves_free(&residuals);
    return good;
}

bool custom_forward(custom_call *c, int64_t n, const ct_array *primals, const ct_array *tangents,
                    leaves *out, leaves *out_tangents)
{
    ct_array *all = base_alloc((size_t)(n + 1) * sizeof *all);
    bool *perturbed = base_alloc((size_t)n + 1);
    bool good = all && perturbed;
    for (int64_t i = 0; i < n && good; i++) {
        perturbed[i] = tangents[i] != NULL;
        bool stays = perturbed[i] || (c->symbolic && !c->reverse);
        all[i] = stays                  ? tangents[i]
                 : primals[i]->aval.ref ? array_like(&(aval){.dtype = CT_FLOAT0})
                                        : zero_tangent(primals[i]);
        good = !all[i] || !is_poison(all[i]);
    }
    if (good)
        good = c->reverse ? forward_by_vjp(c, n, primals, all, perturbed, out, out_tangents)
                          : forward_by_jvp(c, n, primals, all, out, out_tangents);
    base_free(all);
    base_free(perturbed);
    return good;
}

/* ---- equations ---- */

/* The strings are there to be printed. */
typedef struct params_custom {
    jaxpr *call_jaxpr;
    ct_fn call;
    int64_t num_consts;
    const char *name, *rule, *backward;
    bool symbolic_zeros;
} params_custom;
#define CUSTOM_FIELD(name, kind, member)                                                           \
    {                                                                                              \
        name, PARAM_##kind, offsetof(params_custom, member)                                        \
    }
static const param_field custom_jvp_call_fields[] = {
    CUSTOM_FIELD("call_jaxpr", JAXPR, call_jaxpr),
    CUSTOM_FIELD("jvp", LABEL, rule),
    CUSTOM_FIELD("jvp_jaxpr_fun", RULE, call),
    CUSTOM_FIELD("name", LABEL, name),
    CUSTOM_FIELD("num_consts", INT, num_consts),
    CUSTOM_FIELD("symbolic_zeros", BOOL, symbolic_zeros),
};
static const param_field custom_vjp_call_fields[] = {
    CUSTOM_FIELD("bwd", LABEL, backward),
    CUSTOM_FIELD("bwd", RULE, call),
    CUSTOM_FIELD("call_jaxpr", JAXPR, call_jaxpr),
    CUSTOM_FIELD("fwd", LABEL, rule),
    CUSTOM_FIELD("fwd_jaxpr_thunk", RULE, call),
    CUSTOM_FIELD("name", LABEL, name),
    CUSTOM_FIELD("num_consts", INT, num_consts),
    {"out_trees", PARAM_SILENT, SILENT_NONE},
    CUSTOM_FIELD("symbolic_zeros", BOOL, symbolic_zeros),
};

static void custom_label(void *params)
{
    params_custom *p = params;
    const custom_call *c = (const custom_call *)p->call;
    p->name = c ? fn_name(p->call) : NULL;
    p->rule = c ? c->rule : NULL;
    p->backward = c ? c->backward_rule : NULL;
}

static params_custom params_of(custom_call *c, jaxpr *j, int64_t num_consts)
{
    params_custom p = {
        .call_jaxpr = j, .call = &c->head, .num_consts = num_consts, .symbolic_zeros = c->symbolic};
    custom_label(&p);
    return p;
}

static bool stage_primal(void *env, int64_t n, const ct_array *in, leaves *out)
{
    return ((custom_call *)env)->primal(env, n, in, out);
}

bool custom_stage(custom_call *c, stage_trace *t, int64_t n, const ct_array *in, leaves *out)
{
    aval *avals = base_alloc((size_t)(n + 1) * sizeof *avals);
    for (int64_t i = 0; i < n && avals; i++)
        avals[i] = in[i]->aval;
    const char *name = fn_name(&c->head);
    jaxpr *closed = avals ? transform_stage((flat){stage_primal, c, name,
                                                   c->reverse ? "custom_vjp fun" : "custom_jvp fun",
                                                   &c->head, c->in_def},
                                            n, avals, name)
                          : NULL;
    base_free(avals);
    jaxpr *j = closed ? jaxpr_consts_to_inputs(closed) : NULL;
    int total = j ? j->nin : 0;
    ct_array *all = base_alloc((size_t)(total + 1) * sizeof *all);
    aval *out_avals = base_alloc((size_t)(j ? j->nout + 1 : 1) * sizeof *out_avals);
    bool good = j && all && out_avals && leaves_room(out, j->nout);
    if (good) {
        memcpy(all, closed->consts, (size_t)closed->nconsts * sizeof *all);
        memcpy(all + closed->nconsts, in, (size_t)n * sizeof *all);
        for (int i = 0; i < j->nout; i++)
            out_avals[i] = *atom_aval(&j->out[i]);
        params_custom p = params_of(c, j, closed->nconsts);
        good = stage_record(t, c->reverse ? &op_row_custom_vjp_call : &op_row_custom_jvp_call, &p,
                            total, all, j->nout, out_avals, out->at);
    }
    base_free(all);
    base_free(out_avals);
    object_release(j);
    object_release(closed);
    return good;
}

static bool custom_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                            aval *out, arena *a)
{
    const jaxpr *j = ((const params_custom *)params)->call_jaxpr;
    (void)o, (void)nin, (void)in, (void)a;
    *nout = j->nout;
    for (int i = 0; i < j->nout; i++)
        out[i] = *atom_aval(&j->out[i]);
    return true;
}

static bool custom_call_eval(const op *o, const void *params, int nin, const ct_array *in, int nout,
                             ct_array *out)
{
    (void)o;
    return jaxpr_eval(((const params_custom *)params)->call_jaxpr, nin, in, nout, out);
}

/* The derivative of an equation: t is NULL in forward mode. */
static bool custom_eqn_forward(linearize_trace *t, const params_custom *p, int nin,
                               const ct_array *primals, const ct_array *tangents, int nout,
                               ct_array *out, ct_array *out_tangents)
{
    leaves results = {0}, result_tangents = {0};
    int k = (int)p->num_consts;
    custom_call *c = (custom_call *)p->call;
    bool good =
        (t ? linearize_custom(t, c, nin - k, primals + k, tangents + k, &results, &result_tangents)
           : custom_forward(c, nin - k, primals + k, tangents + k, &results, &result_tangents)) &&
        results.n == nout;
    for (int i = 0; i < nout && good; i++) {
        out[i] = results.at[i];
        out_tangents[i] = result_tangents.at[i];
    }
    leaves_free(&results);
    leaves_free(&result_tangents);
    return good;
}

static bool custom_eqn_jvp(const op *o, const void *params, int nin, const ct_array *primals,
                           const ct_array *tangents, int nout, ct_array *out,
                           ct_array *out_tangents)
{
    (void)o;
    return custom_eqn_forward(NULL, params, nin, primals, tangents, nout, out, out_tangents);
}

static bool custom_eqn_linearize(const op *o, const void *params, linearize_trace *t, int nin,
                                 const ct_array *primals, const ct_array *tangents, int nout,
                                 ct_array *out, ct_array *out_tangents)
{
    (void)o;
    return custom_eqn_forward(t, params, nin, primals, tangents, nout, out, out_tangents);
}

static bool custom_eqn_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                            const int *dims, int nout, ct_array *out, int *out_dims)
{
    const params_custom *p = params;
    int k = (int)p->num_consts;
    bool *flags = base_alloc((size_t)(nin + nout + 1));
    ct_array *values = base_alloc((size_t)(nin + 1) * sizeof *values);
    int *front = base_alloc((size_t)(nin + 1) * sizeof *front);
    bool good = flags && values && front;
    for (int i = 0; i < nin && good; i++) {
        flags[i] = dims[i] != NOT_MAPPED;
        front[i] = flags[i] ? 0 : NOT_MAPPED;
        good = !is_poison(values[i] = flags[i] ? batch_front(in[i], dims[i], b.size) : in[i]);
    }
    custom_call *mapped =
        good ? custom_batched((custom_call *)p->call, b, nin - k, front + k) : NULL;
    if (mapped)
        memset(flags + nin, 1, (size_t)nout);
    jaxpr *j = mapped ? jaxpr_vmap(p->call_jaxpr, b, flags, flags + nin) : NULL;
    good = j != NULL;
    if (good) {
        params_custom q = params_of(mapped, j, p->num_consts);
        core_bind(o, &q, nin, values, nout, out);
    }
    for (int i = 0; i < nout && good; i++) {
        out_dims[i] = 0;
        good = !is_poison(out[i]);
    }
    base_free(flags);
    base_free(values);
    base_free(front);
    return good;
}

/* A linear function may be called so too; what is transposed has no rule left to obey. */
static bool custom_eqn_transpose(const op *o, const void *params, int nin, const ct_array *in,
                                 const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)o;
    const params_custom *p = params;
    return call_transpose(&op_row_jit, &(params_call){.jaxpr = p->call_jaxpr, .name = p->name}, nin,
                          in, in_avals, nout, cts, out);
}

#define CUSTOM_CALL(name_)                                                                         \
    const op op_row_##name_ = {                                                                    \
        .name = #name_,                                                                            \
        .flags = OP_MULTIPLE | OP_CALL,                                                            \
        .code = OP_##name_,                                                                        \
        .operands = ANY_OPERANDS,                                                                  \
        .fields = name_##_fields,                                                                  \
        .nfields = countof(name_##_fields),                                                        \
        .params_size = sizeof(params_custom),                                                      \
        .label = custom_label,                                                                     \
        .abstract = custom_abstract,                                                               \
        .fits = custom_fits,                                                                       \
        .call = custom_call_eval,                                                                  \
        .jvp = custom_eqn_jvp,                                                                     \
        .linearize = custom_eqn_linearize,                                                         \
        .transpose = custom_eqn_transpose,                                                         \
        .vmap = custom_eqn_vmap,                                                                   \
    };
CUSTOM_CALL(custom_jvp_call)
CUSTOM_CALL(custom_vjp_call)

/* ---- the batched call ---- */

typedef struct batched_call {
    custom_call call;
    custom_call *inner;
    batch b;
    int64_t n;
    int *dims;
} batched_call;

/* Calls f mapped; dims has nin entries. */
static bool mapped_run(const batched_call *m, flat f, int64_t nin, const ct_array *in,
                       const int *dims, leaves *out)
{
    return transform_vmap(f, m->b, nin, in, dims, NULL, NULL, out);
}

static bool batched_primal(custom_call *c, int64_t n, const ct_array *in, leaves *out)
{
    const batched_call *m = (batched_call *)c;
    return mapped_run(m, (flat){stage_primal, m->inner, "custom"}, n, in, m->dims, out);
}

/* Leaves in pairs of lists as one: what the inner jvp and forward return, and how to part them
 * again. Symbolic zeros stay out of the list of operands. */
typedef struct paired {
    custom_call *c;
    int64_t first;
    int64_t n;         /* values that may be missing */
    const bool *there; /* which are not; of forward: which are perturbed */
} paired;

/* The values that are not missing move up; the axes of those that do. */
static int64_t pack(int64_t n, const ct_array *values, const int *dims, bool *there, ct_array *in,
                    int *in_dims)
{
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++) {
        there[i] = values[i] != NULL;
        if (!there[i])
            continue;
        in[count] = values[i];
        in_dims[count++] = dims ? dims[i] : 0;
    }
    return count;
}

static ct_array *unpack(const paired *p, const ct_array *in)
{
    ct_array *values = base_alloc((size_t)(p->n + 1) * sizeof *values);
    for (int64_t i = 0; i < p->n && values; i++)
        values[i] = p->there[i] ? *in++ : NULL;
    return values;
}

static bool join(leaves *a, leaves *b, leaves *out, int64_t *first)
{
    *first = a->n;
    bool good = leaves_room(out, a->n + b->n);
    if (good) {
        memcpy(out->at, a->at, (size_t)a->n * sizeof *out->at);
        memcpy(out->at + a->n, b->at, (size_t)b->n * sizeof *out->at);
    }
    leaves_free(a);
    leaves_free(b);
    return good;
}

static bool part(leaves *all, int64_t first, leaves *a, leaves *b)
{
    bool good = leaves_room(a, first) && leaves_room(b, all->n - first);
    if (good) {
        memcpy(a->at, all->at, (size_t)first * sizeof *a->at);
        memcpy(b->at, all->at + first, (size_t)(all->n - first) * sizeof *b->at);
    }
    leaves_free(all);
    return good;
}

static bool paired_jvp(void *env, int64_t n, const ct_array *in, leaves *out)
{
    paired *p = env;
    leaves a = {0}, b = {0};
    (void)n;
    ct_array *tangents = unpack(p, in + p->n);
    bool good = tangents && p->c->jvp(p->c, p->n, in, tangents, &a, &b);
    for (int64_t i = 0; i < b.n && good; i++)
        if (!b.at[i] || is_zero(b.at[i]))
            good = !is_poison(b.at[i] = zero_tangent(a.at[i]));
    base_free(tangents);
    if (good)
        return join(&a, &b, out, &p->first);
    leaves_free(&a);
    leaves_free(&b);
    return false;
}

static bool batched_jvp(custom_call *c, int64_t n, const ct_array *primals,
                        const ct_array *tangents, leaves *out, leaves *out_tangents)
{
    const batched_call *m = (batched_call *)c;
    ct_array *in = base_alloc((size_t)(2 * n + 1) * sizeof *in);
    int *dims = base_alloc((size_t)(2 * n + 1) * sizeof *dims);
    bool *there = base_alloc((size_t)n + 1);
    paired p = {.c = m->inner, .n = n, .there = there};
    leaves all = {0};
    bool good = in && dims && there;
    if (good) {
        memcpy(in, primals, (size_t)n * sizeof *in);
        memcpy(dims, m->dims, (size_t)n * sizeof *dims);
        int64_t count = n + pack(n, tangents, m->dims, there, in + n, dims + n);
        good = mapped_run(m, (flat){paired_jvp, &p, "jvp"}, count, in, dims, &all) &&
               part(&all, p.first, out, out_tangents);
    }
    base_free(in);
    base_free(dims);
    base_free(there);
    return good;
}

static bool paired_forward(void *env, int64_t n, const ct_array *in, leaves *out)
{
    paired *p = env;
    leaves a = {0}, b = {0};
    return p->c->forward(p->c, n, in, p->there, &a, &b) && join(&a, &b, out, &p->first);
}

static bool batched_forward(custom_call *c, int64_t n, const ct_array *in, const bool *perturbed,
                            leaves *out, leaves *residuals)
{
    const batched_call *m = (batched_call *)c;
    paired p = {.c = m->inner, .n = n, .there = perturbed};
    leaves all = {0};
    return mapped_run(m, (flat){paired_forward, &p, "forward"}, n, in, m->dims, &all) &&
           part(&all, p.first, out, residuals);
}

static bool paired_backward(void *env, int64_t n, const ct_array *in, leaves *out)
{
    paired *p = env;
    leaves residuals = {p->first, (ct_array *)(uintptr_t)in};
    (void)n;
    ct_array *cts = unpack(p, in + p->first);
    bool good = cts && p->c->backward(p->c, &residuals, p->n, cts, out);
    for (int64_t i = 0; i < out->n && good;
         i++) /* zero cotangents have no leaf: as scalars they are dropped again below */
        if (!out->at[i] || is_zero(out->at[i]))
            out->at[i] = array_scalar(CT_BOOL, false, 0);
    base_free(cts);
    return good;
}

static bool batched_backward(custom_call *c, const leaves *residuals, int64_t nout,
                             const ct_array *cts, leaves *in_cts)
{
    const batched_call *m = (batched_call *)c;
    int64_t first = residuals->n;
    ct_array *in = base_alloc((size_t)(first + nout + 1) * sizeof *in);
    int *dims = base_zalloc((size_t)(first + nout + 1) * sizeof *dims);
    bool *there = base_alloc((size_t)nout + 1);
    paired p = {.c = m->inner, .first = first, .n = nout, .there = there};
    bool good = in && dims && there;
    if (good) {
        memcpy(in, residuals->at, (size_t)first * sizeof *in);
        int64_t n = first + pack(nout, cts, NULL, there, in + first, dims + first);
        good = mapped_run(m, (flat){paired_backward, &p, "backward"}, n, in, dims, in_cts);
    }
    for (int64_t i = 0; i < in_cts->n && i < m->n && good; i++) {
        ct_array ct = in_cts->at[i];
        if (ct->aval.dtype == CT_BOOL)
            in_cts->at[i] = NULL;
        else
            good = !is_poison(in_cts->at[i] = m->dims[i] == NOT_MAPPED
                                                  ? op_reduce_sum(ct, I(0))
                                                  : op_moveaxis(ct, 0, m->dims[i]));
    }
    base_free(in);
    base_free(dims);
    base_free(there);
    return good;
}

static ct_fn batched_of(ct_fn f) { return &((batched_call *)f)->inner->head; }

static void batched_destroy(ct_fn f)
{
    object_release(((batched_call *)f)->inner);
    object_release(((batched_call *)f)->b.again);
    base_free(((batched_call *)f)->dims);
}

static const fn_class batched_class = {.of = batched_of, .destroy = batched_destroy};

custom_call *custom_batched(custom_call *c, batch b, int64_t n, const int *dims)
{
    batched_call *m = (batched_call *)fn_new(&batched_class, sizeof *m);
    if (!m)
        return NULL;
    object_retain(c);
    m->inner = c;
    if (b.again)
        object_retain(b.again);
    m->b = b;
    m->n = n;
    m->dims = base_alloc((size_t)(n + 1) * sizeof *m->dims);
    if (!m->dims)
        return NULL;
    memcpy(m->dims, dims, (size_t)n * sizeof *dims);
    m->call.reverse = c->reverse;
    m->call.symbolic = c->symbolic;
    m->call.rule = c->rule;
    m->call.backward_rule = c->backward_rule;
    m->call.primal = batched_primal;
    m->call.jvp = batched_jvp;
    m->call.forward = batched_forward;
    m->call.backward = batched_backward;
    return &m->call;
}

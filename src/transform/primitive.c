/* Primitives that a C program makes: rows made at run time, whose rules are the caller's functions
 * on lists of values. */
#include "cotan/primitive.h"
#include "ops/ops.h"
#include "transform/transform.h"

typedef struct open_op {
    op row; /* what the library sees */
    ct_rules rules;
    param_field fields[];
} open_op;

static const ct_rules *rules_of(const op *o) { return &((const open_op *)o)->rules; }

/* ---- types ---- */

static bool to_type(const op *o, const aval *a, ct_type *out)
{
    if (a->ndim > CT_MOST_AXES) {
        base_fail(CT_VALUE_ERROR, "%s takes values of up to %d axes, but got %d", o->name,
                  CT_MOST_AXES, a->ndim);
        return false;
    }
    *out = (ct_type){.dtype = (ct_dtype)a->dtype, .weak_type = a->weak, .ndim = a->ndim};
    if (a->ndim)
        memcpy(out->shape, a->shape, (size_t)a->ndim * sizeof *a->shape);
    return true;
}

static bool to_types(const op *o, int n, const aval *in, ct_type *out)
{
    bool good = true;
    for (int i = 0; i < n && good; i++)
        good = to_type(o, &in[i], &out[i]);
    return good;
}

static bool to_aval(const op *o, const ct_type *t, aval *out, arena *a)
{
    bool good = t->dtype > CT_NO_DTYPE && t->dtype < CT_DTYPE_COUNT && t->ndim >= 0 &&
                t->ndim <= CT_MOST_AXES;
    for (int k = 0; k < t->ndim && good; k++)
        good = t->shape[k] >= 0;
    if (!good) {
        base_fail(CT_TYPE_ERROR, "the types rule of %s gave a dtype or a shape that there is not",
                  o->name);
        return false;
    }
    *out = (aval){.dtype = (uint8_t)t->dtype, .weak = t->weak_type, .ndim = t->ndim};
    out->shape = arena_copy(a, t->shape, (size_t)t->ndim * sizeof *t->shape);
    return out->shape != NULL;
}

static bool open_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                          aval *out, arena *a)
{
    const ct_rules *r = rules_of(o);
    if (*nout < r->results || (!r->types && nin < 1)) {
        base_fail(CT_TYPE_ERROR, "%s has %d results, and without a types rule the first operand's",
                  o->name, r->results);
        return false;
    }
    *nout = r->results;
    ct_type *types = arena_alloc(a, (size_t)(nin + r->results) * sizeof *types),
            *made = types + nin;
    if (!types || !to_types(o, nin, in, types))
        return false;
    for (int i = 0; i < r->results; i++)
        made[i] = nin ? types[0] : (ct_type){.dtype = CT_FLOAT32};
    bool good = !r->types || r->types(params, nin, types, made);
    for (int i = 0; i < r->results && good; i++)
        good = to_aval(o, &made[i], &out[i], a);
    return good;
}

/* ---- values ---- */

/* What a rule filled in: values, or NULL where they may be zero. */
static bool check_filled(const op *o, const char *rule, int n, const ct_array *out, bool zeros)
{
    for (int i = 0; i < n; i++)
        if (out[i] ? is_poison(out[i]) : !zeros) {
            if (ct_ok())
                base_fail(CT_TYPE_ERROR, "the %s rule of %s left result %d empty", rule, o->name,
                          i);
            return false;
        }
    return true;
}

static bool missing(const op *o, const char *what)
{
    base_fail(CT_NOT_IMPLEMENTED_ERROR, "%s for '%s' not implemented", what, o->name);
    return false;
}

static bool check_types(const op *o, const void *params, int nin, const ct_array *in, int nout,
                        const ct_array *out)
{
    arena memory = {0};
    aval *avals = arena_alloc(&memory, (size_t)(nin + nout + 1) * sizeof *avals);
    bool good = avals != NULL;
    for (int i = 0; i < nin && good; i++)
        avals[i] = in[i]->aval;
    int n = nout;
    good = good && open_abstract(o, params, nin, avals, &n, avals + nin, &memory);
    for (int i = 0; i < nout && good; i++) {
        good = is_array(out[i]) && aval_equal(&avals[nin + i], &out[i]->aval, false);
        if (!good)
            base_fail(CT_TYPE_ERROR, "result %d of %s is not of the type that its types rule gives",
                      i, o->name);
    }
    arena_free(&memory);
    return good;
}

/* Results of the rule in the enclosing scope. */
static bool keep(ct_scope scope, bool good, int n, ct_array *a, ct_array *b)
{
    leaves first = {n, a}, second = {b ? n : 0, b};
    if (good)
        leaves_keep(scope, &first, b ? &second : NULL);
    else
        scope_end(scope, NULL);
    return good;
}

static bool open_call(const op *o, const void *params, int nin, const ct_array *in, int nout,
                      ct_array *out)
{
    const ct_rules *r = rules_of(o);
    ct_scope scope = ct_begin();
    memset(out, 0, (size_t)nout * sizeof *out);
    bool good = (r->evaluate ? r->evaluate : r->lower)(params, nin, in, out) &&
                check_filled(o, "evaluation", nout, out, false) &&
                check_types(o, params, nin, in, nout, out);
    return keep(scope, good, nout, out, NULL);
}

static bool open_jvp(const op *o, const void *params, int nin, const ct_array *primals,
                     const ct_array *tangents, int nout, ct_array *out, ct_array *out_tangents)
{
    const ct_rules *r = rules_of(o);
    if (!r->jvp)
        return missing(o, "Differentiation rule");
    ct_scope scope = ct_begin();
    memset(out, 0, (size_t)nout * sizeof *out);
    memset(out_tangents, 0, (size_t)nout * sizeof *out_tangents);
    bool good = r->jvp(params, nin, primals, tangents, out, out_tangents) &&
                check_filled(o, "jvp", nout, out, false) &&
                check_filled(o, "jvp", nout, out_tangents, true);
    return keep(scope, good, nout, out, out_tangents);
}

static bool open_transpose(const op *o, const void *params, int nin, const ct_array *in,
                           const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    const ct_rules *r = rules_of(o);
    (void)nout;
    if (!r->transpose)
        return missing(o, "Transpose rule (for reverse-mode differentiation)");
    ct_type *types = base_alloc((size_t)(nin + 1) * sizeof *types);
    ct_scope scope = ct_begin();
    memset(out, 0, (size_t)nin * sizeof *out);
    bool good = types && to_types(o, nin, in_avals, types) &&
                r->transpose(params, nin, in, types, cts, out) &&
                check_filled(o, "transpose", nin, out, true);
    for (int i = 0; i < nin; i++)
        out[i] = in[i] ? NULL : out[i];
    base_free(types);
    return keep(scope, good, nin, out, NULL);
}

static bool open_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                      const int *dims, int nout, ct_array *out, int *out_dims)
{
    const ct_rules *r = rules_of(o);
    if (!r->vmap)
        return missing(o, "Batching rule");
    ct_scope scope = ct_begin();
    memset(out, 0, (size_t)nout * sizeof *out);
    for (int i = 0; i < nout; i++)
        out_dims[i] = 0;
    bool good = r->vmap(params, b.size, nin, in, dims, out, out_dims) &&
                check_filled(o, "vmap", nout, out, false);
    for (int i = 0; i < nout && good; i++) {
        const aval *a = &out[i]->aval;
        good = out_dims[i] == NOT_MAPPED ||
               (out_dims[i] >= 0 && out_dims[i] < a->ndim && a->shape[out_dims[i]] == b.size);
        if (!good)
            base_fail(CT_VALUE_ERROR,
                      "the vmap rule of %s says axis %d, which is not the mapped one", o->name,
                      out_dims[i]);
    }
    return keep(scope, good, nout, out, NULL);
}

/* ---- its program ---- */

typedef struct lowering {
    const op *o;
    const void *params;
} lowering;

static bool run_lower(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    const lowering *l = env;
    const ct_rules *r = rules_of(l->o);
    *out = (leaves){r->results, base_zalloc((size_t)(r->results + 1) * sizeof *out->at)};
    return out->at && r->lower(l->params, (int)nin, in, out->at) &&
           check_filled(l->o, "lower", r->results, out->at, false);
}

static jaxpr *open_lower(const op *o, const void *params, int nin, const aval *in)
{
    if (!rules_of(o)->lower)
        return NULL;
    return transform_stage((flat){run_lower, &(lowering){o, params}, o->name}, nin, in, o->name);
}

/* ---- making and binding ---- */

static bool acceptable(const ct_rules *r)
{
    if (r && r->name && (r->evaluate || r->lower) && r->operands >= 0 && r->operands < INT8_MAX &&
        r->results >= 0 && r->nfields >= 0 && (!r->nfields || r->fields))
        return true;
    base_fail(CT_VALUE_ERROR, "a primitive needs a name, and a rule to evaluate or to lower it");
    return false;
}

ct_primitive ct_primitive_new(const ct_rules *rules)
{
    static const uint8_t kinds[] = {[CT_FIELD_INT] = PARAM_INT,
                                    [CT_FIELD_BOOL] = PARAM_BOOL,
                                    [CT_FIELD_FLOAT] = PARAM_FLOAT,
                                    [CT_FIELD_STRING] = PARAM_STRING};
    static _Atomic int count;
    if (!acceptable(rules))
        return NULL;
    size_t fields = (size_t)rules->nfields * sizeof(param_field), name = strlen(rules->name) + 1;
    open_op *p = base_zalloc(sizeof *p + fields + name);
    if (!p)
        return NULL;
    for (int i = 0; i < rules->nfields; i++) {
        const ct_field *f = &rules->fields[i];
        p->fields[i] = (param_field){f->name, kinds[f->kind], (uint16_t)f->offset};
    }
    char *copy = (char *)(p->fields + rules->nfields);
    memcpy(copy, rules->name, name);
    p->rules = *rules;
    p->rules.results = rules->results ? rules->results : 1;
    p->row = (op){.name = copy,
                  .flags = p->rules.results > 1 ? OP_MULTIPLE : 0,
                  .code = OP_COUNT + 1 + count++,
                  .operands = rules->operands ? (int8_t)rules->operands : ANY_OPERANDS,
                  .fields = p->fields,
                  .nfields = rules->nfields,
                  .params_size = rules->params_size,
                  .abstract = open_abstract,
                  .call = open_call,
                  .jvp = open_jvp,
                  .transpose = open_transpose,
                  .vmap = open_vmap,
                  .lower = open_lower};
    return &p->row;
}

bool ct_bind_all(ct_primitive p, const void *params, int n, const ct_array *in, ct_array *out)
{
    if (!p)
        return false;
    int nout = rules_of(p)->results;
    arena memory = {0};
    aval *avals = arena_alloc(&memory, (size_t)(n + nout + 1) * sizeof *avals);
    bool good = avals != NULL, poison = false;
    for (int i = 0; i < n && good; i++) {
        poison = poison || is_poison(in[i]);
        avals[i] = in[i]->aval;
    }
    int count = nout;
    good = good && (poison || core_result_types(p, params, n, avals, &count, avals + n, &memory));
    arena_free(&memory);
    if (good) {
        core_bind(p, params, n, in, nout, out);
        return values_good(nout, out);
    }
    for (int i = 0; i < nout; i++)
        out[i] = array_poison;
    return false;
}

ct_tree ct_bind_(ct_primitive p, const void *params, int n, const ct_array *in)
{
    int nout = p ? rules_of(p)->results : 0;
    ct_array *out = base_alloc((size_t)(nout + 1) * sizeof *out);
    ct_tree result = array_poison;
    if (p && out && ct_bind_all(p, params, n, in, out))
        result = nout == 1 ? out[0] : ct_tuple_(nout, out);
    base_free(out);
    return result;
}

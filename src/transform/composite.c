/* composite: a call of a program under a name, by which another compiler may know a better one. */
#include "cotan/rules.h"
#include "ops/ops.h"
#include "transform/call.h"

typedef struct params_composite {
    host_object attributes;
    jaxpr *jaxpr;
    const char *name;
    int64_t version;
} params_composite;
static const param_field composite_fields[] = {
    {"attributes", PARAM_HOST, offsetof(params_composite, attributes)},
    {"jaxpr", PARAM_JAXPR, offsetof(params_composite, jaxpr)},
    {"name", PARAM_STRING, offsetof(params_composite, name)},
    {"version", PARAM_INT, offsetof(params_composite, version)},
};

/* What the name stands for has no derivative that anybody could know by it. */
static bool composite_jvp(const op *o, const void *params, int nin, const ct_array *primals,
                          const ct_array *tangents, int nout, ct_array *out, ct_array *out_tangents)
{
    (void)params, (void)nin, (void)primals, (void)tangents, (void)nout, (void)out,
        (void)out_tangents;
    base_fail(CT_VALUE_ERROR,
              "JVP rule for %s not implemented. You can use `jax.custom_jvp` to add support. See "
              "https://docs.jax.dev/en/latest/_autosummary/jax.custom_jvp.html",
              o->name);
    return false;
}

const op op_row_composite = {
    .name = "composite",
    .flags = OP_MULTIPLE | OP_CALL,
    .code = OP_composite,
    .operands = ANY_OPERANDS,
    .fits = call_fits,
    .fields = composite_fields,
    .nfields = countof(composite_fields),
    .params_size = sizeof(params_composite),
    .abstract = call_abstract,
    .call = call_run,
    .jvp = composite_jvp,
};

static bool closes_over_tracer(const jaxpr *j)
{
    for (int i = 0; i < j->nconsts; i++)
        if (is_tracer(j->consts[i])) {
            base_fail(CT_UNEXPECTED_TRACER_ERROR,
                      "the function of a composite closes over a traced "
                      "value; pass it as an argument");
            return true;
        }
    return false;
}

/* The program of f on leaves of these types, bound as a composite. */
static ct_tree bind_composite(ct_fn f, const char *name, int64_t version, const treedef *in_def,
                              int64_t n, const ct_array *in)
{
    arena memory = {0};
    treedef *out_def = NULL;
    ct_tree result = array_poison;
    aval *avals = arena_alloc(&memory, (size_t)(n + 1) * sizeof *avals);
    for (int64_t i = 0; i < n && avals; i++)
        avals[i] = in[i]->aval;
    jaxpr *j = avals ? transform_stage_fn(f, "composite", in_def, n, avals, &out_def) : NULL;
    ct_array *out = j ? arena_alloc(&memory, (size_t)(j->nout + 1) * sizeof *out) : NULL;
    if (out && !closes_over_tracer(j)) {
        params_composite p = {.jaxpr = j, .name = name, .version = version};
        core_bind(&op_row_composite, &p, (int)n, in, j->nout, out);
        if (values_good(j->nout, out))
            result = tree_new(out_def, j->nout, out);
    }
    object_release(j);
    object_release(out_def);
    arena_free(&memory);
    return result;
}

ct_tree ct_composite_(ct_fn f, const char *name, int64_t version, ct_tree args)
{
    if (!f || !args || is_poison(args))
        return array_poison;
    ct_scope scope = ct_begin();
    int64_t count = ct_len(args), n = 0;
    ct_tree *items = base_alloc((size_t)(count + 1) * sizeof *items), result = array_poison;
    ct_array *in = NULL;
    for (int64_t i = 0; i < count && items; i++)
        items[i] = ct_at(args, i);
    treedef *in_def = items ? fn_pack(count, items, &n, &in) : NULL;
    if (in_def)
        result = bind_composite(f, name, version, in_def, n, in);
    object_release(in_def);
    base_free(in);
    base_free(items);
    return ct_end_(scope, result);
}

/* ct_closure_convert: a function whose closed-over tracers have become arguments. */
#include "cotan/rules.h"
#include "transform/transform.h"

typedef struct converted {
    struct ct_function head;
    ct_fn f; /* for its name */
    jaxpr *j;
    treedef *in_def, *out_def;
    int64_t hoisted;
    int32_t *source; /* by constant: which hoisted value, or -1 */
} converted;

static bool converted_call(ct_fn base, const treedef *in_def, int64_t nin, const ct_array *in,
                           treedef **out_def, int64_t *nout, ct_array **out)
{
    const converted *c = (const converted *)base;
    const jaxpr *j = c->j;
    (void)in_def;
    if (nin != j->nin + c->hoisted || !jaxpr_accepts(j, j->nin, in)) {
        base_fail(CT_TYPE_ERROR,
                  "closure-converted function %s called with other arguments than its examples: it "
                  "takes %d arrays like theirs and %lld hoisted values",
                  fn_name(c->f), j->nin, (long long)c->hoisted);
        return false;
    }
    jaxpr *open = jaxpr_consts_to_inputs(j);
    ct_array *all = base_alloc((size_t)(j->nconsts + j->nin + 1) * sizeof *all);
    *out = base_alloc((size_t)(j->nout + 1) * sizeof **out);
    *nout = j->nout;
    bool good = open && all && *out;
    if (good) {
        for (int i = 0; i < j->nconsts; i++)
            all[i] = c->source[i] < 0 ? j->consts[i] : in[j->nin + c->source[i]];
        memcpy(all + j->nconsts, in, (size_t)j->nin * sizeof *all);
        good = jaxpr_eval(open, open->nin, all, j->nout, *out);
    }
    object_release(open);
    base_free(all);
    if (good) {
        *out_def = c->out_def;
        object_retain(c->out_def);
    } else {
        base_free(*out);
        *out = NULL;
    }
    return good;
}

static ct_fn converted_of(ct_fn f) { return ((converted *)f)->f; }

static void converted_destroy(ct_fn base)
{
    converted *c = (converted *)base;
    object_release(c->f);
    object_release(c->j);
    object_release(c->in_def);
    object_release(c->out_def);
    base_free(c->source);
}

static const fn_class converted_class = {
    .call = converted_call, .of = converted_of, .destroy = converted_destroy};

/* Is it, or may it become, the primal of a tangent? A mapped value is what it maps. */
static bool may_be_perturbed(ct_array a)
{
    while (is_tracer(a) && a->primal && !a->trace->class->primal_is_value)
        a = a->primal;
    return is_tracer(a) && dtype_inexact((ct_dtype)a->aval.dtype);
}

ct_fn closure_convert(ct_fn f, ct_tree examples, bool all, ct_tree *hoisted)
{
    *hoisted = array_poison;
    converted *c = f ? (converted *)fn_new(&converted_class, sizeof *c) : NULL;
    if (!c || !examples || is_poison(examples))
        return NULL;
    object_retain(f);
    c->f = f;
    int64_t args = ct_len(examples), n = 0;
    ct_tree *items = base_alloc((size_t)(args + 1) * sizeof *items);
    ct_array *in = NULL;
    for (int64_t i = 0; i < args && items; i++)
        items[i] = ct_at(examples, i);
    c->in_def = items ? fn_pack(args, items, &n, &in) : NULL;
    base_free(items);
    aval *avals = c->in_def ? base_alloc((size_t)(n + 1) * sizeof *avals) : NULL;
    for (int64_t i = 0; i < n && avals; i++)
        avals[i] = in[i]->aval;
    c->j =
        avals ? transform_stage_fn(f, "closure_convert", c->in_def, n, avals, &c->out_def) : NULL;
    base_free(avals);
    base_free(in);
    if (!c->j)
        return NULL;
    ct_tree *values = base_alloc((size_t)(c->j->nconsts + 1) * sizeof *values);
    c->source = base_alloc((size_t)(c->j->nconsts + 1) * sizeof *c->source);
    for (int i = 0; i < c->j->nconsts && values && c->source; i++) {
        bool moves = all ? is_tracer(c->j->consts[i]) : may_be_perturbed(c->j->consts[i]);
        c->source[i] = moves ? (int32_t)c->hoisted : -1;
        if (moves)
            values[c->hoisted++] = c->j->consts[i];
    }
    if (values && c->source)
        *hoisted = ct_tuple_((int)c->hoisted, values);
    base_free(values);
    return is_poison(*hoisted) ? NULL : &c->head;
}

ct_fn ct_closure_convert_(ct_fn f, ct_tree examples, ct_tree *hoisted)
{
    return closure_convert(f, examples, false, hoisted);
}

/* linear_call: a function that is linear in some of its arguments, with a transpose of its own.
 *
 * Both are traced when it is called. The operation carries both programs; its transpose is the
 * operation with the programs exchanged. */
#include "cotan/rules.h"
#include "ops/ops.h"
#include "transform/call.h"

/* Operands: residuals, then linear ones. callee maps them to the results, transpose maps
 * (residuals, cotangents of the results) to cotangents of the linear operands. */
typedef struct params_linear_call {
    jaxpr *callee;
    int64_t num_res;
    jaxpr *transpose;
} params_linear_call;
static const param_field linear_call_fields[] = {
    {"callee", PARAM_JAXPR, offsetof(params_linear_call, callee)},
    {"num_res", PARAM_INT, offsetof(params_linear_call, num_res)},
    {"transpose", PARAM_JAXPR, offsetof(params_linear_call, transpose)},
};

static bool bind_linear(const params_linear_call *p, const ct_array *res, const ct_array *linear,
                        ct_array *out)
{
    int n = p->callee->nin, k = (int)p->num_res;
    ct_array *in = base_alloc((size_t)(n + 1) * sizeof *in);
    if (!in)
        return false;
    memcpy(in, res, (size_t)k * sizeof *in);
    memcpy(in + k, linear, (size_t)(n - k) * sizeof *in);
    core_bind(&op_row_linear_call, p, n, in, p->callee->nout, out);
    base_free(in);
    return values_good(p->callee->nout, out);
}

/* The transpose takes the residuals and the results, and gives the linear operands. */
static bool linear_call_fits(const op *o, const void *params, int nin, const aval *in)
{
    const params_linear_call *p = params;
    const jaxpr *there = p->callee, *back = p->transpose;
    int64_t k = p->num_res;
    if (!call_fits(o, params, nin, in))
        return false;
    bool fits = back && k >= 0 && k <= nin && back->nin == k + there->nout &&
                back->nout == nin - k && inputs_fit(o, back, 0, (int)k, 0, in);
    for (int i = 0; i < there->nout && fits; i++)
        fits = aval_equal(atom_aval(&there->out[i]), &back->in[k + i]->aval, false);
    for (int64_t i = k; i < nin && fits; i++)
        fits = aval_equal(&in[i], atom_aval(&back->out[i - k]), false);
    if (!fits && ct_ok())
        base_fail(CT_TYPE_ERROR,
                  "%s: the programs are not the transposes of each other in their "
                  "types",
                  o->name);
    return fits;
}

static bool linear_call_jvp(const op *o, const void *params, int nin, const ct_array *primals,
                            const ct_array *tangents, int nout, ct_array *out,
                            ct_array *out_tangents)
{
    const params_linear_call *p = params;
    int k = (int)p->num_res;
    (void)o, (void)nout;
    for (int i = 0; i < k; i++)
        if (tangents[i]) {
            base_fail(CT_NOT_IMPLEMENTED_ERROR,
                      "linear_call: differentiation with respect to residual arguments");
            return false;
        }
    ct_array *linear = base_alloc((size_t)(nin + 1) * sizeof *linear);
    bool good = linear && bind_linear(p, primals, primals + k, out);
    for (int i = k; i < nin && good; i++) {
        linear[i - k] = tangents[i] ? tangents[i] : zero_tangent(primals[i]);
        good = !is_poison(linear[i - k]);
    }
    good = good && bind_linear(p, primals, linear, out_tangents);
    base_free(linear);
    return good;
}

static bool linear_call_transpose(const op *o, const void *params, int nin, const ct_array *in,
                                  const aval *in_avals, int nout, const ct_array *cts,
                                  ct_array *out)
{
    const params_linear_call *p = params, q = {p->transpose, p->num_res, p->callee};
    int k = (int)p->num_res;
    (void)o, (void)in_avals;
    ct_array *given = base_alloc((size_t)(nout + nin + 1) * sizeof *given), *results = given + nout;
    bool good = given;
    for (int i = 0; i < nout && good; i++) {
        given[i] = cts[i] ? cts[i] : op_full(atom_aval(&p->callee->out[i]), 0);
        good = !is_poison(given[i]);
    }
    for (int i = 0; i < k && good; i++)
        if (!in[i]) {
            base_fail(CT_NOT_IMPLEMENTED_ERROR,
                      "linear_call: transposition with respect to residual arguments");
            good = false;
        }
    good = good && bind_linear(&q, in, given, results);
    for (int i = k; i < nin && good; i++)
        out[i] = in[i] ? NULL : results[i - k];
    base_free(given);
    return good;
}

/* Residuals as they are, everything linear mapped: so both programs agree on what is. */
static bool linear_call_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                             const int *dims, int nout, ct_array *out, int *out_dims)
{
    const params_linear_call *p = params;
    int k = (int)p->num_res, most = nin + nout;
    bool *mapped = base_alloc((size_t)(2 * most + 2)), *out_mapped = mapped + most + 1;
    ct_array *values = base_alloc((size_t)(nin + 1) * sizeof *values);
    bool good = mapped && values;
    (void)o;
    for (int i = 0; i < most && good; i++)
        mapped[i] = i >= k || dims[i] != NOT_MAPPED;
    for (int i = 0; i < nin && good; i++)
        good = !is_poison(values[i] = mapped[i] ? batch_front(in[i], dims[i], b.size) : in[i]);
    params_linear_call q = {.num_res = k};
    if (good)
        memset(out_mapped, 1, (size_t)most + 1);
    good = good && (q.callee = jaxpr_vmap(p->callee, b, mapped, out_mapped)) &&
           (q.transpose = jaxpr_vmap(p->transpose, b, mapped, out_mapped)) &&
           bind_linear(&q, values, values + k, out);
    for (int i = 0; i < nout; i++)
        out_dims[i] = 0;
    base_free(mapped);
    base_free(values);
    return good;
}

const op op_row_linear_call = {
    .name = "linear_call",
    .flags = OP_MULTIPLE | OP_CALL,
    .code = OP_linear_call,
    .operands = ANY_OPERANDS,
    .fits = linear_call_fits,
    .fields = linear_call_fields,
    .params_size = sizeof(params_linear_call),
    .nfields = 3,
    .abstract = call_abstract,
    .call = call_run,
    .jvp = linear_call_jvp,
    .transpose = linear_call_transpose,
    .vmap = linear_call_vmap,
};

/* ---- the function ---- */

/* One of the two functions, traced on (residuals, other). */
static jaxpr *trace_part(ct_fn f, ct_tree residuals, treedef *other, int64_t n, const aval *types,
                         treedef **out_def)
{
    arena memory = {0};
    const ct_array *at;
    int64_t k = tree_leaves(&residuals, &at);
    aval *avals = arena_alloc(&memory, (size_t)(k + n + 1) * sizeof *avals);
    treedef *keywords = avals ? treedef_join((tree_node){.kind = TREE_DICT}, 0, NULL) : NULL,
            *def = keywords ? treedef_join((tree_node){.kind = TREE_TUPLE}, 3,
                                           (treedef *[]){(treedef *)(uintptr_t)tree_def(residuals),
                                                         other, keywords})
                            : NULL;
    for (int64_t i = 0; i < k + n && avals; i++)
        avals[i] = i < k ? at[i]->aval : types[i - k];
    jaxpr *j = def ? transform_stage_fn(f, "linear_call", def, k + n, avals, out_def) : NULL;
    object_release(keywords);
    object_release(def);
    arena_free(&memory);
    return j;
}

static bool closes_over_tracer(const jaxpr *j)
{
    for (int i = 0; i < j->nconsts; i++)
        if (is_tracer(j->consts[i])) {
            base_fail(CT_NOT_IMPLEMENTED_ERROR, "linear_call of a function that closes over a "
                                                "traced value; pass it among residual_args");
            return true;
        }
    return false;
}

static bool same_types(const jaxpr *back, const ct_array *linear, int64_t n)
{
    bool same = back->nout == n;
    for (int64_t i = 0; i < n && same; i++)
        same = aval_equal(atom_aval(&back->out[i]), &linear[i]->aval, false);
    if (!same)
        base_fail(CT_TYPE_ERROR, "linear_call: the transpose must give results of the types of the "
                                 "linear arguments");
    return same;
}

ct_tree ct_linear_call_(ct_fn f, ct_fn transpose, ct_tree residuals, ct_tree linear)
{
    if (!f || !transpose || !residuals || !linear || is_poison(residuals) || is_poison(linear))
        return array_poison;
    ct_scope scope = ct_begin();
    const ct_array *res, *lin;
    int64_t k = tree_leaves(&residuals, &res), n = tree_leaves(&linear, &lin);
    treedef *out_def = NULL, *back_def = NULL;
    arena memory = {0};
    aval *types = arena_alloc(&memory, (size_t)(n + 1) * sizeof *types), *out_types = NULL;
    for (int64_t i = 0; i < n && types; i++)
        types[i] = lin[i]->aval;
    jaxpr *callee = types ? trace_part(f, residuals, (treedef *)(uintptr_t)tree_def(linear), n,
                                       types, &out_def)
                          : NULL,
          *back = NULL;
    if (callee && (out_types = arena_alloc(&memory, (size_t)(callee->nout + 1) * sizeof *types))) {
        for (int i = 0; i < callee->nout; i++)
            out_types[i] = *atom_aval(&callee->out[i]);
        back = trace_part(transpose, residuals, out_def, callee->nout, out_types, &back_def);
    }
    ct_tree out = array_poison;
    ct_array *results =
        back ? arena_alloc(&memory, (size_t)(callee->nout + 1) * sizeof *results) : NULL;
    if (results && same_types(back, lin, n) && !closes_over_tracer(callee) &&
        !closes_over_tracer(back)) {
        params_linear_call p = {callee, k, back};
        if (bind_linear(&p, res, lin, results))
            out = tree_new(out_def, callee->nout, results);
    }
    object_release(callee);
    object_release(back);
    object_release(out_def);
    object_release(back_def);
    arena_free(&memory);
    return ct_end_(scope, out);
}

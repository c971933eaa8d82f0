/* select_n and clamp: choosing among operands elementwise. */
#include "ops/rules.h"

/* ---- select_n ---- */

static bool select_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                            aval *out, arena *a)
{
    (void)params, (void)a;
    const aval *which = &in[0], *cases = in + 1;
    int n = nin - 1;
    *nout = 1;
    if (n < 1)
        return base_fail(CT_TYPE_ERROR, "select must have at least one case"), false;
    *out = cases[0];
    for (int i = 1; i < n; i++) {
        if (!ints_equal(aval_shape(&cases[i]), aval_shape(&cases[0])))
            return base_fail(CT_TYPE_ERROR, "select cases must have the same shapes, got [%s, %s].",
                             SHAPE(&cases[0]), SHAPE(&cases[i])),
                   false;
        if (cases[i].dtype != cases[0].dtype)
            return base_fail(CT_TYPE_ERROR,
                             "lax.select requires arguments to have the same dtypes, got %s, %s. "
                             "(Tip: jnp.where is a similar function that does "
                             "automatic type promotion on inputs).",
                             DTYPE(&cases[0]), DTYPE(&cases[i])),
                   false;
        out->weak &= cases[i].weak;
    }
    if (which->ndim && !ints_equal(aval_shape(which), aval_shape(&cases[0])))
        return base_fail(CT_TYPE_ERROR,
                         "select `which` must be scalar or have the same shape as cases, got "
                         "`which` shape %s but case shape %s.",
                         SHAPE(which), SHAPE(&cases[0])),
               false;
    if (!dtype_is((ct_dtype)which->dtype, FAMILY_BOOL | INTEGER))
        return base_fail(CT_TYPE_ERROR, "select `which` must be boolean or integer type, got %s.",
                         DTYPE(which)),
               false;
    if (which->dtype == CT_BOOL && n > 2)
        return base_fail(CT_TYPE_ERROR, "select with boolean `which` cannot have > 2 cases."),
               false;
    (void)o;
    return true;
}

static int64_t which_at(const operand *which, int64_t i)
{
    const void *p = which->data;
    switch (dtype_table[which->aval.dtype].itemsize) {
    case 1:
        return ((const int8_t *)p)[i];
    case 2:
        return ((const int16_t *)p)[i];
    case 4:
        return ((const int32_t *)p)[i];
    default:
        return ((const int64_t *)p)[i];
    }
}

/* Any number of cases; an index outside them takes the nearest. */
static void select_many(int ncases, const operand *in, operand *out)
{
    size_t size = dtype_table[out->aval.dtype].itemsize;
    int64_t n = shape_size(out->aval.ndim, out->aval.shape), step = in[0].aval.ndim ? 1 : 0;
    for (int64_t i = 0; i < n; i++) {
        int64_t which = which_at(&in[0], i * step);
        which = which < 0 ? 0 : which >= ncases ? ncases - 1 : which;
        memcpy((char *)out->data + (size_t)i * size,
               (const char *)in[1 + which].data + (size_t)i * size, size);
    }
}

static ct_status select_kernel(const op *o, const void *params, int nin, const operand *in,
                               int nout, operand *out)
{
    (void)params, (void)nout;
    kernel_map *f = nin == 3 && in[0].aval.dtype == CT_BOOL
                        ? kernel_find(o->name, (ct_dtype)out->aval.dtype)
                        : NULL;
    if (f)
        return families_run_map(f, nin, in, out);
    return select_many(nin - 1, in, out), CT_OK;
}

static bool select_jvp(const op *o, const void *params, int nin, const ct_array *primals,
                       const ct_array *tangents, int nout, ct_array *out_primals,
                       ct_array *out_tangents)
{
    (void)o, (void)params, (void)nout;
    ct_scope scope = ct_begin();
    ct_array values[2] = {op_select_n(primals[0], nin - 1, primals + 1), NULL}, zeros = NULL;
    ct_array *cases = base_alloc((size_t)nin * sizeof *cases);
    for (int i = 1; i < nin; i++)
        if (tangents[i] && !zeros)
            zeros = op_full_like(tangents[i], 0);
    for (int i = 1; cases && i < nin; i++)
        cases[i - 1] = tangents[i] ? tangents[i] : zeros;
    if (cases && zeros)
        values[1] = op_select_n(primals[0], nin - 1, cases);
    bool good = cases;
    base_free(cases);
    out_primals[0] = values[0];
    out_tangents[0] = values[1];
    return ops_keep(scope, 2, values) && good;
}

static bool select_transpose(const op *o, const void *params, int nin, const ct_array *in,
                             const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)o, (void)params, (void)in_avals, (void)nout;
    ct_array which = in[0], ct = cts[0];
    for (int i = 0; i < nin; i++)
        out[i] = NULL;
    if (!which)
        return base_fail(CT_NOT_IMPLEMENTED_ERROR, "select_n is not linear in `which`."), false;
    if (!ct)
        return true;
    ct_array zeros = op_full_like(ct, 0);
    for (int i = 1; i < nin; i++) {
        if (in[i])
            continue;
        if (which->aval.dtype == CT_BOOL)
            out[i] = i == 1 ? select(which, zeros, ct) : select(which, ct, zeros);
        else
            out[i] = select(op_eq(which, op_number(i - 1, which)), ct, zeros);
        if (is_poison(out[i]))
            return false;
    }
    return true;
}

static bool all_same(int n, const int *dims)
{
    for (int i = 1; i < n; i++)
        if (dims[i] != dims[0])
            return false;
    return true;
}

static bool select_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                        const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)o, (void)params, (void)nout;
    ct_scope scope = ct_begin();
    ct_array which = in[0], *cases = base_alloc((size_t)nin * sizeof *cases);
    int n = nin - 1;
    if (!cases)
        return ops_keep(scope, 0, NULL), false;
    for (int i = 0; i < n; i++)
        cases[i] = in[i + 1];
    if (all_same(n, dims + 1) && (dims[0] == dims[1] || !which->aval.ndim) &&
        dims[1] != NOT_MAPPED) {
        if (which->aval.ndim && which->aval.ndim < cases[0]->aval.ndim)
            which = op_broadcast_in_dim(which, aval_shape(&cases[0]->aval), I(dims[0]));
        out_dims[0] = dims[1];
    } else {
        if (which->aval.ndim)
            which = batch_front(which, dims[0], b.size);
        for (int i = 0; i < n; i++)
            cases[i] = batch_front(cases[i], dims[i + 1], b.size);
        if (!is_poison(which) && which->aval.ndim && which->aval.ndim < cases[0]->aval.ndim)
            which = op_broadcast_in_dim(which, aval_shape(&cases[0]->aval), I(0));
        out_dims[0] = 0;
    }
    out[0] = op_select_n(which, n, cases);
    base_free(cases);
    return ops_keep(scope, 1, out);
}

const op op_row_select_n = {.name = "select_n",
                            .flags = OP_ELEMENTWISE,
                            .code = OP_select_n,
                            .operands = ANY_OPERANDS,
                            .abstract = select_abstract,
                            .kernel = select_kernel,
                            .jvp = select_jvp,
                            .transpose = select_transpose,
                            .vmap = select_vmap};

ct_array op_select_n(ct_array which, int64_t n, const ct_array *cases)
{
    ct_array few[4],
        *in = n < (int64_t)countof(few) ? few : base_alloc((size_t)(n + 1) * sizeof *in);
    if (!in)
        return array_poison;
    in[0] = which;
    for (int64_t i = 0; i < n; i++)
        in[i + 1] = cases[i];
    ct_array out = core_bind1(&op_row_select_n, NULL, (int)n + 1, in);
    if (in != few)
        base_free(in);
    return out;
}

/* ---- clamp ---- */

static bool clamp_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                           aval *out, arena *a)
{
    (void)params, (void)a;
    const aval *low = &in[0], *x = &in[1], *high = &in[2];
    *nout = 1;
    if (!families_check_dtypes(o, ANYTHING, nin, in, true))
        return false;
    if (low->ndim && !ints_equal(aval_shape(low), aval_shape(x)))
        return base_fail(CT_TYPE_ERROR,
                         "clamp requires min.shape == operand.shape or min.shape == (), got "
                         "min.shape=%s, operand.shape=%s.",
                         SHAPE(low), SHAPE(x)),
               false;
    if (high->ndim && !ints_equal(aval_shape(high), aval_shape(x)))
        return base_fail(CT_TYPE_ERROR,
                         "clamp requires max.shape == operand.shape or max.shape == (), got "
                         "max.shape=%s, operand.shape=%s.",
                         SHAPE(high), SHAPE(x)),
               false;
    *out = *x;
    out->weak = low->weak && x->weak && high->weak;
    return true;
}

static ct_array clamp_term(int i, ct_array t, ct_array low, ct_array x, ct_array high)
{
    ct_array chosen = i == 0 ? op_gt(low, x) : i == 1 ? op_gt(x, low) : op_lt(high, x);
    if (i < 2)
        chosen = op_and(chosen, op_lt(i ? x : low, high));
    return select(chosen, ops_broadcast_to(t, aval_shape(&x->aval)), op_full_like(x, 0));
}

static bool clamp_jvp(const op *o, const void *params, int nin, const ct_array *primals,
                      const ct_array *tangents, int nout, ct_array *out_primals,
                      ct_array *out_tangents)
{
    (void)nout;
    ct_scope scope = ct_begin();
    ct_array values[2] = {core_bind1(o, params, nin, primals), NULL}, terms[3] = {NULL};
    for (int i = 0; i < nin; i++)
        if (tangents[i])
            terms[i] = clamp_term(i, tangents[i], primals[0], primals[1], primals[2]);
    values[1] = ops_sum(nin, terms);
    out_primals[0] = values[0];
    out_tangents[0] = values[1];
    return ops_keep(scope, 2, values);
}

/* A bound that is a scalar, or one in each example, becomes an array of the batched operand's
 * shape. */
static ct_array clamp_bound(ct_array bound, ct_array x)
{
    if (is_poison(x) || is_poison(bound) || bound->aval.ndim == x->aval.ndim)
        return bound;
    return op_broadcast_in_dim(bound, aval_shape(&x->aval), bound->aval.ndim ? I(0) : I_NONE);
}

static bool clamp_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                       const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)params, (void)nin, (void)nout;
    out_dims[0] = dims[1];
    if (dims[1] != NOT_MAPPED &&
        ((!in[0]->aval.ndim && !in[2]->aval.ndim) ||
         (dims[0] == dims[1] && dims[1] == dims[2] && in[0]->aval.ndim == in[1]->aval.ndim &&
          in[2]->aval.ndim == in[1]->aval.ndim))) {
        out[0] = core_bind1(o, NULL, 3, in);
        return !is_poison(out[0]);
    }
    ct_scope scope = ct_begin();
    ct_array low = in[0]->aval.ndim ? batch_front(in[0], dims[0], b.size) : in[0],
             high = in[2]->aval.ndim ? batch_front(in[2], dims[2], b.size) : in[2];
    ct_array x = batch_front(in[1], dims[1], b.size);
    low = clamp_bound(low, x);
    out[0] = op_clamp(low, x, clamp_bound(high, x));
    out_dims[0] = 0;
    return ops_keep(scope, 1, out);
}

const op op_row_clamp = {.name = "clamp",
                         .flags = OP_ELEMENTWISE,
                         .code = OP_clamp,
                         .operands = 3,
                         .abstract = clamp_abstract,
                         .kernel = families_kernel,
                         .jvp = clamp_jvp,
                         .vmap = clamp_vmap};

ct_array op_clamp(ct_array low, ct_array x, ct_array high)
{
    return core_bind1(&op_row_clamp, NULL, 3, (ct_array[]){low, x, high});
}

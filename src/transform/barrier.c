/* optimization_barrier: the identity on several values, none of which may be computed or moved past
 * the others by what simplifies programs. */
#include "cotan/control.h"
#include "ops/ops.h"
#include "transform/transform.h"

static bool barrier_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                             aval *out, arena *a)
{
    (void)o, (void)params, (void)a;
    if (*nout < nin)
        return false;
    *nout = nin;
    memcpy(out, in, (size_t)nin * sizeof *out);
    return true;
}

static bool barrier_call(const op *o, const void *params, int nin, const ct_array *in, int nout,
                         ct_array *out)
{
    (void)o, (void)params, (void)nout;
    bool good = true;
    for (int i = 0; i < nin; i++) {
        object_retain(in[i]);
        good = scope_own(in[i]) && good;
        out[i] = good ? in[i] : array_poison;
    }
    return good;
}

/* A barrier for the values that are not NULL. */
static bool bind_present(int n, const ct_array *in, ct_array *out)
{
    ct_array *present = base_alloc((size_t)(2 * n + 1) * sizeof *present), *results = present + n;
    int count = 0;
    for (int i = 0; i < n && present; i++)
        if (in[i])
            present[count++] = in[i];
    if (present && count)
        core_bind(&op_row_optimization_barrier, NULL, count, present, count, results);
    bool good = present && values_good(count, results);
    for (int i = 0; i < n && good; i++)
        out[i] = in[i] ? *results++ : NULL;
    base_free(present);
    return good;
}

static bool barrier_jvp(const op *o, const void *params, int nin, const ct_array *primals,
                        const ct_array *tangents, int nout, ct_array *out, ct_array *out_tangents)
{
    (void)o, (void)params, (void)nout;
    return bind_present(nin, primals, out) && bind_present(nin, tangents, out_tangents);
}

static bool barrier_transpose(const op *o, const void *params, int nin, const ct_array *in,
                              const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)o, (void)params, (void)in, (void)in_avals, (void)nout;
    return bind_present(nin, cts, out);
}

static bool barrier_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                         const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)o, (void)params, (void)b, (void)nout;
    memcpy(out_dims, dims, (size_t)nin * sizeof *dims);
    return bind_present(nin, in, out);
}

const op op_row_optimization_barrier = {
    .name = "optimization_barrier",
    .flags = OP_MULTIPLE,
    .code = OP_optimization_barrier,
    .operands = ANY_OPERANDS,
    .abstract = barrier_abstract,
    .call = barrier_call,
    .jvp = barrier_jvp,
    .transpose = barrier_transpose,
    .vmap = barrier_vmap,
};

ct_tree ct_optimization_barrier(ct_tree x)
{
    const ct_array *in;
    if (!x || is_poison(x))
        return array_poison;
    ct_scope scope = ct_begin();
    int64_t n = tree_leaves(&x, &in);
    ct_array *out = base_alloc((size_t)(n + 1) * sizeof *out);
    ct_tree result = array_poison;
    if (out && bind_present((int)n, in, out))
        result = is_tree(x) ? tree_new(x->def, n, out) : out[0];
    base_free(out);
    return ct_end_(scope, result);
}

/* A function of a scalar applied to the elements that indices name, as often as each is named.
 *
 * What the indices name is read; the function is applied to all of it, again to what is named a
 * second time, and so on; then it is written back, to a place named several times the same value.
 */
#include "cotan/control.h"
#include "numpy/index.h"
#include "ops/structured.h"
#include "transform/reduce.h"

typedef struct again {
    const jaxpr *j;
    ct_array times; /* how often each element is named */
} again;

static ct_array each(const jaxpr *j, ct_array x)
{
    leaves out = {0};
    bool good = !is_poison(x) && program_each(j, aval_shape(&x->aval), 1, &x, &out);
    ct_array y = good ? op_convert(out.at[0], (ct_dtype)x->aval.dtype, false) : array_poison;
    base_free(out.at);
    return y;
}

/* The next application, to those elements that are named more than `done` times. */
static ct_array apply_more(const again *a, ct_array done, ct_array x)
{
    ct_array more = op_gt(a->times, ops_broadcast_to(done, aval_shape(&a->times->aval)));
    return op_select_n(more, 2, (ct_array[]){x, each(a->j, x)});
}

static ct_tree test(void *env, int n, const ct_tree *state)
{
    const again *a = env;
    (void)n;
    int_list axes = ints_range(0, a->times->aval.ndim);
    ct_array done = ops_broadcast_to(ct_at(state[0], 0), aval_shape(&a->times->aval));
    return op_reduce_or(op_gt(a->times, done), ints_of(&axes));
}

static ct_tree step(void *env, int n, const ct_tree *state)
{
    (void)n;
    ct_array done = ct_at(state[0], 0), x = ct_at(state[0], 1);
    return ct_tuple(op_add(done, op_number(1, done)), apply_more(env, done, x));
}

static ct_array apply_until(const again *a, ct_array x)
{
    ct_array done = array_scalar_int(CT_INT32, false, 1), times;
    if (is_poison(x) || is_poison(a->times))
        return array_poison;
    if (!core_concrete(a->times, &times)) {
        void *env = (void *)(uintptr_t)a;
        ct_fn loop = ct_while_loop_(ct_closure(test, env, NULL, "more"),
                                    ct_closure(step, env, NULL, "again"), NULL);
        ct_tree state = loop ? ct_call_(loop, 1, (ct_tree[]){ct_tuple(done, x)}) : array_poison;
        return is_poison(state) ? state : ct_at(state, 1);
    }
    int64_t most = 0;
    for (int64_t i = 0; i < times->size; i++)
        most = array_get_int(times, i) > most ? array_get_int(times, i) : most;
    for (int64_t k = 1; k < most; k++)
        x = apply_more(a, array_scalar_int(CT_INT32, false, k), x);
    return x;
}

static ct_array how_often(ct_array x, ct_array indices, const aval *updates,
                          const params_scatter *p)
{
    aval whole = {CT_INT32, false, x->aval.ndim, x->aval.shape},
         rows = {CT_INT32, false, updates->ndim, updates->shape};
    ct_array counts =
        op_scatter(&op_row_scatter_add, op_full(&whole, 0), indices, op_full(&rows, 1), p);
    return scatter_read(counts, indices, &rows, p, p->mode);
}

static jaxpr *program_of(ct_fn f, ct_dtype dtype)
{
    aval scalar = {.dtype = (uint8_t)dtype};
    ct_array *in, x = array_scalar(dtype, false, 0);
    int64_t n;
    treedef *out_def, *def = fn_pack(1, &x, &n, &in);
    jaxpr *j = def ? transform_stage_fn(f, "scatter_apply", def, 1, &scalar, &out_def) : NULL;
    if (j)
        object_release(out_def);
    object_release(def);
    base_free(in);
    if (!j ||
        (j->nout == 1 && !atom_aval(&j->out[0])->ndim && atom_aval(&j->out[0])->dtype == dtype))
        return j;
    base_fail(CT_VALUE_ERROR, "scatter_apply: the function must give a scalar of dtype %s",
              dtype_table[dtype].name);
    object_release(j);
    return NULL;
}

ct_array numpy_scatter_apply(ct_array x, ct_array indices, const aval *updates, ct_fn f,
                             const params_scatter *p)
{
    if (is_poison(x) || is_poison(indices) || !f)
        return array_poison;
    jaxpr *j = program_of(f, (ct_dtype)x->aval.dtype);
    if (!j)
        return array_poison;
    ct_array values = each(j, scatter_read(x, indices, updates, p, p->mode));
    if (!p->unique_indices) {
        again a = {j, how_often(x, indices, updates, p)};
        values = apply_until(&a, values);
    }
    object_release(j);
    return op_scatter(&op_row_scatter, x, indices, values, p);
}

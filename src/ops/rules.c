/* Helpers that rules share: filling, moving mapped axes, undoing implicit broadcasts, integer
 * lists, shapes as text. */
#include <stdio.h>

#include "ops/rules.h"

/* ---- results and scopes ---- */

bool ops_keep(ct_scope scope, int n, ct_array *values)
{
    void *kept[8];
    int64_t count = 0;
    bool good = true;
    for (int i = 0; i < n; i++)
        if (values[i]) {
            kept[count++] = values[i];
            good &= !is_poison(values[i]);
        }
    scope_end_many(scope, count, kept);
    return good;
}

/* ---- constants ---- */

ct_array op_number(double value, ct_array x)
{
    return is_poison(x) ? x : array_scalar((ct_dtype)x->aval.dtype, false, value);
}

ct_array op_full(const aval *a, double value)
{
    ct_array scalar = array_scalar((ct_dtype)a->dtype, a->weak, value);
    return a->ndim ? op_broadcast_in_dim(scalar, aval_shape(a), I_NONE) : scalar;
}

ct_array op_full_like(ct_array x, double value)
{
    return is_poison(x) ? x : op_full(&x->aval, value);
}

ct_array ops_zeros_like_aval(const aval *a) { return op_full(a, 0); }

/* ---- moving axes ---- */

ct_array op_moveaxis(ct_array x, int64_t from, int64_t to)
{
    if (is_poison(x) || from == to)
        return x;
    int_list rest = ints_range(0, x->aval.ndim),
             order = ints_without(ints_of(&rest), (ct_ints){1, &from});
    order = ints_insert(ints_of(&order), to, from);
    return op_transpose(x, ints_of(&order));
}

ct_array batch_front(ct_array x, int dim, int64_t size)
{
    if (is_poison(x))
        return x;
    if (dim != NOT_MAPPED)
        return op_moveaxis(x, dim, 0);
    int_list shape = ints_insert(aval_shape(&x->aval), 0, size), axes = ints_range(1, x->aval.ndim);
    return op_broadcast_in_dim(x, ints_of(&shape), ints_of(&axes));
}

/* ---- implicit broadcasts ---- */

ct_array ops_broadcast_to(ct_array t, ct_ints shape)
{
    if (is_poison(t) || ints_equal(aval_shape(&t->aval), shape))
        return t;
    int_list axes = {0}, sizes = {0};
    for (int d = 0; d < t->aval.ndim; d++)
        if (t->aval.shape[d] == shape.at[d]) {
            int_push(&axes, d);
            int_push(&sizes, shape.at[d]);
        }
    return op_broadcast_in_dim(op_reshape(t, ints_of(&sizes)), shape, ints_of(&axes));
}

ct_array ops_unbroadcast(ct_array t, const aval *to)
{
    if (!t || is_poison(t) || ints_equal(aval_shape(&t->aval), aval_shape(to)))
        return t;
    int_list axes = {0};
    for (int d = 0; d < t->aval.ndim; d++)
        if (!to->ndim || t->aval.shape[d] != to->shape[d])
            int_push(&axes, d);
    t = op_reduce_sum(t, ints_of(&axes));
    return to->ndim ? op_reshape(t, aval_shape(to)) : t;
}

/* ---- generic rules ---- */

bool linear_jvp(const op *o, const void *params, int nin, const ct_array *primals,
                const ct_array *tangents, int nout, ct_array *out_primals, ct_array *out_tangents)
{
    core_bind(o, params, nin, primals, nout, out_primals);
    if (nout && is_poison(out_primals[0]))
        return false;
    core_bind(o, params, nin, tangents, nout, out_tangents);
    return !nout || !is_poison(out_tangents[0]);
}

bool zero_jvp(const op *o, const void *params, int nin, const ct_array *primals,
              const ct_array *tangents, int nout, ct_array *out_primals, ct_array *out_tangents)
{
    (void)tangents;
    core_bind(o, params, nin, primals, nout, out_primals);
    for (int i = 0; i < nout; i++)
        out_tangents[i] = NULL;
    return !is_poison(out_primals[0]);
}

bool same_dim_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                   const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)b;
    core_bind(o, params, nin, in, nout, out);
    for (int i = 0; i < nout; i++)
        out_dims[i] = dims[0];
    return !is_poison(out[0]);
}

bool ops_call_in_place(const op *o, const void *params, int nin, const ct_array *in, int nout,
                       ct_array *out)
{
    char local[256];
    arena scratch = {.next = local, .limit = local + sizeof local};
    aval result;
    int n = 1;
    bool good = o->abstract(o, params, nin, &in[0]->aval, &n, &result, &scratch);
    if (good && shape_size(result.ndim, result.shape) == in[0]->size) {
        out[0] = array_view(in[0], (ct_dtype)result.dtype, result.weak, result.ndim, result.shape);
        good = !is_poison(out[0]);
    } else if (good && (good = !is_poison(out[0] = array_like(&result)))) {
        operand from = {in[0]->aval, in[0]->data}, to = {out[0]->aval, out[0]->data};
        good = o->kernel(o, params, nin, &from, nout, &to) == CT_OK;
    }
    arena_free(&scratch);
    return good;
}

/* ---- text ---- */

shape_string shape_text(ct_ints shape)
{
    shape_string t;
    size_t used = (size_t)snprintf(t.s, sizeof t.s, "(");
    for (int64_t i = 0; i < shape.n && used < sizeof t.s - 24; i++)
        used += (size_t)snprintf(t.s + used, sizeof t.s - used, "%s%lld", i ? ", " : "",
                                 (long long)shape.at[i]);
    snprintf(t.s + used, sizeof t.s - used, shape.n == 1 ? ",)" : ")");
    return t;
}

/* ---- integer lists ---- */

int_list ints_range(int64_t first, int64_t n)
{
    int_list l = {.n = n};
    for (int64_t i = 0; i < n; i++)
        l.at[i] = first + i;
    return l;
}

int_list ints_insert(ct_ints list, int64_t position, int64_t value)
{
    int_list l = {.n = 0};
    for (int64_t i = 0; i <= list.n; i++) {
        if (i == position)
            int_push(&l, value);
        if (i < list.n)
            int_push(&l, list.at[i]);
    }
    return l;
}

int_list ints_without(ct_ints list, ct_ints drop)
{
    int_list l = {.n = 0};
    for (int64_t i = 0; i < list.n; i++)
        if (!ints_contain(drop, i))
            int_push(&l, list.at[i]);
    return l;
}

int_list ints_shifted(ct_ints axes, int64_t dim)
{
    int_list l = {.n = 0};
    for (int64_t i = 0; i < axes.n; i++)
        int_push(&l, axes.at[i] + (axes.at[i] >= dim));
    return l;
}

int64_t *ints_in(arena *a, ct_ints list)
{
    int64_t *copy = arena_alloc(a, (size_t)(list.n ? list.n : 1) * sizeof *copy);
    if (copy && list.n)
        memcpy(copy, list.at, (size_t)list.n * sizeof *copy);
    return copy;
}

int_list byte_strides(const aval *a)
{
    int_list l = {.n = a->ndim};
    int64_t stride = dtype_table[a->dtype].itemsize;
    for (int64_t d = a->ndim - 1; d >= 0; d--) {
        l.at[d] = stride;
        stride *= a->shape[d];
    }
    return l;
}

/* Index arithmetic: which element of an operand an element of a result is, through broadcasts,
 * transposes, slices, reversals and reshapes by ones. No data moves for them: group.c and lower.c
 * look through. Also: which bodies serve which primitive. */
#include "compile/graph.h"
#include "ops/ops.h"

void view_identity(const graph *g, int32_t source, view *v)
{
    v->source = source, v->part = 0;
    for (int d = 0; d < g->values.at[source].aval.ndim; d++)
        v->dim[d] = (int8_t)d, v->scale[d] = 1, v->offset[d] = 0;
}

static void fix(view *v, int d, int64_t at) { v->dim[d] = -1, v->scale[d] = 0, v->offset[d] = at; }

static void copy_dim(view *to, int d, const view *from, int k)
{
    to->dim[d] = from->dim[k], to->scale[d] = from->scale[k], to->offset[d] = from->offset[k];
}

static bool listed(ct_ints list, int64_t d)
{
    for (int64_t i = 0; i < list.n; i++)
        if (list.at[i] == d)
            return true;
    return false;
}

/* Reshapes that only add or drop extents of 1 keep the other dimensions in order. */
static void through_ones(const aval *operand_aval, const aval *result, const view *seen, view *v)
{
    int k = 0;
    for (int d = 0; d < operand_aval->ndim; d++) {
        if (operand_aval->shape[d] == 1) {
            fix(v, d, 0);
            continue;
        }
        while (result->shape[k] == 1)
            k++;
        copy_dim(v, d, seen, k++);
    }
}

void view_through(const graph *g, const node *n, view *v)
{
    view seen = *v;
    if (!n->nin)
        return;
    const aval *from = &graph_in(g, n, 0)->aval, *to = &graph_out(g, n, 0)->aval;
    v->source = n->in[0];
    switch (n->op->code) {
    case OP_real:
    case OP_imag:
        v->part = n->op->code == OP_real ? 1 : 2;
        break;
    case OP_broadcast_in_dim: {
        ct_ints dims = ((const params_broadcast_in_dim *)n->params)->broadcast_dimensions;
        for (int d = 0; d < from->ndim; d++) {
            if (from->shape[d] == 1)
                fix(v, d, 0);
            else
                copy_dim(v, d, &seen, (int)dims.at[d]);
        }
        break;
    }
    case OP_transpose: {
        ct_ints order = ((const params_transpose *)n->params)->permutation;
        for (int d = 0; d < to->ndim; d++)
            copy_dim(v, (int)order.at[d], &seen, d);
        break;
    }
    case OP_squeeze:
    case OP_reshape:
        through_ones(from, to, &seen, v);
        break;
    case OP_slice: {
        const params_slice *p = n->params;
        for (int d = 0; d < from->ndim; d++) {
            int64_t step = p->strides.n ? p->strides.at[d] : 1;
            v->scale[d] = seen.scale[d] * step;
            v->offset[d] = p->start_indices.at[d] + seen.offset[d] * step;
        }
        break;
    }
    case OP_rev: {
        ct_ints dims = ((const params_rev *)n->params)->dimensions;
        for (int d = 0; d < from->ndim; d++)
            if (listed(dims, d))
                v->scale[d] = -seen.scale[d], v->offset[d] = from->shape[d] - 1 - seen.offset[d];
        break;
    }
    default:
        if (body_combining(n->op->code)) /* over extents of 1 */
            through_ones(from, to, &seen, v);
    }
}

void view_operand(const graph *g, const node *n, int i, view *v)
{
    if (n->role == ROLE_LOOKUP) {
        lookup_view(g, n, i, v);
        if (i == 0)
            return;
    } else {
        view_identity(g, n->in[i], v);
    }
    if (n->role == ROLE_VIEW) {
        view_identity(g, n->out[0], v);
        view_through(g, n, v);
    } else if (n->role == ROLE_MAP) {
        const aval *from = &graph_in(g, n, i)->aval, *to = &graph_out(g, n, 0)->aval;
        for (int d = 0; d < from->ndim; d++)
            if (from->shape[d] == 1 && to->shape[d] != 1)
                fix(v, d, 0);
    }
    for (;;) {
        const value *s = &g->values.at[v->source];
        if (s->origin != FROM_NODE)
            return;
        const node *maker = &g->nodes.at[s->index];
        if (maker->role != ROLE_VIEW || !maker->nin)
            return;
        view_through(g, maker, v);
    }
}

/* ---- bodies ---- */
static int find_named(const char *name)
{
    int low = 0, high = body_count;
    while (low < high) {
        int middle = (low + high) / 2, order = strcmp(body_names[middle].name, name);
        if (!order)
            return middle;
        *(order < 0 ? &low : &high) = order < 0 ? middle + 1 : middle;
    }
    return -1;
}

static int joined(const char *a, const char *b, const char *c)
{
    char name[80];
    size_t n = strlen(a), m = strlen(b), k = c ? strlen(c) : 0;
    if (n + m + k + 3 > sizeof name)
        return -1;
    memcpy(name, a, n);
    name[n] = '_';
    memcpy(name + n + 1, b, m + 1);
    if (c) {
        name[n + 1 + m] = '_';
        memcpy(name + n + m + 2, c, k + 1);
    }
    return find_named(name);
}

int body_find(const char *primitive, int dtype)
{
    return joined(primitive, dtype_table[dtype].short_name, NULL);
}

int body_dtype(const graph *g, const node *n)
{
    int dtype = graph_in(g, n, 0)->aval.dtype;
    if (n->part)
        return dtype == CT_FLOAT64 ? CT_COMPLEX128 : CT_COMPLEX64;
    return compute_dtype(dtype);
}

int body_find_convert(int from, int to)
{
    return joined("convert", dtype_table[from].short_name, dtype_table[to].short_name);
}

const char *body_combining(int reduction)
{
    switch (reduction) {
    case OP_reduce_sum:
        return "add";
    case OP_reduce_prod:
        return "mul";
    case OP_reduce_max:
        return "max";
    case OP_reduce_min:
        return "min";
    case OP_reduce_and:
        return "and";
    case OP_reduce_or:
        return "or";
    case OP_reduce_xor:
        return "xor";
    }
    return NULL;
}

bool loop_dtype(int dtype)
{
    switch (dtype) {
    case CT_BOOL:
    case CT_INT8:
    case CT_INT16:
    case CT_INT32:
    case CT_INT64:
    case CT_UINT8:
    case CT_UINT16:
    case CT_UINT32:
    case CT_UINT64:
    case CT_BFLOAT16:
    case CT_FLOAT16:
    case CT_FLOAT32:
    case CT_FLOAT64:
        return true;
    }
    return false;
}

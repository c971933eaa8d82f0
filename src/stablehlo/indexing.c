/* Gathers and scatters: windows at places that an array of indices names. */
#include <math.h>

#include "ops/rules.h"
#include "stablehlo/hlo.h"

/* "offset_dims = [1], collapsed_slice_dims = [0], ...": what is empty or zero is left out. */
typedef struct named_list {
    const char *name;
    ct_ints list;
} named_list;

static const char *numbers_text(hlo *h, int n, const named_list *lists, int64_t index_vector_dim)
{
    text t = {0};
    for (int i = 0; i < n; i++)
        if (lists[i].list.n)
            text_add(&t, "%s%s = %s", t.n ? ", " : "", lists[i].name,
                     hlo_ints(h, lists[i].list.n, lists[i].list.at));
    if (index_vector_dim)
        text_add(&t, "%sindex_vector_dim = %lld", t.n ? ", " : "", (long long)index_vector_dim);
    char *s = text_end(&t);
    const char *kept = hlo_format(h, "%s", s ? s : "");
    base_free(s);
    return kept;
}

static const char *boolean(bool b) { return b ? "true" : "false"; }

/* ---- gather ---- */

static hlo_value *gathered(hlo *h, hlo_eqn *q)
{
    const params_gather *p = q->e->params;
    const gather_dims *d = &p->dimension_numbers;
    const named_list lists[] = {
        {"offset_dims", d->offset_dims},
        {"collapsed_slice_dims", d->collapsed_slice_dims},
        {"operand_batching_dims", d->operand_batching_dims},
        {"start_indices_batching_dims", d->start_indices_batching_dims},
        {"start_index_map", d->start_index_map},
    };
    const char *numbers = numbers_text(h, countof(lists), lists, q->in[1]->type.ndim - 1);
    return hlo_put(h, *q->type,
                   hlo_format(h,
                              "\"stablehlo.gather\"($a) <{dimension_numbers = "
                              "#stablehlo.gather<%s>, indices_are_sorted = %s, slice_sizes = "
                              "%s}> : $s",
                              numbers, boolean(p->indices_are_sorted),
                              hlo_array(h, p->slice_sizes)),
                   q->in[0], q->in[1]);
}

/* The last place where a window begins inside, for each component of an index. */
static hlo_value *last_starts(hlo *h, const aval *x, ct_ints map, const int64_t *window,
                              ct_dtype dtype)
{
    ct_scope scope = ct_begin();
    ct_array a = array_new(dtype, false, 1, &map.n);
    hlo_value *v = NULL;
    if (is_array(a)) {
        for (int64_t i = 0; i < map.n; i++) {
            int64_t k = map.at[i];
            dtype_encode(dtype, (char *)a->data + i * dtype_table[dtype].itemsize,
                         (double)(x->shape[k] - window[k]));
        }
        v = hlo_constant(h, a);
    }
    h->failed |= !v;
    ct_end_(scope, NULL);
    return v;
}

/* Whether each index's window lies inside: a boolean a window. */
static hlo_value *inside(hlo *h, hlo_eqn *q)
{
    const params_gather *p = q->e->params;
    hlo_value *indices = q->in[1];
    const aval *type = &indices->type;
    hlo_value *last = last_starts(h, &q->in[0]->type, p->dimension_numbers.start_index_map,
                                  p->slice_sizes.at, (ct_dtype)type->dtype);
    if (!last)
        return NULL;
    hlo_value *low = hlo_compare(h, "GE", indices, hlo_filled(h, *type, 0));
    int64_t shape[MAX_NDIM], dims[MAX_NDIM], end = type->ndim - 1;
    for (int64_t i = 0; i < type->ndim; i++) {
        shape[i] = i == end ? type->shape[i] : 1;
        dims[i] = i;
    }
    hlo_value *row =
        hlo_broadcast(h, last, 1, &end, hlo_type(h, (ct_dtype)type->dtype, type->ndim, shape));
    hlo_value *limit = hlo_broadcast(h, row, type->ndim, dims, *type);
    hlo_value *high = hlo_compare(h, "LE", indices, limit);
    hlo_value *both = hlo_binary(h, "and", low, high);
    return hlo_put(h, hlo_type(h, CT_BOOL, end, type->shape),
                   hlo_format(h,
                              "stablehlo.reduce($0 init: $1) applies stablehlo.and across "
                              "dimensions = [%lld] : $s",
                              (long long)end),
                   both, hlo_number(h, CT_BOOL, 1));
}

static double fill_of(const params_gather *p, ct_dtype d)
{
    if (p->fill_value.given)
        return p->fill_value.value;
    if (dtype_inexact(d))
        return NAN;
    int bits = dtype_table[d].bits;
    return d == CT_BOOL ? 1 : dtype_is(d, FAMILY_INT) ? -ldexp(1, bits - 1) : ldexp(1, bits) - 1;
}

static void gather_rule(hlo *h, hlo_eqn *q)
{
    const params_gather *p = q->e->params;
    if (p->mode != GATHER_FILL_OR_DROP) {
        q->out[0] = gathered(h, q);
        return;
    }
    hlo_value *mask = inside(h, q), *found = mask ? gathered(h, q) : NULL;
    if (!found)
        return;
    int64_t dims[MAX_NDIM], n = 0;
    for (int64_t k = 0; k < q->type->ndim; k++)
        if (!ints_contain(p->dimension_numbers.offset_dims, k))
            dims[n++] = k;
    if (n < q->type->ndim)
        mask = hlo_broadcast(h, mask, n, dims, hlo_of(q->type, CT_BOOL));
    hlo_value *fill = hlo_filled(h, *q->type, fill_of(p, (ct_dtype)q->type->dtype));
    q->out[0] = hlo_select(h, mask, found, fill);
}

/* ---- scatter ---- */

static const char *combiner(int code)
{
    switch (code) {
    case OP_scatter_add:
        return "add";
    case OP_scatter_sub:
        return "subtract";
    case OP_scatter_mul:
        return "multiply";
    case OP_scatter_min:
        return "minimum";
    case OP_scatter_max:
        return "maximum";
    }
    return NULL;
}

/* Indices moved to where their windows lie inside. */
static hlo_value *clipped(hlo *h, hlo_eqn *q)
{
    const scatter_dims *d = &((const params_scatter *)q->e->params)->dimension_numbers;
    hlo_value *indices = q->in[1];
    const aval *type = &indices->type, *x = &q->in[0]->type, *updates = &q->in[2]->type;
    int64_t window[MAX_NDIM], next = 0, end = type->ndim - 1;
    for (int64_t k = 0; k < x->ndim; k++)
        window[k] =
            ints_contain(d->inserted_window_dims, k) || ints_contain(d->operand_batching_dims, k)
                ? 1
                : updates->shape[d->update_window_dims.at[next++]];
    ct_dtype dtype = (ct_dtype)type->dtype;
    hlo_value *last = last_starts(h, x, d->scatter_dims_to_operand_dims, window, dtype);
    if (!last)
        return indices;
    int bits = dtype_table[dtype].bits - dtype_is(dtype, FAMILY_INT);
    hlo_value *most = hlo_filled(h, last->type, ldexp(1, bits) - 1);
    hlo_value *limit = hlo_broadcast(h, hlo_binary(h, "minimum", last, most), 1, &end, *type);
    return hlo_put(h, *type, "stablehlo.clamp $a : $t", hlo_filled(h, *type, 0), indices, limit);
}

static void scatter_rule(hlo *h, hlo_eqn *q)
{
    const params_scatter *p = q->e->params;
    const scatter_dims *d = &p->dimension_numbers;
    const named_list lists[] = {
        {"update_window_dims", d->update_window_dims},
        {"inserted_window_dims", d->inserted_window_dims},
        {"input_batching_dims", d->operand_batching_dims},
        {"scatter_indices_batching_dims", d->scatter_indices_batching_dims},
        {"scatter_dims_to_operand_dims", d->scatter_dims_to_operand_dims},
    };
    hlo_value *in[] = {q->in[0], p->mode == GATHER_CLIP ? clipped(h, q) : q->in[1], q->in[2]};
    const char *numbers = numbers_text(h, countof(lists), lists, in[1]->type.ndim - 1);
    hlo_op *o = hlo_add(
        h,
        hlo_format(h,
                   "\"stablehlo.scatter\"($a) <{indices_are_sorted = %s, "
                   "scatter_dimension_numbers = #stablehlo.scatter<%s>, unique_indices = %s}> "
                   "($R) : $s",
                   boolean(p->indices_are_sorted), numbers, boolean(p->unique_indices)),
        3, in, 1, q->type);
    aval scalars[] = {hlo_scalar((ct_dtype)q->type->dtype), hlo_scalar((ct_dtype)q->type->dtype)};
    hlo_region *r = hlo_open(h, o, 2, scalars, NULL);
    const char *how = combiner(q->e->op->code);
    hlo_value *made = how ? hlo_binary(h, how, &r->args[0], &r->args[1]) : &r->args[1];
    hlo_close(h, 1, &made);
    q->out[0] = o->out;
}

hlo_rule *hlo_index_rule(int code)
{
    switch (code) {
    case OP_gather:
        return gather_rule;
    case OP_scatter:
    case OP_scatter_add:
    case OP_scatter_sub:
    case OP_scatter_mul:
    case OP_scatter_min:
    case OP_scatter_max:
        return scatter_rule;
    }
    return NULL;
}

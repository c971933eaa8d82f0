/* Parts of a subscript as one gather: the index array, its dimension numbers and the result's shape
 * before new axes.
 *
 * The layout is NumPy's: index arrays broadcast together; their axes stand where the first of them
 * stood when all stand side by side, in front otherwise. */
#include "numpy/index_parse.h"

#include <math.h>

#include "ops/ops.h"

optional_float index_fill(ct_dtype dtype, const index_options *o)
{
    if (o->mode != INDEX_FILL)
        return (optional_float){0};
    if (o->fill_given)
        return (optional_float){true, o->fill_value};
    int bits = dtype_table[dtype].bits;
    double value = dtype_inexact(dtype)          ? NAN
                   : dtype == CT_BOOL            ? 1
                   : dtype_is(dtype, FAMILY_INT) ? -ldexp(1, bits - 1)
                   : dtype_is(dtype, FAMILY_KEY) ? 4294967295.0
                                                 : ldexp(1, bits) - 1;
    return (optional_float){true, value};
}

/* True and False as subscripts: x gets an axis of length 1 there, of which one element or none is
 * taken. */
static bool expand_scalar_masks(ct_array x, index_plan *plan, int64_t *shape, index_gather *g)
{
    int axis = 0;
    for (int i = 0; i < plan->n; i++) {
        index_part *p = &plan->parts[i];
        if (p->kind == PART_NEWAXIS)
            continue;
        if (p->kind == PART_SCALAR_MASK) {
            int64_t count = p->start;
            p->kind = PART_ARRAY;
            p->array = op_iota(dtype_default(FAMILY_INT), (ct_ints){1, &count}, 0);
            if (is_poison(p->array))
                return false;
            g->masks[g->nmasks++] = i;
            shape[axis] = 1;
        } else
            shape[axis] = x->aval.shape[p->axis];
        p->axis = axis++;
    }
    return true;
}

static bool broadcast_shape(const index_plan *plan, int *ndim, int64_t *shape)
{
    *ndim = 0;
    for (int i = 0; i < plan->n; i++)
        if (plan->parts[i].kind == PART_ARRAY && plan->parts[i].array->aval.ndim > *ndim)
            *ndim = plan->parts[i].array->aval.ndim;
    for (int d = 0; d < *ndim; d++)
        shape[d] = 1;
    for (int i = 0; i < plan->n; i++) {
        if (plan->parts[i].kind != PART_ARRAY)
            continue;
        const aval *a = &plan->parts[i].array->aval;
        for (int d = 0; d < a->ndim; d++) {
            int64_t *at = &shape[*ndim - a->ndim + d];
            if (*at == 1)
                *at = a->shape[d];
            else if (a->shape[d] != 1 && a->shape[d] != *at) {
                text t = {0};
                for (int j = 0; j < plan->n; j++)
                    if (plan->parts[j].kind == PART_ARRAY) {
                        text_add(&t, t.n ? ", " : "");
                        aval_text(&t, &plan->parts[j].array->aval, false);
                    }
                char *shapes = text_end(&t);
                base_fail(CT_VALUE_ERROR, "Incompatible shapes for broadcasting: index arrays %s",
                          shapes ? shapes : "?");
                base_free(shapes);
                return false;
            }
        }
    }
    return true;
}

static ct_array broadcast_index(ct_array index, int ndim, const int64_t *shape)
{
    if (index->aval.ndim == ndim && ints_equal(aval_shape(&index->aval), (ct_ints){ndim, shape}))
        return index;
    int64_t dims[INDEX_LIMIT], squeezed[INDEX_LIMIT], nkeep = 0, nsqueezed = 0;
    for (int d = 0; d < index->aval.ndim; d++) {
        int at = ndim - index->aval.ndim + d;
        if (index->aval.shape[d] == shape[at])
            dims[nkeep++] = at;
        else
            squeezed[nsqueezed++] = d;
    }
    if (nsqueezed)
        index = op_squeeze(index, (ct_ints){nsqueezed, squeezed});
    return op_broadcast_in_dim(index, (ct_ints){ndim, shape}, (ct_ints){nkeep, dims});
}

/* One column of the index array: an operand's coordinates along one axis, spanning axes [first,
 * first + rank) of the index array. */
typedef struct column {
    ct_array index;
    int first;
} column;
typedef struct builder {
    index_gather *g;
    ct_dtype dtype;
    int ncolumns, rank;
    int64_t shape[INDEX_LIMIT]; /* of the index array without its last axis */
    column columns[INDEX_LIMIT];
    int y, collapsed_y; /* axes of the result so far, with and without new axes */
} builder;

static void add_column(builder *b, ct_array index, int axis)
{
    b->columns[b->ncolumns++] = (column){op_convert(index, b->dtype, false), b->rank};
    b->g->map[b->g->nmap++] = axis;
}

static void add_advanced(builder *b, const index_plan *plan, int ndim, const int64_t *shape)
{
    int rank = b->rank;
    for (int i = 0; i < plan->n; i++) {
        const index_part *p = &plan->parts[i];
        if (p->kind != PART_ARRAY && p->kind != PART_INTEGER)
            continue;
        b->rank = rank;
        ct_array index =
            p->kind == PART_ARRAY ? p->array : array_scalar_int(b->dtype, true, p->start);
        if (is_poison(index))
            return;
        add_column(b, broadcast_index(index, ndim, shape), p->axis);
        b->g->collapsed[b->g->ncollapsed++] = p->axis;
    }
    for (int d = 0; d < ndim; d++) {
        b->shape[rank + d] = shape[d];
        b->g->slice_shape[b->g->slice_ndim++] = shape[d];
    }
    b->rank = rank + ndim;
    b->y += ndim;
    b->collapsed_y += ndim;
}

static void add_slice_part(builder *b, const index_part *p, int64_t length)
{
    index_gather *g = b->g;
    g->slice_shape[g->slice_ndim++] = p->size;
    if (p->step == 1) {
        if (p->size != length)
            add_column(b, array_scalar_int(b->dtype, false, p->start), p->axis);
        g->window[g->window_ndim++] = p->size;
        g->offset[g->noffset++] = b->collapsed_y;
    } else {
        ct_array steps = op_mul(array_scalar_int(b->dtype, false, p->step),
                                op_iota(b->dtype, (ct_ints){1, &p->size}, 0));
        ct_array index = op_add(array_scalar_int(b->dtype, false, p->start), steps);
        if (p->step < 0) {
            g->reversed[g->nreversed++] = b->collapsed_y;
            index = op_rev(index, I(0));
        }
        g->window[g->window_ndim++] = 1;
        add_column(b, index, p->axis);
        b->shape[b->rank++] = p->size;
        g->collapsed[g->ncollapsed++] = p->axis;
    }
    b->collapsed_y++;
    b->y++;
}

static bool add_scalar(builder *b, const index_part *p, int64_t length)
{
    if (!length) {
        base_fail(CT_INDEX_ERROR, "index is out of bounds for axis %d with size 0", p->axis);
        return false;
    }
    add_column(b, p->kind == PART_ARRAY ? p->array : array_scalar_int(b->dtype, false, p->start),
               p->axis);
    b->g->collapsed[b->g->ncollapsed++] = p->axis;
    b->g->window[b->g->window_ndim++] = 1;
    return true;
}

static ct_array join_columns(builder *b)
{
    if (!b->ncolumns)
        return array_new(b->dtype, false, 1, (int64_t[]){0});
    if (b->ncolumns == 1)
        return op_expand_dims(b->columns[0].index, I(b->columns[0].index->aval.ndim));
    ct_array wide[INDEX_LIMIT];
    b->shape[b->rank] = 1;
    for (int i = 0; i < b->ncolumns; i++) {
        ct_array index = b->columns[i].index;
        int64_t dims[INDEX_LIMIT];
        for (int d = 0; d < index->aval.ndim; d++)
            dims[d] = b->columns[i].first + d;
        wide[i] = op_broadcast_in_dim(index, (ct_ints){b->rank + 1, b->shape},
                                      (ct_ints){index->aval.ndim, dims});
    }
    return op_concatenate(b->ncolumns, wide, b->rank);
}

static void sort_ascending(int n, int64_t *at)
{
    for (int i = 1; i < n; i++)
        for (int j = i; j > 0 && at[j - 1] > at[j]; j--) {
            int64_t swap = at[j];
            at[j] = at[j - 1];
            at[j - 1] = swap;
        }
}

static void wrap_indices(index_plan *plan, const int64_t *shape)
{
    for (int i = 0; i < plan->n; i++) {
        index_part *p = &plan->parts[i];
        if (p->kind == PART_ARRAY)
            p->array = index_wrap(p->array, shape[p->axis]);
        else if (p->kind == PART_INTEGER && p->start < 0)
            p->start += shape[p->axis];
    }
}

static bool has_wide_arrays(const index_plan *plan)
{
    for (int i = 0; i < plan->n; i++)
        if (plan->parts[i].kind == PART_ARRAY && plan->parts[i].array->aval.ndim)
            return true;
    return false;
}

static ct_dtype index_dtype(int n, const int64_t *shape)
{
    for (int d = 0; d < n; d++)
        if (shape[d] > INT32_MAX)
            return CT_INT64;
    return CT_INT32;
}

bool index_to_gather(ct_array x, index_plan *plan, const index_options *o, index_gather *g)
{
    builder b = {.g = g};
    int64_t shape[INDEX_LIMIT], advanced_shape[INDEX_LIMIT];
    int advanced_ndim = 0;
    g->slice_ndim = g->window_ndim = g->noffset = g->ncollapsed = g->nmap = g->nnewaxis =
        g->nreversed = g->nmasks = 0;
    if (!expand_scalar_masks(x, plan, shape, g))
        return false;
    if (!o->keep_negative)
        wrap_indices(plan, shape);
    bool advanced = has_wide_arrays(plan);
    if (advanced && !broadcast_shape(plan, &advanced_ndim, advanced_shape))
        return false;
    b.dtype = index_dtype(x->aval.ndim, x->aval.shape);
    bool placed = !advanced;
    for (int i = 0; i < plan->n; i++) {
        const index_part *p = &plan->parts[i];
        bool index = p->kind == PART_ARRAY || p->kind == PART_INTEGER;
        if (!placed && (index || !plan->contiguous)) {
            add_advanced(&b, plan, advanced_ndim, advanced_shape);
            placed = true;
        }
        if (advanced && index)
            g->window[g->window_ndim++] = 1;
        else if (index) {
            if (!add_scalar(&b, p, shape[p->axis]))
                return false;
        } else if (p->kind == PART_NEWAXIS) {
            g->slice_shape[g->slice_ndim++] = 1;
            g->newaxis[g->nnewaxis++] = b.y++;
        } else
            add_slice_part(&b, p, shape[p->axis]);
    }
    sort_ascending(g->ncollapsed, g->collapsed);
    g->plain = !advanced;
    g->empty = false;
    for (int d = 0; d < g->slice_ndim; d++)
        g->empty |= !g->slice_shape[d];
    g->indices = join_columns(&b);
    return !is_poison(g->indices);
}

/* Windows of an array at places that indices name: checks and the walk that gather.c and scatter.c
 * share.
 *
 * Each row of the indices (their last axis is the index vector) names a window of the operand. The
 * result of a gather, like the updates of a scatter, has the rows' axes and the window's axes
 * interleaved; the plan merges what can be merged and moves runs of bytes. */
#include "ops/structured.h"

/* ---- checks ---- */

static bool fail_list(const indexed_names *n, const char *list, const char *what, ct_ints got)
{
    base_fail(CT_TYPE_ERROR, "%s in %s op %s; got: %s.", list, n->op, what, INTS(got));
    return false;
}

static bool check_list(const indexed_names *n, const char *list, ct_ints dims, int64_t rank,
                       bool sorted)
{
    for (int64_t i = 0; i < dims.n; i++) {
        if (dims.at[i] < 0 || dims.at[i] >= rank) {
            base_fail(CT_TYPE_ERROR,
                      "Invalid %s set in %s op; valid range is [0, %lld); got: %lld.", list, n->op,
                      (long long)rank, (long long)dims.at[i]);
            return false;
        }
        if (ints_contain((ct_ints){i, dims.at}, dims.at[i]))
            return fail_list(n, list, "must not repeat", dims);
        if (sorted && i && dims.at[i] < dims.at[i - 1])
            return fail_list(n, list, "must be sorted", dims);
    }
    return true;
}

static bool check_disjoint(const indexed_names *n, const char *a, ct_ints x, const char *b,
                           ct_ints y)
{
    for (int64_t i = 0; i < x.n; i++)
        if (ints_contain(y, x.at[i])) {
            base_fail(CT_TYPE_ERROR, "%s and %s in %s op must be disjoint; got: %s and %s.", a, b,
                      n->op, INTS(x), INTS(y));
            return false;
        }
    return true;
}

static bool check_batching(const indexed_names *n, const gather_dims *d, const aval *x,
                           const aval *indices)
{
    ct_ints a = d->operand_batching_dims, b = d->start_indices_batching_dims;
    if (a.n != b.n) {
        base_fail(CT_TYPE_ERROR, "%s op requires equal numbers of %s and %s, got %s and %s.", n->op,
                  n->operand_batching, n->indices_batching, INTS(a), INTS(b));
        return false;
    }
    for (int64_t i = 0; i < a.n; i++)
        if (x->shape[a.at[i]] != indices->shape[b.at[i]]) {
            base_fail(CT_TYPE_ERROR,
                      "%s op requires operand batching dimensions and indices batching dimensions "
                      "to have the same shape, got axis %lld of %s and axis %lld of %s.",
                      n->op, (long long)a.at[i], SHAPE(x), (long long)b.at[i], SHAPE(indices));
            return false;
        }
    return true;
}

bool indexed_check(const indexed_names *n, const gather_dims *d, const aval *x, const aval *indices,
                   int64_t window_rank)
{
    if (!dtype_is((ct_dtype)indices->dtype, INTEGER)) {
        base_fail(CT_VALUE_ERROR,
                  "indices must have an integer type, but %s got indices of dtype %s", n->op,
                  DTYPE(indices));
        return false;
    }
    if (indices->ndim == 0) {
        base_fail(CT_TYPE_ERROR,
                  "%s index leaf dimension must be within [0, rank(indices) + 1). rank(indices) is "
                  "0: the last axis of the indices is the index vector.",
                  n->op);
        return false;
    }
    int64_t rows_rank = indices->ndim - 1;
    if (!check_list(n, n->window, d->offset_dims, window_rank, true) ||
        !check_list(n, n->map, d->start_index_map, x->ndim, false) ||
        !check_list(n, n->collapsed, d->collapsed_slice_dims, x->ndim, true) ||
        !check_list(n, n->operand_batching, d->operand_batching_dims, x->ndim, true) ||
        !check_list(n, n->indices_batching, d->start_indices_batching_dims, rows_rank, false))
        return false;
    if (d->start_index_map.n != indices->shape[rows_rank]) {
        base_fail(CT_TYPE_ERROR,
                  "%s op has %lld elements in %s and the bound of dimension index_vector_dim=%lld "
                  "of indices is %lld. These two numbers must be equal.",
                  n->op, (long long)d->start_index_map.n, n->map, (long long)rows_rank,
                  (long long)indices->shape[rows_rank]);
        return false;
    }
    return check_disjoint(n, n->collapsed, d->collapsed_slice_dims, n->operand_batching,
                          d->operand_batching_dims) &&
           check_disjoint(n, n->map, d->start_index_map, n->operand_batching,
                          d->operand_batching_dims) &&
           check_batching(n, d, x, indices);
}

/* ---- where each row's window starts ---- */

static int64_t load_index(const void *data, ct_dtype dtype, int64_t i)
{
    switch (dtype_table[dtype].itemsize) {
    case 1:
        return dtype_is(dtype, FAMILY_INT) ? ((const int8_t *)data)[i] : ((const uint8_t *)data)[i];
    case 2:
        return dtype_is(dtype, FAMILY_INT) ? ((const int16_t *)data)[i]
                                           : ((const uint16_t *)data)[i];
    case 4:
        return dtype_is(dtype, FAMILY_INT) ? ((const int32_t *)data)[i]
                                           : (int64_t)((const uint32_t *)data)[i];
    default:
        break;
    }
    int64_t value = ((const int64_t *)data)[i];
    return value < 0 && dtype_is(dtype, FAMILY_UINT) ? INT64_MAX : value;
}

/* The usual case: one 32-bit index a row. */
static void starts_simple(const int32_t *index, int64_t n, int64_t last, int64_t stride, bool clamp,
                          int64_t *starts)
{
    for (int64_t i = 0; i < n; i++) {
        int64_t at = index[i];
        if (clamp)
            at = at < 0 ? 0 : at > last ? last : at;
        starts[i] = at < 0 || at > last ? -1 : at * stride;
    }
}

static int64_t start_of_row(const gather_dims *d, const operand *x, const operand *indices,
                            const int_list *strides, ct_ints window, int64_t row, bool clamp)
{
    int64_t start = 0, n = d->start_index_map.n;
    for (int64_t k = 0; k < n; k++) {
        int64_t axis = d->start_index_map.at[k], last = x->aval.shape[axis] - window.at[axis];
        int64_t at = load_index(indices->data, (ct_dtype)indices->aval.dtype, row * n + k);
        if (clamp)
            at = at < 0 ? 0 : at > last ? last : at;
        if (at < 0 || at > last)
            return -1;
        start += at * strides->at[axis];
    }
    for (int64_t axis = indices->aval.ndim - 2; axis >= 0; axis--) {
        int64_t size = indices->aval.shape[axis], at = row % size;
        row /= size;
        for (int64_t k = 0; k < d->start_indices_batching_dims.n; k++)
            if (d->start_indices_batching_dims.at[k] == axis)
                start += at * strides->at[d->operand_batching_dims.at[k]];
    }
    return start;
}

/* ---- the correspondence of axes ---- */

static void lay_axes(indexed_plan *p, const gather_dims *d, const operand *x,
                     const int_list *strides, const operand *indices, const aval *result)
{
    int64_t operand_axis = x->aval.ndim - 1, rows_axis = indices->aval.ndim - 2, rows = 1;
    p->ndim = 0;
    p->unit = dtype_table[x->aval.dtype].itemsize;
    p->units = 1;
    for (int64_t axis = result->ndim - 1; axis >= 0;
         axis--) { /* innermost first; turned round below */
        int64_t size = result->shape[axis], stride = 0, row = 0;
        if (ints_contain(d->offset_dims, axis)) {
            while (ints_contain(d->collapsed_slice_dims, operand_axis) ||
                   ints_contain(d->operand_batching_dims, operand_axis))
                operand_axis--;
            stride = strides->at[operand_axis--];
        } else {
            row = rows;
            rows *= indices->aval.shape[rows_axis--];
        }
        int last = p->ndim - 1;
        if (size == 1)
            continue;
        if (!p->ndim && stride == p->unit)
            p->unit *= size;
        else if (p->ndim && (row ? p->row[last] && row == p->row[last] * p->size[last]
                                 : p->stride[last] && stride == p->stride[last] * p->size[last])) {
            p->size[last] *= size;
            p->units *= size;
        } else {
            p->size[p->ndim] = size;
            p->stride[p->ndim] = stride;
            p->row[p->ndim++] = row;
            p->units *= size;
        }
    }
    for (int i = 0, j = p->ndim - 1; i < j; i++, j--) {
        int64_t size = p->size[i], stride = p->stride[i], row = p->row[i];
        p->size[i] = p->size[j], p->stride[i] = p->stride[j], p->row[i] = p->row[j];
        p->size[j] = size, p->stride[j] = stride, p->row[j] = row;
    }
}

bool indexed_plan_make(indexed_plan *p, const gather_dims *d, const operand *x,
                       const operand *indices, const aval *result, ct_ints window, bool clamp)
{
    int_list strides = byte_strides(&x->aval);
    lay_axes(p, d, x, &strides, indices, result);
    int64_t rows = shape_size(indices->aval.ndim - 1, indices->aval.shape);
    bool simple =
        d->start_index_map.n == 1 && !d->operand_batching_dims.n && indices->aval.dtype == CT_INT32;
    p->index = NULL;
    p->starts = p->few_starts;
    p->starts_bytes = 0;
    if (simple) {
        int64_t axis = d->start_index_map.at[0];
        p->last = x->aval.shape[axis] - window.at[axis];
        p->index_stride = strides.at[axis];
        p->clamp = clamp;
        if (p->ndim == 1 && p->row[0] == 1) {
            p->index = indices->data;
            return true;
        }
    }
    if (rows > (int64_t)countof(p->few_starts)) {
        p->starts_bytes = (size_t)rows * sizeof *p->starts;
        p->starts = array_memory(p->starts_bytes);
        if (!p->starts)
            return false;
    }
    if (simple) {
        starts_simple(indices->data, rows, p->last, p->index_stride, clamp, p->starts);
        return true;
    }
    for (int64_t row = 0; row < rows; row++)
        p->starts[row] = start_of_row(d, x, indices, &strides, window, row, clamp);
    return true;
}

void indexed_plan_free(indexed_plan *p)
{
    if (p->starts_bytes && p->starts)
        array_memory_free(p->starts, p->starts_bytes);
}

/* ---- the walk ---- */

static void walk_rows(const indexed_plan *p, int64_t begin, int64_t end, indexed_visit *visit,
                      void *context)
{
    int64_t starts[256];
    for (int64_t at = begin; at < end; at += (int64_t)countof(starts)) {
        int64_t n = end - at < (int64_t)countof(starts) ? end - at : (int64_t)countof(starts);
        starts_simple(p->index + at, n, p->last, p->index_stride, p->clamp, starts);
        visit(context, p, &(indexed_run){at, n, 0, 0, 1, starts});
    }
}

void indexed_walk(const indexed_plan *p, int64_t begin, int64_t end, indexed_visit *visit,
                  void *context)
{
    if (p->index) {
        walk_rows(p, begin, end, visit, context);
        return;
    }
    if (!p->ndim) {
        if (begin < end)
            visit(context, p, &(indexed_run){0, 1, 0, 0, 0, p->starts});
        return;
    }
    int inner = p->ndim - 1;
    for (int64_t at = begin; at < end;) {
        int64_t rest = at / p->size[inner], first = at % p->size[inner], row = 0;
        indexed_run run = {at, p->size[inner] - first, 0, p->stride[inner], p->row[inner], NULL};
        if (run.n > end - at)
            run.n = end - at;
        for (int i = inner - 1; i >= 0; i--) {
            int64_t index = rest % p->size[i];
            rest /= p->size[i];
            run.offset += index * p->stride[i];
            row += index * p->row[i];
        }
        run.offset += first * p->stride[inner];
        run.starts = p->starts + row + first * p->row[inner];
        visit(context, p, &run);
        at += run.n;
    }
}

int_list ints_raised(ct_ints list)
{
    int_list l;
    l.n = list.n;
    for (int64_t i = 0; i < list.n; i++)
        l.at[i] = list.at[i] + 1;
    return l;
}

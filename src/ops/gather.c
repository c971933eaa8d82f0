/* gather: windows of an array, read at the places that rows of indices name.
 *
 * Its transpose is scatter_add (scatter.c); how windows and results correspond is in indexed.c. */
#include "kernel/kernel.h"
#include "ops/structured.h"

/* ---- types ---- */

static const indexed_names gather_names = {
    "gather",          "offset_dims",           "collapsed_slice_dims",
    "start_index_map", "operand_batching_dims", "start_indices_batching_dims"};

static bool check_slice_sizes(const params_gather *p, const aval *x, const aval *indices)
{
    const gather_dims *d = &p->dimension_numbers;
    if (p->slice_sizes.n != x->ndim) {
        base_fail(CT_TYPE_ERROR,
                  "Gather op must have one slice size for every input dimension; got: "
                  "len(slice_sizes)=%lld, input_shape.rank=%d",
                  (long long)p->slice_sizes.n, (int)x->ndim);
        return false;
    }
    if (p->slice_sizes.n !=
        d->offset_dims.n + d->collapsed_slice_dims.n + d->operand_batching_dims.n) {
        base_fail(CT_TYPE_ERROR,
                  "All components of the offset index in a gather op must either be a offset "
                  "dimension or explicitly collapsed/batching; got len(slice_sizes)=%lld, "
                  "output_slice_sizes=%s, collapsed_slice_dims=%s, operand_batching_dims=%s.",
                  (long long)p->slice_sizes.n, INTS(d->offset_dims), INTS(d->collapsed_slice_dims),
                  INTS(d->operand_batching_dims));
        return false;
    }
    bool empty = shape_size(indices->ndim, indices->shape) == 0;
    for (int64_t i = 0; i < x->ndim; i++) {
        int64_t size = p->slice_sizes.at[i];
        if (!empty && (size < 0 || size > x->shape[i])) {
            base_fail(CT_TYPE_ERROR,
                      "Slice size at index %lld in gather op is out of range, must be within [0, "
                      "%lld + 1), got %lld.",
                      (long long)i, (long long)x->shape[i], (long long)size);
            return false;
        }
        if (ints_contain(d->collapsed_slice_dims, i) && size != 1) {
            base_fail(CT_TYPE_ERROR,
                      "Gather op can only collapse slice dims with bound 1, but bound is %lld for "
                      "index %lld.",
                      (long long)size, (long long)i);
            return false;
        }
        if (ints_contain(d->operand_batching_dims, i) && size > 1) {
            base_fail(CT_TYPE_ERROR,
                      "Gather op can only have operand batching dims with bound 0/1, but bound is "
                      "%lld for index %lld.",
                      (long long)size, (long long)i);
            return false;
        }
    }
    return true;
}

static bool abstract_gather(const op *o, const void *params, int nin, const aval *in, int *nout,
                            aval *out, arena *a)
{
    (void)o, (void)nin;
    const params_gather *p = params;
    const gather_dims *d = &p->dimension_numbers;
    int64_t rank = d->offset_dims.n + in[1].ndim - 1;
    if (!indexed_check(&gather_names, d, &in[0], &in[1], rank) ||
        !check_slice_sizes(p, &in[0], &in[1]))
        return false;
    if (p->mode == GATHER_ONE_HOT) {
        base_fail(CT_NOT_IMPLEMENTED_ERROR,
                  "gather has no one_hot mode; index with mode='one_hot' instead");
        return false;
    }
    int64_t *shape = arena_alloc(a, (size_t)(rank ? rank : 1) * sizeof *shape);
    if (!shape)
        return false;
    int64_t axis = 0, row = 0;
    for (int64_t i = 0; i < rank; i++) {
        if (!ints_contain(d->offset_dims, i)) {
            shape[i] = in[1].shape[row++];
            continue;
        }
        while (ints_contain(d->collapsed_slice_dims, axis) ||
               ints_contain(d->operand_batching_dims, axis))
            axis++;
        shape[i] = p->slice_sizes.at[axis++];
    }
    *nout = 1;
    out[0] = (aval){in[0].dtype, in[0].weak, (int32_t)rank, shape};
    return true;
}

/* ---- the kernel ---- */

typedef struct gather_run {
    const indexed_plan *plan;
    const char *x;
    char *out;
    size_t itemsize;
    char fill[16];
} gather_run;

static void fill_unit(const gather_run *g, char *to, size_t unit)
{
    for (size_t i = 0; i < unit; i += g->itemsize)
        memcpy(to + i, g->fill, g->itemsize);
}

/* n rows of 4 or 8 bytes: the loops that compilers turn into plain loads and stores. */
static void gather_words(const gather_run *g, const indexed_run *r)
{
    uint32_t *out = (uint32_t *)(void *)(g->out + r->at * 4), fill, word;
    memcpy(&fill, g->fill, sizeof fill);
    for (int64_t j = 0; j < r->n; j++) {
        int64_t start = r->starts[j * r->row];
        if (start >= 0) /* two halves need not lie on a word's boundary */
            memcpy(&word, g->x + start + r->offset, sizeof word);
        out[j] = start < 0 ? fill : word;
    }
}

static void gather_rows(const gather_run *g, const indexed_run *r)
{
    size_t unit = (size_t)g->plan->unit;
    for (int64_t j = 0; j < r->n; j++) {
        int64_t start = r->starts[j * r->row];
        char *to = g->out + (size_t)(r->at + j) * unit;
        if (start < 0)
            fill_unit(g, to, unit);
        else
            memcpy(to, g->x + start + r->offset, unit);
    }
}

static void gather_strided(const gather_run *g, const indexed_run *r)
{
    size_t unit = (size_t)g->plan->unit;
    char *to = g->out + (size_t)r->at * unit;
    if (r->starts[0] < 0) {
        fill_unit(g, to, unit * (size_t)r->n);
        return;
    }
    const char *from = g->x + r->starts[0] + r->offset;
    kernel_copy(1, &r->n, unit, to, &(int64_t){(int64_t)unit}, from, &r->stride);
}

static void visit_gather(void *context, const indexed_plan *p, const indexed_run *r)
{
    const gather_run *g = context;
    if (!r->row && r->stride)
        gather_strided(g, r);
    else if (p->unit == 4)
        gather_words(g, r);
    else
        gather_rows(g, r);
}

static void gather_piece(void *context, int64_t begin, int64_t end)
{
    gather_run *g = context;
    indexed_walk(g->plan, begin, end, visit_gather, g);
}

void gather_fill(const params_gather *p, ct_dtype dtype, void *element)
{
    double value = p->fill_value.value;
    if (!p->fill_value.given)
        value = dtype_inexact(dtype)           ? __builtin_nan("")
                : dtype_is(dtype, FAMILY_INT)  ? -__builtin_inf()
                : dtype_is(dtype, FAMILY_UINT) ? __builtin_inf()
                                               : 1;
    const void *source = &value;
    int64_t step = 1;
    memset(element, 0, 16);
    if (dtype_is(dtype, ANYTHING))
        kernel_convert(CT_FLOAT64, dtype)(1, element, &source, &step);
}

static ct_status kernel_gather(const op *o, const void *params, int nin, const operand *in,
                               int nout, operand *out)
{
    (void)o, (void)nin, (void)nout;
    const params_gather *p = params;
    if (shape_size(out->aval.ndim, out->aval.shape) == 0)
        return CT_OK;
    indexed_plan plan;
    if (!indexed_plan_make(&plan, &p->dimension_numbers, &in[0], &in[1], &out->aval, p->slice_sizes,
                           p->mode != GATHER_FILL_OR_DROP))
        return CT_OUT_OF_MEMORY_ERROR;
    gather_run g = {&plan, in[0].data, out->data, dtype_table[out->aval.dtype].itemsize, {0}};
    if (p->mode == GATHER_FILL_OR_DROP) {
        gather_fill(p, (ct_dtype)out->aval.dtype, g.fill);
        for (size_t i = g.itemsize; i < sizeof g.fill; i++) /* words hold several elements */
            g.fill[i] = g.fill[i - g.itemsize];
    }
    int64_t grain = 65536 / plan.unit + 1;
    if (plan.units <= grain)
        gather_piece(&g, 0, plan.units);
    else
        base_parallel(plan.units, grain, gather_piece, &g);
    indexed_plan_free(&plan);
    return CT_OK;
}

/* ---- derivatives: linear in the operand ---- */

static bool jvp_gather(const op *o, const void *params, int nin, const ct_array *primals,
                       const ct_array *tangents, int nout, ct_array *out_primals,
                       ct_array *out_tangents)
{
    (void)o, (void)nin, (void)nout;
    params_gather p = *(const params_gather *)params;
    out_primals[0] = op_gather(primals[0], primals[1], &p);
    p.fill_value = (optional_float){true, 0};
    out_tangents[0] = tangents[0] ? op_gather(tangents[0], primals[1], &p) : NULL;
    return !is_poison(out_primals[0]) && !(out_tangents[0] && is_poison(out_tangents[0]));
}

static bool transpose_gather(const op *o, const void *params, int nin, const ct_array *in,
                             const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)o, (void)nin, (void)nout;
    const params_gather *p = params;
    const gather_dims *d = &p->dimension_numbers;
    out[0] = out[1] = NULL;
    if (!cts[0])
        return true;
    aval zero = in_avals[0];
    zero.dtype = cts[0]->aval.dtype;
    zero.weak = false;
    params_scatter q = {{d->offset_dims, d->collapsed_slice_dims, d->start_index_map,
                         d->operand_batching_dims, d->start_indices_batching_dims},
                        p->indices_are_sorted,
                        p->mode,
                        p->unique_indices};
    out[0] = op_scatter(&op_row_scatter_add, op_full(&zero, 0), in[1], cts[0], &q);
    return !is_poison(out[0]);
}

/* ---- batching ---- */

static bool vmap_gather(const op *o, const void *params, batch b, int nin, const ct_array *in,
                        const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)o, (void)nin, (void)nout;
    params_gather p = *(const params_gather *)params;
    gather_dims *d = &p.dimension_numbers;
    bool x_mapped = dims[0] != NOT_MAPPED, i_mapped = dims[1] != NOT_MAPPED;
    ct_array x = x_mapped ? batch_front(in[0], dims[0], b.size) : in[0];
    ct_array indices = i_mapped ? batch_front(in[1], dims[1], b.size) : in[1];
    int_list offset = ints_raised(d->offset_dims), collapsed = ints_raised(d->collapsed_slice_dims),
             map = ints_raised(d->start_index_map);
    int_list x_batching = ints_raised(d->operand_batching_dims),
             i_batching = ints_raised(d->start_indices_batching_dims), sizes;
    if (!i_mapped) {
        offset = ints_insert(ints_of(&offset), 0, 0);
        sizes = ints_insert(p.slice_sizes, 0, b.size);
    } else if (x_mapped) {
        x_batching = ints_insert(ints_of(&x_batching), 0, 0);
        i_batching = ints_insert(ints_of(&i_batching), 0, 0);
        sizes = ints_insert(p.slice_sizes, 0, b.size ? 1 : 0);
    }
    d->offset_dims = ints_of(&offset);
    if (x_mapped) {
        d->collapsed_slice_dims = ints_of(&collapsed);
        d->start_index_map = ints_of(&map);
        d->operand_batching_dims = ints_of(&x_batching);
        p.slice_sizes = ints_of(&sizes);
    } else {
        p.unique_indices = p.indices_are_sorted = false;
    }
    if (i_mapped)
        d->start_indices_batching_dims = ints_of(&i_batching);
    out[0] = op_gather(x, indices, &p);
    out_dims[0] = 0;
    return !is_poison(out[0]);
}

const op op_row_gather = {
    .name = "gather",
    .flags = OP_DATA_MOVEMENT,
    .code = OP_gather,
    .operands = 2,
    .fields = fields_gather,
    .nfields = nfields_gather,
    .params_size = sizeof(params_gather),
    .abstract = abstract_gather,
    .kernel = kernel_gather,
    .jvp = jvp_gather,
    .transpose = transpose_gather,
    .vmap = vmap_gather,
};

ct_array op_gather(ct_array x, ct_array indices, const params_gather *p)
{
    return core_bind1(&op_row_gather, p, 2, (ct_array[]){x, indices});
}

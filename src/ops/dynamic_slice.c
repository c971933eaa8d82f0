/* dynamic_slice and dynamic_update_slice: a block whose place is a value. Starts are clamped so
 * that the block fits.
 *
 * With mapped starts, batching turns them into a gather and a scatter. */
#include "ops/rules.h"

/* Byte offset of the block in an array, from the starts that follow it among the operands. */
static int64_t block_offset(const operand *whole, ct_ints sizes, const operand *starts)
{
    int_list strides = byte_strides(&whole->aval);
    int64_t offset = 0;
    for (int64_t d = 0; d < sizes.n; d++) {
        int64_t start = 0, room = whole->aval.shape[d] - sizes.at[d];
        kernel_convert((ct_dtype)starts[d].aval.dtype,
                       CT_INT64)(1, &start, (const void *[]){starts[d].data}, (const int64_t[]){0});
        bool huge = start < 0 && starts[d].aval.dtype == CT_UINT64;
        offset += (huge ? room : start < 0 ? 0 : start > room ? room : start) * strides.at[d];
    }
    return offset;
}

static bool check_starts(const op *o, int n, const aval *starts)
{
    for (int i = 0; i < n; i++) {
        if (starts[i].ndim)
            return base_fail(
                       CT_TYPE_ERROR,
                       "start_indices arguments to %s must be scalars, got an index of shape %s",
                       o->name, SHAPE(&starts[i])),
                   false;
        if (!dtype_is((ct_dtype)starts[i].dtype, INTEGER) || starts[i].dtype != starts[0].dtype)
            return base_fail(CT_TYPE_ERROR,
                             "index arguments to %s must be integers of the same type, got: %s, %s",
                             o->name, DTYPE(&starts[0]), DTYPE(&starts[i])),
                   false;
    }
    return true;
}

static bool any_mapped(int n, const int *dims)
{
    for (int i = 0; i < n; i++)
        if (dims[i] != NOT_MAPPED)
            return true;
    return false;
}

/* The starts of all examples as an array (size, n). */
static ct_array stacked_starts(int n, const ct_array *starts, const int *dims, int64_t size)
{
    ct_array columns[MAX_NDIM];
    for (int i = 0; i < n; i++)
        columns[i] =
            op_broadcast_in_dim(starts[i], I(size, 1), dims[i] == NOT_MAPPED ? I_NONE : I(0));
    return op_concatenate(n, columns, 1);
}

/* The operands of the same operation on an array that has the mapped axis at dim: one more start,
 * zero. Values from `starts` on. */
static void starts_with_zero(int n, const ct_array *starts, int dim, ct_array *out)
{
    ct_array zero = n ? op_number(0, starts[0]) : array_scalar_int(CT_INT32, false, 0);
    for (int i = 0, from = 0; i <= n; i++)
        out[i] = i == dim ? zero : starts[from++];
}

/* ---- dynamic_slice ---- */

static bool dynamic_slice_abstract(const op *o, const void *params, int nin, const aval *in,
                                   int *nout, aval *out, arena *a)
{
    (void)a;
    ct_ints sizes = ((const params_dynamic_slice *)params)->slice_sizes;
    *nout = 1;
    if (sizes.n != in->ndim || nin != in->ndim + 1)
        return base_fail(CT_TYPE_ERROR,
                         "%s takes a start and a size for every dimension of the operand, got %d "
                         "starts and slice_sizes %s for operand shape %s.",
                         o->name, nin - 1, INTS(sizes), SHAPE(in)),
               false;
    for (int d = 0; d < in->ndim; d++) {
        if (sizes.at[d] > in->shape[d])
            return base_fail(CT_TYPE_ERROR,
                             "slice slice_sizes must be less than or equal to operand shape, got "
                             "slice_sizes %s for operand shape %s.",
                             INTS(sizes), SHAPE(in)),
                   false;
        if (sizes.at[d] < 0)
            return base_fail(CT_TYPE_ERROR,
                             "slice slice_sizes must be greater than or equal to zero, got "
                             "slice_sizes of %s.",
                             INTS(sizes)),
                   false;
    }
    *out = (aval){in->dtype, in->weak, in->ndim, sizes.at};
    return check_starts(o, nin - 1, in + 1);
}

static ct_status dynamic_slice_kernel(const op *o, const void *params, int nin, const operand *in,
                                      int nout, operand *out)
{
    (void)o, (void)nin, (void)nout;
    ct_ints sizes = ((const params_dynamic_slice *)params)->slice_sizes;
    int_list from = byte_strides(&in->aval), to = byte_strides(&out->aval);
    const char *first = (const char *)in->data + block_offset(in, sizes, in + 1);
    kernel_copy(out->aval.ndim, sizes.at, dtype_table[in->aval.dtype].itemsize, out->data, to.at,
                first, from.at);
    return CT_OK;
}

static bool dynamic_slice_jvp(const op *o, const void *params, int nin, const ct_array *primals,
                              const ct_array *tangents, int nout, ct_array *out_primals,
                              ct_array *out_tangents)
{
    (void)nin, (void)nout;
    ct_ints sizes = ((const params_dynamic_slice *)params)->slice_sizes;
    out_tangents[0] =
        tangents[0] ? op_dynamic_slice(tangents[0], sizes.n, primals + 1, sizes) : NULL;
    out_primals[0] = core_bind1(o, params, nin, primals);
    return ops_good(out_primals[0]) && ops_good(out_tangents[0]);
}

static bool dynamic_slice_transpose(const op *o, const void *params, int nin, const ct_array *in,
                                    const aval *in_avals, int nout, const ct_array *cts,
                                    ct_array *out)
{
    (void)o, (void)params, (void)nout;
    for (int i = 0; i < nin; i++)
        out[i] = NULL;
    if (in[0] || !cts[0])
        return true;
    ct_scope scope = ct_begin();
    aval whole = {in_avals->dtype, false, in_avals->ndim, in_avals->shape};
    out[0] = op_dynamic_update_slice(op_full(&whole, 0), cts[0], nin - 1, in + 1);
    return ops_keep(scope, 1, out);
}

/* Every example's block: gathered with the mapped axis as a batch axis, or from one shared operand.
 */
static ct_array gather_blocks(ct_array x, bool mapped, ct_array starts, ct_ints sizes)
{
    int_list offset = ints_range(1, sizes.n), axes = ints_range(mapped, sizes.n),
             wide = ints_insert(sizes, 0, 1);
    ct_ints batch_axis = mapped ? I(0) : I_NONE;
    params_gather p = {.dimension_numbers = {.offset_dims = ints_of(&offset),
                                             .collapsed_slice_dims = I_NONE,
                                             .start_index_map = ints_of(&axes),
                                             .operand_batching_dims = batch_axis,
                                             .start_indices_batching_dims = batch_axis},
                       .indices_are_sorted = true,
                       .mode = GATHER_CLIP,
                       .slice_sizes = mapped ? ints_of(&wide) : sizes,
                       .unique_indices = true};
    return op_gather(x, starts, &p);
}

static bool dynamic_slice_vmap(const op *o, const void *params, batch b, int nin,
                               const ct_array *in, const int *dims, int nout, ct_array *out,
                               int *out_dims)
{
    (void)o, (void)nout;
    ct_ints sizes = ((const params_dynamic_slice *)params)->slice_sizes;
    ct_scope scope = ct_begin();
    if (any_mapped(nin - 1, dims + 1)) {
        ct_array x = dims[0] == NOT_MAPPED ? in[0] : batch_front(in[0], dims[0], b.size);
        out[0] = gather_blocks(x, dims[0] != NOT_MAPPED,
                               stacked_starts(nin - 1, in + 1, dims + 1, b.size), sizes);
        out_dims[0] = 0;
    } else {
        ct_array starts[MAX_NDIM + 1];
        int_list wide = ints_insert(sizes, dims[0], b.size);
        starts_with_zero(nin - 1, in + 1, dims[0], starts);
        out[0] = op_dynamic_slice(in[0], nin, starts, ints_of(&wide));
        out_dims[0] = dims[0];
    }
    return ops_keep(scope, 1, out);
}

const op op_row_dynamic_slice = {.name = "dynamic_slice",
                                 .flags = OP_DATA_MOVEMENT,
                                 .code = OP_dynamic_slice,
                                 .operands = ANY_OPERANDS,
                                 .fields = fields_dynamic_slice,
                                 .nfields = nfields_dynamic_slice,
                                 .params_size = sizeof(params_dynamic_slice),
                                 .abstract = dynamic_slice_abstract,
                                 .kernel = dynamic_slice_kernel,
                                 .jvp = dynamic_slice_jvp,
                                 .transpose = dynamic_slice_transpose,
                                 .vmap = dynamic_slice_vmap};

ct_array op_dynamic_slice(ct_array x, int64_t n, const ct_array *starts, ct_ints sizes)
{
    ct_array in[MAX_NDIM + 1] = {x};
    if (n > MAX_NDIM)
        return ct_fail(CT_NOT_IMPLEMENTED_ERROR,
                       "dynamic_slice takes arrays of at most %d dimensions.", MAX_NDIM);
    memcpy(in + 1, starts, (size_t)n * sizeof *in);
    return core_bind1(&op_row_dynamic_slice, &(params_dynamic_slice){.slice_sizes = sizes},
                      (int)n + 1, in);
}

/* ---- dynamic_update_slice ---- */

static bool update_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                            aval *out, arena *a)
{
    (void)params, (void)a;
    const aval *update = &in[1];
    *nout = 1;
    if (in->ndim != update->ndim)
        return base_fail(CT_TYPE_ERROR,
                         "%s update must have the same rank as operand, got update shape %s for "
                         "operand shape %s.",
                         o->name, SHAPE(update), SHAPE(in)),
               false;
    if (nin != in->ndim + 2)
        return base_fail(CT_TYPE_ERROR,
                         "%s start_indices must have length equal to the rank of operand, got %d "
                         "indices for operand shape %s.",
                         o->name, nin - 2, SHAPE(in)),
               false;
    for (int d = 0; d < in->ndim; d++)
        if (update->shape[d] > in->shape[d])
            return base_fail(CT_TYPE_ERROR,
                             "%s update shape must be smaller than operand shape, got update shape "
                             "%s for operand shape %s.",
                             o->name, SHAPE(update), SHAPE(in)),
                   false;
    *out = *in;
    out->weak = false; /* as the starts are not */
    return families_check_dtypes(o, STORED, 2, in, true) && check_starts(o, nin - 2, in + 2);
}

static ct_status update_kernel(const op *o, const void *params, int nin, const operand *in,
                               int nout, operand *out)
{
    (void)o, (void)params, (void)nin, (void)nout;
    const operand *update = &in[1];
    size_t itemsize = dtype_table[in->aval.dtype].itemsize;
    int_list to = byte_strides(&out->aval), from = byte_strides(&update->aval);
    if (out->data != in->data)
        memcpy(out->data, in->data, (size_t)shape_size(in->aval.ndim, in->aval.shape) * itemsize);
    char *first = (char *)out->data + block_offset(out, aval_shape(&update->aval), in + 2);
    kernel_copy(update->aval.ndim, update->aval.shape, itemsize, first, to.at, update->data,
                from.at);
    return CT_OK;
}

static bool update_jvp(const op *o, const void *params, int nin, const ct_array *primals,
                       const ct_array *tangents, int nout, ct_array *out_primals,
                       ct_array *out_tangents)
{
    (void)nout;
    ct_scope scope = ct_begin();
    ct_array both[2], values[2] = {core_bind1(o, params, nin, primals), NULL};
    for (int i = 0; i < 2; i++)
        both[i] = tangents[i] ? tangents[i] : op_full_like(primals[i], 0);
    if (tangents[0] || tangents[1])
        values[1] = op_dynamic_update_slice(both[0], both[1], nin - 2, primals + 2);
    out_primals[0] = values[0];
    out_tangents[0] = values[1];
    return ops_keep(scope, 2, values);
}

static bool update_transpose(const op *o, const void *params, int nin, const ct_array *in,
                             const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)o, (void)params, (void)nout;
    for (int i = 0; i < nin; i++)
        out[i] = NULL;
    if (!cts[0])
        return true;
    ct_scope scope = ct_begin();
    aval block = {cts[0]->aval.dtype, false, in_avals[1].ndim, in_avals[1].shape};
    if (!in[0])
        out[0] = op_dynamic_update_slice(cts[0], op_full(&block, 0), nin - 2, in + 2);
    if (!in[1])
        out[1] = op_dynamic_slice(cts[0], nin - 2, in + 2, aval_shape(&in_avals[1]));
    return ops_keep(scope, 2, out);
}

static ct_array scatter_blocks(ct_array x, ct_array update, ct_array starts, int64_t n)
{
    int_list window = ints_range(1, n);
    params_scatter p = {.dimension_numbers = {.update_window_dims = ints_of(&window),
                                              .inserted_window_dims = I_NONE,
                                              .scatter_dims_to_operand_dims = ints_of(&window),
                                              .operand_batching_dims = I(0),
                                              .scatter_indices_batching_dims = I(0)},
                        .indices_are_sorted = true,
                        .mode = GATHER_CLIP,
                        .unique_indices = true};
    return op_scatter(&op_row_scatter, x, starts, update, &p);
}

static bool update_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                        const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)o, (void)params, (void)nout;
    ct_scope scope = ct_begin();
    ct_array x = batch_front(in[0], dims[0], b.size), update = batch_front(in[1], dims[1], b.size);
    if (any_mapped(nin - 2, dims + 2)) {
        out[0] =
            scatter_blocks(x, update, stacked_starts(nin - 2, in + 2, dims + 2, b.size), nin - 2);
    } else {
        ct_array starts[MAX_NDIM + 1];
        starts_with_zero(nin - 2, in + 2, 0, starts);
        out[0] = op_dynamic_update_slice(x, update, nin - 1, starts);
    }
    out_dims[0] = 0;
    return ops_keep(scope, 1, out);
}

const op op_row_dynamic_update_slice = {.name = "dynamic_update_slice",
                                        .flags = OP_DATA_MOVEMENT | OP_IN_PLACE,
                                        .code = OP_dynamic_update_slice,
                                        .operands = ANY_OPERANDS,
                                        .abstract = update_abstract,
                                        .kernel = update_kernel,
                                        .jvp = update_jvp,
                                        .transpose = update_transpose,
                                        .vmap = update_vmap};

ct_array op_dynamic_update_slice(ct_array x, ct_array update, int64_t n, const ct_array *starts)
{
    ct_array in[MAX_NDIM + 2] = {x, update};
    if (n > MAX_NDIM)
        return ct_fail(CT_NOT_IMPLEMENTED_ERROR,
                       "dynamic_update_slice takes arrays of at most %d dimensions.", MAX_NDIM);
    memcpy(in + 2, starts, (size_t)n * sizeof *in);
    return core_bind1(&op_row_dynamic_update_slice, NULL, (int)n + 2, in);
}

/* sort, top_k and approx_top_k. Derivatives gather tangents along the permutation that the sort
 * itself finds.
 *
 * The orderings (NaN last, zeros equal whatever their sign) and the algorithms are in
 * kernel/sort.c. */
#include <math.h>

#include "kernel/kernel.h"
#include "ops/structured.h"

enum { MANY = 64 };

/* ---- sort ---- */

static bool shapes_differ(int nin, const aval *in)
{
    text list = {0};
    for (int i = 0; i < nin; i++)
        text_add(&list, "%s%s", i ? " " : "", SHAPE(&in[i]));
    char *shapes = text_end(&list);
    base_fail(CT_TYPE_ERROR, "Arguments to sort must have equal shapes, got: %s",
              shapes ? shapes : "");
    base_free(shapes);
    return false;
}

static bool abstract_sort(const op *o, const void *params, int nin, const aval *in, int *nout,
                          aval *out, arena *a)
{
    (void)a;
    const params_sort *p = params;
    if (p->dimension < 0 || p->dimension >= in[0].ndim) {
        base_fail(CT_VALUE_ERROR, "axis %lld is out of bounds for array of dimension %d",
                  (long long)p->dimension, (int)in[0].ndim);
        return false;
    }
    if (p->num_keys < 1 || p->num_keys > nin) {
        base_fail(CT_VALUE_ERROR, "num_keys=%lld must be between 1 and len(operand)=%d",
                  (long long)p->num_keys, nin);
        return false;
    }
    if (!gives_results(o, nout, nin))
        return false;
    for (int i = 0; i < nin; i++) {
        if (!ints_equal(aval_shape(&in[i]), aval_shape(&in[0])))
            return shapes_differ(nin, in);
        if (!dtype_is((ct_dtype)in[i].dtype, i < p->num_keys ? ANYTHING : STORED)) {
            base_fail(CT_TYPE_ERROR, "%s does not accept keys of dtype %s", o->name, DTYPE(&in[i]));
            return false;
        }
        out[i] = in[i];
    }
    return true;
}

/* What lies before and behind an axis. */
static int64_t outer_size(const aval *x, int64_t axis) { return shape_size(axis, x->shape); }
static int64_t inner_size(const aval *x, int64_t axis)
{
    return shape_size(x->ndim - axis - 1, x->shape + axis + 1);
}

static ct_status kernel_sort_op(const op *o, const void *params, int nin, const operand *in,
                                int nout, operand *out)
{
    const params_sort *p = params;
    for (int i = 0; i < nin; i++)
        if (ops_narrow((ct_dtype)in[i].aval.dtype))
            return ops_widened(o, params, nin, in, nout, out);
    void *data[MANY];
    ct_dtype dtypes[MANY];
    if (nin > MANY)
        return base_fail(CT_NOT_IMPLEMENTED_ERROR,
                         "sort of %d operands at once; at most %d are possible", nin, MANY);
    const aval *x = &in[0].aval;
    int64_t size = shape_size(x->ndim, x->shape);
    if (!size)
        return CT_OK;
    for (int i = 0; i < nin; i++) {
        dtypes[i] = (ct_dtype)in[i].aval.dtype;
        data[i] = out[i].data;
        memcpy(data[i], in[i].data, (size_t)size * dtype_table[dtypes[i]].itemsize);
    }
    return kernel_sort(outer_size(x, p->dimension), x->shape[p->dimension],
                       inner_size(x, p->dimension), nin, (int)p->num_keys, data, dtypes,
                       p->is_stable);
}

/* Reads x along an axis at the places in `places`, an integer array of the result's shape with an
 * axis of size one behind. */
static ct_array along_axis(ct_array x, ct_array places, int64_t axis)
{
    if (is_poison(x) || is_poison(places))
        return array_poison;
    int_list all = ints_range(0, x->aval.ndim),
             others = ints_without(ints_of(&all), (ct_ints){1, &axis}), ones = all;
    for (int64_t i = 0; i < ones.n; i++)
        ones.at[i] = 1;
    params_gather q = {
        .dimension_numbers = {I_NONE, {1, &axis}, {1, &axis}, ints_of(&others), ints_of(&others)},
        .mode = GATHER_PROMISE_IN_BOUNDS,
        .slice_sizes = ints_of(&ones)};
    return op_gather(x, places, &q);
}

static bool jvp_sort(const op *o, const void *params, int nin, const ct_array *primals,
                     const ct_array *tangents, int nout, ct_array *out_primals,
                     ct_array *out_tangents)
{
    (void)nout;
    const params_sort *p = params;
    ct_array in[MANY + 1], out[MANY + 1];
    if (nin > MANY) {
        base_fail(CT_NOT_IMPLEMENTED_ERROR, "sort of %d operands at once; at most %d are possible",
                  nin, MANY);
        return false;
    }
    memcpy(in, primals, (size_t)nin * sizeof *in);
    in[nin] =
        op_iota(shape_size(primals[0]->aval.ndim, primals[0]->aval.shape) < UINT32_MAX ? CT_UINT32
                                                                                       : CT_UINT64,
                aval_shape(&primals[0]->aval), p->dimension);
    core_bind(o, p, nin + 1, in, nin + 1, out);
    if (is_poison(out[nin]))
        return false;
    ct_array places = op_expand_dims(out[nin], I(primals[0]->aval.ndim));
    bool good = true;
    for (int i = 0; i < nin; i++) {
        out_primals[i] = out[i];
        out_tangents[i] = tangents[i] ? along_axis(tangents[i], places, p->dimension) : NULL;
        good = good && !(out_tangents[i] && is_poison(out_tangents[i]));
    }
    return good;
}

static ct_array spread(ct_array x, ct_ints shape, int64_t dim)
{
    int_list all = ints_range(0, shape.n), axes = ints_without(ints_of(&all), (ct_ints){1, &dim});
    return op_broadcast_in_dim(x, shape, ints_of(&axes));
}

static bool vmap_sort(const op *o, const void *params, batch b, int nin, const ct_array *in,
                      const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)b;
    params_sort p = *(const params_sort *)params;
    ct_array moved[MANY];
    if (nin > MANY) {
        base_fail(CT_NOT_IMPLEMENTED_ERROR, "sort of %d operands at once; at most %d are possible",
                  nin, MANY);
        return false;
    }
    int first = 0;
    while (dims[first] == NOT_MAPPED)
        first++;
    int dim = dims[first];
    for (int i = 0; i < nin; i++)
        moved[i] = dims[i] == NOT_MAPPED ? spread(in[i], aval_shape(&in[first]->aval), dim)
                                         : op_moveaxis(in[i], dims[i], dim);
    p.dimension += dim <= p.dimension;
    core_bind(o, &p, nin, moved, nout, out);
    for (int i = 0; i < nout; i++)
        out_dims[i] = dim;
    return !is_poison(out[0]);
}

/* ---- top_k ---- */

static bool abstract_top_k(const op *o, const void *params, int nin, const aval *in, int *nout,
                           aval *out, arena *a)
{
    (void)o, (void)nin;
    const params_top_k *p = params;
    if (!dtype_is((ct_dtype)in[0].dtype, ORDERED)) {
        base_fail(CT_VALUE_ERROR, "top_k is not compatible with %s inputs.",
                  dtype_is((ct_dtype)in[0].dtype, FAMILY_COMPLEX) ? "complex" : DTYPE(&in[0]));
        return false;
    }
    if (p->k < 0) {
        base_fail(CT_VALUE_ERROR, "k argument to top_k must be nonnegative, got %lld",
                  (long long)p->k);
        return false;
    }
    if (p->axis < 0 || p->axis >= in[0].ndim) {
        base_fail(CT_VALUE_ERROR, "axis %lld is out of bounds for array of dimension %d",
                  (long long)p->axis, (int)in[0].ndim);
        return false;
    }
    if (in[0].shape[p->axis] < p->k || in[0].shape[p->axis] > (int64_t)INT32_MAX + 1) {
        bool large = in[0].shape[p->axis] >= p->k;
        base_fail(CT_VALUE_ERROR,
                  large ? "top_k returns int32 indices, which would overflow; got k=%lld with "
                          "shape=%s and axis=%lld"
                        : "k argument to top_k must be no larger than size along axis; got k=%lld "
                          "with shape=%s and axis=%lld",
                  (long long)p->k, SHAPE(&in[0]), (long long)p->axis);
        return false;
    }
    int64_t *shape = ints_in(a, aval_shape(&in[0]));
    if (!shape)
        return false;
    shape[p->axis] = p->k;
    if (!gives_results(o, nout, 2))
        return false;
    out[0] = (aval){in[0].dtype, in[0].weak, in[0].ndim, shape};
    out[1] = (aval){CT_INT32, false, in[0].ndim, shape};
    return true;
}

/* Copies between x's own order and rows along `axis`: (outer, n, inner) and (outer, inner, n). */
static void turn_rows(void *rows, void *x, int64_t outer, int64_t n, int64_t inner, size_t itemsize,
                      bool into_rows)
{
    int64_t s = (int64_t)itemsize, shape[] = {outer, inner, n}, dense[] = {inner * n * s, n * s, s},
            apart[] = {inner * n * s, s, inner * s};
    if (into_rows)
        kernel_copy(3, shape, itemsize, rows, dense, x, apart);
    else
        kernel_copy(3, shape, itemsize, x, apart, rows, dense);
}

/* Along another axis than the last: through rows of our own. */
static ct_status top_k_across(const params_top_k *p, const operand *in, operand *out)
{
    const aval *x = &in->aval;
    ct_dtype dtype = (ct_dtype)x->dtype;
    size_t itemsize = dtype_table[dtype].itemsize;
    int64_t outer = outer_size(x, p->axis), n = x->shape[p->axis], inner = inner_size(x, p->axis),
            rows = outer * inner;
    size_t in_bytes = (size_t)(rows * n) * itemsize,
           values_bytes = (size_t)(rows * p->k) * itemsize,
           indices_bytes = (size_t)(rows * p->k) * sizeof(int32_t);
    void *from = array_memory(in_bytes), *values = array_memory(values_bytes),
         *indices = array_memory(indices_bytes);
    ct_status status = CT_OUT_OF_MEMORY_ERROR;
    if (from && values && indices) {
        turn_rows(from, in->data, outer, n, inner, itemsize, true);
        status = kernel_top_k(rows, n, p->k, dtype, from, values, indices);
        turn_rows(values, out[0].data, outer, p->k, inner, itemsize, false);
        turn_rows(indices, out[1].data, outer, p->k, inner, sizeof(int32_t), false);
    }
    if (from)
        array_memory_free(from, in_bytes);
    if (values)
        array_memory_free(values, values_bytes);
    if (indices)
        array_memory_free(indices, indices_bytes);
    return status;
}

static ct_status kernel_top_k_op(const op *o, const void *params, int nin, const operand *in,
                                 int nout, operand *out)
{
    if (ops_narrow((ct_dtype)in[0].aval.dtype))
        return ops_widened(o, params, nin, in, nout, out);
    const params_top_k *p = params;
    const aval *x = &in[0].aval;
    if (shape_size(out[0].aval.ndim, out[0].aval.shape) == 0)
        return CT_OK;
    if (inner_size(x, p->axis) != 1)
        return top_k_across(p, &in[0], out);
    return kernel_top_k(outer_size(x, p->axis), x->shape[p->axis], p->k, (ct_dtype)x->dtype,
                        in[0].data, out[0].data, out[1].data);
}

/* The tangent's elements at the positions found. */
static bool jvp_positions(const op *o, const void *params, int64_t axis, const ct_array *primals,
                          const ct_array *tangents, ct_array *out_primals, ct_array *out_tangents)
{
    core_bind(o, params, 1, primals, 2, out_primals);
    out_tangents[0] = out_tangents[1] = NULL;
    if (is_poison(out_primals[0]))
        return false;
    int_list shape = ints_insert(aval_shape(&out_primals[1]->aval), out_primals[1]->aval.ndim, 1);
    out_tangents[0] = along_axis(tangents[0], op_reshape(out_primals[1], ints_of(&shape)), axis);
    return !is_poison(out_tangents[0]);
}

static bool jvp_top_k(const op *o, const void *params, int nin, const ct_array *primals,
                      const ct_array *tangents, int nout, ct_array *out_primals,
                      ct_array *out_tangents)
{
    (void)nin, (void)nout;
    return jvp_positions(o, params, ((const params_top_k *)params)->axis, primals, tangents,
                         out_primals, out_tangents);
}

static bool vmap_top_k(const op *o, const void *params, batch b, int nin, const ct_array *in,
                       const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)b;
    params_top_k p = *(const params_top_k *)params;
    p.axis += dims[0] <= p.axis;
    core_bind(o, &p, nin, in, nout, out);
    out_dims[0] = out_dims[1] = dims[0];
    return !is_poison(out[0]);
}

/* ---- approx_top_k: exact here ---- */

static int64_t reduction_axis(const params_approx_top_k *p, int64_t ndim)
{
    return p->reduction_dimension + (p->reduction_dimension < 0 ? ndim : 0);
}

static int floor_log2(int64_t x) { return x < 2 ? 0 : 63 - __builtin_clzll((uint64_t)x); }

/* How many of n elements are left where the largest are not picked out in the end: the best of
 * bins, as many as the recall asks for (Chern et al. 2022, "TPU-KNN: K nearest neighbor search at
 * peak FLOP/s"), in whole tiles. */
static int64_t bins(const params_approx_top_k *p, int64_t n, int64_t ndim)
{
    int64_t tile = ndim == 1 ? 1024 : 128,
            given = p->reduction_input_size_override < 0 ? n : p->reduction_input_size_override;
    double wanted = p->recall_target < 1 ? (1.0 - (double)p->k) / log(p->recall_target) : INFINITY;
    if (n <= tile || wanted >= (double)n)
        return n;
    int64_t most = (int64_t)wanted < tile ? tile : (int64_t)wanted;
    int halvings = floor_log2(given / most), possible = floor_log2(n / tile);
    halvings = halvings < possible ? halvings : possible;
    int64_t tiles = (n + tile - 1) / tile;
    return halvings ? ((tiles + (1LL << halvings) - 1) >> halvings) * tile : n;
}

static bool approx_fits(const params_approx_top_k *p, const aval *x)
{
    if (!dtype_is((ct_dtype)x->dtype, FLOATING))
        return base_fail(CT_VALUE_ERROR, "operand must be a floating type"), false;
    int64_t axis = reduction_axis(p, x->ndim);
    if (axis < 0 || axis >= x->ndim)
        return base_fail(CT_INDEX_ERROR,
                         "approx_top_k: reduction_dimension=%lld is out of bounds "
                         "for an array of shape %s",
                         (long long)p->reduction_dimension, SHAPE(x)),
               false;
    if (p->k < 0 || p->k > x->shape[axis])
        return base_fail(CT_VALUE_ERROR,
                         "k must be smaller than the size of reduction_dim %lld, got %lld",
                         (long long)x->shape[axis], (long long)p->k),
               false;
    if (!(p->recall_target > 0 && p->recall_target <= 1))
        return base_fail(CT_VALUE_ERROR, "approx_top_k: recall_target must be in (0, 1], got %g",
                         p->recall_target),
               false;
    return true;
}

static bool abstract_approx_top_k(const op *o, const void *params, int nin, const aval *in,
                                  int *nout, aval *out, arena *a)
{
    const params_approx_top_k *p = params;
    (void)nin;
    if (!approx_fits(p, in) || !gives_results(o, nout, 2))
        return false;
    int64_t *shape = ints_in(a, aval_shape(in)), axis = reduction_axis(p, in->ndim);
    if (!shape)
        return false;
    shape[axis] = p->aggregate_to_topk ? p->k : bins(p, shape[axis], in->ndim);
    out[0] = (aval){in->dtype, false, in->ndim, shape};
    out[1] = (aval){CT_INT32, false, in->ndim, shape};
    return true;
}

static bool call_approx_top_k(const op *o, const void *params, int nin, const ct_array *in,
                              int nout, ct_array *out)
{
    const params_approx_top_k *p = params;
    (void)o, (void)nin, (void)nout;
    if (!approx_fits(p, &in[0]->aval))
        return false;
    int64_t axis = reduction_axis(p, in[0]->aval.ndim),
            count =
                p->aggregate_to_topk ? p->k : bins(p, in[0]->aval.shape[axis], in[0]->aval.ndim);
    op_top_k(p->is_max_k ? in[0] : op_neg(in[0]), count, axis, out);
    if (!p->is_max_k && !is_poison(out[0]))
        out[0] = op_neg(out[0]);
    return !is_poison(out[0]);
}

static bool jvp_approx_top_k(const op *o, const void *params, int nin, const ct_array *primals,
                             const ct_array *tangents, int nout, ct_array *out_primals,
                             ct_array *out_tangents)
{
    (void)nin, (void)nout;
    return jvp_positions(o, params, reduction_axis(params, primals[0]->aval.ndim), primals,
                         tangents, out_primals, out_tangents);
}

static bool vmap_approx_top_k(const op *o, const void *params, batch b, int nin, const ct_array *in,
                              const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)b;
    params_approx_top_k p = *(const params_approx_top_k *)params;
    p.reduction_dimension = reduction_axis(&p, in[0]->aval.ndim - 1);
    p.reduction_dimension += dims[0] <= p.reduction_dimension;
    core_bind(o, &p, nin, in, nout, out);
    out_dims[0] = out_dims[1] = dims[0];
    return !is_poison(out[0]);
}

/* ---- the rows ---- */

const op op_row_sort = {
    .name = "sort",
    .flags = OP_MULTIPLE,
    .code = OP_sort,
    .operands = ANY_OPERANDS,
    .fields = fields_sort,
    .nfields = nfields_sort,
    .params_size = sizeof(params_sort),
    .abstract = abstract_sort,
    .kernel = kernel_sort_op,
    .jvp = jvp_sort,
    .vmap = vmap_sort,
};
const op op_row_top_k = {
    .name = "top_k",
    .flags = OP_MULTIPLE,
    .code = OP_top_k,
    .operands = 1,
    .fields = fields_top_k,
    .nfields = nfields_top_k,
    .params_size = sizeof(params_top_k),
    .abstract = abstract_top_k,
    .kernel = kernel_top_k_op,
    .jvp = jvp_top_k,
    .vmap = vmap_top_k,
};
const op op_row_approx_top_k = {
    .name = "approx_top_k",
    .flags = OP_MULTIPLE,
    .code = OP_approx_top_k,
    .operands = 1,
    .fields = fields_approx_top_k,
    .nfields = nfields_approx_top_k,
    .params_size = sizeof(params_approx_top_k),
    .abstract = abstract_approx_top_k,
    .call = call_approx_top_k,
    .jvp = jvp_approx_top_k,
    .vmap = vmap_approx_top_k,
};

void op_sort(int64_t n, const ct_array *xs, int64_t dimension, bool stable, int64_t num_keys,
             ct_array *out)
{
    core_bind(&op_row_sort,
              &(params_sort){.dimension = dimension, .is_stable = stable, .num_keys = num_keys},
              (int)n, xs, (int)n, out);
}

void op_top_k(ct_array x, int64_t k, int64_t axis, ct_array out[2])
{
    core_bind(&op_row_top_k, &(params_top_k){.axis = axis, .k = k}, 1, &x, 2, out);
}
void op_approx_top_k(ct_array x, const params_approx_top_k *p, ct_array out[2])
{
    core_bind(&op_row_approx_top_k, p, 1, &x, 2, out);
}

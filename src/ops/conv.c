/* conv_general_dilated: convolutions in any layout, with strides, paddings, dilations of both
 * sides, and groups of features or of batches.
 *
 * The kernel works on one layout, (batch, spatial..., feature) and (spatial..., in, out), and
 * copies others into it. Rows of patches are laid out block by block and multiplied with the kernel
 * as one matrix; what needs no patches is in conv_shift.c. Derivatives and batching are
 * convolutions again: conv_rules.c. */
#include "kernel/kernel.h"
#include "ops/conv.h"

enum { BLOCK_BYTES = 1 << 18, BLOCK_ROWS = 16 };

/* ---- types and shapes ---- */

static bool check_ranks(const params_conv *p, const aval *x, const aval *kernel)
{
    int64_t spatial = x->ndim - 2;
    if (x->ndim != kernel->ndim) {
        base_fail(CT_VALUE_ERROR,
                  "conv_general_dilated lhs and rhs must have the same number of dimensions, but "
                  "got %s and %s.",
                  SHAPE(x), SHAPE(kernel));
        return false;
    }
    if (p->window_strides.n != spatial) {
        base_fail(CT_VALUE_ERROR,
                  "conv_general_dilated window and window_strides must have the same number of "
                  "dimensions, but got %lld and %lld",
                  (long long)spatial, (long long)p->window_strides.n);
        return false;
    }
    if (p->padding.n != 2 * spatial) {
        base_fail(CT_TYPE_ERROR,
                  "Wrong number of explicit pads for convolution: expected %lld, got %lld.",
                  (long long)spatial, (long long)p->padding.n / 2);
        return false;
    }
    for (int side = 0; side < 3; side++) {
        ct_ints list = side == 0   ? p->window_strides
                       : side == 1 ? p->lhs_dilation
                                   : p->rhs_dilation;
        for (int64_t i = 0; i < spatial; i++)
            if (list.n != spatial || list.at[i] < 1) {
                base_fail(CT_TYPE_ERROR,
                          side ? "All dilations must be positive, got %s."
                               : "All window strides must be positive, got %s.",
                          INTS(list));
                return false;
            }
    }
    return true;
}

static bool check_spec(const char *name, ct_ints spec, int64_t ndim)
{
    bool good = spec.n == ndim;
    for (int64_t i = 0; i < ndim && good; i++)
        good = ints_contain(spec, i);
    if (!good)
        base_fail(CT_TYPE_ERROR,
                  "conv_general_dilated %s must name each of the %lld dimensions once, got %s.",
                  name, (long long)ndim, INTS(spec));
    return good;
}

static bool fail_count(const char *what, int64_t a, int64_t b)
{
    base_fail(CT_VALUE_ERROR, "conv_general_dilated %s, got %lld and %lld.", what, (long long)a,
              (long long)b);
    return false;
}

static bool check_groups(const params_conv *p, const aval *x, const aval *kernel)
{
    const conv_dims *d = &p->dimension_numbers;
    int64_t features = x->shape[d->lhs_spec.at[1]], in = kernel->shape[d->rhs_spec.at[1]],
            out = kernel->shape[d->rhs_spec.at[0]], rows = x->shape[d->lhs_spec.at[0]];
    int64_t f = p->feature_group_count, b = p->batch_group_count;
    if (f < 1 || b < 1) {
        base_fail(CT_VALUE_ERROR, "conv_general_dilated %s must be a positive integer, got %lld.",
                  f < 1 ? "feature_group_count" : "batch_group_count", (long long)(f < 1 ? f : b));
        return false;
    }
    if (features % f)
        return fail_count("feature_group_count must divide lhs feature dimension size", f,
                          features);
    if (features / f != in) {
        base_fail(CT_VALUE_ERROR,
                  "conv_general_dilated lhs feature dimension size divided by feature_group_count "
                  "must equal the rhs input feature dimension size, but %lld // %lld != %lld.",
                  (long long)features, (long long)f, (long long)in);
        return false;
    }
    if (out % f)
        return fail_count(
            "rhs output feature dimension size must be a multiple of feature_group_count", out, f);
    if (rows % b)
        return fail_count("batch_group_count must divide lhs batch dimension size", b, rows);
    if (out % b)
        return fail_count(
            "rhs output feature dimension size must be a multiple of batch_group_count", out, b);
    if (f > 1 && b > 1) {
        base_fail(CT_VALUE_ERROR,
                  "At most one of batch_group_count and feature_group_count may be > 1, got "
                  "batch_group_count=%lld and feature_group_count=%lld",
                  (long long)b, (long long)f);
        return false;
    }
    return true;
}

bool conv_axes(const params_conv *p, const aval *x, const aval *kernel, window_axis *axes)
{
    const conv_dims *d = &p->dimension_numbers;
    if (!check_ranks(p, x, kernel) || !check_spec("lhs_spec", d->lhs_spec, x->ndim) ||
        !check_spec("rhs_spec", d->rhs_spec, x->ndim) ||
        !check_spec("out_spec", d->out_spec, x->ndim))
        return false;
    for (int i = 0; i < x->ndim - 2; i++) {
        window_axis *w = &axes[i];
        *w = (window_axis){x->shape[d->lhs_spec.at[i + 2]],
                           0,
                           kernel->shape[d->rhs_spec.at[i + 2]],
                           p->window_strides.at[i],
                           p->padding.at[2 * i],
                           p->padding.at[2 * i + 1],
                           p->lhs_dilation.at[i],
                           p->rhs_dilation.at[i]};
        int64_t padded = (w->in ? (w->in - 1) * w->dilation + 1 : 0) + w->low + w->high;
        if (padded < 0) {
            base_fail(CT_VALUE_ERROR,
                      "Negative padding is larger than the size of the corresponding dimension: "
                      "got padding=%s for a lhs of shape %s",
                      INTS(p->padding), SHAPE(x));
            return false;
        }
        w->out = w->size ? window_out(w) : padded / w->stride + 1;
    }
    return true;
}

static bool conv_dtype(const params_conv *p, const aval *x, const aval *kernel, ct_dtype *result)
{
    ct_dtype preferred = p->preferred_element_type;
    *result = preferred ? preferred : (ct_dtype)x->dtype;
    if (x->dtype != kernel->dtype) {
        base_fail(
            CT_TYPE_ERROR,
            "lax.conv_general_dilated requires arguments to have the same dtypes, got %s, %s.",
            DTYPE(x), DTYPE(kernel));
        return false;
    }
    if (!dtype_is((ct_dtype)x->dtype, ANYTHING)) {
        base_fail(CT_TYPE_ERROR, "conv_general_dilated does not accept dtype %s.", DTYPE(x));
        return false;
    }
    bool from_whole = dtype_is((ct_dtype)x->dtype, INTEGER),
         to_whole = dtype_is(preferred, INTEGER);
    bool narrower =
        preferred && to_whole && dtype_table[preferred].bits < dtype_table[x->dtype].bits;
    if (narrower ||
        (preferred && to_whole != from_whole && !(from_whole && dtype_is(preferred, FLOATING)))) {
        base_fail(CT_TYPE_ERROR,
                  "Input type is incompatible with `preferred_element_type`. The compatible "
                  "combinations are integral -> integral of the same or a larger width, "
                  "integral -> floating, floating -> floating; got %s -> %s.",
                  DTYPE(x), dtype_table[preferred].name);
        return false;
    }
    return true;
}

static bool abstract_conv(const op *o, const void *params, int nin, const aval *in, int *nout,
                          aval *out, arena *a)
{
    (void)o, (void)nin;
    const params_conv *p = params;
    const conv_dims *d = &p->dimension_numbers;
    window_axis axes[MAX_NDIM];
    ct_dtype dtype;
    if (in[0].ndim < 2) {
        base_fail(CT_VALUE_ERROR,
                  "conv_general_dilated takes arrays with a batch and a feature dimension, got "
                  "shapes %s and %s.",
                  SHAPE(&in[0]), SHAPE(&in[1]));
        return false;
    }
    if (!conv_axes(p, &in[0], &in[1], axes) || !check_groups(p, &in[0], &in[1]) ||
        !conv_dtype(p, &in[0], &in[1], &dtype))
        return false;
    int64_t *shape = ints_in(a, aval_shape(&in[0]));
    if (!shape)
        return false;
    shape[d->out_spec.at[0]] = in[0].shape[d->lhs_spec.at[0]] / p->batch_group_count;
    shape[d->out_spec.at[1]] = in[1].shape[d->rhs_spec.at[0]];
    for (int i = 0; i < in[0].ndim - 2; i++)
        shape[d->out_spec.at[i + 2]] = axes[i].out;
    *nout = 1;
    out[0] = (aval){(uint8_t)dtype, in[0].weak && in[1].weak, in[0].ndim, shape};
    return true;
}

/* ---- patches ---- */

/* The patch under one row of the kernel: all elements along the last spatial axis. */
static char *copy_kernel_row(const conv_run *r, const char *line, int64_t place, char *to)
{
    const window_axis *w = &r->axes[r->nspatial - 1];
    size_t bytes = (size_t)r->in_features * r->itemsize, step = (size_t)r->channels * r->itemsize,
           whole = (size_t)w->size * bytes;
    if (!line) {
        memset(to, 0, whole);
    } else if (w->spread == 1 && w->dilation == 1 && bytes == step) {
        int64_t start = place * w->stride - w->low, first = start < 0 ? -start : 0,
                last = w->in - start < w->size ? w->in - start : w->size;
        first = first < w->size ? first : w->size;
        last = last < first ? first : last;
        memset(to, 0, (size_t)first * bytes);
        if (last > first)
            memcpy(to + (size_t)first * bytes, line + (start + first) * (int64_t)bytes,
                   (size_t)(last - first) * bytes);
        memset(to + (size_t)last * bytes, 0, (size_t)(w->size - last) * bytes);
    } else {
        for (int64_t k = 0; k < w->size; k++) {
            int64_t at = window_at(w, place, k);
            if (at < 0)
                memset(to + (size_t)k * bytes, 0, bytes);
            else
                memcpy(to + (size_t)k * bytes, line + (size_t)at * step, bytes);
        }
    }
    return to + whole;
}

/* One row of patches: the elements under the kernel at a place of the result, spatial axes outside,
 * features inside. */
static void copy_patch(const conv_run *r, const char *image, int64_t point, char *to)
{
    int last = r->nspatial - 1;
    int64_t place[MAX_NDIM], k[MAX_NDIM];
    size_t line_bytes = (size_t)(r->axes[last].in * r->channels) * r->itemsize;
    for (int i = last; i >= 0; i--) {
        place[i] = point % r->axes[i].out;
        point /= r->axes[i].out;
        k[i] = 0;
    }
    for (;;) {
        int64_t line = 0;
        for (int i = 0; i < last && line >= 0; i++) {
            int64_t at = window_at(&r->axes[i], place[i], k[i]);
            line = at < 0 ? -1 : line * r->axes[i].in + at;
        }
        to = copy_kernel_row(r, line < 0 ? NULL : image + (size_t)line * line_bytes, place[last],
                             to);
        int i = last - 1;
        while (i >= 0 && ++k[i] == r->axes[i].size)
            k[i--] = 0;
        if (i < 0)
            return;
    }
}

/* Where the images of a group begin. */
static const char *group_image(const conv_run *r, int64_t group, int64_t image)
{
    int64_t n = r->batch_groups ? group * r->batch + image : image,
            first = r->batch_groups ? 0 : group * r->in_features;
    return r->x + (size_t)(n * r->in_points * r->channels + first) * r->itemsize;
}

static ct_status multiply_rows(const conv_run *r, int64_t group, const char *rows,
                               int64_t row_stride, int64_t first, int64_t n)
{
    int64_t width = r->out_features / r->groups;
    kernel_matmul p = {.batch = 1,
                       .m = n,
                       .n = width,
                       .k = r->kernel_points * r->in_features,
                       .a_row = row_stride,
                       .a_col = 1,
                       .b_row = r->out_features,
                       .b_col = 1,
                       .c_row = r->out_features,
                       .dtype = r->dtype,
                       .out_dtype = r->out_dtype};
    char *to = r->y + (size_t)(first * r->out_features + group * width) *
                          dtype_table[r->out_dtype].itemsize;
    return kernel_matrix_product(&p, rows, r->kernel + (size_t)(group * width) * r->itemsize, to);
}

static void convolve_chunks(void *context, int64_t begin, int64_t end)
{
    conv_run *r = context;
    int64_t width = r->kernel_points * r->in_features, total = r->batch * r->out_points;
    size_t bytes = (size_t)(r->chunk * width) * r->itemsize;
    char *patches = array_memory(bytes);
    if (!patches) {
        r->status = CT_OUT_OF_MEMORY_ERROR;
        return;
    }
    for (int64_t i = begin; i < end && r->status == CT_OK; i++) {
        int64_t group = i / r->chunks, first = i % r->chunks * r->chunk,
                n = total - first < r->chunk ? total - first : r->chunk;
        for (int64_t row = 0; row < n; row++)
            copy_patch(r, group_image(r, group, (first + row) / r->out_points),
                       (first + row) % r->out_points,
                       patches + (size_t)(row * width) * r->itemsize);
        ct_status status = multiply_rows(r, group, patches, width, first, n);
        if (status != CT_OK)
            r->status = (int)status;
    }
    array_memory_free(patches, bytes);
}

/* A kernel of one point over unpadded, undilated images needs no patches. */
static bool pointwise(const conv_run *r)
{
    for (int i = 0; i < r->nspatial; i++) {
        const window_axis *w = &r->axes[i];
        if (w->size != 1 || w->stride != 1 || w->low || w->high || w->dilation != 1)
            return false;
    }
    return true;
}

/* One channel in, one out in each group: a weighted sum of whole rows of channels. */
static void convolve_channels(void *context, int64_t begin, int64_t end)
{
    const conv_run *r = context;
    int64_t channels = r->channels;
    for (int64_t row = begin; row < end; row++) {
        float *y = (float *)(void *)r->y + row * channels;
        const float *image = (const float *)(const void *)group_image(r, 0, row / r->out_points),
                    *kernel = (const float *)(const void *)r->kernel;
        memset(y, 0, (size_t)channels * sizeof *y);
        for (int64_t k = 0; k < r->kernel_points; k++, kernel += channels) {
            int64_t at = 0, point = row % r->out_points, rest = k, scale = 1;
            for (int i = r->nspatial - 1; i >= 0 && at >= 0; i--) {
                int64_t inside =
                    window_at(&r->axes[i], point % r->axes[i].out, rest % r->axes[i].size);
                at = inside < 0 ? -1 : at + inside * scale;
                scale *= r->axes[i].in;
                point /= r->axes[i].out;
                rest /= r->axes[i].size;
            }
            const float *x = image + at * channels;
            for (int64_t c = 0; c < channels && at >= 0; c++)
                y[c] += x[c] * kernel[c];
        }
    }
}

static ct_status convolve(conv_run *r)
{
    int64_t rows = r->batch * r->out_points, width = r->kernel_points * r->in_features;
    ct_status status;
    if (conv_one_channel(r, &status) || conv_spread(r, &status))
        return status;
    if (r->in_features == 1 && !r->batch_groups && r->out_features == r->groups &&
        r->dtype == CT_FLOAT32 && r->out_dtype == CT_FLOAT32) {
        base_parallel(rows, 65536 / (r->channels * r->kernel_points) + 1, convolve_channels, r);
        return CT_OK;
    }
    if (pointwise(r)) {
        for (int64_t group = 0; group < r->groups && r->status == CT_OK; group++)
            r->status =
                (int)multiply_rows(r, group, group_image(r, group, 0), r->channels, 0, rows);
        return (ct_status)r->status;
    }
    r->chunk = BLOCK_BYTES / (width * (int64_t)r->itemsize) + 1;
    r->chunk = r->chunk < BLOCK_ROWS ? BLOCK_ROWS : r->chunk;
    r->chunk = r->chunk > rows ? rows : r->chunk;
    r->chunks = (rows + r->chunk - 1) / r->chunk;
    base_parallel(r->chunks * r->groups, 1, convolve_chunks, r);
    return (ct_status)r->status;
}

/* ---- the kernel ---- */

static void describe(conv_run *r, const params_conv *p, const aval *x, const aval *kernel)
{
    const conv_dims *d = &p->dimension_numbers;
    r->nspatial = x->ndim - 2;
    if (!r->nspatial) {
        r->nspatial = 1;
        r->axes[0] = (window_axis){1, 1, 1, 1, 0, 0, 1, 1};
    }
    r->batch = x->shape[d->lhs_spec.at[0]] / p->batch_group_count;
    r->batch_groups = p->batch_group_count > 1;
    r->groups = r->batch_groups ? p->batch_group_count : p->feature_group_count;
    r->channels = x->shape[d->lhs_spec.at[1]];
    r->in_features = kernel->shape[d->rhs_spec.at[1]];
    r->out_features = kernel->shape[d->rhs_spec.at[0]];
    r->in_points = r->out_points = r->kernel_points = 1;
    for (int i = 0; i < r->nspatial; i++) {
        r->in_points *= r->axes[i].in;
        r->out_points *= r->axes[i].out;
        r->kernel_points *= r->axes[i].size;
    }
}

static ct_status convolve_blocks(void *context, const char *x, char *kernel, char *y)
{
    conv_run *r = context;
    r->x = x;
    r->kernel = kernel;
    r->y = y;
    return convolve(r);
}

/* Into y, whose element type the arithmetic can give. */
static ct_status convolve_ordered(const params_conv *p, const operand *x, const operand *kernel,
                                  const operand *y)
{
    conv_run r = {.dtype = (ct_dtype)x->aval.dtype,
                  .out_dtype = (ct_dtype)y->aval.dtype,
                  .itemsize = dtype_table[x->aval.dtype].itemsize,
                  .status = CT_OK};
    if (!conv_axes(p, &x->aval, &kernel->aval, r.axes))
        return CT_VALUE_ERROR;
    ct_status status;
    if (conv_direct(p, r.axes, x, kernel, y, &status))
        return status;
    describe(&r, p, &x->aval, &kernel->aval);
    return conv_with_blocks(&p->dimension_numbers, false, x, kernel, y, convolve_blocks, &r);
}

static ct_status convolve_typed(const params_conv *p, const operand *x, const operand *kernel,
                                operand *out)
{
    operand wide;
    if (!product_result_make(&wide, out, (ct_dtype)x->aval.dtype))
        return CT_OUT_OF_MEMORY_ERROR;
    return product_result_finish(&wide, out, convolve_ordered(p, x, kernel, &wide));
}

static ct_status kernel_conv(const op *o, const void *params, int nin, const operand *in, int nout,
                             operand *out)
{
    (void)o, (void)nin, (void)nout;
    int64_t size = shape_size(out->aval.ndim, out->aval.shape);
    if (!size)
        return CT_OK;
    if (!shape_size(in[0].aval.ndim, in[0].aval.shape) ||
        !shape_size(in[1].aval.ndim, in[1].aval.shape)) {
        memset(out->data, 0, (size_t)size * dtype_table[out->aval.dtype].itemsize);
        return CT_OK;
    }
    ct_dtype dtype = product_dtype((ct_dtype)in[0].aval.dtype, (ct_dtype)in[1].aval.dtype,
                                   (ct_dtype)out->aval.dtype);
    product_operand x, kernel = {.memory = NULL};
    ct_status status = CT_OUT_OF_MEMORY_ERROR;
    if (product_operand_make(&x, &in[0], dtype) && product_operand_make(&kernel, &in[1], dtype))
        status = convolve_typed(params, &x.value, &kernel.value, out);
    product_operand_free(&x);
    product_operand_free(&kernel);
    return status;
}

const op op_row_conv_general_dilated = {
    .name = "conv_general_dilated",
    .code = OP_conv_general_dilated,
    .operands = 2,
    .fields = fields_conv,
    .nfields = nfields_conv,
    .params_size = sizeof(params_conv),
    .abstract = abstract_conv,
    .kernel = kernel_conv,
    .jvp = jvp_conv,
    .transpose = transpose_conv,
    .vmap = vmap_conv,
};

ct_array op_conv(ct_array x, ct_array kernel, const params_conv *p)
{
    return core_bind1(&op_row_conv_general_dilated, p, 2, (ct_array[]){x, kernel});
}

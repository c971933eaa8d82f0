/* float32 convolutions that need no patches.
 *
 * One channel in and out: each line of the result is a sum of shifted lines of a padded image. An
 * image spread by gaps, as in the derivative of a convolution with strides: patches would be zeros
 * for the most part, so each point is multiplied with the whole kernel and the products are added
 * where they belong. */
#include "kernel/kernel.h"
#include "ops/conv.h"

static bool of_float32(const conv_run *r)
{
    return r->dtype == CT_FLOAT32 && r->out_dtype == CT_FLOAT32 && !r->batch_groups &&
           r->groups == 1;
}

/* The coordinates of point number `point` of a box. */
static void unravel(int n, const int64_t *size, int64_t point, int64_t *at)
{
    for (int i = n; i-- > 0; point /= size[i])
        at[i] = point % size[i];
}

/* ---- one channel ---- */
typedef struct padded {
    const conv_run *r;
    int64_t size[MAX_NDIM], points; /* of an image with its padding and gaps */
    int64_t *offset;                /* of each point of the kernel */
    float *images;
    int64_t blocks; /* in a line of the result */
} padded;
enum { LINE_BLOCK = 2048 };

static void pad_lines(void *context, int64_t begin, int64_t end)
{
    const padded *t = context;
    const conv_run *r = t->r;
    const window_axis *last = &r->axes[r->nspatial - 1];
    int64_t sizes[MAX_NDIM], place[MAX_NDIM], inner = t->size[r->nspatial - 1];
    memcpy(sizes, t->size, sizeof sizes);
    for (int64_t i = begin; i < end; i++) {
        int64_t image = i / (t->points / inner), from = image;
        float *to = t->images + i * inner;
        memset(to, 0, (size_t)inner * sizeof *to);
        unravel(r->nspatial - 1, sizes, i % (t->points / inner), place);
        for (int d = 0; d < r->nspatial - 1 && from >= 0; d++) {
            window_axis whole = r->axes[d];
            whole.stride = 1;
            int64_t at = window_at(&whole, place[d], 0);
            from = at < 0 ? -1 : from * r->axes[d].in + at;
        }
        const float *line = (const float *)(const void *)r->x + from * last->in;
        for (int64_t k = 0; k < last->in && from >= 0; k++) {
            int64_t at = k * last->dilation + last->low;
            if (at >= 0 && at < inner)
                to[at] = line[k];
        }
    }
}

static void weigh_lines(void *context, int64_t begin, int64_t end)
{
    const padded *t = context;
    const conv_run *r = t->r;
    int n = r->nspatial;
    int64_t out[MAX_NDIM], place[MAX_NDIM], length = r->axes[n - 1].out,
                                            lines = r->out_points / length;
    for (int d = 0; d < n; d++)
        out[d] = r->axes[d].out;
    for (int64_t i = begin; i < end; i++) {
        int64_t line = i / t->blocks, first = i % t->blocks * LINE_BLOCK, from = 0,
                here = length - first < LINE_BLOCK ? length - first : LINE_BLOCK;
        unravel(n - 1, out, line % lines, place);
        for (int d = 0; d < n - 1; d++)
            from = from * t->size[d] + place[d] * r->axes[d].stride;
        from = from * t->size[n - 1] + first;
        kernel_weigh(here, r->kernel_points, t->images + line / lines * t->points + from, t->offset,
                     (const float *)(const void *)r->kernel,
                     (float *)(void *)r->y + line * length + first);
    }
}

bool conv_one_channel(const conv_run *r, ct_status *status)
{
    enum { LEAST_LENGTH = 16 }; /* of a line, to be worth a vector */
    const window_axis *last = &r->axes[r->nspatial - 1];
    if (!of_float32(r) || r->channels != 1 || r->out_features != 1 || last->stride != 1 ||
        last->out < LEAST_LENGTH)
        return false;
    padded t = {.r = r, .points = 1};
    int64_t size[MAX_NDIM], at[MAX_NDIM];
    for (int d = 0; d < r->nspatial; d++) {
        const window_axis *w = &r->axes[d];
        size[d] = w->size;
        t.size[d] = (w->out - 1) * w->stride + (w->size - 1) * w->spread + 1;
        t.points *= t.size[d];
    }
    size_t images = (size_t)(r->batch * t.points) * sizeof *t.images,
           offsets = (size_t)r->kernel_points * sizeof *t.offset;
    t.images = array_memory(images);
    t.offset = base_alloc(offsets);
    *status = t.images && t.offset ? CT_OK : CT_OUT_OF_MEMORY_ERROR;
    if (*status == CT_OK) {
        for (int64_t k = 0; k < r->kernel_points; k++) {
            t.offset[k] = 0;
            unravel(r->nspatial, size, k, at);
            for (int d = 0; d < r->nspatial; d++)
                t.offset[k] = t.offset[k] * t.size[d] + at[d] * r->axes[d].spread;
        }
        int64_t inner = t.size[r->nspatial - 1], length = last->out;
        t.blocks = (length + LINE_BLOCK - 1) / LINE_BLOCK;
        base_parallel(r->batch * t.points / inner, (1 << 15) / inner + 1, pad_lines, &t);
        int64_t block = length < LINE_BLOCK ? length : LINE_BLOCK;
        base_parallel(r->batch * r->out_points / length * t.blocks,
                      (1 << 18) / (block * r->kernel_points) + 1, weigh_lines, &t);
    }
    if (t.images)
        array_memory_free(t.images, images);
    base_free(t.offset);
    return true;
}

/* ---- spread images ---- */
typedef struct spreading {
    const conv_run *r;
    float *kernel; /* features in, points of the kernel (the last axis reversed), out */
    int64_t width; /* products of one point */
    int64_t parts, part, lines; /* along the first axis of the result; lines at a time */
    _Atomic int status;
} spreading;

static void turn_kernel(const spreading *t)
{
    const conv_run *r = t->r;
    const float *from = (const float *)(const void *)r->kernel;
    int64_t last = r->axes[r->nspatial - 1].size;
    for (int64_t k = 0; k < r->kernel_points; k++)
        for (int64_t c = 0; c < r->channels; c++)
            memcpy(t->kernel + c * t->width +
                       (k - k % last + last - 1 - k % last) * r->out_features,
                   from + (k * r->channels + c) * r->out_features,
                   (size_t)r->out_features * sizeof *from);
}

/* Adds the products of a line of points, for one place of the kernel along the other axes. */
static void add_line(const conv_run *r, const float *products, int64_t width, float *y)
{
    const window_axis *w = &r->axes[r->nspatial - 1];
    int64_t features = r->out_features;
    for (int64_t p = 0; p < w->in; p++, products += width) {
        int64_t start = p * w->dilation + w->low - (w->size - 1), from = start < 0 ? -start : 0,
                to = w->out - start < w->size ? w->out - start : w->size;
        for (int64_t i = from * features; i < to * features; i++)
            y[start * features + i] += products[i];
    }
}

/* The line of the result that products of a line of points go to; -1: none in [first, end) of the
 * first axis. */
static int64_t line_of(const conv_run *r, const int64_t *point, const int64_t *k, int64_t first,
                       int64_t end)
{
    int64_t line = 0;
    for (int d = 0; d < r->nspatial - 1; d++) {
        const window_axis *w = &r->axes[d];
        int64_t o = point[d] * w->dilation + w->low - k[d] * w->spread;
        if (o < (d ? 0 : first) || o >= (d ? w->out : end))
            return -1;
        line = line * w->out + o;
    }
    return line;
}

static void spread_lines(const spreading *t, int64_t image, int64_t first, int64_t end,
                         int64_t line, int64_t count, const float *products)
{
    const conv_run *r = t->r;
    int n = r->nspatial;
    int64_t in[MAX_NDIM], size[MAX_NDIM], point[MAX_NDIM], k[MAX_NDIM], last = r->axes[n - 1].size,
                                                                        length = r->axes[n - 1].out;
    for (int d = 0; d < n; d++)
        in[d] = r->axes[d].in, size[d] = r->axes[d].size;
    float *y = (float *)(void *)r->y + image * r->out_points * r->out_features;
    for (int64_t i = 0; i < count; i++) {
        unravel(n - 1, in, line + i, point);
        for (int64_t row = 0; row < r->kernel_points / last; row++) {
            unravel(n - 1, size, row, k);
            int64_t to = line_of(r, point, k, first, end);
            if (to >= 0)
                add_line(r, products + i * in[n - 1] * t->width + row * last * r->out_features,
                         t->width, y + to * length * r->out_features);
        }
    }
}

static int64_t at_least(int64_t x, int64_t by) { return x > 0 ? (x + by - 1) / by : 0; }

/* Part number i: some indices of the first axis of the result, of one image. */
static ct_status spread_part(const spreading *t, int64_t i, float *products)
{
    const conv_run *r = t->r;
    int n = r->nspatial;
    const window_axis *w = &r->axes[0];
    int64_t image = i / t->parts, first = i % t->parts * t->part,
            end = w->out - first < t->part ? w->out : first + t->part, inner = r->axes[n - 1].in,
            lines = r->in_points / inner, begin = 0;
    if (n > 1) {
        int64_t each = lines / w->in;
        begin = at_least(first - w->low, w->dilation) * each;
        int64_t most = at_least(end - w->low + (w->size - 1) * w->spread, w->dilation) * each;
        lines = lines < most ? lines : most;
    }
    int64_t slice = r->out_points / w->out * r->out_features;
    float *y = (float *)(void *)r->y + image * r->out_points * r->out_features;
    memset(y + first * slice, 0, (size_t)((end - first) * slice) * sizeof *y);
    for (int64_t line = begin; line < lines; line += t->lines) {
        int64_t count = lines - line < t->lines ? lines - line : t->lines;
        const kernel_matmul p = {.batch = 1,
                                 .m = count * inner,
                                 .n = t->width,
                                 .k = r->channels,
                                 .a_row = r->channels,
                                 .a_col = 1,
                                 .b_row = t->width,
                                 .b_col = 1,
                                 .c_row = t->width,
                                 .dtype = CT_FLOAT32,
                                 .out_dtype = CT_FLOAT32};
        const float *x =
            (const float *)(const void *)r->x + (image * r->in_points + line * inner) * r->channels;
        ct_status status = kernel_matrix_product(&p, x, t->kernel, products);
        if (status != CT_OK)
            return status;
        spread_lines(t, image, first, end, line, count, products);
    }
    return CT_OK;
}

static void spread_parts(void *context, int64_t begin, int64_t end)
{
    spreading *t = context;
    size_t bytes =
        (size_t)(t->lines * t->r->axes[t->r->nspatial - 1].in * t->width) * sizeof(float);
    float *products = array_memory(bytes);
    if (!products)
        t->status = CT_OUT_OF_MEMORY_ERROR;
    for (int64_t i = begin; i < end && t->status == CT_OK; i++) {
        ct_status status = spread_part(t, i, products);
        if (status != CT_OK)
            t->status = (int)status;
    }
    if (products)
        array_memory_free(products, bytes);
}

bool conv_spread(const conv_run *r, ct_status *status)
{
    enum { PARTS = 8, BUFFER = 1 << 16 }; /* of a small batch; products at a time */
    int64_t gaps = 1, n = r->nspatial;
    for (int d = 0; d < n; d++) {
        if (r->axes[d].stride != 1)
            return false;
        gaps *= r->axes[d].dilation;
    }
    if (!of_float32(r) || gaps == 1 || r->axes[n - 1].spread != 1)
        return false;
    spreading t = {.r = r, .width = r->kernel_points * r->out_features, .parts = 1};
    int64_t out = r->axes[0].out, line = r->axes[n - 1].in * t.width;
    if (n > 1 && r->batch < PARTS)
        t.parts = (PARTS + r->batch - 1) / r->batch;
    t.part = (out + t.parts - 1) / t.parts;
    t.part = t.part < r->axes[0].size ? r->axes[0].size : t.part;
    t.parts = (out + t.part - 1) / t.part;
    t.lines = 1 + BUFFER / line;
    t.kernel = array_memory((size_t)(r->channels * t.width) * sizeof *t.kernel);
    *status = CT_OUT_OF_MEMORY_ERROR;
    if (t.kernel) {
        turn_kernel(&t);
        base_parallel(r->batch * t.parts, 1, spread_parts, &t);
        array_memory_free(t.kernel, (size_t)(r->channels * t.width) * sizeof *t.kernel);
        *status = (ct_status)t.status;
    }
    return true;
}

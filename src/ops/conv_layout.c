/* Convolutions compute on dense blocks: images (batch, spatial..., features) and kernels
 * (spatial..., features in, features out). Arrays whose axes lie otherwise are copied. Here too is
 * what goes to oneDNN; conv.c has the rest. */
#include "kernel/kernel.h"
#include "kernel/onednn.h"
#include "ops/structured.h"

/* The axes of a spec in a block's order: first (unless negative), spatial..., second. A kernel has
 * its other feature axis before the second. */
static int_list ordered(int64_t first, ct_ints spec, int64_t second)
{
    int_list l;
    l.n = 0;
    if (first >= 0)
        int_push(&l, first);
    for (int64_t i = 2; i < spec.n; i++)
        int_push(&l, spec.at[i]);
    if (first < 0)
        int_push(&l, spec.at[1]);
    int_push(&l, second);
    return l;
}

static bool in_order(const int_list *axes)
{
    for (int64_t i = 0; i < axes->n; i++)
        if (axes->at[i] != i)
            return false;
    return true;
}

/* Between an array and a dense block that has its axes in this order. */
static void reorder(const operand *array, const int_list *axes, void *dense, bool into_dense)
{
    int_list own = byte_strides(&array->aval), strides, shape;
    strides.n = shape.n = axes->n;
    for (int64_t i = 0; i < axes->n; i++) {
        strides.at[i] = own.at[axes->at[i]];
        shape.at[i] = array->aval.shape[axes->at[i]];
    }
    aval order = {array->aval.dtype, false, (int32_t)shape.n, shape.at};
    int_list to = byte_strides(&order);
    size_t itemsize = dtype_table[array->aval.dtype].itemsize;
    if (into_dense)
        kernel_copy((int)shape.n, shape.at, itemsize, dense, to.at, array->data, strides.at);
    else
        kernel_copy((int)shape.n, shape.at, itemsize, array->data, strides.at, dense, to.at);
}

typedef struct block {
    void *data, *memory;
    size_t bytes;
} block;

static bool block_make(block *b, const operand *x, const int_list *axes, bool fill)
{
    *b = (block){.data = x->data};
    if (in_order(axes))
        return true;
    b->bytes =
        (size_t)shape_size(x->aval.ndim, x->aval.shape) * dtype_table[x->aval.dtype].itemsize;
    b->data = b->memory = array_memory(b->bytes);
    if (b->memory && fill)
        reorder(x, axes, b->memory, true);
    return b->memory != NULL;
}

static void block_free(block *b)
{
    if (b->memory)
        array_memory_free(b->memory, b->bytes);
}

static ct_ints exchanged(int_list *room, ct_ints spec)
{
    *room = (int_list){.n = spec.n};
    memcpy(room->at, spec.at, (size_t)spec.n * sizeof *spec.at);
    room->at[0] = spec.at[1], room->at[1] = spec.at[0];
    return ints_of(room);
}

ct_status conv_with_blocks(const conv_dims *d, bool exchange, const operand *x,
                           const operand *kernel, const operand *y, conv_body *body, void *context)
{
    int_list room[3], x_order, kernel_order, y_order;
    ct_ints lhs = d->lhs_spec, rhs = d->rhs_spec, out = d->out_spec;
    if (exchange) {
        lhs = exchanged(&room[0], lhs), rhs = exchanged(&room[1], rhs);
        out = exchanged(&room[2], out);
        kernel_order = ordered(rhs.at[0], rhs, rhs.at[1]);
        y_order = ordered(-1, out, out.at[0]);
    } else {
        kernel_order = ordered(-1, rhs, rhs.at[0]);
        y_order = ordered(out.at[0], out, out.at[1]);
    }
    x_order = ordered(lhs.at[0], lhs, lhs.at[1]);
    block bx = {0}, bk = {0}, by = {0};
    ct_status status = CT_OUT_OF_MEMORY_ERROR;
    if (block_make(&bx, x, &x_order, true) && block_make(&bk, kernel, &kernel_order, true) &&
        block_make(&by, y, &y_order, false)) {
        status = body(context, bx.data, bk.data, by.data);
        if (by.memory && status == CT_OK)
            reorder(y, &y_order, by.memory, false);
    }
    block_free(&bx);
    block_free(&bk);
    block_free(&by);
    return status;
}

/* ---- oneDNN ---- */

typedef struct direct_run {
    onednn_conv c;
    bool done;
} direct_run;

static ct_status run_direct(void *context, const char *x, char *kernel, char *y)
{
    direct_run *r = context;
    ct_status status = CT_OK;
    float *k = (float *)(void *)(r->c.derivative ? y : kernel),
          *out = (float *)(void *)(r->c.derivative ? kernel : y);
    r->done = kernel_onednn_conv(&r->c, (const float *)(const void *)x, k, out, &status);
    return status;
}

/* The derivative with respect to a kernel is a convolution of images with a kernel of their size,
 * batch and features exchanged, whose steps are the first one's dilation and the reverse. */
static void describe_direct(onednn_conv *c, const params_conv *p, const window_axis *axes,
                            const aval *x, const aval *kernel)
{
    const conv_dims *d = &p->dimension_numbers;
    int64_t places = 1, points = 1;
    c->nspatial = x->ndim - 2;
    for (int i = 0; i < c->nspatial; i++)
        places *= axes[i].out, points *= axes[i].size;
    c->derivative = points > places;
    c->batch = x->shape[d->lhs_spec.at[c->derivative]];
    c->in_features = x->shape[d->lhs_spec.at[!c->derivative]];
    c->out_features = kernel->shape[d->rhs_spec.at[0]];
    for (int i = 0; i < c->nspatial; i++) {
        const window_axis *w = &axes[i];
        c->axes[i] = c->derivative
                         ? (onednn_axis){w->in, w->size, w->out, w->spread, w->stride, w->low}
                         : (onednn_axis){w->in, w->out, w->size, w->stride, w->spread, w->low};
    }
}

/* Enough images to share between threads, a kernel that is more than a product, no gaps between
 * elements. */
static bool worth_it(const onednn_conv *c, const window_axis *axes)
{
    enum { LEAST_WORK = 1 << 20, LEAST_IMAGES = 2 }; /* multiply-adds */
    int64_t work = c->batch * c->in_features * c->out_features, points = 1;
    for (int i = 0; i < c->nspatial; i++) {
        if (axes[i].dilation != 1 || axes[i].low < 0)
            return false;
        points *= c->axes[i].size;
        work *= c->axes[i].size * c->axes[i].out;
    }
    return c->batch >= LEAST_IMAGES && work >= LEAST_WORK && (points > 1 || c->derivative);
}

bool conv_direct(const params_conv *p, const window_axis *axes, const operand *x,
                 const operand *kernel, const operand *y, ct_status *status)
{
    direct_run r = {.done = false};
    bool plain = x->aval.dtype == CT_FLOAT32 && y->aval.dtype == CT_FLOAT32 &&
                 p->feature_group_count == 1 && p->batch_group_count == 1 && x->aval.ndim > 2 &&
                 x->aval.ndim <= ONEDNN_AXES + 2;
    if (!plain)
        return false;
    describe_direct(&r.c, p, axes, &x->aval, &kernel->aval);
    if (!worth_it(&r.c, axes))
        return false;
    *status = conv_with_blocks(&p->dimension_numbers, r.c.derivative, x, kernel, y, run_direct, &r);
    return r.done || *status != CT_OK;
}

/* float32 convolutions, and the derivatives of their kernels, through oneDNN's direct algorithms.
 *
 * The images are cut into pieces that depend on the shape alone, and our own pool runs the pieces,
 * each on one thread. oneDNN wants its own layout of the kernel; images stay as they are. Release 2
 * of the library is known here; without it, or where it has no fast algorithm, the caller computes
 * the convolution from products of patches. */
#include <dlfcn.h>
#include <pthread.h>

#include "array/array.h"
#include "kernel/onednn.h"

#if __has_include(<oneapi/dnnl/dnnl.h>)
#include <oneapi/dnnl/dnnl.h>
#endif

#if defined(DNNL_VERSION_MAJOR) && DNNL_VERSION_MAJOR == 2
#define FUNCTIONS(X)                                                                               \
    X(version)                                                                                     \
    X(engine_create)                                                                               \
    X(stream_create)                                                                               \
    X(stream_wait)                                                                                 \
    X(stream_destroy)                                                                              \
    X(memory_desc_init_by_strides)                                                                 \
    X(memory_desc_init_by_tag)                                                                     \
    X(memory_desc_get_size)                                                                        \
    X(memory_create)                                                                               \
    X(memory_destroy)                                                                              \
    X(primitive_attr_create)                                                                       \
    X(primitive_attr_destroy)                                                                      \
    X(primitive_attr_set_scratchpad_mode)                                                          \
    X(dilated_convolution_forward_desc_init)                                                       \
    X(dilated_convolution_backward_weights_desc_init)                                              \
    X(reorder_primitive_desc_create)                                                               \
    X(primitive_desc_create)                                                                       \
    X(primitive_desc_destroy)                                                                      \
    X(primitive_desc_query)                                                                        \
    X(primitive_desc_query_md)                                                                     \
    X(primitive_create)                                                                            \
    X(primitive_destroy)                                                                           \
    X(primitive_execute)

static struct {
#define POINTER(name) __typeof__(dnnl_##name) *name;
    FUNCTIONS(POINTER)
    dnnl_engine_t engine; /* NULL: not available */
} dnnl;
static pthread_once_t loaded = PTHREAD_ONCE_INIT;

static void load(void)
{
    void *library = kernel_onednn_library();
    bool all = library;
#define FIND(name) all = all && (*(void **)&dnnl.name = dlsym(library, "dnnl_" #name));
    FUNCTIONS(FIND)
    if (!all || dnnl.version()->major != DNNL_VERSION_MAJOR ||
        dnnl.engine_create(&dnnl.engine, dnnl_cpu, 0))
        dnnl.engine = NULL;
}

/* ---- primitives ---- */
typedef struct primitive {
    dnnl_primitive_desc_t desc;
    dnnl_primitive_t run;
    dnnl_memory_desc_t x, kernel, y; /* of one piece */
    size_t kernel_bytes, scratch_bytes;
} primitive;

static void primitive_free(primitive *p)
{
    if (p->run)
        dnnl.primitive_destroy(p->run);
    if (p->desc)
        dnnl.primitive_desc_destroy(p->desc);
    p->run = NULL, p->desc = NULL;
}

/* Spatial axes outside, features inside; dimensions are listed in oneDNN's order. */
static bool describe_images(dnnl_memory_desc_t *out, int nspatial, int64_t images, int64_t features,
                            const int64_t *size)
{
    dnnl_dims_t dims = {images, features}, strides = {0, 1};
    int64_t stride = features;
    for (int i = nspatial; i-- > 0;)
        dims[i + 2] = size[i], strides[i + 2] = stride, stride *= size[i];
    strides[0] = stride;
    return !dnnl.memory_desc_init_by_strides(out, nspatial + 2, dims, dnnl_f32, strides);
}

/* Spatial axes, features in, features out; or the layout that oneDNN likes best. */
static bool describe_kernel(dnnl_memory_desc_t *out, const onednn_conv *c, bool any)
{
    dnnl_dims_t dims = {c->out_features, c->in_features}, strides = {1, c->out_features};
    int64_t stride = c->out_features * c->in_features;
    for (int i = c->nspatial; i-- > 0;)
        dims[i + 2] = c->axes[i].size, strides[i + 2] = stride, stride *= c->axes[i].size;
    return !(any ? dnnl.memory_desc_init_by_tag(out, c->nspatial + 2, dims, dnnl_f32,
                                                dnnl_format_tag_any)
                 : dnnl.memory_desc_init_by_strides(out, c->nspatial + 2, dims, dnnl_f32, strides));
}

static bool fast(dnnl_primitive_desc_t desc)
{
    const char *name = NULL;
    return !dnnl.primitive_desc_query(desc, dnnl_query_impl_info_str, 0, &name) &&
           !strstr(name, "ref") && !strstr(name, "gemm");
}

static bool describe(primitive *p, const onednn_conv *c, dnnl_primitive_attr_t attr)
{
    dnnl_dims_t strides, dilations, low, high;
    for (int i = 0; i < c->nspatial; i++) {
        const onednn_axis *a = &c->axes[i];
        int64_t read = (a->out - 1) * a->stride + (a->size - 1) * a->spread + 1 - a->low - a->in;
        strides[i] = a->stride, dilations[i] = a->spread - 1;
        low[i] = a->low, high[i] = read > 0 ? read : 0;
    }
    dnnl_memory_desc_t no_bias = {0};
    dnnl_convolution_desc_t forward, backward;
    dnnl_primitive_desc_t hint = NULL;
    bool ok = !dnnl.dilated_convolution_forward_desc_init(
                  &forward, dnnl_forward_training, dnnl_convolution_direct, &p->x, &p->kernel,
                  &no_bias, &p->y, strides, dilations, low, high) &&
              !dnnl.primitive_desc_create(&hint, &forward, attr, dnnl.engine, NULL);
    if (!c->derivative) {
        p->desc = hint;
        return ok;
    }
    ok = ok &&
         !dnnl.dilated_convolution_backward_weights_desc_init(&backward, dnnl_convolution_direct,
                                                              &p->x, &p->kernel, &no_bias, &p->y,
                                                              strides, dilations, low, high) &&
         !dnnl.primitive_desc_create(&p->desc, &backward, attr, dnnl.engine, hint);
    if (hint)
        dnnl.primitive_desc_destroy(hint);
    return ok;
}

static bool primitive_make(primitive *p, const onednn_conv *c, int64_t images)
{
    int64_t in[ONEDNN_AXES], out[ONEDNN_AXES];
    for (int i = 0; i < c->nspatial; i++)
        in[i] = c->axes[i].in, out[i] = c->axes[i].out;
    dnnl_primitive_attr_t attr = NULL;
    *p = (primitive){.desc = NULL};
    bool ok = describe_images(&p->x, c->nspatial, images, c->in_features, in) &&
              describe_images(&p->y, c->nspatial, images, c->out_features, out) &&
              describe_kernel(&p->kernel, c, true) && !dnnl.primitive_attr_create(&attr) &&
              !dnnl.primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user) &&
              describe(p, c, attr) && fast(p->desc) && !dnnl.primitive_create(&p->run, p->desc);
    if (attr)
        dnnl.primitive_attr_destroy(attr);
    if (!ok)
        return primitive_free(p), false;
    dnnl_query_t which = c->derivative ? dnnl_query_diff_weights_md : dnnl_query_weights_md;
    p->kernel = *dnnl.primitive_desc_query_md(p->desc, which, 0);
    p->kernel_bytes = dnnl.memory_desc_get_size(&p->kernel);
    p->scratch_bytes = dnnl.memory_desc_get_size(
        dnnl.primitive_desc_query_md(p->desc, dnnl_query_scratchpad_md, 0));
    return true;
}

/* ---- running ---- */
typedef struct argument {
    int which;
    const dnnl_memory_desc_t *desc;
    const void *data;
} argument;

static bool execute(dnnl_primitive_t run, int n, const argument *in)
{
    enum { MOST = 4 };
    dnnl_exec_arg_t args[MOST] = {{0}};
    dnnl_stream_t stream = NULL;
    bool ok = !dnnl.stream_create(&stream, dnnl.engine, dnnl_stream_default_flags);
    for (int i = 0; i < n && ok; i++) {
        args[i].arg = in[i].which;
        ok = !dnnl.memory_create(&args[i].memory, in[i].desc, dnnl.engine,
                                 (void *)(uintptr_t)in[i].data);
    }
    ok = ok && !dnnl.primitive_execute(run, stream, n, args) && !dnnl.stream_wait(stream);
    for (int i = 0; i < n; i++)
        if (args[i].memory)
            dnnl.memory_destroy(args[i].memory);
    if (stream)
        dnnl.stream_destroy(stream);
    return ok;
}

/* The kernel from one layout to the other. */
static bool reorder(const dnnl_memory_desc_t *from, const void *x, const dnnl_memory_desc_t *to,
                    void *y)
{
    dnnl_primitive_desc_t desc = NULL;
    dnnl_primitive_t run = NULL;
    bool ok = !dnnl.reorder_primitive_desc_create(&desc, from, dnnl.engine, to, dnnl.engine, NULL);
    ok = ok && !dnnl.primitive_create(&run, desc) &&
         execute(run, 2, (argument[]){{DNNL_ARG_FROM, from, x}, {DNNL_ARG_TO, to, y}});
    if (run)
        dnnl.primitive_destroy(run);
    if (desc)
        dnnl.primitive_desc_destroy(desc);
    return ok;
}

typedef struct conv_task {
    const onednn_conv *c;
    const primitive *whole, *rest; /* of the last piece, if it is shorter */
    int64_t images, pieces;        /* of a piece; of all */
    int64_t x_size, y_size;        /* elements of an image */
    const float *x;
    float *y;
    char *kernel; /* in oneDNN's layout; of a derivative: one for each piece */
    _Atomic int status;
} conv_task;

static void run_pieces(void *context, int64_t begin, int64_t end)
{
    conv_task *t = context;
    kernel_onednn_one_thread();
    for (int64_t i = begin; i < end && t->status == CT_OK; i++) {
        const primitive *p = t->rest && i == t->pieces - 1 ? t->rest : t->whole;
        void *scratch = p->scratch_bytes ? array_memory(p->scratch_bytes) : NULL;
        if (p->scratch_bytes && !scratch) {
            t->status = CT_OUT_OF_MEMORY_ERROR;
            return;
        }
        bool derivative = t->c->derivative;
        const dnnl_memory_desc_t *scratch_desc =
            dnnl.primitive_desc_query_md(p->desc, dnnl_query_scratchpad_md, 0);
        const argument args[] = {{DNNL_ARG_SRC, &p->x, t->x + i * t->images * t->x_size},
                                 {derivative ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS, &p->kernel,
                                  t->kernel + (derivative ? (size_t)i * p->kernel_bytes : 0)},
                                 {derivative ? DNNL_ARG_DIFF_DST : DNNL_ARG_DST, &p->y,
                                  t->y + i * t->images * t->y_size},
                                 {DNNL_ARG_SCRATCHPAD, scratch_desc, scratch}};
        if (!execute(p->run, scratch ? 4 : 3, args))
            t->status = CT_RUNTIME_ERROR;
        if (scratch)
            array_memory_free(scratch, p->scratch_bytes);
    }
}

/* Adds the other pieces' kernels to the first one's. */
static void add_pieces(float *kernel, int64_t size, int64_t pieces)
{
    for (int64_t piece = 1; piece < pieces; piece++)
        for (int64_t i = 0; i < size; i++)
            kernel[i] += kernel[piece * size + i];
}

static ct_status run(conv_task *t, float *kernel)
{
    const onednn_conv *c = t->c;
    const primitive *p = t->whole;
    size_t bytes = p->kernel_bytes * (size_t)(c->derivative ? t->pieces : 1);
    dnnl_memory_desc_t own;
    t->kernel = array_memory(bytes);
    if (!t->kernel)
        return CT_OUT_OF_MEMORY_ERROR;
    bool ok = describe_kernel(&own, c, false);
    if (!c->derivative)
        ok = ok && reorder(&own, kernel, &p->kernel, t->kernel);
    if (ok)
        base_parallel(t->pieces, 1, run_pieces, t);
    ok = ok && t->status == CT_OK;
    if (ok && c->derivative) {
        add_pieces((float *)(void *)t->kernel, (int64_t)(p->kernel_bytes / sizeof(float)),
                   t->pieces);
        ok = reorder(&p->kernel, t->kernel, &own, kernel);
    }
    array_memory_free(t->kernel, bytes);
    if (t->status == CT_OUT_OF_MEMORY_ERROR)
        return CT_OUT_OF_MEMORY_ERROR;
    return ok ? CT_OK : base_fail(CT_RUNTIME_ERROR, "oneDNN failed to run a convolution.");
}

static bool same_layout(const primitive *a, const primitive *b)
{
    return !memcmp(&a->kernel, &b->kernel, sizeof a->kernel);
}

bool kernel_onednn_conv(const onednn_conv *c, const float *x, float *kernel, float *y,
                        ct_status *status)
{
    enum { MOST_PIECES = 16, MOST_KERNELS = 1 << 24 }; /* bytes, for the pieces of a derivative */
    pthread_once(&loaded, load);
    if (!dnnl.engine)
        return false;
    kernel_onednn_one_thread();
    conv_task t = {.c = c, .x = x, .y = y, .x_size = c->in_features, .y_size = c->out_features};
    int64_t kernel_size = c->in_features * c->out_features, pieces = MOST_PIECES;
    for (int i = 0; i < c->nspatial; i++) {
        t.x_size *= c->axes[i].in, t.y_size *= c->axes[i].out;
        kernel_size *= c->axes[i].size;
    }
    if (c->derivative && kernel_size * 4 * pieces > MOST_KERNELS)
        pieces = 1 + MOST_KERNELS / (kernel_size * 4);
    t.images = (c->batch + pieces - 1) / pieces;
    t.pieces = (c->batch + t.images - 1) / t.images;
    primitive whole, rest = {.desc = NULL};
    int64_t left = c->batch % t.images;
    if (!primitive_make(&whole, c, t.images))
        return false;
    bool ok = !left || primitive_make(&rest, c, left);
    t.whole = &whole, t.rest = left ? &rest : NULL;
    if (ok && (!left || same_layout(&whole, &rest)))
        *status = run(&t, kernel);
    else if (ok)
        ok = false;
    primitive_free(&rest);
    primitive_free(&whole);
    return ok;
}
#else
bool kernel_onednn_conv(const onednn_conv *c, const float *x, float *kernel, float *y,
                        ct_status *status)
{
    (void)c, (void)x, (void)kernel, (void)y, (void)status;
    return false;
}
#endif

/* What the files of structured primitives share: windows of an array at places that indices name
 * (gather.c, scatter.c).
 *
 * gather reads such windows into its result, scatter writes its updates into them; the walk over
 * both is the same (indexed.c). */
#ifndef COTAN_SRC_OPS_STRUCTURED_H
#define COTAN_SRC_OPS_STRUCTURED_H
#include "ops/rules.h"

/* A gather's or scatter's own names for the lists in gather_dims, for messages. */
typedef struct indexed_names {
    const char *op, *window, *collapsed, *map, *operand_batching, *indices_batching;
} indexed_names;

/* Checks the lists against each other and the operands; `window_rank` is the rank of the array that
 * window axes number (result or updates). */
CT_NODISCARD bool indexed_check(const indexed_names *names, const gather_dims *d, const aval *x,
                                const aval *indices, int64_t window_rank);

/* How the result (or the updates) and the operand correspond: merged axes of the result, outermost
 * first, around runs of `unit` bytes that are contiguous in both. An axis walks either through a
 * window (stride, in bytes of the operand) or from window to window (row, in rows of indices). */
typedef struct indexed_plan {
    int64_t unit;
    int ndim;
    int64_t size[MAX_NDIM], stride[MAX_NDIM], row[MAX_NDIM];
    int64_t units;   /* of the whole result */
    int64_t *starts; /* byte offset of each row's window in the operand; -1 where it does not lie
                        inside */
    size_t starts_bytes;
    int64_t few_starts[32];
    /* One 32-bit index a row, and nothing but rows to walk: starts are found as the walk goes
     * (index NULL: they are all there). */
    const int32_t *index;
    int64_t last, index_stride;
    bool clamp;
} indexed_plan;
/* clamp: windows are moved inside. window: their shape, one size an operand axis. False when memory
 * is short. */
CT_NODISCARD bool indexed_plan_make(indexed_plan *p, const gather_dims *d, const operand *x,
                                    const operand *indices, const aval *result, ct_ints window,
                                    bool clamp);
void indexed_plan_free(indexed_plan *p);

/* One innermost stretch: n units from unit `at` of the result on. Unit j lies in the operand at
 * starts[j * row] + offset (row != 0, and starts negative: nowhere) or, for row == 0, at starts[0]
 * + offset + j * stride. */
typedef struct indexed_run {
    int64_t at, n, offset, stride, row;
    const int64_t *starts;
} indexed_run;
typedef void indexed_visit(void *context, const indexed_plan *p, const indexed_run *run);
/* Visits the units [begin, end) of the result in order. */
void indexed_walk(const indexed_plan *p, int64_t begin, int64_t end, indexed_visit *visit,
                  void *context);

/* Every entry plus one: axes after a mapped axis came to the front. */
int_list ints_raised(ct_ints list);

/* What a gather's windows out of bounds read, into 16 bytes: the given number, or NaN, the smallest
 * signed and the largest unsigned integer, True. */
void gather_fill(const params_gather *p, ct_dtype dtype, void *element);

/* The axes of the gather that reads what a scatter writes, and the window's shape, one size an
 * operand axis. */
gather_dims scatter_inverse(const scatter_dims *d);
int_list scatter_window(const scatter_dims *d, const aval *x, const aval *updates);
/* The primitive by which scatter_add and its like combine an update with what is there. */
const char *scatter_combiner(int code);

/* Reads from x what the scatter would write to, as updates of this type; in mode FILL_OR_DROP zeros
 * where it lies out of bounds. */
ct_array scatter_read(ct_array x, ct_array indices, const aval *updates, const params_scatter *p,
                      int mode);

/* ---- windows that slide over an array (window.c, window_select.c, conv.c) ---- */

/* One axis: x's elements stand `dilation` apart, padded at both ends (negative: cut); the window
 * has `size` elements `spread` apart and moves by `stride`. */
typedef struct window_axis {
    int64_t in, out, size, stride, low, high, dilation, spread;
} window_axis;
/* The size of the result; never negative. */
int64_t window_out(const window_axis *w);
/* Which element of x element k of window o lies on; -1: padding or a gap. */
static inline int64_t window_at(const window_axis *w, int64_t o, int64_t k)
{
    int64_t at = o * w->stride + k * w->spread - w->low;
    if (at < 0)
        return -1;
    if (w->dilation != 1) {
        if (at % w->dilation)
            return -1;
        at /= w->dilation;
    }
    return at < w->in ? at : -1;
}
/* Checks the lists and fills the axes; false after an error. */
CT_NODISCARD bool window_axes(const op *o, const params_window *p, const aval *x,
                              window_axis *axes);
/* Trailing axes that no window moves over belong to one block: takes them off *ndim, which stays at
 * least 1, and returns the block's size. */
int64_t window_block(const window_axis *axes, int *ndim);
/* The padding, in pairs, with which windows of the cotangent give back x's, once the cotangent is
 * spread by the strides. */
int_list window_transposed_padding(int ndim, const window_axis *axes);

/* ---- products (dot.c, conv.c) ---- */

/* The type a product of these operands is computed in before it becomes `out`: half precision
 * operands stay as they are. */
ct_dtype product_dtype(ct_dtype x, ct_dtype y, ct_dtype out);
/* Whether values of the first type fit the second's range and precision: JAX's order of types in
 * products. */
bool product_fits(ct_dtype narrow, ct_dtype wide);
/* x in another type: itself, or a copy that product_operand_free frees. */
typedef struct product_operand {
    operand value;
    void *memory;
    size_t bytes;
} product_operand;
CT_NODISCARD bool product_operand_make(product_operand *p, const operand *x, ct_dtype dtype);
void product_operand_free(product_operand *p);
/* The result in the type of the arithmetic: `wide` is out itself, or memory that
 * product_result_finish narrows into out (unless the status is a failure) and frees. */
bool product_result_make(operand *wide, const operand *out, ct_dtype dtype);
ct_status product_result_finish(operand *wide, const operand *out, ct_status status);

/* The spatial axes of a convolution, checked. */
CT_NODISCARD bool conv_axes(const params_conv *p, const aval *x, const aval *kernel,
                            window_axis *axes);

/* Runs body on x, kernel and y as dense blocks: images (batch, spatial..., features), the kernel
 * (spatial..., features in, features out). exchange: batch and features are exchanged, y is a
 * kernel and the kernel images. */
typedef ct_status conv_body(void *context, const char *x, char *kernel, char *y);
ct_status conv_with_blocks(const conv_dims *d, bool exchange, const operand *x,
                           const operand *kernel, const operand *y, conv_body *body, void *context);
/* By oneDNN; false when it is not for it. */
CT_NODISCARD bool conv_direct(const params_conv *p, const window_axis *axes, const operand *x,
                              const operand *kernel, const operand *y, ct_status *status);

/* Rules that one file defines for another's rows. */
#define JVP(name)                                                                                  \
    bool name(const op *o, const void *params, int nin, const ct_array *primals,                   \
              const ct_array *tangents, int nout, ct_array *out_primals, ct_array *out_tangents);
#define TRANSPOSE(name)                                                                            \
    bool name(const op *o, const void *params, int nin, const ct_array *in, const aval *in_avals,  \
              int nout, const ct_array *cts, ct_array *out);
JVP(jvp_scatter)
JVP(jvp_scatter_linear)
JVP(jvp_scatter_mul)
JVP(jvp_scatter_extreme)
TRANSPOSE(transpose_scatter)
TRANSPOSE(transpose_scatter_linear)
TRANSPOSE(transpose_scatter_mul)
JVP(jvp_window_extreme)
JVP(jvp_conv)
TRANSPOSE(transpose_conv)
bool vmap_conv(const op *o, const void *params, batch b, int nin, const ct_array *in,
               const int *dims, int nout, ct_array *out, int *out_dims);
#undef JVP
#undef TRANSPOSE
#endif

/* dot_general: products of arrays over contracted axes, with batch axes that go along.
 *
 * The result's axes are the batch axes, then lhs's free ones, then rhs's. The kernel reads each
 * operand in place when strides can say where its rows, columns and batches are, and copies it into
 * order when they cannot; kernel_matrix_product does the arithmetic. Next: conv.c. */
#include "kernel/kernel.h"
#include "ops/structured.h"

/* ---- types and shapes ---- */

static bool check_axes(const char *side, const aval *x, ct_ints batched, ct_ints contract)
{
    for (int64_t i = 0; i < batched.n + contract.n; i++) {
        int64_t axis = i < batched.n ? batched.at[i] : contract.at[i - batched.n];
        if (axis < 0 || axis >= x->ndim) {
            base_fail(CT_TYPE_ERROR,
                      "dot_general requires %s dimension numbers to be nonnegative and less than "
                      "the number of axes of the %s value, got %s_batch of %s and %s_contracting "
                      "of %s for %s of rank %d",
                      side, side, side, INTS(batched), side, INTS(contract), side, (int)x->ndim);
            return false;
        }
    }
    return true;
}

static bool distinct(ct_ints list)
{
    for (int64_t i = 1; i < list.n; i++)
        if (ints_contain((ct_ints){i, list.at}, list.at[i]))
            return false;
    return true;
}

static bool check_distinct(const char *side, ct_ints batched, ct_ints contract)
{
    if (!distinct(batched) || !distinct(contract)) {
        bool which = !distinct(batched);
        base_fail(CT_TYPE_ERROR,
                  "dot_general requires %s %s dimensions to be distinct, got %s_%s %s.", side,
                  which ? "batch" : "contracting", side, which ? "batch" : "contracting",
                  which ? INTS(batched) : INTS(contract));
        return false;
    }
    for (int64_t i = 0; i < batched.n; i++)
        if (ints_contain(contract, batched.at[i])) {
            base_fail(CT_TYPE_ERROR,
                      "dot_general requires %s batch dimensions to be disjoint from contracting "
                      "dimensions, got %s_batch %s and %s_contracting %s.",
                      side, side, INTS(batched), side, INTS(contract));
            return false;
        }
    return true;
}

static bool sizes_agree(const aval *x, ct_ints x_axes, const aval *y, ct_ints y_axes)
{
    bool same = x_axes.n == y_axes.n;
    for (int64_t i = 0; i < x_axes.n && same; i++)
        same = x->shape[x_axes.at[i]] == y->shape[y_axes.at[i]];
    return same;
}

static int_list sizes_at(const aval *x, ct_ints axes)
{
    int_list sizes;
    sizes.n = axes.n;
    for (int64_t i = 0; i < axes.n; i++)
        sizes.at[i] = x->shape[axes.at[i]];
    return sizes;
}

static bool check_same_sizes(const char *what, const aval *x, ct_ints x_axes, const aval *y,
                             ct_ints y_axes)
{
    if (sizes_agree(x, x_axes, y, y_axes))
        return true;
    int_list a = sizes_at(x, x_axes), b = sizes_at(y, y_axes);
    base_fail(CT_TYPE_ERROR, "dot_general requires %s to have the same shape, got %s and %s.", what,
              INTS(ints_of(&a)), INTS(ints_of(&b)));
    base_fail_note("The operands have shapes %s and %s.", SHAPE(x), SHAPE(y));
    return false;
}

static bool check_dims(const aval *x, const aval *y, const dot_dims *d)
{
    if (!check_axes("lhs", x, d->lhs_batch, d->lhs_contract) ||
        !check_axes("rhs", y, d->rhs_batch, d->rhs_contract))
        return false;
    if (d->lhs_batch.n != d->rhs_batch.n) {
        base_fail(CT_TYPE_ERROR,
                  "dot_general requires equal numbers of lhs_batch and rhs_batch dimensions, got "
                  "lhs_batch %s and rhs_batch %s.",
                  INTS(d->lhs_batch), INTS(d->rhs_batch));
        return false;
    }
    return check_distinct("lhs", d->lhs_batch, d->lhs_contract) &&
           check_distinct("rhs", d->rhs_batch, d->rhs_contract) &&
           check_same_sizes("lhs batch dimensions and rhs batch dimensions", x, d->lhs_batch, y,
                            d->rhs_batch) &&
           check_same_sizes("contracting dimensions", x, d->lhs_contract, y, d->rhs_contract);
}

/* The wider of two element types: complex before real, floats by exponent then mantissa, integers
 * by width, signed before unsigned; booleans last. */
static int64_t dtype_rank(ct_dtype d)
{
    static const int16_t exponent[CT_DTYPE_COUNT] = {
        [CT_FLOAT4_E2M1FN] = 3,      [CT_FLOAT8_E3M4] = 4,      [CT_FLOAT8_E4M3] = 8,
        [CT_FLOAT8_E4M3B11FNUZ] = 5, [CT_FLOAT8_E4M3FN] = 9,    [CT_FLOAT8_E4M3FNUZ] = 8,
        [CT_FLOAT8_E5M2] = 16,       [CT_FLOAT8_E5M2FNUZ] = 16, [CT_FLOAT8_E8M0FNU] = 128,
        [CT_BFLOAT16] = 128,         [CT_FLOAT16] = 16,         [CT_FLOAT32] = 128,
        [CT_FLOAT64] = 1024,         [CT_COMPLEX64] = 128,      [CT_COMPLEX128] = 1024};
    static const int8_t mantissa[CT_DTYPE_COUNT] = {
        [CT_FLOAT4_E2M1FN] = 1,      [CT_FLOAT8_E3M4] = 4,     [CT_FLOAT8_E4M3] = 3,
        [CT_FLOAT8_E4M3B11FNUZ] = 3, [CT_FLOAT8_E4M3FN] = 3,   [CT_FLOAT8_E4M3FNUZ] = 3,
        [CT_FLOAT8_E5M2] = 2,        [CT_FLOAT8_E5M2FNUZ] = 2, [CT_BFLOAT16] = 7,
        [CT_FLOAT16] = 10,           [CT_FLOAT32] = 23,        [CT_FLOAT64] = 52,
        [CT_COMPLEX64] = 23,         [CT_COMPLEX128] = 52};
    if (d == CT_BOOL)
        return -1;
    int64_t bits = dtype_table[dtype_real_part(d)].bits;
    return (((dtype_is(d, FAMILY_COMPLEX) * 2048LL + exponent[d]) * 64 + mantissa[d]) * 256 +
            bits) *
               2 +
           !dtype_is(d, FAMILY_UINT);
}

static bool result_dtype(const aval *x, const aval *y, ct_dtype preferred, ct_dtype *result)
{
    ct_dtype a = (ct_dtype)x->dtype, b = (ct_dtype)y->dtype;
    if (!dtype_is(a, ANYTHING) || !dtype_is(b, ANYTHING) ||
        (a != b && dtype_rank(a) == dtype_rank(b))) {
        base_fail(CT_TYPE_ERROR, "lax.dot_general argument type error: %s, %s", DTYPE(x), DTYPE(y));
        return false;
    }
    *result = dtype_rank(a) >= dtype_rank(b) ? a : b;
    if (preferred == CT_NO_DTYPE || preferred == *result)
        return true;
    if (!dtype_is(*result, FAMILY_FLOAT) &&
        dtype_table[dtype_real_part(preferred)].bits < dtype_table[dtype_real_part(*result)].bits) {
        base_fail(CT_TYPE_ERROR,
                  "`preferred_element_type` must not be narrower than the original type, got "
                  "preferred_element_type of %s for result type of %s.",
                  dtype_table[preferred].name, dtype_table[*result].name);
        return false;
    }
    *result = preferred;
    return true;
}

static int_list free_axes(int64_t ndim, ct_ints batched, ct_ints contract)
{
    int_list kept;
    kept.n = 0;
    for (int64_t i = 0; i < ndim; i++)
        if (!ints_contain(batched, i) && !ints_contain(contract, i))
            int_push(&kept, i);
    return kept;
}

static bool abstract_dot(const op *o, const void *params, int nin, const aval *in, int *nout,
                         aval *out, arena *a)
{
    (void)o, (void)nin;
    const params_dot_general *p = params;
    const dot_dims *d = &p->dimension_numbers;
    ct_dtype dtype;
    if (!check_dims(&in[0], &in[1], d) ||
        !result_dtype(&in[0], &in[1], p->preferred_element_type, &dtype))
        return false;
    int64_t ndim = in[0].ndim + in[1].ndim - d->lhs_batch.n - 2 * d->lhs_contract.n, n = 0;
    if (ndim > MAX_NDIM) {
        base_fail(CT_VALUE_ERROR,
                  "dot_general of shapes %s and %s would have %d axes; at most %d are possible.",
                  SHAPE(&in[0]), SHAPE(&in[1]), (int)ndim, MAX_NDIM);
        return false;
    }
    int64_t *shape = arena_alloc(a, (size_t)ndim * sizeof *shape);
    if (!shape)
        return false;
    for (int64_t i = 0; i < d->lhs_batch.n; i++)
        shape[n++] = in[0].shape[d->lhs_batch.at[i]];
    for (int64_t i = 0; i < in[0].ndim; i++)
        if (!ints_contain(d->lhs_batch, i) && !ints_contain(d->lhs_contract, i))
            shape[n++] = in[0].shape[i];
    for (int64_t i = 0; i < in[1].ndim; i++)
        if (!ints_contain(d->rhs_batch, i) && !ints_contain(d->rhs_contract, i))
            shape[n++] = in[1].shape[i];
    *nout = 1;
    out[0] = (aval){(uint8_t)dtype, in[0].weak && in[1].weak, (int32_t)ndim, shape};
    return true;
}

/* ---- operands in the type of the arithmetic ---- */

bool product_fits(ct_dtype narrow, ct_dtype wide) { return dtype_rank(narrow) <= dtype_rank(wide); }

ct_dtype product_dtype(ct_dtype x, ct_dtype y, ct_dtype out)
{
    if (x == y && (x == CT_BFLOAT16 || x == CT_FLOAT16) && out == CT_FLOAT32)
        return x;
    ct_dtype wide = product_fits(x, y) ? y : x, result = product_fits(wide, out) ? out : wide;
    if (dtype_is(result, FAMILY_FLOAT) && dtype_table[result].bits <= 8)
        return CT_FLOAT32;
    return result != CT_BOOL && dtype_table[result].bits < 8 ? CT_INT32 : result;
}

bool product_operand_make(product_operand *p, const operand *x, ct_dtype dtype)
{
    *p = (product_operand){.value = *x};
    if (x->aval.dtype == dtype)
        return true;
    int64_t n = shape_size(x->aval.ndim, x->aval.shape), step = 1;
    p->bytes = (size_t)(n ? n : 1) * dtype_table[dtype].itemsize;
    p->memory = array_memory(p->bytes);
    if (!p->memory)
        return false;
    const void *source = x->data;
    kernel_convert((ct_dtype)x->aval.dtype, dtype)(n, p->memory, &source, &step);
    p->value.aval.dtype = (uint8_t)dtype;
    p->value.data = p->memory;
    return true;
}

void product_operand_free(product_operand *p)
{
    if (p->memory)
        array_memory_free(p->memory, p->bytes);
}

bool product_result_make(operand *wide, const operand *out, ct_dtype dtype)
{
    *wide = *out;
    if (product_fits(dtype, (ct_dtype)out->aval.dtype))
        return true;
    wide->aval.dtype = (uint8_t)dtype;
    size_t n = (size_t)shape_size(out->aval.ndim, out->aval.shape);
    wide->data = array_memory(n * dtype_table[dtype].itemsize);
    return wide->data != NULL;
}

ct_status product_result_finish(operand *wide, const operand *out, ct_status status)
{
    if (wide->data == out->data)
        return status;
    ct_dtype from = (ct_dtype)wide->aval.dtype;
    int64_t n = shape_size(out->aval.ndim, out->aval.shape), step = 1;
    const void *source = wide->data;
    if (status == CT_OK)
        kernel_convert(from, (ct_dtype)out->aval.dtype)(n, out->data, &source, &step);
    array_memory_free(wide->data, (size_t)n * dtype_table[from].itemsize);
    return status;
}

/* ---- the kernel ---- */

/* One operand as a stack of matrices: strides in elements. */
typedef struct matrices {
    const char *data;
    void *copy; /* our own memory, or NULL */
    size_t copy_bytes;
    int64_t batch[MAX_NDIM]; /* stride of each batch axis */
    int64_t free, contract;  /* strides along rows' and contracted elements; one of them is 1 */
} matrices;

static int_list element_strides(const aval *x)
{
    int_list s;
    s.n = x->ndim;
    int64_t step = 1;
    for (int64_t i = x->ndim - 1; i >= 0; i--) {
        s.at[i] = step;
        step *= x->shape[i];
    }
    return s;
}

/* The stride that walks all the axes as one, in their order; -1 when there is none, 0 when there is
 * nothing to walk. */
static int64_t merged_stride(const aval *x, const int_list *strides, ct_ints axes)
{
    int64_t stride = 0, extent = 0;
    for (int64_t i = axes.n - 1; i >= 0; i--) {
        int64_t size = x->shape[axes.at[i]], step = strides->at[axes.at[i]];
        if (size == 1)
            continue;
        if (!stride)
            stride = step;
        else if (step != extent)
            return -1;
        extent = step * size;
    }
    return stride;
}

static bool in_place(const aval *x, ct_ints free, ct_ints contract, int64_t *free_stride,
                     int64_t *contract_stride)
{
    int_list strides = element_strides(x);
    int64_t f = merged_stride(x, &strides, free), c = merged_stride(x, &strides, contract);
    *free_stride = f ? f : 1;
    *contract_stride = c ? c : 1;
    if (f < 0 || c < 0)
        return false;
    return *free_stride == 1 || *contract_stride == 1;
}

/* Leading dimensions that matrix libraries accept even where a side has one element only. */
static void tidy_strides(matrices *m, int64_t nfree, int64_t ncontract)
{
    if (ncontract <= 1 && nfree <= 1)
        m->free = m->contract = 1;
    else if (nfree <= 1)
        m->free = m->contract == 1 ? ncontract : 1;
    else if (ncontract <= 1)
        m->contract = m->free == 1 ? nfree : 1;
}

static bool copy_in_order(const operand *x, ct_ints batched, ct_ints first, ct_ints second,
                          matrices *m)
{
    int_list strides = byte_strides(&x->aval), from, shape;
    from.n = shape.n = 0;
    ct_ints groups[] = {batched, first, second};
    for (int g = 0; g < 3; g++)
        for (int64_t i = 0; i < groups[g].n; i++) {
            int_push(&from, strides.at[groups[g].at[i]]);
            int_push(&shape, x->aval.shape[groups[g].at[i]]);
        }
    aval dense = {x->aval.dtype, false, (int32_t)shape.n, shape.at};
    int_list to = byte_strides(&dense), elements = element_strides(&dense);
    size_t itemsize = dtype_table[x->aval.dtype].itemsize;
    m->copy_bytes = (size_t)shape_size(shape.n, shape.at) * itemsize;
    m->copy = array_memory(m->copy_bytes);
    if (!m->copy)
        return false;
    kernel_copy((int)shape.n, shape.at, itemsize, m->copy, to.at, x->data, from.at);
    m->data = m->copy;
    memcpy(m->batch, elements.at, (size_t)batched.n * sizeof *m->batch);
    return true;
}

static int64_t group_size(const aval *x, ct_ints axes)
{
    int64_t size = 1;
    for (int64_t i = 0; i < axes.n; i++)
        size *= x->shape[axes.at[i]];
    return size;
}

/* rows: the copy, where one is needed, has the contracted axes innermost. */
static bool lay_out(const operand *x, ct_ints batched, ct_ints free, ct_ints contract, bool rows,
                    matrices *m)
{
    int64_t nfree = group_size(&x->aval, free), ncontract = group_size(&x->aval, contract);
    if (in_place(&x->aval, free, contract, &m->free, &m->contract)) {
        int_list strides = element_strides(&x->aval);
        for (int64_t i = 0; i < batched.n; i++)
            m->batch[i] = strides.at[batched.at[i]];
        m->data = x->data;
    } else {
        if (!copy_in_order(x, batched, rows ? free : contract, rows ? contract : free, m))
            return false;
        m->free = rows ? ncontract : 1;
        m->contract = rows ? 1 : nfree;
    }
    tidy_strides(m, nfree, ncontract);
    return true;
}

/* Contracted axes sorted by their place in x; y's list follows. The order is free, and the right
 * one saves a copy. */
static void sort_contracted(ct_ints x, ct_ints y, int_list *x_sorted, int_list *y_sorted)
{
    x_sorted->n = y_sorted->n = 0;
    for (int64_t i = 0; i < x.n; i++) {
        int64_t at = x_sorted->n;
        int_push(x_sorted, 0);
        int_push(y_sorted, 0);
        for (; at > 0 && x_sorted->at[at - 1] > x.at[i]; at--) {
            x_sorted->at[at] = x_sorted->at[at - 1];
            y_sorted->at[at] = y_sorted->at[at - 1];
        }
        x_sorted->at[at] = x.at[i];
        y_sorted->at[at] = y.at[i];
    }
}

/* How many of the first axes must be walked one by one, so that the rest have one stride in both
 * operands. */
static int64_t outer_axes(const aval *out, int64_t nbatch, const matrices *a, const matrices *b)
{
    int64_t outer = nbatch - 1;
    while (outer > 0 && a->batch[outer - 1] == a->batch[outer] * out->shape[outer] &&
           b->batch[outer - 1] == b->batch[outer] * out->shape[outer])
        outer--;
    return outer < 0 ? 0 : outer;
}

static ct_status multiply(kernel_matmul p, int64_t nbatch, const operand *out, const matrices *a,
                          const matrices *b)
{
    int64_t outer = outer_axes(&out->aval, nbatch, a, b), runs = shape_size(outer, out->aval.shape);
    size_t in_size = dtype_table[p.dtype].itemsize, out_size = dtype_table[p.out_dtype].itemsize;
    p.batch = shape_size(nbatch - outer, out->aval.shape + outer);
    p.a_batch = nbatch ? a->batch[nbatch - 1] : 0;
    p.b_batch = nbatch ? b->batch[nbatch - 1] : 0;
    p.c_batch = nbatch ? p.m * p.n : 0;
    for (int64_t run = 0; run < runs; run++) {
        int64_t a_at = 0, b_at = 0, rest = run;
        for (int64_t i = outer - 1; i >= 0; i--) {
            int64_t index = rest % out->aval.shape[i];
            rest /= out->aval.shape[i];
            a_at += index * a->batch[i];
            b_at += index * b->batch[i];
        }
        char *c = (char *)out->data + (size_t)(run * p.batch * p.m * p.n) * out_size;
        ct_status status = kernel_matrix_product(&p, a->data + (size_t)a_at * in_size,
                                                 b->data + (size_t)b_at * in_size, c);
        if (status != CT_OK)
            return status;
    }
    return CT_OK;
}

static ct_status product(const dot_dims *d, const operand *x, const operand *y, const operand *out)
{
    int_list x_free = free_axes(x->aval.ndim, d->lhs_batch, d->lhs_contract),
             y_free = free_axes(y->aval.ndim, d->rhs_batch, d->rhs_contract);
    int_list by_x[2], by_y[2];
    sort_contracted(d->lhs_contract, d->rhs_contract, &by_x[0], &by_y[0]);
    sort_contracted(d->rhs_contract, d->lhs_contract, &by_y[1], &by_x[1]);
    int64_t ignored[2];
    int order =
        !in_place(&y->aval, ints_of(&y_free), ints_of(&by_y[0]), &ignored[0], &ignored[1]) &&
        in_place(&x->aval, ints_of(&x_free), ints_of(&by_x[1]), &ignored[0], &ignored[1]);
    matrices a, b;
    a.copy = b.copy = NULL;
    ct_status status = CT_OUT_OF_MEMORY_ERROR;
    if (lay_out(x, d->lhs_batch, ints_of(&x_free), ints_of(&by_x[order]), true, &a) &&
        lay_out(y, d->rhs_batch, ints_of(&y_free), ints_of(&by_y[order]), false, &b)) {
        kernel_matmul p = {.m = group_size(&x->aval, ints_of(&x_free)),
                           .n = group_size(&y->aval, ints_of(&y_free)),
                           .k = group_size(&x->aval, d->lhs_contract),
                           .a_row = a.free,
                           .a_col = a.contract,
                           .b_row = b.contract,
                           .b_col = b.free,
                           .dtype = (ct_dtype)x->aval.dtype,
                           .out_dtype = (ct_dtype)out->aval.dtype};
        p.c_row = p.n;
        status = multiply(p, d->lhs_batch.n, out, &a, &b);
    }
    if (a.copy)
        array_memory_free(a.copy, a.copy_bytes);
    if (b.copy)
        array_memory_free(b.copy, b.copy_bytes);
    return status;
}

static ct_status into_result_type(const dot_dims *d, const operand *x, const operand *y,
                                  const operand *out)
{
    operand wide;
    if (!product_result_make(&wide, out, (ct_dtype)x->aval.dtype))
        return CT_OUT_OF_MEMORY_ERROR;
    return product_result_finish(&wide, out, product(d, x, y, &wide));
}

/* An operand of a plain product: lines along its free axes (a vector is one), elements of a line
 * along the contracted one. */
typedef struct plain_side {
    int64_t lines, line, step;
} plain_side;

static plain_side plain_side_of(const aval *x, int64_t contract)
{
    int64_t length = x->shape[contract], lines = shape_size(x->ndim, x->shape) / length;
    return contract == x->ndim - 1 ? (plain_side){lines, length, 1} : (plain_side){lines, 1, lines};
}

static bool is_plain(const aval *x, ct_ints contract, ct_dtype dtype)
{
    return x->dtype == dtype && contract.n == 1 &&
           (contract.at[0] == 0 || contract.at[0] == x->ndim - 1);
}

/* Products that contract the first or last axis of operands of the arithmetic's type, as most do:
 * nothing to lay out. False when it is something else. */
static bool plain_product(const dot_dims *d, ct_dtype dtype, const operand *x, const operand *y,
                          const operand *out, ct_status *status)
{
    if (!is_plain(&x->aval, d->lhs_contract, dtype) ||
        !is_plain(&y->aval, d->rhs_contract, dtype) || out->aval.dtype != dtype || d->lhs_batch.n)
        return false;
    plain_side a = plain_side_of(&x->aval, d->lhs_contract.at[0]),
               b = plain_side_of(&y->aval, d->rhs_contract.at[0]);
    kernel_matmul p = {.batch = 1,
                       .m = a.lines,
                       .n = b.lines,
                       .k = x->aval.shape[d->lhs_contract.at[0]],
                       .a_row = a.line,
                       .a_col = a.step,
                       .b_row = b.step,
                       .b_col = b.line,
                       .c_row = b.lines,
                       .dtype = dtype,
                       .out_dtype = dtype};
    *status = kernel_matrix_product(&p, x->data, y->data, out->data);
    return true;
}

/* The operands' type in the arithmetic: bytes that are added up in int32 stay bytes. */
static ct_dtype dot_dtype(const operand *in, const operand *out)
{
    ct_dtype x = (ct_dtype)in[0].aval.dtype, y = (ct_dtype)in[1].aval.dtype,
             to = (ct_dtype)out->aval.dtype;
    return x == y && (x == CT_INT8 || x == CT_UINT8) && to == CT_INT32 ? x
                                                                       : product_dtype(x, y, to);
}

static void prepare_dot(const void *params, const operand *in, const operand *out)
{
    const dot_dims *d = &((const params_dot_general *)params)->dimension_numbers;
    const aval *x = &in[0].aval, *y = &in[1].aval;
    int64_t k = group_size(x, d->lhs_contract), each = k * group_size(x, d->lhs_batch);
    if (each)
        kernel_matrix_prepare(dot_dtype(in, out), shape_size(x->ndim, x->shape) / each,
                              shape_size(y->ndim, y->shape) / each, k);
}

static ct_status kernel_dot(const op *o, const void *params, int nin, const operand *in, int nout,
                            operand *out)
{
    (void)o, (void)nin, (void)nout;
    const dot_dims *d = &((const params_dot_general *)params)->dimension_numbers;
    int64_t size = shape_size(out->aval.ndim, out->aval.shape);
    if (size == 0)
        return CT_OK;
    if (group_size(&in[0].aval, d->lhs_contract) == 0) {
        memset(out->data, 0, (size_t)size * dtype_table[out->aval.dtype].itemsize);
        return CT_OK;
    }
    ct_dtype dtype = dot_dtype(in, out);
    ct_status plain;
    if (plain_product(d, dtype, &in[0], &in[1], out, &plain))
        return plain;
    product_operand x, y = {.memory = NULL};
    ct_status status = CT_OUT_OF_MEMORY_ERROR;
    if (product_operand_make(&x, &in[0], dtype) && product_operand_make(&y, &in[1], dtype))
        status = into_result_type(d, &x.value, &y.value, out);
    product_operand_free(&x);
    product_operand_free(&y);
    return status;
}

/* ---- derivatives: bilinear ---- */

static bool jvp_dot(const op *o, const void *params, int nin, const ct_array *primals,
                    const ct_array *tangents, int nout, ct_array *out_primals,
                    ct_array *out_tangents)
{
    (void)o, (void)nin, (void)nout;
    const params_dot_general *p = params;
    out_primals[0] = op_dot_general(primals[0], primals[1], p);
    ct_array by_x = tangents[0] ? op_dot_general(tangents[0], primals[1], p) : NULL;
    ct_array by_y = tangents[1] ? op_dot_general(primals[0], tangents[1], p) : NULL;
    out_tangents[0] = by_x && by_y ? op_add_any(by_x, by_y) : by_x ? by_x : by_y;
    return !is_poison(out_primals[0]) && !is_poison(out_tangents[0]);
}

/* The cotangent of x in x . y, given y; swapped: of x in y . x. The product's axes come out as
 * (batch, x's free, x's contracted in y's order). */
static ct_array transpose_side(ct_array ct, const aval *x, ct_array y, ct_ints x_batch,
                               ct_ints x_contract, ct_ints y_batch, ct_ints y_contract,
                               bool swapped, const params_dot_general *p)
{
    int_list x_kept = free_axes(x->ndim, x_batch, x_contract),
             y_kept = free_axes(y->aval.ndim, y_batch, y_contract);
    int_list ct_batch = ints_range(0, x_batch.n),
             ct_y = ints_range(x_batch.n + (swapped ? 0 : x_kept.n), y_kept.n);
    params_dot_general q = {{ints_of(&ct_y), ints_of(&y_kept), ints_of(&ct_batch), y_batch},
                            p->precision,
                            p->preferred_element_type};
    ct_array t = op_dot_general(ct, y, &q);
    int_list y_sorted, x_sorted, back = {.n = x->ndim};
    sort_contracted(y_contract, x_contract, &y_sorted, &x_sorted);
    ct_ints order[] = {x_batch, ints_of(&x_kept), ints_of(&x_sorted)};
    int64_t at = 0;
    bool in_order = true;
    for (int g = 0; g < 3; g++)
        for (int64_t i = 0; i < order[g].n; i++) {
            in_order = in_order && order[g].at[i] == at;
            back.at[order[g].at[i]] = at++;
        }
    if (!in_order)
        t = op_transpose(t, ints_of(&back));
    return is_poison(t) ? t
                        : op_convert(t, (ct_dtype)x->dtype, x->weak && t->aval.dtype != x->dtype);
}

static bool transpose_dot(const op *o, const void *params, int nin, const ct_array *in,
                          const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)o, (void)nin, (void)nout;
    const params_dot_general *p = params;
    const dot_dims *d = &p->dimension_numbers;
    out[0] = out[1] = NULL;
    if (!cts[0])
        return true;
    int side = in[0] ? 1 : 0;
    if (side == 0 && !in[1]) {
        base_fail(CT_NOT_IMPLEMENTED_ERROR,
                  "dot_general cannot be transposed in both operands at once.");
        return false;
    }
    out[side] = side == 0 ? transpose_side(cts[0], &in_avals[0], in[1], d->lhs_batch,
                                           d->lhs_contract, d->rhs_batch, d->rhs_contract, false, p)
                          : transpose_side(cts[0], &in_avals[1], in[0], d->rhs_batch,
                                           d->rhs_contract, d->lhs_batch, d->lhs_contract, true, p);
    return !is_poison(out[side]);
}

/* ---- batching: two mapped operands give a batch axis, one gives a free axis ---- */

static int_list shifted(ct_ints axes, int64_t dim)
{
    return ints_shifted(axes, dim == NOT_MAPPED ? INT64_MAX : dim);
}

static bool vmap_dot(const op *o, const void *params, batch b, int nin, const ct_array *in,
                     const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)o, (void)b, (void)nin, (void)nout;
    const params_dot_general *p = params;
    const dot_dims *d = &p->dimension_numbers;
    int64_t x_dim = dims[0], y_dim = dims[1];
    int_list x_batch = shifted(d->lhs_batch, x_dim), x_contract = shifted(d->lhs_contract, x_dim);
    int_list y_batch = shifted(d->rhs_batch, y_dim), y_contract = shifted(d->rhs_contract, y_dim);
    if (x_dim != NOT_MAPPED && y_dim != NOT_MAPPED) {
        x_batch = ints_insert(ints_of(&x_batch), 0, x_dim);
        y_batch = ints_insert(ints_of(&y_batch), 0, y_dim);
        out_dims[0] = 0;
    } else {
        bool left = x_dim != NOT_MAPPED;
        int_list free = left ? free_axes(in[0]->aval.ndim, ints_of(&x_batch), ints_of(&x_contract))
                             : free_axes(in[1]->aval.ndim, ints_of(&y_batch), ints_of(&y_contract));
        int64_t at = 0, before = left ? d->lhs_batch.n : in[0]->aval.ndim - d->lhs_contract.n;
        while (free.at[at] != (left ? x_dim : y_dim))
            at++;
        out_dims[0] = (int)(before + at);
    }
    params_dot_general q = {
        {ints_of(&x_contract), ints_of(&y_contract), ints_of(&x_batch), ints_of(&y_batch)},
        p->precision,
        p->preferred_element_type};
    out[0] = op_dot_general(in[0], in[1], &q);
    return !is_poison(out[0]);
}

const op op_row_dot_general = {
    .name = "dot_general",
    .code = OP_dot_general,
    .operands = 2,
    .fields = fields_dot_general,
    .nfields = nfields_dot_general,
    .params_size = sizeof(params_dot_general),
    .abstract = abstract_dot,
    .kernel = kernel_dot,
    .prepare = prepare_dot,
    .jvp = jvp_dot,
    .transpose = transpose_dot,
    .vmap = vmap_dot,
};

ct_array op_dot_general(ct_array x, ct_array y, const params_dot_general *p)
{
    return core_bind1(&op_row_dot_general, p, 2, (ct_array[]){x, y});
}

/* kernel_matrix_product: batches and panels over the pool, each a product on one thread.
 *
 * A large matrix is cut into panels along its longer side; the cut depends on the shape alone, so
 * results do not depend on the number of threads. float32 and bfloat16 go to oneDNN when large
 * (onednn.c), everything else to matmul.c. Halves and bool are computed in a wider type and
 * narrowed; complex products are four real ones. */
#include "cotan/array.h"
#include "kernel/gemm.h"

/* A panel of fewer lines than PANEL_LEAST spends more on packing the other operand than it wins; of
 * twice as many, when that has more than CACHED elements. */
enum {
    PANEL_WORK = 1 << 20,
    VECTOR_WORK = 1 << 17,
    MAX_PANELS = 32,
    PANEL_LEAST = 128,
    VECTOR_LEAST = 256,
    CACHED = 1 << 18,
    ROUND = 16
};
enum {
    LIBRARY_WORK = 1 << 18,
    LIBRARY_LEAST = 4
}; /* multiply-adds, and the shortest side, from which oneDNN is the faster */

typedef struct product_task {
    const kernel_matmul *p;
    kernel_gemm *gemm;
    const char *a, *b;
    char *c;
    size_t in_size, out_size;
    int64_t panels, panel; /* per matrix, and rows or columns of each */
    bool by_rows;
    _Atomic int status;
} product_task;

/* Products of bytes that are added up in int32. */
static bool is_bytes(const kernel_matmul *p)
{
    return (p->dtype == CT_INT8 || p->dtype == CT_UINT8) && p->out_dtype == CT_INT32;
}

static bool for_library(ct_dtype dtype, ct_dtype out, const gemm *g)
{
    int64_t least = g->m < g->n ? g->m : g->n;
    bool known =
        dtype == CT_FLOAT32 || dtype == CT_BFLOAT16 || (dtype == CT_INT8 && out == CT_INT32);
    return known && g->m * g->n * g->k >= LIBRARY_WORK && least >= LIBRARY_LEAST;
}

void kernel_matrix_prepare(ct_dtype dtype, int64_t m, int64_t n, int64_t k)
{
    enum { SIDE = 8 };
    static _Atomic bool done[CT_DTYPE_COUNT];
    if (!for_library(dtype, dtype, &(gemm){.m = m, .n = n, .k = k}) ||
        atomic_exchange(&done[dtype], true))
        return;
    float zeros[SIDE * SIDE] = {0}, result[SIDE * SIDE];
    gemm g = {.m = SIDE,
              .n = SIDE,
              .k = SIDE,
              .a = zeros,
              .b = zeros,
              .c = result,
              .a_row = SIDE,
              .a_col = 1,
              .b_row = SIDE,
              .b_col = 1,
              .c_row = SIDE,
              .batch = 1};
    ct_status status;
    (void)!kernel_onednn(dtype, &g, &status);
}

static void multiply_panels(void *context, int64_t begin, int64_t end)
{
    product_task *t = context;
    const kernel_matmul *p = t->p;
    for (int64_t i = begin; i < end; i++) {
        int64_t batch = i / t->panels, first = i % t->panels * t->panel,
                whole = t->by_rows ? p->m : p->n;
        int64_t here = whole - first < t->panel ? whole - first : t->panel;
        int64_t a_at = batch * p->a_batch + (t->by_rows ? first * p->a_row : 0),
                b_at = batch * p->b_batch + (t->by_rows ? 0 : first * p->b_col);
        int64_t c_at = batch * p->c_batch + (t->by_rows ? first * p->c_row : first);
        gemm g = {.m = t->by_rows ? here : p->m,
                  .n = t->by_rows ? p->n : here,
                  .k = p->k,
                  .a = t->a + (size_t)a_at * t->in_size,
                  .b = t->b + (size_t)b_at * t->in_size,
                  .c = t->c + (size_t)c_at * t->out_size,
                  .a_row = p->a_row,
                  .a_col = p->a_col,
                  .b_row = p->b_row,
                  .b_col = p->b_col,
                  .c_row = p->c_row,
                  .batch = 1,
                  .a_batch = p->a_batch,
                  .b_batch = p->b_batch,
                  .c_batch = p->c_batch};
        ct_status status;
        if (here <= 0)
            continue;
        bool library = for_library(p->dtype, p->out_dtype, &g);
        if (!library && t->panels == 1)
            g.batch = end - begin, i = end;
        if (!library || !kernel_onednn(p->dtype, &g, &status))
            status = t->gemm(&g);
        if (status != CT_OK)
            t->status = (int)status;
    }
}

/* A vector times a matrix that is contiguous the other way: narrow panels would read it in
 * snatches.
 */
static bool along_vectors(const kernel_matmul *p)
{
    return (p->m == 1 && p->b_row != 1) || (p->n == 1 && p->a_col != 1);
}

/* Panels of rows read all of B each, panels of columns all of A: along the longer side, and of
 * equal sides the one that does not read a turned B again. */
static bool cut_by_rows(const kernel_matmul *p)
{
    bool only_b_turned = p->b_row == 1 && p->b_col != 1 && p->a_col == 1;
    return p->m > p->n || (p->m == p->n && !only_b_turned);
}

/* C of the accumulating type. */
static ct_status multiply(const kernel_matmul *p, kernel_gemm *f, size_t in_size, size_t out_size,
                          const void *a, const void *b, void *c)
{
    int64_t work = p->m * p->n * p->k, longest = p->m > p->n ? p->m : p->n,
            share = p->m == 1 || p->n == 1 ? VECTOR_WORK : PANEL_WORK;
    int64_t panels = work / share < 1 ? 1 : work / share > MAX_PANELS ? MAX_PANELS : work / share;
    int64_t least = work / longest > CACHED ? 2 * PANEL_LEAST : PANEL_LEAST,
            most = (longest + least - 1) / least;
    if (p->m > 1 && p->n > 1 && panels > most)
        panels = most;
    if (along_vectors(p) && panels > longest / VECTOR_LEAST)
        panels = longest / VECTOR_LEAST + 1;
    int64_t panel = (longest + panels - 1) / panels;
    panel = (panel + ROUND - 1) / ROUND * ROUND;
    product_task t = {
        p,    f, a, b, c, in_size, out_size, (longest + panel - 1) / panel, panel, cut_by_rows(p),
        CT_OK};
    int64_t grain = share / (work / t.panels + 1) / 4 + 1;
    base_parallel(p->batch * t.panels, grain, multiply_panels, &t);
    return t.status == CT_OK
               ? CT_OK
               : base_fail((ct_code)t.status, "A matrix product of %ld x %ld by %ld x %ld failed.",
                           (long)p->m, (long)p->k, (long)p->k, (long)p->n);
}

/* The product in a wider type, narrowed into C. */
static ct_status multiply_narrow(const kernel_matmul *p, kernel_gemm *f, ct_dtype wide,
                                 size_t in_size, size_t out_size, const void *a, const void *b,
                                 void *c)
{
    kernel_matmul q = *p;
    q.c_row = p->n;
    q.c_batch = p->m * p->n;
    char *room = base_alloc((size_t)(p->batch * p->m * p->n) * 4);
    if (!room)
        return CT_OUT_OF_MEMORY_ERROR;
    ct_status status = multiply(&q, f, in_size, 4, a, b, room);
    kernel_map *narrow = kernel_convert(wide, p->out_dtype);
    for (int64_t i = 0; i < p->batch * p->m && status == CT_OK; i++) {
        const void *row = room + (size_t)(i * p->n) * 4;
        int64_t at = i / p->m * p->c_batch + i % p->m * p->c_row;
        narrow(p->n, (char *)c + (size_t)at * out_size, &row, (int64_t[]){1});
    }
    base_free(room);
    return status;
}

/* ---- complex: T the type of a part ---- */
#define COMPLEX_PRODUCT(NAME, T)                                                                   \
    static void combine_##NAME(int64_t n, T *c, const T *x, const T *y, int part)                  \
    {                                                                                              \
        for (int64_t i = 0; i < n; i++)                                                            \
            c[2 * i + part] = part ? x[i] + y[i] : x[i] - y[i];                                    \
    }
COMPLEX_PRODUCT(c64, float)
COMPLEX_PRODUCT(c128, double)

static ct_status multiply_complex(const kernel_matmul *p, const void *a, const void *b, void *c)
{
    bool wide = p->dtype == CT_COMPLEX128;
    size_t part = wide ? 8 : 4;
    int64_t n = p->batch * p->m * p->n;
    kernel_matmul q = *p;
    q.dtype = q.out_dtype = wide ? CT_FLOAT64 : CT_FLOAT32;
    q.a_batch *= 2, q.b_batch *= 2, q.a_row *= 2, q.a_col *= 2, q.b_row *= 2, q.b_col *= 2;
    q.c_row = p->n, q.c_batch = p->m * p->n;
    char *x = base_alloc((size_t)n * part), *y = base_alloc((size_t)n * part),
         *z = base_alloc((size_t)n * 2 * part);
    ct_status status = x && y && z ? CT_OK : CT_OUT_OF_MEMORY_ERROR;
    for (int k = 0; k < 2 && status == CT_OK;
         k++) { /* real part: re re - im im; imaginary part: re im + im re */
        kernel_gemm *f = kernel_chosen()->gemm_of(q.dtype, q.dtype);
        status = multiply(&q, f, part, part, a, (const char *)b + (k ? part : 0), x);
        if (status == CT_OK)
            status = multiply(&q, f, part, part, (const char *)a + part,
                              (const char *)b + (k ? 0 : part), y);
        if (status == CT_OK && wide)
            combine_c128(n, (double *)(void *)z, (const double *)(const void *)x,
                         (const double *)(const void *)y, k);
        else if (status == CT_OK)
            combine_c64(n, (float *)(void *)z, (const float *)(const void *)x,
                        (const float *)(const void *)y, k);
    }
    for (int64_t i = 0; i < p->batch * p->m && status == CT_OK; i++) {
        int64_t at = i / p->m * p->c_batch + i % p->m * p->c_row;
        memcpy((char *)c + (size_t)at * 2 * part, z + (size_t)(i * p->n) * 2 * part,
               (size_t)p->n * 2 * part);
    }
    base_free(x), base_free(y), base_free(z);
    return status;
}

static void clear(const kernel_matmul *p, void *c, size_t out_size)
{
    for (int64_t i = 0; i < p->batch * p->m; i++)
        memset((char *)c + (size_t)(i / p->m * p->c_batch + i % p->m * p->c_row) * out_size, 0,
               (size_t)p->n * out_size);
}

ct_status kernel_matrix_product(const kernel_matmul *p, const void *a, const void *b, void *c)
{
    size_t in_size = ct_itemsize(p->dtype), out_size = ct_itemsize(p->out_dtype);
    if (p->batch <= 0 || p->m <= 0 || p->n <= 0)
        return CT_OK;
    if (p->k <= 0)
        return clear(p, c, out_size), CT_OK;
    bool half = p->dtype == CT_BFLOAT16 || p->dtype == CT_FLOAT16;
    if (p->dtype != p->out_dtype && !is_bytes(p) && !(half && p->out_dtype == CT_FLOAT32))
        return base_fail(
            CT_NOT_IMPLEMENTED_ERROR,
            "A matrix product of %s into %s is not available; convert the operands first.",
            ct_dtype_name(p->dtype), ct_dtype_name(p->out_dtype));
    if (p->dtype == CT_COMPLEX64 || p->dtype == CT_COMPLEX128)
        return multiply_complex(p, a, b, c);
    kernel_gemm *f = kernel_chosen()->gemm_of(p->dtype, p->out_dtype);
    if (!f)
        return base_fail(CT_NOT_IMPLEMENTED_ERROR, "A matrix product of %s is not available.",
                         ct_dtype_name(p->dtype));
    if (half && p->out_dtype != CT_FLOAT32)
        return multiply_narrow(p, f, CT_FLOAT32, in_size, out_size, a, b, c);
    if (p->dtype == CT_BOOL)
        return multiply_narrow(p, f, CT_UINT32, in_size, out_size, a, b, c);
    return multiply(p, f, in_size, out_size, a, b, c);
}

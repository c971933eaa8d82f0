/* oneDNN is loaded when the first large product or convolution comes: it is a big library, and many
 * programs never need it. Here are float32, bfloat16 and int8 matrix products, in onednn_conv.c
 * convolutions.
 *
 * Its OpenMP threads are held at one, since our own pool has already cut the work: OpenMP's
 * barriers collapse on a busy machine. Without the library, matmul.c computes the same products. */
#define _GNU_SOURCE
#include "kernel/onednn.h"

#include <dlfcn.h>
#include <pthread.h>

#include "kernel/gemm.h"

typedef int onednn_sgemm(char transa, char transb, int64_t m, int64_t n, int64_t k, float alpha,
                         const float *a, int64_t lda, const float *b, int64_t ldb, float beta,
                         float *c, int64_t ldc);
typedef int onednn_bgemm(char transa, char transb, int64_t m, int64_t n, int64_t k, float alpha,
                         const uint16_t *a, int64_t lda, const uint16_t *b, int64_t ldb, float beta,
                         float *c, int64_t ldc);
static onednn_sgemm *sgemm;
typedef int onednn_igemm(char transa, char transb, char offsets, int64_t m, int64_t n, int64_t k,
                         float alpha, const int8_t *a, int64_t lda, int8_t a_offset,
                         const int8_t *b, int64_t ldb, int8_t b_offset, float beta, int32_t *c,
                         int64_t ldc, const int32_t *c_offset);
static onednn_bgemm *bgemm;
static onednn_igemm *igemm; /* where the processor adds products of bytes up without saturating */
static void *library;
static void (*omp_threads)(int);
static pthread_once_t loaded = PTHREAD_ONCE_INIT;

static void load(void)
{
    static const char *const names[] = {"libdnnl.so.2", "libdnnl.so.3", "libdnnl.so"};
    for (size_t i = 0; i < countof(names) && !library; i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return;
    *(void **)&sgemm = dlsym(library, "dnnl_sgemm");
    *(void **)&bgemm = dlsym(library, "dnnl_gemm_bf16bf16f32");
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512vnni"))
        *(void **)&igemm = dlsym(library, "dnnl_gemm_s8s8s32");
#endif
    *(void **)&omp_threads = dlsym(library, "omp_set_num_threads");
}

void *kernel_onednn_library(void)
{
    pthread_once(&loaded, load);
    return library;
}

void kernel_onednn_one_thread(void)
{
    static _Thread_local bool done;
    if (!done && omp_threads)
        omp_threads(1);
    done = true;
}

/* A matrix as a BLAS sees it, row-major: its letter and leading dimension. */
static bool describe(int64_t rows, int64_t cols, int64_t row, int64_t col, char *letter,
                     int64_t *leading)
{
    bool plain = col == 1 && row >= cols, transposed = row == 1 && col >= rows;
    *letter = plain ? 'N' : 'T';
    *leading = plain ? row : col;
    return plain || transposed;
}

bool kernel_onednn(ct_dtype dtype, const gemm *g, ct_status *status)
{
    char ta, tb;
    int64_t lda, ldb;
    if (!describe(g->m, g->k, g->a_row, g->a_col, &ta, &lda) ||
        !describe(g->k, g->n, g->b_row, g->b_col, &tb, &ldb))
        return false;
    pthread_once(&loaded, load);
    int failed = 0;
    if (!(dtype == CT_INT8 ? (void *)igemm : dtype == CT_FLOAT32 ? (void *)sgemm : (void *)bgemm))
        return false;
    kernel_onednn_one_thread();
    if (dtype == CT_INT8)
        failed = igemm(ta, tb, 'F', g->m, g->n, g->k, 1, g->a, lda, 0, g->b, ldb, 0, 0, g->c,
                       g->c_row, &(int32_t){0});
    else if (dtype == CT_FLOAT32)
        failed = sgemm(ta, tb, g->m, g->n, g->k, 1, g->a, lda, g->b, ldb, 0, g->c, g->c_row);
    else
        failed = bgemm(ta, tb, g->m, g->n, g->k, 1, g->a, lda, g->b, ldb, 0, g->c, g->c_row);
    *status =
        failed
            ? base_fail(
                  CT_RUNTIME_ERROR,
                  "The matrix library failed with code %d on a product of %ld x %ld by %ld x %ld.",
                  failed, (long)g->m, (long)g->k, (long)g->k, (long)g->n)
            : CT_OK;
    return true;
}

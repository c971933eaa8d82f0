/* Matrix products on one thread: what product.c cuts a kernel_matmul into, and matmul.c or oneDNN
 * computes. */
#ifndef COTAN_SRC_KERNEL_GEMM_H
#define COTAN_SRC_KERNEL_GEMM_H
#include "kernel/loops.h"

typedef struct gemm {
    int64_t m, n, k; /* all positive */
    const void *a, *b;
    void *c; /* of the accumulating type: float32 for the halves, uint32 for bool, else the
                operands' */
    int64_t a_row, a_col, b_row, b_col, c_row; /* strides in elements */
    int64_t batch, a_batch, b_batch, c_batch;  /* several products of one shape; oneDNN does one */
} gemm;
typedef ct_status kernel_gemm(const gemm *g);

/* oneDNN, loaded at first use (onednn.c): false when it is not there or does not take these
 * strides. */
bool kernel_onednn(ct_dtype dtype, const gemm *g, ct_status *status);
#endif

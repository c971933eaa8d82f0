/* Matrix products of every real type by tiles in registers: what is small, and what oneDNN does not
 * do. The algorithm is in matmul_tile.h.
 *
 * This file alone is compiled with contraction allowed: a product's terms are fused multiply-adds,
 * as in every matrix library. Next: product.c. */
#include "kernel/gemm.h"
#include "kernel/vectors.h"
#include "kernel/bodies_convert.c"

enum {
    DEPTH = 256,
    TALL = 96,
    WIDE = 1024,
    SPAN = 2048,
    NEAR = 1 << 15,
    LONG = 4096,
    SHORT = 64,
    STACK_BYTES = 1 << 15,
    SMALL_ROWS = 8,
    SMALL_LINES = 32,
    SMALL_BYTES = 1 << 13
};
#if defined(__AVX512F__)
#define TILE_ROWS 12
#else
#define TILE_ROWS 6
#endif
#define SAME_TYPE(x) (x)

#define NAME gemm_f32
#define S float
#define T float
#define LOAD SAME_TYPE
#define ROWS TILE_ROWS
#include "kernel/matmul_tile.h"

#define NAME gemm_f64
#define S double
#define T double
#define LOAD SAME_TYPE
#define ROWS TILE_ROWS
#include "kernel/matmul_tile.h"

#define NAME gemm_bf16
#define S uint16_t
#define T float
#define LOAD body_convert_bf16_f32
#define ROWS TILE_ROWS
#include "kernel/matmul_tile.h"

#define NAME gemm_f16
#define S uint16_t
#define T float
#define LOAD body_convert_f16_f32
#define ROWS TILE_ROWS
#include "kernel/matmul_tile.h"

#define NAME gemm_u8
#define S uint8_t
#define T uint8_t
#define LOAD SAME_TYPE
#define ROWS 4
#include "kernel/matmul_tile.h"

#define NAME gemm_u16
#define S uint16_t
#define T uint16_t
#define LOAD SAME_TYPE
#define ROWS 6
#include "kernel/matmul_tile.h"

#define NAME gemm_u32
#define S uint32_t
#define T uint32_t
#define LOAD SAME_TYPE
#define ROWS 6
#include "kernel/matmul_tile.h"

#define NAME gemm_u64
#define S uint64_t
#define T uint64_t
#define LOAD SAME_TYPE
#define ROWS 4
#include "kernel/matmul_tile.h"

#define NAME gemm_bool
#define S uint8_t
#define T uint32_t
#define LOAD SAME_TYPE
#define ROWS 6
#include "kernel/matmul_tile.h"

#define NAME gemm_bytes
#define S int8_t
#define T int32_t
#define LOAD SAME_TYPE
#define ROWS 6
#include "kernel/matmul_tile.h"

#define NAME gemm_unsigned_bytes
#define S uint8_t
#define T int32_t
#define LOAD SAME_TYPE
#define ROWS 6
#include "kernel/matmul_tile.h"

kernel_gemm *ISA(kernel_gemm_of)(ct_dtype dtype, ct_dtype out)
{
    if (out == CT_INT32 && (dtype == CT_INT8 || dtype == CT_UINT8))
        return dtype == CT_INT8 ? gemm_bytes : gemm_unsigned_bytes;
    static kernel_gemm *const by_dtype[CT_DTYPE_COUNT] = {
        [CT_BOOL] = gemm_bool,     [CT_INT8] = gemm_u8,     [CT_INT16] = gemm_u16,
        [CT_INT32] = gemm_u32,     [CT_INT64] = gemm_u64,   [CT_UINT8] = gemm_u8,
        [CT_UINT16] = gemm_u16,    [CT_UINT32] = gemm_u32,  [CT_UINT64] = gemm_u64,
        [CT_FLOAT32] = gemm_f32,   [CT_FLOAT64] = gemm_f64, [CT_FLOAT16] = gemm_f16,
        [CT_BFLOAT16] = gemm_bf16,
    };
    return by_dtype[dtype];
}

/* Reductions along the middle axis of an (outer, n, inner) array. The algorithm is in
 * reduce_rows.h; this file lists what is reduced with what.
 *
 * Signed and unsigned integers share their sums, products and bit operations. Halves accumulate in
 * float32, complex sums are sums of twice as many columns. */
#include "kernel/by_dtype.h"
#include "kernel/loops.h"
#include "kernel/bodies_convert.c"

enum { LEAF = 4096, FEW_ROWS = 32, COLUMNS = 256, GRAIN = 1 << 15, LONG = 1 << 17, PIECES = 256 };

typedef struct reduce_task {
    int64_t n, inner, tiles, piece;
    const void *in;
    void *out;
} reduce_task;

/* Where pairwise summation cuts n: a multiple of unit, at least half. */
static int64_t halfway(int64_t n, int64_t unit) { return (n / 2 + unit - 1) / unit * unit; }

/* The length of the pieces of a long row: at most PIECES of them. */
static int64_t piece_of(int64_t n)
{
    int64_t least = (n + PIECES - 1) / PIECES;
    return least < LONG / 2 ? LONG / 2 : (least + LEAF - 1) / LEAF * LEAF;
}

#define SAME_TYPE(x) (x)

/* ---- sums ---- */
#define NAME reduce_sum_u8
#define S uint8_t
#define T uint8_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_add_u8
#define IDENTITY 0
#include "kernel/reduce_rows.h"

#define NAME reduce_sum_u16
#define S uint16_t
#define T uint16_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_add_u16
#define IDENTITY 0
#include "kernel/reduce_rows.h"

#define NAME reduce_sum_u32
#define S uint32_t
#define T uint32_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_add_u32
#define IDENTITY 0
#include "kernel/reduce_rows.h"

#define NAME reduce_sum_u64
#define S uint64_t
#define T uint64_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_add_u64
#define IDENTITY 0
#include "kernel/reduce_rows.h"

#define NAME reduce_sum_f32
#define S float
#define T float
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_add_f32
#define IDENTITY 0
#include "kernel/reduce_rows.h"

#define NAME reduce_sum_f64
#define S double
#define T double
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_add_f64
#define IDENTITY 0
#include "kernel/reduce_rows.h"

#define NAME reduce_sum_bf16
#define S uint16_t
#define T float
#define LOAD body_convert_bf16_f32
#define STORE body_convert_f32_bf16
#define COMBINE body_add_f32
#define IDENTITY 0
#include "kernel/reduce_rows.h"

#define NAME reduce_sum_f16
#define S uint16_t
#define T float
#define LOAD body_convert_f16_f32
#define STORE body_convert_f32_f16
#define COMBINE body_add_f32
#define IDENTITY 0
#include "kernel/reduce_rows.h"

/* ---- products ---- */
#define NAME reduce_prod_u8
#define S uint8_t
#define T uint8_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_mul_u8
#define IDENTITY 1
#include "kernel/reduce_rows.h"

#define NAME reduce_prod_u16
#define S uint16_t
#define T uint16_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_mul_u16
#define IDENTITY 1
#include "kernel/reduce_rows.h"

#define NAME reduce_prod_u32
#define S uint32_t
#define T uint32_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_mul_u32
#define IDENTITY 1
#include "kernel/reduce_rows.h"

#define NAME reduce_prod_u64
#define S uint64_t
#define T uint64_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_mul_u64
#define IDENTITY 1
#include "kernel/reduce_rows.h"

#define NAME reduce_prod_f32
#define S float
#define T float
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_mul_f32
#define IDENTITY 1
#include "kernel/reduce_rows.h"

#define NAME reduce_prod_f64
#define S double
#define T double
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_mul_f64
#define IDENTITY 1
#include "kernel/reduce_rows.h"

#define NAME reduce_prod_bf16
#define S uint16_t
#define T float
#define LOAD body_convert_bf16_f32
#define STORE body_convert_f32_bf16
#define COMBINE body_mul_f32
#define IDENTITY 1
#include "kernel/reduce_rows.h"

#define NAME reduce_prod_f16
#define S uint16_t
#define T float
#define LOAD body_convert_f16_f32
#define STORE body_convert_f32_f16
#define COMBINE body_mul_f32
#define IDENTITY 1
#include "kernel/reduce_rows.h"

/* ---- maxima ---- */
#define NAME reduce_max_u8
#define S uint8_t
#define T uint8_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_max_u8
#define IDENTITY 0
#include "kernel/reduce_rows.h"

#define NAME reduce_max_i8
#define S int8_t
#define T int8_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_max_i8
#define IDENTITY INT8_MIN
#include "kernel/reduce_rows.h"

#define NAME reduce_max_u16
#define S uint16_t
#define T uint16_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_max_u16
#define IDENTITY 0
#include "kernel/reduce_rows.h"

#define NAME reduce_max_i16
#define S int16_t
#define T int16_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_max_i16
#define IDENTITY INT16_MIN
#include "kernel/reduce_rows.h"

#define NAME reduce_max_u32
#define S uint32_t
#define T uint32_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_max_u32
#define IDENTITY 0
#include "kernel/reduce_rows.h"

#define NAME reduce_max_i32
#define S int32_t
#define T int32_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_max_i32
#define IDENTITY INT32_MIN
#include "kernel/reduce_rows.h"

#define NAME reduce_max_u64
#define S uint64_t
#define T uint64_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_max_u64
#define IDENTITY 0
#include "kernel/reduce_rows.h"

#define NAME reduce_max_i64
#define S int64_t
#define T int64_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_max_i64
#define IDENTITY INT64_MIN
#include "kernel/reduce_rows.h"

#define NAME reduce_max_f32
#define S float
#define T float
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_max_f32
#define IDENTITY -INF32
#include "kernel/reduce_rows.h"

#define NAME reduce_max_f64
#define S double
#define T double
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_max_f64
#define IDENTITY -INF64
#include "kernel/reduce_rows.h"

#define NAME reduce_max_bf16
#define S uint16_t
#define T float
#define LOAD body_convert_bf16_f32
#define STORE body_convert_f32_bf16
#define COMBINE body_max_f32
#define IDENTITY -INF32
#include "kernel/reduce_rows.h"

#define NAME reduce_max_f16
#define S uint16_t
#define T float
#define LOAD body_convert_f16_f32
#define STORE body_convert_f32_f16
#define COMBINE body_max_f32
#define IDENTITY -INF32
#include "kernel/reduce_rows.h"

/* ---- minima ---- */
#define NAME reduce_min_u8
#define S uint8_t
#define T uint8_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_min_u8
#define IDENTITY UINT8_MAX
#include "kernel/reduce_rows.h"

#define NAME reduce_min_i8
#define S int8_t
#define T int8_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_min_i8
#define IDENTITY INT8_MAX
#include "kernel/reduce_rows.h"

#define NAME reduce_min_u16
#define S uint16_t
#define T uint16_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_min_u16
#define IDENTITY UINT16_MAX
#include "kernel/reduce_rows.h"

#define NAME reduce_min_i16
#define S int16_t
#define T int16_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_min_i16
#define IDENTITY INT16_MAX
#include "kernel/reduce_rows.h"

#define NAME reduce_min_u32
#define S uint32_t
#define T uint32_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_min_u32
#define IDENTITY UINT32_MAX
#include "kernel/reduce_rows.h"

#define NAME reduce_min_i32
#define S int32_t
#define T int32_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_min_i32
#define IDENTITY INT32_MAX
#include "kernel/reduce_rows.h"

#define NAME reduce_min_u64
#define S uint64_t
#define T uint64_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_min_u64
#define IDENTITY UINT64_MAX
#include "kernel/reduce_rows.h"

#define NAME reduce_min_i64
#define S int64_t
#define T int64_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_min_i64
#define IDENTITY INT64_MAX
#include "kernel/reduce_rows.h"

#define NAME reduce_min_f32
#define S float
#define T float
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_min_f32
#define IDENTITY INF32
#include "kernel/reduce_rows.h"

#define NAME reduce_min_f64
#define S double
#define T double
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_min_f64
#define IDENTITY INF64
#include "kernel/reduce_rows.h"

#define NAME reduce_min_bf16
#define S uint16_t
#define T float
#define LOAD body_convert_bf16_f32
#define STORE body_convert_f32_bf16
#define COMBINE body_min_f32
#define IDENTITY INF32
#include "kernel/reduce_rows.h"

#define NAME reduce_min_f16
#define S uint16_t
#define T float
#define LOAD body_convert_f16_f32
#define STORE body_convert_f32_f16
#define COMBINE body_min_f32
#define IDENTITY INF32
#include "kernel/reduce_rows.h"

/* ---- bits ---- */
#define NAME reduce_and_u8
#define S uint8_t
#define T uint8_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_and_u8
#define IDENTITY UINT8_MAX
#include "kernel/reduce_rows.h"

#define NAME reduce_and_u16
#define S uint16_t
#define T uint16_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_and_u16
#define IDENTITY UINT16_MAX
#include "kernel/reduce_rows.h"

#define NAME reduce_and_u32
#define S uint32_t
#define T uint32_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_and_u32
#define IDENTITY UINT32_MAX
#include "kernel/reduce_rows.h"

#define NAME reduce_and_u64
#define S uint64_t
#define T uint64_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_and_u64
#define IDENTITY UINT64_MAX
#include "kernel/reduce_rows.h"

#define NAME reduce_or_u8
#define S uint8_t
#define T uint8_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_or_u8
#define IDENTITY 0
#include "kernel/reduce_rows.h"

#define NAME reduce_or_u16
#define S uint16_t
#define T uint16_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_or_u16
#define IDENTITY 0
#include "kernel/reduce_rows.h"

#define NAME reduce_or_u32
#define S uint32_t
#define T uint32_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_or_u32
#define IDENTITY 0
#include "kernel/reduce_rows.h"

#define NAME reduce_or_u64
#define S uint64_t
#define T uint64_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_or_u64
#define IDENTITY 0
#include "kernel/reduce_rows.h"

#define NAME reduce_xor_u8
#define S uint8_t
#define T uint8_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_xor_u8
#define IDENTITY 0
#include "kernel/reduce_rows.h"

#define NAME reduce_xor_u16
#define S uint16_t
#define T uint16_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_xor_u16
#define IDENTITY 0
#include "kernel/reduce_rows.h"

#define NAME reduce_xor_u32
#define S uint32_t
#define T uint32_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_xor_u32
#define IDENTITY 0
#include "kernel/reduce_rows.h"

#define NAME reduce_xor_u64
#define S uint64_t
#define T uint64_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_xor_u64
#define IDENTITY 0
#include "kernel/reduce_rows.h"

#define NAME reduce_and_bool
#define S uint8_t
#define T uint8_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_and_u8
#define IDENTITY 1
#include "kernel/reduce_rows.h"

/* ---- complex numbers ---- */
static void reduce_sum_c64(int64_t outer, int64_t n, int64_t inner, void *out, const void *in)
{
    reduce_sum_f32(outer, n, 2 * inner, out, in);
}
static void reduce_sum_c128(int64_t outer, int64_t n, int64_t inner, void *out, const void *in)
{
    reduce_sum_f64(outer, n, 2 * inner, out, in);
}

#define COMPLEX_PRODUCT(S, T)                                                                      \
    static void reduce_prod_##S(int64_t outer, int64_t n, int64_t inner, void *out,                \
                                const void *in)                                                    \
    {                                                                                              \
        const T *x = in;                                                                           \
        T *o = out;                                                                                \
        for (int64_t i = 0; i < outer * inner; i++) {                                              \
            const T *at = x + 2 * (i / inner * n * inner + i % inner);                             \
            T re = 1, im = 0;                                                                      \
            for (int64_t k = 0; k < n; k++, at += 2 * inner) {                                     \
                T next = re * at[0] - im * at[1];                                                  \
                im = re * at[1] + im * at[0];                                                      \
                re = next;                                                                         \
            }                                                                                      \
            o[2 * i] = re, o[2 * i + 1] = im;                                                      \
        }                                                                                          \
    }
COMPLEX_PRODUCT(c64, float)
COMPLEX_PRODUCT(c128, double)

/* ---- the table ---- */
typedef struct reduce_entry {
    const char *primitive;
    ct_dtype dtype;
    kernel_reduction *reduce;
} reduce_entry;
static const reduce_entry entries[] = {
    BY_WIDTH(reduce_sum) BY_FLOAT(reduce_sum) BY_WIDTH(reduce_prod) BY_FLOAT(reduce_prod)
        BY_TYPE(reduce_max) BY_FLOAT(reduce_max) BY_TYPE(reduce_min) BY_FLOAT(reduce_min)
            BY_WIDTH(reduce_and) BY_WIDTH(reduce_or)
                BY_WIDTH(reduce_xor){"reduce_and", CT_BOOL, reduce_and_bool},
    {"reduce_or", CT_BOOL, reduce_or_u8},
    {"reduce_xor", CT_BOOL, reduce_xor_u8},
    {"reduce_max", CT_BOOL, reduce_or_u8},
    {"reduce_min", CT_BOOL, reduce_and_bool},
    {"reduce_sum", CT_BOOL, reduce_or_u8},
    {"reduce_prod", CT_BOOL, reduce_and_bool},
    {"reduce_sum", CT_COMPLEX64, reduce_sum_c64},
    {"reduce_sum", CT_COMPLEX128, reduce_sum_c128},
    {"reduce_prod", CT_COMPLEX64, reduce_prod_c64},
    {"reduce_prod", CT_COMPLEX128, reduce_prod_c128},
};

kernel_reduction *ISA(kernel_reduce)(const char *primitive, ct_dtype dtype)
{
    for (size_t i = 0; i < countof(entries); i++)
        if (entries[i].dtype == dtype && !strcmp(entries[i].primitive, primitive))
            return entries[i].reduce;
    return NULL;
}

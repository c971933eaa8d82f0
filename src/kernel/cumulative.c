/* Running sums, products, extremes and log-sum-exps along the middle axis. The algorithm is in
 * cumulative_rows.h; this file lists what runs.
 *
 * Sums and products of float32 and the halves accumulate in double, so a long running sum keeps its
 * accuracy. */
#include <complex.h>
#undef I
#include <math.h>
#include "kernel/by_dtype.h"
#include "kernel/loops.h"
#include "kernel/bodies_convert.c"

enum { COLUMNS = 256, GRAIN = 1 << 14 };

typedef struct scan_task {
    int64_t n, inner, tiles;
    const void *in;
    void *out;
    bool reverse;
} scan_task;

#define SAME_TYPE(x) (x)
#define BF16_TO_DOUBLE(x) ((double)body_convert_bf16_f32(x))
#define DOUBLE_TO_BF16(x) body_convert_f32_bf16((float)(x))
#define F16_TO_DOUBLE(x) ((double)body_convert_f16_f32(x))
#define DOUBLE_TO_F16(x) body_convert_f32_f16((float)(x))

/* log(e^a + e^b); infinities of one sign give themselves, NaN gives NaN */
static double log_add_exp(double a, double b)
{
    double high = a > b ? a : b, low = a > b ? b : a;
    return high == low ? high + 0x1.62e42fefa39efp-1 : high + log1p(exp(low - high));
}

/* Complex running sums and products, parts side by side. */
typedef struct c64 {
    float re, im;
} c64;
typedef struct c128 {
    double re, im;
} c128;
static c64 add_c64(c64 a, c64 b) { return (c64){a.re + b.re, a.im + b.im}; }
static c128 add_c128(c128 a, c128 b) { return (c128){a.re + b.re, a.im + b.im}; }
static c128 complex_log_add_exp(c128 a, c128 b)
{
    double high = a.re > b.re ? a.re : b.re, m = isfinite(high) ? high : 0;
    double complex sum = cexp(CMPLX(a.re - m, a.im)) + cexp(CMPLX(b.re - m, b.im)),
                   y = m + clog(sum);
    return (c128){creal(y), cimag(y)};
}
static c64 mul_c64(c64 a, c64 b)
{
    return (c64){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}
static c128 mul_c128(c128 a, c128 b)
{
    return (c128){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

#define NAME cumsum_u8
#define S uint8_t
#define T uint8_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_add_u8
#include "kernel/cumulative_rows.h"

#define NAME cumsum_u16
#define S uint16_t
#define T uint16_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_add_u16
#include "kernel/cumulative_rows.h"

#define NAME cumsum_u32
#define S uint32_t
#define T uint32_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_add_u32
#include "kernel/cumulative_rows.h"

#define NAME cumsum_u64
#define S uint64_t
#define T uint64_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_add_u64
#include "kernel/cumulative_rows.h"

#define NAME cumsum_f32
#define S float
#define T double
#define LOAD (double)
#define STORE (float)
#define COMBINE body_add_f64
#include "kernel/cumulative_rows.h"

#define NAME cumsum_f64
#define S double
#define T double
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_add_f64
#include "kernel/cumulative_rows.h"

#define NAME cumsum_bf16
#define S uint16_t
#define T double
#define LOAD BF16_TO_DOUBLE
#define STORE DOUBLE_TO_BF16
#define COMBINE body_add_f64
#include "kernel/cumulative_rows.h"

#define NAME cumsum_f16
#define S uint16_t
#define T double
#define LOAD F16_TO_DOUBLE
#define STORE DOUBLE_TO_F16
#define COMBINE body_add_f64
#include "kernel/cumulative_rows.h"

#define NAME cumsum_c64
#define S c64
#define T c64
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE add_c64
#include "kernel/cumulative_rows.h"

#define NAME cumsum_c128
#define S c128
#define T c128
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE add_c128
#include "kernel/cumulative_rows.h"

#define NAME cumprod_u8
#define S uint8_t
#define T uint8_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_mul_u8
#include "kernel/cumulative_rows.h"

#define NAME cumprod_u16
#define S uint16_t
#define T uint16_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_mul_u16
#include "kernel/cumulative_rows.h"

#define NAME cumprod_u32
#define S uint32_t
#define T uint32_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_mul_u32
#include "kernel/cumulative_rows.h"

#define NAME cumprod_u64
#define S uint64_t
#define T uint64_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_mul_u64
#include "kernel/cumulative_rows.h"

#define NAME cumprod_f32
#define S float
#define T double
#define LOAD (double)
#define STORE (float)
#define COMBINE body_mul_f64
#include "kernel/cumulative_rows.h"

#define NAME cumprod_f64
#define S double
#define T double
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_mul_f64
#include "kernel/cumulative_rows.h"

#define NAME cumprod_bf16
#define S uint16_t
#define T double
#define LOAD BF16_TO_DOUBLE
#define STORE DOUBLE_TO_BF16
#define COMBINE body_mul_f64
#include "kernel/cumulative_rows.h"

#define NAME cumprod_f16
#define S uint16_t
#define T double
#define LOAD F16_TO_DOUBLE
#define STORE DOUBLE_TO_F16
#define COMBINE body_mul_f64
#include "kernel/cumulative_rows.h"

#define NAME cumprod_c64
#define S c64
#define T c64
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE mul_c64
#include "kernel/cumulative_rows.h"

#define NAME cumprod_c128
#define S c128
#define T c128
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE mul_c128
#include "kernel/cumulative_rows.h"

#define NAME cummax_u8
#define S uint8_t
#define T uint8_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_max_u8
#include "kernel/cumulative_rows.h"

#define NAME cummax_i8
#define S int8_t
#define T int8_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_max_i8
#include "kernel/cumulative_rows.h"

#define NAME cummax_u16
#define S uint16_t
#define T uint16_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_max_u16
#include "kernel/cumulative_rows.h"

#define NAME cummax_i16
#define S int16_t
#define T int16_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_max_i16
#include "kernel/cumulative_rows.h"

#define NAME cummax_u32
#define S uint32_t
#define T uint32_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_max_u32
#include "kernel/cumulative_rows.h"

#define NAME cummax_i32
#define S int32_t
#define T int32_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_max_i32
#include "kernel/cumulative_rows.h"

#define NAME cummax_u64
#define S uint64_t
#define T uint64_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_max_u64
#include "kernel/cumulative_rows.h"

#define NAME cummax_i64
#define S int64_t
#define T int64_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_max_i64
#include "kernel/cumulative_rows.h"

#define NAME cummax_f32
#define S float
#define T float
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_max_f32
#include "kernel/cumulative_rows.h"

#define NAME cummax_f64
#define S double
#define T double
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_max_f64
#include "kernel/cumulative_rows.h"

#define NAME cummax_bf16
#define S uint16_t
#define T float
#define LOAD body_convert_bf16_f32
#define STORE body_convert_f32_bf16
#define COMBINE body_max_f32
#include "kernel/cumulative_rows.h"

#define NAME cummax_f16
#define S uint16_t
#define T float
#define LOAD body_convert_f16_f32
#define STORE body_convert_f32_f16
#define COMBINE body_max_f32
#include "kernel/cumulative_rows.h"

#define NAME cummin_u8
#define S uint8_t
#define T uint8_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_min_u8
#include "kernel/cumulative_rows.h"

#define NAME cummin_i8
#define S int8_t
#define T int8_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_min_i8
#include "kernel/cumulative_rows.h"

#define NAME cummin_u16
#define S uint16_t
#define T uint16_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_min_u16
#include "kernel/cumulative_rows.h"

#define NAME cummin_i16
#define S int16_t
#define T int16_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_min_i16
#include "kernel/cumulative_rows.h"

#define NAME cummin_u32
#define S uint32_t
#define T uint32_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_min_u32
#include "kernel/cumulative_rows.h"

#define NAME cummin_i32
#define S int32_t
#define T int32_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_min_i32
#include "kernel/cumulative_rows.h"

#define NAME cummin_u64
#define S uint64_t
#define T uint64_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_min_u64
#include "kernel/cumulative_rows.h"

#define NAME cummin_i64
#define S int64_t
#define T int64_t
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_min_i64
#include "kernel/cumulative_rows.h"

#define NAME cummin_f32
#define S float
#define T float
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_min_f32
#include "kernel/cumulative_rows.h"

#define NAME cummin_f64
#define S double
#define T double
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE body_min_f64
#include "kernel/cumulative_rows.h"

#define NAME cummin_bf16
#define S uint16_t
#define T float
#define LOAD body_convert_bf16_f32
#define STORE body_convert_f32_bf16
#define COMBINE body_min_f32
#include "kernel/cumulative_rows.h"

#define NAME cummin_f16
#define S uint16_t
#define T float
#define LOAD body_convert_f16_f32
#define STORE body_convert_f32_f16
#define COMBINE body_min_f32
#include "kernel/cumulative_rows.h"

#define NAME cumlogsumexp_f32
#define S float
#define T double
#define LOAD (double)
#define STORE (float)
#define COMBINE log_add_exp
#include "kernel/cumulative_rows.h"

#define NAME cumlogsumexp_f64
#define S double
#define T double
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE log_add_exp
#include "kernel/cumulative_rows.h"

#define NAME cumlogsumexp_bf16
#define S uint16_t
#define T double
#define LOAD BF16_TO_DOUBLE
#define STORE DOUBLE_TO_BF16
#define COMBINE log_add_exp
#include "kernel/cumulative_rows.h"

#define NAME cumlogsumexp_f16
#define S uint16_t
#define T double
#define LOAD F16_TO_DOUBLE
#define STORE DOUBLE_TO_F16
#define COMBINE log_add_exp
#include "kernel/cumulative_rows.h"

#define NAME cumlogsumexp_c64
#define S c64
#define T c128
#define LOAD(x) ((c128){(x).re, (x).im})
#define STORE(x) ((c64){(float)(x).re, (float)(x).im})
#define COMBINE complex_log_add_exp
#include "kernel/cumulative_rows.h"

#define NAME cumlogsumexp_c128
#define S c128
#define T c128
#define LOAD SAME_TYPE
#define STORE SAME_TYPE
#define COMBINE complex_log_add_exp
#include "kernel/cumulative_rows.h"
#define BY_COMPLEX(OP) {#OP, CT_COMPLEX64, OP##_c64}, {#OP, CT_COMPLEX128, OP##_c128},
static const struct {
    const char *primitive;
    ct_dtype dtype;
    kernel_scan *scan;
} entries[] = {BY_WIDTH(cumsum) BY_FLOAT(cumsum) BY_COMPLEX(cumsum) BY_WIDTH(cumprod)
                   BY_FLOAT(cumprod) BY_COMPLEX(cumprod) BY_TYPE(cummax) BY_FLOAT(cummax)
                       BY_TYPE(cummin) BY_FLOAT(cummin) BY_FLOAT(cumlogsumexp)
                           BY_COMPLEX(cumlogsumexp)};

kernel_scan *ISA(kernel_cumulative)(const char *primitive, ct_dtype dtype)
{
    for (size_t i = 0; i < countof(entries); i++)
        if (entries[i].dtype == dtype && !strcmp(entries[i].primitive, primitive))
            return entries[i].scan;
    return NULL;
}

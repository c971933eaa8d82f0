/* argmax and argmin along the middle axis. The algorithm is in arg_rows.h; this file lists the
 * dtypes. */
#include "kernel/loops.h"
#include "kernel/bodies_convert.c"

enum { LANES = 32, COLUMNS = 128, GRAIN = 1 << 15 };

typedef struct arg_task {
    int64_t n, inner, tiles;
    const void *in;
    void *out;
    bool wide; /* 64-bit indices */
} arg_task;

static void store_index(const arg_task *t, int64_t where, int64_t index)
{
    if (t->wide)
        ((int64_t *)t->out)[where] = index;
    else
        ((int32_t *)t->out)[where] = (int32_t)index;
}

#define SAME_TYPE(x) (x)
#define GREATER(a, b) ((a) > (b))
#define LESS(a, b) ((a) < (b))
/* not (a <= b), unless b is NaN */
#define FLOAT_GREATER(a, b) (!((a) <= (b)) & ((b) == (b)))
#define FLOAT_LESS(a, b) (!((a) >= (b)) & ((b) == (b)))

#define NAME argmax_u8
#define S uint8_t
#define T uint8_t
#define LOAD SAME_TYPE
#define BETTER GREATER
#include "kernel/arg_rows.h"

#define NAME argmax_i8
#define S int8_t
#define T int8_t
#define LOAD SAME_TYPE
#define BETTER GREATER
#include "kernel/arg_rows.h"

#define NAME argmax_u16
#define S uint16_t
#define T uint16_t
#define LOAD SAME_TYPE
#define BETTER GREATER
#include "kernel/arg_rows.h"

#define NAME argmax_i16
#define S int16_t
#define T int16_t
#define LOAD SAME_TYPE
#define BETTER GREATER
#include "kernel/arg_rows.h"

#define NAME argmax_u32
#define S uint32_t
#define T uint32_t
#define LOAD SAME_TYPE
#define BETTER GREATER
#include "kernel/arg_rows.h"

#define NAME argmax_i32
#define S int32_t
#define T int32_t
#define LOAD SAME_TYPE
#define BETTER GREATER
#include "kernel/arg_rows.h"

#define NAME argmax_u64
#define S uint64_t
#define T uint64_t
#define LOAD SAME_TYPE
#define BETTER GREATER
#include "kernel/arg_rows.h"

#define NAME argmax_i64
#define S int64_t
#define T int64_t
#define LOAD SAME_TYPE
#define BETTER GREATER
#include "kernel/arg_rows.h"

#define NAME argmax_f32
#define S float
#define T float
#define LOAD SAME_TYPE
#define BETTER FLOAT_GREATER
#include "kernel/arg_rows.h"

#define NAME argmax_f64
#define S double
#define T double
#define LOAD SAME_TYPE
#define BETTER FLOAT_GREATER
#include "kernel/arg_rows.h"

#define NAME argmax_bf16
#define S uint16_t
#define T float
#define LOAD body_convert_bf16_f32
#define BETTER FLOAT_GREATER
#include "kernel/arg_rows.h"

#define NAME argmax_f16
#define S uint16_t
#define T float
#define LOAD body_convert_f16_f32
#define BETTER FLOAT_GREATER
#include "kernel/arg_rows.h"

#define NAME argmin_u8
#define S uint8_t
#define T uint8_t
#define LOAD SAME_TYPE
#define BETTER LESS
#include "kernel/arg_rows.h"

#define NAME argmin_i8
#define S int8_t
#define T int8_t
#define LOAD SAME_TYPE
#define BETTER LESS
#include "kernel/arg_rows.h"

#define NAME argmin_u16
#define S uint16_t
#define T uint16_t
#define LOAD SAME_TYPE
#define BETTER LESS
#include "kernel/arg_rows.h"

#define NAME argmin_i16
#define S int16_t
#define T int16_t
#define LOAD SAME_TYPE
#define BETTER LESS
#include "kernel/arg_rows.h"

#define NAME argmin_u32
#define S uint32_t
#define T uint32_t
#define LOAD SAME_TYPE
#define BETTER LESS
#include "kernel/arg_rows.h"

#define NAME argmin_i32
#define S int32_t
#define T int32_t
#define LOAD SAME_TYPE
#define BETTER LESS
#include "kernel/arg_rows.h"

#define NAME argmin_u64
#define S uint64_t
#define T uint64_t
#define LOAD SAME_TYPE
#define BETTER LESS
#include "kernel/arg_rows.h"

#define NAME argmin_i64
#define S int64_t
#define T int64_t
#define LOAD SAME_TYPE
#define BETTER LESS
#include "kernel/arg_rows.h"

#define NAME argmin_f32
#define S float
#define T float
#define LOAD SAME_TYPE
#define BETTER FLOAT_LESS
#include "kernel/arg_rows.h"

#define NAME argmin_f64
#define S double
#define T double
#define LOAD SAME_TYPE
#define BETTER FLOAT_LESS
#include "kernel/arg_rows.h"

#define NAME argmin_bf16
#define S uint16_t
#define T float
#define LOAD body_convert_bf16_f32
#define BETTER FLOAT_LESS
#include "kernel/arg_rows.h"

#define NAME argmin_f16
#define S uint16_t
#define T float
#define LOAD body_convert_f16_f32
#define BETTER FLOAT_LESS
#include "kernel/arg_rows.h"
#define BOTH(D, S)                                                                                 \
    {"argmax", D, argmax_##S##_32, argmax_##S##_64},                                               \
        {"argmin", D, argmin_##S##_32, argmin_##S##_64},
static const struct {
    const char *primitive;
    ct_dtype dtype;
    kernel_reduction *narrow, *wide;
} entries[] = {BOTH(CT_BOOL, u8) BOTH(CT_INT8, i8) BOTH(CT_INT16, i16) BOTH(CT_INT32, i32)
                   BOTH(CT_INT64, i64) BOTH(CT_UINT8, u8) BOTH(CT_UINT16, u16) BOTH(CT_UINT32, u32)
                       BOTH(CT_UINT64, u64) BOTH(CT_FLOAT32, f32) BOTH(CT_FLOAT64, f64)
                           BOTH(CT_BFLOAT16, bf16) BOTH(CT_FLOAT16, f16)};

kernel_reduction *ISA(kernel_arg)(const char *primitive, ct_dtype dtype, ct_dtype index_dtype)
{
    bool narrow = index_dtype == CT_INT32 || index_dtype == CT_UINT32,
         wide = index_dtype == CT_INT64 || index_dtype == CT_UINT64;
    for (size_t i = 0; i < countof(entries) && (narrow || wide); i++)
        if (entries[i].dtype == dtype && !strcmp(entries[i].primitive, primitive))
            return narrow ? entries[i].narrow : entries[i].wide;
    return NULL;
}

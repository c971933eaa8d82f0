/* Loops that convert between stored dtypes. Pairs with a body of their own convert directly; halves
 * go through float32, complex numbers through their real part, the narrow formats (8 bits and less)
 * through a wider neighbour. The algorithms are in bodies_convert.c. */
#include "array/array.h"
#include "kernel/loops.h"
#include "kernel/bodies_convert.c"

typedef kernel_map *converter;

/* ---- pairs of plain dtypes ---- */
#define PLAIN(X, ...)                                                                              \
    X(i8, int8_t, CT_INT8, __VA_ARGS__)                                                            \
    X(i16, int16_t, CT_INT16, __VA_ARGS__)                                                         \
    X(i32, int32_t, CT_INT32, __VA_ARGS__)                                                         \
    X(i64, int64_t, CT_INT64, __VA_ARGS__)                                                         \
    X(u8, uint8_t, CT_UINT8, __VA_ARGS__)                                                          \
    X(u16, uint16_t, CT_UINT16, __VA_ARGS__)                                                       \
    X(u32, uint32_t, CT_UINT32, __VA_ARGS__)                                                       \
    X(u64, uint64_t, CT_UINT64, __VA_ARGS__)                                                       \
    X(f32, float, CT_FLOAT32, __VA_ARGS__)                                                         \
    X(f64, double, CT_FLOAT64, __VA_ARGS__)                                                        \
    X(bool, bool, CT_BOOL, __VA_ARGS__)
BODY float body_convert_f32_f32(float x) { return x; }
BODY double body_convert_f64_f64(double x) { return x; }

#define LOOP(TS, T, TD, FS, F) MAP1(convert_##FS, TS, F, T)
PLAIN(LOOP, i8, int8_t)
PLAIN(LOOP, i16, int16_t)
PLAIN(LOOP, i32, int32_t)
PLAIN(LOOP, i64, int64_t)
PLAIN(LOOP, u8, uint8_t)
PLAIN(LOOP, u16, uint16_t)
PLAIN(LOOP, u32, uint32_t)
PLAIN(LOOP, u64, uint64_t)
PLAIN(LOOP, f32, float)
PLAIN(LOOP, f64, double)
PLAIN(LOOP, bool, bool)

#define TO(TS, T, TD, FS, F) [TD] = map_convert_##FS##_##TS,
#define FROM(FS, F, FD) [FD] = {PLAIN(TO, FS, F)},
static const converter plain[CT_DTYPE_COUNT][CT_DTYPE_COUNT] = {
    FROM(i8, int8_t, CT_INT8) FROM(i16, int16_t, CT_INT16) FROM(i32, int32_t, CT_INT32)
        FROM(i64, int64_t, CT_INT64) FROM(u8, uint8_t, CT_UINT8) FROM(u16, uint16_t, CT_UINT16)
            FROM(u32, uint32_t, CT_UINT32) FROM(u64, uint64_t, CT_UINT64)
                FROM(f32, float, CT_FLOAT32) FROM(f64, double, CT_FLOAT64)
                    FROM(bool, bool, CT_BOOL)};

/* ---- the others, through the plain dtype that holds their values: their hub ---- */
static ct_dtype hub_of(ct_dtype dtype)
{
    bool narrow = dtype == CT_BFLOAT16 || dtype == CT_FLOAT16 || dtype == CT_COMPLEX64;
    bool byte = dtype >= CT_FLOAT4_E2M1FN && dtype <= CT_FLOAT8_E8M0FNU;
    if (dtype == CT_INT2 || dtype == CT_INT4)
        return CT_INT8;
    if (dtype == CT_UINT2 || dtype == CT_UINT4)
        return CT_UINT8;
    return byte || dtype == CT_COMPLEX128 ? CT_FLOAT64 : narrow ? CT_FLOAT32 : dtype;
}

/* Other libraries leave the high bits of narrow integers as they like. */
static void own_bits(ct_dtype dtype, int64_t n, int8_t *out, const int8_t *in)
{
    int unused = 8 - dtype_table[dtype].bits;
    bool is_signed = dtype_is(dtype, FAMILY_INT);
    for (int64_t i = 0; i < n; i++) {
        uint8_t high = (uint8_t)((uint8_t)in[i] << unused);
        out[i] = is_signed ? (int8_t)((int8_t)high >> unused) : (int8_t)(high >> unused);
    }
}

static size_t size_of(ct_dtype dtype) { return dtype_table[dtype].itemsize; }

/* n values of a dtype as values of its hub; the real part (part 0) or the imaginary part of complex
 * ones. */
static void decode(ct_dtype dtype, int64_t n, void *hub, const void *in, int part)
{
    if (dtype == CT_BFLOAT16)
        ISA(kernel_bf16).widen(n, hub, in);
    else if (dtype == CT_FLOAT16)
        ISA(kernel_f16).widen(n, hub, in);
    else if (dtype == CT_COMPLEX64)
        for (int64_t i = 0; i < n; i++)
            ((float *)hub)[i] = ((const float *)in)[2 * i + part];
    else if (dtype == CT_COMPLEX128)
        for (int64_t i = 0; i < n; i++)
            ((double *)hub)[i] = ((const double *)in)[2 * i + part];
    else if (hub_of(dtype) == CT_FLOAT64 && dtype != CT_FLOAT64)
        for (int64_t i = 0; i < n; i++)
            ((double *)hub)[i] = dtype_decode(dtype, (const char *)in + i);
    else if (dtype_table[dtype].bits < 8 && dtype != CT_BOOL)
        own_bits(dtype, n, hub, in);
    else
        memcpy(hub, in, (size_t)n * size_of(dtype));
}

/* Integers of 2 and 4 bits, one a byte: what came from a float saturates, the rest wraps. */
static void encode_bits(ct_dtype dtype, int64_t n, int8_t *out, const int8_t *hub, bool saturates)
{
    int bits = dtype == CT_INT2 || dtype == CT_UINT2 ? 2 : 4;
    bool is_signed = dtype == CT_INT2 || dtype == CT_INT4;
    int most = (1 << (bits - is_signed)) - 1, least = is_signed ? -most - 1 : 0;
    for (int64_t i = 0; i < n; i++) {
        int value = is_signed ? hub[i] : (uint8_t)hub[i];
        int low = value & ((1 << bits) - 1),
            wrapped = is_signed && low > most ? low - (1 << bits) : low;
        int capped = value < least ? least : value > most ? most : value;
        out[i] = (int8_t)(saturates ? capped : wrapped);
    }
}

static void encode(ct_dtype dtype, int64_t n, void *out, const void *hub, int part)
{
    if (dtype == CT_BFLOAT16)
        ISA(kernel_bf16).narrow(n, out, hub);
    else if (dtype == CT_FLOAT16)
        ISA(kernel_f16).narrow(n, out, hub);
    else if (dtype == CT_COMPLEX64)
        for (int64_t i = 0; i < n; i++)
            ((float *)out)[2 * i + part] = ((const float *)hub)[i];
    else if (dtype == CT_COMPLEX128)
        for (int64_t i = 0; i < n; i++)
            ((double *)out)[2 * i + part] = ((const double *)hub)[i];
    else if (hub_of(dtype) == CT_FLOAT64 && dtype != CT_FLOAT64)
        for (int64_t i = 0; i < n; i++)
            dtype_encode(dtype, (char *)out + i, ((const double *)hub)[i]);
    else
        memcpy(out, hub, (size_t)n * size_of(dtype));
}

static bool is_complex(ct_dtype dtype) { return dtype == CT_COMPLEX64 || dtype == CT_COMPLEX128; }

/* One part of up to CHUNK values from `in` to `out`. */
static void convert_part(ct_dtype from, ct_dtype to, int64_t n, void *out, const void *in, int part)
{
    double before[CHUNK], after[CHUNK];
    const void *operand[1] = {before};
    decode(from, n, before, in, part);
    plain[hub_of(from)][hub_of(to)](n, after, operand, (int64_t[]){1});
    if (to == CT_INT2 || to == CT_INT4 || to == CT_UINT2 || to == CT_UINT4)
        encode_bits(to, n, out, (const int8_t *)after,
                    dtype_is(from, FAMILY_FLOAT | FAMILY_COMPLEX));
    else
        encode(to, n, out, after, part);
}

static void convert_chunk(ct_dtype from, ct_dtype to, int64_t n, void *out, const void *in)
{
    convert_part(from, to, n, out, in, 0);
    if (is_complex(from) && is_complex(to))
        convert_part(from, to, n, out, in, 1);
    else if (is_complex(to))
        encode(to, n, out, (const double[CHUNK]){0}, 1);
}

static void convert_via(ct_dtype from, ct_dtype to, int64_t n, void *out, const void *in,
                        int64_t step)
{
    char source[16 * CHUNK];
    int64_t most = n < CHUNK ? n : CHUNK;
    for (int64_t i = 0; !step && i < most; i++)
        memcpy(source + (size_t)i * size_of(from), in, size_of(from));
    for (int64_t first = 0; first < n; first += CHUNK) {
        int64_t m = n - first < CHUNK ? n - first : CHUNK;
        const void *at = step ? (const char *)in + (size_t)first * size_of(from) : source;
        convert_chunk(from, to, m, (char *)out + (size_t)first * size_of(to), at);
    }
}

#define OTHER(X, ...)                                                                              \
    X(BFLOAT16, __VA_ARGS__)                                                                       \
    X(FLOAT16, __VA_ARGS__)                                                                        \
    X(COMPLEX64, __VA_ARGS__)                                                                      \
    X(COMPLEX128, __VA_ARGS__)                                                                     \
    X(INT2, __VA_ARGS__)                                                                           \
    X(INT4, __VA_ARGS__)                                                                           \
    X(UINT2, __VA_ARGS__)                                                                          \
    X(UINT4, __VA_ARGS__)                                                                          \
    X(FLOAT4_E2M1FN, __VA_ARGS__)                                                                  \
    X(FLOAT8_E3M4, __VA_ARGS__)                                                                    \
    X(FLOAT8_E4M3, __VA_ARGS__)                                                                    \
    X(FLOAT8_E4M3B11FNUZ, __VA_ARGS__)                                                             \
    X(FLOAT8_E4M3FN, __VA_ARGS__)                                                                  \
    X(FLOAT8_E4M3FNUZ, __VA_ARGS__)                                                                \
    X(FLOAT8_E5M2, __VA_ARGS__)                                                                    \
    X(FLOAT8_E5M2FNUZ, __VA_ARGS__)                                                                \
    X(FLOAT8_E8M0FNU, __VA_ARGS__)
#define ALL(X, ...)                                                                                \
    X(BOOL, __VA_ARGS__)                                                                           \
    X(INT8, __VA_ARGS__)                                                                           \
    X(INT16, __VA_ARGS__)                                                                          \
    X(INT32, __VA_ARGS__)                                                                          \
    X(INT64, __VA_ARGS__)                                                                          \
    X(UINT8, __VA_ARGS__)                                                                          \
    X(UINT16, __VA_ARGS__)                                                                         \
    X(UINT32, __VA_ARGS__)                                                                         \
    X(UINT64, __VA_ARGS__)                                                                         \
    X(FLOAT32, __VA_ARGS__)                                                                        \
    X(FLOAT64, __VA_ARGS__)                                                                        \
    OTHER(X, __VA_ARGS__)
#define VIA(TO, FROM)                                                                              \
    static void via_##FROM##_##TO(int64_t n, void *out, const void *const *in,                     \
                                  const int64_t *step)                                             \
    {                                                                                              \
        convert_via(CT_##FROM, CT_##TO, n, out, in[0], step[0]);                                   \
    }
#define VIA_TO_ALL(FROM) ALL(VIA, FROM)
#define VIA_TO_OTHER(FROM) OTHER(VIA, FROM)
VIA_TO_ALL(BFLOAT16)
VIA_TO_ALL(FLOAT16)
VIA_TO_ALL(COMPLEX64)
VIA_TO_ALL(COMPLEX128)
VIA_TO_ALL(INT2)
VIA_TO_ALL(INT4)
VIA_TO_ALL(UINT2)
VIA_TO_ALL(UINT4)
VIA_TO_ALL(FLOAT4_E2M1FN)
VIA_TO_ALL(FLOAT8_E3M4)
VIA_TO_ALL(FLOAT8_E4M3)
VIA_TO_ALL(FLOAT8_E4M3B11FNUZ)
VIA_TO_ALL(FLOAT8_E4M3FN)
VIA_TO_ALL(FLOAT8_E4M3FNUZ)
VIA_TO_ALL(FLOAT8_E5M2)
VIA_TO_ALL(FLOAT8_E5M2FNUZ)
VIA_TO_ALL(FLOAT8_E8M0FNU)
VIA_TO_OTHER(BOOL)
VIA_TO_OTHER(INT8)
VIA_TO_OTHER(INT16)
VIA_TO_OTHER(INT32)
VIA_TO_OTHER(INT64)
VIA_TO_OTHER(UINT8)
VIA_TO_OTHER(UINT16)
VIA_TO_OTHER(UINT32)
VIA_TO_OTHER(UINT64)
VIA_TO_OTHER(FLOAT32)
VIA_TO_OTHER(FLOAT64)

#define VIA_ENTRY(TO, FROM) [CT_##TO] = via_##FROM##_##TO,
#define FROM_OTHER(FROM) [CT_##FROM] = {ALL(VIA_ENTRY, FROM)},
#define FROM_PLAIN(FROM) [CT_##FROM] = {OTHER(VIA_ENTRY, FROM)},
static const converter via[CT_DTYPE_COUNT][CT_DTYPE_COUNT] = {
    FROM_OTHER(BFLOAT16) FROM_OTHER(FLOAT16) FROM_OTHER(COMPLEX64) FROM_OTHER(COMPLEX128)
        FROM_OTHER(INT2) FROM_OTHER(INT4) FROM_OTHER(UINT2) FROM_OTHER(UINT4)
            FROM_OTHER(FLOAT4_E2M1FN) FROM_OTHER(FLOAT8_E3M4) FROM_OTHER(FLOAT8_E4M3)
                FROM_OTHER(FLOAT8_E4M3B11FNUZ) FROM_OTHER(FLOAT8_E4M3FN) FROM_OTHER(FLOAT8_E4M3FNUZ)
                    FROM_OTHER(FLOAT8_E5M2) FROM_OTHER(FLOAT8_E5M2FNUZ) FROM_OTHER(FLOAT8_E8M0FNU)
                        FROM_PLAIN(BOOL) FROM_PLAIN(INT8) FROM_PLAIN(INT16) FROM_PLAIN(INT32)
                            FROM_PLAIN(INT64) FROM_PLAIN(UINT8) FROM_PLAIN(UINT16)
                                FROM_PLAIN(UINT32) FROM_PLAIN(UINT64) FROM_PLAIN(FLOAT32)
                                    FROM_PLAIN(FLOAT64)};

kernel_map *ISA(kernel_convert)(ct_dtype from, ct_dtype to)
{
    return plain[from][to] ? plain[from][to] : via[from][to];
}

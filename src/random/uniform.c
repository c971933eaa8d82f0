/* From bits to floats: uniform and normal draws, which most samplers start from.
 *
 * The mantissa is filled with random bits under the exponent of one, giving a float in [1, 2); less
 * one, scaled and shifted. */
#define OPS_SHORT_NAMES
#include "random/random.h"

#include <math.h>

#include "api/bodies.h"
#include "kernel/kernel.h"

bool random_float_dtype(const char *what, ct_dtype *dtype)
{
    *dtype = numpy_dtype(*dtype, dtype_default(FAMILY_FLOAT));
    if (dtype_is(*dtype, FAMILY_FLOAT))
        return true;
    base_fail(CT_VALUE_ERROR, "dtype argument to `%s` must be a float dtype, got %s", what,
              ct_dtype_name(*dtype));
    return false;
}

bool random_limits(ct_dtype dtype, float_limits *out)
{
    static const struct {
        ct_dtype dtype;
        int mantissa, min_exponent, bias;
    } formats[] = {{CT_FLOAT32, 23, -126, 127},     {CT_FLOAT64, 52, -1022, 1023},
                   {CT_FLOAT16, 10, -14, 15},       {CT_BFLOAT16, 7, -126, 127},
                   {CT_FLOAT8_E3M4, 4, -2, 3},      {CT_FLOAT8_E4M3, 3, -6, 7},
                   {CT_FLOAT8_E4M3FN, 3, -6, 7},    {CT_FLOAT8_E4M3B11FNUZ, 3, -10, 11},
                   {CT_FLOAT8_E4M3FNUZ, 3, -7, 8},  {CT_FLOAT8_E5M2, 2, -14, 15},
                   {CT_FLOAT8_E5M2FNUZ, 2, -15, 16}};
    for (size_t i = 0; i < countof(formats); i++)
        if (formats[i].dtype == dtype) {
            int m = formats[i].mantissa;
            *out = (float_limits){dtype_table[dtype].bits,
                                  m,
                                  (uint64_t)formats[i].bias << m,
                                  ldexp(1, formats[i].min_exponent),
                                  ldexp(1, -m),
                                  ldexp(1, -m - 1),
                                  -1 + ldexp(1, -m - 1)};
            return true;
        }
    base_fail(CT_NOT_IMPLEMENTED_ERROR, "random draws of dtype %s", ct_dtype_name(dtype));
    return false;
}

bool random_shape(const char *what, ct_ints asked, int64_t n, const ct_array *parameters,
                  dimlist *shape)
{
    dimlist common;
    if (!numpy_broadcast_shape(what, n, parameters, &common))
        return false;
    if (!asked.at) {
        *shape = common;
        return true;
    }
    if (!dimlist_copy(shape, what, asked))
        return false;
    bool fits = common.n <= shape->n;
    for (int64_t d = 0; fits && d < common.n; d++)
        fits = common.at[d] == 1 || common.at[d] == shape->at[shape->n - common.n + d];
    if (!fits)
        base_fail(CT_VALUE_ERROR,
                  "%s parameter shapes must be broadcast-compatible with shape argument, and the "
                  "result of broadcasting the shapes must equal the shape argument, but got result "
                  "%s for shape argument %s.",
                  what, dims_string(dimlist_ints(&common)), dims_string(asked));
    return fits;
}

/* ---- float32 into memory ---- */

typedef struct fill {
    const uint32_t *key;
    float low, span;
    float *out;
    kernel_map *erf_inv; /* for normal draws */
} fill;

static void fill_piece(void *context, int64_t begin, int64_t end)
{
    const fill *f = context;
    enum { TILE = 1024 };
    float tile[TILE];
    for (int64_t at = begin; at < end; at += TILE) {
        int64_t n = end - at < TILE ? end - at : TILE;
        float *out = f->out + at, *to = f->erf_inv ? tile : out;
        uint32_t *bits = (uint32_t *)(void *)to;
        kernel_threefry_bits(f->key, at, n, 32, bits);
        for (int64_t i = 0; i < n; i++) {
            uint32_t word = bits[i] >> 9 | 0x3f800000u;
            float u;
            memcpy(&u, &word, sizeof u);
            u = (u - 1.0f) * f->span + f->low;
            to[i] = u < f->low ? f->low : u;
        }
        if (!f->erf_inv)
            continue;
        f->erf_inv(n, out, (const void *[]){tile}, (const int64_t[]){1});
        for (int64_t i = 0; i < n; i++)
            out[i] *= 1.41421356f;
    }
}

void random_fill_uniform(const uint32_t key[2], int64_t n, float low, float high, float *out)
{
    fill f = {key, low, high - low, out, NULL};
    base_parallel(n, 32768, fill_piece, &f);
}

bool random_fill_normal(const uint32_t key[2], int64_t n, float *out)
{
    static const float low = -0x1.fffffep-1f;
    fill f = {key, low, 1.0f - low, out, kernel_find("erf_inv", CT_FLOAT32)};
    if (f.erf_inv)
        base_parallel(n, 16384, fill_piece, &f);
    return f.erf_inv;
}

/* ---- 8-bit floats: in float32, rounded after every step ---- */

/* The float32 nearest to x in a narrower dtype. */
static ct_array rounded(ct_array x, ct_dtype dtype)
{
    x = is_poison(x) ? x : op_convert(x, dtype, false);
    return is_poison(x) ? x : op_convert(x, CT_FLOAT32, false);
}

static ct_array narrow_uniform(ct_array key, ct_ints shape, ct_dtype dtype, int mantissa,
                               ct_array low, ct_array high)
{
    ct_array bits = random_bits_drawn(key, 8, shape);
    bits = op_shift_right_logical(bits, array_scalar_int(CT_UINT8, false, 8 - mantissa));
    ct_array unit = mul(op_convert(bits, CT_FLOAT32, false), ldexp(1, -mantissa));
    low = op_convert(low, CT_FLOAT32, false);
    high = op_convert(high, CT_FLOAT32, false);
    if (is_poison(unit) || is_poison(low) || is_poison(high))
        return array_poison;
    ct_array span = numpy_broadcast_one("uniform", rounded(op_sub(high, low), dtype), shape);
    low = numpy_broadcast_one("uniform", low, shape);
    ct_array scaled = is_poison(span) ? span : rounded(op_mul(unit, span), dtype);
    ct_array y = is_poison(scaled) ? scaled : rounded(op_add(scaled, low), dtype);
    return is_poison(y) ? y : op_convert(op_max(low, y), dtype, false);
}

static ct_array narrow_normal(ct_array uniform, ct_dtype dtype)
{
    ct_array u = op_convert(uniform, CT_FLOAT32, false);
    ct_array root = rounded(array_scalar(CT_FLOAT32, false, 1.4142135623730951), dtype);
    ct_array y = is_poison(u) || is_poison(root) ? array_poison : rounded(op_erf_inv(u), dtype);
    return is_poison(y) ? y : op_convert(op_mul(y, root), dtype, false);
}

/* ---- on any values ---- */

/* With ones in front, as many dimensions as there are in the draw. */
static ct_array to_rank(ct_array x, int64_t n)
{
    dimlist shape = {n, {0}}, dims = {x->aval.ndim, {0}};
    if (x->aval.ndim >= n)
        return x;
    for (int64_t k = 0, ones = n - x->aval.ndim; k < n; k++) {
        shape.at[k] = k < ones ? 1 : x->aval.shape[k - ones];
        if (k >= ones)
            dims.at[k - ones] = k;
    }
    return op_broadcast_in_dim(x, dimlist_ints(&shape), dimlist_ints(&dims));
}

static ct_array uniform_drawn(ct_array key, ct_ints shape, ct_dtype dtype, ct_array low,
                              ct_array high)
{
    float_limits limits;
    uint32_t words[2];
    low = numpy_cast(low, dtype);
    high = numpy_cast(high, dtype);
    if (is_poison(low) || is_poison(high) || !random_limits(dtype, &limits))
        return array_poison;
    if (dtype == CT_FLOAT32 && random_key_known(key, words) && is_array(low) && is_array(high) &&
        !low->aval.ndim && !high->aval.ndim) {
        ct_array out = array_new(CT_FLOAT32, false, shape.n, shape.at);
        if (!is_poison(out))
            random_fill_uniform(words, out->size, *(const float *)low->data,
                                *(const float *)high->data, out->data);
        return out;
    }
    if (limits.bits == 8)
        return narrow_uniform(key, shape, dtype, limits.mantissa, low, high);
    low = to_rank(low, shape.n);
    high = to_rank(high, shape.n);
    int drawn = limits.mantissa < 8 ? 8 : limits.bits;
    ct_dtype bits_dtype = limits.bits == 16 ? CT_UINT16 : limits.bits == 32 ? CT_UINT32 : CT_UINT64;
    ct_array bits = op_convert(random_bits_drawn(key, drawn, shape), bits_dtype, false);
    bits =
        op_shift_right_logical(bits, array_scalar_int(bits_dtype, false, drawn - limits.mantissa));
    bits = op_or(bits, array_scalar_int(bits_dtype, false, (int64_t)limits.one));
    ct_array unit = sub(op_bitcast(bits, dtype), 1.0);
    ct_array span = sub(high, low), scaled = mul(unit, span), moved = add(scaled, low);
    return op_max(low, shape.n ? moved : op_reshape(moved, shape));
}

ct_array random_uniform_between(ct_array key, ct_ints shape, ct_dtype dtype, ct_array low,
                                ct_array high)
{
    return ct_random_uniform(key, shape, .dtype = dtype, .minval = low, .maxval = high);
}

ct_array random_uniform_unit(ct_array key, ct_ints shape, ct_dtype dtype)
{
    return random_uniform_between(key, shape, dtype, ct_weak_float(0), ct_weak_float(1));
}

ct_array random_uniform(const ct_random_uniform_args *a)
{
    ct_dtype dtype = a->dtype;
    return random_float_dtype("uniform", &dtype)
               ? uniform_drawn(a->key, a->shape, dtype, a->minval, a->maxval)
               : array_poison;
}

ct_array random__normal_real(const ct_random__normal_real_args *a)
{
    ct_array key = a->key;
    ct_ints shape = a->shape;
    ct_dtype dtype = a->dtype;
    float_limits limits;
    uint32_t words[2];
    if (!random_limits(dtype, &limits))
        return array_poison;
    if (dtype == CT_FLOAT32 && random_key_known(key, words)) {
        ct_array out = array_new(CT_FLOAT32, false, shape.n, shape.at);
        if (is_poison(out) || random_fill_normal(words, out->size, out->data))
            return out;
    }
    ct_array u = random_uniform_between(key, shape, dtype,
                                        array_scalar(dtype, false, limits.above_minus_one),
                                        array_scalar(dtype, false, 1));
    if (is_poison(u) || limits.bits == 8)
        return is_poison(u) ? u : narrow_normal(u, dtype);
    return mul(1.4142135623730951, op_erf_inv(u));
}

ct_array random_normal_drawn(ct_array key, ct_ints shape, ct_dtype dtype)
{
    return ct_random_normal(key, shape, .dtype = dtype);
}

ct_array random_normal(const ct_random_normal_args *a)
{
    ct_dtype dtype = numpy_dtype(a->dtype, dtype_default(FAMILY_FLOAT));
    if (!dtype_inexact(dtype))
        return ct_fail(CT_VALUE_ERROR,
                       "dtype argument to `normal` must be a float or complex dtype, got %s",
                       ct_dtype_name(dtype));
    if (!dtype_is(dtype, FAMILY_COMPLEX))
        return ct_random__normal_real(a->key, a->shape, dtype);
    ct_array keys[2];
    random_split_keys(a->key, 2, keys);
    ct_array re = ct_random__normal_real(keys[0], a->shape, dtype_real_part(dtype)),
             im = ct_random__normal_real(keys[1], a->shape, dtype_real_part(dtype));
    return div(op_complex(re, im), 1.4142135623730951);
}

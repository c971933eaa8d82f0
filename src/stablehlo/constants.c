/* How are an array's elements written? As MLIR's dense<...>: numbers that read back as themselves,
 * nested lists, one number where all are the same, and hexadecimal bytes for long arrays. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "stablehlo/hlo.h"

enum { LONGEST_LIST = 100 };

/* The decimal digits that a float prints with. */
typedef struct dense_digits {
    char at[1200];
    int n, last; /* how many, and the power of ten of the last one */
} dense_digits;

static int precision_of(ct_dtype d)
{
    int bits = d == CT_FLOAT64    ? 53
               : d == CT_FLOAT32  ? 24
               : d == CT_FLOAT16  ? 11
               : d == CT_BFLOAT16 ? 8
                                  : 4;
    return 2 + bits * 59 / 196;
}

/* All digits of a finite number other than zero, as an integer times a power of ten. */
static void all_digits(dense_digits *x, double value)
{
    char s[1200];
    int n = 0, exponent;
    snprintf(s, sizeof s, "%.*e", 1100, fabs(value));
    exponent = atoi(strchr(s, 'e') + 1);
    for (const char *c = s; *c != 'e'; c++)
        if (*c != '.')
            x->at[n++] = *c;
    while (n > 1 && x->at[n - 1] == '0' && (exponent < 0 || n > exponent + 1))
        n--;
    x->n = n;
    x->last = exponent - (n - 1);
}

/* Digits are dropped in two steps, as LLVM does: so many that the rest has about the bits of the
 * precision, then with rounding those beyond it. */
static void rounded_digits(dense_digits *x, double value, int precision)
{
    all_digits(x, value);
    int exponent, wanted = (precision * 196 + 58) / 59;
    double fraction = frexp(fabs(value), &exponent);
    /* Of the integer that the digits are: value * 10^-last. */
    int bits = (int)floor(log2(fraction) + exponent - x->last * log2(10)) + 1;
    int dropped = bits > wanted ? (bits - wanted) * 59 / 196 : 0;
    x->n -= dropped;
    x->last += dropped;
    while (x->n > 1 && x->at[x->n - 1] == '0') {
        x->n--;
        x->last++;
    }
    if (x->n <= precision)
        return;
    bool up = x->at[precision] >= '5';
    x->last += x->n - precision;
    x->n = precision;
    while (x->n && x->at[x->n - 1] == (up ? '9' : '0')) {
        x->n--;
        x->last++;
    }
    if (!x->n)
        x->at[x->n++] = '1';
    else if (up)
        x->at[x->n - 1]++;
}

static void bits_text(text *t, const void *at, int size)
{
    const unsigned char *bytes = at;
    text_add(t, "0x");
    for (int i = size; i-- > 0;)
        text_add(t, "%02X", bytes[i]);
}

static bool reads_back(ct_dtype d, const char *s, const void *at)
{
    char again[8];
    dtype_encode(d, again, d == CT_FLOAT32 ? strtof(s, NULL) : strtod(s, NULL));
    return !memcmp(again, at, dtype_table[d].itemsize);
}

/* 1.250000e+00: six digits, where they read back as the number. */
static bool short_text(text *t, ct_dtype d, double value, const void *at)
{
    dense_digits x = {.at = "0", .n = 1};
    char s[32];
    if (value)
        rounded_digits(&x, value, 6);
    int exponent = x.last + x.n - 1;
    snprintf(s, sizeof s, "%s%c.%.*s%.*se%c%02d", signbit(value) ? "-" : "", x.at[0], x.n - 1,
             x.at + 1, 7 - x.n, "000000", exponent < 0 ? '-' : '+', abs(exponent));
    bool good = reads_back(d, s, at);
    if (good)
        text_add(t, "%s", s);
    return good;
}

/* All digits that count: as 12.5 where the point is within three zeros of them, else as 1.25E+20.
 * False where there is no point to print. */
static bool full_text(text *t, ct_dtype d, double value)
{
    int precision = precision_of(d);
    dense_digits x;
    rounded_digits(&x, value, precision);
    int exponent = x.last + x.n - 1;
    bool scientific = x.last >= 0 ? x.last > 3 || x.n + x.last > precision : exponent < -3;
    if (!scientific && x.last >= 0)
        return false;
    text_add(t, signbit(value) ? "-" : "");
    if (scientific)
        text_add(t, "%c.%.*sE%c%d", x.at[0], x.n > 1 ? x.n - 1 : 1, x.n > 1 ? x.at + 1 : "0",
                 exponent < 0 ? '-' : '+', abs(exponent));
    else if (exponent >= 0)
        text_add(t, "%.*s.%.*s", exponent + 1, x.at, x.n - exponent - 1, x.at + exponent + 1);
    else
        text_add(t, "0.%.*s%.*s", -exponent - 1, "000", x.n, x.at);
    return true;
}

static void float_text(text *t, ct_dtype d, const void *at)
{
    double value = dtype_decode(d, at);
    if (!isfinite(value) || (!short_text(t, d, value, at) && !full_text(t, d, value)))
        bits_text(t, at, dtype_table[d].itemsize);
}

static void element_text(text *t, ct_dtype d, const char *at)
{
    uint64_t bits = 0;
    switch ((dtype_family)dtype_table[d].family) {
    case FAMILY_BOOL:
        text_add(t, *at ? "true" : "false");
        return;
    case FAMILY_FLOAT:
        float_text(t, d, at);
        return;
    case FAMILY_COMPLEX: {
        ct_dtype part = dtype_real_part(d);
        text_add(t, "(");
        float_text(t, part, at);
        text_add(t, ",");
        float_text(t, part, at + dtype_table[part].itemsize);
        text_add(t, ")");
        return;
    }
    case FAMILY_INT:
        if (d == CT_INT64) {
            memcpy(&bits, at, sizeof bits);
            text_add(t, "%lld", (long long)bits);
        } else
            text_add(t, "%.0f", dtype_decode(d, at));
        return;
    case FAMILY_UINT:
    case FAMILY_KEY:
    case FAMILY_FLOAT0:
        memcpy(&bits, at, dtype_table[d].itemsize);
        text_add(t, "%llu", (unsigned long long)bits);
    }
}

static void list_text(text *t, ct_dtype d, int ndim, const int64_t *shape, const char **at)
{
    if (!ndim) {
        element_text(t, d, *at);
        *at += dtype_table[d].itemsize;
        return;
    }
    text_add(t, "[");
    for (int64_t i = 0; i < shape[0]; i++) {
        text_add(t, i ? ", " : "");
        list_text(t, d, ndim - 1, shape + 1, at);
    }
    text_add(t, "]");
}

static void hex_text(text *t, const char *at, int64_t bytes)
{
    text_add(t, "\"0x");
    for (int64_t i = 0; i < bytes; i++)
        text_add(t, "%02X", (unsigned char)at[i]);
    text_add(t, "\"");
}

static bool all_alike(const char *at, int64_t n, size_t size)
{
    for (int64_t i = 1; i < n; i++)
        if (memcmp(at, at + i * (int64_t)size, size))
            return false;
    return n > 0;
}

void hlo_dense(text *t, ct_array a)
{
    ct_dtype d = (ct_dtype)a->aval.dtype;
    aval type = a->aval;
    int64_t shape[65];
    if (dtype_is(d, FAMILY_KEY)) {
        hlo_copy(shape, type.shape, (size_t)type.ndim * sizeof *shape);
        shape[type.ndim] = dtype_table[d].bits / 32;
        type.shape = shape;
        type.ndim++;
        d = CT_UINT32;
    }
    int64_t n = shape_size(type.ndim, type.shape);
    const char *at = a->data;
    text_add(t, "dense<");
    if (d == CT_FLOAT0)
        text_add(t, "false");
    else if (all_alike(at, n, dtype_table[d].itemsize))
        element_text(t, d, at);
    else if (n > LONGEST_LIST)
        hex_text(t, at, n * dtype_table[d].itemsize);
    else if (n)
        list_text(t, d, type.ndim, type.shape, &at);
    text_add(t, ">");
}

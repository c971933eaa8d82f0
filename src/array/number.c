/* How is one number written? As NumPy does: with the fewest digits that read back as the same value
 * of the same type.
 *
 * decimal_of finds the digits, the others lay them out. Used for columns (print.c) and for numbers
 * by themselves. */
#include "array/array.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static bool reads_back(const char *s, double value, ct_dtype d)
{
    if (d == CT_FLOAT64)
        return strtod(s, NULL) == value;
    if (d == CT_FLOAT32)
        return strtof(s, NULL) == (float)value;
    uint16_t half;
    dtype_encode(d, &half, strtod(s, NULL));
    return dtype_decode(d, &half) == value;
}

/* "d.ddde+xx": one more in the last place. */
static void increment(char *s)
{
    char *e = strchr(s, 'e'), *at = e - 1;
    for (; at >= s; at--) {
        if (*at == '.')
            continue;
        if (*at != '9') {
            ++*at;
            return;
        }
        *at = '0';
    }
    s[0] = '1'; /* 9.99 -> 1.00, a power more */
    snprintf(e, 16, "e%+03d", atoi(e + 1) + 1);
}

/* At a power of two the gap above is twice the gap below, so the shortest text may be the next one
 * above the nearest. */
static bool next_reads_back(char *s, double value, ct_dtype d)
{
    int exponent;
    if (frexp(value, &exponent) != 0.5)
        return false;
    char above[40];
    strcpy(above, s);
    increment(above);
    if (!reads_back(above, value, d))
        return false;
    strcpy(s, above);
    return true;
}

/* From "d.ddde+xx", dropping zeros at the end. */
static void take_digits(decimal *out, const char *s)
{
    int count = 0;
    const char *at = s;
    for (; *at && *at != 'e'; at++)
        if (*at != '.')
            out->digits[count++] = *at;
    while (count && out->digits[count - 1] == '0')
        count--;
    out->count = count;
    out->point = count ? atoi(at + 1) + 1 : 0;
}

/* Powers of ten that are doubles. */
static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                              1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                              1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* Whether a double next to `near` may round to another float. */
static bool between_floats(double near)
{
    uint64_t bits, half = UINT64_C(1) << 28;
    memcpy(&bits, &near, sizeof bits);
    bits &= 2 * half - 1;
    return bits + 2 >= half && bits <= half + 2;
}

/* The fewest digits of a normal float32 by arithmetic on doubles; false where their rounding leaves
 * a doubt. Six digits are there to begin with: fewer that read back are those, ending in zeros. */
static bool quick_digits(decimal *out, double magnitude)
{
    int exponent, least = 6, most = 9, ten = 0;
    if (magnitude < 1e-12 || magnitude >= 1e12 || frexp(magnitude, &exponent) == 0.5)
        return false;
    if (magnitude >= 1)
        while (tens[ten + 1] <= magnitude)
            ten++;
    else
        while (magnitude * tens[-ten] < 1)
            ten--;
    for (int digits = least; digits <= most; digits++) {
        int power = digits - 1 - ten;
        double scaled = power < 0 ? magnitude / tens[-power] : magnitude * tens[power],
               whole = floor(scaled), rest = scaled - whole;
        if (fabs(rest - 0.5) < 1e-5)
            return false;
        whole += rest > 0.5;
        double back = power < 0 ? whole * tens[-power] : whole / tens[power];
        if (between_floats(back))
            return false;
        if ((float)back != (float)magnitude)
            continue;
        char s[24];
        int count = snprintf(s, sizeof s, "%lld", (long long)whole);
        out->point = count - power;
        while (count && s[count - 1] == '0')
            count--;
        memcpy(out->digits, s, (size_t)count);
        out->count = count;
        return true;
    }
    return false;
}

void decimal_of(decimal *out, double value, ct_dtype d)
{
    *out = (decimal){.negative = signbit(value)};
    char s[40];
    double magnitude = fabs(value);
    if (d == CT_FLOAT32 && quick_digits(out, magnitude))
        return;
    /* Fewer digits than 15 that read back as a normal double are its nearest 15, with zeros. */
    int least = d == CT_FLOAT64 && magnitude >= DBL_MIN ? 15 : 1;
    for (int digits = least; digits <= 17; digits++) {
        snprintf(s, sizeof s, "%.*e", digits - 1, magnitude);
        if (reads_back(s, magnitude, d) || next_reads_back(s, magnitude, d))
            break;
    }
    take_digits(out, s);
}

void decimal_round(decimal *out, double value, int places, bool scientific)
{
    int behind = scientific ? out->count - 1 : out->count - out->point;
    if (behind <= places)
        return;
    int digits = scientific
                     ? places + 1
                     : places + out->point; /* may be 0 or fewer: rounds to zero or to one digit */
    char s[40];
    if (digits > 0) {
        snprintf(s, sizeof s, "%.*e", digits - 1, fabs(value));
        take_digits(out, s);
        return;
    }
    char fixed[40];
    snprintf(fixed, sizeof fixed, "%.*f", places, fabs(value));
    bool one = fixed[strlen(fixed) - 1] == '1';
    out->count = one;
    out->digits[0] = '1';
    out->point = one ? 1 - places : 0;
}

void decimal_extend(decimal *out, double value, int places)
{
    if (out->count - 1 >= places)
        return;
    char s[40];
    snprintf(s, sizeof s, "%.*e", places, fabs(value));
    take_digits(out, s);
}

/* The digit in the place i behind the first (negative: before it). */
static char digit(const decimal *d, int i) { return i >= 0 && i < d->count ? d->digits[i] : '0'; }

static void add_char(text *t, char c) { text_bytes(t, &c, 1); }

void decimal_positional(text *t, const decimal *d, int least)
{
    if (d->negative)
        add_char(t, '-');
    if (d->point <= 0)
        add_char(t, '0');
    for (int i = 0; i < d->point; i++)
        add_char(t, digit(d, i));
    add_char(t, '.');
    int places = d->count - d->point > least ? d->count - d->point : least;
    for (int i = 0; i < places; i++)
        add_char(t, digit(d, d->point + i));
}

void decimal_scientific(text *t, const decimal *d, int least, int width)
{
    if (d->negative)
        add_char(t, '-');
    add_char(t, digit(d, 0));
    add_char(t, '.');
    for (int i = 1; i < d->count || i <= least; i++)
        add_char(t, digit(d, i));
    int exponent = d->count ? d->point - 1 : 0;
    text_add(t, "e%c%0*d", exponent < 0 ? '-' : '+', width, abs(exponent));
}

/* From this magnitude on a number by itself is written with an exponent. */
static double largest_positional(ct_dtype d)
{
    return d == CT_FLOAT16 ? 1e3 : d == CT_FLOAT32 ? 1e6 : 1e16;
}

void decimal_scalar(text *t, double value, ct_dtype d, const char *whole)
{
    if (!isfinite(value)) {
        text_add(t, isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
        return;
    }
    decimal digits;
    decimal_of(&digits, value, d);
    double magnitude = fabs(value);
    if (magnitude != 0 && (magnitude < 1e-4 || magnitude >= largest_positional(d))) {
        text s = {0};
        decimal_scientific(&s, &digits, 0, 2);
        char *point = digits.count < 2 && s.n ? memchr(s.at, '.', (size_t)s.n) : NULL;
        if (point) /* 1.e+06 -> 1e+06 */
            memmove(point, point + 1, (size_t)(s.at + --s.n - point));
        text_bytes(t, s.at, (size_t)s.n);
        base_free(s.at);
        return;
    }
    decimal_positional(t, &digits, 0);
    if (digits.count <= digits.point || !digits.count) {
        if (t->n)
            t->n--; /* the point */
        text_add(t, "%s", whole);
    }
}

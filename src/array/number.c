/* How is one number written? As NumPy does: with the fewest digits that read back as the same value
 * of the same type.
 *
 * decimal_of finds the digits, the others lay them out. Used for columns (print.c) and for numbers
 * by themselves. */
#include "array/array.h"

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

void decimal_of(decimal *out, double value, ct_dtype d)
{
    *out = (decimal){.negative = signbit(value)};
    char s[40];
    double magnitude = fabs(value);
    for (int digits = 1; digits <= 17; digits++) {
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

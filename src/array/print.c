/* How is an array written? As NumPy writes it, in columns of one width, long arrays by their
 * corners.
 *
 * A `column` holds what all words of an array share (widths, exponent or not), measured over the
 * elements that are shown. The layout breaks lines at 75 characters. JAX adds Array(...), the dtype
 * and the weak type. Next: number.c, tree_text.c. */
#include "array/array.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { LINE_WIDTH = 75, THRESHOLD = 1000, EDGE = 3, PRECISION = 8 };

/* ---- columns ---- */

/* What the floats of a column share. */
typedef struct float_column {
    ct_dtype dtype;
    bool plus; /* positive numbers get a sign */
    bool scientific;
    int left, right; /* width before and behind the point */
    int exponent;    /* digits of the exponent */
    bool nonfinite, minus_inf;
    double largest, smallest; /* of the magnitudes that are not zero */
} float_column;

typedef struct column {
    ct_dtype dtype;
    int width; /* of integers and bools */
    float_column real, imaginary;
} column;

/* Does a power of ten or a ratio ask for exponents? The comparisons are made in the array's own
 * type. */
static bool wants_exponents(const float_column *c)
{
    if (c->largest == 0)
        return false;
    if (c->dtype == CT_FLOAT64)
        return c->largest >= 1e8 || c->smallest < 1e-4 || c->largest / c->smallest > 1000;
    if (c->dtype == CT_FLOAT32)
        return c->largest >= 1e6 || (float)c->smallest < 1e-4f ||
               (float)c->largest / (float)c->smallest > 1000;
    uint16_t ratio, least;
    dtype_encode(CT_FLOAT16, &ratio, c->largest / c->smallest);
    dtype_encode(CT_FLOAT16, &least, 1e-4);
    return c->largest >= 1e3 || c->smallest < dtype_decode(CT_FLOAT16, &least) ||
           dtype_decode(CT_FLOAT16, &ratio) > 1000;
}

static void survey(float_column *c, double value)
{
    if (!isfinite(value)) {
        c->nonfinite = true;
        c->minus_inf |= isinf(value) && value < 0;
        return;
    }
    double magnitude = fabs(value);
    if (magnitude == 0)
        return;
    c->largest = fmax(c->largest, magnitude);
    c->smallest = c->smallest == 0 ? magnitude : fmin(c->smallest, magnitude);
}

static void rounded(decimal *d, const float_column *c, double value)
{
    decimal_of(d, value, c->dtype);
    decimal_round(d, value, PRECISION, c->scientific);
}

static int larger(int a, int b) { return a > b ? a : b; }

static void measure(float_column *c, double value)
{
    if (!isfinite(value))
        return;
    decimal d;
    rounded(&d, c, value);
    int sign = d.negative || c->plus;
    if (c->scientific) {
        int exponent = abs(d.count ? d.point - 1 : 0);
        c->left = larger(c->left, 1 + sign);
        c->right = larger(c->right, d.count - 1);
        c->exponent = larger(c->exponent, exponent >= 100 ? 3 : 2);
    } else {
        c->left = larger(c->left, larger(d.point, 1) + sign);
        c->right = larger(c->right, d.count - d.point);
    }
}

/* The width behind the point with the exponent, "e" and its sign. */
static int full_right(const float_column *c)
{
    return c->right + (c->scientific ? c->exponent + 2 : 0);
}

static void make_room_for_nonfinite(float_column *c)
{
    if (!c->nonfinite)
        return;
    int behind = full_right(c) + 1;
    c->left = larger(c->left, 3 + (c->minus_inf || c->plus) - behind);
    c->left = larger(c->left, 3 - behind);
}

static void add_spaces(text *t, int64_t n) { text_add(t, "%*s", n > 0 ? (int)n : 0, ""); }

static void nonfinite_word(text *t, const float_column *c, double value)
{
    const char *word = isnan(value) ? (c->plus ? "+nan" : "nan")
                       : value < 0  ? "-inf"
                       : c->plus    ? "+inf"
                                    : "inf";
    add_spaces(t, c->left + full_right(c) + 1 - (int)strlen(word));
    text_add(t, "%s", word);
}

static void float_word(text *t, const float_column *c, double value)
{
    if (!isfinite(value)) {
        nonfinite_word(t, c, value);
        return;
    }
    decimal d;
    rounded(&d, c, value);
    bool sign = d.negative || c->plus;
    int before = sign + (c->scientific ? 1 : larger(d.point, 1));
    add_spaces(t, c->left - before);
    if (sign && !d.negative)
        text_add(t, "+");
    if (c->scientific) {
        decimal_extend(&d, value, c->right);
        decimal_scientific(t, &d, c->right, c->exponent);
        return;
    }
    decimal_positional(t, &d, 0);
    add_spaces(t, c->right - larger(d.count - d.point, 0));
}

/* ---- elements ---- */

static const void *element(ct_array a, int64_t i)
{
    return (const char *)a->data + i * dtype_table[a->aval.dtype].itemsize;
}

static double real_part(ct_array a, int64_t i) { return array_get_double(a, i); }

static double imaginary_part(ct_array a, int64_t i)
{
    ct_dtype d = (ct_dtype)a->aval.dtype;
    return dtype_decode(dtype_real_part(d),
                        (const char *)element(a, i) + dtype_table[d].itemsize / 2);
}

static int integer_text(char *s, size_t room, ct_array a, int64_t i)
{
    int64_t value = array_get_int(a, i);
    return a->aval.dtype == CT_UINT64 ? snprintf(s, room, "%llu", (unsigned long long)value)
                                      : snprintf(s, room, "%lld", (long long)value);
}

/* Types that NumPy does not know are written one by one, without columns. */
static bool foreign(ct_dtype d)
{
    return d < CT_FLOAT16 && (dtype_is(d, FAMILY_FLOAT) ||
                              (dtype_is(d, FAMILY_INT | FAMILY_UINT) && dtype_table[d].bits < 8));
}

static void measure_floats(float_column *c, ct_array a, int64_t n, const int64_t *shown,
                           double (*part)(ct_array, int64_t))
{
    for (int64_t i = 0; i < n; i++)
        survey(c, part(a, shown[i]));
    c->scientific = wants_exponents(c);
    for (int64_t i = 0; i < n; i++)
        measure(c, part(a, shown[i]));
    make_room_for_nonfinite(c);
}

static column measure_column(ct_array a, int64_t n, const int64_t *shown)
{
    ct_dtype d = (ct_dtype)a->aval.dtype;
    column c = {.dtype = d};
    c.real.dtype = c.imaginary.dtype = dtype_real_part(d);
    c.imaginary.plus = true;
    if (foreign(d))
        return c;
    switch (dtype_family_of(d)) {
    case FAMILY_BOOL:
        c.width = a->aval.ndim ? 5 : 0;
        break;
    case FAMILY_INT:
    case FAMILY_UINT:
        for (int64_t i = 0; i < n; i++)
            c.width = larger(c.width, integer_text(NULL, 0, a, shown[i]));
        break;
    case FAMILY_COMPLEX:
        measure_floats(&c.imaginary, a, n, shown, imaginary_part);
        measure_floats(&c.real, a, n, shown, real_part);
        break;
    case FAMILY_FLOAT:
        measure_floats(&c.real, a, n, shown, real_part);
        break;
    case FAMILY_KEY:
    case FAMILY_FLOAT0:
        break;
    }
    return c;
}

static void complex_word(text *t, const column *c, ct_array a, int64_t i)
{
    float_word(t, &c->real, real_part(a, i));
    float_word(t, &c->imaginary, imaginary_part(a, i));
    int64_t end = t->n;
    while (end > 0 && t->at[end - 1] == ' ')
        end--;
    text_add(t, "j");
    if (t->n > end + 1) { /* before the spaces, not behind them */
        t->at[end] = 'j';
        t->at[t->n - 1] = ' ';
    }
}

static void word(text *t, const column *c, ct_array a, int64_t i)
{
    char digits[24];
    if (foreign(c->dtype)) {
        text_add(t, "%g", real_part(a, i));
        return;
    }
    switch (dtype_family_of(c->dtype)) {
    case FAMILY_BOOL:
        text_add(t, "%*s", c->width, array_get_int(a, i) ? "True" : "False");
        break;
    case FAMILY_INT:
    case FAMILY_UINT:
        integer_text(digits, sizeof digits, a, i);
        text_add(t, "%*s", c->width, digits);
        break;
    case FAMILY_FLOAT:
        float_word(t, &c->real, real_part(a, i));
        break;
    case FAMILY_COMPLEX:
        complex_word(t, c, a, i);
        break;
    case FAMILY_FLOAT0:
        text_add(t, "(b'',)");
        break;
    case FAMILY_KEY:
        break;
    }
}

/* ---- layout ---- */

typedef struct layout {
    ct_array a;
    column column;
    text *t, word;
    const char *separator;
    int64_t line; /* where the current line begins in t */
    bool summary;
} layout;

/* The items of an axis that are shown: all, or `EDGE` at each end. Returns the next one; *gap when
 * items were left out before it. */
static int64_t next_shown(int64_t i, int64_t n, bool summary, bool *gap)
{
    *gap = summary && n > 2 * EDGE && i == EDGE - 1;
    return *gap ? n - EDGE : i + 1;
}

typedef vec(int64_t) index_list;

static void collect_shown(ct_array a, int axis, int64_t base, int64_t inner, index_list *out,
                          bool *good)
{
    if (axis == a->aval.ndim) {
        *good = *good && vec_push(out, base);
        return;
    }
    int64_t n = a->aval.shape[axis], step = inner / n;
    bool gap;
    for (int64_t i = 0; i < n; i = next_shown(i, n, a->size > THRESHOLD, &gap))
        collect_shown(a, axis + 1, base + i * step, step, out, good);
}

/* Adds a word to the line, or begins a new line with it where it would run over `width`. */
static void add_word(layout *l, const char *at, int64_t length, int64_t indent, int64_t width)
{
    text *t = l->t;
    int64_t column_now = t->n - l->line;
    if (column_now + length > width && column_now > indent) {
        while (t->n && t->at[t->n - 1] == ' ')
            t->n--;
        text_add(t, "\n");
        l->line = t->n;
        add_spaces(t, indent);
    }
    text_bytes(t, at, (size_t)length);
}

static void add_element(layout *l, int64_t index, int64_t indent, int64_t width)
{
    l->word.n = 0;
    word(&l->word, &l->column, l->a, index);
    add_word(l, l->word.at, l->word.n, indent, width);
}

static void add_rows(layout *l, int axis, int64_t base, int64_t inner, int64_t indent,
                     int64_t width);

/* Between items of an axis: the separator, and for rows as many line ends as axes are left below.
 */
static void add_separator(layout *l, int axes_left, int64_t indent)
{
    if (axes_left == 1) {
        text_add(l->t, "%s", l->separator);
        return;
    }
    text_add(l->t, l->separator[0] == ',' ? "," : "");
    for (int i = 1; i < axes_left; i++)
        text_add(l->t, "\n");
    l->line = l->t->n;
    add_spaces(l->t, indent);
}

static void add_axis(layout *l, int axis, int64_t base, int64_t inner, int64_t indent,
                     int64_t width)
{
    int64_t n = l->a->aval.shape[axis], step = inner / n;
    int left = l->a->aval.ndim - axis;
    text_add(l->t, "[");
    for (int64_t i = 0, next; i < n; i = next) {
        bool gap;
        next = next_shown(i, n, l->summary, &gap);
        if (left == 1)
            add_element(l, base + i * step, indent, width - 1);
        else
            add_rows(l, axis + 1, base + i * step, step, indent + 1, width - 1);
        if (next < n)
            add_separator(l, left, indent);
        if (!gap)
            continue;
        if (left == 1)
            add_word(l, "...", 3, indent, width - 1);
        else
            text_add(l->t, "...");
        add_separator(l, left, indent);
    }
    text_add(l->t, "]");
}

static void add_rows(layout *l, int axis, int64_t base, int64_t inner, int64_t indent,
                     int64_t width)
{
    if (axis == l->a->aval.ndim)
        add_element(l, base, indent, width);
    else
        add_axis(l, axis, base, inner, indent, width);
}

/* The elements, when there are any; `line` is where the line begins that t ends in. */
static void add_elements(text *t, ct_array a, const char *separator, int64_t line, int64_t width)
{
    index_list shown = {0};
    bool good = true;
    collect_shown(a, 0, 0, a->size, &shown, &good);
    if (good) {
        layout l = {
            .a = a, .t = t, .separator = separator, .line = line, .summary = a->size > THRESHOLD};
        l.column = measure_column(a, shown.n, shown.at);
        add_rows(&l, 0, 0, a->size, t->n - line + 1, width);
        base_free(l.word.at);
    }
    vec_free(&shown);
}

/* ---- whole arrays ---- */

static void add_shape(text *t, const aval *a)
{
    text_add(t, "(");
    for (int i = 0; i < a->ndim; i++)
        text_add(t, i ? ", %lld" : "%lld", (long long)a->shape[i]);
    text_add(t, a->ndim == 1 ? ",)" : ")");
}

static void complex_scalar(text *t, ct_array a)
{
    ct_dtype part = dtype_real_part((ct_dtype)a->aval.dtype);
    double real = real_part(a, 0), imaginary = imaginary_part(a, 0);
    bool both = real != 0 || signbit(real);
    if (both) {
        text_add(t, "(");
        decimal_scalar(t, real, part, "");
        text_add(t, isnan(imaginary) || !signbit(imaginary) ? "+" : "");
    }
    decimal_scalar(t, imaginary, part, "");
    text_add(t, both ? "j)" : "j");
}

static void scalar_text(text *t, ct_array a)
{
    ct_dtype d = (ct_dtype)a->aval.dtype;
    int64_t shown = 0;
    column c = measure_column(a, 1, &shown);
    if (dtype_is(d, FAMILY_COMPLEX))
        complex_scalar(t, a);
    else if (dtype_is(d, FAMILY_FLOAT) && !foreign(d))
        decimal_scalar(t, real_part(a, 0), d, ".0");
    else
        word(t, &c, a, 0);
}

static void str_text(text *t, ct_array a)
{
    if (!a->aval.ndim)
        scalar_text(t, a);
    else if (!a->size)
        text_add(t, "[]");
    else
        add_elements(t, a, " ", t->n, LINE_WIDTH);
}

static void repr_text(text *t, ct_array a)
{
    bool empty_type = a->aval.dtype == CT_FLOAT0; /* NumPy's own arrays in JAX */
    int64_t line = t->n;
    text_add(t, empty_type ? "array(" : "Array(");
    int64_t start = t->n;
    if (a->size)
        add_elements(t, a, ", ", line, LINE_WIDTH - 1);
    else {
        text_add(t, "[], shape=");
        add_shape(t, &a->aval);
    }
    int64_t last = t->n;
    while (last > start && t->at[last - 1] != '\n')
        last--;
    int64_t last_line = t->n - last + 2; /* as JAX counts it */
    text type = {0};
    text_add(&type, "dtype=%s%s",
             empty_type ? "[('float0', 'V')]" : dtype_table[a->aval.dtype].name,
             a->aval.weak ? ", weak_type=True" : "");
    text_add(t, ",");
    add_spaces(t, last_line + type.n + 2 > LINE_WIDTH ? 6 : 1);
    text_bytes(t, type.at, (size_t)type.n);
    text_add(t, ")");
    base_free(type.at);
}

/* Random keys show the words that they are made of. */
static void key_text(text *t, ct_array a)
{
    int64_t shape[64], ndim = a->aval.ndim, words = dtype_table[a->aval.dtype].itemsize / 4;
    text_add(t, "Array(");
    add_shape(t, &a->aval);
    text_add(t, ", dtype=%s) overlaying:\n", dtype_table[a->aval.dtype].name);
    if (ndim >= (int64_t)countof(shape))
        return;
    memcpy(shape, a->aval.shape, (size_t)ndim * sizeof *shape);
    shape[ndim] = words;
    ct_scope scope = ct_begin();
    ct_array bits = array_view(a, CT_UINT32, false, ndim + 1, shape);
    if (!is_poison(bits))
        str_text(t, bits);
    ct_end(scope);
}

void (*array_tracer_text)(text *t, ct_array tracer);

static void tracer_text(text *t, ct_array a)
{
    if (array_tracer_text) {
        array_tracer_text(t, a);
        return;
    }
    text_add(t, a->aval.weak ? "Tracer(~" : "Tracer(");
    aval_text(t, &a->aval, false);
    text_add(t, ")");
}

void array_text(text *t, ct_array a, bool repr)
{
    if (is_poison(a))
        text_add(t, "<failed: %s>", ct_error_message());
    else if (is_tracer(a))
        tracer_text(t, a);
    else if (is_tree(a))
        tree_text(t, a, false);
    else if (dtype_is((ct_dtype)a->aval.dtype, FAMILY_KEY))
        key_text(t, a);
    else if (repr)
        repr_text(t, a);
    else
        str_text(t, a);
}

char *ct_format(ct_tree value, bool repr)
{
    text t = {0};
    array_text(&t, value, repr);
    return text_end(&t);
}

static void put_line(text *t)
{
    char *s = text_end(t);
    if (s)
        puts(s);
    base_free(s);
}

void ct_print(ct_tree value)
{
    text t = {0};
    array_text(&t, value, false);
    put_line(&t);
}

void ct_print_shapes(ct_tree value)
{
    text t = {0};
    if (is_poison(value))
        array_text(&t, value, false);
    else
        tree_text(&t, value, true);
    put_line(&t);
}

/* Elementwise operations: most are one operation of StableHLO or CHLO, by name; the others are
 * written out. */
#include "stablehlo/hlo.h"

typedef struct map {
    const char *name; /* NULL: written out */
    hlo_rule *rule;
} map;

static void named(hlo *h, hlo_eqn *q);
static void compared(hlo *h, hlo_eqn *q);

/* ---- written out ---- */

static void exp2_rule(hlo *h, hlo_eqn *q)
{
    hlo_value *ln2 = hlo_filled(h, *q->type, 0.69314718055994530942);
    q->out[0] = hlo_unary(h, "exponential", hlo_binary(h, "multiply", ln2, q->in[0]));
}

static void logistic_rule(hlo *h, hlo_eqn *q)
{
    hlo_value *e = hlo_unary(h, "exponential", hlo_unary(h, "negate", q->in[0]));
    hlo_value *below = hlo_binary(h, "add", hlo_filled(h, *q->type, 1), e);
    q->out[0] = hlo_binary(h, "divide", hlo_filled(h, *q->type, 1), below);
}

static void sign_rule(hlo *h, hlo_eqn *q)
{
    hlo_value *x = q->in[0];
    if (!dtype_is((ct_dtype)x->type.dtype, FAMILY_UINT)) {
        q->out[0] = hlo_unary(h, "sign", x);
        return;
    }
    hlo_value *none = hlo_compare(h, "EQ", x, hlo_filled(h, x->type, 0));
    hlo_value *zero = hlo_filled(h, x->type, 0);
    q->out[0] = hlo_select(h, none, zero, hlo_filled(h, x->type, 1));
}

static void square_rule(hlo *h, hlo_eqn *q)
{
    hlo_value *x = q->in[0];
    q->out[0] = dtype_inexact((ct_dtype)x->type.dtype)
                    ? hlo_put(h, *q->type, "chlo.square $a : $i -> $t", x)
                    : hlo_binary(h, "multiply", x, x);
}

static hlo_value *part(hlo *h, const char *which, hlo_value *z)
{
    aval type = hlo_of(&z->type, dtype_real_part((ct_dtype)z->type.dtype));
    return hlo_put(h, type, hlo_format(h, "stablehlo.%s $a : $s", which), z);
}

static hlo_value *joined(hlo *h, hlo_value *re, hlo_value *im)
{
    ct_dtype d = re->type.dtype == CT_FLOAT64 ? CT_COMPLEX128 : CT_COMPLEX64;
    return hlo_put(h, hlo_of(&re->type, d), "stablehlo.complex $a : $t", re, im);
}

static void conj_rule(hlo *h, hlo_eqn *q)
{
    hlo_value *z = q->in[0];
    if (!dtype_is((ct_dtype)z->type.dtype, FAMILY_COMPLEX)) {
        hlo_value *im = hlo_filled(h, z->type, 0);
        q->out[0] = joined(h, z, im);
        return;
    }
    hlo_value *re = part(h, "real", z);
    q->out[0] = joined(h, re, hlo_unary(h, "negate", part(h, "imag", z)));
}

hlo_value *hlo_extreme(hlo *h, const char *how, hlo_value *x, hlo_value *y)
{
    hlo_value *a = part(h, "real", x), *b = part(h, "real", y);
    hlo_value *equal = hlo_compare(h, "EQ", a, b), *beyond = hlo_compare(h, how, a, b);
    hlo_value *im = part(h, "imag", x);
    hlo_value *by_imag = hlo_compare(h, how, im, part(h, "imag", y));
    return hlo_select(h, hlo_select(h, equal, by_imag, beyond), x, y);
}

static void extreme_rule(hlo *h, hlo_eqn *q)
{
    bool greatest = q->e->op->code == OP_max;
    q->out[0] = dtype_is((ct_dtype)q->type->dtype, FAMILY_COMPLEX)
                    ? hlo_extreme(h, greatest ? "GT" : "LT", q->in[0], q->in[1])
                    : hlo_binary(h, greatest ? "maximum" : "minimum", q->in[0], q->in[1]);
}

static void complex_rule(hlo *h, hlo_eqn *q) { q->out[0] = joined(h, q->in[0], q->in[1]); }

static void real_rule(hlo *h, hlo_eqn *q) { q->out[0] = part(h, "real", q->in[0]); }

static void imag_rule(hlo *h, hlo_eqn *q) { q->out[0] = part(h, "imag", q->in[0]); }

static void pow_rule(hlo *h, hlo_eqn *q)
{
    hlo_value *y = q->in[1];
    if (y->type.dtype != q->in[0]->type.dtype)
        y = hlo_put(h, hlo_of(&y->type, (ct_dtype)q->in[0]->type.dtype),
                    "stablehlo.convert $a : $:", y);
    q->out[0] = hlo_binary(h, "power", q->in[0], y);
}

/* By repeated squaring, cubes as one would write them. */
static void integer_pow_rule(hlo *h, hlo_eqn *q)
{
    int64_t y = ((const params_integer_pow *)q->e->params)->y;
    hlo_value *x = q->in[0], *power = NULL;
    if (y == 3) {
        q->out[0] = hlo_binary(h, "multiply", hlo_binary(h, "multiply", x, x), x);
        return;
    }
    for (uint64_t n = y < 0 ? -(uint64_t)y : (uint64_t)y; n; n >>= 1) {
        if (n & 1)
            power = power ? hlo_binary(h, "multiply", power, x) : x;
        if (n > 1)
            x = hlo_binary(h, "multiply", x, x);
    }
    if (!power)
        power = hlo_filled(h, *q->type, 1);
    q->out[0] = y < 0 ? hlo_binary(h, "divide", hlo_filled(h, *q->type, 1), power) : power;
}

static void clamp_rule(hlo *h, hlo_eqn *q)
{
    q->out[0] = hlo_put(h, *q->type, "stablehlo.clamp $a : $t", q->in[0], q->in[1], q->in[2]);
}

/* Of the n cases from the first on, by halves. */
static hlo_value *chosen(hlo *h, hlo_value *which, hlo_value *const *cases, int64_t first,
                         int64_t n)
{
    if (n == 1)
        return cases[0];
    int64_t half = n / 2;
    hlo_value *below =
        hlo_compare(h, "LT", which, hlo_filled(h, which->type, (double)(first + half)));
    hlo_value *left = chosen(h, which, cases, first, half);
    return hlo_select(h, below, left, chosen(h, which, cases + half, first + half, n - half));
}

static void select_rule(hlo *h, hlo_eqn *q)
{
    hlo_value *which = q->in[0];
    q->out[0] = which->type.dtype == CT_BOOL ? hlo_select(h, which, q->in[2], q->in[1])
                                             : chosen(h, which, q->in + 1, 0, q->e->nin - 1);
}

static void convert_rule(hlo *h, hlo_eqn *q)
{
    hlo_value *x = q->in[0];
    ct_dtype to = (ct_dtype)q->type->dtype;
    bool was_complex = dtype_is((ct_dtype)x->type.dtype, FAMILY_COMPLEX);
    if (was_complex && !dtype_is(to, FAMILY_COMPLEX))
        x = part(h, "real", x);
    if (to == CT_BOOL && x->type.dtype != CT_BOOL)
        x = hlo_compare(h, "NE", x, hlo_filled(h, x->type, 0));
    q->out[0] = hlo_put(h, *q->type, "stablehlo.convert $a : $:", x);
}

static void reduce_precision_rule(hlo *h, hlo_eqn *q)
{
    const params_reduce_precision *p = q->e->params;
    q->out[0] = hlo_put(h, *q->type,
                        hlo_format(h, "stablehlo.reduce_precision $a, format = e%lldm%lld : $t",
                                   (long long)p->exponent_bits, (long long)p->mantissa_bits),
                        q->in[0]);
}

static void round_rule(hlo *h, hlo_eqn *q)
{
    bool even = ((const params_round *)q->e->params)->rounding_method;
    q->out[0] = hlo_unary(h, even ? "round_nearest_even" : "round_nearest_afz", q->in[0]);
}

/* What computes nothing. */
static void same_rule(hlo *h, hlo_eqn *q)
{
    (void)h;
    q->out[0] = q->in[0];
}

/* ---- by name ---- */

#define CHLO(name)                                                                                 \
    {                                                                                              \
        "chlo." name " $a : $i -> $t", named                                                       \
    }
#define PLAIN(name)                                                                                \
    {                                                                                              \
        "stablehlo." name " $a : $:", named                                                        \
    }
static const map maps[OP_COUNT] = {
    [OP_neg] = PLAIN("negate"),
    [OP_sign] = {NULL, sign_rule},
    [OP_floor] = PLAIN("floor"),
    [OP_ceil] = PLAIN("ceil"),
    [OP_is_finite] = PLAIN("is_finite"),
    [OP_exp] = PLAIN("exponential"),
    [OP_exp2] = {NULL, exp2_rule},
    [OP_log] = PLAIN("log"),
    [OP_expm1] = PLAIN("exponential_minus_one"),
    [OP_log1p] = PLAIN("log_plus_one"),
    [OP_tanh] = PLAIN("tanh"),
    [OP_logistic] = {NULL, logistic_rule},
    [OP_sin] = PLAIN("sine"),
    [OP_cos] = PLAIN("cosine"),
    [OP_tan] = PLAIN("tan"),
    [OP_asin] = CHLO("asin"),
    [OP_acos] = CHLO("acos"),
    [OP_atan] = CHLO("atan"),
    [OP_sinh] = CHLO("sinh"),
    [OP_cosh] = CHLO("cosh"),
    [OP_asinh] = CHLO("asinh"),
    [OP_acosh] = CHLO("acosh"),
    [OP_atanh] = CHLO("atanh"),
    [OP_abs] = PLAIN("abs"),
    [OP_sqrt] = PLAIN("sqrt"),
    [OP_rsqrt] = PLAIN("rsqrt"),
    [OP_cbrt] = PLAIN("cbrt"),
    [OP_square] = {NULL, square_rule},
    [OP_not] = PLAIN("not"),
    [OP_population_count] = PLAIN("popcnt"),
    [OP_clz] = PLAIN("count_leading_zeros"),
    [OP_erf] = CHLO("erf"),
    [OP_erfc] = CHLO("erfc"),
    [OP_erf_inv] = CHLO("erf_inv"),
    [OP_lgamma] = CHLO("lgamma"),
    [OP_digamma] = CHLO("digamma"),
    [OP_bessel_i1e] = CHLO("bessel_i1e"),
    [OP_polygamma] = CHLO("polygamma"),
    [OP_zeta] = CHLO("zeta"),
    [OP_nextafter] = CHLO("next_after"),
    [OP_add] = PLAIN("add"),
    [OP_add_any] = PLAIN("add"),
    [OP_sub] = PLAIN("subtract"),
    [OP_mul] = PLAIN("multiply"),
    [OP_div] = PLAIN("divide"),
    [OP_rem] = PLAIN("remainder"),
    [OP_max] = {NULL, extreme_rule},
    [OP_min] = {NULL, extreme_rule},
    [OP_atan2] = PLAIN("atan2"),
    [OP_and] = PLAIN("and"),
    [OP_or] = PLAIN("or"),
    [OP_xor] = PLAIN("xor"),
    [OP_shift_left] = PLAIN("shift_left"),
    [OP_shift_right_arithmetic] = PLAIN("shift_right_arithmetic"),
    [OP_shift_right_logical] = PLAIN("shift_right_logical"),
    [OP_eq] = {"EQ", compared},
    [OP_ne] = {"NE", compared},
    [OP_lt] = {"LT", compared},
    [OP_le] = {"LE", compared},
    [OP_gt] = {"GT", compared},
    [OP_ge] = {"GE", compared},
    [OP_eq_to] = {"EQ", compared},
    [OP_le_to] = {"LE", compared},
    [OP_lt_to] = {"LT", compared},
    [OP_complex] = {NULL, complex_rule},
    [OP_real] = {NULL, real_rule},
    [OP_imag] = {NULL, imag_rule},
    [OP_conj] = {NULL, conj_rule},
    [OP_pow] = {NULL, pow_rule},
    [OP_integer_pow] = {NULL, integer_pow_rule},
    [OP_clamp] = {NULL, clamp_rule},
    [OP_select_n] = {NULL, select_rule},
    [OP_convert_element_type] = {NULL, convert_rule},
    [OP_bitcast_convert_type] = {"stablehlo.bitcast_convert $a : $s", named},
    [OP_reduce_precision] = {NULL, reduce_precision_rule},
    [OP_round] = {NULL, round_rule},
    [OP_copy] = {NULL, same_rule},
    [OP_stop_gradient] = {NULL, same_rule},
    [OP_name] = {NULL, same_rule},
};

static void named(hlo *h, hlo_eqn *q)
{
    q->out[0] = hlo_emit(h, *q->type, maps[q->e->op->code].name, q->e->nin, q->in);
}

static void compared(hlo *h, hlo_eqn *q)
{
    int code = q->e->op->code;
    bool total = (code == OP_eq_to || code == OP_le_to || code == OP_lt_to) &&
                 dtype_is((ct_dtype)q->in[0]->type.dtype, FAMILY_FLOAT);
    q->out[0] = total ? hlo_compare_as(h, maps[code].name, q->in[0], q->in[1], "TOTALORDER")
                      : hlo_compare(h, maps[code].name, q->in[0], q->in[1]);
}

/* Scalars among the operands take the shape of the result; the index of a selection and the bounds
 * of a clamp may stay scalars for select alone. */
static void spread_map(hlo *h, hlo_eqn *q)
{
    int code = q->e->op->code;
    for (int i = 0; i < q->e->nin; i++) {
        bool index = code == OP_select_n && !i && q->in[i]->type.dtype == CT_BOOL;
        if (!index)
            q->in[i] = hlo_spread(h, q->in[i], q->type);
    }
    maps[code].rule(h, q);
}

hlo_rule *hlo_map_rule(int code)
{
    if (code >= OP_COUNT || !maps[code].rule)
        return NULL;
    return code == OP_bitcast_convert_type ? named : spread_map;
}

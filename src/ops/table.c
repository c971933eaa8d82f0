/* Expands ops.def: the table of operations, their builders and the derivative functions of the
 * elementwise rows.
 *
 * The rules that the rows name by family are in families.c, reduce.c and cumulative.c. */
#include "ops/rules.h"

/* ---- derivatives too long for their rows ---- */

#define ZERO NULL
#define NO_RULE(row)                                                                               \
    ct_fail(CT_NOT_IMPLEMENTED_ERROR, "Differentiation rule for '%s' not implemented", #row)
#define UNDEFINED(function, operands)                                                              \
    ct_fail(CT_VALUE_ERROR, "%s gradient with respect to %s is not supported", function, operands)

/* t + t o, times 1 - o: well behaved where 1 - o^2 cancels. */
static ct_array derivative_tanh(ct_array t, ct_array o)
{
    ct_array sum = add(t, mul(t, o));
    return mul(sum, sub(1, o));
}

static ct_array derivative_atanh(ct_array t, ct_array x)
{
    ct_array left = op_integer_pow(add(1, x), -1);
    return mul(left, div(t, sub(1, x)));
}

static ct_array nonzero(ct_array x)
{
    ct_array zero = op_eq(x, op_number(0, x)), one = op_full_like(x, 1);
    return select(zero, one, x);
}

static ct_array derivative_abs(ct_array t, ct_array o, ct_array x)
{
    if (dtype_is((ct_dtype)x->aval.dtype, FAMILY_COMPLEX)) {
        ct_array size = nonzero(op_convert(o, (ct_dtype)x->aval.dtype, false));
        return op_real(mul(t, div(op_conj(x), size)));
    }
    ct_array positive = op_ge(x, op_number(0, x));
    return select(positive, t, neg(t));
}

static ct_array derivative_rem(ct_array t, ct_array x, ct_array y)
{
    ct_array negative = neg(t), sign = op_sign(div(x, y));
    return mul(negative, mul(sign, op_floor(op_abs(div(x, y)))));
}

/* Where x attains the extreme z: 1, or 1/2 where y attains it too. */
static ct_array balanced_eq(ct_array x, ct_array z, ct_array y)
{
    ct_array mine = op_eq(x, z), one = op_full_like(z, 1);
    ct_array share = select(mine, one, op_full_like(z, 0));
    ct_array both = op_eq(y, z), two = op_full_like(z, 2);
    return div(share, select(both, two, op_full_like(z, 1)));
}

/* sin(x) / x. */
static ct_array derivative_sinint(ct_array t, ct_array x)
{
    ct_array zero = op_eq(x, op_number(0, x)), safe = nonzero(x);
    return mul(t, select(zero, op_full_like(x, 1), div(op_sin(safe), safe)));
}

/* log(x) / (1 - x), -1 at 1. */
static ct_array derivative_spence(ct_array t, ct_array x)
{
    ct_array below = sub(1, x), one = op_eq(x, op_number(1, x));
    return mul(t, select(one, op_full_like(x, -1), div(op_log(x), nonzero(below))));
}

static ct_array derivative_owens_h(ct_array t, ct_array h, ct_array a)
{
    ct_array density = mul(op_exp(mul(-0.5, op_square(h))), 0.19947114020071635);
    return neg(mul(t, mul(density, op_erf(mul(mul(a, h), 0.7071067811865476)))));
}

static ct_array derivative_owens_a(ct_array t, ct_array h, ct_array a)
{
    ct_array s = add(op_square(a), 1);
    ct_array value = op_exp(mul(-0.5, mul(op_square(h), s)));
    return mul(t, div(value, mul(6.283185307179586, s)));
}

static ct_array derivative_bessel_jn(ct_array t, ct_array n, ct_array x)
{
    ct_array lower = op_bessel_jn(sub(n, 1), x);
    return mul(t, mul(0.5, sub(lower, op_bessel_jn(add(n, 1), x))));
}

/* (n x P - sqrt((n^2 - m^2) (2n + 1) / (2n - 1)) P of n - 1) / (x^2 - 1). */
static ct_array derivative_legendre(ct_array t, ct_array o, ct_array n, ct_array m, ct_array x)
{
    ct_array squares = sub(op_square(n), op_square(m)), one = op_full_like(n, 1);
    ct_array odds = div(add(mul(2, n), 1), op_max(sub(mul(2, n), 1), one));
    ct_array lower = op_legendre(op_max(sub(n, 1), op_full_like(n, 0)), m, x);
    ct_array scale = op_sqrt(op_max(mul(squares, odds), op_full_like(n, 0)));
    return mul(t, div(sub(mul(mul(n, x), o), mul(scale, lower)), sub(op_square(x), 1)));
}

static ct_array derivative_hyp2f1(ct_array t, ct_array a, ct_array b, ct_array c, ct_array x)
{
    ct_array scale = div(mul(a, b), c);
    return mul(t, mul(scale, op_hyp2f1(add(a, 1), add(b, 1), add(c, 1), x)));
}

static ct_array derivative_igamma(ct_array t, ct_array a, ct_array x)
{
    ct_array exponent = add(neg(x), mul(sub(a, op_full_like(a, 1)), op_log(x)));
    return mul(t, op_exp(sub(exponent, op_lgamma(a))));
}

static ct_array derivative_betainc(ct_array t, ct_array a, ct_array b, ct_array x)
{
    ct_array log_beta = sub(add(op_lgamma(a), op_lgamma(b)), op_lgamma(add(a, b)));
    ct_array right = mul(sub(b, 1), op_log1p(neg(x)));
    ct_array left = mul(sub(a, 1), op_log(x));
    return mul(op_exp(sub(add(right, left), log_beta)), t);
}

static double epsilon_of(ct_array x)
{
    switch (dtype_table[x->aval.dtype].bits) {
    case 64:
        return 0x1p-52;
    case 32:
        return 0x1p-23;
    default:
        return x->aval.dtype == CT_BFLOAT16 ? 0x1p-7 : 0x1p-10;
    }
}

static ct_array derivative_bessel_i1e(ct_array t, ct_array o, ct_array x)
{
    ct_array big = op_gt(op_abs(x), op_number(epsilon_of(x), x));
    ct_array safe = select(big, x, op_full_like(x, epsilon_of(x)));
    ct_array slope = sub(op_bessel_i0e(safe), mul(o, add(op_sign(safe), op_integer_pow(safe, -1))));
    return mul(t, select(big, slope, op_full_like(x, 0.5)));
}

/* ---- derivatives of the rows, as functions ---- */

#define DERIVATIVE(name, operand, ...)                                                             \
    static ct_array name##_##operand(ct_array t, ct_array o, ct_array x, ct_array y, ct_array z,   \
                                     ct_array w)                                                   \
    {                                                                                              \
        (void)t, (void)o, (void)x, (void)y, (void)z, (void)w;                                      \
        return __VA_ARGS__;                                                                        \
    }
#define UNARY(name, dtypes, flags, dx) DERIVATIVE(derivative_of_##name, x, dx)
#define BINARY(name, dtypes, flags, dx, dy)                                                        \
    DERIVATIVE(derivative_of_##name, x, dx) DERIVATIVE(derivative_of_##name, y, dy)
#define TERNARY(name, dtypes, flags, dx, dy, dz)                                                   \
    BINARY(name, dtypes, flags, dx, dy) DERIVATIVE(derivative_of_##name, z, dz)
#define QUATERNARY(name, dtypes, flags, dx, dy, dz, dw)                                            \
    TERNARY(name, dtypes, flags, dx, dy, dz) DERIVATIVE(derivative_of_##name, w, dw)
#define COMPARE(...)
#define REDUCE(...)
#define CUMULATIVE(...)
#define CUSTOM(...)
#include "ops/ops.def"
#undef UNARY
#undef BINARY
#undef TERNARY
#undef QUATERNARY
#undef COMPARE
#undef REDUCE
#undef CUMULATIVE

const elementwise elementwise_rows[OP_COUNT] = {
#define UNARY(name, dtypes, ...) [OP_##name] = {dtypes, {derivative_of_##name##_x}},
#define BINARY(name, dtypes, ...)                                                                  \
    [OP_##name] = {dtypes, {derivative_of_##name##_x, derivative_of_##name##_y}},
#define TERNARY(name, dtypes, ...)                                                                 \
    [OP_##name] = {                                                                                \
        dtypes, {derivative_of_##name##_x, derivative_of_##name##_y, derivative_of_##name##_z}},
#define QUATERNARY(name, dtypes, ...)                                                              \
    [OP_##name] = {dtypes,                                                                         \
                   {derivative_of_##name##_x, derivative_of_##name##_y, derivative_of_##name##_z,  \
                    derivative_of_##name##_w}},
#define COMPARE(name, dtypes, ...) [OP_##name] = {dtypes, {NULL}},
#define REDUCE(name, dtypes, ...) [OP_##name] = {dtypes, {NULL}},
#define CUMULATIVE(name, dtypes, ...) [OP_##name] = {dtypes, {NULL}},
#include "ops/ops.def"
#undef UNARY
#undef BINARY
#undef TERNARY
#undef QUATERNARY
#undef COMPARE
#undef REDUCE
#undef CUMULATIVE
};

/* ---- the rows ---- */

#define jvp_reduce_sum linear_jvp
#define jvp_reduce_max jvp_extreme
#define jvp_reduce_min jvp_extreme
#define jvp_reduce_and zero_jvp
#define jvp_reduce_or zero_jvp
#define jvp_reduce_xor zero_jvp
#define jvp_cumsum linear_jvp
#define jvp_cumprod jvp_associative
#define jvp_cummax jvp_associative
#define jvp_cummin jvp_associative
#define jvp_cumlogsumexp jvp_associative

#define ELEMENTWISE(row, count, properties)                                                        \
    const op op_row_##row = {.name = #row,                                                         \
                             .flags = OP_ELEMENTWISE | (properties),                               \
                             .code = OP_##row,                                                     \
                             .operands = count,                                                    \
                             .fields = (properties)&ACCURACY ? fields_accuracy : fields_out_dtype, \
                             .nfields = !!((properties) & (ACCURACY | OUT_DTYPE)),                 \
                             .abstract = families_abstract,                                        \
                             .kernel = families_kernel,                                            \
                             .jvp = families_jvp,                                                  \
                             .transpose = families_transpose,                                      \
                             .vmap = families_vmap};
#define UNARY(name, dtypes, flags, ...) ELEMENTWISE(name, 1, flags)
#define BINARY(name, dtypes, flags, ...) ELEMENTWISE(name, 2, flags)
#define TERNARY(name, dtypes, flags, ...) ELEMENTWISE(name, 3, flags)
#define QUATERNARY(name, dtypes, flags, ...) ELEMENTWISE(name, 4, flags)
#define COMPARE(name, dtypes, flags) ELEMENTWISE(name, 2, (flags) | TO_BOOL)
#define REDUCE(row, ...)                                                                           \
    const op op_row_##row = {                                                                      \
        .name = #row,                                                                              \
        .flags = (OP_##row == OP_reduce_sum ? OP_LINEAR : 0),                                      \
        .code = OP_##row,                                                                          \
        .operands = 1,                                                                             \
        .params_size = sizeof(params_reduce),                                                      \
        .fields = OP_##row == OP_reduce_sum ? fields_reduce_sum : fields_reduce,                   \
        .nfields = OP_##row == OP_reduce_sum ? nfields_reduce_sum : nfields_reduce,                \
        .abstract = reduce_abstract,                                                               \
        .kernel = reduce_kernel,                                                                   \
        .jvp = jvp_##row,                                                                          \
        .transpose = reduce_transpose,                                                             \
        .vmap = reduce_vmap};
#define CUMULATIVE(row, ...)                                                                       \
    const op op_row_##row = {.name = #row,                                                         \
                             .code = OP_##row,                                                     \
                             .operands = 1,                                                        \
                             .fields = fields_cumulative,                                          \
                             .nfields = nfields_cumulative,                                        \
                             .params_size = sizeof(params_cumulative),                             \
                             .abstract = cumulative_abstract,                                      \
                             .kernel = cumulative_kernel,                                          \
                             .jvp = jvp_##row,                                                     \
                             .transpose = cumulative_transpose,                                    \
                             .vmap = cumulative_vmap};
#include "ops/ops.def"
#undef UNARY
#undef BINARY
#undef TERNARY
#undef QUATERNARY
#undef COMPARE
#undef REDUCE
#undef CUMULATIVE
#undef CUSTOM

const op *const op_table[OP_COUNT] = {
#define ROW(name, ...) [OP_##name] = &op_row_##name,
#define UNARY ROW
#define BINARY ROW
#define TERNARY ROW
#define QUATERNARY ROW
#define COMPARE ROW
#define REDUCE ROW
#define CUMULATIVE ROW
#define CUSTOM ROW
#include "ops/ops.def"
#undef UNARY
#undef BINARY
#undef TERNARY
#undef QUATERNARY
#undef COMPARE
#undef REDUCE
#undef CUMULATIVE
#undef CUSTOM
};

const op *op_named(const char *name)
{
    for (int i = 0; i < OP_COUNT; i++)
        if (op_table[i] && !strcmp(op_table[i]->name, name))
            return op_table[i];
    return NULL;
}

/* ---- builders ---- */

#define UNARY(name, ...)                                                                           \
    ct_array op_##name(ct_array x) { return core_bind1(&op_row_##name, NULL, 1, (ct_array[]){x}); }
#define BINARY(name, ...)                                                                          \
    ct_array op_##name(ct_array x, ct_array y)                                                     \
    {                                                                                              \
        return core_bind1(&op_row_##name, NULL, 2, (ct_array[]){x, y});                            \
    }
#define TERNARY(name, ...)                                                                         \
    ct_array op_##name(ct_array x, ct_array y, ct_array z)                                         \
    {                                                                                              \
        return core_bind1(&op_row_##name, NULL, 3, (ct_array[]){x, y, z});                         \
    }
#define QUATERNARY(name, ...)                                                                      \
    ct_array op_##name(ct_array x, ct_array y, ct_array z, ct_array w)                             \
    {                                                                                              \
        return core_bind1(&op_row_##name, NULL, 4, (ct_array[]){x, y, z, w});                      \
    }
#define COMPARE BINARY
#define REDUCE(name, ...)                                                                          \
    ct_array op_##name(ct_array x, ct_ints axes)                                                   \
    {                                                                                              \
        return core_bind1(&op_row_##name, &(params_reduce){.axes = axes}, 1, (ct_array[]){x});     \
    }
#define CUMULATIVE(name, ...)                                                                      \
    ct_array op_##name(ct_array x, int64_t axis, bool reverse)                                     \
    {                                                                                              \
        return core_bind1(&op_row_##name, &(params_cumulative){.axis = axis, .reverse = reverse},  \
                          1, (ct_array[]){x});                                                     \
    }
#define CUSTOM(...)
#include "ops/ops.def"

/* The parser in core finds operations through this. */
static const op *named_bytes(const char *name, size_t n)
{
    for (int i = 0; i < OP_COUNT; i++)
        if (op_table[i] && strlen(op_table[i]->name) == n && !strncmp(op_table[i]->name, name, n))
            return op_table[i];
    return NULL;
}
__attribute__((constructor)) static void announce(void) { core_op_named = named_bytes; }

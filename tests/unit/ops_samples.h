/* What each row of ops.def is tried on: how to apply it and the domain of its operands. Shared by
 * the tests of laws and of jaxprs. */
#ifndef COTAN_TEST_OPS_SAMPLES_H
#define COTAN_TEST_OPS_SAMPLES_H
#include "ops/rules.h"
#include "transform/transform.h"

typedef ct_array apply_fn(const ct_array *a);
typedef struct sample {
    int nargs;        /* 0: no sample */
    double low, high; /* of the first operand's elements, and of the others' unless low2 < high2 */
    double low2, high2;
    ct_dtype dtype;        /* of the operands; CT_NO_DTYPE: float64 */
    apply_fn *apply;       /* NULL: the operation itself, without parameters */
    const char *elsewhere; /* the test file that covers the row instead */
    bool rough; /* not differentiable at sampled points, or its derivative is not defined */
    int64_t shapes[3][4]; /* of the operands, -1 ends; all zero: (2, 3) */
} sample;

#define APPLY(name, expression)                                                                    \
    static ct_array apply_##name(const ct_array *a)                                                \
    {                                                                                              \
        (void)a;                                                                                   \
        return expression;                                                                         \
    }
APPLY(reduce_sum, op_reduce_sum(a[0], I(0)))
APPLY(reduce_prod, op_reduce_prod(a[0], I(1)))
APPLY(reduce_max, op_reduce_max(a[0], I(0)))
APPLY(reduce_min, op_reduce_min(a[0], I(0, 1)))
APPLY(reduce_and, op_reduce_and(a[0], I(0)))
APPLY(reduce_or, op_reduce_or(a[0], I(1)))
APPLY(reduce_xor, op_reduce_xor(a[0], I(0)))
APPLY(cumsum, op_cumsum(a[0], 1, false))
APPLY(cumprod, op_cumprod(a[0], 1, true))
APPLY(cummax, op_cummax(a[0], 1, false))
APPLY(cummin, op_cummin(a[0], 0, true))
APPLY(cumlogsumexp, op_cumlogsumexp(a[0], 1, false))
APPLY(complex, op_real(op_mul(op_complex(a[0], a[1]), op_complex(a[1], a[0]))))
APPLY(real, op_real(op_complex(a[0], a[0])))
APPLY(imag, op_imag(op_complex(a[0], a[0])))
APPLY(conj, op_imag(op_mul(op_conj(a[0]), op_complex(a[0], a[0]))))
APPLY(pow, op_pow(a[0], a[1]))
APPLY(integer_pow, op_integer_pow(a[0], -3))
APPLY(clamp, op_clamp(a[1], a[0], a[2]))
APPLY(select_n, op_select_n(op_gt(a[0], op_number(0, a[0])), 2, a + 1))
APPLY(convert, op_convert(a[0], CT_FLOAT64, false))
APPLY(bitcast, op_bitcast(a[0], CT_INT64))
APPLY(reduce_precision, op_reduce_precision(a[0], 8, 7))
APPLY(round, op_round(a[0], 1))
APPLY(copy, op_copy(a[0]))
APPLY(stop_gradient, op_stop_gradient(a[0]))
APPLY(name, op_name(a[0], "here"))
APPLY(broadcast_in_dim, op_broadcast_in_dim(a[0], I(2, 4, 3), I(0, 2)))
APPLY(reshape, op_reshape(a[0], I(3, 2)))
APPLY(squeeze, op_squeeze(op_expand_dims(a[0], I(0, 2)), I(0)))
APPLY(transpose, op_transpose(a[0], I(1, 0)))
APPLY(rev, op_rev(a[0], I(1)))
APPLY(concatenate, op_concatenate(2, a, 1))
static ct_array apply_split(const ct_array *a)
{
    ct_array parts[2];
    op_split(a[0], I(1, 2), 1, parts);
    return op_mul(parts[0], parts[1]);
}
APPLY(stack, op_stack(2, a, 1))
static ct_array apply_unstack(const ct_array *a)
{
    ct_array parts[3];
    op_unstack(a[0], 1, parts);
    return op_mul(parts[0], parts[2]);
}
APPLY(tile, op_tile(a[0], I(2, 2)))
APPLY(pad, op_pad(op_pad(a[0], op_reduce_sum(a[1], I(0, 1)), I(1, 0, 1, -1, 2, 0)),
                  op_number(0, a[0]), I(0, -2, 0, 1, 1, 2)))
APPLY(slice, op_slice(a[0], I(0, 1), I(2, 3), I(1, 2)))
static ct_array index_of(ct_array x)
{
    return op_convert(op_reduce_max(x, I(0, 1)), CT_INT32, false);
}
static ct_array apply_dynamic_slice(const ct_array *a)
{
    ct_array first = index_of(a[1]), second = index_of(a[1]);
    return op_dynamic_slice(a[0], 2, (ct_array[]){first, second}, I(1, 2));
}
static ct_array apply_dynamic_update_slice(const ct_array *a)
{
    ct_array update = op_slice(a[1], I(0, 0), I(1, 2), (ct_ints){0}), first = index_of(a[1]),
             second = index_of(a[1]);
    return op_dynamic_update_slice(a[0], update, 2, (ct_array[]){first, second});
}
APPLY(iota, op_mul(a[0], op_iota(CT_FLOAT64, I(2, 3), 1)))
APPLY(argmin, op_argmin(a[0], 1, CT_INT32))
APPLY(argmax, op_argmax(a[0], 0, CT_INT32))

#define REAL_LINE 2, -2.1, 2.3
#define ONE(...)                                                                                   \
    {                                                                                              \
        1, __VA_ARGS__                                                                             \
    }
#define INTS32(n)                                                                                  \
    {                                                                                              \
        n, -9, 9, .dtype = CT_INT32, .rough = true                                                 \
    }
#define OF(name, n, ...) [OP_##name] = {n, -2.1, 2.3, .apply = apply_##name, __VA_ARGS__}
#define ELSEWHERE(name, file) [OP_##name] = {.elsewhere = file}
static const sample samples[OP_COUNT] = {
    [OP_neg] = ONE(-2, 2),
    [OP_sign] = ONE(-2, 2),
    [OP_floor] = ONE(-2, 2),
    [OP_ceil] = ONE(-2, 2),
    [OP_is_finite] = ONE(-2, 2, .rough = true),
    [OP_exp] = ONE(-2, 2),
    [OP_exp2] = ONE(-2, 2),
    [OP_log] = ONE(0.2, 3),
    [OP_expm1] = ONE(-2, 2),
    [OP_log1p] = ONE(-0.7, 2),
    [OP_tanh] = ONE(-2, 2),
    [OP_logistic] = ONE(-2, 2),
    [OP_sin] = ONE(-4, 4),
    [OP_cos] = ONE(-4, 4),
    [OP_tan] = ONE(-1.2, 1.2),
    [OP_asin] = ONE(-0.8, 0.8),
    [OP_acos] = ONE(-0.8, 0.8),
    [OP_atan] = ONE(-3, 3),
    [OP_sinh] = ONE(-2, 2),
    [OP_cosh] = ONE(-2, 2),
    [OP_asinh] = ONE(-2, 2),
    [OP_acosh] = ONE(1.3, 3),
    [OP_atanh] = ONE(-0.8, 0.8),
    [OP_abs] = ONE(-2, 2),
    [OP_sqrt] = ONE(0.2, 3),
    [OP_rsqrt] = ONE(0.2, 3),
    [OP_cbrt] = ONE(0.2, 3),
    [OP_square] = ONE(-2, 2),
    [OP_not] = INTS32(1),
    [OP_population_count] = INTS32(1),
    [OP_clz] = INTS32(1),
    [OP_erf] = ONE(-2, 2),
    [OP_erfc] = ONE(-2, 2),
    [OP_erf_inv] = ONE(-0.8, 0.8),
    [OP_lgamma] = ONE(0.5, 4),
    [OP_digamma] = ONE(0.5, 4),
    [OP_bessel_i0e] = ONE(-2, 2),
    [OP_bessel_i1e] = ONE(-2, 2),
    [OP_expi] = ONE(0.5, 3),
    [OP_sinint] = ONE(-3, 3),
    [OP_cosint] = ONE(0.5, 6),
    [OP_erfcx] = ONE(-1, 3),
    [OP_dawsn] = ONE(-3, 3),
    [OP_fresnel_sin] = ONE(-2, 2),
    [OP_fresnel_cos] = ONE(-2, 2),
    [OP_spence] = ONE(0.2, 3),
    [OP_add] = {REAL_LINE},
    [OP_add_any] = {REAL_LINE},
    [OP_sub] = {REAL_LINE},
    [OP_mul] = {REAL_LINE},
    [OP_div] = {2, -2, 2, 0.5, 3},
    [OP_rem] = {2, -2, 2, 1.3, 3},
    [OP_max] = {REAL_LINE},
    [OP_min] = {REAL_LINE},
    [OP_atan2] = {2, -2, 2, 0.5, 2},
    [OP_nextafter] = {REAL_LINE, .rough = true},
    [OP_and] = INTS32(2),
    [OP_or] = INTS32(2),
    [OP_xor] = INTS32(2),
    [OP_shift_left] = {2, 1, 9, .dtype = CT_INT32, .rough = true},
    [OP_shift_right_arithmetic] = {2, 1, 9, .dtype = CT_INT32, .rough = true},
    [OP_shift_right_logical] = {2, 1, 9, .dtype = CT_INT32, .rough = true},
    [OP_mulhi] = INTS32(2),
    [OP_igamma] = {2, 0.5, 3, 0.5, 3},
    [OP_igammac] = {2, 0.5, 3, 0.5, 3},
    [OP_igamma_grad_a] = {2, 0.5, 3, 0.5, 3, .rough = true},
    [OP_random_gamma_grad] = {2, 0.5, 3, 0.5, 3, .rough = true},
    [OP_zeta] = {2, 1.5, 4, 0.5, 3, .rough = true},
    [OP_expn] = {2, 2, 2, 0.5, 3, .rough = true},
    [OP_owens_t] = {2, -2, 2, -2, 2},
    [OP_bessel_jn] = {2, 1, 1, 0.5, 3, .rough = true},
    [OP_polygamma] = {2, 1, 1, 0.5, 3, .rough = true},
    [OP_eq] = {REAL_LINE, .rough = true},
    [OP_ne] = {REAL_LINE, .rough = true},
    [OP_lt] = {REAL_LINE, .rough = true},
    [OP_le] = {REAL_LINE, .rough = true},
    [OP_gt] = {REAL_LINE, .rough = true},
    [OP_ge] = {REAL_LINE, .rough = true},
    [OP_eq_to] = {REAL_LINE, .rough = true},
    [OP_le_to] = {REAL_LINE, .rough = true},
    [OP_lt_to] = {REAL_LINE, .rough = true},
    [OP_regularized_incomplete_beta] = {3, 0.3, 0.9, .rough = true},
    [OP_hyp1f1] = {3, 0.3, 0.9},
    [OP_hyp1f1_grad_a] = {3, 0.3, 0.9, .rough = true},
    [OP_hyp1f1_grad_b] = {3, 0.3, 0.9, .rough = true},
    [OP_legendre] = {3, 1, 1, 1, 1, .rough = true},
    [OP_hyp2f1] = {4, 0.3, 0.7},
    [OP_hyp2f1_grad_a] = {4, 0.3, 0.7, .rough = true},
    [OP_hyp2f1_grad_c] = {4, 0.3, 0.7, .rough = true},
    OF(reduce_sum, 1),
    OF(reduce_prod, 1),
    OF(reduce_max, 1),
    OF(reduce_min, 1),
    OF(reduce_and, 1, .dtype = CT_INT32, .rough = true),
    OF(reduce_or, 1, .dtype = CT_INT32, .rough = true),
    OF(reduce_xor, 1, .dtype = CT_INT32, .rough = true),
    OF(cumsum, 1),
    OF(cumprod, 1),
    OF(cummax, 1),
    OF(cummin, 1),
    OF(cumlogsumexp, 1),
    OF(complex, 2),
    OF(real, 1),
    OF(imag, 1),
    OF(conj, 1),
    [OP_pow] = {2, 0.4, 2, -2, 2, .apply = apply_pow},
    OF(integer_pow, 1),
    [OP_clamp] = {3, -2, 2, .apply = apply_clamp, .rough = true},
    OF(select_n, 3),
    [OP_convert_element_type] = ONE(-2, 2, .apply = apply_convert, .dtype = CT_FLOAT32),
    [OP_bitcast_convert_type] = ONE(-2, 2, .apply = apply_bitcast, .rough = true),
    OF(reduce_precision, 1, .rough = true),
    OF(round, 1),
    OF(copy, 1),
    OF(stop_gradient, 1, .rough = true),
    OF(name, 1),
    OF(broadcast_in_dim, 1),
    OF(reshape, 1),
    OF(squeeze, 1),
    OF(transpose, 1),
    OF(rev, 1),
    OF(concatenate, 2),
    OF(split, 1),
    OF(stack, 2),
    OF(unstack, 1),
    OF(tile, 1),
    OF(pad, 2),
    OF(slice, 1),
    OF(dynamic_slice, 2),
    OF(dynamic_update_slice, 2),
    OF(iota, 1),
    OF(argmin, 1, .rough = true),
    OF(argmax, 1, .rough = true),
    ELSEWHERE(dot_general, "structured_dot"),
    ELSEWHERE(conv_general_dilated, "structured_conv"),
    ELSEWHERE(reduce_window_sum, "structured_window"),
    ELSEWHERE(reduce_window_max, "structured_window"),
    ELSEWHERE(reduce_window_min, "structured_window"),
    ELSEWHERE(select_and_scatter_add, "structured_window"),
    ELSEWHERE(select_and_gather_add, "structured_window"),
    ELSEWHERE(dynamic_call, "control"),
    ELSEWHERE(custom_linear_solve, "control"),
    ELSEWHERE(optimization_barrier, "control"),
    ELSEWHERE(gather, "structured_gather"),
    ELSEWHERE(scatter, "structured_gather"),
    ELSEWHERE(scatter_add, "structured_gather"),
    ELSEWHERE(scatter_sub, "structured_gather"),
    ELSEWHERE(scatter_mul, "structured_gather"),
    ELSEWHERE(scatter_min, "structured_gather"),
    ELSEWHERE(scatter_max, "structured_gather"),
    ELSEWHERE(sort, "structured_sort"),
    ELSEWHERE(top_k, "structured_sort"),
    ELSEWHERE(approx_top_k, "structured_sort"),
    ELSEWHERE(rng_bit_generator, "structured_random"),
    ELSEWHERE(rng_uniform, "structured_random"),
    ELSEWHERE(dce_sink, "effects"),
    ELSEWHERE(composite, "effects"),
    ELSEWHERE(cholesky, "structured_linalg"),
    ELSEWHERE(cholesky_update, "structured_linalg"),
    ELSEWHERE(triangular_solve, "structured_linalg"),
    ELSEWHERE(lu, "structured_linalg"),
    ELSEWHERE(lu_pivots_to_permutation, "structured_linalg"),
    ELSEWHERE(lu_solve, "structured_linalg"),
    ELSEWHERE(geqrf, "structured_linalg"),
    ELSEWHERE(geqp3, "structured_linalg"),
    ELSEWHERE(householder_product, "structured_linalg"),
    ELSEWHERE(ormqr, "structured_linalg"),
    ELSEWHERE(qr, "structured_linalg"),
    ELSEWHERE(eigh, "structured_linalg"),
    ELSEWHERE(eig, "structured_linalg"),
    ELSEWHERE(schur, "structured_linalg"),
    ELSEWHERE(hessenberg, "structured_linalg"),
    ELSEWHERE(svd, "structured_linalg"),
    ELSEWHERE(tridiagonal, "structured_linalg"),
    ELSEWHERE(tridiagonal_solve, "structured_linalg"),
    ELSEWHERE(fft, "structured_fft"),
    ELSEWHERE(threefry2x32, "structured_random"),
    ELSEWHERE(random_seed, "structured_random"),
    ELSEWHERE(random_split, "structured_random"),
    ELSEWHERE(random_fold_in, "structured_random"),
    ELSEWHERE(random_bits, "structured_random"),
    ELSEWHERE(random_wrap, "structured_random"),
    ELSEWHERE(random_unwrap, "structured_random"),
    ELSEWHERE(random_clone, "structured_random"),
    ELSEWHERE(random_gamma, "random_recorded"),
    ELSEWHERE(psum, "ops_collectives"),
    ELSEWHERE(pmax, "ops_collectives"),
    ELSEWHERE(pmin, "ops_collectives"),
    ELSEWHERE(axis_index, "ops_collectives"),
    ELSEWHERE(all_gather, "ops_collectives"),
    ELSEWHERE(all_to_all, "ops_collectives"),
    ELSEWHERE(ppermute, "ops_collectives"),
    ELSEWHERE(reduce, "structured_window"),
    ELSEWHERE(reduce_window, "structured_window"),
    ELSEWHERE(jit, "transform"),
    ELSEWHERE(check, "checkify"),
    ELSEWHERE(new_ref, "refs"),
    ELSEWHERE(get, "refs"),
    ELSEWHERE(swap, "refs"),
    ELSEWHERE(addupdate, "refs"),
    ELSEWHERE(freeze, "refs"),
    ELSEWHERE(pure_callback, "effects"),
    ELSEWHERE(io_callback, "effects"),
    ELSEWHERE(debug_callback, "effects"),
    ELSEWHERE(debug_print, "effects"),
    ELSEWHERE(remat2, "checkpoint"),
    ELSEWHERE(custom_jvp_call, "transform"),
    ELSEWHERE(custom_vjp_call, "transform"),
    ELSEWHERE(custom_lin, "transform"),
    ELSEWHERE(custom_vmap_call, "transform"),
    ELSEWHERE(linear_call, "transform"),
    ELSEWHERE(cond, "control"),
    ELSEWHERE(scan, "control"),
    ELSEWHERE(while, "control"),
};

/* ---- applying one ---- */

typedef struct subject {
    const op *o;
    const sample *s;
} subject;

static ct_array apply(const subject *s, const ct_array *a)
{
    return s->s->apply ? s->s->apply(a) : core_bind1(s->o, NULL, s->s->nargs, a);
}

static bool apply_flat(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    (void)nin;
    *out = (leaves){1, base_alloc(sizeof *out->at)};
    return out->at && ops_good(out->at[0] = apply(env, in));
}
static flat flat_of(subject *s) { return (flat){apply_flat, s, s->o->name}; }

#endif

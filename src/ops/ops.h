/* The operations as the rest of the library calls them, and the short names that rules are written
 * in.
 *
 * These are the primitives' own semantics (jax.lax): operands of one dtype, shapes equal except
 * that scalars broadcast; no promotion. A C number stands for a weakly typed scalar and takes the
 * other operand's dtype. NumPy semantics are in src/numpy. */
#ifndef COTAN_SRC_OPS_H
#define COTAN_SRC_OPS_H

#include "core/core.h"
#include "ops/params.h"

/* ops.def lists every primitive once; enum op_code, the table and the elementwise builders come
 * from it. */
enum op_code {
#define ROW(name, ...) OP_##name,
#define UNARY ROW
#define BINARY ROW
#define TERNARY ROW
#define QUATERNARY ROW
#define COMPARE ROW
#define REDUCE ROW
#define CUMULATIVE ROW
#define CUSTOM ROW
#include "ops/ops.def"
#undef ROW
#undef UNARY
#undef BINARY
#undef TERNARY
#undef QUATERNARY
#undef COMPARE
#undef REDUCE
#undef CUMULATIVE
#undef CUSTOM
    OP_COUNT
};
/* The rows themselves: families fill those of elementwise operations, reductions and scans; a
 * CUSTOM row `name` is `const op op_row_name` in its file. */
#define ROW(name, ...) extern const op op_row_##name;
#define UNARY ROW
#define BINARY ROW
#define TERNARY ROW
#define QUATERNARY ROW
#define COMPARE ROW
#define REDUCE ROW
#define CUMULATIVE ROW
#define CUSTOM(name, ...) extern const op op_row_##name;
#include "ops/ops.def"
#undef ROW
#undef UNARY
#undef BINARY
#undef TERNARY
#undef QUATERNARY
#undef COMPARE
#undef REDUCE
#undef CUMULATIVE
#undef CUSTOM
extern const op *const op_table[OP_COUNT];
const op *op_named(const char *name); /* NULL when unknown */

/* ---- builders: one per primitive, named op_<primitive> ---- */
#define UNARY(name, ...) ct_array op_##name(ct_array x);
#define BINARY(name, ...) ct_array op_##name(ct_array x, ct_array y);
#define TERNARY(name, ...) ct_array op_##name(ct_array x, ct_array y, ct_array z);
#define QUATERNARY(name, ...) ct_array op_##name(ct_array x, ct_array y, ct_array z, ct_array w);
#define COMPARE(name, ...) ct_array op_##name(ct_array x, ct_array y);
#define REDUCE(name, ...) ct_array op_##name(ct_array x, ct_ints axes);
#define CUMULATIVE(name, ...) ct_array op_##name(ct_array x, int64_t axis, bool reverse);
#define CUSTOM(name, ...)
#include "ops/ops.def"
#undef UNARY
#undef BINARY
#undef TERNARY
#undef QUATERNARY
#undef COMPARE
#undef REDUCE
#undef CUMULATIVE
#undef CUSTOM

/* Structured ones (their files say more). Axis lists are canonical: non-negative, sorted where
 * order has no meaning. */
ct_array op_broadcast_in_dim(ct_array x, ct_ints shape, ct_ints broadcast_dimensions);
ct_array op_reshape(ct_array x, ct_ints new_sizes);
ct_array op_transpose(ct_array x, ct_ints permutation);
ct_array op_squeeze(ct_array x, ct_ints dimensions);
ct_array op_expand_dims(ct_array x,
                        ct_ints dimensions); /* a broadcast_in_dim; dimensions of the result */
ct_array op_rev(ct_array x, ct_ints dimensions);
ct_array op_concatenate(int64_t n, const ct_array *xs, int64_t dimension);
ct_array op_pad(ct_array x, ct_array value, ct_ints low_high_interior); /* triples */
ct_array op_slice(ct_array x, ct_ints start, ct_ints limit,
                  ct_ints strides); /* strides may be the zero list */
ct_array op_dynamic_slice(ct_array x, int64_t n, const ct_array *starts, ct_ints sizes);
ct_array op_dynamic_update_slice(ct_array x, ct_array update, int64_t n, const ct_array *starts);
ct_array op_gather(ct_array x, ct_array indices, const params_gather *p);
ct_array op_scatter(const op *o, ct_array x, ct_array indices, ct_array updates,
                    const params_scatter *p); /* o: scatter, scatter_add, _mul, _min, _max, _sub */
ct_array op_select_n(ct_array which, int64_t n, const ct_array *cases);
ct_array op_convert(ct_array x, ct_dtype dtype,
                    bool weak); /* convert_element_type; x itself when nothing changes */
ct_array op_bitcast(ct_array x, ct_dtype dtype);
ct_array op_iota(ct_dtype dtype, ct_ints shape, int64_t dimension);
ct_array op_name(ct_array x, const char *name); /* x; policies of checkpoint know it by this name */
void op_dce_sink(ct_array x);                   /* a use of x that is never dropped */
ct_array op_dot_general(ct_array x, ct_array y, const params_dot_general *p);
ct_array op_conv(ct_array x, ct_array kernel, const params_conv *p);
/* Over windows; all lists of p have one entry (padding: two) an axis of x. */
ct_array op_reduce_window_sum(ct_array x, const params_window *p);
ct_array op_reduce_window_max(ct_array x, const params_window *p);
ct_array op_reduce_window_min(ct_array x, const params_window *p);
/* Where in each window of x the extreme lies (select_prim "ge": the largest, "le": the smallest;
 * the first of equals): adds the window's source there, or reads the tangent there. */
ct_array op_select_and_scatter_add(ct_array source, ct_array x, const params_select_scatter *p);
ct_array op_select_and_gather_add(ct_array tangent, ct_array x, const params_select_gather *p);
ct_array op_integer_pow(ct_array x, int64_t y);
ct_array op_reduce_precision(ct_array x, int64_t exponent_bits, int64_t mantissa_bits);
ct_array op_argmin(ct_array x, int64_t axis, ct_dtype index_dtype);
ct_array op_argmax(ct_array x, int64_t axis, ct_dtype index_dtype);
void op_sort(int64_t n, const ct_array *xs, int64_t dimension, bool stable, int64_t num_keys,
             ct_array *out);
void op_top_k(ct_array x, int64_t k, int64_t axis, ct_array out[2]);
void op_approx_top_k(ct_array x, const params_approx_top_k *p, ct_array out[2]);
/* Linear algebra, over batches of matrices: the last two axes. Results as jax.lax.linalg's
 * primitives order them. */
ct_array op_cholesky(ct_array x);
ct_array op_cholesky_update(ct_array r, ct_array w);
ct_array op_triangular_solve(ct_array a, ct_array b, const params_triangular_solve *p);
void op_lu(ct_array x, ct_array out[3]); /* factors, pivots, permutation */
ct_array op_lu_pivots_to_permutation(ct_array pivots, int64_t size);
ct_array op_lu_solve(ct_array a, ct_array lu, ct_array pivots, ct_array b, bool transpose);
ct_array op_householder_product(ct_array a, ct_array taus);
ct_array op_ormqr(ct_array a, ct_array taus, ct_array c, const params_ormqr *p);
void op_qr(ct_array x, bool full_matrices, bool pivoting, ct_array *out);        /* q, r, pivots */
void op_eigh(ct_array x, bool lower, bool sort_eigenvalues, ct_array out[2]);    /* v, w */
void op_eig(ct_array x, bool left, bool right, bool derivatives, ct_array *out); /* w, vl, vr */
void op_schur(ct_array x, bool vectors, bool sorted, ct_array *out);
void op_hessenberg(ct_array x, ct_array out[2]);
void op_svd(ct_array x, bool full_matrices, bool compute_uv, ct_array *out); /* s, u, vt */
void op_tridiagonal(ct_array x, bool lower, ct_array out[4]);
ct_array op_tridiagonal_solve(ct_array dl, ct_array d, ct_array du, ct_array b, bool perturb);
/* Over the last axes, as many as there are lengths; type: kernel.h's fourier_type. */
ct_array op_fft(ct_array x, int type, ct_ints lengths);
void op_threefry2x32(ct_array k1, ct_array k2, ct_array x1, ct_array x2, ct_array out[2]);
ct_array op_random_seed(ct_array seeds, ct_dtype keys); /* in the shape of the integers */
ct_array op_random_split(ct_array keys, ct_ints shape);
ct_array op_random_fold_in(ct_array keys, ct_array messages); /* messages: uint32 */
ct_array op_random_bits(ct_array keys, int64_t bit_width, ct_ints shape);
/* Bits from a state, uint32[4] or uint64[2], and the next state first. */
void op_rng_bit_generator(ct_array state, const params_rng_bit_generator *p, ct_array out[2]);
/* low <= x < high, other numbers at each run. */
ct_array op_rng_uniform(ct_array low, ct_array high, ct_ints shape);
/* Words, uint32[..., 2] or [..., 4], as keys of a dtype, and back. */
ct_array op_random_wrap(ct_array data, ct_dtype keys);
ct_array op_random_unwrap(ct_array keys);
ct_array op_random_clone(ct_array keys);
ct_array op_pow(ct_array x, ct_array y);
ct_array op_clamp(ct_array low, ct_array x, ct_array high);
ct_array op_complex(ct_array re, ct_array im);
ct_array op_real(ct_array x);
ct_array op_imag(ct_array x);
ct_array op_conj(ct_array x);
ct_array op_round(ct_array x, int64_t rounding_method); /* 0 away from zero, 1 to nearest even */
ct_array op_copy(ct_array x);
ct_array op_stop_gradient(ct_array x);
void op_split(ct_array x, ct_ints sizes, int64_t axis, ct_array *out);
ct_array op_stack(int64_t n, const ct_array *xs, int64_t axis);
void op_unstack(ct_array x, int64_t axis, ct_array *out);
ct_array op_tile(ct_array x, ct_ints reps);
/* Collectives over named axes; axes are comma-separated names. */
ct_array op_psum(ct_array x, const char *axes);
ct_array op_pmax(ct_array x, const char *axes);
ct_array op_pmin(ct_array x, const char *axes);
ct_array op_axis_index(const char *axis_name);
ct_array op_all_gather(ct_array x, const char *axis_name, int64_t dimension, bool tiled);
ct_array op_all_to_all(ct_array x, const char *axis_name, int64_t split_axis, int64_t concat_axis,
                       bool tiled);
ct_array op_ppermute(ct_array x, const char *axis_name, ct_ints pairs); /* (source, destination) */
/* The product of the sizes of named axes; 0 after a failure. */
int64_t op_axis_size(const char *axes);

/* ---- helpers ---- */
/* Zeros, ones or any number in the shape and dtype of an aval: a scalar literal, broadcast. */
ct_array op_full(const aval *a, double value);
ct_array op_full_like(ct_array x, double value);
/* Moves the mapped axis to the front, or broadcasts an unmapped operand to have one: what batching
 * rules start with. */
ct_array batch_front(ct_array x, int dim, int64_t size);
/* Moves axis from -> to by a transpose (x itself when equal). */
ct_array op_moveaxis(ct_array x, int64_t from, int64_t to);
/* A C number as a scalar of x's dtype. */
ct_array op_number(double value, ct_array x);

/* ---- short names for rules: either operand may be a C number ---- */
/* Operands are evaluated once and from left to right, so that programs come out the same from every
 * compiler. */
#ifdef OPS_SHORT_NAMES
#ifndef OPS_NUMBER /* what makes arrays of C numbers: op_number, or numpy_number for weak scalars  \
                    */
#define OPS_NUMBER op_number
#endif
static inline ct_array rule_id(ct_array a, ct_array other)
{
    (void)other;
    return a;
}
#define OPERAND(a, other)                                                                          \
    _Generic((a), ct_array                                                                         \
             : rule_id, default                                                                    \
             : OPS_NUMBER)((a), _Generic((other), ct_array                                         \
                                         : (other), default                                        \
                                         : NULL))
#define ORDERED_BINARY(f, a, b, n)                                                                 \
    ({                                                                                             \
        __auto_type left##n = (a);                                                                 \
        __auto_type right##n = (b);                                                                \
        f(OPERAND(left##n, right##n), OPERAND(right##n, left##n));                                 \
    })
#define ORDERED_SELECT(c, on_true, on_false, n)                                                    \
    ({                                                                                             \
        ct_array which##n = (c);                                                                   \
        __auto_type yes##n = (on_true);                                                            \
        __auto_type no##n = (on_false);                                                            \
        op_select_n(which##n, 2, (ct_array[]){OPERAND(no##n, yes##n), OPERAND(yes##n, no##n)});    \
    })
#define NUMBERED_BINARY(f, a, b, n) ORDERED_BINARY(f, a, b, n)
#define NUMBERED_SELECT(c, on_true, on_false, n) ORDERED_SELECT(c, on_true, on_false, n)
#define add(a, b) NUMBERED_BINARY(op_add, a, b, __COUNTER__)
#define sub(a, b) NUMBERED_BINARY(op_sub, a, b, __COUNTER__)
#define mul(a, b) NUMBERED_BINARY(op_mul, a, b, __COUNTER__)
#define div(a, b) NUMBERED_BINARY(op_div, a, b, __COUNTER__)
#define neg(a) op_neg(a)
#define select(c, on_true, on_false) NUMBERED_SELECT(c, on_true, on_false, __COUNTER__)
#endif
#endif

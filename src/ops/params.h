/* Parameter structs of the structured primitives. Fields stand in alphabetical order, as JAX prints
 * them. Each list becomes a struct here and a field table in params.c. */
#ifndef COTAN_SRC_PARAMS_H
#define COTAN_SRC_PARAMS_H
#include "core/core.h"

/* F(owner, kind, C type, name), R the same where the name is no identifier of C; N: a parameter
 * that always prints None and has no storage, E: (), C: how the operation combines numbers, S: one
 * that isn't printed. */
/* clang-format off: a table */
#define PARAMS_LIST(P)                                                                             \
    P(reduce, F(reduce, INTS, ct_ints, axes))                                                      \
    P(reduce_sum, F(reduce_sum, INTS, ct_ints, axes) N(reduce_sum, out_sharding))                  \
    P(arg, F(arg, INTS, ct_ints, axes) F(arg, DTYPE, ct_dtype, index_dtype))                       \
    P(cumulative, F(cumulative, INT, int64_t, axis) F(cumulative, BOOL, bool, reverse))            \
    P(broadcast_in_dim, F(broadcast_in_dim, INTS, ct_ints, broadcast_dimensions) F(                \
                            broadcast_in_dim, INTS, ct_ints, shape) N(broadcast_in_dim, sharding)) \
    P(reshape, F(reshape, INTS_OR_NONE, ct_ints, dimensions) F(reshape, INTS, ct_ints, new_sizes)  \
                   N(reshape, sharding))                                                           \
    P(transpose, F(transpose, INTS, ct_ints, permutation))                                         \
    P(squeeze, F(squeeze, INTS, ct_ints, dimensions))                                              \
    P(rev, F(rev, INTS, ct_ints, dimensions))                                                      \
    P(concatenate, F(concatenate, INT, int64_t, dimension))                                        \
    P(split, F(split, INT, int64_t, axis) F(split, INTS, ct_ints, sizes))                          \
    P(stack, F(stack, INT, int64_t, axis))                                                         \
    P(tile, F(tile, INTS, ct_ints, reps))                                                          \
    P(conj, F(conj, DTYPE, ct_dtype, input_dtype))                                                 \
    P(round, F(round, INT, int64_t, rounding_method))                                              \
    P(pad, F(pad, TRIPLES, ct_ints, padding_config))                                               \
    P(slice, F(slice, INTS, ct_ints, limit_indices) F(slice, INTS, ct_ints, start_indices)         \
                 F(slice, INTS_OR_NONE, ct_ints, strides))                                         \
    P(dynamic_slice, F(dynamic_slice, INTS, ct_ints, slice_sizes))                                 \
    P(gather, F(gather, GATHER, gather_dims, dimension_numbers) F(gather, FLOAT_OR_NONE,           \
                                                                  optional_float, fill_value)      \
                  F(gather, BOOL, bool, indices_are_sorted) F(gather, MODE, int, mode)             \
                      F(gather, INTS, ct_ints, slice_sizes) F(gather, BOOL, bool, unique_indices)) \
    P(scatter, F(scatter, SCATTER, scatter_dims, dimension_numbers)                                \
                   F(scatter, BOOL, bool, indices_are_sorted) F(scatter, MODE, int, mode)          \
                       F(scatter, BOOL, bool, unique_indices) E(scatter, update_consts)            \
                           C(scatter, update_jaxpr))                                               \
    P(convert, F(convert, DTYPE, ct_dtype, new_dtype) N(convert, sharding)                         \
                   F(convert, BOOL, bool, weak_type))                                              \
    P(bitcast, F(bitcast, DTYPE, ct_dtype, new_dtype))                                             \
    P(iota, F(iota, INT, int64_t, dimension) F(iota, DTYPE, ct_dtype, dtype)                       \
                F(iota, INTS, ct_ints, shape) N(iota, sharding))                                   \
    P(dot_general, F(dot_general, DOT, dot_dims, dimension_numbers) N(dot_general, out_sharding)   \
                       F(dot_general, PRECISION, int, precision)                                   \
                           F(dot_general, DTYPE, ct_dtype, preferred_element_type))                \
    P(conv, F(conv, INT, int64_t, batch_group_count) F(conv, CONV, conv_dims, dimension_numbers)   \
                F(conv, INT, int64_t, feature_group_count) F(conv, INTS, ct_ints, lhs_dilation)    \
                    N(conv, out_sharding) F(conv, PAIRS, ct_ints, padding)                         \
                        F(conv, PRECISION, int, precision)                                         \
                            F(conv, DTYPE, ct_dtype, preferred_element_type)                       \
                                F(conv, INTS, ct_ints, rhs_dilation)                               \
                                    F(conv, INTS, ct_ints, window_strides))                        \
    P(window,                                                                                      \
      F(window, INTS, ct_ints, base_dilation) F(window, PAIRS, ct_ints, padding)                   \
          F(window, INTS, ct_ints, window_dilation) F(window, INTS, ct_ints, window_dimensions)    \
              F(window, INTS, ct_ints, window_strides))                                            \
    P(select_scatter, F(select_scatter, PAIRS, ct_ints, padding)                                   \
                          F(select_scatter, STRING, const char *, select_prim)                     \
                              F(select_scatter, INTS, ct_ints, window_dimensions)                  \
                                  F(select_scatter, INTS, ct_ints, window_strides))                \
    P(select_gather,                                                                               \
      F(select_gather, INTS, ct_ints, base_dilation) F(select_gather, PAIRS, ct_ints, padding)     \
          F(select_gather, STRING, const char *, select_prim)                                      \
              F(select_gather, INTS, ct_ints, window_dilation)                                     \
                  F(select_gather, INTS, ct_ints, window_dimensions)                               \
                      F(select_gather, INTS, ct_ints, window_strides))                             \
    P(integer_pow, F(integer_pow, INT, int64_t, y))                                                \
    P(reduce_precision, F(reduce_precision, INT, int64_t, exponent_bits)                           \
                            F(reduce_precision, INT, int64_t, mantissa_bits))                      \
    P(sort, F(sort, INT, int64_t, dimension) F(sort, BOOL, bool, is_stable)                        \
                F(sort, INT, int64_t, num_keys))                                                   \
    P(top_k, F(top_k, INT, int64_t, axis) F(top_k, INT, int64_t, k))                               \
    P(approx_top_k,                                                                                \
      F(approx_top_k, BOOL, bool, aggregate_to_topk) F(approx_top_k, BOOL, bool, is_max_k)         \
          F(approx_top_k, INT, int64_t, k) F(approx_top_k, FLOAT, double, recall_target)           \
              F(approx_top_k, INT, int64_t, reduction_dimension)                                   \
                  F(approx_top_k, INT, int64_t, reduction_input_size_override))                    \
    P(rng_bit_generator,                                                                           \
      F(rng_bit_generator, ALGORITHM, int, algorithm) F(rng_bit_generator, DTYPE, ct_dtype, dtype) \
          N(rng_bit_generator, out_sharding) F(rng_bit_generator, INTS, ct_ints, shape))           \
    P(rng_uniform, F(rng_uniform, INTS, ct_ints, shape))                                           \
    P(dce_sink, F(dce_sink, BOOL, bool, prevent_mlir_dce))                                         \
    P(fft, F(fft, INTS, ct_ints, fft_lengths) F(fft, INT, int64_t, fft_type))                      \
    P(triangular_solve,                                                                            \
      F(triangular_solve, BOOL, bool, conjugate_a) F(triangular_solve, BOOL, bool, left_side)      \
          F(triangular_solve, BOOL, bool, lower) F(triangular_solve, BOOL, bool, transpose_a)      \
              F(triangular_solve, BOOL, bool, unit_diagonal))                                      \
    P(lu_permutation, F(lu_permutation, INT, int64_t, permutation_size))                           \
    P(lu_solve, F(lu_solve, BOOL, bool, transpose))                                                \
    P(ormqr, F(ormqr, BOOL, bool, left) F(ormqr, BOOL, bool, transpose))                           \
    P(qr, F(qr, BOOL, bool, full_matrices) F(qr, BOOL, bool, pivoting) N(qr, use_magma))           \
    P(eigh, N(eigh, algorithm) F(eigh, BOOL, bool, lower) F(eigh, BOOL, bool, sort_eigenvalues)    \
                N(eigh, subset_by_index))                                                          \
    P(eig,                                                                                         \
      F(eig, BOOL, bool, compute_left_eigenvectors) F(eig, BOOL, bool, compute_right_eigenvectors) \
          F(eig, BOOL, bool, enable_eigvec_derivs) N(eig, implementation))                         \
    P(schur, F(schur, BOOL, bool, compute_schur_vectors) N(schur, select_callable)                 \
                 F(schur, BOOL, bool, sort_eig_vals))                                              \
    P(svd, N(svd, algorithm) F(svd, BOOL, bool, compute_uv) F(svd, BOOL, bool, full_matrices)      \
               N(svd, subset_by_index))                                                            \
    P(tridiagonal, F(tridiagonal, BOOL, bool, lower))                                              \
    P(tridiagonal_solve, F(tridiagonal_solve, BOOL, bool, perturb_singular))                       \
    P(axis, F(axis, STRING, const char *, axis_name))                                              \
    P(all_gather,                                                                                  \
      F(all_gather, INT, int64_t, all_gather_dimension) N(all_gather, axis_index_groups)           \
          F(all_gather, AXES, const char *, axis_name) F(all_gather, INT, int64_t, axis_size)      \
              F(all_gather, BOOL, bool, tiled))                                                    \
    P(all_to_all,                                                                                  \
      N(all_to_all, axis_index_groups) F(all_to_all, STRING, const char *, axis_name)              \
          F(all_to_all, INT, int64_t, concat_axis) F(all_to_all, INT, int64_t, split_axis)         \
              F(all_to_all, BOOL, bool, tiled))                                                    \
    P(ppermute, F(ppermute, AXES, const char *, axis_name) F(ppermute, PAIRS, ct_ints, perm))      \
    P(reduce_axes, F(reduce_axes, AXES, const char *, axes) N(reduce_axes, axis_index_groups))     \
    P(key, F(key, STRING, const char *, impl))                                                     \
    P(random_split, F(random_split, INTS, ct_ints, shape))                                         \
    P(random_gamma, F(random_gamma, BOOL, bool, log_space))                                        \
    P(random_bits, F(random_bits, INT, int64_t, bit_width) F(random_bits, INTS, ct_ints, shape))   \
    P(ref, F(ref, INTS, ct_ints, index))                                                           \
    P(accuracy, S(accuracy, accuracy, NONE))                                                       \
    P(out_dtype, S(out_dtype, out_dtype, NONE))                                                    \
    P(call,                                                                                        \
      F(call, JAXPR, jaxpr *, jaxpr) F(call, STRING, const char *, name)                           \
          F(call, BOOL, bool, keep_unused) R(call, BOOL, bool, inlined, "inline")                  \
              F(call, DONATED, ct_ints, donated_invars) S(call, in_shardings, IN)                  \
                  S(call, out_shardings, OUT) S(call, in_layouts, IN) S(call, out_layouts, OUT)    \
                      S(call, ctx_mesh, NONE) S(call, compiler_options_kvs, EMPTY))                \
    P(name, F(name, STRING, const char *, name))                                                   \
    P(remat2, F(remat2, BOOL, bool, differentiated) F(remat2, JAXPR, jaxpr *, jaxpr)               \
                  F(remat2, FN, ct_fn, policy) F(remat2, BOOL, bool, prevent_cse))
/* clang-format on */

#define N(owner, name)
#define E(owner, name)
#define C(owner, name)
#define S(owner, name, silent)
#define F(owner, kind, type, name) type name;
#define R(owner, kind, type, name, shown) type name;
#define P(name, ...)                                                                               \
    typedef struct params_##name {                                                                 \
        __VA_ARGS__                                                                                \
    } params_##name;
PARAMS_LIST(P)
#undef N
#undef E
#undef C
#undef S
#undef F
#undef R
#undef P
/* fields_reduce, nfields_reduce and so on: for the table rows. */
#define P(name, ...) extern const param_field fields_##name[];
PARAMS_LIST(P)
#undef P
#define N(...) +1
#define E(...) +1
#define C(...) +1
#define S(...) +1
#define F(...) +1
#define R(...) +1
#define P(name, ...) nfields_##name = 0 __VA_ARGS__,
enum { PARAMS_LIST(P) NO_MORE_PARAMS };
#undef N
#undef E
#undef C
#undef S
#undef F
#undef R
#undef P
/* custom_jvp_call and custom_vjp_call declare theirs in custom.c. */
#endif

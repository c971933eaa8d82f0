/* jax.scipy from C, and that every failing allocation is survived. Values are checked in
 * tests/python; here one function of each kind runs. */
#include "test.h"

#include <cotan.h>
#include <cotan/experimental.ode.h>
#include <cotan/scipy.interpolate.h>
#include <cotan/scipy.optimize.h>
#include <cotan/scipy.spatial.transform.h>

static ct_array matrix(void) { return ct_array_f32(I(3, 3), 4, 1, 0.5, 1, 3, -1, 0.5, -1, 5); }
static ct_array vector(void) { return ct_array_f32(I(3), 1, -0.5, 2); }
static ct_array samples(void) { return ct_array_f32(I(8), 1, 2, -1, 0.5, 3, -2, 0.25, 1); }
static double total(ct_tree t)
{
    double sum = 0;
    for (int64_t i = 0; i < ct_leaf_count(t); i++)
        sum += ct_float(ct_sum(ct_abs(ct_leaf(t, i))));
    return sum;
}

TEST(factorizations)
{
    ct_array a = matrix(), b = vector(),
             pair = ct_array_f32(I(2, 3, 3), 4, 1, 0.5, 1, 3, -1, 0.5, -1, 5, 2, 0, 0, 0, 2, 0, 0,
                                 0, 2);
    ct_array r = ct_scipy_linalg_cholesky(a);
    CHECK_NEAR(ct_float(ct_sum(ct_abs(ct_sub(ct_matmul(ct_matrix_transpose(r), r), a)))), 0, 1e-5);
    ct_array x = ct_scipy_linalg_cho_solve(ct_tuple(r, ct_weak_bool(false)), b);
    CHECK_NEAR(ct_float(ct_sum(ct_abs(ct_sub(ct_matmul(a, x), b)))), 0, 1e-5);
    x = ct_scipy_linalg_lu_solve(ct_scipy_linalg_lu_factor(a), b, .trans = 1);
    CHECK_NEAR(ct_float(ct_sum(ct_abs(ct_sub(ct_matmul(a, x), b)))), 0, 1e-5);
    CHECK_INT(ct_len(ct_scipy_linalg_lu(a)), 3);
    CHECK_INT(ct_len(ct_scipy_linalg_qr(a, .pivoting = true)), 3);
    CHECK_INT(ct_len(ct_scipy_linalg_qr_multiply(a, b, .mode = "left", .pivoting = true)), 3);
    CHECK_INT(ct_len(ct_scipy_linalg_hessenberg(pair, .calc_q = true)), 2);
    CHECK_NEAR(total(ct_scipy_linalg_polar(a)), 3 + 17, 1);
    CHECK_INT(ct_len(ct_scipy_linalg_eigh_tridiagonal(b, ct_rows(b, 0, 2))), 2);
}

TEST(equations_and_functions_of_matrices)
{
    ct_array a = matrix(), b = vector();
    ct_array x = ct_scipy_linalg_solve(a, b, .assume_a = "pos");
    CHECK_NEAR(ct_float(ct_sum(ct_abs(ct_sub(ct_matmul(a, x), b)))), 0, 1e-5);
    CHECK_NEAR(total(ct_scipy_linalg_solve_sylvester(ct_eye(2), ct_eye(3), ct_ones(I(2, 3)))), 3,
               1e-5);
    CHECK_NEAR(total(ct_scipy_linalg_expm(ct_zeros(I(2, 2, 2)))), 4, 1e-6);
    CHECK_INT(ct_len(ct_scipy_linalg_expm_frechet(a, a)), 2);
    ct_array root = ct_scipy_linalg_sqrtm(a);
    CHECK_NEAR(total(ct_sub(ct_matmul(root, root), a)), 0, 1e-4);
    CHECK_NEAR(total(ct_scipy_linalg_funm(a, ct_function(ct_exp))) / total(ct_scipy_linalg_expm(a)),
               1, 1e-4);
}

TEST(special_matrices)
{
    ct_array v = vector();
    CHECK_INT(ct_size(ct_scipy_linalg_block_diag(ARRAYS(matrix(), v))), 4 * 6);
    CHECK_INT(ct_size(ct_scipy_linalg_toeplitz(v)), 9);
    CHECK_INT(ct_size(ct_scipy_linalg_hankel(v)), 9);
    CHECK_INT(ct_size(ct_scipy_linalg_circulant(v)), 9);
    CHECK_INT(ct_size(ct_scipy_linalg_leslie(v, ct_rows(v, 0, 2))), 9);
    CHECK_INT(ct_size(ct_scipy_linalg_companion(v)), 4);
    CHECK_INT(ct_size(ct_scipy_linalg_fiedler_companion(v)), 4);
    CHECK_INT(ct_size(ct_scipy_linalg_convolution_matrix(v, 4)), 24);
    CHECK_INT(ct_size(ct_scipy_linalg_invhilbert(3)), 9);
    CHECK_NEAR(total(ct_scipy_linalg_pascal(3)), 19, 1e-4);
    CHECK_INT(ct_size(ct_scipy_linalg_helmert(3, .full = true)), 9);
    CHECK_NEAR(total(ct_scipy_linalg_hadamard(4)), 16, 0);
    CHECK_NEAR(total(ct_scipy_linalg_dft(2)), 4, 1e-6);
}

TEST(special_functions)
{
    ct_array v = ct_abs(vector());
    CHECK_NEAR(total(ct_scipy_special_wofz(v)), 1.61, 0.5);
    CHECK_INT(ct_len(ct_scipy_special_sici(v)), 2);
    CHECK_INT(ct_size(ct_scipy_special_hyp2f1(0.5, 1.0, 2.0, v)), 3);
    CHECK_INT(ct_size(ct_scipy_special_bessel_jn(v, 3)), 12);
    CHECK_INT(ct_size(ct_scipy_special_bernoulli(5)), 6);
    CHECK_INT(ct_size(ct_scipy_special_sph_harm_y(ct_array_i32(I(3), 1, 2, 2),
                                                  ct_array_i32(I(3), 0, -1, 2), v, v)),
              3);
    CHECK_NEAR(total(ct_scipy_special_softmax(v)), 1, 1e-6);
}

static ct_array parabola(ct_array x) { return ct_sum(ct_square(ct_sub(x, vector()))); }
static ct_array times_matrix(ct_array x) { return ct_matmul(matrix(), x); }
static ct_array decay(ct_array y, ct_array t)
{
    (void)t;
    return ct_negative(y);
}

TEST(loops)
{
    ct_tree least = ct_scipy_optimize__minimize_bfgs(ct_function(parabola), ct_zeros(I(3)));
    CHECK_NEAR(total(ct_sub(ct_at(least, 0), vector())), 0, 1e-3);
    ct_fn a = ct_function(times_matrix);
    CHECK_NEAR(
        total(ct_sub(times_matrix(ct_scipy_sparse_linalg_cg(a, vector(), ct_none())), vector())), 0,
        1e-3);
    CHECK_NEAR(total(ct_sub(times_matrix(ct_scipy_sparse_linalg_bicgstab(a, vector(), ct_none())),
                            vector())),
               0, 1e-3);
    CHECK_NEAR(
        total(ct_sub(times_matrix(ct_scipy_sparse_linalg_gmres(a, vector(), ct_none())), vector())),
        0, 1e-3);
    ct_array y = ct_experimental_ode__odeint(ct_function(decay), ct_ones(I(1)),
                                             ct_linspace(0, 1, .num = GIVEN(3)),
                                             .rtol = GIVEN(1e-5), .atol = GIVEN(1e-6));
    CHECK_NEAR(ct_float(ct_reshape(ct_row(y, 2), I_NONE)), 0.36787944, 1e-4);
}

TEST(signals)
{
    ct_array x = samples(), w = vector();
    CHECK_NEAR(total(ct_sub(ct_scipy_fft_idct(ct_scipy_fft_dct(x)), x)), 0, 1e-5);
    CHECK_INT(ct_size(ct_scipy_fft_dctn(matrix(), .norm = "ortho")), 9);
    CHECK_NEAR(total(ct_sub(ct_scipy_signal_convolve(x, w), ct_scipy_signal_fftconvolve(x, w))), 0,
               1e-4);
    CHECK_INT(ct_size(ct_scipy_signal_correlate2d(matrix(), ct_ones(I(2, 2)), .mode = "same")), 9);
    CHECK_INT(ct_size(ct_scipy_signal_detrend(x, .bp = I(3))), 8);
    ct_tree spectra =
        ct_scipy_signal__segment_spectra(x, (ct_array)NULL, ct_weak_float(1), ct_ones(I(4)), 2, 4,
                                         NULL, true, "spectrum", -1, true, "odd", true);
    CHECK_INT(ct_len(spectra), 3);
    CHECK_NEAR(total(ct_sub(ct_scipy_signal__overlapped(ct_at(spectra, 2), ct_ones(I(4)), 2,
                                                        (ct_opt_int){0}, true, true, -1, -2),
                            x)),
               0, 1e-4);
}

TEST(points_between)
{
    ct_array at = ct_array_f32(I(2), 0.5, 1.25), grid = ct_array_f32(I(3), 0, 1, 3);
    CHECK_INT(
        ct_size(ct_scipy_ndimage_map_coordinates(matrix(), ARRAYS(at, at), 1, .mode = "reflect")),
        2);
    CHECK_INT(
        ct_size(ct_scipy_interpolate__interpolate(ARRAYS(grid), vector(), ct_expand_dims(at, I(1)),
                                                  .fill_value = ct_weak_float(0))),
        2);
    CHECK_INT(ct_len(ct_scipy_cluster_vq_vq(matrix(), ct_ones(I(2, 3)))), 2);
}

TEST(rotations)
{
    ct_array q = ct_scipy_spatial_transform__from_euler(vector(), I(0, 1, 2));
    ct_array same =
        ct_scipy_spatial_transform__from_matrix(ct_scipy_spatial_transform__as_matrix(q));
    CHECK_NEAR(total(ct_sub(ct_scipy_spatial_transform__canonical(q),
                            ct_scipy_spatial_transform__canonical(same))),
               0, 1e-5);
    CHECK_INT(ct_size(ct_scipy_spatial_transform__as_euler(q, I(0, 1, 0))), 3);
    CHECK_INT(
        ct_size(ct_scipy_spatial_transform__from_rotvec(ct_scipy_spatial_transform__as_rotvec(q))),
        4);
    CHECK_INT(
        ct_size(ct_scipy_spatial_transform__composed(q, ct_scipy_spatial_transform__inverse(q))),
        4);
}

TEST(summaries)
{
    CHECK_INT(ct_len(ct_scipy_stats__mode(matrix())), 2);
    CHECK_NEAR(total(ct_scipy_stats_rankdata(vector())), 6, 1e-6);
    CHECK_INT(ct_size(ct_scipy_stats_sem(matrix())), 3);
    CHECK_INT(ct_ndim(ct_scipy_stats_multivariate_normal_logpdf(vector(), vector(), matrix())), 0);
    CHECK_INT(ct_size(ct_scipy_stats__gaussian_kernels(matrix(), vector(), matrix(), matrix(),
                                                       .log = true)),
              3);
}

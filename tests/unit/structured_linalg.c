/* Factorizations of matrices: what they factor comes back, and derivatives and batching by the
 * laws. */
#include "op_laws.h"

/* Well away from singular and from double eigenvalues. */
static ct_array diagonal(int64_t m, int64_t n)
{
    ct_array x = array_new(CT_FLOAT64, false, 2, (int64_t[]){m, n});
    for (int64_t i = 0; i < x->size; i++)
        ((double *)x->data)[i] = i / n == i % n ? 4 + 3. * (double)(i / n) : 0;
    return x;
}
static ct_array symmetric(ct_array x)
{
    ct_array y = op_add(x, op_transpose(x, I(0, 2, 1)));
    return is_poison(y) ? y : op_add(y, op_broadcast_in_dim(diagonal(3, 3), I(2, 3, 3), I(1, 2)));
}
static ct_array regular(ct_array x)
{
    int64_t m = x->aval.shape[1], n = x->aval.shape[2];
    return op_add(x, op_broadcast_in_dim(diagonal(m, n), aval_shape(&x->aval), I(1, 2)));
}

static int64_t rows = 3, columns = 3;
static bool left, lower, transposed, unit, full;

static ct_array cholesky(const ct_array *in) { return op_cholesky(symmetric(in[0])); }
static ct_array triangular(const ct_array *in)
{
    params_triangular_solve p = {
        .left_side = left, .lower = lower, .transpose_a = transposed, .unit_diagonal = unit};
    return op_triangular_solve(regular(in[0]), in[1], &p);
}
static ct_array lu(const ct_array *in)
{
    ct_array out[3];
    op_lu(regular(in[0]), out);
    return out[0];
}
static ct_array solution(const ct_array *in)
{
    ct_array out[3], a = regular(in[0]);
    op_lu(op_stop_gradient(a), out);
    return op_lu_solve(a, out[0], out[1], in[1], transposed);
}
static ct_array qr(const ct_array *in)
{
    ct_array out[2];
    op_qr(regular(in[0]), full, false, out);
    if (is_poison(out[0]))
        return out[0];
    return op_concatenate(2, (ct_array[]){op_transpose(out[0], I(0, 2, 1)), out[1]}, 2);
}
static ct_array eigen(const ct_array *in)
{
    ct_array out[2];
    op_eigh(symmetric(in[0]), lower, true, out);
    if (is_poison(out[0]))
        return out[0];
    /* Vectors are known up to their sign. */
    return op_concatenate(2, (ct_array[]){op_square(out[0]), op_expand_dims(out[1], I(1))}, 1);
}
static ct_array singular(const ct_array *in)
{
    ct_array out[3];
    op_svd(regular(in[0]), false, true, out);
    if (is_poison(out[0]))
        return out[0];
    ct_array vectors = op_transpose(op_square(out[1]), I(0, 2, 1));
    return op_concatenate(3, (ct_array[]){vectors, op_square(out[2]), op_expand_dims(out[0], I(2))},
                          2);
}
static ct_array eigenvalues(const ct_array *in)
{
    ct_array out;
    op_eig(symmetric(in[0]), false, false, false, &out);
    return op_real(out);
}
static ct_array tridiagonal(const ct_array *in)
{
    ct_array d = op_add(in[1], op_full_like(in[1], 5));
    return op_tridiagonal_solve(in[0], d, in[2], in[3], false);
}

static ct_array make(int i)
{
    int64_t side = left ? rows : columns;
    return i ? law_array(CT_FLOAT64, I(2, rows, columns)) : law_array(CT_FLOAT64, I(2, side, side));
}
static ct_array make_one(int i)
{
    (void)i;
    return law_array(CT_FLOAT64, I(2, rows, columns));
}
static ct_array make_bands(int i)
{
    return i == 3 ? law_array(CT_FLOAT64, I(2, 4, 3)) : law_array(CT_FLOAT64, I(2, 4));
}

TEST(laws_hold)
{
    laws("cholesky", cholesky, 1, make_one);
    laws("eigh", eigen, 1, make_one);
    laws("eig", eigenvalues, 1, make_one);
    laws("tridiagonal_solve", tridiagonal, 4, make_bands);
    for (int i = 0; i < 16; i++) {
        left = i & 1, lower = i & 2, transposed = i & 4, unit = i & 8;
        rows = 3, columns = 2;
        laws("triangular_solve", triangular, 2, make);
    }
    left = true;
    for (int i = 0; i < 2; i++) {
        transposed = i;
        laws("lu_solve", solution, 2, make);
    }
    for (int i = 0; i < 3; i++) {
        rows = 3 + (i == 1), columns = 3 + (i == 2);
        laws("lu", lu, 1, make_one);
        laws("svd", singular, 1, make_one);
        for (int k = 0; k < 2; k++) {
            full = k;
            laws("qr", qr, 1, make_one);
        }
    }
}

/* The sum of squares of the difference of two arrays. */
static double distance(ct_array a, ct_array b)
{
    ct_array d = op_sub(a, b);
    return is_poison(d) ? NAN : law_dot(d, d);
}
static ct_array product(ct_array a, ct_array b)
{
    return op_dot_general(a, b,
                          &(params_dot_general){.dimension_numbers = {I(1), I(0), I_NONE, I_NONE}});
}

TEST(factors_multiply_back)
{
    ct_array x = law_array(CT_FLOAT64, I(5, 3)), square = law_array(CT_FLOAT64, I(4, 4)), out[4];
    op_qr(x, true, false, out);
    CHECK_NEAR(distance(product(out[0], out[1]), x), 0, 1e-24);
    op_svd(x, false, true, out);
    if (CHECK(is_array(out[2]))) {
        ct_array scaled = op_mul(out[1], op_broadcast_in_dim(out[0], I(5, 3), I(1)));
        CHECK_NEAR(distance(product(scaled, out[2]), x), 0, 1e-24);
    }
    op_schur(square, true, false, out);
    if (CHECK(is_array(out[1]))) {
        ct_array back = product(product(out[1], out[0]), op_transpose(out[1], I(1, 0)));
        CHECK_NEAR(distance(back, square), 0, 1e-24);
    }
    core_bind(&op_row_geqrf, NULL, 1, &x, 2, out);
    op_qr(x, false, false, out + 2);
    if (CHECK(is_array(out[0]) && is_array(out[2]))) {
        CHECK_NEAR(distance(op_householder_product(out[0], out[1]), out[2]), 0, 1e-24);
        ct_array turned =
            op_ormqr(out[0], out[1], x, &(params_ormqr){.left = true, .transpose = true});
        CHECK_NEAR(distance(op_slice(turned, I(0, 0), I(3, 3), (ct_ints){0, NULL}), out[3]), 0,
                   1e-24);
    }
    op_hessenberg(square, out);
    if (CHECK(is_array(out[0])))
        CHECK(out[1]->aval.shape[0] == 3);
    op_tridiagonal(op_add(square, op_transpose(square, I(1, 0))), true, out);
    if (CHECK(is_array(out[1]) && is_array(out[0]))) /* the trace stays */
        CHECK_NEAR(array_get_double(op_reduce_sum(out[1], I(0)), 0),
                   2 * (array_get_double(square, 0) + array_get_double(square, 5) +
                        array_get_double(square, 10) + array_get_double(square, 15)),
                   1e-12);
}

TEST(many_right_hand_sides)
{
    enum { N = 100, SIDES = 300 };
    ct_array a = op_add(law_array(CT_FLOAT64, I(N, N)),
                        op_mul(diagonal(N, N), op_number(N, diagonal(N, N))));
    ct_array b = law_array(CT_FLOAT64, I(N, SIDES)), out[3], factors[3];
    if (!is_array(a) || !is_array(b))
        return;
    params_triangular_solve p = {.left_side = true};
    out[0] = op_triangular_solve(a, b, &p);
    p = (params_triangular_solve){.lower = true};
    out[1] = op_triangular_solve(op_transpose(a, I(1, 0)), op_transpose(b, I(1, 0)), &p);
    if (CHECK(is_array(out[0]) && is_array(out[1]))) /* the transposed system */
        CHECK_NEAR(distance(out[0], op_transpose(out[1], I(1, 0))), 0, 1e-24);
    op_lu(a, factors);
    out[2] = op_lu_solve(a, factors[0], factors[1], b, false);
    if (CHECK(is_array(out[2])))
        CHECK_NEAR(distance(product(a, out[2]), b), 0, 1e-22);
}

TEST(pivots_are_a_permutation)
{
    ct_array p = op_lu_pivots_to_permutation(ct_array_i32(I(3), 2, 2, 2), 4);
    for (int i = 0; i < 4 && is_array(p); i++)
        CHECK_INT(array_get_int(p, i), ((int[]){2, 0, 1, 3})[i]);
    ct_array pivots = ct_array_i32(I(3), 0, 0, 0), out[3], x = law_array(CT_FLOAT64, I(4, 3));
    core_bind(&op_row_geqp3, NULL, 2, (ct_array[]){x, pivots}, 3, out);
    if (CHECK(is_array(out[1]))) /* numbered from one */
        CHECK_INT(array_get_int(op_reduce_sum(out[1], I(0)), 0), 6);
}

TEST(update_of_a_factor)
{
    ct_array r = ct_array_f32(I(2, 2), 2, 1, 0, 3), w = ct_array_f32(I(2), 1, 2),
             up = op_cholesky_update(r, w);
    if (!CHECK(is_array(up)))
        return;
    ct_array square = product(op_transpose(up, I(1, 0)), up);
    for (int i = 0; i < 4 && is_array(square); i++)
        CHECK_NEAR(array_get_double(square, i), ((double[]){5, 4, 4, 14})[i], 1e-5);
}

TEST(what_does_not_decompose)
{
    ct_array x = ct_array_f32(I(2, 2), 1, 2, 2, 1), l = op_cholesky(x);
    if (is_array(l))
        CHECK(isnan(array_get_double(l, 0)) && isnan(array_get_double(l, 2)));
    CHECK_FAILS(op_cholesky(ct_array_f32(I(2, 3), 1, 2, 2, 1, 1, 1)), CT_VALUE_ERROR,
                "must have shape [..., n, n], got shape (2, 3)");
    CHECK_FAILS(op_cholesky(ct_array_i32(I(1, 1), 1)), CT_TYPE_ERROR,
                "does not accept dtype int32");
    CHECK_FAILS(op_cholesky(ct_array_f32(I(2), 1, 1)), CT_TYPE_ERROR, "must have rank at least 2");
}

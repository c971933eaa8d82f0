/* Samplers that factor a matrix: orthogonal, multivariate_normal. */
#define OPS_SHORT_NAMES
#include "random/random.h"

#include "api/bodies.h"

/* The Q of a normal matrix, its columns' signs those of R's diagonal: uniform over orthogonal
 * matrices (F. Mezzadri, Notices of the AMS 54, 2007). */
ct_array random_orthogonal(const ct_random_orthogonal_args *a)
{
    dimlist shape;
    ct_dtype dtype = a->dtype;
    int64_t n = a->n, m = a->m.given ? a->m.value : n;
    if (n < 0 || m < 0)
        return ct_fail(CT_VALUE_ERROR, "orthogonal: n and m must not be negative; got %lld, %lld",
                       (long long)n, (long long)m);
    if (dtype_is(dtype, FAMILY_COMPLEX) && dtype != CT_NO_DTYPE)
        dtype = dtype_canonical(dtype);
    else if (!random_float_dtype("orthogonal", &dtype))
        return array_poison;
    if (!dimlist_copy(&shape, "orthogonal", a->shape) || shape.n + 2 > NUMPY_MAX_NDIM)
        return array_poison;
    shape.at[shape.n++] = n > m ? n : m;
    shape.at[shape.n++] = n > m ? m : n;
    ct_array z = ct_random_normal(a->key, dimlist_ints(&shape), .dtype = dtype);
    ct_tree qr = ct_numpy_linalg_qr(z);
    if (is_poison(qr))
        return qr;
    ct_array signs = ct_sign(ct_diagonal(ct_at(qr, 1), .axis1 = -2, .axis2 = GIVEN(-1)));
    ct_array x = ct_multiply(ct_at(qr, 0), op_expand_dims(signs, I(shape.n - 2)));
    return n < m ? ct_matrix_transpose(x) : x;
}

/* mean + F z for normal z, where F F^T is the covariance. */
ct_array random_multivariate_normal(const ct_random_multivariate_normal_args *a)
{
    ct_array v[] = {a->mean, a->cov}, factor;
    if (!numpy_promote_inexact("multivariate_normal", 2, v, v))
        return array_poison;
    ct_array mean = v[0], cov = v[1];
    ct_dtype dtype = numpy_dtype(a->dtype, dtype_of(mean));
    int64_t n = mean->aval.ndim ? mean->aval.shape[mean->aval.ndim - 1] : 0, dims = cov->aval.ndim;
    if (!random_float_dtype("multivariate_normal", &dtype))
        return array_poison;
    if (!mean->aval.ndim || dims < 2 || cov->aval.shape[dims - 1] != n ||
        cov->aval.shape[dims - 2] != n)
        return ct_fail(CT_VALUE_ERROR,
                       "multivariate_normal requires mean of shape (..., n) and cov of shape (..., "
                       "n, n); got %s and %s",
                       dims_string(shape_of(mean)), dims_string(shape_of(cov)));
    if (!strcmp(a->method, "cholesky"))
        factor = ct_numpy_linalg_cholesky(cov);
    else if (!strcmp(a->method, "eigh") || !strcmp(a->method, "svd")) {
        bool eigh = a->method[0] == 'e';
        ct_tree parts = eigh ? ct_numpy_linalg_eigh(cov) : ct_numpy_linalg_svd(cov);
        if (is_poison(parts))
            return parts;
        ct_array values = ct_at(parts, !eigh), vectors = ct_at(parts, eigh);
        ct_array roots = op_sqrt(values);
        factor = ct_multiply(vectors, op_expand_dims(roots, I(dims - 2)));
    } else
        return ct_fail(CT_VALUE_ERROR, "method must be one of {'svd', 'eigh', 'cholesky'}");
    /* One column of each, to know the shape that both broadcast to. */
    ct_array rows = shape_slice(cov, dims - 1, 0, n ? 1 : 0, 1);
    ct_array columns[] = {mean, n ? op_squeeze(rows, I(dims - 1)) : mean};
    dimlist common, shape;
    if (is_poison(rows) || is_poison(factor) ||
        !numpy_broadcast_shape("multivariate_normal", 2, columns, &common))
        return array_poison;
    bool asked = a->shape.n || a->shape.at;
    if (asked ? !dimlist_copy(&shape, "multivariate_normal", a->shape)
              : !dimlist_copy(&shape, "multivariate_normal", (ct_ints){common.n - 1, common.at}))
        return array_poison;
    if (shape.n == NUMPY_MAX_NDIM)
        return ct_fail(CT_VALUE_ERROR, "multivariate_normal: too many dimensions");
    shape.at[shape.n++] = n;
    ct_array z = random_normal_drawn(a->key, dimlist_ints(&shape), dtype);
    return ct_add(mean, ct_einsum("...ij,...j->...i", ((ct_arrays){2, (ct_array[]){factor, z}})));
}

/* jax.scipy.cluster.vq */
#include "scipy/scipy.h"

#include "numpy/shape.h"

ct_tree scipy_cluster_vq_vq(const ct_scipy_cluster_vq_vq_args *a)
{
    ct_array v[] = {a->obs, a->code_book};
    if (!numpy_promote_inexact("vq", 2, v, v))
        return array_poison;
    int ndim = v[0]->aval.ndim;
    if (ndim != v[1]->aval.ndim)
        return ct_fail(CT_VALUE_ERROR, "Observation and code_book should have the same rank");
    if (ndim != 1 && ndim != 2)
        return ct_fail(CT_VALUE_ERROR, "ndim different than 1 or 2 are not supported");
    for (int i = 0; i < 2 && ndim == 1; i++)
        v[i] = op_expand_dims(v[i], I(1));
    ct_array gap = ct_subtract(ct_expand_dims(v[0], I(1)), ct_expand_dims(v[1], I(0)));
    ct_array distance = ct_numpy_linalg_norm(gap, .axis = I(-1));
    ct_array code = ct_argmin(distance, .axis = GIVEN(-1));
    return shape_tuple(2, (ct_array[]){code, ct_min(distance, .axis = I(-1))});
}

/* jax.scipy.spatial.transform: rotations as quaternions (x, y, z, w) along the last axis. */
#define OPS_NUMBER numpy_literal
#include "scipy/scipy.h"

#include "numpy/linalg.h"

#include <math.h>

enum { X, Y, Z, W };

/* ---- vectors along the last axis ---- */

static ct_array component(ct_array v, int64_t i)
{
    int64_t axis = v->aval.ndim - 1;
    ct_array part = shape_slice(v, axis, i, i + 1, 1);
    return is_poison(part) ? part : op_squeeze(part, I(axis));
}

static bool components(const char *what, ct_array v, int64_t n, ct_array *out)
{
    if (!numpy_promote_inexact(what, 1, &v, &v))
        return false;
    if (!v->aval.ndim || cols_of(v) != n) {
        base_fail(CT_VALUE_ERROR, "%s: the last axis must have %lld elements, got shape %s.", what,
                  (long long)n, dims_string(shape_of(v)));
        return false;
    }
    for (int64_t i = 0; i < n; i++)
        if (is_poison(out[i] = component(v, i)))
            return false;
    return true;
}

/* And back, in the common shape; never weak. */
static ct_array vector(int64_t n, const ct_array *v)
{
    enum { MOST = 4 };
    ct_array same[MOST];
    if (!numpy_promote("rotation", n, v, same) || !numpy_broadcast("rotation", n, same, same))
        return array_poison;
    ct_array out = op_stack(n, same, same[0]->aval.ndim);
    return is_poison(out) ? out : op_convert(out, dtype_of(out), false);
}

static ct_array times(ct_array a, ct_array b) { return ct_multiply(a, b); }
static ct_array plus(ct_array a, ct_array b) { return ct_add(a, b); }
static ct_array minus(ct_array a, ct_array b) { return ct_subtract(a, b); }

/* The length of the first n. */
static ct_array length(int64_t n, const ct_array *v)
{
    ct_array sum = op_square(v[0]);
    for (int64_t i = 1; i < n; i++)
        sum = add(sum, op_square(v[i]));
    return op_sqrt(sum);
}

static ct_array in_degrees(ct_array angle, bool degrees)
{
    return degrees ? mul(angle, 180 / M_PI) : angle;
}
static ct_array in_radians(ct_array angle, bool degrees)
{
    return degrees ? mul(angle, M_PI / 180) : angle;
}

/* ---- quaternions ---- */

static ct_array normalized(const ct_array *q)
{
    ct_array size = length(4, q), v[4];
    for (int i = 0; i < 4; i++)
        v[i] = div(q[i], size);
    return vector(4, v);
}

ct_array scipy_spatial_transform__normalized(ct_array quat)
{
    ct_array q[4];
    return components("Rotation", quat, 4, q) ? normalized(q) : array_poison;
}

ct_array scipy_spatial_transform__canonical(ct_array quat)
{
    ct_array q[4], v[4];
    if (!components("Rotation", quat, 4, q))
        return array_poison;
    static const int order[] = {Z, Y, X, W};
    ct_array flip = op_full_like(op_lt(q[W], op_number(0, q[W])), 0);
    for (int i = 0; i < 4; i++) /* the last that is not zero decides: z, then y, x, w over it */
        flip = select(eq(q[order[i]], 0), flip, lt(q[order[i]], 0));
    for (int i = 0; i < 4; i++)
        v[i] = select(flip, neg(q[i]), q[i]);
    return vector(4, v);
}

ct_array scipy_spatial_transform__inverse(ct_array quat)
{
    ct_array q[4];
    if (!components("Rotation", quat, 4, q))
        return array_poison;
    return vector(4, (ct_array[]){neg(q[X]), neg(q[Y]), neg(q[Z]), q[W]});
}

static void product(const ct_array *p, const ct_array *q, ct_array *out)
{
    for (int i = X; i <= Z; i++) {
        int j = (i + 1) % 3, k = (i + 2) % 3;
        ct_array cross = minus(times(p[j], q[k]), times(p[k], q[j]));
        out[i] = plus(plus(times(p[W], q[i]), times(q[W], p[i])), cross);
    }
    ct_array dot = plus(plus(times(p[X], q[X]), times(p[Y], q[Y])), times(p[Z], q[Z]));
    out[W] = minus(times(p[W], q[W]), dot);
}

ct_array scipy_spatial_transform__composed(ct_array p, ct_array q)
{
    ct_array a[4], b[4], out[4];
    if (!components("Rotation", p, 4, a) || !components("Rotation", q, 4, b))
        return array_poison;
    product(a, b, out);
    return vector(4, out);
}

ct_array scipy_spatial_transform__magnitude(ct_array quat)
{
    ct_array q[4];
    return components("Rotation", quat, 4, q) ? mul(2, op_atan2(length(3, q), op_abs(q[W])))
                                              : array_poison;
}

/* ---- matrices ---- */

ct_array scipy_spatial_transform__as_matrix(ct_array quat)
{
    ct_array q[4], rows[3];
    if (!components("Rotation", quat, 4, q))
        return array_poison;
    ct_array w2 = op_square(q[W]);
    for (int i = 0; i < 3; i++) {
        int j = (i + 1) % 3, k = (i + 2) % 3;
        ct_array v[3];
        v[i] = sub(sub(op_square(q[i]), op_square(q[j])), sub(op_square(q[k]), w2));
        v[j] = mul(2, sub(mul(q[i], q[j]), mul(q[k], q[W])));
        v[k] = mul(2, add(mul(q[i], q[k]), mul(q[j], q[W])));
        rows[i] = vector(3, v);
    }
    return is_poison(rows[0]) ? rows[0] : op_stack(3, rows, rows[0]->aval.ndim - 1);
}

/* From the largest of the diagonal's elements and the trace, so that nothing cancels (F. Markley,
 * J. Guid. Control Dyn. 31, 2008). */
ct_array scipy_spatial_transform__from_matrix(ct_array matrix)
{
    ct_array m[3][3], rows[3], choices[4][4], v[4];
    if (!numpy_promote_inexact("Rotation", 1, &matrix, &matrix))
        return array_poison;
    if (matrix->aval.ndim < 2 || rows_of(matrix) != 3 || cols_of(matrix) != 3)
        return ct_fail(CT_VALUE_ERROR,
                       "Rotation: matrices of shape [..., 3, 3] are needed, got %s.",
                       dims_string(shape_of(matrix)));
    for (int i = 0; i < 3; i++) {
        rows[i] = ct_take(matrix, ct_weak_int(i), .axis = GIVEN(-2));
        if (is_poison(rows[i]) || !components("Rotation", rows[i], 3, m[i]))
            return array_poison;
    }
    ct_array sum = add(add(m[0][0], m[1][1]), m[2][2]);
    for (int i = 0; i < 3; i++) {
        int j = (i + 1) % 3, k = (i + 2) % 3;
        choices[i][i] = add(sub(1, sum), mul(2, m[i][i]));
        choices[i][j] = add(m[j][i], m[i][j]);
        choices[i][k] = add(m[k][i], m[i][k]);
        choices[i][W] = choices[3][i] = sub(m[k][j], m[j][k]);
    }
    choices[3][W] = add(1, sum);
    ct_array which =
        ct_argmax(vector(4, (ct_array[]){m[0][0], m[1][1], m[2][2], sum}), .axis = GIVEN(-1));
    for (int i = 0; i < 4; i++) {
        v[i] = choices[3][i];
        for (int k = 0; k < 3; k++)
            v[i] = select(eq(which, k), choices[k][i], v[i]);
    }
    return is_poison(which) ? which : normalized(v);
}

/* ---- vectors ---- */

ct_array scipy_spatial_transform__as_rotvec(const ct_scipy_spatial_transform__as_rotvec_args *a)
{
    ct_array q[4], v[3];
    if (!components("Rotation", a->quat, 4, q))
        return array_poison;
    ct_array flip = lt(q[W], 0);
    for (int i = 0; i < 4; i++)
        q[i] = select(flip, neg(q[i]), q[i]);
    ct_array angle = mul(2, op_atan2(length(3, q), q[W])), square = op_square(angle);
    ct_array series = add(2, add(div(square, 12), mul(7. / 2880, op_square(square))));
    ct_array scale = select(le(angle, 1e-3), series, div(angle, op_sin(div(angle, 2))));
    scale = in_degrees(scale, a->degrees);
    for (int i = 0; i < 3; i++)
        v[i] = mul(scale, q[i]);
    return vector(3, v);
}

ct_array scipy_spatial_transform__from_rotvec(const ct_scipy_spatial_transform__from_rotvec_args *a)
{
    ct_array v[3], q[4];
    if (!components("Rotation", a->rotvec, 3, v))
        return array_poison;
    for (int i = 0; i < 3; i++)
        v[i] = in_radians(v[i], a->degrees);
    ct_array angle = length(3, v), square = op_square(angle), half = div(angle, 2);
    ct_array series = add(sub(0.5, div(square, 48)), div(op_square(square), 3840));
    ct_array scale = select(le(angle, 1e-3), series, div(op_sin(half), angle));
    for (int i = 0; i < 3; i++)
        q[i] = mul(scale, v[i]);
    q[W] = op_cos(half);
    return vector(4, q);
}

ct_array scipy_spatial_transform__as_mrp(ct_array quat)
{
    ct_array q[4], v[3];
    if (!components("Rotation", quat, 4, q))
        return array_poison;
    ct_array one = op_full_like(q[W], 1), sign = select(lt(q[W], 0), neg(one), one);
    ct_array scale = div(sign, add(1, mul(sign, q[W])));
    for (int i = 0; i < 3; i++)
        v[i] = mul(scale, q[i]);
    return vector(3, v);
}

ct_array scipy_spatial_transform__from_mrp(ct_array mrp)
{
    ct_array v[3], q[4];
    if (!components("Rotation", mrp, 3, v))
        return array_poison;
    ct_array size = add(op_square(length(3, v)), 1);
    for (int i = 0; i < 3; i++)
        q[i] = div(mul(2, v[i]), size);
    q[W] = div(sub(2, size), size);
    return vector(4, q);
}

/* ---- angles ---- */

ct_array scipy_spatial_transform__from_euler(const ct_scipy_spatial_transform__from_euler_args *a)
{
    ct_array angles[3], whole[4] = {NULL}, next[4];
    int64_t n = a->axes.n;
    if (n < 1 || n > 3 || !components("Rotation", a->angles, n, angles))
        return array_poison;
    for (int64_t i = 0; i < n; i++) {
        ct_array half = div(in_radians(angles[i], a->degrees), 2), one[4];
        for (int k = 0; k < 4; k++)
            one[k] = op_full_like(half, 0);
        one[a->axes.at[i]] = op_sin(half);
        one[W] = op_cos(half);
        if (i)
            product(a->extrinsic ? one : whole, a->extrinsic ? whole : one, next);
        memcpy(whole, i ? next : one, sizeof whole);
    }
    return vector(4, whole);
}

static ct_array wrapped(ct_array angle)
{
    return sub(ct_remainder(add(angle, M_PI), ct_weak_float(2 * M_PI)), M_PI);
}

ct_array scipy_spatial_transform__as_euler(const ct_scipy_spatial_transform__as_euler_args *args)
{
    ct_array q[4], angles[3];
    if (!components("Rotation", args->quat, 4, q) || args->axes.n != 3)
        return array_poison;
    bool extrinsic = args->extrinsic;
    int64_t i = args->axes.at[extrinsic ? 0 : 2], j = args->axes.at[1],
            k = args->axes.at[extrinsic ? 2 : 0];
    bool symmetric = i == k;
    k = symmetric ? 3 - i - j : k;
    double sign = (double)((i - j) * (j - k) * (k - i) / 2);
    ct_array signed_k = mul(sign, q[k]);
    ct_array a = symmetric ? q[W] : sub(q[W], q[j]), b = symmetric ? q[i] : add(q[i], signed_k),
             c = symmetric ? q[j] : add(q[j], q[W]), d = symmetric ? signed_k : sub(signed_k, q[i]);
    ct_array middle = mul(2, op_atan2(ct_hypot(c, d), ct_hypot(a, b)));
    ct_array half_sum = op_atan2(b, a), half_difference = op_atan2(d, c);
    ct_array at_zero = le(op_abs(middle), 1e-7), at_pi = le(op_abs(sub(middle, M_PI)), 1e-7);
    ct_array none = op_full_like(middle, 0), alone = mul(extrinsic ? -2 : 2, half_difference);
    ct_array locked = select(at_zero, mul(2, half_sum), alone), is_locked = either(at_zero, at_pi);
    int first = extrinsic ? 0 : 2, third = 2 - first;
    angles[0] = angles[2] = none;
    angles[first] = sub(half_sum, half_difference);
    angles[third] = add(half_sum, half_difference);
    angles[0] = select(is_locked, locked, angles[0]);
    angles[2] = select(is_locked, none, angles[2]);
    if (!symmetric)
        angles[third] = mul(sign, angles[third]);
    angles[1] = symmetric ? middle : sub(middle, M_PI / 2);
    for (int n = 0; n < 3; n++)
        angles[n] = in_degrees(wrapped(angles[n]), args->degrees);
    return vector(3, angles);
}

/* float32 functions that are computed in double because they cancel: the remainder, the logarithm
 * of the gamma function and its derivative. Those of float64 are in special.c.
 *
 * Gamma functions: below 8, recurrence upwards by 8 steps, all in one quotient; then Stirling's
 * series (A&S 6.1.40, 6.3.18); reflection at 1/2 (6.1.17, 6.3.7). Next: bodies_convert.c. */
#include "kernel/bodies_f64.c"

/* ---- remainder ---- */

/* r less the nearest multiple of b 2^k: exact as long as that multiple is below 2^52, since the
 * rest has no more bits than a float32 and a half. */
HELPER double rem_step_f64(double r, double b, double per, double power, double inverse)
{
    double times = __builtin_rint(r * (per * inverse));
    return fma_f64(-times, b * power, r);
}

BODY float body_rem_f32(float x, float y)
{
    double a = abs_f32(x), b = abs_f32(y), per = 1 / b, r = a;
    r = rem_step_f64(r, b, per, 0x1p230, 0x1p-230);
    r = rem_step_f64(r, b, per, 0x1p184, 0x1p-184);
    r = rem_step_f64(r, b, per, 0x1p138, 0x1p-138);
    r = rem_step_f64(r, b, per, 0x1p92, 0x1p-92);
    r = rem_step_f64(r, b, per, 0x1p46, 0x1p-46);
    r = rem_step_f64(r, b, per, 1, 1);
    double up = r + b, rest = r < 0 ? up : r;
    float finite = with_sign_f32((float)rest, x), kept = b == INF64 ? x : finite;
    return ((a < INF64) & (b > 0)) ? kept : NAN32;
}

/* ---- gamma functions ---- */

/* sin(pi r) for 0 <= r <= 1/2 */
HELPER double sin_pi_f64(double r)
{
    double z = r * r, q = 0x1.2877020d52cf0p-31;
    q = fma_f64(q, z, -0x1.8a404211f9547p-26);
    q = fma_f64(q, z, 0x1.aaec32af93359p-21);
    q = fma_f64(q, z, -0x1.6fadb9f155744p-16);
    q = fma_f64(q, z, 0x1.e8f434d018d63p-12);
    q = fma_f64(q, z, -0x1.e3074fde8871fp-8);
    q = fma_f64(q, z, 0x1.50783487ee782p-4);
    q = fma_f64(q, z, -0x1.32d2cce62bd86p-1);
    q = fma_f64(q, z, 0x1.466bc6775aae2p+1);
    q = fma_f64(q, z, -0x1.4abbce625be53p+2);
    return fma_f64(q * z, r, 2 * HALF_PI_F64 * r);
}

/* How far x is from the nearest integer. */
HELPER double from_integer_f64(double x) { return abs_f64(x - __builtin_rint(x)); }

/* z (z + 1) ... (z + 7), in u = z (z + 7) */
HELPER double rising_f64(double u) { return u * (u + 6) * ((u + 10) * (u + 12)); }

BODY float body_lgamma_f32(float x)
{
    bool mirrored = x < 0.5f;
    double z = mirrored ? 1 - (double)x : x, up = z + 8;
    bool low = z < 8;
    double w = low ? up : z, climbed = rising_f64(z * (z + 7)), steps = low ? climbed : 1;
    double t = 1 / w, s = t * t, q = 0x1.a41a41a41a41ap-8; /* 1/156 */
    q = fma_f64(q, s, -0x1.f6ab0d9993c7dp-10);             /* 691/360360 */
    q = fma_f64(q, s, 0x1.b951e2b18ff23p-11);              /* 1/1188 */
    q = fma_f64(q, s, -0x1.3813813813814p-11);             /* 1/1680 */
    q = fma_f64(q, s, 0x1.a01a01a01a01ap-11);              /* 1/1260 */
    q = fma_f64(q, s, -0x1.6c16c16c16c17p-9);              /* 1/360 */
    q = fma_f64(q, s, 0x1.5555555555555p-4);               /* 1/12 */
    double series = fma_f64(q, t, 0x1.d67f1c864beb4p-1);   /* log(2 pi)/2 */
    double upwards = fma_f64(w - 0.5, body_log_f64(w), series - w);
    double sine = sin_pi_f64(from_integer_f64(x)), reflected = 2 * HALF_PI_F64 * steps / sine;
    double lost = body_log_f64(mirrored ? reflected : steps);
    float y = (float)(mirrored ? lost - upwards : upwards - lost);
    float exact = ((x == 1) | (x == 2)) ? 0 : y, finite = abs_f32(x) < INF32 ? exact : INF32;
    return x != x ? NAN32 : finite;
}

BODY float body_digamma_f32(float x)
{
    bool mirrored = x < 0.5f;
    double z = mirrored ? 1 - (double)x : x, up = z + 8, u = z * (z + 7);
    bool low = z < 8;
    double w = low ? up : z;
    /* the sum of 1/(z + k), k < 8, in pairs from both ends */
    double ends = (2 * u + 6) * ((u + 10) * (u + 12)), middle = (2 * u + 22) * (u * (u + 6));
    double climbed = (2 * z + 7) * (ends + middle) / rising_f64(u), steps = low ? climbed : 0;
    double t = 1 / w, s = t * t, q = -0x1.5555555555555p-4; /* 1/12 */
    q = fma_f64(q, s, 0x1.5995995995996p-6);                /* 691/32760 */
    q = fma_f64(q, s, -0x1.f07c1f07c1f08p-8);               /* 1/132 */
    q = fma_f64(q, s, 0x1.1111111111111p-8);                /* 1/240 */
    q = fma_f64(q, s, -0x1.0410410410410p-8);               /* 1/252 */
    q = fma_f64(q, s, 0x1.1111111111111p-7);                /* 1/120 */
    q = fma_f64(q, s, -0x1.5555555555555p-4);               /* 1/12 */
    double upwards = fma_f64(q, s, fma_f64(-0.5, t, body_log_f64(w))) - steps;
    double r = from_integer_f64(x), side = x - __builtin_rint(x);
    double cotangent = with_sign_f64(sin_pi_f64(0.5 - r) / sin_pi_f64(r), side);
    float y = (float)(mirrored ? fma_f64(-2 * HALF_PI_F64, cotangent, upwards) : upwards);
    float finite = x == INF32 ? x : y;
    return ((mirrored & (r == 0)) | (x == -INF32)) ? NAN32 : finite;
}

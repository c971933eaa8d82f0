/* The stages of a Fourier transform in one type: included by fft.c once a type, with T (the type),
 * LANES (of a vector) and NAME(f) (the name of a function in that type), which it undefines at its
 * end.
 *
 * Stockham's form: a stage of radix r takes the transform of r m points apart into r of m points
 * and puts them in order as it goes, from one pair of arrays into another. Real and imaginary parts
 * stand in arrays of their own. Each point is a run of s numbers, which belong to so many
 * transforms or came from the stages before; loops go along the run, or along the points where it
 * is a single number. */

#include "kernel/turn.h"

static inline __attribute__((always_inline)) void NAME(four_points)(T *re, T *im)
{
    T ar = re[0] + re[2], ai = im[0] + im[2], br = re[0] - re[2], bi = im[0] - im[2],
      cr = re[1] + re[3], ci = im[1] + im[3], dr = re[1] - re[3], di = im[1] - im[3];
    re[0] = ar + cr, im[0] = ai + ci;
    re[1] = br + di, im[1] = bi - dr;
    re[2] = ar - cr, im[2] = ai - ci;
    re[3] = br - di, im[3] = bi + dr;
}

/* The transform of r points in place; r is known when this is compiled. */
static inline __attribute__((always_inline)) void NAME(points)(const int r, T *re, T *im)
{
    if (r == 2) {
        T ar = re[0] - re[1], ai = im[0] - im[1];
        re[0] += re[1], im[0] += im[1];
        re[1] = ar, im[1] = ai;
    } else if (r == 3) {
        const T half = (T)0.5, sine = (T)0.86602540378443864676;
        T sr = re[1] + re[2], si = im[1] + im[2], dr = (re[1] - re[2]) * sine,
          di = (im[1] - im[2]) * sine, cr = re[0] - half * sr, ci = im[0] - half * si;
        re[0] += sr, im[0] += si;
        re[1] = cr + di, im[1] = ci - dr;
        re[2] = cr - di, im[2] = ci + dr;
    } else if (r == 4) {
        NAME(four_points)(re, im);
    } else if (r == 8) { /* the even and the odd points */
        const T turn = (T)0.70710678118654752440;
        T er[4], ei[4], fr[4], fi[4];
        for (int j = 0; j < 4; j++) {
            er[j] = re[2 * j], ei[j] = im[2 * j];
            fr[j] = re[2 * j + 1], fi[j] = im[2 * j + 1];
        }
        NAME(four_points)(er, ei);
        NAME(four_points)(fr, fi);
        T gr[4] = {fr[0], turn * (fr[1] + fi[1]), fi[2], turn * (fi[3] - fr[3])},
          gi[4] = {fi[0], turn * (fi[1] - fr[1]), -fr[2], -turn * (fr[3] + fi[3])};
        for (int k = 0; k < 4; k++) {
            re[k] = er[k] + gr[k], im[k] = ei[k] + gi[k];
            re[k + 4] = er[k] - gr[k], im[k + 4] = ei[k] - gi[k];
        }
    } else { /* 5 */
        const T c1 = (T)0.30901699437494742410, c2 = (T)-0.80901699437494742410,
                s1 = (T)0.95105651629515357212, s2 = (T)0.58778525229247312917;
        T ar = re[1] + re[4], ai = im[1] + im[4], br = re[2] + re[3], bi = im[2] + im[3],
          cr = re[1] - re[4], ci = im[1] - im[4], dr = re[2] - re[3], di = im[2] - im[3];
        T er = re[0] + c1 * ar + c2 * br, ei = im[0] + c1 * ai + c2 * bi,
          fr = re[0] + c2 * ar + c1 * br, fi = im[0] + c2 * ai + c1 * bi, gr = s1 * cr + s2 * dr,
          gi = s1 * ci + s2 * di, hr = s2 * cr - s1 * dr, hi = s2 * ci - s1 * di;
        re[0] += ar + br, im[0] += ai + bi;
        re[1] = er + gi, im[1] = ei - gr;
        re[4] = er - gi, im[4] = ei + gr;
        re[2] = fr + hi, im[2] = fi - hr;
        re[3] = fr - hi, im[3] = fi + hr;
    }
}

/* One point of s numbers. c, d: the twiddle factors of results from the second on; apart: from one
 * point that goes in, and of those that come out, to the next. */
static inline __attribute__((always_inline)) void
NAME(butterflies)(const int r, int64_t s, const T *c, const T *d, const T *restrict xr,
                  const T *restrict xi, int64_t x_apart, T *restrict yr, T *restrict yi,
                  int64_t y_apart)
{
    INDEPENDENT for (int64_t q = 0; q < s; q++)
    {
        T re[8], im[8];
        for (int j = 0; j < r; j++)
            re[j] = xr[q + x_apart * j], im[j] = xi[q + x_apart * j];
        NAME(points)(r, re, im);
        yr[q] = re[0], yi[q] = im[0];
        for (int k = 1; k < r; k++) {
            yr[q + y_apart * k] = re[k] * c[k] - im[k] * d[k];
            yi[q + y_apart * k] = re[k] * d[k] + im[k] * c[k];
        }
    }
}

/* wr, wi: the twiddle factors of result k and point p at [(k - 1) * m + p]. */
static inline __attribute__((always_inline)) void
NAME(stage)(const int r, int64_t m, int64_t s, const T *wr, const T *wi, const T *restrict xr,
            const T *restrict xi, T *restrict yr, T *restrict yi)
{
    if (s == 1) {
        INDEPENDENT for (int64_t p = 0; p < m; p++)
        {
            T re[8], im[8];
            for (int j = 0; j < r; j++)
                re[j] = xr[p + m * j], im[j] = xi[p + m * j];
            NAME(points)(r, re, im);
            yr[r * p] = re[0], yi[r * p] = im[0];
            for (int k = 1; k < r; k++) {
                T c = wr[(k - 1) * m + p], d = wi[(k - 1) * m + p];
                yr[r * p + k] = re[k] * c - im[k] * d;
                yi[r * p + k] = re[k] * d + im[k] * c;
            }
        }
        return;
    }
    for (int64_t p = 0; p < m; p++) {
        const T *ur = xr + s * p, *ui = xi + s * p;
        T *vr = yr + s * r * p, *vi = yi + s * r * p, c[8], d[8];
        for (int k = 1; k < r; k++)
            c[k] = wr[(k - 1) * m + p], d[k] = wi[(k - 1) * m + p];
        if (s % LANES)
            NAME(butterflies)(r, s, c, d, ur, ui, s * m, vr, vi, s);
        else /* a whole vector each time */
            for (int64_t q = 0; q < s; q += LANES)
                NAME(butterflies)(r, LANES, c, d, ur + q, ui + q, s * m, vr + q, vi + q, s);
    }
}

/* The transform of r points in place, r an odd prime, by the definition; roots: those of r. Points
 * j and r - j share their cosines and, but for the sign, their sines, and so do results k and r -
 * k.
 */
static void NAME(any_points)(int r, const T *root_re, const T *root_im, NAME(vector) * re,
                             NAME(vector) * im)
{
    enum { HALF = FFT_LARGEST_RADIX / 2 };
    NAME(vector) ar[HALF], ai[HALF], br[HALF], bi[HALF], xr = re[0], xi = im[0];
    int half = (r - 1) / 2;
    for (int j = 0; j < half; j++) {
        ar[j] = re[j + 1] + re[r - 1 - j], ai[j] = im[j + 1] + im[r - 1 - j];
        br[j] = re[j + 1] - re[r - 1 - j], bi[j] = im[j + 1] - im[r - 1 - j];
        re[0] += ar[j], im[0] += ai[j];
    }
    for (int k = 1; k <= half; k++) {
        NAME(vector) cr = xr, ci = xi, dr = {0}, di = {0};
        for (int j = 0, at = k; j < half; j++, at = at + k < r ? at + k : at + k - r) {
            T c = root_re[at], d = root_im[at];
            cr += c * ar[j], ci += c * ai[j];
            dr += d * bi[j], di += d * br[j];
        }
        re[k] = cr - dr, im[k] = ci + di;
        re[r - k] = cr + dr, im[r - k] = ci - di;
    }
}

/* Any radix: points and runs together are one run going in; coming out they are not, unless a run
 * is whole vectors. */
static void NAME(any_stage)(int r, int64_t m, int64_t s, const T *wr, const T *wi, const T *root_re,
                            const T *root_im, const T *xr, const T *xi, T *yr, T *yi)
{
    NAME(vector) re[FFT_LARGEST_RADIX], im[FFT_LARGEST_RADIX];
    for (int64_t first = 0; first < m * s; first += LANES) {
        int64_t here = m * s - first < LANES ? m * s - first : LANES;
        for (int j = 0; j < r; j++) {
            re[j] = im[j] = (NAME(vector)){0};
            memcpy(&re[j], xr + first + j * m * s, (size_t)here * sizeof(T));
            memcpy(&im[j], xi + first + j * m * s, (size_t)here * sizeof(T));
        }
        NAME(any_points)(r, root_re, root_im, re, im);
        for (int64_t l = 0; l < here; l += s % LANES ? 1 : LANES) {
            int64_t p = (first + l) / s, at = r * p * s + (first + l) % s;
            for (int k = 0; k < r; k++, at += s) {
                T c = k ? wr[(k - 1) * m + p] : 1, d = k ? wi[(k - 1) * m + p] : 0;
                if (s % LANES) {
                    T a = ((const T *)&re[k])[l], b = ((const T *)&im[k])[l];
                    yr[at] = a * c - b * d;
                    yi[at] = a * d + b * c;
                } else {
                    NAME(store_vector)(yr + at, re[k] * c - im[k] * d);
                    NAME(store_vector)(yi + at, re[k] * d + im[k] * c);
                }
            }
        }
    }
}

static void NAME(two)(int64_t m, int64_t s, const T *wr, const T *wi, const T *xr, const T *xi,
                      T *yr, T *yi)
{
    NAME(stage)(2, m, s, wr, wi, xr, xi, yr, yi);
}
static void NAME(three)(int64_t m, int64_t s, const T *wr, const T *wi, const T *xr, const T *xi,
                        T *yr, T *yi)
{
    NAME(stage)(3, m, s, wr, wi, xr, xi, yr, yi);
}
static void NAME(four)(int64_t m, int64_t s, const T *wr, const T *wi, const T *xr, const T *xi,
                       T *yr, T *yi)
{
    NAME(stage)(4, m, s, wr, wi, xr, xi, yr, yi);
}
static void NAME(eight)(int64_t m, int64_t s, const T *wr, const T *wi, const T *xr, const T *xi,
                        T *yr, T *yi)
{
    NAME(stage)(8, m, s, wr, wi, xr, xi, yr, yi);
}
static void NAME(five)(int64_t m, int64_t s, const T *wr, const T *wi, const T *xr, const T *xi,
                       T *yr, T *yi)
{
    NAME(stage)(5, m, s, wr, wi, xr, xi, yr, yi);
}

/* All stages; returns which of the two pairs of arrays holds the result. */
static int NAME(transform)(const fft_plan *p, int64_t s, T *const re[2], T *const im[2])
{
    int64_t m = p->n, at = 0;
    const T *wr = p->twiddle_re, *wi = p->twiddle_im, *roots_re = p->root_re,
            *roots_im = p->root_im;
    int from = 0;
    for (int i = 0; i < p->nfactors; i++, from = !from) {
        int r = p->factors[i];
        m /= r;
        const T *xr = re[from], *xi = im[from];
        T *yr = re[!from], *yi = im[!from];
        switch (r) {
        case 2:
            NAME(two)(m, s, wr + at, wi + at, xr, xi, yr, yi);
            break;
        case 3:
            NAME(three)(m, s, wr + at, wi + at, xr, xi, yr, yi);
            break;
        case 4:
            NAME(four)(m, s, wr + at, wi + at, xr, xi, yr, yi);
            break;
        case 8:
            NAME(eight)(m, s, wr + at, wi + at, xr, xi, yr, yi);
            break;
        case 5:
            NAME(five)(m, s, wr + at, wi + at, xr, xi, yr, yi);
            break;
        default:
            NAME(any_stage)(r, m, s, wr + at, wi + at, roots_re, roots_im, xr, xi, yr, yi);
            roots_re += r, roots_im += r;
        }
        at += (r - 1) * m;
        s *= r;
    }
    return from;
}

/* x *= w for n points of s numbers, w one number a point. */
static void NAME(scale)(int64_t n, int64_t s, const T *wr, const T *wi, T *xr, T *xi)
{
    for (int64_t p = 0; p < n; p++) {
        T c = wr[p], d = wi[p], *re = xr + p * s, *im = xi + p * s;
        INDEPENDENT for (int64_t q = 0; q < s; q++)
        {
            T a = re[q], b = im[q];
            re[q] = a * c - b * d;
            im[q] = a * d + b * c;
        }
    }
}

/* Of real numbers in pairs: the transform Z of m complex points, even numbers real and odd ones
 * imaginary, becomes the first m + 1 results of 2 m points. */
static void NAME(unpack)(int64_t m, int64_t s, const T *wr, const T *wi, const T *zr, const T *zi,
                         T *yr, T *yi)
{
    const T half = (T)0.5;
    for (int64_t k = 0; k <= m; k++) {
        const T *ar = zr + (k % m) * s, *ai = zi + (k % m) * s, *br = zr + ((m - k) % m) * s,
                *bi = zi + ((m - k) % m) * s;
        T c = wr[k], d = wi[k], *re = yr + k * s, *im = yi + k * s;
        INDEPENDENT for (int64_t q = 0; q < s; q++)
        {
            T er = half * (ar[q] + br[q]), ei = half * (ai[q] - bi[q]), or = half * (ai[q] + bi[q]),
              oi = half * (br[q] - ar[q]);
            re[q] = er + or *c - oi * d;
            im[q] = ei + or *d + oi * c;
        }
    }
}

/* And back: m + 1 results to the m complex points whose inverse transform holds the numbers. */
static void NAME(pack)(int64_t m, int64_t s, const T *wr, const T *wi, const T *xr, const T *xi,
                       T *yr, T *yi)
{
    const T half = (T)0.5;
    for (int64_t k = 0; k < m; k++) {
        const T *ar = xr + k * s, *ai = xi + k * s, *br = xr + (m - k) * s, *bi = xi + (m - k) * s;
        T c = wr[k], d = -wi[k], *re = yr + k * s, *im = yi + k * s;
        INDEPENDENT for (int64_t q = 0; q < s; q++)
        {
            T er = half * (ar[q] + br[q]), ei = half * (ai[q] - bi[q]), ur = half * (ar[q] - br[q]),
              ui = half * (ai[q] + bi[q]), or = ur * c - ui * d, oi = ur * d + ui * c;
            re[q] = er - oi;
            im[q] = ei + or ;
        }
    }
}

/* x's numbers at at j * along + q * across, for n points and s numbers a point, in order; and back,
 * times a factor. Blocks of points keep both sides in the cache where the numbers of a point lie
 * far apart. */
enum { NAME(BLOCK) = 16 };
static void NAME(gather)(int64_t n, int64_t s, const void *from, int64_t along, int64_t across,
                         void *to)
{
    const T *x = from;
    T *y = to;
    for (int64_t first = 0; first < n; first += NAME(BLOCK)) {
        int64_t end = first + NAME(BLOCK) < n ? first + NAME(BLOCK) : n;
        for (int64_t q = 0; q < s && across > along; q++)
            for (int64_t j = first; j < end; j++)
                y[j * s + q] = x[j * along + q * across];
        for (int64_t j = first; j < end && across <= along; j++)
            for (int64_t q = 0; q < s; q++)
                y[j * s + q] = x[j * along + q * across];
    }
}

static void NAME(scatter)(int64_t n, int64_t s, double factor, const void *from, void *to,
                          int64_t along, int64_t across)
{
    const T *x = from;
    T *y = to, f = (T)factor;
    for (int64_t first = 0; first < n; first += NAME(BLOCK)) {
        int64_t end = first + NAME(BLOCK) < n ? first + NAME(BLOCK) : n;
        for (int64_t q = 0; q < s && across > along; q++)
            for (int64_t j = first; j < end; j++)
                y[j * along + q * across] = f * x[j * s + q];
        for (int64_t j = first; j < end && across <= along; j++)
            for (int64_t q = 0; q < s; q++)
                y[j * along + q * across] = f * x[j * s + q];
    }
}

/* A run of complex numbers to their parts, and back times a factor. */
static void NAME(split_run)(int64_t n, const T *x, T *re, T *im)
{
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        NAME(vector) a = NAME(load_vector)(x + 2 * i), b = NAME(load_vector)(x + 2 * i + LANES);
        NAME(store_vector)(re + i, __builtin_shufflevector(a, b, LANE_LIST(LANES, LANE_EVEN, 1)));
        NAME(store_vector)(im + i, __builtin_shufflevector(a, b, LANE_LIST(LANES, LANE_ODD, 1)));
    }
    for (; i < n; i++)
        re[i] = x[2 * i], im[i] = x[2 * i + 1];
}

static void NAME(join_run)(int64_t n, T factor, const T *re, const T *im, T *x)
{
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        NAME(vector) a = factor * NAME(load_vector)(re + i), b = factor * NAME(load_vector)(im + i);
        NAME(store_vector)
        (x + 2 * i, __builtin_shufflevector(a, b, LANE_LIST(LANES, LANE_FIRST, 1)));
        NAME(store_vector)
        (x + 2 * i + LANES, __builtin_shufflevector(a, b, LANE_LIST(LANES, LANE_SECOND, 1)));
    }
    for (; i < n; i++)
        x[2 * i] = factor * re[i], x[2 * i + 1] = factor * im[i];
}

/* Transforms whose points are runs, and as many transforms as fill vectors: tiles are turned. What
 * is left of n points is done number by number. */
static void NAME(split_rows)(int64_t n, int64_t s, const T *x, int64_t across, T *re, T *im)
{
    NAME(vector) row[LANES];
    int64_t j = 0;
    for (; j + LANES / 2 <= n; j += LANES / 2)
        for (int64_t q = 0; q < s; q += LANES) {
            _Pragma("GCC unroll 16") for (int i = 0; i < LANES; i++) row[i] =
                NAME(load_vector)(x + 2 * j + (q + i) * across);
            NAME(turn)(row);
            _Pragma("GCC unroll 16") for (int i = 0; i < LANES; i++)
                NAME(store_vector)((i % 2 ? im : re) + (j + i / 2) * s + q, row[i]);
        }
    NAME(gather)(n - j, s, x + 2 * j, 2, across, re + j * s);
    NAME(gather)(n - j, s, x + 2 * j + 1, 2, across, im + j * s);
}

static void NAME(join_rows)(int64_t n, int64_t s, T factor, const T *re, const T *im, T *x,
                            int64_t across)
{
    NAME(vector) row[LANES];
    int64_t j = 0;
    for (; j + LANES / 2 <= n; j += LANES / 2)
        for (int64_t q = 0; q < s; q += LANES) {
            _Pragma("GCC unroll 16") for (int i = 0; i < LANES; i++) row[i] =
                factor * NAME(load_vector)((i % 2 ? im : re) + (j + i / 2) * s + q);
            NAME(turn)(row);
            _Pragma("GCC unroll 16") for (int i = 0; i < LANES; i++)
                NAME(store_vector)(x + 2 * j + (q + i) * across, row[i]);
        }
    NAME(scatter)(n - j, s, factor, re + j * s, x + 2 * j, 2, across);
    NAME(scatter)(n - j, s, factor, im + j * s, x + 2 * j + 1, 2, across);
}

/* What a point needs is on its way some points before: the numbers of a point are far from those of
 * the next, where no processor expects them. */
static inline void NAME(expect)(int64_t j, int64_t n, int64_t s, const T *x, int64_t along)
{
    enum { AHEAD = 12 };
    for (int64_t q = 0; q < 2 * s && j + AHEAD < n; q += LANES)
        __builtin_prefetch(x + (j + AHEAD) * along + q, 1);
}

static void NAME(split)(int64_t n, int64_t s, const void *from, int64_t along, int64_t across,
                        void *to_re, void *to_im)
{
    const T *x = from;
    T *re = to_re, *im = to_im;
    if (s == 1 && along == 2) {
        NAME(split_run)(n, x, re, im);
    } else if (across == 2) {
        for (int64_t j = 0; j < n; j++) {
            NAME(expect)(j, n, s, x, along);
            NAME(split_run)(s, x + j * along, re + j * s, im + j * s);
        }
    } else if (along == 2 && s % LANES == 0) {
        NAME(split_rows)(n, s, x, across, re, im);
    } else {
        NAME(gather)(n, s, x, along, across, re);
        NAME(gather)(n, s, x + 1, along, across, im);
    }
}

static void NAME(join)(int64_t n, int64_t s, double factor, const void *from_re,
                       const void *from_im, void *to, int64_t along, int64_t across)
{
    const T *re = from_re, *im = from_im;
    T *x = to;
    if (s == 1 && along == 2) {
        NAME(join_run)(n, (T)factor, re, im, x);
    } else if (across == 2) {
        for (int64_t j = 0; j < n; j++) {
            NAME(expect)(j, n, s, x, along);
            NAME(join_run)(s, (T)factor, re + j * s, im + j * s, x + j * along);
        }
    } else if (along == 2 && s % LANES == 0) {
        NAME(join_rows)(n, s, (T)factor, re, im, x, across);
    } else {
        NAME(scatter)(n, s, factor, re, x, along, across);
        NAME(scatter)(n, s, factor, im, x + 1, along, across);
    }
}

static int NAME(run)(const fft_plan *p, fft_step step, int64_t s, void *const *re, void *const *im)
{
    T *r[2] = {re[0], re[1]}, *i[2] = {im[0], im[1]};
    switch (step) {
    case FFT_TRANSFORM:
        return NAME(transform)(p, s, r, i);
    case FFT_CHIRP:
        NAME(scale)(p->n, s, p->chirp_re, p->chirp_im, r[0], i[0]);
        return 0;
    case FFT_CONVOLVE:
        NAME(scale)(p->inner->n, s, p->kernel_re, p->kernel_im, r[0], i[0]);
        return 0;
    case FFT_UNPACK:
        NAME(unpack)(p->n, s, p->half_re, p->half_im, r[0], i[0], r[1], i[1]);
        return 1;
    case FFT_PACK:
        NAME(pack)(p->n, s, p->half_re, p->half_im, r[0], i[0], r[1], i[1]);
        return 1;
    }
    return 0;
}
#undef T
#undef LANES
#undef NAME

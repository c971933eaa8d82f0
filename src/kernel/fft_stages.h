/* The stages of a Fourier transform in one type: included by fft.c once a type, with T (the type)
 * and NAME(f) (the name of a function in that type), which it undefines at its end.
 *
 * Stockham's form: a stage of radix r takes the transform of r m points apart into r of m points
 * and puts them in order as it goes, from one pair of arrays into another. Real and imaginary parts
 * stand in arrays of their own. Each point is a run of s numbers, which belong to so many
 * transforms or came from the stages before; loops go along the run, or along the points where it
 * is a single number. */

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
        T ar = re[0] + re[2], ai = im[0] + im[2], br = re[0] - re[2], bi = im[0] - im[2],
          cr = re[1] + re[3], ci = im[1] + im[3], dr = re[1] - re[3], di = im[1] - im[3];
        re[0] = ar + cr, im[0] = ai + ci;
        re[1] = br + di, im[1] = bi - dr;
        re[2] = ar - cr, im[2] = ai - ci;
        re[3] = br - di, im[3] = bi + dr;
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

/* wr, wi: the twiddle factors of result k and point p at [(k - 1) * m + p]. */
static inline __attribute__((always_inline)) void
NAME(stage)(const int r, int64_t m, int64_t s, const T *wr, const T *wi, const T *restrict xr,
            const T *restrict xi, T *restrict yr, T *restrict yi)
{
    if (s == 1) {
        INDEPENDENT for (int64_t p = 0; p < m; p++)
        {
            T re[5], im[5];
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
        T *vr = yr + s * r * p, *vi = yi + s * r * p, c[5], d[5];
        for (int k = 1; k < r; k++)
            c[k] = wr[(k - 1) * m + p], d[k] = wi[(k - 1) * m + p];
        INDEPENDENT for (int64_t q = 0; q < s; q++)
        {
            T re[5], im[5];
            for (int j = 0; j < r; j++)
                re[j] = ur[q + s * m * j], im[j] = ui[q + s * m * j];
            NAME(points)(r, re, im);
            vr[q] = re[0], vi[q] = im[0];
            for (int k = 1; k < r; k++) {
                vr[q + s * k] = re[k] * c[k] - im[k] * d[k];
                vi[q + s * k] = re[k] * d[k] + im[k] * c[k];
            }
        }
    }
}

/* Any radix, by the definition; roots: those of r. */
static void NAME(any_stage)(int64_t r, int64_t m, int64_t s, const T *wr, const T *wi,
                            const T *root_re, const T *root_im, const T *restrict xr,
                            const T *restrict xi, T *restrict yr, T *restrict yi)
{
    for (int64_t p = 0; p < m; p++)
        for (int64_t k = 0; k < r; k++) {
            T *vr = yr + s * (r * p + k), *vi = yi + s * (r * p + k);
            T tc = k ? wr[(k - 1) * m + p] : 1, td = k ? wi[(k - 1) * m + p] : 0;
            for (int64_t q = 0; q < s; q++)
                vr[q] = xr[q + s * p], vi[q] = xi[q + s * p];
            for (int64_t j = 1; j < r; j++) {
                const T *ur = xr + s * (p + m * j), *ui = xi + s * (p + m * j);
                T c = root_re[j * k % r], d = root_im[j * k % r];
                INDEPENDENT for (int64_t q = 0; q < s; q++)
                {
                    vr[q] += ur[q] * c - ui[q] * d;
                    vi[q] += ur[q] * d + ui[q] * c;
                }
            }
            INDEPENDENT for (int64_t q = 0; q < s; q++)
            {
                T re = vr[q], im = vi[q];
                vr[q] = re * tc - im * td;
                vi[q] = re * td + im * tc;
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
#undef NAME

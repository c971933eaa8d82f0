/* Plans of Fourier transforms: factors of the length, roots of unity, and the tables of Bluestein's
 * algorithm. The last few plans are kept. */
#include "kernel/fft.h"

#include <math.h>
#include <pthread.h>

#include "kernel/loops.h"

const fft_loops *fft_loops_of(bool wide) { return kernel_chosen()->fft(wide); }

/* ---- roots of unity ---- */

/* exp(-2 pi i k / n), exact to a rounding: the angle is brought below 45 degrees in whole numbers.
 */
static void root(int64_t k, int64_t n, double *re, double *im)
{
    __int128 eighth = (__int128)8 * (k % n);
    int octant = (int)(eighth / n);
    double rest = (double)(int64_t)(eighth % n) / (double)n; /* of an octant */
    double angle = (octant & 1 ? 1 - rest : rest) * (M_PI / 4), c = cos(angle), s = sin(angle);
    static const int8_t swap[8] = {0, 1, 1, 0, 0, 1, 1, 0},
                        cosine[8] = {1, 1, -1, -1, -1, -1, 1, 1},
                        sine[8] = {1, 1, 1, 1, -1, -1, -1, -1};
    *re = cosine[octant] * (swap[octant] ? s : c);
    *im = -sine[octant] * (swap[octant] ? c : s);
}

static void put(bool wide, void *re, void *im, int64_t at, double a, double b)
{
    if (wide) {
        ((double *)re)[at] = a;
        ((double *)im)[at] = b;
    } else {
        ((float *)re)[at] = (float)a;
        ((float *)im)[at] = (float)b;
    }
}

static bool take(bool wide, int64_t n, void **re, void **im)
{
    size_t bytes = (size_t)(n + 1) * (wide ? 8 : 4);
    *re = base_alloc(bytes);
    *im = base_alloc(bytes);
    return *re && *im;
}

/* ---- making a plan ---- */

/* Of a power of two the fewest that are eights and fours, fours first; then what is left. False
 * when a prime factor is too large. */
static bool find_factors(fft_plan *p)
{
    int64_t left = p->n;
    int twos = __builtin_ctzll((uint64_t)left), fours = twos == 1 ? 0 : (3 - twos % 3) % 3;
    while (fours--) {
        p->factors[p->nfactors++] = 4;
        left /= 4;
    }
    while (left % 8 == 0) {
        p->factors[p->nfactors++] = 8;
        left /= 8;
    }
    for (int r = 2; left > 1 && r <= FFT_LARGEST_RADIX; r++)
        while (left % r == 0) {
            p->factors[p->nfactors++] = r;
            left /= r;
        }
    if (left > 1)
        p->nfactors = 0;
    return left == 1;
}

static bool make_twiddles(fft_plan *p)
{
    int64_t total = 0, roots = 0, m = p->n, at = 0, root_at = 0;
    for (int i = 0; i < p->nfactors; i++) {
        m /= p->factors[i];
        total += (p->factors[i] - 1) * m;
        roots += fft_any_radix(p->factors[i]) ? p->factors[i] : 0;
    }
    if (!take(p->wide, total, &p->twiddle_re, &p->twiddle_im) ||
        !take(p->wide, roots, &p->root_re, &p->root_im))
        return false;
    m = p->n;
    for (int i = 0; i < p->nfactors; i++) {
        int r = p->factors[i];
        int64_t whole = m;
        double re, im;
        m /= r;
        for (int64_t k = 1; k < r; k++)
            for (int64_t j = 0; j < m; j++) {
                root(j * k, whole, &re, &im);
                put(p->wide, p->twiddle_re, p->twiddle_im, at++, re, im);
            }
        for (int64_t k = 0; k < r && fft_any_radix(r); k++) {
            root(k, r, &re, &im);
            put(p->wide, p->root_re, p->root_im, root_at++, re, im);
        }
    }
    return true;
}

static bool make_halves(fft_plan *p)
{
    if (!take(p->wide, p->n + 1, &p->half_re, &p->half_im))
        return false;
    for (int64_t k = 0; k <= p->n; k++) {
        double re, im;
        root(k, 2 * p->n, &re, &im);
        put(p->wide, p->half_re, p->half_im, k, re, im);
    }
    return true;
}

static int64_t smooth_length(int64_t least)
{
    for (int64_t n = least;; n++) {
        int64_t left = n;
        for (int r = 2; r <= 5; r++)
            while (left % r == 0)
                left /= r;
        if (left == 1)
            return n;
    }
}

/* The chirp's conjugate, laid round the circle of the longer length, and transformed. */
static bool make_kernel(fft_plan *p)
{
    int64_t n = p->n, length = p->inner->n;
    void *re[2] = {NULL, NULL}, *im[2] = {NULL, NULL};
    bool good = take(p->wide, length, &re[0], &im[0]) && take(p->wide, length, &re[1], &im[1]);
    for (int64_t k = 0; good && k < length; k++)
        put(p->wide, re[0], im[0], k, 0, 0);
    for (int64_t k = 0; good && k < n; k++) {
        double a, b;
        root((int64_t)((__int128)k * k % (2 * n)), 2 * n, &a, &b);
        put(p->wide, p->chirp_re, p->chirp_im, k, a, b);
        put(p->wide, re[0], im[0], k, a / (double)length, -b / (double)length);
        if (k)
            put(p->wide, re[0], im[0], length - k, a / (double)length, -b / (double)length);
    }
    if (good) {
        int in = fft_loops_of(p->wide)->run(p->inner, FFT_TRANSFORM, 1, re, im);
        p->kernel_re = re[in];
        p->kernel_im = im[in];
        re[in] = im[in] = NULL;
    }
    for (int i = 0; i < 2; i++) {
        base_free(re[i]);
        base_free(im[i]);
    }
    return good;
}

static fft_plan *plan_new(int64_t n, bool wide);

static bool plan_fill(fft_plan *p)
{
    if (!make_halves(p))
        return false;
    if (find_factors(p))
        return make_twiddles(p);
    p->inner = plan_new(smooth_length(2 * p->n - 1), p->wide);
    return p->inner && take(p->wide, p->n, &p->chirp_re, &p->chirp_im) && make_kernel(p);
}

static void plan_free(fft_plan *p)
{
    if (!p)
        return;
    void *blocks[] = {p->twiddle_re, p->twiddle_im, p->root_re,  p->root_im,   p->half_re,
                      p->half_im,    p->chirp_re,   p->chirp_im, p->kernel_re, p->kernel_im};
    for (size_t i = 0; i < countof(blocks); i++)
        base_free(blocks[i]);
    plan_free(p->inner);
    base_free(p);
}

static fft_plan *plan_new(int64_t n, bool wide)
{
    fft_plan *p = base_zalloc(sizeof *p);
    if (!p)
        return NULL;
    p->n = n;
    p->wide = wide;
    if (plan_fill(p))
        return p;
    plan_free(p);
    return NULL;
}

/* ---- the plans that are kept ---- */

enum { KEPT = 16 };
static fft_plan *kept[KEPT]; /* the latest first; each counts as one user */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Moves what is found, or what is new, to the front. */
static fft_plan *keep(int64_t n, bool wide, fft_plan *made)
{
    fft_plan *found = NULL, *dropped = NULL;
    int at = 0;
    pthread_mutex_lock(&lock);
    while (at < KEPT && kept[at] && !(kept[at]->n == n && kept[at]->wide == wide))
        at++;
    if (at < KEPT && kept[at]) {
        found = kept[at];
    } else if (made) {
        at = at < KEPT ? at : KEPT - 1;
        dropped = kept[at];
        found = made;
        found->users = 1;
    }
    if (found) {
        memmove(kept + 1, kept, (size_t)at * sizeof *kept);
        kept[0] = found;
        found->users++;
    }
    pthread_mutex_unlock(&lock);
    if (dropped)
        fft_plan_release(dropped);
    return found;
}

fft_plan *fft_plan_get(int64_t n, bool wide)
{
    fft_plan *p = keep(n, wide, NULL);
    if (p)
        return p;
    fft_plan *made = plan_new(n, wide);
    p = made ? keep(n, wide, made) : NULL;
    if (made && p != made)
        plan_free(made);
    return p;
}

void fft_plan_release(fft_plan *p)
{
    if (p && atomic_fetch_sub(&p->users, 1) == 1)
        plan_free(p);
}

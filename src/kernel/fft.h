/* Plans of Fourier transforms (fft_plan.c) and the loops that follow them (fft.c, built for each
 * instruction set). Next: fourier.c, which cuts arrays into such transforms. */
#ifndef COTAN_SRC_FFT_H
#define COTAN_SRC_FFT_H
#include "base/base.h"

enum { FFT_MOST_FACTORS = 40, FFT_LARGEST_RADIX = 50 };

/* Others have loops of their own. */
static inline bool fft_any_radix(int r) { return r > 5 && r != 8; }

/* Tables are of float or double. A length with a prime factor above FFT_LARGEST_RADIX is done by
 * Bluestein's algorithm: a convolution with a chirp, by transforms of a longer, smooth length. */
typedef struct fft_plan {
    int64_t n;
    bool wide; /* double */
    int nfactors;
    int factors[FFT_MOST_FACTORS]; /* empty with a chirp */
    void *twiddle_re, *twiddle_im; /* a stage behind another, as fft_stages.h reads them */
    void *root_re, *root_im;       /* of the radices done by the definition */
    void *half_re, *half_im;       /* exp(-pi i k / n) for k = 0 ... n: for real numbers in pairs */
    struct fft_plan *inner;        /* of the convolution; NULL without chirp */
    void *chirp_re, *chirp_im;     /* exp(-pi i k^2 / n) */
    void *kernel_re, *kernel_im;   /* the transform of what is convolved with, over its length */
    _Atomic int users;
} fft_plan;

/* The plan of n points, kept for later calls; release it. NULL when memory is short. */
CT_NODISCARD fft_plan *fft_plan_get(int64_t n, bool wide);
void fft_plan_release(fft_plan *p);

typedef enum fft_step { FFT_TRANSFORM, FFT_CHIRP, FFT_CONVOLVE, FFT_UNPACK, FFT_PACK } fft_step;
typedef struct fft_loops {
    /* One step on points of s numbers in the first pair of arrays; returns in which pair the result
     * is. */
    int (*run)(const fft_plan *p, fft_step step, int64_t s, void *const *re, void *const *im);
    /* Numbers at x[j * along + q * across] to y[j * s + q] for j < n and q < s, and back times a
     * factor. */
    void (*gather)(int64_t n, int64_t s, const void *x, int64_t along, int64_t across, void *y);
    void (*scatter)(int64_t n, int64_t s, double factor, const void *x, void *y, int64_t along,
                    int64_t across);
    /* The same with complex numbers, whose parts lie side by side, to and from arrays of their
     * parts. */
    void (*split)(int64_t n, int64_t s, const void *x, int64_t along, int64_t across, void *re,
                  void *im);
    void (*join)(int64_t n, int64_t s, double factor, const void *re, const void *im, void *x,
                 int64_t along, int64_t across);
} fft_loops;
/* Those of the processor, for float and for double. */
const fft_loops *fft_loops_of(bool wide);
#endif

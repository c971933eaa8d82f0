/* Fourier transforms along one axis of an array, by plans (fft_plan.c) and loops (fft.c).
 *
 * Why not a library: FFTW is under the GPL, and what Debian has besides is C++ or slow. An array is
 * cut into blocks of as many transforms as fill vectors, whose points lie side by side, real and
 * imaginary parts apart; so every loop is a loop over contiguous numbers. An inverse transform is
 * one with real and imaginary parts exchanged. Real numbers that lie
 * side by side are taken in pairs when their count is even. */
#include "kernel/fft.h"
#include "kernel/kernel.h"

enum { BLOCK_BYTES = 1 << 19, LANES = 16 };

typedef struct job {
    kernel_fourier f;
    fft_plan *plan;
    const fft_loops *loops;
    bool pairs, inverse;
    int64_t points;        /* of the plan's arrays */
    int64_t lanes, blocks; /* numbers side by side; blocks of one outer index, or of rows */
    size_t item;
    const char *in;
    char *out;
    _Atomic bool no_memory;
} job;

/* Two pairs of arrays; the current values are in pair 0. */
typedef struct work {
    void *re[2], *im[2];
    int64_t s;
} work;

static void follow(work *w, int pair)
{
    if (!pair)
        return;
    void *re = w->re[0], *im = w->im[0];
    w->re[0] = w->re[1], w->im[0] = w->im[1];
    w->re[1] = re, w->im[1] = im;
}

static void step(const job *j, const fft_plan *p, fft_step what, work *w)
{
    follow(w, j->loops->run(p, what, w->s, w->re, w->im));
}

static void exchange(work *w)
{
    for (int i = 0; i < 2; i++) {
        void *re = w->re[i];
        w->re[i] = w->im[i];
        w->im[i] = re;
    }
}

static void clear(const job *j, work *w, int64_t from, int64_t to)
{
    size_t at = (size_t)(from * w->s) * j->item, bytes = (size_t)((to - from) * w->s) * j->item;
    memset((char *)w->re[0] + at, 0, bytes);
    memset((char *)w->im[0] + at, 0, bytes);
}

static void transform(const job *j, work *w)
{
    const fft_plan *p = j->plan;
    if (!p->inner) {
        step(j, p, FFT_TRANSFORM, w);
        return;
    }
    step(j, p, FFT_CHIRP, w);
    clear(j, w, p->n, p->inner->n);
    step(j, p->inner, FFT_TRANSFORM, w);
    step(j, p, FFT_CONVOLVE, w);
    exchange(w);
    step(j, p->inner, FFT_TRANSFORM, w);
    exchange(w);
    step(j, p, FFT_CHIRP, w);
}

/* Where a block's numbers lie in an array with this many points along the axis, in items; complex
 * numbers are two. */
typedef struct place {
    int64_t at, along, across;
} place;
static place place_of(const job *j, int64_t block, int64_t points, int64_t parts)
{
    int64_t inner = j->f.inner;
    if (inner == 1)
        return (place){block * j->lanes * points * parts, parts, points * parts};
    int64_t outer = block / j->blocks, first = block % j->blocks * j->lanes;
    return (place){(outer * points * inner + first) * parts, inner * parts, parts};
}

static const void *item_at(const job *j, int64_t at) { return j->in + at * (int64_t)j->item; }

static void load_complex(const job *j, work *w, int64_t block, int64_t points)
{
    place p = place_of(j, block, points, 2);
    j->loops->split(points, w->s, item_at(j, p.at), p.along, p.across, w->re[0], w->im[0]);
}

/* A pair of real numbers looks like a complex one. */
static void load_real(const job *j, work *w, int64_t block)
{
    place p = place_of(j, block, j->f.n, 1);
    int64_t n = j->plan->n;
    if (j->pairs) {
        j->loops->split(n, w->s, item_at(j, p.at), 2 * p.along, p.across, w->re[0], w->im[0]);
        return;
    }
    clear(j, w, 0, n);
    j->loops->gather(n, w->s, item_at(j, p.at), p.along, p.across, w->re[0]);
}

/* The half of a spectrum that was given becomes all of it: results of real numbers are conjugate in
 * pairs, and real at the ends. */
static void complete_spectrum(const job *j, work *w)
{
    int64_t n = j->f.n, half = n / 2, s = w->s;
    size_t row = (size_t)s * j->item;
    memset(w->im[0], 0, row);
    if (n % 2 == 0)
        memset((char *)w->im[0] + (size_t)half * row, 0, row);
    for (int64_t k = half + 1; !j->pairs && k < n; k++) {
        memcpy((char *)w->re[0] + (size_t)k * row, (char *)w->re[0] + (size_t)(n - k) * row, row);
        j->loops->scatter(1, s, -1, (char *)w->im[0] + (size_t)(n - k) * row,
                          (char *)w->im[0] + (size_t)k * row, 1, 1);
    }
}

static void *place_at(const job *j, int64_t at) { return j->out + at * (int64_t)j->item; }

static void store_complex(const job *j, const work *w, int64_t block, int64_t points, double factor)
{
    place p = place_of(j, block, points, 2);
    j->loops->join(points, w->s, factor, w->re[0], w->im[0], place_at(j, p.at), p.along, p.across);
}

static void store_real(const job *j, const work *w, int64_t block)
{
    place p = place_of(j, block, j->f.n, 1);
    int64_t n = j->plan->n;
    double factor = 1 / (double)n;
    if (j->pairs)
        j->loops->join(n, w->s, factor, w->re[0], w->im[0], place_at(j, p.at), 2 * p.along,
                       p.across);
    else
        j->loops->scatter(n, w->s, factor, w->re[0], place_at(j, p.at), p.along, p.across);
}

static void run_block(const job *j, work *w, int64_t block)
{
    int64_t n = j->f.n;
    switch (j->f.type) {
    case FOURIER_FORWARD:
    case FOURIER_INVERSE:
        load_complex(j, w, block, n);
        if (j->inverse)
            exchange(w);
        transform(j, w);
        if (j->inverse)
            exchange(w);
        store_complex(j, w, block, n, j->inverse ? 1 / (double)n : 1);
        return;
    case FOURIER_OF_REAL:
        load_real(j, w, block);
        transform(j, w);
        if (j->pairs)
            step(j, j->plan, FFT_UNPACK, w);
        store_complex(j, w, block, n / 2 + 1, 1);
        return;
    case FOURIER_TO_REAL:
        load_complex(j, w, block, n / 2 + 1);
        complete_spectrum(j, w);
        if (j->pairs)
            step(j, j->plan, FFT_PACK, w);
        exchange(w);
        transform(j, w);
        exchange(w);
        store_real(j, w, block);
        return;
    }
}

static void run_blocks(void *context, int64_t begin, int64_t end)
{
    job *j = context;
    enum {
        ALIGN = 64,
        PAGE = 4096
    }; /* arrays begin at different places of a page, so that points
          of one do not push out those of another */
    size_t bytes = (size_t)(j->points * j->lanes) * j->item;
    bytes = (bytes + PAGE - 1) / PAGE * PAGE + PAGE / 4;
    char *block_memory = base_alloc(4 * bytes + ALIGN), *memory = block_memory;
    if (!memory) {
        atomic_store(&j->no_memory, true);
        return;
    }
    memory += (ALIGN - (uintptr_t)memory % ALIGN) % ALIGN;
    for (int64_t block = begin; block < end; block++) {
        int64_t first = (j->f.inner == 1 ? block : block % j->blocks) * j->lanes,
                all = j->f.inner == 1 ? j->f.outer : j->f.inner;
        work w = {{memory, memory + bytes},
                  {memory + 2 * bytes, memory + 3 * bytes},
                  all - first < j->lanes ? all - first : j->lanes};
        run_block(j, &w, block);
    }
    base_free(block_memory);
}

ct_status kernel_fft(const kernel_fourier *f, const void *in, void *out)
{
    bool real = f->type == FOURIER_OF_REAL || f->type == FOURIER_TO_REAL;
    job j = {.f = *f,
             .pairs = real && f->n % 2 == 0 && f->inner == 1,
             .inverse = f->type == FOURIER_INVERSE,
             .item = f->wide ? 8 : 4,
             .in = in,
             .out = out,
             .loops = fft_loops_of(f->wide)};
    if (!f->outer || !f->inner)
        return CT_OK;
    j.plan = fft_plan_get(j.pairs ? f->n / 2 : f->n, f->wide);
    if (!j.plan)
        return CT_OUT_OF_MEMORY_ERROR;
    j.points = (j.plan->inner ? j.plan->inner->n : j.plan->n) + 1;
    int64_t fit = BLOCK_BYTES / (4 * j.points * (int64_t)j.item),
            all = f->inner == 1 ? f->outer : f->inner;
    j.lanes = fit >= LANES ? LANES : fit > 4 ? 8 : all > 1 && f->inner > 1 ? 4 : 1;
    j.lanes = j.lanes < all ? j.lanes : all;
    j.blocks = (all + j.lanes - 1) / j.lanes;
    int64_t count = f->inner == 1 ? j.blocks : f->outer * j.blocks,
            grain = (1 << 14) / (j.points * j.lanes) + 1;
    base_parallel(count, grain, run_blocks, &j);
    fft_plan_release(j.plan);
    if (!atomic_load(&j.no_memory))
        return CT_OK;
    base_fail_memory((size_t)(4 * j.points * j.lanes) * j.item);
    return CT_OUT_OF_MEMORY_ERROR;
}

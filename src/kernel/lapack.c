/* LAPACK through OpenBLAS, which is loaded when the first factorization comes: it is a big library,
 * and many programs never need it.
 *
 * Every argument of a Fortran routine is a pointer, and the lengths of its character arguments
 * follow behind the last one. All routines are therefore called as one type of function: pointers,
 * and then ones for the lengths, which a callee that knows of none leaves alone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

#include "kernel/lapack.h"

enum routine {
    POTRF,
    TRSM,
    GETRF,
    GEQRF,
    GEQP3,
    ORGQR,
    ORMQR,
    SYEVD,
    GESDD,
    GEEV,
    GEES,
    GEHRD,
    SYTRD,
    GTSV,
    ROUTINES
};
/* Of real and of complex types. */
static const char *const names[ROUTINES][2] = {
    [POTRF] = {"potrf", "potrf"}, [TRSM] = {"trsm", "trsm"},    [GETRF] = {"getrf", "getrf"},
    [GEQRF] = {"geqrf", "geqrf"}, [GEQP3] = {"geqp3", "geqp3"}, [ORGQR] = {"orgqr", "ungqr"},
    [ORMQR] = {"ormqr", "unmqr"}, [SYEVD] = {"syevd", "heevd"}, [GESDD] = {"gesdd", "gesdd"},
    [GEEV] = {"geev", "geev"},    [GEES] = {"gees", "gees"},    [GEHRD] = {"gehrd", "gehrd"},
    [SYTRD] = {"sytrd", "hetrd"}, [GTSV] = {"gtsv", "gtsv"},
};

typedef const void *at;
typedef void fortran(at, at, at, at, at, at, at, at, at, at, at, at, at, at, at, at, at, at, at,
                     at);
static fortran *routines[ROUTINES][4];
static bool complete;
static void (*set_threads)(int); /* of OpenBLAS over POSIX threads; else NULL */
static int all_threads;
static pthread_once_t loaded = PTHREAD_ONCE_INIT;

static bool is_complex(ct_dtype d) { return d == CT_COMPLEX64 || d == CT_COMPLEX128; }
static bool is_double(ct_dtype d) { return d == CT_FLOAT64 || d == CT_COMPLEX128; }
static size_t item(ct_dtype d) { return (size_t)4 << (is_double(d) + is_complex(d)); }
static size_t real_item(ct_dtype d) { return is_double(d) ? 8 : 4; }

static void find_threads(void *library)
{
    enum { POSIX_THREADS = 1 };
    int (*kind)(void), (*count)(void);
    *(void **)&kind = dlsym(library, "openblas_get_parallel");
    *(void **)&count = dlsym(library, "openblas_get_num_threads");
    if (!kind || !count || kind() != POSIX_THREADS)
        return;
    *(void **)&set_threads = dlsym(library, "openblas_set_num_threads");
    all_threads = count();
}

static void load(void)
{
    static const char *const libraries[] = {"libopenblas.so.0", "libopenblas.so", "liblapack.so.3"};
    void *library = NULL;
    for (size_t i = 0; i < countof(libraries) && !library; i++)
        library = dlopen(libraries[i], RTLD_NOW | RTLD_LOCAL);
    complete = library != NULL;
    if (complete)
        find_threads(library);
    for (int r = 0; r < ROUTINES && complete; r++)
        for (int t = 0; t < 4 && complete; t++) {
            char symbol[16];
            snprintf(symbol, sizeof symbol, "%c%s_", "sdcz"[t], names[r][t / 2]);
            *(void **)&routines[r][t] = dlsym(library, symbol);
            complete = routines[r][t] != NULL;
        }
}

/* Its threads cost more than they do in small matrices, and ours have cut the batch already. */
void lapack_threads(bool several)
{
    static _Atomic bool alone;
    if (set_threads && atomic_exchange(&alone, !several) == several)
        set_threads(several ? all_threads : 1);
}

bool lapack_ready(void)
{
    pthread_once(&loaded, load);
    if (!complete)
        base_fail(CT_NOT_IMPLEMENTED_ERROR,
                  "Linear algebra needs the library OpenBLAS (libopenblas.so.0, in Debian's "
                  "package libopenblas0), which could not be loaded.");
    return complete;
}

enum { MOST = 20 };
static void call(enum routine r, ct_dtype d, int n, const at *given)
{
    at p[MOST];
    for (int i = 0; i < MOST; i++)
        p[i] = i < n ? given[i] : (at)(uintptr_t)1;
    routines[r][2 * is_complex(d) + is_double(d)](p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7],
                                                  p[8], p[9], p[10], p[11], p[12], p[13], p[14],
                                                  p[15], p[16], p[17], p[18], p[19]);
}
#define ARGUMENTS(...)                                                                             \
    sizeof((at[]){__VA_ARGS__}) / sizeof(at), (const at[]) { __VA_ARGS__ }

/* How much scratch memory a routine wants for a matrix of this kind: elements, reals, integers. */
typedef struct demand {
    enum routine routine;
    ct_dtype dtype;
    int32_t kind[3]; /* what it depends on: sizes and jobs */
    int64_t counts[3];
} demand;
enum { ELEMENTS, REALS, INTEGERS };

/* The next matrix of a batch wants what the one before it wanted: asking takes as long as a small
 * matrix does. */
static _Thread_local demand latest = {.routine = ROUTINES};

static bool known(demand *d)
{
    bool same = latest.routine == d->routine && latest.dtype == d->dtype &&
                !memcmp(latest.kind, d->kind, sizeof d->kind);
    if (same)
        *d = latest;
    return same;
}

typedef struct scratch {
    void *work, *rwork;
    int32_t *iwork;
} scratch;
static const int32_t ASK = -1;

static int32_t asked(ct_dtype d, const double *query)
{
    return is_double(d) ? (int32_t)query[0] : (int32_t)(*(const float *)query * (1 + 0x1p-20f));
}

static bool scratch_take(scratch *s, const demand *d)
{
    const int64_t *n = d->counts;
    s->work = base_alloc((size_t)(n[ELEMENTS] + 1) * item(d->dtype));
    s->rwork = n[REALS] ? base_alloc((size_t)n[REALS] * real_item(d->dtype)) : NULL;
    s->iwork = n[INTEGERS] ? base_alloc((size_t)n[INTEGERS] * sizeof(int32_t)) : NULL;
    return s->work && (s->rwork || !n[REALS]) && (s->iwork || !n[INTEGERS]);
}

static void scratch_free(scratch *s)
{
    base_free(s->work);
    base_free(s->rwork);
    base_free(s->iwork);
}

static int32_t at_least_one(int n) { return n > 1 ? n : 1; }

/* Calls a routine, the first time twice: with the length -1 it says how much scratch memory it
 * wants. That and its length stand between the arguments given and info; letters say which other
 * scratch arrays, whose lengths w holds, follow them: r (reals), i (integers or booleans). */
static int with_work(demand w, const char *letters, int n, const at *given)
{
    scratch s = {NULL, NULL, NULL};
    double query[2], reals[2];
    int32_t info = 0, length = ASK;
    at p[MOST];
    memcpy(p, given, (size_t)n * sizeof *p);
    for (int pass = known(&w); pass < 2; pass++) {
        int used = n;
        if (pass && !scratch_take(&s, &w)) {
            info = LAPACK_NO_MEMORY;
            break;
        }
        length = pass ? (int32_t)w.counts[ELEMENTS] : ASK;
        p[used++] = pass ? s.work : query;
        p[used++] = &length;
        for (const char *l = letters; *l; l++)
            p[used++] = !pass ? reals : *l == 'r' ? s.rwork : (void *)s.iwork;
        p[used++] = &info;
        call(w.routine, w.dtype, used, p);
        if (info)
            break;
        if (!pass) {
            w.counts[ELEMENTS] = at_least_one(asked(w.dtype, query));
            latest = w;
        }
    }
    scratch_free(&s);
    return info;
}

int lapack_potrf(ct_dtype d, char uplo, int n, void *a)
{
    int32_t info = 0;
    call(POTRF, d, ARGUMENTS(&uplo, &n, a, &(int32_t){at_least_one(n)}, &info));
    return info;
}

void lapack_trsm(ct_dtype d, char side, char uplo, char trans, char diag, int m, int n,
                 const void *a, void *b, int ldb)
{
    static const double one64[2] = {1, 0};
    static const float one32[2] = {1, 0};
    int32_t lda = at_least_one(side == 'L' ? m : n);
    call(TRSM, d,
         ARGUMENTS(&side, &uplo, &trans, &diag, &m, &n, is_double(d) ? (at)one64 : (at)one32, a,
                   &lda, b, &ldb));
}

int lapack_getrf(ct_dtype d, int m, int n, void *a, int32_t *pivots)
{
    int32_t info = 0;
    call(GETRF, d, ARGUMENTS(&m, &n, a, &(int32_t){at_least_one(m)}, pivots, &info));
    return info;
}

int lapack_geqrf(ct_dtype d, int m, int n, void *a, void *tau)
{
    int32_t lda = at_least_one(m);
    return with_work((demand){GEQRF, d, {m, n}, {0}}, "", ARGUMENTS(&m, &n, a, &lda, tau));
}

int lapack_geqp3(ct_dtype d, int m, int n, void *a, int32_t *jpvt, void *tau)
{
    int32_t lda = at_least_one(m);
    return with_work((demand){GEQP3, d, {m, n}, {0, 2 * (int64_t)n + 1}}, is_complex(d) ? "r" : "",
                     ARGUMENTS(&m, &n, a, &lda, jpvt, tau));
}

int lapack_orgqr(ct_dtype d, int m, int n, int k, void *a, const void *tau)
{
    int32_t lda = at_least_one(m);
    return with_work((demand){ORGQR, d, {m, n, k}, {0}}, "", ARGUMENTS(&m, &n, &k, a, &lda, tau));
}

int lapack_ormqr(ct_dtype d, char side, char trans, int m, int n, int k, const void *a,
                 const void *tau, void *c)
{
    int32_t lda = at_least_one(side == 'L' ? m : n), ldc = at_least_one(m);
    return with_work((demand){ORMQR, d, {m, n, side}, {0}}, "",
                     ARGUMENTS(&side, &trans, &m, &n, &k, a, &lda, tau, c, &ldc));
}

int lapack_gesdd(ct_dtype d, char jobz, int m, int n, void *a, void *sv, void *u, void *vt)
{
    int64_t less = m < n ? m : n, more = m < n ? n : m,
            reals = 5 * less * less + 7 * less + 2 * more * less + 1;
    int32_t lda = at_least_one(m), ldvt = at_least_one(jobz == 'A' ? n : (int)less);
    return with_work((demand){GESDD, d, {m, n, jobz}, {0, is_complex(d) ? reals : 0, 8 * less + 1}},
                     is_complex(d) ? "ri" : "i",
                     ARGUMENTS(&jobz, &m, &n, a, &lda, sv, u, &lda, vt, &ldvt));
}

int lapack_geev(ct_dtype d, char jobvl, char jobvr, int n, void *a, void *w, void *vl, void *vr)
{
    int32_t ld = at_least_one(n);
    if (is_complex(d))
        return with_work((demand){GEEV, d, {n, jobvl, jobvr}, {0, 2 * (int64_t)n + 1}}, "r",
                         ARGUMENTS(&jobvl, &jobvr, &n, a, &ld, w, vl, &ld, vr, &ld));
    void *imaginary = (char *)w + (size_t)n * item(d);
    return with_work((demand){GEEV, d, {n, jobvl, jobvr}, {0}}, "",
                     ARGUMENTS(&jobvl, &jobvr, &n, a, &ld, w, imaginary, vl, &ld, vr, &ld));
}

/* Eigenvalues, which the triangle shows anyway, go to scratch memory. */
static int gees(ct_dtype d, char jobvs, int n, void *a, void *w, void *vs)
{
    int32_t ld = at_least_one(n), dimension = 0;
    char unsorted = 'N';
    if (is_complex(d))
        return with_work((demand){GEES, d, {n, jobvs}, {0, (int64_t)n + 1, (int64_t)n + 1}}, "ri",
                         ARGUMENTS(&jobvs, &unsorted, NULL, &n, a, &ld, &dimension, w, vs, &ld));
    void *imaginary = (char *)w + (size_t)n * item(d);
    return with_work(
        (demand){GEES, d, {n, jobvs}, {0, 0, (int64_t)n + 1}}, "i",
        ARGUMENTS(&jobvs, &unsorted, NULL, &n, a, &ld, &dimension, w, imaginary, vs, &ld));
}

int lapack_gees(ct_dtype d, char jobvs, int n, void *a, void *vs)
{
    void *w = base_alloc((2 * (size_t)n + 1) * item(d));
    int info = w ? gees(d, jobvs, n, a, w, vs) : LAPACK_NO_MEMORY;
    base_free(w);
    return info;
}

int lapack_gehrd(ct_dtype d, int n, void *a, void *tau)
{
    int32_t lda = at_least_one(n), low = 1;
    return with_work((demand){GEHRD, d, {n}, {0}}, "", ARGUMENTS(&n, &low, &n, a, &lda, tau));
}

int lapack_sytrd(ct_dtype d, char uplo, int n, void *a, void *diagonal, void *off, void *tau)
{
    int32_t lda = at_least_one(n);
    return with_work((demand){SYTRD, d, {n, uplo}, {0}}, "",
                     ARGUMENTS(&uplo, &n, a, &lda, diagonal, off, tau));
}

int lapack_gtsv(ct_dtype d, int n, int nrhs, void *dl, void *diagonal, void *du, void *b)
{
    int32_t info = 0;
    call(GTSV, d, ARGUMENTS(&n, &nrhs, dl, diagonal, du, b, &(int32_t){at_least_one(n)}, &info));
    return info;
}

/* The one routine that asks for three kinds of scratch memory, each with its length. */
int lapack_syevd(ct_dtype d, char jobz, char uplo, int n, void *a, void *w)
{
    demand want = {SYEVD, d, {n, jobz, uplo}, {0}};
    scratch s = {NULL, NULL, NULL};
    double query[2], real_query[2];
    int32_t info = 0, lda = at_least_one(n);
    for (int pass = known(&want); pass < 2 && !info; pass++) {
        int32_t count, counts[3] = {ASK, ASK, ASK};
        if (pass && !scratch_take(&s, &want)) {
            info = LAPACK_NO_MEMORY;
            break;
        }
        for (int i = 0; i < 3 && pass; i++)
            counts[i] = (int32_t)want.counts[i];
        void *work = pass ? s.work : query, *rwork = pass ? s.rwork : real_query;
        int32_t *iwork = pass ? s.iwork : &count;
        if (is_complex(d))
            call(SYEVD, d,
                 ARGUMENTS(&jobz, &uplo, &n, a, &lda, w, work, &counts[ELEMENTS], rwork,
                           &counts[REALS], iwork, &counts[INTEGERS], &info));
        else
            call(SYEVD, d,
                 ARGUMENTS(&jobz, &uplo, &n, a, &lda, w, work, &counts[ELEMENTS], iwork,
                           &counts[INTEGERS], &info));
        if (pass || info)
            break;
        want.counts[ELEMENTS] = at_least_one(asked(d, query));
        want.counts[REALS] = is_complex(d) ? at_least_one(asked(d, real_query)) : 0;
        want.counts[INTEGERS] = at_least_one(count);
        latest = want;
    }
    scratch_free(&s);
    return info;
}

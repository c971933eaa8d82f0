/* Small matrices in vectors: a batch gives what its matrices give one at a time, which go through
 * LAPACK, and every instruction set gives the same bits. */
#include "kernel/compact.h"
#include "kernel/loops.h"
#include "op_laws.h"

enum { LARGEST = 33, SIDES = 3 };
static const int64_t counts[] = {0, 1, 4, 5, 16, 37};

static void put(ct_array x, int64_t i, double value)
{
    if (x->aval.dtype == CT_FLOAT32)
        ((float *)x->data)[i] = (float)value;
    else
        ((double *)x->data)[i] = value;
}

/* Of m rows and n columns, far from singular; most rows have to be exchanged. */
static ct_array regular(ct_dtype dtype, int64_t count, int64_t m, int64_t n)
{
    ct_array x = array_new(dtype, false, 3, (int64_t[]){count, m, n});
    for (int64_t i = 0; i < x->size; i++)
        put(x, i, law_random() + ((i / n + i) % n == n - 1 ? 2 * (double)n : 0));
    return x;
}

static ct_array positive(ct_dtype dtype, int64_t count, int64_t n)
{
    ct_array x = array_new(dtype, false, 3, (int64_t[]){count, n, n});
    for (int64_t i = 0; i < x->size; i++) {
        int64_t row = i / n % n, col = i % n, other = i - row * n - col + col * n + row;
        double mirrored = other < i ? array_get_double(x, other) : law_random();
        put(x, i, row == col ? (double)n + 1 : mirrored);
    }
    return x;
}

typedef int operation(ct_array a, ct_array b, ct_array *out);

static params_triangular_solve triangular;
static bool transpose;
static int cholesky(ct_array a, ct_array b, ct_array *out)
{
    (void)b;
    out[0] = op_cholesky(a);
    return 1;
}
static int lu(ct_array a, ct_array b, ct_array *out)
{
    (void)b;
    op_lu(a, out);
    return 3;
}
static bool full;
static int qr(ct_array a, ct_array b, ct_array *out)
{
    (void)b;
    op_qr(a, full, false, out);
    return 2;
}
static int reflections(ct_array a, ct_array b, ct_array *out)
{
    (void)b;
    core_bind(&op_row_geqrf, NULL, 1, &a, 2, out);
    bool wide = a->aval.shape[1] < a->aval.shape[2];
    out[2] = wide || !is_array(out[0]) ? out[0] : op_householder_product(out[0], out[1]);
    return 3;
}
static int solve(ct_array a, ct_array b, ct_array *out)
{
    ct_array factors[3];
    op_lu(a, factors);
    out[0] = op_lu_solve(a, factors[0], factors[1], b, transpose);
    return 1;
}
static int solve_triangular(ct_array a, ct_array b, ct_array *out)
{
    out[0] = op_triangular_solve(a, b, &triangular);
    return 1;
}

static ct_array part(ct_array x, int64_t i)
{
    int64_t n = x->aval.ndim, rows = x->aval.shape[1], cols = n > 2 ? x->aval.shape[2] : 0;
    return op_slice(x, (ct_ints){n, (int64_t[]){i, 0, 0}},
                    (ct_ints){n, (int64_t[]){i + 1, rows, cols}}, (ct_ints){0, NULL});
}

static bool near(ct_array a, ct_array b, double tolerance)
{
    double most = 1;
    for (int64_t i = 0; i < b->size; i++)
        most = fmax(most, fabs(array_get_double(b, i)));
    for (int64_t i = 0; i < a->size; i++)
        if (!(fabs(array_get_double(a, i) - array_get_double(b, i)) <= tolerance * most))
            return false;
    return a->size == b->size;
}

static void compare(const char *name, operation *f, ct_array a, ct_array b)
{
    ct_array many[3], one[3];
    double tolerance =
        (a->aval.dtype == CT_FLOAT32 ? 1e-6 : 2e-15) * (double)(a->aval.shape[1] + 4);
    int results = f(a, b, many);
    for (int64_t i = 0; i < a->aval.shape[0] && is_array(many[0]); i++) {
        ct_scope scope = ct_begin();
        f(part(a, i), part(b, i), one);
        for (int r = 0; r < results && is_array(one[0]); r++)
            if (!near(part(many[r], i), one[r], tolerance))
                TEST_FAILED("%s of %lld matrices, %lld x %lld of %s: matrix %lld, result %d", name,
                            (long long)a->aval.shape[0], (long long)a->aval.shape[1],
                            (long long)a->aval.shape[2], ct_dtype_name((ct_dtype)a->aval.dtype),
                            (long long)i, r);
        ct_end(scope);
    }
}

static void compare_all(ct_dtype dtype, int64_t count, int64_t n)
{
    ct_array a = regular(dtype, count, n, n), b = regular(dtype, count, n, SIDES),
             across = regular(dtype, count, SIDES, n), sum = positive(dtype, count, n);
    if (!is_array(a) || !is_array(b) || !is_array(across) || !is_array(sum))
        return;
    compare("cholesky", cholesky, sum, sum);
    compare("lu", lu, a, a);
    compare("lu of tall ones", lu, b, b);
    compare("lu of wide ones", lu, across, across);
    compare("reflections", reflections, a, a);
    compare("reflections of tall ones", reflections, b, b);
    for (int i = 0; i < 2; i++) {
        full = i;
        compare("qr", qr, a, a);
        compare("qr of tall ones", qr, b, b);
        compare("qr of wide ones", qr, across, across);
    }
    for (int i = 0; i < 2; i++) {
        transpose = i;
        compare("solve", solve, a, b);
    }
    for (int i = 0; i < 16; i++) {
        triangular = (params_triangular_solve){
            .left_side = i & 1, .lower = i & 2, .transpose_a = i & 4, .unit_diagonal = i & 8};
        if (!triangular.unit_diagonal)
            compare("triangular_solve", solve_triangular, sum, triangular.left_side ? b : across);
    }
}

TEST(batches_agree_with_single_matrices)
{
    for (int64_t n = 1; n <= LARGEST; n = n < 9 ? n + 1 : n + 4)
        for (size_t c = 0; c < countof(counts); c++)
            for (int wide = 0; wide < 2; wide++) {
                ct_scope scope = ct_begin();
                compare_all(wide ? CT_FLOAT64 : CT_FLOAT32, counts[c], n);
                ct_end(scope);
            }
}

/* The diagonal is not read. */
TEST(unit_diagonals)
{
    ct_array a = regular(CT_FLOAT64, 5, 6, 6), x = regular(CT_FLOAT64, 5, 6, 2), with_ones;
    if (!is_array(a) || !is_array(x) ||
        !is_array(with_ones = array_new(CT_FLOAT64, false, 3, a->aval.shape)))
        return;
    for (int64_t i = 0; i < a->size; i++)
        put(with_ones, i, i / 6 % 6 == i % 6 ? 1 : array_get_double(a, i));
    triangular = (params_triangular_solve){.left_side = true, .lower = true};
    ct_array want = op_triangular_solve(with_ones, x, &triangular);
    triangular.unit_diagonal = true;
    ct_array got = op_triangular_solve(a, x, &triangular);
    if (is_array(got) && is_array(want))
        CHECK(near(got, want, 1e-15));
}

TEST(only_what_is_not_positive_is_nan)
{
    ct_array x = positive(CT_FLOAT32, 20, 7);
    if (!is_array(x))
        return;
    put(x, (int64_t)11 * 49 + 4 * 8, -1);
    put(x, (int64_t)13 * 49 + 3, NAN); /* above the diagonal: not read */
    put(x, (int64_t)15 * 49 + 5 * 7, NAN);
    ct_array l = op_cholesky(x);
    for (int64_t i = 0; is_array(l) && i < l->size; i++) {
        int64_t matrix = i / 49, row = i / 7 % 7, col = i % 7;
        CHECK((bool)isnan(array_get_double(l, i)) ==
              ((matrix == 11 || matrix == 15) && row >= col));
    }
}

/* Squares of these are no numbers of the type; what is zero below the diagonal
 * is left alone. */
TEST(reflections_of_large_and_tiny_columns)
{
    static const double scales[] = {1e30, 1e-30, 1};
    for (size_t s = 0; s < countof(scales); s++) {
        ct_array x = regular(CT_FLOAT32, 6, 4, 4), out[2];
        if (!is_array(x))
            return;
        for (int64_t i = 0; i < x->size; i++)
            put(x, i, s == 2 && i / 4 % 4 > i % 4 ? 0 : scales[s] * array_get_double(x, i));
        compare("qr of extremes", qr, x, x);
        op_qr(x, false, false, out);
        for (int64_t i = 0; is_array(out[0]) && i < x->size && s == 2; i++)
            CHECK(array_get_double(out[0], i) == (i / 4 % 4 == i % 4));
    }
}

TEST(columns_of_zeros)
{
    ct_array x = array_new(CT_FLOAT64, false, 3, (int64_t[]){6, 3, 3}), out[3];
    if (!is_array(x))
        return;
    for (int64_t i = 0; i < x->size; i++)
        put(x, i, i % 3 == 1 ? 0 : (double)(i % 9) + 1);
    op_lu(x, out);
    for (int64_t i = 0; is_array(out[0]) && i < x->size; i++)
        CHECK(isfinite(array_get_double(out[0], i)));
}

#if defined(__x86_64__)
TEST(instruction_sets_agree)
{
    enum { N = 9, COUNT = 4 };
    if (kernel_chosen() != &kernel_set_v4)
        return;
    for (int wide = 0; wide < 2; wide++) {
        ct_dtype dtype = wide ? CT_FLOAT64 : CT_FLOAT32;
        ct_array x = positive(dtype, COUNT, N);
        static double result[2][COUNT * N * N];
        static int32_t pivots[2][COUNT * N];
        static char room[16 * N * N * 8] __attribute__((aligned(64)));
        for (int set = 0; set < 2 && is_array(x); set++) {
            const compact_loops *loops = (set ? &kernel_set_v4 : &kernel_set_v3)->compact(dtype);
            loops->load(COUNT, N * N, x->data, room);
            loops->lu(COUNT, N, N, room, pivots[set]);
            loops->cholesky(N, room);
            loops->store(COUNT, N * N, room, result[set]);
        }
        CHECK(!memcmp(result[0], result[1], sizeof result[0]));
        CHECK(!memcmp(pivots[0], pivots[1], sizeof pivots[0]));
    }
}
#endif

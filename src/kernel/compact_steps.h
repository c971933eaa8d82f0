/* The algorithms of compact.h in one type: included by compact.c once a type, with T, INT (an
 * integer as wide), SQRT, SMALLEST (a normal number), LANES and NAME(f), which it undefines at its
 * end. A vector holds one element of
 * each matrix. */
#include "kernel/turn.h"

typedef INT NAME(mask) __attribute__((vector_size(VECTOR_BYTES))); /* a lane is 0 or -1 */
#define VECTOR NAME(vector)
#define MASK NAME(mask)

static inline VECTOR NAME(choose)(MASK m, VECTOR yes, VECTOR no)
{
    return (VECTOR)((m & (MASK)yes) | (~m & (MASK)no));
}

static void NAME(load)(int64_t count, int64_t elements, const void *from, void *to)
{
    const T *x = from;
    T *y = to;
    VECTOR row[LANES];
    for (int64_t at = 0; at < elements; at += LANES) {
        if (elements < LANES) {
            for (int64_t q = 0; q < LANES; q++)
                for (int64_t e = 0; e < elements; e++)
                    y[e * LANES + q] = x[(q < count ? q : count - 1) * elements + e];
            return;
        }
        int64_t first = at + LANES <= elements ? at : elements - LANES; /* the last tile overlaps */
        _Pragma("GCC unroll 16") for (int q = 0; q < LANES; q++) row[q] =
            NAME(load_vector)(x + (q < count ? q : count - 1) * elements + first);
        NAME(turn)(row);
        _Pragma("GCC unroll 16") for (int e = 0; e < LANES; e++)
            NAME(store_vector)(y + (first + e) * LANES, row[e]);
    }
}

static void NAME(store)(int64_t count, int64_t elements, const void *from, void *to)
{
    const T *x = from;
    T *y = to;
    VECTOR row[LANES];
    for (int64_t at = 0; at < elements; at += LANES) {
        if (elements < LANES) {
            for (int64_t q = 0; q < count; q++)
                for (int64_t e = 0; e < elements; e++)
                    y[q * elements + e] = x[e * LANES + q];
            return;
        }
        int64_t first = at + LANES <= elements ? at : elements - LANES;
        _Pragma("GCC unroll 16") for (int e = 0; e < LANES; e++) row[e] =
            NAME(load_vector)(x + (first + e) * LANES);
        NAME(turn)(row);
        _Pragma("GCC unroll 16") for (int q = 0; q < LANES; q++) if (q < count)
            NAME(store_vector)(y + q * elements + first, row[q]);
    }
}

/* y -= f * x, for n vectors at steps. */
static inline void NAME(subtract)(int64_t n, VECTOR f, const VECTOR *x, VECTOR *y, int64_t step)
{
    for (int64_t j = 0; j < n; j++)
        y[j * step] -= f * x[j * step];
}

/* Elements j of `count` rows of n, known when this is compiled, less the products of what is left
 * of them with what is left of the pivot. */
static inline __attribute__((always_inline)) void
NAME(reduce_rows)(const int count, int n, int j, const VECTOR *pivot, VECTOR *rows)
{
    VECTOR rest[4];
    for (int r = 0; r < count; r++)
        rest[r] = rows[r * n + j];
    for (int k = 0; k < j; k++)
        for (int r = 0; r < count; r++)
            rest[r] -= rows[r * n + k] * pivot[k];
    for (int r = 0; r < count; r++)
        rows[r * n + j] = rest[r];
}

/* Column by column, from the columns before it (Golub and Van Loan, 4.2.5). */
static void NAME(cholesky)(int n, void *matrices)
{
    VECTOR *a = matrices;
    MASK good = ~(MASK){0};
    for (int j = 0; j < n; j++) {
        VECTOR *pivot = a + j * n;
        int i = j;
        for (; i + 4 <= n; i += 4)
            NAME(reduce_rows)(4, n, j, pivot, a + i * n);
        for (; i < n; i++)
            NAME(reduce_rows)(1, n, j, pivot, a + i * n);
        good &= pivot[j] > 0;
        T lane[LANES];
        NAME(store_vector)(lane, pivot[j]);
        for (int q = 0; q < LANES; q++)
            lane[q] = SQRT(lane[q]);
        VECTOR root = pivot[j] = NAME(load_vector)(lane);
        for (i = j + 1; i < n; i++)
            a[i * n + j] /= root;
    }
    const VECTOR none = {0}, nan = none + (T)NAN;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            a[i * n + j] = j > i ? none : NAME(choose)(good, a[i * n + j], nan);
}

/* Rows k and pivot, which differs from lane to lane, change places; `met` says which rows are one.
 */
static void NAME(exchange_rows)(int k, MASK pivot, uint64_t met, int rows, int cols, VECTOR *a)
{
    VECTOR *one = a + k * cols;
    for (int i = k + 1; i < rows; i++) {
        if (!(met >> i & 1))
            continue;
        VECTOR *other = a + i * cols;
        MASK here = pivot == i;
        for (int j = 0; j < cols; j++) {
            VECTOR x = one[j], y = other[j];
            one[j] = NAME(choose)(here, y, x);
            other[j] = NAME(choose)(here, x, y);
        }
    }
}

/* The first of the largest elements in column k from row k on. */
static MASK NAME(find_pivot)(int k, int rows, int cols, const VECTOR *a)
{
    const MASK digits = ~((MASK){0} + (INT)((INT)1 << (8 * sizeof(T) - 1)));
    MASK pivot = (MASK){0} + k;
    VECTOR most = (VECTOR)((MASK)a[k * cols + k] & digits);
    for (int i = k + 1; i < rows; i++) {
        VECTOR size = (VECTOR)((MASK)a[i * cols + k] & digits);
        MASK more = size > most;
        most = NAME(choose)(more, size, most);
        pivot = (more & i) | (~more & pivot);
    }
    return pivot;
}

/* Gaussian elimination with partial pivoting (Golub and Van Loan, 3.4.1). A column of zeros is left
 * as it is. */
static void NAME(lu)(int64_t count, int rows, int cols, void *matrices, int32_t *pivots)
{
    VECTOR *a = matrices;
    int less = rows < cols ? rows : cols;
    for (int k = 0; k < less; k++) {
        MASK pivot = NAME(find_pivot)(k, rows, cols, a);
        uint64_t met = 0;
        for (int q = 0; q < LANES; q++)
            met |= (uint64_t)1 << pivot[q];
        for (int64_t q = 0; q < count; q++)
            pivots[q * less + k] = (int32_t)pivot[q];
        NAME(exchange_rows)(k, pivot, met, rows, cols, a);
        VECTOR divisor = a[k * cols + k];
        divisor = NAME(choose)(divisor == 0, (VECTOR){0} + 1, divisor);
        for (int i = k + 1; i < rows; i++) {
            VECTOR *row = a + i * cols;
            row[k] /= divisor;
            NAME(subtract)(cols - k - 1, row[k], a + k * cols + k + 1, row + k + 1, 1);
        }
    }
}

static void NAME(exchange)(int64_t count, int n, int cols, const int32_t *pivots, bool undo,
                           void *x)
{
    for (int i = 0; i < n; i++) {
        int k = undo ? n - 1 - i : i;
        MASK pivot = (MASK){0} + k;
        uint64_t met = 0;
        for (int64_t q = 0; q < count; q++) {
            int32_t other = pivots[q * n + k];
            pivot[q] = other;
            met |= other > k && other < n ? (uint64_t)1 << other : 0;
        }
        NAME(exchange_rows)(k, pivot, met, n, cols, x);
    }
}

/* By columns of op(A): an unknown that is found goes out of the equations that are left. A system
 * from the right is the transposed one from the left. */
static void NAME(solve)(const compact_system *s, const void *matrices, void *sides)
{
    const VECTOR *a = matrices;
    VECTOR *x = sides;
    int n = s->n;
    bool turned = s->transposed != s->right, forwards = s->lower != turned;
    int64_t row = turned ? 1 : n, col = turned ? n : 1, unknown = s->right ? 1 : s->sides,
            side = s->right ? n : 1;
    for (int step = 0; step < n; step++) {
        int k = forwards ? step : n - 1 - step;
        VECTOR *found = x + k * unknown;
        for (int64_t j = 0; j < s->sides && !s->unit_diagonal; j++)
            found[j * side] /= a[k * (row + col)];
        for (int i = forwards ? k + 1 : 0; i < (forwards ? n : k); i++)
            NAME(subtract)(s->sides, a[i * row + k * col], found, x + i * unknown, side);
    }
}

/* ---- reflections ---- */

/* The column from x on, which has n elements at steps, becomes a reflection 1 - tau v v' that
 * leaves of it the first element only (Golub and Van Loan, 5.1.3). Squares are of quotients by the
 * largest element, so none overflows; the smallest normal number keeps those of tiny columns apart
 * from zero. */
static VECTOR NAME(reflection)(int n, int64_t step, VECTOR *x)
{
    const MASK sign = (MASK){0} + (INT)((INT)1 << (8 * sizeof(T) - 1));
    MASK done = ~(MASK){0};
    VECTOR most = (VECTOR){0} + SMALLEST, rest = {0}, length;
    for (int i = 0; i < n; i++) {
        VECTOR size = (VECTOR)((MASK)x[i * step] & ~sign);
        most = NAME(choose)(size > most, size, most);
    }
    for (int i = 1; i < n; i++) {
        VECTOR part = x[i * step] / most;
        rest += part * part;
        done &= x[i * step] == 0;
    }
    VECTOR first = x[0], part = first / most;
    T lane[LANES];
    NAME(store_vector)(lane, rest + part * part);
    for (int q = 0; q < LANES; q++)
        lane[q] = SQRT(lane[q]);
    length = most * NAME(load_vector)(lane);
    VECTOR left = (VECTOR)((MASK)length | (~(MASK)first & sign)); /* of the other sign */
    VECTOR divisor = NAME(choose)(done, (VECTOR){0} + 1, first - left);
    for (int i = 1; i < n; i++)
        x[i * step] /= divisor;
    x[0] = NAME(choose)(done, first, left);
    return NAME(choose)(done, (VECTOR){0}, (left - first) / left);
}

/* y = (1 - tau v v') y, of n rows and `cols` columns, at most COMPACT_MOST_ROWS at a time; v is a
 * column at steps. */
static void NAME(reflect)(int n, const VECTOR *v, int64_t v_step, VECTOR tau, int cols, VECTOR *y,
                          int64_t y_step)
{
    VECTOR product[COMPACT_MOST_ROWS];
    for (int from = 0; from < cols; from += COMPACT_MOST_ROWS, y += COMPACT_MOST_ROWS) {
        int here = cols - from < COMPACT_MOST_ROWS ? cols - from : COMPACT_MOST_ROWS;
        memcpy(product, y, (size_t)here * sizeof *y);
        for (int i = 1; i < n; i++)
            for (int j = 0; j < here; j++)
                product[j] += v[i * v_step] * y[i * y_step + j];
        for (int j = 0; j < here; j++)
            y[j] -= product[j] *= tau;
        for (int i = 1; i < n; i++)
            NAME(subtract)(here, v[i * v_step], product, y + i * y_step, 1);
    }
}

static void NAME(reflections)(int rows, int cols, void *matrices, void *taus)
{
    VECTOR *a = matrices, *tau = taus;
    for (int k = 0; k < rows && k < cols; k++) {
        VECTOR *x = a + k * cols + k;
        tau[k] = NAME(reflection)(rows - k, cols, x);
        NAME(reflect)(rows - k, x, cols, tau[k], cols - k - 1, x + 1, cols);
    }
}

/* From the last reflection to the first: each meets rows and columns of the identity that those
 * before it left alone. */
static void NAME(orthogonal)(int n, int rows, int a_cols, const void *matrices, const void *taus,
                             int cols, void *to)
{
    const VECTOR *a = matrices, *tau = taus;
    VECTOR *q = to;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < cols; j++)
            q[i * cols + j] = (VECTOR){0} + (T)(i == j);
    for (int k = n - 1; k >= 0; k--) {
        const VECTOR *v = a + k * a_cols + k;
        NAME(reflect)(rows - k, v, a_cols, tau[k], cols - k, q + k * cols + k, cols);
    }
}

static void NAME(clear_below)(int rows, int cols, void *matrices)
{
    VECTOR *a = matrices;
    for (int i = 1; i < rows; i++)
        memset(a + i * cols, 0, (size_t)(i < cols ? i : cols) * sizeof *a);
}

static const compact_loops NAME(loops) = {
    .lanes = LANES,
    .load = NAME(load),
    .store = NAME(store),
    .cholesky = NAME(cholesky),
    .lu = NAME(lu),
    .exchange = NAME(exchange),
    .solve = NAME(solve),
    .reflections = NAME(reflections),
    .orthogonal = NAME(orthogonal),
    .clear_below = NAME(clear_below),
};
#undef VECTOR
#undef MASK
#undef T
#undef INT
#undef SQRT
#undef SMALLEST
#undef LANES
#undef NAME

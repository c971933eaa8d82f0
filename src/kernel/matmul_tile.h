/* One matrix product: included by matmul.c once for each element type, with these macros, which it
 * undefines at its end: NAME  the function's name     S, T  the stored and the accumulating type (C
 * is of T)     LOAD(s)  S to T     ROWS  of a tile
 *
 * Panels of A and B are packed, so that any strides will do, and multiplied tile by tile with the
 * tile in registers. k is cut in blocks of DEPTH, whatever m and n are, so every element of C has
 * one order of summation. */
#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)
#define LOCAL(suffix) JOIN(NAME, suffix)
#define LANES (VECTOR_BYTES / (int)sizeof(T))
#define COLS (2 * LANES)
typedef T LOCAL(_vector) __attribute__((vector_size(VECTOR_BYTES), aligned(VECTOR_BYTES)));
typedef unsigned char LOCAL(_bytes) __attribute__((vector_size(VECTOR_BYTES)));

/* The first rows, as many as are known when this is compiled, of a tile of ROWS x COLS: c = a b
 * over depth; a is packed, b's rows are `step` apart. */
static inline __attribute__((always_inline)) void
LOCAL(_rows)(const int rows, int64_t depth, const T *a, const T *b, int64_t step, T *c)
{
    LOCAL(_vector) sum[ROWS][2] = {0};
    for (int64_t p = 0; p < depth; p++) {
        LOCAL(_vector) b0, b1;
        memcpy(&b0, b + p * step, sizeof b0), memcpy(&b1, b + p * step + LANES, sizeof b1);
        _Pragma("GCC unroll 16") for (int i = 0; i < rows; i++)
        {
            sum[i][0] += a[p * ROWS + i] * b0;
            sum[i][1] += a[p * ROWS + i] * b1;
        }
    }
    _Pragma("GCC unroll 16") for (int i = 0; i < rows; i++)
    {
        ((LOCAL(_vector) *)(void *)c)[2 * i] = sum[i][0];
        ((LOCAL(_vector) *)(void *)c)[2 * i + 1] = sum[i][1];
    }
}

static void LOCAL(_tile)(int64_t rows, int64_t depth, const T *a, const T *b, int64_t step, T *c)
{
    if (rows > 2 * ROWS / 3)
        LOCAL(_rows)(ROWS, depth, a, b, step, c);
    else if (rows > ROWS / 3)
        LOCAL(_rows)(2 * ROWS / 3, depth, a, b, step, c);
    else
        LOCAL(_rows)(ROWS / 3, depth, a, b, step, c);
}

/* `count` lines of x, `wide` at a time, each group stored depth by depth and padded with zeros. */
static void LOCAL(_pack)(int64_t count, int64_t depth, int wide, const S *x, int64_t line,
                         int64_t step, T *out)
{
    for (int64_t first = 0; first < count; first += wide, out += depth * wide) {
        const S *at = x + first * line;
        int64_t here = count - first < wide ? count - first : wide;
        if (line == 1 && here == wide) {
            for (int64_t p = 0; p < depth; p++)
                for (int i = 0; i < wide; i++)
                    out[p * wide + i] = LOAD(at[p * step + i]);
            continue;
        }
        for (int64_t i = 0; i < here; i++)
            for (int64_t p = 0; p < depth; p++)
                out[p * wide + i] = LOAD(at[i * line + p * step]);
        for (int64_t i = here; i < wide; i++)
            for (int64_t p = 0; p < depth; p++)
                out[p * wide + i] = 0;
    }
}

/* Columns of b, COLS at a time: those that lie together where they are, `row` apart (0: none do),
 * the others packed. */
typedef struct LOCAL(_columns) {
    const T *in_place, *packed;
    int64_t row;
} LOCAL(_columns);

/* Packed a (m rows) times b (n columns), stored to c or added to it. */
static void LOCAL(_block)(int64_t m, int64_t n, int64_t depth, const T *a,
                          const LOCAL(_columns) * b, T *c, int64_t c_row, bool add)
{
    T tile[ROWS * COLS] __attribute__((aligned(64)));
    for (int64_t j = 0; j < n; j += COLS)
        for (int64_t i = 0; i < m; i += ROWS) {
            int64_t rows = m - i < ROWS ? m - i : ROWS, cols = n - j < COLS ? n - j : COLS;
            bool direct = b->row && cols == COLS;
            LOCAL(_tile)
            (rows, depth, a + i * depth, direct ? b->in_place + j : b->packed + j * depth,
             direct ? b->row : COLS, tile);
            for (int64_t r = 0; r < rows; r++) {
                T *to = c + (i + r) * c_row + j;
                if (add)
                    for (int64_t s = 0; s < cols; s++)
                        to[s] += tile[r * COLS + s];
                else
                    for (int64_t s = 0; s < cols; s++)
                        to[s] = tile[r * COLS + s];
            }
        }
}

static ct_status LOCAL(_product)(const gemm *g, const S *a, const S *b, T *c)
{
    T room[STACK_BYTES / sizeof(T)] __attribute__((aligned(64))), *memory = room;
    int64_t depth = g->k < DEPTH ? g->k : DEPTH, tall = g->m < TALL ? g->m : TALL,
            wide = g->n < WIDE ? g->n : WIDE;
    int64_t a_size = ((tall + ROWS - 1) / ROWS * ROWS * depth + LANES - 1) / LANES * LANES,
            b_size = (wide + COLS - 1) / COLS * COLS * depth;
    /* Few rows read b where it lies: to pack it costs as much as it would save. LOAD does nothing.
     */
    bool direct = g->m <= 4 * ROWS && g->b_col == 1 && sizeof(S) == sizeof(T);
    void *block = NULL;
    if ((size_t)(a_size + b_size) * sizeof(T) > sizeof room) {
        block = base_alloc((size_t)(a_size + b_size) * sizeof(T) + 64);
        if (!block)
            return CT_OUT_OF_MEMORY_ERROR;
        memory = (T *)(((uintptr_t)block + 63) & ~(uintptr_t)63);
    }
    for (int64_t j = 0; j < g->n; j += wide)
        for (int64_t p = 0; p < g->k; p += depth) {
            int64_t cols = g->n - j < wide ? g->n - j : wide,
                    deep = g->k - p < depth ? g->k - p : depth;
            const S *corner = b + j * g->b_col + p * g->b_row;
            int64_t there = direct ? cols / COLS * COLS : 0;
            LOCAL(_columns)
            columns = {(const void *)corner, memory + a_size, direct ? g->b_row : 0};
            LOCAL(_pack)
            (cols - there, deep, COLS, corner + there * g->b_col, g->b_col, g->b_row,
             memory + a_size + there * deep);
            for (int64_t i = 0; i < g->m; i += tall) {
                int64_t rows = g->m - i < tall ? g->m - i : tall;
                LOCAL(_pack)
                (rows, deep, ROWS, a + i * g->a_row + p * g->a_col, g->a_row, g->a_col, memory);
                LOCAL(_block)
                (rows, cols, deep, memory, &columns, c + i * g->c_row + j, g->c_row, p > 0);
            }
        }
    base_free(block);
    return CT_OK;
}

/* ---- small matrices, where they lie ---- */
/* `rows` rows (known when this is compiled) of a times b's rows, of a vector each. */
static inline __attribute__((always_inline)) void LOCAL(_small_rows)(const int rows, const gemm *g,
                                                                     const S *a, const T *b,
                                                                     int64_t step,
                                                                     LOCAL(_vector) * c)
{
    LOCAL(_vector) sum[SMALL_ROWS] = {0};
    for (int64_t p = 0; p < g->k; p++) {
        LOCAL(_vector) row;
        memcpy(&row, b + p * step, sizeof row);
        _Pragma("GCC unroll 8") for (int r = 0; r < rows; r++) sum[r] +=
            LOAD(a[r * g->a_row + p * g->a_col]) * row;
    }
    _Pragma("GCC unroll 8") for (int r = 0; r < rows; r++) c[r] = sum[r];
}

/* One of them. Full vectors are read from b, whose rows are `step` apart, and written to c while
 * that stays before `end`: what is written too much is written again, in order. */
static void LOCAL(_small)(const gemm *g, const S *a, const T *b, int64_t step, T *c, const T *end)
{
    LOCAL(_vector) sum[SMALL_ROWS];
    for (int64_t i = 0; i < g->m;) {
        int64_t left = g->m - i, rows = left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
        for (int64_t j = 0; j < g->n; j += LANES) {
            const S *at = a + i * g->a_row;
            if (rows == 8)
                LOCAL(_small_rows)(8, g, at, b + j, step, sum);
            else if (rows == 4)
                LOCAL(_small_rows)(4, g, at, b + j, step, sum);
            else if (rows == 2)
                LOCAL(_small_rows)(2, g, at, b + j, step, sum);
            else
                LOCAL(_small_rows)(1, g, at, b + j, step, sum);
            int64_t cols = g->n - j < LANES ? g->n - j : LANES;
            for (int64_t r = 0; r < rows; r++) {
                T *to = c + (i + r) * g->c_row + j;
                bool whole = cols == LANES || (g->n < LANES && end - to >= LANES);
                memcpy(to, &sum[r], (size_t)(whole ? LANES : cols) * sizeof(T));
            }
        }
        i += rows;
    }
}

/* A batch of them; false when they are none. */
static bool LOCAL(_smalls)(const gemm *g)
{
    T room[SMALL_BYTES / sizeof(T)] __attribute__((aligned(64)));
    int64_t wide = (g->n + LANES - 1) / LANES * LANES;
    if (g->m > SMALL_LINES || g->n > SMALL_LINES || g->k > SMALL_LINES ||
        (size_t)(g->k * wide) * sizeof(T) > sizeof room)
        return false;
    bool in_place = sizeof(S) == sizeof(T) && g->b_col == 1 && g->b_row > 0 && g->b_batch >= 0,
         in_order = g->c_row == g->n && g->c_batch == g->m * g->n;
    const S *last = (const S *)g->b + (g->batch - 1) * g->b_batch + (g->k - 1) * g->b_row + g->n;
    T *end = (T *)g->c + (in_order ? g->batch * g->m * g->n : 0);
    for (int64_t i = 0; i < g->batch; i++) {
        const S *a = (const S *)g->a + i * g->a_batch, *b = (const S *)g->b + i * g->b_batch;
        T *c = (T *)g->c + i * g->c_batch;
        bool direct = in_place && b + (g->k - 1) * g->b_row + wide <= last;
        for (int64_t p = 0; p < g->k && !direct && (!i || g->b_batch || in_place); p++)
            for (int64_t j = 0; j < wide; j++)
                room[p * wide + j] = j < g->n ? LOAD(b[p * g->b_row + j * g->b_col]) : 0;
        LOCAL(_small)(g, a, direct ? (const void *)b : room, direct ? g->b_row : wide, c, end);
    }
    return true;
}

/* ---- matrix times vector: y = M x, M of rows x cols ---- */
/* Lanes are added up every DEPTH elements, so that errors do not grow with the length. */
static T LOCAL(_dot)(int64_t n, const S *m, const T *x)
{
    T lane[LANES] = {0}, sum = 0;
    int64_t i = 0, whole = n - n % (4 * LANES);
    while (i < whole) {
        T part[4 * LANES] = {0};
        for (int64_t end = i + DEPTH < whole ? i + DEPTH : whole; i < end; i += 4 * LANES)
            for (int j = 0; j < 4 * LANES; j++)
                part[j] += LOAD(m[i + j]) * x[i + j];
        for (int j = 0; j < LANES; j++)
            lane[j] += (part[j] + part[j + LANES]) + (part[j + 2 * LANES] + part[j + 3 * LANES]);
    }
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int j = 0; j < half; j++)
            lane[j] += lane[j + half];
    for (; i < n; i++)
        sum += LOAD(m[i]) * x[i];
    return lane[0] + sum;
}

enum { LOCAL(_at_once) = 8 };
typedef T LOCAL(_quarters)[LOCAL(_at_once)][4];

/* The lanes of each vector added up: halves, then halves of those, and so on. */
static inline __attribute__((always_inline)) void
LOCAL(_add_lanes)(const LOCAL(_vector) sum[LOCAL(_at_once)], T out[LOCAL(_at_once)])
{
    LOCAL(_quarters) four;
    for (int r = 0; r < LOCAL(_at_once); r++) {
        T part[LANES];
        memcpy(part, &sum[r], sizeof part);
        _Pragma("GCC unroll 8") for (int half = LANES / 2; half >= 4; half /= 2)
        {
            T other[LANES];
            memcpy(other, part + half, (size_t)half * sizeof(T));
            for (int j = 0; j < half; j++)
                part[j] += other[j];
        }
        memcpy(four[r], part, sizeof four[r]);
    }
    for (int r = 0; r < LOCAL(_at_once); r++)
        out[r] = (four[r][0] + four[r][2]) + (four[r][1] + four[r][3]);
}

/* A few elements, fewer than a vector has, and zeros. */
static inline LOCAL(_vector) LOCAL(_few)(const S *at, int64_t count)
{
    T few[LANES] = {0};
    LOCAL(_vector) v;
    for (int64_t p = 0; p < count; p++)
        few[p] = LOAD(at[p]);
    memcpy(&v, few, sizeof v);
    return v;
}

/* Contiguous rows, some at a time, so that their sums are added up together; every DEPTH elements,
 * so that errors do not grow with the length. Added to y, or stored. LOAD does nothing. */
static void LOCAL(_by_some_rows)(int64_t rows, int64_t cols, const S *m, int64_t row, const T *x,
                                 T *y, int64_t y_step, bool add)
{
    enum { AT_ONCE = LOCAL(_at_once) };
    int64_t few = cols % LANES, whole = cols - few;
    LOCAL(_vector) last = LOCAL(_few)((const void *)(x + whole), few), v;
    unsigned char kept[VECTOR_BYTES] = {0};
    LOCAL(_bytes) mask;
    memset(kept, 0xff, (size_t)few * sizeof(T));
    memcpy(&mask, kept, sizeof mask);
    for (int64_t first = 0; first < rows; first += AT_ONCE) {
        const S *at[AT_ONCE];
        LOCAL(_vector) sum[AT_ONCE], none = {0};
        for (int r = 0; r < AT_ONCE; r++) {
            at[r] = m + (first + r < rows ? first + r : rows - 1) * row;
            sum[r] = none;
        }
        for (int64_t p = 0; p < whole;) {
            LOCAL(_vector) part[AT_ONCE], factor;
            for (int r = 0; r < AT_ONCE; r++)
                part[r] = none;
            for (int64_t end = p + DEPTH < whole ? p + DEPTH : whole; p < end; p += LANES) {
                memcpy(&factor, x + p, sizeof factor);
                _Pragma("GCC unroll 8") for (int r = 0; r < AT_ONCE; r++)
                {
                    memcpy(&v, at[r] + p, sizeof v);
                    part[r] += v * factor;
                }
            }
            for (int r = 0; r < AT_ONCE; r++)
                sum[r] += part[r];
        }
        for (int r = 0; r < AT_ONCE && few; r++) {
            if ((at[r] - m) + whole + LANES <= (rows - 1) * row + cols) { /* all in the matrix */
                memcpy(&v, at[r] + whole, sizeof v);
                v = (LOCAL(_vector))((LOCAL(_bytes))v & mask);
            } else {
                v = LOCAL(_few)(at[r] + whole, few);
            }
            sum[r] += last * v;
        }
        T lanes[AT_ONCE];
        LOCAL(_add_lanes)(sum, lanes);
        for (int r = 0; r < AT_ONCE && first + r < rows; r++) {
            T *to = &y[(first + r) * y_step];
            *to = add ? *to + lanes[r] : lanes[r];
        }
    }
}

/* Rows are contiguous and read from end to end; x is laid out, a long piece at a time. */
static void LOCAL(_by_rows)(int64_t rows, int64_t cols, const S *m, int64_t row, const S *x,
                            int64_t x_step, T *y, int64_t y_step)
{
    T piece[LONG];
    bool together = sizeof(S) == sizeof(T) && (rows >= LOCAL(_at_once) || cols <= DEPTH);
    for (int64_t p = 0; p < cols; p += LONG) {
        int64_t here = cols - p < LONG ? cols - p : LONG;
        for (int64_t j = 0; j < here; j++)
            piece[j] = LOAD(x[(p + j) * x_step]);
        if (together) {
            LOCAL(_by_some_rows)(rows, here, m + p, row, piece, y, y_step, p > 0);
            continue;
        }
        for (int64_t i = 0; i < rows; i++) {
            T sum = LOCAL(_dot)(here, m + i * row + p, piece);
            y[i * y_step] = p ? y[i * y_step] + sum : sum;
        }
    }
}

/* sum += the products of `count` columns of n numbers, known when this is compiled, with factors.
 */
static inline __attribute__((always_inline)) void LOCAL(_add_columns)(const int count, int64_t n,
                                                                      const S *m, int64_t row,
                                                                      int64_t col, const T *factor,
                                                                      T *sum)
{
    for (int64_t i = 0; i < n; i++) {
        T all = sum[i];
        for (int j = 0; j < count; j++)
            all += LOAD(m[i * row + j * col]) * factor[j];
        sum[i] = all;
    }
}

/* The same of all columns for some vectors of numbers, which stay in registers: for columns in the
 * caches, where the step from one to the next costs nothing. LOAD does nothing. */
static inline __attribute__((always_inline)) void
LOCAL(_stay)(const int vectors, int64_t cols, const S *m, int64_t col, const T *factor, T *sum)
{
    LOCAL(_vector) all[4], none = {0}, v;
    for (int k = 0; k < vectors; k++)
        all[k] = none;
    for (int64_t j = 0; j < cols; j++)
        _Pragma("GCC unroll 4") for (int k = 0; k < vectors; k++)
        {
            memcpy(&v, m + j * col + k * LANES, sizeof v);
            all[k] += v * factor[j];
        }
    memcpy(sum, all, (size_t)vectors * sizeof *all);
}

static void LOCAL(_columns_stay)(int64_t n, int64_t cols, const S *m, int64_t col, const T *factor,
                                 T *sum)
{
    int64_t i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES)
        LOCAL(_stay)(4, cols, m + i, col, factor, sum + i);
    for (; i + LANES <= n; i += LANES)
        LOCAL(_stay)(1, cols, m + i, col, factor, sum + i);
    memset(sum + i, 0, (size_t)(n - i) * sizeof *sum);
    for (int64_t j = 0; j < cols && i < n; j++)
        LOCAL(_add_columns)(1, n - i, m + i + j * col, 1, col, factor + j, sum + i);
}

/* Columns are contiguous and added up, a span of y at a time. */
static void LOCAL(_by_columns)(int64_t rows, int64_t cols, const S *m, int64_t row, int64_t col,
                               const S *x, int64_t x_step, T *y, int64_t y_step)
{
    T piece[DEPTH], sum[SPAN];
    for (int64_t p = 0; p < cols; p += DEPTH) {
        int64_t deep = cols - p < DEPTH ? cols - p : DEPTH;
        for (int64_t j = 0; j < deep; j++)
            piece[j] = LOAD(x[(p + j) * x_step]);
        for (int64_t first = 0; first < rows; first += SPAN) {
            const S *at = m + first * row + p * col;
            int64_t here = rows - first < SPAN ? rows - first : SPAN, j = 0;
            if (row == 1 && sizeof(S) == sizeof(T) && here * deep <= NEAR) {
                LOCAL(_columns_stay)(here, deep, at, col, piece, sum);
                j = deep;
            } else {
                memset(sum, 0, (size_t)here * sizeof *sum);
            }
            for (; j + 4 <= deep && row == 1; j += 4)
                LOCAL(_add_columns)(4, here, at + j * col, 1, col, piece + j, sum);
            for (; j < deep; j++)
                LOCAL(_add_columns)(1, here, at + j * col, row, col, piece + j, sum);
            for (int64_t i = 0; i < here; i++)
                y[(first + i) * y_step] = p ? y[(first + i) * y_step] + sum[i] : sum[i];
        }
    }
}

static void LOCAL(_matvec)(int64_t rows, int64_t cols, const S *m, int64_t row, int64_t col,
                           const S *x, int64_t x_step, T *y, int64_t y_step)
{
    if (col == 1)
        LOCAL(_by_rows)(rows, cols, m, row, x, x_step, y, y_step);
    else
        LOCAL(_by_columns)(rows, cols, m, row, col, x, x_step, y, y_step);
}

/* ---- many short products of a row and a column ---- */
static T LOCAL(_short_dot)(int64_t n, const S *a, const S *b)
{
    T lane[LANES] = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++)
            lane[j] += LOAD(a[i + j]) * LOAD(b[i + j]);
    for (int j = 0; i < n; i++, j++)
        lane[j] += LOAD(a[i]) * LOAD(b[i]);
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int j = 0; j < half; j++)
            lane[j] += lane[j + half];
    return lane[0];
}

static ct_status NAME(const gemm *g)
{
    ct_status status = CT_OK;
    if (g->n > 1 && LOCAL(_smalls)(g))
        return CT_OK;
    bool dot = g->m == 1 && g->n == 1 && g->a_col == 1 && g->b_row == 1 && g->k <= SHORT;
    for (int64_t i = 0; i < g->batch && status == CT_OK; i++) {
        const S *a = (const S *)g->a + i * g->a_batch, *b = (const S *)g->b + i * g->b_batch;
        T *c = (T *)g->c + i * g->c_batch;
        if (dot)
            c[0] = LOCAL(_short_dot)(g->k, a, b);
        else if (g->n == 1)
            LOCAL(_matvec)(g->m, g->k, a, g->a_row, g->a_col, b, g->b_row, c, g->c_row);
        else if (g->m == 1)
            LOCAL(_matvec)(g->n, g->k, b, g->b_col, g->b_row, a, g->a_col, c, 1);
        else
            status = LOCAL(_product)(g, a, b, c);
    }
    return status;
}
#undef JOIN2
#undef JOIN
#undef LOCAL
#undef LANES
#undef COLS
#undef NAME
#undef S
#undef T
#undef LOAD
#undef ROWS

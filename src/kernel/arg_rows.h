/* One search for an extreme: included by arg.c once for each dtype and direction, with these
 * macros, which it undefines at its end: NAME  the function's name      S, T  the stored and the
 * compared type      LOAD(s)  S to T BETTER(a, b)  a beats b; a NaN beats every number and nothing
 * beats a NaN Along contiguous rows lanes keep their own best, so that the comparison widens; ties
 * go to the lower index. */
#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)
#define LOCAL(suffix) JOIN(NAME, suffix)

/* The first best of n <= INT32_MAX contiguous elements. */
static int64_t LOCAL(_row)(int64_t n, const S *x)
{
    T best[LANES];
    int32_t at[LANES];
    int64_t winner = 0;
    if (n < 2 * LANES) {
        for (int64_t i = 1; i < n; i++)
            winner = BETTER(LOAD(x[i]), LOAD(x[winner])) ? i : winner;
        return winner;
    }
    for (int j = 0; j < LANES; j++)
        best[j] = LOAD(x[j]), at[j] = j;
    int64_t i = LANES;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++) {
            T value = LOAD(x[i + j]);
            bool better = BETTER(value, best[j]);
            at[j] = better ? (int32_t)i + j : at[j];
            best[j] = better ? value : best[j];
        }
    T top = best[0];
    winner = at[0];
    for (int j = 1; j < LANES; j++)
        if (BETTER(best[j], top) || (!BETTER(top, best[j]) && at[j] < winner))
            top = best[j], winner = at[j];
    for (; i < n; i++)
        if (BETTER(LOAD(x[i]), top))
            top = LOAD(x[i]), winner = i;
    return winner;
}

/* Long rows in pieces whose indices fit 32 bits. */
static int64_t LOCAL(_any_row)(int64_t n, const S *x)
{
    const int64_t most = (int64_t)1 << 30;
    int64_t winner = LOCAL(_row)(n < most ? n : most, x);
    for (int64_t first = most; first < n; first += most) {
        int64_t next = first + LOCAL(_row)(n - first < most ? n - first : most, x + first);
        winner = BETTER(LOAD(x[next]), LOAD(x[winner])) ? next : winner;
    }
    return winner;
}

static void LOCAL(_columns)(const arg_task *t, int64_t first, int64_t width, const S *x)
{
    T best[COLUMNS];
    int64_t at[COLUMNS];
    for (int64_t j = 0; j < width; j++)
        best[j] = LOAD(x[j]), at[j] = 0;
    for (int64_t i = 1; i < t->n; i++)
        for (int64_t j = 0; j < width; j++) {
            T value = LOAD(x[i * t->inner + j]);
            bool better = BETTER(value, best[j]);
            at[j] = better ? i : at[j];
            best[j] = better ? value : best[j];
        }
    for (int64_t j = 0; j < width; j++)
        store_index(t, first + j, at[j]);
}

static void LOCAL(_tiles)(void *context, int64_t begin, int64_t end)
{
    const arg_task *t = context;
    const S *x = t->in;
    for (int64_t tile = begin; tile < end; tile++) {
        int64_t row = tile / t->tiles, first = tile % t->tiles * COLUMNS, left = t->inner - first;
        if (t->inner == 1)
            store_index(t, row, LOCAL(_any_row)(t->n, x + row * t->n));
        else
            LOCAL(_columns)
        (t, row * t->inner + first, left < COLUMNS ? left : COLUMNS,
         x + row * t->n * t->inner + first);
    }
}

static void LOCAL(_32)(int64_t outer, int64_t n, int64_t inner, void *out, const void *in)
{
    arg_task t = {n, inner, (inner + COLUMNS - 1) / COLUMNS, in, out, false};
    base_parallel(outer * t.tiles, GRAIN / (n * (inner < COLUMNS ? inner : COLUMNS) + 1) + 1,
                  LOCAL(_tiles), &t);
}

static void LOCAL(_64)(int64_t outer, int64_t n, int64_t inner, void *out, const void *in)
{
    arg_task t = {n, inner, (inner + COLUMNS - 1) / COLUMNS, in, out, true};
    base_parallel(outer * t.tiles, GRAIN / (n * (inner < COLUMNS ? inner : COLUMNS) + 1) + 1,
                  LOCAL(_tiles), &t);
}
#undef JOIN2
#undef JOIN
#undef LOCAL
#undef NAME
#undef S
#undef T
#undef LOAD
#undef BETTER

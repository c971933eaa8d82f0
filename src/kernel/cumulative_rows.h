/* One running reduction: included by cumulative.c once for each operation and dtype, with these
 * macros, which it undefines at its end: NAME   the function's name           S, T    the stored
 * and the accumulating type LOAD(s)  S to T     STORE(t)  T to S     COMBINE(a, b): a is what has
 * been accumulated Rows are walked in order; where inner > 1, a tile of columns at once. */
#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)
#define LOCAL(suffix) JOIN(NAME, suffix)

static void LOCAL(_row)(int64_t n, int64_t stride, S *out, const S *in)
{
    T sum = LOAD(in[0]);
    out[0] = in[0];
    for (int64_t i = 1; i < n; i++) {
        sum = COMBINE(sum, LOAD(in[i * stride]));
        out[i * stride] = STORE(sum);
    }
}

static void LOCAL(_columns)(int64_t n, int64_t width, int64_t stride, S *out, const S *in)
{
    T sum[COLUMNS];
    for (int64_t j = 0; j < width; j++) {
        sum[j] = LOAD(in[j]);
        out[j] = in[j];
    }
    for (int64_t i = 1; i < n; i++) {
        S *o = out + i * stride;
        const S *x = in + i * stride;
        INDEPENDENT for (int64_t j = 0; j < width; j++)
        {
            sum[j] = COMBINE(sum[j], LOAD(x[j]));
            o[j] = STORE(sum[j]);
        }
    }
}

static void LOCAL(_tiles)(void *context, int64_t begin, int64_t end)
{
    const scan_task *t = context;
    for (int64_t tile = begin; tile < end; tile++) {
        int64_t first = tile % t->tiles * COLUMNS, left = t->inner - first,
                stride = t->reverse ? -t->inner : t->inner;
        int64_t at =
            tile / t->tiles * t->n * t->inner + first + (t->reverse ? (t->n - 1) * t->inner : 0);
        if (t->inner == 1)
            LOCAL(_row)(t->n, stride, (S *)t->out + at, (const S *)t->in + at);
        else
            LOCAL(_columns)
        (t->n, left < COLUMNS ? left : COLUMNS, stride, (S *)t->out + at, (const S *)t->in + at);
    }
}

static void NAME(int64_t outer, int64_t n, int64_t inner, void *out, const void *in, bool reverse)
{
    scan_task t = {n, inner, (inner + COLUMNS - 1) / COLUMNS, in, out, reverse};
    if (n > 0)
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
#undef STORE
#undef COMBINE

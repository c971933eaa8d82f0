/* One reduction: included by reduce.c once for each operation and dtype, with these macros, which
 * it undefines at its end: NAME      the function's name            S, T     the stored and the
 * accumulating type LOAD(s)   S to T        STORE(t) T to S  COMBINE(a, b), IDENTITY
 *
 * The order of combination depends on the shape alone: rows of LEAF elements are combined lane by
 * lane (a fixed number of lanes, whatever the vector width), lanes and leaves pairwise. */
#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)
#define LOCAL(suffix) JOIN(NAME, suffix)
#define LANES (256 / (int)sizeof(T))

static T LOCAL(_few)(int64_t n, const S *x)
{
    T sum = IDENTITY;
    for (int64_t i = 0; i < n; i++)
        sum = COMBINE(sum, LOAD(x[i]));
    return sum;
}

static T LOCAL(_leaf)(int64_t n, const S *x)
{
    T lane[LANES];
    if (n < 16)
        return LOCAL(_few)(n, x);
    for (int j = 0; j < LANES; j++)
        lane[j] = IDENTITY;
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++)
            lane[j] = COMBINE(lane[j], LOAD(x[i + j]));
    for (int j = 0; j < n - i; j++)
        lane[j] = COMBINE(lane[j], LOAD(x[i + j]));
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int j = 0; j < half; j++)
            lane[j] = COMBINE(lane[j], lane[j + half]);
    return lane[0];
}

static T LOCAL(_row)(int64_t n, const S *x)
{
    if (n <= LEAF)
        return LOCAL(_leaf)(n, x);
    int64_t half = halfway(n, LEAF);
    T first = LOCAL(_row)(half, x), second = LOCAL(_row)(n - half, x + half);
    return COMBINE(first, second);
}

/* Columns: width <= COLUMNS of them, n rows, `stride` elements apart. */
static void LOCAL(_columns)(int64_t n, int64_t width, int64_t stride, const S *x, T *sum)
{
    if (n > FEW_ROWS) {
        T second[COLUMNS];
        int64_t half = halfway(n, FEW_ROWS);
        LOCAL(_columns)(half, width, stride, x, sum);
        LOCAL(_columns)(n - half, width, stride, x + half * stride, second);
        for (int64_t j = 0; j < width; j++)
            sum[j] = COMBINE(sum[j], second[j]);
        return;
    }
    for (int64_t j = 0; j < width; j++)
        sum[j] = IDENTITY;
    int64_t i = 0;
    for (; i + 4 <= n; i += 4) {
        const S *x0 = x + i * stride, *x1 = x0 + stride, *x2 = x1 + stride, *x3 = x2 + stride;
        for (int64_t j = 0; j < width; j++)
            sum[j] = COMBINE(sum[j], COMBINE(COMBINE(LOAD(x0[j]), LOAD(x1[j])),
                                             COMBINE(LOAD(x2[j]), LOAD(x3[j]))));
    }
    for (; i < n; i++)
        for (int64_t j = 0; j < width; j++)
            sum[j] = COMBINE(sum[j], LOAD(x[i * stride + j]));
}

/* Few columns side by side: several rows at a time make a wide one. */
static void LOCAL(_narrow)(int64_t n, int64_t width, const S *x, T *sum)
{
    T wide[COLUMNS];
    int64_t together = COLUMNS / width, whole = n / together;
    LOCAL(_columns)(whole, width * together, width * together, x, wide);
    LOCAL(_columns)(n - whole * together, width, width, x + whole * together * width, sum);
    for (int64_t i = 0; i < together; i++)
        for (int64_t j = 0; j < width; j++)
            sum[j] = COMBINE(sum[j], wide[i * width + j]);
}

static void LOCAL(_tiles)(void *context, int64_t begin, int64_t end)
{
    const reduce_task *t = context;
    const S *x = t->in;
    S *out = t->out;
    if (t->inner == 1) {
        for (int64_t row = begin; row < end; row++)
            out[row] = STORE(LOCAL(_row)(t->n, x + row * t->n));
        return;
    }
    for (int64_t tile = begin; tile < end; tile++) {
        int64_t row = tile / t->tiles, first = tile % t->tiles * COLUMNS, left = t->inner - first;
        T sum[COLUMNS];
        int64_t width = left < COLUMNS ? left : COLUMNS;
        const S *at = x + row * t->n * t->inner + first;
        if (t->inner <= COLUMNS / 8 && t->n > COLUMNS)
            LOCAL(_narrow)(t->n, width, at, sum);
        else
            LOCAL(_columns)(t->n, width, t->inner, at, sum);
        for (int64_t j = 0; j < width; j++)
            out[row * t->inner + first + j] = STORE(sum[j]);
    }
}

/* One long row: pieces whose number depends on its length alone, then the pieces pairwise. */
static void LOCAL(_piece)(void *context, int64_t begin, int64_t end)
{
    const reduce_task *t = context;
    for (int64_t i = begin; i < end; i++) {
        int64_t first = i * t->piece, left = t->n - first;
        ((T *)t->out)[i] = LOCAL(_row)(left < t->piece ? left : t->piece, (const S *)t->in + first);
    }
}

static void LOCAL(_long)(int64_t n, S *out, const S *in)
{
    T pieces[PIECES];
    reduce_task t = {.n = n, .in = in, .out = pieces, .piece = piece_of(n)};
    int64_t count = (n + t.piece - 1) / t.piece;
    base_parallel(count, 1, LOCAL(_piece), &t);
    for (int64_t step = 1; step < count; step *= 2)
        for (int64_t i = 0; i + step < count; i += 2 * step)
            pieces[i] = COMBINE(pieces[i], pieces[i + step]);
    *out = STORE(pieces[0]);
}

static void NAME(int64_t outer, int64_t n, int64_t inner, void *out, const void *in)
{
    int64_t tiles = (inner + COLUMNS - 1) / COLUMNS, work = n * (inner < COLUMNS ? inner : COLUMNS);
    reduce_task t = {.n = n, .inner = inner, .tiles = tiles, .in = in, .out = out};
    if (inner == 1 && n >= LONG)
        for (int64_t row = 0; row < outer; row++)
            LOCAL(_long)(n, (S *)out + row, (const S *)in + row * n);
    else
        base_parallel(outer * tiles, GRAIN / (work + 1) + 1, LOCAL(_tiles), &t);
}
#undef JOIN2
#undef JOIN
#undef LOCAL
#undef LANES
#undef NAME
#undef S
#undef T
#undef LOAD
#undef STORE
#undef COMBINE
#undef IDENTITY

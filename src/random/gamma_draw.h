/* One draw in a type of floats, for gamma.c: REAL, with the bits of a WORD; its functions are
 * NAMED. */
static REAL NAMED(call1)(kernel_map *f, REAL x)
{
    REAL y;
    f(1, &y, (const void *[]){&x}, (const int64_t[]){1});
    return y;
}

static REAL NAMED(unit)(const functions *f, word_key key)
{
    uint32_t block[2];
    WORD word;
    REAL u;
    if (f->g->words == 2) {
        random_block(key.at, 0, f->halves && sizeof word == 8, block);
        word = MIXED(f, block);
    } else {
        f->g->bits(key.at, 1, 1, 8 * sizeof word, &word);
    }
    word = word >> EXPONENT_BITS | ONE;
    memcpy(&u, &word, sizeof u);
    return u - 1;
}

static REAL NAMED(normal)(const functions *f, word_key key)
{
    static const REAL low = ABOVE_MINUS_ONE;
    REAL u = NAMED(unit)(f, key) * (1 - low) + low;
    return (REAL)1.41421356237309505 * NAMED(call1)(f->erf_inv, u < low ? low : u);
}

/* v = (1 + c x)^3 for a normal x that keeps it positive. */
static REAL NAMED(positive_cube_root)(const functions *f, word_key key, REAL c, REAL *x)
{
    REAL v;
    do {
        word_key drawn = child(f, key.at, 2, 1);
        key = child(f, key.at, 2, 0);
        *x = NAMED(normal)(f, drawn);
        v = 1 + *x * c;
    } while (v <= 0);
    return v;
}

static REAL NAMED(draw)(const functions *f, word_key given, REAL alpha, bool log_space)
{
    word_key key = child(f, given.at, 2, 0), boost_key = child(f, given.at, 2, 1);
    bool large = alpha >= 1;
    REAL shape = large ? alpha : alpha + 1, d = shape - (REAL)1 / 3,
         c = (REAL)1 / 3 / (REAL)sqrt(d);
    REAL X = 0, V = 1, U = 2;
    while (U >= 1 - (REAL)0.0331 * (X * X) &&
           NAMED(call1)(f->log, U) >= X * (REAL)0.5 + d * (1 - V + NAMED(call1)(f->log, V))) {
        word_key x_key = child(f, key.at, 3, 1), u_key = child(f, key.at, 3, 2);
        REAL x;
        key = child(f, key.at, 3, 0);
        REAL v = NAMED(positive_cube_root)(f, x_key, c, &x);
        X = x * x;
        V = v * v * v;
        U = NAMED(unit)(f, u_key);
    }
    if (log_space) {
        REAL sample = NAMED(call1)(f->log1p, -NAMED(unit)(f, boost_key));
        REAL boost = large || sample == 0 ? 0 : sample * (1 / alpha);
        return NAMED(call1)(f->log, d) + NAMED(call1)(f->log, V) + boost;
    }
    REAL sample = 1 - NAMED(unit)(f, boost_key), boost = 1, exponent = 1 / alpha;
    if (!large)
        f->pow(1, &boost, (const void *[]){&sample, &exponent}, (const int64_t[]){1, 1});
    return d * V * boost;
}

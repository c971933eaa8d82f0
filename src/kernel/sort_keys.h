/* One sort of unsigned keys: included by sort.c with these macros, which it undefines at its end:
 *   NAME  the function's name     T  what is sorted     BASE  the lowest bit of its key: bits below
 * are carried along Insertion when few, else radix from the least significant digit. */

static void NAME(int64_t n, T *x, T *room, int bits)
{
    uint32_t count[4][BUCKETS];
    int digit = digit_bits(n), buckets = 1 << digit, passes = (bits + digit - 1) / digit;
    if (n <= FEW) {
        for (int64_t i = 1; i < n; i++) {
            T moving = x[i];
            int64_t j = i;
            for (; j > 0 && x[j - 1] > moving; j--)
                x[j] = x[j - 1];
            x[j] = moving;
        }
        return;
    }
    for (int p = 0; p < passes; p++)
        memset(count[p], 0, (size_t)buckets * sizeof count[p][0]);
    for (int64_t i = 0; i < n; i++)
        for (int p = 0; p < passes; p++)
            count[p][x[i] >> (BASE + p * digit) & (T)(buckets - 1)]++;
    T *from = x, *to = room;
    for (int p = 0; p < passes; p++) {
        if (!begin_buckets(n, buckets, count[p]))
            continue;
        for (int64_t i = 0; i < n; i++)
            to[count[p][from[i] >> (BASE + p * digit) & (T)(buckets - 1)]++] = from[i];
        T *other = from;
        from = to, to = other;
    }
    if (from != x)
        memcpy(x, from, (size_t)n * sizeof *x);
}
#undef NAME
#undef T
#undef BASE

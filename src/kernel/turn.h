/* Vectors of one type, and tiles of as many rows as a vector has lanes, turned in registers:
 * included once a type, after vectors.h, with T (the type), LANES (a number, not an expression) and
 * NAME(f), which stay defined.
 *
 * A tile is turned in log2(LANES) stages: blocks of 8, 4, 2 and 1 numbers change places across the
 * diagonal of the blocks twice as large. */
typedef T NAME(vector) __attribute__((vector_size(VECTOR_BYTES)));

#define STAGE(row, s)                                                                              \
    _Pragma("GCC unroll 16") for (int i = 0; i < LANES; i++) if (!(i & (s)))                       \
    {                                                                                              \
        NAME(vector) a = row[i], b = row[i + (s)];                                                 \
        row[i] = __builtin_shufflevector(a, b, LANE_LIST(LANES, LANE_ABOVE, s));                   \
        row[i + (s)] = __builtin_shufflevector(a, b, LANE_LIST(LANES, LANE_BELOW, s));             \
    }
static inline __attribute__((always_inline)) void NAME(turn)(NAME(vector) * row)
{
#if LANES > 8
    STAGE(row, 8)
#endif
#if LANES > 4
    STAGE(row, 4)
#endif
    STAGE(row, 2)
    STAGE(row, 1)
}
#undef STAGE

static inline __attribute__((always_inline)) NAME(vector) NAME(load_vector)(const T *x)
{
    NAME(vector) v;
    memcpy(&v, x, sizeof v);
    return v;
}

static inline __attribute__((always_inline)) void NAME(store_vector)(T *x, NAME(vector) v)
{
    memcpy(x, &v, sizeof v);
}

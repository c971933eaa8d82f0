/* The width of vectors where a loop is written with them, and lists of lanes for shuffles. */
#ifndef COTAN_SRC_VECTORS_H
#define COTAN_SRC_VECTORS_H
#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#define LANES_F32 16
#define LANES_F64 8
#else
#define VECTOR_BYTES 32
#define LANES_F32 8
#define LANES_F64 4
#endif

/* Lane i of what stands above, and below, the diagonal's blocks of s after two rows of n lanes
 * exchanged theirs. */
#define LANE_ABOVE(i, s, n) ((i) & (s) ? (n) + (i) - (s) : (i))
#define LANE_BELOW(i, s, n) ((i) & (s) ? (n) + (i) : (i) + (s))
/* Lane i of the even, and odd, numbers of two rows behind each other; and of the first, and second,
 * half of what puts them back. */
#define LANE_EVEN(i, s, n) (2 * (i))
#define LANE_ODD(i, s, n) (2 * (i) + 1)
#define LANE_FIRST(i, s, n) ((i) % 2 * (n) + (i) / 2)
#define LANE_SECOND(i, s, n) ((i) % 2 * (n) + (n) / 2 + (i) / 2)
#define LANE_FOUR(p, i, s, n) p(i, s, n), p((i) + 1, s, n), p((i) + 2, s, n), p((i) + 3, s, n)
#define LANE_LIST_4(p, s, n) LANE_FOUR(p, 0, s, n)
#define LANE_LIST_8(p, s, n) LANE_FOUR(p, 0, s, n), LANE_FOUR(p, 4, s, n)
#define LANE_LIST_16(p, s, n) LANE_LIST_8(p, s, n), LANE_FOUR(p, 8, s, n), LANE_FOUR(p, 12, s, n)
#define LANE_LIST_OF(n, p, s) LANE_LIST_##n(p, s, n)
#define LANE_LIST(n, p, s) LANE_LIST_OF(n, p, s)
#endif

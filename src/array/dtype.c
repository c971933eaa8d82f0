/* What are the element types, and what do two of them promote to?
 *
 * JAX's promotion is the least upper bound in a lattice whose nodes are the dtypes and three weak
 * types (Python's int, float, complex). The edges below are that lattice; all answers are tabulated
 * once at start. Next: float.c. */
#include "array/array.h"

enum {
    B = FAMILY_BOOL,
    S = FAMILY_INT,
    U = FAMILY_UINT,
    F = FAMILY_FLOAT,
    C = FAMILY_COMPLEX,
    K = FAMILY_KEY
};

const dtype_info dtype_table[CT_DTYPE_COUNT] = {
    [CT_NO_DTYPE] = {"none", "none", 0, 0, 0},
    [CT_BOOL] = {"bool", "bool", B, 8, 1},
    [CT_INT2] = {"int2", "i2", S, 2, 1},
    [CT_INT4] = {"int4", "i4", S, 4, 1},
    [CT_INT8] = {"int8", "i8", S, 8, 1},
    [CT_INT16] = {"int16", "i16", S, 16, 2},
    [CT_INT32] = {"int32", "i32", S, 32, 4},
    [CT_INT64] = {"int64", "i64", S, 64, 8},
    [CT_UINT2] = {"uint2", "u2", U, 2, 1},
    [CT_UINT4] = {"uint4", "u4", U, 4, 1},
    [CT_UINT8] = {"uint8", "u8", U, 8, 1},
    [CT_UINT16] = {"uint16", "u16", U, 16, 2},
    [CT_UINT32] = {"uint32", "u32", U, 32, 4},
    [CT_UINT64] = {"uint64", "u64", U, 64, 8},
    [CT_FLOAT4_E2M1FN] = {"float4_e2m1fn", "f4_e2m1fn", F, 4, 1},
    [CT_FLOAT8_E3M4] = {"float8_e3m4", "f8_e3m4", F, 8, 1},
    [CT_FLOAT8_E4M3] = {"float8_e4m3", "f8_e4m3", F, 8, 1},
    [CT_FLOAT8_E4M3B11FNUZ] = {"float8_e4m3b11fnuz", "f8_e4m3b11fnuz", F, 8, 1},
    [CT_FLOAT8_E4M3FN] = {"float8_e4m3fn", "f8_e4m3fn", F, 8, 1},
    [CT_FLOAT8_E4M3FNUZ] = {"float8_e4m3fnuz", "f8_e4m3fnuz", F, 8, 1},
    [CT_FLOAT8_E5M2] = {"float8_e5m2", "f8_e5m2", F, 8, 1},
    [CT_FLOAT8_E5M2FNUZ] = {"float8_e5m2fnuz", "f8_e5m2fnuz", F, 8, 1},
    [CT_FLOAT8_E8M0FNU] = {"float8_e8m0fnu", "f8_e8m0fnu", F, 8, 1},
    [CT_BFLOAT16] = {"bfloat16", "bf16", F, 16, 2},
    [CT_FLOAT16] = {"float16", "f16", F, 16, 2},
    [CT_FLOAT32] = {"float32", "f32", F, 32, 4},
    [CT_FLOAT64] = {"float64", "f64", F, 64, 8},
    [CT_COMPLEX64] = {"complex64", "c64", C, 64, 8},
    [CT_COMPLEX128] = {"complex128", "c128", C, 128, 16},
    [CT_FLOAT0] = {"float0", "float0", FAMILY_FLOAT0, 0, 0},
    [CT_KEY_THREEFRY] = {"key<fry>", "key<fry>", K, 64, 8},
    [CT_KEY_RBG] = {"key<rbg>", "key<rbg>", K, 128, 16},
    [CT_KEY_UNSAFE_RBG] = {"key<urbg>", "key<urbg>", K, 128, 16},
};

_Thread_local bool array_x64, array_strict;

/* ---- the lattice ---- */

enum { WEAK_INT = CT_FLOAT0, WEAK_FLOAT, WEAK_COMPLEX, NODES };
#define BIT(node) (1u << (node))
#define SMALL_FLOATS                                                                               \
    (BIT(CT_FLOAT4_E2M1FN) | BIT(CT_FLOAT8_E3M4) | BIT(CT_FLOAT8_E4M3) |                           \
     BIT(CT_FLOAT8_E4M3B11FNUZ) | BIT(CT_FLOAT8_E4M3FN) | BIT(CT_FLOAT8_E4M3FNUZ) |                \
     BIT(CT_FLOAT8_E5M2) | BIT(CT_FLOAT8_E5M2FNUZ) | BIT(CT_FLOAT8_E8M0FNU))

/* The types immediately above each; without x64, uint32 and a signed type meet in int32 and not in
 * int64. */
static const uint32_t above[NODES] = {
    [CT_BOOL] = BIT(WEAK_INT),
    [WEAK_INT] =
        BIT(CT_UINT8) | BIT(CT_UINT2) | BIT(CT_UINT4) | BIT(CT_INT8) | BIT(CT_INT2) | BIT(CT_INT4),
    [CT_UINT8] = BIT(CT_INT16) | BIT(CT_UINT16),
    [CT_UINT16] = BIT(CT_INT32) | BIT(CT_UINT32),
    [CT_UINT32] = BIT(CT_INT64) | BIT(CT_UINT64),
    [CT_UINT64] = BIT(WEAK_FLOAT),
    [CT_INT8] = BIT(CT_INT16),
    [CT_INT16] = BIT(CT_INT32),
    [CT_INT32] = BIT(CT_INT64),
    [CT_INT64] = BIT(WEAK_FLOAT),
    [WEAK_FLOAT] = SMALL_FLOATS | BIT(CT_BFLOAT16) | BIT(CT_FLOAT16) | BIT(WEAK_COMPLEX),
    [CT_BFLOAT16] = BIT(CT_FLOAT32),
    [CT_FLOAT16] = BIT(CT_FLOAT32),
    [CT_FLOAT32] = BIT(CT_FLOAT64) | BIT(CT_COMPLEX64),
    [CT_FLOAT64] = BIT(CT_COMPLEX128),
    [WEAK_COMPLEX] = BIT(CT_COMPLEX64),
    [CT_COMPLEX64] = BIT(CT_COMPLEX128),
};

static uint8_t joins[2][NODES]
                    [NODES]; /* [x64][a][b]: the node that is the least upper bound, 0: none */

static uint32_t upper_bounds(int node, bool x64)
{
    uint32_t bounds = BIT(node), before = 0;
    while (bounds != before) {
        before = bounds;
        for (int i = 1; i < NODES; i++)
            if (before & BIT(i))
                bounds |= i == CT_UINT32 && !x64 ? BIT(CT_INT32) | BIT(CT_UINT64) : above[i];
    }
    return bounds;
}

static uint8_t least(int a, int b, const uint32_t *bounds)
{
    uint32_t common = bounds[a] & bounds[b];
    if (common & BIT(a))
        return (uint8_t)a;
    if (common & BIT(b))
        return (uint8_t)b;
    for (int i = 1; i < NODES; i++)
        if ((common & BIT(i)) && !(common & ~bounds[i]))
            return (uint8_t)i;
    return CT_NO_DTYPE;
}

__attribute__((constructor)) static void tabulate(void)
{
    for (int x64 = 0; x64 < 2; x64++) {
        uint32_t bounds[NODES];
        for (int i = 1; i < NODES; i++)
            bounds[i] = upper_bounds(i, x64);
        for (int a = 1; a < NODES; a++)
            for (int b = 1; b < NODES; b++)
                joins[x64][a][b] = least(a, b, bounds);
    }
}

static int node_of(ct_dtype d, bool weak)
{
    if (!weak || d == CT_BOOL)
        return d;
    return dtype_is(d, FAMILY_FLOAT)     ? WEAK_FLOAT
           : dtype_is(d, FAMILY_COMPLEX) ? WEAK_COMPLEX
                                         : WEAK_INT;
}

static ct_dtype dtype_of_node(int node)
{
    if (node < WEAK_INT)
        return (ct_dtype)node;
    return dtype_default(node == WEAK_INT     ? FAMILY_INT
                         : node == WEAK_FLOAT ? FAMILY_FLOAT
                                              : FAMILY_COMPLEX);
}

/* Python's numbers take a dtype that holds numbers of their kind; dtypes that differ never meet. */
static bool meet_strictly(ct_dtype a, bool a_weak, ct_dtype b, bool b_weak)
{
    if (!a_weak && !b_weak)
        return false;
    if (a_weak && b_weak)
        return true;
    ct_dtype number = a_weak ? a : b, dtype = a_weak ? b : a;
    int kinds = dtype_is(number, FAMILY_INT)
                    ? FAMILY_INT | FAMILY_UINT | FAMILY_FLOAT | FAMILY_COMPLEX
                : dtype_is(number, FAMILY_FLOAT) ? FAMILY_FLOAT | FAMILY_COMPLEX
                                                 : FAMILY_COMPLEX;
    return dtype_is(dtype, kinds);
}

ct_dtype dtype_promote(ct_dtype a, bool a_weak, ct_dtype b, bool b_weak, bool *weak)
{
    if (a == b) {
        *weak = a_weak && b_weak && a != CT_BOOL;
        return a;
    }
    *weak = false;
    if (a >= CT_FLOAT0 || b >= CT_FLOAT0 || !a || !b ||
        (unlikely(array_strict) && !meet_strictly(a, a_weak, b, b_weak)))
        return CT_NO_DTYPE;
    bool both = a_weak && b_weak;
    int node =
        joins[array_x64][both ? (int)a : node_of(a, a_weak)][both ? (int)b : node_of(b, b_weak)];
    ct_dtype result = dtype_of_node(node);
    *weak = result && (both || node >= WEAK_INT) && result != CT_BOOL;
    return result;
}

static const char *name_of(ct_dtype d, bool weak)
{
    return !weak                         ? ct_dtype_name(d)
           : dtype_is(d, FAMILY_FLOAT)   ? "Python's float"
           : dtype_is(d, FAMILY_COMPLEX) ? "Python's complex"
                                         : "Python's int";
}

bool dtype_fail_promotion(const char *what, ct_dtype a, bool a_weak, ct_dtype b, bool b_weak)
{
    const char *x = name_of(a, a_weak), *y = name_of(b, b_weak);
    if (a >= CT_FLOAT0 || b >= CT_FLOAT0)
        base_fail(CT_TYPE_ERROR, "%s does not accept dtypes %s, %s.", what, x, y);
    else if (array_strict)
        base_fail(CT_TYPE_PROMOTION_ERROR,
                  "%s: Input dtypes ('%s', '%s') have no available implicit dtype promotion path "
                  "when jax_numpy_dtype_promotion=strict. Try explicitly casting inputs to the "
                  "desired output type, or set jax_numpy_dtype_promotion=standard.",
                  what, x, y);
    else
        base_fail(CT_TYPE_PROMOTION_ERROR,
                  "%s: Input dtypes ('%s', '%s') have no available implicit dtype promotion path. "
                  "Convert one of them, for example by x.astype('%s').",
                  what, x, y, a_weak ? y : x);
    return false;
}

/* ---- relatives of a type ---- */

ct_dtype dtype_to_inexact(ct_dtype d)
{
    if (!dtype_is(d, FAMILY_BOOL | FAMILY_INT | FAMILY_UINT))
        return d;
    return dtype_table[d].bits == 64 ? dtype_canonical(CT_FLOAT64) : CT_FLOAT32;
}

ct_dtype dtype_real_part(ct_dtype d)
{
    return d == CT_COMPLEX64 ? CT_FLOAT32 : d == CT_COMPLEX128 ? CT_FLOAT64 : d;
}

ct_dtype dtype_canonical(ct_dtype d)
{
    if (array_x64)
        return d;
    return d == CT_INT64        ? CT_INT32
           : d == CT_UINT64     ? CT_UINT32
           : d == CT_FLOAT64    ? CT_FLOAT32
           : d == CT_COMPLEX128 ? CT_COMPLEX64
                                : d;
}

ct_dtype dtype_default(dtype_family f)
{
    switch (f) {
    case FAMILY_BOOL:
        return CT_BOOL;
    case FAMILY_INT:
        return dtype_canonical(CT_INT64);
    case FAMILY_UINT:
        return dtype_canonical(CT_UINT64);
    case FAMILY_FLOAT:
        return dtype_canonical(CT_FLOAT64);
    case FAMILY_COMPLEX:
        return dtype_canonical(CT_COMPLEX128);
    case FAMILY_KEY:
        return CT_KEY_THREEFRY;
    case FAMILY_FLOAT0:
        return CT_FLOAT0;
    }
    return CT_NO_DTYPE;
}

ct_dtype dtype_tangent(ct_dtype d) { return dtype_inexact(d) ? d : CT_FLOAT0; }

const char *ct_dtype_name(ct_dtype dtype)
{
    return dtype_table[dtype < CT_DTYPE_COUNT ? dtype : CT_NO_DTYPE].name;
}

ct_dtype ct_dtype_named(const char *name)
{
    for (int d = CT_BOOL; d < CT_DTYPE_COUNT; d++)
        if (!strcmp(name, dtype_table[d].name) || !strcmp(name, dtype_table[d].short_name))
            return (ct_dtype)d;
    return CT_NO_DTYPE;
}

size_t ct_itemsize(ct_dtype dtype) { return dtype_table[dtype].itemsize; }

/* Scaled dot product attention.
 *
 * Queries (B, T, N, H), keys and values (B, S, K, H); N is a multiple of K, and each group of N / K
 * query heads shares one key head. */
#define OPS_SHORT_NAMES
#include <math.h>

#include "nn/nn.h"

static ct_array to_4d(ct_array t)
{
    int64_t missing = t ? 4 - t->aval.ndim : 0;
    return missing > 0 ? op_expand_dims(t, (ct_ints){missing, (const int64_t[]){0, 1, 2, 3}}) : t;
}

/* A mask or bias (b, n, t, s) with its heads split into groups, n = K G: axes (b, K, G, t, s). */
static ct_array grouped(ct_array t, int64_t K, int64_t G)
{
    if (!t || is_poison(t))
        return t;
    const int64_t *s = t->aval.shape;
    return s[1] == 1 ? op_expand_dims(t, I(2)) : op_reshape(t, I(s[0], K, G, s[2], s[3]));
}

static ct_array and_also(ct_array mask, ct_array more)
{
    return mask ? ct_logical_and(mask, more) : more;
}

/* Positions 0 .. n - 1 along one of the last two of five axes. */
static ct_array positions(int64_t n, int axis)
{
    int64_t shape[5] = {1, 1, 1, 1, 1};
    shape[axis] = n;
    return op_iota(CT_INT32, (ct_ints){5, shape}, axis);
}

static ct_array lengths(ct_array x) { return op_reshape(x, I(x->size, 1, 1, 1, 1)); }

static ct_array which_count(const ct_nn_dot_product_attention_args *a, ct_array mask, int64_t T,
                            int64_t S)
{
    ct_array query = positions(T, 3), key = positions(S, 4);
    if (a->is_causal)
        mask = and_also(mask, ct_greater_equal(query, key));
    if (a->local_window_size.at) {
        int64_t left = a->local_window_size.at[0],
                right = a->local_window_size.at[a->local_window_size.n > 1];
        mask = and_also(mask, ct_less_equal(query, ct_add(key, left)));
        mask = and_also(mask, ct_greater_equal(query, ct_subtract(key, right)));
    }
    if (a->query_seq_lengths)
        mask = and_also(mask, ct_less(query, lengths(a->query_seq_lengths)));
    if (a->key_value_seq_lengths)
        mask = and_also(mask, ct_less(key, lengths(a->key_value_seq_lengths)));
    return mask;
}

static double large_negative(ct_dtype dtype)
{
    return -0.7 * (dtype == CT_FLOAT16    ? 65504.0
                   : dtype == CT_BFLOAT16 ? 0x1.fep127
                                          : (double)0x1.fffffep127f);
}

static bool fits(const char *name, ct_array t, int64_t B, int64_t S, int64_t K, int64_t H,
                 ct_dtype dtype)
{
    const int64_t wanted[] = {B, S, K, H};
    if (is_poison(t))
        return false;
    bool good = t->aval.ndim == 4 && dtype_of(t) == dtype;
    for (int d = 0; good && d < 4; d++)
        good = wanted[d] < 0 || t->aval.shape[d] == wanted[d];
    if (!good) {
        text text_of = {0};
        aval_text(&text_of, &t->aval, false);
        char *got = text_end(&text_of);
        base_fail(
            CT_VALUE_ERROR,
            "dot_product_attention: %s should be %s[%lld, %lld, %lld, %lld] (-1: any); got %s",
            name, ct_dtype_name(dtype), (long long)B, (long long)S, (long long)K, (long long)H,
            got ? got : "?");
        base_free(got);
    }
    return good;
}

ct_tree nn_dot_product_attention(const ct_nn_dot_product_attention_args *a)
{
    ct_array query = to_4d(a->query), key = to_4d(a->key), value = to_4d(a->value);
    if (is_poison(query) || is_poison(key) || is_poison(value))
        return array_poison;
    if (a->implementation && strcmp(a->implementation, "xla"))
        return ct_fail(CT_NOT_IMPLEMENTED_ERROR,
                       "dot_product_attention: implementation='%s'; None and 'xla' are available",
                       a->implementation);
    if (key->aval.ndim != 4)
        return ct_fail(CT_VALUE_ERROR, "key ndim should be 4, but got %d", key->aval.ndim);
    const int64_t *ks = key->aval.shape;
    int64_t B = ks[0], S = ks[1], K = ks[2], H = ks[3];
    if (!fits("value", value, B, S, K, H, dtype_of(key)) ||
        !fits("query", query, B, -1, -1, H, dtype_of(key)))
        return array_poison;
    int64_t T = query->aval.shape[1], N = query->aval.shape[2], G = N / K;
    if (N % K)
        return ct_fail(
            CT_VALUE_ERROR,
            "The number of query heads must be a multiple of key/value heads, but got %lld vs %lld",
            (long long)N, (long long)K);
    ct_dtype wide = dtype_of(query) == CT_FLOAT64 ? CT_FLOAT64 : CT_FLOAT32;
    query = op_reshape(query, I(B, T, K, G, H));
    ct_array logits = ct_einsum("btkgh,bskh->bkgts", ((ct_arrays){2, (ct_array[]){query, key}}),
                                .preferred_element_type = wide);
    logits = mul(logits, a->scale.given ? a->scale.value : 1 / sqrt((double)H));
    if (a->bias)
        logits = ct_add(logits, grouped(to_4d(a->bias), K, G));
    ct_array mask = which_count(a, a->mask ? grouped(to_4d(a->mask), K, G) : NULL, T, S);
    if (is_poison(logits))
        return logits;
    logits = numpy_cast(logits, wide);
    if (mask)
        logits = ct_where(mask, logits, array_scalar(wide, false, large_negative(wide)));
    logits = numpy_cast(logits, CT_FLOAT32);
    ct_array weights = numpy_cast(nn_softmax_of(logits, I(-1), NULL), dtype_of(key));
    ct_array out = ct_einsum("bkgts,bskh->btkgh", ((ct_arrays){2, (ct_array[]){weights, value}}));
    if (a->query_seq_lengths && !is_poison(out))
        out = ct_multiply(out, numpy_cast(ct_less(op_iota(CT_INT32, I(1, T, 1, 1, 1), 1),
                                                  lengths(a->query_seq_lengths)),
                                          dtype_of(out)));
    out = is_poison(out) ? out : op_reshape(out, shape_of(a->query));
    if (!a->return_residual)
        return out;
    ct_array residual = nn_logsumexp_of(logits, I(-1), NULL, false, false, NULL);
    residual = op_transpose(numpy_cast(residual, dtype_of(key)), I(0, 3, 1, 2));
    ct_ints shape = {a->query->aval.ndim - 1, a->query->aval.shape};
    residual = op_stop_gradient(op_reshape(residual, shape));
    return is_poison(residual) || is_poison(out) ? array_poison : ct_tuple(out, residual);
}

/* Operations that move elements: by shape alone, or from places that numbers name.
 *
 * Random keys are words along a last dimension, which every operation takes whole. */
#include "ops/rules.h"
#include "stablehlo/hlo.h"

/* The operand's last dimensions that its type in the jaxpr does not have: the words of keys. */
static int words_of(const hlo_eqn *q)
{
    return q->in[0]->type.ndim - atom_aval(&q->e->in[0])->ndim;
}

/* A list for the dimensions there are, with `last` for the words. */
static int_list with_words(const hlo_eqn *q, ct_ints list, int64_t last)
{
    int_list all = {list.n, {0}};
    hlo_copy(all.at, list.at, (size_t)list.n * sizeof *list.at);
    for (int i = 0; i < words_of(q); i++)
        all.at[all.n++] = last;
    return all;
}

static void broadcast_rule(hlo *h, hlo_eqn *q)
{
    const params_broadcast_in_dim *p = q->e->params;
    int_list dims = with_words(q, p->broadcast_dimensions, q->type->ndim - 1);
    q->out[0] = hlo_broadcast(h, q->in[0], dims.n, dims.at, *q->type);
}

static void reshape_rule(hlo *h, hlo_eqn *q) { q->out[0] = hlo_reshape(h, q->in[0], *q->type); }

static void permuted_rule(hlo *h, hlo_eqn *q)
{
    const params_transpose *p = q->e->params;
    int_list dims = with_words(q, p->permutation, q->type->ndim - 1);
    q->out[0] = hlo_put(
        h, *q->type,
        hlo_format(h, "stablehlo.transpose $a, dims = %s : $s", hlo_ints(h, dims.n, dims.at)),
        q->in[0]);
}

static void rev_rule(hlo *h, hlo_eqn *q)
{
    ct_ints dims = ((const params_rev *)q->e->params)->dimensions;
    q->out[0] =
        hlo_put(h, *q->type,
                hlo_format(h, "stablehlo.reverse $a, dims = %s : $t", hlo_ints(h, dims.n, dims.at)),
                q->in[0]);
}

static hlo_value *joined(hlo *h, int n, hlo_value *const *in, int64_t dim, aval type)
{
    return n == 1 ? in[0]
                  : hlo_emit(
                        h, type,
                        hlo_format(h, "stablehlo.concatenate $a, dim = %lld : $s", (long long)dim),
                        n, in);
}

static void concatenate_rule(hlo *h, hlo_eqn *q)
{
    const params_concatenate *p = q->e->params;
    q->out[0] = joined(h, q->e->nin, q->in, p->dimension, *q->type);
}

hlo_value *hlo_slice(hlo *h, hlo_value *x, const int64_t *start, const int64_t *limit,
                     const int64_t *strides, aval type)
{
    text t = {0};
    text_add(&t, "stablehlo.slice $a [");
    for (int k = 0; k < x->type.ndim; k++) {
        text_add(&t, k ? ", %lld:%lld" : "%lld:%lld", (long long)start[k], (long long)limit[k]);
        if (strides && strides[k] != 1)
            text_add(&t, ":%lld", (long long)strides[k]);
    }
    text_add(&t, "] : $s");
    char *s = text_end(&t);
    hlo_value *v = hlo_put(h, type, hlo_format(h, "%s", s ? s : ""), x);
    base_free(s);
    return v;
}

hlo_value *hlo_slice_along(hlo *h, hlo_value *x, int dim, int64_t from, int64_t to)
{
    int64_t start[MAX_NDIM + 1] = {0}, limit[MAX_NDIM + 1], shape[MAX_NDIM + 1];
    hlo_copy(limit, x->type.shape, (size_t)x->type.ndim * sizeof *limit);
    hlo_copy(shape, limit, (size_t)x->type.ndim * sizeof *shape);
    start[dim] = from;
    limit[dim] = to;
    shape[dim] = to - from;
    return hlo_slice(h, x, start, limit, NULL,
                     hlo_type(h, (ct_dtype)x->type.dtype, x->type.ndim, shape));
}

hlo_value *hlo_join(hlo *h, int n, hlo_value *const *in, int dim)
{
    int64_t shape[MAX_NDIM + 1];
    aval type = in[0]->type;
    hlo_copy(shape, type.shape, (size_t)type.ndim * sizeof *shape);
    for (int i = 1; i < n; i++)
        shape[dim] += in[i]->type.shape[dim];
    return joined(h, n, in, dim, hlo_type(h, (ct_dtype)type.dtype, type.ndim, shape));
}

static void slice_rule(hlo *h, hlo_eqn *q)
{
    const params_slice *p = q->e->params;
    int64_t words = words_of(q) ? q->in[0]->type.shape[q->in[0]->type.ndim - 1] : 0;
    int_list start = with_words(q, p->start_indices, 0);
    int_list limit = with_words(q, p->limit_indices, words);
    int_list strides = with_words(q, p->strides, 1);
    q->out[0] =
        hlo_slice(h, q->in[0], start.at, limit.at, p->strides.n ? strides.at : NULL, *q->type);
}

static void split_rule(hlo *h, hlo_eqn *q)
{
    const params_split *p = q->e->params;
    int64_t from = 0;
    for (int i = 0; i < q->e->nout; i++) {
        q->out[i] = hlo_slice_along(h, q->in[0], (int)p->axis, from, from + p->sizes.at[i]);
        from += p->sizes.at[i];
    }
}

/* Each with a dimension of one in between, side by side. */
static void stack_rule(hlo *h, hlo_eqn *q)
{
    int axis = (int)((const params_stack *)q->e->params)->axis, n = q->e->nin;
    hlo_value **rows = arena_alloc(&h->memory, (size_t)(n + 1) * sizeof *rows);
    int64_t dims[MAX_NDIM], shape[MAX_NDIM + 1];
    aval one = *q->type;
    for (int k = 0; k < one.ndim; k++) {
        shape[k] = k == axis ? 1 : one.shape[k];
        if (k != axis)
            dims[k - (k > axis)] = k;
    }
    one.shape = shape;
    for (int i = 0; i < n && rows; i++)
        rows[i] = hlo_broadcast(h, q->in[i], one.ndim - 1, dims,
                                hlo_type(h, (ct_dtype)one.dtype, one.ndim, shape));
    if (rows)
        q->out[0] = joined(h, n, rows, axis, *q->type);
    h->failed |= !rows;
}

static void unstack_rule(hlo *h, hlo_eqn *q)
{
    int axis = (int)((const params_stack *)q->e->params)->axis;
    for (int i = 0; i < q->e->nout; i++)
        q->out[i] = hlo_reshape(h, hlo_slice_along(h, q->in[0], axis, i, i + 1), *q->type);
}

/* A dimension in front of each, along which it is repeated. */
static void tile_rule(hlo *h, hlo_eqn *q)
{
    ct_ints reps = ((const params_tile *)q->e->params)->reps;
    int64_t split[2 * MAX_NDIM], all[2 * MAX_NDIM], dims[2 * MAX_NDIM], n = reps.n;
    if (n > MAX_NDIM / 2 || words_of(q)) {
        hlo_fail(h, CT_NOT_IMPLEMENTED_ERROR, "StableHLO of %s of so many dimensions",
                 q->e->op->name);
        return;
    }
    for (int64_t k = 0; k < n; k++) {
        split[2 * k] = 1;
        all[2 * k] = reps.at[k];
        split[2 * k + 1] = all[2 * k + 1] = q->in[0]->type.shape[k];
        dims[2 * k] = 2 * k;
        dims[2 * k + 1] = 2 * k + 1;
    }
    ct_dtype d = (ct_dtype)q->type->dtype;
    hlo_value *x = hlo_reshape(h, q->in[0], hlo_type(h, d, 2 * n, split));
    x = hlo_broadcast(h, x, 2 * n, dims, hlo_type(h, d, 2 * n, all));
    q->out[0] = hlo_reshape(h, x, *q->type);
}

static void pad_rule(hlo *h, hlo_eqn *q)
{
    ct_ints config = ((const params_pad *)q->e->params)->padding_config;
    int64_t parts[3][MAX_NDIM];
    for (int64_t i = 0; i < config.n; i++)
        parts[i % 3][i / 3] = config.at[i];
    int64_t n = config.n / 3;
    q->out[0] = hlo_put(h, *q->type,
                        hlo_format(h, "stablehlo.pad $a, low = %s, high = %s, interior = %s : $s",
                                   hlo_ints(h, n, parts[0]), hlo_ints(h, n, parts[1]),
                                   hlo_ints(h, n, parts[2])),
                        q->in[0], q->in[1]);
}

static void iota_rule(hlo *h, hlo_eqn *q)
{
    const params_iota *p = q->e->params;
    q->out[0] =
        hlo_emit(h, *q->type,
                 hlo_format(h, "stablehlo.iota dim = %lld : $t", (long long)p->dimension), 0, NULL);
}

/* ---- at places known when it runs ---- */

static void dynamic_slice_rule(hlo *h, hlo_eqn *q)
{
    int words = words_of(q), n = q->e->nin + words;
    hlo_value *in[MAX_NDIM + 2];
    hlo_copy(in, q->in, (size_t)q->e->nin * sizeof *in);
    if (words)
        in[n - 1] = hlo_number(h, CT_INT32, 0);
    q->out[0] = hlo_emit(h, *q->type,
                         hlo_format(h, "stablehlo.dynamic_slice $a, sizes = %s : $s",
                                    hlo_ints(h, q->type->ndim, q->type->shape)),
                         n, in);
}

static void dynamic_update_slice_rule(hlo *h, hlo_eqn *q)
{
    int words = words_of(q), n = q->e->nin + words;
    hlo_value *in[MAX_NDIM + 3];
    hlo_copy(in, q->in, (size_t)q->e->nin * sizeof *in);
    if (words)
        in[n - 1] = hlo_number(h, CT_INT32, 0);
    q->out[0] = hlo_emit(h, *q->type, "stablehlo.dynamic_update_slice $a : $s", n, in);
}

/* ---- products ---- */

static const char *precision_name(int precision)
{
    static const char *const names[] = {"DEFAULT", "DEFAULT", "HIGH", "HIGHEST"};
    return names[precision & 3];
}

static void dot_rule(hlo *h, hlo_eqn *q)
{
    const params_dot_general *p = q->e->params;
    const dot_dims *d = &p->dimension_numbers;
    hlo_value *x = q->in[0], *y = q->in[1];
    if (x->type.dtype != y->type.dtype && q->type->dtype != CT_NO_DTYPE) {
        x = hlo_put(h, hlo_of(&x->type, (ct_dtype)q->type->dtype), "stablehlo.convert $a : $:", x);
        y = hlo_put(h, hlo_of(&y->type, (ct_dtype)q->type->dtype), "stablehlo.convert $a : $:", y);
    }
    const char *batched = d->lhs_batch.n ? hlo_format(h, "batching_dims = %s x %s, ",
                                                      hlo_ints(h, d->lhs_batch.n, d->lhs_batch.at),
                                                      hlo_ints(h, d->rhs_batch.n, d->rhs_batch.at))
                                         : "";
    const char *how = precision_name(p->precision);
    q->out[0] = hlo_put(
        h, *q->type,
        hlo_format(h,
                   "stablehlo.dot_general $a, %scontracting_dims = %s x %s, precision = [%s, %s] : "
                   "$s",
                   batched, hlo_ints(h, d->lhs_contract.n, d->lhs_contract.at),
                   hlo_ints(h, d->rhs_contract.n, d->rhs_contract.at), how, how),
        x, y);
}

/* [b, f, 0, 1]: which dimension is where. */
static const char *layout(hlo *h, ct_ints spec, const char *first, const char *second)
{
    text t = {0};
    for (int64_t at = 0; at < spec.n; at++)
        for (int64_t i = 0; i < spec.n; i++) {
            if (spec.at[i] != at)
                continue;
            text_add(&t, at ? ", " : "[");
            if (i < 2)
                text_add(&t, "%s", i ? second : first);
            else
                text_add(&t, "%lld", (long long)(i - 2));
        }
    char *s = text_end(&t);
    const char *kept = hlo_format(h, "%s]", s ? s : "[");
    base_free(s);
    return kept;
}

static const char *pairs(hlo *h, ct_ints list)
{
    text t = {0};
    for (int64_t i = 0; i + 1 < list.n; i += 2)
        text_add(&t, i ? ", [%lld, %lld]" : "[%lld, %lld]", (long long)list.at[i],
                 (long long)list.at[i + 1]);
    char *s = text_end(&t);
    const char *kept = hlo_format(h, "[%s]", s ? s : "");
    base_free(s);
    return kept;
}

static const char *repeated(hlo *h, int64_t n, const char *word)
{
    text t = {0};
    for (int64_t i = 0; i < n; i++)
        text_add(&t, i ? ", %s" : "%s", word);
    char *s = text_end(&t);
    const char *kept = hlo_format(h, "[%s]", s ? s : "");
    base_free(s);
    return kept;
}

static void conv_rule(hlo *h, hlo_eqn *q)
{
    const params_conv *p = q->e->params;
    const conv_dims *d = &p->dimension_numbers;
    const char *how = precision_name(p->precision);
    const char *window =
        hlo_format(h, "{stride = %s, pad = %s, lhs_dilate = %s, rhs_dilate = %s, reverse = %s}",
                   hlo_ints(h, p->window_strides.n, p->window_strides.at), pairs(h, p->padding),
                   hlo_ints(h, p->lhs_dilation.n, p->lhs_dilation.at),
                   hlo_ints(h, p->rhs_dilation.n, p->rhs_dilation.at),
                   repeated(h, p->window_strides.n, "false"));
    q->out[0] = hlo_put(
        h, *q->type,
        hlo_format(h,
                   "stablehlo.convolution($a) dim_numbers = %sx%s->%s, window = %s "
                   "{batch_group_count = %lld : i64, feature_group_count = %lld : i64, "
                   "precision_config = [#stablehlo<precision %s>, #stablehlo<precision %s>]} : $s",
                   layout(h, d->lhs_spec, "b", "f"), layout(h, d->rhs_spec, "o", "i"),
                   layout(h, d->out_spec, "b", "f"), window, (long long)p->batch_group_count,
                   (long long)p->feature_group_count, how, how),
        q->in[0], q->in[1]);
}

static void fft_rule(hlo *h, hlo_eqn *q)
{
    static const char *const types[] = {"FFT", "IFFT", "RFFT", "IRFFT"};
    const params_fft *p = q->e->params;
    q->out[0] = hlo_put(h, *q->type,
                        hlo_format(h, "stablehlo.fft $a, type = %s, length = %s : $s",
                                   types[p->fft_type & 3],
                                   hlo_ints(h, p->fft_lengths.n, p->fft_lengths.at)),
                        q->in[0]);
}

hlo_rule *hlo_shape_rule(int code)
{
    switch (code) {
    case OP_broadcast_in_dim:
        return broadcast_rule;
    case OP_reshape:
    case OP_squeeze:
        return reshape_rule;
    case OP_transpose:
        return permuted_rule;
    case OP_rev:
        return rev_rule;
    case OP_concatenate:
        return concatenate_rule;
    case OP_slice:
        return slice_rule;
    case OP_split:
        return split_rule;
    case OP_stack:
        return stack_rule;
    case OP_unstack:
        return unstack_rule;
    case OP_tile:
        return tile_rule;
    case OP_pad:
        return pad_rule;
    case OP_iota:
        return iota_rule;
    case OP_dynamic_slice:
        return dynamic_slice_rule;
    case OP_dynamic_update_slice:
        return dynamic_update_slice_rule;
    case OP_dot_general:
        return dot_rule;
    case OP_conv_general_dilated:
        return conv_rule;
    case OP_fft:
        return fft_rule;
    }
    return NULL;
}

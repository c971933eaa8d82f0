/* The operations on mutable arrays: new_ref, get, swap, addupdate, freeze.
 *
 * An index has one entry of four integers an axis: a slice, an integer, or an integer operand (of
 * any rank); an empty list is the whole array. Reading and writing a part is NumPy's indexing of
 * the content. In forward mode a reference's tangent is a cell of its own, in which the tangent of
 * the content changes along (NULL: zero), so tangent programs contain no references. Next:
 * transform/discharge.c (programs that use references, run without). */
#include "numpy/refs.h"

#include "cotan/ref.h"
#include "ops/ops.h"
#include "transform/transform.h"

enum { ENTRY = 4, AT_SLICE = 0, AT_INTEGER, AT_OPERAND, MOST_AXES = 32 };

/* ---- parts ---- */

typedef struct part {
    int64_t n;
    index_item items[MOST_AXES];
} part;

/* The entries with the operands in their places. */
static part part_of(ct_ints index, const ct_array *operands)
{
    part p = {index.n / ENTRY, {{0}}};
    for (int64_t i = 0; i < p.n; i++) {
        const int64_t *e = index.at + ENTRY * i;
        index_item *item = &p.items[i];
        if (e[0] == AT_OPERAND)
            *item = (index_item){.kind = INDEX_ARRAY, .array = *operands++};
        else if (e[0] == AT_INTEGER)
            *item = (index_item){.kind = INDEX_INTEGER, .start = e[1]};
        else
            *item = (index_item){.kind = INDEX_SLICE,
                                 .start_given = true,
                                 .stop_given = true,
                                 .step_given = true,
                                 .start = e[1],
                                 .stop = e[1] + (e[2] - 1) * e[3] + 1,
                                 .step = e[3]};
        if (e[0] == AT_SLICE && !e[2])
            item->stop = e[1];
    }
    return p;
}

static ct_array read(ct_array x, ct_ints index, const ct_array *operands)
{
    if (!index.n)
        return x;
    part p = part_of(index, operands);
    return numpy_index(x, p.n, p.items, NULL);
}

static ct_array write(ct_array x, ct_ints index, const ct_array *operands, ct_array value, bool add)
{
    if (!index.n)
        return add ? op_add(x, value) : value;
    part p = part_of(index, operands);
    return numpy_index_update(x, p.n, p.items, add ? INDEX_ADD : INDEX_SET, value, NULL);
}

/* ---- types ---- */

/* The shape of a part: integers drop their axis; operands broadcast and stand where the first of
 * them does, or in front when slices come between. */
static bool part_type(const op *o, const aval *ref, ct_ints index, int nops, const aval *ops,
                      aval *out, arena *a)
{
    *out = *ref;
    out->ref = false;
    if (!index.n)
        return true;
    int64_t *shape = arena_alloc(a, (MOST_AXES * 2) * sizeof *shape), common[MOST_AXES];
    int nd = 0, ncommon = 0, used = 0, first = -1;
    bool gap = false, split = false;
    if (!shape)
        return false;
    for (int i = 0; i < nops; i++)
        ncommon = ops[i].ndim > ncommon ? ops[i].ndim : ncommon;
    for (int k = 0; k < ncommon; k++) {
        common[k] = 1;
        for (int i = 0; i < nops; i++) {
            int at = k - (ncommon - ops[i].ndim);
            if (at >= 0 && ops[i].shape[at] != 1)
                common[k] = ops[i].shape[at];
        }
    }
    for (int64_t i = 0; i < index.n / ENTRY; i++) {
        const int64_t *e = index.at + ENTRY * i;
        if (e[0] == AT_SLICE) {
            shape[nd++] = e[2];
            gap = first >= 0;
            continue;
        }
        used += e[0] == AT_OPERAND;
        first = first < 0 ? nd : first;
        split = split || gap;
    }
    if (used != nops)
        return base_fail(CT_TYPE_ERROR, "%s: %d index operands, got %d", o->name, used, nops),
               false;
    int at = split || first < 0 ? 0 : first;
    memmove(shape + at + ncommon, shape + at, (size_t)(nd - at) * sizeof *shape);
    memcpy(shape + at, common, (size_t)ncommon * sizeof *shape);
    out->ndim = nd + ncommon;
    out->shape = shape;
    return true;
}

static bool new_ref_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                             aval *out, arena *a)
{
    (void)params, (void)nin, (void)a;
    if (in[0].ref)
        return base_fail(CT_TYPE_ERROR, "%s of a mutable array reference", o->name), false;
    *nout = 1;
    *out = in[0];
    out->ref = true;
    return true;
}

static bool freeze_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                            aval *out, arena *a)
{
    (void)o, (void)params, (void)nin, (void)a;
    *nout = 1;
    *out = in[0];
    out->ref = false;
    return true;
}

static bool get_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                         aval *out, arena *a)
{
    *nout = 1;
    return part_type(o, &in[0], ((const params_ref *)params)->index, nin - 1, in + 1, out, a);
}

/* JAX checks shape and dtype exactly: nothing is broadcast or converted, but weak values become
 * strong before. */
static bool value_fits(const op *o, const aval *ref, const aval *value, const aval *want)
{
    bool shapes = ints_equal(aval_shape(value), aval_shape(want));
    if (shapes && value->dtype == want->dtype)
        return true;
    aval plain = *ref;
    plain.ref = false;
    text t = {0};
    if (shapes) {
        text_add(&t, "Invalid dtype for `%s`. Ref dtype: %s. Value dtype: %s.", o->name,
                 dtype_table[ref->dtype].name, dtype_table[value->dtype].name);
    } else {
        text_add(&t, "Invalid shape for `%s`. Ref: ", o->name);
        aval_text(&t, &plain, false);
        text_add(&t, ". Expected: ");
        aval_text(&t, want, false);
        text_add(&t, ". Value: ");
        aval_text(&t, value, false);
        text_add(&t, ". Broadcast the value to the shape of the part.");
    }
    char *s = text_end(&t);
    base_fail(CT_VALUE_ERROR, "%s", s ? s : "invalid value for a mutable array reference");
    base_free(s);
    return false;
}

static bool swap_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                          aval *out, arena *a)
{
    aval type;
    if (!part_type(o, &in[0], ((const params_ref *)params)->index, nin - 2, in + 2, &type, a) ||
        !value_fits(o, &in[0], &in[1], &type))
        return false;
    *nout = o->code == OP_addupdate ? 0 : 1;
    if (*nout)
        *out = type;
    return true;
}

/* ---- acting on cells ---- */

static bool checked(const op *o, const void *params, int nin, const ct_array *in)
{
    aval avals[2 + MOST_AXES], out;
    arena scratch = {0};
    int nout = 1;
    if (nin > (int)countof(avals))
        return false;
    for (int i = 0; i < nin; i++)
        avals[i] = in[i]->aval;
    bool good = o->abstract(o, params, nin, avals, &nout, &out, &scratch);
    arena_free(&scratch);
    return good;
}

static bool new_ref_call(const op *o, const void *params, int nin, const ct_array *in, int nout,
                         ct_array *out)
{
    (void)nout;
    return checked(o, params, nin, in) &&
           !is_poison(out[0] = ref_new(core_current, &in[0]->aval, in[0]));
}

/* Part of a cell's content, owned by the scope. */
static ct_array part_now(ct_array cell, ct_ints index, const ct_array *operands)
{
    ct_array x = read(cell->primal, index, operands);
    if (x == cell->primal) {
        object_retain(x);
        return scope_own(x) ? x : array_poison;
    }
    return x;
}

static bool freeze_call(const op *o, const void *params, int nin, const ct_array *in, int nout,
                        ct_array *out)
{
    (void)o, (void)params, (void)nin, (void)nout;
    return !is_poison(out[0] = part_now(in[0], (ct_ints){0}, NULL));
}

static bool get_call(const op *o, const void *params, int nin, const ct_array *in, int nout,
                     ct_array *out)
{
    (void)nout;
    return checked(o, params, nin, in) &&
           !is_poison(out[0] = part_now(in[0], ((const params_ref *)params)->index, in + 1));
}

/* The part is replaced or added to; swap gives the old one back. */
static bool swap_call(const op *o, const void *params, int nin, const ct_array *in, int nout,
                      ct_array *out)
{
    ct_ints index = ((const params_ref *)params)->index;
    if (!checked(o, params, nin, in) ||
        (nout && is_poison(out[0] = part_now(in[0], index, in + 2))))
        return false;
    ct_array value = write(in[0]->primal, index, in + 2, in[1], o->code == OP_addupdate);
    if (is_poison(value) ||
        is_poison(value = op_convert(value, (ct_dtype)in[0]->aval.dtype, in[0]->aval.weak)))
        return false;
    ref_store(in[0], value);
    return true;
}

/* ---- forward mode ---- */

static bool new_ref_jvp(const op *o, const void *params, int nin, const ct_array *primals,
                        const ct_array *tangents, int nout, ct_array *out, ct_array *out_tangents)
{
    core_bind(o, params, nin, primals, nout, out);
    return values_good(1, out) &&
           !is_poison(out_tangents[0] = ref_new(NULL, &primals[0]->aval, tangents[0]));
}

static bool get_jvp(const op *o, const void *params, int nin, const ct_array *primals,
                    const ct_array *tangents, int nout, ct_array *out, ct_array *out_tangents)
{
    ct_array content = tangents[0] ? tangents[0]->primal : NULL;
    ct_ints index = o->code == OP_freeze ? (ct_ints){0} : ((const params_ref *)params)->index;
    core_bind(o, params, nin, primals, nout, out);
    if (content)
        out_tangents[0] = read(content, index, primals + 1);
    return values_good(1, out) && values_good(1, out_tangents);
}

static bool swap_jvp(const op *o, const void *params, int nin, const ct_array *primals,
                     const ct_array *tangents, int nout, ct_array *out, ct_array *out_tangents)
{
    ct_ints index = ((const params_ref *)params)->index;
    bool add = o->code == OP_addupdate;
    ct_array cell = tangents[0], value = tangents[1];
    if (!cell && value) {
        text t = {0};
        aval_text(&t, &primals[0]->aval, false);
        char *s = text_end(&t);
        base_fail(CT_VALUE_ERROR,
                  "performing %s operation with a differentiated value on a non-differentiated "
                  "array reference of type %s. Move the array reference to be an argument of the "
                  "differentiated function?",
                  add ? "an addupdate" : "a set/swap", s ? s : "?");
        base_free(s);
        return false;
    }
    core_bind(o, params, nin, primals, nout, out);
    if (!values_good(nout, out) || !cell)
        return ct_ok();
    if (nout && cell->primal && is_poison(out_tangents[0] = read(cell->primal, index, primals + 2)))
        return false;
    if (!value && (add || !cell->primal))
        return true;
    ct_array old = cell->primal ? cell->primal : zero_tangent(primals[0]);
    if (is_poison(old) || (!value && is_poison(value = zero_tangent(primals[1]))))
        return false;
    ct_array changed = write(old, index, primals + 2, value, add);
    if (is_poison(changed))
        return false;
    ref_store(cell, changed);
    return true;
}

/* ---- batching: the whole content is read, indexed for each element, and written back ---- */

static bool new_ref_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                         const int *dims, int nout, ct_array *out, int *out_dims)
{
    ct_array x = batch_front(in[0], dims[0], b.size);
    out_dims[0] = 0;
    core_bind(o, params, nin, &x, nout, out);
    return values_good(nout, out);
}

typedef struct batched_part {
    ct_ints index;
    bool swap, add;
} batched_part;

/* (content, [value,] operands...) -> part, or (new content[, part]) */
static bool run_part(void *env, int64_t n, const ct_array *in, leaves *out)
{
    const batched_part *p = env;
    (void)n;
    *out = (leaves){p->swap && !p->add ? 2 : 1, base_alloc(2 * sizeof *out->at)};
    if (!out->at)
        return false;
    if (p->swap)
        out->at[0] = write(in[0], p->index, in + 2, in[1], p->add);
    if (!p->add)
        out->at[out->n - 1] = read(in[0], p->index, in + (p->swap ? 2 : 1));
    return values_good(out->n, out->at);
}

static ct_array whole(ct_array ref) { return core_bind1(&op_row_get, &(params_ref){{0}}, 1, &ref); }

static bool map_part(batched_part *p, batch b, int nin, const ct_array *in, const int *dims,
                     leaves *out)
{
    ct_array *values = base_alloc((size_t)(nin + 1) * sizeof *values);
    if (!values)
        return false;
    memcpy(values, in, (size_t)nin * sizeof *values);
    values[0] = whole(in[0]);
    bool good = !is_poison(values[0]) &&
                transform_vmap((flat){run_part, p, "part"}, b, nin, values, dims, NULL, NULL, out);
    base_free(values);
    return good;
}

static bool get_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                     const int *dims, int nout, ct_array *out, int *out_dims)
{
    ct_ints index = o->code == OP_freeze ? (ct_ints){0} : ((const params_ref *)params)->index;
    leaves result = {0};
    if (!index.n) {
        core_bind(o, params, nin, in, nout, out);
        out_dims[0] = dims[0];
        return values_good(1, out);
    }
    bool good = map_part(&(batched_part){.index = index}, b, nin, in, dims, &result);
    if (good)
        out[0] = result.at[0];
    out_dims[0] = 0;
    leaves_free(&result);
    return good;
}

static bool swap_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                      const int *dims, int nout, ct_array *out, int *out_dims)
{
    batched_part p = {((const params_ref *)params)->index, true, o->code == OP_addupdate};
    if (dims[0] == NOT_MAPPED) {
        text t = {0};
        aval_text(&t, &in[0]->aval, false);
        char *s = text_end(&t);
        base_fail(CT_VALUE_ERROR,
                  "performing %s operation with vmapped value on an unbatched array reference of "
                  "type %s. Move the array reference to be an argument to the vmapped function?",
                  p.add ? "an addupdate" : "a set/swap", s ? s : "?");
        base_free(s);
        return false;
    }
    leaves result = {0};
    bool good = map_part(&p, b, nin, in, dims, &result);
    ct_array changed = good ? op_moveaxis(result.at[0], 0, dims[0]) : array_poison;
    if (good && !is_poison(changed))
        core_bind1(&op_row_swap, &(params_ref){{0}}, 2, (ct_array[]){in[0], changed});
    if (good && nout) {
        out[0] = result.at[1];
        out_dims[0] = 0;
    }
    leaves_free(&result);
    return good && ct_ok();
}

static uint32_t ref_effects(const op *o, const void *params)
{
    (void)o, (void)params;
    return EFFECT_REF;
}

static const param_field new_ref_fields[] = {{"kind", PARAM_NONE, 0},
                                             {"memory_space", PARAM_NONE, 0}};

#define ROW(id, kind, type, act, forward, batching, ...)                                           \
    const op op_row_##id = {.name = #id,                                                           \
                            .flags = OP_EFFECT | (kind),                                           \
                            .code = OP_##id,                                                       \
                            .abstract = type,                                                      \
                            .call = act,                                                           \
                            .jvp = forward,                                                        \
                            .vmap = batching,                                                      \
                            .effects = ref_effects,                                                \
                            __VA_ARGS__}
#define AT_INDEX                                                                                   \
    .operands = ANY_OPERANDS, .fields = fields_ref, .nfields = nfields_ref,                        \
    .params_size = sizeof(params_ref)
ROW(new_ref, OP_NEW_REF, new_ref_abstract, new_ref_call, new_ref_jvp, new_ref_vmap, .operands = 1,
    .fields = new_ref_fields, .nfields = countof(new_ref_fields));
ROW(get, OP_REF, get_abstract, get_call, get_jvp, get_vmap, AT_INDEX);
ROW(swap, OP_REF, swap_abstract, swap_call, swap_jvp, swap_vmap, AT_INDEX);
ROW(addupdate, OP_REF | OP_MULTIPLE, swap_abstract, swap_call, swap_jvp, swap_vmap, AT_INDEX);
ROW(freeze, OP_REF, freeze_abstract, freeze_call, get_jvp, get_vmap, .operands = 1);

/* ---- from a subscript to entries ---- */

typedef struct entries {
    int n, nops;
    int64_t at[ENTRY * MOST_AXES];
    ct_array ops[MOST_AXES];
} entries;

static bool add_slice(entries *e, const index_item *i, int64_t length)
{
    int64_t step = i->step_given ? i->step : 1;
    if (step < 1)
        return base_fail(CT_VALUE_ERROR, "slice must have a step >= 1 (found: %lld)",
                         (long long)step),
               false;
    int64_t start = i->start_given ? i->start : 0, stop = i->stop_given ? i->stop : length;
    start = start < 0 ? start + length : start;
    stop = stop < 0 ? stop + length : stop;
    start = start < 0 ? 0 : start > length ? length : start;
    stop = stop < start ? start : stop > length ? length : stop;
    int64_t *at = e->at + ENTRY * e->n++;
    at[0] = AT_SLICE, at[1] = start, at[2] = (stop - start + step - 1) / step, at[3] = step;
    return true;
}

static bool add_integer(entries *e, int64_t i, int64_t length)
{
    int64_t index = i < 0 ? i + length : i;
    if (index < 0 || index >= length)
        return base_fail(CT_VALUE_ERROR, "Out of bound indexer: idx=%lld, dim=%lld.", (long long)i,
                         (long long)length),
               false;
    int64_t *at = e->at + ENTRY * e->n++;
    at[0] = AT_INTEGER, at[1] = index, at[2] = 1, at[3] = 1;
    return true;
}

static bool add_operand(entries *e, ct_array index)
{
    if (!dtype_is((ct_dtype)index->aval.dtype, FAMILY_INT | FAMILY_UINT))
        return base_fail(index->aval.dtype == CT_BOOL ? CT_NONCONCRETE_INDEX_ERROR : CT_TYPE_ERROR,
                         "Array %s indices of mutable array references must be integers",
                         dtype_table[index->aval.dtype].name),
               false;
    int64_t *at = e->at + ENTRY * e->n++;
    at[0] = AT_OPERAND, at[1] = 0, at[2] = 1, at[3] = 1;
    e->ops[e->nops++] = index;
    return true;
}

/* A run is a slice where its start is known, and an array of positions elsewhere. */
static bool add_run(entries *e, const index_item *item, int64_t length)
{
    ct_array known;
    if (core_concrete(item->array, &known) && !known->aval.ndim) {
        int64_t start = array_get_int(known, 0);
        start = start < 0 ? start + length : start;
        return add_slice(e,
                         &(index_item){.kind = INDEX_SLICE,
                                       .start_given = true,
                                       .stop_given = true,
                                       .step_given = true,
                                       .start = start,
                                       .stop = start + item->stop * item->step,
                                       .step = item->step},
                         length);
    }
    if (e->nops)
        return base_fail(CT_NOT_IMPLEMENTED_ERROR,
                         "a mutable array reference indexed by a slice with a traced start beside "
                         "another traced index"),
               false;
    ct_dtype integer = dtype_default(FAMILY_INT);
    ct_array places = op_iota(integer, I(item->stop), 0);
    places = op_mul(places, array_scalar_int(integer, false, item->step));
    places = op_add(places, op_convert(item->array, integer, false));
    return !is_poison(places) && add_operand(e, places);
}

/* One entry an axis; none when all of them are whole. */
static bool normalise(ct_array ref, int64_t n, const index_item *items, entries *e)
{
    static const index_item rest = {.kind = INDEX_SLICE};
    const aval *a = &ref->aval;
    int64_t named = 0;
    bool ellipsis = false, all = true;
    *e = (entries){0};
    for (int64_t i = 0; i < n; i++) {
        ellipsis |= items[i].kind == INDEX_ELLIPSIS;
        named += items[i].kind != INDEX_ELLIPSIS;
    }
    if (named > a->ndim || a->ndim > MOST_AXES)
        return base_fail(CT_INDEX_ERROR,
                         "Too many indices: a mutable array of %d dimensions was indexed with %lld",
                         a->ndim, (long long)named),
               false;
    for (int64_t i = 0; i < n; i++) {
        const index_item *item = &items[i];
        int64_t length = e->n < a->ndim ? a->shape[e->n] : 0;
        switch ((index_kind)item->kind) {
        case INDEX_ELLIPSIS:
            for (int64_t k = a->ndim - named; k > 0; k--)
                if (!add_slice(e, &rest, a->shape[e->n]))
                    return false;
            break;
        case INDEX_SLICE:
            if (!add_slice(e, item, length))
                return false;
            break;
        case INDEX_INTEGER:
            if (!add_integer(e, item->start, length))
                return false;
            break;
        case INDEX_ARRAY:
            if (is_array(item->array) && item->array->aval.ndim == 0 &&
                        dtype_is((ct_dtype)item->array->aval.dtype, FAMILY_INT | FAMILY_UINT)
                    ? !add_integer(e, array_get_int(item->array, 0), length)
                    : !add_operand(e, item->array))
                return false;
            break;
        case INDEX_RUN:
            if (!add_run(e, item, length))
                return false;
            break;
        case INDEX_NEWAXIS:
            return base_fail(CT_TYPE_ERROR,
                             "None is no index of a mutable array reference; read the value and "
                             "index that"),
                   false;
        }
    }
    while (e->n < a->ndim)
        if (!add_slice(e, &rest, a->shape[e->n]))
            return false;
    for (int k = 0; k < e->n; k++) {
        const int64_t *at = e->at + ENTRY * k;
        all = all && at[0] == AT_SLICE && at[2] == a->shape[k] && at[3] == 1;
    }
    e->n = all ? 0 : e->n;
    return true;
}

static bool check_ref(const op *o, ct_array ref)
{
    if (is_poison(ref))
        return false;
    if (ref->aval.ref)
        return true;
    base_fail(CT_TYPE_ERROR, "%s takes a mutable array reference, not an array", o->name);
    return false;
}

static bool bind_part(const op *o, ct_array ref, int64_t n, const index_item *items, ct_array value,
                      ct_array *out)
{
    entries e;
    ct_array in[2 + MOST_AXES] = {ref};
    int nin = 1;
    if (!check_ref(o, ref) || (value && is_poison(value)) || !normalise(ref, n, items, &e))
        return false;
    if (value) {
        if (is_poison(value = op_convert(value, (ct_dtype)value->aval.dtype, false)))
            return false;
        in[nin++] = value;
    }
    memcpy(in + nin, e.ops, (size_t)e.nops * sizeof *in);
    nin += e.nops;
    params_ref p = {{ENTRY * e.n, e.at}};
    core_bind(o, &p, nin, in, o->code == OP_addupdate ? 0 : 1, out);
    return ct_ok();
}

ct_array refs_get(ct_array ref, int64_t n, const index_item *items)
{
    ct_array out = array_poison;
    return bind_part(&op_row_get, ref, n, items, NULL, &out) ? out : array_poison;
}

ct_array refs_swap(ct_array ref, int64_t n, const index_item *items, ct_array value)
{
    ct_array out = array_poison;
    return bind_part(&op_row_swap, ref, n, items, value, &out) ? out : array_poison;
}

bool refs_add(ct_array ref, int64_t n, const index_item *items, ct_array value)
{
    return bind_part(&op_row_addupdate, ref, n, items, value, NULL);
}

/* ---- C ---- */

ct_array ct_new_ref(ct_array value) { return core_bind1(&op_row_new_ref, NULL, 1, &value); }

ct_array ct_freeze(ct_array ref)
{
    return check_ref(&op_row_freeze, ref) ? core_bind1(&op_row_freeze, NULL, 1, &ref)
                                          : array_poison;
}

static int64_t first_axis(ct_array at, index_item *item)
{
    if (!at)
        return 0;
    *item = (index_item){.kind = INDEX_ARRAY, .array = at};
    return 1;
}

ct_array ct_ref_get_(ct_array ref, ct_array at)
{
    index_item item;
    return at && is_poison(at) ? at : refs_get(ref, first_axis(at, &item), &item);
}

ct_array ct_ref_swap_(ct_array ref, ct_array at, ct_array value)
{
    index_item item;
    return at && is_poison(at) ? at : refs_swap(ref, first_axis(at, &item), &item, value);
}

void ct_ref_set_(ct_array ref, ct_array at, ct_array value) { ct_ref_swap_(ref, at, value); }

void ct_ref_add_(ct_array ref, ct_array at, ct_array value)
{
    index_item item;
    if (!at || !is_poison(at))
        refs_add(ref, first_axis(at, &item), &item, value);
}

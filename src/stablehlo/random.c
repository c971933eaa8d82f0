/* Random keys and bits: threefry, written out as rounds of additions, rotations and exclusive ors.
 * Keys are two words. */
#include "ops/rules.h"
#include "stablehlo/hlo.h"

static aval words(hlo *h, int64_t ndim, const int64_t *shape)
{
    return hlo_type(h, CT_UINT32, ndim, shape);
}

/* The i-th word of two. */
static hlo_value *word(hlo *h, hlo_value *pair, int64_t i)
{
    return hlo_reshape(h, hlo_slice_along(h, pair, 0, i, i + 1), hlo_scalar(CT_UINT32));
}

static hlo_value *numbers(hlo *h, const uint32_t *at, int64_t n)
{
    ct_scope scope = ct_begin();
    ct_array a = array_new(CT_UINT32, false, 1, &n);
    hlo_value *v = NULL;
    if (is_array(a)) {
        memcpy(a->data, at, (size_t)n * sizeof *at);
        v = hlo_constant(h, a);
    }
    h->failed |= !v;
    ct_end_(scope, NULL);
    return v;
}

/* ---- threefry2x32 ---- */

enum { ROUNDS = 4, GROUPS = 5, STATE = 8 }; /* count, x, y, three keys, two lists of rotations */

/* x += y; y = rotated y, exclusive or x; for each rotation; then keys are added. */
static hlo_function *rounds(hlo *h, const aval *types)
{
    hlo_function *f = hlo_begin(h, "closed_call", STATE, types);
    hlo_region *outside = h->at;
    h->at = f->body;
    if (f->body->nargs != STATE)
        return f;
    hlo_value *in = f->body->args, *x = &in[1], *y = &in[2];
    hlo_value *next = hlo_binary(h, "add", &in[0], hlo_number(h, CT_INT32, 1));
    for (int64_t r = 0; r < ROUNDS; r++) {
        hlo_value *by = word(h, &in[6], r);
        x = hlo_binary(h, "add", x, y);
        hlo_value *left = hlo_binary(h, "shift_left", y, hlo_spread(h, by, &y->type));
        hlo_value *back = hlo_binary(h, "subtract", hlo_number(h, CT_UINT32, 32), by);
        hlo_value *right = hlo_binary(h, "shift_right_logical", y, hlo_spread(h, back, &y->type));
        y = hlo_binary(h, "xor", x, hlo_binary(h, "or", left, right));
    }
    x = hlo_binary(h, "add", x, hlo_spread(h, &in[3], &x->type));
    y = hlo_binary(h, "add", y, hlo_spread(h, &in[4], &y->type));
    hlo_value *count = hlo_binary(h, "add", &in[0], hlo_number(h, CT_INT32, 1));
    count = hlo_put(h, hlo_scalar(CT_UINT32), "stablehlo.convert $a : $:", count);
    y = hlo_binary(h, "add", y, hlo_spread(h, count, &y->type));
    hlo_value *out[] = {next, x, y, &in[4], &in[5], &in[3], &in[7], &in[6]};
    hlo_end(h, f, STATE, out);
    h->at = outside;
    return f;
}

/* The groups of rounds as a loop over the state, in front of which it counts. */
static hlo_op *grouped(hlo *h, hlo_value *const *state)
{
    hlo_value *in[STATE + 1] = {NULL};
    aval types[STATE + 1];
    memcpy(in + 1, state, STATE * sizeof *in);
    in[0] = hlo_number(h, CT_INT32, 0);
    for (int i = 0; i <= STATE; i++)
        types[i] = in[i]->type;
    hlo_op *o =
        hlo_add(h, "stablehlo.while($n) : $i\ncond $r do $r", STATE + 1, in, STATE + 1, types);
    hlo_region *test = hlo_open(h, o, STATE + 1, types, "iterArg");
    hlo_value *more = hlo_number(h, CT_INT32, GROUPS);
    more = hlo_compare(h, "LT", &test->args[0], more);
    hlo_close(h, 1, &more);
    hlo_region *body = hlo_open(h, o, STATE + 1, types, "iterArg");
    hlo_value *args[STATE], *next[STATE + 1];
    for (int i = 0; i < STATE; i++)
        args[i] = &body->args[i + 1];
    hlo_op *call = hlo_call(h, rounds(h, types + 1), STATE, args);
    next[0] = hlo_binary(h, "add", &body->args[0], hlo_number(h, CT_INT32, 1));
    for (int i = 0; i < STATE && call->nout == STATE; i++)
        next[i + 1] = &call->out[i];
    if (!h->failed)
        hlo_close(h, STATE + 1, next);
    return o;
}

static hlo_function *threefry(hlo *h, const aval *type)
{
    static const char name[] = "threefry2x32";
    static const uint32_t rotations[2][ROUNDS] = {{13, 15, 26, 6}, {17, 29, 16, 24}};
    hlo_function *f = hlo_find(h, &rotations, name, type);
    if (f)
        return f;
    aval types[] = {hlo_scalar(CT_UINT32), hlo_scalar(CT_UINT32), *type, *type};
    f = hlo_begin(h, name, 4, types);
    hlo_region *outside = h->at;
    h->at = f->body;
    hlo_value *in = f->body->args;
    hlo_value *first = numbers(h, rotations[0], ROUNDS), *second = numbers(h, rotations[1], ROUNDS);
    hlo_value *mixed = hlo_binary(h, "xor", &in[0], &in[1]);
    mixed = hlo_binary(h, "xor", mixed, hlo_number(h, CT_UINT32, 0x1BD11BDA));
    hlo_value *x = hlo_binary(h, "add", &in[2], hlo_spread(h, &in[0], type));
    hlo_value *y = hlo_binary(h, "add", &in[3], hlo_spread(h, &in[1], type));
    hlo_value *state[STATE] = {
        hlo_number(h, CT_INT32, 0), x, y, &in[1], mixed, &in[0], first, second};
    hlo_op *o = h->failed ? NULL : grouped(h, state);
    if (!h->failed && o->nout > 3)
        hlo_end(h, f, 2, (hlo_value *[]){&o->out[2], &o->out[3]});
    h->at = outside;
    hlo_keep(h, &rotations, name, type, f);
    return f;
}

/* Two arrays of words from counts of 64 bits, one for each element of the shape. */
static hlo_op *hashed(hlo *h, hlo_value *key, int64_t ndim, const int64_t *shape)
{
    aval wide = hlo_type(h, CT_UINT64, ndim, shape), type = words(h, ndim, shape);
    hlo_value *k0 = word(h, key, 0), *k1 = word(h, key, 1), *places[MAX_NDIM], *sum = NULL;
    if (!ndim) {
        hlo_value *zero = hlo_number(h, CT_UINT32, 0);
        return hlo_call(h, threefry(h, &type), 4,
                        (hlo_value *[]){k0, k1, zero, hlo_number(h, CT_UINT32, 0)});
    }
    for (int64_t k = 0; k < ndim; k++)
        places[k] = hlo_emit(h, wide, hlo_format(h, "stablehlo.iota dim = %lld : $t", (long long)k),
                             0, NULL);
    for (int64_t k = 0; k < ndim; k++) {
        hlo_value *stride = hlo_filled(h, wide, (double)shape_size(ndim - 1 - k, shape + k + 1));
        places[k] = hlo_binary(h, "multiply", stride, places[k]);
    }
    for (int64_t k = 0; k < ndim; k++)
        sum = sum ? hlo_binary(h, "add", sum, places[k]) : places[k];
    hlo_value *high = hlo_binary(h, "shift_right_logical", sum, hlo_filled(h, wide, 32));
    hlo_value *low = hlo_put(h, type, "stablehlo.convert $a : $:", sum);
    high = hlo_put(h, type, "stablehlo.convert $a : $:", high);
    hlo_value *in[] = {k0, k1, high, low};
    return hlo_call(h, threefry(h, &type), 4, in);
}

/* ---- operations ---- */

static bool one_key(const hlo_eqn *q)
{
    const aval *a = atom_aval(&q->e->in[0]);
    return a->dtype == CT_KEY_THREEFRY && !a->ndim;
}

static void none_rule(hlo *h, const hlo_eqn *q)
{
    hlo_fail(h, CT_NOT_IMPLEMENTED_ERROR,
             "StableHLO of %s of several keys, or of keys other than threefry's, is not there yet",
             q->e->op->name);
}

static void bits_rule(hlo *h, hlo_eqn *q)
{
    const params_random_bits *p = q->e->params;
    if (!one_key(q) || p->bit_width > 32) {
        none_rule(h, q);
        return;
    }
    hlo_op *o = hashed(h, q->in[0], p->shape.n, p->shape.at);
    if (o->nout != 2)
        return;
    q->out[0] = hlo_binary(h, "xor", &o->out[0], &o->out[1]);
    if (p->bit_width < 32)
        q->out[0] = hlo_put(h, *q->type, "stablehlo.convert $a : $:", q->out[0]);
}

static void split_rule(hlo *h, hlo_eqn *q)
{
    static const char name[] = "_threefry_split";
    ct_ints shape = ((const params_random_split *)q->e->params)->shape;
    if (!one_key(q) || !shape.n) {
        none_rule(h, q);
        return;
    }
    hlo_function *f = hlo_find(h, NULL, name, q->type);
    if (!f) {
        f = hlo_begin(h, name, 1, &q->in[0]->type);
        hlo_region *outside = h->at;
        h->at = f->body;
        hlo_op *o = hashed(h, &f->body->args[0], shape.n, shape.at);
        int64_t dims[MAX_NDIM], pair[MAX_NDIM + 1];
        for (int64_t k = 0; k < shape.n; k++) {
            dims[k] = k;
            pair[k] = shape.at[k];
        }
        pair[shape.n] = 1;
        hlo_value *halves[2], *made = NULL;
        for (int i = 0; i < 2 && o->nout == 2; i++)
            halves[i] = hlo_broadcast(h, &o->out[i], shape.n, dims, words(h, shape.n + 1, pair));
        if (o->nout == 2) {
            made = hlo_join(h, 2, halves, (int)shape.n);
            hlo_end(h, f, 1, &made);
        }
        h->at = outside;
        hlo_keep(h, NULL, name, q->type, f);
    }
    hlo_op *o = hlo_call(h, f, 1, q->in);
    q->out[0] = o->out;
}

/* The words of a seed: high half, low half. */
static hlo_value *seeded(hlo *h, hlo_value *seed)
{
    ct_dtype d = (ct_dtype)seed->type.dtype;
    aval one = hlo_scalar(CT_UINT32), row = words(h, 1, (int64_t[]){1});
    hlo_value *high = hlo_binary(h, "shift_right_logical", seed, hlo_number(h, d, 32));
    if (d != CT_UINT32)
        high = hlo_put(h, one, "stablehlo.convert $a : $:", high);
    high = hlo_broadcast(h, high, 0, NULL, row);
    hlo_value *low = d == CT_UINT32 ? seed : hlo_put(h, one, "stablehlo.convert $a : $:", seed);
    low = hlo_binary(h, "and", low, hlo_number(h, CT_UINT32, 4294967295.0));
    hlo_value *halves[] = {high, hlo_broadcast(h, low, 0, NULL, row)};
    return hlo_join(h, 2, halves, 0);
}

static void seed_rule(hlo *h, hlo_eqn *q)
{
    if (q->in[0]->type.ndim)
        none_rule(h, q);
    else
        q->out[0] = seeded(h, q->in[0]);
}

static void fold_in_rule(hlo *h, hlo_eqn *q)
{
    static const char name[] = "_threefry_fold_in";
    if (!one_key(q) || q->in[1]->type.ndim) {
        none_rule(h, q);
        return;
    }
    hlo_function *f = hlo_find(h, NULL, name, q->type);
    if (!f) {
        aval types[] = {q->in[0]->type, q->in[1]->type}, row = words(h, 1, (int64_t[]){1});
        f = hlo_begin(h, name, 2, types);
        hlo_region *outside = h->at;
        h->at = f->body;
        hlo_value *key = &f->body->args[0], *data = seeded(h, &f->body->args[1]);
        hlo_value *k0 = word(h, key, 0), *k1 = word(h, key, 1);
        hlo_value *high = hlo_slice_along(h, data, 0, 0, 1);
        hlo_value *in[] = {k0, k1, high, hlo_slice_along(h, data, 0, 1, 2)};
        hlo_op *o = hlo_call(h, threefry(h, &row), 4, in);
        if (o->nout == 2) {
            hlo_value *halves[] = {&o->out[0], &o->out[1]}, *made = hlo_join(h, 2, halves, 0);
            hlo_end(h, f, 1, &made);
        }
        h->at = outside;
        hlo_keep(h, NULL, name, q->type, f);
    }
    hlo_op *o = hlo_call(h, f, 2, q->in);
    q->out[0] = o->out;
}

static void same_rule(hlo *h, hlo_eqn *q)
{
    (void)h;
    q->out[0] = q->in[0];
}

hlo_rule *hlo_random_rule(int code)
{
    switch (code) {
    case OP_random_bits:
        return bits_rule;
    case OP_random_split:
        return split_rule;
    case OP_random_seed:
        return seed_rule;
    case OP_random_fold_in:
        return fold_in_rule;
    case OP_random_wrap:
    case OP_random_unwrap:
    case OP_random_clone:
        return same_rule;
    }
    return NULL;
}

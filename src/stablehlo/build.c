/* How does a module grow? Values, operations, regions and functions, and the operations that every
 * rule needs. Next: lower.c. */
#include "ops/rules.h"
#include "stablehlo/hlo.h"

/* ---- types ---- */

aval hlo_type(hlo *h, ct_dtype dtype, int64_t ndim, const int64_t *shape)
{
    const int64_t *kept = arena_copy(&h->memory, shape, (size_t)ndim * sizeof *shape);
    h->failed |= !kept;
    return (aval){.dtype = (uint8_t)dtype, .ndim = kept ? (int32_t)ndim : 0, .shape = kept};
}

aval hlo_scalar(ct_dtype dtype) { return (aval){.dtype = (uint8_t)dtype}; }

aval hlo_of(const aval *like, ct_dtype dtype)
{
    aval a = *like;
    a.dtype = (uint8_t)dtype;
    return a;
}

aval hlo_physical(hlo *h, const aval *a)
{
    if (!dtype_is((ct_dtype)a->dtype, FAMILY_KEY))
        return *a;
    int64_t shape[MAX_NDIM + 1];
    hlo_copy(shape, a->shape, (size_t)a->ndim * sizeof *shape);
    shape[a->ndim] = dtype_table[a->dtype].bits / 32;
    return hlo_type(h, CT_UINT32, a->ndim + 1, shape);
}

static const char *element_name(ct_dtype d)
{
    static const char *const names[CT_DTYPE_COUNT] = {
        [CT_BOOL] = "i1",
        [CT_INT2] = "i2",
        [CT_INT4] = "i4",
        [CT_INT8] = "i8",
        [CT_INT16] = "i16",
        [CT_INT32] = "i32",
        [CT_INT64] = "i64",
        [CT_UINT2] = "ui2",
        [CT_UINT4] = "ui4",
        [CT_UINT8] = "ui8",
        [CT_UINT16] = "ui16",
        [CT_UINT32] = "ui32",
        [CT_UINT64] = "ui64",
        [CT_FLOAT4_E2M1FN] = "f4E2M1FN",
        [CT_FLOAT8_E3M4] = "f8E3M4",
        [CT_FLOAT8_E4M3] = "f8E4M3",
        [CT_FLOAT8_E4M3B11FNUZ] = "f8E4M3B11FNUZ",
        [CT_FLOAT8_E4M3FN] = "f8E4M3FN",
        [CT_FLOAT8_E4M3FNUZ] = "f8E4M3FNUZ",
        [CT_FLOAT8_E5M2] = "f8E5M2",
        [CT_FLOAT8_E5M2FNUZ] = "f8E5M2FNUZ",
        [CT_FLOAT8_E8M0FNU] = "f8E8M0FNU",
        [CT_BFLOAT16] = "bf16",
        [CT_FLOAT16] = "f16",
        [CT_FLOAT32] = "f32",
        [CT_FLOAT64] = "f64",
        [CT_COMPLEX64] = "complex<f32>",
        [CT_COMPLEX128] = "complex<f64>",
        [CT_FLOAT0] = "i1",
    };
    return names[d] ? names[d] : "none";
}

void hlo_type_text(text *t, const aval *a)
{
    text_add(t, "tensor<");
    for (int k = 0; k < a->ndim; k++)
        text_add(t, "%lldx", (long long)a->shape[k]);
    text_add(t, "%s>", element_name((ct_dtype)a->dtype));
}

/* ---- text in the arena ---- */

static const char *kept_text(hlo *h, text *t)
{
    char *s = text_end(t);
    const char *kept = s ? arena_string(&h->memory, s) : NULL;
    base_free(s);
    h->failed |= !kept;
    return kept ? kept : "";
}

const char *hlo_format(hlo *h, const char *format, ...)
{
    text t = {0};
    va_list rest;
    va_start(rest, format);
    text_add_v(&t, format, rest);
    va_end(rest);
    return kept_text(h, &t);
}

const char *hlo_ints(hlo *h, int64_t n, const int64_t *at)
{
    text t = {0};
    text_add(&t, "[");
    for (int64_t i = 0; i < n; i++)
        text_add(&t, i ? ", %lld" : "%lld", (long long)at[i]);
    text_add(&t, "]");
    return kept_text(h, &t);
}

const char *hlo_array(hlo *h, ct_ints list)
{
    const char *s = hlo_ints(h, list.n, list.at);
    return list.n ? hlo_format(h, "array<i64: %.*s>", (int)strlen(s) - 2, s + 1) : "array<i64>";
}

void hlo_fail(hlo *h, ct_code code, const char *message, const char *detail)
{
    if (!h->failed)
        base_fail(code, message, detail);
    h->failed = true;
}

/* ---- values, operations, regions ---- */

/* What stands for values, and for what holds them, when memory is short. */
static hlo_value nothing[16], *const nowhere = nothing;
static hlo_region no_region = {.args = nothing};
static hlo_op no_op = {.out = nothing};
static hlo_function no_function = {.name = "", .body = &no_region};

static void *room(hlo *h, size_t bytes)
{
    void *p = arena_alloc(&h->memory, bytes + 1);
    h->failed |= !p;
    if (p)
        memset(p, 0, bytes);
    return p;
}

hlo_op *hlo_add(hlo *h, const char *template, int nin, hlo_value *const *in, int nout,
                const aval *types)
{
    hlo_op *o = room(h, sizeof *o);
    hlo_value **operands = room(h, (size_t)nin * sizeof *operands);
    hlo_value *out = room(h, (size_t)nout * sizeof *out);
    if (!o || !operands || !out || !h->at)
        return &no_op;
    for (int i = 0; i < nin; i++)
        operands[i] = in[i];
    for (int i = 0; i < nout; i++)
        out[i].type = hlo_physical(h, &types[i]);
    *o = (hlo_op){.text = template, .nin = nin, .nout = nout, .in = operands, .out = out};
    if (h->at->last)
        h->at->last->next = o;
    else
        h->at->first = o;
    h->at->last = o;
    return o;
}

hlo_value *hlo_emit(hlo *h, aval type, const char *template, int nin, hlo_value *const *in)
{
    hlo_op *o = hlo_add(h, template, nin, in, 1, &type);
    return o->out;
}

static hlo_region *new_region(hlo *h, int nargs, const aval *types, const char *hint)
{
    hlo_region *r = room(h, sizeof *r);
    hlo_value *args = room(h, (size_t)nargs * sizeof *args);
    if (!r || !args)
        return &no_region;
    for (int i = 0; i < nargs; i++)
        args[i] = (hlo_value){.type = hlo_physical(h, &types[i]), .hint = hint};
    *r = (hlo_region){.nargs = nargs, .args = args};
    return r;
}

hlo_region *hlo_open(hlo *h, hlo_op *o, int nargs, const aval *types, const char *hint)
{
    hlo_region *r = new_region(h, nargs, types, hint);
    hlo_region **regions = room(h, (size_t)(o->nregions + 1) * sizeof *regions);
    if (h->failed)
        return r;
    for (int i = 0; i < o->nregions; i++)
        regions[i] = o->regions[i];
    regions[o->nregions++] = r;
    o->regions = regions;
    r->outer = h->at;
    h->at = r;
    return r;
}

void hlo_close(hlo *h, int nout, hlo_value *const *out)
{
    hlo_add(h, nout ? "stablehlo.return $a : $i" : "stablehlo.return", nout, out, 0, NULL);
    if (h->at && h->at->outer)
        h->at = h->at->outer;
}

/* ---- functions ---- */

static bool plain_symbol(const char *s)
{
    bool plain = *s && !(*s >= '0' && *s <= '9');
    for (; *s; s++)
        plain &= (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') ||
                 *s == '_' || *s == '$' || *s == '.';
    return plain;
}

static bool taken(const hlo *h, const char *name)
{
    for (int64_t i = 0; i < h->symbols.n; i++)
        if (!strcmp(h->symbols.at[i], name))
            return true;
    return false;
}

hlo_function *hlo_begin(hlo *h, const char *name, int nin, const aval *types)
{
    const char *unique = hlo_format(h, "%s", name ? name : "f");
    while (!h->failed && taken(h, unique))
        unique = hlo_format(h, "%s_%d", name ? name : "f", h->clashes++);
    hlo_function *f = room(h, sizeof *f);
    if (!f || !vec_push(&h->symbols, unique)) {
        h->failed = true;
        return &no_function;
    }
    *f = (hlo_function){.name = hlo_format(h, plain_symbol(unique) ? "@%s" : "@\"%s\"", unique),
                        .body = new_region(h, nin, types, NULL)};
    if (h->last)
        h->last->next = f;
    else
        h->first = f;
    h->last = f;
    return f;
}

void hlo_end(hlo *h, hlo_function *f, int nout, hlo_value *const *out)
{
    hlo_add(h, nout ? "return $a : $i" : "return", nout, out, 0, NULL);
    f->out = room(h, (size_t)nout * sizeof *f->out);
    f->nout = f->out ? nout : 0;
    for (int i = 0; i < f->nout; i++)
        f->out[i] = out[i];
}

hlo_op *hlo_call(hlo *h, const hlo_function *f, int nin, hlo_value *const *in)
{
    aval *types = room(h, (size_t)f->nout * sizeof *types);
    for (int i = 0; i < f->nout && types; i++)
        types[i] = f->out[i]->type;
    return hlo_add(h, hlo_format(h, "$Fcall %s($a) : $s", f->name), nin, in, types ? f->nout : 0,
                   types);
}

hlo_function *hlo_find(hlo *h, const void *program, const char *name, const aval *type)
{
    for (int64_t i = 0; i < h->made.n; i++) {
        const hlo_made *m = &h->made.at[i];
        if (m->program == program && !strcmp(m->name, name) &&
            (!type || (m->type && aval_equal(m->type, type, false))))
            return m->function;
    }
    return NULL;
}

void hlo_keep(hlo *h, const void *program, const char *name, const aval *type, hlo_function *f)
{
    const aval *kept = type ? arena_copy(&h->memory, type, sizeof *type) : NULL;
    hlo_made m = {program, hlo_format(h, "%s", name), kept, f};
    h->failed |= (type && !kept) || !vec_push(&h->made, m);
}

/* ---- common operations ---- */

hlo_value *hlo_constant(hlo *h, ct_array a)
{
    text t = {0};
    text_add(&t, "stablehlo.constant ");
    hlo_dense(&t, a);
    text_add(&t, " : $t");
    aval type = hlo_type(h, (ct_dtype)a->aval.dtype, a->aval.ndim, a->aval.shape); /* outlives a */
    hlo_value *v = hlo_emit(h, type, kept_text(h, &t), 0, NULL);
    v->hint = dtype_is((ct_dtype)v->type.dtype, FAMILY_FLOAT | FAMILY_COMPLEX) ? "cst" : "c";
    return v;
}

hlo_value *hlo_number(hlo *h, ct_dtype dtype, double value)
{
    ct_scope scope = ct_begin();
    ct_array a = array_new(dtype, false, 0, NULL);
    hlo_value *v = nowhere;
    if (is_array(a)) {
        memset(a->data, 0, dtype_table[dtype].itemsize);
        dtype_encode(dtype, a->data, value);
        v = hlo_constant(h, a);
    }
    h->failed |= !is_array(a);
    ct_end_(scope, NULL);
    return v;
}

hlo_value *hlo_filled(hlo *h, aval type, double value)
{
    return hlo_spread(h, hlo_number(h, (ct_dtype)type.dtype, value), &type);
}

hlo_value *hlo_broadcast(hlo *h, hlo_value *x, int64_t n, const int64_t *dims, aval type)
{
    return hlo_put(
        h, type,
        hlo_format(h, "stablehlo.broadcast_in_dim $a, dims = %s : $s", hlo_ints(h, n, dims)), x);
}

hlo_value *hlo_spread(hlo *h, hlo_value *x, const aval *like)
{
    if (ints_equal(aval_shape(&x->type), aval_shape(like)))
        return x;
    int64_t dims[MAX_NDIM + 1];
    for (int k = 0; k < x->type.ndim; k++)
        dims[k] = k;
    return hlo_broadcast(h, x, x->type.ndim, dims, hlo_of(like, (ct_dtype)x->type.dtype));
}

hlo_value *hlo_reshape(hlo *h, hlo_value *x, aval type)
{
    return hlo_put(h, type, "stablehlo.reshape $a : $s", x);
}

hlo_value *hlo_compare_as(hlo *h, const char *how, hlo_value *x, hlo_value *y, const char *order)
{
    return hlo_put(h, hlo_of(&x->type, CT_BOOL),
                   hlo_format(h, "stablehlo.compare %s, $a, %s : $s", how, order), x, y);
}

hlo_value *hlo_compare(hlo *h, const char *how, hlo_value *x, hlo_value *y)
{
    ct_dtype d = (ct_dtype)x->type.dtype;
    return hlo_compare_as(h, how, x, y,
                          dtype_is(d, FAMILY_INT)                  ? "SIGNED"
                          : dtype_is(d, FAMILY_UINT | FAMILY_BOOL) ? "UNSIGNED"
                                                                   : "FLOAT");
}

hlo_value *hlo_select(hlo *h, hlo_value *which, hlo_value *yes, hlo_value *no)
{
    text t = {0};
    text_add(&t, "stablehlo.select $a : ");
    hlo_type_text(&t, &which->type);
    text_add(&t, ", $t");
    return hlo_put(h, yes->type, kept_text(h, &t), which, yes, no);
}

hlo_value *hlo_unary(hlo *h, const char *name, hlo_value *x)
{
    return hlo_put(h, x->type, hlo_format(h, "stablehlo.%s $a : $:", name), x);
}

hlo_value *hlo_binary(hlo *h, const char *name, hlo_value *x, hlo_value *y)
{
    return hlo_put(h, x->type, hlo_format(h, "stablehlo.%s $a : $:", name), x, y);
}

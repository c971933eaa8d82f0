/* Equation parameters, generically: equality, hash and deep copy by the field table of an
 * operation. Printing is in print.c. */
#include "core/core.h"

static size_t lists_in(param_kind kind)
{
    switch (kind) {
    case PARAM_INTS:
    case PARAM_INTS_OR_NONE:
    case PARAM_PAIRS:
    case PARAM_TRIPLES:
    case PARAM_DONATED:
        return 1;
    case PARAM_DOT:
        return sizeof(dot_dims) / sizeof(ct_ints);
    case PARAM_GATHER:
        return sizeof(gather_dims) / sizeof(ct_ints);
    case PARAM_SCATTER:
        return sizeof(scatter_dims) / sizeof(ct_ints);
    case PARAM_CONV:
        return sizeof(conv_dims) / sizeof(ct_ints);
    case PARAM_INT:
    case PARAM_BOOL:
    case PARAM_FLOAT:
    case PARAM_FLOAT_OR_NONE:
    case PARAM_DTYPE:
    case PARAM_STRING:
    case PARAM_LABEL:
    case PARAM_AXES:
    case PARAM_NONE:
    case PARAM_EMPTY:
    case PARAM_COMBINER:
    case PARAM_SILENT:
    case PARAM_MODE:
    case PARAM_ALGORITHM:
    case PARAM_PRECISION:
    case PARAM_JAXPR:
    case PARAM_JAXPRS:
    case PARAM_FN:
    case PARAM_RULE:
    case PARAM_AVALS:
    case PARAM_HOST:
        return 0;
    }
    return 0;
}

static bool strings_equal(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

static bool field_equal(const param_field *f, const void *a, const void *b)
{
    switch ((param_kind)f->kind) {
    case PARAM_INT:
        return *(const int64_t *)a == *(const int64_t *)b;
    case PARAM_BOOL:
        return *(const bool *)a == *(const bool *)b;
    case PARAM_FLOAT:
        return !memcmp(a, b, sizeof(double));
    case PARAM_FLOAT_OR_NONE: {
        const optional_float *x = a, *y = b;
        return x->given == y->given &&
               (!x->given || !memcmp(&x->value, &y->value, sizeof x->value));
    }
    case PARAM_DTYPE:
    case PARAM_MODE:
    case PARAM_ALGORITHM:
    case PARAM_PRECISION:
        return *(const int *)a == *(const int *)b;
    case PARAM_STRING:
    case PARAM_LABEL:
    case PARAM_AXES:
        return strings_equal(*(const char *const *)a, *(const char *const *)b);
    case PARAM_NONE:
    case PARAM_EMPTY:
    case PARAM_COMBINER:
    case PARAM_SILENT:
        return true;
    case PARAM_JAXPR:
        return jaxpr_equal(*(jaxpr *const *)a, *(jaxpr *const *)b);
    case PARAM_JAXPRS: {
        const jaxpr_list *x = a, *y = b;
        bool same = x->n == y->n;
        for (int64_t i = 0; i < x->n && same; i++)
            same = jaxpr_equal(x->at[i], y->at[i]);
        return same;
    }
    case PARAM_FN:
    case PARAM_RULE:
        return *(const ct_fn *)a == *(const ct_fn *)b;
    case PARAM_AVALS: {
        const aval_list *x = a, *y = b;
        bool same = x->n == y->n;
        for (int64_t i = 0; i < x->n && same; i++)
            same = aval_equal(&x->at[i], &y->at[i], true);
        return same;
    }
    case PARAM_HOST: {
        const host_object *x = a, *y = b;
        return x->data == y->data ||
               (x->host && x->host == y->host && x->host->equal(x->data, y->data));
    }
    case PARAM_INTS:
    case PARAM_INTS_OR_NONE:
    case PARAM_PAIRS:
    case PARAM_TRIPLES:
    case PARAM_DONATED:
    case PARAM_DOT:
    case PARAM_GATHER:
    case PARAM_SCATTER:
    case PARAM_CONV:
        for (size_t i = 0; i < lists_in((param_kind)f->kind); i++)
            if (!ints_equal(((const ct_ints *)a)[i], ((const ct_ints *)b)[i]))
                return false;
        return true;
    }
    return false;
}

jaxpr *params_jaxpr(const op *o, const void *params)
{
    for (int i = 0; i < o->nfields; i++)
        if (o->fields[i].kind == PARAM_JAXPR)
            return *(jaxpr *const *)((const char *)params + o->fields[i].offset);
    return NULL;
}

/* A program that was read from text may lack one; the verifier says so later. */
jaxpr *params_program(const op *o, const void *params, int64_t i)
{
    for (int f = 0; f < o->nfields; f++) {
        const void *at = (const char *)params + o->fields[f].offset;
        jaxpr_list one = {1, (jaxpr **)(uintptr_t)at};
        const jaxpr_list *list = o->fields[f].kind == PARAM_JAXPRS  ? at
                                 : o->fields[f].kind == PARAM_JAXPR ? &one
                                                                    : NULL;
        if (!list || (list == &one && !*one.at))
            continue;
        if (i < list->n)
            return list->at[i];
        i -= list->n;
    }
    return NULL;
}

bool params_equal(const op *o, const void *a, const void *b)
{
    for (int i = 0; i < o->nfields; i++)
        if (!field_equal(&o->fields[i], (const char *)a + o->fields[i].offset,
                         (const char *)b + o->fields[i].offset))
            return false;
    return true;
}

static uint64_t field_hash(const param_field *f, const void *a)
{
    switch ((param_kind)f->kind) {
    case PARAM_INT:
        return (uint64_t) * (const int64_t *)a;
    case PARAM_BOOL:
        return *(const bool *)a;
    case PARAM_FLOAT:
        return base_hash(a, sizeof(double), 1);
    case PARAM_FLOAT_OR_NONE: {
        const optional_float *x = a;
        return x->given ? base_hash(&x->value, sizeof x->value, 2) : 3;
    }
    case PARAM_DTYPE:
    case PARAM_MODE:
    case PARAM_ALGORITHM:
    case PARAM_PRECISION:
        return (uint64_t) * (const int *)a;
    case PARAM_STRING:
    case PARAM_LABEL:
    case PARAM_AXES: {
        const char *s = *(const char *const *)a;
        return s ? base_hash(s, strlen(s), 4) : 5;
    }
    case PARAM_NONE:
    case PARAM_EMPTY:
    case PARAM_COMBINER:
    case PARAM_SILENT:
        return 6;
    case PARAM_JAXPR:
        return jaxpr_hash(*(jaxpr *const *)a);
    case PARAM_JAXPRS: {
        const jaxpr_list *x = a;
        uint64_t h = (uint64_t)x->n;
        for (int64_t i = 0; i < x->n; i++)
            h = base_mix(h, jaxpr_hash(x->at[i]));
        return h;
    }
    case PARAM_FN:
    case PARAM_RULE:
        return (uint64_t)(uintptr_t) * (const ct_fn *)a;
    case PARAM_AVALS: {
        const aval_list *x = a;
        uint64_t h = (uint64_t)x->n;
        for (int64_t i = 0; i < x->n; i++)
            h = base_mix(h, aval_hash(&x->at[i]));
        return h;
    }
    case PARAM_HOST: {
        const host_object *x = a;
        return x->host ? x->host->hash(x->data) : (uint64_t)(uintptr_t)x->data;
    }
    case PARAM_INTS:
    case PARAM_INTS_OR_NONE:
    case PARAM_PAIRS:
    case PARAM_TRIPLES:
    case PARAM_DONATED:
    case PARAM_DOT:
    case PARAM_GATHER:
    case PARAM_SCATTER:
    case PARAM_CONV: {
        uint64_t h = 7;
        for (size_t i = 0; i < lists_in((param_kind)f->kind); i++) {
            ct_ints list = ((const ct_ints *)a)[i];
            h = base_mix(h, base_hash(list.at, (size_t)list.n * sizeof *list.at, (uint64_t)list.n));
        }
        return h;
    }
    }
    return 0;
}

uint64_t params_hash(const op *o, const void *a)
{
    uint64_t h = base_hash(o->name, strlen(o->name), 0);
    for (int i = 0; i < o->nfields; i++)
        h = base_mix(h, field_hash(&o->fields[i], (const char *)a + o->fields[i].offset));
    return h;
}

/* ---- copying ---- */

typedef struct host_reference {
    object head;
    host_object value;
} host_reference;

static void host_reference_destroy(object *o)
{
    host_reference *r = (host_reference *)o;
    r->value.host->release(r->value.data);
    base_free(r);
}
static const object_class host_reference_class = {host_reference_destroy};

static bool hold(struct jaxpr_refs *refs, void *o)
{
    if (!o)
        return true;
    object_retain(o);
    if (vec_push(&refs->held, (object *)o))
        return true;
    object_release(o);
    return false;
}

static bool hold_host(struct jaxpr_refs *refs, host_object value)
{
    if (!value.host)
        return true;
    host_reference *r = base_alloc(sizeof *r);
    if (!r)
        return false;
    *r = (host_reference){{&host_reference_class, 1, KIND_OTHER}, value};
    value.host->retain(value.data);
    if (vec_push(&refs->held, &r->head))
        return true;
    object_release(r);
    return false;
}

static bool copy_lists(size_t count, ct_ints *lists, arena *a)
{
    for (size_t i = 0; i < count; i++) {
        if (!lists[i].at || lists[i].at == ct_no_ints)
            continue;
        if (lists[i].n == 0) {
            lists[i].at = ct_no_ints;
            continue;
        }
        lists[i].at = arena_copy(a, lists[i].at, (size_t)lists[i].n * sizeof *lists[i].at);
        if (!lists[i].at)
            return false;
    }
    return true;
}

static bool copy_avals(aval_list *list, arena *a)
{
    aval *copy = arena_copy(a, list->at, (size_t)list->n * sizeof *copy);
    for (int64_t i = 0; i < list->n && copy; i++)
        if (!(copy[i].shape =
                  arena_copy(a, copy[i].shape, (size_t)copy[i].ndim * sizeof *copy[i].shape)))
            return false;
    list->at = copy;
    return copy != NULL;
}

static bool field_copy(const param_field *f, void *at, arena *a, struct jaxpr_refs *refs)
{
    switch ((param_kind)f->kind) {
    case PARAM_STRING:
    case PARAM_LABEL:
    case PARAM_AXES: {
        char **s = at;
        return !*s || (*s = arena_string(a, *s));
    }
    case PARAM_JAXPR:
        return hold(refs, *(jaxpr **)at);
    case PARAM_FN:
    case PARAM_RULE:
        return hold(refs, *(ct_fn *)at);
    case PARAM_AVALS:
        return copy_avals(at, a);
    case PARAM_HOST:
        return hold_host(refs, *(host_object *)at);
    case PARAM_JAXPRS: {
        jaxpr_list *list = at;
        list->at = arena_copy(a, list->at, (size_t)list->n * sizeof *list->at);
        bool good = list->at != NULL;
        for (int64_t i = 0; i < list->n && good; i++)
            good = hold(refs, list->at[i]);
        return good;
    }
    case PARAM_INTS:
    case PARAM_INTS_OR_NONE:
    case PARAM_PAIRS:
    case PARAM_TRIPLES:
    case PARAM_DONATED:
    case PARAM_DOT:
    case PARAM_GATHER:
    case PARAM_SCATTER:
    case PARAM_CONV:
        return copy_lists(lists_in((param_kind)f->kind), at, a);
    case PARAM_INT:
    case PARAM_BOOL:
    case PARAM_FLOAT:
    case PARAM_FLOAT_OR_NONE:
    case PARAM_DTYPE:
    case PARAM_NONE:
    case PARAM_EMPTY:
    case PARAM_COMBINER:
    case PARAM_SILENT:
    case PARAM_MODE:
    case PARAM_ALGORITHM:
    case PARAM_PRECISION:
        return true;
    }
    return true;
}

const void *params_copy(const op *o, const void *params, arena *a, struct jaxpr_refs *refs)
{
    static const char nothing[1];
    if (!o->params_size || !params)
        return nothing;
    char *copy = arena_copy(a, params, o->params_size);
    for (int i = 0; i < o->nfields && copy; i++)
        if (!field_copy(&o->fields[i], copy + o->fields[i].offset, a, refs))
            return NULL;
    return copy;
}

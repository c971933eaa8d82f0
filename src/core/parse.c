/* Reads back what print.c writes: a recursive descent over the text, guided by the operations'
 * field tables.
 *
 * The text holds no values of constants (they read as zeros) and no weak types of inputs; functions
 * of a host language cannot be read. Input is not trusted: nesting and sizes are bounded, and what
 * was read goes through the verifier. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/core.h"

enum { MAX_NESTING = 100, MAX_RANK = 64 };

typedef struct named {
    const char *name;
    size_t n;
    void *what;
    struct named *outer;
} named;
typedef struct parser {
    const char *start, *at;
    arena memory;    /* names */
    named *programs; /* let-bound */
    int depth;
    bool failed;
} parser;

/* ---- tokens ---- */

static bool fail(parser *p, const char *what)
{
    if (!p->failed) {
        int line = 1, column = 1;
        for (const char *s = p->start; s < p->at; s++) {
            column = *s == '\n' ? 1 : column + 1;
            line += *s == '\n';
        }
        base_fail(CT_VALUE_ERROR, "jaxpr text, line %d, column %d: %s", line, column, what);
    }
    p->failed = true;
    return false;
}

static void skip(parser *p)
{
    while (isspace((unsigned char)*p->at))
        p->at++;
}

static bool peek(parser *p, const char *token)
{
    skip(p);
    return !strncmp(p->at, token, strlen(token));
}

static bool accept(parser *p, const char *token)
{
    if (!peek(p, token))
        return false;
    p->at += strlen(token);
    return true;
}

static bool expect(parser *p, const char *token)
{
    if (accept(p, token))
        return true;
    char message[64];
    snprintf(message, sizeof message, "expected '%s'", token);
    return fail(p, message);
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '<' || c == '>' || c == '-';
}

/* The extent of a name: letters, digits and underscores; operation names may hold dashes
 * ("scatter-add"). */
static size_t word(parser *p, const char **at)
{
    skip(p);
    *at = p->at;
    size_t n = 0;
    while (is_word(p->at[n]))
        n++;
    return n;
}

static bool accept_word(parser *p, const char *w)
{
    const char *at;
    size_t n = word(p, &at);
    if (n != strlen(w) || strncmp(at, w, n))
        return false;
    p->at += n;
    return true;
}

static bool integer(parser *p, int64_t *value)
{
    skip(p);
    char *end;
    errno = 0;
    long long v = strtoll(p->at, &end, 10);
    if (end == p->at || errno)
        return fail(p, "expected an integer");
    p->at = end;
    *value = v;
    return true;
}

static bool number(parser *p, double *value)
{
    skip(p);
    if (accept_word(p, "True") || accept_word(p, "False")) {
        *value = p->at[-1] == 'e' && p->at[-2] == 'u';
        return true;
    }
    char *end;
    *value = strtod(p->at, &end);
    if (end == p->at)
        return fail(p, "expected a number");
    p->at = end;
    return true;
}

/* ---- types and variables ---- */

typedef struct scope_of_names {
    table vars;
    jaxpr *j;
} scope_of_names;

static bool same_name(const void *entry, const void *probe)
{
    const named *a = entry, *b = probe;
    return a->n == b->n && !memcmp(a->name, b->name, a->n);
}

static var *lookup(const scope_of_names *s, const char *name, size_t n)
{
    named probe = {name, n, NULL, NULL};
    named *found = table_find(&s->vars, base_hash(name, n, 0), same_name, &probe);
    return found ? found->what : NULL;
}

static ct_dtype short_dtype(const char *name, size_t n)
{
    for (int d = 1; d < CT_DTYPE_COUNT; d++)
        if (strlen(dtype_table[d].short_name) == n && !strncmp(dtype_table[d].short_name, name, n))
            return (ct_dtype)d;
    return CT_NO_DTYPE;
}

/* f32[2,3] or key<fry>[] */
static bool type(parser *p, aval *a, int64_t *shape)
{
    const char *name;
    size_t n = word(p, &name);
    ct_dtype d = short_dtype(name, n);
    if (!d)
        return fail(p, "unknown dtype");
    p->at += n;
    *a = (aval){.dtype = (uint8_t)d, .shape = shape};
    if (!expect(p, "["))
        return false;
    int64_t size = 1;
    while (!accept(p, "]")) {
        if (a->ndim && !expect(p, ","))
            return false;
        if (a->ndim == MAX_RANK || !integer(p, &shape[a->ndim]) || shape[a->ndim] < 0 ||
            !base_mul(size, shape[a->ndim], &size) || size > INT64_MAX / 64)
            return fail(p, "bad shape");
        a->ndim++;
    }
    return true;
}

/* name:type, defining it; "_" defines nothing that can be named. */
static var *binder(parser *p, scope_of_names *s)
{
    const char *name;
    size_t n = word(p, &name);
    int64_t shape[MAX_RANK];
    aval a;
    if (!n)
        return fail(p, "expected a variable"), NULL;
    p->at += n;
    if (!expect(p, ":") || !type(p, &a, shape))
        return NULL;
    bool ignored = n == 1 && *name == '_';
    if (!ignored && lookup(s, name, n))
        return fail(p, "a variable is defined twice"), NULL;
    var *v = jaxpr_var(s->j, &a);
    named *entry = arena_alloc(&p->memory, sizeof *entry);
    if (!v || !entry)
        return NULL;
    *entry = (named){name, n, v, NULL};
    return ignored || table_add(&s->vars, base_hash(name, n, 0), entry) ? v : NULL;
}

typedef vec(var *) var_list;
typedef vec(atom) atom_list;

static bool binders(parser *p, scope_of_names *s, const char *end, var_list *list)
{
    while (!peek(p, end)) {
        var *v = binder(p, s);
        if (!v || !vec_push(list, v))
            return false;
    }
    return expect(p, end);
}

/* True when a variable's binder, so the next equation, stands here. */
static bool at_binder(parser *p)
{
    const char *name;
    size_t n = word(p, &name);
    if (!n || isdigit((unsigned char)*name) || *name == '-')
        return false;
    const char *s = name + n;
    bool number_word = (n == 3 && (!strncmp(name, "nan", 3) || !strncmp(name, "inf", 3))) ||
                       (n >= 4 && (!strncmp(name, "True", n) || !strncmp(name, "False", n)));
    return *s == ':' && !number_word;
}

static bool read_atom(parser *p, const scope_of_names *s, atom *a)
{
    const char *name;
    size_t n = word(p, &name);
    var *v = n ? lookup(s, name, n) : NULL;
    if (v && name[n] != ':') {
        p->at += n;
        *a = (atom){.var = v};
        return true;
    }
    double value;
    int64_t shape[MAX_RANK];
    aval t;
    if (!number(p, &value))
        return false;
    if (*p->at == '+' || *p->at == 'j')
        return fail(p, "complex literals cannot be read");
    if (!expect(p, ":") || !type(p, &t, shape) || t.ndim)
        return fail(p, "a literal is a scalar with a dtype");
    ct_array literal = array_scalar((ct_dtype)t.dtype, false, value);
    *a = (atom){.literal = literal};
    return !is_poison(literal) && jaxpr_hold(s->j, literal);
}

/* ---- parameters ---- */

static jaxpr *program(parser *p);

static bool ints(parser *p, arena *m, const char *open, const char *close, ct_ints *list)
{
    vec(int64_t) values = {0};
    bool good = expect(p, open);
    while (good && !accept(p, close)) {
        int64_t v;
        if (values.n)
            good = expect(p, ",");
        if (good && accept(p, close))
            break;
        good = good && integer(p, &v) && vec_push(&values, v);
    }
    list->n = values.n;
    list->at = good ? values.n ? arena_copy(m, values.at, (size_t)values.n * sizeof *values.at)
                               : ct_no_ints
                    : NULL;
    vec_free(&values);
    return good && list->at;
}

/* ((1, 2), (3, 4)) flattened */
static bool groups(parser *p, arena *m, ct_ints *list)
{
    vec(int64_t) values = {0};
    bool good = expect(p, "(");
    while (good && !accept(p, ")")) {
        ct_ints one;
        if (values.n)
            good = expect(p, ",");
        if (good && accept(p, ")"))
            break;
        good = good && ints(p, m, "(", ")", &one);
        for (int64_t i = 0; good && i < one.n; i++)
            good = vec_push(&values, one.at[i]);
    }
    list->n = values.n;
    list->at = good ? values.n ? arena_copy(m, values.at, (size_t)values.n * sizeof *values.at)
                               : ct_no_ints
                    : NULL;
    vec_free(&values);
    return good && list->at;
}

static bool record(parser *p, arena *m, int n, ct_ints *lists)
{
    const char *name;
    p->at += word(p, &name);
    bool good = expect(p, "(");
    for (int i = 0; i < n && good; i++) {
        good = !i || expect(p, ",");
        p->at += good ? word(p, &name) : 0;
        good = good && expect(p, "=") && ints(p, m, "(", ")", &lists[i]);
    }
    return good && expect(p, ")");
}

static bool dot(parser *p, arena *m, dot_dims *d)
{
    return expect(p, "((") && ints(p, m, "[", "]", &d->lhs_contract) && expect(p, ",") &&
           ints(p, m, "[", "]", &d->rhs_contract) && expect(p, "), (") &&
           ints(p, m, "[", "]", &d->lhs_batch) && expect(p, ",") &&
           ints(p, m, "[", "]", &d->rhs_batch) && expect(p, "))");
}

static bool named_dtype(parser *p, ct_dtype *d)
{
    const char *at;
    size_t n = word(p, &at);
    char name[32];
    if (n >= sizeof name)
        return fail(p, "unknown dtype");
    memcpy(name, at, n);
    name[n] = 0;
    *d = strcmp(name, "None") ? ct_dtype_named(name) : CT_NO_DTYPE;
    p->at += n;
    return *d || !strcmp(name, "None") || fail(p, "unknown dtype");
}

static bool choice(parser *p, const char *prefix, const char *const *names, int n, int *value)
{
    accept(p, prefix);
    for (int i = 0; i < n; i++)
        if (accept_word(p, names[i])) {
            *value = i;
            return true;
        }
    return fail(p, "unknown value");
}

/* Precision.HIGH, or the same of both operands: (Precision.HIGH, Precision.HIGH). */
static bool precision(parser *p, const char *const *names, int n, int *value)
{
    if (!accept(p, "("))
        return choice(p, "Precision.", names, n, value);
    return choice(p, "Precision.", names, n, value) && expect(p, ",") &&
           choice(p, "Precision.", names, n, value) && expect(p, ")");
}

/* Up to the next blank or bracket: names of programs and implementations. */
static bool bare(parser *p, arena *m, const char **s)
{
    skip(p);
    size_t n = strcspn(p->at, " \n]");
    char *copy = arena_copy(m, p->at, n + 1);
    if (!copy)
        return false;
    copy[n] = 0;
    *s = strcmp(copy, "None") ? copy : NULL;
    p->at += n;
    return true;
}

static bool axis_names(parser *p, arena *m, const char **s)
{
    text t = {0};
    bool good = expect(p, "(");
    while (good && !accept(p, ")")) {
        if (t.n) {
            good = expect(p, ",");
            if (accept(p, ")"))
                break;
            text_add(&t, ",");
        }
        good = good && expect(p, "'");
        size_t n = strcspn(p->at, "'");
        text_bytes(&t, p->at, n);
        p->at += n;
        good = good && expect(p, "'");
    }
    char *joined = text_end(&t);
    *s = good && joined ? arena_string(m, joined) : NULL;
    base_free(joined);
    return *s != NULL;
}

static bool programs(parser *p, jaxpr *j, jaxpr_list *list)
{
    vec(jaxpr *) found = {0};
    bool good = expect(p, "(");
    while (good && !accept(p, ")")) {
        jaxpr *one = program(p);
        good = one && jaxpr_hold(j, one) && vec_push(&found, one);
        object_release(one);
    }
    list->n = found.n;
    list->at = good ? arena_copy(&j->arena, found.at, (size_t)found.n * sizeof *found.at) : NULL;
    vec_free(&found);
    return list->at != NULL;
}

static bool flags(parser *p, arena *m, ct_ints *list)
{
    vec(int64_t) values = {0};
    bool good = expect(p, "(");
    double v;
    while (good && !accept(p, ")")) {
        if (values.n && !expect(p, ","))
            break;
        if (accept(p, ")"))
            break;
        good = number(p, &v) && vec_push(&values, (int64_t)v);
    }
    list->n = values.n;
    list->at = good && values.n ? arena_copy(m, values.at, (size_t)values.n * sizeof *values.at)
                                : ct_no_ints;
    vec_free(&values);
    return good && list->at;
}

static bool value(parser *p, jaxpr *j, const param_field *f, void *at)
{
    static const char *const algorithms[] = {"DEFAULT", "THREE_FRY", "PHILOX"};
    static const char *const modes[] = {"CLIP", "FILL_OR_DROP", "PROMISE_IN_BOUNDS", "ONE_HOT"};
    static const char *const precisions[] = {"None", "DEFAULT", "HIGH", "HIGHEST"};
    double v = 0;
    switch ((param_kind)f->kind) {
    case PARAM_INT:
        return integer(p, at);
    case PARAM_BOOL:
        return number(p, &v) && (*(bool *)at = v != 0, true);
    case PARAM_FLOAT:
        return number(p, at);
    case PARAM_FLOAT_OR_NONE: {
        optional_float *o = at;
        o->given = !accept_word(p, "None");
        return !o->given || number(p, &o->value);
    }
    case PARAM_DTYPE:
        return named_dtype(p, at);
    case PARAM_INTS_OR_NONE:
        return accept_word(p, "None") || ints(p, &j->arena, "(", ")", at);
    case PARAM_INTS:
        return ints(p, &j->arena, "(", ")", at);
    case PARAM_PAIRS:
    case PARAM_TRIPLES:
        return groups(p, &j->arena, at);
    case PARAM_STRING:
    case PARAM_LABEL:
        return bare(p, &j->arena, at);
    case PARAM_AXES:
        return axis_names(p, &j->arena, at);
    case PARAM_NONE:
        return accept_word(p, "None") || fail(p, "only None is supported here");
    case PARAM_EMPTY:
        return (accept(p, "(") && accept(p, ")")) || fail(p, "only () is supported here");
    case PARAM_COMBINER: { /* what the operation's name says already */
        jaxpr *inner = accept_word(p, "None") ? NULL : program(p);
        object_release(inner);
        return !p->failed;
    }
    case PARAM_SILENT:
        return fail(p, "this parameter is never written");
    case PARAM_MODE:
        return choice(p, "GatherScatterMode.", modes, countof(modes), at);
    case PARAM_ALGORITHM:
        return choice(p, "RNG_", algorithms, countof(algorithms), at);
    case PARAM_PRECISION:
        return precision(p, precisions, countof(precisions), at);
    case PARAM_DOT:
        return dot(p, &j->arena, at);
    case PARAM_GATHER:
    case PARAM_SCATTER:
        return record(p, &j->arena, 5, at);
    case PARAM_CONV:
        return record(p, &j->arena, 3, at);
    case PARAM_DONATED:
        return flags(p, &j->arena, at);
    case PARAM_JAXPR: {
        jaxpr *inner = program(p);
        *(jaxpr **)at = inner;
        bool held = inner && jaxpr_hold(j, inner);
        object_release(inner);
        return held;
    }
    case PARAM_JAXPRS:
        return programs(p, j, at);
    case PARAM_FN:
    case PARAM_RULE:
    case PARAM_AVALS:
    case PARAM_HOST:
        base_fail(CT_NOT_IMPLEMENTED_ERROR,
                  "reading the parameter '%s': functions and objects of a host language have no "
                  "text form",
                  f->name);
        return p->failed = true, false;
    }
    return false;
}

static const param_field *field_named(const op *o, const char *name, size_t n)
{
    for (int i = 0; i < o->nfields; i++)
        if (strlen(o->fields[i].name) == n && !strncmp(o->fields[i].name, name, n))
            return &o->fields[i];
    return NULL;
}

static bool parameters(parser *p, jaxpr *j, const op *o, char *params)
{
    if (!accept(p, "["))
        return true;
    while (!accept(p, "]")) {
        const char *name;
        size_t n = word(p, &name);
        const param_field *f = field_named(o, name, n);
        if (!f)
            return fail(p, "the operation has no such parameter");
        p->at += n;
        if (!expect(p, "=") || !value(p, j, f, params + f->offset))
            return fail(p, "bad parameter");
    }
    return true;
}

/* What the printer leaves out because the result's type says it. */
static void fill_hidden(const op *o, char *params, const var_list *out)
{
    if (!strcmp(o->name, "broadcast_in_dim") && out->n == 1) {
        const param_field *shape = field_named(o, "shape", 5),
                          *dims = field_named(o, "broadcast_dimensions", 20);
        *(ct_ints *)(params + shape->offset) = aval_shape(&out->at[0]->aval);
        ct_ints *d = (ct_ints *)(params + dims->offset);
        if (!d->at)
            d->at = ct_no_ints;
    }
}

/* ---- equations and programs ---- */

const op *(*core_op_named)(const char *name, size_t n);

static bool equation(parser *p, scope_of_names *s, eqn **tail)
{
    var_list out = {0};
    atom_list in = {0};
    bool good = true;
    while (good && !accept(p, "=")) {
        var *v = binder(p, s);
        good = v && vec_push(&out, v);
    }
    const char *name = "";
    size_t n = good ? word(p, &name) : 0;
    const op *o = n && core_op_named ? core_op_named(name, n) : NULL;
    good = good && (o || fail(p, "unknown operation"));
    p->at += good ? n : 0;
    char *params = good ? arena_alloc(&s->j->arena, o->params_size + 1) : NULL;
    good = params != NULL;
    if (good)
        memset(params, 0, o->params_size + 1);
    good = good && parameters(p, s->j, o, params);
    if (good)
        fill_hidden(o, params, &out);
    while (good && !peek(p, ";") && !peek(p, "in (") && !at_binder(p)) {
        atom a;
        good = read_atom(p, s, &a) && vec_push(&in, a);
    }
    good = good && jaxpr_eqn(s->j, tail, o, params, (int)in.n, in.at, (int)out.n, out.at) != NULL;
    accept(p, ";");
    vec_free(&out);
    vec_free(&in);
    return good;
}

static bool body(parser *p, scope_of_names *s)
{
    jaxpr *j = s->j;
    var_list consts = {0}, inputs = {0};
    atom_list out = {0};
    eqn *tail = NULL;
    bool good = expect(p, "{") && (accept_word(p, "lambda") || fail(p, "expected 'lambda'")) &&
                binders(p, s, ";", &consts) && binders(p, s, ".", &inputs) &&
                (accept_word(p, "let") || fail(p, "expected 'let'"));
    while (good && !peek(p, "in ("))
        good = equation(p, s, &tail);
    good = good && expect(p, "in (");
    while (good && !accept(p, ")")) {
        atom a;
        if (out.n)
            good = expect(p, ",");
        if (good && accept(p, ")"))
            break;
        good = good && read_atom(p, s, &a) && vec_push(&out, a);
    }
    good = good && expect(p, "}");
    j->nconsts = (int)consts.n;
    j->nin = (int)inputs.n;
    j->nout = (int)out.n;
    j->constvars = arena_copy(&j->arena, consts.at, (size_t)consts.n * sizeof *consts.at);
    j->consts = arena_alloc(&j->arena, (size_t)(consts.n + 1) * sizeof *j->consts);
    j->in = arena_copy(&j->arena, inputs.at, (size_t)inputs.n * sizeof *inputs.at);
    j->out = arena_copy(&j->arena, out.at, (size_t)out.n * sizeof *out.at);
    good = good && j->constvars && j->consts && j->in && j->out;
    for (int i = 0; i < j->nconsts && good; i++) {
        j->consts[i] = array_like(&j->constvars[i]->aval);
        good = !is_poison(j->consts[i]) && jaxpr_hold(j, j->consts[i]);
        if (good)
            memset(j->consts[i]->data, 0,
                   (size_t)j->consts[i]->size * dtype_table[j->consts[i]->aval.dtype].itemsize);
    }
    vec_free(&consts);
    vec_free(&inputs);
    vec_free(&out);
    return good;
}

static jaxpr *program(parser *p)
{
    const char *name;
    size_t n = peek(p, "{") ? 0 : word(p, &name);
    for (named *known = n ? p->programs : NULL; known; known = known->outer)
        if (known->n == n && !strncmp(known->name, name, n)) {
            p->at += n;
            object_retain(known->what);
            return known->what;
        }
    if (++p->depth > MAX_NESTING)
        return fail(p, "nested too deeply"), NULL;
    scope_of_names s = {.j = jaxpr_new()};
    bool good = s.j && body(p, &s) && jaxpr_finish(s.j) && jaxpr_verify(s.j);
    p->failed = p->failed || !good;
    p->depth--;
    table_free(&s.vars);
    if (good)
        return s.j;
    object_release(s.j);
    return NULL;
}

static bool let_programs(parser *p)
{
    while (accept_word(p, "let")) {
        named *entry = arena_alloc(&p->memory, sizeof *entry);
        const char *name;
        size_t n = word(p, &name);
        p->at += n;
        if (!entry || !n || !expect(p, "="))
            return fail(p, "expected a name and '='");
        *entry = (named){name, n, program(p), p->programs};
        if (!entry->what)
            return false;
        p->programs = entry;
        if (!accept_word(p, "in"))
            return fail(p, "expected 'in'");
    }
    return true;
}

jaxpr *jaxpr_parse(const char *source)
{
    parser p = {.start = source, .at = source};
    ct_scope scope = ct_begin();
    jaxpr *j = let_programs(&p) ? program(&p) : NULL;
    skip(&p);
    if (j && *p.at) {
        fail(&p, "text after the end");
        object_release(j);
        j = NULL;
    }
    for (named *n = p.programs; n; n = n->outer)
        object_release(n->what);
    scope_end(scope, NULL);
    arena_free(&p.memory);
    return j;
}

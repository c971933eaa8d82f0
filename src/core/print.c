/* A jaxpr as JAX prints it: variables named a, b, ... in order of appearance, parameters in
 * brackets, programs used twice pulled out in front.
 *
 * The layout is document.c's. Parameters print by their kind; the few that JAX leaves out are
 * listed in `hidden`. parse.c reads this text back, if it has no comments. */
#include <stdio.h>
#include <stdlib.h>

#include "core/core.h"
#include "core/document.h"

const jaxpr *(*core_combiner)(const op *o, ct_dtype dtype);
enum { WIDTH = 80 };

typedef struct shared_program {
    const jaxpr *j;
    const char *name;
    int uses;
    bool passed_on; /* to the programs inside */
    int count;      /* more than one: it has a name */
} shared_program;

typedef struct printer {
    arena *memory;
    vec(shared_program) programs; /* every nested program, in order of discovery */
    table names;                  /* var -> name_entry */
    int64_t next_name;
    int comments; /* jaxpr_comments */
    int depth;    /* of the program among those that hold it */
    bool alone;   /* an equation by itself: nobody has counted uses */
} printer;

typedef struct name_entry {
    const var *v;
    const char *name;
} name_entry;

static bool same_var(const void *entry, const void *probe)
{
    return ((const name_entry *)entry)->v == probe;
}
static uint64_t var_hash(const var *v) { return base_mix((uint64_t)(uintptr_t)v, 0); }

static void give_name(printer *p, const var *v, const char *name)
{
    name_entry *e = arena_alloc(p->memory, sizeof *e);
    if (!e)
        return;
    *e = (name_entry){v, name};
    (void)!table_add(&p->names, var_hash(v), e);
}

static const char *letters(printer *p, int64_t n)
{
    char digits[16], *s = digits + sizeof digits;
    *--s = 0;
    do
        *--s = (char)('a' + n % 26);
    while (n /= 26);
    const char *copy = arena_string(p->memory, s);
    return copy ? copy : "?";
}

static bool is_shared_name(const printer *p, const char *name)
{
    for (int64_t i = 0; i < p->programs.n; i++)
        if (p->programs.at[i].count > 1 && !strcmp(p->programs.at[i].name, name))
            return true;
    return false;
}

static const char *name_of(printer *p, const var *v)
{
    name_entry *e = table_find(&p->names, var_hash(v), same_var, v);
    if (e)
        return e->name;
    const char *name;
    do
        name = letters(p, p->next_name++);
    while (is_shared_name(p, name));
    give_name(p, v, name);
    return name;
}

static doc *text_doc(printer *p, text *t)
{
    doc *d = doc_text(p->memory, t->at ? t->at : "", (size_t)t->n);
    vec_free(t);
    return d;
}

/* ---- atoms ---- */

static void literal_text(text *t, ct_array a)
{
    ct_array plain = a;
    if (a->aval.weak) { /* the weakness is in the dtype's suffix, not in the digits */
        plain = array_view(a, (ct_dtype)a->aval.dtype, false, 0, NULL);
        if (is_poison(plain))
            return;
    } else if (dtype_is(
                   (ct_dtype)a->aval.dtype,
                   FAMILY_FLOAT)) { /* every digit of a strongly typed one: 0.10000000149011612 */
        plain = array_scalar(CT_FLOAT64, false, array_get_double(a, 0));
        if (is_poison(plain))
            return;
    }
    array_text(t, plain, false);
    text_add(t, ":");
    aval_text(t, &a->aval, true);
}

static doc *atom_doc(printer *p, const atom *a)
{
    if (a->var)
        return doc_string(p->memory, name_of(p, a->var));
    text t = {0};
    ct_scope scope = ct_begin();
    literal_text(&t, a->literal);
    scope_end(scope, NULL);
    return text_doc(p, &t);
}

/* What the outermost program does not use has no name. */
static bool is_named(const printer *p, const var *v) { return v->uses || p->alone || p->depth > 1; }

static doc *binder_doc(printer *p, const var *v, const aval *unused)
{
    text t = {0};
    text_add(&t, "%s:", v && (!unused || is_named(p, v)) ? name_of(p, v) : "_");
    aval_text(&t, v ? &v->aval : unused, true);
    return text_doc(p, &t);
}

static doc *separated(printer *p, doc *list, const char *separator, doc *next)
{
    if (list) {
        if (*separator)
            list = doc_append(p->memory, list, doc_string(p->memory, separator));
        list = doc_append(p->memory, list, doc_group(p->memory, doc_break(p->memory, " ")));
    }
    return doc_append(p->memory, list, next);
}

static doc *listed(printer *p, doc *list)
{
    return doc_nest(p->memory, 2, doc_group(p->memory, list));
}

static doc *binders_doc(printer *p, int n, var *const *vars)
{
    doc *list = NULL;
    for (int i = 0; i < n; i++)
        list = separated(p, list, "", binder_doc(p, vars[i], NULL));
    return listed(p, list);
}

static doc *results_doc(printer *p, const eqn *e)
{
    doc *list = NULL;
    for (int i = 0; i < e->nout; i++)
        list =
            separated(p, list, "", binder_doc(p, e->out[i], e->out[i] ? &e->out[i]->aval : NULL));
    return listed(p, list);
}

static doc *atoms_doc(printer *p, int n, const atom *atoms, const char *separator)
{
    doc *list = NULL;
    for (int i = 0; i < n; i++)
        list = separated(p, list, separator, atom_doc(p, &atoms[i]));
    return listed(p, list);
}

/* ---- parameters ---- */

static void ints_text(text *t, ct_ints list)
{
    text_add(t, "(");
    for (int64_t i = 0; i < list.n; i++)
        text_add(t, i ? ", %lld" : "%lld", (long long)list.at[i]);
    text_add(t, list.n == 1 ? ",)" : ")");
}

static void groups_text(text *t, ct_ints list, int64_t size)
{
    text_add(t, "(");
    for (int64_t i = 0; i < list.n; i += size) {
        text_add(t, i ? ", " : "");
        ints_text(t, (ct_ints){size, list.at + i});
    }
    text_add(t, list.n == size ? ",)" : ")");
}

static void brackets_text(text *t, ct_ints list)
{
    text_add(t, "[");
    for (int64_t i = 0; i < list.n; i++)
        text_add(t, i ? ", %lld" : "%lld", (long long)list.at[i]);
    text_add(t, "]");
}

static void record_text(text *t, const char *name, const char *const *fields, int n,
                        const ct_ints *lists)
{
    text_add(t, "%s(", name);
    for (int i = 0; i < n; i++) {
        text_add(t, i ? ", %s=" : "%s=", fields[i]);
        ints_text(t, lists[i]);
    }
    text_add(t, ")");
}

static void dot_text(text *t, const dot_dims *d)
{
    text_add(t, "((");
    brackets_text(t, d->lhs_contract);
    text_add(t, ", ");
    brackets_text(t, d->rhs_contract);
    text_add(t, "), (");
    brackets_text(t, d->lhs_batch);
    text_add(t, ", ");
    brackets_text(t, d->rhs_batch);
    text_add(t, "))");
}

static void axes_text(text *t, const char *names)
{
    text_add(t, "(");
    int n = 0;
    for (const char *s = names; s && *s; n++) {
        size_t length = strcspn(s, ",");
        text_add(t, n ? ", '%.*s'" : "'%.*s'", (int)length, s);
        s += length + (s[length] == ',');
    }
    text_add(t, n == 1 ? ",)" : ")");
}

static void python_float(text *t, double value)
{
    char s[40];
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(s, sizeof s, "%.*g", digits, value);
        if (strtod(s, NULL) == value || value != value)
            break;
    }
    text_add(t, "%s%s", s, strpbrk(s, ".einf") ? "" : ".0");
}

static const char *const gather_names[] = {"offset_dims", "collapsed_slice_dims", "start_index_map",
                                           "operand_batching_dims", "start_indices_batching_dims"};
static const char *const scatter_names[] = {"update_window_dims", "inserted_window_dims",
                                            "scatter_dims_to_operand_dims", "operand_batching_dims",
                                            "scatter_indices_batching_dims"};
static const char *const conv_names[] = {"lhs_spec", "rhs_spec", "out_spec"};
static const char *const algorithm_names[] = {"DEFAULT", "THREE_FRY", "PHILOX"};
static const char *const mode_names[] = {"CLIP", "FILL_OR_DROP", "PROMISE_IN_BOUNDS", "ONE_HOT"};
static const char *const precision_names[] = {"None", "Precision.DEFAULT", "Precision.HIGH",
                                              "Precision.HIGHEST"};

static doc *jaxpr_doc(printer *p, const jaxpr *j);

static doc *jaxprs_doc(printer *p, const jaxpr_list *list)
{
    doc *inner = NULL;
    for (int64_t i = 0; i < list->n; i++) {
        if (i)
            inner = doc_append(p->memory, inner, doc_break(p->memory, " "));
        inner = doc_append(p->memory, inner, jaxpr_doc(p, list->at[i]));
    }
    doc *open = doc_pair(p->memory, doc_string(p->memory, "("), doc_break(p->memory, ""));
    doc *close = doc_pair(p->memory, doc_break(p->memory, ""), doc_string(p->memory, ")"));
    return doc_group(
        p->memory,
        doc_pair(p->memory, doc_nest(p->memory, 2, doc_append(p->memory, open, inner)), close));
}

/* The value of one parameter as text; jaxprs are documents of their own. */
static void value_text(text *t, const param_field *f, const void *at)
{
    switch ((param_kind)f->kind) {
    case PARAM_INT:
        text_add(t, "%lld", (long long)*(const int64_t *)at);
        break;
    case PARAM_BOOL:
        text_add(t, *(const bool *)at ? "True" : "False");
        break;
    case PARAM_FLOAT:
        python_float(t, *(const double *)at);
        break;
    case PARAM_FLOAT_OR_NONE:
        if (((const optional_float *)at)->given)
            python_float(t, ((const optional_float *)at)->value);
        else
            text_add(t, "None");
        break;
    case PARAM_DTYPE:
        text_add(t, "%s", *(const ct_dtype *)at ? ct_dtype_name(*(const ct_dtype *)at) : "None");
        break;
    case PARAM_INTS_OR_NONE:
        if (!((const ct_ints *)at)->at) {
            text_add(t, "None");
            break;
        }
        ints_text(t, *(const ct_ints *)at);
        break;
    case PARAM_INTS:
        ints_text(t, *(const ct_ints *)at);
        break;
    case PARAM_PAIRS:
        groups_text(t, *(const ct_ints *)at, 2);
        break;
    case PARAM_TRIPLES:
        groups_text(t, *(const ct_ints *)at, 3);
        break;
    case PARAM_STRING:
    case PARAM_LABEL:
        text_add(t, "%s", *(const char *const *)at ? *(const char *const *)at : "None");
        break;
    case PARAM_AXES:
        axes_text(t, *(const char *const *)at);
        break;
    case PARAM_NONE:
    case PARAM_COMBINER: /* without a program */
        text_add(t, "None");
        break;
    case PARAM_EMPTY:
        text_add(t, "()");
        break;
    case PARAM_MODE:
        text_add(t, "GatherScatterMode.%s", mode_names[*(const int *)at]);
        break;
    case PARAM_ALGORITHM:
        text_add(t, "RNG_%s", algorithm_names[*(const int *)at]);
        break;
    case PARAM_PRECISION: { /* of both operands */
        const char *name = precision_names[*(const int *)at];
        text_add(t, *(const int *)at ? "(%s, %s)" : "%s", name, name);
        break;
    }
    case PARAM_DOT:
        dot_text(t, at);
        break;
    case PARAM_GATHER:
        record_text(t, "GatherDimensionNumbers", gather_names, countof(gather_names), at);
        break;
    case PARAM_SCATTER:
        record_text(t, "ScatterDimensionNumbers", scatter_names, countof(scatter_names), at);
        break;
    case PARAM_CONV:
        record_text(t, "ConvDimensionNumbers", conv_names, countof(conv_names), at);
        break;
    case PARAM_DONATED: {
        const ct_ints *list = at;
        text_add(t, "(");
        for (int64_t i = 0; i < list->n; i++)
            text_add(t, "%s%s", i ? ", " : "", list->at[i] ? "True" : "False");
        text_add(t, list->n == 1 ? ",)" : ")");
        break;
    }
    case PARAM_FN:
        text_add(t, "%s", *(const ct_fn *)at ? fn_name(*(const ct_fn *)at) : "None");
        break;
    case PARAM_AVALS: {
        const aval_list *list = at;
        text_add(t, "(");
        for (int64_t i = 0; i < list->n; i++) {
            text_add(t, i ? ", ShapedArray(" : "ShapedArray(");
            aval_text(t, &list->at[i], false);
            text_add(t, list->at[i].weak ? ", weak_type=True)" : ")");
        }
        text_add(t, list->n == 1 ? ",)" : ")");
        break;
    }
    case PARAM_HOST: {
        const host_object *h = at;
        if (h->host)
            h->host->repr(h->data, t);
        else
            text_add(t, "None");
        break;
    }
    case PARAM_JAXPR:
    case PARAM_JAXPRS:
    case PARAM_RULE:
    case PARAM_SILENT:
        break;
    }
}

/* What JAX leaves out: always, or when it is None, empty, zero or False. */
typedef enum hiding { HIDE_NEVER, HIDE_ALWAYS, HIDE_DEFAULT } hiding;
static const struct {
    const char *op, *field;
    hiding how;
} hidden[] = {
    {"broadcast_in_dim", "shape", HIDE_ALWAYS},
    {"broadcast_in_dim", "sharding", HIDE_ALWAYS},
    {"broadcast_in_dim", "broadcast_dimensions", HIDE_DEFAULT},
    {"convert_element_type", "sharding", HIDE_ALWAYS},
    {"dot_general", "out_sharding", HIDE_ALWAYS},
    {"dot_general", "precision", HIDE_DEFAULT},
    {"dot_general", "preferred_element_type", HIDE_DEFAULT},
    {"debug_print", "callback", HIDE_ALWAYS},
    {"jit", "inline", HIDE_ALWAYS},
    {"jit", "keep_unused", HIDE_DEFAULT},
    {"jit", "donated_invars", HIDE_DEFAULT},
    {"custom_jvp_call", "num_consts", HIDE_DEFAULT},
    {"custom_vjp_call", "num_consts", HIDE_DEFAULT},
};

static bool is_default(const param_field *f, const void *at)
{
    switch ((param_kind)f->kind) {
    case PARAM_INTS:
    case PARAM_DONATED: {
        const ct_ints *list = at;
        for (int64_t i = 0; i < list->n; i++)
            if (f->kind == PARAM_INTS || list->at[i])
                return false;
        return true;
    }
    case PARAM_INT:
        return !*(const int64_t *)at;
    case PARAM_BOOL:
        return !*(const bool *)at;
    default:
        return !*(const int *)at;
    }
}

static bool is_hidden(const op *o, const param_field *f, const void *at)
{
    if (f->kind == PARAM_SILENT || f->kind == PARAM_RULE)
        return true;
    for (size_t i = 0; i < countof(hidden); i++)
        if (!strcmp(hidden[i].op, o->name) && !strcmp(hidden[i].field, f->name))
            return hidden[i].how == HIDE_ALWAYS || is_default(f, at);
    return false;
}

/* The program that a parameter is; NULL for others. */
static const jaxpr *program_of(const eqn *e, const param_field *f)
{
    if (f->kind == PARAM_COMBINER && e->nin && core_combiner)
        return core_combiner(e->op, (ct_dtype)atom_aval(&e->in[0])->dtype);
    return f->kind == PARAM_JAXPR ? *(jaxpr *const *)((const char *)e->params + f->offset) : NULL;
}

static doc *field_doc(printer *p, const eqn *e, const param_field *f, const void *at)
{
    text t = {0};
    text_add(&t, "%s=", f->name);
    const jaxpr *program = program_of(e, f);
    if (program)
        return doc_append(p->memory, text_doc(p, &t), jaxpr_doc(p, program));
    if (f->kind == PARAM_JAXPRS)
        return doc_append(p->memory, text_doc(p, &t), jaxprs_doc(p, at));
    value_text(&t, f, at);
    return text_doc(p, &t);
}

/* Calls print their name first, unless it is a parameter as any other. */
static const param_field *field_in_order(const op *o, int i)
{
    int name = -1;
    bool first = o->flags & OP_CALL && strcmp(o->name, "composite");
    for (int k = 0; k < o->nfields && first; k++)
        if (!strcmp(o->fields[k].name, "name"))
            name = k;
    if (name < 0)
        return &o->fields[i];
    return i == 0 ? &o->fields[name] : &o->fields[i <= name ? i - 1 : i];
}

/* The parameters of a primitive of a host language, which the host names itself. */
static doc *host_params_doc(printer *p, const host_object *h)
{
    doc *list = NULL;
    for (int64_t i = 0; h->host; i++) {
        text t = {0};
        h->host->entry(h->data, i, &t);
        if (!t.n)
            break;
        if (list)
            list = doc_append(p->memory, list, doc_break(p->memory, " "));
        list = doc_append(p->memory, list, text_doc(p, &t));
    }
    return list;
}

static doc *params_doc(printer *p, const eqn *e)
{
    doc *list = e->op->host ? host_params_doc(p, e->params) : NULL;
    for (int i = 0; i < e->op->nfields && !e->op->host; i++) {
        const param_field *f = field_in_order(e->op, i);
        const void *at = (const char *)e->params + f->offset;
        if (is_hidden(e->op, f, at))
            continue;
        if (list)
            list = doc_append(p->memory, list, doc_break(p->memory, " "));
        list = doc_append(p->memory, list, field_doc(p, e, f, at));
    }
    if (!list)
        return NULL;
    doc *open = doc_pair(p->memory, doc_string(p->memory, "["), doc_break(p->memory, ""));
    doc *close = doc_pair(p->memory, doc_break(p->memory, ""), doc_string(p->memory, "]"));
    return doc_group(
        p->memory,
        doc_pair(p->memory, doc_nest(p->memory, 2, doc_pair(p->memory, open, list)), close));
}

/* ---- equations and programs ---- */

static const shared_program *find_program(const printer *p, const jaxpr *j)
{
    for (int64_t i = 0; i < p->programs.n; i++)
        if (p->programs.at[i].j == j)
            return &p->programs.at[i];
    return NULL;
}

static bool is_shared(const printer *p, const jaxpr *j)
{
    const shared_program *s = find_program(p, j);
    return s && s->count > 1;
}

/* A called program's variables take the names of what they stand for, where that is one variable.
 */
static void suggest(printer *p, const var *inner, const var *outer, const var *const *used, int n)
{
    for (int i = 0; i < n; i++)
        if (used[i] == outer)
            return;
    if (!table_find(&p->names, var_hash(inner), same_var, inner))
        give_name(p, inner, is_named(p, outer) ? name_of(p, outer) : "_");
}

static void suggest_names(printer *p, const eqn *e)
{
    const jaxpr *j = NULL;
    for (int i = 0; i < e->op->nfields; i++)
        if (e->op->fields[i].kind == PARAM_JAXPR && !strcmp(e->op->name, "jit"))
            j = *(jaxpr *const *)((const char *)e->params + e->op->fields[i].offset);
    if (!j || is_shared(p, j) || j->nin != e->nin || j->nout != e->nout)
        return;
    const var **used = arena_alloc(p->memory, (size_t)(e->nin + e->nout + 1) * sizeof *used);
    int n = 0;
    for (int i = 0; i < e->nin && used; i++)
        if (e->in[i].var) {
            suggest(p, j->in[i], e->in[i].var, used, n);
            used[n++] = e->in[i].var;
        }
    n = 0;
    for (int i = 0; i < e->nout && used; i++)
        if (j->out[i].var && e->out[i]) {
            suggest(p, j->out[i].var, e->out[i], used, n);
            used[n++] = e->out[i];
        }
}

/* ---- mutable arrays: b:f32[] <- a[0] and the like ---- */

/* One entry of four integers an axis (numpy/refs.c): a slice, an integer, or an operand. */
static void part_text(printer *p, text *t, const eqn *e, int next)
{
    enum { ENTRY = 4 };
    const aval *a = atom_aval(&e->in[0]);
    const ct_ints index =
        e->op->nfields ? *(const ct_ints *)((const char *)e->params + e->op->fields[0].offset)
                       : (ct_ints){0};
    text_add(t, "%s[%s", name_of(p, e->in[0].var), index.n ? "" : "...");
    for (int64_t k = 0; k < index.n / ENTRY; k++) {
        const int64_t *i = index.at + ENTRY * k;
        text_add(t, k ? "," : "");
        if (i[0] == 2) {
            const atom *at = &e->in[next++];
            if (at->var)
                text_add(t, "%s", name_of(p, at->var));
            else
                array_text(t, at->literal, false);
        } else if (i[0] == 1) {
            text_add(t, "%lld", (long long)i[1]);
        } else {
            if (i[1])
                text_add(t, "%lld", (long long)i[1]);
            text_add(t, ":");
            if (i[1] + i[2] * i[3] < a->shape[k])
                text_add(t, "%lld", (long long)(i[1] + i[2] * i[3]));
            if (i[3] != 1)
                text_add(t, ":%lld", (long long)i[3]);
        }
    }
    text_add(t, "]");
}

/* NULL for other operations. */
static doc *ref_doc(printer *p, const eqn *e)
{
    bool get = !strcmp(e->op->name, "get"), swap = !strcmp(e->op->name, "swap");
    if (!(e->op->flags & OP_REF) || !(get || swap || !strcmp(e->op->name, "addupdate")) ||
        !e->in[0].var)
        return NULL;
    text t = {0};
    bool used = e->nout && e->out[0] && (get || e->out[0]->uses);
    if (used) {
        text_add(&t, "%s:", name_of(p, e->out[0]));
        aval_text(&t, &e->out[0]->aval, true);
        text_add(&t, get ? " <- " : ", ");
    }
    part_text(p, &t, e, get ? 1 : 2);
    if (get)
        return text_doc(p, &t);
    text_add(&t, swap ? " <- " : " += ");
    if (swap && used) {
        part_text(p, &t, e, 2);
        text_add(&t, ", ");
    }
    return doc_pair(p->memory, text_doc(p, &t), atom_doc(p, &e->in[1]));
}

static doc *plain_eqn_doc(printer *p, const eqn *e)
{
    suggest_names(p, e);
    doc *ref = ref_doc(p, e);
    if (ref)
        return ref;
    doc *left = e->nout ? results_doc(p, e) : NULL;
    doc *name = doc_string(p->memory, e->op->name);
    doc *params = params_doc(p, e);
    doc *operands =
        doc_pair(p->memory, doc_string(p->memory, " "), atoms_doc(p, e->nin, e->in, ""));
    doc *right = doc_append(p->memory, doc_append(p->memory, name, params), operands);
    return left ? doc_append(p->memory, doc_append(p->memory, left, doc_string(p->memory, " = ")),
                             right)
                : right;
}

static doc *commented(printer *p, text *comment, doc *d)
{
    char *s = text_end(comment);
    const char *kept = s ? arena_string(p->memory, s) : NULL;
    base_free(s);
    return kept ? doc_comment(p->memory, kept, d) : d;
}

static doc *eqn_doc(printer *p, const eqn *e)
{
    doc *d = plain_eqn_doc(p, e);
    text names = {0}, place = {0};
    if (p->comments & COMMENT_NAMES) {
        text_add(&names, "[%s]", e->name_stack ? e->name_stack : "");
        d = commented(p, &names, d);
    }
    if (p->comments & COMMENT_SOURCE) {
        source_text(&place, e->source);
        d = commented(p, &place, d);
    }
    return d;
}

static doc *skeleton(printer *p, const jaxpr *j)
{
    arena *m = p->memory;
    doc *d = doc_string(m, "{ lambda ");
    d = doc_append(m, d, binders_doc(p, j->nconsts, j->constvars));
    d = doc_append(m, d, doc_string(m, "; "));
    d = doc_append(m, d, binders_doc(p, j->nin, j->in));
    d = doc_append(m, d, doc_string(m, ". let"));
    doc *eqns = NULL;
    p->depth++;
    for (const eqn *e = j->eqns; e; e = e->next) {
        if (eqns)
            eqns = doc_append(m, eqns, doc_break(m, "; "));
        eqns = doc_append(m, eqns, eqn_doc(p, e));
    }
    p->depth--;
    d = doc_append(m, d, doc_nest(m, 2, doc_append(m, doc_break(m, " "), eqns)));
    d = doc_append(m, d, doc_pair(m, doc_break(m, " "), doc_string(m, "in (")));
    d = doc_append(m, d, atoms_doc(p, j->nout, j->out, ","));
    d = doc_append(m, d, doc_string(m, j->nout == 1 ? ",)" : ")"));
    return doc_group(m, doc_pair(m, doc_nest(m, 2, d), doc_string(m, " }")));
}

static doc *jaxpr_doc(printer *p, const jaxpr *j)
{
    const shared_program *s = find_program(p, j);
    return s && s->count > 1 ? doc_string(p->memory, s->name) : skeleton(p, j);
}

/* ---- which programs are shared ---- */

static const char *program_name(printer *p, const char *name)
{
    size_t n = name ? strlen(name) : 0;
    if (n > 2 && name[0] == '<' && name[n - 1] == '>') {
        char *inner = arena_copy(p->memory, name + 1, n - 1);
        if (inner)
            inner[n - 2] = 0;
        return inner;
    }
    return name;
}

static void count_program(printer *p, const jaxpr *j, const char *name, int uses)
{
    for (int64_t i = 0; i < p->programs.n; i++)
        if (p->programs.at[i].j == j) {
            p->programs.at[i].uses += uses;
            return;
        }
    (void)!vec_push(&p->programs, (shared_program){j, name ? name : "jaxpr", .uses = uses});
}

/* The programs in a program, each used so many times more. */
static void count_nested(printer *p, const jaxpr *j, int uses)
{
    for (const eqn *e = j->eqns; e; e = e->next) {
        const char *name = NULL;
        for (int i = 0; i < e->op->nfields; i++)
            if ((e->op->fields[i].kind == PARAM_STRING || e->op->fields[i].kind == PARAM_LABEL) &&
                !strcmp(e->op->fields[i].name, "name"))
                name = program_name(
                    p, *(const char *const *)((const char *)e->params + e->op->fields[i].offset));
        for (int i = 0; i < e->op->nfields; i++) {
            const void *at = (const char *)e->params + e->op->fields[i].offset;
            const jaxpr *program = program_of(e, &e->op->fields[i]);
            if (program)
                count_program(p, program, name, uses);
            else if (e->op->fields[i].kind == PARAM_JAXPRS)
                for (int64_t k = 0; k < ((const jaxpr_list *)at)->n; k++)
                    count_program(p, ((const jaxpr_list *)at)->at[k], name, uses);
        }
    }
}

enum { MOST_EQUATIONS = 10 }; /* of a program that stands where it is used once */

/* Breadth first. What is in a program that is used twice is so, too. */
static void find_shared(printer *p, const jaxpr *j)
{
    count_nested(p, j, 1);
    for (int64_t i = 0; i < p->programs.n; i++)
        count_nested(p, p->programs.at[i].j, 1);
    for (bool changed = true; changed;) {
        changed = false;
        for (int64_t i = 0; i < p->programs.n; i++)
            if (p->programs.at[i].uses > 1 && !p->programs.at[i].passed_on) {
                p->programs.at[i].passed_on = changed = true;
                count_nested(p, p->programs.at[i].j, 1);
            }
    }
    for (int64_t i = 0; i < p->programs.n; i++)
        p->programs.at[i].count =
            p->programs.at[i].uses > 1 || p->programs.at[i].j->neqns > MOST_EQUATIONS ? 2 : 1;
    for (int64_t i = 0; i < p->programs.n; i++) {
        int clashes = 0;
        for (int64_t k = 0; k < i; k++)
            clashes += p->programs.at[k].count > 1 &&
                       !strncmp(p->programs.at[k].name, p->programs.at[i].name,
                                strlen(p->programs.at[i].name));
        if (p->programs.at[i].count > 1 && clashes) {
            text t = {0};
            text_add(&t, "%s%d", p->programs.at[i].name, clashes);
            char *s = text_end(&t);
            p->programs.at[i].name = s ? arena_string(p->memory, s) : "jaxpr";
            base_free(s);
        }
    }
}

void eqn_text(text *t, const eqn *e)
{
    arena memory = {0};
    printer p = {.memory = &memory, .alone = true};
    doc_format(t, eqn_doc(&p, e), WIDTH);
    table_free(&p.names);
    arena_free(&memory);
}

void jaxpr_text(text *t, const jaxpr *j) { jaxpr_text_commented(t, j, 0); }

void jaxpr_text_commented(text *t, const jaxpr *j, int comments)
{
    arena memory = {0};
    printer p = {.memory = &memory, .comments = comments};
    find_shared(&p, j);
    doc *d = NULL;
    for (int64_t i = 0; i < p.programs.n; i++) {
        if (p.programs.at[i].count < 2)
            continue;
        p.depth = 1; /* inside of the outermost program, though it stands in front */
        doc *let = doc_string(&memory, "let ");
        let = doc_append(&memory, let, doc_string(&memory, p.programs.at[i].name));
        let = doc_append(&memory, let, doc_string(&memory, " = "));
        let = doc_append(&memory, let, skeleton(&p, p.programs.at[i].j));
        let = doc_append(&memory, let,
                         doc_pair(&memory, doc_string(&memory, " in"), doc_break(&memory, " ")));
        d = doc_append(&memory, d, let);
    }
    p.depth = 0;
    d = doc_append(&memory, d, skeleton(&p, j));
    doc_format(t, d, WIDTH);
    table_free(&p.names);
    vec_free(&p.programs);
    arena_free(&memory);
}

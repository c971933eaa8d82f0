/* Which names do values get, and how does a module print?
 *
 * As MLIR numbers them: the values of a region are named in order, before those of the regions
 * inside, which go on counting from there, each by itself. A name that is taken gets the next
 * number of conflicts. */
#include "stablehlo/hlo.h"

/* ---- names ---- */

typedef struct scope {
    const struct scope *outer;
    table names;
    int values, arguments, conflicts; /* the next numbers */
} scope;

static bool same_name(const void *a, const void *b) { return !strcmp(a, b); }

static uint64_t name_hash(const char *name) { return base_hash(name, strlen(name), 0); }

static bool is_taken(const scope *s, const char *name)
{
    uint64_t hash = name_hash(name);
    for (; s; s = s->outer)
        if (table_find(&s->names, hash, same_name, name))
            return true;
    return false;
}

static const char *named(hlo *h, scope *s, const char *hint)
{
    const char *name = hlo_format(h, "%%%s", hint);
    while (!h->failed && is_taken(s, name))
        name = hlo_format(h, "%%%s_%d", hint, s->conflicts++);
    h->failed |= !name || !table_add(&s->names, name_hash(name), (void *)(uintptr_t)name);
    return name;
}

static void name_results(hlo *h, scope *s, hlo_op *o)
{
    const char *name = NULL;
    for (int i = 0; i < o->nout; i++) {
        hlo_value *v = &o->out[i];
        if (v->hint)
            v->name = named(h, s, v->hint);
        else if (o->nout == 1)
            v->name = hlo_format(h, "%%%d", s->values++);
        else {
            name = name ? name : hlo_format(h, "%%%d", s->values++);
            v->name = hlo_format(h, "%s#%d", name, i);
        }
    }
}

static void name_region(hlo *h, hlo_region *r, const scope *outer)
{
    scope s = {.outer = outer};
    if (outer) {
        s.values = outer->values;
        s.arguments = outer->arguments;
        s.conflicts = outer->conflicts;
    }
    for (int i = 0; i < r->nargs; i++)
        r->args[i].name = r->args[i].hint ? named(h, &s, r->args[i].hint)
                                          : hlo_format(h, "%%arg%d", s.arguments++);
    for (hlo_op *o = r->first; o; o = o->next)
        name_results(h, &s, o);
    for (hlo_op *o = r->first; o; o = o->next)
        for (int i = 0; i < o->nregions; i++)
            name_region(h, o->regions[i], &s);
    table_free(&s.names);
}

/* ---- text ---- */

static void region_text(text *t, const hlo_region *r, int indent);

static void indent_text(text *t, int n) { text_add(t, "%*s", n, ""); }

static const char *name_of(const hlo_value *v) { return v->name ? v->name : "%?"; }

static bool alike(const hlo_op *o)
{
    const aval *first = o->nin ? &o->in[0]->type : &o->out[0].type;
    bool same = true;
    for (int i = 0; i < o->nin; i++)
        same &= aval_equal(first, &o->in[i]->type, false);
    for (int i = 0; i < o->nout; i++)
        same &= aval_equal(first, &o->out[i].type, false);
    return same;
}

static void operand_types(text *t, const hlo_op *o)
{
    for (int i = 0; i < o->nin; i++) {
        text_add(t, i ? ", " : "");
        hlo_type_text(t, &o->in[i]->type);
    }
}

static void result_types(text *t, const hlo_op *o)
{
    for (int i = 0; i < o->nout; i++) {
        text_add(t, i ? ", " : "");
        hlo_type_text(t, &o->out[i].type);
    }
}

static void signature_text(text *t, const hlo_op *o)
{
    text_add(t, "(");
    operand_types(t, o);
    text_add(t, o->nout == 1 ? ") -> " : ") -> (");
    result_types(t, o);
    text_add(t, o->nout == 1 ? "" : ")");
}

static void argument_text(text *t, const hlo_value *v)
{
    text_add(t, "%s: ", name_of(v));
    hlo_type_text(t, &v->type);
}

/* (so far, element) of each of the arrays that are reduced together. */
static void pairs_text(text *t, const hlo_region *r)
{
    int n = r->nargs / 2;
    for (int i = 0; i < n; i++) {
        text_add(t, i ? " (" : "(");
        argument_text(t, &r->args[i]);
        text_add(t, ", ");
        argument_text(t, &r->args[n + i]);
        text_add(t, ")");
    }
}

static void bound_text(text *t, const hlo_op *o, const hlo_region *r)
{
    for (int i = 0; i < r->nargs; i++)
        text_add(t, "%s%s = %s", i ? ", " : "", name_of(&r->args[i]), name_of(o->in[i]));
}

static void block_text(text *t, const hlo_region *r, bool labelled, int indent)
{
    text_add(t, "{\n");
    if (labelled && r->nargs) {
        indent_text(t, indent);
        text_add(t, "^bb0(");
        for (int i = 0; i < r->nargs; i++) {
            text_add(t, i ? ", " : "");
            argument_text(t, &r->args[i]);
        }
        text_add(t, "):\n");
    }
    region_text(t, r, indent + 2);
    indent_text(t, indent);
    text_add(t, "}");
}

static void op_text(text *t, const hlo_op *o, bool nested, int indent)
{
    int next = 0;
    for (const char *c = o->text; *c; c++) {
        if (*c != '$') {
            if (*c == '\n') {
                text_bytes(t, c, 1);
                indent_text(t, indent);
            } else
                text_bytes(t, c, 1);
            continue;
        }
        const hlo_region *r = next < o->nregions ? o->regions[next] : NULL;
        switch (*++c) {
        case 'a':
            for (int i = 0; i < o->nin; i++)
                text_add(t, i ? ", %s" : "%s", name_of(o->in[i]));
            break;
        case ':':
            if (alike(o))
                hlo_type_text(t, o->nin ? &o->in[0]->type : &o->out[0].type);
            else
                signature_text(t, o);
            break;
        case 's':
            signature_text(t, o);
            break;
        case 'i':
            operand_types(t, o);
            break;
        case 't':
            result_types(t, o);
            break;
        case 'F':
            text_add(t, nested ? "func." : "");
            break;
        case 'n':
            if (r)
                bound_text(t, o, r);
            break;
        case 'p':
            if (r)
                pairs_text(t, r);
            break;
        case 'r':
        case 'R':
            if (r)
                block_text(t, r, *c == 'R', indent);
            next++;
            break;
        default:
            text_add(t, "%s", name_of(o->in[*c - '0']));
        }
    }
}

/* %0 = or %1:2 = or %values, %indices = */
static void left_text(text *t, const hlo_op *o)
{
    if (!o->nout)
        return;
    if (o->nout > 1 && !o->out[0].hint) {
        const char *name = name_of(&o->out[0]), *end = strchr(name, '#');
        text_bytes(t, name, end ? (size_t)(end - name) : strlen(name));
        text_add(t, ":%d = ", o->nout);
        return;
    }
    for (int i = 0; i < o->nout; i++)
        text_add(t, i ? ", %s" : "%s", name_of(&o->out[i]));
    text_add(t, " = ");
}

static void region_text(text *t, const hlo_region *r, int indent)
{
    for (const hlo_op *o = r->first; o; o = o->next) {
        indent_text(t, indent);
        left_text(t, o);
        op_text(t, o, r->outer != NULL, indent);
        text_add(t, "\n");
    }
}

static void note_text(text *t, const char *const *notes, int i)
{
    if (notes && notes[i])
        text_add(t, " {%s}", notes[i]);
}

static void function_text(text *t, const hlo_function *f)
{
    text_add(t, "  func.func %s %s(", f->public ? "public" : "private", f->name);
    for (int i = 0; i < f->body->nargs; i++) {
        text_add(t, i ? ", " : "");
        argument_text(t, &f->body->args[i]);
        note_text(t, f->in_notes, i);
    }
    text_add(t, ")");
    bool bare = f->nout == 1 && !f->out_notes;
    if (f->nout)
        text_add(t, bare ? " -> " : " -> (");
    for (int i = 0; i < f->nout; i++) {
        text_add(t, i ? ", " : "");
        hlo_type_text(t, &f->out[i]->type);
        note_text(t, f->out_notes, i);
    }
    text_add(t, f->nout && !bare ? ") {\n" : " {\n");
    region_text(t, f->body, 4);
    text_add(t, "  }\n");
}

void hlo_print(text *t, hlo *h, const char *module)
{
    for (hlo_function *f = h->first; f; f = f->next)
        name_region(h, f->body, NULL);
    text_add(t,
             "module @%s attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} "
             "{\n",
             module);
    if (h->keys)
        text_add(t, "  sdy.mesh @empty_mesh = <[]> {stablehlo.mesh = {axes = []}}\n");
    for (hlo_function *f = h->first; f; f = f->next)
        function_text(t, f);
    text_add(t, "}\n");
}

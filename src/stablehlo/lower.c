/* Which operations is a program? Equation by equation: each operation has a rule in one of this
 * folder's files; one that StableHLO knows nothing of is a call of its name. */
#include "cotan/stages.h"
#include "ops/rules.h"
#include "stablehlo/hlo.h"
#include "transform/discharge.h"
#include "transform/partial.h"
#include "transform/transform.h"

/* ---- equations ---- */

static hlo_rule *rule_of(int code)
{
    hlo_rule *(*const tables[])(int) = {hlo_map_rule,       hlo_shape_rule,   hlo_index_rule,
                                        hlo_reduction_rule, hlo_control_rule, hlo_random_rule};
    hlo_rule *rule = NULL;
    for (size_t i = 0; i < countof(tables) && !rule; i++)
        rule = tables[i](code);
    return rule;
}

/* The program that computes it, where the operation has one. */
static bool lowered(hlo *h, hlo_eqn *q)
{
    const op *o = core_rules(q->e->op);
    aval in[MAX_NDIM];
    if (!o->lower || q->e->nin > MAX_NDIM)
        return false;
    for (int i = 0; i < q->e->nin; i++)
        in[i] = *atom_aval(&q->e->in[i]);
    jaxpr *j = o->lower(q->e->op, q->e->params, q->e->nin, in);
    if (!j || !vec_push(&h->held, j)) {
        object_release(j);
        h->failed |= !ct_ok();
        return false;
    }
    hlo_program(h, j, q->in, q->out);
    return true;
}

/* What has no counterpart: solvers, callbacks, operations of the user's. */
static void foreign(hlo *h, hlo_eqn *q)
{
    const eqn *e = q->e;
    aval types[MAX_NDIM];
    if (lowered(h, q) || h->failed)
        return;
    int nout = e->nout < MAX_NDIM ? e->nout : MAX_NDIM;
    for (int i = 0; i < nout; i++)
        types[i] = e->out[i] ? e->out[i]->aval : hlo_scalar(CT_FLOAT32);
    const char *effect = op_effects(e->op, e->params) ? " {has_side_effect = true}" : "";
    hlo_op *o =
        hlo_add(h, hlo_format(h, "stablehlo.custom_call @%s($a)%s : $s", e->op->name, effect),
                e->nin, q->in, nout, types);
    for (int i = 0; i < o->nout; i++)
        q->out[i] = &o->out[i];
}

/* Which equations the results need, or have effects. NULL when memory is short. */
static bool *live_eqns(hlo *h, const jaxpr *j)
{
    bool *live = arena_alloc(&h->memory, (size_t)(j->neqns + j->nvars + 1));
    const eqn **at = arena_alloc(&h->memory, (size_t)(j->neqns + 1) * sizeof *at);
    if (!live || !at)
        return NULL;
    bool *wanted = live + j->neqns;
    memset(wanted, false, (size_t)j->nvars);
    int64_t n = 0;
    for (const eqn *e = j->eqns; e; e = e->next)
        at[n++] = e;
    for (int i = 0; i < j->nout; i++)
        if (j->out[i].var)
            wanted[j->out[i].var->id] = true;
    while (n-- > 0) {
        const eqn *e = at[n];
        live[n] = h->keeps_unused || op_effects(e->op, e->params);
        for (int i = 0; i < e->nout; i++)
            live[n] |= e->out[i] && wanted[e->out[i]->id];
        for (int i = 0; i < e->nin && live[n]; i++)
            if (e->in[i].var)
                wanted[e->in[i].var->id] = true;
    }
    return live;
}

typedef struct environment {
    hlo *h;
    const jaxpr *j;
    hlo_value **values; /* by variable */
} environment;

static hlo_value *read(environment *v, const atom *a)
{
    return a->var ? v->values[a->var->id] : hlo_constant(v->h, a->literal);
}

static bool write_eqn(environment *v, const eqn *e)
{
    hlo *h = v->h;
    size_t n = (size_t)(e->nin + e->nout + 1);
    hlo_value **in = arena_alloc(&h->memory, n * sizeof *in), **out = in + e->nin;
    if (!in)
        return false;
    memset(in, 0, n * sizeof *in);
    for (int i = 0; i < e->nin; i++)
        in[i] = read(v, &e->in[i]);
    aval type = e->nout && e->out[0] ? hlo_physical(h, &e->out[0]->aval) : (aval){0};
    hlo_eqn q = {e, in, out, &type};
    hlo_rule *rule = rule_of(e->op->code);
    (rule ? rule : foreign)(h, &q);
    for (int i = 0; i < e->nout; i++)
        if (e->out[i])
            v->values[e->out[i]->id] = out[i];
    return !h->failed;
}

void hlo_program(hlo *h, const jaxpr *j, hlo_value *const *in, hlo_value **out)
{
    environment v = {h, j, arena_alloc(&h->memory, (size_t)(j->nvars + 1) * sizeof *v.values)};
    const bool *live = live_eqns(h, j);
    if (!v.values || !live) {
        h->failed = true;
        return;
    }
    for (int i = 0; i < j->nconsts; i++)
        v.values[j->constvars[i]->id] = hlo_constant(h, j->consts[i]);
    for (int i = 0; i < j->nin; i++)
        v.values[j->in[i]->id] = in[i];
    for (const eqn *e = j->eqns; e && !h->failed; e = e->next, live++)
        h->failed |= *live && !write_eqn(&v, e);
    for (int i = 0; i < j->nout && !h->failed; i++)
        out[i] = read(&v, &j->out[i]);
}

/* ---- functions ---- */

static hlo_value **arguments(hlo *h, const hlo_function *f)
{
    hlo_value **in = arena_alloc(&h->memory, (size_t)(f->body->nargs + 1) * sizeof *in);
    for (int i = 0; i < f->body->nargs && in; i++)
        in[i] = &f->body->args[i];
    h->failed |= !in;
    return in;
}

static aval *input_types(hlo *h, const jaxpr *j)
{
    aval *types = arena_alloc(&h->memory, (size_t)(j->nin + 1) * sizeof *types);
    for (int i = 0; i < j->nin && types; i++)
        types[i] = j->in[i]->aval;
    h->failed |= !types;
    return types;
}

/* The function's name is taken before those of the functions in it. */
static hlo_function *new_function(hlo *h, const jaxpr *j, const char *name, hlo_value ***in,
                                  hlo_value ***out)
{
    aval *types = input_types(h, j);
    hlo_function *f = types ? hlo_begin(h, name, j->nin, types) : NULL;
    *in = f ? arguments(h, f) : NULL;
    *out = arena_alloc(&h->memory, (size_t)(j->nout + 1) * sizeof **out);
    h->failed |= !*in || !*out;
    return h->failed ? NULL : f;
}

hlo_function *hlo_function_of(hlo *h, const jaxpr *j, const char *name)
{
    hlo_function *f = hlo_find(h, j, name, NULL);
    hlo_value **in, **out;
    if (f || !(f = new_function(h, j, name, &in, &out)))
        return f;
    hlo_region *outside = h->at;
    h->at = f->body;
    hlo_program(h, j, in, out);
    if (!h->failed)
        hlo_end(h, f, j->nout, out);
    h->at = outside;
    hlo_keep(h, j, name, NULL, f);
    return h->failed ? NULL : f;
}

/* ---- the module ---- */

/* Where keys are arguments or results, they stay whole: the words are on one device. */
static hlo_value *key_constraint(hlo *h, hlo_value *v, const aval *key)
{
    if (!dtype_is((ct_dtype)key->dtype, FAMILY_KEY))
        return v;
    text t = {0};
    for (int i = 0; i < key->ndim; i++)
        text_add(&t, "{?}, ");
    char *open = text_end(&t);
    h->keys = true;
    hlo_value *w = hlo_put(
        h, v->type,
        hlo_format(h, "sdy.sharding_constraint $a <@empty_mesh, [%s{}]> : $t", open ? open : ""),
        v);
    base_free(open);
    return w;
}

/* In a string of MLIR. */
static void escaped_text(text *t, const char *s)
{
    for (; *s; s++)
        if (*s == '"' || *s == '\\' || (unsigned char)*s < ' ')
            text_add(t, "\\%02X", *s);
        else
            text_add(t, "%c", *s);
}

static const char *result_note(hlo *h, const treedef *d, int i)
{
    text path = {0}, note = {0};
    text_add(&path, "result");
    if (d)
        treedef_path(&path, d, i);
    char *s = text_end(&path);
    text_add(&note, "jax.result_info = \"");
    escaped_text(&note, s ? s : "");
    text_add(&note, "\"");
    char *n = text_end(&note);
    const char *kept = hlo_format(h, "%s", n ? n : "");
    base_free(s);
    base_free(n);
    return kept;
}

/* Each result lies in the memory of the first input of its type that is given away. */
static void donation_notes(hlo *h, const jaxpr *j, const bool *donated, const char **notes)
{
    for (int k = 0; k < j->nout; k++)
        for (int i = 0; i < j->nin; i++)
            if (donated[i] && !notes[i] &&
                aval_equal(&j->in[i]->aval, atom_aval(&j->out[k]), false)) {
                notes[i] = hlo_format(h, "tf.aliasing_output = %d : i32", k);
                break;
            }
}

static void write_main(hlo *h, const jaxpr *j, const stablehlo_options *o, const bool *donated)
{
    hlo_value **in, **out;
    hlo_function *f = new_function(h, j, "main", &in, &out);
    const char **notes = arena_alloc(&h->memory, (size_t)(j->nin + j->nout + 1) * sizeof *notes);
    if (!f || !notes) {
        h->failed = true;
        return;
    }
    memset(notes, 0, (size_t)j->nin * sizeof *notes);
    f->public = true;
    f->in_notes = notes;
    f->out_notes = notes + j->nin;
    donation_notes(h, j, donated, notes);
    h->at = f->body;
    for (int i = 0; i < j->nin; i++)
        in[i] = key_constraint(h, in[i], &j->in[i]->aval);
    hlo_program(h, j, in, out);
    for (int i = 0; i < j->nout && !h->failed; i++) {
        out[i] = key_constraint(h, out[i], atom_aval(&j->out[i]));
        f->out_notes[i] = result_note(h, o->out_def, i);
    }
    if (!h->failed)
        hlo_end(h, f, j->nout, out);
}

/* "jit_f", of letters, digits, underscores, points and dashes. */
static void module_name(text *t, const char *name)
{
    text s = {0};
    bool plain = true;
    for (const char *c = name; *c; c++) {
        bool kept = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                    (*c >= '0' && *c <= '9') || *c == '_' || *c == '.' || *c == '-';
        plain &= *c != '-';
        text_add(&s, "%c", kept ? *c : '_');
    }
    while (s.n && s.at[s.n - 1] == '_')
        s.n--;
    char *made = text_end(&s);
    text_add(t, plain ? "jit_%s" : "\"jit_%s\"", made ? made : "");
    base_free(made);
}

/* Without what nobody reads, and without the inputs that nothing is left of. */
static jaxpr *pruned(jaxpr *j, const stablehlo_options *o, bool *donated)
{
    bool *used_out = base_alloc((size_t)(j->nout + j->nin + 1)), *used_in = used_out + j->nout;
    jaxpr *small = j;
    if (used_out && !o->keep_unused) {
        memset(used_out, true, (size_t)j->nout);
        memset(used_in, false, (size_t)j->nin);
        small = jaxpr_dce(j, used_out, used_in);
    }
    for (int i = 0, k = 0; i < j->nin && used_out && small; i++)
        if (o->keep_unused || used_in[i])
            donated[k++] = o->donated && o->donated[i];
    base_free(used_out);
    return used_out ? small : NULL;
}

/* The program without mutable arrays; NULL after a failure. */
static jaxpr *without_refs(jaxpr *j)
{
    bool takes = jaxpr_has_ref_consts(j);
    for (int i = 0; i < j->nin; i++)
        takes |= j->in[i]->aval.ref;
    if (takes)
        return base_fail(CT_NOT_IMPLEMENTED_ERROR,
                         "StableHLO of a program that takes mutable arrays is not there yet"),
               NULL;
    return j->effects & EFFECT_REF ? jaxpr_discharge(j) : j;
}

bool stablehlo_text(text *t, jaxpr *j, const stablehlo_options *o)
{
    hlo h = {0};
    ct_scope scope = ct_begin();
    bool *donated = arena_alloc(&h.memory, (size_t)j->nin + 1);
    jaxpr *pure = donated ? without_refs(j) : NULL, *small = pure ? pruned(pure, o, donated) : NULL;
    h.failed = !small;
    h.keeps_unused = o->keep_unused;
    if (small)
        write_main(&h, small, o, donated);
    if (!h.failed) {
        text name = {0};
        module_name(&name, o->name ? o->name : "f");
        char *s = text_end(&name);
        hlo_print(t, &h, s ? s : "jit");
        base_free(s);
    }
    for (int64_t i = 0; i < h.held.n; i++)
        object_release(h.held.at[i]);
    vec_free(&h.held);
    vec_free(&h.made);
    vec_free(&h.symbols);
    arena_free(&h.memory);
    ct_end_(scope, NULL);
    return !h.failed;
}

/* Of a jitted function: what it gives away, and whether it keeps what it does not read. */
static bool text_of(text *t, ct_fn f, int n, const ct_tree *args, jaxpr *j, const treedef *out_def)
{
    ct_ints given = ct_jit_donated(f);
    bool *donated = base_zalloc((size_t)j->nin + 1);
    for (int64_t i = 0, leaf = 0; i < n && donated; i++) {
        int64_t count = is_tree(args[i]) ? treedef_leaves(args[i]->def) : 1;
        for (int64_t k = 0; k < count && leaf < j->nin; k++)
            donated[leaf++] = ints_contain(given, i);
    }
    stablehlo_options o = {fn_name(f), out_def, donated, ct_jit_keeps_unused(f)};
    bool good = donated && stablehlo_text(t, j, &o);
    base_free(donated);
    return good;
}

char *ct_stablehlo_text(ct_fn f, int n, const ct_tree *args)
{
    treedef *in_def, *out_def;
    jaxpr *j = transform_stage_like(f, n, args, &in_def, &out_def);
    if (!j)
        return NULL;
    text t = {0};
    bool good = text_of(&t, f, n, args, j, out_def);
    object_release(out_def);
    object_release(in_def);
    object_release(j);
    char *s = text_end(&t);
    if (!good)
        base_free(s);
    return good ? s : NULL;
}

/* What scan and while share: a body is staged on its carry, whose type it must keep. Next: scan.c,
 * while.c. */
#include "transform/loop.h"

#include "cotan/control.h"

void loop_set(ct_array *slot, ct_array value)
{
    if (value)
        object_retain(value);
    object_release(*slot);
    *slot = value;
}

ct_array loop_give(ct_array *slot, const aval *a)
{
    ct_array value = *slot;
    *slot = NULL;
    if (!scope_own(value))
        return array_poison;
    return value->aval.weak == a->weak
               ? value
               : array_view(value, (ct_dtype)a->dtype, a->weak, a->ndim, a->shape);
}

char *loop_string(const char *s)
{
    size_t n = strlen(s) + 1;
    char *copy = base_alloc(n);
    return copy ? memcpy(copy, s, n) : NULL;
}

int64_t loop_unroll(int64_t asked, int64_t length)
{
    return asked != CT_UNROLL_ALL ? asked : length > 1 ? length : 1;
}

/* ---- staging a body ---- */

static bool run_body(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    loop_body *b = env;
    object_release(b->out_def);
    b->out_def = NULL;
    ct_array next = b->counts ? op_add(in[0], op_number(1, in[0])) : NULL;
    if (!fn_call(b->f, b->in_def, nin, in, &b->out_def, &out->n, &out->at))
        return false;
    if (!b->counts)
        return true;
    ct_array *all = base_alloc((size_t)(out->n + 1) * sizeof *all);
    if (!all)
        return false;
    memcpy(all + 1, out->at, (size_t)out->n * sizeof *all);
    base_free(out->at);
    *out = (leaves){out->n + 1, all};
    return !is_poison(all[0] = next);
}

static bool fail_text(text *t)
{
    char *s = text_end(t);
    base_fail(CT_TYPE_ERROR, "%s",
              s ? s : "loop body function carry input and carry output must have equal types");
    base_free(s);
    return false;
}

static const char *kind_name(const treedef *d)
{
    switch ((tree_kind)d->nodes[d->count - 1].kind) {
    case TREE_LEAF:
        return "an array";
    case TREE_NONE:
        return "None";
    case TREE_TUPLE:
        return "a <class 'tuple'>";
    case TREE_LIST:
        return "a <class 'list'>";
    case TREE_DICT:
        return "a <class 'dict'>";
    case TREE_CUSTOM:
    case TREE_STATIC:
        return "a container";
    }
    return "a container";
}

static bool fail_structure(const loop_body *b, const treedef *got)
{
    text t = {0};
    text_add(&t,
             "%s body function carry input and carry output must have the same pytree structure, "
             "but they differ:\n\n",
             b->who);
    const char *name = b->variable ? b->variable : "";
    if (b->carry_def->nodes[b->carry_def->count - 1].kind != got->nodes[got->count - 1].kind) {
        text_add(&t,
                 "The input carry %s is %s but the corresponding component of the carry output is "
                 "%s, so their Python types differ.",
                 name, kind_name(b->carry_def), kind_name(got));
    } else {
        text_add(&t, "The input carry %s has the structure ", name);
        treedef_text(&t, b->carry_def);
        text_add(&t, " but the carry output has ");
        treedef_text(&t, got);
        text_add(&t, ".");
    }
    text_add(&t, "\n\nRevise the function so that the carry output has the same pytree structure "
                 "as the carry input.");
    return fail_text(&t);
}

bool loop_check_structure(const loop_body *b, const aval *first)
{
    const tree_node *root = &b->out_def->nodes[b->out_def->count - 1];
    if (!b->pair)
        return treedef_equal(b->out_def, b->carry_def) || fail_structure(b, b->out_def);
    if ((root->kind != TREE_TUPLE && root->kind != TREE_LIST) || root->arity != 2) {
        text t = {0};
        text_add(&t, "%s body output must be a pair, got ", b->who);
        if (root->kind == TREE_LEAF) {
            text_add(&t, "%s", first->weak ? "~" : "");
            aval_text(&t, first, false);
        } else {
            treedef_text(&t, b->out_def);
        }
        text_add(&t, ".");
        return fail_text(&t);
    }
    int64_t start, count;
    treedef *carry = treedef_child(b->out_def, 0, &start, &count);
    bool same = carry && (treedef_equal(carry, b->carry_def) || fail_structure(b, carry));
    object_release(carry);
    return same;
}

static bool fail_type(const loop_body *b, int64_t leaf, const aval *x, const aval *y)
{
    bool dtypes = x->dtype != y->dtype, shapes = !ints_equal(aval_shape(x), aval_shape(y));
    text t = {0}, path = {0};
    text_add(&t,
             "%s body function carry input and carry output must have equal types, but they "
             "differ:\n\nThe input carry ",
             b->who);
    treedef_path(&path, b->carry_def, leaf);
    char *where = text_end(&path);
    if (where && *where)
        text_add(&t, "component ");
    text_add(&t, "%s%s has type ", b->variable ? b->variable : "carry", where ? where : "");
    base_free(where);
    aval_text(&t, x, false);
    text_add(&t, " but the corresponding output carry component has type ");
    aval_text(&t, y, false);
    text_add(&t,
             ", so %s%s%s.\n\nRevise the function so that all output types match the corresponding "
             "input types.",
             dtypes ? "the dtypes do not match" : "", dtypes && shapes ? ", and " : "",
             shapes ? "the shapes do not match" : "");
    return fail_text(&t);
}

static bool check_types(const loop_body *b, const jaxpr *j, int64_t ncarry)
{
    int64_t counter = b->counts;
    for (int64_t i = counter; i < ncarry; i++) {
        const aval *x = &j->in[i]->aval, *y = atom_aval(&j->out[i]);
        if (!aval_equal(x, y, false))
            return fail_type(b, i - counter, x, y);
    }
    return true;
}

/* A value that is known is converted on the spot. */
static ct_array converted(ct_array x, ct_dtype d)
{
    trace_context saved = trace_enter(is_array(x) ? NULL : core_current);
    ct_array y = op_convert(x, d, false);
    trace_leave(saved);
    return y;
}

/* Weakly typed values of the carry take the dtype that the body promotes them to; *changed when
 * there were any. */
static bool promote_carry(const jaxpr *j, int64_t ncarry, ct_array *carry, bool *changed)
{
    *changed = false;
    for (int64_t i = 0; i < ncarry; i++) {
        const aval *x = &carry[i]->aval, *y = atom_aval(&j->out[i]);
        bool weak;
        ct_dtype d =
            x->weak && x->dtype != y->dtype
                ? dtype_promote((ct_dtype)x->dtype, true, (ct_dtype)y->dtype, y->weak, &weak)
                : (ct_dtype)x->dtype;
        if (d == (ct_dtype)x->dtype || d == CT_NO_DTYPE)
            continue;
        *changed = true;
        if (is_poison(carry[i] = converted(carry[i], d)))
            return false;
    }
    return true;
}

static jaxpr *stage_body(loop_body *b, int64_t n, const aval *avals)
{
    const kept_key key = {b->who, b->counts, b->in_def, n, avals};
    treedef *out_def;
    jaxpr *j = kept_find(b->f, &key, &out_def);
    if (j) {
        object_release(b->out_def);
        b->out_def = out_def;
        return j;
    }
    j = transform_stage((flat){run_body, b, fn_name(b->f), b->who, b->f, b->in_def}, n, avals,
                        fn_name(b->f));
    if (j)
        kept_add(b->f, &key, j, b->out_def);
    return j;
}

jaxpr *loop_stage(loop_body *b, int64_t ncarry, ct_array *carry, int64_t nrest, const aval *rest)
{
    aval *avals = base_alloc((size_t)(ncarry + nrest + 1) * sizeof *avals);
    jaxpr *j = NULL;
    bool good = avals != NULL, again = true;
    if (good && nrest)
        memcpy(avals + ncarry, rest, (size_t)nrest * sizeof *avals);
    while (good && again) {
        object_release(j);
        for (int64_t i = 0; i < ncarry; i++)
            avals[i] = carry[i]->aval;
        j = stage_body(b, ncarry + nrest, avals);
        good = j && loop_check_structure(b, j->nout ? atom_aval(&j->out[0]) : NULL) &&
               promote_carry(j, ncarry, carry, &again);
    }
    good = good && check_types(b, j, ncarry);
    base_free(avals);
    if (good)
        return j;
    object_release(j);
    return NULL;
}

/* ---- what stays as it is ---- */

bool loop_settle(jaxpr *j, loop_shape s, const bool *may, loop_settled *l, arena *a)
{
    int64_t *in = arena_alloc(a, (size_t)(2 * j->nin + 2 * j->nout + 1) * sizeof *in), *out;
    aval *avals = arena_alloc(a, (size_t)(j->nin + 1) * sizeof *avals);
    *l = (loop_settled){.shape = s};
    if (!in || !avals)
        return false;
    l->order = in + j->nin;
    l->result = l->order + j->nin;
    out = l->result + j->nout;
    int n = 0, kept = 0, moving = s.consts + s.carry;
    for (int i = 0; i < s.consts; i++)
        l->order[n++] = i;
    for (int k = 0; k < j->nout; k++) {
        bool carried = k < s.carry;
        int from = carried && may[k] && j->out[k].var == j->in[s.consts + k] ? s.consts + k : -1;
        for (int i = moving; i < j->nin && !carried; i++)
            from = j->out[k].var == j->in[i] ? i : from;
        if (from >= 0 && carried)
            l->order[n++] = from;
        if (from < 0)
            out[kept] = k;
        l->result[k] = from < 0 ? kept++ : ~(int64_t)from;
    }
    l->shape.consts = n;
    for (int i = s.consts; i < j->nin; i++)
        if (i >= moving || l->result[i - s.consts] >= 0)
            l->order[n++] = i;
    l->shape.carry = n - l->shape.consts - s.xs;
    l->shape.ys = kept - l->shape.carry;
    l->j = j;
    for (int i = 0; i < n; i++) {
        in[l->order[i]] = i;
        avals[i] = j->in[l->order[i]]->aval;
    }
    if (kept < j->nout) {
        rewiring w = {
            .name = j->name, .nin = n, .avals = avals, .in = in, .nout = kept, .out = out};
        l->j = jaxpr_rewire(j, &w, j, "settled", (int64_t)((size_t)j->nout * sizeof *l->result),
                            l->result);
    }
    if (l->j)
        object_retain(l->j);
    return l->j;
}

void loop_settle_operands(const loop_settled *l, const ct_array *in, ct_array *out)
{
    for (int i = 0; i < l->j->nin; i++)
        out[i] = in[l->order[i]];
}

void loop_settle_results(const loop_settled *l, int64_t n, const ct_array *in,
                         const ct_array *results, ct_array *out)
{
    for (int64_t k = 0; k < n; k++)
        out[k] = l->result[k] >= 0 ? results[l->result[k]] : in[~l->result[k]];
}

/* Linear equations with a solver of the user's: custom_linear_solve.
 *
 * The operation carries the map (matvec), its transpose (vecmat) and a solver for each, as
 * programs. Its derivative is again a solution: of A dx = db - dA x; its transpose the one with the
 * pairs exchanged. So the solvers are never differentiated. */
#include "cotan/control.h"
#include "ops/ops.h"
#include "transform/loop.h"

/* Operands: the constants of each program, then b; results: x and what else the solver gives. */
enum { MATVEC, VECMAT, SOLVE, TRANSPOSE_SOLVE, PROGRAMS };
typedef struct params_solve {
    ct_ints const_lengths;
    jaxpr_list jaxprs; /* with no solver of the transpose the even ones alone */
} params_solve;

static const param_field solve_fields[] = {
    {"const_lengths", PARAM_INTS, offsetof(params_solve, const_lengths)},
    {"jaxprs", PARAM_JAXPRS, offsetof(params_solve, jaxprs)},
};

/* One program and where its constants begin. */
typedef struct solve_part {
    jaxpr *j;
    int first, count;
} solve_part;

static solve_part part_of(const params_solve *p, int which)
{
    solve_part part = {0};
    bool both = p->jaxprs.n == PROGRAMS;
    if (!both && which % 2)
        return part;
    int at = both ? which : which / 2;
    for (int i = 0; i < at; i++)
        part.first += (int)p->const_lengths.at[i];
    part.count = (int)p->const_lengths.at[at];
    part.j = p->jaxprs.at[at];
    return part;
}

static int const_count(const params_solve *p)
{
    int n = 0;
    for (int i = 0; i < p->const_lengths.n; i++)
        n += (int)p->const_lengths.at[i];
    return n;
}

static bool solve_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                           aval *out, arena *a)
{
    const params_solve *p = params;
    const jaxpr *j = part_of(p, SOLVE).j;
    (void)in, (void)a;
    if (nin < const_count(p) || *nout < j->nout) {
        base_fail(CT_TYPE_ERROR, "%s got %d operands, of which %d should be constants", o->name,
                  nin, const_count(p));
        return false;
    }
    *nout = j->nout;
    for (int i = 0; i < j->nout; i++)
        out[i] = *atom_aval(&j->out[i]);
    return true;
}

static bool solve_fits(const op *o, const void *params, int nin, const aval *in)
{
    const params_solve *p = params;
    int64_t n = p->jaxprs.n, consts = 0;
    bool good = (n == PROGRAMS || n == PROGRAMS / 2) && p->const_lengths.n == n;
    for (int64_t i = 0; i < n && good; i++) {
        good = p->const_lengths.at[i] >= 0 && p->const_lengths.at[i] <= nin;
        consts += p->const_lengths.at[i];
    }
    if (!good || consts > nin) {
        base_fail(CT_TYPE_ERROR, "%s takes two or four programs and the numbers of their constants",
                  o->name);
        return false;
    }
    int b = (int)consts, nb = nin - b;
    for (int k = 0; k < PROGRAMS; k++) {
        solve_part part = part_of(p, k);
        if (!part.j)
            continue;
        if (part.j->nin != part.count + nb || part.j->nout < nb) {
            base_fail(CT_TYPE_ERROR, "%s of %d values: a program takes %d and gives %d", o->name,
                      nb, part.j->nin - part.count, part.j->nout);
            return false;
        }
        if (!inputs_fit(o, part.j, 0, part.count, part.first, in) ||
            !inputs_fit(o, part.j, part.count, nb, b, in))
            return false;
    }
    return true;
}

static bool solve_call(const op *o, const void *params, int nin, const ct_array *in, int nout,
                       ct_array *out)
{
    const params_solve *p = params;
    solve_part part = part_of(p, SOLVE);
    int consts = const_count(p), n = nin - consts;
    (void)o;
    ct_array *given = base_alloc((size_t)(nin + 1) * sizeof *given);
    if (!given)
        return false;
    memcpy(given, in + part.first, (size_t)part.count * sizeof *in);
    memcpy(given + part.count, in + consts, (size_t)n * sizeof *in);
    bool good = transform_run(part.j, part.count + n, given, NULL, nout, out);
    base_free(given);
    return good;
}

static bool bind_solve(const params_solve *p, int nin, const ct_array *in, int nout, ct_array *out)
{
    core_bind(&op_row_custom_linear_solve, p, nin, in, nout, out);
    return values_good(nout, out);
}

/* ---- derivatives ---- */

/* The tangent of A x for the tangents of A's constants, one for each part of x; all NULL without.
 */
static bool moved_product(const params_solve *p, const ct_array *primals, const ct_array *tangents,
                          int nb, const ct_array *x, ct_array *moved, arena *a)
{
    solve_part part = part_of(p, MATVEC);
    bool any = false;
    bool *nonzero = arena_alloc(a, (size_t)(part.count + 2 * nb) + 1),
         *out_nonzero = nonzero + part.count + nb;
    ct_array *in = arena_alloc(a, (size_t)(2 * part.count + 3 * nb + 1) * sizeof *in),
             *results = in + 2 * part.count + nb;
    int n = part.count + nb;
    if (!nonzero || !in)
        return false;
    memset(moved, 0, (size_t)nb * sizeof *moved);
    for (int i = 0; i < part.count; i++) {
        ct_array t = tangents[part.first + i];
        in[i] = primals[part.first + i];
        if ((nonzero[i] = t != NULL))
            in[n++] = t;
        any = any || t;
    }
    for (int i = 0; i < nb; i++) {
        in[part.count + i] = x[i];
        nonzero[part.count + i] = false;
    }
    if (!any)
        return true;
    jaxpr *made = jaxpr_jvp(part.j, nonzero, false, out_nonzero);
    if (!made || !jaxpr_eval(made, n, in, made->nout, results))
        return false;
    for (int i = 0, next = nb; i < nb; i++)
        moved[i] = out_nonzero[i] ? results[next++] : NULL;
    return true;
}

static bool solve_jvp(const op *o, const void *params, int nin, const ct_array *primals,
                      const ct_array *tangents, int nout, ct_array *out, ct_array *out_tangents)
{
    const params_solve *p = params;
    int consts = const_count(p), nb = nin - consts;
    (void)o;
    arena memory = {0};
    ct_array *in = arena_alloc(&memory, (size_t)(nin + nb + nout + 1) * sizeof *in),
             *moved = in + nin, *results = moved + nb;
    bool good = in && bind_solve(p, nin, primals, nout, out) &&
                moved_product(p, primals, tangents, nb, out, moved, &memory);
    bool any = false;
    for (int i = 0; i < nb && good; i++) {
        ct_array t = tangents[consts + i], m = moved[i];
        any = any || t || m;
        in[consts + i] = !m   ? t ? t : op_full(&primals[consts + i]->aval, 0)
                           : !t ? op_neg(m)
                              : op_sub(t, m);
        good = !is_poison(in[consts + i]);
    }
    if (good && any) {
        memcpy(in, primals, (size_t)consts * sizeof *in);
        good = bind_solve(p, nin, in, nout, results);
    }
    for (int i = 0; i < nout && good; i++)
        out_tangents[i] = any && i < nb ? results[i] : NULL;
    arena_free(&memory);
    return good;
}

static bool solve_transpose(const op *o, const void *params, int nin, const ct_array *in,
                            const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    const params_solve *p = params;
    int consts = const_count(p), nb = nin - consts;
    if (p->jaxprs.n < PROGRAMS) {
        base_fail(CT_TYPE_ERROR,
                  "transpose_solve required for backwards mode automatic "
                  "differentiation of %s",
                  o->name);
        return false;
    }
    for (int i = 0; i < nin; i++)
        if ((i < consts) != (in[i] != NULL)) {
            base_fail(CT_NOT_IMPLEMENTED_ERROR,
                      "%s is transposed in b as a whole, and in nothing else", o->name);
            return false;
        }
    arena memory = {0};
    params_solve q = {{PROGRAMS, arena_alloc(&memory, PROGRAMS * sizeof(int64_t))},
                      {PROGRAMS, arena_alloc(&memory, PROGRAMS * sizeof(jaxpr *))}};
    ct_array *given = arena_alloc(&memory, (size_t)(nin + 1) * sizeof *given), *results;
    int n = 0;
    bool good = q.const_lengths.at && q.jaxprs.at && given;
    for (int which = 0; which < PROGRAMS && good; which++) {
        solve_part part = part_of(p, which ^ 1); /* a map and its transpose are neighbours */
        q.jaxprs.at[which] = part.j;
        ((int64_t *)(uintptr_t)q.const_lengths.at)[which] = part.count;
        memcpy(given + n, in + part.first, (size_t)part.count * sizeof *in);
        n += part.count;
    }
    for (int i = 0; i < nb && good; i++)
        good = !is_poison(given[n++] = cts[i] ? cts[i] : op_full(&in_avals[consts + i], 0));
    (void)nout;
    int count = good ? part_of(&q, SOLVE).j->nout : 0;
    results = arena_alloc(&memory, (size_t)(count + 1) * sizeof *results);
    good = good && results && bind_solve(&q, n, given, count, results);
    for (int i = 0; i < nin && good; i++)
        out[i] = i < consts ? NULL : results[i - consts];
    arena_free(&memory);
    return good;
}

/* Everything is mapped but constants that aren't. */
static bool solve_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                       const int *dims, int nout, ct_array *out, int *out_dims)
{
    const params_solve *p = params;
    int consts = const_count(p), nb = nin - consts;
    (void)o;
    arena memory = {0};
    params_solve q = {p->const_lengths,
                      {p->jaxprs.n, arena_alloc(&memory, PROGRAMS * sizeof(jaxpr *))}};
    ct_array *given = arena_alloc(&memory, (size_t)(nin + 1) * sizeof *given);
    bool *mapped = arena_alloc(&memory, (size_t)(nin + nin + nout) + 1);
    bool good = q.jaxprs.at && given && mapped;
    for (int i = 0; i < nin && good; i++)
        good = !is_poison(given[i] = i < consts && dims[i] == NOT_MAPPED
                                         ? in[i]
                                         : batch_front(in[i], dims[i], b.size));
    for (int which = 0, at = 0; which < PROGRAMS && good; which++) {
        solve_part part = part_of(p, which);
        if (!part.j)
            continue;
        for (int i = 0; i < part.count; i++)
            mapped[i] = dims[part.first + i] != NOT_MAPPED;
        bool *out_mapped = mapped + part.count + nb;
        memset(mapped + part.count, 1, (size_t)(nb + part.j->nout));
        good = (q.jaxprs.at[at++] = jaxpr_vmap(part.j, b, mapped, out_mapped)) != NULL;
    }
    good = good && bind_solve(&q, nin, given, nout, out);
    memset(out_dims, 0, (size_t)nout * sizeof *out_dims);
    arena_free(&memory);
    return good;
}

const op op_row_custom_linear_solve = {
    .name = "custom_linear_solve",
    .flags = OP_MULTIPLE | OP_CALL,
    .code = OP_custom_linear_solve,
    .operands = ANY_OPERANDS,
    .fields = solve_fields,
    .nfields = 2,
    .params_size = sizeof(params_solve),
    .abstract = solve_abstract,
    .fits = solve_fits,
    .call = solve_call,
    .jvp = solve_jvp,
    .transpose = solve_transpose,
    .vmap = solve_vmap,
};

/* ---- the function ---- */

typedef struct solve_fn {
    struct ct_function head;
    ct_fn fns[PROGRAMS]; /* vecmat: always NULL */
    bool symmetric, has_aux;
} solve_fn;

static bool check_result(const char *what, const treedef *def, int64_t n, const aval *want,
                         const treedef *got, const jaxpr *j)
{
    text t = {0};
    if (!treedef_equal(def, got)) {
        text_add(&t, "%s() output pytree structure must match b, got ", what);
        treedef_text(&t, got);
        text_add(&t, " and ");
        treedef_text(&t, def);
        text_add(&t, ".");
    }
    for (int64_t i = 0; i < n && !t.n; i++) {
        const aval *a = atom_aval(&j->out[i]);
        if (aval_equal(a, &want[i], false))
            continue;
        text_add(&t, "%s() output shapes must match b, got ", what);
        aval_text(&t, a, false);
        text_add(&t, " and ");
        aval_text(&t, &want[i], false);
        text_add(&t, ".");
    }
    if (!t.n)
        return true;
    char *s = text_end(&t);
    base_fail(treedef_equal(def, got) ? CT_VALUE_ERROR : CT_TYPE_ERROR, "%s", s ? s : what);
    base_free(s);
    return false;
}

/* The program of one of the functions of b, its constants in front, in *consts; a new reference. */
static jaxpr *stage_part(const solve_fn *f, int which, const treedef *in_def, const treedef *def,
                         int64_t n, const aval *avals, jaxpr **closed, treedef **result)
{
    static const char *const names[] = {"matvec", "vecmat", "solve", "transpose_solve"};
    bool aux = f->has_aux && which != MATVEC;
    *closed = transform_stage_fn(f->fns[which], "custom_linear_solve", in_def, n, avals, result);
    treedef *main = *closed ? *result : NULL;
    int64_t first, count;
    if (main && aux) {
        const tree_node *root = &main->nodes[main->count - 1];
        if (root->kind != TREE_TUPLE || root->arity != 2) {
            base_fail(CT_TYPE_ERROR, "%s must return a pair (x, aux) with has_aux=True",
                      names[which]);
            return NULL;
        }
        main = treedef_child(*result, 0, &first, &count);
    }
    bool good = main && check_result(names[which], def, n, avals, main, *closed);
    if (aux)
        object_release(main);
    return good ? jaxpr_consts_to_inputs(*closed) : NULL;
}

/* The programs of a call: whole ones, and what they close over. */
typedef struct staged {
    jaxpr *open[PROGRAMS];
    const jaxpr *consts[PROGRAMS]; /* whose constants each takes */
    jaxpr *closed[PROGRAMS];
    treedef *results[PROGRAMS];
} staged;

static void staged_free(staged *s)
{
    for (int i = 0; i < PROGRAMS; i++) {
        object_release(s->open[i]);
        object_release(s->closed[i]);
        object_release(s->results[i]);
    }
}

static jaxpr *transposed_map(jaxpr *matvec, int nconsts)
{
    bool *linear = base_alloc((size_t)(matvec->nin + matvec->nout + 1));
    if (!linear)
        return NULL;
    memset(linear, 1, (size_t)(matvec->nin + matvec->nout));
    memset(linear, 0, (size_t)nconsts);
    jaxpr *made = jaxpr_transpose(matvec, linear, linear + matvec->nin);
    base_free(linear);
    if (made)
        object_retain(made);
    return made;
}

static bool share(staged *s, int to, int from)
{
    s->open[to] = s->open[from];
    s->consts[to] = s->consts[from];
    object_retain(s->open[to]);
    return true;
}

static bool stage_all(const solve_fn *f, const treedef *in_def, const treedef *def, int64_t n,
                      const aval *avals, staged *s)
{
    for (int i = 0; i < PROGRAMS; i += 1 + (i == MATVEC)) {
        if (!f->fns[i])
            continue;
        s->open[i] = stage_part(f, i, in_def, def, n, avals, &s->closed[i], &s->results[i]);
        s->consts[i] = s->closed[i];
        if (!s->open[i])
            return false;
    }
    if (!f->fns[TRANSPOSE_SOLVE] && !f->symmetric)
        return true;
    if (!f->fns[TRANSPOSE_SOLVE])
        share(s, TRANSPOSE_SOLVE, SOLVE);
    if (f->symmetric)
        return share(s, VECMAT, MATVEC);
    s->consts[VECMAT] = s->consts[MATVEC];
    return (s->open[VECMAT] = transposed_map(s->open[MATVEC], s->closed[MATVEC]->nconsts));
}

static bool bind_staged(const staged *s, int64_t n, const ct_array *b, leaves *out)
{
    int64_t lengths[PROGRAMS], total = n;
    jaxpr *programs[PROGRAMS];
    params_solve p = {{0, lengths}, {0, programs}};
    for (int i = 0; i < PROGRAMS; i++)
        if (s->open[i]) {
            programs[p.jaxprs.n++] = s->open[i];
            total += lengths[p.const_lengths.n++] = s->consts[i]->nconsts;
        }
    ct_array *in = base_alloc((size_t)(total + 1) * sizeof *in);
    int64_t nout = s->open[SOLVE]->nout, m = 0;
    *out = (leaves){nout, base_alloc((size_t)(nout + 1) * sizeof *out->at)};
    bool good = in && out->at;
    for (int i = 0; i < PROGRAMS && good; i++)
        for (int k = 0; s->open[i] && k < s->consts[i]->nconsts; k++)
            in[m++] = s->consts[i]->consts[k];
    if (good) {
        memcpy(in + m, b, (size_t)n * sizeof *in);
        good = bind_solve(&p, (int)total, in, (int)nout, out->at);
    }
    base_free(in);
    if (!good)
        leaves_free(out);
    return good;
}

static bool solve_fn_call(ct_fn base, const treedef *in_def, int64_t nin, const ct_array *in,
                          treedef **out_def, int64_t *nout, ct_array **out)
{
    const solve_fn *f = (const solve_fn *)base;
    int64_t first, count;
    leaves results = {0};
    staged s = {0};
    treedef *def = treedef_child(in_def, 0, &first, &count);
    aval *avals = base_alloc((size_t)(nin + 1) * sizeof *avals);
    for (int64_t i = 0; i < nin && avals; i++)
        avals[i] = in[i]->aval;
    bool good = def && avals && stage_all(f, in_def, def, nin, avals, &s) &&
                bind_staged(&s, nin, in, &results);
    if (good) {
        *out_def = s.results[SOLVE];
        object_retain(*out_def);
    }
    *nout = results.n;
    *out = results.at;
    staged_free(&s);
    object_release(def);
    base_free(avals);
    return good;
}

static void solve_fn_destroy(ct_fn base)
{
    for (int i = 0; i < PROGRAMS; i++)
        object_release(((solve_fn *)base)->fns[i]);
}

static const fn_class solve_class = {.call = solve_fn_call, .destroy = solve_fn_destroy};

ct_fn ct_custom_linear_solve_(const ct_linear_solve_args *args)
{
    solve_fn *f = args->matvec && args->solve ? (solve_fn *)fn_new(&solve_class, sizeof *f) : NULL;
    if (!f)
        return NULL;
    ct_fn given[PROGRAMS] = {args->matvec, NULL, args->solve, args->transpose_solve};
    for (int i = 0; i < PROGRAMS; i++)
        if ((f->fns[i] = given[i]))
            object_retain(given[i]);
    f->symmetric = args->symmetric;
    f->has_aux = args->has_aux;
    return &f->head;
}

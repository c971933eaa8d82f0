/* linear_transpose: a function is staged, and the program's equations are transposed from last to
 * first (transpose.c).
 *
 * That takes equations whose results are all linear or all known. A call, a loop or a branch may
 * have results of both sorts (the derivative of a loop staged as one function of the tangent, or a
 * counter beside a linear carry). A program with such equations is linearized first, which takes
 * them apart, and is linear if nothing that its derivative keeps depends on its inputs. */
#include "cotan/transform.h"

#include "ops/ops.h"
#include "transform/functions.h"
#include "transform/partial.h"

typedef struct transposed {
    struct ct_function head;
    jaxpr *j;                    /* the function as it was staged */
    jaxpr *residuals, *tangents; /* () -> (residuals...), (residuals..., in...) -> results that
                                    are not zero; NULL: j can be transposed as it is */
    bool *nonzero;               /* by result of j */
    treedef *in_def, *out_def;
} transposed;

static void transposed_destroy(ct_fn base)
{
    transposed *t = (transposed *)base;
    object_release(t->residuals);
    object_release(t->tangents);
    object_release(t->j);
    object_release(t->in_def);
    object_release(t->out_def);
    base_free(t->nonzero);
}

static bool holds_programs(const jaxpr *j)
{
    for (const eqn *e = j->eqns; e; e = e->next)
        if (params_program(e->op, e->params, 0))
            return true;
    return false;
}

static bool is_inexact(const jaxpr *j)
{
    for (int i = 0; i < j->nin; i++)
        if (!dtype_inexact((ct_dtype)j->in[i]->aval.dtype))
            return false;
    return true;
}

/* Takes the staged program apart. */
static bool split_linear(transposed *t)
{
    jaxpr *j = t->j, *known;
    size_t n = (size_t)j->nin + 1;
    bool *moving = base_alloc(n), *reads = base_zalloc(n), *wanted = NULL;
    t->nonzero = base_zalloc((size_t)j->nout + 1);
    bool good = moving && reads && t->nonzero;
    if (good) {
        memset(moving, 1, n);
        good = jaxpr_linearize(j, moving, t->nonzero, &known, &t->tangents) &&
               (wanted = base_zalloc((size_t)known->nout + 1));
    }
    if (good) {
        object_retain(t->tangents);
        memset(wanted + j->nout, 1, (size_t)(known->nout - j->nout));
        good = (t->residuals = jaxpr_dce(known, wanted, reads)) != NULL;
        object_retain(t->residuals);
    }
    for (int i = 0; i < j->nin && good; i++)
        if (reads[i]) {
            base_fail(CT_NOT_IMPLEMENTED_ERROR,
                      "linear_transpose of %s, which is not linear: its derivative depends on "
                      "where it is taken.",
                      j->name ? j->name : "a function");
            good = false;
        }
    base_free(moving), base_free(reads), base_free(wanted);
    return good;
}

/* Cotangents of the inputs, NULL where zero. */
static bool transpose_split(const transposed *t, const ct_array *cts, ct_array *in_cts)
{
    const jaxpr *j = t->tangents;
    int kept = t->residuals->nout, n = 0;
    arena memory = {0};
    ct_array *in = arena_alloc(&memory, (size_t)(2 * j->nin + j->nout + 1) * sizeof *in),
             *all_cts = in + j->nin, *out_cts = all_cts + j->nin;
    bool *linear = arena_alloc(&memory, (size_t)j->nin + 1);
    bool good = in && linear && jaxpr_eval(t->residuals, 0, NULL, kept, in);
    for (int i = 0; i < j->nin && good; i++)
        linear[i] = i >= kept;
    for (int i = 0; i < t->j->nout; i++)
        if (good && t->nonzero[i])
            out_cts[n++] = cts[i];
    good = good && jaxpr_backward(j, j->nin, linear, in, j->nout, out_cts, all_cts);
    if (good)
        memcpy(in_cts, all_cts + kept, (size_t)(j->nin - kept) * sizeof *in_cts);
    arena_free(&memory);
    return good;
}

/* The same where all equations are linear or known as a whole. */
static bool transpose_whole(const transposed *t, const ct_array *cts, ct_array *in_cts)
{
    bool *all = base_alloc((size_t)t->j->nin + 1);
    if (!all)
        return false;
    memset(all, 1, (size_t)t->j->nin);
    bool good = jaxpr_backward(t->j, t->j->nin, all, NULL, t->j->nout, cts, in_cts);
    base_free(all);
    return good;
}

static bool transposed_call(ct_fn base, const treedef *in_def, int64_t nin, const ct_array *in,
                            treedef **out_def, int64_t *nout, ct_array **out)
{
    transposed *t = (transposed *)base;
    int64_t first, count;
    treedef *given =
        treedef_root(in_def)->arity == 2 ? treedef_child(in_def, 0, &first, &count) : NULL;
    bool same = given && treedef_equal(given, t->out_def);
    object_release(given);
    if (!same || nin != t->j->nout) {
        base_fail(CT_TYPE_ERROR,
                  "cotangent tree does not match function output of linear_transpose");
        return false;
    }
    for (int i = 0; i < t->j->nout; i++)
        if (!operand_fits(atom_aval(&t->j->out[i]), in[i]))
            return fail_type(
                CT_TYPE_ERROR,
                "linear_transpose: cotangent type does not match function output: got ", in[i],
                " but expected ", atom_aval(&t->j->out[i]));
    leaves cts = {t->j->nin, base_zalloc((size_t)(t->j->nin + 1) * sizeof *cts.at)};
    bool good = cts.at && (t->tangents ? transpose_split : transpose_whole)(t, in, cts.at);
    for (int i = 0; i < t->j->nin && good; i++)
        if (!cts.at[i])
            good = !is_poison(cts.at[i] = op_full(&t->j->in[i]->aval, 0));
    *out_def = good ? positional_def(t->in_def) : NULL;
    *nout = cts.n;
    *out = cts.at;
    return *out_def != NULL;
}

static const fn_class transposed_class = {.call = transposed_call, .destroy = transposed_destroy};

/* Whether cotangents of the results are of the kind that the arguments take. */
static bool check_kinds(const jaxpr *j)
{
    bool floats = true, integers = true;
    for (int i = 0; i < j->nin + j->nout; i++) {
        const aval *a = i < j->nin ? &j->in[i]->aval : atom_aval(&j->out[i - j->nin]);
        floats &= dtype_inexact((ct_dtype)a->dtype);
        integers &= dtype_is((ct_dtype)a->dtype, FAMILY_INT | FAMILY_UINT);
    }
    if (floats || integers)
        return true;
    text t = {0};
    for (int i = 0; i < j->nin; i++)
        text_add(&t, i ? ", %s" : "[%s", ct_dtype_name((ct_dtype)j->in[i]->aval.dtype));
    for (int i = 0; i < j->nout; i++)
        text_add(&t, i ? ", %s" : "] -> [%s",
                 ct_dtype_name((ct_dtype)atom_aval(&j->out[i])->dtype));
    char *dtypes = text_end(&t);
    base_fail(CT_TYPE_ERROR,
              "linear_transpose only supports [float or complex] -> [float or complex], and "
              "integer -> integer functions, but got %s].",
              dtypes ? dtypes : "[");
    base_free(dtypes);
    return false;
}

ct_fn ct_linear_transpose_(ct_fn f, ct_tree primals)
{
    int64_t n = 0;
    ct_array *in = NULL;
    transposed *t = (transposed *)fn_new(&transposed_class, sizeof *t);
    treedef *def = f && t ? pack_tuple("jax.linear_transpose", primals, &n, &in) : NULL;
    aval *avals = def ? base_alloc((size_t)(n + 1) * sizeof *avals) : NULL;
    for (int64_t i = 0; i < n && avals; i++)
        avals[i] = in[i]->aval;
    if (avals) {
        t->in_def = def;
        object_retain(def);
        t->j = transform_stage_fn(f, "linear_transpose", def, n, avals, &t->out_def);
    }
    bool good = avals && t->j && check_kinds(t->j);
    if (good && holds_programs(t->j) && is_inexact(t->j))
        good = split_linear(t);
    object_release(def);
    base_free(avals);
    base_free(in);
    return good ? &t->head : NULL;
}

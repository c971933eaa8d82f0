/* Control flow without jit (jax_disable_jit): the user's functions run step by step on the values
 * themselves, so that they can be printed and looked at. */
#include "cotan/control.h"
#include "transform/loop.h"

/* Row i of an array, traced or not. */
static ct_array row_of(ct_array x, int64_t i)
{
    int ndim = x->aval.ndim;
    int64_t *from = base_zalloc((size_t)(2 * ndim) * sizeof *from), *to = from + ndim;
    if (!from)
        return array_poison;
    memcpy(to, x->aval.shape, (size_t)ndim * sizeof *to);
    from[0] = i;
    to[0] = i + 1;
    ct_array row =
        op_squeeze(op_slice(x, (ct_ints){ndim, from}, (ct_ints){ndim, to}, (ct_ints){0}), I(0));
    base_free(from);
    return row;
}

/* One step: replaces the carry, and writes what else the body returns to ys, which is allocated for
 * `steps` steps by the first. */
static bool plain_step(loop_body *b, int64_t nin, ct_array *args, int64_t ncarry, ct_array **ys,
                       int64_t step, int64_t steps)
{
    leaves out = {0};
    object_release(b->out_def);
    b->out_def = NULL;
    bool good = fn_call(b->f, b->in_def, nin, args, &b->out_def, &out.n, &out.at) &&
                loop_check_structure(b, out.n ? &out.at[0]->aval : NULL);
    int64_t ny = out.n - ncarry;
    if (good && !*ys)
        good = (*ys = base_zalloc((size_t)(ny * steps + 1) * sizeof **ys)) != NULL;
    for (int64_t k = 0; k < out.n && good; k++)
        *(k < ncarry ? &args[nin - b->nslices - ncarry + k] : &(*ys)[(k - ncarry) * steps + step]) =
            out.at[k];
    if (good && base_interrupted()) {
        base_fail(CT_INTERRUPTED, "interrupted in a %s", b->who);
        good = false;
    }
    leaves_free(&out);
    return good;
}

bool plain_scan(loop_body *b, int64_t length, bool reverse, int64_t ncarry, int64_t nin,
                const ct_array *in, leaves *out)
{
    ct_array *args = base_alloc((size_t)(nin + 1) * sizeof *args), *ys = NULL;
    bool good = args;
    if (!length) {
        base_fail(CT_VALUE_ERROR, "zero-length scan is not supported in disable_jit() mode because "
                                  "the output type is unknown.");
        good = false;
    }
    b->nslices = nin - ncarry;
    if (good)
        memcpy(args, in, (size_t)ncarry * sizeof *args);
    for (int64_t k = 0; k < length && good; k++) {
        int64_t at = reverse ? length - 1 - k : k;
        for (int64_t i = ncarry; i < nin && good; i++)
            good = !is_poison(args[i] = row_of(in[i], at));
        good = good && plain_step(b, nin, args, ncarry, &ys, at, length);
    }
    int64_t nout = good ? b->out_def->nodes[b->out_def->count - 1].leaves : 0;
    *out = (leaves){nout, good ? base_alloc((size_t)(nout + 1) * sizeof *out->at) : NULL};
    good = out->at;
    if (good)
        memcpy(out->at, args, (size_t)ncarry * sizeof *args);
    for (int64_t k = 0; k < nout - ncarry && good; k++)
        good = !is_poison(out->at[ncarry + k] = op_stack(length, ys + k * length, 0));
    base_free(args);
    base_free(ys);
    return good;
}

bool plain_fori(loop_body *b, int64_t from, int64_t to, int64_t nin, ct_array *args, leaves *out)
{
    ct_array *none = NULL;
    ct_array index = args[0];
    bool good = true;
    for (int64_t i = from; i < to && good; i++)
        good = !is_poison(args[0] = op_number((double)i, index)) &&
               plain_step(b, nin, args, nin - 1, &none, 0, 0);
    base_free(none);
    *out = (leaves){nin - 1, good ? base_alloc((size_t)nin * sizeof *out->at) : NULL};
    if (out->at)
        memcpy(out->at, args + 1, (size_t)(nin - 1) * sizeof *args);
    return out->at;
}

/* The condition's value, if it has one. */
static bool holds(ct_fn test, const treedef *in_def, int64_t n, const ct_array *in, bool *known,
                  bool *value)
{
    leaves out = {0};
    treedef *def = NULL;
    ct_array concrete;
    bool good = fn_call(test, in_def, n, in, &def, &out.n, &out.at);
    *known = good && out.n == 1 && core_concrete(out.at[0], &concrete) && !concrete->aval.ndim &&
             concrete->aval.dtype == CT_BOOL;
    if (*known)
        *value = *(const char *)concrete->data;
    object_release(def);
    leaves_free(&out);
    return good;
}

bool plain_while(loop_body *b, ct_fn test, int64_t n, const ct_array *in, bool *done, leaves *out)
{
    ct_array *args = base_alloc((size_t)(n + 1) * sizeof *args), *none = NULL;
    bool good = args, goes_on = true;
    *done = true;
    if (good)
        memcpy(args, in, (size_t)n * sizeof *args);
    while (good && *done && goes_on)
        good = holds(test, b->in_def, n, args, done, &goes_on) &&
               (!*done || !goes_on || plain_step(b, n, args, n, &none, 0, 0));
    base_free(none);
    if (good && *done)
        *out = (leaves){n, args};
    else
        base_free(args);
    return good;
}

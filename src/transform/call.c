/* The rules of operations that run one program (jit, remat2): the program is transformed, and what
 * comes of it bound as the same operation. Next: program.c makes the derived programs. */
#include "transform/call.h"
#include "ops/rules.h"

bool call_abstract(const op *o, const void *params, int nin, const aval *in, int *nout, aval *out,
                   arena *a)
{
    const jaxpr *j = params_jaxpr(o, params);
    (void)nin, (void)in, (void)a;
    if (!gives_results(o, nout, j->nout))
        return false;
    *nout = j->nout;
    for (int i = 0; i < j->nout; i++)
        out[i] = *atom_aval(&j->out[i]);
    return true;
}

bool call_bind(const op *o, const void *params, jaxpr *j, int nin, const ct_array *in,
               ct_array *out)
{
    _Alignas(max_align_t) char copy[128];
    if (o->params_size > sizeof copy)
        return base_fail(CT_RUNTIME_ERROR, "%s has too many parameters for a call", o->name), false;
    memcpy(copy, params, o->params_size);
    for (int i = 0; i < o->nfields; i++) {
        char *at = copy + o->fields[i].offset;
        if (o->fields[i].kind == PARAM_JAXPR)
            *(jaxpr **)at = j;
        else if (o->fields[i].kind == PARAM_DONATED)
            *(ct_ints *)at = (ct_ints){0};
        else if (o->fields[i].kind == PARAM_STRING && !strcmp(o->fields[i].name, "name"))
            *(const char **)at = j->name;
    }
    core_bind(o, copy, nin, in, j->nout, out);
    return values_good(j->nout, out);
}

bool call_jvp(const op *o, const void *params, int nin, const ct_array *primals,
              const ct_array *tangents, int nout, ct_array *out, ct_array *out_tangents)
{
    jaxpr *j = params_jaxpr(o, params);
    bool *nonzero = base_alloc((size_t)(nin + nout + 1)), *out_nonzero = nonzero + nin;
    ct_array *in = base_alloc((size_t)(2 * nin + 2 * nout + 1) * sizeof *in),
             *results = in + 2 * nin;
    bool good = nonzero && in;
    int n = nin;
    for (int i = 0; i < nin && good; i++) {
        in[i] = primals[i];
        nonzero[i] = tangents[i] != NULL;
        if (tangents[i])
            in[n++] = tangents[i];
    }
    jaxpr *made = good ? jaxpr_jvp(j, nonzero, false, out_nonzero) : NULL;
    good = made != NULL;
    if (good) {
        good = call_bind(o, params, made, n, in, results);
        int next = nout;
        for (int i = 0; i < nout && good; i++) {
            out[i] = results[i];
            out_tangents[i] = out_nonzero[i] ? results[next++] : NULL;
        }
    }
    base_free(nonzero);
    base_free(in);
    return good;
}

bool call_transpose(const op *o, const void *params, int nin, const ct_array *in,
                    const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    jaxpr *j = params_jaxpr(o, params);
    (void)in_avals;
    bool *flags = base_alloc((size_t)(nin + nout + 1)), *ct_nonzero = flags + nin;
    ct_array *values = base_alloc((size_t)(2 * nin + nout + 1) * sizeof *values),
             *results = values + nin + nout;
    bool good = flags && values;
    int n = 0;
    for (int i = 0; i < nin && good; i++) {
        flags[i] = in[i] == NULL;
        if (in[i])
            values[n++] = in[i];
    }
    for (int i = 0; i < nout && good; i++) {
        ct_nonzero[i] = cts[i] != NULL;
        if (cts[i])
            values[n++] = cts[i];
    }
    jaxpr *made = good ? jaxpr_transpose(j, flags, ct_nonzero) : NULL;
    good = made != NULL;
    if (good) {
        good = call_bind(o, params, made, n, values, results);
        int next = 0;
        for (int i = 0; i < nin && good; i++)
            out[i] = flags[i] ? results[next++] : NULL;
    }
    base_free(flags);
    base_free(values);
    return good;
}

bool call_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
               const int *dims, int nout, ct_array *out, int *out_dims)
{
    jaxpr *j = params_jaxpr(o, params);
    bool *mapped = base_alloc((size_t)(nin + nout + 1)), *out_mapped = mapped + nin;
    ct_array *values = base_alloc((size_t)(nin + 1) * sizeof *values);
    bool good = mapped && values;
    for (int i = 0; i < nin && good; i++) {
        mapped[i] = dims[i] != NOT_MAPPED;
        good = !is_poison(values[i] = mapped[i] ? batch_front(in[i], dims[i], b.size) : in[i]);
    }
    if (good)
        memset(out_mapped, 0, (size_t)nout);
    jaxpr *made = good ? jaxpr_vmap(j, b, mapped, out_mapped) : NULL;
    good = made != NULL;
    if (good) {
        good = call_bind(o, params, made, nin, values, out);
        for (int i = 0; i < nout; i++)
            out_dims[i] = out_mapped[i] ? 0 : NOT_MAPPED;
    }
    base_free(mapped);
    base_free(values);
    return good;
}

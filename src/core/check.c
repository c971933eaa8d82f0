/* What a program may have checked while it is debugged: results for NaNs and infinities, programs
 * for being well formed, traced functions for values that escape. */
#include "core/core.h"

check_flags core_checks;

bool core_may_run(const char *what)
{
    if (core_checks.no_execution)
        base_fail(
            CT_RUNTIME_ERROR,
            "JAX tried to execute function jit(%s), but the no_execution config option is set",
            what);
    return !core_checks.no_execution;
}

/* Real and imaginary parts one after the other. */
static double component(ct_array a, int64_t i)
{
    switch (a->aval.dtype) {
    case CT_COMPLEX64:
        return ((const float *)a->data)[i];
    case CT_COMPLEX128:
        return ((const double *)a->data)[i];
    }
    return array_get_double(a, i);
}

static const char *bad_element(ct_array a)
{
    ct_dtype d = (ct_dtype)a->aval.dtype;
    if (!is_array(a) || array_deleted(a) || !dtype_inexact(d))
        return NULL;
    int64_t n = dtype_is(d, FAMILY_COMPLEX) ? 2 * a->size : a->size;
    for (int64_t i = 0; i < n; i++) {
        double v = component(a, i);
        if (core_checks.nans && v != v)
            return "nan";
        if (core_checks.infs && __builtin_isinf(v))
            return "inf";
    }
    return NULL;
}

const char *core_bad_value(int n, const ct_array *values)
{
    const char *bad = NULL;
    for (int i = 0; i < n && !bad; i++)
        bad = bad_element(values[i]);
    return bad;
}

/* The calls that are being checked as a whole, and what made the first bad value in them. */
static _Thread_local int within;
static _Thread_local const char *culprit;

bool core_check_values(const char *operation, int n, const ct_array *values)
{
    const char *bad = within && culprit ? NULL : core_bad_value(n, values);
    if (bad && within)
        return culprit = operation, true;
    if (bad)
        base_fail(CT_FLOATING_POINT_ERROR, "invalid value (%s) encountered in %s", bad, operation);
    return !bad;
}

void core_checks_begin(void)
{
    if (!within++)
        culprit = NULL;
}

bool core_checks_end(ct_tree results)
{
    const ct_array *values;
    int64_t n = tree_leaves(&results, &values);
    return --within || !culprit || core_check_values(culprit, (int)n, values);
}

/* ---- values that escape ---- */

bool (*core_collect)(void);
void (*core_holders)(text *t, ct_array tracer);

bool trace_watch(trace *t, ct_array tracer) { return vec_push(&t->watched, tracer); }

void trace_unwatch(trace *t, ct_array dying)
{
    for (int64_t i = t->watched.n; i-- > 0;)
        if (t->watched.at[i] == dying) {
            t->watched.at[i] = t->watched.at[--t->watched.n];
            return;
        }
}

/* Tracers that the host still has an object of; what else keeps them is the library's business. */
static int64_t escaped(const trace *t)
{
    int64_t n = 0;
    for (int64_t i = 0; i < t->watched.n; i++)
        n += !core_collect || t->watched.at[i]->host;
    return n;
}

static void tracer_text(text *t, ct_array tracer)
{
    text_add(t, "\n\n%s of type ", tracer->trace->class->name);
    aval_text(t, &tracer->aval, false);
    const source_line *made =
        tracer->trace->class->made_at ? tracer->trace->class->made_at(tracer) : NULL;
    if (made && made->file) {
        text_add(t, ", created on line ");
        source_text(t, made);
    }
    if (core_holders)
        core_holders(t, tracer);
}

static bool check_leaks(trace *t)
{
    enum { MOST_SHOWN = 5 };
    if (!escaped(t) || (core_collect && core_collect() && !escaped(t)))
        return true;
    text m = {0};
    text_add(&m, "Leaked trace. The function ");
    traced_text(&m, &t->of);
    text_add(&m,
             " traced for %s has returned, and something still refers to %lld of its values. "
             "Leaked tracer(s):",
             t->of.by ? t->of.by : "a transformation", (long long)escaped(t));
    for (int64_t i = 0, shown = 0; i < t->watched.n && shown < MOST_SHOWN; i++)
        if (!core_collect || t->watched.at[i]->host) {
            tracer_text(&m, t->watched.at[i]);
            shown++;
        }
    char *message = text_end(&m);
    base_fail(CT_UNEXPECTED_TRACER_ERROR, "%s", message ? message : "Leaked tracers.");
    base_free(message);
    return false;
}

bool trace_end(trace *t, bool good)
{
    t->alive = false;
    if (unlikely(core_checks.leaks) && good)
        good = check_leaks(t);
    object_release(t);
    return good;
}

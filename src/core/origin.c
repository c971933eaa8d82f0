/* What a user reads when a traced value is asked for what it does not have, or is used after its
 * function has returned: which function was traced, from where and by what, and what the value
 * depends on. */
#include "core/core.h"

static const trace *trace_of(ct_array a)
{
    while (is_tracer(a) && a->trace->class->primal_is_value)
        a = a->primal;
    return is_tracer(a) ? a->trace : NULL;
}

void core_origin(text *t, ct_array a)
{
    const trace *of = trace_of(a);
    if (!of || !of->of.by)
        return;
    text_add(t, "\nThe error occurred while tracing the function ");
    traced_text(t, &of->of);
    text_add(t, " for %s.", of->of.by);
    while (of->class != a->trace->class || of != a->trace)
        a = a->primal;
    if (of->class->origin && of->alive)
        of->class->origin(of, a, t);
}

static const char *remedy(ct_code code)
{
    switch ((int)code) {
    case CT_TRACER_BOOL_ERROR:
        return "Choose between values with jax.numpy.where, between computations with jax.lax.cond "
               "or jax.lax.while_loop; or mark the argument static (static_argnums).";
    case CT_TRACER_ARRAY_ERROR:
        return "NumPy computes with known values only: call the function of jax.numpy, or "
               "jax.pure_callback.";
    case CT_TRACER_INTEGER_ERROR:
        return "Index arrays of jax.numpy, or take jax.lax.fori_loop for a range; or mark the "
               "argument static (static_argnums).";
    default:
        return NULL;
    }
}

ct_code core_fail_traced(ct_code code, ct_array a, const char *context, ...)
{
    text t = {0}, type_of = {0};
    aval_text(&type_of, &a->aval, false);
    char *type = text_end(&type_of);
    const char *shown = type ? type : "?";
    if (code == CT_TRACER_BOOL_ERROR)
        text_add(&t, "Attempted boolean conversion of traced array with shape %s.", shown);
    else if (code == CT_TRACER_INTEGER_ERROR)
        text_add(&t, "The __index__() method was called on traced array with shape %s", shown);
    else if (code == CT_TRACER_ARRAY_ERROR)
        text_add(&t,
                 "The numpy.ndarray conversion method __array__() was called on traced array with "
                 "shape %s",
                 shown);
    else
        text_add(&t,
                 "Abstract tracer value encountered where concrete value is expected: traced array "
                 "with shape %s",
                 shown);
    if (context) {
        va_list rest;
        va_start(rest, context);
        text_add(&t, "\n");
        text_add_v(&t, context, rest);
        va_end(rest);
    }
    core_origin(&t, a);
    if (remedy(code))
        text_add(&t, "\n%s", remedy(code));
    char *message = text_end(&t);
    base_fail(code, "%s", message ? message : "a traced value has no elements");
    base_free(message);
    base_free(type);
    return code;
}

ct_code core_fail_leaked(ct_array a, const char *operation)
{
    const trace *t = a->trace;
    text m = {0}, type_of = {0};
    aval_text(&type_of, &a->aval, false);
    char *type = text_end(&type_of);
    text_add(&m,
             "Encountered an unexpected tracer. A function transformed by JAX had a side effect, "
             "allowing for a reference to an intermediate value with type %s wrapped in a %s to "
             "escape the scope of the transformation; %s met it after that.",
             type ? type : "?", t->class->name, operation);
    if (t->of.by) {
        text_add(&m, "\nThe function being traced when the value leaked was ");
        traced_text(&m, &t->of);
        text_add(&m, " traced for %s.", t->of.by);
    }
    const source_line *made = t->class->made_at ? t->class->made_at(a) : NULL;
    if (made && made->file) {
        text_add(&m, "\nThe leaked intermediate value was created on line ");
        source_text(&m, made);
        text_add(&m, ".");
    }
    text_add(&m, "\nTransformed functions return what they compute: they must not store it in "
                 "globals, objects or lists of the caller. jax.checking_leaks finds such a value "
                 "when its function returns.");
    char *message = text_end(&m);
    base_fail(CT_UNEXPECTED_TRACER_ERROR, "%s",
              message ? message : "Encountered an unexpected tracer.");
    base_free(message);
    base_free(type);
    return CT_UNEXPECTED_TRACER_ERROR;
}

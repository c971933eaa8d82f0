/* What a checkpointed function may keep: the policies of jax.checkpoint_policies, and those that a
 * program writes itself. */
#include "cotan/checkpoint.h"
#include "ops/ops.h"
#include "transform/partial.h"

typedef struct some_policy {
    policy base;
    char *text;   /* as it prints */
    char **names; /* of ct_save_names and its kin */
    int64_t n;
    const policy *first, *second; /* of ct_save_either */
    bool (*decide)(void *env, const char *operation, const char *name);
    void *env;
    void (*done)(void *env);
} some_policy;

static const char *policy_text(ct_fn f)
{
    const some_policy *p = (some_policy *)f;
    return p->text ? p->text : "policy";
}

static void policy_destroy(ct_fn f)
{
    some_policy *p = (some_policy *)f;
    if (p->done)
        p->done(p->env);
    for (int64_t i = 0; i < p->n && p->names; i++)
        base_free(p->names[i]);
    base_free(p->names);
    base_free(p->text);
    object_release((void *)(uintptr_t)p->first);
    object_release((void *)(uintptr_t)p->second);
}

static const fn_class policy_class = {.name = policy_text, .destroy = policy_destroy};

static char *copy_string(const char *s)
{
    char *copy = base_alloc(strlen(s) + 1);
    return copy ? strcpy(copy, s) : NULL;
}

static some_policy *policy_new(const char *text_,
                               bool (*saves)(const policy *, const op *, const void *, int,
                                             const aval *, bool *))
{
    some_policy *p = (some_policy *)fn_new(&policy_class, sizeof *p);
    if (!p)
        return NULL;
    p->base.saves = saves;
    return (p->text = copy_string(text_)) ? p : NULL;
}

bool policy_rename(ct_fn f, const char *text_)
{
    char *copy = copy_string(text_);
    if (copy) {
        base_free(((some_policy *)f)->text);
        ((some_policy *)f)->text = copy;
    }
    return copy;
}

/* ---- without names ---- */

static bool saves_all(const policy *p, const op *o, const void *params, int nin, const aval *in,
                      bool *save)
{
    (void)p, (void)o, (void)params, (void)nin, (void)in;
    *save = true;
    return true;
}

static bool saves_none(const policy *p, const op *o, const void *params, int nin, const aval *in,
                       bool *save)
{
    (void)p, (void)o, (void)params, (void)nin, (void)in;
    *save = false;
    return true;
}

static bool saves_dots(const policy *p, const op *o, const void *params, int nin, const aval *in,
                       bool *save)
{
    (void)p, (void)params, (void)nin, (void)in;
    *save = o->code == OP_dot_general || o->code == OP_conv_general_dilated;
    return true;
}

static bool saves_dots_of_one(const policy *p, const op *o, const void *params, int nin,
                              const aval *in, bool *save)
{
    (void)p, (void)nin, (void)in;
    *save = o->code == OP_dot_general &&
            !((const params_dot_general *)params)->dimension_numbers.lhs_batch.n;
    return true;
}

static ct_fn head_of(some_policy *p) { return p ? &p->base.head : NULL; }

ct_fn ct_save_everything(void) { return head_of(policy_new("everything_saveable", saves_all)); }
ct_fn ct_save_nothing(void) { return head_of(policy_new("nothing_saveable", saves_none)); }
ct_fn ct_save_dots(void)
{
    return head_of(policy_new("DotsSaveable(only_if_no_batch_dims=False)", saves_dots));
}
ct_fn ct_save_dots_with_no_batch_dims(void)
{
    return head_of(policy_new("DotsSaveable(only_if_no_batch_dims=True)", saves_dots_of_one));
}

/* ---- by name ---- */

static bool knows(const some_policy *p, const char *name)
{
    for (int64_t i = 0; i < p->n; i++)
        if (!strcmp(p->names[i], name))
            return true;
    return false;
}

static bool saves_names(const policy *base, const op *o, const void *params, int nin,
                        const aval *in, bool *save)
{
    (void)nin, (void)in;
    *save =
        o->code == OP_name && knows((const some_policy *)base, ((const params_name *)params)->name);
    return true;
}

static bool saves_other_names(const policy *base, const op *o, const void *params, int nin,
                              const aval *in, bool *save)
{
    (void)nin, (void)in;
    *save = o->code == OP_name &&
            !knows((const some_policy *)base, ((const params_name *)params)->name);
    return true;
}

static ct_fn with_names(some_policy *p, int64_t n, const char *const *names)
{
    p = p && (p->names = base_zalloc((size_t)(n + 1) * sizeof *p->names)) ? p : NULL;
    for (int64_t i = 0; i < n && p; i++, p->n++)
        if (!(p->names[i] = copy_string(names[i])))
            return NULL;
    return head_of(p);
}

ct_fn ct_save_only_these_names_(int64_t n, const char *const *names)
{
    return with_names(policy_new("SaveOnlyTheseNames", saves_names), n, names);
}

ct_fn ct_save_any_names_but_these_(int64_t n, const char *const *names)
{
    return with_names(policy_new("SaveAnyNamesButThese", saves_other_names), n, names);
}

/* ---- of two, of the program's own ---- */

static bool saves_either(const policy *base, const op *o, const void *params, int nin,
                         const aval *in, bool *save)
{
    const some_policy *p = (const some_policy *)base;
    bool also = false;
    bool good = p->first->saves(p->first, o, params, nin, in, save) &&
                p->second->saves(p->second, o, params, nin, in, &also);
    *save |= also;
    return good;
}

ct_fn ct_save_from_both_policies(ct_fn first, ct_fn second)
{
    some_policy *p = first && second ? policy_new("save_from_both_policies", saves_either) : NULL;
    if (!p)
        return NULL;
    object_retain(first);
    object_retain(second);
    p->first = (const policy *)first;
    p->second = (const policy *)second;
    return head_of(p);
}

static bool saves_by_call(const policy *base, const op *o, const void *params, int nin,
                          const aval *in, bool *save)
{
    const some_policy *p = (const some_policy *)base;
    (void)nin, (void)in;
    *save =
        p->decide(p->env, o->name, o->code == OP_name ? ((const params_name *)params)->name : NULL);
    return ct_ok();
}

ct_fn ct_policy(bool (*saves)(void *env, const char *operation, const char *name), void *env,
                void (*done)(void *env))
{
    some_policy *p = policy_new("policy", saves_by_call);
    if (!p)
        return NULL;
    p->decide = saves;
    p->env = env;
    p->done = done;
    return head_of(p);
}

/* Less memory for derivatives: a checkpointed function keeps its inputs, and computes what its
 * derivative needs a second time.
 *
 *     ct_fn layer = ct_checkpoint(f);                               keeps nothing else
 *     ct_fn layer = ct_checkpoint(f, .policy = ct_save_dots());      keeps products too
 *
 * A policy says which operations' results are kept. Policies, like every ct_fn, belong to the
 * current scope. */
#ifndef COTAN_CHECKPOINT_H
#define COTAN_CHECKPOINT_H
#include "cotan/transform.h"
#ifdef __cplusplus
extern "C" {
#endif

typedef struct ct_checkpoint_args {
    ct_fn f;
    ct_fn policy;   /* default: nothing is kept but the inputs */
    bool allow_cse; /* the compiler may take values of the first run for those of the second */
} ct_checkpoint_args;
CT_API ct_fn ct_checkpoint_(const ct_checkpoint_args *args);
/* x, known to policies by this name; leaf by leaf for trees. */
CT_API ct_tree ct_checkpoint_name(ct_tree x, const char *name);

/* What f keeps for its derivative at arguments like these, a line a value: "f32[3] output of sin".
 * free() it; NULL after an error. */
CT_API char *ct_saved_residuals_(ct_fn f, int n, const ct_tree *args);

CT_API ct_fn ct_save_everything(void);
CT_API ct_fn ct_save_nothing(void);
CT_API ct_fn ct_save_dots(void); /* matrix products and convolutions */
CT_API ct_fn ct_save_dots_with_no_batch_dims(void);
CT_API ct_fn ct_save_only_these_names_(int64_t n, const char *const *names);
CT_API ct_fn ct_save_any_names_but_these_(int64_t n, const char *const *names);
/* What either policy keeps. */
CT_API ct_fn ct_save_from_both_policies(ct_fn first, ct_fn second);
/* saves(env, operation, name): the operation's name as jaxprs print it, and the name given by
 * ct_checkpoint_name for the operation "name", else NULL. done may be NULL. */
CT_API ct_fn ct_policy(bool (*saves)(void *env, const char *operation, const char *name), void *env,
                       void (*done)(void *env));

#ifdef __cplusplus
}
#else
#define ct_checkpoint(...) ct_checkpoint_(&(ct_checkpoint_args){CT_FN_FIRST(__VA_ARGS__)})
#define ct_saved_residuals(f, ...)                                                                 \
    ct_saved_residuals_(ct_function(f), CT_COUNT(__VA_ARGS__),                                     \
                        (ct_tree[]){CT_MAP(CT_VALUE, __VA_ARGS__)})
/* ct_save_only_these_names("scores", "logits") */
#define ct_save_only_these_names(...)                                                              \
    ct_save_only_these_names_(CT_STRINGS(__VA_ARGS__), (const char *const[]){__VA_ARGS__})
#define ct_save_any_names_but_these(...)                                                           \
    ct_save_any_names_but_these_(CT_STRINGS(__VA_ARGS__), (const char *const[]){__VA_ARGS__})
#define CT_STRINGS(...) (int64_t)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(const char *))
#endif
#endif

/* The rules of operations as programs: what jvp, vjp and vmap of each stage, against
 * recorded/ops_jaxprs.txt (made by record_ops.py).
 *
 * COTAN_SHOW=1 prints both texts of blocks that differ. */
#include "test.h"

#include "ops_samples.h"

/* ---- the laws, as functions to stage ---- */

typedef struct law {
    const char *name;
    subject s;
    int n;
} law;

static bool give(leaves *out, int64_t n, const ct_array *values)
{
    *out = (leaves){n, base_alloc((size_t)(n + 1) * sizeof *out->at)};
    for (int64_t i = 0; out->at && i < n; i++)
        out->at[i] = values[i];
    return out->at;
}

static bool run_jvp(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    law *l = env;
    leaves value, tangent;
    if (!transform_jvp(flat_of(&l->s), l->n, in, in + l->n, &value, &tangent))
        return false;
    ct_array t = tangent.at[0] ? tangent.at[0] : op_full_like(value.at[0], 0),
             both[2] = {value.at[0], t};
    base_free(value.at);
    base_free(tangent.at);
    (void)nin;
    return give(out, 2, both);
}

static bool run_vjp(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    law *l = env;
    leaves value = {0}, cts = {0};
    linear_map *m = NULL;
    ct_array results[3];
    bool good = transform_linearize(flat_of(&l->s), l->n, in, &value, &m) &&
                linear_transpose(m, 1, in + l->n, &cts);
    for (int i = 0; good && i < l->n; i++)
        results[i] = cts.at[i] ? cts.at[i] : op_full_like(in[i], 0);
    object_release(m);
    base_free(value.at);
    base_free(cts.at);
    (void)nin;
    return good && give(out, l->n, results);
}

static bool run_vmap(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    static const int front[] = {0, 0, 0}, mixed[] = {1, NOT_MAPPED, 2};
    law *l = env;
    return transform_vmap(flat_of(&l->s), (batch){4, NULL}, nin, in,
                          strcmp(l->name, "vmap") ? mixed : front, NULL, NULL, out);
}

/* ---- operands ---- */

static int avals_of(law *l, aval *in)
{
    static const int64_t plain[] = {2, 3}, front[] = {4, 2, 3}, middle[] = {2, 4, 3},
                         last[] = {2, 3, 4};
    static const int64_t *const mixed[] = {middle, plain, last};
    int n = l->n;
    if (!strncmp(l->name, "vmap", 4)) {
        for (int i = 0; i < n; i++) {
            const int64_t *shape = strcmp(l->name, "vmap") ? mixed[i] : front;
            in[i] = (aval){CT_FLOAT32, false, shape == plain ? 2 : 3, shape};
        }
        return n;
    }
    for (int i = 0; i < 2 * n + 1; i++)
        in[i] = (aval){CT_FLOAT32, false, 2, plain};
    return !strcmp(l->name, "jvp") ? 2 * n : n;
}

static char *staged(law *l)
{
    bool vjp = !strcmp(l->name, "vjp");
    aval in[7];
    int n = avals_of(l, in);
    jaxpr *plain = NULL;
    if (vjp) {
        if (!(plain = transform_stage(flat_of(&l->s), n, in, NULL)))
            return NULL;
        in[n++] = *atom_aval(&plain->out[0]);
    }
    flat f = {vjp ? run_vjp : !strcmp(l->name, "jvp") ? run_jvp : run_vmap, l, "f"};
    jaxpr *j = transform_stage(f, n, in, NULL);
    text t = {0};
    if (j)
        jaxpr_text(&t, j);
    object_release(plain);
    object_release(j);
    return j ? text_end(&t) : NULL;
}

/* ---- the recorded blocks ---- */

static char *read_all(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    fseek(f, 0, SEEK_END);
    size_t n = (size_t)ftell(f);
    rewind(f);
    char *all = calloc(n + 1, 1);
    if (fread(all, 1, n, f) != n)
        all[0] = 0;
    fclose(f);
    return all;
}

static subject subject_named(const char *name)
{
    for (int i = 0; i < OP_COUNT; i++)
        if (op_table[i] && !strcmp(op_table[i]->name, name))
            return (subject){op_table[i], &samples[i]};
    return (subject){NULL, NULL};
}

/* Where ours is meant to differ: with starts that are not mapped, a batched dynamic slice stays
 * one. */
static bool meant(const char *law_name, const char *name)
{
    return !strcmp(law_name, "vmap_mixed") && !strncmp(name, "dynamic_", 8);
}

static bool compare(const char *law_name, const char *name, int n, const char *want)
{
    ct_scope scope = ct_begin();
    law l = {law_name, subject_named(name), n};
    bool same = false;
    if (CHECK(l.s.o)) {
        char *got = staged(&l);
        if (!got)
            TEST_FAILED("%s of %s: %s", law_name, name, ct_error_message());
        else if (!(same = !strcmp(got, want)))
            TEST_FAILED("%s of %s differs", law_name, name);
        if (!same && getenv("COTAN_SHOW"))
            printf("%s\nnot\n%s\n", got ? got : "", want);
        base_free(got);
    }
    ct_clear_error();
    ct_end(scope);
    return same;
}

TEST(rules_stage_what_jax_stages)
{
    char *all = read_all("unit/recorded/ops_jaxprs.txt");
    int blocks = 0, same = 0;
    if (!CHECK(all))
        return;
    for (char *at = strstr(all, "== "); at;) {
        char law_name[32], name[64];
        int n, used;
        CHECK(sscanf(at, "== %31s %63s %d\n%n", law_name, name, &n, &used) == 3);
        char *body = at + used, *next = strstr(body, "\n== ");
        if (next)
            *next = 0;
        else
            body[strlen(body) - 1] = 0;
        if (!meant(law_name, name)) {
            same += compare(law_name, name, n, body);
            blocks++;
        }
        at = next ? next + 1 : NULL;
    }
    printf("%d of %d blocks are the same\n", same, blocks);
    CHECK(blocks > 250);
    free(all);
}

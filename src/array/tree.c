/* How do C programs build containers of arrays, and look into them?
 *
 * A tree value is a definition and its leaves, flat, each with a reference. A bare leaf is its own
 * tree. Everything handed out belongs to the current scope. Next: tree_text.c. */
#include "array/array.h"

#include <stdlib.h>

static size_t tree_bytes(int64_t leaves)
{
    return sizeof(struct ct_value) + (size_t)leaves * sizeof(ct_array);
}

static void destroy_tree(object *o)
{
    ct_tree t = (ct_tree)o;
    int64_t n = t->count;
    for (int64_t i = 0; i < n; i++)
        object_release(t->leaves[i]);
    object_release(t->def);
    array_memory_free(t, tree_bytes(n));
}

static const object_class tree_class = {destroy_tree};

/* Gives the current scope a reference of its own to a borrowed value. */
static ct_tree own_again(ct_tree t)
{
    if (is_poison(t))
        return t;
    object_retain(t);
    return scope_own(t) ? t : array_poison;
}

ct_tree tree_new(treedef *d, int64_t n, const ct_array *leaves)
{
    for (int64_t i = 0; i < n; i++)
        if (is_poison(leaves[i]))
            return array_poison;
    if (d->nodes[d->count - 1].kind == TREE_LEAF)
        return own_again(leaves[0]);
    ct_tree t = array_memory(tree_bytes(n));
    if (!t)
        return array_poison;
    memset(t, 0, sizeof *t);
    t->head.class = &tree_class;
    t->head.refs = 1;
    t->head.kind = KIND_TREE;
    t->def = d;
    object_retain(d);
    t->count = n;
    t->leaves = (ct_array *)t->dims;
    for (int64_t i = 0; i < n; i++) {
        object_retain(leaves[i]);
        t->leaves[i] = leaves[i];
    }
    return scope_own(t) ? t : array_poison;
}

const treedef *tree_def(ct_tree t) { return is_tree(t) ? t->def : treedef_leaf(); }

int64_t tree_leaves(const ct_tree *t, const ct_array **leaves)
{
    *leaves = is_tree(*t) ? (*t)->leaves : t;
    return is_tree(*t) ? (*t)->count : 1;
}

/* ---- building ---- */

/* A value whose root is `root` over the items. */
static ct_tree join(tree_node root, int64_t n, const ct_tree *items)
{
    treedef **defs = base_alloc(((size_t)n + 1) * sizeof *defs);
    vec(ct_array) leaves = {0};
    bool good = defs != NULL;
    for (int64_t i = 0; good && i < n; i++) {
        const ct_array *at;
        int64_t count = tree_leaves(&items[i], &at);
        defs[i] = (treedef *)tree_def(items[i]);
        good = vec_reserve(&leaves, count);
        for (int64_t k = 0; good && k < count; k++)
            leaves.at[leaves.n++] = at[k];
    }
    treedef *d = good ? treedef_join(root, n, defs) : NULL;
    ct_tree result = d ? tree_new(d, leaves.n, leaves.at) : array_poison;
    object_release(d);
    base_free(defs);
    vec_free(&leaves);
    return result;
}

static ct_tree container(tree_node root, int64_t n, const ct_tree *items)
{
    for (int64_t i = 0; i < n; i++)
        if (!items[i])
            return ct_fail(CT_TYPE_ERROR,
                           "Item %lld of a container is NULL; use ct_none() for an empty place.",
                           (long long)i);
        else if (is_poison(items[i]))
            return array_poison;
    return join(root, n, items);
}

ct_tree ct_tuple_(int64_t n, const ct_tree *items)
{
    return container((tree_node){.kind = TREE_TUPLE}, n, items);
}
ct_tree ct_list_(int64_t n, const ct_tree *items)
{
    return container((tree_node){.kind = TREE_LIST}, n, items);
}
ct_tree ct_none(void) { return container((tree_node){.kind = TREE_NONE}, 0, NULL); }

typedef struct pair {
    const char *key;
    ct_tree item;
} pair;

static int by_key(const void *a, const void *b)
{
    return strcmp(((const pair *)a)->key, ((const pair *)b)->key);
}

/* Sorts the pairs and splits them into the halves of `room`, which holds n keys and n items. */
static bool sort_pairs(int64_t n, pair *pairs, const char **keys, ct_tree *items)
{
    qsort(pairs, (size_t)n, sizeof *pairs, by_key);
    for (int64_t i = 0; i < n; i++) {
        keys[i] = pairs[i].key;
        items[i] = pairs[i].item;
        if (i && !strcmp(keys[i], keys[i - 1])) {
            base_fail(CT_KEY_ERROR, "A dict has the key '%s' twice.", keys[i]);
            return false;
        }
    }
    return true;
}

/* Takes over the pairs' block. */
static ct_tree dict_of(int64_t n, pair *pairs)
{
    void *room = base_alloc(((size_t)n + 1) * 2 * sizeof(void *));
    const char **keys = room;
    ct_tree *items = room ? (ct_tree *)(keys + n) : NULL, result = array_poison;
    if (room && sort_pairs(n, pairs, keys, items))
        result = container((tree_node){.kind = TREE_DICT, .data = keys}, n, items);
    base_free(room);
    base_free(pairs);
    return result;
}

ct_tree ct_dict_(int64_t n, const char *const *keys, const ct_tree *items)
{
    pair *pairs = base_alloc(((size_t)n + 1) * sizeof *pairs);
    for (int64_t i = 0; pairs && i < n; i++)
        pairs[i] = (pair){keys[i], items[i]};
    return pairs ? dict_of(n, pairs) : array_poison;
}

ct_tree ct_dict_pairs(int64_t n, const void *const *keys_and_items)
{
    pair *pairs = base_alloc(((size_t)n + 1) * sizeof *pairs);
    for (int64_t i = 0; pairs && i < n; i++)
        pairs[i] = (pair){keys_and_items[2 * i], (ct_tree)keys_and_items[2 * i + 1]};
    return pairs ? dict_of(n, pairs) : array_poison;
}

/* ---- looking in ---- */

static const tree_node *root_of(ct_tree t)
{
    const treedef *d = tree_def(t);
    return &d->nodes[d->count - 1];
}

int64_t ct_len(ct_tree t) { return is_poison(t) ? 0 : root_of(t)->arity; }

static ct_tree child(ct_tree t, int64_t i)
{
    int64_t first, n;
    treedef *d = treedef_child(t->def, i, &first, &n);
    ct_tree result = d ? tree_new(d, n, t->leaves + first) : array_poison;
    object_release(d);
    return result;
}

ct_tree ct_at(ct_tree t, int64_t index)
{
    if (is_poison(t))
        return t;
    int64_t n = ct_len(t), i = index < 0 ? index + n : index;
    if (i < 0 || i >= n)
        return ct_fail(CT_INDEX_ERROR, "ct_at: index %lld is out of range for a container of %lld.",
                       (long long)index, (long long)n);
    return child(t, i);
}

static bool has_key(const tree_node *dict, int64_t i, const char *key, const text *quoted)
{
    if (!dict->host)
        return !strcmp(((char **)dict->data)[i], key);
    text t = {0};
    treedef_key_text(&t, dict, i);
    bool same = t.n == quoted->n && t.n && !memcmp(t.at, quoted->at, (size_t)t.n);
    base_free(t.at);
    return same;
}

static int64_t find_key(const tree_node *dict, const char *key)
{
    text quoted = {0};
    text_quoted(&quoted, key);
    int64_t i = 0;
    while (i < dict->arity && !has_key(dict, i, key, &quoted))
        i++;
    base_free(quoted.at);
    return i < dict->arity ? i : -1;
}

ct_tree ct_get(ct_tree t, const char *key)
{
    if (is_poison(t))
        return t;
    const tree_node *root = root_of(t);
    if (root->kind != TREE_DICT)
        return ct_fail(CT_TYPE_ERROR, "ct_get(\"%s\"): this is no dict.", key);
    int64_t i = find_key(root, key);
    if (i >= 0)
        return child(t, i);
    text keys = {0};
    for (int64_t k = 0; k < root->arity; k++) {
        text_add(&keys, k ? ", " : "");
        treedef_key_text(&keys, root, k);
    }
    ct_fail(CT_KEY_ERROR, "ct_get: there is no key '%s'; the keys are %.*s.", key, (int)keys.n,
            keys.n ? keys.at : "");
    base_free(keys.at);
    return array_poison;
}

int64_t ct_leaf_count(ct_tree t) { return is_poison(t) ? 0 : is_tree(t) ? t->count : 1; }

ct_array ct_leaf(ct_tree t, int64_t index)
{
    if (is_poison(t))
        return t;
    const ct_array *leaves;
    int64_t n = tree_leaves(&t, &leaves), i = index < 0 ? index + n : index;
    if (i < 0 || i >= n)
        return ct_fail(CT_INDEX_ERROR,
                       "ct_leaf: index %lld is out of range for a tree of %lld leaves.",
                       (long long)index, (long long)n);
    return own_again(leaves[i]);
}

/* ---- mapping ---- */

/* What map1 and map2 share: f1 where b is NULL, f2 otherwise. */
static ct_tree map_leaves(ct_tree a, ct_tree b, ct_array (*f1)(ct_array),
                          ct_array (*f2)(ct_array, ct_array))
{
    const ct_array *left, *right = NULL;
    int64_t n = tree_leaves(&a, &left);
    if (b)
        tree_leaves(&b, &right);
    ct_array *results = base_alloc(((size_t)n + 1) * sizeof *results);
    if (!results)
        return array_poison;
    ct_scope scope = ct_begin();
    int64_t i = 0;
    while (i < n && !is_poison(results[i] = b ? f2(left[i], right[i]) : f1(left[i])))
        i++;
    ct_tree mapped = i < n ? array_poison : tree_new((treedef *)tree_def(a), n, results);
    base_free(results);
    return ct_end(scope, mapped);
}

ct_tree ct_map1(ct_array (*f)(ct_array), ct_tree a)
{
    return is_poison(a) ? a : map_leaves(a, NULL, f, NULL);
}

static ct_tree fail_structures(ct_tree a, ct_tree b)
{
    text t = {0};
    treedef_text(&t, tree_def(a));
    text_add(&t, " and ");
    treedef_text(&t, tree_def(b));
    char *both = text_end(&t);
    ct_fail(CT_VALUE_ERROR, "ct_map2: the trees have different structures, %s.", both ? both : "?");
    base_free(both);
    return array_poison;
}

ct_tree ct_map2(ct_array (*f)(ct_array, ct_array), ct_tree a, ct_tree b)
{
    if (is_poison(a) || is_poison(b))
        return array_poison;
    if (!treedef_equal(tree_def(a), tree_def(b)))
        return fail_structures(a, b);
    return map_leaves(a, b, NULL, f);
}

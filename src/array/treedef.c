/* What is the structure of a tree, apart from its leaves?
 *
 * A definition is its nodes in post-order: children before their parent, the root last. So a
 * subtree is a run of nodes, and taking a child or joining definitions copies runs. What a node
 * carries besides its kind (keys, type, static value) belongs to the host language and is reached
 * through tree_host; a C dict carries one block with its keys. Next: tree.c. */
#include "array/array.h"

/* ---- node data ---- */

/* A C dict's keys: the pointers, then the strings, in one block. */
static char **copy_keys(int64_t n, char *const *keys)
{
    size_t bytes = (size_t)n * sizeof *keys;
    for (int64_t i = 0; i < n; i++)
        bytes += strlen(keys[i]) + 1;
    char **copy = base_alloc(bytes);
    if (!copy)
        return NULL;
    char *end = (char *)(copy + n);
    for (int64_t i = 0; i < n; i++) {
        size_t length = strlen(keys[i]) + 1;
        copy[i] = memcpy(end, keys[i], length);
        end += length;
    }
    return copy;
}

static void release_data(const tree_node *node)
{
    if (node->host && node->data)
        node->host->release(node->data);
    else if (!node->host)
        base_free(node->data);
}

/* Gives the node a reference (or copy) of its own. */
static bool share_data(tree_node *node)
{
    if (!node->data)
        return true;
    if (node->host) {
        node->host->retain(node->data);
        return true;
    }
    return (node->data = copy_keys(node->arity, node->data)) != NULL;
}

static uint64_t hash_node(const tree_node *node)
{
    uint64_t h = base_mix(node->kind, (uint64_t)node->arity);
    if (node->data && node->host)
        return base_mix(h, node->host->hash(node->data));
    char **keys = node->data;
    for (int64_t i = 0; keys && i < node->arity; i++)
        h = base_mix(h, base_hash(keys[i], strlen(keys[i]), 0));
    return h;
}

bool tree_node_equal(const tree_node *a, const tree_node *b)
{
    if (a->kind != b->kind || a->arity != b->arity || a->host != b->host || !a->data != !b->data)
        return false;
    if (!a->data || a->data == b->data)
        return true;
    if (a->host)
        return a->host->equal(a->data, b->data);
    char **left = a->data, **right = b->data;
    for (int64_t i = 0; i < a->arity; i++)
        if (strcmp(left[i], right[i]))
            return false;
    return true;
}

/* ---- making ---- */

static void destroy_treedef(object *o)
{
    treedef *d = (treedef *)o;
    for (int64_t i = 0; i < d->count; i++)
        release_data(&d->nodes[i]);
    array_memory_free(d, sizeof *d + (size_t)d->count * sizeof(tree_node));
}

static const object_class treedef_class = {destroy_treedef};

static treedef *blank(int64_t count)
{
    treedef *d = array_memory(sizeof *d + (size_t)count * sizeof(tree_node));
    if (d)
        *d = (treedef){{&treedef_class, 1, KIND_OTHER}, 0, count};
    return d;
}

/* Counts leaves and nodes bottom up, and hashes. */
static void complete(treedef *d)
{
    uint64_t h = 0;
    for (int64_t i = 0; i < d->count; i++) {
        tree_node *node = &d->nodes[i];
        node->nodes = 1;
        node->leaves = node->kind == TREE_LEAF;
        for (int64_t child = 0, at = i - 1; child < node->arity;
             child++, at -= d->nodes[at].nodes) {
            node->nodes += d->nodes[at].nodes;
            node->leaves += d->nodes[at].leaves;
        }
        h = base_mix(h, hash_node(node));
    }
    d->hash = h;
}

treedef *treedef_new(int64_t count, const tree_node *nodes)
{
    treedef *d = blank(count);
    if (!d) {
        for (int64_t i = 0; i < count; i++)
            release_data(&nodes[i]);
        return NULL;
    }
    memcpy(d->nodes, nodes, (size_t)count * sizeof *nodes);
    complete(d);
    return d;
}

static treedef leaf = {{&treedef_class, OBJECT_IMMORTAL, KIND_OTHER}, 0, 1, {{.kind = TREE_LEAF}}};

__attribute__((constructor)) static void complete_leaf(void) { complete(&leaf); }

treedef *treedef_leaf(void) { return &leaf; }

/* Copies a run of nodes, each with data of its own; false leaves the copied ones for destroy. */
static bool append_run(treedef *d, int64_t *filled, int64_t n, const tree_node *nodes)
{
    for (int64_t i = 0; i < n; i++) {
        d->nodes[*filled] = nodes[i];
        if (!share_data(&d->nodes[*filled]))
            return false;
        ++*filled;
    }
    return true;
}

static treedef *abandon(treedef *d, int64_t filled)
{
    for (int64_t i = 0; i < filled; i++)
        release_data(&d->nodes[i]);
    array_memory_free(d, sizeof *d + (size_t)d->count * sizeof(tree_node));
    return NULL;
}

const tree_node *treedef_child_root(const tree_node *parent, int64_t i)
{
    if (parent->nodes == parent->arity + 1) /* all leaves */
        return parent - parent->arity + i;
    const tree_node *child = parent - 1;
    for (int64_t last = parent->arity - 1; last > i; last--)
        child -= child->nodes;
    return child;
}

treedef *treedef_child(const treedef *d, int64_t i, int64_t *first_leaf, int64_t *leaves)
{
    const tree_node *root = &d->nodes[d->count - 1], *top = treedef_child_root(root, i);
    int64_t filled = 0;
    bool flat = root->leaves == root->arity && root->nodes == root->arity + 1;
    *leaves = top->leaves;
    *first_leaf = flat ? i : root->leaves - top->leaves;
    for (const tree_node *later = root - 1; later > top && !flat; later -= later->nodes)
        *first_leaf -= later->leaves;
    if (top->kind == TREE_LEAF)
        return treedef_leaf();
    treedef *child = blank(top->nodes);
    if (!child)
        return NULL;
    if (!append_run(child, &filled, top->nodes, top - top->nodes + 1))
        return abandon(child, filled);
    complete(child);
    return child;
}

treedef *treedef_join(tree_node root, int64_t n, treedef *const *children)
{
    int64_t count = 1, filled = 0;
    for (int64_t i = 0; i < n; i++)
        count += children[i]->count;
    treedef *d = blank(count);
    bool good = d != NULL;
    for (int64_t i = 0; good && i < n; i++)
        good = append_run(d, &filled, children[i]->count, children[i]->nodes);
    root.arity = n;
    if (good && share_data(&root)) {
        d->nodes[filled] = root;
        complete(d);
        return d;
    }
    return d ? abandon(d, filled) : NULL;
}

bool treedef_equal(const treedef *a, const treedef *b)
{
    if (a == b)
        return true;
    if (a->hash != b->hash || a->count != b->count)
        return false;
    for (int64_t i = 0; i < a->count; i++)
        if (!tree_node_equal(&a->nodes[i], &b->nodes[i]))
            return false;
    return true;
}

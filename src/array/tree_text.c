/* How are tree structures, and paths into them, written? As JAX writes PyTreeDef and key paths. */
#include "array/array.h"

static void entry(text *t, const tree_node *parent, int64_t i)
{
    if (parent->host && parent->host->entry && parent->data)
        parent->host->entry(parent->data, i, t);
    else if (parent->kind == TREE_DICT && !parent->host) {
        text_add(t, "[");
        text_quoted(t, ((char **)parent->data)[i]);
        text_add(t, "]");
    } else
        text_add(t, parent->kind == TREE_CUSTOM ? "[<flat index %lld>]" : "[%lld]", (long long)i);
}

void treedef_key_text(text *t, const tree_node *dict, int64_t i)
{
    text path = {0};
    entry(&path, dict, i);
    if (path.n > 2) /* without the brackets */
        text_bytes(t, path.at + 1, (size_t)path.n - 2);
    base_free(path.at);
}

/* What stands for a leaf: "*", its type or its repr. */
typedef struct leaf_writer {
    const ct_array *next; /* NULL: stars */
    bool types;
} leaf_writer;

static void leaf_text(text *t, leaf_writer *w)
{
    if (!w->next) {
        text_add(t, "*");
        return;
    }
    ct_array leaf = *w->next++;
    if (w->types)
        aval_text(t, &leaf->aval, false);
    else
        array_text(t, leaf, true);
}

static void node_text(text *t, const tree_node *node, leaf_writer *w);

static void children_text(text *t, const tree_node *node, leaf_writer *w)
{
    const tree_node **roots = base_alloc((size_t)(node->arity + 1) * sizeof *roots),
                    *child = node - 1;
    for (int64_t i = node->arity; i-- > 0 && roots; child -= child->nodes)
        roots[i] = child;
    for (int64_t i = 0; i < node->arity && roots; i++) {
        text_add(t, i ? ", " : "");
        if (node->kind == TREE_DICT) {
            treedef_key_text(t, node, i);
            text_add(t, ": ");
        }
        node_text(t, roots[i], w);
    }
    base_free(roots);
}

static void data_text(text *t, const tree_node *node)
{
    if (node->host && node->host->repr && node->data)
        node->host->repr(node->data, t);
    else
        text_add(t, "?");
}

static void enclosed(text *t, const char *open, const tree_node *node, const char *close,
                     leaf_writer *w)
{
    text_add(t, "%s", open);
    children_text(t, node, w);
    text_add(t, "%s", close);
}

static void node_text(text *t, const tree_node *node, leaf_writer *w)
{
    switch ((tree_kind)node->kind) {
    case TREE_LEAF:
        leaf_text(t, w);
        break;
    case TREE_NONE:
        text_add(t, "None");
        break;
    case TREE_STATIC:
        data_text(t, node);
        break;
    case TREE_TUPLE:
        enclosed(t, "(", node, node->arity == 1 ? ",)" : ")", w);
        break;
    case TREE_LIST:
        enclosed(t, "[", node, "]", w);
        break;
    case TREE_DICT:
        enclosed(t, "{", node, "}", w);
        break;
    case TREE_CUSTOM:
        text_add(t, "CustomNode(");
        data_text(t, node);
        enclosed(t, ", [", node, "])", w);
        break;
    }
}

void treedef_text(text *t, const treedef *d)
{
    leaf_writer stars = {0};
    text_add(t, "PyTreeDef(");
    node_text(t, &d->nodes[d->count - 1], &stars);
    text_add(t, ")");
}

void tree_text(text *t, ct_tree tree, bool types)
{
    leaf_writer w = {.types = types};
    tree_leaves(&tree, &w.next);
    const treedef *d = tree_def(tree);
    node_text(t, &d->nodes[d->count - 1], &w);
}

void treedef_path(text *t, const treedef *d, int64_t leaf)
{
    const tree_node *node = &d->nodes[d->count - 1];
    while (node->arity) {
        /* From the last child back to the one that holds the leaf, counted from the subtree's
         * first. */
        int64_t i = node->arity - 1, first = node->leaves;
        const tree_node *child = node - 1;
        for (first -= child->leaves; first > leaf; first -= child->leaves) {
            child -= child->nodes;
            i--;
        }
        entry(t, node, i);
        leaf -= first;
        node = child;
    }
}

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

static void node_text(text *t, const tree_node *node);

static void children_text(text *t, const tree_node *node)
{
    for (int64_t i = 0; i < node->arity; i++) {
        text_add(t, i ? ", " : "");
        if (node->kind == TREE_DICT) {
            treedef_key_text(t, node, i);
            text_add(t, ": ");
        }
        node_text(t, treedef_child_root(node, i));
    }
}

static void data_text(text *t, const tree_node *node)
{
    if (node->host && node->host->repr && node->data)
        node->host->repr(node->data, t);
    else
        text_add(t, "?");
}

static void node_text(text *t, const tree_node *node)
{
    switch ((tree_kind)node->kind) {
    case TREE_LEAF:
        text_add(t, "*");
        break;
    case TREE_NONE:
        text_add(t, "None");
        break;
    case TREE_STATIC:
        data_text(t, node);
        break;
    case TREE_TUPLE:
        text_add(t, "(");
        children_text(t, node);
        text_add(t, node->arity == 1 ? ",)" : ")");
        break;
    case TREE_LIST:
        text_add(t, "[");
        children_text(t, node);
        text_add(t, "]");
        break;
    case TREE_DICT:
        text_add(t, "{");
        children_text(t, node);
        text_add(t, "}");
        break;
    case TREE_CUSTOM:
        text_add(t, "CustomNode(");
        data_text(t, node);
        text_add(t, ", [");
        children_text(t, node);
        text_add(t, "])");
        break;
    }
}

void treedef_text(text *t, const treedef *d)
{
    text_add(t, "PyTreeDef(");
    node_text(t, &d->nodes[d->count - 1]);
    text_add(t, ")");
}

void treedef_path(text *t, const treedef *d, int64_t leaf)
{
    const tree_node *node = &d->nodes[d->count - 1];
    while (node->arity) {
        /* From the last child back to the one that holds the leaf, counted from the subtree's first. */
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

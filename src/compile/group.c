/* placeholder until fusion */
#include "compile/graph.h"
bool group_nodes(graph *g, groups *out)
{
    for (int64_t i = 0; i < g->nodes.n; i++) {
        node *n = &g->nodes.at[i];
        if (!n->live) continue;
        for (int k = 0; k < n->nout; k++) if (n->out[k] >= 0) graph_out(g, n, k)->stored = true;
        if (!vec_push(out, (group){.opaque = true, .node = (int32_t)i})) return false;
    }
    return true;
}
void groups_free(groups *gs)
{
    for (int64_t i = 0; i < gs->n; i++) vec_free(&gs->at[i].members);
    vec_free(gs);
}
bool lower_group(graph *g, const group *gr, lowered *out, int *n, size_t *partial_bytes) { (void)g, (void)gr, (void)out, (void)n, (void)partial_bytes; return false; }

/* Complex values as pairs of real ones, for what kernels compute: an elementwise operation on
 * complex numbers becomes two nodes on the parts of its operands. What lies in memory is read
 * through real and imag, which are views, and made whole by complex, which joins the parts, where
 * somebody wants it so. Called by graph.c. */
#include "compile/graph.h"
#include "ops/ops.h"

typedef enum pair_form {
    FORM_WHOLE, /* stays as it is: operands and result in memory */
    FORM_VIEW,  /* moves elements: in the form that its operand has */
    FORM_EACH,  /* the same operation on each part */
    FORM_BODY,  /* a body that takes and makes parts */
    FORM_PARTS, /* takes parts out, puts them together, or changes the sign of one */
    FORM_WIDEN, /* from a real operand */
    FORM_POWER,
} pair_form;

typedef struct pair {
    int32_t re, im; /* values; -1 */
} pair;
/* What is known of each value that there was before. */
typedef struct complex_value {
    uint8_t form;  /* pair_form of its maker */
    bool paired;   /* it is made as a pair */
    bool whole;    /* somebody wants it in memory */
    pair parts;    /* -1: not made yet */
    int32_t now;   /* what stands for it */
    int32_t maker; /* node */
} complex_value;
typedef struct pairing {
    graph *g;
    complex_value *known; /* of each value */
    int32_t region;       /* of the node at hand */
    vec(node) nodes;
} pairing;

static int part_dtype(const value *v) { return dtype_real_part((ct_dtype)v->aval.dtype); }
static bool is_complex(int dtype) { return dtype_is((ct_dtype)dtype, FAMILY_COMPLEX); }
static bool splits(const value *v)
{
    return is_complex(v->aval.dtype) && v->size > 0 && v->aval.ndim <= LOOP_DIMS;
}

/* ---- forms ---- */
static bool same_shape(const value *x, const value *y)
{
    return ints_equal(aval_shape(&x->aval), aval_shape(&y->aval));
}

/* The body on parts of an operation whose operands are all complex. */
static int pair_body(const graph *g, const node *n)
{
    int dtype = graph_in(g, n, 0)->aval.dtype;
    for (int i = 0; i < n->nin; i++)
        if (graph_in(g, n, i)->aval.dtype != dtype)
            return -1;
    int body = n->op->flags & OP_ELEMENTWISE ? body_find(n->op->name, dtype) : -1;
    return body >= 0 && body_names[body].nargs == 2 * n->nin && 2 * n->nin <= LOOP_INPUTS &&
                   body_names[body].nresults == (splits(graph_out(g, n, 0)) ? 2 : 1)
               ? body
               : -1;
}

static pair_form form_of(const graph *g, const node *n)
{
    if (n->nout != 1 || n->out[0] < 0 || !n->nin || n->op->code >= OP_COUNT ||
        (n->op->flags & OP_HOST))
        return FORM_WHOLE;
    const value *x = graph_in(g, n, 0), *y = graph_out(g, n, 0);
    for (int i = 0; i < n->nin; i++)
        if (is_complex(graph_in(g, n, i)->aval.dtype) && !splits(graph_in(g, n, i)))
            return FORM_WHOLE;
    switch (n->op->code) {
    case OP_broadcast_in_dim:
    case OP_slice:
    case OP_rev:
    case OP_squeeze:
    case OP_reshape:
    case OP_transpose:
        return splits(x) && graph_moves_nothing(g, n) ? FORM_VIEW : FORM_WHOLE;
    case OP_real:
    case OP_imag:
        return FORM_PARTS;
    case OP_complex:
        return splits(y) && same_shape(x, y) && same_shape(graph_in(g, n, 1), y) ? FORM_PARTS
                                                                                 : FORM_WHOLE;
    case OP_conj:
        return !splits(y) ? FORM_WHOLE : splits(x) ? FORM_PARTS : FORM_WIDEN;
    case OP_convert_element_type:
        if (!splits(x))
            return splits(y) && loop_dtype(x->aval.dtype) ? FORM_WIDEN : FORM_WHOLE;
        return splits(y) ? FORM_EACH : FORM_WHOLE;
    case OP_add:
    case OP_add_any:
    case OP_sub:
    case OP_neg:
    case OP_reduce_sum:
        return splits(x) && splits(y) ? FORM_EACH : FORM_WHOLE;
    case OP_select_n:
        return splits(y) && n->nin == 3 && x->aval.dtype == CT_BOOL ? FORM_EACH : FORM_WHOLE;
    case OP_integer_pow: {
        int64_t power = ((const params_integer_pow *)n->params)->y;
        return splits(x) && power && power <= 64 && power >= -64 ? FORM_POWER : FORM_WHOLE;
    }
    }
    return splits(x) && pair_body(g, n) >= 0 ? FORM_BODY : FORM_WHOLE;
}

static pair_form maker_form(const pairing *p, const node *n)
{
    return n->nout == 1 && n->out[0] >= 0 ? (pair_form)p->known[n->out[0]].form : FORM_WHOLE;
}

/* Which values are made as pairs, and which of all are wanted whole. */
static void find_forms(pairing *p)
{
    const graph *g = p->g;
    for (int64_t i = 0; i < g->nodes.n; i++) {
        const node *n = &g->nodes.at[i];
        pair_form f = form_of(g, n);
        if (f == FORM_WHOLE)
            continue;
        complex_value *made = &p->known[n->out[0]];
        made->form = (uint8_t)f;
        made->paired = splits(graph_out(g, n, 0)) && (f != FORM_VIEW || p->known[n->in[0]].paired);
    }
    for (int i = 0; i < g->j->nout; i++)
        p->known[g->outputs[i]].whole = true;
    for (int64_t i = g->nodes.n; i-- > 0;) {
        const node *n = &g->nodes.at[i];
        const complex_value *made = maker_form(p, n) == FORM_VIEW ? &p->known[n->out[0]] : NULL;
        bool whole = made ? made->whole && !made->paired : maker_form(p, n) == FORM_WHOLE;
        for (int k = 0; k < n->nin && n->live; k++)
            p->known[n->in[k]].whole |= whole;
    }
}

/* ---- nodes ---- */
static bool emit(pairing *p, node n)
{
    for (int k = 0; k < n.nout; k++)
        if (n.out[k] >= 0)
            p->g->values.at[n.out[k]].index = (int32_t)p->nodes.n;
    return vec_push(&p->nodes, n);
}

/* The result of a new node: `out`, or (-1) a new value of the dtype and of out's shape. -1 on
 * failure, or when an operand is. */
typedef struct making {
    int code;
    const void *params;
    int part; /* 0, or which result of a body on parts it is, from 1 on */
    int dtype;
    int32_t like; /* its shape */
} making;

static int32_t make_as(pairing *p, making m, int nin, const int32_t *in, int32_t out)
{
    graph *g = p->g;
    node n = {.op = op_table[m.code],
              .params = m.params,
              .part = (uint8_t)m.part,
              .nin = nin,
              .nout = 1,
              .live = true,
              .group = -1,
              .region = p->region};
    n.in = arena_copy(&g->arena, in, (size_t)nin * sizeof *in);
    n.out = arena_copy(&g->arena, &out, sizeof out);
    bool ok = out >= 0 && n.in && n.out;
    for (int i = 0; i < nin; i++)
        ok &= in[i] >= 0;
    return ok && emit(p, n) ? out : -1;
}

static int32_t make(pairing *p, making m, int nin, const int32_t *in)
{
    aval a = p->g->values.at[m.like].aval;
    a.dtype = (uint8_t)m.dtype;
    return make_as(p, m, nin, in, graph_add_value(p->g, &a, FROM_NODE, 0, NULL));
}

/* The same on both parts; others: operands that are no pairs and come first, at most one. */
static pair make_each(pairing *p, making m, int nin, const pair *in, int32_t other)
{
    int32_t re[LOOP_INPUTS], im[LOOP_INPUTS];
    int n = 0;
    if (other >= 0)
        re[0] = im[0] = other, n = 1;
    for (int i = 0; i < nin; i++, n++)
        re[n] = in[i].re, im[n] = in[i].im;
    int32_t real = make(p, m, n, re);
    return (pair){real, make(p, m, n, im)};
}

/* A body on parts. */
static pair make_body(pairing *p, making m, int nin, const pair *in)
{
    int32_t flat[LOOP_INPUTS];
    for (int i = 0; i < nin; i++)
        flat[2 * i] = in[i].re, flat[2 * i + 1] = in[i].im;
    m.part = 1;
    int32_t real = make(p, m, 2 * nin, flat);
    m.part = 2;
    return (pair){real, make(p, m, 2 * nin, flat)};
}

/* A real number, in the shape of a value. */
static int32_t make_number(pairing *p, double x, int dtype, int32_t like)
{
    graph *g = p->g;
    ct_scope scope = ct_begin();
    ct_array number = array_scalar((ct_dtype)dtype, false, x);
    object_retain(number);
    scope_end(scope, NULL);
    if (is_poison(number) || !graph_keep(g, &number->head))
        return -1;
    int32_t scalar = graph_add_value(g, &number->aval, FROM_CONST, -1, number);
    params_broadcast_in_dim *to = arena_alloc(g->kept, sizeof *to);
    if (scalar < 0 || !to)
        return -1;
    *to = (params_broadcast_in_dim){.shape = aval_shape(&g->values.at[like].aval)};
    return make(p, (making){OP_broadcast_in_dim, to, 0, dtype, like}, 1, &scalar);
}

static int32_t convert(pairing *p, int32_t x, int dtype)
{
    const value *from = &p->g->values.at[x];
    if (from->aval.dtype == dtype)
        return x;
    params_convert *to = arena_alloc(p->g->kept, sizeof *to);
    if (!to)
        return -1;
    *to = (params_convert){.new_dtype = (ct_dtype)dtype};
    return make(p, (making){OP_convert_element_type, to, 0, dtype, x}, 1, &x);
}

/* ---- parts ---- */
static pair known_parts(pairing *p, int32_t v);

/* Of what is whole: views of it, or of what it is a view of. */
static pair take_apart(pairing *p, int32_t v)
{
    const value *x = &p->g->values.at[v];
    making m = {.dtype = part_dtype(x), .like = v};
    if (p->known[v].form == FORM_VIEW) {
        const node *from_view = &p->g->nodes.at[p->known[v].maker];
        m.code = from_view->op->code, m.params = from_view->params;
        pair from = known_parts(p, from_view->in[0]);
        return make_each(p, m, 1, &from, -1);
    }
    int32_t whole = p->known[v].now;
    m.code = OP_real;
    int32_t re = make(p, m, 1, &whole);
    m.code = OP_imag;
    return (pair){re, make(p, m, 1, &whole)};
}

static pair known_parts(pairing *p, int32_t v)
{
    complex_value *k = &p->known[v];
    if (k->parts.re < 0)
        k->parts = take_apart(p, v);
    return k->parts;
}

/* x^y by repeated squares, as the operation's own kernel does it. */
static pair power(pairing *p, making m, pair x, int64_t y)
{
    pair square = x, result = {-1, -1};
    m.code = OP_mul, m.params = NULL;
    for (uint64_t left = (uint64_t)(y < 0 ? -y : y); left;) {
        if (left & 1)
            result = result.re < 0 ? square : make_body(p, m, 2, (pair[]){result, square});
        if (left >>= 1)
            square = make_body(p, m, 2, (pair[]){square, square});
    }
    if (y > 0)
        return result;
    pair one = {make_number(p, 1, m.dtype, m.like), make_number(p, 0, m.dtype, m.like)};
    m.code = OP_div;
    return make_body(p, m, 2, (pair[]){one, result});
}

static pair parts_made(pairing *p, const node *n, making m, const pair *in)
{
    int32_t x = n->in[0];
    switch (maker_form(p, n)) {
    case FORM_EACH:
        if (n->op->code == OP_convert_element_type)
            return (pair){convert(p, in[0].re, m.dtype), convert(p, in[0].im, m.dtype)};
        if (n->op->code == OP_select_n)
            return make_each(p, m, 2, in + 1, p->known[x].now);
        return make_each(p, m, n->nin, in, -1);
    case FORM_VIEW:
        return make_each(p, m, 1, in, -1);
    case FORM_BODY:
        return make_body(p, m, n->nin, in);
    case FORM_POWER:
        return power(p, m, in[0], ((const params_integer_pow *)n->params)->y);
    case FORM_WIDEN:
        return (pair){convert(p, p->known[x].now, m.dtype), make_number(p, 0, m.dtype, m.like)};
    case FORM_PARTS:
        if (n->op->code == OP_complex)
            return (pair){p->known[x].now, p->known[n->in[1]].now};
        m.code = OP_neg;
        return (pair){in[0].re, make(p, m, 1, &in[0].im)};
    case FORM_WHOLE:
        break;
    }
    return (pair){-1, -1};
}

/* ---- the program ---- */
/* With what stands for its operands now. */
static bool keep_node(pairing *p, node n)
{
    int32_t *in = arena_alloc(&p->g->arena, (size_t)(n.nin + 1) * sizeof *in);
    for (int i = 0; in && i < n.nin; i++)
        in[i] = p->known[n.in[i]].now;
    n.in = in;
    return in && emit(p, n);
}

/* A pair; in memory too if somebody wants it there. */
static bool pair_node(pairing *p, const node *n, const pair *in)
{
    int32_t made = n->out[0];
    making m = {n->op->code, n->params, 0, part_dtype(graph_out(p->g, n, 0)), made};
    pair parts = p->known[made].parts = parts_made(p, n, m, in);
    if (parts.re < 0 || parts.im < 0)
        return false;
    m.code = OP_complex, m.params = NULL;
    return !p->known[made].whole || make_as(p, m, 2, (int32_t[]){parts.re, parts.im}, made) >= 0;
}

static bool rewrite_node(pairing *p, const node *n)
{
    pair in[LOOP_INPUTS] = {{-1, -1}};
    pair_form form = maker_form(p, n);
    const complex_value *made = form == FORM_WHOLE ? NULL : &p->known[n->out[0]];
    p->region = n->region;
    if (!made || !n->live)
        return keep_node(p, *n);
    if (form == FORM_VIEW && !made->paired)
        return !made->whole || keep_node(p, *n);
    for (int i = 0; i < n->nin; i++)
        if (is_complex(graph_in(p->g, n, i)->aval.dtype)) {
            in[i] = known_parts(p, n->in[i]);
            if (in[i].re < 0 || in[i].im < 0)
                return false;
        }
    if (made->paired)
        return pair_node(p, n, in);
    if (form == FORM_PARTS) {
        p->known[n->out[0]].now = n->op->code == OP_real ? in[0].re : in[0].im;
        return true;
    }
    int32_t flat[LOOP_INPUTS];
    for (int i = 0; i < n->nin; i++)
        flat[2 * i] = in[i].re, flat[2 * i + 1] = in[i].im;
    making m = {n->op->code, n->params, 1, 0, 0};
    return make_as(p, m, 2 * n->nin, flat, n->out[0]) >= 0;
}

static bool rewrite(pairing *p)
{
    graph *g = p->g;
    for (int64_t i = 0; i < g->nodes.n; i++)
        if (!rewrite_node(p, &g->nodes.at[i]))
            return false;
    for (int i = 0; i < g->j->nout; i++)
        g->outputs[i] = p->known[g->outputs[i]].now;
    vec_free(&g->nodes);
    memcpy(&g->nodes, &p->nodes, sizeof p->nodes);
    return true;
}

bool graph_pair(graph *g)
{
    bool any = false;
    for (int64_t v = 0; v < g->values.n; v++)
        any |= is_complex(g->values.at[v].aval.dtype);
    if (!any)
        return true;
    pairing p = {.g = g, .known = base_zalloc((size_t)g->values.n * sizeof *p.known)};
    for (int64_t v = 0; p.known && v < g->values.n; v++)
        p.known[v].now = (int32_t)v, p.known[v].maker = g->values.at[v].index,
        p.known[v].parts = (pair){-1, -1};
    if (p.known)
        find_forms(&p);
    bool ok = p.known && rewrite(&p);
    if (!ok)
        vec_free(&p.nodes);
    base_free(p.known);
    return ok;
}

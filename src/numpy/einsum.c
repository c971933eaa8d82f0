/* einsum: subscripts as letters, contracted pair by pair, the cheapest pair first.
 *
 * Each operand is a term: an array and a letter an axis. A letter within one term twice is its
 * diagonal; letters that no other term and no output needs are summed away; two terms meet in one
 * dot_general. Letters are small integers here, so that ellipsis axes are letters too. */
#include "numpy/products.h"

#include <ctype.h>

#include "api/bodies.h"

enum {
    LETTERS = 128,
    ELLIPSIS = 96
}; /* ELLIPSIS + k: the k-th axis of the ellipsis, counted from its end */

typedef struct term {
    ct_array x;
    int n;
    uint8_t letter[NUMPY_MAX_NDIM];
} term;
typedef struct contraction {
    int n;
    term *terms;
    term out;     /* no array */
    int ellipsis; /* axes of the ellipsis */
    bool planned; /* letters only: nothing is computed */
    int64_t length[LETTERS];
    bool known[LETTERS];
} contraction;

static bool has_letter(const term *t, uint8_t letter)
{
    return memchr(t->letter, letter, (size_t)t->n) != NULL;
}

/* Letters of one operand or of the output, up to ',' or '-' or the end; ellipsis axes when ndim
 * says how many. */
static const char *read_term(const char *s, int ndim, int ellipsis, term *t)
{
    t->n = 0;
    int letters = 0;
    bool dots = false;
    for (const char *p = s; *p && *p != ',' && *p != '-'; p++)
        letters += isalpha((unsigned char)*p) != 0;
    for (; *s && *s != ',' && *s != '-'; s++) {
        if (*s == ' ')
            continue;
        if (*s == '.') {
            if (dots || s[1] != '.' || s[2] != '.') {
                base_fail(CT_VALUE_ERROR, "Not a valid einsum ellipsis: '%s'", s);
                return NULL;
            }
            int axes = ndim < 0 ? ellipsis : ndim - letters;
            for (int k = axes - 1; k >= 0 && t->n < NUMPY_MAX_NDIM; k--)
                t->letter[t->n++] = (uint8_t)(ELLIPSIS + k);
            dots = true;
            s += 2;
        } else if (isalpha((unsigned char)*s) && t->n < NUMPY_MAX_NDIM)
            t->letter[t->n++] =
                (uint8_t)(isupper((unsigned char)*s) ? *s - 'A' + 1 : *s - 'a' + 27);
        else {
            base_fail(CT_VALUE_ERROR, "Character %c is not a valid symbol.", *s);
            return NULL;
        }
    }
    if (ndim >= 0 && t->n != ndim) {
        base_fail(CT_VALUE_ERROR,
                  "Einstein sum subscript does not contain the correct number of indices for "
                  "operand: %d subscripts, %d dimensions",
                  t->n, ndim);
        return NULL;
    }
    return s;
}

/* Without "->": ellipsis axes, then the letters that occur once, in order. */
static void implied_output(contraction *c)
{
    int count[LETTERS] = {0};
    for (int i = 0; i < c->n; i++)
        for (int k = 0; k < c->terms[i].n; k++)
            count[c->terms[i].letter[k]]++;
    c->out.n = 0;
    for (int k = c->ellipsis - 1; k >= 0; k--)
        c->out.letter[c->out.n++] = (uint8_t)(ELLIPSIS + k);
    for (int l = 0; l < ELLIPSIS; l++)
        if (count[l] == 1)
            c->out.letter[c->out.n++] = (uint8_t)l;
}

static bool set_lengths(contraction *c)
{
    for (int i = 0; i < c->n; i++)
        for (int k = 0; k < c->terms[i].n; k++) {
            uint8_t l = c->terms[i].letter[k];
            int64_t length = c->terms[i].x->aval.shape[k];
            if (!c->known[l] || c->length[l] == 1) {
                c->known[l] = true;
                c->length[l] = length;
            } else if (length != 1 && length != c->length[l]) {
                base_fail(
                    CT_VALUE_ERROR,
                    "Size of label for operand %d (%lld) does not match previous terms (%lld).", i,
                    (long long)length, (long long)c->length[l]);
                return false;
            }
        }
    for (int k = 0; k < c->out.n; k++) {
        bool known = false;
        for (int i = 0; i < c->n; i++)
            known |= has_letter(&c->terms[i], c->out.letter[k]);
        if (!known || memchr(c->out.letter, c->out.letter[k], (size_t)k)) {
            base_fail(CT_VALUE_ERROR, "einsum: an output subscript %s",
                      known ? "appears more than once" : "does not appear in the input");
            return false;
        }
    }
    return true;
}

static bool parse(const char *subscripts, const ct_arrays *operands, contraction *c)
{
    const char *s = subscripts;
    for (int i = 0; i < c->n; i++) {
        int ndim = operands->at[i]->aval.ndim;
        c->terms[i].x = operands->at[i];
        if (!(s = read_term(s, ndim, 0, &c->terms[i])))
            return false;
        for (int k = 0; k < c->terms[i].n; k++)
            if (c->terms[i].letter[k] >= ELLIPSIS &&
                c->terms[i].letter[k] - ELLIPSIS + 1 > c->ellipsis)
                c->ellipsis = c->terms[i].letter[k] - ELLIPSIS + 1;
        if (i + 1 < c->n ? *s != ',' : *s == ',') {
            base_fail(CT_VALUE_ERROR,
                      "Number of einsum subscripts must be equal to the number of operands: '%s', "
                      "%d operands",
                      subscripts, c->n);
            return false;
        }
        s += *s == ',';
    }
    if (*s == '-' && s[1] == '>') {
        if (!(s = read_term(s + 2, -1, c->ellipsis, &c->out)))
            return false;
    } else if (!*s)
        implied_output(c);
    if (*s) {
        base_fail(CT_VALUE_ERROR, "einsum: bad subscripts '%s'", subscripts);
        return false;
    }
    return set_lengths(c);
}

/* True where the letter is wanted by the output or by a term other than the two given. */
static bool needed(const contraction *c, uint8_t letter, int self, int other)
{
    if (has_letter(&c->out, letter))
        return true;
    for (int i = 0; i < c->n; i++)
        if (i != self && i != other && has_letter(&c->terms[i], letter))
            return true;
    return false;
}

static void remove_letter(term *t, int at)
{
    t->n--;
    memmove(t->letter + at, t->letter + at + 1, (size_t)(t->n - at));
}

/* Everything off the diagonal of two axes becomes zero, then the first is summed. */
static ct_array diagonal(ct_array x, int i, int j)
{
    ct_ints shape = shape_of(x);
    ct_array same = op_eq(op_iota(CT_UINT32, shape, i), op_iota(CT_UINT32, shape, j));
    return op_reduce_sum(op_select_n(same, 2, (ct_array[]){op_full_like(x, 0), x}), I(i));
}

/* A letter twice in one term is one axis. */
static void take_diagonals(const contraction *c, term *t)
{
    for (int i = 0; i < t->n; i++)
        for (int j = i + 1; j < t->n; j++) {
            if (t->letter[i] != t->letter[j])
                continue;
            if (!c->planned)
                t->x = diagonal(t->x, i, j);
            remove_letter(t, i--);
            if (is_poison(t->x))
                return;
            break;
        }
}

/* An axis of length 1 against longer ones of that letter: dropped, since the product broadcasts. A
 * letter that is missing then counts as absent here. */
static void drop_broadcast_axes(contraction *c, term *t)
{
    dimlist ones = {0};
    for (int k = t->n - 1; k >= 0; k--)
        if (t->x->aval.shape[k] == 1 && c->length[t->letter[k]] != 1) {
            ones.at[ones.n++] = k;
            remove_letter(t, k);
        }
    for (int64_t i = 0, j = ones.n - 1; i < j; i++, j--) {
        int64_t swap = ones.at[i];
        ones.at[i] = ones.at[j];
        ones.at[j] = swap;
    }
    if (ones.n && !c->planned)
        t->x = op_squeeze(t->x, dimlist_ints(&ones));
}

/* Sums the letters that only this term has. */
static void sum_alone(const contraction *c, term *t, int self, int other)
{
    dimlist axes = {0};
    for (int k = 0; k < t->n; k++)
        if (!needed(c, t->letter[k], self, other) &&
            (other < 0 || !has_letter(&c->terms[other], t->letter[k])))
            axes.at[axes.n++] = k;
    for (int64_t i = axes.n - 1; i >= 0; i--)
        remove_letter(t, (int)axes.at[i]);
    if (axes.n && !c->planned)
        t->x = op_reduce_sum(t->x, dimlist_ints(&axes));
}

/* Terms i < j become one, in place i. */
static void contract(contraction *c, int i, int j, int precision, ct_dtype dtype)
{
    sum_alone(c, &c->terms[i], i, j);
    sum_alone(c, &c->terms[j], j, i);
    term a = c->terms[i], b = c->terms[j], r = {.n = 0};
    dimlist ca = {0}, cb = {0}, ba = {0}, bb = {0};
    for (int k = 0; k < a.n; k++) {
        const uint8_t *at = memchr(b.letter, a.letter[k], (size_t)b.n);
        if (!at)
            continue;
        bool keep = needed(c, a.letter[k], i, j);
        dimlist *left = keep ? &ba : &ca, *right = keep ? &bb : &cb;
        left->at[left->n++] = k;
        right->at[right->n++] = at - b.letter;
        if (keep)
            r.letter[r.n++] = a.letter[k];
    }
    for (int k = 0; k < a.n; k++)
        if (!has_axis(&ba, k) && !has_axis(&ca, k))
            r.letter[r.n++] = a.letter[k];
    for (int k = 0; k < b.n; k++)
        if (!has_axis(&bb, k) && !has_axis(&cb, k))
            r.letter[r.n++] = b.letter[k];
    dot_dims d = {.lhs_contract = dimlist_ints(&ca),
                  .rhs_contract = dimlist_ints(&cb),
                  .lhs_batch = dimlist_ints(&ba),
                  .rhs_batch = dimlist_ints(&bb)};
    r.x = c->planned ? a.x : product_dot(a.x, b.x, &d, precision, dtype);
    c->terms[i] = r;
    c->n--;
    memmove(c->terms + j, c->terms + j + 1, (size_t)(c->n - j) * sizeof *c->terms);
}

/* Elements of the result of i with j, less what the two hold now: the smaller the better; ties by
 * the number of multiplications. */
static void pair_cost(const contraction *c, int i, int j, double *growth, double *work)
{
    double size = 1, all = 1, sizes = 0;
    bool seen[LETTERS] = {false};
    const term *pair[] = {&c->terms[i], &c->terms[j]};
    for (int t = 0; t < 2; t++) {
        double mine = 1;
        for (int k = 0; k < pair[t]->n; k++) {
            uint8_t l = pair[t]->letter[k];
            mine *= (double)c->length[l];
            if (seen[l])
                continue;
            seen[l] = true;
            all *= (double)c->length[l];
            if (needed(c, l, i, j))
                size *= (double)c->length[l];
        }
        sizes += mine;
    }
    *growth = size - sizes;
    *work = all;
}

static void best_pair(const contraction *c, int *bi, int *bj)
{
    double best_growth = 0, best_work = 0;
    *bi = -1;
    for (int i = 0; i < c->n; i++)
        for (int j = i + 1; j < c->n; j++) {
            double growth, work;
            pair_cost(c, i, j, &growth, &work);
            if (*bi < 0 || growth < best_growth || (growth == best_growth && work < best_work)) {
                *bi = i;
                *bj = j;
                best_growth = growth;
                best_work = work;
            }
        }
}

/* Axes in the output's order; letters that were broadcast away come back. */
static ct_array arrange(const contraction *c, term *t)
{
    dimlist order = {0}, shape = {.n = c->out.n}, placed = {0};
    for (int k = 0; k < c->out.n; k++) {
        const uint8_t *at = memchr(t->letter, c->out.letter[k], (size_t)t->n);
        shape.at[k] = c->length[c->out.letter[k]];
        if (at) {
            order.at[order.n++] = at - t->letter;
            placed.at[placed.n++] = k;
        }
    }
    ct_array x = shape_permute(t->x, &order);
    return placed.n == shape.n
               ? x
               : op_broadcast_in_dim(x, dimlist_ints(&shape), dimlist_ints(&placed));
}

/* What comes before the first pair. False when an operation has failed. */
static bool begin(contraction *c)
{
    for (int i = 0; i < c->n; i++) {
        take_diagonals(c, &c->terms[i]);
        if (is_poison(c->terms[i].x))
            return false;
        drop_broadcast_axes(c, &c->terms[i]);
    }
    return true;
}

static ct_array run(contraction *c, int precision, ct_dtype dtype)
{
    if (!begin(c))
        return array_poison;
    while (c->n > 1) {
        int i, j;
        best_pair(c, &i, &j);
        contract(c, i, j, precision, dtype);
        if (is_poison(c->terms[i].x))
            return array_poison;
    }
    sum_alone(c, &c->terms[0], 0, -1);
    ct_array y = is_poison(c->terms[0].x) ? array_poison : arrange(c, &c->terms[0]);
    return dtype == CT_NO_DTYPE || is_poison(y) ? y : op_convert(y, dtype_canonical(dtype), false);
}

/* The pairs as a matrix with a row for each: positions in the list of terms, where what a pair
 * becomes is put at the end. */
static ct_array pairs(contraction *c)
{
    int64_t steps = c->n - 1, *place = base_alloc((size_t)c->n * sizeof *place);
    ct_array out = array_new(CT_INT32, false, 2, (int64_t[]){steps, 2});
    if (!place || is_poison(out) || !begin(c)) {
        base_free(place);
        return array_poison;
    }
    for (int i = 0; i < c->n; i++)
        place[i] = i;
    for (int32_t *pair = out->data; c->n > 1; pair += 2) {
        int i, j;
        best_pair(c, &i, &j);
        int64_t p = place[i], q = place[j];
        pair[0] = (int32_t)(p < q ? p : q), pair[1] = (int32_t)(p < q ? q : p);
        for (int k = 0; k < c->n; k++)
            place[k] -= (place[k] > p) + (place[k] > q);
        place[i] = c->n - 2;
        memmove(place + j, place + j + 1, (size_t)(c->n - j - 1) * sizeof *place);
        contract(c, i, j, 0, CT_NO_DTYPE);
    }
    base_free(place);
    return out;
}

/* Operands of one dtype and their letters; base_free(c->terms). */
static bool read_contraction(const char *what, const char *subscripts, const ct_arrays *operands,
                             contraction *c)
{
    *c = (contraction){.n = (int)operands->n};
    if (!c->n || !subscripts) {
        base_fail(CT_TYPE_ERROR,
                  c->n ? "%s: subscripts must be a string such as 'ij,jk->ik'"
                       : "%s needs at least one operand",
                  what);
        return false;
    }
    ct_array *xs = base_alloc((size_t)c->n * sizeof *xs);
    c->terms = base_zalloc((size_t)c->n * sizeof *c->terms);
    bool good = xs && c->terms && numpy_promote(what, c->n, operands->at, xs) &&
                parse(subscripts, &(ct_arrays){c->n, xs}, c);
    base_free(xs);
    return good;
}

ct_array numpy_einsum(const ct_einsum_args *a)
{
    contraction c;
    ct_array y = array_poison;
    if (read_contraction("einsum", a->subscripts, &a->operands, &c))
        y = run(&c, a->precision, a->preferred_element_type);
    base_free(c.terms);
    return y;
}

ct_array numpy_einsum_path(const ct_einsum_path_args *a)
{
    contraction c;
    ct_array y = array_poison;
    if (read_contraction("einsum_path", a->subscripts, &a->operands, &c)) {
        c.planned = true;
        y = pairs(&c);
    }
    base_free(c.terms);
    return y;
}

/* jax.scipy.optimize.minimize: BFGS with a line search for the strong Wolfe conditions. J. Nocedal,
 * S. Wright, Numerical Optimization, 2nd edition, algorithms 6.1, 3.5 and 3.6. */
#define OPS_NUMBER numpy_literal
#include "scipy/scipy.h"

#include "cotan/control.h"
#include "numpy/shape.h"

#include <float.h>
#include <math.h>

/* What the loops see: the function, and for a line search where it starts. */
typedef struct descent {
    ct_fn value_and_grad;
    double norm, gtol, maxiter, line_maxiter;
    ct_array x, direction, phi_0, slope_0, start; /* of the line search */
    ct_array passes;                              /* zoom has nothing to do */
} descent;

/* Carries are tuples of arrays that are named by place. */
enum { MOST = 20 };
static void unpack(ct_tree t, int n, ct_array *v)
{
    for (int i = 0; i < n; i++)
        v[i] = ct_at(t, i);
}

static ct_array weak_none(ct_array x)
{
    return is_poison(x) ? x : op_convert(x, dtype_of(x), false);
}
static ct_array integer(int64_t n) { return array_scalar_int(dtype_default(FAMILY_INT), true, n); }
static ct_array truth(bool b) { return array_scalar_int(CT_BOOL, false, b); }
static ct_array number(double x, ct_array like) { return array_scalar(dtype_of(like), false, x); }
static ct_array and_not(ct_array a, ct_array b) { return both(a, op_not(b)); }

/* fun and its slope along the direction, and the whole gradient, at the length t. */
typedef struct point {
    ct_array t, phi, slope, gradient;
} point;

static point at_length(const descent *d, ct_array t)
{
    point p = {.t = t};
    ct_array x = add(d->x, mul(t, d->direction));
    ct_tree out = ct_call_(d->value_and_grad, 1, &x);
    p.phi = weak_none(op_convert(ct_at(out, 0), dtype_of(d->phi_0), false));
    p.gradient = weak_none(ct_at(out, 1));
    p.slope = ct_dot(p.gradient, d->direction);
    return p;
}

static point chosen(ct_array c, point yes, point no)
{
    return (point){select(c, yes.t, no.t), select(c, yes.phi, no.phi),
                   select(c, yes.slope, no.slope),
                   yes.gradient ? ct_where(c, yes.gradient, no.gradient) : NULL};
}

/* Not enough decrease, and a slope that is flat enough. */
static ct_array too_high(const descent *d, point p)
{
    return op_gt(p.phi, add(d->phi_0, mul(mul(1e-4, p.t), d->slope_0)));
}
static ct_array flat_enough(const descent *d, point p)
{
    return op_le(op_abs(p.slope), mul(-0.9, d->slope_0));
}

/* ---- zoom: between lo, the best so far, and hi there is a good length ---- */

/* The minimum of the cubic through phi(a), phi'(a), phi(b), phi(c), and of the parabola. */
static ct_array cubic_minimum(point a, point b, ct_array c, ct_array phi_c)
{
    ct_array db = sub(b.t, a.t), dc = sub(c, a.t);
    ct_array below = mul(op_square(mul(db, dc)), sub(db, dc));
    ct_array fb = sub(sub(b.phi, a.phi), mul(a.slope, db)),
             fc = sub(sub(phi_c, a.phi), mul(a.slope, dc));
    ct_array first = div(sub(mul(op_square(dc), fb), mul(op_square(db), fc)), below);
    ct_array third = mul(op_integer_pow(db, 3), fc),
             second = div(sub(third, mul(op_integer_pow(dc, 3), fb)), below);
    ct_array radical = sub(op_square(second), mul(3, mul(first, a.slope)));
    return add(a.t, div(sub(op_sqrt(radical), second), mul(3, first)));
}

static ct_array parabola_minimum(point a, point b)
{
    ct_array db = sub(b.t, a.t);
    ct_array curve = div(sub(sub(b.phi, a.phi), mul(a.slope, db)), op_square(db));
    return sub(a.t, div(a.slope, mul(2, curve)));
}

static ct_array inside(ct_array x, ct_array a, ct_array b, ct_array margin)
{
    return both(op_gt(x, add(a, margin)), op_lt(x, sub(b, margin)));
}

enum { DONE, FAILED, STEPS, LO, HI = LO + 3, REC = HI + 3, STAR = REC + 2, ZOOM = STAR + 4 };

static point point_at(const ct_array *v, bool gradient)
{
    return (point){v[0], v[1], v[2], gradient ? v[3] : NULL};
}
static void put_point(ct_array *v, point p)
{
    v[0] = p.t, v[1] = p.phi, v[2] = p.slope;
    if (p.gradient)
        v[3] = p.gradient;
}

static ct_tree zoom_test(void *env, int n, const ct_tree *carry)
{
    (void)n;
    ct_array ended = either(ct_at(carry[0], DONE), ct_at(carry[0], FAILED));
    return op_not(either(ended, ((const descent *)env)->passes));
}

static ct_tree zoom_step(void *env, int n, const ct_tree *carry)
{
    (void)n;
    const descent *d = env;
    ct_array v[MOST];
    unpack(carry[0], ZOOM, v);
    point lo = point_at(v + LO, false), hi = point_at(v + HI, false),
          star = point_at(v + STAR, true);
    ct_array width = sub(hi.t, lo.t), a = op_min(hi.t, lo.t), b = op_max(hi.t, lo.t);
    double least = dtype_of(width) == CT_FLOAT64 ? 1e-10 : 1e-5;
    v[FAILED] = either(v[FAILED], le(width, least));
    ct_array cubic = cubic_minimum(lo, hi, v[REC], v[REC + 1]), parabola = parabola_minimum(lo, hi);
    ct_array use_cubic = both(gt(v[STEPS], 0), inside(cubic, a, b, mul(0.2, width)));
    ct_array use_parabola = and_not(inside(parabola, a, b, mul(0.1, width)), use_cubic);
    ct_array length = select(use_parabola, parabola, mul(0.5, add(lo.t, hi.t)));
    point j = at_length(d, select(use_cubic, cubic, length)), bare = {j.t, j.phi, j.slope, NULL};
    ct_array to_hi = either(too_high(d, j), op_ge(j.phi, lo.phi));
    ct_array good = and_not(flat_enough(d, j), to_hi);
    ct_array to_lo = op_not(either(to_hi, good));
    ct_array turns = both(ge(mul(j.slope, width), 0), to_lo); /* lo becomes the other end */
    point rec = chosen(either(to_hi, turns), hi, lo);
    ct_array moves = either(to_hi, to_lo);
    v[REC] = select(moves, rec.t, v[REC]);
    v[REC + 1] = select(moves, rec.phi, v[REC + 1]);
    put_point(v + HI, chosen(to_hi, bare, chosen(turns, lo, hi)));
    put_point(v + LO, chosen(to_lo, bare, lo));
    put_point(v + STAR, chosen(good, j, star));
    v[DONE] = either(v[DONE], good);
    v[STEPS] = add(v[STEPS], 1);
    v[FAILED] = either(v[FAILED], ge(v[STEPS], 30));
    return ct_tuple_(ZOOM, v);
}

static void zoom(const descent *d, point lo, point hi, ct_array gradient, ct_array *v)
{
    lo.gradient = hi.gradient = NULL;
    v[DONE] = v[FAILED] = truth(false);
    v[STEPS] = integer(0);
    put_point(v + LO, lo);
    put_point(v + HI, hi);
    v[REC] = mul(0.5, add(lo.t, hi.t));
    v[REC + 1] = mul(0.5, add(lo.phi, hi.phi));
    put_point(v + STAR, (point){number(1, lo.t), lo.phi, lo.slope, gradient});
    ct_fn f = ct_while_loop_(ct_closure(zoom_test, (void *)d, NULL, "zoom_test"),
                             ct_closure(zoom_step, (void *)d, NULL, "zoom"), NULL);
    ct_tree init = ct_tuple_(ZOOM, v);
    unpack(f ? ct_call_(f, 1, &init) : array_poison, ZOOM, v);
}

/* ---- the line search: lengths grow until two of them hold a good one between them ---- */

enum { TRY = 2, BEFORE = TRY + 1, EVALUATIONS = BEFORE + 3, BEST, SEARCH = BEST + 4 };

static ct_tree search_test(void *env, int n, const ct_tree *carry)
{
    (void)n;
    ct_array ended = either(ct_at(carry[0], DONE), ct_at(carry[0], FAILED));
    return and_not(le(ct_at(carry[0], TRY), ((const descent *)env)->line_maxiter), ended);
}

static ct_tree search_step(void *env, int n, const ct_tree *carry)
{
    (void)n;
    descent d = *(const descent *)env;
    ct_array v[MOST], z[MOST];
    unpack(carry[0], SEARCH, v);
    point before = point_at(v + BEFORE, false), best = point_at(v + BEST, true);
    ct_array first = eq(v[TRY], 1);
    point i = at_length(&d, select(first, d.start, mul(2, before.t))),
          bare = {i.t, i.phi, i.slope, NULL};
    ct_array rises = and_not(op_ge(i.phi, before.phi), first);
    ct_array up = either(too_high(&d, i), rises), good = and_not(flat_enough(&d, i), up);
    ct_array down = and_not(ge(i.slope, 0), either(up, good)), zooms = either(up, down);
    d.passes = op_not(zooms);
    zoom(&d, chosen(up, before, bare), chosen(up, bare, before), best.gradient, z);
    v[EVALUATIONS] = op_add(add(v[EVALUATIONS], 1), z[STEPS]);
    v[DONE] = either(v[DONE], either(zooms, good));
    v[FAILED] = either(v[FAILED], both(zooms, z[FAILED]));
    put_point(v + BEST, chosen(zooms, point_at(z + STAR, true), chosen(good, i, best)));
    put_point(v + BEFORE, bare);
    v[TRY] = add(v[TRY], 1);
    return ct_tuple_(SEARCH, v);
}

typedef struct line {
    point best;
    ct_array failed, status, evaluations;
} line;

static line search(descent *d, ct_array gradient, ct_array previous)
{
    ct_array v[MOST], zero = number(0, d->phi_0);
    ct_array start = div(mul(2.02, sub(d->phi_0, previous)), d->slope_0);
    d->start = select(gt(start, 1), op_full_like(start, 1), start);
    v[DONE] = v[FAILED] = truth(false);
    v[TRY] = integer(1);
    put_point(v + BEFORE, (point){zero, d->phi_0, d->slope_0, NULL});
    v[EVALUATIONS] = integer(0);
    put_point(v + BEST, (point){zero, d->phi_0, d->slope_0, gradient});
    ct_fn f = ct_while_loop_(ct_closure(search_test, d, NULL, "search_test"),
                             ct_closure(search_step, d, NULL, "line_search"), NULL);
    ct_tree init = ct_tuple_(SEARCH, v);
    unpack(f ? ct_call_(f, 1, &init) : array_poison, SEARCH, v);
    line l = {point_at(v + BEST, true), either(v[FAILED], op_not(v[DONE])), NULL, v[EVALUATIONS]};
    ct_array ran_out = select(gt(v[TRY], d->line_maxiter), integer(3), integer(0));
    l.status = select(v[FAILED], integer(1), ran_out);
    if (dtype_of(zero) != CT_FLOAT64) {
        ct_array tiny = lt(op_abs(l.best.t), 1e-8);
        l.best.t = select(tiny, mul(1e-8, op_sign(l.best.t)), l.best.t);
    }
    return l;
}

/* ---- BFGS ---- */

enum { CONVERGED, K = STEPS, CALLS, X, F, G, H, PREVIOUS, LINE_STATUS, BFGS };

static ct_array small_gradient(const descent *d, ct_array g)
{
    ct_array norm = ct_numpy_linalg_norm(g, .ord = GIVEN(d->norm));
    return lt(norm, d->gtol);
}

static ct_tree bfgs_test(void *env, int n, const ct_tree *carry)
{
    (void)n;
    ct_array ended = either(ct_at(carry[0], CONVERGED), ct_at(carry[0], FAILED));
    return and_not(lt(ct_at(carry[0], K), ((const descent *)env)->maxiter), ended);
}

/* H' = (1 - rho s y^T) H (1 - rho y s^T) + rho s s^T, rho = 1 / y.s */
static ct_array better_inverse(ct_array h, ct_array s, ct_array y)
{
    ct_array rho = div(1, ct_dot(y, s)), eye = ct_eye(s->aval.shape[0], .dtype = dtype_of(h));
    ct_array w = sub(eye, mul(rho, ct_outer(s, y)));
    ct_array next =
        add(ct_matmul(ct_matmul(w, h), ct_matrix_transpose(w)), mul(rho, ct_outer(s, s)));
    return ct_where(op_is_finite(rho), next, h);
}

static ct_tree bfgs_step(void *env, int n, const ct_tree *carry)
{
    (void)n;
    descent d = *(const descent *)env;
    ct_array v[MOST];
    unpack(carry[0], BFGS, v);
    d.x = v[X], d.phi_0 = v[F];
    d.direction = neg(ct_matmul(v[H], v[G]));
    d.slope_0 = ct_dot(v[G], d.direction);
    line l = search(&d, v[G], v[PREVIOUS]);
    ct_array s = mul(l.best.t, d.direction), y = sub(l.best.gradient, v[G]);
    if (is_poison(s) || is_poison(y))
        return array_poison;
    v[CONVERGED] = small_gradient(&d, l.best.gradient);
    v[FAILED] = l.failed;
    v[K] = add(v[K], 1);
    v[CALLS] = op_add(v[CALLS], l.evaluations);
    v[PREVIOUS] = v[F];
    v[X] = op_add(v[X], s);
    v[F] = l.best.phi;
    v[H] = better_inverse(v[H], s, y);
    v[G] = l.best.gradient;
    v[LINE_STATUS] = l.status;
    return ct_tuple_(BFGS, v);
}

ct_tree scipy_optimize__minimize_bfgs(const ct_scipy_optimize__minimize_bfgs_args *a)
{
    ct_array x = a->x0, v[MOST];
    if (!numpy_promote_inexact("minimize", 1, &x, &x))
        return array_poison;
    if (x->aval.ndim != 1)
        return ct_fail(CT_VALUE_ERROR, "minimize: x0 must have one axis, got shape %s.",
                       dims_string(shape_of(x)));
    x = weak_none(x);
    int64_t n = x->aval.shape[0];
    descent d = {.value_and_grad = ct_grad_(&(ct_grad_args){.f = a->fun, .value = true}),
                 .norm = a->norm.given ? a->norm.value : INFINITY,
                 .gtol = a->gtol.value,
                 .maxiter = (double)(a->maxiter.given ? a->maxiter.value : 200 * n),
                 .line_maxiter = (double)a->line_search_maxiter.value};
    ct_tree start = d.value_and_grad ? ct_call_(d.value_and_grad, 1, &x) : array_poison;
    if (is_poison(start))
        return start;
    v[F] = weak_none(ct_at(start, 0));
    v[G] = weak_none(ct_at(start, 1));
    v[CONVERGED] = small_gradient(&d, v[G]);
    v[FAILED] = truth(false);
    v[K] = v[LINE_STATUS] = integer(0);
    v[CALLS] = integer(1);
    v[X] = x;
    v[H] = ct_eye(n, .dtype = dtype_of(x));
    v[PREVIOUS] = add(v[F], mul(0.5, ct_numpy_linalg_norm(v[G])));
    ct_fn f = ct_while_loop_(ct_closure(bfgs_test, &d, NULL, "bfgs_test"),
                             ct_closure(bfgs_step, &d, NULL, "bfgs"), NULL);
    ct_tree init = ct_tuple_(BFGS, v), end = f ? ct_call_(f, 1, &init) : array_poison;
    if (is_poison(end))
        return end;
    unpack(end, BFGS, v);
    ct_array other = select(v[FAILED], add(v[LINE_STATUS], 2), integer(-1));
    other = select(eq(v[K], d.maxiter), integer(1), other);
    ct_array status = select(v[CONVERGED], integer(0), other);
    return shape_tuple(9, (ct_array[]){v[X], and_not(v[CONVERGED], v[FAILED]), status, v[F], v[G],
                                       v[H], v[CALLS], v[CALLS], v[K]});
}

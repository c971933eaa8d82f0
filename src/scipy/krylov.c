/* jax.scipy.sparse.linalg: linear equations whose matrix is a function. Trees of unknowns become
 * one vector; derivatives are those of the solution (custom_linear_solve), so a method is never
 * differentiated. */
#define OPS_NUMBER numpy_literal
#include "scipy/scipy.h"

#include "cotan/control.h"
#include "numpy/shape.h"
#include "ops/matrices.h"

#include <float.h>

typedef struct krylov krylov;
/* x with A x = b from s->x0; A is s->apply. */
typedef ct_array krylov_method(const krylov *s, ct_array b);
struct krylov {
    const char *name;
    ct_fn a, m; /* of trees; m may be missing */
    flattening shape;
    krylov_method *method;
    ct_fn apply;        /* a of vectors, or its transpose */
    ct_array x0, limit; /* the start, and the largest norm of a residual that ends the search */
    int64_t maxiter, restart;
};

static ct_array through(const krylov *s, ct_fn f, ct_array v)
{
    ct_tree x = scipy_unflat(&s->shape, v);
    return is_poison(x) ? x : scipy_flat(&s->shape, ct_call_(f, 1, &x));
}

static ct_tree flat_a(void *env, int n, const ct_tree *x)
{
    (void)n;
    return through(env, ((const krylov *)env)->a, x[0]);
}

static ct_array times_a(const krylov *s, ct_array x) { return ct_call_(s->apply, 1, &x); }

static ct_array by_m(const krylov *s, ct_array x) { return s->m ? through(s, s->m, x) : x; }

/* ---- what the methods share ---- */

static ct_array real_dot(ct_array x, ct_array y) { return ct_real(ct_vdot(x, y)); }

static ct_array norm(ct_array x) { return op_sqrt(real_dot(x, x)); }

static ct_array as(ct_array x, ct_array like) { return op_convert(x, dtype_of(like), false); }

static ct_array counter(void) { return array_scalar_int(CT_INT32, false, 0); }

static ct_array going_on(const krylov *s, ct_array residual, ct_array k)
{
    ct_array far = op_gt(norm(residual), s->limit);
    return both(far, lt(k, (double)s->maxiter));
}

static ct_tree loop(const krylov *s, ct_tree (*test)(void *, int, const ct_tree *),
                    ct_tree (*step)(void *, int, const ct_tree *), ct_tree init)
{
    ct_fn f = ct_while_loop_(ct_closure(test, (void *)s, NULL, s->name),
                             ct_closure(step, (void *)s, NULL, s->name), NULL);
    return f ? ct_call_(f, 1, &init) : array_poison;
}

/* ---- conjugate gradients: x, r, r.z, p, k ---- */

static ct_tree cg_test(void *env, int n, const ct_tree *c)
{
    (void)n;
    return going_on(env, ct_at(c[0], 1), ct_at(c[0], 4));
}

static ct_tree cg_step(void *env, int n, const ct_tree *c)
{
    (void)n;
    const krylov *s = env;
    ct_array x = ct_at(c[0], 0), r = ct_at(c[0], 1), gamma = ct_at(c[0], 2), p = ct_at(c[0], 3);
    ct_array ap = times_a(s, p), alpha = as(div(gamma, real_dot(p, ap)), x);
    x = add(x, mul(alpha, p));
    r = sub(r, mul(alpha, ap));
    ct_array z = by_m(s, r), next = real_dot(r, z);
    p = add(z, mul(as(div(next, gamma), x), p));
    return ct_tuple(x, r, next, p, add(ct_at(c[0], 4), 1));
}

static ct_array conjugate_gradients(const krylov *s, ct_array b)
{
    ct_array r = sub(b, times_a(s, s->x0)), z = by_m(s, r);
    ct_tree init = ct_tuple(s->x0, r, real_dot(r, z), z, counter());
    return ct_at(loop(s, cg_test, cg_step, init), 0);
}

/* ---- stabilized biconjugate gradients: x, r, r0, alpha, omega, rho, p, q, k; k < 0 after a
 * breakdown ---- */

static ct_tree bicgstab_test(void *env, int n, const ct_tree *c)
{
    (void)n;
    ct_array k = ct_at(c[0], 8);
    return both(going_on(env, ct_at(c[0], 1), k), ge(k, 0));
}

static ct_tree bicgstab_step(void *env, int n, const ct_tree *c)
{
    (void)n;
    const krylov *s = env;
    ct_array x = ct_at(c[0], 0), r = ct_at(c[0], 1), shadow = ct_at(c[0], 2),
             alpha = ct_at(c[0], 3), omega = ct_at(c[0], 4), k = ct_at(c[0], 8);
    ct_array rho = ct_vdot(shadow, r);
    ct_array beta = mul(div(rho, ct_at(c[0], 5)), div(alpha, omega));
    ct_array p = add(r, mul(beta, sub(ct_at(c[0], 6), mul(omega, ct_at(c[0], 7)))));
    ct_array p_hat = by_m(s, p), q = times_a(s, p_hat);
    alpha = div(rho, ct_vdot(shadow, q));
    ct_array half = sub(r, mul(alpha, q)), done = op_lt(norm(half), s->limit);
    ct_array half_hat = by_m(s, half), t = times_a(s, half_hat);
    omega = div(ct_vdot(t, half), ct_vdot(t, t));
    ct_array near = add(x, mul(alpha, p_hat));
    x = ct_where(done, near, add(near, mul(omega, half_hat)));
    r = ct_where(done, half, sub(half, mul(omega, t)));
    ct_array stuck = either(either(eq(omega, 0), eq(alpha, 0)), eq(rho, 0));
    k = select(stuck, op_full_like(k, -1), add(k, 1));
    return ct_tuple(x, r, shadow, alpha, omega, rho, p, q, k);
}

static ct_array biconjugate_gradients(const krylov *s, ct_array b)
{
    ct_array r = sub(b, times_a(s, s->x0)), one = array_scalar(s->shape.dtype, false, 1);
    ct_tree init = ct_tuple(s->x0, r, r, one, one, one, r, r, counter());
    return ct_at(loop(s, bicgstab_test, bicgstab_step, init), 0);
}

/* ---- GMRES: a basis V, one vector a row, and the coefficients of A V in it, one row a step ----
 */

/* Arnoldi: V, H, k, whether the basis is complete. */
static ct_tree arnoldi_test(void *env, int n, const ct_tree *c)
{
    (void)n;
    return both(lt(ct_at(c[0], 2), (double)((const krylov *)env)->restart), op_not(ct_at(c[0], 3)));
}

static ct_tree arnoldi_step(void *env, int n, const ct_tree *c)
{
    (void)n;
    const krylov *s = env;
    ct_array v = ct_at(c[0], 0), h = ct_at(c[0], 1), k = ct_at(c[0], 2), zero = counter();
    int64_t unknowns = v->aval.shape[1];
    ct_array row = op_dynamic_slice(v, 2, (ct_array[]){k, zero}, I(1, unknowns));
    ct_array next = by_m(s, times_a(s, shape_flatten(row))), before = norm(next);
    ct_array onto = ct_matmul(ct_conjugate(v), next); /* twice, for the digits that cancel */
    next = sub(next, ct_matmul(onto, v));
    ct_array again = ct_matmul(ct_conjugate(v), next);
    next = sub(next, ct_matmul(again, v));
    ct_array size = norm(next);
    double eps = dtype_real_part(s->shape.dtype) == CT_FLOAT64 ? DBL_EPSILON : FLT_EPSILON;
    ct_array complete = op_le(size, mul(eps, before)), after = add(k, 1);
    ct_array safe = select(complete, op_full_like(size, 1), size);
    ct_array unit = ct_where(complete, op_full_like(next, 0), div(next, as(safe, next)));
    size = select(complete, op_full_like(size, 0), size);
    v = op_dynamic_update_slice(v, op_expand_dims(unit, I(0)), 2, (ct_array[]){after, zero});
    ct_array coefficients =
        op_dynamic_update_slice(add(onto, again), op_expand_dims(as(size, next), I(0)), 1, &after);
    h = op_dynamic_update_slice(h, op_expand_dims(coefficients, I(0)), 2, (ct_array[]){k, zero});
    return ct_tuple(v, h, after, complete);
}

/* The start x, residual M (b - A x). */
static ct_tree gmres_cycle(const krylov *s, ct_array b, ct_array x, ct_array residual)
{
    int64_t n = x->aval.shape[0], m = s->restart;
    ct_array size = norm(residual), any = gt(size, 0);
    ct_array safe = select(any, size, op_full_like(size, 1));
    ct_array unit = op_expand_dims(div(residual, as(safe, residual)), I(0));
    ct_array v = op_pad(unit, op_number(0, unit), I(0, m, 0, 0, 0, 0));
    ct_array h = ct_eye(m, .M = GIVEN(m + 1), .dtype = s->shape.dtype);
    ct_tree end =
        loop(s, arnoldi_test, arnoldi_step, ct_tuple(v, h, counter(), ct_weak_bool(false)));
    ct_array qr[2], basis = shape_slice(ct_at(end, 0), 0, 0, m, 1);
    op_qr(matrix_t(ct_at(end, 1)), false, false, qr);
    if (is_poison(qr[0]))
        return array_poison;
    ct_array side = mul(as(size, x), ct_conjugate(shape_flatten(shape_slice(qr[0], 0, 0, 1, 1))));
    ct_array y = op_triangular_solve(qr[1], op_expand_dims(side, I(1)),
                                     &(params_triangular_solve){.left_side = true});
    x = add(x, ct_matmul(shape_flatten(y), basis));
    (void)n;
    return ct_tuple(x, by_m(s, sub(b, times_a(s, x))));
}

static ct_tree gmres_test(void *env, int n, const ct_tree *c)
{
    (void)n;
    return going_on(env, ct_at(c[0], 2), ct_at(c[0], 3));
}

static ct_tree gmres_step(void *env, int n, const ct_tree *c)
{
    (void)n;
    ct_array b = ct_at(c[0], 0);
    ct_tree next = gmres_cycle(env, b, ct_at(c[0], 1), ct_at(c[0], 2));
    return is_poison(next) ? next
                           : ct_tuple(b, ct_at(next, 0), ct_at(next, 1), add(ct_at(c[0], 3), 1));
}

static ct_array generalized_residuals(const krylov *s, ct_array b)
{
    ct_array residual = by_m(s, sub(b, times_a(s, s->x0)));
    return ct_at(loop(s, gmres_test, gmres_step, ct_tuple(b, s->x0, residual, counter())), 1);
}

/* ---- the functions ---- */

static ct_tree solve_forward(void *env, int n, const ct_tree *b)
{
    (void)n;
    const krylov *s = env;
    return s->method(s, b[0]);
}

static ct_tree first_of(void *env, int n, const ct_tree *x)
{
    ct_tree out = ct_call_(env, n, x);
    return is_poison(out) ? out : ct_at(out, 0);
}

static ct_tree solve_backward(void *env, int n, const ct_tree *b)
{
    (void)n;
    krylov transposed = *(const krylov *)env;
    ct_fn back = ct_linear_transpose_(transposed.apply, ct_tuple(b[0]));
    if (!back)
        return array_poison;
    transposed.apply = ct_closure(first_of, back, NULL, transposed.name);
    return transposed.method(&transposed, b[0]);
}

static ct_tree solved(krylov s, ct_tree tree, ct_tree x0, ct_array tol, ct_array atol,
                      ct_opt_int maxiter)
{
    if (!scipy_flattening(s.name, tree, &s.shape))
        return array_poison;
    ct_array b = scipy_flat(&s.shape, tree);
    bool started = ct_leaf_count(x0) || ct_len(x0);
    s.x0 = started ? scipy_flat(&s.shape, x0) : is_poison(b) ? b : op_full_like(b, 0);
    if (is_poison(b) || is_poison(s.x0))
        return array_poison;
    bool complex = dtype_is(s.shape.dtype, FAMILY_COMPLEX),
         symmetric = s.method == conjugate_gradients;
    s.apply = ct_closure(flat_a, &s, NULL, s.name);
    s.maxiter = maxiter.given ? maxiter.value : 10 * b->size;
    s.restart = s.restart < b->size ? s.restart : b->size;
    ct_array size = norm(b);
    s.limit = op_max(mul(as(tol, size), size), as(atol, size));
    ct_fn solve = ct_closure(solve_forward, &s, NULL, s.name),
          back = ct_closure(solve_backward, &s, NULL, s.name);
    ct_fn f = ct_custom_linear_solve_(&(ct_linear_solve_args){
        s.apply, solve, symmetric && !complex ? solve : back, symmetric && !complex, false});
    return f ? scipy_unflat(&s.shape, ct_call_(f, 1, &b)) : array_poison;
}

ct_tree scipy_sparse_linalg_cg(const ct_scipy_sparse_linalg_cg_args *a)
{
    krylov s = {.name = "cg", .a = a->A, .m = a->M, .method = conjugate_gradients};
    return solved(s, a->b, a->x0, a->tol, a->atol, a->maxiter);
}

ct_tree scipy_sparse_linalg_bicgstab(const ct_scipy_sparse_linalg_bicgstab_args *a)
{
    krylov s = {.name = "bicgstab", .a = a->A, .m = a->M, .method = biconjugate_gradients};
    return solved(s, a->b, a->x0, a->tol, a->atol, a->maxiter);
}

ct_tree scipy_sparse_linalg_gmres(const ct_scipy_sparse_linalg_gmres_args *a)
{
    krylov s = {.name = "gmres",
                .a = a->A,
                .m = a->M,

                .method = generalized_residuals,
                .restart = a->restart.value};
    if (s.restart < 1)
        return ct_fail(CT_VALUE_ERROR, "gmres: restart must be positive, got %lld.",
                       (long long)s.restart);
    return solved(s, a->b, a->x0, a->tol, a->atol, a->maxiter);
}

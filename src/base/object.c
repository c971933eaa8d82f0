/* Who owns a value, and when does it die?
 *
 * Objects count references. The current scope is the top part of a per-thread stack of owned
 * pointers: results are pushed, and a scope's end pops down to its mark. When memory runs short at
 * a scope's end, its values stay alive in the enclosing scope rather than dangle. Next: error.c. */
#include "base/base.h"

const int64_t ct_no_ints[1] = {0};

typedef struct ownership {
    object **at;
    int64_t n, capacity;
} ownership;
static _Thread_local ownership stack;

void object_release(void *pointer)
{
    object *o = pointer;
    if (!o)
        return;
    int32_t refs = atomic_load_explicit(&o->refs, memory_order_acquire);
    if (refs >= OBJECT_IMMORTAL)
        return;
    /* The only owner needs no atomic subtraction: nobody else can be looking. */
    if (refs == 1 || atomic_fetch_sub_explicit(&o->refs, 1, memory_order_acq_rel) == 1)
        o->class->destroy(o);
}

static void pop_to(int64_t mark)
{
    while (stack.n > mark) /* one by one: a destructor may open scopes itself */
        object_release(stack.at[--stack.n]);
}

static void release_all(void)
{
    pop_to(0);
    vec_free(&stack);
}

static bool reserve(int64_t more)
{
    if (!stack.capacity)
        base_at_thread_exit(release_all);
    return vec_reserve(&stack, more);
}

bool scope_own(void *o)
{
    if (unlikely(stack.n == stack.capacity) && !reserve(1)) {
        object_release(o);
        return false;
    }
    stack.at[stack.n++] = o;
    return true;
}

static bool immortal(const object *o)
{
    return atomic_load_explicit(&o->refs, memory_order_relaxed) >= OBJECT_IMMORTAL;
}

void scope_end(ct_scope scope, void *keep)
{
    int64_t mark = (int64_t)scope.mark;
    bool moves = keep && !immortal(keep), found = false;
    if (moves && mark == stack.capacity && !reserve(1))
        return;
    while (stack.n > mark) {
        object *o = stack.at[--stack.n];
        if (moves && o == keep && !found)
            found = true;
        else
            object_release(o);
    }
    if (!moves)
        return;
    if (!found)
        object_retain(keep);
    stack.at[stack.n++] = keep;
}

void scope_end_many(ct_scope scope, int64_t n, void *const *keep)
{
    int64_t mark = (int64_t)scope.mark, lacking = mark + n - stack.n;
    if (lacking > 0 && !reserve(lacking))
        return;
    for (int64_t i = 0; i < n; i++)
        if (keep[i])
            object_retain(keep[i]);
    pop_to(mark);
    for (int64_t i = 0; i < n; i++)
        if (keep[i] && !immortal(keep[i]))
            stack.at[stack.n++] = keep[i];
}

ct_scope ct_begin(void) { return (ct_scope){(size_t)stack.n}; }

ct_tree ct_end_(ct_scope scope, ct_tree keep)
{
    scope_end(scope, keep);
    return keep;
}

ct_tree ct_retain(ct_tree value)
{
    if (value)
        object_retain(value);
    return value;
}

void ct_release(ct_tree value) { object_release(value); }

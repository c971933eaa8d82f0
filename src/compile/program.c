/* Running compiled programs, and the backend that jit sees. Nothing is allocated in a call but the
 * results: addresses go into a table on the stack, the memory of temporaries is kept from call to
 * call. */
#include "compile/program.h"

#include <pthread.h>
#include <stdio.h>

#include "kernel/far.h"

enum { SLOTS_ON_STACK = 192, OPERANDS_ON_STACK = 24 };

/* ---- steps ---- */
typedef struct kernel_call {
    kernel_code *code;
    void *const *buffers;
    int64_t first;
} kernel_call;

static void run_units(void *context, int64_t begin, int64_t end)
{
    const kernel_call *c = context;
    c->code(c->buffers, c->first + begin, c->first + end, kernel_far);
}

void program_kernel(kernel_code *kernel, void *const *buffers, int64_t first, int64_t units,
                    int64_t grain)
{
    if (grain >= units) {
        kernel(buffers, first, first + units, kernel_far);
        return;
    }
    kernel_call c = {kernel, buffers, first};
    base_parallel(units, grain, run_units, &c);
}

static void run_kernel(const activation *a, const step *s)
{
    void *buffers[LOOP_BUFFERS];
    for (int i = 0; i < s->n; i++)
        buffers[i] = a->slots[s->slots[i]];
    program_kernel(s->code, buffers, 0, s->units, s->grain);
}

static bool run_opaque(const activation *a, const step *s)
{
    int n = s->nin + s->nout;
    operand few[OPERANDS_ON_STACK] = {{{0}, NULL}},
            *operands = n <= OPERANDS_ON_STACK ? few : base_alloc((size_t)n * sizeof *operands);
    if (!operands)
        return false;
    for (int i = 0; i < n; i++)
        operands[i] = (operand){s->operands[i].aval, a->slots[s->slots[i]]};
    for (int k = 0; s->omitted >> k; k++)
        if (s->omitted >> k & 1)
            operands[s->nin + k].data = NULL;
    ct_status status =
        s->op->kernel(s->op, s->params, s->nin, operands, s->nout, operands + s->nin);
    if (operands != few)
        base_free(operands);
    return status == CT_OK;
}

static ct_array as_array(const activation *a, int32_t slot, const aval *want)
{
    ct_array box = a->boxes[slot];
    if (aval_equal(&box->aval, want, true))
        return box;
    return array_view(box, (ct_dtype)want->dtype, want->weak, want->ndim, want->shape);
}

static bool run_call(const activation *a, const step *s)
{
    int n = s->nin + s->nout;
    ct_array few[OPERANDS_ON_STACK],
        *values = n <= OPERANDS_ON_STACK ? few : base_alloc((size_t)n * sizeof *values);
    if (!values)
        return false;
    bool ok = true;
    for (int i = 0; i < s->nin; i++) {
        values[i] = as_array(a, s->slots[i], &s->operands[i].aval);
        ok &= !is_poison(values[i]);
    }
    ok = ok && s->op->call(s->op, s->params, s->nin, values, s->nout, values + s->nin);
    for (int i = s->nin; ok && i < n; i++) {
        if (!is_array(values[i])) {
            ok = false;
            break;
        }
        a->boxes[s->slots[i]] = values[i];
        a->slots[s->slots[i]] = values[i]->data;
    }
    if (values != few)
        base_free(values);
    return ok;
}

void watch_let_go(watch *w)
{
    w->let_go = true;
    w->token = base_host_release();
}

void watch_take_back(watch *w)
{
    if (!w->let_go)
        return;
    if (w->token)
        base_host_resume(w->token);
    w->let_go = false;
}

void watch_begin_loop(watch *w, int64_t work)
{
    w->loops++;
    if (!w->let_go && work > NOTABLE_WORK)
        watch_let_go(w);
}

void watch_end_loop(watch *w)
{
    if (!--w->loops)
        watch_take_back(w);
}

bool watch_poll(watch *w)
{
    watch_take_back(w);
    w->since = 0;
    if (base_interrupted())
        return base_fail(CT_INTERRUPTED, "interrupted while running a compiled program"), false;
    if (w->loops)
        watch_let_go(w);
    return true;
}

/* Long kernels let the host's other threads run meanwhile: nothing in them comes back to the host.
 */
static bool run_native(const activation *a, const step *s)
{
    bool ok = true, alone = unlikely(s->work > NOTABLE_WORK) && !a->watch->let_go;
    if (alone)
        watch_let_go(a->watch);
    if (s->kind == STEP_KERNEL)
        run_kernel(a, s);
    else
        ok = run_opaque(a, s);
    if (alone)
        watch_take_back(a->watch);
    return ok;
}

void **step_addresses(const activation *a, const step *s, void *few[FEW_SLOTS])
{
    void **at = s->n <= FEW_SLOTS ? few : base_alloc((size_t)s->n * sizeof *at);
    for (int32_t i = 0; i < s->n && at; i++)
        at[i] = a->slots[s->slots[i]];
    return at;
}

bool program_steps(const activation *a)
{
    for (int i = 0; i < a->p->nsteps; i++) {
        const step *s = &a->p->steps[i];
        bool ok = false;
        switch ((step_kind)s->kind) {
        case STEP_KERNEL:
        case STEP_OPAQUE:
            ok = run_native(a, s) && watch_work(a->watch, s->work);
            break;
        case STEP_CALL:
            ok = run_call(a, s) && watch_work(a->watch, s->work);
            break;
        case STEP_CONTROL:
            ok = control_run(a, s);
            break;
        case STEP_SEQUENCE:
            ok = sequence_run(a, s);
            break;
        }
        if (unlikely(!ok))
            return false;
    }
    return true;
}

/* ---- donation ---- */
/* Whether nobody else holds the array's memory, which is ours to write. */
static bool sole_owner(ct_array a)
{
    return a->buffer && !a->buffer->done && atomic_load(&a->buffer->head.refs) == 1 &&
           a->data == a->buffer->data;
}

/* Which donated inputs' memory is free: no input or constant may have it twice. A claimed buffer's
 * context, unused in memory of ours, points to its claim meanwhile. */
static void claim_donated(activation *a, const bool *donated)
{
    const program *p = a->p;
    for (int i = 0; i < p->nin; i++) {
        a->donated[i] = donated[i] && sole_owner(a->in[i]);
        if (!a->donated[i])
            continue;
        buffer *b = a->in[i]->buffer;
        if (b->context)
            a->donated[i] = *(bool *)b->context = false;
        else
            b->context = &a->donated[i];
    }
    for (int i = 0; i < p->nin + p->nconsts; i++) {
        if (i < p->nin && donated[i])
            continue;
        buffer *b = i < p->nin ? a->in[i]->buffer : p->consts[i - p->nin]->buffer;
        if (b && !b->done && b->context)
            *(bool *)b->context = false;
    }
    for (int i = 0; i < p->nin; i++)
        if (donated[i] && a->in[i]->buffer && !a->in[i]->buffer->done)
            a->in[i]->buffer->context = NULL;
}

/* A result in the memory of a donated input, or in new memory. */
static ct_array result_memory(const activation *a, const result *r)
{
    for (int i = 0; i < r->nreuse && a->donated; i++) {
        int32_t k = r->reuse[i];
        if (!a->donated[k])
            continue;
        a->donated[k] = false;
        return array_view(a->in[k], (ct_dtype)r->aval.dtype, r->aval.weak, r->aval.ndim,
                          r->aval.shape);
    }
    return array_like(&r->aval);
}

/* ---- addresses ---- */
static bool check_readable(ct_array a)
{
    return likely(!array_deleted(a)) || array_fail_deleted(a);
}

static bool fill_slots(activation *a, void *memory, ct_array *out)
{
    const program *p = a->p;
    for (int i = 0; i < p->nin; i++)
        if (p->input_slots[i] >= 0) {
            if (!check_readable(a->in[i]))
                return false;
            a->slots[p->input_slots[i]] = a->in[i]->data;
            if (a->boxes)
                a->boxes[p->input_slots[i]] = a->in[i];
        }
    for (int i = 0; i < p->nconsts; i++) {
        if (!check_readable(p->consts[i]))
            return false;
        a->slots[p->const_slots[i]] = p->consts[i]->data;
        if (a->boxes)
            a->boxes[p->const_slots[i]] = p->consts[i];
    }
    for (int i = 0; i < p->ntemporaries; i++)
        a->slots[p->temporaries[i].slot] = (char *)memory + p->temporaries[i].offset;
    for (int i = 0; i < p->nboxed; i++) {
        if (p->boxes[i].made_by_call)
            continue;
        ct_array box = array_like(&p->boxes[i].aval);
        if (is_poison(box))
            return false;
        a->boxes[p->boxes[i].slot] = box;
        a->slots[p->boxes[i].slot] = box->data;
    }
    for (int i = 0; i < p->nout; i++) {
        const result *r = &p->results[i];
        if (r->kind != RESULT_NEW)
            continue;
        out[i] = result_memory(a, r);
        if (unlikely(is_poison(out[i])))
            return false;
        a->slots[r->slot] = out[i]->data;
        if (a->boxes)
            a->boxes[r->slot] = out[i];
    }
    return true;
}

/* A donated argument is about to be deleted: what shares its memory gets a header of its own. */
static ct_array same_memory(const activation *a, ct_array owner, const result *r)
{
    if (r->view || (a->donated && r->kind == RESULT_INPUT))
        return array_view(owner, (ct_dtype)r->aval.dtype, r->aval.weak, r->aval.ndim,
                          r->aval.shape);
    if (!check_readable(owner))
        return array_poison;
    object_retain(owner);
    return scope_own(owner) ? owner : array_poison;
}

static bool finish_results(const activation *a, ct_array *out)
{
    for (int i = 0; i < a->p->nout; i++) {
        const result *r = &a->p->results[i];
        switch ((result_kind)r->kind) {
        case RESULT_NEW:
            break;
        case RESULT_INPUT:
            out[i] = same_memory(a, a->in[r->index], r);
            break;
        case RESULT_CONST:
            out[i] = same_memory(a, r->array, r);
            break;
        case RESULT_BOXED:
            out[i] = same_memory(a, a->boxes[r->slot], r);
            break;
        case RESULT_SAME:
            out[i] = same_memory(a, out[r->index], r);
            break;
        }
        if (unlikely(is_poison(out[i])))
            return false;
    }
    return true;
}

static bool run_with_slots(program *p, activation *a, ct_array *out)
{
    void *memory = NULL;
    if (p->temporary_bytes) {
        memory = atomic_exchange(&p->spare, NULL);
        if (!memory && !(memory = array_memory(p->temporary_bytes)))
            return false;
    }
    bool ok = fill_slots(a, memory, out) && program_steps(a) && finish_results(a, out);
    if (memory) {
        void *none = NULL;
        if (!atomic_compare_exchange_strong(&p->spare, &none, memory))
            array_memory_free(memory, p->temporary_bytes);
    }
    return ok;
}

static bool run_boxed(program *p, activation *a, ct_array *out)
{
    ct_scope scope = ct_begin();
    bool ok = run_with_slots(p, a, out);
    if (ok)
        scope_end_many(scope, a->p->nout, (void *const *)out);
    else
        scope_end(scope, NULL);
    return ok;
}

bool program_run(program *p, int nin, const ct_array *in, const bool *donated, int nout,
                 ct_array *out)
{
    void *few[SLOTS_ON_STACK], **block = NULL;
    watch w = {.token = NULL};
    activation a = {.p = p, .slots = few, .in = in, .watch = &w};
    bool many = p->nslots > SLOTS_ON_STACK || p->nboxed;
    bool ok = nin == p->nin && nout == p->nout;
    if (unlikely(!ok))
        base_fail(CT_TYPE_ERROR,
                  "the program takes %d inputs and gives %d results, but got %d and %d", p->nin,
                  p->nout, nin, nout);
    if (ok && many) {
        block = base_zalloc((size_t)(2 * p->nslots + 1) * sizeof *block);
        ok = block;
        a.slots = block;
        if (ok && p->nboxed)
            a.boxes = (ct_array *)block + p->nslots;
    }
    if (ok && donated) {
        a.donated = base_alloc((size_t)nin + 1);
        ok = a.donated;
        if (ok)
            claim_donated(&a, donated);
    }
    ok = ok && (p->nboxed ? run_boxed(p, &a, out) : run_with_slots(p, &a, out));
    for (int i = 0; i < nin && a.donated; i++)
        if (donated[i])
            array_delete(in[i]);
    base_free(a.donated);
    base_free(block);
    for (int i = 0; !ok && i < nout; i++)
        out[i] = array_poison;
    return ok;
}

/* ---- the backend ---- */
static pthread_mutex_t compiling = PTHREAD_MUTEX_INITIALIZER;

void compile_show(const char *title, const jaxpr *j)
{
    if (!compile_debug())
        return;
    text t = {0};
    jaxpr_text(&t, j);
    char *s = text_end(&t);
    if (s)
        fprintf(stderr, "%s%s\n", title, s);
    base_free(s);
}

static program *program_of(jaxpr *j)
{
    void **slot = &j->compiled;
    program *p = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
    if (likely(p))
        return p;
    compile_show("", j);
    program *made = program_build(j);
    if (!made)
        return NULL;
    pthread_mutex_lock(&compiling);
    p = *slot;
    if (!p)
        __atomic_store_n(slot, p = made, __ATOMIC_RELEASE), made = NULL;
    pthread_mutex_unlock(&compiling);
    if (made)
        program_free(made);
    return p;
}

static bool backend_run(jaxpr *j, int nin, const ct_array *in, const bool *donated, int nout,
                        ct_array *out)
{
    program *p = program_of(j);
    if (p)
        return program_run(p, nin, in, donated, nout, out);
    for (int i = 0; i < nout; i++)
        out[i] = array_poison;
    return false;
}

static ct_status backend_compile(jaxpr *j) { return program_of(j) ? CT_OK : ct_error_code(); }

static void backend_release(void *compiled) { program_free(compiled); }

static void backend_memory(const void *compiled, size_t *temporaries, size_t *machine_code)
{
    const program *p = compiled;
    *temporaries = p->temporary_bytes;
    *machine_code = p->code ? p->code->size : 0;
}

const ct_backend compile_backend = {backend_run, backend_compile, backend_memory, backend_release};

__attribute__((constructor)) void compile_install(void) { core_backend = &compile_backend; }

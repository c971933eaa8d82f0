/* Where do an operation and a function come from? Places in the host program, kept for good.
 *
 * Next: origin.c, which writes them into messages. */
#include <pthread.h>

#include "core/core.h"

const source_line *(*core_here)(void);
_Thread_local const source_line *core_line;
const source_line source_unknown;

static bool same_place(const void *entry, const void *probe)
{
    const source_line *a = entry, *b = probe;
    return a->line == b->line && a->column == b->column && !strcmp(a->function, b->function) &&
           !strcmp(a->file, b->file);
}

/* The record and its strings in one block. */
static source_line *make(const source_line *s)
{
    size_t n = strlen(s->file) + 1, m = strlen(s->function) + 1;
    source_line *made = base_alloc(sizeof *made + n + m);
    if (!made)
        return NULL;
    char *file = (char *)(made + 1), *function = file + n;
    memcpy(file, s->file, n);
    memcpy(function, s->function, m);
    *made = (source_line){file, function, s->line, s->column};
    return made;
}

/* Not knowing a place is no failure: where memory is short, none is recorded. */
const source_line *core_source(const char *file, const char *function, int line, int column)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static table all;
    source_line probe = {file, function, line, column};
    uint64_t hash = base_mix(base_hash(file, strlen(file), (uint64_t)line), (uint64_t)column);
    bool failed_before = !ct_ok();
    pthread_mutex_lock(&lock);
    source_line *s = table_find(&all, hash, same_place, &probe);
    if (!s && (s = make(&probe)) && !table_add(&all, hash, s)) {
        base_free(s);
        s = NULL;
    }
    pthread_mutex_unlock(&lock);
    if (!s && !failed_before)
        ct_clear_error();
    return s;
}

void source_text(text *t, const source_line *s)
{
    if (s && s->file)
        text_add(t, "%s:%d:%d (%s)", s->file, s->line, s->column, s->function);
}

traced traced_function(ct_fn f, const treedef *in_def, const char *name, const char *by)
{
    return (traced){name, by, f, in_def, f ? fn_where(f) : NULL};
}

void traced_text(text *t, const traced *of)
{
    text_add(t, "%s", of->name ? of->name : "<unnamed function>");
    if (of->where)
        text_add(t, " at %s:%d", of->where->file, of->where->line);
}

/* What failed first on this thread?
 *
 * The record keeps the first failure until it is cleared. Its message is allocated past base_alloc,
 * since a shortage of memory is itself what may be recorded; where even that fails, a constant text
 * stands in. ct_fail, which returns the poison value, is in src/array/value.c. Next: threads.c. */
#define _GNU_SOURCE
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct failure {
    ct_code code;
    char *message; /* NULL: no memory for it */
    bool placed;   /* it says where in the host program */
} failure;
static _Thread_local failure record;

static void forget(void)
{
    free(record.message);
    record = (failure){0};
}

static void keep(ct_code code, char *message)
{
    record = (failure){.code = code, .message = message};
    base_at_thread_exit(forget);
}

static char *format_message(const char *format, va_list rest)
{
    char *message;
    return vasprintf(&message, format, rest) < 0 ? NULL : message;
}

ct_code base_fail_v(ct_code code, const char *format, va_list rest)
{
    if (record.code == CT_OK)
        keep(code, format_message(format, rest));
    return code;
}

ct_code base_fail(ct_code code, const char *format, ...)
{
    va_list rest;
    va_start(rest, format);
    base_fail_v(code, format, rest);
    va_end(rest);
    return code;
}

static bool warn_on_stderr(const char *message)
{
    return fprintf(stderr, "cotan: warning: %s\n", message), true;
}
bool (*base_warn)(const char *message) = warn_on_stderr;

void base_fail_memory(size_t bytes)
{
    if (bytes == SIZE_MAX)
        base_fail(CT_OUT_OF_MEMORY_ERROR, "Out of memory: the size in bytes overflows.");
    else
        base_fail(CT_OUT_OF_MEMORY_ERROR, "Out of memory allocating %zu bytes.", bytes);
}

void base_fail_note(const char *format, ...)
{
    if (!record.message)
        return;
    va_list rest;
    va_start(rest, format);
    char *note = format_message(format, rest), *both;
    va_end(rest);
    if (note && asprintf(&both, "%s\n%s", record.message, note) >= 0) {
        free(record.message);
        record.message = both;
    }
    free(note);
}

void base_fail_at(const char *place)
{
    if (record.placed || record.code == CT_HOST_ERROR || record.code == CT_INTERRUPTED)
        return;
    record.placed = true;
    base_fail_note("The operation comes from line %s.", place);
}

bool ct_ok(void) { return record.code == CT_OK; }

ct_code ct_error_code(void) { return record.code; }

const char *ct_error_message(void)
{
    if (record.code == CT_OK)
        return "";
    return record.message ? record.message : "Out of memory.";
}

void ct_clear_error(void)
{
    if (record.code != CT_OK)
        forget();
}

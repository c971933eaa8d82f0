/* Any text is parsed into a jaxpr or refused with a message; what is parsed prints, and prints the
 * same when it is read again. */
#include <stdio.h>
#include <stdlib.h>

#include "core/core.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *text_of(const jaxpr *j)
{
    text t = {0};
    jaxpr_text(&t, j);
    return text_end(&t);
}

static void fail(const char *what, const char *first, const char *second)
{
    fprintf(stderr, "%s\n--- first\n%s\n--- second\n%s\n", what, first, second ? second : "");
    abort();
}

static void check(const char *source)
{
    jaxpr *j = jaxpr_parse(source);
    if (!j) {
        if (ct_ok())
            fail("refused without a message", source, NULL);
        return;
    }
    char *first = text_of(j);
    jaxpr *again = first ? jaxpr_parse(first) : NULL;
    if (!again)
        fail("the print of a jaxpr does not parse", first, ct_error_message());
    char *second = text_of(again);
    if (!second || strcmp(first, second))
        fail("printing is no fixed point", first, second);
    free(first);
    free(second);
    object_release(again);
    object_release(j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *source = malloc(size + 1);
    if (!source)
        return 0;
    memcpy(source, data, size);
    source[size] = 0;
    ct_scope scope = ct_begin();
    check(source);
    ct_end_(scope, NULL);
    ct_clear_error();
    free(source);
    return 0;
}

/* Documents that lay themselves out within a width: text, breaks, groups that are flat when they
 * fit, indentation. After Lindig's "Strictly Pretty". */
#ifndef COTAN_SRC_DOCUMENT_H
#define COTAN_SRC_DOCUMENT_H
#include "base/base.h"

typedef struct doc doc;
/* Constructors allocate in the arena; NULL (when memory is short) is an empty document everywhere.
 */
doc *doc_text(arena *a, const char *text, size_t n);
doc *doc_string(arena *a, const char *text);
doc *doc_break(arena *a, const char *flat); /* a newline, or `flat` in a group that fits */
doc *doc_group(arena *a, doc *child);
doc *doc_nest(arena *a, int indent, doc *child);
doc *doc_pair(arena *a, doc *first, doc *second);
/* Appends to a list under construction: *end starts NULL. */
doc *doc_append(arena *a, doc *list, doc *next);
/* A comment on the lines that the document begins on and no width of it: behind them, in one column
 * with all others; `#` and a space are put in front. */
doc *doc_comment(arena *a, const char *comment, doc *child);
void doc_format(text *out, const doc *d, int width);
#endif

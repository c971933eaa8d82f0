/* The layout of documents (document.h): one pass with an explicit agenda, so that depth costs no
 * stack. */
#include "core/document.h"

typedef enum doc_kind { DOC_TEXT, DOC_BREAK, DOC_GROUP, DOC_NEST, DOC_PAIR, DOC_COMMENT } doc_kind;
struct doc {
    doc_kind kind;
    int n; /* bytes of text, or indentation */
    const char *text;
    const doc *a, *b;
};

static doc *make(arena *memory, doc value)
{
    doc *d = arena_alloc(memory, sizeof *d);
    if (d)
        *d = value;
    return d;
}

doc *doc_text(arena *a, const char *bytes, size_t n)
{
    const char *copy = arena_copy(a, bytes, n + 1);
    return copy ? make(a, (doc){.kind = DOC_TEXT, .n = (int)n, .text = copy}) : NULL;
}

doc *doc_string(arena *a, const char *string) { return doc_text(a, string, strlen(string)); }
doc *doc_break(arena *a, const char *flat)
{
    return make(a, (doc){.kind = DOC_BREAK, .n = (int)strlen(flat), .text = flat});
}
doc *doc_group(arena *a, doc *child) { return make(a, (doc){.kind = DOC_GROUP, .a = child}); }
doc *doc_nest(arena *a, int indent, doc *child)
{
    return make(a, (doc){.kind = DOC_NEST, .n = indent, .a = child});
}
doc *doc_pair(arena *a, doc *first, doc *second)
{
    return make(a, (doc){.kind = DOC_PAIR, .a = first, .b = second});
}
doc *doc_append(arena *a, doc *list, doc *next)
{
    return !list ? next : !next ? list : doc_pair(a, list, next);
}

doc *doc_comment(arena *a, const char *comment, doc *child)
{
    return make(a, (doc){.kind = DOC_COMMENT, .text = comment, .a = child});
}

typedef struct item {
    const doc *d;
    int indent;
    bool flat;
} item;
typedef vec(item) agenda;

static void push(agenda *g, const doc *d, int indent, bool flat)
{
    if (d)
        (void)!vec_push(g, (item){d, indent, flat});
}

/* Whether the group's own text fits the room left on the line. */
static bool fits(agenda *scratch, const doc *d, int room)
{
    scratch->n = 0;
    push(scratch, d, 0, true);
    while (scratch->n && room >= 0) {
        item i = scratch->at[--scratch->n];
        switch (i.d->kind) {
        case DOC_TEXT:
        case DOC_BREAK:
            room -= i.d->n;
            break;
        case DOC_GROUP:
        case DOC_NEST:
        case DOC_COMMENT:
            push(scratch, i.d->a, 0, true);
            break;
        case DOC_PAIR:
            push(scratch, i.d->b, 0, true);
            push(scratch, i.d->a, 0, true);
            break;
        }
    }
    return room >= 0;
}

static void newline(text *out, int indent)
{
    text_bytes(out, "\n", 1);
    for (int i = 0; i < indent; i++)
        text_bytes(out, " ", 1);
}

typedef struct comment {
    int line;
    const char *text;
} comment;
typedef vec(comment) comments;

static void add_comment(text *out, const comment *c, int64_t spaces)
{
    text_add(out, "%*s # %s", (int)spaces, "", c->text);
}

/* The text again with the comments, which are sorted by line, in a column behind the longest line.
 */
static void add_comments(text *out, const char *lines, const comments *all)
{
    int64_t widest = 0, next = 0;
    for (const char *s = lines; s; s = (s = strchr(s, '\n')) ? s + 1 : NULL) {
        int64_t n = (int64_t)strcspn(s, "\n");
        widest = n > widest ? n : widest;
    }
    int line = 0;
    for (const char *s = lines; s; line++) {
        int64_t n = (int64_t)strcspn(s, "\n");
        text_bytes(out, s, (size_t)n);
        for (bool first = true; next < all->n && all->at[next].line == line; first = false) {
            if (!first)
                text_bytes(out, "\n", 1);
            add_comment(out, &all->at[next++], first ? widest - n : widest);
        }
        s = s[n] ? s + n + 1 : NULL;
        if (s)
            text_bytes(out, "\n", 1);
    }
}

void doc_format(text *final, const doc *d, int width)
{
    agenda todo = {0}, scratch = {0};
    comments found = {0};
    text plain = {0}, *out = &plain;
    int column = 0, line = 0;
    push(&todo, d, 0, false);
    while (todo.n) {
        item i = todo.at[--todo.n];
        switch (i.d->kind) {
        case DOC_TEXT:
            text_bytes(out, i.d->text, (size_t)i.d->n);
            column += i.d->n;
            break;
        case DOC_BREAK:
            if (i.flat) {
                text_bytes(out, i.d->text, (size_t)i.d->n);
                column += i.d->n;
            } else {
                newline(out, i.indent);
                column = i.indent;
                line++;
            }
            break;
        case DOC_GROUP:
            push(&todo, i.d->a, i.indent, i.flat || fits(&scratch, i.d->a, width - column));
            break;
        case DOC_NEST:
            push(&todo, i.d->a, i.indent + i.d->n, i.flat);
            break;
        case DOC_PAIR:
            push(&todo, i.d->b, i.indent, i.flat);
            push(&todo, i.d->a, i.indent, i.flat);
            break;
        case DOC_COMMENT:
            (void)!vec_push(&found, (comment){line, i.d->text});
            push(&todo, i.d->a, i.indent, i.flat);
            break;
        }
    }
    if (found.n) {
        char *lines = text_end(&plain);
        if (lines)
            add_comments(final, lines, &found);
        base_free(lines);
    } else {
        text_bytes(final, plain.at ? plain.at : "", (size_t)plain.n);
        vec_free(&plain);
    }
    vec_free(&found);
    vec_free(&todo);
    vec_free(&scratch);
}

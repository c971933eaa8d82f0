/* How is text put together? A growable array of characters with printf on top.
 *
 * A text that once ran short of memory stays empty (capacity -1) whatever is added, so that only
 * text_end need be checked. Next: hash.c. */
#include "base/base.h"

#include <stdio.h>

static bool reserve(text *t, int64_t more)
{
    if (vec_reserve(t, more))
        return true;
    base_free(t->at);
    *t = (text){.capacity = -1};
    return false;
}

void text_add_v(text *t, const char *format, va_list rest)
{
    va_list again;
    va_copy(again, rest);
    size_t room = t->capacity > t->n ? (size_t)(t->capacity - t->n) : 0;
    int length = vsnprintf(room ? t->at + t->n : NULL, room, format, rest);
    if (length >= 0 && (size_t)length >= room && reserve(t, length + 1))
        vsnprintf(t->at + t->n, (size_t)length + 1, format, again);
    if (t->capacity >= 0 && length > 0)
        t->n += length;
    va_end(again);
}

void text_add(text *t, const char *format, ...)
{
    va_list rest;
    va_start(rest, format);
    text_add_v(t, format, rest);
    va_end(rest);
}

void text_bytes(text *t, const char *bytes, size_t n)
{
    if (!n || !reserve(t, (int64_t)n))
        return;
    memcpy(t->at + t->n, bytes, n);
    t->n += (int64_t)n;
}

void text_quoted(text *t, const char *s)
{
    char quote = strchr(s, '\'') && !strchr(s, '"') ? '"' : '\'';
    text_bytes(t, &quote, 1);
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        const char *named = c == '\n' ? "\\n" : c == '\t' ? "\\t" : c == '\r' ? "\\r" : NULL;
        if (named)
            text_bytes(t, named, 2);
        else if (c < 32 || c == 127)
            text_add(t, "\\x%02x", c);
        else if (c == (unsigned char)quote || c == '\\')
            text_add(t, "\\%c", c);
        else
            text_bytes(t, s, 1);
    }
    text_bytes(t, &quote, 1);
}

char *text_end(text *t)
{
    char *result = NULL;
    if (reserve(t, 1)) {
        t->at[t->n] = 0;
        result = t->at;
    }
    *t = (text){0};
    return result;
}

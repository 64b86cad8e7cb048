/* How servers are spoken to. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "channel_load.h"

static const struct dialect dialects[] = {
    {.name = "lines", .before = "", .after = "\n", .reply_lines = 1, .reply_begins = 'O',
     .publisher = "", .subscribe = ""},
    {.name = "sse", .before = "", .after = "\n", .reply_lines = 1, .reply_begins = 'O',
     .publisher = "",
     .subscribe = "GET /news?since=new HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"},
    {.name = "echo", .before = "", .after = "\n", .reply_lines = 1, .reply_begins = 'm',
     .publisher = ""},
    {.name = "redis", .before = "*5\r\n$4\r\nXADD\r\n$1\r\ns\r\n$1\r\n*\r\n$1\r\nb\r\n$%u\r\n",
     .after = "\r\n", .reply_lines = 2, .reply_begins = '$', .publisher = ""},
    {.name = "nats", .before = "PUB news %u\r\n", .after = "\r\n",
     .publisher = "CONNECT {\"verbose\":false}\r\n",
     .subscribe = "CONNECT {\"verbose\":false}\r\nSUB news 1\r\n"},
};

const struct dialect *dialect_named(const char *name)
{
    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++)
        if (strcmp(dialects[i].name, name) == 0)
            return &dialects[i];
    fail("no dialect is called %s", name);
}

char *publication(const struct dialect *dialect, unsigned size, size_t *length)
{
    char head[128];
    int head_length = snprintf(head, sizeof head, dialect->before, size);
    size_t tail_length = strlen(dialect->after);
    *length = (size_t)head_length + size + tail_length;
    char *whole = allocate(*length, 1);
    memcpy(whole, head, (size_t)head_length);
    memset(whole + head_length, 'm', size - 1);
    whole[head_length + (int)size - 1] = MARK;
    memcpy(whole + *length - tail_length, dialect->after, tail_length);
    return whole;
}

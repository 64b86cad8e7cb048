/* The words the parts of the load generator for channels share. */
#ifndef CHANNEL_LOAD_H
#define CHANNEL_LOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "../load/load.h"

/* The last byte of each body, and of nothing else: counting it counts messages, whatever stands around them. */
#define MARK '!'

/* How one kind of server is spoken to. */
struct dialect {
    const char *name;
    const char *before;    /* a body that is published; %u is its size */
    const char *after;
    unsigned reply_lines;  /* lines that answer it; 0: it is not answered */
    char reply_begins;     /* with this byte */
    const char *publisher; /* what who publishes says first */
    const char *subscribe; /* what who subscribes says first; NULL: this dialect only publishes */
};

/* The dialect of that name, or the end of the program. */
const struct dialect *dialect_named(const char *name);

/* One publication of `size` bytes of body, in new memory; its length goes into `length`. */
char *publication(const struct dialect *dialect, unsigned size, size_t *length);

/* Publishes from plan->sockets connections, each with plan->in_flight publications that are not answered. */
void run_publish(const struct plan *plan, const struct dialect *dialect, struct tally *tally);

/* Publishes on one connection, and counts what arrives on plan->sockets others. */
void run_fan_out(const struct plan *plan, const struct dialect *dialect, struct tally *tally);

#endif

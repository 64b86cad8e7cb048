/* Time, memory, sockets and complaints. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#include "load.h"

/* A server on the same machine that has not accepted by then will not. */
#define CONNECT_SECONDS 5

uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

int wait_ms(uint64_t now, uint64_t until)
{
    return until <= now ? 0 : (int)((until - now + NS_PER_MILLISECOND - 1) / NS_PER_MILLISECOND);
}

static void vcomplain(const char *format, va_list arguments)
{
    fputs("load: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

void complain(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vcomplain(format, arguments);
    va_end(arguments);
}

void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vcomplain(format, arguments);
    va_end(arguments);
    exit(1);
}

void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (memory == NULL)
        fail("out of memory");
    return memory;
}

int open_socket(const struct plan *plan, int type, int epoll, unsigned index)
{
    const struct sockaddr *server = (const struct sockaddr *)&plan->server;
    /* On Linux the send timeout bounds connect() too (socket(7)). */
    const struct timeval patience = {.tv_sec = CONNECT_SECONDS};
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = index};

    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    if (fd < 0)
        fail("socket: %s", strerror(errno));
    if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) < 0)
        fail("SO_SNDTIMEO: %s", strerror(errno));
    if (connect(fd, server, sizeof plan->server) < 0)
        fail("connect to port %u: %s", ntohs(plan->server.sin_port), strerror(errno));
    if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
        fail("O_NONBLOCK: %s", strerror(errno));
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        fail("epoll_ctl: %s", strerror(errno));
    return fd;
}

/* Lines over TCP: every connection keeps a fixed number of lines in flight.
 *
 * The lines of a connection are one endless stream of lower-case letters that repeats after 26
 * lines.  A reply is right if it is the same stream in upper case, so a lost, doubled, swapped or
 * foreign line is found by comparing bytes, and no reply ever has to be put together. */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"

#define DISTINCT_LINES 26
/* How long the last replies may take once the time is over. */
#define GRACE_NS (1 * NS_PER_SECOND)

struct connection {
    int fd;             /* -1 once it is closed */
    bool blocked;       /* the kernel did not take all of the last write */
    uint64_t offset;    /* where in the stream of lines this connection starts */
    uint64_t sent;      /* bytes */
    uint64_t received;  /* bytes */
    uint64_t queued;    /* lines that are sent or about to be */
    uint64_t *sent_at;  /* ns, by line number modulo in_flight */
};

struct run {
    const struct plan *plan;
    struct tally *tally;
    int epoll;
    unsigned open;
    uint64_t outstanding; /* lines without a reply */
    uint64_t deadline;
    uint64_t period;      /* bytes after which the stream repeats */
    char *lower, *upper;  /* the stream for one period and a full pipeline more */
    char *buffer;         /* holds more than a full pipeline, to notice too many replies */
    size_t capacity;
    struct connection *connections;
};

static void make_lines(struct run *run)
{
    size_t size = run->plan->size;
    size_t lines = DISTINCT_LINES + run->plan->in_flight;
    run->period = DISTINCT_LINES * size;
    run->lower = allocate(lines, size);
    run->upper = allocate(lines, size);
    for (size_t i = 0; i < lines * size; i++) {
        size_t line = i / size, column = i % size;
        run->lower[i] = column == size - 1 ? '\n' : (char)('a' + (line + column) % 26);
        run->upper[i] = (char)toupper(run->lower[i]);
    }
}

static void drop(struct run *run, struct connection *connection, const char *why)
{
    if (run->tally->errors == 0)
        complain("connection %td: %s", connection - run->connections, why);
    run->tally->errors++;
    run->outstanding -= connection->queued - connection->received / run->plan->size;
    run->open--;
    close(connection->fd);
    connection->fd = -1;
}

static void watch(struct run *run, struct connection *connection, bool blocked)
{
    struct epoll_event event = {
        .events = EPOLLIN | (blocked ? EPOLLOUT : 0),
        .data.u32 = (uint32_t)(connection - run->connections),
    };
    if (epoll_ctl(run->epoll, EPOLL_CTL_MOD, connection->fd, &event) < 0)
        fail("epoll_ctl: %s", strerror(errno));
    connection->blocked = blocked;
}

static void flush(struct run *run, struct connection *connection)
{
    size_t owed = connection->queued * run->plan->size - connection->sent;
    const char *from = run->lower + (connection->offset + connection->sent) % run->period;
    ssize_t taken = send(connection->fd, from, owed, MSG_NOSIGNAL);
    if (taken < 0 && errno != EAGAIN && errno != EINTR) {
        drop(run, connection, strerror(errno));
        return;
    }
    if (taken > 0)
        connection->sent += (uint64_t)taken;
    bool blocked = taken < (ssize_t)owed;
    if (blocked != connection->blocked)
        watch(run, connection, blocked);
}

static void send_lines(struct run *run, struct connection *connection, uint64_t lines, uint64_t now)
{
    for (uint64_t i = 0; i < lines; i++)
        connection->sent_at[connection->queued++ % run->plan->in_flight] = now;
    run->outstanding += lines;
    flush(run, connection);
}

/* How many lines `length` more bytes complete; notes how long each took. */
static uint64_t take(struct run *run, struct connection *connection, size_t length, uint64_t now)
{
    uint64_t first = connection->received / run->plan->size;
    connection->received += length;
    uint64_t after = connection->received / run->plan->size;
    run->outstanding -= after - first;
    if (now >= run->deadline) {
        run->tally->drained += after - first;
        return 0;
    }
    run->tally->messages += after - first;
    for (uint64_t line = first; line < after; line++)
        latency_add(&run->tally->latency, now - connection->sent_at[line % run->plan->in_flight]);
    return after - first;
}

static void receive(struct run *run, struct connection *connection)
{
    ssize_t length = recv(connection->fd, run->buffer, run->capacity, 0);
    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (length <= 0) {
        drop(run, connection, length < 0 ? strerror(errno) : "closed by the server");
        return;
    }
    const char *expected = run->upper + (connection->offset + connection->received) % run->period;
    if (connection->received + (uint64_t)length > connection->sent) {
        drop(run, connection, "more replies than lines");
        return;
    }
    if (memcmp(run->buffer, expected, (size_t)length) != 0) {
        drop(run, connection, "a reply is not the line in upper case");
        return;
    }
    uint64_t lines = take(run, connection, (size_t)length, now_ns());
    if (lines > 0)
        send_lines(run, connection, lines, now_ns());
}

static void open_connections(struct run *run)
{
    const int on = 1;
    run->connections = allocate(run->plan->sockets, sizeof *run->connections);
    for (unsigned i = 0; i < run->plan->sockets; i++) {
        struct connection *connection = &run->connections[i];
        connection->fd = open_socket(run->plan, SOCK_STREAM, run->epoll, i);
        connection->offset = i % DISTINCT_LINES * run->plan->size;
        connection->sent_at = allocate(run->plan->in_flight, sizeof *connection->sent_at);
        if (setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0)
            fail("TCP_NODELAY: %s", strerror(errno));
    }
    run->open = run->plan->sockets;
}

static void exchange(struct run *run)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    uint64_t end = run->deadline + GRACE_NS;
    for (uint64_t now = now_ns(); run->open > 0 && now < end; now = now_ns()) {
        if (now >= run->deadline && run->outstanding == 0)
            return;
        uint64_t until = now < run->deadline ? run->deadline : end;
        int ready = epoll_wait(run->epoll, events, EVENTS_AT_ONCE, wait_ms(now, until));
        for (int i = 0; i < ready; i++) {
            struct connection *connection = &run->connections[events[i].data.u32];
            if (events[i].events & EPOLLOUT)
                flush(run, connection);
            if (connection->fd >= 0 && events[i].events & ~(uint32_t)EPOLLOUT)
                receive(run, connection);
        }
    }
}

void run_tcp(const struct plan *plan, struct tally *tally)
{
    struct run run = {.plan = plan, .tally = tally, .epoll = epoll_create1(EPOLL_CLOEXEC)};
    if (run.epoll < 0)
        fail("epoll_create1: %s", strerror(errno));
    run.capacity = (size_t)plan->in_flight * plan->size + 1;
    run.buffer = allocate(run.capacity, 1);
    make_lines(&run);
    open_connections(&run);

    uint64_t start = now_ns();
    run.deadline = start + plan->duration_ns;
    for (unsigned i = 0; i < plan->sockets; i++)
        send_lines(&run, &run.connections[i], plan->in_flight, now_ns());
    exchange(&run);
    if (run.outstanding > 0)
        complain("%llu lines were never answered", (unsigned long long)run.outstanding);
    tally->errors += run.outstanding;
}

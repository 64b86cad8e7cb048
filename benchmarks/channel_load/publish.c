/* Publishing: every connection has a fixed number of publications that are not answered yet. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "channel_load.h"

/* How long the last answers may take once the time is over. */
#define GRACE_NS (2 * NS_PER_SECOND)
#define BUFFER (256 * 1024)

struct publisher {
    int fd;
    uint64_t sent, owed;  /* bytes */
    uint64_t asked;       /* publications */
    uint64_t lines;       /* of answers, whole */
    bool in_line;
    bool blocked;
    uint64_t *sent_at;    /* ns, by publication modulo in_flight */
};

struct run {
    const struct plan *plan;
    const struct dialect *dialect;
    struct tally *tally;
    int epoll;
    char *bytes;       /* one more publication than can be owed */
    size_t length;     /* of one */
    char buffer[BUFFER];
    uint64_t outstanding;
    uint64_t deadline;
    struct publisher *publishers;
};

static void flush(struct run *run, struct publisher *publisher)
{
    const char *from = run->bytes + publisher->sent % run->length;
    ssize_t taken = send(publisher->fd, from, publisher->owed, MSG_NOSIGNAL);
    if (taken < 0 && errno != EAGAIN && errno != EINTR)
        fail("a publisher was closed: %s", strerror(errno));
    if (taken > 0) {
        publisher->sent += (uint64_t)taken;
        publisher->owed -= (uint64_t)taken;
    }
    bool blocked = publisher->owed > 0;
    if (blocked != publisher->blocked) {
        struct epoll_event event = {.events = EPOLLIN | (blocked ? EPOLLOUT : 0),
                                    .data.u32 = (uint32_t)(publisher - run->publishers)};
        if (epoll_ctl(run->epoll, EPOLL_CTL_MOD, publisher->fd, &event) < 0)
            fail("epoll_ctl: %s", strerror(errno));
        publisher->blocked = blocked;
    }
}

static void publish(struct run *run, struct publisher *publisher, uint64_t count)
{
    uint64_t now = now_ns();
    for (uint64_t i = 0; i < count; i++)
        publisher->sent_at[publisher->asked++ % run->plan->in_flight] = now;
    publisher->owed += count * run->length;
    run->outstanding += count;
    flush(run, publisher);
}

/* One whole answer has come. */
static void answered(struct run *run, struct publisher *publisher, uint64_t number, uint64_t now)
{
    run->outstanding--;
    if (now >= run->deadline) {
        run->tally->drained++;
        return;
    }
    run->tally->messages++;
    latency_add(&run->tally->latency, now - publisher->sent_at[number % run->plan->in_flight]);
}

static void receive(struct run *run, struct publisher *publisher)
{
    ssize_t length = recv(publisher->fd, run->buffer, sizeof run->buffer, 0);
    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (length <= 0)
        fail("a publisher was closed by the server");
    uint64_t now = now_ns(), answers = 0;
    unsigned each = run->dialect->reply_lines;
    for (const char *at = run->buffer, *end = at + length; at < end;) {
        if (!publisher->in_line && publisher->lines % each == 0 && *at != run->dialect->reply_begins)
            fail("an answer is not as it should be: %.*s", (int)(end - at < 60 ? end - at : 60), at);
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        publisher->in_line = newline == NULL;
        if (newline == NULL)
            break;
        at = newline + 1;
        if (++publisher->lines % each == 0)
            answered(run, publisher, publisher->lines / each - 1, now), answers++;
    }
    if (answers > 0 && now < run->deadline)
        publish(run, publisher, answers);
}

static void open_publishers(struct run *run)
{
    const int on = 1;
    run->publishers = allocate(run->plan->sockets, sizeof *run->publishers);
    for (unsigned i = 0; i < run->plan->sockets; i++) {
        struct publisher *publisher = &run->publishers[i];
        publisher->fd = open_socket(run->plan, SOCK_STREAM, run->epoll, i);
        publisher->sent_at = allocate(run->plan->in_flight, sizeof *publisher->sent_at);
        if (setsockopt(publisher->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0)
            fail("TCP_NODELAY: %s", strerror(errno));
    }
}

void run_publish(const struct plan *plan, const struct dialect *dialect, struct tally *tally)
{
    static struct run run;
    run.plan = plan, run.dialect = dialect, run.tally = tally;
    if (dialect->reply_lines == 0)
        fail("publications are not answered by %s", dialect->name);
    run.epoll = epoll_create1(EPOLL_CLOEXEC);
    char *one = publication(dialect, plan->size, &run.length);
    run.bytes = allocate(plan->in_flight + 1, run.length);
    for (unsigned i = 0; i <= plan->in_flight; i++)
        memcpy(run.bytes + i * run.length, one, run.length);
    open_publishers(&run);
    run.deadline = now_ns() + plan->duration_ns;
    for (unsigned i = 0; i < plan->sockets; i++)
        publish(&run, &run.publishers[i], plan->in_flight);

    struct epoll_event events[EVENTS_AT_ONCE];
    uint64_t end = run.deadline + GRACE_NS;
    for (uint64_t now = now_ns(); now < end && run.outstanding > 0; now = now_ns()) {
        int ready = epoll_wait(run.epoll, events, EVENTS_AT_ONCE, wait_ms(now, end));
        for (int i = 0; i < ready; i++) {
            struct publisher *publisher = &run.publishers[events[i].data.u32];
            if (events[i].events & EPOLLOUT)
                flush(&run, publisher);
            if (events[i].events & ~(uint32_t)EPOLLOUT)
                receive(&run, publisher);
        }
    }
    if (run.outstanding > 0)
        complain("%llu publications were never answered", (unsigned long long)run.outstanding);
    tally->errors += run.outstanding;
}

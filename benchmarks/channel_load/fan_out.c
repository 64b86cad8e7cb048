/* Fan-out: one publishes, many read.
 *
 * So many publications are under way that on the average no subscriber is more than plan->in_flight behind.
 * A message is a delivery; its latency counts from its publication. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "channel_load.h"

/* How long the last deliveries may take once the time is over. */
#define GRACE_NS (5 * NS_PER_SECOND)
/* How long it may take until everybody has subscribed. */
#define READY_NS (20 * NS_PER_SECOND)
/* Between two messages that find out who has subscribed by now, and until nothing is on its way any more. */
#define QUIET_NS (300 * NS_PER_MILLISECOND)
#define BUFFER (1024 * 1024)
/* When publications were sent: more of them than any subscriber is ever behind. */
#define REMEMBERED (1 << 20)

struct run {
    const struct plan *plan;
    const struct dialect *dialect;
    struct tally *tally;
    int epoll;
    int *sockets;          /* the subscribers, and behind them the publisher */
    uint64_t *delivered;   /* by subscriber */
    uint64_t published, total;
    unsigned ready;        /* subscribers that have got something */
    uint64_t sent, owed;   /* bytes of the publisher */
    bool is_blocked, is_measured;
    uint64_t deadline;
    char *bytes;           /* several publications, so that many go out in one write */
    size_t length, written_at_once;
};

static char buffer[BUFFER];
static uint64_t sent_at[REMEMBERED];

static void flush(struct run *run)
{
    int publisher = run->sockets[run->plan->sockets];
    while (run->owed > 0) {
        uint64_t offset = run->sent % run->length;
        size_t most = run->written_at_once - offset;
        ssize_t taken = send(publisher, run->bytes + offset, run->owed < most ? run->owed : most, MSG_NOSIGNAL);
        if (taken < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (taken < 0)
            fail("the publisher was closed: %s", strerror(errno));
        run->sent += (uint64_t)taken;
        run->owed -= (uint64_t)taken;
    }
    bool is_blocked = run->owed > 0;
    if (is_blocked != run->is_blocked) {
        struct epoll_event event = {.events = EPOLLIN | (is_blocked ? EPOLLOUT : 0),
                                    .data.u32 = run->plan->sockets};
        if (epoll_ctl(run->epoll, EPOLL_CTL_MOD, publisher, &event) < 0)
            fail("epoll_ctl: %s", strerror(errno));
        run->is_blocked = is_blocked;
    }
}

static void publish(struct run *run, uint64_t count)
{
    uint64_t now = now_ns();
    for (uint64_t i = 0; i < count; i++)
        sent_at[run->published++ % REMEMBERED] = now;
    run->owed += count * run->length;
    flush(run);
}

/* As many publications as may be under way. */
static void go_on(struct run *run)
{
    uint64_t done = run->total / run->plan->sockets;
    uint64_t allowed = done + run->plan->in_flight;
    if (allowed > run->published)
        publish(run, allowed - run->published);
}

static void deliver(struct run *run, unsigned index, uint64_t now)
{
    uint64_t number = run->delivered[index]++;
    run->total++;
    if (!run->is_measured) {
        run->ready += number == 0;
        return;
    }
    if (number >= run->published)
        fail("subscriber %u got more than was published", index);
    if (now >= run->deadline) {
        run->tally->drained++;
        return;
    }
    run->tally->messages++;
    latency_add(&run->tally->latency, now - sent_at[number % REMEMBERED]);
}

static void receive(struct run *run, unsigned index)
{
    ssize_t length = recv(run->sockets[index], buffer, sizeof buffer, 0);
    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (length <= 0)
        fail("%s was closed by the server", index < run->plan->sockets ? "a subscriber" : "the publisher");
    if (index == run->plan->sockets)
        return; /* what it is told is not looked at here */
    uint64_t now = now_ns();
    const char *end = buffer + length;
    for (const char *at = buffer; (at = memchr(at, MARK, (size_t)(end - at))) != NULL; at++)
        deliver(run, index, now);
}

/* See to what happens until `until`, or as long as `goes_on` says. */
static void serve(struct run *run, uint64_t until, bool (*goes_on)(const struct run *))
{
    struct epoll_event events[EVENTS_AT_ONCE];
    for (uint64_t now = now_ns(); now < until && goes_on(run); now = now_ns()) {
        int ready = epoll_wait(run->epoll, events, EVENTS_AT_ONCE, wait_ms(now, until));
        for (int i = 0; i < ready; i++) {
            if (events[i].events & EPOLLOUT)
                flush(run);
            if (events[i].events & ~(uint32_t)EPOLLOUT)
                receive(run, events[i].data.u32);
        }
        if (run->is_measured && now < run->deadline)
            go_on(run);
    }
}

static bool always(const struct run *run)
{
    (void)run;
    return true;
}

static bool is_owed(const struct run *run)
{
    return run->total < run->published * run->plan->sockets;
}

static void subscribe(struct run *run)
{
    unsigned count = run->plan->sockets;
    run->sockets = allocate(count + 1, sizeof *run->sockets);
    run->delivered = allocate(count, sizeof *run->delivered);
    for (unsigned i = 0; i <= count; i++) {
        const char *said = i < count ? run->dialect->subscribe : run->dialect->publisher;
        struct plan plan = *run->plan;
        if (i == count)
            plan.server = run->plan->publish_to;
        run->sockets[i] = open_socket(&plan, SOCK_STREAM, run->epoll, i);
        if (send(run->sockets[i], said, strlen(said), MSG_NOSIGNAL) != (ssize_t)strlen(said))
            fail("a subscriber could not speak: %s", strerror(errno));
    }
    for (uint64_t end = now_ns() + READY_NS; run->ready < count;) {
        if (now_ns() > end)
            fail("%u of %u have not got anything", count - run->ready, count);
        publish(run, 1);
        serve(run, now_ns() + QUIET_NS, always);
    }
    /* What came before has come by now. */
    serve(run, now_ns() + QUIET_NS, always);
    memset(run->delivered, 0, count * sizeof *run->delivered);
    run->published = run->total = 0;
}

void run_fan_out(const struct plan *plan, const struct dialect *dialect, struct tally *tally)
{
    struct run run = {.plan = plan, .dialect = dialect, .tally = tally, .epoll = epoll_create1(EPOLL_CLOEXEC)};
    if (dialect->subscribe == NULL)
        fail("nobody subscribes to %s", dialect->name);
    char *one = publication(dialect, plan->size, &run.length);
    run.bytes = allocate(plan->in_flight + 1, run.length);
    for (unsigned i = 0; i <= plan->in_flight; i++)
        memcpy(run.bytes + i * run.length, one, run.length);
    run.written_at_once = (plan->in_flight + 1) * run.length;
    subscribe(&run);

    run.is_measured = true;
    run.deadline = now_ns() + plan->duration_ns;
    go_on(&run);
    serve(&run, run.deadline, always);
    serve(&run, run.deadline + GRACE_NS, is_owed);
    if (is_owed(&run)) {
        tally->errors = run.published * plan->sockets - run.total;
        complain("%llu deliveries never came", (unsigned long long)tally->errors);
    }
}

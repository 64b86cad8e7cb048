/* Datagrams over UDP: every socket keeps a fixed number of datagrams in flight.
 *
 * A datagram starts with its number in letters, so a reply is matched to the slot that waits for
 * it.  A slot whose reply does not come in time counts as lost and is used again, so that a lost
 * datagram never stalls its socket. */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "load.h"

/* Far above what a loaded server needs on loopback, far below a run's length. */
#define LOSS_NS (250 * NS_PER_MILLISECOND)
/* How often the slots are searched for lost datagrams. */
#define SWEEP_NS (25 * NS_PER_MILLISECOND)
/* 32 bits, four to a letter. */
#define NUMBER_LETTERS 8

struct slot {
    bool waiting;
    uint32_t number; /* of the datagram under way; modulo in_flight it is the slot's index */
    uint64_t sent_at;
};

struct sender {
    int fd;
    struct slot *slots;
};

struct run {
    const struct plan *plan;
    struct tally *tally;
    int epoll;
    uint64_t waiting; /* slots that wait for a reply */
    uint64_t deadline;
    char *datagram; /* what is sent: number, then filler */
    char *filler;   /* the filler in upper case */
    char *buffer;   /* one byte more than a reply, to notice a longer one */
    struct sender *senders;
};

static void make_datagram(struct run *run)
{
    size_t size = run->plan->size;
    run->datagram = allocate(size, 1);
    run->filler = allocate(size, 1);
    run->buffer = allocate(size + 1, 1);
    for (size_t i = NUMBER_LETTERS; i < size; i++) {
        run->datagram[i] = (char)('a' + i % 26);
        run->filler[i - NUMBER_LETTERS] = (char)toupper(run->datagram[i]);
    }
}

static void write_number(char *letters, uint32_t number)
{
    for (int i = 0; i < NUMBER_LETTERS; i++, number >>= 4)
        letters[i] = (char)('a' + (number & 15));
}

static bool read_number(const char *letters, uint32_t *number)
{
    *number = 0;
    for (int i = NUMBER_LETTERS - 1; i >= 0; i--) {
        if (letters[i] < 'A' || letters[i] > 'P')
            return false;
        *number = *number << 4 | (uint32_t)(letters[i] - 'A');
    }
    return true;
}

/* A server that is gone answers with an ICMP error; nothing else stops a run. */
static void check(const char *call)
{
    if (errno != EAGAIN && errno != EINTR && errno != ENOBUFS)
        fail("%s: %s", call, strerror(errno));
}

static void send_next(struct run *run, struct sender *sender, struct slot *slot)
{
    slot->number += run->plan->in_flight;
    slot->sent_at = now_ns();
    if (!slot->waiting)
        run->waiting++;
    slot->waiting = true;
    write_number(run->datagram, slot->number);
    /* What the kernel has no room for is lost like any other datagram. */
    if (send(sender->fd, run->datagram, run->plan->size, MSG_NOSIGNAL) < 0)
        check("send");
}

static bool is_reply(const struct run *run, ssize_t length, uint32_t *number)
{
    size_t size = run->plan->size;
    return (size_t)length == size && read_number(run->buffer, number)
        && memcmp(run->buffer + NUMBER_LETTERS, run->filler, size - NUMBER_LETTERS) == 0;
}

static void receive(struct run *run, struct sender *sender)
{
    uint32_t number;
    ssize_t length = recv(sender->fd, run->buffer, run->plan->size + 1, 0);
    if (length < 0) {
        check("recv");
        return;
    }
    if (!is_reply(run, length, &number)) {
        if (run->tally->errors++ == 0)
            complain("a reply is not the datagram in upper case");
        return;
    }
    struct slot *slot = &sender->slots[number % run->plan->in_flight];
    if (!slot->waiting || slot->number != number) {
        run->tally->late++;
        return;
    }
    slot->waiting = false;
    run->waiting--;
    uint64_t now = now_ns();
    if (now >= run->deadline) {
        run->tally->drained++;
        return;
    }
    run->tally->messages++;
    latency_add(&run->tally->latency, now - slot->sent_at);
    send_next(run, sender, slot);
}

static void replace_lost(struct run *run, uint64_t now)
{
    for (unsigned i = 0; i < run->plan->sockets; i++) {
        struct sender *sender = &run->senders[i];
        for (unsigned j = 0; j < run->plan->in_flight; j++) {
            struct slot *slot = &sender->slots[j];
            if (slot->waiting && now > slot->sent_at + LOSS_NS) {
                run->tally->lost++;
                send_next(run, sender, slot);
            }
        }
    }
}

static void open_senders(struct run *run)
{
    run->senders = allocate(run->plan->sockets, sizeof *run->senders);
    for (unsigned i = 0; i < run->plan->sockets; i++) {
        run->senders[i].fd = open_socket(run->plan, SOCK_DGRAM, run->epoll, i);
        run->senders[i].slots = allocate(run->plan->in_flight, sizeof *run->senders[i].slots);
        for (unsigned j = 0; j < run->plan->in_flight; j++)
            run->senders[i].slots[j].number = j;
    }
}

static void exchange(struct run *run)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    uint64_t end = run->deadline + LOSS_NS;
    uint64_t next_sweep = now_ns() + SWEEP_NS;
    for (uint64_t now = now_ns(); now < end; now = now_ns()) {
        if (now >= run->deadline && run->waiting == 0)
            return;
        if (now >= next_sweep && now < run->deadline) {
            replace_lost(run, now);
            next_sweep = now + SWEEP_NS;
        }
        uint64_t until = now < run->deadline ? next_sweep : end;
        int ready = epoll_wait(run->epoll, events, EVENTS_AT_ONCE, wait_ms(now, until));
        for (int i = 0; i < ready; i++)
            receive(run, &run->senders[events[i].data.u32]);
    }
}

void run_udp(const struct plan *plan, struct tally *tally)
{
    struct run run = {.plan = plan, .tally = tally, .epoll = epoll_create1(EPOLL_CLOEXEC)};
    if (run.epoll < 0)
        fail("epoll_create1: %s", strerror(errno));
    make_datagram(&run);
    open_senders(&run);

    run.deadline = now_ns() + plan->duration_ns;
    for (unsigned i = 0; i < plan->sockets; i++)
        for (unsigned j = 0; j < plan->in_flight; j++)
            send_next(&run, &run.senders[i], &run.senders[i].slots[j]);
    exchange(&run);
    tally->lost += run.waiting;
}

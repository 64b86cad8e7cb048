/* Load for what passes streams on, and the server behind it: two processes, on one core.
 *
 *   relay_load stream  127.0.0.1 PORT TARGET_PORT [--seconds 2]    MiB that come, over one connection after the other
 *   relay_load connect 127.0.0.1 PORT TARGET_PORT [--seconds 2] [--connections 50]
 *
 * In `stream` the server sends a GiB to each connection out of a file in memory, and the client throws it away
 * without a copy (MSG_TRUNC), so that moving the bytes on costs more than both.  In `connect` each connection is
 * for one message and its echo; the server closes it, so that the ports of nobody else are used up.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../load/load.h"

#define MIB (UINT64_C(1) << 20)
#define STREAM (UINT64_C(1) << 30)
#define MESSAGE 64
#define BACKLOG 1024
/* Addresses of this machine that connections come from in turn, so that none runs out of ports. */
#define SOURCES 200

static int accepting(const struct sockaddr_in *here)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int yes = 1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) < 0 ||
        bind(fd, (const struct sockaddr *)here, sizeof *here) < 0 || listen(fd, BACKLOG) < 0)
        fail("the target cannot listen: %s", strerror(errno));
    return fd;
}

static _Noreturn void serve_streams(int listening)
{
    int file = memfd_create("stream", MFD_CLOEXEC);
    if (file < 0 || ftruncate(file, MIB) < 0)
        fail("no file in memory: %s", strerror(errno));
    for (;;) {
        int fd = accept(listening, NULL, NULL);
        uint64_t sent = 0;
        while (fd >= 0 && sent < STREAM) {
            off_t from = (off_t)(sent % MIB);
            ssize_t taken = sendfile(fd, file, &from, MIB - (size_t)from);
            if (taken <= 0)
                break; /* the client has had its time */
            sent += (uint64_t)taken;
        }
        close(fd);
    }
}

static void add(int epoll, int fd, uint32_t events, uint32_t index)
{
    struct epoll_event event = {.events = events, .data.u32 = index};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        fail("epoll_ctl: %s", strerror(errno));
}

static _Noreturn void serve_messages(int listening)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    char message[MESSAGE];
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    fcntl(listening, F_SETFL, O_NONBLOCK);
    add(epoll, listening, EPOLLIN, (uint32_t)listening);
    for (;;) {
        int count = epoll_wait(epoll, events, EVENTS_AT_ONCE, -1);
        for (int index = 0; index < count; index++) {
            int fd = (int)events[index].data.u32;
            if (fd == listening) {
                while ((fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
                    add(epoll, fd, EPOLLIN, (uint32_t)fd);
                continue;
            }
            ssize_t size = recv(fd, message, sizeof message, 0);
            if (size > 0)
                (void)!send(fd, message, (size_t)size, MSG_NOSIGNAL);
            close(fd);
        }
    }
}

static void read_streams(const struct plan *plan, struct tally *tally)
{
    uint64_t end = now_ns() + plan->duration_ns, size = 0;
    static char unread[MIB];
    while (now_ns() < end) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || connect(fd, (const struct sockaddr *)&plan->server, sizeof plan->server) < 0)
            fail("connect: %s", strerror(errno));
        uint64_t got = 0;
        ssize_t some = 1;
        while (got < STREAM && now_ns() < end && (some = recv(fd, unread, MIB, MSG_TRUNC)) > 0)
            got += (uint64_t)some;
        if (some <= 0)
            fail("a stream ended after %llu bytes", (unsigned long long)got);
        size += got;
        close(fd);
    }
    tally->messages = size / MIB;
}

struct asking {
    int fd;
    uint64_t since;
};

static void ask(const struct plan *plan, int epoll, struct asking *asking, uint32_t index)
{
    static uint32_t turn;
    int yes = 1;
    struct sockaddr_in here = {.sin_family = AF_INET};
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + turn++ % SOURCES);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes) < 0 ||
        bind(fd, (const struct sockaddr *)&here, sizeof here) < 0)
        fail("no socket: %s", strerror(errno));
    if (connect(fd, (const struct sockaddr *)&plan->server, sizeof plan->server) < 0 && errno != EINPROGRESS)
        fail("connect: %s", strerror(errno));
    *asking = (struct asking){fd, now_ns()};
    add(epoll, fd, EPOLLOUT, index);
}

static void come_and_go(const struct plan *plan, struct tally *tally)
{
    struct asking all[MAX_SOCKETS];
    struct epoll_event events[EVENTS_AT_ONCE];
    char message[MESSAGE + 1];
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    uint64_t end = now_ns() + plan->duration_ns, now;
    for (uint32_t index = 0; index < plan->sockets; index++)
        ask(plan, epoll, &all[index], index);
    while ((now = now_ns()) < end) {
        int count = epoll_wait(epoll, events, EVENTS_AT_ONCE, wait_ms(now, end));
        for (int index = 0; index < count; index++) {
            uint32_t which = events[index].data.u32;
            struct asking *asking = &all[which];
            if (events[index].events & EPOLLOUT) {
                memset(message, 'm', MESSAGE);
                if (send(asking->fd, message, MESSAGE, MSG_NOSIGNAL) != MESSAGE)
                    fail("a connection was refused: %s", strerror(errno));
                struct epoll_event event = {.events = EPOLLIN, .data.u32 = which};
                epoll_ctl(epoll, EPOLL_CTL_MOD, asking->fd, &event);
                continue;
            }
            ssize_t size = recv(asking->fd, message, sizeof message, 0);
            if (size == MESSAGE)
                continue; /* its end follows */
            if (size != 0)
                fail("%zd bytes came back: %s", size, strerror(errno));
            now = now_ns();
            latency_add(&tally->latency, now - asking->since);
            tally->messages++;
            close(asking->fd);
            ask(plan, epoll, asking, which);
        }
    }
}

int main(int count, char **words)
{
    static const struct option options[] = {
        {"connections", required_argument, NULL, 'c'}, {"seconds", required_argument, NULL, 's'}, {0}};
    struct plan plan = {.sockets = 50, .duration_ns = 2 * NS_PER_SECOND};
    static struct tally tally;
    int option;
    while ((option = getopt_long(count, words, "", options, NULL)) >= 0) {
        if (option == 'c')
            plan.sockets = whole("--connections", optarg, 1, MAX_SOCKETS);
        else if (option == 's')
            plan.duration_ns = duration_ns(optarg);
        else
            usage("an option is not known");
    }
    if (count - optind != 4)
        usage("KIND HOST PORT TARGET_PORT are needed");
    bool is_stream = strcmp(words[optind], "stream") == 0;
    plan.server = loopback(words[optind + 1], words[optind + 2]);
    struct sockaddr_in target = loopback(words[optind + 1], words[optind + 3]);
    int listening = accepting(&target);
    signal(SIGPIPE, SIG_IGN);
    pid_t server = fork();
    if (server == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        is_stream ? serve_streams(listening) : serve_messages(listening);
    }
    close(listening);
    (is_stream ? read_streams : come_and_go)(&plan, &tally);
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    print_json(&plan, &tally);
}

_Noreturn void usage(const char *why)
{
    fprintf(stderr, "%s\nusage: relay_load KIND HOST PORT TARGET_PORT [--seconds S] [--connections N]\n", why);
    exit(2);
}

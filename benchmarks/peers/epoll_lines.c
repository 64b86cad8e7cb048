/* Lines over TCP in C with epoll: about the best that one thread can do with one recv and one send for
 * each read.  Every line is answered in upper case.  Prints "ready PORT" and serves until it is killed. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER 65536
#define EVENTS 256

/* What is left of a connection's last read, at most a line. */
struct connection {
    int fd;
    size_t held;
    char data[BUFFER];
};

static void check(int result, const char *call)
{
    if (result < 0) {
        perror(call);
        exit(1);
    }
}

static int listen_on_loopback(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    check(fd, "socket");
    check(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "TCP_NODELAY");
    check(bind(fd, (struct sockaddr *)&address, sizeof address), "bind");
    check(listen(fd, 1024), "listen");
    check(getsockname(fd, (struct sockaddr *)&address, &size), "getsockname");
    printf("ready %u\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

static void watch(int epoll, int fd, void *what)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = what};
    check(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}

static void accept_all(int epoll, int listener)
{
    for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
        struct connection *connection = malloc(sizeof *connection);
        connection->fd = fd;
        connection->held = 0;
        watch(epoll, fd, connection);
    }
}

static void finish(struct connection *connection)
{
    close(connection->fd);
    free(connection);
}

/* Answers the whole lines of a read with one send.  A reply that does not fit into the socket's buffer
 * ends the connection: the load generator reads everything. */
static void answer(struct connection *connection)
{
    static char reply[BUFFER];
    ssize_t got = recv(connection->fd, connection->data + connection->held, BUFFER - connection->held, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        finish(connection);
        return;
    }
    size_t all = connection->held + (size_t)got, whole = all;
    while (whole > 0 && connection->data[whole - 1] != '\n')
        whole--;
    for (size_t i = 0; i < whole; i++) {
        char letter = connection->data[i];
        reply[i] = letter >= 'a' && letter <= 'z' ? (char)(letter - 32) : letter;
    }
    if (whole > 0 && send(connection->fd, reply, whole, MSG_NOSIGNAL) != (ssize_t)whole) {
        finish(connection);
        return;
    }
    connection->held = all - whole;
    memmove(connection->data, connection->data + whole, connection->held);
    if (connection->held == BUFFER)
        finish(connection);
}

int main(void)
{
    int listener = listen_on_loopback(), epoll = epoll_create1(0);
    struct epoll_event events[EVENTS];
    check(epoll, "epoll_create1");
    watch(epoll, listener, NULL);
    for (;;) {
        int count = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == NULL)
                accept_all(epoll, listener);
            else
                answer(events[i].data.ptr);
        }
    }
}

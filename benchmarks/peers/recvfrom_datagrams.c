/* Datagrams over UDP in C: recvfrom and sendto in a loop, and nothing else.  Every datagram is answered
 * in upper case.  Prints "ready PORT" and serves until it is killed. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static void check(int result, const char *call)
{
    if (result < 0) {
        perror(call);
        exit(1);
    }
}

int main(void)
{
    static char datagram[65536];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    check(fd, "socket");
    check(bind(fd, (struct sockaddr *)&address, sizeof address), "bind");
    check(getsockname(fd, (struct sockaddr *)&address, &size), "getsockname");
    printf("ready %u\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        size = sizeof address;
        ssize_t got = recvfrom(fd, datagram, sizeof datagram, 0, (struct sockaddr *)&address, &size);
        for (ssize_t i = 0; i < got; i++)
            if (datagram[i] >= 'a' && datagram[i] <= 'z')
                datagram[i] = (char)(datagram[i] - 32);
        if (got >= 0)
            sendto(fd, datagram, (size_t)got, 0, (struct sockaddr *)&address, size);
    }
}

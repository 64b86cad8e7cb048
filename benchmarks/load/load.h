/* The words the parts of the load generator share. */
#ifndef LOAD_H
#define LOAD_H

#include <netinet/in.h>
#include <stdint.h>

/* Under the usual limit of 1024 open files, with room for epoll and the standard streams. */
#define MAX_SOCKETS 1000
/* Together these bound what the generator holds: MAX_IN_FLIGHT * MAX_SIZE is 16 MiB. */
#define MAX_IN_FLIGHT 1024
#define MAX_SIZE 16384
/* A UDP message starts with its number in 8 letters, and one letter more shows the upper-casing. */
#define MIN_DATAGRAM_SIZE 9
/* A line is at least one letter and its newline. */
#define MIN_LINE_SIZE 2
/* A run that is longer than this was a mistake. */
#define MAX_SECONDS 600.0

#define NS_PER_SECOND UINT64_C(1000000000)
#define NS_PER_MILLISECOND UINT64_C(1000000)

/* How many events one epoll_wait may return: all of 50 sockets, with room. */
#define EVENTS_AT_ONCE 64

/* What one run does. */
struct plan {
    struct sockaddr_in server;     /* loopback, always */
    struct sockaddr_in publish_to; /* where fan-out publishes */
    unsigned sockets;
    unsigned in_flight; /* messages under way per socket */
    unsigned size;      /* bytes per message; for TCP with its newline */
    uint64_t duration_ns;
};

/* Log-linear histogram: 64 buckets for every power of two, so a value is known to 1/64. */
#define LATENCY_STEPS 64
#define LATENCY_BUCKETS (59 * LATENCY_STEPS)

struct latency {
    uint64_t count;
    uint64_t buckets[LATENCY_BUCKETS];
};

void latency_add(struct latency *latency, uint64_t ns);

/* The value in microseconds that `fraction` (0 to 1) of all values do not exceed; 0 of none. */
double latency_percentile_us(const struct latency *latency, double fraction);

/* What one run saw. */
struct tally {
    uint64_t messages; /* right replies within the run's time */
    uint64_t drained;  /* right replies after it, to messages sent within it */
    uint64_t lost;     /* datagrams without a reply in time */
    uint64_t late;     /* replies to datagrams that had been given up */
    uint64_t errors;   /* wrong replies, connections that broke, lines never answered */
    struct latency latency;
};

void run_tcp(const struct plan *plan, struct tally *tally);
void run_udp(const struct plan *plan, struct tally *tally);

/* Says `why`, and how the program is called, and ends it with status 2. */
_Noreturn void usage(const char *why);

/* What stands on a command line; what does not fit ends the program by usage(). */
unsigned whole(const char *name, const char *text, unsigned least, unsigned most);
uint64_t duration_ns(const char *text);
struct sockaddr_in loopback(const char *host, const char *port);

/* One JSON object on standard output. */
void print_json(const struct plan *plan, const struct tally *tally);

/* Monotonic time. */
uint64_t now_ns(void);

/* How long epoll_wait may sleep until `until`: milliseconds, rounded up so that it never spins. */
int wait_ms(uint64_t now, uint64_t until);

/* Memory that is zeroed, or the end of the program. */
void *allocate(size_t count, size_t size);

/* A non-blocking socket connected to the server and watched by `epoll` with `index` as its data. */
int open_socket(const struct plan *plan, int type, int epoll, unsigned index);

/* One line on standard error. */
__attribute__((format(printf, 1, 2))) void complain(const char *format, ...);

/* One line on standard error, then exit with status 1. */
__attribute__((format(printf, 1, 2))) _Noreturn void fail(const char *format, ...);

#endif

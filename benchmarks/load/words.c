/* Numbers and addresses from a command line, and what is printed in the end. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "load.h"

unsigned whole(const char *name, const char *text, unsigned least, unsigned most)
{
    char why[128], *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < (long)least || value > (long)most) {
        snprintf(why, sizeof why, "%s must be a number from %u to %u", name, least, most);
        usage(why);
    }
    return (unsigned)value;
}

uint64_t duration_ns(const char *text)
{
    char *end;
    double seconds = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(seconds) || seconds <= 0 || seconds > MAX_SECONDS)
        usage("--seconds must be a number above 0, up to 600");
    return (uint64_t)(seconds * (double)NS_PER_SECOND);
}

struct sockaddr_in loopback(const char *host, const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
        usage("HOST must be an IPv4 address");
    if (ntohl(address.sin_addr.s_addr) >> 24 != IN_LOOPBACKNET)
        usage("HOST must be a loopback address (127.0.0.0/8)");
    address.sin_port = htons((uint16_t)whole("PORT", port, 1, 65535));
    return address;
}

void print_json(const struct plan *plan, const struct tally *tally)
{
    printf("{\"messages\": %llu, \"seconds\": %.6f, \"drained\": %llu, \"lost\": %llu, "
           "\"late\": %llu, \"errors\": %llu, \"p50_us\": %.1f, \"p99_us\": %.1f}\n",
           (unsigned long long)tally->messages, (double)plan->duration_ns / (double)NS_PER_SECOND,
           (unsigned long long)tally->drained, (unsigned long long)tally->lost,
           (unsigned long long)tally->late, (unsigned long long)tally->errors,
           latency_percentile_us(&tally->latency, 0.50),
           latency_percentile_us(&tally->latency, 0.99));
}

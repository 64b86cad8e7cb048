/* A load generator for servers that answer a message with the message in upper case.
 *
 *   load tcp HOST PORT [--connections 50] [--in-flight 1] [--size 64] [--seconds 2]
 *   load udp HOST PORT [--sockets 50] [--in-flight 1] [--size 64] [--seconds 2]
 *
 * HOST is an IPv4 loopback address: this is no tool to point at others.  Prints one JSON object.
 * Exit status: 0, 1 if anything went wrong with the server, 2 if the command line is wrong. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"

static _Noreturn void usage(const char *why)
{
    complain("%s", why);
    fputs("usage: load tcp HOST PORT [--connections N] [--in-flight N] [--size BYTES] [--seconds S]\n"
          "       load udp HOST PORT [--sockets N] [--in-flight N] [--size BYTES] [--seconds S]\n",
          stderr);
    exit(2);
}

static unsigned whole(const char *name, const char *text, unsigned least, unsigned most)
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

static uint64_t duration_ns(const char *text)
{
    char *end;
    double seconds = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(seconds) || seconds <= 0 || seconds > MAX_SECONDS)
        usage("--seconds must be a number above 0, up to 600");
    return (uint64_t)(seconds * (double)NS_PER_SECOND);
}

static struct sockaddr_in loopback(const char *host, const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
        usage("HOST must be an IPv4 address");
    if (ntohl(address.sin_addr.s_addr) >> 24 != IN_LOOPBACKNET)
        usage("HOST must be a loopback address (127.0.0.0/8)");
    address.sin_port = htons((uint16_t)whole("PORT", port, 1, 65535));
    return address;
}

static struct plan parse(int count, char **words, int is_tcp)
{
    const struct option options[] = {
        {is_tcp ? "connections" : "sockets", required_argument, NULL, 'c'},
        {"in-flight", required_argument, NULL, 'n'},
        {"size", required_argument, NULL, 'b'},
        {"seconds", required_argument, NULL, 's'},
        {NULL, 0, NULL, 0},
    };
    const unsigned least = is_tcp ? MIN_LINE_SIZE : MIN_DATAGRAM_SIZE;
    struct plan plan = {
        .sockets = 50, .in_flight = 1, .size = 64, .duration_ns = 2 * NS_PER_SECOND};
    for (int letter; (letter = getopt_long(count, words, "", options, NULL)) != -1;) {
        switch (letter) {
        case 'c': plan.sockets = whole("the number of sockets", optarg, 1, MAX_SOCKETS); break;
        case 'n': plan.in_flight = whole("--in-flight", optarg, 1, MAX_IN_FLIGHT); break;
        case 'b': plan.size = whole("--size", optarg, least, MAX_SIZE); break;
        case 's': plan.duration_ns = duration_ns(optarg); break;
        default: usage("these are the options:");
        }
    }
    if (count - optind != 2)
        usage("HOST and PORT are required, and nothing else");
    plan.server = loopback(words[optind], words[optind + 1]);
    return plan;
}

static void print_json(const struct plan *plan, const struct tally *tally)
{
    printf("{\"messages\": %llu, \"seconds\": %.6f, \"drained\": %llu, \"lost\": %llu, "
           "\"late\": %llu, \"errors\": %llu, \"p50_us\": %.1f, \"p99_us\": %.1f}\n",
           (unsigned long long)tally->messages, (double)plan->duration_ns / (double)NS_PER_SECOND,
           (unsigned long long)tally->drained, (unsigned long long)tally->lost,
           (unsigned long long)tally->late, (unsigned long long)tally->errors,
           latency_percentile_us(&tally->latency, 0.50),
           latency_percentile_us(&tally->latency, 0.99));
}

int main(int count, char **words)
{
    static struct tally tally;
    if (count < 2)
        usage("say tcp or udp");
    int is_tcp = strcmp(words[1], "tcp") == 0;
    if (!is_tcp && strcmp(words[1], "udp") != 0)
        usage("say tcp or udp");
    words[1] = words[0]; /* getopt starts its complaints with it */
    struct plan plan = parse(count - 1, words + 1, is_tcp);
    if (is_tcp)
        run_tcp(&plan, &tally);
    else
        run_udp(&plan, &tally);
    print_json(&plan, &tally);
    return tally.errors == 0 ? 0 : 1;
}

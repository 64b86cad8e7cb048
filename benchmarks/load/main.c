/* A load generator for servers that answer a message with the message in upper case.
 *
 *   load tcp HOST PORT [--connections 50] [--in-flight 1] [--size 64] [--seconds 2]
 *   load udp HOST PORT [--sockets 50] [--in-flight 1] [--size 64] [--seconds 2]
 *
 * HOST is an IPv4 loopback address: this is no tool to point at others.  Prints one JSON object.
 * Exit status: 0, 1 if anything went wrong with the server, 2 if the command line is wrong. */
#define _GNU_SOURCE
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"

_Noreturn void usage(const char *why)
{
    complain("%s", why);
    fputs("usage: load tcp HOST PORT [--connections N] [--in-flight N] [--size BYTES] [--seconds S]\n"
          "       load udp HOST PORT [--sockets N] [--in-flight N] [--size BYTES] [--seconds S]\n",
          stderr);
    exit(2);
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

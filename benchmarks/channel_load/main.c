/* A load generator for whatever takes messages and passes them on.
 *
 *   channel_load publish DIALECT HOST PORT [--connections 50] [--in-flight 1] [--size 64] [--seconds 2]
 *   channel_load fan-out DIALECT HOST PORT [--publish-to PORT] [--connections 1000] [--in-flight 64] …
 *
 * DIALECT is one of dialect.c; HOST is an IPv4 loopback address.  Prints one JSON object.
 * Exit status: 0, 1 if anything went wrong with the server, 2 if the command line is wrong. */
#define _GNU_SOURCE
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "channel_load.h"

#define MIN_BODY_SIZE 2

_Noreturn void usage(const char *why)
{
    complain("%s", why);
    fputs("usage: channel_load publish|fan-out lines|sse|echo|redis|nats HOST PORT\n"
          "       [--publish-to PORT] [--connections N] [--in-flight N] [--size BYTES] [--seconds S]\n",
          stderr);
    exit(2);
}

int main(int count, char **words)
{
    const struct option options[] = {
        {"publish-to", required_argument, NULL, 'p'},
        {"connections", required_argument, NULL, 'c'},
        {"in-flight", required_argument, NULL, 'n'},
        {"size", required_argument, NULL, 'b'},
        {"seconds", required_argument, NULL, 's'},
        {NULL, 0, NULL, 0},
    };
    static struct tally tally;
    struct plan plan = {.sockets = 50, .in_flight = 1, .size = 64, .duration_ns = 2 * NS_PER_SECOND};
    const char *publish_to = NULL;
    for (int letter; (letter = getopt_long(count, words, "", options, NULL)) != -1;) {
        switch (letter) {
        case 'p': publish_to = optarg; break;
        case 'c': plan.sockets = whole("--connections", optarg, 1, MAX_SOCKETS); break;
        case 'n': plan.in_flight = whole("--in-flight", optarg, 1, MAX_IN_FLIGHT); break;
        case 'b': plan.size = whole("--size", optarg, MIN_BODY_SIZE, MAX_SIZE); break;
        case 's': plan.duration_ns = duration_ns(optarg); break;
        default: usage("these are the options:");
        }
    }
    if (count - optind != 4)
        usage("a load, a dialect, HOST and PORT are required, and nothing else");
    char **given = words + optind;
    plan.server = loopback(given[2], given[3]);
    plan.publish_to = publish_to == NULL ? plan.server : loopback(given[2], publish_to);
    const struct dialect *dialect = dialect_named(given[1]);
    if (strcmp(given[0], "publish") == 0)
        run_publish(&plan, dialect, &tally);
    else if (strcmp(given[0], "fan-out") == 0)
        run_fan_out(&plan, dialect, &tally);
    else
        usage("say publish or fan-out");
    print_json(&plan, &tally);
    return tally.errors == 0 ? 0 : 1;
}

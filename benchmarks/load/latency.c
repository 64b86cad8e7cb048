/* A histogram of latencies in fixed memory. */
#include "load.h"

/* Values below twice LATENCY_STEPS are their own bucket; above, the leading one and the six bits
 * after it choose the bucket, and `shift` says how many low bits were dropped. */
static unsigned bucket_of(uint64_t ns)
{
    unsigned shift = 0;
    if (ns >= 2 * LATENCY_STEPS)
        shift = (unsigned)(63 - __builtin_clzll(ns)) - 6;
    return shift * LATENCY_STEPS + (unsigned)(ns >> shift);
}

static double bucket_middle_ns(unsigned bucket)
{
    if (bucket < 2 * LATENCY_STEPS)
        return bucket;
    unsigned shift = bucket / LATENCY_STEPS - 1;
    uint64_t step = bucket - shift * LATENCY_STEPS;
    return (double)(step << shift) + (double)(UINT64_C(1) << shift) / 2;
}

void latency_add(struct latency *latency, uint64_t ns)
{
    latency->count++;
    latency->buckets[bucket_of(ns)]++;
}

double latency_percentile_us(const struct latency *latency, double fraction)
{
    double wanted = fraction * (double)latency->count;
    uint64_t seen = 0;
    for (unsigned bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
        seen += latency->buckets[bucket];
        if (seen > 0 && (double)seen >= wanted)
            return bucket_middle_ns(bucket) / 1000;
    }
    return 0;
}

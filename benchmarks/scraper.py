"""Scrapes metrics once a second, as Prometheus does, until its standard input ends; then says how that went.

Usage: ``scraper.py PORT``.  Prints one JSON object: ``{"seconds": [0.002, …], "bytes": 9000}``.
"""

from __future__ import annotations

import http.client
import json
import select
import sys
import time

INTERVAL_SECONDS = 1.0

# What Prometheus 3 says of itself.
ACCEPT = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


def main(port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    seconds: list[float] = []
    size = 0
    while True:
        began = time.monotonic()
        connection.request("GET", "/metrics", headers={"Accept": ACCEPT})
        response = connection.getresponse()
        text = response.read()
        if response.status != 200 or b"\npolyport_status_fresh 1.0\n" not in text:
            print(f"a scrape got status {response.status} and {text[:200]!r}", file=sys.stderr)
            return 1
        seconds.append(time.monotonic() - began)
        size = len(text)
        if select.select([sys.stdin], [], [], max(0.0, began + INTERVAL_SECONDS - time.monotonic()))[0]:
            break
    print(json.dumps({"seconds": seconds, "bytes": size}))
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))

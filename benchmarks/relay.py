"""Measures what passes streams on, Polyport beside HAProxy, and prints the ratios.

Usage and how to read the table: README.md in this folder.
"""

from __future__ import annotations

import sys

from relay_measure import RELAY_SCENARIOS, measure_relays
from run import run

if __name__ == "__main__":
    sys.exit(run("benchmarks/relay.py", RELAY_SCENARIOS, measure_relays))

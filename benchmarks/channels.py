"""Measures Polyport's channels beside what people use for that, and prints the ratios.

Usage and how to read the table: README.md in this folder.
"""

from __future__ import annotations

import sys

from channel_measure import measure_channels
from channel_scenarios import CHANNEL_SCENARIOS
from run import run

if __name__ == "__main__":
    sys.exit(run("benchmarks/channels.py", CHANNEL_SCENARIOS, measure_channels))

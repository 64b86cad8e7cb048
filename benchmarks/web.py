"""Measures Polyport's HTTP beside web servers, and prints the ratios.

Usage and how to read the table: README.md in this folder.
"""

from __future__ import annotations

import sys

from run import run
from web_measure import measure_web
from web_scenarios import WEB_SCENARIOS

if __name__ == "__main__":
    sys.exit(run("benchmarks/web.py", WEB_SCENARIOS, measure_web))

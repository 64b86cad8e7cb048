"""What the manual says of metrics is true."""

from __future__ import annotations

import re
from pathlib import Path

from protocols.daemon.metrics import FAMILIES
from protocols.daemon.metrics.asking import PATIENCE
from protocols.daemon.metrics.listener import CONNECTIONS
from protocols.daemon.metrics.route import SLICE

PAGE = (Path(__file__).parents[3] / "docs" / "operations.md").read_text("utf-8")
SECTION = PAGE.partition("## Metrics\n")[2].partition("\n## ")[0]


def test_the_table_has_every_metric():
    rows = [row for row in SECTION.splitlines() if row.startswith("| `polyport_")]
    assert rows == [
        f"| `{family.name}` | {family.kind} | "
        f"{', '.join(f'`{label}`' for label in family.labels)} | {family.words} |"
        for family in FAMILIES
    ]


def test_the_figures_are_those_of_the_code():
    said = re.sub(r"\s+", " ", SECTION)
    assert f"to {CONNECTIONS} connections at a time" in said
    assert f"nobody answers within {PATIENCE:g} s" in said
    assert f"in slices of {SLICE * 1000:g} ms" in said

"""The dashboard for Grafana, and the alerting rules for Prometheus: they name what there is."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest
import yaml

from protocols.daemon.metrics import FAMILIES

CONFIG = Path(__file__).parents[3] / "config"
DASHBOARD = json.loads((CONFIG / "grafana-dashboard.json").read_text("utf-8"))
RULES = CONFIG / "prometheus-rules.yml"

LABELS = {name: {*family.labels} for family in FAMILIES for name in family.scraped}
"""The labels of each metric."""
OF_PROMETHEUS = {"job", "instance"}
"""Labels that it adds to everything it scrapes."""


def panels():
    for panel in DASHBOARD["panels"]:
        yield panel
        yield from panel.get("panels", ())


def dashboard_expressions():
    for panel in panels():
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]
    for each in DASHBOARD["annotations"]["list"]:
        yield each["name"], each["expr"]
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            found = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"])
            yield variable["name"], f"sum by ({found[2]}) ({found[1]})"


def rules():
    for group in yaml.safe_load(RULES.read_text("utf-8"))["groups"]:
        yield from group["rules"]


EXPRESSIONS = [*dashboard_expressions(), *((rule["alert"], rule["expr"]) for rule in rules())]


def ids(expressions):
    seen = Counter()
    for title, _ in expressions:
        seen[title] += 1
        yield f"{title} {seen[title]}" if seen[title] > 1 else title


TOKEN = re.compile(
    r"""(?P<matchers>\{[^}]*\})|(?P<range>\[[^]]*\])|(?P<text>"[^"]*")
    |(?P<grouping>\b(?:by|on|without|ignoring|group_left|group_right)\s*\([^)]*\))
    |(?P<function>[a-z_]+(?=\s*(?:\(|by\b)))|(?P<word>[a-zA-Z_:][\w:]*)|(?P<other>[\d.]+|[-+*/<>=!(),\s])""",
    re.VERBOSE,
)

FUNCTIONS = {
    *("sum", "min", "max", "rate", "increase", "histogram_quantile", "sort", "time", "changes", "vector"),
}


def named(expression):
    """The metrics that an expression of PromQL names, and the labels; anything unknown fails the test."""
    metrics, labels, end = [], set(), 0
    for found in TOKEN.finditer(expression):
        assert found.start() == end, expression[end:]
        end = found.end()
        text = found[0]
        if found.lastgroup == "function":
            assert text in FUNCTIONS
        elif found.lastgroup == "word" and text not in {"or", "and", "unless"}:
            metrics.append(text)
        elif found.lastgroup in ("matchers", "grouping"):
            inside = text[text.index("(") :] if found.lastgroup == "grouping" else text
            labels |= {*re.findall(r"[a-z_]+", re.sub(r'"[^"]*"', "", inside))}
    assert end == len(expression)
    return metrics, labels


@pytest.mark.parametrize(("title", "expression"), EXPRESSIONS, ids=list(ids(EXPRESSIONS)))
def test_what_is_named_is_there(title, expression):
    metrics, labels = named(expression)
    assert metrics
    assert {*metrics} - {"up"} <= {*LABELS}
    known = {label for name in metrics if name != "up" for label in LABELS[name]}
    histogram = {"le"} if any(name.endswith("_bucket") for name in metrics) else set()
    assert labels <= known | OF_PROMETHEUS | histogram


def test_everything_there_is_can_be_looked_at():
    shown = {name for _, expression in dashboard_expressions() for name in named(expression)[0]}
    families = {name.removesuffix("_bucket") for name in shown}
    assert {family.name for family in FAMILIES} <= families


def test_what_is_written_beside_a_line_is_there():
    for panel in panels():
        for target in panel.get("targets", ()):
            metrics, kept = named(target["expr"])
            if " by " not in target["expr"]:
                kept = {label for name in metrics for label in LABELS.get(name, ())} | OF_PROMETHEUS
            assert {*re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])} <= kept, panel["title"]


def test_panels_lie_beside_each_other():
    cells = Counter(
        (x, y)
        for panel in panels()
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    )
    assert max(cells.values()) == 1
    assert max(x for x, _ in cells) < 24
    numbers = [panel["id"] for panel in panels()]
    assert len({*numbers}) == len(numbers)


def test_the_dashboard_takes_any_source_of_data():
    names = [variable["name"] for variable in DASHBOARD["templating"]["list"]]
    assert names == ["datasource", "job", "instance", "service"]
    sources = [panel["datasource"] for panel in panels() if panel["type"] != "row"]
    sources += [target["datasource"] for panel in panels() for target in panel.get("targets", ())]
    assert all(source == {"type": "prometheus", "uid": "${datasource}"} for source in sources)
    used = {*re.findall(r"\$\{?(\w+)", json.dumps(DASHBOARD))}
    assert used == {*names, "__rate_interval", "__all"}


@pytest.mark.parametrize("rule", [*rules()], ids=lambda rule: rule["alert"])
def test_an_alert_says_what_is_wrong(rule):
    assert {*rule} <= {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"]["severity"] in ("warning", "critical")
    _, labels = named(rule["expr"])
    metrics, _ = named(rule["expr"])
    known = (
        labels if " by " in rule["expr"] else {label for name in metrics for label in LABELS.get(name, ())}
    )
    assert {*re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"])} <= known | OF_PROMETHEUS


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed (Debian: prometheus)")
def test_prometheus_takes_the_rules():
    done = subprocess.run(
        ["promtool", "check", "rules", str(RULES)], capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 0, done.stderr

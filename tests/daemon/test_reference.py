"""The reference page is the one that the specification classes make."""

from __future__ import annotations

from pathlib import Path

from protocols.daemon.reference import reference
from protocols.daemon.spec.config import Config
from protocols.daemon.spec.service import ServiceSpec

PAGE = Path(__file__).parents[2] / "docs" / "reference.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text("utf-8") == reference() + "\n", (
        "make it anew: python -m protocols.daemon.reference > docs/reference.md"
    )


def test_every_section_and_key_is_there() -> None:
    page = reference()
    for name in Config.model_fields:
        assert f"| `{name}` |" in page
    for name in ServiceSpec.model_fields:
        assert f"| `{name}` |" in page.partition("## `services.NAME`")[2]
    assert "## `services.NAME.framing.length`" in page


def test_a_mapping_that_stands_twice_is_explained_once() -> None:
    sections = [line for line in reference().splitlines() if line.startswith("## ")]
    assert len(sections) == len(set(sections))
    assert "## `defaults.framing.lines`" not in sections

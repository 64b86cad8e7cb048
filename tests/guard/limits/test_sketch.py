from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from protocols.guard.limits.sketch import COLUMNS, REMEMBERED, ROWS, Sketch

SECRET = b"0123456789abcdef"


@given(st.text())
def test_a_key_has_one_cell_in_each_row(key):
    cells = Sketch(SECRET, "name").cells(key)
    assert [cell // COLUMNS for cell in cells] == list(range(ROWS))
    assert Sketch(SECRET, "name").cells(key) == cells, "as in every process"


def test_names_and_secrets_scatter_keys_anew():
    places = {
        sketch.cells("192.0.2.1")
        for sketch in (Sketch(SECRET, "a"), Sketch(SECRET, "b"), Sketch(SECRET[::-1], "a"))
    }
    assert len(places) == 3


def test_100_000_keys_are_hardly_ever_taken_for_others():
    sketch = Sketch(SECRET, "connections")
    cells = Counter(cell for number in range(100_000) for cell in sketch.cells(f"10.{number}"))
    more = Counter(min(cells[cell] for cell in sketch.cells(f"10.{n}")) - 1 for n in range(10_000))
    assert more[0] > 9_800
    assert max(more) <= 2


def test_what_is_remembered_has_an_end():
    sketch = Sketch(SECRET, "name")
    first = sketch.cells("first")
    for number in range(REMEMBERED):
        sketch.cells(str(number))
    assert len(sketch._known) <= REMEMBERED
    assert sketch.cells("first") == first

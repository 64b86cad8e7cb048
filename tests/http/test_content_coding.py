"""Accept-Encoding (RFC 9110, section 12.5.3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.http.content_coding import IDENTITY, best_coding, qualities

ALL = ("zstd", "br", "gzip")


@pytest.mark.parametrize(
    ("accept", "best"),
    [
        (None, IDENTITY),
        ("", IDENTITY),
        ("gzip", "gzip"),
        ("GZip", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip, deflate, br", "br"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip;q=1.0, br;q=0.9, zstd; Q=0.8", "gzip"),
        ("gzip;q=0", IDENTITY),
        ("gzip;q=0.000, br;q=0.001", "br"),
        ("*", "zstd"),
        ("*;q=0", IDENTITY),
        ("*;q=0, br", "br"),
        ("zstd;q=0, *", "br"),
        ("identity", IDENTITY),
        ("identity, gzip", "gzip"),
        ("identity;q=0.5, gzip;q=0.4", IDENTITY),
        ("identity;q=0, compress", IDENTITY),
        ("identity;q=0, *;q=0.1", "zstd"),
        ("gzip;q=0.5, gzip;q=0", "gzip"),
        ("gzip;q=2", IDENTITY),
        ("gzip;q=-1", IDENTITY),
        ("gzip;q=nan", IDENTITY),
        ("gzip;q=", IDENTITY),
        ("gzip;level=9;q=0.1", "gzip"),
        ("deflate, compress, exi", IDENTITY),
        (",,gzip,,", "gzip"),
        ("a," * 10_000 + "gzip", "gzip"),
    ],
)
def test_the_best(accept: str | None, best: str) -> None:
    assert best_coding(accept, ALL) == best


def test_among_equals_ours_decides() -> None:
    assert best_coding("gzip, br", ("gzip", "br")) == "gzip"
    assert best_coding("gzip, br", ()) == IDENTITY


@given(st.text(max_size=80))
def test_any_header_is_read(accept: str) -> None:
    assert best_coding(accept, ALL) in (*ALL, IDENTITY)
    assert all(0.0 <= weight <= 1.0 for weight in qualities(accept).values())


@given(st.dictionaries(st.sampled_from([*ALL, IDENTITY]), st.integers(0, 1000), min_size=1))
def test_what_is_chosen_is_never_liked_less(weights: dict[str, int]) -> None:
    accept = ", ".join(f"{coding};q={weight / 1000:.3f}" for coding, weight in weights.items())
    best = best_coding(accept, ALL)
    if best == IDENTITY:
        assert max(weights.get(coding, 0) for coding in ALL) <= weights.get(IDENTITY, 0)
    else:
        assert weights[best] == max(weights.values())
        assert weights[best] > 0

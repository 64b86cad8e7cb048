"""Strategies and helpers that several test modules of the codecs share."""

from datetime import timedelta, timezone

import pytest
from hypothesis import strategies as st

ZONES = st.none() | st.builds(
    timezone,
    st.timedeltas(min_value=timedelta(hours=-23), max_value=timedelta(hours=23)),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=-(2**2000), max_value=2**2000),
    st.floats(allow_nan=False),
    st.complex_numbers(allow_nan=False),
    st.text(),
    st.binary(),
    st.dates(),
    st.times(timezones=ZONES),
    st.datetimes(timezones=ZONES),
    st.timedeltas(),
    ZONES,
    st.decimals(allow_nan=False, min_value=-(10**50), max_value=10**50),
    st.uuids(),
)
KEYS = st.one_of(
    SCALARS,
    st.tuples(SCALARS, SCALARS),
    st.frozensets(SCALARS, max_size=3),
)


@pytest.fixture(scope="session")
def plain_data():
    """A strategy for every kind of value that a plain pickle may carry."""
    return st.recursive(
        SCALARS,
        lambda parts: st.one_of(
            st.lists(parts, max_size=5),
            st.lists(parts, max_size=5).map(tuple),
            st.dictionaries(KEYS, parts, max_size=5),
            st.sets(KEYS, max_size=5),
            st.frozensets(KEYS, max_size=5),
        ),
        max_leaves=12,
    )

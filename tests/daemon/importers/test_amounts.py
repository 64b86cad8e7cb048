"""Numbers, sizes and times in the words of the YAML."""

from __future__ import annotations

import pytest

from protocols.daemon.importers.amounts import number, seconds, size, umask
from protocols.daemon.importers.place import ValueFault
from protocols.daemon.spec.values import Duration, Size


def test_numbers():
    assert number("10") == 10
    assert number("-5", -20, 19) == -5
    for text in ("", "ten", "1.5", "-1", "10000000000", "9" * 1000, "٣"):
        with pytest.raises(ValueFault):
            number(text)


@pytest.mark.parametrize(("value", "text"), [(90, "90s"), (1.5, "1500ms"), (0.1, "100ms")])
def test_durations(value, text):
    assert seconds(value) == text
    assert Duration.parse(text) == value


@pytest.mark.parametrize(("count", "text"), [(2**20 * 8, "8MiB"), (2**30, "1GiB"), (1000, 1000), (0, 0)])
def test_sizes(count, text):
    assert size(count) == text
    assert Size.parse(str(text)) == count


def test_umasks():
    assert [umask(text) for text in ("022", "77", "0027", "0")] == ["022", "077", "027", "000"]
    for text in ("", "8", "1777", "u=rwx"):
        with pytest.raises(ValueFault):
            umask(text)

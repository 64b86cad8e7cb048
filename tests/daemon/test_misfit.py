from __future__ import annotations

import pytest

from protocols.daemon.misfit import MisfitError, Misfits, MisfitsError


def test_what_is_found_is_raised_together() -> None:
    misfits = Misfits()
    with misfits.collected():
        raise MisfitError(("a",), "one")
    with misfits.collected():
        raise MisfitsError([MisfitError(("b",), "two"), MisfitError(("c",), "three", key=True)])
    with misfits.collected():
        pass
    with pytest.raises(MisfitsError, match=r"^one\ntwo\nthree$") as raised:
        misfits.check()
    assert [(misfit.path, misfit.key) for misfit in raised.value.misfits] == [
        (("a",), False),
        (("b",), False),
        (("c",), True),
    ]


def test_nothing_found_is_nothing_to_raise() -> None:
    Misfits().check()


def test_other_errors_are_not_collected() -> None:
    misfits = Misfits()
    with pytest.raises(LookupError), misfits.collected():
        raise LookupError
    assert misfits.found == []

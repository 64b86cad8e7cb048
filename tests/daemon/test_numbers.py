from __future__ import annotations

import socket

from protocols.daemon.numbers import Numbers


def test_numbers_are_not_used_again():
    numbers = Numbers()
    with socket.socket() as one, socket.socket() as other:
        assert [numbers.of(one), numbers.of(other), numbers.of(one)] == [1, 2, 1]
    del one, other
    with socket.socket() as third:
        assert numbers.of(third) == 3


def test_a_number_is_known_once_somebody_has_asked_for_it():
    numbers = Numbers()
    with socket.socket() as one:
        assert numbers.known(one) is None
        assert numbers.of(one) == numbers.known(one) == 1

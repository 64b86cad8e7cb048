from __future__ import annotations

import os
import pwd

from protocols.account_name import account_name


def test_an_account_and_a_number_that_has_none() -> None:
    uid = os.geteuid()
    assert account_name(uid) == pwd.getpwuid(uid).pw_name
    used = {entry.pw_uid for entry in pwd.getpwall()}
    free = next(number for number in range(60_000, 70_000) if number not in used)
    assert account_name(free) == str(free)

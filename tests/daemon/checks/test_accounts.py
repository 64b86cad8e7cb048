"""The user and the group that the daemon is to become."""

from __future__ import annotations

import pytest

from protocols.daemon.loader import load
from protocols.daemon.problems import ConfigError

YAML = "server: {{{keys}}}\nservices: {{a: {{listen: 'unix:a', builtin: echo}}}}"


@pytest.mark.parametrize("keys", ["user: root", "user: 0", "group: 0", "user: 4000000000, group: 4000000000"])
def test_who_can_be_meant(written, keys):
    load(written(YAML.format(keys=keys)))


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ("user: of-nowhere", "1:16: server.user: this machine has no user of-nowhere"),
        ("group: of-nowhere", "1:17: server.group: this machine has no group of-nowhere"),
        ("user: root, group: of-nowhere", "1:29: server.group: this machine has no group of-nowhere"),
        (
            "user: 4000000000",
            "1:16: server.user: no user of this machine has the number 4000000000: group is needed",
        ),
    ],
)
def test_who_cannot(written, keys, problem):
    with pytest.raises(ConfigError) as found:
        load(written(YAML.format(keys=keys)))
    assert str(found.value).endswith(problem)

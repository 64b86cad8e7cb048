"""What a reload leaves for the next start."""

from __future__ import annotations

from protocols.daemon.spec.server import ServerSpec
from protocols.daemon.unmoved import waits_for_restart


def test_nothing_waits_where_nothing_of_it_differs():
    assert waits_for_restart(ServerSpec(), ServerSpec(watch=True, control="off")) == ""


def test_what_waits_is_named():
    after = ServerSpec(workers=2, umask="027")
    assert waits_for_restart(ServerSpec(), after) == (
        "; server.workers, server.umask will take effect with `polyport upgrade` or at the next start"
    )


def test_what_has_given_its_privileges_up_hands_none_over():
    after = ServerSpec(workers=2, user="daemon", group="daemon")
    assert waits_for_restart(ServerSpec(), after) == (
        "; server.workers will take effect with `polyport upgrade` or at the next start"
        "; server.user, server.group will take effect at the next start"
    )

"""What systemd hands over, keeps for us, and wants to hear (sd_listen_fds(3), sd_notify(3))."""

from protocols.daemon.systemd.handed_over import (
    VARIABLES,
    inherited_sockets,
    initial_environment,
    withdraw,
)
from protocols.daemon.systemd.notification import notify
from protocols.daemon.systemd.notifier import Notifier
from protocols.daemon.systemd.stored import StoredSockets, stored_name, stores_sockets
from protocols.daemon.systemd.watchdog import Watchdog, inherit_watchdog, watchdog_period

__all__ = [
    "VARIABLES",
    "Notifier",
    "StoredSockets",
    "Watchdog",
    "inherit_watchdog",
    "inherited_sockets",
    "initial_environment",
    "notify",
    "stored_name",
    "stores_sockets",
    "watchdog_period",
    "withdraw",
]

"""What a socket unit says besides where it listens."""

from __future__ import annotations

from typing import Any, Final

from protocols.daemon.importers import amounts
from protocols.daemon.importers.imported import ImportedService
from protocols.daemon.importers.place import ValueFault
from protocols.daemon.importers.systemd.socket_addresses import LISTEN_KEYS
from protocols.daemon.importers.systemd.unit import Assignment, Unit

_OURS: Final = 0o660
"""The mode of Polyport's Unix sockets."""

_OPTION: Final = "this option of sockets is not set; what the kernel has is used"
_OF_SYSTEMD: Final = "it is for commands that systemd runs around the socket, and none are run"

MISSED: Final = {
    **dict.fromkeys(
        (
            *("BindToDevice", "Broadcast", "DeferAcceptSec", "FreeBind", "IPTOS", "IPTTL", "KeepAlive"),
            *(
                "KeepAliveIntervalSec",
                "KeepAliveProbes",
                "KeepAliveTimeSec",
                "Mark",
                "NoDelay",
                "PassCredentials",
            ),
            *(
                "PassPacketInfo",
                "PassSecurity",
                "PipeSize",
                "Priority",
                "ReceiveBuffer",
                "ReusePort",
                "SendBuffer",
            ),
            *("TCPCongestion", "Timestamping", "Transparent", "MessageQueueMaxMessages"),
            *("MessageQueueMessageSize", "SELinuxContextFromNet", "SmackLabel", "SmackLabelIPIn"),
            *("SmackLabelIPOut", "PassFileDescriptorsToExec", "FlushPending", "Writable"),
        ),
        _OPTION,
    ),
    **dict.fromkeys(("ExecStartPre", "ExecStartPost", "ExecStopPre", "ExecStopPost"), _OF_SYSTEMD),
    "Backlog": "it is 1024 everywhere, or less where net.core.somaxconn says so",
    "BindToDevice": "sockets are not bound to devices; listen on an address of the device",
    "Symlinks": "links to a socket are not made; listen on that path too",
    **dict.fromkeys(
        ("TriggerLimitIntervalSec", "TriggerLimitBurst", "PollLimitIntervalSec", "PollLimitBurst"),
        "nothing stops a service that is asked often; limits.connection_rate, 20/s, is of each source",
    ),
}
"""Keys that are not carried over, and why."""

_GRAVE: Final = ("BindToDevice",)

MET: Final = (
    *LISTEN_KEYS,
    *("Accept", "BindIPv6Only", "SocketProtocol", "Service", "RemoveOnStop", "FileDescriptorName"),
    *(
        "MaxConnections",
        "MaxConnectionsPerSource",
        "SocketMode",
        "SocketUser",
        "SocketGroup",
        "DirectoryMode",
    ),
    *("TimeoutSec", "IPAddressAllow", "IPAddressDeny"),
)
"""Keys that are carried over, by this module or others, or that say what Polyport does anyway."""


def socket_settings(service: ImportedService, unit: Unit) -> None:
    """Put limits into `service`, and note what is not carried over.  Raises :class:`SourceError`."""
    for key in dict.fromkeys(line.key for line in unit.assignments if line.section == "Socket"):
        last = unit.last("Socket", key) if key in MISSED else None
        if last is not None:
            service.miss(last.place, f"{key}={last.value}", MISSED[key], is_grave=key in _GRAVE)
    _connections(service, unit)
    if any(address.startswith(("unix:/", "unixgram:/")) for address in service.listen):
        _owner(service, unit)


def _connections(service: ImportedService, unit: Unit) -> None:
    program = service.answer.get("program", {})
    waits = program.get("mode") == "wait"
    whole, each = unit.last("Socket", "MaxConnections"), unit.last("Socket", "MaxConnectionsPerSource")
    if whole is not None and not waits:
        program |= {"processes": _count(whole), "queue": 0}
    if each is not None and not waits and _count(each, 0):
        # As systemd has it: at once, and for this machine's own addresses too.
        limits: dict[str, Any] = {"per_source": _count(each), "over": "refuse", "exempt": []}
        service.around["limits"] = limits


def _count(line: Assignment, least: int = 1) -> int:
    try:
        return amounts.number(line.value, least)
    except ValueFault as fault:
        raise line.fault(str(fault)) from fault


def _owner(service: ImportedService, unit: Unit) -> None:
    mode = unit.last("Socket", "SocketMode")
    if mode is None:
        text = "the socket has mode 0660, not 0666: clients need the daemon's user or group"
        service.remark(text)
    else:
        try:
            bits = int(amounts.umask(mode.value), 8)
        except ValueFault as fault:
            raise mode.fault(str(fault)) from fault
        if bits & 0o666 != _OURS:
            text = "sockets have mode 0660; who may connect is also said by `access` (uid:, gid:)"
            grave = bool(_OURS & ~bits)
            service.miss(mode.place, f"SocketMode={mode.value}", text, is_grave=grave)
    for key, what in (("SocketUser", "user"), ("SocketGroup", "group")):
        line = unit.last("Socket", key)
        if line is not None:
            text = f"the socket belongs to the daemon's {what}; `access` (uid:, gid:) says who may come in"
            service.miss(line.place, f"{key}={line.value}", text)
    line = unit.last("Socket", "DirectoryMode")
    if line is not None:
        text = "folders of sockets are not made; make them, or have RuntimeDirectory= do it"
        service.miss(line.place, f"DirectoryMode={line.value}", text)

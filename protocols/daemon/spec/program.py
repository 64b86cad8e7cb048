"""``program``: programs that answer connections or messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias

from pydantic import Field, StrictBool, StrictInt, StrictStr

from protocols.daemon.spec.account import Account, Umask
from protocols.daemon.spec.choice import Known, Listed
from protocols.daemon.spec.command_line import CommandLine, VariableName
from protocols.daemon.spec.framing import FramingSpec
from protocols.daemon.spec.model import Spec
from protocols.daemon.spec.paths import FilePath
from protocols.daemon.spec.values import Duration, PositiveDuration, PositiveSize, Size

Mode: TypeAlias = Literal["connection", "wait", "message", "shared"]

_MODES: Final[Mapping[str, tuple[Mode, ...]]] = {
    "processes": ("connection", "message", "shared"),
    "queue": ("connection", "message"),
    "patience": ("connection", "message", "shared"),
    "pool": ("message",),
    "recycle": ("message",),
    "stdio": ("connection", "message"),
    "replies": ("message",),
    "protocol": ("shared",),
    "lost": ("shared",),
    "deadline": ("connection", "message"),
    "idle": ("message", "shared"),
    "output": ("connection", "message"),
}
"""The modes that have a key, of those that not every mode has."""

_OF_POOLS: Final = ("recycle", "stdio", "idle")
"""Keys that ``mode: message`` has only with a pool."""

_NOT_OF_POOLS: Final = ("processes", "replies")


class RLimitsSpec(Spec):
    """What the system lets one process have (setrlimit(2))."""

    memory: PositiveSize | None = None
    """Its address space."""
    cpu: PositiveDuration | None = None
    """Time of a processor, in whole seconds; then it is ended."""
    files: Annotated[StrictInt, Field(ge=3)] | None = None
    """Descriptors open at a time."""
    processes: Annotated[StrictInt, Field(ge=1)] | None = None
    """Processes and threads of its user, all together; root has no such limit."""
    file_size: Size | None = None
    """The largest file that it may write."""
    core: Size | None = None
    """The largest core file."""


class ProgramSpec(Spec):
    """Runs a program for each connection or message, or one for all of them."""

    short = "command"

    shell: StrictBool = False
    """Whether `command` is one text that `/bin/sh -c` runs."""
    command: CommandLine
    """The program and its arguments, which no shell reads unless `shell` says so. A name is looked for in the
    PATH, a path with a slash begins in the folder of the YAML file."""
    mode: Annotated[Mode, Known()] = "connection"
    """`connection`: a process for each connection, which is its standard input and output. `wait`: one
    process that accepts connections or reads datagrams itself, started by the first. `message`: a process
    for each message, which it reads from its standard input, or workers of a `pool`. `shared`: one process
    for all clients, which speaks the `protocol` for shared programs."""
    processes: Annotated[StrictInt, Field(ge=1)] | None = None
    """How many run at a time; unless said 64, or one if it is `shared`, whose clients they have among
    them."""
    queue: Annotated[StrictInt, Field(ge=0)] = 64
    """How many connections or messages may wait for one of these to end; more are refused."""
    patience: PositiveDuration = Duration.parse("10s")
    """How long one may wait for that; or, if it is `shared`, for a process that runs."""
    pool: Annotated[StrictInt, Field(ge=1)] | None = None
    """So many processes answer one message after the other, instead of one process for each (`message`)."""
    recycle: Annotated[StrictInt, Field(ge=1)] | None = None
    """After so many messages a process of the `pool` is replaced; unless said, never."""
    stdio: FramingSpec | None = None
    """How messages are marked on standard input and output, where Polyport cuts what passes into messages.
    Unless said, as the `framing` of the service does (`connection`), and as lines in a `pool` and with
    WebSocket."""
    replies: Annotated[Literal["whole", "lines"], Known()] | None = None
    """Whether all that is written is one reply to a message, or each line of it. Unless said, `lines` where
    the service has lines, and else `whole`."""
    protocol: Annotated[Literal["json", "netstrings", "lines"], Known()] = "json"
    """How a `shared` program hears of its clients, and says what is for whom: in lines of JSON; in
    netstrings, which carry any bytes as they are; or in lines of words, which a shell can read."""
    lost: Annotated[Literal["close", "keep"], Known()] = "close"
    """What becomes of the clients of a `shared` program that has ended: they are closed, or kept and opened
    anew to the next."""
    deadline: PositiveDuration | None = None
    """How long a process may take for its connection, unless said as long as it likes; or for the reply to
    one message, unless said `30s`."""
    idle: PositiveDuration | None = None
    """How long a process of a `pool`, or one that is `shared`, may be without work before it is ended. Unless
    said, for ever."""
    output: PositiveSize | None = None
    """How much may be written to one connection, unless said as much as it likes; or in reply to one message,
    unless said `1MiB`."""
    close_wait: PositiveDuration = Duration.parse("1s")
    """How long a process that is to end has for it once its input and output are closed, before SIGTERM."""
    term_wait: PositiveDuration = Duration.parse("3s")
    """How long it has after that, before SIGKILL; both go to all processes of its group."""
    errors: Annotated[Literal["log", "send", "discard"], Known()] = "log"
    """Where its standard error goes: line by line to the log; to the client, as inetd has it (`connection`
    only); or nowhere."""
    folder: FilePath | None = None
    """Its current folder; unless said, that of the YAML file."""
    environment: dict[VariableName, StrictStr] = Field(default_factory=dict)
    """Variables for it, which gets PATH and those that tell of its client otherwise."""
    inherit: Annotated[tuple[VariableName, ...], Listed()] = ()
    """Variables of the daemon's own that it gets too; others stay with the daemon."""
    user: Account | None = None
    """Whom it runs as: a name or a number. Only for a daemon that root starts."""
    group: Account | None = None
    """Its group; unless said, that of `user`, with the user's other groups."""
    umask: Umask | None = None
    """The permissions that files are made without, in octal digits such as `"027"`; unless said, those of the
    daemon."""
    nice: Annotated[StrictInt, Field(ge=-20, le=19)] = 0
    """How far it stands behind others for a processor; below 0 before them, for which root is needed."""
    no_new_privileges: StrictBool = True
    """Whether nothing that it runs, setuid or not, gets more than it has (prctl(2), PR_SET_NO_NEW_PRIVS)."""
    rlimits: RLimitsSpec = RLimitsSpec()
    """What the system lets one process have."""

    confining: ClassVar[tuple[str, ...]] = (
        *("folder", "environment", "inherit", "user", "group", "umask", "nice"),
        *("no_new_privileges", "rlimits", "errors", "close_wait", "term_wait"),
    )
    """Those that say what a process is, in every mode."""

    @classmethod
    def expand(cls, data: Any) -> Any:
        return {"command": data} if isinstance(data, list) else super().expand(data)

    @classmethod
    def faults(cls, data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
        mode = data.get("mode", "connection")
        for key, modes in _MODES.items():
            if key in data and mode in ("connection", "wait", "message", "shared") and mode not in modes:
                yield (key,), f"is for mode {' or '.join(modes)}, not for {mode}; remove this key"
        if mode == "message":
            pooled = data.get("pool") is not None
            for key in _NOT_OF_POOLS if pooled else _OF_POOLS:
                if key in data:
                    text = "is not for a pool" if pooled else "is for a pool only"
                    yield (key,), f"{text}; remove this key"
        if data.get("errors") == "send" and mode != "connection":
            yield ("errors",), "standard error is sent to the client with mode connection only"
        command = data.get("command")
        if data.get("shell") is True:
            if isinstance(command, list):
                yield ("command",), "with shell: true, one text is expected, which the shell reads"
        elif isinstance(command, str) and " " in command:
            words = ", ".join(command.split())
            yield ("command",), f"no shell divides this into words: write [{words}], or shell: true"

    @property
    def arguments(self) -> tuple[str, ...]:
        """What is run."""
        return ("/bin/sh", "-c", *self.command) if self.shell else self.command

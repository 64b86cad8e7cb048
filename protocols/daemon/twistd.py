"""``twistd polyport``: the options it takes, and the service it starts."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, ClassVar

from twisted.application.service import IService
from twisted.logger import ILogObserver, Logger
from twisted.python import usage

from protocols.daemon.log import FORMATS, LEVELS, daemon_log, journal_reads, threshold
from protocols.daemon.log.shared_file import SharedLogFile
from protocols.daemon.log_rotation import is_free, rotate_on_signal
from protocols.daemon.redaction import Masks
from protocols.daemon.systemd import inherited_sockets, initial_environment, withdraw
from protocols.daemon.upgrade.predecessor import Predecessor
from protocols.reactor import install

if TYPE_CHECKING:
    from protocols.daemon.loader import Loaded
    from protocols.daemon.workers.worker_logs import WorkerLogs

log = Logger(namespace="polyport")

LOG_HELP = f"What the log looks like: {', '.join(FORMATS)}; unless said, what suits who reads it."

CONFIG_PROBLEM = 2
"""Exit status for a configuration that cannot be used."""

LOG_MODE = 0o640
"""Of a log file that is made: addresses of peers and tracebacks are not for everybody to read."""


DIRECTORY = os.getcwd()  # noqa: PTH109 - before twistd goes elsewhere
"""Where the process was started."""

PREDECESSOR = Predecessor.found(os.environ)
"""The process that this one takes over from, if there is any."""

# twisted.internet.endpoints takes the variables away as it is imported, and twistd imports it where its
# cache of plug-ins cannot be written; what the process was started with stays readable.
INHERITED = inherited_sockets({**initial_environment(), **os.environ}) | (
    PREDECESSOR.sockets if PREDECESSOR is not None else {}
)
"""Sockets that systemd, or the process before this one, handed over, by name."""
withdraw(os.environ)


class Options(usage.Options):
    """What stands behind ``polyport`` on twistd's command line."""

    longdesc = "Serves what a YAML file says.  `polyport --help` knows more: check, send, cert, init …"
    optParameters = [  # noqa: RUF012 - the name and shape are Twisted's
        ["config", "c", "polyport.yaml", "The YAML file."],
        ["log", None, None, LOG_HELP],
        ["log-level", None, "info", f"The least that is logged: {', '.join(LEVELS)}."],
    ]
    compData = usage.Completions(
        optActions={
            "config": usage.CompleteFiles("*.yaml"),
            "log": usage.CompleteList(list(FORMATS)),
            "log-level": usage.CompleteList(list(LEVELS)),
        }
    )

    chosen: ClassVar[Options | None] = None
    """The options that were read from the command line, for :func:`chosen_observer`."""

    file: IO[str] | None = None
    """What the log is written to, once it has begun, if that is ours."""

    directory = DIRECTORY
    takes_over = PREDECESSOR is not None
    _pidfile = ""

    def __init__(self) -> None:
        super().__init__()
        self.masks = Masks()

    def took(self, loaded: Loaded) -> None:
        """Mask the secrets of `loaded` too (Surroundings)."""
        self.masks.take(loaded.origin.redact)

    def is_ready(self) -> None:
        """A process before this one may retire, and its file of the process id is ours (Surroundings)."""
        if PREDECESSOR is None:
            return
        if self._pidfile and self.parent is not None:
            Path(self._pidfile).write_text(str(os.getpid()))
            self.parent["pidfile"] = self._pidfile
        PREDECESSOR.say_ready()

    def forget_pidfile(self) -> None:
        """Another process has taken over (Surroundings)."""
        if self.parent is not None:
            self.parent["pidfile"] = ""

    def worker_logs(self) -> WorkerLogs:
        """As ours, into our standard output or to us, because a file is turned over by one process only
        (Surroundings)."""
        from protocols.daemon.workers.output import Output
        from protocols.daemon.workers.worker_logs import WorkerLogs

        return WorkerLogs(self.style, None if self._shares_standard_output else Output(self._write))

    @property
    def style(self) -> str:
        """What the log looks like."""
        reads = self._shares_standard_output and journal_reads(1, os.environ)
        return str(self["log"] or ("journald" if reads else "text"))

    @property
    def _shares_standard_output(self) -> bool:
        return Options.chosen is self and _is_standard_output(*_where(self.parent))

    def _write(self, text: str) -> None:
        if self.file is None:
            for line in text.splitlines():
                log.info("{line}", line=line)
        else:
            self.file.write(text)
            self.file.flush()

    def _take_over(self, twistd: usage.Options) -> None:
        """Be the process that another was, which has seen to it that this one is in the background."""
        self._pidfile = str(Path(twistd["pidfile"]).absolute()) if twistd["pidfile"] else ""
        twistd["pidfile"] = ""  # the process in it still runs
        if not twistd["nodaemon"]:
            twistd["logfile"] = twistd["logfile"] or "twistd.log"
            twistd["nodaemon"] = True

    def postOptions(self) -> None:
        # twistd changes its working directory later.
        self["config"] = str(Path(self["config"]).absolute())
        if self["log"] not in (None, *FORMATS):
            raise usage.UsageError(f"--log: {self['log']}: known values: {', '.join(FORMATS)}")
        if self["log-level"] not in LEVELS:
            raise usage.UsageError(f"--log-level: {self['log-level']}: known values: {', '.join(LEVELS)}")
        twistd = self.parent
        if twistd is not None and PREDECESSOR is not None:
            self._take_over(twistd)
        if twistd is not None and not twistd.get("logger") and not twistd.get("syslog"):
            # twistd takes the observer's maker by name only.
            Options.chosen = self
            twistd["logger"] = f"{__name__}.chosen_observer"
        if "twisted.internet.reactor" not in sys.modules:
            # twistd --reactor has been heard before, and installs at once.
            install()


def chosen_observer() -> ILogObserver:
    """The observer that the command line asks for; twistd calls this where its log is to begin."""
    from twisted.internet import reactor as installed

    reactor: Any = installed
    options = Options.chosen
    assert options is not None
    assert options.parent is not None
    threshold.set(options["log-level"])
    file = options.file = _log_file(*_where(options.parent))
    return daemon_log(options.style, file, options.masks, reactor)


def _where(twistd: Any) -> tuple[str | None, bool]:
    return twistd.get("logfile"), bool(twistd.get("nodaemon"))


def _is_standard_output(name: str | None, foreground: bool) -> bool:
    return name == "-" or (foreground and not name)


def _log_file(name: str | None, foreground: bool) -> IO[str]:
    if _is_standard_output(name, foreground):
        return sys.stdout
    path = Path(name or "twistd.log")
    # A file that exists keeps its mode; it may be a device.
    file: Any = SharedLogFile.fromFullPath(str(path), defaultMode=None if path.exists() else LOG_MODE)
    rotate_on_signal(file.rotate)
    return file  # type: ignore[no-any-return]  # it writes text, which is all that is asked of it


def makeService(options: Options) -> IService:
    """The daemon, with every address bound; ends the process if that cannot be done.

    This runs before twistd becomes a daemon, so the shell that started it sees the message and the
    status, and nothing is left behind.
    """
    from twisted.internet import reactor

    from protocols.daemon.daemon import StartError
    from protocols.daemon.first_process import START_PROBLEM, FirstProcess
    from protocols.daemon.problems import ConfigError

    try:
        process = FirstProcess(Path(options["config"]), INHERITED, reactor, options)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(CONFIG_PROBLEM) from error
    except StartError as error:
        sys.stderr.write(f"polyport: {error}\n")
        raise SystemExit(START_PROBLEM) from error
    if is_free(signal.SIGUSR1):
        # By default it would end the process; a log file, which begins later, takes it over.
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    return process

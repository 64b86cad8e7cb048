"""The small process that starts programs for the daemon, which runs this file by itself: ``python -I -S``.

Starting a program from the daemon would copy its page tables, and hold up everybody while the kernel does it;
a process with little memory and few descriptors does it at once, and several of the same need no more than
one.  It becomes, once and for good, what its programs are to be: another user, with less than it had.

Both ends speak in values of :mod:`marshal`, each behind its length; descriptors come with the first byte of
what they belong to.  The daemon says::

    ("confine", {…})                      once, first
    ("start", number, arguments, environment, folder, places, kept, rlimits, listening)
    ("signal", number, signal)            to the program and all processes of its group
    ("reap", number)                      for one that is kept: nobody signals it any more

and hears::

    ("ready",)  or  ("refused", errno, text)
    ("started", number, pid)  or  ("failed", number, errno, text)
    ("exited", number, status)            minus the number of the signal that ended it

Nothing but the standard library is imported, and of that as little as can be.
"""

from __future__ import annotations

import array
import errno
import fcntl
import marshal
import os
import resource
import select
import signal
import socket
import struct
import sys
import time
from typing import Any, Final

LENGTH: Final = struct.Struct("!I")
"""What stands before each value: its bytes."""

PIECE: Final = 32 * 1024
"""Bytes read at a time: more than most commands have, and less than what malloc asks the kernel for anew."""

DESCRIPTORS: Final = 250
"""Descriptors that may come with one piece: the kernel sends no more than 253 (SCM_MAX_FD, unix(7))."""

PR_SET_NO_NEW_PRIVS: Final = 38
"""prctl(2)"""

LISTEN_START: Final = 3
"""The first descriptor of those that a program listens on (SD_LISTEN_FDS_START, sd_listen_fds(3))."""

DEFAULTED: Final = tuple(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP})
"""Signals that do to programs what they do by default, whoever ignores them here: we, Python, or the shell
that has started the daemon in the background."""


class Job:
    """One program that runs."""

    def __init__(self, number: int, pid: int, *, kept: bool) -> None:
        self.number = number
        self.pid = pid
        self.kept = kept
        self.exited = False


class Spawner:
    """Serves the daemon at the other end of `link`."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._epoll = select.epoll()
        self._epoll.register(link, select.EPOLLIN)
        self._came = bytearray()
        self._descriptors: list[int] = []
        self._jobs: dict[int, Job] = {}
        self._by_pidfd: dict[int, Job] = {}
        self._patience = 3.0
        self._paths: dict[tuple[str, bytes], str] = {}
        self._folder = ""

    def run(self) -> None:
        """Do as the daemon says until it is gone; then end what runs."""
        here = self._link.fileno()
        while True:
            for descriptor, _ in self._epoll.poll():
                if descriptor != here:
                    self._ended(descriptor)
                elif not self._hear():
                    self._end_all()
                    return

    # -- the daemon ------------------------------------------------------------------------------------

    def _hear(self) -> bool:
        """Do what it has asked for; whether it is still there."""
        size = array.array("i").itemsize
        try:
            data, ancillary, _, _ = self._link.recvmsg(
                PIECE, socket.CMSG_SPACE(DESCRIPTORS * size), socket.MSG_CMSG_CLOEXEC
            )
        except ConnectionError:
            return False
        for _, _, raw in ancillary:
            numbers = array.array("i")
            numbers.frombytes(raw[: len(raw) - len(raw) % size])
            self._descriptors += numbers
        if not data:
            return False
        self._came += data
        while len(self._came) >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self._came)
            end = LENGTH.size + length
            if len(self._came) < end:
                break
            order = marshal.loads(self._came[LENGTH.size : end])  # noqa: S302 - our own daemon's
            del self._came[:end]
            getattr(self, "_" + order[0])(*order[1:])
        return True

    def _tell(self, *value: Any) -> None:
        data = marshal.dumps(value)
        try:
            self._link.sendall(LENGTH.pack(len(data)) + data)
        except OSError:
            pass  # it is gone, which reading says too

    def _confine(self, settings: dict[str, Any]) -> None:
        try:
            confine(settings)
        except (OSError, ValueError, OverflowError) as error:
            number = getattr(error, "errno", None) or errno.EINVAL
            self._tell("refused", number, getattr(error, "strerror", None) or str(error))
            os._exit(1)
        self._patience = settings["patience"]
        self._tell("ready")

    def _start(
        self,
        number: int,
        arguments: list[str],
        environment: dict[bytes, bytes],
        folder: str,
        places: tuple[tuple[int, ...], ...],
        kept: bool,
        rlimits: dict[int, int],
        listening: str,
    ) -> None:
        """Start a program: the descriptors that have come are for `places`, in that order, each for some."""
        given, self._descriptors = self._descriptors[: len(places)], self._descriptors[len(places) :]
        try:
            if len(given) < len(places):
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))  # the kernel left some out
            if folder != self._folder:
                self._folder = ""
                os.chdir(folder)
                self._folder = folder
            path = self._found(arguments[0], environment)
            if rlimits or listening:
                pid = forked(path, arguments, environment, given, places, rlimits, listening)
            else:
                pid = spawned(path, arguments, environment, given, places)
            pidfd = self._watched(pid)
        except (OSError, ValueError) as error:
            number_of = getattr(error, "errno", None) or errno.EINVAL
            self._tell("failed", number, number_of, getattr(error, "strerror", None) or str(error))
            return
        finally:
            for descriptor in given:
                os.close(descriptor)
        self._jobs[number] = self._by_pidfd[pidfd] = Job(number, pid, kept=kept)
        self._tell("started", number, pid)

    def _watched(self, pid: int) -> int:
        """What tells when a program ends.  Raises :class:`OSError`, and then it has ended."""
        try:
            pidfd = os.pidfd_open(pid)
            self._epoll.register(pidfd, select.EPOLLIN)
        except OSError:
            os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise
        return pidfd

    def _signal(self, number: int, which: int) -> None:
        job = self._jobs.get(number)
        if job is not None:
            try:
                os.killpg(job.pid, which)
            except OSError:
                pass  # nobody is left, or who is left is somebody else by now

    def _reap(self, number: int) -> None:
        job = self._jobs.get(number)
        if job is None:
            return
        job.kept = False
        if job.exited:
            del self._jobs[number]
            os.waitpid(job.pid, 0)

    def _found(self, name: str, environment: dict[bytes, bytes]) -> str:
        """The file of a program: a path, or a name that the PATH of its environment knows."""
        if "/" in name:
            return name
        path = environment.get(b"PATH", b"")
        found = self._paths.get((name, path))
        if found is not None and os.access(found, os.X_OK):
            return found
        for folder in os.fsdecode(path).split(":"):
            file = f"{folder or '.'}/{name}"
            if os.access(file, os.X_OK) and not os.access(f"{file}/", os.F_OK):
                self._paths[name, path] = file
                return file
        raise FileNotFoundError(errno.ENOENT, f"there is no {name} in the PATH")

    # -- programs --------------------------------------------------------------------------------------

    def _ended(self, pidfd: int) -> None:
        job = self._by_pidfd.pop(pidfd)
        found = os.waitid(os.P_PID, job.pid, os.WEXITED | (os.WNOWAIT if job.kept else 0))
        assert found is not None
        # By hand, since a child that is about to run its program may have it open for a moment longer.
        self._epoll.unregister(pidfd)
        os.close(pidfd)
        job.exited = True
        if not job.kept:
            del self._jobs[job.number]
        status = found.si_status if found.si_code == os.CLD_EXITED else -found.si_status
        self._tell("exited", job.number, status)

    def _end_all(self) -> None:
        """Nobody is left who would end them."""
        self._epoll.unregister(self._link)
        for descriptor in self._descriptors:
            os.close(descriptor)
        running = [job for job in self._jobs.values() if not job.exited]
        for job in running:
            self._signal(job.number, signal.SIGTERM)
        until = time.monotonic() + self._patience
        while self._by_pidfd and (left := until - time.monotonic()) > 0:
            for pidfd, _ in self._epoll.poll(left):
                self._ended(pidfd)
        for job in running:
            self._signal(job.number, signal.SIGKILL)


def confine(settings: dict[str, Any]) -> None:
    """Become what programs are to be.  Raises :class:`OSError`."""
    ctypes: Any = None
    if settings["no_new_privileges"]:
        # Now, for who it becomes may not be let in where the library lies.
        import ctypes
    if settings["umask"] is not None:
        os.umask(settings["umask"])
    if settings["nice"]:
        os.setpriority(os.PRIO_PROCESS, 0, settings["nice"])
    if settings["gid"] is not None:
        if os.geteuid() == 0:  # who is not may become only itself, and keeps the groups that it has
            os.setgroups(settings["groups"])
        os.setresgid(settings["gid"], settings["gid"], settings["gid"])
    if settings["uid"] is not None:
        os.setresuid(settings["uid"], settings["uid"], settings["uid"])
    if ctypes is not None and ctypes.CDLL(None, use_errno=True).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def spawned(
    path: str,
    arguments: list[str],
    environment: dict[bytes, bytes],
    given: list[int],
    places: tuple[tuple[int, ...], ...],
) -> int:
    """Start a program in a session of its own, with the descriptors `given` as 0, 1 and 2; none is in the way
    of another, for here these are always open."""
    moves = [
        (os.POSIX_SPAWN_DUP2, descriptor, place)
        for descriptor, some in zip(given, places, strict=True)
        for place in some
    ]
    return os.posix_spawn(
        path,
        arguments,
        environment,
        file_actions=moves,
        setsid=True,
        setsigmask=(),
        setsigdef=DEFAULTED,
    )


def forked(
    path: str,
    arguments: list[str],
    environment: dict[bytes, bytes],
    given: list[int],
    places: tuple[tuple[int, ...], ...],
    rlimits: dict[int, int],
    listening: str,
) -> int:
    """The same for a program that has limits, is told its own number, or gets more descriptors: what only a
    child can do."""
    highest = max((place for some in places for place in some), default=2)
    reading, lower = os.pipe()
    writing = fcntl.fcntl(lower, fcntl.F_DUPFD_CLOEXEC, highest + 1)
    os.close(lower)
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            for number in DEFAULTED:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            clear = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, highest + 1) for each in given]
            for descriptor, some in zip(clear, places, strict=True):
                for place in some:
                    os.dup2(descriptor, place)
            if listening:
                count = highest - LISTEN_START + 1
                environment[b"LISTEN_PID"] = b"%d" % os.getpid()
                environment[b"LISTEN_FDS"] = b"%d" % count
                environment[b"LISTEN_FDNAMES"] = ":".join([listening] * count).encode()
            if rlimits:
                for which, value in rlimits.items():
                    resource.setrlimit(which, (value, value))
            os.execve(path, arguments, environment)  # noqa: S606 - the operator's own program
        except BaseException as error:  # noqa: BLE001 - this is a child, and must not go on as the parent
            os.write(writing, LENGTH.pack(getattr(error, "errno", None) or errno.EINVAL))
        finally:
            os._exit(127)
    os.close(writing)
    try:
        said = os.read(reading, LENGTH.size)
    finally:
        os.close(reading)
    if said:
        os.waitpid(pid, 0)
        (number,) = LENGTH.unpack(said)
        raise OSError(number, os.strerror(number))
    return pid


def main() -> None:
    """Serve the socket whose number is the first argument."""
    # Whoever signals the daemon's group means the daemon, which says here what is to be done.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    link = socket.socket(fileno=int(sys.argv[1]))
    os.set_inheritable(link.fileno(), False)
    Spawner(link).run()


if __name__ == "__main__":
    main()

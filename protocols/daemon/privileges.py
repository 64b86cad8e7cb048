"""From root to a user of its own, once every socket is bound: ``server.user``, ``group`` and ``umask``.

What is given up cannot be had back: all three ids of user and group change, other groups are those of the
user, every capability goes, and no program that is started, setuid or not, gets more than the daemon has.
"""

from __future__ import annotations

import ctypes
import grp
import os
import pwd
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from protocols.account_name import account_name

_PR_SET_NO_NEW_PRIVS: Final = 38
"""prctl(2)"""


class AccountError(Exception):
    """This machine has no such user or group; the text says so.

    .. attribute:: key

       The key that names it.
    """

    def __init__(self, key: str, text: str) -> None:
        super().__init__(text)
        self.key = key


class PrivilegeError(Exception):
    """The process cannot become what the configuration says; the text says why."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Whom to become, and what files are made without; ``None`` is what the process is already."""

    uid: int | None = None
    gid: int | None = None
    groups: tuple[int, ...] = ()
    """The supplementary ones, if `gid` says anything."""
    umask: int | None = None

    def __str__(self) -> str:
        """In words, such as ``user polyport, group polyport``."""
        parts = []
        if self.uid is not None:
            parts.append(f"user {account_name(self.uid)}")
        if self.gid is not None:
            parts.append(f"group {_name_of_group(self.gid)}")
        if self.umask is not None:
            parts.append(f"umask {self.umask:03o}")
        return ", ".join(parts)

    @property
    def is_fulfilled(self) -> bool:
        """Whether the process is that user, and of that group, already."""
        user = self.uid is None or os.getresuid() == (self.uid,) * 3
        return user and (self.gid is None or os.getresgid() == (self.gid,) * 3)

    def check(self) -> None:
        """Raises :class:`PrivilegeError` if this process could not do it; for before anything is served."""
        if not self.is_fulfilled and os.geteuid() != 0:
            wanted = Plan(self.uid, self.gid)
            raise PrivilegeError(
                f"only root can become another: server asks for {wanted}, and this is user "
                f"{account_name(os.geteuid())}, group {_name_of_group(os.getegid())}"
            )


class Asks(Protocol):
    """What says whom to become: ``server``, or a ``program``."""

    @property
    def user(self) -> str | None: ...

    @property
    def group(self) -> str | None: ...

    @property
    def umask(self) -> str | None: ...


def plan_of(server: Asks) -> Plan:
    """What `server` asks for.  Raises :class:`AccountError`."""
    umask = None if server.umask is None else int(server.umask, 8)
    if server.user is None:
        if server.group is None:
            return Plan(umask=umask)
        gid = _gid(server.group)
        return Plan(None, gid, (gid,), umask)
    user = _user(server.user)
    if server.group is not None:
        gid = _gid(server.group)
    elif user is not None:
        gid = user.pw_gid
    else:
        raise AccountError("user", f"no user of this machine has the number {server.user}: group is needed")
    if user is None:
        return Plan(int(server.user), gid, (gid,), umask)
    return Plan(user.pw_uid, gid, tuple(os.getgrouplist(user.pw_name, gid)), umask)


def drop(plan: Plan, sockets: Iterable[str] = ()) -> bool:
    """Do as `plan` says, for good, and see that it is so; once everything is bound and read that only root
    can, and before anything is served.

    :param sockets: the paths of Unix sockets that were made, and are to be those of whom it becomes, as the
        ones are that a reload makes later.
    :returns: whether the process has become another.

    Raises :class:`PrivilegeError`.
    """
    if plan.umask is not None:
        os.umask(plan.umask)
    if plan.is_fulfilled:
        return False
    plan.check()
    try:
        for path in sockets:
            _give(path, plan)
        if plan.gid is not None:
            os.setgroups(plan.groups)
            os.setresgid(plan.gid, plan.gid, plan.gid)
        if plan.uid is not None:
            os.setresuid(plan.uid, plan.uid, plan.uid)
        if plan.uid:
            _allow_no_new_privileges()
    except OSError as error:
        raise PrivilegeError(f"cannot become {plan}: {error.strerror}") from error
    _verify(plan)
    return True


def _give(path: str, plan: Plan) -> None:
    """Have the socket at `path` belong to whom `plan` says, as far as it is root's: a directory with the
    setgid bit gives it another group.  Whatever else somebody has put there is left alone."""
    descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
        if stat.S_ISSOCK(found.st_mode):
            uid = found.st_uid if found.st_uid or plan.uid is None else plan.uid
            gid = found.st_gid if found.st_gid or plan.gid is None else plan.gid
            os.chown(f"/proc/self/fd/{descriptor}", uid, gid)
    finally:
        os.close(descriptor)


def _allow_no_new_privileges() -> None:
    """For this thread, and whatever it starts."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _verify(plan: Plan) -> None:
    """That everything took effect is seen, not believed: kernels and containers differ."""
    if not plan.is_fulfilled or (plan.gid is not None and set(os.getgroups()) != set(plan.groups)):
        raise PrivilegeError(f"this did not become {plan}")
    if plan.uid:
        if left := _capabilities():
            raise PrivilegeError(f"capabilities are left after becoming {plan}: {left}")
        try:
            os.setuid(0)
        except PermissionError:
            return
        raise PrivilegeError(f"this can become root again after becoming {plan}")


def _capabilities() -> str:
    """The effective and the permitted capabilities of this process, if there are any (proc(5))."""
    status = Path("/proc/self/status").read_text()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    return " ".join(
        f"{name} {fields[name]}" for name in ("CapPrm", "CapEff", "CapAmb") if int(fields.get(name, "0"), 16)
    )


def _user(account: str) -> pwd.struct_passwd | None:
    """``None`` for a number that is nobody's."""
    if account.isdecimal():
        try:
            return pwd.getpwuid(int(account))
        except (KeyError, OverflowError):
            return None
    try:
        return pwd.getpwnam(account)
    except KeyError as error:
        raise AccountError("user", f"this machine has no user {account}") from error


def _gid(account: str) -> int:
    if account.isdecimal():
        return int(account)
    try:
        return grp.getgrnam(account).gr_gid
    except KeyError as error:
        raise AccountError("group", f"this machine has no group {account}") from error


def _name_of_group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)

"""From root to a user of its own."""

from __future__ import annotations

import grp
import json
import os
import pwd
import shutil
import socket
import subprocess
import sys
from types import SimpleNamespace

import pytest

from protocols.daemon import privileges
from protocols.daemon.privileges import AccountError, Plan, PrivilegeError, drop, plan_of
from protocols.daemon.spec.server import ServerSpec

ALICE = SimpleNamespace(pw_name="alice", pw_uid=1000, pw_gid=100)


@pytest.fixture
def machine(monkeypatch):
    """A machine that knows one user and two groups."""

    def one_of(**known):
        def look_up(key):
            if key not in known.values() and key not in known:
                raise KeyError(key)
            return SimpleNamespace(gr_gid=known[key])

        return look_up

    def user(key):
        if key not in ("alice", 1000):
            raise KeyError(key)
        return ALICE

    monkeypatch.setattr(pwd, "getpwnam", user)
    monkeypatch.setattr(pwd, "getpwuid", user)
    monkeypatch.setattr(grp, "getgrnam", one_of(web=33, users=100))
    monkeypatch.setattr(os, "getgrouplist", lambda name, gid: [gid, 4, 27])


def planned(**keys: object) -> Plan:
    return plan_of(ServerSpec.model_validate(keys))


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize(
    ("keys", "plan"),
    [
        ({}, Plan()),
        ({"umask": "027"}, Plan(umask=0o27)),
        ({"user": "alice"}, Plan(1000, 100, (100, 4, 27))),
        ({"user": 1000}, Plan(1000, 100, (100, 4, 27))),
        ({"user": "alice", "group": "web"}, Plan(1000, 33, (33, 4, 27))),
        ({"user": "alice", "group": 7, "umask": "0"}, Plan(1000, 7, (7, 4, 27), 0)),
        ({"group": "web"}, Plan(None, 33, (33,))),
        ({"user": 4711, "group": "web"}, Plan(4711, 33, (33,))),
    ],
)
def test_what_is_asked_for(keys, plan):
    assert planned(**keys) == plan


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize(
    ("keys", "key", "text"),
    [
        ({"user": "bob"}, "user", "this machine has no user bob"),
        ({"user": "alice", "group": "other"}, "group", "this machine has no group other"),
        ({"group": "other"}, "group", "this machine has no group other"),
        ({"user": 4711}, "user", "no user of this machine has the number 4711: group is needed"),
        ({"user": "9" * 30}, "user", f"no user of this machine has the number {'9' * 30}: group is needed"),
    ],
)
def test_who_is_not_there(keys, key, text):
    with pytest.raises(AccountError) as found:
        planned(**keys)
    assert (found.value.key, str(found.value)) == (key, text)


def test_in_words():
    assert str(Plan()) == ""
    assert str(Plan(0, 0, (0,), 0o7)) == "user root, group root, umask 007"
    assert str(Plan(4_000_000_000, 4_000_000_000)) == "user 4000000000, group 4000000000"


def test_who_is_the_user_already_has_nothing_to_do(monkeypatch):
    monkeypatch.setattr(os, "setresuid", None)
    monkeypatch.setattr(os, "setresgid", None)
    monkeypatch.setattr(os, "setgroups", None)
    plan = Plan(os.geteuid(), os.getegid(), (4711,))
    assert plan.is_fulfilled
    plan.check()
    assert not drop(plan)
    assert not drop(Plan())


def test_the_umask_needs_no_root(monkeypatch):
    masks = []
    monkeypatch.setattr(os, "umask", masks.append)
    assert not drop(Plan(umask=0o27))
    assert masks == [0o27]


def test_who_is_not_root_cannot_become_another(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000_001)
    monkeypatch.setattr(os, "getegid", lambda: 4_000_000_002)
    for act in (Plan.check, drop):
        with pytest.raises(PrivilegeError) as found:
            act(Plan(4_000_000_000, 4_000_000_000, (), 0o27))
        assert str(found.value) == (
            "only root can become another: server asks for user 4000000000, group 4000000000, and this is "
            "user 4000000001, group 4000000002"
        )


DROP = """
import json, os, sys
from protocols.daemon.privileges import Plan, drop
became = drop(Plan(*json.loads(sys.argv[1])))
def may(call, *arguments):
    try:
        call(*arguments)
    except PermissionError:
        return False
    return True
lines = open("/proc/self/status").read().splitlines()
status = dict(line.split(":\\t", 1) for line in lines if ":\\t" in line)
print(json.dumps({
    "became": became,
    "uids": os.getresuid(), "gids": os.getresgid(), "groups": sorted(os.getgroups()),
    "umask": oct(os.umask(0)), "root": may(os.setuid, 0), "shadow": may(open, "/etc/shadow"),
    "capabilities": [status[name] for name in ("CapPrm", "CapEff", "CapAmb")],
    "no_new_privs": status["NoNewPrivs"],
}))
"""

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


def dropped(*plan: object) -> dict[str, object]:
    done = subprocess.run([sys.executable, "-c", DROP, json.dumps(plan)], capture_output=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@as_root
def test_root_becomes_another_for_good():
    assert dropped(4711, 4712, [4712, 4713], 0o27) == {
        "became": True,
        "uids": [4711] * 3,
        "gids": [4712] * 3,
        "groups": [4712, 4713],
        "umask": "0o27",
        "root": False,
        "shadow": False,
        "capabilities": ["0" * 16] * 3,
        "no_new_privs": "1",
    }


@as_root
def test_root_may_change_its_group_only():
    found = dropped(None, 4712, [4712], None)
    assert (found["uids"], found["gids"], found["groups"]) == ([0] * 3, [4712] * 3, [4712])
    assert found["no_new_privs"] == "0"


@as_root
def test_a_setuid_program_gives_nothing_back(tmp_path):
    identity = shutil.which("id")
    if identity is None:
        pytest.skip("there is no id")
    tmp_path.chmod(0o755)
    program = tmp_path / "id"
    shutil.copy(identity, program)
    program.chmod(0o4755)
    script = (
        "import os, subprocess, sys; from protocols.daemon.privileges import Plan, drop\n"
        "drop(Plan(4711, 4711, (4711,))) if sys.argv[1] == 'drop' else os.setresuid(4711, 4711, 4711)\n"
        "print(subprocess.run([f'/proc/self/fd/{sys.argv[2]}', '-u'], pass_fds=[int(sys.argv[2])],"
        "capture_output=True, text=True, check=True).stdout)"
    )
    with program.open("rb") as opened:
        for how, expected in (("drop", "4711"), ("plain", "0")):
            arguments = [sys.executable, "-c", script, how, str(opened.fileno())]
            done = subprocess.run(arguments, pass_fds=[opened.fileno()], capture_output=True, text=True)
            if how == "plain" and done.stdout.strip() == "4711":
                pytest.skip("programs here are never setuid")
            assert done.stdout.strip() == expected, done.stderr


@as_root
def test_unix_sockets_become_those_of_the_user(tmp_path):
    path, other, link = tmp_path / "s", tmp_path / "file", tmp_path / "link"
    other.touch()
    link.symlink_to(other)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))
    grouped = tmp_path / "grouped"
    grouped.mkdir()
    os.chown(grouped, 0, 4713)
    grouped.chmod(0o2755)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(grouped / "s"))
    script = "import sys; from protocols.daemon.privileges import Plan, drop\n"
    script += "drop(Plan(4711, 4712, (4712,)), sys.argv[1:])"
    paths = [path, other, link, grouped / "s"]
    subprocess.run([sys.executable, "-c", script, *paths], check=True, timeout=30)
    owners = [(one.lstat().st_uid, one.lstat().st_gid) for one in paths]
    assert owners == [(4711, 4712), (0, 0), (0, 0), (4711, 4713)]


@as_root
def test_a_socket_that_is_gone_is_a_problem(tmp_path):
    with pytest.raises(PrivilegeError, match="No such file"):
        drop(Plan(4711, 4712, (4712,)), [str(tmp_path / "s")])


@as_root
@pytest.mark.parametrize("call", ["setgroups", "setresgid", "setresuid"])
def test_a_container_may_not_let_root_do_so(monkeypatch, call):
    def refuse(*arguments):
        raise PermissionError(1, "Operation not permitted")

    for name in ("setgroups", "setresgid", "setresuid"):
        monkeypatch.setattr(os, name, refuse if name == call else lambda *arguments: None)
    with pytest.raises(PrivilegeError, match="cannot become user 4711, group 4712: Operation not permitted"):
        drop(Plan(4711, 4712, (4712,)))


@as_root
def test_what_did_not_take_effect_is_seen(monkeypatch):
    for name in ("setgroups", "setresgid", "setresuid"):
        monkeypatch.setattr(os, name, lambda *arguments: None)
    monkeypatch.setattr(privileges, "_allow_no_new_privileges", lambda: None)
    with pytest.raises(PrivilegeError, match="this did not become user 4711, group 4712"):
        drop(Plan(4711, 4712, (4712,)))


def test_a_group_that_is_left_is_seen(monkeypatch):
    monkeypatch.setattr(Plan, "is_fulfilled", property(lambda plan: True))
    monkeypatch.setattr(os, "getgroups", lambda: [4712, 0])
    with pytest.raises(PrivilegeError, match="this did not become user 4711, group 4712"):
        privileges._verify(Plan(4711, 4712, (4712,)))


@as_root
def test_a_capability_that_is_left_is_seen(monkeypatch):
    monkeypatch.setattr(Plan, "is_fulfilled", property(lambda plan: True))
    with pytest.raises(PrivilegeError, match="capabilities are left after becoming user 4711: CapPrm 0"):
        privileges._verify(Plan(4711))


def test_a_way_back_is_seen(monkeypatch):
    monkeypatch.setattr(Plan, "is_fulfilled", property(lambda plan: True))
    monkeypatch.setattr(privileges, "_capabilities", str)
    monkeypatch.setattr(os, "setuid", lambda uid: None)
    with pytest.raises(PrivilegeError, match="this can become root again after becoming user 4711"):
        privileges._verify(Plan(4711))

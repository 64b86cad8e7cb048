"""What systemd hands over, each in a process of its own where descriptors have to have numbers."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys

import pytest

from protocols.daemon.systemd import VARIABLES, inherited_sockets, initial_environment, withdraw

SHOW = """
import json, os, sys
for index, fd in enumerate(json.loads(sys.argv[1])):
    os.dup2(fd, 3 + index)
from protocols.daemon.systemd import inherited_sockets
pid = {"mine": str(os.getpid())}.get(sys.argv[2], sys.argv[2])
taken = inherited_sockets({**json.loads(sys.argv[3]), "LISTEN_PID": pid})
print(json.dumps({
    name: [[s.fileno(), s.type.name, s.get_inheritable()] for s in found] for name, found in taken.items()
}))
sys.stdout.flush()
os._exit(0)
"""


@pytest.fixture
def handed_over(tmp_path):
    """What a process finds that is given a TCP listener, a UDP socket and a pipe, in that order."""

    def run(pid="mine", **variables):
        with socket.create_server(("127.0.0.1", 0)) as stream, socket.socket(type=socket.SOCK_DGRAM) as udp:
            reading, writing = os.pipe()
            # Numbers well above those they are moved to.
            high = [os.dup2(fd, 60 + n) for n, fd in enumerate((stream.fileno(), udp.fileno(), reading))]
            try:
                done = subprocess.run(
                    [sys.executable, "-c", SHOW, json.dumps(high), pid, json.dumps(variables)],
                    pass_fds=high,
                    capture_output=True,
                    check=True,
                )
            finally:
                for fd in (*high, reading, writing):
                    os.close(fd)
            return json.loads(done.stdout)

    return run


def test_names(handed_over):
    assert handed_over(LISTEN_FDS="2", LISTEN_FDNAMES="web:dns") == {
        "web": [[3, "SOCK_STREAM", False]],
        "dns": [[4, "SOCK_DGRAM", False]],
    }


def test_one_name_for_several(handed_over):
    found = handed_over(LISTEN_FDS="2", LISTEN_FDNAMES="both:both")
    assert found == {"both": [[3, "SOCK_STREAM", False], [4, "SOCK_DGRAM", False]]}


@pytest.mark.parametrize("names", [{}, {"LISTEN_FDNAMES": ""}, {"LISTEN_FDNAMES": ":"}])
def test_without_names(handed_over, names):
    assert [fd for fd, _, _ in handed_over(LISTEN_FDS="2", **names)["unknown"]] == [3, 4]


def test_fewer_names_than_sockets(handed_over):
    assert list(handed_over(LISTEN_FDS="2", LISTEN_FDNAMES="web")) == ["web", "unknown"]


def test_what_is_no_socket_is_left_out(handed_over):
    assert list(handed_over(LISTEN_FDS="3", LISTEN_FDNAMES="web:dns:fifo")) == ["web", "dns"]


def test_for_another_process(handed_over):
    assert handed_over(pid="1", LISTEN_FDS="2") == {}


@pytest.mark.parametrize("count", ["", "-1", "two", "1.5", "²"])
def test_a_count_that_is_none(count):
    assert inherited_sockets({"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": count}) == {}


def test_nothing_is_handed_over():
    assert inherited_sockets({}) == {}


def test_the_variables_are_removed():
    environment = {**dict.fromkeys(VARIABLES, "1"), "HOME": "/"}
    withdraw(environment)
    withdraw(environment)
    assert environment == {"HOME": "/"}


def test_the_initial_environment_outlives_changes():
    program = (
        "import os; from protocols.daemon.systemd import initial_environment\n"
        "del os.environ['LISTEN_FDNAMES']; os.environ['ADDED'] = '1'\n"
        "found = initial_environment(); print(found['LISTEN_FDNAMES'], 'ADDED' in found)"
    )
    environment = {**os.environ, "LISTEN_FDNAMES": "a=b"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True)
    assert done.stdout.split() == [b"a=b", b"False"]
    assert initial_environment()

"""A real daemon that reloads: who is connected does not notice, unless it is about their service."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

YAML = """
server: {{control: off, drain: 20s}}
services:
  shout: {{listen: "tcp://127.0.0.1:{shout}", function: {{call: functions:shout, run: loop}}}}
  echo: {{listen: ["tcp://127.0.0.1:{echo}", "udp://127.0.0.1:{echo}"], builtin: echo}}
  web: {{listen: "tcp://127.0.0.1:{web}", http: {{/: {{respond: "{answer}"}}}}}}
"""

FUNCTIONS = "def shout(message: str) -> str:\n    return message.upper()\n"


@pytest.fixture
def ports(free_port):
    return {name: free_port() for name in ("shout", "echo", "web", "more")}


class Reloading:
    """A daemon whose YAML and module change."""

    def __init__(self, daemon, written, ports):
        self.daemon = daemon
        self.ports = ports
        self._written = written

    def write(self, yaml: str = YAML, functions: str = FUNCTIONS, answer: str = "first") -> None:
        self._written(yaml.format(**self.ports, answer=answer), functions)

    def reload(self) -> str:
        """Reload, and say what became of it."""
        before = len(re.findall(r"^.*(reloaded: |not reloaded: )", self.daemon.output, re.MULTILINE))
        self.daemon.send_signal(signal.SIGHUP)
        pattern = rf"(?s)\A(?:.*?(?:reloaded: )){{{before + 1}}}([^\n]*)\n"
        return self.daemon.expect(pattern)[1]

    def fetch(self) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports['web']}/", timeout=20) as answer:
            return answer.read().decode()


@pytest.fixture
def reloading(real_daemon, written, ports):
    file = written(YAML.format(**ports, answer="first"), FUNCTIONS)
    return Reloading(real_daemon(file).ready(), written, ports)


def come_until_refused(port: int) -> None:
    while True:
        socket.create_connection(("127.0.0.1", port), 20).close()


def test_nothing_to_do(reloading):
    assert reloading.reload() == "3 kept, 0 changed, 0 added, 0 dropped"


def test_who_is_connected_to_another_service_does_not_notice(reloading, connect, ports):
    with connect(ports["shout"]) as shout, connect(ports["echo"]) as echo:
        assert shout.ask("a") == b"A"
        for answer in ("second", "third"):
            reloading.write(answer=answer)
            assert reloading.reload() == "2 kept, 1 changed, 0 added, 0 dropped"
            assert reloading.fetch() == answer
            assert shout.ask("b") == b"B"
            assert echo.ask("c") == b"c"


def test_who_is_connected_to_the_service_goes_on_under_the_old_rules(reloading, connect, ports):
    with connect(ports["shout"]) as before:
        assert before.ask("a") == b"A"
        reloading.write(functions=FUNCTIONS.replace("upper()", "title()"))
        assert reloading.reload() == "2 kept, 1 changed, 0 added, 0 dropped"
        with connect(ports["shout"]) as after:
            assert after.ask("a b") == b"A B"
            assert after.ask("ab") == b"Ab"
        assert before.ask("ab") == b"AB"


def test_the_deadline_ends_them(reloading, connect, ports):
    with connect(ports["shout"]) as before:
        assert before.ask("a") == b"A"
        short = YAML.replace("drain: 20s", "drain: 100ms")
        reloading.write(short)
        reloading.reload()
        reloading.write(short, functions=FUNCTIONS.replace("upper()", "title()"))
        reloading.reload()
        assert before.rest() == b""


def test_a_connection_of_http_is_told_to_come_back(reloading, ports):
    with socket.create_connection(("127.0.0.1", ports["web"]), 20) as client:
        file = client.makefile("rb")

        def ask() -> tuple[bytes, bytes]:
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            head = b"".join(iter(file.readline, b"\r\n"))
            length = re.search(rb"Content-Length: (\d+)", head)
            assert length
            return head, file.read(int(length[1]))

        head, body = ask()
        assert (b"Connection: close" in head, body) == (False, b"first")
        reloading.write(answer="second")
        reloading.reload()
        head, body = ask()
        assert (b"Connection: close" in head, body) == (True, b"first")
        assert file.read() == b""
    assert reloading.fetch() == "second"


def test_services_come_and_go(reloading, connect, ports):
    reloading.write(
        YAML.replace("  web:", '  more: {{listen: "tcp://127.0.0.1:{more}", builtin: echo}}\n  web:')
    )
    assert reloading.reload() == "3 kept, 0 changed, 1 added, 0 dropped"
    with connect(ports["more"]) as more:
        assert more.ask("there") == b"there"
        reloading.write()
        assert reloading.reload() == "3 kept, 0 changed, 0 added, 1 dropped"
        with pytest.raises(ConnectionRefusedError):
            connect(ports["more"])
        assert more.ask("still") == b"still"


def test_the_log_has_the_last_word_of_what_goes(reloading, connect, ports):
    quick = YAML.replace("drain: 20s", "drain: 1s")
    reloading.write(
        quick.replace("  web:", '  more: {{listen: "tcp://127.0.0.1:{more}", builtin: echo}}\n  web:')
    )
    assert reloading.reload() == "3 kept, 0 changed, 1 added, 0 dropped"
    with connect(ports["more"]) as more:
        assert more.ask("there") == b"there"
    reloading.write(quick, answer="second")
    assert reloading.reload() == "2 kept, 1 changed, 0 added, 1 dropped"
    reloading.daemon.expect(r"more: stopped \(connections: 1, messages: 1, ")
    assert "web: stopped" not in reloading.daemon.output


def test_addresses_move(reloading, connect, ports):
    with connect(ports["echo"]) as echo:
        reloading.write(YAML.replace("{shout}", "{more}"))
        assert reloading.reload() == "3 kept, 0 changed, 0 added, 0 dropped; 1 with other addresses"
        with connect(ports["more"]) as moved:
            assert moved.ask("a") == b"A"
        assert f"shout: no longer listening on tcp://127.0.0.1:{ports['shout']}\n" in reloading.daemon.output
        with pytest.raises(ConnectionRefusedError):
            connect(ports["shout"])
        assert echo.ask("still") == b"still"


def test_an_address_that_another_service_gives_up_never_refuses(reloading, connect, ports):
    swapped = YAML.replace("{shout}", "{x}").replace("tcp://127.0.0.1:{echo}", "tcp://127.0.0.1:{shout}")
    reloading.write(swapped.replace("{x}", "{echo}"))
    assert reloading.reload() == "3 kept, 0 changed, 0 added, 0 dropped; 2 with other addresses"
    with connect(ports["shout"]) as client:
        assert client.ask("a") == b"a"
    with connect(ports["echo"]) as client:
        assert client.ask("a") == b"A"


def test_problems_change_nothing(reloading, connect, ports):
    wrong = YAML.replace("builtin: echo", "builtin: ech").replace("functions:shout", "functions:shou")
    reloading.write(wrong, answer="second")
    first = reloading.reload()
    assert re.search(
        r"polyport.yaml:4:\d+: services.shout.function.*no attribute shou; did you mean shout", first
    )
    reloading.daemon.expect(r"^    .*polyport.yaml:5:\d+: services.echo.builtin")
    assert reloading.fetch() == "first"
    with connect(ports["shout"]) as client:
        assert client.ask("a") == b"A"


def test_what_cannot_listen_changes_nothing(reloading, connect, ports):
    with socket.create_server(("127.0.0.1", ports["more"])):
        reloading.write(
            YAML.replace("  web:", '  more: {{listen: "tcp://127.0.0.1:{more}", builtin: echo}}\n  web:'),
            answer="second",
        )
        assert "services.more.listen[0]" in reloading.reload()
    assert reloading.fetch() == "first"
    assert reloading.reload() == "2 kept, 1 changed, 1 added, 0 dropped"


def test_code_that_does_not_work_changes_nothing(reloading, connect, ports):
    reloading.write(functions=FUNCTIONS.replace("upper()", "title()") + "def selftest():\n    assert 1 > 2\n")
    assert "selftest() of the module functions failed" in reloading.reload()
    with connect(ports["shout"]) as client:
        assert client.ask("ab") == b"AB"


def test_it_stops_with_connections_of_both_rules(reloading, connect, ports):
    with connect(ports["shout"]) as before:
        assert before.ask("a") == b"A"
        reloading.write(functions=FUNCTIONS.replace("upper()", "title()"))
        reloading.reload()
        with connect(ports["shout"]) as after:
            assert after.ask("ab") == b"Ab"
            assert reloading.daemon.stop() == 0
            assert before.rest() == after.rest() == b""


def test_what_is_around_the_services_comes_moves_and_goes(reloading, connect, ports, tmp_path):
    def around(server: str) -> str:
        reloading.write(YAML.replace("server: {{control: off,", f"server: {{{{{server}"))
        return reloading.reload()

    with connect(ports["echo"]) as echo:
        text = around(f"control: 'unix:one.sock', metrics: 'tcp://127.0.0.1:{ports['more']}', workers: 2,")
        assert text.endswith("; server.workers will take effect with `polyport upgrade` or at the next start")
        assert (tmp_path / "one.sock").stat().st_mode & 0o777 == 0o600
        with urllib.request.urlopen(f"http://127.0.0.1:{ports['more']}/metrics", timeout=20) as answer:
            assert b"polyport_build_info" in answer.read()
        around("control: 'unix:two.sock',")
        assert not (tmp_path / "one.sock").exists()
        assert (tmp_path / "two.sock").is_socket()
        with pytest.raises(ConnectionRefusedError):
            connect(ports["more"])
        assert "cannot listen: server.control: unix://" in around("control: 'unix:no/where.sock',")
        assert (tmp_path / "two.sock").is_socket()
        around("control: off,")
        assert not (tmp_path / "two.sock").exists()
        assert echo.ask("still") == b"still"


def test_a_service_that_is_drained_comes_back_with_a_reload(reloading, connect, ports, tmp_path):
    reloading.write(YAML.replace("control: off", "control: 'unix:control.sock'"))
    reloading.reload()
    command = [sys.executable, "-m", "protocols.daemon.command", "drain", "echo"]
    with connect(ports["echo"]) as echo:
        assert echo.ask("a") == b"a"
        draining = subprocess.Popen(
            [*command, "-c", str(tmp_path / "polyport.yaml")], stdout=subprocess.PIPE, text=True
        )
        with pytest.raises(ConnectionRefusedError):
            come_until_refused(ports["echo"])
        assert echo.ask("still") == b"still"
    said, _ = draining.communicate(timeout=60)
    assert draining.returncode == 0, said
    reloading.daemon.expect(r"echo: draining, as somebody has asked\n(?s:.*)echo: stopped \(connections: ")
    assert reloading.reload() == "2 kept, 0 changed, 1 added, 0 dropped"
    with connect(ports["echo"]) as echo:
        assert echo.ask("again") == b"again"


def test_a_service_may_be_drained_while_a_reload_is_under_way(reloading, connect, ports, tmp_path):
    reloading.write(YAML.replace("control: off, drain: 20s", "control: 'unix:control.sock', drain: 1s"))
    reloading.reload()
    reloading.write(
        YAML.replace("control: off, drain: 20s", "control: 'unix:control.sock', drain: 1s"), answer="second"
    )
    with connect(tmp_path / "control.sock") as control:
        control.socket.sendall(b'{"id":1,"do":"reload"}\n{"id":2,"do":"drain","with":{"service":"echo"}}\n')
        answers = [json.loads(control.line()) for _ in range(2)]
    assert [one["id"] for one in answers] == [1, 2]
    assert answers[0]["answer"]["text"] == "2 kept, 1 changed, 0 added, 0 dropped"
    assert answers[1]["answer"] == {"done": True, "text": "echo is drained", "problems": []}
    assert reloading.fetch() == "second"
    with connect(ports["shout"]) as client:
        assert client.ask("a") == b"A"
    with pytest.raises(ConnectionRefusedError):
        connect(ports["echo"])
    assert reloading.reload() == "2 kept, 0 changed, 1 added, 0 dropped"

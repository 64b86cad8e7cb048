"""``polyport send`` against ``polyport listen``, over every carrier, framing and codec."""

from __future__ import annotations

import os
import signal
import socket
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from protocols.daemon.sockets import bind
from protocols.daemon.spec.address import Address


def address_of(scheme: str, folder: Path) -> str:
    return {
        "tcp": "tcp://127.0.0.1:0",
        "udp": "udp://127.0.0.1:0",
        "unix": f"unix://{folder}/s.sock",
        "abstract": f"unix:@polyport-test-{os.getpid()}",
        "unixgram": f"unixgram://{folder}/d.sock",
    }[scheme]


@pytest.mark.parametrize("scheme", ["tcp", "udp", "unix", "abstract", "unixgram"])
def test_echo_over_every_carrier(scheme, polyport, listening, tmp_path):
    server = listening("--echo", "-n", 2, address_of(scheme, tmp_path))
    sent = polyport("send", server.address, "hello", "wörld")
    assert (sent.returncode, sent.stdout.decode(), sent.stderr) == (0, "hello\nwörld\n", b"")
    assert server.end() == (0, "hello\nwörld\n".encode(), "")


@pytest.mark.parametrize(
    "framing",
    [
        "lines",
        "lines:crlf",
        "delimited:|",
        "delimited:\\x00\\n",
        "length",
        "length:2",
        "length:2:little",
        "length:8:inclusive:signed",
        "length:1:offset=2",
        "netstring",
        "fixed:5",
    ],
)
def test_every_framing(framing, polyport, listening):
    server = listening("--framing", framing, "--echo", "-n", 2, "tcp://127.0.0.1:0")
    sent = polyport("send", "--framing", framing, server.address, "hello", "again")
    assert (sent.returncode, sent.stdout, sent.stderr) == (0, b"hello\nagain\n", b"")
    assert server.end()[:2] == (0, b"hello\nagain\n")


def test_raw_keeps_every_byte_of_the_input(polyport, listening):
    server = listening("--framing", "raw", "--echo", "tcp://127.0.0.1:0")
    data = bytes(range(256)) * 4096
    with ThreadPoolExecutor(1) as aside:
        printed = aside.submit(server.process.stdout.read)
        sent = polyport("send", "--framing", "raw", server.address, stdin=data)
        server.process.terminate()
        assert (sent.returncode, sent.stdout == data, sent.stderr) == (0, True, b"")
        assert printed.result() == data


@pytest.mark.parametrize("codec", ["json", "msgpack", "pickle"])
@pytest.mark.parametrize("typed", ['{"a": [1, 2.5, null]}', '"text"', "true"])
def test_codecs_that_carry_values(codec, typed, polyport, listening):
    server = listening("--codec", codec, "--framing", "length", "--echo", "-n", 1, "tcp://127.0.0.1:0")
    sent = polyport("send", "--codec", codec, "--framing", "length", server.address, typed)
    compact = typed.replace(": ", ":").replace(", ", ",").encode() + b"\n"
    assert (sent.returncode, sent.stdout, sent.stderr) == (0, compact, b"")
    assert server.end() == (0, compact, "")


def test_reply_and_peer(polyport, listening):
    server = listening("--reply", "thanks", "--peer", "-n", 1, "tcp://127.0.0.1:0")
    assert polyport("send", server.address, "hello").stdout == b"thanks\n"
    peer, message = server.end()[1].split(b"\t")
    assert peer.startswith(b"tcp://127.0.0.1:")
    assert message == b"hello\n"


def test_standard_input_is_sent_line_by_line(polyport, listening):
    server = listening("--echo", "tcp://127.0.0.1:0")
    sent = polyport("send", server.address, stdin=b"one\r\ntwo\n\nlast")
    assert (sent.returncode, sent.stdout) == (0, b"one\ntwo\n\nlast\n")


def test_more_input_than_any_buffer_holds(polyport, listening):
    server = listening("--echo", "-n", 20_000, "tcp://127.0.0.1:0")
    data = b"".join(b"%d %s\n" % (number, b"x" * 100) for number in range(20_000))
    with ThreadPoolExecutor(1) as aside:
        served = aside.submit(server.end)
        sent = polyport("send", server.address, stdin=data)
        assert (sent.returncode, sent.stdout == data, sent.stderr) == (0, True, b"")
        assert served.result()[:2] == (0, data)


def test_replies_are_printed_while_input_is_open(started, listening):
    server = listening("--echo", "tcp://127.0.0.1:0")
    client = started("send", server.address)
    for word in (b"one\n", b"two\n"):
        client.stdin.write(word)
        client.stdin.flush()
        assert client.stdout.readline() == word
    client.stdin.close()
    assert client.wait(30) == 0


def test_whole_input_is_one_message(polyport, listening):
    server = listening("--framing", "netstring", "-n", 1, "tcp://127.0.0.1:0")
    sent = polyport("send", "--framing", "netstring", "--whole", server.address, stdin=b"a\nb\n")
    assert sent.returncode == 0
    assert server.end()[1] == b"a\nb\n\n"


def test_zero_replies_waits_for_none(polyport, listening):
    server = listening("-n", 1, "udp://127.0.0.1:0")
    sent = polyport("send", "-n", 0, server.address, "hello")
    assert (sent.returncode, sent.stdout, sent.stderr) == (0, b"", b"")
    assert server.end()[1] == b"hello\n"


def test_ends_after_n_replies_while_input_is_open(started, listening):
    server = listening("--echo", "tcp://127.0.0.1:0")
    client = started("send", "-n", 1, server.address)
    client.stdin.write(b"one\n")
    client.stdin.flush()
    assert client.wait(30) == 0
    assert client.stdout.read() == b"one\n"


def test_fewer_replies_than_asked(polyport):
    def answer_once(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(100)
            connection.sendall(b"only\n")

    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as aside:
        aside.submit(answer_once, server)
        sent = polyport("send", "-n", 3, f"tcp://127.0.0.1:{server.getsockname()[1]}", "hello")
    assert (sent.returncode, sent.stdout) == (1, b"only\n")
    assert b"closed after 1 of 3 replies" in sent.stderr


@pytest.mark.parametrize("scheme", ["tcp", "udp", "unix", "unixgram"])
def test_nobody_listens(scheme, polyport, tmp_path):
    bound = bind(Address.parse(address_of(scheme, tmp_path)), {})
    address = bound[0].address
    for one in bound:
        one.close()
    sent = polyport("send", "-n", 1, address, "hello")
    assert sent.returncode == 1
    assert str(address) in sent.stderr.decode()
    assert b"nothing came" not in sent.stderr, "nobody need be waited for"
    assert b"Traceback" not in sent.stderr


def test_silence_times_out(polyport):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        sent = polyport("send", "--timeout", "200ms", f"tcp://127.0.0.1:{port}", "hello")
    assert (sent.returncode, sent.stdout) == (1, b"")
    assert f"nothing came from tcp://127.0.0.1:{port} for 0.2 s" in sent.stderr.decode()


def test_replies_with_another_framing_are_an_error(polyport, listening):
    server = listening("--framing", "lines", "--reply", "not a netstring", "tcp://127.0.0.1:0")
    sent = polyport("send", "--framing", "netstring", server.address, "a\nb")
    assert sent.returncode == 1
    assert b"not framed as expected" in sent.stderr


def test_bad_input_lines_are_skipped_and_reported(polyport, listening):
    server = listening("--echo", "tcp://127.0.0.1:0")
    sent = polyport("send", "--codec", "json", server.address, stdin=b"[1]\n[2\n[3]\n")
    assert (sent.returncode, sent.stdout) == (1, b"[1]\n[3]\n")
    assert b"not sent: not JSON" in sent.stderr


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("tcp://127.0.0.1:0", "x"), "no port"),
        (("--framing", "fixed:3", "tcp://127.0.0.1:9", "hello"), "3 bytes"),
        (("--codec", "json", "tcp://127.0.0.1:9", "{"), "not JSON"),
        (("--framing", "lines", "udp://127.0.0.1:9", "x"), "a datagram is a message already"),
        (("--framing", "line", "tcp://127.0.0.1:9", "x"), "did you mean lines?"),
        (("--insecure", "tcp://127.0.0.1:9", "x"), "tls://"),
        (("fd://web", "x"), "systemd"),
    ],
)
def test_wrong_usage_exits_with_2(arguments, why, polyport):
    sent = polyport("send", *arguments)
    assert sent.returncode == 2
    assert why in " ".join(sent.stderr.decode().split())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_quietly_and_remove_the_socket(number, listening, tmp_path):
    path = tmp_path / "s.sock"
    server = listening(f"unix://{path}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    server.process.send_signal(number)
    assert server.end() == (128 + number, b"", "")
    assert not path.exists()


def test_a_stale_socket_is_replaced_and_a_live_one_is_not(polyport, listening, tmp_path):
    path = tmp_path / "s.sock"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    server = listening("--echo", f"unix://{path}")
    assert polyport("send", server.address, "hello").stdout == b"hello\n"
    second = polyport("listen", f"unix://{path}")
    assert second.returncode == 1
    assert b"another process listens there" in second.stderr


def test_a_closed_output_ends_quietly(started, listening):
    server = listening("--echo", "tcp://127.0.0.1:0")
    client = started("send", server.address)
    client.stdin.write(b"one\n")
    client.stdin.flush()
    assert client.stdout.readline() == b"one\n"
    client.stdout.close()
    client.stdin.write(b"two\n")
    client.stdin.flush()
    assert client.wait(30) == 0
    assert client.stderr.read() == b""


def test_broken_framing_is_reported_by_listen(polyport, listening):
    server = listening("--framing", "netstring", "--peer", "tcp://127.0.0.1:0")
    polyport("send", server.address, "nonsense")
    assert b"tcp://127.0.0.1:" in server.process.stderr.readline()


def test_a_datagram_that_is_lost_is_sent_again(polyport):
    def lose_one(server: socket.socket) -> None:
        server.recvfrom(100)
        message, where = server.recvfrom(100)
        server.sendto(message.upper(), where)

    with socket.socket(type=socket.SOCK_DGRAM) as server, ThreadPoolExecutor(1) as aside:
        server.bind(("127.0.0.1", 0))
        server.settimeout(20)
        aside.submit(lose_one, server)
        sent = polyport("send", "--retry", 3, f"udp://127.0.0.1:{server.getsockname()[1]}", "hello")
    assert (sent.returncode, sent.stdout, sent.stderr) == (0, b"HELLO\n", b"")

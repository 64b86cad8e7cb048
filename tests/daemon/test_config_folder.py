"""Every YAML of the folder ``config``, started as its comments say, on ports that are free."""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

CONFIG = Path(__file__).parent.parent.parent / "config"
FILES = sorted(file.name for file in CONFIG.glob("*.yaml"))


@pytest.fixture
def folder(tmp_path):
    """A copy, with certificates of its own; whatever port it names, the system chooses one."""
    copy = tmp_path / "config"
    shutil.copytree(CONFIG, copy, ignore=shutil.ignore_patterns("tls", "__pycache__", "*.sock"))
    cert = [sys.executable, "-m", "protocols.daemon.command", "cert", "--out", str(copy / "tls")]
    subprocess.run(cert, check=True, capture_output=True, timeout=30)
    for file in copy.rglob("*.yaml"):
        text = re.sub(r"((?:tcp|tls|udp)://[^\s:,\]]*):\d+", r"\1:0", file.read_text())
        # Whoever runs the tests is who can write here.
        text = re.sub(r"^  user: daemon\b", f"  user: {os.geteuid()}", text, flags=re.MULTILINE)
        text = re.sub(r"^  group: daemon\b", f"  group: {os.getegid()}", text, flags=re.MULTILINE)
        file.write_text(text.replace("@polyport-full-", f"@{tmp_path.name}-"))
    return copy


ENOUGH = 16_384
"""Bytes after which no answer becomes right any more."""


def trusting(folder: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(folder / "tls" / "ca.pem"))


def open_stream(address: str, folder: Path) -> socket.socket:
    scheme, _, rest = address.partition(":")
    if scheme == "unix":
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(20)
        sock.connect("\0" + rest[1:] if rest.startswith("@") else rest.removeprefix("//"))
        return sock
    host, _, port = rest.removeprefix("//").rpartition(":")
    sock = socket.create_connection((host, int(port)), 20)
    return trusting(folder).wrap_socket(sock, server_hostname="localhost") if scheme == "tls" else sock


def ask_stream(address: str, question: bytes, expected: bytes, folder: Path) -> bytes:
    """The answer, as far as it is needed to see what is `expected`; one of these services never ends."""
    answer = b""
    with open_stream(address, folder) as sock:
        if question:
            sock.sendall(question)
        while not re.search(expected, answer) and len(answer) < ENOUGH and (piece := sock.recv(4096)):
            answer += piece
    return answer


def ask_datagram(address: str, question: bytes, expected: bytes, folder: Path) -> bytes:
    scheme, _, rest = address.partition(":")
    family = socket.AF_UNIX if scheme == "unixgram" else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.settimeout(20)
        if scheme == "unixgram":
            sock.bind(str(folder / "client.sock"))
            sock.sendto(question, "\0" + rest[1:])
        else:
            host, _, port = rest.removeprefix("//").rpartition(":")
            sock.sendto(question, (host, int(port)))
        answer = sock.recv(65_536)
    (folder / "client.sock").unlink(missing_ok=True)
    return answer


GET = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
ORDER = b'{"item": "tea", "count": 2}'
READING = b'{"device": "a", "bar": 2.5}'
YEAR = rb"\b20\d\d\b"

# What is asked of each service, framed where it is a stream, and what the answer has to match.
QUESTIONS = {
    "shout": (b"hello", b"HELLO"),
    "secure": (b"5:hello,", b"5:HELLO,"),
    "price": (ORDER, rb'\{"item":"tea","total":7\.0\}'),
    "clock": (b"", YEAR),
    "site": (GET, rb"HTTP/1\.1 200 OK[^$]*fine"),
    "own-certificate": (b"", YEAR),
    "daytime": (b"", YEAR),
    "lines": (ORDER, rb'\{"item":"tea","total":7\.0\}'),
    "delimited": (b"ab\0", b"ba\0"),
    "length": (b"\0\0\0\2ab", b"\0\0\0\2ba"),
    "few": (b"ab", b"ab"),
    "by-rules": (b"ab", b"ab"),
    "fleet": (b"ab", b"ab"),
    "collect": (ORDER, rb"OK \d+"),
    "console": (b"PING\n", b"PONG"),
    "netstring": (b"2:ab,", b"2:ba,"),
    "fixed": (b"0123456789abcdef", b"fedcba9876543210"),
    "raw": (b"ab", b"ba"),
    "upper-case": (b"ab", b"AB"),
    "pooled": (b"ab", b"bb"),
    "echo": (b"ab", b"ab"),
    "time": (b"", rb"(?s)[\xe0-\xff]..."),
    "chargen": (b"", rb"[!-~]{72}\r\n[!-~]{72}\r\n"),
    "qotd": (b"", rb"Simplicity|liberal"),
    "greeting": (b"", b"hello\r\n"),
    "passed-on": (b"hello\n", b"HELLO\n"),
    "server.metrics": (GET.replace(b"/health", b"/metrics"), rb"HTTP/1\.1 200 OK[^$]*polyport_status_fresh"),
    "web": (GET, rb"HTTP/1\.1 200 OK[^$]*fine"),
    "page": (GET.replace(b"/health", b"/"), rb"HTTP/1\.1 200 OK[^$]*<!DOCTYPE html>"),
    "room": (b"hello", b"welcome|has come"),  # those who came before are told of, too
    "browsers": (GET.replace(b"/health", b"/room"), rb"HTTP/1\.1 4\d\d"),
    "frames": (b"\0\x1b" + READING, rb"OK \d+"),
    "intake": (
        b"POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n17",
        rb'HTTP/1\.1 201 Created[^$]*\{"seq":1\}',
    ),
}
LINES = (
    *("shout", "price", "lines", "echo", "few", "by-rules", "fleet", "collect"),
    *("upper-case", "pooled", "room"),
)
SILENT = ("discard", "follow", "share", "talk", "datagrams", "chat.lines")


@pytest.mark.parametrize("name", FILES)
def test_every_address_answers(folder, real_daemon, name):
    daemon = real_daemon(folder / name, env={**os.environ, "RELAY_SECRET": "tested"}).ready()
    listening = re.findall(r"info  (\S+): listening on (\S+)", daemon.output)
    if name == "chat.yaml":
        listening = [(service.replace("lines", "chat.lines"), address) for service, address in listening]
    assert {service for service, _ in listening} <= {*QUESTIONS, *SILENT}
    for service, address in listening:
        is_stream = not address.startswith(("udp", "unixgram"))
        if service in SILENT:
            if is_stream:
                open_stream(address, folder).close()
            continue
        question, expected = QUESTIONS[service]
        if service in LINES and is_stream:
            question += b"\n"
        if service == "chargen" and not is_stream:
            expected = rb"^[!-~\r\n]{0,512}$"  # how many is up to chance (RFC 864)
        answer = (ask_stream if is_stream else ask_datagram)(address, question, expected, folder)
        assert re.search(expected, answer), (service, address, answer)
    assert daemon.stop() == 0
    assert daemon.errors == ""
    assert not list(folder.glob("*.sock"))


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/items/5?tags=a", rb'\{"id":5,"currency":"EUR","tags":\["a"\]\}'),
        ("/price?item=tea", rb'\{"item":"tea","total":3\.5\}'),
        ("/ticks?lastEventId=7", rb"retry: 3000\n\n[^$]*id: 8\ndata: 8\n\n"),
    ],
)
def test_functions_of_the_web_site(folder, real_daemon, target, expected):
    daemon = real_daemon(folder / "full.yaml").ready()
    plain = next(each for each in daemon.addresses("web") if each.startswith("tcp"))
    question = f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    assert re.search(expected, ask_stream(plain, question, expected, folder))
    assert daemon.stop() == 0
    assert daemon.errors == ""


def test_all_services_of_the_folder_were_asked(folder, real_daemon):
    # What full.yaml includes counts too; the one that waits for systemd is not enabled.
    daemon = real_daemon(folder / "full.yaml").ready()
    assert len(daemon.addresses("shout")) == 5
    assert daemon.addresses("daytime")
    assert not daemon.addresses("from-systemd")


def test_the_programs_answer(folder, real_daemon):
    daemon = real_daemon(folder / "full.yaml").ready()
    address = f"tcp://127.0.0.1:{daemon.port('web')}"
    for path, zone in (("/cgi-bin/today", b""), ("/today/", b"UTC")):
        question = GET.replace(b"/health", path.encode())
        answer = ask_stream(address, question, YEAR + rb"[-0-9 :]+ " + zone, folder)
        assert answer.startswith(b"HTTP/1.1 200 OK"), (path, answer)
        assert re.search(YEAR + rb"[-0-9 :]+ " + zone, answer)
    assert daemon.stop() == 0
    assert daemon.errors == ""

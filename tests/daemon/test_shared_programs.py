"""Programs that all clients share, behind a real daemon."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
from pathlib import Path

import pytest
from websockets.sync.client import connect

PYTHON = """
from protocols.shared_program import Clients, Message, Open
clients = Clients()
for event in clients:
    match event:
        case Open(client):
            client.send(f"{len(clients)} here")
        case Message(client, b"\\xff"):
            client.send(b"\\xfe")
        case Message(client, "die"):
            raise SystemExit(3)
        case Message(client, data):
            clients.send(data, but=client)
"""

SH = """
. "$POLYPORT_KIT/functions.sh"
here=0
while next; do
    case $event in
    open) here=$((here + 1)); send "$client" "$here here" ;;
    text)
        [ "$text" != die ] || exit 3
        send "all-$client" "$text" ;;
    binary) printf 'binary %s \\\\0376\\n' "$client" ;;
    close) here=$((here - 1)) ;;
    esac
done
"""

PERL = r"""
use JSON::PP;
$| = 1;
my $here = 0;
while (<STDIN>) {
    my $said = decode_json($_);
    if ($said->{open}) {
        $here++;
        print encode_json({send => $said->{open}, text => "$here here"}), "\n";
    } elsif ($said->{message}) {
        my $from = $said->{message};
        if (defined $said->{base64}) { print encode_json({send => $from, base64 => "/g=="}), "\n"; next }
        exit 3 if $said->{text} eq "die";
        print encode_json({send => "all", but => [$from], text => $said->{text}}), "\n";
    } elsif ($said->{close}) { $here-- }
}
"""

AWK = r"""
$1 == "open" { here++; print "text " $2 " " here " here" }
$1 == "close" { here-- }
$1 == "text" && $3 == "die" { exit 3 }
$1 == "text" { from = $2; sub(/^text [0-9]+ /, ""); print "text all-" from " " $0 }
$1 == "binary" { print "binary " $2 " \\0376" }
{ fflush() }
"""

PROGRAMS = {
    "python": (PYTHON, [sys.executable], "json"),
    "sh": (SH, ["/bin/sh"], "lines"),
    "perl": (PERL, ["perl"], "json"),
    "awk": (AWK, ["awk", "-f"], "lines"),
}

YAML = """
services:
  chat:
    listen: ["tcp://127.0.0.1:0", "udp://127.0.0.1:0"]
    program: &chat {{command: {command}, mode: shared, protocol: {form}}}
  web:
    listen: tcp://127.0.0.1:0
    http:
      /ws: {{websocket: {{program: {{command: {command}, mode: shared, protocol: {form}}}}}}}
"""


@pytest.fixture(params=PROGRAMS)
def daemon(request, tmp_path, real_daemon):
    text, command, form = PROGRAMS[request.param]
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]}")
    file = tmp_path / "chat"
    file.write_text(text)
    yaml = tmp_path / "main.yaml"
    yaml.write_text(YAML.format(command=[*command, str(file)], form=form).replace("&chat ", ""))
    return real_daemon(yaml).ready()


class Lines:
    """A client over TCP."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 20)
        self.file = self.socket.makefile("rb")

    def say(self, line: bytes) -> None:
        self.socket.sendall(line + b"\n")

    def line(self) -> bytes:
        return self.file.readline().rstrip(b"\n")


def test_a_chat_in_four_languages(daemon):
    port = daemon.port("chat")
    ann = Lines(port)
    assert ann.line() == b"1 here"
    bob = Lines(port)
    assert bob.line() == b"2 here"
    ann.say("héllo \\ there  ".encode())
    assert bob.line() == "héllo \\ there  ".encode()
    ann.say(b"\xff")
    assert ann.line() == b"\xfe"
    bob.say(b"die")
    assert bob.line() == b""
    assert ann.line() == b""
    again = Lines(port)
    assert again.line() == b"1 here"
    with connect(f"ws://127.0.0.1:{daemon.port('web')}/ws") as one:
        assert one.recv(20) == "1 here"
        one.send(b"\xff")
        assert one.recv(20) == b"\xfe"
    assert daemon.stop() == 0

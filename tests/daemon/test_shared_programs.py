"""Programs that all clients share, behind a real daemon."""

from __future__ import annotations

import shutil
import socket
import sys
from contextlib import closing

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
    program: {{command: {command}, mode: shared, protocol: {form}}}
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
    yaml.write_text(YAML.format(command=[*command, str(file)], form=form))
    return real_daemon(yaml).ready()


class Lines:
    """A client over TCP."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 20)
        self.file = self.socket.makefile("rb")

    def say(self, line: bytes) -> None:
        self.socket.sendall(line + b"\n")

    def close(self) -> None:
        self.file.close()
        self.socket.close()

    def line(self) -> bytes:
        return self.file.readline().rstrip(b"\n")


def test_a_chat_in_four_languages(daemon):
    port = daemon.port("chat")
    with closing(Lines(port)) as ann:
        assert ann.line() == b"1 here"
        with closing(Lines(port)) as bob:
            assert bob.line() == b"2 here"
            ann.say("héllo \\ there  ".encode())
            assert bob.line() == "héllo \\ there  ".encode()
            ann.say(b"\xff")
            assert ann.line() == b"\xfe"
            bob.say(b"die")
            assert bob.line() == b""
            assert ann.line() == b""
    with closing(Lines(port)) as again:
        assert again.line() == b"1 here"
    with connect(f"ws://127.0.0.1:{daemon.port('web')}/ws") as one:
        assert one.recv(20) == "1 here"
        one.send(b"\xff")
        assert one.recv(20) == b"\xfe"
    assert daemon.stop() == 0


def test_one_room_for_streams_datagrams_and_websockets(tmp_path, real_daemon):
    file = tmp_path / "room.sh"
    file.write_text(SH)
    yaml = tmp_path / "main.yaml"
    yaml.write_text(YAML.format(command=["/bin/sh", str(file)], form="lines"))
    daemon = real_daemon(yaml).ready()
    port = daemon.port("chat")
    with closing(Lines(port)) as ann, socket.socket(type=socket.SOCK_DGRAM) as bob:
        assert ann.line() == b"1 here"
        bob.settimeout(20)
        bob.sendto(b"by datagram", ("127.0.0.1", daemon.port("chat", "udp")))
        assert bob.recv(100) == b"2 here"
        assert ann.line() == b"by datagram"
        ann.say(b"by stream")
        assert bob.recv(100) == b"by stream"
    assert daemon.stop() == 0


def test_a_program_that_cannot_start_keeps_the_daemon_from_it(tmp_path, real_daemon):
    script = tmp_path / "chat"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    yaml = tmp_path / "main.yaml"
    program = f"{{command: [{script}], mode: shared}}"
    yaml.write_text(f"services: {{chat: {{listen: 'tcp://127.0.0.1:0', program: {program}}}}}")
    daemon = real_daemon(yaml)
    assert daemon.process.wait(30) != 0

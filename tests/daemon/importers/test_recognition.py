"""What a file is."""

from __future__ import annotations

import pytest

from protocols.daemon.importers.recognition import kind_of


@pytest.mark.parametrize(
    ("file", "text", "kind"),
    [
        ("ftp", "# comment\nservice ftp\n{\n}\n", "xinetd"),
        ("x", "\tdefaults\n{\n}\nincludedir /etc/xinetd.d\n", "xinetd"),
        ("x", "ftp stream tcp nowait root /usr/sbin/tcpd in.ftpd\n", "inetd"),
        ("x", "#<off># ftp\tstream\ttcp\tnowait\troot\t/usr/sbin/tcpd\tin.ftpd\n", "inetd"),
        ("inetd.conf", "# nothing\n", "inetd"),
        ("a.socket", "[Socket]\nListenStream=1\n", "systemd"),
        ("a.service", "garbage", "systemd"),
        ("a@.service", "[Service]\nExecStart=/bin/cat\n", "systemd"),
        ("ws.service", "[Service]\nExecStart=/usr/bin/websocketd --port=80 cat\n", "websocketd"),
        ("run.sh", "#!/bin/sh\nexec websocketd --port=80 ./prog\n", "websocketd"),
        ("Dockerfile", 'CMD ["websocketd", "--port=80", "cat"]\n', "websocketd"),
        ("x", "# websocketd was here\n", None),
        ("x", "", None),
        ("x", "hello world, this is nothing\n", None),
        ("polyport.yaml", "services:\n  a: {listen: tcp://:1, builtin: echo}\n", None),
    ],
)
def test_kinds(file, text, kind):
    assert kind_of(file, text) == kind

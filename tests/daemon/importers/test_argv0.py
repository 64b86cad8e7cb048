"""Programs that find another name of theirs."""

from __future__ import annotations

import subprocess

from protocols.daemon.importers.argv0 import command_line


def test_the_usual_names_need_nothing():
    assert command_line("/usr/sbin/in.fingerd", "in.fingerd", ["-l"]) == ["/usr/sbin/in.fingerd", "-l"]
    assert command_line("/usr/sbin/in.fingerd", "/usr/sbin/in.fingerd", []) == ["/usr/sbin/in.fingerd"]


def test_another_name_is_found_by_the_program():
    line = command_line("/bin/cat", "a name", ["/proc/self/cmdline", "-"])
    done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, check=True)
    assert done.stdout.split(b"\0")[:2] == [b"a name", b"/proc/self/cmdline"]

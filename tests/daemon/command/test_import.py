"""``polyport import``, as an operator runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from protocols.daemon.command import main

FINGER = """\
service finger
{
	socket_type = stream
	wait = no
	user = nobody
	server = /bin/cat
	port = 7900
%s}
"""


@pytest.fixture
def imported(tmp_path, monkeypatch):
    """Run ``polyport import`` in a folder with `files`: exit status, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, **files: str):
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        done = CliRunner().invoke(main, ["import", *arguments])
        return done.exit_code, done.stdout, done.stderr

    return run


def test_all_is_carried_over(imported):
    status, out, err = imported("finger", finger=FINGER % "")
    assert (status, err) == (0, "1 service: 1 enabled\n")
    assert "  finger:\n    listen: tcp://0.0.0.0:7900\n" in out


def test_what_is_not_is_told_twice(imported):
    status, out, err = imported("finger", finger=FINGER % "\tmax_load = 2\n")
    assert status == 1
    assert err.startswith("finger:8: max_load = 2: the load of the machine is not looked at; ")
    assert "    # NOT CARRIED OVER: finger:8: max_load = 2: " in out


def test_a_malformed_file(imported):
    status, out, err = imported("finger", finger="service finger\n{\nwait no\n")
    assert (status, out) == (2, "")
    assert err.splitlines() == [
        'finger:1: the entry that begins here has no "}"',
        "finger:3: an attribute is expected, as in `wait = no`",
    ]


def test_files_that_are_none(imported, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "binary").write_bytes(b"\0\1")
    (tmp_path / "text").write_text("hello\n")
    status, out, err = imported("no", "folder", "binary", "text", "/dev/zero")
    assert (status, out) == (2, "")
    assert err.splitlines() == [
        "/dev/zero: is larger than 1048576 bytes; that is no configuration",
        "binary:1: holds a zero byte: this is no text",
        "folder: is a directory; name its files, as in folder/*",
        "no: cannot be read: No such file or directory",
        "text: is of no kind that is known; say which: --from xinetd, inetd, systemd, websocketd",
    ]


def test_what_was_not_for_everybody_is_not_made_so(imported, tmp_path):
    (tmp_path / "finger").write_text(FINGER % "\tenv = PASSWORD=secret\n")
    (tmp_path / "finger").chmod(0o644)
    assert imported("-o", "open.yaml", "finger")[0] == 0
    (tmp_path / "finger").chmod(0o640)
    assert imported("-o", "own.yaml", "finger")[0] == 0
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("open.yaml", "own.yaml")] == [0o644, 0o600]
    assert "# Note: not everybody may read finger, and so nobody else" in (tmp_path / "own.yaml").read_text()


def test_a_file_is_not_overwritten(imported, tmp_path):
    assert imported("-o", "out.yaml", "finger", finger=FINGER % "")[0] == 0
    before = (tmp_path / "out.yaml").read_text()
    status, out, err = imported("-o", "out.yaml", "finger", finger=FINGER % "\tnice = 5\n")
    assert (status, out) == (2, "")
    assert err == "polyport: out.yaml exists; --force overwrites it\n"
    assert (tmp_path / "out.yaml").read_text() == before
    assert imported("-o", "out.yaml", "--force", "finger")[0] == 0
    assert "nice: 5" in (tmp_path / "out.yaml").read_text()


def test_a_real_run(polyport, tmp_path):
    (tmp_path / "finger").write_text(FINGER % "")
    done = polyport("import", "finger", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"1 service: 1 enabled\n")
    assert b"listen: tcp://0.0.0.0:7900\n" in done.stdout


def test_a_disk_that_is_full(tmp_path):
    (tmp_path / "finger").write_text(FINGER % "")
    command = [sys.executable, "-m", "protocols.daemon.command", "import", "finger"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, cwd=tmp_path, check=False)
    assert (done.returncode, done.stderr) == (
        2,
        b"polyport: the YAML cannot be written: No space left on device\n",
    )


def test_a_file_that_cannot_be_written(imported):
    status, _, err = imported("-o", "no/out.yaml", "finger", finger=FINGER % "")
    assert status == 2
    assert err == "polyport: no/out.yaml cannot be written: No such file or directory\n"


def test_a_command_line_of_websocketd(imported):
    status, out, err = imported(
        "-o", "out.yaml", "--", "websocketd", "--port=8080", "--sameorigin", "cat", "-n"
    )
    assert (status, out, err) == (0, "", "wrote out.yaml\n1 service: 1 enabled\n")


def test_an_option_that_websocketd_has_not(imported):
    status, _, err = imported("--", "/usr/bin/websocketd", "--prot=8080", "cat")
    assert status == 2
    assert err.endswith("did you mean port?\n")
    assert err.startswith("command line: websocketd has no option --prot; ")


def test_behind_two_dashes_there_may_be_files(imported):
    assert imported("--", "finger", finger=FINGER % "")[0] == 0


def test_the_kind_may_be_said(imported):
    status, _, err = imported("--from", "inetd", "finger", finger=FINGER % "")
    assert status == 2
    assert err.startswith("finger:1: a line has at least six fields")
    assert imported("--from", "init", "finger")[0] == 2


def test_built_in_services_can_be_checked(imported, polyport, tmp_path):
    text = "7901 stream tcp nowait root internal\n127.0.0.1:chargen stream tcp nowait root internal\n"
    status, _, err = imported("-o", "polyport.yaml", "inetd.conf", **{"inetd.conf": text})
    assert status == 1
    assert "7901 internal: Polyport has no such built-in service" in err
    done = polyport("check", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().splitlines()[0].split(None, 2) == [
        "chargen",
        "tcp://127.0.0.1:19",
        "builtin chargen",
    ]

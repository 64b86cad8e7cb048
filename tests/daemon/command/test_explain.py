"""``polyport explain``."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from protocols.daemon.command import main

YAML = """
networks: {office: 10.0.0.0/8}
defaults: {limits: {idle: 1m}}
services:
  price:
    listen: [tcp://:7001, unix:price.sock]
    builtin: echo
    limits: {connections: 5}
    access:
      - deny: {networks: 10.1.0.0/16, hours: "mon-fri 08:00-18:00"}
      - allow: [office, "uid:5"]
  site:
    listen: tcp://127.0.0.1:8080
    http: {/: {respond: hi, access: {allow: office}}}
"""


@pytest.fixture
def explain(tmp_path, monkeypatch, forgotten_imports):
    (tmp_path / "polyport.yaml").write_text(YAML)
    monkeypatch.chdir(tmp_path)

    def explain(*arguments: str) -> tuple[int, str, str]:
        done = CliRunner().invoke(main, ["explain", *arguments])
        return done.exit_code, done.stdout, done.stderr

    return explain


def test_who_is_refused(explain):
    status, out, err = explain("tcp://127.0.0.1:7001", "--from", "10.1.2.3", "--at", "mon 09:00")
    assert (status, err) == (1, "")
    assert out == (
        "service   price                                                      "
        "              polyport.yaml:5:3\n"
        "address   tcp://:7001                                                "
        "              polyport.yaml:6:14\n"
        "access    refused by a rule: deny networks 10.1.0.0/16; "
        "hours mon-fri 08:00-18:00  polyport.yaml:10:15\n"
        "identity  tcp://10.1.2.3\n"
        "framing   raw: limit 65536                                           "
        "              built-in\n"
        "handler   builtin echo                                               "
        "              polyport.yaml:7:14\n"
        "limits    connections  5                                             "
        "              own, polyport.yaml:8:27\n"
        "          pending      64                                            "
        "              built-in\n"
        "          idle         1m                                            "
        "              defaults, polyport.yaml:3:27\n"
        "verdict   refused\n"
    )


def test_who_is_allowed(explain):
    status, out, _ = explain("tcp://127.0.0.1:7001", "--from", "::ffff:10.1.2.3", "--at", "sat 09:00")
    assert status == 0
    assert "access    allowed by a rule: allow networks office  " in out
    assert out.endswith("\nverdict   allowed\n")


def test_a_process_at_a_unix_socket(explain):
    assert explain("unix:price.sock", "--uid", "5", "--gid", "0")[0] == 0
    assert explain("unix:price.sock", "--uid", "0", "--gid", "0")[0] == 1
    assert explain("unix:price.sock")[0] == 1


def test_a_program_of_its_own(polyport, explain, tmp_path):
    done = polyport("explain", "unix:price.sock", "--json", cwd=tmp_path)
    assert (done.returncode, json.loads(done.stdout)["allowed"], done.stderr) == (1, False, b"")


def test_json(explain):
    status, out, _ = explain("tcp://127.0.0.1:8080", "--from", "11.0.0.1", "--path", "/a", "--json")
    found = json.loads(out)
    assert (status, found["allowed"]) == (1, False)
    assert found["steps"][-2] == {
        "topic": "access of the route",
        "words": "refused: no rule allows it",
        "place": "polyport.yaml:14:29",
        "allowed": False,
    }
    assert {"name": "idle", "value": "1m", "origin": "defaults", "place": "polyport.yaml:3:27"} in found[
        "limits"
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("tcp://127.0.0.1:7001",), "--from is needed"),
        (("tcp://127.0.0.1:7001", "--from", "office"), "does not appear to be an IPv4 or IPv6 address"),
        (("tcp://127.0.0.1:7001", "--from", "::1", "--at", "noon"), "is no time such as 03:00"),
        (("tcp://127.0.0.1:7001", "--from", "::1", "--uid", "5"), "--uid and --gid go together"),
        (("unix:price.sock", "--from", "::1"), "has no IP address"),
        (("tcp://127.0.0.1:7002", "--from", "::1"), "did you mean tcp://127.0.0.1:8080?"),
        (("http://a", "--from", "::1"), "http:// is no place to listen"),
        (("tcp://:1", "--from", "::1", "-c", "nowhere.yaml"), "nowhere.yaml"),
    ],
)
def test_what_is_asked_is_wrong(explain, arguments, said):
    status, out, err = explain(*arguments)
    assert (status, out) == (2, "")
    assert said in err


def test_a_file_with_problems(explain, tmp_path):
    (tmp_path / "polyport.yaml").write_text("services: {a: {lisen: 'tcp://:1', builtin: echo}}\n")
    status, _, err = explain("tcp://:1", "--from", "::1")
    assert status == 2
    assert "did you mean listen?" in err


def test_help_has_examples():
    shown = CliRunner().invoke(main, ["explain", "--help"]).output
    assert "Examples:" in shown
    assert "Exit status:" in shown


def test_completion():
    environment = {
        "_POLYPORT_COMPLETE": "bash_complete",
        "COMP_WORDS": "polyport explain tcp://:1 --from un",
        "COMP_CWORD": "4",
    }
    assert "unix" in CliRunner().invoke(main, [], prog_name="polyport", env=environment).output

"""No command shows a secret."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from protocols.daemon.command import main

YAML = """
networks: {office: "10.0.0.${file:number}"}
services:
  a:
    listen: ["unix:@${env:PLANTED}", "tcp://127.0.0.1:7001"]
    framing: {delimited: {delimiter: "${env:PLANTED}"}}
    function: functions:shout
    limits: {pending: 5}
    access: {allow: ["${file:network}", office]}
  b: {listen: "tcp://127.0.0.1:7002", factory: "functions:${env:PLANTED}"}
  site:
    listen: tcp://127.0.0.1:7003
    http:
      /: {redirect: "/${env:PLANTED}/"}
      /docs/: {docs: {title: "${env:PLANTED}"}}
      /auth: {respond: "${env:PLANTED}", auth: {basic: users, realm: "${env:PLANTED}"}}
      /rule: {respond: a, rate: 5/m, auth: {basic: users}, access: {deny: "user:${env:PLANTED}"}}
"""
FUNCTIONS = """
from twisted.internet.protocol import Factory
def shout(message: str) -> str: return message
hunter2_Zq = q9Z = Factory()
"""


@pytest.fixture
def run(tmp_path, monkeypatch, forgotten_imports):
    """Run a command with a secret in the environment; what it says."""
    (tmp_path / "polyport.yaml").write_text(YAML)
    (tmp_path / "functions.py").write_text(FUNCTIONS)
    for name, text in (("users", ""), ("number", "7"), ("network", "10.99.0.0/16")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)

    monkeypatch.chdir(tmp_path)

    def run(secret: str, *arguments: str) -> str:
        return CliRunner().invoke(main, arguments, env={"PLANTED": secret}).output

    return run


@pytest.mark.parametrize("secret", ["hunter2_Zq", "q9Z"])
def test_check_and_explain(run, secret):
    said = run(secret, "check")
    assert "a     (from a secret)       function functions:shout" in said
    assert "b     tcp://127.0.0.1:7002  factory (from a secret)" in said
    assert said.endswith("no problems\n")
    for place in ("7001", "7002", "7003 --path /auth --user alice", "7003 --path /rule --user alice"):
        address, *more = place.split()
        said += run(secret, "explain", f"tcp://127.0.0.1:{address}", "--from", "10.99.0.7", *more)
    said += run(secret, "explain", "tcp://127.0.0.1:7003", "--from", "::1", "--path", "/rule", "--json")
    said += run(secret, "explain", "tcp://127.0.0.1:7004", "--from", "::1")
    assert said.count("allowed by a rule: (from a secret)") == 1
    assert "known addresses: tcp://127.0.0.1:7001, tcp://127.0.0.1:7002" in said
    assert secret not in said
    assert "10.99.0.0/16" not in said


def test_docs(run):
    said = run("hunter2_Zq", "docs", "openapi") + run("hunter2_Zq", "docs", "asyncapi")
    assert "To /***/" in said
    assert '"host": "(from a secret)"' in said
    assert "hunter2" not in said


def test_a_file_that_others_can_read(run, tmp_path):
    (tmp_path / "network").chmod(0o644)
    said = run("hunter2_Zq", "check")
    assert (
        "warning: polyport.yaml:9:22: services.a.access.allow[0]: ${file:network} has mode 0644: others"
        in said
    )
    assert "polyport.yaml: no problems, 1 warning\n" in said

"""``polyport docs``."""

from __future__ import annotations

import json

import pytest
import yaml

GOOD = """
services:
  shout: {listen: tcp://127.0.0.1:7000, function: functions:shout}
  web: {listen: tcp://127.0.0.1:8080, http: {/shout: {function: functions:shout}}}
"""
TWO = GOOD + "  more: {listen: tcp://127.0.0.1:8081, http: {/: {respond: more}}}\n"
FUNCTIONS = "def shout(message: str) -> str: return message\n"


@pytest.fixture
def docs(polyport, tmp_path):
    def run(text: str, *arguments: str):
        (tmp_path / "functions.py").write_text(FUNCTIONS)
        (tmp_path / "polyport.yaml").write_text(text)
        return polyport("docs", *arguments, cwd=tmp_path)

    return run


def test_openapi(docs):
    done = docs(GOOD, "openapi", "--title", "Shop", "--api-version", "2.0")
    assert (done.returncode, done.stderr) == (0, b"")
    document = json.loads(done.stdout)
    assert document["info"] == {"title": "Shop", "version": "2.0"}
    assert list(document["paths"]) == ["/shout"]


def test_asyncapi(docs):
    document = json.loads(docs(GOOD, "asyncapi").stdout)
    assert document["info"] == {"title": "polyport", "version": "1.0.0"}
    assert list(document["channels"]) == ["shout"]


def test_yaml(docs):
    done = docs(GOOD, "openapi", "--format", "yaml")
    assert yaml.safe_load(done.stdout) == json.loads(docs(GOOD, "openapi").stdout)
    assert b"&id" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("openapi",), "name a service with --service; those with http are: web, more"),
        (("openapi", "--service", "shout"), "--service: shout: services with http are: web, more"),
        (("asyncapi", "--service", "web"), "--service is for openapi"),
        (("html",), "'html' is not one of 'openapi', 'asyncapi'"),
    ],
)
def test_what_cannot_be_told(docs, arguments, said):
    done = docs(TWO, *arguments)
    assert done.returncode == 2
    assert said in done.stderr.decode()
    assert done.stdout == b""


def test_one_of_several_services(docs):
    assert list(json.loads(docs(TWO, "openapi", "--service", "more").stdout)["paths"]) == ["/"]


def test_a_file_with_problems(docs):
    done = docs("services: {}\n", "openapi")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"polyport.yaml:1" in done.stderr

"""What services are made of: one thing is changed at a time, and just those differ that it is for."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from pydantic import BeforeValidator

from protocols.daemon.loader import load
from protocols.daemon.reload.fingerprint import (
    READ_AGAIN,
    READ_ONCE,
    fingerprint,
    references_of,
    specs_in,
)
from protocols.daemon.reload.user_code import UserCode
from protocols.daemon.spec.config import Config
from protocols.daemon.spec.handler import Reference
from protocols.daemon.spec.model import Spec

FUNCTIONS = """
from helper import improved

def shout(message: str) -> str:
    return improved(message)

def ticks():
    yield 1

def app(environ, start_response):
    return []
"""

YAML = """
server: {trusted: [office]}
certificates:
  main: {certificate: tls/localhost.pem, key: tls/localhost.key}
  other: {certificate: tls/localhost.pem, key: tls/localhost.key}
  unused: {certificate: tls/localhost.pem, key: tls/localhost.key}
networks:
  office: [10.0.0.0/8, lab]
  lab: 192.0.2.0/24
  home: 192.168.0.0/16
  nobody: 203.0.113.0/24
defaults: {limits: {idle: 3m}}
services:
  plain: {listen: "tcp://:0", builtin: echo}
  own: {listen: "tcp://:0", builtin: echo, limits: {idle: 1m, exempt: [home]}}
  off: {listen: "tcp://:0", builtin: echo, enabled: false}
  function: {listen: "tcp://:0", function: functions:shout, accept_proxy: lab}
  quotes: {listen: "tcp://:0", builtin: {qotd: {file: quotes.txt}}}
  secure: {listen: "tls://:0", builtin: echo, tls: main}
  named:
    listen: "tls://:0"
    builtin: echo
    tls: {certificate: main, names: {localhost: {certificate: other}}}
  inside: {listen: ["tcp://:0", "unix:inside.sock"], builtin: echo, access: [{allow: [office, "uid:root"]}]}
  onwards: {listen: "tcp://:0", forward: {to: "tls://localhost:9", tls: {ca: tls/ca.pem}}}
  shown:
    listen: "tcp://:0"
    http:
      /: {proxy: {origins: "https://localhost:9", certificate: other, ca: tls/ca.pem}}
      /in: {function: functions:shout, access: {allow: office}, auth: {basic: users}}
  believing: {listen: "tcp://:0", trusted: home, http: {/: {files: .}, /e: {events: other:ticks}}}
  welcoming: {listen: "tcp://:0", http: {/: {builtin: welcome}}}
  telling: {listen: "tcp://:0", http: {/: {docs: Shop}}}
"""


@pytest.fixture
def site(folder, example_certificates):
    """A folder with everything in it, and what its services are made of now."""
    for file in example_certificates.iterdir():
        target = folder.path / "tls" / file.name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(file.read_bytes())
    folder.write(functions=FUNCTIONS, other=FUNCTIONS.replace("helper", "other_helper"))
    folder.write(helper="improved = str.upper\n", other_helper="improved = str.lower\n")
    (folder.path / "quotes.txt").write_text("One.\n")
    (folder.path / "users").write_text("")
    (folder.path / "polyport.yaml").write_text(YAML)
    return Site(folder.path)


class Site:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.yaml = path / "polyport.yaml"
        self.code = UserCode(path)
        self.before = self.fingerprints()

    def fingerprints(self) -> dict[str, Any]:
        with self.code.aside() as aside:
            loaded = load(self.yaml, aside.resolve)
            made = {
                name: fingerprint(loaded, name, self.code)
                for name, spec in loaded.config.services.items()
                if spec.enabled
            }
            aside.commit()
        return made

    def differing(self) -> set[str]:
        now = self.fingerprints()
        return {name for name in self.before if self.before[name] != now[name]}


def test_the_same_again_is_the_same(site):
    assert not site.differing()
    site.yaml.write_text("# a remark\n" + YAML.replace("[10.0.0.0/8, lab]", "[lab, 10.0.0.0/8]"))
    assert not site.differing()


@pytest.mark.parametrize(
    ("old", "new", "differing"),
    [
        ("server: {", "server: {drain: 7s, ", set()),
        ("idle: 3m", "idle: 4m", "all but own"),
        ("idle: 1m", "idle: 2m", {"own"}),
        ("  main: {certificate: tls/localhost", "  main: {certificate: tls/copy", {"secure", "named"}),
        ("  other: {certificate: tls/localhost", "  other: {certificate: tls/copy", {"named", "shown"}),
        ("  unused: {certificate: tls/localhost", "  unused: {certificate: tls/copy", set()),
        ("10.0.0.0/8", "10.0.0.0/9", {"inside", "shown", "welcoming", "telling"}),
        ("192.0.2.0/24", "192.0.2.0/25", {"inside", "shown", "welcoming", "telling", "function"}),
        ("192.168.0.0/16", "192.168.0.0/17", {"own", "believing"}),
        ("203.0.113.0/24", "203.0.113.0/25", set()),
        ("trusted: [office]", "trusted: [nobody]", {"shown", "welcoming", "telling"}),
        ("accept_proxy: lab", "accept_proxy: nobody", {"function"}),
        ('plain: {listen: "tcp://:0"', 'plain: {listen: "tcp://:1"', {"plain", "welcoming", "telling"}),
        ("echo, enabled: false", "discard, enabled: false", set()),
        ("docs: Shop", "docs: Store", {"telling"}),
        ("  plain: {", '  added: {listen: "tcp://:9", builtin: time}\n  plain: {', {"welcoming", "telling"}),
        ('uid:root"', 'uid:daemon"', {"inside"}),
    ],
)  # fmt: skip
def test_a_change_of_the_yaml(site, old, new, differing):
    shutil.copy(site.path / "tls" / "localhost.pem", site.path / "tls" / "copy.pem")
    assert YAML.count(old) == 1
    site.yaml.write_text(YAML.replace(old, new))
    expected = set(site.before) - {"own"} if differing == "all but own" else differing
    assert site.differing() == expected


@pytest.mark.parametrize(
    ("file", "content", "differing"),
    [
        ("functions.py", FUNCTIONS + "# more\n", {"function", "shown"}),
        ("helper.py", "improved = str.title\n", {"function", "shown"}),
        ("other_helper.py", "improved = str.title\n", {"believing"}),
        ("functions.py", FUNCTIONS.replace("message: str", "message: int"), {"function", "shown", "telling"}),
        ("unused.py", "x = 1\n", set()),
        ("quotes.txt", "Another.\n", {"quotes"}),
        ("users", "# nobody\n", set()),
        ("tls/localhost.key", None, {"shown"}),
        ("tls/localhost.pem", None, {"shown"}),
        ("tls/ca.pem", None, {"shown", "onwards"}),
    ],
)  # fmt: skip
def test_a_change_of_a_file(site, file, content, differing):
    path = site.path / file
    path.write_text(path.read_text() + "\n" if content is None else content)
    assert site.differing() == differing


def test_the_same_service_elsewhere(site):
    before = site.before["plain"]
    site.yaml.write_text(YAML.replace('plain: {listen: "tcp://:0"', 'plain: {listen: "tcp://:1"'))
    now = site.fingerprints()["plain"]
    assert now != before
    assert now.elsewhere == before.elsewhere
    assert now.elsewhere != site.before["own"].elsewhere


def test_an_account_that_gets_another_number(site):
    before = site.before["inside"]
    assert before.accounts == {("uid", "root"): 0}
    assert replace(before, accounts={("uid", "root"): 1}) != before


def test_a_file_that_cannot_be_read(site):
    loaded = load(site.yaml, site.code.resolve)
    (site.path / "quotes.txt").unlink()
    assert fingerprint(loaded, "quotes", site.code).files == {site.path / "quotes.txt": ""}


# -- nothing is forgotten ---------------------------------------------------------------------------------


def annotations_in(annotation: Any) -> Iterator[Any]:
    """`annotation` and everything it is made of."""
    yield annotation
    if not isinstance(annotation, str | bytes):
        for inner in get_args(annotation):
            yield from annotations_in(inner)


def spec_classes() -> set[type[Spec]]:
    """Every class that a mapping of the YAML may be."""
    found: set[type[Spec]] = set()
    waiting: set[type[Spec]] = {Config}
    while waiting:
        found |= waiting
        waiting = {
            part
            for cls in waiting
            for field in cls.model_fields.values()
            for part in annotations_in(field.annotation)
            if isinstance(part, type) and not get_origin(part) and issubclass(part, Spec)
        } - found
    return found


def keys_with(is_meant: Any) -> set[tuple[str, str]]:
    return {
        (cls.__name__, key)
        for cls in spec_classes()
        for key, field in cls.model_fields.items()
        if any(is_meant(part) for part in (*annotations_in(field.annotation), *field.metadata))
    }


def test_of_every_file_in_the_yaml_it_is_known_when_it_is_read():
    known = {
        (cls.__name__, key)
        for table in (READ_ONCE, READ_AGAIN)
        for cls, keys in table.items()
        for key in keys
    }
    assert keys_with(lambda part: part is Path) == known
    assert not set(READ_ONCE) & set(READ_AGAIN)


def test_of_every_reference_in_the_yaml_it_is_known_what_it_reaches():
    (check,) = [part for part in get_args(Reference) if isinstance(part, BeforeValidator)]
    assert keys_with(lambda part: part == check) == {
        ("FunctionSpec", "call"),
        ("EventsSpec", "call"),
        ("ServiceSpec", "factory"),
        ("WsgiSpec", "app"),
        ("AsgiSpec", "app"),
        ("ResourceSpec", "root"),
        ("ChannelSpec", "schema"),
    }


def test_references_are_found_wherever_they_may_stand(tmp_path):
    file = tmp_path / "polyport.yaml"
    file.write_text("""
services:
  one: {listen: "tcp://:0", factory: m:factory}
  two: {listen: "tcp://:0", function: m:function}
  three:
    listen: "tcp://:0"
    http:
      /a: {function: m:a}
      /b: {websocket: {function: m:b}}
      /c: {events: m:c}
      /d: {wsgi: m:d}
      /e: [{asgi: m:e, methods: GET}, {resource: m:f, methods: POST}]
""")
    services = load(file).config.services
    assert {name: sorted(references_of(spec)) for name, spec in services.items()} == {
        "one": ["m:factory"],
        "two": ["m:function"],
        "three": ["m:a", "m:b", "m:c", "m:d", "m:e", "m:f"],
    }


def test_every_mapping_is_walked_through(site):
    loaded = load(site.yaml)
    names = {type(part).__name__ for part in specs_in(loaded.config)}
    assert {"Config", "AuthSpec", "ProxySpec", "QotdSpec", "ForwardTlsSpec", "NameSpec"} <= names

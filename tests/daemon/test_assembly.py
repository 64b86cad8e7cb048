"""From a configuration to parts, and what does not fit said where it stands."""

from __future__ import annotations

import pytest
from twisted.internet.protocol import Factory

from protocols.daemon.assembly import Setting, assemble
from protocols.daemon.carriers import ForeignFactory
from protocols.daemon.channels.handlers import COMMAND
from protocols.daemon.importing import importer
from protocols.daemon.loader import load
from protocols.daemon.problems import ConfigError
from protocols.framing import Lines, Netstring, Raw
from protocols.framing.limit import DEFAULT_LIMIT
from protocols.http import HTTPFactory
from protocols.stream import StreamFactory

FUNCTIONS = """
from twisted.internet.protocol import Factory
from protocols.handlers import Conversation

def shout(message: str) -> str:
    return message.upper()

def many(a, b, c, d):
    return a

async def later(message: bytes) -> bytes:
    return message

async def talk(connection: Conversation) -> None:
    async for message in connection:
        await connection.send(message)

factory = Factory()
made = lambda: Factory()
unnamed = lambda message: message
not_one = 42

def makes_none():
    return "no factory"

def breaks():
    raise LookupError("nothing here")
"""


@pytest.fixture
def assembled(written, clock, forgotten_imports):
    """The parts of the services in a YAML text, which have been ended."""

    def run(services: str, rest: str = ""):
        file = written(f"{rest}\nservices:\n{services}", FUNCTIONS)
        carriers = assemble(load(file, importer(file.parent)), Setting(clock))
        for made in carriers.values():
            for stop in made.stops:
                stop()
        return carriers

    return run


@pytest.fixture
def problem(assembled, tmp_path):
    """The one problem of a YAML text, without its file."""

    def run(services: str, rest: str = "") -> str:
        with pytest.raises(ConfigError) as raised:
            assembled(services, rest)
        assert len(raised.value.problems) == 1
        return str(raised.value).removeprefix(f"{tmp_path / 'polyport.yaml'}:")

    return run


def test_function(assembled):
    made = assembled(
        "  a: {listen: 'tcp://:0', function: 'functions:shout', limits: {connections: 3, idle: 7s}}\n"
    )["a"]
    assert isinstance(made.stream, StreamFactory)
    assert made.stream.framing == Lines()
    assert (made.stream.limit, made.stream.idle) == (3, 7.0)
    assert made.datagram().handler is made.stream.handler
    assert made.journal.service == "a"
    assert made.tls is None


def test_framing_of_its_own_and_inherited(assembled):
    services = """
  own: {listen: "tcp://:0", framing: raw, function: "functions:shout"}
  inherited: {listen: "tcp://:0", function: "functions:shout"}
"""
    made = assembled(services, "defaults: {framing: netstring}")
    assert made["own"].stream.framing == Raw()
    assert made["inherited"].stream.framing == Netstring()


@pytest.mark.parametrize("name", ["daytime", "time", "chargen", "qotd"])
def test_what_only_speaks_is_not_framed(assembled, name):
    made = assembled(f"  a: {{listen: 'tcp://:0', builtin: {name}}}\n", "defaults: {framing: lines}")
    assert made["a"].stream.framing == Raw()


@pytest.mark.parametrize("name", ["echo", "discard"])
def test_what_listens_may_be(assembled, name):
    made = assembled(f"  a: {{listen: 'tcp://:0', builtin: {name}, framing: netstring}}\n")
    assert made["a"].stream.framing == Netstring()
    assert assembled(f"  a: {{listen: 'tcp://:0', builtin: {name}}}\n")["a"].stream.framing == Raw()


def test_quotes_of_a_file(assembled, tmp_path):
    (tmp_path / "quotes").write_text("one\n%\ntwo\n")
    assert assembled("  a: {listen: 'tcp://:0', builtin: {qotd: {file: quotes}}}\n")


@pytest.mark.parametrize("name", ["factory", "made"])
def test_a_factory_or_what_makes_one(assembled, name):
    made = assembled(f"  a: {{listen: 'tcp://:0', factory: 'functions:{name}'}}\n")["a"]
    assert isinstance(made.stream, ForeignFactory)
    assert type(made.stream.wrappedFactory) is Factory
    assert made.datagram is None


def test_http(assembled):
    made = assembled("  a: {listen: 'tcp://:0', http: {/: {respond: fine}}}\n")["a"]
    assert isinstance(made.stream, HTTPFactory)
    assert made.datagram is None


def test_tls(assembled):
    services = "  a: {listen: 'tls://:0', tls: main, builtin: echo}\n"
    certificates = "certificates: {main: {certificate: tls/localhost.pem, key: tls/localhost.key}}"
    assert assembled(services, certificates)["a"].tls is not None


def test_a_service_that_is_not_enabled_is_not_made(assembled):
    services = """
  off: {enabled: false, listen: "tcp://:0", function: "functions:shout"}
  on: {listen: "tcp://:0", builtin: echo}
"""
    assert list(assembled(services)) == ["on"]


# -- misfits: the path, the position and the reason --------------------------------------------------


def test_a_signature_that_is_none(problem):
    said = problem("  a:\n    listen: tcp://:0\n    function: functions:many\n")
    assert said.startswith("5:15: services.a.function: ")


def test_a_coroutine_does_not_run_in_threads(problem):
    services = "  a:\n    listen: tcp://:0\n    function:\n      call: functions:later\n      run: threads\n"
    said = problem(services)
    assert said.startswith("6:7: services.a.function: ")
    assert said.endswith("functions.later is async and runs in the loop; run: threads is for a plain def")


def test_a_function_for_processes_has_a_name(problem):
    services = "  a:\n    listen: tcp://:0\n    function: {call: functions:unnamed, run: processes}\n"
    assert problem(services).startswith("5:15: services.a.function: run: processes needs a function")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("not_one", "functions:not_one neither is nor makes a Twisted IProtocolFactory"),
        ("makes_none", "functions:makes_none neither is nor makes a Twisted IProtocolFactory"),
        ("breaks", "calling functions:breaks raised LookupError: nothing here"),
    ],
)
def test_a_factory_that_is_none(problem, name, reason):
    said = problem(f"  a:\n    listen: tcp://:0\n    factory: functions:{name}\n")
    assert said == f"5:14: services.a.factory: {reason}"


def test_a_conversation_is_nothing_for_http(problem):
    services = "  a:\n    listen: tcp://:0\n    http:\n      /talk:\n        function: functions:talk\n"
    said = problem(services)
    assert said.startswith("7:19: services.a.http./talk.function: ")
    assert "functions.talk holds a conversation, which needs a stream" in said


def test_quotes_that_hold_none(problem, tmp_path):
    (tmp_path / "quotes").write_text("%\n%\n")
    services = "  a:\n    listen: tcp://:0\n    builtin:\n      qotd:\n        file: quotes\n"
    assert problem(services) == "7:15: services.a.builtin.qotd.file: there are no quotes in the file"


def test_quotes_that_cannot_be_read(problem, tmp_path):
    (tmp_path / "quotes").mkdir()
    services = "  a:\n    listen: tcp://:0\n    builtin:\n      qotd:\n        file: quotes\n"
    assert problem(services).startswith("7:15: services.a.builtin.qotd.file: ")


def test_all_misfits_are_said_at_once(assembled):
    services = """
  a: {listen: "tcp://:0", function: {call: "functions:later", run: threads}}
  b: {listen: "tcp://:0", builtin: echo}
  c: {listen: "tcp://:0", factory: "functions:not_one"}
"""
    with pytest.raises(ConfigError) as raised:
        assembled(services)
    assert [problem.path for problem in raised.value.problems] == [
        "services.a.function",
        "services.c.factory",
    ]


def test_what_does_not_fit_of_several_routes_is_said_together(assembled, tmp_path):
    services = """
  one:
    listen: "tcp://:0"
    http:
      /shout: {function: "functions:shout"}
      /app/: {wsgi: "functions:not_one"}
      /made/: {wsgi: {app: "functions:breaks", factory: true}}
      /docs: {files: .}
      /two:
        - {function: "functions:shout", methods: GET}
        - {function: {call: "functions:later", run: threads}}
      /fixed: {respond: fine, methods: [GET, PUT]}
  two:
    listen: "tcp://:0"
    function: {call: "functions:later", run: threads}
"""
    with pytest.raises(ConfigError) as raised:
        assembled(services)
    found = {(problem.path, problem.line, problem.column) for problem in raised.value.problems}
    assert found == {
        ("services.one.http./app/.wsgi", 8, 21),
        ("services.one.http./made/.wsgi", 9, 22),
        ("services.one.http./docs", 10, 7),
        ("services.one.http./two[1].function", 13, 22),
        ("services.one.http./fixed.methods", 14, 40),
        ("services.two.function", 17, 15),
    }


def test_late_answers_are_measured_where_their_service_is(assembled):
    carriers = assembled(
        """
  later: {listen: "tcp://127.0.0.1:7001", function: "functions:later"}
  other: {listen: "tcp://127.0.0.1:7002", function: "functions:later"}
"""
    )
    handler = carriers["later"].stream.handler
    handler.deadlines._latency.observe(1.0)
    assert carriers["later"].journal.latency.total == 1
    assert carriers["other"].journal.latency.total == 0


def test_a_tap_masks_what_the_access_log_masks(assembled):
    site = 'listen: "tcp://127.0.0.1:0", http: {/: {respond: hello}}'
    carriers = assembled(f"  plain: {{{site}}}\n  own: {{{site}, log: {{access: combined, redact: pin}}}}\n")
    target = "/?pin=1&token=2"
    assert carriers["plain"].stream.redact(target) == "/?pin=1&token=***"
    assert carriers["own"].stream.redact(target) == "/?pin=***&token=2"


def test_lines_hold_what_the_channel_takes(assembled):
    channels = (
        "channels:\n  long: {store: memory, message: 1MiB}\n  short: {store: memory, message: 1KiB}\n"
        "  longer: {store: memory, message: 2MiB}"
    )
    made = assembled(
        "  long: {listen: 'tcp://:0', channel: long}\n"
        "  short: {listen: 'tcp://:0', channel: short}\n"
        "  commands: {listen: 'tcp://:0', channel: {name: [long, longer, short], mode: commands}}\n"
        "  said: {listen: 'tcp://:0', framing: {lines: {limit: 1KiB}}, channel: long}\n",
        channels,
    )
    limits = {name: carriers.stream.framing.limit for name, carriers in made.items()}
    assert limits == {
        "long": 1 << 20,
        "short": DEFAULT_LIMIT,  # what is too long is refused by the channel, and the connection stays
        "commands": (2 << 20) + COMMAND,
        "said": 1024,
    }

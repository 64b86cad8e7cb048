"""``ExecStart``."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.daemon.importers.place import ValueFault
from protocols.daemon.importers.systemd.command import Command, command_of
from protocols.daemon.importers.systemd.environment import Environment
from protocols.daemon.importers.systemd.specifiers import specifiers_of

ENVIRONMENT = Environment({"OPTIONS": '-a "b c"', "NAME": "x y", "EMPTY": ""})
KNOWN = specifiers_of("a@.service")


def command(text: str, environment: Environment = ENVIRONMENT) -> Command:
    return command_of(text, environment, KNOWN)


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("/bin/a -b 'c d'", ("-b", "c d")),
        ("/bin/a $OPTIONS", ("-a", "b c")),
        ("/bin/a ${OPTIONS}", ('-a "b c"',)),
        ("/bin/a --name=${NAME} $EMPTY $NOSUCH", ("--name=x y",)),
        ("/bin/a $$HOME 100%% \\;", ("$HOME", "100%", ";")),
        (":/bin/a $OPTIONS", ("$OPTIONS",)),
        ("/bin/a %p", ("a",)),
    ],
)
def test_arguments(text, arguments):
    found = command(text)
    assert (found.program, found.argv0, found.arguments) == ("/bin/a", "/bin/a", arguments)
    assert not found.unknown


def test_prefixes():
    found = command("-@+/bin/a name -b")
    assert (found.program, found.argv0, found.arguments, found.prefixes) == ("/bin/a", "name", ("-b",), "-@+")


def test_variables_that_may_be_elsewhere():
    found = command("/bin/a $MORE ${MORE} $OPTIONS", Environment({"OPTIONS": "x"}, is_whole=False))
    assert found.unknown == ("MORE",)


@pytest.mark.parametrize("text", ["", "-", "@/bin/a", "/bin/a ; /bin/b", "/bin/a %i", '/bin/a "b'])
def test_what_is_wrong(text):
    with pytest.raises(ValueFault):
        command(text)


@given(st.text("/ab$%{}@-+!:;\\\"' OPTINS", max_size=30))
def test_nothing_but_a_clear_error(text):
    try:
        assert command(text).program
    except ValueFault:
        pass


def test_a_variable_that_is_no_list_of_words():
    assert command("/bin/a $A", Environment({"A": "it's so"})).arguments == ("it's", "so")

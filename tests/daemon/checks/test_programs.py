"""Programs that are not what their service makes of them."""

from __future__ import annotations

import pytest

from protocols.daemon.loader import load
from protocols.daemon.problems import ConfigError

WAIT = "program: {command: cat, mode: wait}"


@pytest.mark.parametrize(
    ("service", "problem"),
    [
        (
            "listen: 'udp://:7000', program: cat",
            "services.a.listen: a program for each connection needs a stream, and udp carries datagrams",
        ),
        (f"listen: 'unix:a', framing: raw, {WAIT}", "a program of mode wait does its own framing"),
        (f"listen: 'unix:a', access: {{allow: [unix]}}, {WAIT}", "services.a.access: a program of mode wait"),
        (f"listen: 'unix:a', accept_proxy: unix, {WAIT}", "services.a.accept_proxy: a program of mode wait"),
        (f"listen: 'unix:a', log: text, {WAIT}", "services.a.log: a program of mode wait accepts by itself"),
        (f"listen: 'unix:a', limits: {{idle: 1s}}, {WAIT}", "services.a.limits.idle: a program of mode wait"),
        (f"listen: 'tls://:7000', {WAIT}", "and nobody would speak TLS"),
        (
            "listen: 'unix:a', program: {command: cat, mode: wait, deadline: 1s}",
            "services.a.program.deadline: is for mode connection or message, not for wait; remove this key",
        ),
        (
            "listen: 'unix:a', program: {command: cat, recycle: 3, mode: message}",
            "services.a.program.recycle: is for a pool only; remove this key",
        ),
        (
            "listen: 'unix:a', program: {command: cat, replies: whole, mode: message, pool: 1}",
            "services.a.program.replies: is not for a pool; remove this key",
        ),
        (
            "listen: 'unix:a', program: {command: cat, errors: send, mode: message}",
            "services.a.program.errors: standard error is sent to the client with mode connection only",
        ),
        (
            "listen: 'unix:a', program: date -u",
            "services.a.program: no shell divides this into words: write [date, -u], or shell: true",
        ),
        (
            "listen: 'unix:a', program: {command: [date, -u], shell: true}",
            "with shell: true, one text is expected, which the shell reads",
        ),
        (
            "listen: 'unix:a', program: {command: cat, user: of-nowhere}",
            "services.a.program.user: this machine has no user of-nowhere",
        ),
        (
            "listen: 'unix:a', program: {command: cat, mode: shraed}",
            'services.a.program.mode: the text "shraed" is not known; known values: connection, wait, ',
        ),
    ],
)
def test_what_is_wrong(written, service, problem):
    with pytest.raises(ConfigError) as found:
        load(written(f"services: {{a: {{{service}}}}}"))
    assert problem in str(found.value)


def test_access_of_defaults_would_not_be_kept(written):
    text = f"defaults: {{access: {{allow: [unix]}}}}\nservices: {{a: {{listen: 'unix:a', {WAIT}}}}}"
    with pytest.raises(ConfigError, match=r"services\.a\.program: a program of mode wait accepts by itself"):
        load(written(text))


def test_a_shells_command_is_no_path(written):
    text = "services: {a: {listen: 'unix:a', program: {command: './x | y', shell: true}}}"
    assert load(written(text)).config.services["a"].program.arguments == ("/bin/sh", "-c", "./x | y")


def test_a_command_begins_in_the_folder_of_the_yaml(written):
    file = written("services: {a: {listen: 'unix:a', program: [./x, ./y]}}")
    assert load(file).config.services["a"].program.arguments == (str(file.parent / "x"), "./y")

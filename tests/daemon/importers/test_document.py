"""An import as a file."""

from __future__ import annotations

from protocols.daemon.importers.document import document
from protocols.daemon.importers.imported import Import, ImportedService, Source
from protocols.daemon.importers.place import Place

PLACE = Place("conf", 3)


def service(name: str) -> ImportedService:
    return ImportedService(name, PLACE, ["tcp://:7"], {"builtin": "echo"})


def test_a_whole_file():
    echo, held, off, none = (service(name) for name in ("echo", "Held", "off", "none"))
    echo.remark("as before")
    held.miss(PLACE, "option", "not there", is_grave=True)
    off.is_enabled = False
    none.refuse(Place("conf", 9), "type RPC", "there is none")
    found = Import([none, echo, held, off], [Source("conf", "xinetd")], remarks=["look"])
    assert (
        document(found)
        == """\
# Made by `polyport import` of:
#   conf (xinetd)
# `polyport check FILE` tells whether it can be started; `polyport run FILE` starts it.
# Note: look.

services:
  # echo, from conf:3
  echo:
    # as before.
    listen: tcp://:7
    builtin: echo

  # Held, from conf:3
  held:
    # NOT CARRIED OVER: conf:3: option: not there
    listen: tcp://:7
    builtin: echo
    # not enabled, because it must not run without what is told above; once that is settled, remove:
    enabled: false

  # off, from conf:3
  off:
    listen: tcp://:7
    builtin: echo
    enabled: false

  # none, from conf:3, cannot be a service of Polyport:
  # NOT CARRIED OVER: conf:9: type RPC: there is none

"""
    )


def test_names_are_told_apart(loaded):
    found = Import([service("a"), service("A")])
    found.services[1].listen = ["udp://:7"]
    assert list(loaded(found).config.services) == ["a", "a-2"]


def test_what_others_wrote_stays_in_comments(loaded):
    evil = service("x\n    builtin: discard #")
    evil.place = Place("conf\nservices: {}")
    evil.miss(Place("a\nb"), "c\nd: e", "f\x1b[2J")
    assert (
        loaded(Import([evil], [Source("g\nh")])).config.services["x-builtin-discard"].builtin.kind == "echo"
    )

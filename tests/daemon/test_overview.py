"""What a daemon tells people of itself."""

from __future__ import annotations

from protocols.daemon.loader import load
from protocols.daemon.overview import overview
from protocols.http.routes.welcome import Served, Way, welcome_page

YAML = """
services:
  shout: {listen: [tcp://127.0.0.1:7000, unix:shout.sock], function: functions:shout}
  framed: {listen: tcp://127.0.0.1:7002, framing: netstring, function: functions:shout}
  off: {enabled: false, listen: tcp://127.0.0.1:1, builtin: echo}
  clock: {listen: udp://127.0.0.1:7013, builtin: daytime}
  own: {listen: "tcp://[::1]:9", factory: functions:factory}
  site:
    listen: tcp://:8080
    http:
      /: {builtin: welcome}
      /files/: {files: tls}
      /price: {function: functions:shout, methods: POST}
      /old/: {redirect: /new}
      /new: {respond: a, auth: {bearer: tokens}}
      /item/{id}: {respond: a}
      /here: {respond: a, hosts: a.test}
"""


def test_every_service(written, tmp_path) -> None:
    (tmp_path / "tokens").write_text("")
    served = {each.name: each for each in overview(load(written(YAML)))}
    assert list(served) == ["shout", "framed", "clock", "own", "site"]
    assert served["shout"] == Served(
        "shout",
        ("tcp://127.0.0.1:7000", "unix:shout.sock"),
        "function functions:shout",
        example="polyport send tcp://127.0.0.1:7000 hello",
    )
    assert served["framed"].example == "polyport send --framing netstring tcp://127.0.0.1:7002 hello"
    assert served["clock"] == Served("clock", ("udp://127.0.0.1:7013",), "builtin daytime")
    assert served["own"].answers == "factory functions:factory"
    assert served["site"].site == "http://localhost:8080"
    assert served["site"].ways == (
        Way("/", "builtin welcome", True),
        Way("/files/", "files", True),
        Way("/price", "POST: function functions:shout", False),
        Way("/old/", "redirect to /new", True),
        Way("/new", "respond, with a login", True),
        Way("/item/{id}", "respond", False),
        Way("/here", "respond", False),
    )


def test_what_is_done_with_channels(written) -> None:
    yaml = """
channels: {room: {groups: {g: {}}}, other: {}}
services:
  in: {listen: tcp://127.0.0.1:7001, channel: room}
  out: {listen: tcp://127.0.0.1:7002, channel: {name: room, mode: subscribe, group: g}}
  talk: {listen: tcp://127.0.0.1:7003, channel: {name: room, mode: chat}}
  console: {listen: tcp://127.0.0.1:7004, channel: {name: [room, other], mode: commands}}
  shout: {listen: tcp://127.0.0.1:7005, function: {call: functions:shout, publish: room}}
  site:
    listen: tcp://127.0.0.1:8080
    http:
      /room: {channel: room}
      /live: {websocket: {channel: room}}
      /price: {function: {call: functions:shout, publish: room}}
"""
    served = {each.name: each for each in overview(load(written(yaml)))}
    assert {name: each.answers for name, each in served.items() if name != "site"} == {
        "in": "publish to the channel room",
        "out": "subscribe to the channel room as the group g",
        "talk": "chat in the channel room",
        "console": "commands for the channels room, other",
        "shout": "function functions:shout, published to the channel room",
    }
    assert served["in"].example == "polyport send tcp://127.0.0.1:7001 hello"
    assert served["out"].example == ""
    assert [way.answers for way in served["site"].ways] == [
        "channel room",
        "websocket, subscribe to the channel room",
        "function functions:shout, published to the channel room",
    ]


def test_no_secret_is_told(written, monkeypatch) -> None:
    yaml = """
services:
  hidden: {listen: "unix:${env:PLACE}", builtin: echo}
  site:
    listen: tcp://127.0.0.1:8080
    http:
      /: {builtin: welcome}
      /out: {redirect: "https://${env:PLACE}.test/"}
      /said: {respond: "${env:PLACE}"}
"""
    loaded = load(written(yaml), environment={"PLACE": "hunter2"})
    page = welcome_page(overview(loaded))
    assert "hunter2" not in page
    assert "/out" in page


def test_where_everything_goes(written) -> None:
    served = overview(
        load(
            written("""
services:
  one: {listen: tcp://127.0.0.1:1, forward: tcp://127.0.0.1:2}
  two: {listen: tcp://127.0.0.1:3, forward: [tcp://127.0.0.1:2, "unix:@here"]}
""")
        )
    )
    assert [each.answers for each in served] == [
        "forward to tcp://127.0.0.1:2",
        "forward to tcp://127.0.0.1:2, unix:@here, round-robin",
    ]

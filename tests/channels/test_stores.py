"""What every store does, tried on each."""

from __future__ import annotations

import json

import pytest_twisted
from twisted.internet.defer import Deferred

from protocols.channels.message import Entry, Receipt
from protocols.channels.message_json import as_line


async def published(store, *bodies, **named):
    """The receipts of entries with those bodies, published together."""
    entries = [Entry(body, **named) for body in bodies]
    receipts = store.append(entries)
    return list(await receipts if isinstance(receipts, Deferred) else receipts)


def bodies(messages):
    return [message.body for message in messages]


class TestPublishing:
    @pytest_twisted.ensureDeferred
    async def test_a_new_channel_is_empty(self, bench, opened):
        async with opened(bench) as store:
            assert store.extent[:3] == (1, 0, 0)
            assert list(await store.read(0)) == []
            assert (await store.export(0, 10**9, 100)).octets == b""

    @pytest_twisted.ensureDeferred
    async def test_messages_are_numbered_from_one_without_gaps(self, bench, opened):
        async with opened(bench) as store:
            assert await published(store, b"a", b"b") == [Receipt(1), Receipt(2)]
            assert await published(store, b"c") == [Receipt(3)]
            assert [(m.seq, m.body) for m in await store.read(0)] == [(1, b"a"), (2, b"b"), (3, b"c")]
            assert store.extent[:3] == (1, 3, 3)

    @pytest_twisted.ensureDeferred
    async def test_everything_of_an_entry_is_kept(self, bench, opened):
        async with opened(bench) as store:
            entry = Entry(b"\0\xff\r\n", "pümp 3", "id-1", "tcp://[::1]:5", "application/x", (("a", "b c"),))
            before = int(bench.now() * 1000)
            receipts = store.append([entry])
            if isinstance(receipts, Deferred):
                await receipts
            (message,) = await store.read(0)
            assert Entry(*message[2:]) == entry
            assert before <= message.time <= int(bench.now() * 1000) + 1

    @pytest_twisted.ensureDeferred
    async def test_an_empty_body_is_a_message(self, bench, opened):
        async with opened(bench) as store:
            await published(store, b"")
            assert bodies(await store.read(0)) == [b""]

    @pytest_twisted.ensureDeferred
    async def test_an_id_is_published_once(self, bench, opened):
        async with opened(bench) as store:
            assert await published(store, b"first", id="x") == [Receipt(1)]
            assert await published(store, b"again", id="x") == [Receipt(1, False)]
            assert await published(store, b"other", id="y") == [Receipt(2)]
            assert bodies(await store.read(0)) == [b"first", b"other"]

    @pytest_twisted.ensureDeferred
    async def test_an_id_twice_in_one_publication(self, bench, opened):
        async with opened(bench) as store:
            receipts = store.append([Entry(b"1", id="x"), Entry(b"2"), Entry(b"3", id="x")])
            receipts = list(await receipts if isinstance(receipts, Deferred) else receipts)
            assert receipts == [Receipt(1), Receipt(2), Receipt(1, False)]
            assert bodies(await store.read(0)) == [b"1", b"2"]

    @pytest_twisted.ensureDeferred
    async def test_many_at_a_time_keep_their_order(self, bench, opened):
        async with opened(bench) as store:
            waiting = [store.append([Entry(b"%d" % number)]) for number in range(300)]
            seqs = [(await one if isinstance(one, Deferred) else one)[0].seq for one in waiting]
            assert seqs == list(range(1, 301))
            assert bodies(await store.read(0, 300)) == [b"%d" % number for number in range(300)]


class TestHearing:
    @pytest_twisted.ensureDeferred
    async def test_what_comes_is_told_in_order_before_its_publisher_is(self, bench, opened):
        async with opened(bench) as store:
            await published(store, b"a", b"b")
            assert bodies(bench.came) == [b"a", b"b"]
            await published(store, b"c", id="x")
            await published(store, b"c", id="x")
            assert [m.seq for m in bench.came] == [1, 2, 3]
            assert list(bench.came) == list(await store.read(0))

    @pytest_twisted.ensureDeferred
    async def test_only_what_is_new_is_told_after_reopening(self, bench, opened):
        async with opened(bench):
            await published(bench.store, b"a")
            await bench.reopen()
            assert bench.store.extent.last == 1
            await published(bench.store, b"b")
            assert bodies(bench.came) == [b"b"]


class TestReading:
    @pytest_twisted.ensureDeferred
    async def test_from_a_place_and_so_many(self, bench, opened):
        async with opened(bench) as store:
            await published(store, *(b"%d" % number for number in range(1, 21)))
            assert bodies(await store.read(5, 3)) == [b"6", b"7", b"8"]
            assert bodies(await store.read(18, 10)) == [b"19", b"20"]
            assert bodies(await store.read(20)) == []
            assert bodies(await store.read(99)) == []

    @pytest_twisted.ensureDeferred
    async def test_of_one_key(self, bench, opened):
        async with opened(bench) as store:
            for number in range(40):
                await published(store, b"%d" % number, key="even" if number % 2 == 0 else "odd")
            assert bodies(await store.read(0, 3, "odd")) == [b"1", b"3", b"5"]
            assert bodies(await store.read(38, 3, "odd")) == [b"39"]
            assert list(await store.read(0, 3, "none")) == []

    @pytest_twisted.ensureDeferred
    async def test_large_messages_come_a_few_at_a_time_but_come(self, bench, opened):
        async with opened(bench) as store:
            body = b"x" * 200_000
            for _ in range(5):
                await published(store, body)
            position, pieces = 0, 0
            while position < 5:
                messages = await store.read(position)
                assert messages, "none only if there is none"
                assert len(messages) <= 2
                position = messages[-1].seq
                pieces += 1
            assert pieces >= 3

    @pytest_twisted.ensureDeferred
    async def test_a_history_as_json(self, bench, opened):
        async with opened(bench) as store:
            await published(store, b"text", b'with "quotes" \\ \x01 \n', b"\xff\0", "Übung".encode(), b"")
            await published(store, b'{"a":\r\n[1]}', content_type="application/json")
            await published(store, b"kept", key="k", id="i", sender="s", headers=(("h", '"1"'), ("b", "2")))
            messages = await store.read(0)
            exported = await store.export(0, 10**9, 100)
            lines = exported.octets.splitlines(keepends=True)
            assert [json.loads(line) for line in lines] == [json.loads(as_line(one)) for one in messages]
            assert all(line.endswith(b"\n") for line in lines)
            assert exported[1:] == (7, 7)

    @pytest_twisted.ensureDeferred
    async def test_a_history_in_pieces(self, bench, opened):
        async with opened(bench) as store:
            await published(store, *(b"%d" % number for number in range(1, 11)), key="k")
            await published(store, b"other")
            first = await store.export(0, 9, 4)
            assert (first.messages, first.position) == (4, 4)
            rest = await store.export(4, 9, 100, "k")
            seqs = [json.loads(line)["seq"] for line in rest.octets.splitlines()]
            assert seqs == [5, 6, 7, 8, 9]
            assert (await store.export(9, 9, 100)).octets == b""

    @pytest_twisted.ensureDeferred
    async def test_since_a_time(self, bench, opened):
        async with opened(bench) as store:
            await published(store, b"a", b"b")
            await bench.pass_time(2.0)
            between = int(bench.now() * 1000) - 1000
            await published(store, b"c")
            assert await store.seq_before(between) == 2
            assert await store.seq_before(0) == 0
            assert await store.seq_before(int(bench.now() * 1000) + 60_000) == 3


class TestForgetting:
    @pytest_twisted.ensureDeferred
    async def test_trim(self, bench, opened):
        async with opened(bench) as store:
            await published(store, *(b"%d" % number for number in range(1, 11)))
            assert await store.trim(4) == 4
            assert await store.trim(4) == 0
            assert bodies(await store.read(0, 2)) == [b"5", b"6"]
            assert store.extent[:3] == (5, 10, 6)

    @pytest_twisted.ensureDeferred
    async def test_numbers_go_on_when_everything_is_trimmed(self, bench, opened):
        async with opened(bench) as store:
            await published(store, b"a", b"b")
            assert await store.trim(99) == 2
            assert store.extent[:3] == (3, 2, 0)
            assert await published(store, b"c") == [Receipt(3)]
            await bench.reopen()
            assert bench.store.extent[:3] == (3, 3, 1)

    @pytest_twisted.ensureDeferred
    async def test_what_is_too_old(self, bench, opened):
        async with opened(bench) as store:
            await published(store, b"a", b"b")
            await bench.pass_time(2.0)
            await published(store, b"c")
            assert await store.retain(int(bench.now() * 1000) - 1000, 0) == 2
            assert bodies(await store.read(0)) == [b"c"]

    @pytest_twisted.ensureDeferred
    async def test_what_is_too_much(self, bench, opened):
        async with opened(bench) as store:
            await published(store, *(b"x" * 1000 for _ in range(100)))
            await store.retain(0, store.extent.octets // 2)
            assert 30 <= store.extent.messages <= 55
            assert store.extent.last == 100


class TestGroups:
    @pytest_twisted.ensureDeferred
    async def test_each_message_goes_to_one(self, bench, opened):
        async with opened(bench) as store:
            await published(store, b"a", b"b", b"c")
            first = await store.claim("g", 2, 30.0)
            second = await store.claim("g", 2, 30.0)
            assert [(c.message.body, c.tries) for c in (*first, *second)] == [(b"a", 1), (b"b", 1), (b"c", 1)]
            assert list(await store.claim("g", 2, 30.0)) == []
            assert (await store.group("g")).claimed == 3

    @pytest_twisted.ensureDeferred
    async def test_whether_one_was_ever_heard_of(self, bench, opened):
        async with opened(bench) as store:
            await published(store, b"a", b"b")
            assert await store.group("g") == (0, 0, True)
            assert (await store.group("g")).is_new
            await store.rewind("g", 2)
            assert await store.group("g") == (2, 0, False)
            await store.trim(2)
            await bench.reopen()
            assert not (await bench.store.group("g")).is_new

    @pytest_twisted.ensureDeferred
    async def test_groups_do_not_share(self, bench, opened):
        async with opened(bench) as store:
            await published(store, b"a")
            assert len(await store.claim("one", 9, 30.0)) == 1
            assert len(await store.claim("two", 9, 30.0)) == 1

    @pytest_twisted.ensureDeferred
    async def test_what_is_settled_never_comes_again(self, bench, opened):
        async with opened(bench) as store:
            await published(store, b"a", b"b")
            await store.claim("g", 2, 1.0)
            assert await store.settle("g", [1]) == 1
            assert await store.settle("g", [1]) == 0
            await bench.pass_time(2.0)
            (again,) = await store.claim("g", 2, 1.0)
            assert (again.message.seq, again.tries) == (2, 2)

    @pytest_twisted.ensureDeferred
    async def test_due_after_the_deadline(self, bench, opened):
        async with opened(bench) as store:
            await published(store, b"a")
            assert await store.due("g") is None
            await store.claim("g", 1, 2.0)
            due = await store.due("g")
            assert due is not None
            assert 0.5 < due <= 2.0

    @pytest_twisted.ensureDeferred
    async def test_given_back_with_a_reason(self, bench, opened):
        async with opened(bench) as store:
            await published(store, b"a")
            await store.claim("g", 1, 30.0)
            await store.give_back("g", 1, "the printer burns", 0.0)
            (again,) = await store.claim("g", 1, 30.0)
            assert (again.tries, again.error) == (2, "the printer burns")

    @pytest_twisted.ensureDeferred
    async def test_given_back_for_later(self, bench, opened):
        async with opened(bench) as store:
            await published(store, b"a")
            await store.claim("g", 1, 30.0)
            await store.give_back("g", 1, "", 2.0)
            assert list(await store.claim("g", 1, 30.0)) == []
            await bench.pass_time(3.0)
            assert len(await store.claim("g", 1, 30.0)) == 1

    @pytest_twisted.ensureDeferred
    async def test_rewound(self, bench, opened):
        async with opened(bench) as store:
            await published(store, b"a", b"b", b"c")
            await store.claim("g", 9, 30.0)
            await store.settle("g", [1, 2, 3])
            await store.rewind("g", 1)
            assert [c.message.seq for c in await store.claim("g", 9, 30.0)] == [2, 3]

    @pytest_twisted.ensureDeferred
    async def test_what_is_trimmed_is_not_handed_out(self, bench, opened):
        async with opened(bench) as store:
            await published(store, b"a", b"b", b"c")
            await store.claim("g", 1, 0.5)
            await store.trim(2)
            await bench.pass_time(1.0)
            assert [c.message.seq for c in await store.claim("g", 9, 30.0)] == [3]

    @pytest_twisted.ensureDeferred
    async def test_claims_are_remembered(self, bench, opened):
        async with opened(bench):
            await published(bench.store, b"a", b"b")
            await bench.store.claim("g", 1, 30.0)
            await bench.reopen()
            assert [c.message.seq for c in await bench.store.claim("g", 9, 30.0)] == [2]
            assert (await bench.store.group("g")).position == 2

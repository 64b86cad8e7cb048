"""What the opcodes of a pickle do, on a stack that only ever holds inert things.

Each method is the meaning of one opcode, or of several that differ in how they write an argument;
the standard library's ``pickletools`` describes them one by one.
"""

from __future__ import annotations

from typing import Final, NoReturn

from protocols.codec.pickle_constructors import Construction, Global, PendingUUID, named
from protocols.codec.pickle_containers import KeyedContainers, refused
from protocols.codec.pickle_reader import PickleReader, malformed

HIGHEST_PROTOCOL: Final = 5
"""The newest pickle protocol that is read (PEP 574)."""


class PickleMachine:
    """The state of one pickle that is being read: its stack, its memo, what it may still copy."""

    def __init__(self, data: bytes) -> None:
        self.reader = PickleReader(data)
        self._stack: list[object] = []
        self._outer_stacks: list[list[object]] = []
        self._memo: dict[int, object] = {}
        self._keyed = KeyedContainers()
        self._construction = Construction(len(data), self._keyed)
        # Every entry takes an opcode, so honest indexes stay below the number of octets.
        self._memo_limit = len(data)

    def finish(self) -> object:
        """The value that is left at the end; nothing checks its size, depth and plainness here."""
        if self.reader.remaining:
            raise malformed("bytes follow its end")
        value = self.pop()
        if self._stack or self._outer_stacks:
            raise malformed("it leaves more than one value")
        return value

    # The stack

    def push(self, value: object) -> None:
        self._stack.append(value)

    def pop(self) -> object:
        if not self._stack:
            raise malformed("it takes a value that is not there")
        return self._stack.pop()

    def mark(self) -> None:
        self._outer_stacks.append(self._stack)
        self._stack = []

    def pop_to_mark(self) -> list[object]:
        if not self._outer_stacks:
            raise malformed("it goes back to a mark that is not there")
        items, self._stack = self._stack, self._outer_stacks.pop()
        return items

    def drop(self) -> None:
        if self._stack:
            self._stack.pop()
        else:
            self.drop_to_mark()

    def drop_to_mark(self) -> None:
        self.pop_to_mark()

    def duplicate(self) -> None:
        value = self.pop()
        self._stack += (value, value)

    # The memo

    def store(self, index: int) -> None:
        if not 0 <= index < self._memo_limit:
            raise malformed("a memo index is out of range")
        value = self.pop()
        self._memo[index] = value
        self.push(value)

    def store_next(self) -> None:
        self.store(len(self._memo))

    def recall(self, index: int) -> None:
        if index not in self._memo:
            raise malformed("it recalls a value that it never stored")
        value = self._memo[index]
        if isinstance(value, PendingUUID) and value.value is not None:
            value = value.value
        self.push(value)

    # Scalars

    def text_integer(self) -> None:
        line = self.reader.line()
        truth = {b"00": False, b"01": True}.get(line)
        self.push(self.reader.decimal(line) if truth is None else truth)

    def text_long(self) -> None:
        self.push(self.reader.decimal(self.reader.line().removesuffix(b"L")))

    def text_float(self) -> None:
        line = self.reader.line()
        if b"_" in line:
            raise malformed("a number is wrong")
        self.push(float(line))

    def text_unicode(self) -> None:
        self.push(self.reader.line().decode("raw-unicode-escape"))

    def unicode(self, octets: bytes) -> None:
        # As Python writes them: lone surrogates are text to pickle.
        self.push(octets.decode("utf-8", "surrogatepass"))

    def old_string(self, octets: bytes) -> None:
        try:
            self.push(octets.decode())
        except UnicodeDecodeError:
            self.push(octets)

    # Containers

    def make_dict(self) -> None:
        items = self.pop_to_mark()
        made: dict[object, object] = {}
        self._put_pairs(made, items)
        self.push(made)

    def append(self, items: list[object]) -> None:
        target = self.pop()
        if type(target) is not list:
            raise malformed("it appends to something that is not a list")
        target += items
        self.push(target)

    def set_items(self, items: list[object]) -> None:
        target = self.pop()
        if type(target) is not dict:
            raise malformed("it sets items of something that is not a dict")
        self._put_pairs(target, items)
        self.push(target)

    def set_item(self) -> None:
        value, key = self.pop(), self.pop()
        self.set_items([key, value])

    def _put_pairs(self, target: dict[object, object], items: list[object]) -> None:
        if len(items) % 2:
            raise malformed("a key has no value")
        for key, value in zip(items[::2], items[1::2], strict=True):
            self._keyed.put(target, key, value)

    def add_items(self) -> None:
        items, target = self.pop_to_mark(), self.pop()
        if type(target) is not set:
            raise malformed("it adds to something that is not a set")
        for item in items:
            self._keyed.add(target, item)
        self.push(target)

    def make_frozenset(self) -> None:
        made: set[object] = set()
        for item in self.pop_to_mark():
            self._keyed.add(made, item)
        self.push(frozenset(made))

    def make_tuple(self, size: int) -> None:
        items = [self.pop() for _ in range(size)]
        self.push(tuple(reversed(items)))

    # Globals and calls

    def name_global(self) -> None:
        module, name = self.reader.line().decode(), self.reader.line().decode()
        self.push(named(module, name))

    def name_stacked_global(self) -> None:
        name, module = self.pop(), self.pop()
        self.push(named(module, name))

    def call(self) -> None:
        arguments, target = self.pop(), self.pop()
        self.push(self._construction.call(target, arguments))

    def create(self) -> None:
        arguments, target = self.pop(), self.pop()
        if arguments != () or target != Global("uuid", "UUID"):
            raise refused("it creates an object that is not plain data", "pickle_global")
        self.push(PendingUUID())

    def build(self) -> None:
        state, target = self.pop(), self.pop()
        if not isinstance(target, PendingUUID):
            raise refused("it gives state to something that has none", "pickle_global")
        self.push(target.build(state))

    def refuse(self) -> NoReturn:
        raise refused("it uses an opcode that plain data never needs", "pickle_opcode")

    # The start

    def begin(self) -> None:
        version = self.reader.unsigned(1)
        if self.reader.position != 2 or version > HIGHEST_PROTOCOL:
            raise malformed("its protocol is unknown")

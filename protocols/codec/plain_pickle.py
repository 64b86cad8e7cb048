"""Reading pickles of plain data without the pickle machine of Python.

A pickle is a program.  Python's own machine runs it: it imports what the program names, calls it,
and sets attributes on it, and no filter in front of that machine has held.  The machine here knows
the same opcodes and has nothing to attack: a name is an inert marker, a call is an entry of a table
(:mod:`protocols.codec.pickle_constructors`), and state can be given to nothing but a UUID that
waits for it.  ``pickle`` is imported for the names of the opcodes.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from typing import Final

from protocols.codec.pickle_containers import refused
from protocols.codec.pickle_machine import PickleMachine
from protocols.codec.pickle_reader import malformed
from protocols.codec.plain_value import VALUE, check

MAX_OPERATIONS: Final = 2_000_000
"""Opcodes of one pickle: a second or two of one core."""


def loads(data: bytes) -> object:
    """The plain value that the pickle `data` holds; protocols 0 to 5, from Python 2 and 3.

    Plain is: None, bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset, date,
    datetime, time, timedelta, timezone, Decimal and UUID.  A bytearray is read as bytes, a Python 2
    string as text if it is UTF-8 and as bytes otherwise.

    Raises :class:`DecodeError`, whatever `data` is: 400 if it is no pickle, 422 if it is one of
    something else, or too large, too deep or cyclic.
    """
    try:
        value = _run(PickleMachine(data))
    except (ValueError, TypeError, ArithmeticError, LookupError):
        raise malformed("a value in it is wrong") from None
    try:
        check(value, VALUE)
    except ValueError as error:
        raise refused(str(error)) from None
    return value


def _run(machine: PickleMachine) -> object:
    for _ in range(MAX_OPERATIONS):
        code = machine.reader.take(1)
        if code == pickle.STOP:
            return machine.finish()
        operation = _OPERATIONS.get(code)
        if operation is None:
            raise malformed("it has an unknown opcode")
        operation(machine)
    raise refused(f"it has more than {MAX_OPERATIONS} opcodes")


_OPERATIONS: Final[Mapping[bytes, Callable[[PickleMachine], None]]] = {
    pickle.PROTO: PickleMachine.begin,
    pickle.FRAME: lambda m: m.reader.enter_frame(),
    # The stack and the memo
    pickle.MARK: PickleMachine.mark,
    pickle.POP: PickleMachine.drop,
    pickle.POP_MARK: lambda m: m.drop_to_mark(),
    pickle.DUP: PickleMachine.duplicate,
    pickle.PUT: lambda m: m.store(m.reader.decimal(m.reader.line())),
    pickle.BINPUT: lambda m: m.store(m.reader.unsigned(1)),
    pickle.LONG_BINPUT: lambda m: m.store(m.reader.unsigned(4)),
    pickle.MEMOIZE: PickleMachine.store_next,
    pickle.GET: lambda m: m.recall(m.reader.decimal(m.reader.line())),
    pickle.BINGET: lambda m: m.recall(m.reader.unsigned(1)),
    pickle.LONG_BINGET: lambda m: m.recall(m.reader.unsigned(4)),
    # Scalars
    pickle.NONE: lambda m: m.push(None),
    pickle.NEWTRUE: lambda m: m.push(True),
    pickle.NEWFALSE: lambda m: m.push(False),
    pickle.INT: PickleMachine.text_integer,
    pickle.LONG: PickleMachine.text_long,
    pickle.BININT: lambda m: m.push(m.reader.signed(4)),
    pickle.BININT1: lambda m: m.push(m.reader.unsigned(1)),
    pickle.BININT2: lambda m: m.push(m.reader.unsigned(2)),
    pickle.LONG1: lambda m: m.push(m.reader.long(m.reader.unsigned(1))),
    pickle.LONG4: lambda m: m.push(m.reader.long(m.reader.signed(4))),
    pickle.FLOAT: PickleMachine.text_float,
    pickle.BINFLOAT: lambda m: m.push(m.reader.binary_float()),
    # Text and octets
    pickle.UNICODE: PickleMachine.text_unicode,
    pickle.SHORT_BINUNICODE: lambda m: m.unicode(m.reader.counted(1)),
    pickle.BINUNICODE: lambda m: m.unicode(m.reader.counted(4)),
    pickle.BINUNICODE8: lambda m: m.unicode(m.reader.counted(8)),
    pickle.STRING: lambda m: m.old_string(m.reader.quoted()),
    pickle.SHORT_BINSTRING: lambda m: m.old_string(m.reader.counted(1)),
    pickle.BINSTRING: lambda m: m.old_string(m.reader.counted_signed()),
    pickle.SHORT_BINBYTES: lambda m: m.push(m.reader.counted(1)),
    pickle.BINBYTES: lambda m: m.push(m.reader.counted(4)),
    pickle.BINBYTES8: lambda m: m.push(m.reader.counted(8)),
    pickle.BYTEARRAY8: lambda m: m.push(m.reader.counted(8)),
    # Containers
    pickle.EMPTY_TUPLE: lambda m: m.push(()),
    pickle.TUPLE1: lambda m: m.make_tuple(1),
    pickle.TUPLE2: lambda m: m.make_tuple(2),
    pickle.TUPLE3: lambda m: m.make_tuple(3),
    pickle.TUPLE: lambda m: m.push(tuple(m.pop_to_mark())),
    pickle.EMPTY_LIST: lambda m: m.push([]),
    pickle.LIST: lambda m: m.push(m.pop_to_mark()),
    pickle.APPEND: lambda m: m.append([m.pop()]),
    pickle.APPENDS: lambda m: m.append(m.pop_to_mark()),
    pickle.EMPTY_DICT: lambda m: m.push({}),
    pickle.DICT: PickleMachine.make_dict,
    pickle.SETITEM: PickleMachine.set_item,
    pickle.SETITEMS: lambda m: m.set_items(m.pop_to_mark()),
    pickle.EMPTY_SET: lambda m: m.push(set()),
    pickle.ADDITEMS: PickleMachine.add_items,
    pickle.FROZENSET: PickleMachine.make_frozenset,
    # Globals and calls
    pickle.GLOBAL: PickleMachine.name_global,
    pickle.STACK_GLOBAL: PickleMachine.name_stacked_global,
    pickle.REDUCE: PickleMachine.call,
    pickle.NEWOBJ: PickleMachine.create,
    pickle.BUILD: PickleMachine.build,
    # Instances of other classes, references to what is outside the pickle
    pickle.INST: PickleMachine.refuse,
    pickle.OBJ: PickleMachine.refuse,
    pickle.NEWOBJ_EX: PickleMachine.refuse,
    pickle.PERSID: PickleMachine.refuse,
    pickle.BINPERSID: PickleMachine.refuse,
    pickle.EXT1: PickleMachine.refuse,
    pickle.EXT2: PickleMachine.refuse,
    pickle.EXT4: PickleMachine.refuse,
    pickle.NEXT_BUFFER: PickleMachine.refuse,
    pickle.READONLY_BUFFER: PickleMachine.refuse,
}

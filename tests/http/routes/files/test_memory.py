"""How much is kept."""

from __future__ import annotations

from protocols.http.routes.files.kept import OVERHEAD, SMALL, Kept
from protocols.http.routes.files.memory import MEMORY, Memory
from protocols.http.routes.files.variants import Variants


def kept(size: int) -> Kept:
    made = Kept(Variants("a/b", {}, ()), 0.0)
    made.size = size
    return made


def test_its_size_is_never_above_the_limit() -> None:
    memory = Memory(100)
    for number in range(50):
        memory.put(str(number), kept(number % 37 + 1))
        assert memory.size <= 100
    assert memory.size == sum(memory.get(str(n)).size for n in range(50) if memory.get(str(n)))
    assert len(memory) > 1


def test_what_is_too_large_is_not_kept() -> None:
    memory = Memory(100)
    memory.put("a", kept(100))
    memory.put("a", kept(101))
    assert (memory.get("a"), memory.size, len(memory)) == (None, 0, 0)


def test_what_has_grown_is_counted_anew() -> None:
    memory = Memory(100)
    one = kept(10)
    memory.put("a", one)
    one.size = 60
    memory.put("a", one)
    assert memory.size == 60
    memory.drop("a")
    memory.drop("a")
    assert (memory.size, len(memory)) == (0, 0)


def test_the_limit_is_that_of_a_real_site() -> None:
    assert MEMORY // (SMALL + OVERHEAD) > 400

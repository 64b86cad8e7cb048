"""Messages in the memory of one process."""

from protocols.channels.memory.log import MemoryLog
from protocols.channels.memory.store import MemoryStore

__all__ = ["MemoryLog", "MemoryStore"]

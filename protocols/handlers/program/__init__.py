"""Programs: each run is a process in a session of its own, with streams for what it reads and writes.

A :class:`Runner` starts as many at a time as it may and ends them with the service; a :class:`Process` is one
of them, a :class:`Watchdog` ends one that keeps others waiting.
"""

from protocols.handlers.program.command import PATH, Command, clean_environment
from protocols.handlers.program.confinement import Confinement
from protocols.handlers.program.invocation import Invocation
from protocols.handlers.program.pipes import PipeReader, PipeWriter
from protocols.handlers.program.process import Process
from protocols.handlers.program.runner import CrowdedError, Runner
from protocols.handlers.program.watchdog import Watchdog

__all__ = [
    "PATH",
    "Command",
    "Confinement",
    "CrowdedError",
    "Invocation",
    "PipeReader",
    "PipeWriter",
    "Process",
    "Runner",
    "Watchdog",
    "clean_environment",
]

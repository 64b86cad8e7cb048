"""The daemon's log: its forms, the least that is logged, and what is left out of it."""

from protocols.daemon.log.flood import Flood
from protocols.daemon.log.forms import FORMATS, as_journal, as_json, as_text
from protocols.daemon.log.journal_stream import journal_reads
from protocols.daemon.log.level import Threshold, threshold
from protocols.daemon.log.writing import daemon_log, observer, passing
from protocols.daemon.log_names import LEVELS

__all__ = [
    "FORMATS",
    "LEVELS",
    "Flood",
    "Threshold",
    "as_journal",
    "as_json",
    "as_text",
    "daemon_log",
    "journal_reads",
    "observer",
    "passing",
    "threshold",
]

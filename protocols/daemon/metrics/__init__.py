"""What Prometheus is told of the daemon.

Everything comes out of a :class:`~protocols.daemon.control.status.Status`: nothing is counted here.
"""

from protocols.daemon.metrics.families import FAMILIES, families
from protocols.daemon.metrics.listener import MetricsListener
from protocols.daemon.metrics.route import MetricsRoute

__all__ = ["FAMILIES", "MetricsListener", "MetricsRoute", "families"]

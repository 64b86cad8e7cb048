"""What would become of somebody who comes to an address: which service, which rule, which route and limits.

It is found by asking the objects that decide at run time, made from the same YAML, so an explanation cannot
say what the daemon would not do.
"""

from protocols.daemon.explain.caller import Caller
from protocols.daemon.explain.explanation import Explanation, Limit, Step
from protocols.daemon.explain.walk import explain

__all__ = ["Caller", "Explanation", "Limit", "Step", "explain"]

"""What answers: a user's function, one of the built-in services, another server.

A handler is opened once per conversation and answers through the
:class:`~protocols.session.Connection` it is given; it cannot tell what carries its messages.
"""

from protocols.handlers.builtin import BUILTINS, Builtin
from protocols.handlers.conversation import Conversation
from protocols.handlers.deadline import CallTimeoutError
from protocols.handlers.function import FunctionHandler

__all__ = ["BUILTINS", "Builtin", "CallTimeoutError", "Conversation", "FunctionHandler"]

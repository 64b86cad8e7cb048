"""What no single value shows: whether the parts of a configuration fit each other and the machine.

Each module has one ``check`` that takes the :class:`~protocols.daemon.checks.parts.Parts` that are
valid by themselves, and yields the problems it finds.
"""

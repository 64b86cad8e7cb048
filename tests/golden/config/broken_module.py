"""Raises as it is imported."""

settings: dict[str, str] = {}
PORT = settings["port"]

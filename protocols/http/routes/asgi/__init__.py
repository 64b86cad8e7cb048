"""ASGI applications (https://asgi.readthedocs.io, version 3)."""

"""Connections: HTTP on the wire."""

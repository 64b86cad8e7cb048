"""Web servers that somebody would otherwise have used: ``python -m peers.web.NAME PORT FOLDER``."""

"""Command lines of websocketd, which puts programs on WebSockets."""

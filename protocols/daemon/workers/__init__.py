"""Processes that serve side by side, and the first one, which binds for them and watches over them."""

"""A channel as a resource: its history, what comes to it, and a place to publish to."""

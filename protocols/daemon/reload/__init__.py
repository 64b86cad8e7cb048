"""A reload: what differs is served anew, and nobody else notices."""

"""A new process in the place of one that runs: it gets the sockets, and no connection is refused or reset."""

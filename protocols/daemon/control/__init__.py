"""What operators ask of a daemon that runs, and how it gets there: over the control socket, and between the
first process and its workers."""

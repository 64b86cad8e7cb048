"""``python -m protocols.daemon.command``: the same as ``polyport``."""

from protocols.daemon.command import main

if __name__ == "__main__":
    main(prog_name="polyport")

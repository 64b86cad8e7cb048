"""The folder that the servers of one run share: files, a script, a certificate, configurations."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from string import Template

from servers import certificate_in

HERE = Path(__file__).parent

SCRIPT = """#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\nHello, world!'
"""


def fill(folder: Path) -> None:
    """Put there what every server serves."""
    files = folder / "files"
    files.mkdir()
    (files / "4k.bin").write_bytes(os.urandom(4096))
    # Of the disk it takes nothing: what is measured is the way from the page cache to the socket.
    with (files / "1g.bin").open("wb") as large:
        large.truncate(1 << 30)
    scripts = folder / "cgi-bin"
    scripts.mkdir()
    script = scripts / "hello.sh"
    script.write_text(SCRIPT)
    script.chmod(0o755)
    certificate_in(folder)


def configure(folder: Path, values: Mapping[str, object]) -> None:
    """Write there the configurations of Polyport and nginx, with `values` for the names in them."""
    # Started by root, nginx would become somebody who may not talk to the socket of fcgiwrap.
    user = "user root;" if os.geteuid() == 0 else ""
    for name in ("polyport.yaml", "nginx.conf"):
        template = Template((HERE / "web" / name).read_text())
        (folder / name).write_text(template.substitute(values, folder=folder, user=user))
    (folder / "web_functions.py").write_text((HERE / "web" / "web_functions.py").read_text())

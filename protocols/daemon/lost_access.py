"""What the daemon could read as root, and will not be able to read anew."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import protocols
from protocols.daemon.carriers import Carriers


def lost_access(carriers: Mapping[str, Carriers], config: Path) -> Iterator[str]:
    """One line for each file that is read while the daemon runs, when it is needed, once it is renewed or at
    a reload, and that the user whom the process has become by now cannot read.

    :param config: the YAML file.
    """
    for program in (Path(sys.executable), Path(protocols.__file__), Path(os.__file__)):
        if not os.access(program, os.R_OK):
            yield f"{program} cannot be read any more: imports that come late, and upgrades, will fail"
            break
    if not os.access(config, os.R_OK):
        yield f"{config} cannot be read any more: a reload will fail"
    files: dict[Path, None] = {}
    for one in carriers.values():
        if one.tls is not None:
            files |= dict.fromkeys(one.tls.server.files())
    for file in files:
        if not os.access(file, os.R_OK):
            yield f"{file} cannot be read any more: once it is renewed, the daemon has to be started anew"

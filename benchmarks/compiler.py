"""The programs written in C: compiled on demand."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from failure import BenchmarkError

FOLDER = Path(__file__).parent / "build"
FLAGS = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror"]


def compiled(name: str, sources: Sequence[Path], headers: Sequence[Path] = ()) -> Path:
    """The program `name` in the folder ``build``, compiled unless it is newer than what it is made of.

    Raises :class:`BenchmarkError` with what the compiler says.
    """
    program = FOLDER / name
    newest = max(path.stat().st_mtime for path in (*sources, *headers))
    if program.exists() and program.stat().st_mtime > newest:
        return program
    FOLDER.mkdir(exist_ok=True)
    compiler = shlex.split(os.environ.get("CC", "cc"))
    try:
        done = subprocess.run([*compiler, *FLAGS, "-o", program, *sources], capture_output=True, text=True)
    except FileNotFoundError:
        raise BenchmarkError(f"no C compiler: {compiler[0]} is not there (set CC to another)") from None
    if done.returncode != 0:
        raise BenchmarkError(f"{name} does not compile:\n{done.stderr}")
    return program

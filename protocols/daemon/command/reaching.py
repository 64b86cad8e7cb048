"""From a YAML file to the daemon that serves it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

import click
from click.shell_completion import CompletionItem

from protocols.daemon.command.daemon_client import DaemonClient, RefusedError, SilentError, UnreachableError
from protocols.daemon.command.standard_output import complain

UNREACHABLE: Final = 1
"""Exit status where no daemon answers."""

REFUSED: Final = 2
"""Exit status where the daemon does not do what was asked, as for wrong usage."""

DEFAULT: Final = Path("polyport.yaml")

STATUSES: Final = """\
\b
Exit status:
  0    done
  1    no daemon can be reached
  2    wrong usage, or the daemon refuses
"""
"""What the help of each of the commands says."""


def daemon_options(command: Callable[..., None]) -> Callable[..., None]:
    """``--config`` and ``--socket``, for :func:`asking`."""
    path = click.Path(path_type=Path)
    config = click.option(
        "-c",
        "--config",
        "file",
        metavar="FILE",
        type=path,
        help="The YAML file of the daemon.  [default: polyport.yaml]",
    )
    at = click.option(
        "--socket", "place", metavar="PATH", help="The daemon's control socket, unless FILE leads to it."
    )
    return config(at(command))


class NameOf(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.2 only
    """The name of something that the daemon knows; the shell offers those in `section` of the YAML file."""

    def __init__(self, name: str, section: str) -> None:
        self.name = name
        self._section = section

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        from protocols.daemon.include import Sources
        from protocols.daemon.problems import ConfigError

        try:
            data = Sources(Path(ctx.params.get("file") or DEFAULT)).data
        except ConfigError:
            return []
        section = data.get(self._section) if isinstance(data, dict) else None
        names = section if isinstance(section, dict) else ()
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]


SERVICE = NameOf("service", "services")
CHANNEL = NameOf("channel", "channels")


@contextmanager
def asking(file: Path | None, place: str | None) -> Iterator[DaemonClient]:
    """The daemon for the YAML file `file`, or at the socket `place`.

    Ends the program, with a word about why, where it cannot be reached or refuses.
    """
    try:
        with reach(file, place) as client:
            yield client
    except UnreachableError as error:
        complain(str(error))
        raise SystemExit(UNREACHABLE) from error
    except RefusedError as error:
        complain(str(error))
        raise SystemExit(REFUSED) from error


def reach(file: Path | None, place: str | None) -> DaemonClient:
    """Connect to it.  Raises :class:`UnreachableError`, which tells where it was looked for."""
    if place is not None:
        return _at(place.removeprefix("unix:"))
    config = file or DEFAULT
    control = _control(config)
    if control == "off":
        raise UnreachableError(f"{config}: server.control is off: this daemon cannot be asked")
    if control != "auto":
        return _at(control)
    from protocols.daemon.control.place import ROOT, UNIT, places

    # Where the file says nothing, not even that it is another, the unit's daemon is meant.
    expected = config if file is not None or config.exists() else None
    # What root has started may have become this user.
    tried = [*places(config, os.environ, os.geteuid()), *places(config, {}, ROOT), UNIT]
    failures = []
    for each in dict.fromkeys(tried):
        try:
            return _checked(_connected(str(each)), expected)
        except SilentError as error:
            raise UnreachableError(f"{each}: {error}") from error
        except UnreachableError as error:
            failures.append(str(error))
    if not config.exists():
        failures.append(f"{config}: there is no such file either")
    tail = "Is it running?  -c FILE names another YAML file, --socket PATH the socket itself."
    raise UnreachableError("\n  ".join([f"no daemon for {config} can be reached:", *failures]) + f"\n{tail}")


def _at(place: str) -> DaemonClient:
    try:
        return _connected(place)
    except UnreachableError as error:
        raise UnreachableError(f"the daemon cannot be reached: {error}.  Is it running?") from error


def _connected(place: str) -> DaemonClient:
    try:
        return DaemonClient.at("\0" + place[1:] if place.startswith("@") else place)
    except FileNotFoundError as error:
        raise UnreachableError(f"{place}: there is no such socket") from error
    except ConnectionRefusedError as error:
        gone = place.startswith("@") or Path(place).is_socket()
        reason = "nobody listens there any more" if gone else "it is no socket"
        raise UnreachableError(f"{place}: {reason}") from error
    except PermissionError as error:
        raise UnreachableError(f"{place}: only root and the daemon's user may ask it") from error
    except OSError as error:
        raise UnreachableError(f"{place}: {error.strerror or error}") from error


def _checked(client: DaemonClient, expected: Path | None) -> DaemonClient:
    """`client`, if it is for the file `expected`; ``None``: for any."""
    try:
        config = client.call("hello")["config"]
    except BaseException:
        client.close()
        raise
    if expected is None or config == os.path.abspath(expected):  # noqa: PTH100 - also ..
        return client
    client.close()
    raise UnreachableError(f"the daemon of the unit is for {config}")


def _control(config: Path) -> str | Literal["auto", "off"]:
    """What ``server.control`` of the file says: a path, or a name after an ``@``.

    The daemon may run although the file has problems meanwhile, which is when one wants to ask it; so a file
    that cannot be read says ``auto``.
    """
    from protocols.daemon.problems import ConfigError
    from protocols.daemon.yaml_reader import read

    try:
        data: Any = read(config).data
    except ConfigError:
        return "auto"
    server = data.get("server") if isinstance(data, dict) else None
    control = server.get("control") if isinstance(server, dict) else None
    if control in (None, "auto", "off") or not isinstance(control, str):
        return control if control == "off" else "auto"
    return _path(control, config)


def _path(control: str, config: Path) -> str:
    from protocols.daemon.secrets import SecretError, Secrets
    from protocols.daemon.spec.address import Address

    folder = config.parent.absolute()
    try:
        address = Address.parse(Secrets(folder).expand(control)[0]).within(folder)
    except (ValueError, SecretError) as error:
        raise UnreachableError(f"{config}: server.control: {error}") from error
    return address.path or f"@{address.name}"

"""From ``module:attribute`` to the object it names, or to a sentence that says why there is none."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
import traceback
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from protocols.daemon.problems import nearest


class ResolveError(Exception):
    """The reference names nothing that can be used; the text says why, for the operator."""


def importer(folder: Path) -> Callable[[str], object]:
    """A resolver for a YAML file in `folder`.

    The folder is appended to ``sys.path``: a module in it never hides an installed one, and where both
    have one name, that is an error.  The resolver takes ``module:attribute``, with dots in either half,
    and raises :class:`ResolveError`.
    """
    folder = folder.absolute()

    def resolve(reference: str) -> object:
        if str(folder) not in sys.path:
            sys.path.append(str(folder))
            importlib.invalidate_caches()
        return _resolve(reference, folder)

    return resolve


def _resolve(reference: str, folder: Path) -> object:
    module_name, colon, names = reference.partition(":")
    if not (colon and module_name and names):
        raise ResolveError(f"{reference} is not of the form module:name")
    found: object = _module(module_name, folder)
    done = module_name
    for name in names.split("."):
        try:
            found = getattr(found, name)
        except AttributeError:
            guess = nearest(name, [n for n in dir(found) if not n.startswith("_")])
            hint = f"; did you mean {guess}?" if guess else ""
            what = "module" if isinstance(found, ModuleType) else type(found).__name__
            raise ResolveError(f"the {what} {done} has no attribute {name}{hint}") from None
        done = f"{done}{':' if done == module_name else '.'}{name}"
    return found


def _module(name: str, folder: Path) -> ModuleType:
    _refuse_clash(name.partition(".")[0], folder)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(error.name + ".")):
            raise ResolveError(_not_found(error.name, folder)) from error
        raise ResolveError(_raised(name, error, folder)) from error
    except (Exception, SystemExit) as error:
        raise ResolveError(_raised(name, error, folder)) from error


def _refuse_clash(name: str, folder: Path) -> None:
    """Refuse a module of the folder that another of its name, earlier on the path, would hide."""
    ours = next((p for p in (folder / f"{name}.py", folder / name) if _is_module(p)), None)
    if ours is None:
        return
    try:
        spec = importlib.util.find_spec(name)
    except ValueError:
        # A module that was made by hand, such as __main__, has no specification.
        spec = None
    if spec is not None and any(path.is_relative_to(folder) for path in _files(spec)):
        return
    other = next((str(path) for path in _files(spec)), "Python itself") if spec else "Python itself"
    raise ResolveError(
        f"the module {name} would not be {ours.name} of your folder but the one from {other}, which "
        f"has the same name; rename yours"
    )


def _is_module(path: Path) -> bool:
    if path.suffix == ".py":
        return path.is_file()
    return path.is_dir() and (
        (path / "__init__.py").is_file() or any(child.suffix == ".py" for child in path.iterdir())
    )


def _files(spec: ModuleSpec) -> list[Path]:
    places = list(spec.submodule_search_locations or [])
    if spec.has_location and spec.origin:
        places.append(spec.origin)
    return [Path(place).absolute() for place in places]


def _not_found(name: str, folder: Path) -> str:
    package, _, last = name.rpartition(".")
    text = f"there is no module {name}"
    if package:
        module = sys.modules.get(package)
        if module is not None and not hasattr(module, "__path__"):
            return f"{text}: {package} is a module and not a package"
        places = [str(place) for place in getattr(module, "__path__", [])]
    else:
        places = [str(folder)]
        text += f", neither installed nor in {folder}"
    guess = nearest(last, [module.name for module in pkgutil.iter_modules(places)])
    dotted = f"{package}.{guess}" if package else guess
    return f"{text}; did you mean {dotted}?" if guess else text


def _raised(name: str, error: BaseException, folder: Path) -> str:
    if isinstance(error, SyntaxError) and error.filename:
        place = f"{error.filename}:{error.lineno}"
        return f"the module {name} cannot be imported: {type(error).__name__}: {error.msg} ({place})"
    return f"the module {name} cannot be imported: {where_raised(error, folder)}"


def where_raised(error: BaseException, folder: Path) -> str:
    """``KeyError: 'x' (/srv/shop.py:7)``: what was raised, and in which line; one in `folder` if any is, else
    one that is not of ``importlib``."""
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(folder)]
    rest = [frame for frame in frames if "importlib" not in frame.filename]
    last = (own or rest or frames)[-1]
    return f"{what} ({last.filename}:{last.lineno})"

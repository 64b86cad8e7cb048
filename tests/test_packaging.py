"""What is installed, and that twistd finds its plug-in however it was installed."""

from __future__ import annotations

import os
import re
import shutil
import site
import socket
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from protocols import __version__
from protocols.daemon.command.init import rendered
from protocols.daemon.spec.server import ServerSpec
from protocols.daemon.spec.values import Duration

CHECKOUT = Path(__file__).parent.parent
SITE = Path(site.getsitepackages()[0])
NOBODY = 65_534


def run(*command: object, **options: object) -> subprocess.CompletedProcess[str]:
    options = {"capture_output": True, "text": True, "timeout": 120, "check": False, **options}
    done = subprocess.run([*map(str, command)], **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of what is needed to build, so that nothing is written into the real one."""
    copy = tmp_path_factory.mktemp("checkout")
    for name, more in (("protocols", ()), ("twisted", ("dropin.cache",)), ("config", ("tls", "*.sock"))):
        ignored = shutil.ignore_patterns("__pycache__", *more)
        shutil.copytree(CHECKOUT / name, copy / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(CHECKOUT / name, copy)
    return copy


@pytest.fixture(scope="module")
def wheel(checkout, tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=checkout)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture
def environment(tmp_path):
    """A fresh virtual environment, which sees what Polyport needs, and not the Polyport of these tests."""
    folder = tmp_path / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    [packages] = folder.glob("lib/python*/site-packages")
    for found in SITE.iterdir():
        ours = "polyport" in found.name
        # A path file would be run, and lead back here; twisted.plugins is to be one folder without a cache.
        if not ours and found.suffix != ".pth" and found.name not in ("twisted", "__pycache__"):
            (packages / found.name).symlink_to(found)
    twisted = packages / "twisted"
    twisted.mkdir()
    for found in (SITE / "twisted").iterdir():
        if found.name not in ("plugins", "__pycache__"):
            (twisted / found.name).symlink_to(found)
    ignored = shutil.ignore_patterns("dropin.cache", "__pycache__")
    shutil.copytree(SITE / "twisted" / "plugins", twisted / "plugins", ignore=ignored)
    return folder


@pytest.fixture
def pip(environment):
    def pip(*arguments: object) -> None:
        run(sys.executable, "-m", "pip", "--python", environment / "bin" / "python", *arguments)

    return pip


TWISTD = "from twisted.scripts.twistd import run; run()"


def twistd(environment: Path) -> list[str]:
    return [str(environment / "bin" / "python"), "-P", "-c", TWISTD]


@pytest.fixture
def answering(real_daemon, tmp_path):
    """Start ``config/minimal.yaml`` on a free port, and ask it."""

    def ask(command: list[str], **options: object):
        folder = tmp_path / "served"
        folder.mkdir(mode=0o755)
        shutil.copy(CHECKOUT / "config" / "examples.py", folder)
        text = (CHECKOUT / "config" / "minimal.yaml").read_text()
        (folder / "minimal.yaml").write_text(re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:0", text))
        daemon = real_daemon(folder / "minimal.yaml", command=command, **options).ready()
        with socket.create_connection(("127.0.0.1", daemon.port("shout")), 20) as client:
            client.sendall(b"hello\n")
            assert client.recv(100) == b"HELLO\n"
        assert daemon.stop() == 0
        return daemon

    return ask


def test_the_wheel_holds_what_it_should(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {
        "protocols/__init__.py",
        "protocols/py.typed",
        "protocols/daemon/twistd.py",
        "protocols/daemon/starter/polyport.yaml",
        "protocols/daemon/starter/functions.py",
        "protocols/daemon/starter/polyport.service",
        "twisted/plugins/polyport_plugin.py",
    } <= set(names)
    assert wheel.name == f"polyport-{__version__}-py3-none-any.whl"


def test_the_wheel_holds_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    # An __init__.py would hide Twisted itself, or be overwritten by it.
    assert [n for n in names if n.startswith("twisted/")] == ["twisted/plugins/polyport_plugin.py"]
    tops = {name.split("/")[0] for name in names}
    assert tops == {"protocols", "twisted", f"polyport-{__version__}.dist-info"}
    assert not [n for n in names if "__pycache__" in n or n.endswith((".pyc", ".sock", ".key"))]


def test_the_wheel_names_the_command(wheel):
    entries = zipfile.ZipFile(wheel).read(f"polyport-{__version__}.dist-info/entry_points.txt").decode()
    assert re.search(r"^polyport = protocols\.daemon\.command:main$", entries, re.MULTILINE)


def test_the_wheel_in_a_fresh_environment(wheel, environment, pip, answering, tmp_path):
    pip("install", "--quiet", "--no-deps", "--no-index", wheel)
    command = twistd(environment)
    assert re.search(r"^\s+polyport\s", run(*command, "--help", cwd=tmp_path).stdout, re.MULTILINE)
    version = run(environment / "bin" / "polyport", "--version", cwd=tmp_path)
    assert version.stdout == f"polyport, version {__version__}\n"
    answering(command)


def test_an_editable_install_in_a_fresh_environment(checkout, environment, pip, answering, tmp_path):
    # Building in place needs hatchling where pip runs the build: in the new environment.
    pip("install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--editable", checkout)
    command = twistd(environment)
    assert re.search(r"^\s+polyport\s", run(*command, "--help", cwd=tmp_path).stdout, re.MULTILINE)
    answering(command)


def test_a_plain_checkout(checkout, environment, answering):
    command = twistd(environment)
    paths = {**os.environ, "PYTHONPATH": "."}
    done = run(*command, "--help", cwd=checkout, env=paths)
    assert re.search(r"^\s+polyport\s", done.stdout, re.MULTILINE)
    answering(command, env={**os.environ, "PYTHONPATH": str(checkout)})


def test_who_may_not_write_the_plugin_cache_hears_nothing_of_it(wheel, environment, pip, answering, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody who may not write here")
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv (util-linux) is not installed")
    pip("install", "--quiet", "--no-deps", "--no-index", wheel)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == 0 and not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o011)
    become = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"]
    unwritten = {**os.environ, "HOME": "/", "PYTHONDONTWRITEBYTECODE": "1"}
    reads = subprocess.run([*become, environment / "bin" / "python", "-c", "import twisted"], env=unwritten)
    if reads.returncode != 0:
        pytest.skip("another user cannot read this environment")
    daemon = answering([*become, *twistd(environment)], env=unwritten)
    said = daemon.output + daemon.errors
    assert "cache" not in said
    assert "Traceback" not in said
    # It was really not written, or this would prove nothing.
    assert not list(environment.rglob("dropin.cache"))


# -- systemd -----------------------------------------------------------------------------------------

needs_analyze = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)
UNIT = CHECKOUT / "config" / "polyport.service"


def test_the_unit_is_what_init_writes():
    written = rendered("polyport.service", "/opt/polyport/bin/twistd", "/etc/polyport")
    assert UNIT.read_text() == written


def setting(name: str) -> str:
    """What the unit says of `name`."""
    (found,) = re.findall(rf"^{name}=(.*)$", UNIT.read_text(), re.MULTILINE)
    return found


def test_the_unit_fits_the_daemon():
    # What is drained may take as long as it may; a kill would end it.
    assert Duration.parse(setting("TimeoutStopSec")) > ServerSpec().drain
    # A problem of the configuration would be there again.
    assert int(setting("RestartPreventExitStatus")) == 2
    # Messages are heard of the process that was started only: workers tell nothing.
    assert setting("NotifyAccess") == "main"


@needs_analyze
def test_the_unit_is_hardened():
    done = run("systemd-analyze", "security", "--offline=true", "--no-pager", UNIT)
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert found, done.stdout
    assert float(found[1]) <= 2.0


@needs_analyze
def test_systemd_understands_the_units(tmp_path):
    text = UNIT.read_text()
    (tmp_path / "polyport.service").write_text(re.sub(r"/opt/polyport/bin/\w+", sys.executable, text))
    shutil.copy(CHECKOUT / "config" / "polyport.socket", tmp_path)
    done = run("systemd-analyze", "verify", tmp_path / "polyport.service", tmp_path / "polyport.socket")
    ours = [line for line in done.stderr.splitlines() if "polyport" in line]
    assert ours == []

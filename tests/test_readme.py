"""Everything README says is true: its commands are run, its files loaded, its programs executed."""

from __future__ import annotations

import ast
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

from protocols.codec.table import CODECS
from protocols.daemon.command import COMMANDS
from protocols.daemon.importing import importer
from protocols.daemon.loader import load
from protocols.daemon.problems import ConfigError
from protocols.daemon.spec.framing import FramingSpec
from protocols.daemon.spec.handler import BuiltinSpec
from protocols.daemon.spec.http import RouteSpec
from protocols.daemon.spec.service import ServiceSpec

CHECKOUT = Path(__file__).parent.parent
README = (CHECKOUT / "README.md").read_text("utf-8")
PAGES = [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").glob("*.md"))]


class Block(NamedTuple):
    """A piece of README between fences."""

    language: str
    text: str
    line: int

    def __str__(self) -> str:
        return f"{self.language} at line {self.line}"


BLOCKS = [
    Block(found[1], found[2], README.count("\n", 0, found.start()) + 1)
    for found in re.finditer(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
]


def blocks(language: str) -> list[Block]:
    return [block for block in BLOCKS if block.language == language]


def the_block(language: str, word: str) -> str:
    """The one block of a language that has `word` in it."""
    [found] = [block.text for block in blocks(language) if word in block.text]
    return found


def test_every_block_is_of_a_kind_that_is_tested():
    assert {block.language for block in BLOCKS} == {"yaml", "sh", "console", "python"}
    assert len(BLOCKS) == README.count("\n```") / 2


# -- the commands, in order, beside a daemon -----------------------------------------------------------


class Ports(dict[str, str]):
    """A free port for each that config/polyport.yaml listens on."""

    def rewritten(self, text: str) -> str:
        return re.sub(r"\b\d{4}\b", lambda found: self.get(found[0], found[0]), text)

    def restored(self, text: str) -> str:
        names = {free: named for named, free in self.items()}
        return re.sub(r"\b\d{4,5}\b", lambda found: names.get(found[0], found[0]), text)


@pytest.fixture(scope="module")
def ports(free_port):
    listened = re.findall(r"://[\d.]+:(\d{4})\b", (CHECKOUT / "config" / "polyport.yaml").read_text())
    found = Ports({port: str(free_port()) for port in listened})
    assert len(set(found.values())) == len(found)
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory, ports):
    """What a newcomer has after ``make run``: the checkout, its ``.venv`` and the certificates."""
    root = tmp_path_factory.mktemp("newcomer")
    ignored = shutil.ignore_patterns("tls", "__pycache__", "*.sock")
    shutil.copytree(CHECKOUT / "config", root / "config", ignore=ignored)
    for file in (root / "config").rglob("*"):
        if file.suffix in (".yaml", ".html"):
            file.write_text(ports.rewritten(file.read_text()))
    command = root / ".venv" / "bin" / "polyport"
    command.parent.mkdir(parents=True)
    command.symlink_to(Path(sys.executable).with_name("polyport"))
    make_certificates = re.search(r"^\t\$\(BIN\)/(polyport cert .*)$", makefile(), re.MULTILINE)
    assert make_certificates
    certificates = f".venv/bin/{make_certificates[1]}"
    subprocess.run(certificates.split(), cwd=root, check=True, capture_output=True, timeout=30)
    return root


@pytest.fixture(scope="module")
def daemon(real_daemon_of_module, folder):
    return real_daemon_of_module(Path("config/polyport.yaml"), cwd=folder).ready()


def makefile() -> str:
    return (CHECKOUT / "Makefile").read_text()


def transcript(text: str) -> list[tuple[str, str]]:
    """The commands of a console block, each with what it should say."""
    found: list[tuple[str, str]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], ""))
        else:
            command, said = found[-1]
            found[-1] = (command, f"{said}{line}\n")
    return found


MARK = "-- end of one command --"


def outputs(commands: list[str], folder: Path) -> list[str]:
    """What each command says, run by one shell, so that ``$?`` is the status of the one before."""
    script = "status=0\n" + "".join(
        f"{{ (exit $status); {command}\n}} 2>&1; status=$?; printf %s '{MARK}'\n" for command in commands
    )
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr == ""
    return done.stdout.split(MARK)[:-1]


@pytest.mark.parametrize("program", ["nc", "curl", "bash", "make"])
def test_the_programs_of_the_examples_are_there(program):
    assert shutil.which(program), f"install {program}: README's examples use it"


@pytest.mark.usefixtures("daemon")
@pytest.mark.parametrize("block", blocks("console"), ids=str)
def test_the_commands_say_what_readme_says(block, folder, ports):
    for other in blocks("yaml"):
        if name := file_name(other):
            (folder / name).write_text(other.text)
    expected = transcript(block.text)
    said = outputs([ports.rewritten(command) for command, _ in expected], folder)
    for (command, shown), output in zip(expected, said, strict=True):
        real = ports.restored(output)
        pattern = re.escape(shown.rstrip("\n")).replace("…", "(?s:.*)")
        assert re.fullmatch(pattern, real.rstrip("\n")), f"$ {command}\n{real}--- README:\n{shown}"


def test_the_page_says_what_is_running(daemon, ports):
    with socket.create_connection(("127.0.0.1", int(ports["8080"])), 20) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        page = client.makefile("rb").read().decode()
    named = set(re.findall(r"<h3>(\w+)</h3>", page))
    assert named == set(re.findall(r"(\w+): listening on", daemon.output))
    for address in re.findall(r"<code>((?:tcp|tls|udp)://[^<]+)</code>", page):
        assert f"listening on {address}\n" in daemon.output


# -- the files -----------------------------------------------------------------------------------------


def file_name(block: Block) -> str | None:
    """What the first line, a comment, says the file is called."""
    found = re.match(r"# (\S+\.yaml)\n", block.text)
    return found[1] if found else None


@pytest.mark.parametrize("block", blocks("yaml"), ids=str)
def test_yaml_can_be_served_unless_it_is_there_to_be_wrong(block, folder, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    file = folder / "config" / "from-readme.yaml"
    text = block.text
    if "tls: localhost" in text and "certificates:" not in text:
        whole = (folder / "config" / "polyport.yaml").read_text()
        certificates = re.search(r"^certificates:\n(?:  .*\n)+", whole, re.MULTILINE)
        assert certificates
        text = certificates[0] + text  # an excerpt of that file
    file.write_text(text)
    resolve = importer(file.parent)
    try:
        if file_name(block) == "config/broken.yaml":
            with pytest.raises(ConfigError):
                load(file, resolve)
        else:
            assert load(file, resolve).config.services
    finally:
        file.unlink()
        sys.modules.pop("examples", None)


def without_docstrings(text: str) -> dict[str, str]:
    """Every definition of a program, by name."""
    found = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            if ast.get_docstring(node):
                del node.body[0]
            found[node.name] = ast.dump(node)
    return found


def test_the_typed_function_is_the_one_of_the_examples():
    shown = without_docstrings(the_block("python", "@dataclass"))
    real = without_docstrings((CHECKOUT / "config" / "examples.py").read_text())
    assert set(shown) == {"Order", "Quote", "price"}
    assert {name: real[name] for name in shown} == shown


def test_the_typed_function_works(monkeypatch):
    examples = (CHECKOUT / "config" / "examples.py").read_text()
    imports = re.findall(r"^(?:from|import) .*$", examples, re.MULTILINE)
    prices = re.search(r"^PRICES = .*$", examples, re.MULTILINE)
    assert prices
    # A module of its own: dataclasses look their module up.
    module = ModuleType("from_readme")
    monkeypatch.setitem(sys.modules, "from_readme", module)
    code = "\n".join([*imports, prices[0], the_block("python", "@dataclass")])
    exec(compile(code, "README.md", "exec"), vars(module))
    assert module.price(module.Order("tea", 3)) == module.Quote("tea", 10.5)


def test_the_library_example_serves(tmp_path):
    program = the_block("python", "StreamFactory") + "print(port.getHost().port, flush=True)\nreactor.run()\n"
    (tmp_path / "example.py").write_text(program)
    process = subprocess.Popen(
        [sys.executable, "example.py"], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        with socket.create_connection(("127.0.0.1", int(process.stdout.readline())), 20) as client:
            client.sendall(b"5:hello,")
            assert client.recv(100) == b"5:HELLO,"
    finally:
        process.terminate()
        process.communicate(timeout=20)


# -- make and systemd ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "shown"),
    [("run", "twistd -n --pidfile= polyport -c config/polyport.yaml"), ("test", "-m pytest")],
)
def test_make(target, shown):
    assert f"make {target}\n" in [block.text for block in blocks("sh")]
    # Under `make test` these would make this one a part of it.
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(
        ["make", "-n", target],
        cwd=CHECKOUT,
        env=clean,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert shown in done.stdout


def test_the_installation_under_systemd(folder, tmp_path, monkeypatch):
    commands = the_block("sh", "systemctl").splitlines()
    first, *files, last = commands
    assert first == "python3 -m venv /opt/polyport && /opt/polyport/bin/pip install ."
    assert last == "systemctl daemon-reload && systemctl enable --now polyport"
    (tmp_path / "etc" / "systemd" / "system").mkdir(parents=True)
    for command in files:
        moved = command.replace(" /etc/", f" {tmp_path}/etc/")
        subprocess.run(["bash", "-c", moved], cwd=folder, check=True, capture_output=True, timeout=30)
    unit = (tmp_path / "etc" / "systemd" / "system" / "polyport.service").read_text()
    assert "ExecStart=/opt/polyport/bin/twistd " in unit
    assert "--config=/etc/polyport/polyport.yaml\n" in unit
    monkeypatch.setattr(sys, "path", list(sys.path))
    served = tmp_path / "etc" / "polyport" / "polyport.yaml"
    try:
        assert load(served, importer(served.parent)).config.services
    finally:
        sys.modules.pop("examples", None)


# -- the tables, and the links ---------------------------------------------------------------------------


def table(heading: str) -> list[str]:
    """The rows of the table whose first heading is `heading`."""
    found = re.search(rf"^\| {re.escape(heading)} \|.*\n\|[-|]+\n((?:\|.*\n)+)", README, re.MULTILINE)
    assert found, heading
    return found[1].splitlines()


def test_the_table_of_commands():
    named = [name for row in table("`polyport …`") for name in re.findall(r"`(\w+)", row.split("|")[1])]
    assert list(dict.fromkeys(named)) == list(COMMANDS)


def test_the_table_of_framings():
    assert [re.match(r"\| `(\w+)`", row)[1] for row in table("`framing:`")] == list(FramingSpec.model_fields)


def test_the_settings_of_framings():
    for row in table("`framing:`"):
        kind, *named = re.findall(r"`(\w+)[:`]", row)
        settings = FramingSpec.model_validate({kind: example(kind)}).settings
        values = {"crlf", "any", "5"}
        assert set(named) - values <= set(type(settings).model_fields), row


def example(kind: str) -> dict[str, object]:
    """The settings that a framing cannot do without."""
    return {"delimited": {"delimiter": "|"}, "fixed": {"size": 1}}.get(kind, {})


def test_the_table_of_handlers():
    rows = table("a service has one of")
    assert [re.match(r"\| `(\w+):", row)[1] for row in rows] == list(ServiceSpec.choices)
    [builtins] = [row for row in rows if "`builtin:`" in row]
    assert re.findall(r"`(\w+)`", builtins) == list(BuiltinSpec.model_fields)
    [http] = [row for row in rows if "`http:`" in row]
    assert re.findall(r"`(\w+)`", http) == list(RouteSpec.choices)


def test_the_codecs_are_named():
    [row] = [row for row in table("you write") if "`codec:`" in row]
    assert re.findall(r"`(\w+)`", row.partition("`codec:`")[2]) == list(CODECS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8"))
    inside = [link.partition("#")[0] for link in links if "://" not in link and not link.startswith("#")]
    assert [link for link in inside if not (page.parent / link).exists()] == []


def test_links_to_parts_of_a_page():
    for page in PAGES:
        for link in re.findall(r"\]\(([^)\s:]*#[^)\s]+)\)", page.read_text("utf-8")):
            name, _, part = link.partition("#")
            text = (page.parent / name if name else page).read_text("utf-8")
            headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
            anchors = {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}
            assert part in anchors, (page.name, link)

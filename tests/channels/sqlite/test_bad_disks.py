"""Disks that are full, slow or broken, and files that are none of ours or go away."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
from pathlib import Path
from threading import Event

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.logger import LogLevel, formatEvent, globalLogPublisher

from protocols.channels.errors import StalledError, UnavailableError
from protocols.channels.message import Entry
from protocols.channels.sqlite.database import Database, make
from protocols.channels.sqlite.schema import APPLICATION


@pytest.fixture
def told():
    """What the operator is told of stores."""
    lines: list[str] = []

    def heard(event):
        if event["log_level"] is not LogLevel.debug and "what" in event:
            lines.append(formatEvent(event))

    globalLogPublisher.addObserver(heard)
    yield lines
    globalLogPublisher.removeObserver(heard)


class Fault:
    """What is wrong with each connection that writes, from :meth:`begin` to :meth:`end`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pragma = ""
        prepare = Database._prepare

        def prepared(one: Database, connection: sqlite3.Connection) -> None:
            prepare(one, connection)
            if self.pragma:
                connection.execute(self.pragma).fetchall()

        monkeypatch.setattr(Database, "_prepare", prepared)

    async def begin(self, scene, pragma: str) -> None:
        self.pragma = pragma
        await scene.in_writer(lambda connection: connection.execute(pragma).fetchall())

    def end(self) -> None:
        self.pragma = ""


@pytest.fixture
def fault(monkeypatch):
    return Fault(monkeypatch)


class TestWriting:
    @pytest.mark.parametrize(
        ("pragma", "words"),
        [
            ("PRAGMA max_page_count = 1", "the disk is full"),
            ("PRAGMA query_only = on", "the store cannot be written"),
        ],
    )
    @pytest_twisted.ensureDeferred
    async def test_publishers_are_refused_and_readers_served(
        self, scene, fault, told, failures, pragma, words
    ):
        async with scene() as here:
            await here.publish(b"before")
            await fault.begin(here, pragma)
            with pytest.raises(UnavailableError, match=f"^{words}$"):
                await here.publish(*([b"x" * 5000] * 20))
            # Those that come now need not try.
            with pytest.raises(UnavailableError, match=f"^{words}$"):
                here.store.append([Entry(b"y")])
            with pytest.raises(UnavailableError, match=f"^{words}$"):
                await here.store.claim("g", 1, 30.0)
            assert [message.body for message in await here.store.read(0)] == [b"before"]
            for _ in range(5):
                await deferLater(reactor, 0.05)
                with pytest.raises(UnavailableError, match=f"^{words}$"):
                    await here.publish(*([b"x" * 5000] * 20))
            fault.end()
            receipt = await here.until_published(b"after", UnavailableError)
            assert receipt.seq == 2, "no number is lost"
            assert here.bodies == [b"before", b"after"]
            began, over = told
            assert began.startswith(f"{here.file}: nothing can be published: {words} (")
            assert over.startswith(f"{here.file}: over after ")
            failures.take(sqlite3.OperationalError)

    @pytest_twisted.ensureDeferred
    async def test_a_disk_that_is_full(self, other, tmp_path, file):
        if not may_mount():
            pytest.skip("a disk of our own needs a name space")
        file.parent.mkdir()
        process = other(
            """
            async def main(store, came):
                ballast = Path(sys.argv[1]).with_name("ballast")
                ballast.write_bytes(b"x" * 1_000_000)
                published = 0
                try:
                    for _ in range(2000):
                        published += len(await store.append([Entry(b"x" * 1000)]))
                except UnavailableError as error:
                    say(error)
                say(len(await store.read(0)) == len(came) == published > 10)
                ballast.unlink()
                while len(came) == published:
                    try:
                        await store.append([Entry(b"after")])
                    except UnavailableError:
                        await deferLater(reactor, 0.01)
                say(came[-1].seq == published + 1)
            """,
            before=["unshare", "-rm", "sh", "-c", MOUNTED, file.parent],
        )
        assert process.stdout.read() == "open\nthe disk is full\nTrue\nTrue\n"

    @pytest_twisted.ensureDeferred
    async def test_one_that_hangs(self, scene, told, failures):
        async with scene(stalled=0.1) as here:
            await here.publish(b"before")
            goes_on = Event()
            hanging = here.in_writer(lambda connection: goes_on.wait(60))
            begun = here.store.append([Entry(b"begun")])
            await deferLater(reactor, 0.02)
            waiting = here.store.append([Entry(b"waiting")])
            with pytest.raises(StalledError, match="may have been published"):
                await begun
            with pytest.raises(UnavailableError, match="does not answer"):
                await waiting
            with pytest.raises(UnavailableError, match="does not answer"):
                here.store.append([Entry(b"at once")])
            assert [message.body for message in await here.store.read(0)] == [b"before"]
            assert here.bodies == [b"before"]
            goes_on.set()
            await hanging
            await here.until(lambda: here.bodies == [b"before", b"begun"])
            assert (await here.publish(b"after"))[0].seq == 3
            began, _ = told
            assert began == f"{here.file}: nothing can be published: the store does not answer"
            failures.take(UnavailableError)

    @pytest_twisted.ensureDeferred
    async def test_closed_while_it_hangs(self, scene):
        here = scene(stalled=0.1)
        await here.store.open(here.came.extend)
        goes_on = Event()
        here.in_writer(lambda connection: goes_on.wait(60))
        begun = here.store.append([Entry(b"begun")])
        await deferLater(reactor, 0.02)
        closed = here.store.close()
        with pytest.raises(StalledError):
            await begun
        await closed
        goes_on.set()
        with pytest.raises(UnavailableError, match="closed"):
            here.store.append([Entry(b"x")])


class TestReading:
    @pytest_twisted.ensureDeferred
    async def test_a_file_that_is_damaged_and_mended(self, scene, told, failures, file):
        async with scene() as here:
            for _ in range(20):
                await here.publish(b"x" * 2000, b"y" * 2000)
        good = file.read_bytes()
        async with scene() as here:
            file.write_bytes(good[:8192] + b"junk" * ((len(good) - 8192) // 4))
            with pytest.raises(UnavailableError, match=r"^the store is damaged$"):
                await here.store.read(0)
            with pytest.raises(UnavailableError, match=r"^the store is damaged$"):
                await here.store.export(0, 100, 100)
            with pytest.raises(ZeroDivisionError):
                await here.in_writer(lambda connection: 1 / 0)  # it opens the file anew after this
            with pytest.raises(UnavailableError, match=r"^the store is damaged$"):
                await here.publish(b"x")
            file.write_bytes(good)
            assert len(await here.store.read(0, 3)) == 3
            assert (await here.until_published(b"after", UnavailableError)).seq == 41
            assert sum(": over after" in line for line in told) == 2
            failures.take(sqlite3.DatabaseError, sqlite3.DatabaseError)


class TestOpening:
    @pytest_twisted.ensureDeferred
    async def test_only_the_owner_may_read_what_is_made(self, scene, file):
        async with scene() as here:
            await here.publish(b"x")
            assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()}
            assert set(modes.values()) == {0o600}
            assert set(modes) == {file.name + end for end in ("", "-wal", "-shm", "-bell")}

    def test_all_folders_that_are_made_are_its_own_and_kept(self, tmp_path, monkeypatch):
        kept = []
        keep = os.fsync

        def recorded(descriptor):
            kept.append(Path(f"/proc/self/fd/{descriptor}").readlink())
            keep(descriptor)

        monkeypatch.setattr(os, "fsync", recorded)
        make(tmp_path / "a" / "b" / "readings.sqlite")
        assert kept == [tmp_path, tmp_path / "a"]
        folders = (tmp_path / "a", tmp_path / "a" / "b")
        assert [stat.S_IMODE(folder.stat().st_mode) for folder in folders] == [0o700, 0o700]
        make(tmp_path / "a" / "b" / "others.sqlite")
        assert len(kept) == 2

    @pytest.mark.parametrize(
        ("make", "words"),
        [
            (lambda file: file.write_bytes(b"text " * 1000), "the store is damaged (file is not a database)"),
            (lambda file: of_others(file, "CREATE TABLE t (x)"), "it is a database of something else"),
            (lambda file: of_others(file, "PRAGMA application_id = 7"), "it is a database of something else"),
            (
                lambda file: of_others(
                    file, f"PRAGMA application_id = {APPLICATION}; PRAGMA user_version = 9"
                ),
                "its tables are of version 9, and this program knows version 1",
            ),
            (Path.mkdir, "the store cannot be used: Is a directory"),
        ],
    )
    @pytest_twisted.ensureDeferred
    async def test_what_cannot_be_opened(self, scene, file, make, words):
        file.parent.mkdir()
        make(file)
        with pytest.raises(UnavailableError) as refused:
            await scene().store.open(print)
        assert str(refused.value) == f"{file}: {words}"

    @pytest_twisted.ensureDeferred
    async def test_a_folder_that_cannot_be_made(self, scene, tmp_path):
        (tmp_path / "file").touch()
        file = tmp_path / "file" / "readings.sqlite"
        with pytest.raises(UnavailableError, match=r"File exists$"):
            await scene(file=file).store.open(print)

    @pytest_twisted.ensureDeferred
    async def test_a_disk_that_cannot_be_written(self, other, file):
        if not may_mount():
            pytest.skip("a disk of our own needs a name space")
        file.parent.mkdir()
        read_only = MOUNTED.replace("&& exec", '&& mount -o remount,ro "$0" && exec')
        process = other(
            """
            async def main(store, came):
                say("it is open")

            def failed(failure):
                say(failure.getErrorMessage())
            """,
            before=["unshare", "-rm", "sh", "-c", read_only, file.parent],
        )
        assert process.stdout.read() == f"{file}: the store cannot be used: Read-only file system\n"


class TestReplaced:
    @pytest_twisted.ensureDeferred
    async def test_a_file_that_is_removed(self, scene, told, failures, file):
        async with scene() as here:
            await here.publish(b"a", b"b")
            assert len(await here.store.read(0)) == 2
            for path in file.parent.glob("readings.sqlite*"):
                path.unlink()
            with pytest.raises(UnavailableError, match=r"^the store's file is gone$"):
                await here.publish(b"lost")
            assert (await here.until_published(b"c", UnavailableError)).seq == 3, "numbers go on"
            assert [message.seq for message in await here.store.read(0)] == [3]
            await here.until(lambda: here.store.extent[:3] == (3, 3, 1))
            assert here.bodies == [b"a", b"b", b"c"]
            assert len(told) == 2
            failures.take(Exception)

    @pytest_twisted.ensureDeferred
    async def test_an_older_one_in_its_place(self, scene, failures, file, tmp_path):
        async with scene() as here:
            await here.publish(b"a")
        shutil.copy(file, tmp_path / "older")
        async with scene() as here:
            await here.publish(b"b")
        shutil.copy(file, tmp_path / "newer")
        async with scene() as here:
            for end in ("-wal", "-shm"):
                Path(f"{file}{end}").unlink()
            (tmp_path / "older").rename(file)
            with pytest.raises(UnavailableError, match="gone"):
                await here.publish(b"lost")
            await deferLater(reactor, 0.15)
            with pytest.raises(UnavailableError, match="ends at message 1, and 2 were published"):
                await here.publish(b"c")
            (tmp_path / "newer").rename(file)
            assert (await here.until_published(b"c", UnavailableError)).seq == 3
            failures.take(Exception)


MOUNTED = 'mount -t tmpfs -o size=2m tmpfs "$0" && exec "$@"'
"""Has a small disk in the place of the folder that is the first word, and goes on with the rest."""


def may_mount() -> bool:
    command = ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return (
        shutil.which("unshare") is not None and subprocess.run(command, capture_output=True).returncode == 0
    )


def of_others(file: Path, script: str) -> None:
    connection = sqlite3.connect(file)
    connection.executescript(script)
    connection.close()

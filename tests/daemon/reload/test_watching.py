"""Changes are noticed once each time that somebody works on the files."""

from __future__ import annotations

from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from protocols.daemon.reload.watched import Watched
from protocols.daemon.reload.watching import LATEST, POLL, REST, Watch


class Kernel:
    """Tells what the test says."""

    def __init__(self, reactor, happened):
        self.happened = happened
        self.directories = set()
        self.stopped = False
        self.error = None

    def watch(self, directories):
        if self.error:
            raise self.error
        self.directories = set(directories)

    def stop(self):
        self.stopped = True


class Scene:
    """A folder that is watched, and how often it was told that it has changed."""

    def __init__(self, folder: Path, *, notify=None) -> None:
        self.folder = folder
        self.file = folder / "main.yaml"
        self.file.write_text("one")
        self.files = {self.file}
        self.clock = Clock()
        self.told = 0
        self.answer = None
        self.watch = Watch(self.clock, self.watched, self.changed, notify or self.kernel)

    def kernel(self, reactor, happened):
        self.notifier = Kernel(reactor, happened)
        return self.notifier

    def watched(self) -> Watched:
        return Watched(self.folder, frozenset(self.files))

    def changed(self):
        self.told += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def write(self, text: str, file: Path | None = None) -> None:
        (file or self.file).write_text(text)
        self.notifier.happened()


def no_inotify(reactor, happened):
    raise OSError(24, "Too many open files")


@pytest.fixture
def scene(tmp_path):
    made = Scene(tmp_path)
    made.watch.start()
    yield made
    made.watch.stop()
    assert not made.clock.getDelayedCalls()


@pytest.fixture
def polling(tmp_path):
    made = Scene(tmp_path, notify=no_inotify)
    made.watch.start()
    yield made
    made.watch.stop()
    assert not made.clock.getDelayedCalls()


def test_nothing_is_done_while_nothing_happens(scene):
    assert scene.notifier.directories == {scene.folder}
    assert not scene.clock.getDelayedCalls()
    assert not scene.watch.polls


def test_a_burst_is_one_change_once_it_is_at_rest(scene):
    for number in range(4):
        scene.write(f"{number} and more")
        scene.clock.advance(REST - 0.1)
        assert scene.told == 0
    scene.clock.advance(0.1)
    assert scene.told == 1
    assert not scene.clock.getDelayedCalls()


def test_a_directory_that_is_never_at_rest(scene):
    scene.write("two and more")
    waited = 0.0
    while not scene.told:
        scene.clock.advance(0.25)
        scene.notifier.happened()
        waited += 0.25
    assert waited == LATEST
    scene.clock.pump([0.25] * 40)
    assert scene.told == 1


def test_what_is_not_watched_is_no_change(scene):
    scene.write("x", scene.folder / "other")
    scene.clock.advance(REST)
    assert scene.told == 0


def test_what_is_as_before_in_the_end_is_no_change(scene):
    scene.file.rename(scene.folder / "away")
    scene.notifier.happened()
    (scene.folder / "away").rename(scene.file)
    scene.clock.advance(REST)
    assert scene.told == 0


def test_a_change_is_told_once_whatever_becomes_of_it(scene, failures):
    scene.answer = ValueError("the new one is wrong")
    scene.write("two and more")
    scene.clock.advance(REST)
    assert scene.told == 1
    failures.take(ValueError)
    scene.notifier.happened()
    scene.clock.advance(REST)
    assert scene.told == 1
    scene.answer = None
    scene.write("three and more")
    scene.clock.advance(REST)
    assert scene.told == 2


def test_what_changes_while_the_last_change_is_dealt_with_is_told_afterwards(scene):
    scene.answer = Deferred()
    scene.write("two and more")
    scene.clock.advance(REST)
    scene.write("three, which is longer")
    scene.clock.advance(REST)
    assert scene.told == 1
    answer, scene.answer = scene.answer, None
    answer.callback(None)
    scene.clock.advance(REST)
    assert scene.told == 2
    assert not scene.clock.getDelayedCalls()


def test_files_that_come_later_are_watched_too(scene):
    more = scene.folder / "conf.d" / "more.yaml"
    more.parent.mkdir()
    more.write_text("one")
    scene.files.add(more)
    scene.watch.renew()
    assert scene.notifier.directories == {scene.folder, more.parent}
    assert not scene.clock.getDelayedCalls()
    scene.write("another", more)
    scene.clock.advance(REST)
    assert scene.told == 1


def test_to_start_again_loses_nothing(scene):
    scene.write("two and more")
    kernel = scene.notifier
    scene.watch.start()
    assert scene.notifier is kernel
    scene.clock.advance(REST)
    assert scene.told == 1


def test_what_changes_while_it_is_stopped_is_not_told(scene):
    scene.watch.stop()
    scene.write("two and more")
    scene.watch.start()
    scene.clock.advance(REST)
    assert scene.told == 0
    scene.write("three, which is longer")
    scene.clock.advance(REST)
    assert scene.told == 1


def test_it_may_be_stopped_at_any_time(scene):
    scene.answer = Deferred()
    scene.write("two and more")
    scene.clock.advance(REST)
    scene.write("three, which is longer")
    scene.watch.stop()
    assert scene.notifier.stopped
    scene.answer.callback(None)
    scene.watch.renew()
    scene.watch.stop()
    assert not scene.clock.getDelayedCalls()


def test_without_the_kernel_it_looks_by_itself(polling):
    assert polling.watch.polls
    polling.clock.advance(POLL)
    polling.file.write_text("two and more")
    polling.clock.advance(POLL)
    assert polling.told == 0
    polling.file.write_text("two, which is longer")
    polling.clock.advance(POLL)
    assert polling.told == 0
    polling.clock.advance(POLL)
    assert polling.told == 1
    polling.clock.pump([POLL] * 3)
    assert polling.told == 1


def test_looking_by_itself_waits_too_until_a_change_is_dealt_with(polling):
    polling.answer = Deferred()
    polling.file.write_text("two and more")
    polling.clock.pump([POLL] * 2)
    polling.file.write_text("three, which is longer")
    polling.clock.pump([POLL] * 3)
    assert polling.told == 1
    answer, polling.answer = polling.answer, None
    answer.callback(None)
    polling.clock.pump([POLL] * 2)
    assert polling.told == 2


def test_a_kernel_that_has_no_more_room(scene):
    scene.notifier.error = OSError(28, "No space left on device")
    scene.watch.renew()
    assert scene.notifier.stopped
    assert scene.watch.polls
    scene.file.write_text("two and more")
    scene.clock.pump([POLL] * 2)
    assert scene.told == 1


@pytest_twisted.ensureDeferred
async def test_on_a_reactor(tmp_path):
    from twisted.internet import reactor

    file = tmp_path / "main.yaml"
    file.write_text("one")
    changed: Deferred[None] = Deferred()
    watch = Watch(reactor, lambda: Watched(tmp_path, frozenset({file})), lambda: changed.callback(None))
    watch.start()
    try:
        assert not watch.polls
        (tmp_path / "new").write_text("two")
        (tmp_path / "new").rename(file)
        await changed.addTimeout(20, reactor)
    finally:
        watch.stop()

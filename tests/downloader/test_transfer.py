"""Transfers from a source that fails as it is told, without a server."""

from __future__ import annotations

import json
from contextlib import contextmanager

import pytest

from aimctl_runtime.downloader import transfer as transfer_module
from aimctl_runtime.downloader.failures import Cause, DownloadError
from aimctl_runtime.downloader.folder import HUB_RECORDS, Folder, WantedFile
from aimctl_runtime.downloader.transfer import TRIES, Transfer

CONTENT = bytes(range(256)) * 4


class Source:
    """Gives `per_open` bytes at a time, then what `end` says: an error, or nothing."""

    def __init__(self, *, per_open=1024, end=None, final=None):
        self.per_open = per_open
        self.end = end or {}
        self.final = final
        self.opened = []

    @contextmanager
    def open(self, file, gap):
        self.opened.append((file.path, gap.start))
        yield self._bytes(file, gap)

    def _bytes(self, file, gap):
        per_open = 0 if file.path in self.end else self.per_open
        yield CONTENT[gap.start : gap.start + per_open]
        if file.path in self.end:
            raise self.end[file.path]

    def failure(self, error, what):
        return None if isinstance(error, ConnectionError | EOFError) else DownloadError(self.final, f"{what}: {error}")


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(transfer_module, "_FIRST_PAUSE", 0)


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path, HUB_RECORDS)


FILES = [WantedFile(name, len(CONTENT), name) for name in ("a", "b")]


def run(source, folder, *, workers=1, by_part=False):
    Transfer(source, folder, workers=workers, by_part=by_part).run(FILES)


def test_bodies_that_end_early_are_continued_as_long_as_they_bring_something(folder, tmp_path):
    source = Source(per_open=100)
    run(source, folder)
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert [start for path, start in source.opened if path == "a"] == list(range(0, len(CONTENT), 100))


@pytest.mark.parametrize("error", [EOFError("early"), ConnectionResetError("broken")])
def test_a_file_that_brings_nothing_more_is_given_up_and_the_others_are_fetched(folder, tmp_path, error):
    source = Source(end={"a": error})
    with pytest.raises(DownloadError, match=rf"a: {TRIES} tries brought nothing more") as caught:
        run(source, folder)
    assert caught.value.cause is Cause.OTHER
    assert len([1 for path, _ in source.opened if path == "a"]) == TRIES
    assert (tmp_path / "b").read_bytes() == CONTENT


def test_a_cause_that_no_try_mends_stops_everything(folder, tmp_path):
    source = Source(end={"a": ValueError("no access")}, final=Cause.DENIED)
    with pytest.raises(DownloadError, match="no access") as caught:
        run(source, folder)
    assert caught.value.cause is Cause.DENIED
    assert [path for path, _ in source.opened] == ["a"]
    assert not (tmp_path / "b").exists()


def test_what_is_held_is_told_at_the_end(folder, capsys):
    run(Source(), folder, workers=2, by_part=True)
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert events[0] == {"event": "listed", "total": 2 * len(CONTENT), "files": 2}
    assert events[-1] == {"event": "held", "bytes": 2 * len(CONTENT)}


def test_more_bytes_than_were_asked_for_are_left(folder, tmp_path):
    class Talkative(Source):
        def _bytes(self, _file, gap):
            yield CONTENT[gap.start :] + b"more"

    run(Talkative(), folder)
    assert (tmp_path / "a").read_bytes() == CONTENT

"""Partial files and the folder they lie in."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimctl_runtime.downloader import partial as partial_module
from aimctl_runtime.downloader.failures import DownloadError
from aimctl_runtime.downloader.folder import HUB_RECORDS, PARTIALS, Folder, WantedFile
from aimctl_runtime.downloader.partial import PartialFile, partial_name

PART = 8


@pytest.fixture(autouse=True, scope="module")
def small_parts():
    was, partial_module.PART = partial_module.PART, PART
    yield
    partial_module.PART = was


def content(size):
    return bytes(i % 251 for i in range(size))


@given(
    size=st.integers(0, 60),
    steps=st.lists(st.tuples(st.integers(0, 7), st.integers(1, 20), st.booleans()), max_size=12),
)
def test_however_often_it_is_interrupted_the_gaps_are_exactly_what_is_missing(size, steps):
    whole = content(size)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one = PartialFile(folder, "x", size)
        there = set()
        for part, length, is_reopened in steps:
            gaps = list(one.gaps_of_part(part)) if part * PART < size else []
            for gap in gaps:
                end = min(gap.start + length, gap.end)
                one.write(gap.start, whole[gap.start : end])
                there |= set(range(gap.start, end))
            if is_reopened:
                one.close()
                one = PartialFile(folder, "x", size)
            missing = [i for gap in one.gaps() for i in range(gap.start, gap.end)]
            assert missing == sorted(set(range(size)) - there)
            assert one.held == len(there)
        for gap in list(one.gaps()):
            one.write(gap.start, whole[gap.start : gap.end])
        one.finish(folder / "sub" / "final")
        assert (folder / "sub" / "final").read_bytes() == whole
        assert sorted(p.name for p in folder.iterdir()) == ["sub"]


@given(st.binary(max_size=60), st.integers(0, 30))
def test_a_ledger_that_does_not_fit_is_started_anew(ledger, on_disk):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "x.ledger").write_bytes(ledger)
        (folder / "x.partial").write_bytes(b"?" * on_disk)
        one = PartialFile(folder, "x", 30)
        assert list(one.gaps()) == [(0, 30)]
        one.close()


def test_a_ledger_that_claims_more_than_the_file_holds_is_started_anew(tmp_path):
    one = PartialFile(tmp_path, "x", 30)
    one.write(0, content(20))
    one.close()
    with (tmp_path / "x.partial").open("r+b") as file:
        file.truncate(10)
    one = PartialFile(tmp_path, "x", 30)
    assert (one.held, list(one.gaps())) == (0, [(0, 30)])
    one.close()


def test_two_processes_may_write_the_same_file(tmp_path):
    first, second = PartialFile(tmp_path, "x", 20), PartialFile(tmp_path, "x", 20)
    for one in (first, second):
        one.write(0, content(20))
    first.finish(tmp_path / "final")
    second.finish(tmp_path / "final")
    assert (tmp_path / "final").read_bytes() == content(20)


def test_another_content_is_never_continued():
    assert partial_name("a", "1") != partial_name("a", "2") != partial_name("b", "2")


# ---- the folder -----------------------------------------------------------------------------------------------------
@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path, HUB_RECORDS, "commit")


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", "", ".cache/aim/x", "a\0b", "./.git/config"])
def test_a_path_that_leads_elsewhere_is_refused(folder, path):
    with pytest.raises(DownloadError):
        folder.final(WantedFile(path, 1, "i"))


def test_a_file_of_the_right_size_without_a_record_counts_as_present(folder, tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    assert folder.is_present(WantedFile("a", 5, "i"))
    assert not folder.is_present(WantedFile("b", 5, "i"))


def test_a_file_that_is_outdated_is_removed_with_its_record(folder, tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    folder.remember(WantedFile("a", 5, "old"))
    assert folder.is_present(WantedFile("a", 5, "old"))
    assert not folder.is_present(WantedFile("a", 5, "new"))
    assert not (tmp_path / "a").exists()
    (tmp_path / "a").write_bytes(b"123")
    assert not folder.is_present(WantedFile("a", 5, "i"))


def test_a_record_that_is_no_record_says_nothing(folder, tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    record = tmp_path / HUB_RECORDS / "a.metadata"
    record.parent.mkdir(parents=True)
    record.write_bytes(b"\xff\xfe")
    assert folder.is_present(WantedFile("a", 5, "i"))


def test_only_partial_files_that_somebody_goes_on_with_are_kept(folder, tmp_path):
    wanted, other = WantedFile("a", 20, "new"), WantedFile("a", 20, "old")
    for file in (wanted, other):
        folder.open_partial(file).close()
    left = tmp_path / HUB_RECORDS / "sub" / "x.incomplete"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"useless")
    folder.sweep([wanted])
    name = partial_name("a", "new")
    assert sorted(p.name for p in (tmp_path / PARTIALS).iterdir()) == [f"{name}.ledger", f"{name}.partial"]
    assert not left.exists()

"""Volumes that are full or refuse: a small tmpfs where mounting is allowed, a limit on file sizes where it is not."""

from __future__ import annotations

import subprocess

import pytest

from downloader.program import Program

MB = 1 << 20
URI = "hf://amd/tiny-model"


@pytest.fixture
def small_volume(tmp_path):
    """A folder on a volume of 24 MB, and a way to make the volume larger."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small tmpfs; test_parts.py checks how a full volume is told")
    yield folder, lambda: subprocess.run(["mount", "-o", "remount,size=64m", str(folder)], check=True)
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.rule("A10")
def test_a_full_volume_is_storage_full_and_keeps_what_it_holds(hub, program, small_volume, api):
    folder, enlarge = small_volume
    model = hub.repository("amd/tiny-model", {"a.safetensors": 20 * MB, "b.safetensors": 20 * MB})
    variables = {"TARGET_DIR": str(folder), "AIM_DOWNLOADER_PROTOCOL": "HF_TRANSFER,HTTP", **api.environment}
    run = program.run(URI, **variables)
    assert (run.code, run.reason) == (1, "StorageFull")
    assert run.last_line.startswith("No space left on device")
    assert api.status["download"]["attempt"] == 1, "no other protocol can mend it"
    at_first = hub.sent.total()
    enlarge()
    assert program.run(URI, **variables).code == 0
    assert all((folder / f.path).read_bytes() == f.local.read_bytes() for f in model.files.values())
    assert hub.sent.total() - at_first <= 40 * MB - 16 * MB, "what was fetched is not fetched again"


def test_a_folder_that_cannot_be_written_says_so(hub, tmp_path, program):
    hub.repository("amd/tiny-model", {"a.safetensors": 2 * MB})
    blocked = tmp_path / "a-file"
    blocked.write_text("in the way")
    run = Program({**program.environment, "TARGET_DIR": str(blocked)}).run(URI)
    assert run.code == 1
    assert "Not a directory" in run.last_line

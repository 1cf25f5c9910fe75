"""The image: its entry points call the program as the jobs expect it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "deploy" / "downloader"
URI = "hf://amd/tiny-model"


@pytest.fixture
def said(tmp_path):
    """Runs an entry point with a program that only says how it was called."""
    program = tmp_path / "aim-artifact-downloader"
    program.write_text('#!/bin/sh\necho "$TARGET_DIR|$*"\n')
    program.chmod(0o755)

    def run(script, *arguments):
        text = (FOLDER / script).read_text().replace("/entrypoint.sh", str(FOLDER / "entrypoint.sh"))
        path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
        done = subprocess.run(
            ["sh", "-c", text, script, *arguments], env=path, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    return run


@pytest.mark.rule("A7")
@pytest.mark.parametrize(
    ("script", "arguments", "call"),
    [
        ("entrypoint.sh", [URI], f"|{URI}"),
        ("check-size.sh", [URI], f"|--check-size {URI}"),
        ("initializer-entrypoint", [URI, "/mnt/models"], f"/mnt/models|{URI}"),
    ],
)
def test_an_entry_point_calls_the_program(said, script, arguments, call):
    assert said(script, *arguments) == call


def test_the_image_runs_as_the_user_of_the_jobs_and_installs_by_hash():
    text = (FOLDER / "Dockerfile").read_text()
    assert "USER 1000:1000" in text
    assert text.count("pip install --require-hashes") == text.count("pip install") - 1, (
        "all but the wheel of this project"
    )
    for script in ("entrypoint.sh", "check-size.sh", "initializer-entrypoint"):
        assert script in text
        assert os.access(FOLDER / script, os.X_OK)

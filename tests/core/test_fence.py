"""The fence itself can fail."""

from __future__ import annotations

import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from fence import FenceBrokenError


def test_opening_a_file_breaks_the_fence():
    with pytest.raises(FenceBrokenError, match="opened"):
        Path(tempfile.gettempdir(), "x").write_text("y")


def test_a_socket_breaks_the_fence():
    with pytest.raises(FenceBrokenError, match="socket"):
        socket.socket()


def test_a_process_breaks_the_fence():
    with pytest.raises(FenceBrokenError, match=r"subprocess|os\."):
        subprocess.run(["true"], check=False)

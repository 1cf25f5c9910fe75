"""The fence itself can fail."""

from __future__ import annotations

import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from fence import FenceBroken


def test_opening_a_file_breaks_the_fence():
    with pytest.raises(FenceBroken, match="opened"):
        Path(tempfile.gettempdir(), "x").open("w")


def test_a_socket_breaks_the_fence():
    with pytest.raises(FenceBroken, match="socket"):
        socket.socket()


def test_a_process_breaks_the_fence():
    with pytest.raises(FenceBroken, match=r"subprocess|os\."):
        subprocess.run(["true"], check=False)

"""Servers on the loopback address and the program that talks to them."""

from __future__ import annotations

import pytest

from downloader.api_server import api_server
from downloader.hub_server import hub_server
from downloader.program import program_for


@pytest.fixture
def hub(tmp_path):
    with hub_server(tmp_path / "hub") as hub:
        yield hub


@pytest.fixture
def api(tmp_path):
    with api_server(tmp_path / "account") as api:
        yield api


@pytest.fixture
def program(tmp_path, hub):
    program = program_for(tmp_path, HF_ENDPOINT=hub.url)
    yield program
    program.close()

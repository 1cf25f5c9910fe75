"""Recorded exchanges of several versions of kubectl, replayed without kubectl over real HTTP."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import aiohttp
import pytest

from aimctl_runtime.local.exchange import Reply
from local.shell import important, request_of, steady_cluster

FILES = sorted((Path(__file__).parent / "exchanges").glob("*/*.json"))


def test_three_versions_of_kubectl_are_on_record():
    assert len({file.parent.name for file in FILES}) >= 3


@pytest.mark.parametrize("file", FILES, ids=lambda f: f"{f.parent.name}-{f.stem}")
def test_the_server_answers_what_it_answered_kubectl(file):
    asyncio.run(_replay(json.loads(file.read_text())))


async def _replay(exchanges: list[dict]) -> None:
    """Sends each request in order; what must stay the same of each answer is as recorded."""
    async with steady_cluster() as local, aiohttp.ClientSession(local.url) as session:
        for exchange in exchanges:
            wanted = exchange["answer"]
            sent = request_of(exchange["request"])
            headers = {"Content-Type": sent.content_type, "Accept": sent.accept, "User-Agent": sent.agent}
            async with session.request(
                sent.method, sent.path, params=_current(sent.query, local), headers=headers, data=sent.body
            ) as got:
                if "stream" in wanted:
                    assert got.status == 200, (sent, await got.text())
                    assert got.headers["Transfer-Encoding"] == "chunked"
                    continue
                answer = important(Reply(got.status, await got.read(), content_type=got.headers["Content-Type"]))
            assert answer == wanted, sent


def _current(query: dict, local) -> dict:
    """The query with today's version in place of the recorded one."""
    if query.get("resourceVersion", "0") == "0":
        return dict(query)
    return {**query, "resourceVersion": str(local.cluster.resource_version)}

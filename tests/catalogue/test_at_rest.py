"""A large catalogue: ten thousand tags from a paged registry, and many models with many templates, at rest."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from aimcore.facts import Answer, RepositoryListing, RepositoryTags
from aimcore.kinds.model_source import plan_model_source
from aimcore.resource import Key
from aimcore.snapshot import Snapshot
from aimcore.table import Table
from aimctl_runtime.clock import SystemClock
from aimctl_runtime.observe.listing import TagLister
from aimctl_runtime.observe.secrets import SecretReader
from shell.doubles import START, ScriptedClient, run
from shell.web import serving

from .stage import BASE, Stage

REPOSITORIES, TAGS, PAGE = 10, 1000, 100


class Paged:
    """A registry that gives a hundred tags at a time, whatever is asked for."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    async def __call__(self, request: web.Request) -> web.Response:
        self.seen[request.path] += 1
        if request.path == "/v2/_catalog":
            return web.json_response({"repositories": [f"org/aim-{n}" for n in range(REPOSITORIES)]})
        start = int(request.query.get("last", "0"))
        tags = [f"{n // 100}.{n // 10 % 10}.{n % 10}" for n in range(start, start + PAGE)]
        more = {"Link": f'<{request.path}?last={start + PAGE}>; rel="next"'} if start + PAGE < TAGS else {}
        return web.json_response({"tags": tags}, headers=more)


@pytest.mark.rule("S-11", "S-14", "S-15", "S-20")
def test_ten_thousand_tags_are_asked_for_once_each_page_and_read_once():
    registry = Paged()

    async def listed() -> Any:
        async with serving(registry) as host, aiohttp.ClientSession() as session:
            lister = TagLister(session, SecretReader(ScriptedClient()), SystemClock())
            return host, await lister.tags(RepositoryTags(host, "org/aim-*", "aim-system"))

    host, listing = run(listed())
    assert isinstance(listing, RepositoryListing)
    assert len(set(listing.images)) == REPOSITORIES * TAGS
    assert sum(registry.seen.values()) == 1 + REPOSITORIES * TAGS // PAGE
    spec = {"filters": [{"image": f"{host}/org/aim-*", "versions": [">=5.0.0"]}], "maxModels": 50}
    source = {"kind": "AIMClusterModelSource", "metadata": {"name": "s", "uid": "s", "generation": 1}, "spec": spec}
    table = Table([source])
    table.learn_answer(RepositoryTags(host, "org/aim-*", "aim-system"), Answer(listing, START))
    plan = plan_model_source(Snapshot(table, START), table.find(Key("AIMClusterModelSource", "", "s")))  # type: ignore[arg-type]
    assert plan.status["availableModels"] == REPOSITORIES * TAGS // 2
    assert len(plan.children) == 50
    assert len(plan.reads) < 150


@pytest.mark.rule("M-42", "W-7", "E-13")
def test_many_models_with_many_templates_come_to_rest_and_write_nothing_more():
    stage = Stage()
    models, templates = 25, 8
    for number in range(models):
        stage.put(
            "AIMModel",
            f"model-{number:02}",
            spec={
                "image": BASE,
                "modelSources": [{"modelId": "acme/demo", "sourceUri": "hf://acme/demo", "size": "1Gi"}],
                "custom": {"hardware": {"gpu": {"requests": 1, "model": "MI300X"}}},
                "customTemplates": [{"name": f"v{n}"} for n in range(templates)],
            },
        )
    stage.run()
    assert stage.statuses("AIMModel") == {"Ready": models}
    assert stage.statuses("AIMServiceTemplate") == {"Ready": models * templates}
    stage.forget()
    stage.play.driver.resync()
    stage.run(timedelta(hours=12).total_seconds())
    assert len(stage.plans) == models * (templates + 1)
    stage.play.driver.restart()
    stage.run()
    assert stage.play.driver.writes == {}

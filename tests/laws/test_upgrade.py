"""Law 10: what a released render revision made of a service, every later release makes of it, byte for byte."""

from __future__ import annotations

import json

import pytest

from aimcore.resource import Key
from aimcore.settings import Settings
from aimcore.simulation.cluster import Cluster
from aimcore.testing.histories import Edit, Play, Restart, Wait
from laws.golden import GOLDEN, RENDERED, REVISIONS, SERVICES, path_of, render
from laws.scenarios import CHAT
from laws.tally import Tally

CASES = [(name, revision) for name in SERVICES for revision in REVISIONS]


@pytest.mark.parametrize(("name", "revision"), CASES)
def test_a_revision_renders_what_it_always_did(name: str, revision: int, cluster: Cluster, tally: Tally) -> None:
    assert render(name, revision, cluster) == path_of(name, revision).read_text(encoding="utf-8")
    tally.tried["golden renders"] += 1


def test_every_golden_file_is_compared() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {path_of(*case).name for case in CASES}


@pytest.mark.parametrize("name", SERVICES)
def test_a_golden_render_has_what_its_service_asks_for(name: str) -> None:
    for revision in REVISIONS:
        kinds = [child["kind"] for child in json.loads(path_of(name, revision).read_text(encoding="utf-8"))]
        assert "InferenceService" in kinds
        assert set(kinds) <= set(RENDERED)


def _manifests(play: Play) -> dict[Key, str]:
    keys = play.keys(*RENDERED)
    found = {key: play.cluster.peek(*key) for key in keys}
    return {k: json.dumps([o["metadata"]["generation"], o["spec"]], sort_keys=True) for k, o in found.items() if o}


@pytest.mark.parametrize("name", ["minimal", "everything", "runtime-config-and-labels", "cluster-model"])
def test_a_newer_release_leaves_running_services_as_they_are(name: str, cluster: Cluster) -> None:
    old = Play({}, cluster=cluster.fork(), operator=Settings(render_revision=1))
    old.act(SERVICES[name])
    old.converge()
    before = _manifests(old)
    new = Play(world=old.world)
    new.act([Restart(), Wait(600)])
    assert _manifests(new) == before


def test_a_service_follows_the_newest_revision_when_its_owner_says_so(cluster: Cluster) -> None:
    old = Play({}, cluster=cluster.fork(), operator=Settings(render_revision=1))
    old.act(SERVICES["minimal"])
    old.converge()
    before = _manifests(old)
    new = Play(world=old.world)
    new.act([Edit(CHAT, {"metadata": {"annotations": {"aim.eai.amd.com/render-revision": "latest"}}}), Wait(600)])
    assert _manifests(new) != before

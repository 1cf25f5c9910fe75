"""Settings of the world: everything has a default, every mistake is one sentence."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import yaml

from aimcore.simulation.settings import (
    Delays,
    Gateway,
    Image,
    Keda,
    KServe,
    Listener,
    NodePool,
    Source,
    StorageClass,
    WorldSettings,
    WorldSettingsError,
    default_world,
)


def test_the_empty_mapping_is_the_default_world() -> None:
    assert WorldSettings.read({}) == default_world()


def test_without_the_default_catalogue_only_the_given_images_exist() -> None:
    settings = WorldSettings.read({"defaultCatalogue": False, "images": [{"image": "a/b:1", "pullSeconds": None}]})
    assert [i.image for i in settings.images] == ["a/b:1"]
    assert settings.sources == ()


def test_given_images_stand_before_the_default_ones() -> None:
    settings = WorldSettings.read({"images": [{"image": "a/b:1", "profiles": [{"x": 1}]}]})
    assert settings.images[0].image == "a/b:1"
    assert len(settings.images) == len(default_world().images) + 1


def test_nested_keys_are_read() -> None:
    settings = WorldSettings.read(
        {
            "nodes": [{"name": "n", "gpus": 4, "labels": {"a": "b"}}],
            "gateways": [{"name": "g", "namespace": "gw", "listeners": [{"allowedFrom": "Same"}]}],
            "kserve": {"flavour": "old"},
            "keda": {"loads": {"ml-team/x": 3}},
            "delays": {"pull": 1.5},
            "podQuota": {"ml-team": 2},
        }
    )
    assert settings.nodes == (NodePool("n", gpus=4, labels={"a": "b"}),)
    assert settings.gateways[0].listeners[0].allowed_from == "Same"
    assert (settings.kserve.flavour, settings.keda.loads, settings.delays.pull) == ("old", {"ml-team/x": 3}, 1.5)


@pytest.mark.parametrize(
    ("mapping", "problem"),
    [
        ([], "world: [] is no mapping"),
        ({"nodez": []}, "world: unknown key 'nodez'"),
        ({"nodes": {}}, "world.nodes: {} is no list"),
        ({"nodes": [{}]}, "world.nodes[0]: name is missing"),
        ({"nodes": [{"name": "n", "gpus": True}]}, "world.nodes[0].gpus: True is no whole number of 0 or more"),
        ({"nodes": [{"name": 7}]}, "world.nodes[0].name: 7 is no text"),
        ({"kserve": {"running": "yes"}}, "world.kserve.running: 'yes' is no boolean"),
        ({"kserve": {"flavour": "x"}}, "world.kserve.flavour: 'x' is not allowed; allowed are 'old', 'new'"),
        ({"delays": {"pull": -1}}, "world.delays.pull: -1 is no number of 0 or more"),
        ({"podQuota": {1: 1}}, "world.podQuota: {1: 1} is no mapping of texts"),
    ],
)
def test_a_mistake_is_a_sentence_that_names_place_and_value(mapping: object, problem: str) -> None:
    with pytest.raises(WorldSettingsError) as caught:
        WorldSettings.read(mapping)
    assert any(p.startswith(problem) for p in caught.value.problems)


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(WorldSettingsError) as caught:
        WorldSettings.read({"nodes": 1, "kserve": {"crd": "half"}})
    assert len(caught.value.problems) == 2


def documented() -> dict:
    text = (Path(__file__).parents[3] / "docs" / "world.md").read_text(encoding="utf-8")
    return yaml.safe_load(text.split("```yaml\n")[1].split("```")[0])


def test_the_documented_file_can_be_read_and_shows_the_defaults() -> None:
    file = documented()
    read, default = WorldSettings.read(file), default_world()
    assert read.images[0].image == "ghcr.io/acme/aim-demo:1.*"
    assert dataclasses.replace(read, images=default.images, sources=default.sources) == default


def keys_of(cls: type) -> set[str]:
    names = (f.name.split("_") for f in dataclasses.fields(cls))
    return {first + "".join(word.capitalize() for word in rest) for first, *rest in names}


def test_every_key_is_documented() -> None:
    file = documented()
    assert set(file) == keys_of(WorldSettings)
    for cls, shown in (
        (NodePool, file["nodes"][0]), (Image, file["images"][0]), (Source, file["sources"][0]),
        (StorageClass, file["storageClasses"][0]), (Gateway, file["gateways"][0]),
        (Listener, file["gateways"][0]["listeners"][0]), (KServe, file["kserve"]), (Keda, file["keda"]),
        (Delays, file["delays"]),
    ):  # fmt: skip
        assert set(shown) == keys_of(cls), cls

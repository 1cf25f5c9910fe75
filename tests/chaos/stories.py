"""Stories: histories of the laws, each in a namespace of its own, with what they come to when nobody disturbs them.

1. Stories of one plot are told at the same time in one world; they share nothing but its nodes.
2. A story has parts; a part begins when the cluster has come to what the part before it comes to (a long `Wait`).
3. What it comes to is known from the controller in memory, in the same world, with uids that follow from names.
4. Left out of the comparison: Jobs, which go by themselves, and what tells of the past (`TOLD`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from typing import Any

from aimcore.dispatch import AIM
from aimcore.facts import Answer, InspectedImage
from aimcore.resource import Key
from aimcore.simulation.clock import Clock
from aimcore.simulation.cluster import Cluster
from aimcore.simulation.settings import WorldSettings
from aimcore.simulation.world import World
from aimcore.testing.answers import answer_of
from aimcore.testing.histories import START, Action, Edit, History, Play, Put, Remove, RemoveAny, Restart, Wait
from aimcore.testing.masking import State, compared_kinds, end_state
from aimcore.testing.samples import QWEN
from laws.scenarios import ALL, chat, history, obj

from .backend import DELAYS
from .cluster import new_cluster
from .registry import Registry
from .witness import Birth, Witness

HOME = "ml-team"
LONG = 30
"""Seconds; who waits as long waits until everything has settled."""
COMPARED = tuple(kind for kind in compared_kinds(AIM) if kind != "Job")
TOLD = ("templateSelection", "download")
"""How a choice fell when it was made, and how a download went: nobody sees it who was not there."""
SETTLING = timedelta(minutes=10)
SYSTEM = ("default", "kube-system", "aim-system", "gateways", "kserve", "keda")


@dataclass(frozen=True, slots=True)
class Plot:
    """Stories by the names of their histories, and what is particular about their world."""

    names: tuple[str, ...]
    world: Mapping[str, Any]


LATER = "another that shares"
HISTORIES: Mapping[str, History] = {
    **ALL,
    LATER: history(chat(), Wait(600), obj("AIMService", "other", {"model": {"image": QWEN}})),
}
"""Who shares a model comes second for sure: it keeps the labels of the first."""
PLOTS: Mapping[str, Plot] = {
    "crowd": Plot(
        (
            "everything at once", "runtime config", LATER, "edited", "children deleted by hand",
            "deleted and made again", "scaling comes and goes", "overrides",
        ),
        {},
    ),
    "old KServe": Plot(
        ("everything at once", "edited", "children deleted by hand", "deleted"), ALL["old KServe"].world
    ),
    "one": Plot(("everything at once",), {}),
    "pair": Plot(("everything at once", "edited"), {}),
    "webhooks": Plot(("everything at once", "children deleted by hand", "deleted"), ALL["defaults of webhooks"].world),
    "sick": Plot(
        (
            "everything at once", "no room", "invalid spec", "route lost while running", "deleted and made again",
            "deleted",
        ),
        ALL["rejected route"].world,
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Story:
    """A history in its namespace, and the masked states that it comes to, one after each part."""

    name: str
    namespace: str
    parts: tuple[tuple[Action, ...], ...]
    ends: tuple[State, ...]
    births: Counter[Birth]


def world_of(plot: Plot, registry: Registry) -> WorldSettings:
    """The world of a plot: fast, with its images in the registry."""
    spaces = [space_of(name) for name in plot.names]
    nodes = [{"name": "mi300x", "count": 4}]
    given = {"nodes": nodes, **plot.world, "delays": DELAYS, "images": registry.catalogue()}
    return WorldSettings.read({**given, "namespaces": [*SYSTEM, *spaces]})


def space_of(name: str) -> str:
    """The namespace of a history."""
    return name.lower().replace(" ", "-")


@cache
def stories_of(plot: str, registry: Registry) -> tuple[Story, ...]:
    """The stories of a plot, with their ends. Raises AssertionError if one comes to no end."""
    world = world_of(PLOTS[plot], registry)
    return tuple(_story(name, world, registry) for name in PLOTS[plot].names)


def _story(name: str, world: WorldSettings, registry: Registry) -> Story:
    """A story with its ends, played by the controller in memory."""
    namespace = space_of(name)
    parts = tuple(_parts(_moved(action, namespace, registry.address) for action in HISTORIES[name].actions))
    play = Play(world=World(new_cluster(Clock(START)), world))
    play.driver.answers = lambda want, now: Answer(_as_told(answer_of(play.world, want), registry, want), now)
    witness, states, ends = Witness(play.cluster), States(play.cluster), []
    for part in parts:
        play.act(resolved(part, play.cluster, namespace))
        play.pass_time(SETTLING)
        ends.append(states.of(namespace))
    assert not play.refused, f"{name}: the server refused {play.refused} actions"
    assert play.converge(), f"{name}: it never comes to rest"
    ends[-1] = states.of(namespace)
    return Story(name, namespace, parts, tuple(ends), witness.births(namespace))


def _as_told(value: object, registry: Registry, want: Any) -> object:
    """The answer as the registry gives it: with the digest of the document that it serves."""
    return replace(value, digest=registry.digest(want.image)) if isinstance(value, InspectedImage) else value


class States:
    """The masked objects of a cluster by namespace, made once for each version of it."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._version = -1
        self._found: dict[str, State] = {}

    def of(self, namespace: str) -> State:
        """The masked objects of a namespace as they are now."""
        if self._version != self._cluster.resource_version:
            self._version = self._cluster.resource_version
            self._found = {}
            for key, masked in end_state(self._cluster, COMPARED).items():
                for member in TOLD:
                    masked.get("status", {}).pop(member, None)
                self._found.setdefault(masked["metadata"].get("namespace", ""), {})[key] = masked
        return self._found.get(namespace, {})


def resolved(actions: Iterable[Action], cluster: Cluster, namespace: str) -> Iterator[Action]:
    """The actions as this cluster understands them: `RemoveAny` means one of the namespace."""
    for action in actions:
        match action:
            case RemoveAny(kind, place):
                found = list(cluster.objects(kind, namespace))
                yield Remove(Key(kind, namespace, found[place % len(found)]["metadata"]["name"]))
            case _:
                yield action


def _parts(actions: Iterable[Action]) -> Iterator[tuple[Action, ...]]:
    part: list[Action] = []
    for action in actions:
        match action:
            case Wait(seconds) if seconds >= LONG:
                yield tuple(part)
                part = []
            case Wait() | Restart():
                pass  # the machine's time passes by itself, and restarts come as they are scheduled
            case _:
                part.append(action)
    if part:
        yield tuple(part)


def _moved(action: Action, namespace: str, address: str) -> Action:
    """The action in another namespace, with its images in the registry at `address`."""

    def moved(value: Any) -> Any:
        text = json.dumps(value).replace(f'"{HOME}"', f'"{namespace}"')
        return json.loads(text.replace('"amdenterpriseai/', f'"{address}/amdenterpriseai/'))

    match action:
        case Put(manifest):
            return Put(moved(manifest))
        case Edit(key, patch, subresource):
            return Edit(key._replace(namespace=namespace), moved(patch), subresource)
        case Remove(key):
            return Remove(key._replace(namespace=namespace))
        case _:
            return action

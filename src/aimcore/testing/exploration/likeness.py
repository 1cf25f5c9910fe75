"""When two courses at rest are alike, so that what comes of one comes of the other.

Two rests of one place and moment are *equal* if
1. the world's settings and all that its actors know are equal;
2. the objects are equal but for their resourceVersions, and stand in the same order: who is first in a queue counts;
3. the controller knows every object as it is and is due for nothing; it is scheduled for the same, has the same answers
   and outcomes, and the same kinds are there.
The *reads* of its newest plans are not compared: they follow from what it knows (laws 1 and 4). Nor is which manifests
the server took: a controller at rest that has just started wants nothing, so nothing is left alone for that alone.

Two rests are *alike in time* if one is the other at another time:
4. all of the above holds with moments masked in objects, and every next look as far from now as the other's;
5. no action is to come, or nothing will happen by itself before it.
This leaves open that a limit of time, which has not been scheduled yet, is nearer in one than in the other. Whoever
relies on it plays some of such branches to their end (`branches.Explorer`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from aimcore.facts import Answer, Outcome
from aimcore.resource import Json, Key
from aimcore.testing.exploration.course import Course

T = TypeVar("T")
Spot = tuple[int, datetime | None, datetime]
"""Where in a history, until when it waits, and when."""
Circumstances = tuple[int, str]
"""What two rests that are alike in time have in common beside their objects."""
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_EPOCH_SECONDS = 1e9
"""Greater numbers in the memory of an actor are moments."""


@dataclass(frozen=True, slots=True)
class Rest:
    """A course at rest. `version` is the cluster's, which is not compared; `is_last`: nothing will happen by itself."""

    version: int
    now: datetime
    place: int
    is_last: bool
    settings: Any
    actors: tuple[dict[str, object], ...]
    objects: dict[str, dict[Key, Json]]
    timers: dict[Key, datetime]
    failures: dict[Key, int]
    forced: dict[Key, dict[str, datetime]]
    facts: tuple[Any, ...]

    @classmethod
    def of(cls, course: Course) -> Rest:
        """The state of a course in which nothing is due."""
        world, memory = course.play.world, course.driver.memory
        return cls(
            version=course.play.cluster.resource_version,
            now=course.now,
            place=course.place,
            is_last=course.place >= len(course.history.actions) or course.is_silent,
            settings=world.settings,
            actors=tuple(actor.memory() for actor in world.actors),
            objects={kind: dict(known) for kind, known in world.stage.objects.items() if known},
            timers=dict(memory.timers),
            failures=dict(memory.failures),
            forced={key: dict(managers) for key, managers in memory.forced.items()},
            facts=memory.table.facts()[:3],
        )


def spot_of(course: Course) -> Spot:
    """Where in its history, and when, a course is."""
    return course.place, course.until, course.now


def are_equal(one: Rest, other: Rest) -> bool:
    """Rules 1 to 3, for two rests of the same spot; that the controller knows all is `knows_all`."""
    return (
        one.timers == other.timers
        and one.failures == other.failures
        and one.forced == other.forced
        and one.facts == other.facts
        and one.settings == other.settings
        and one.actors == other.actors
        and _same_objects(one.objects, other.objects)
    )


def _same_objects(one: dict[str, dict[Key, Json]], other: dict[str, dict[Key, Json]]) -> bool:
    if one.keys() != other.keys():
        return False
    for kind, objects in one.items():
        others = other[kind]
        if list(objects) != list(others):
            return False
        for key, obj in objects.items():
            if obj is not others[key] and not _same(obj, others[key]):
                return False
    return True


def _same(one: Json, other: Json) -> bool:
    """Equal but for the resourceVersion."""
    if one.keys() != other.keys():
        return False
    members = ((value, other[name]) for name, value in one.items() if name != "metadata")
    return all(a is b or a == b for a, b in members) and _same_metadata(one["metadata"], other["metadata"])


def _same_metadata(one: Json, other: Json) -> bool:
    return one.keys() == other.keys() and all(
        value == other[name] for name, value in one.items() if name != "resourceVersion"
    )


def knows_all(course: Course) -> bool:
    """Whether the controller knows every object as it is, and nothing that is gone."""
    table, kinds = course.driver.memory.table, course.driver.vocabulary.kinds
    known = 0
    for kind, objects in course.play.world.stage.objects.items():
        if kind not in kinds or kind == "Secret":
            continue
        for key, obj in objects.items():
            found = table.find(key)
            if found is None or found.resource_version != obj["metadata"]["resourceVersion"]:
                return False
            known += 1
    return known == len(table)


# ---- alike in time --------------------------------------------------------------------------------------------------
class Masks:
    """Objects with their moments masked, each made once. `beneath`: those of a trunk, whose objects branches share."""

    def __init__(self, beneath: Masks | None = None) -> None:
        self.known: dict[int, tuple[Json, str]] = {}
        self._beneath = beneath.known if beneath is not None else {}

    def digest(self, rest: Rest) -> int:
        """What the objects of two rests that are alike in time have in common."""
        return hash(tuple([self.of(obj) for kind in sorted(rest.objects) for obj in rest.objects[kind].values()]))

    def of(self, obj: Json) -> str:
        """The object as a text without moments and its version."""
        known = self._beneath.get(id(obj)) or self.known.get(id(obj))
        if known is None or known[0] is not obj:  # the object is kept, so that its id stays its own
            known = self.known[id(obj)] = (obj, _masked(obj))
        return known[1]


def _masked(obj: Json) -> str:
    metadata = {k: v for k, v in obj["metadata"].items() if k != "resourceVersion"}
    return _MOMENT.sub("T", json.dumps({**obj, "metadata": metadata}))


def outline(rest: Rest) -> tuple[object, ...]:
    """What two rests that are alike in time have in common at a glance."""
    return rest.place, tuple((kind, len(rest.objects[kind])) for kind in sorted(rest.objects)), frozenset(rest.timers)


def circumstances(rest: Rest) -> Circumstances:
    """What the controller and the actors know and are about to do, as seen from now (rule 4)."""
    known = (rest.actors, rest.timers, rest.failures, rest.forced, rest.facts)
    return rest.place, repr(_seen_from(known, rest.now))


@dataclass(slots=True)
class _Entry(Generic[T]):
    rest: Rest
    beside: T
    digest: int | None = None


class Alike(Generic[T]):
    """Rests with something beside each, to be found from one that is alike in time (rules 4 and 5).

    Objects are looked at only where the circumstances are the same, for that costs more than all the rest.
    """

    def __init__(self, masks: Masks | None = None) -> None:
        self.masks = masks or Masks()
        self._entries: dict[Circumstances, list[_Entry[T]]] = {}

    def add(self, rest: Rest, seen: Circumstances, beside: T) -> None:
        self._entries.setdefault(seen, []).append(_Entry(rest, beside))

    def find(self, rest: Rest, seen: Circumstances, masks: Masks) -> Iterator[T]:
        """What stands beside those that are alike. `masks` keep the objects of `rest`."""
        entries = self._entries.get(seen)
        if entries is None:
            return
        digest = masks.digest(rest)
        for entry in entries:
            if entry.digest is None:
                entry.digest = self.masks.digest(entry.rest)
            if entry.digest == digest and entry.rest.settings == rest.settings:
                yield entry.beside


def _seen_from(value: Any, now: datetime) -> Any:
    """The value with moments as their distance from now."""
    match value:
        case datetime():
            return value - now
        case float() if value > _EPOCH_SECONDS:
            return value - now.timestamp()
        case Answer():
            return value.value
        case Outcome():
            return replace(value, at=now, seen="")
        case dict():
            return sorted(_pairs(value, now))
        case set() | frozenset():
            return sorted(repr(_seen_from(item, now)) for item in value)
        case tuple() | list():
            return [_seen_from(item, now) for item in value]
        case _:
            return value


def _pairs(value: dict[Any, Any], now: datetime) -> Iterator[tuple[str, str]]:
    return ((repr(_seen_from(k, now)), repr(_seen_from(v, now))) for k, v in value.items())

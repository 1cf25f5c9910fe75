"""Golden journeys: what came of representative histories in the last release, as one page of text for each.

1. A page says what stands in the end: each object of ours and each child with a digest of what is wanted of it and of
   the rest of its status, and its conditions in words, but for those that say that nothing is amiss. Then what came and
   went on the way, and what was written how often.
2. Moments are masked; everything else follows from the history, for uids follow from names.
3. `python -m laws.journeys` (from `tests`, with `src` on the path) writes the pages anew, `… NAME` shows the objects of
   one. A page that changes is a change that users see: it belongs into the changelog.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from aimcore.simulation.cluster import Cluster
from aimcore.testing.histories import History, Play
from aimcore.testing.masking import State, end_state
from aimcore.testing.samples import PLAIN
from laws.exploring import empty_cluster
from laws.golden import SERVICES
from laws.scenarios import EVERY
from laws.turns import TURNS

PAGES = Path(__file__).parent / "journeys"
HORIZON = timedelta(hours=1)
"""How long a world without rest is looked at."""
_DIGEST = 10
_FRAMEWORK = ("DependenciesReachable", "AuthValid", "ConfigValid")
_SLUG = re.compile(r"[^a-z0-9]+")

RENDERED = {
    f"rendered, {name}": History({"images": [{"image": PLAIN}]} if name == "custom-model" else {}, actions)
    for name, actions in SERVICES.items()
    if name not in ("minimal", "everything", "custom-model", "overrides")  # those are scenarios too
}
JOURNEYS: Mapping[str, History] = {**EVERY, **TURNS, **RENDERED}


def played(name: str, cluster: Cluster) -> Play:
    """The history at its end."""
    journey = JOURNEYS[name]
    play = Play(journey.world, cluster=cluster.fork(), operator=journey.operator)
    play.act(journey.actions)
    play.converge(HORIZON)
    return play


def page(play: Play) -> str:
    """What is told of a play (rules 1 and 2)."""
    return "\n".join([*_objects(end_state(play.cluster)), "", *_ways(play), ""])


def _objects(state: State) -> Iterator[str]:
    for shown, found in sorted(state.items(), key=lambda item: (item[1]["kind"], item[0])):
        if found["kind"] == "ServiceAccount" and found["metadata"]["name"] == "default":
            continue  # the cluster's own
        status = {k: v for k, v in (found.get("status") or {}).items() if k != "conditions"}
        wanted = {k: v for k, v in found.items() if k != "status"}
        metadata = found["metadata"]
        place = "/".join(filter(None, (metadata.get("namespace"), metadata["name"])))
        yield f"{found['kind']} {place}  wanted {_digest([shown, wanted])}  status {_digest(status)}"
        conditions = (found.get("status") or {}).get("conditions") or ()
        for c in conditions if found["apiVersion"].startswith("aim.") else ():
            if c["type"] in _FRAMEWORK and c["status"] == "True":
                continue
            late = "" if c.get("observedGeneration", True) else " (of an older generation)"
            yield f"    {c['type']}={c['status']} {c['reason']}{late}: {c['message']}".rstrip(": ")


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST]


def _ways(play: Play) -> Iterator[str]:
    kinds = [kind for kind in play.compared if kind != "ServiceAccount"]  # each namespace has one
    changes = [(kind, c.event) for kind in kinds for c in play.cluster.store.changes(kind, 0)]
    for title, event in (("came", "ADDED"), ("went", "DELETED")):
        yield f"{title}: {_counted(Counter(kind for kind, found in changes if found == event))}"
    yield f"written: {_counted(Counter(f'{type(c).__name__} {c.key.kind}' for c, _ in play.driver.log))}"


def _counted(found: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(found.items())) or "nothing"


def path_of(name: str) -> Path:
    return PAGES / f"{_SLUG.sub('-', name.lower()).strip('-')}.txt"


def main(names: list[str]) -> None:
    cluster = empty_cluster()
    for name in names:
        sys.stdout.write(yaml.safe_dump(end_state(played(name, cluster).cluster), allow_unicode=True))
    if names:
        return
    PAGES.mkdir(exist_ok=True)
    for name in JOURNEYS:
        path_of(name).write_text(page(played(name, cluster)), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])

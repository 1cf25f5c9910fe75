"""Law 5, crash anywhere: what a controller may lose, and still come to the same end.

1. A *crash* is a fork of cluster and world after one write, with a controller that knows nothing.
2. An *unobserved* event is one that the controller never learns; it is superseded by a later event of the same object.
   If none comes, the watch is started anew in the end, as a real one is.
3. A *stale* controller plans from an older consistent state; what it wants gone must not be wanted by the newest plans.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aimcore.changes import Change
from aimcore.dispatch import make_plan
from aimcore.plan import Plan
from aimcore.resource import Json, Key
from aimcore.snapshot import Snapshot
from aimcore.table import Table
from aimcore.testing.histories import History, Play
from aimcore.testing.laws import Broken
from aimcore.testing.masking import State, differences, end_state

Begin = Callable[[], Play]
"""Makes a play at the beginning of a history: always the same."""


@dataclass(slots=True)
class Recording:
    """A reference run: its masked end and when that was, the events that came, and a fork after each write."""

    end: State
    until: datetime
    events: int
    forks: list[tuple[Change, Play]] = field(default_factory=list)
    last: Play | None = None


HORIZON = timedelta(hours=1)
"""How long a world without rest is looked at: one in which a Job fails is never silent."""
RELIST = timedelta(minutes=30)
"""How long before its end a watch that has lost an event is started anew."""


def record(begin: Begin, history: History) -> Recording:
    """Play a history to its end, and keep a fork of every state that one of our writes left behind."""
    play = begin()
    forks: list[tuple[Change, Play]] = []
    seen = [0]

    def count(_event: Json) -> bool:
        seen[0] += 1
        return False

    play.act(history.actions)
    play.driver.after_write = lambda change: forks.append((change, play.fork()))
    play.driver.is_lost = count
    until = play.clock.now + HORIZON
    play.go_on(until)
    play.driver.after_write = play.driver.is_lost = None
    return Recording(end_state(play.cluster, play.compared), until, seen[0], forks, play)


def spread(things: Iterable[Any], most: int) -> list[Any]:
    """At most so many of the things, evenly spread, the last among them."""
    listed = list(things)
    if len(listed) <= most:
        return listed
    return [listed[(i + 1) * len(listed) // most - 1] for i in range(most)]


def check_crashes(recording: Recording, most: int) -> int:
    """A controller that dies after a write and starts again comes to the same end. Answers with the crashes tried."""
    chosen = spread(recording.forks, most)
    for change, fork in chosen:
        fork = fork.fork()
        fork.go_on(recording.until)
        _expect(recording.end, fork, f"a crash after {type(change).__name__} {change.key}")
    return len(chosen)


def check_unobserved(begin: Begin, history: History, recording: Recording, most: int) -> int:
    """A controller that misses one event comes to the same end. Answers with the events tried."""
    chosen = spread(range(recording.events), most)
    for number in chosen:
        play = begin()
        play.act(history.actions)
        lost = _Loser(number)
        play.driver.is_lost = lost
        play.go_on(recording.until - RELIST)
        play.driver.is_lost = None
        if not lost.is_superseded(play):
            play.driver.relist()
        play.go_on(recording.until)
        _expect(recording.end, play, f"the loss of event {number}: {lost.text}")
    return len(chosen)


class _Loser:
    """Loses the event of one number."""

    def __init__(self, number: int) -> None:
        self._left = number
        self._version = ""
        self.key: Key | None = None
        self.text = "never came"

    def __call__(self, event: Json) -> bool:
        self._left -= 1
        if self._left != -1:
            return False
        metadata = event["object"]["metadata"]
        self.key = Key(event["object"]["kind"], metadata.get("namespace", ""), metadata["name"])
        self.text = f"{event['type']} {self.key}"
        return True

    def is_superseded(self, play: Play) -> bool:
        """Whether the controller has meanwhile learnt the state of the object as it is."""
        if self.key is None:
            return True
        live, known = play.cluster.peek(*self.key), play.driver.memory.table.find(self.key)
        if live is None or known is None:
            return live is None and known is None
        return known.resource_version == str(live["metadata"]["resourceVersion"])


def check_stale(recording: Recording, most: int) -> int:
    """No older state has a plan that deletes what the newest plans want. Answers with the plans looked at."""
    if recording.last is None:
        return 0
    newest = recording.last
    wanted = {child.key for plan in plans_of(newest) for child in plan.children}
    looked = 0
    for change, fork in spread(recording.forks, most):
        for plan in plans_of(fork):
            looked += 1
            for deletion in plan.deletions:
                live = newest.cluster.peek(*deletion.key)
                if live is None or live["metadata"]["uid"] != deletion.uid or deletion.key not in wanted:
                    continue
                if deletion.resource_version in (None, live["metadata"]["resourceVersion"]):
                    state = f"after {type(change).__name__} {change.key}"
                    raise Broken("Stale", plan.key, [f"{state}: deletes {deletion.key}, because {deletion.reason}"])
    return looked


def plans_of(play: Play) -> Iterator[Plan]:
    """The plans of all objects of a cluster, made by a controller that knows nothing else."""
    vocabulary = play.driver.vocabulary
    objects = (o for t in play.cluster.types() for o in play.cluster.objects(t.name))
    table = Table(objects, settings=play.driver.settings, vocabulary=vocabulary)
    for key in table.keys(None):
        if key.kind in vocabulary.planners:
            yield make_plan(Snapshot(table, play.clock.now, play.driver.settings), key)


def _expect(end: State, play: Play, what: str) -> None:
    lines = list(differences(end, end_state(play.cluster, play.compared)))
    if lines:
        raise Broken("Same end", what, lines[:20])

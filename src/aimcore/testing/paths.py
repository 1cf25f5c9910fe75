"""Law 6, path independence: how a spec came to be leaves no trace in what is made of it.

1. A path is a sequence of specs of one object, applied one after the other by one user; time passes between them.
2. Its end is compared with that of a cluster where only the last spec was ever applied (`essence` of both).
3. Detours may stop half-way: the next spec comes before the last one has settled.
4. Compared is what follows its spec for ever (`FOLLOWING`); what is made once and then left alone is not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from aimcore.resource import Json
from aimcore.testing.convergence import essence
from aimcore.testing.histories import Action, Play, Put, Wait
from aimcore.testing.laws import Broken
from aimcore.testing.masking import differences, end_state

FOLLOWING = ("AIMService", "InferenceService", "HTTPRoute", "ScaledObject")
"""The service and the children that are applied whenever desired and live differ. Others are shared or made once."""
SETTLED = 900
"""Seconds after which a service usually runs."""


def check_path(
    begin: Callable[[], Play],
    before: Sequence[Action],
    path: Sequence[Json],
    pauses: Sequence[int],
    *,
    following: Sequence[str] = FOLLOWING,
) -> int:
    """Law 6: the path ends like its last step alone. `pauses` are the seconds after each step but the last.

    `before` happens in both worlds; `following` are the kinds that are compared. Answers with the
    steps that the server took; a refused one is part of no path.
    """
    play = begin()
    play.act(before)
    for step, pause in zip(path, (*pauses, 0), strict=True):
        play.act([Put(step), Wait(pause)])
    fresh = begin()
    fresh.act([*before, Put(path[-1])])
    for each in (play, fresh):
        each.converge(timedelta(hours=4))
    one, other = (
        essence(end_state(each.cluster, following), each.driver.vocabulary.planners) for each in (fresh, play)
    )
    lines = list(differences(one, other))
    if lines:
        raise Broken("Path independence", path[-1]["metadata"]["name"], [f"pauses {list(pauses)}:", *lines[:20]])
    return len(path) - play.refused

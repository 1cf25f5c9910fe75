"""What a course has come to, as ends are compared, and what may differ without anybody being wrong.

1. An end is the `essence` of the cluster: our kinds and what plans make, without moments, uids and history.
2. *Choice*: a service keeps the template that it found ready first, and faults decide which one that is. Where a branch
   chose another one, what that template says may stand where the reference has what its own template says.
3. *First come*: what several objects share bears the labels of the one that had it made, and faults decide who that is.
   A label that names another parent of the same world is no difference.
4. A world without rest has no end; a branch may come to any rest of the circle in which the reference goes round.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from typing import Any

from aimcore.testing.convergence import essence
from aimcore.testing.exploration.course import Course
from aimcore.testing.masking import State, differences, end_state

TEMPLATES = ("AIMServiceTemplate", "AIMClusterServiceTemplate")
_MOST = 20


def end_of(course: Course) -> State:
    """The end of a course that has stopped (rule 1)."""
    return essence(end_state(course.play.cluster, course.play.compared), course.driver.vocabulary.planners)


def unlike(references: Collection[State], end: State) -> list[str]:
    """How an end differs from the reference that is nearest to it; nothing if it is one of them (rules 2 to 4)."""
    nearest: list[str] | None = None
    for reference in references:
        lines = list(differences(reference, end))
        if lines:
            lines = list(_differences_beyond(reference, end, _swaps(reference, end)))
        if not lines:
            return []
        if nearest is None or len(lines) < len(nearest):
            nearest = lines
    return (nearest or [])[:_MOST]


# ---- choice ---------------------------------------------------------------------------------------------------------
def _swaps(reference: State, end: State) -> dict[str, str]:
    """What of the end's choices is to be read as what of the reference's."""
    found: dict[str, str] = {}
    for key in sorted(reference.keys() & end.keys()):
        one, other = (state[key].get("status", {}).get("resolvedTemplate", {}) for state in (reference, end))
        if one.get("name") and other.get("name") and one["name"] != other["name"]:
            found.update(_said_by(_template(end, other["name"]), _template(reference, one["name"])))
            found.update(_shortened(other["name"], one["name"]))
    return found


def _template(state: State, name: str) -> Any:
    keys = (key for key in sorted(state) if key.partition(" ")[0] in TEMPLATES)
    return next((state[key] for key in keys if state[key]["metadata"]["name"] == name), {})


def _said_by(one: Any, other: Any) -> Iterator[tuple[str, str]]:
    """Texts of one template with those that stand in the same places of the other, where they differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for member in one.keys() & other.keys():
            if member not in ("conditions", "discoveryJob"):
                yield from _said_by(one[member], other[member])
    elif isinstance(one, list) and isinstance(other, list):
        for a, b in zip(one, other, strict=False):
            yield from _said_by(a, b)
    elif isinstance(one, str) and isinstance(other, str) and one != other:
        yield one, other


def _shortened(one: str, other: str) -> Iterator[tuple[str, str]]:
    """Both names, and what is left of them where a name is cut to make room for a hash."""
    alike = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)
    yield one, other
    for length in range(alike + 1, min(len(one), len(other))):
        yield one[:length].rstrip("-"), other[:length].rstrip("-")


def _differences_beyond(reference: State, end: State, swaps: dict[str, str]) -> Iterator[str]:
    """Differences that another choice does not explain."""
    texts = sorted(swaps, key=lambda text: (-len(text), text))
    pattern = re.compile("|".join(rf"(?<![\w-]){re.escape(text)}(?!\w)" for text in texts))
    names = {key.rpartition("/")[2].rpartition(" ")[2] for key in reference}

    def swapped(text: str) -> str:
        return pattern.sub(lambda found: swaps[found[0]], text) if swaps else text

    renamed = {}
    for key, value in end.items():
        named = swapped(key)
        renamed[named if key not in reference and named in reference and named not in end else key] = value
    for line in _unexplained(reference, renamed, swapped, ""):
        label = _LABEL.search(line)
        if label is None or not {label[1], label[2]} <= names:
            yield line


_LABEL = re.compile(r"\.metadata\.labels\.aim\.eai\.amd\.com/[a-z-]+(?:\.name)?: '([^']*)' != '([^']*)'$")


def _unexplained(one: Any, other: Any, swapped: Callable[[str], str], path: str) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        for member in sorted(one):
            yield from _unexplained(one[member], other[member], swapped, f"{path}.{member}" if path else member)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for i, (a, b) in enumerate(zip(one, other, strict=True)):
            yield from _unexplained(a, b, swapped, f"{path}[{i}]")
    elif isinstance(one, str) and isinstance(other, str):
        if one not in (other, swapped(other)):
            yield f"{path}: {one!r} != {other!r}"
    else:
        yield from differences(one, other, path)

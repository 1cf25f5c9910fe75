"""Render revisions: which rendering the children of a service follow.

1. Revision 1 is the reference's rendering, byte for byte; revision 2 carries the fixes. Old ones never change.
2. An InferenceService carries its revision in an annotation; without one it is at 1. A service without an
   InferenceService is at the newest, unless it owns a route with the path of the reference's rendering (then 1).
3. Its owner moves a service by the same annotation on the AIMService: a number pins, `latest` follows every release.
4. A revision that this release does not know leaves the InferenceService alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from aimcore import labels
from aimcore.records import quickly_made
from aimcore.resource import Resource
from aimcore.settings import Settings

NEWEST = 2
LATEST = "latest"


@quickly_made
@dataclass(frozen=True, slots=True)
class Revision:
    """The revision to render, and why.

    `live`: the revision of the existing InferenceService, None without one. `asked`: what the owner's annotation asks
    for, None without a valid one. `is_unknown`: the live one is not known to this release and nothing else was asked.
    `problem`: what is wrong with the owner's annotation.
    """

    number: int
    live: int | None
    asked: int | None
    follows_latest: bool
    is_unknown: bool
    unknown_text: str
    problem: str

    @property
    def moves(self) -> bool:
        """Whether the owner moves an existing InferenceService to another revision."""
        return self.live is not None and self.asked is not None and self.live != self.asked


def choose_revision(
    wish: str | None, inference_service: Resource | None, settings: Settings, *, reference_route: bool
) -> Revision:
    """The revision of a service.

    `wish`: the annotation on the AIMService. `reference_route`: the service owns a route that carries the path of the
    reference's rendering.
    """
    newest = settings.render_revision or NEWEST
    asked, problem = _asked(wish, newest)
    written = None if inference_service is None else inference_service.annotations.get(labels.RENDER_REVISION)
    live = None if inference_service is None else _number(written) if written is not None else 1
    unknown = inference_service is not None and (live is None or not 1 <= live <= newest)
    if asked is not None:
        number = asked
    elif inference_service is not None:
        number = newest if unknown or live is None else live
    else:
        number = 1 if reference_route else newest
    return Revision(
        number=number,
        live=live,
        asked=asked,
        follows_latest=wish == LATEST,
        is_unknown=unknown and asked is None,
        unknown_text=written or "",
        problem=problem,
    )


def _asked(wish: str | None, newest: int) -> tuple[int | None, str]:
    if wish is None:
        return None, ""
    if wish == LATEST:
        return newest, ""
    number = _number(wish)
    if number is not None and 1 <= number <= newest:
        return number, ""
    allowed = f'"1" to "{newest}" and "{LATEST}"' if newest > 1 else f'"1" and "{LATEST}"'
    return None, f'annotation {labels.RENDER_REVISION} is "{wish[:40]}"; allowed are {allowed}'


def _number(text: str) -> int | None:
    """The number that a text names, written in the only way we write it."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 and not text.startswith("0") else None

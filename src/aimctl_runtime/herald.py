"""What the log says when something cannot be watched: one sentence for each trouble, with the remedy.

1. A trouble of the whole server, such as refused credentials, is told once, not once for each kind. So is its end.
2. A sentence is repeated only after the trouble was over.
3. Missing definitions of our own kinds are a mistake; those of others are a choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from aimcore.api.kinds import GROUP, Kind
from aimcore.errors import NETWORK_REASONS
from aimcore.snapshot import Availability, NotInstalled, Unreadable
from aimctl_runtime.log import Log
from aimctl_runtime.watched import Watched

UNREACHABLE = "The API server cannot be reached; trying again. Check its address, and the network on the way to it."
REFUSED = (
    "The API server does not accept our credentials; trying again. Renew the token or the certificate in the "
    "kubeconfig, or mount the service account's token into the pod."
)
OUR_CRDS = (
    "Custom resource definitions of AIM are missing: install them with  aimctl crds | kubectl apply -f -  "
    "What is served goes on."
)
OVER = "The API server answers again."


@dataclass(frozen=True, slots=True)
class Trouble:
    """What to say. `why` is the server's own message, `is_error` False for what may be meant so."""

    sentence: str
    why: str = ""
    is_error: bool = True
    is_of_the_server: bool = False


class Herald:
    """Shared by all reflectors of a process."""

    def __init__(self, log: Log) -> None:
        self._log = log.named("reflector")
        self._troubles: dict[str, Trouble] = {}

    def tell(self, watched: Watched, availability: Availability) -> None:
        """Say how a list-and-watch fares, if it is news."""
        trouble = trouble_of(watched.kind, availability)
        before = self._troubles.pop(watched.source, None)
        if trouble is None:
            if before is not None and before.is_of_the_server and not self._is_told(before):
                self._log.info(OVER)
            return
        is_news = (before is None or before.sentence != trouble.sentence) and not self._is_told(trouble)
        self._troubles[watched.source] = trouble
        if not is_news:
            return
        log = self._log if trouble.is_of_the_server else self._log.about(kind=watched.kind.kind)
        say = log.error if trouble.is_error else log.info
        say(trouble.sentence, **({"error": trouble.why} if trouble.why else {}))

    def _is_told(self, trouble: Trouble) -> bool:
        return any(told.sentence == trouble.sentence for told in self._troubles.values())


def trouble_of(kind: Kind, availability: Availability) -> Trouble | None:
    """What there is to say about a kind that is not available; None if it is."""
    match availability:
        case None:
            return None
        case NotInstalled():
            return _not_installed(kind)
        case Unreadable(_, reason, why) if reason in NETWORK_REASONS:
            return Trouble(UNREACHABLE, why, is_of_the_server=True)
        case Unreadable(_, "Unauthorized", why):
            return Trouble(REFUSED, why, is_of_the_server=True)
        case Unreadable(_, "Forbidden", why):
            return Trouble(
                f"{kind.plural} may not be read: grant list and watch on {kind.plural} in the API group "
                f"{kind.group or 'core'} to the controller. Everything else goes on.",
                why,
            )
        case Unreadable(_, _, why):
            return Trouble(f"{kind.plural} cannot be read now; trying again.", why)
        case _:
            assert_never(availability)


def _not_installed(kind: Kind) -> Trouble:
    if kind.group == GROUP:
        return Trouble(OUR_CRDS)
    return Trouble(
        f"{kind.plural} are not served by this cluster: install the CRD of {kind.kind} ({kind.api_version}) "
        "to use what needs it. Everything else goes on.",
        is_error=False,
    )

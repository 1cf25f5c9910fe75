"""Fault schedules: what goes wrong at which request, as data that is drawn from a seed and written as one line.

1. A strike names a sort of request, its number among those of its sort since the beginning, and an effect.
   The numbers go on when the controller or the server starts again.
2. `Schedule.text` and `Schedule.read` are inverse, so that a failure is replayed, and shrunk by hand, as a line.
3. A request meets one strike at most. What struck is on record; what no request came to is not.
4. A server's own trouble and the wire's are told apart from the controller's death (`KILLS`) and the server's
   (`OUTAGES`).
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from aimctl_runtime.local.faults import Effect as Refusal


class Sort(StrEnum):
    """What a request is about. Leases are a sort of their own, because they come with time."""

    WRITE = "write"
    READ = "read"
    WATCH = "watch"
    LEASE = "lease"


class Effect(StrEnum):
    """What goes wrong. The number after some of them is in seconds, of the stream effects in bytes."""

    BUSY = "429"
    INTERNAL = "500"
    UNAVAILABLE = "503"
    TIMEOUT = "504"
    CONFLICT = "409"
    EXPIRED = "410"
    LOST = "cut before it was done"
    UNANSWERED = "done, then cut"
    UNSURE = "done, then 504"
    TORN = "cut within the answer"
    HALVED = "half an answer that looks whole"
    SILENT = "done, but never answered"
    DELAYED = "done late"
    LATE = "late"
    THROTTLED = "throttled"
    TORN_STREAM = "stream cut"
    HALVED_STREAM = "stream ended within a line"
    LAGGING = "events late"
    KILLED_BEFORE = "controller killed, not done"
    KILLED_IN_FLIGHT = "controller killed, done later"
    KILLED_UNANSWERED = "controller killed, done but unanswered"
    KILLED_AFTER = "controller killed, answered"
    OUTAGE = "server stopped"
    OUTAGE_COMPACTED = "server stopped, history lost"


REFUSALS: Mapping[Effect, Refusal] = {
    Effect.BUSY: Refusal.TOO_MANY,
    Effect.INTERNAL: Refusal.INTERNAL,
    Effect.UNAVAILABLE: Refusal.UNAVAILABLE,
    Effect.TIMEOUT: Refusal.TIMEOUT,
    Effect.CONFLICT: Refusal.CONFLICT,
    Effect.EXPIRED: Refusal.EXPIRED,
}
KILLS = (Effect.KILLED_BEFORE, Effect.KILLED_IN_FLIGHT, Effect.KILLED_UNANSWERED, Effect.KILLED_AFTER)
OUTAGES = (Effect.OUTAGE, Effect.OUTAGE_COMPACTED)
OF_CALLS = (
    Effect.BUSY, Effect.INTERNAL, Effect.UNAVAILABLE, Effect.TIMEOUT, Effect.LOST, Effect.UNANSWERED, Effect.TORN,
    Effect.HALVED, Effect.DELAYED, Effect.LATE, Effect.THROTTLED,
)  # fmt: skip
OF_WRITES = (*OF_CALLS, Effect.CONFLICT, Effect.UNSURE, Effect.UNANSWERED, Effect.TORN)
OF_STREAMS = (
    Effect.UNAVAILABLE, Effect.EXPIRED, Effect.LOST, Effect.TORN_STREAM, Effect.HALVED_STREAM, Effect.LAGGING,
    Effect.THROTTLED, Effect.LATE,
)  # fmt: skip
IN_SECONDS = frozenset({Effect.DELAYED, Effect.LATE, Effect.LAGGING, Effect.KILLED_IN_FLIGHT, *OUTAGES})
IN_BYTES = frozenset({Effect.TORN_STREAM, Effect.HALVED_STREAM})


@dataclass(frozen=True, slots=True, order=True)
class Strike:
    """One fault. `amount` is how long or how far, 0 where the effect has no measure."""

    sort: Sort
    number: int
    effect: Effect
    amount: float = 0.0

    @property
    def text(self) -> str:
        measure = f" ({self.amount:g})" if self.amount else ""
        return f"{self.sort} {self.number}: {self.effect}{measure}"


_STRIKE = re.compile(r"(\w+) (\d+): (.+?)(?: \(([\d.]+)\))?")


@dataclass(slots=True)
class Schedule:
    """The strikes that wait, by sort and number, and the record of those that struck."""

    waiting: dict[tuple[Sort, int], Strike]
    struck: list[Strike] = field(default_factory=list)
    seen: Counter[Sort] = field(default_factory=Counter)

    @staticmethod
    def of(strikes: Iterable[Strike]) -> Schedule:
        """A schedule of these strikes; of two for one request the first stays."""
        waiting: dict[tuple[Sort, int], Strike] = {}
        for strike in strikes:
            waiting.setdefault((strike.sort, strike.number), strike)
        return Schedule(waiting)

    @property
    def text(self) -> str:
        """All strikes, those that struck too, on one line."""
        return "; ".join(strike.text for strike in sorted((*self.waiting.values(), *self.struck)))

    @staticmethod
    def read(text: str) -> Schedule:
        """A schedule of its text. Raises ValueError."""
        return Schedule.of(_strike(part.strip()) for part in text.split(";") if part.strip())

    @property
    def kills(self) -> int:
        """How often the controller is still to be killed."""
        return sum(strike.effect in KILLS for strike in self.waiting.values())

    def strike(self, sort: Sort) -> Strike | None:
        """What befalls the next request of a sort."""
        self.seen[sort] += 1
        strike = self.waiting.pop((sort, self.seen[sort]), None)
        if strike is not None:
            self.struck.append(strike)
        return strike

    def calm(self) -> None:
        """Nothing more goes wrong."""
        self.waiting.clear()


def _strike(text: str) -> Strike:
    found = _STRIKE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no strike: give `sort number: effect`, or `sort number: effect (amount)`")
    sort, number, effect, amount = found.groups()
    return Strike(Sort(sort), int(number), Effect(effect), float(amount or 0))


FIRST_WRITES = 20
WRITES, READS, WATCHES = 150, 90, 90
"""So many requests of each sort a run surely makes."""


def drawn(seed: int, *, elects: bool) -> Schedule:
    """The schedule of a seed: some thirty strikes, among them kills at writes and between them, and outages."""
    chance = random.Random(seed)  # noqa: S311  (no secret)
    at = chance.randint
    strikes = [_measured(chance, Sort.WRITE, at(1, WRITES), effect) for effect in chance.choices(KILLS, k=at(2, 4))]
    strikes += [Strike(chance.choice((Sort.READ, Sort.WATCH)), at(1, READS), Effect.KILLED_BEFORE)]
    strikes += [_measured(chance, Sort.WRITE, at(1, WRITES), effect) for effect in chance.choices(OUTAGES, k=at(1, 2))]
    if elects:  # who elects gives up a write soon enough to wait for that
        strikes += [Strike(Sort.WRITE, at(1, WRITES), Effect.SILENT)]
    for sort, effects, most, count in (
        (Sort.WRITE, OF_WRITES, WRITES, 14),
        (Sort.READ, OF_CALLS, READS, 6),
        (Sort.WATCH, OF_STREAMS, WATCHES, 8),
        (Sort.LEASE, (*OF_CALLS, Effect.CONFLICT), 12, 2 if elects else 0),
    ):
        strikes += [_measured(chance, sort, at(1, most), chance.choice(effects)) for _ in range(count)]
    return Schedule.of(strikes)


def relentless(effect: Effect) -> Schedule:
    """A controller that dies at each of its first writes."""
    amount = 0.5 if effect in IN_SECONDS else 0.0
    return Schedule.of(Strike(Sort.WRITE, number, effect, amount) for number in range(1, FIRST_WRITES + 1))


def _measured(chance: random.Random, sort: Sort, number: int, effect: Effect) -> Strike:
    if effect in IN_SECONDS:
        return Strike(sort, number, effect, round(chance.uniform(0.1, 2.0), 1))
    if effect in IN_BYTES:
        return Strike(sort, number, effect, chance.randint(20, 3000))
    return Strike(sort, number, effect)

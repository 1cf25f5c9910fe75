"""Version constraints of model sources (S-6 to S-9, D-10, D-11). Pure and total.

1. A tag is compared only if it is a strict semantic version, after one leading `v`. Precedence is plain: a pre-release
   is lower than its release; build metadata is ignored.
2. A constraint is a list of comparators, separated by spaces or commas (all must hold); `||` separates alternatives.
   Operators: `<` `<=` `>` `>=` `=` `==` `!` `!=` `~` `~>` `^`, or none.
3. A version may lack its last number (`0.9` is `0.9.0`) or have wildcards (`1.2.x`, `1.*`, `1`).
4. `~` and `^` end below the first pre-release of their upper bound.
5. A tag matches a list of constraints if it equals one of the exact versions, or if there are ranges and all of them
   hold. An empty list matches every tag.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_NUMBER = r"(0|[1-9][0-9]{0,17})"
_IDENTIFIERS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_STRICT = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-({_IDENTIFIERS}))?(?:\+{_IDENTIFIERS})?")
_PART = r"(0|[1-9][0-9]{0,17}|[xX*])"
_OPERAND = rf"v?{_PART}(?:\.{_PART})?(?:\.{_PART})?(?:-({_IDENTIFIERS}))?(?:\+{_IDENTIFIERS})?"
_COMPARATOR = re.compile(rf"\s*(<=|>=|<|>|==|=|!=|!|~>|~|\^)?\s*{_OPERAND}(?:\s*,\s*|\s+|$)")

Release = tuple[int, int, int]
Identifier = tuple[int, int, str]
Precedence = tuple[Release, int, tuple[Identifier, ...]]
_LOWEST_PRE_RELEASE: tuple[Identifier, ...] = ((0, 0, ""),)


def precedence(tag: str) -> Precedence | None:
    """The place of a tag in the order of versions, None if it is no strict version."""
    found = _STRICT.fullmatch(tag.removeprefix("v"))
    if found is None:
        return None
    identifiers = (found[4] or "").split(".") if found[4] else []
    if any(i.isdigit() and len(i) > 1 and i[0] == "0" for i in identifiers):
        return None
    return _precedence((int(found[1]), int(found[2]), int(found[3])), found[4])


def _precedence(release: Release, pre: str | None) -> Precedence:
    if not pre:
        return release, 1, ()
    ids = tuple((0, int(i), "") if i.isdigit() and len(i) < 19 else (1, 0, i) for i in pre.split("."))
    return release, 0, ids


@dataclass(frozen=True, slots=True)
class Span:
    """The versions between `low` and `high`, None for no end.

    `low` itself belongs to them unless `above`, `high` itself only if `closed`. `outside` negates the whole.
    """

    low: Precedence | None = None
    high: Precedence | None = None
    above: bool = False
    closed: bool = False
    outside: bool = False

    def holds(self, version: Precedence) -> bool:
        """Whether the version lies in the span."""
        inside = self.low is None or (version > self.low if self.above else version >= self.low)
        if self.high is not None:
            inside = inside and (version <= self.high if self.closed else version < self.high)
        return inside is not self.outside


@dataclass(frozen=True, slots=True)
class Constraint:
    """One entry of a list of versions. `exact`: it names a single version."""

    alternatives: tuple[tuple[Span, ...], ...]
    exact: bool

    def holds(self, version: Precedence) -> bool:
        """Whether one of the alternatives holds."""
        return any(all(span.holds(version) for span in spans) for spans in self.alternatives)


def read_constraint(text: str) -> Constraint | None:
    """A constraint, or None if it cannot be parsed."""
    alternatives = []
    exact = "||" not in text
    for written in text.split("||"):
        comparators = _comparators(written)
        if not comparators:
            return None
        alternatives.append(tuple(_span(*c) for c in comparators))
        exact = exact and len(comparators) == 1 and comparators[0][0] == "=" and None not in comparators[0][1]
    return Constraint(tuple(alternatives), exact)


Numbers = tuple[int | None, int | None, int | None]
Comparator = tuple[str, Numbers, str]
_SAME = {"": "=", "==": "=", "!": "!=", "~>": "~"}


def _comparators(text: str) -> list[Comparator]:
    """The comparators of one alternative; empty if there is none or one cannot be read."""
    found: list[Comparator] = []
    text, position = text.strip(), 0
    while position < len(text):
        match = _COMPARATOR.match(text, position)
        if match is None:
            return []
        operator = match[1] or ""
        numbers = [None if part in (None, "x", "X", "*") else int(part) for part in match.group(2, 3, 4)]
        if match[3] is not None and match[4] is None and None not in numbers[:2]:
            numbers[2] = 0
        for place in (1, 2):
            numbers[place] = None if numbers[place - 1] is None else numbers[place]
        found.append((_SAME.get(operator, operator), (numbers[0], numbers[1], numbers[2]), match[5] or ""))
        position = match.end()
    return found


def _span(operator: str, numbers: Numbers, pre: str) -> Span:
    low = _precedence((numbers[0] or 0, numbers[1] or 0, numbers[2] or 0), pre)
    after = _after(numbers, _wildcard_place(numbers))
    match operator:
        case "=" | "!=":
            whole = Span(low, low, closed=True) if None not in numbers else Span(low, after)
            return Span(whole.low, whole.high, whole.above, whole.closed, outside=operator == "!=")
        case ">=":
            return Span(low)
        case "<":
            return Span(high=low)
        case ">":
            return Span(low, above=True) if None not in numbers else Span(after) if after else Span(low, low)
        case "<=":
            return Span(high=low, closed=True) if None not in numbers else Span(high=after)
        case "~":
            return Span(low, _before_release(_after(numbers, 0 if numbers[1] is None else 1)))
        case _:
            return Span(low, _before_release(_after(numbers, _caret_place(numbers))))


def _wildcard_place(numbers: Numbers) -> int:
    """The last place that is a number; -1 if there is none."""
    return next((i for i in (2, 1, 0) if numbers[i] is not None), -1)


def _caret_place(numbers: Numbers) -> int:
    """The first place that is not zero, among those that are numbers."""
    last = _wildcard_place(numbers)
    return next((i for i in range(last + 1) if numbers[i]), last)


def _after(numbers: Numbers, place: int) -> Precedence | None:
    """The first release behind all that agree with `numbers` up to `place`."""
    if place < 0 or numbers[0] is None:
        return None
    raised = [(numbers[i] or 0) + (i == place) if i <= place else 0 for i in range(3)]
    return (raised[0], raised[1], raised[2]), 1, ()


def _before_release(bound: Precedence | None) -> Precedence | None:
    return None if bound is None else (bound[0], 0, _LOWEST_PRE_RELEASE)


def tag_matches(tag: str, constraints: Sequence[Constraint]) -> bool:
    """Whether a tag satisfies a list of constraints."""
    if not constraints:
        return True
    version = precedence(tag)
    if version is None:
        return False
    if any(c.exact and c.holds(version) for c in constraints):
        return True
    ranges = [c for c in constraints if not c.exact]
    return bool(ranges) and all(c.holds(version) for c in ranges)

"""Partial objects against whole ones: what a scenario expects, and one line for each thing that is otherwise.

1. A mapping matches one that has at least its members. A list matches item by item; `conditions` match by `type`.
2. Tags say what plain values cannot: `!absent`, `!any`, `!like <regex>`, `!contains [items]`, `!uid Kind/name`.
3. `!uid` names an object of the scenario; it stands for that object's uid in what is given and in what is expected.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml


@dataclass(frozen=True)
class Absent:
    """The member is not there."""


@dataclass(frozen=True)
class Anything:
    """The member is there, whatever it is."""


@dataclass(frozen=True)
class Like:
    """A text in which the pattern is found."""

    pattern: str


@dataclass(frozen=True)
class Contains:
    """A list in which each of these items matches one."""

    items: tuple[Any, ...]


@dataclass(frozen=True)
class UidOf:
    """The uid of the object `Kind/name`, or a text in which each `{Kind/name}` stands for one.

    `{hash Kind/name}` stands for the eight hex digits by which the names of the object's children end.
    """

    text: str

    def resolved(self, uid_of: Callable[[str], str]) -> str:
        if "{" not in self.text:
            return uid_of(self.text)
        return re.sub(r"\{(hash )?([^}]+)\}", lambda f: _hash(uid_of(f[2])) if f[1] else uid_of(f[2]), self.text)


def _hash(uid: str) -> str:
    return hashlib.sha256(json.dumps(uid).encode()).hexdigest()[:8]


class _Loader(yaml.SafeLoader):
    pass


def _like(loader: _Loader, node: yaml.ScalarNode) -> Like:
    return Like(str(loader.construct_scalar(node)))


def _uid_of(loader: _Loader, node: yaml.ScalarNode) -> UidOf:
    return UidOf(str(loader.construct_scalar(node)))


def _containing(loader: _Loader, node: yaml.SequenceNode) -> Contains:
    return Contains(tuple(loader.construct_sequence(node, deep=True)))


_Loader.add_constructor("!absent", lambda _loader, _node: Absent())
_Loader.add_constructor("!any", lambda _loader, _node: Anything())
_Loader.add_constructor("!like", _like)
_Loader.add_constructor("!uid", _uid_of)
_Loader.add_constructor("!contains", _containing)


def read_documents(text: str) -> list[Any]:
    """The documents of a YAML text, without empty ones."""
    return [d for d in yaml.load_all(text, _Loader) if d is not None]


def with_uids(value: Any, uid_of: Callable[[str], str]) -> Any:
    """`value` with every `!uid` replaced."""
    if isinstance(value, UidOf):
        return value.resolved(uid_of)
    if isinstance(value, dict):
        return {k: with_uids(v, uid_of) for k, v in value.items()}
    if isinstance(value, list):
        return [with_uids(v, uid_of) for v in value]
    return Contains(tuple(with_uids(list(value.items), uid_of))) if isinstance(value, Contains) else value


_MISSING = object()


def mismatches(expected: Any, found: Any, path: str = "") -> Iterator[str]:
    """Where `found` is not as expected, as lines."""
    match expected:
        case Absent():
            if found is not _MISSING:
                yield f"{path}: expected to be absent, is {found!r}"
        case dict() if found is _MISSING and all(isinstance(wanted, Absent) for wanted in expected.values()):
            return
        case _ if found is _MISSING:
            yield f"{path}: is missing, expected {expected!r}"
        case Anything():
            return
        case Like(pattern):
            if not isinstance(found, str) or not re.search(pattern, found):
                yield f"{path}: expected a text like {pattern!r}, is {found!r}"
        case Contains(items):
            for item in items:
                if not isinstance(found, list) or not any(matches(item, each) for each in found):
                    yield f"{path}: expected an item like {item!r} in {found!r}"
        case dict() if isinstance(found, dict):
            for member, wanted in expected.items():
                inner = f"{path}.{member}" if path else str(member)
                yield from mismatches(wanted, found.get(member, _MISSING), inner)
        case list() if isinstance(found, list) and path.endswith("conditions"):
            for wanted in expected:
                of_type = [c for c in found if c.get("type") == wanted["type"]]
                yield from mismatches(wanted, of_type[0] if of_type else _MISSING, f"{path}[{wanted['type']}]")
        case list() if isinstance(found, list) and len(found) == len(expected):
            for i, (one, other) in enumerate(zip(expected, found, strict=True)):
                yield from mismatches(one, other, f"{path}[{i}]")
        case _ if expected != found or isinstance(expected, bool) is not isinstance(found, bool):
            yield f"{path}: expected {expected!r}, is {found!r}"
        case _:
            return


def matches(expected: Any, found: Any) -> bool:
    """Whether there is no mismatch."""
    return next(mismatches(expected, found), None) is None

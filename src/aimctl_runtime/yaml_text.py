"""YAML as JSON: what a Kubernetes API can hold, and nothing else. Every mistake is one sentence with its place.

1. A value is null, a boolean, a number, a text, a list or a mapping with texts as keys. Keys that are written as
   numbers or booleans count as texts. Times are texts. Tags of other types are refused.
2. A key that stands twice in one mapping is refused: one of the two would be lost.
3. Numbers are what JSON can hold: whole ones beyond 64 bits become floating-point numbers; `.inf`, `.nan` and what no
   floating-point number holds are refused.
4. Nesting ends at `LEVELS`. Aliases and merge keys may repeat `MOST_REPEATED` values in one document: ten lines of
   aliases can stand for a billion values.
5. Work and memory grow with the text, whatever it says; no recursion follows the text.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

LEVELS = 100
MOST_REPEATED = 100_000
_LONGEST_NUMBER = 400
_Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STANDARD = "tag:yaml.org,2002:"
_TEXT, _MERGE = f"{_STANDARD}str", f"{_STANDARD}merge"
_SCALARS = frozenset(f"{_STANDARD}{name}" for name in ("null", "bool", "int", "float", "str"))


class YamlError(Exception):
    """The text is no YAML that JSON can hold. `line` and `column` count from 1; 0 where nobody knows."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


class YamlDocument(NamedTuple):
    """One document: the line (from 1) at which its value begins, and the value."""

    line: int
    value: Any


def read_yaml(text: str) -> Iterator[YamlDocument]:
    """The documents of a text, in order; those before a mistake come first. Raises YamlError."""
    try:
        events = yaml.parse(text, Loader=_Parser)
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                yield _Reader(events).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = error.problem or error.context or "it cannot be read"
        raise YamlError(said, *((mark.line + 1, mark.column + 1) if mark is not None else ())) from error
    except yaml.YAMLError as error:
        raise YamlError(" ".join(str(error).split())) from error
    except UnicodeError as error:
        raise YamlError("it holds half a character (a lone surrogate)") from error


# ---- one document ---------------------------------------------------------------------------------------------------
class _Value(NamedTuple):
    """A finished value: how many values it stands for, and how many levels it has."""

    value: Any
    size: int = 1
    levels: int = 0


@dataclass(slots=True)
class _Open:
    """A list or mapping that is being read. `key` is the key whose value comes next."""

    container: list[Any] | dict[str, Any]
    anchor: str | None
    size: int = 1
    levels: int = 1
    key: str | None = None
    is_merging: bool = False
    merged: list[dict[str, Any]] = field(default_factory=list)


class _Reader:
    """Reads the events of one document."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._scalars = _Scalars()
        self._open: list[_Open] = []
        self._anchors: dict[str, _Value] = {}
        self._repeated = 0

    def document(self) -> YamlDocument:
        first, root = None, None
        for event in self._events:
            first = first or event
            match event:
                case yaml.DocumentEndEvent():
                    break
                case yaml.AliasEvent():
                    root = self._placed(event, self._repeat(event)) or root
                case yaml.ScalarEvent():
                    root = self._take_scalar(event) or root
                case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                    self._begin(event)
                case _:
                    root = self._end(event) or root
        return YamlDocument(first.start_mark.line + 1 if first is not None else 0, root.value if root else None)

    # ---- containers ---------------------------------------------------------------------------------------------
    def _begin(self, event: Any) -> None:
        is_list = isinstance(event, yaml.SequenceStartEvent)
        if event.tag not in (None, "!", f"{_STANDARD}seq" if is_list else f"{_STANDARD}map"):
            raise _at(event, f"the tag {_shown(event.tag)} is not allowed: JSON has no such values")
        here = self._open[-1] if self._open else None
        if here is not None and isinstance(here.container, dict) and here.key is None and not here.is_merging:
            raise _at(event, "a key must be a text, found a list or a mapping")
        if len(self._open) >= LEVELS:
            raise _at(event, f"it is nested deeper than {LEVELS} levels")
        self._open.append(_Open([] if is_list else {}, event.anchor))

    def _end(self, event: Any) -> _Value | None:
        closed = self._open.pop()
        if closed.merged and isinstance(closed.container, dict):
            whole_mapping: dict[str, Any] = {}
            for source in (*reversed(closed.merged), closed.container):
                whole_mapping.update(source)
            closed.container = whole_mapping
        whole = _Value(closed.container, closed.size, closed.levels)
        if closed.anchor is not None:
            self._anchors[closed.anchor] = whole
        return self._placed(event, whole)

    def _placed(self, event: Any, made: _Value) -> _Value | None:
        """Puts a finished value where it belongs; the value itself if it is the whole document."""
        if not self._open:
            return made
        here = self._open[-1]
        if isinstance(here.container, list):
            here.container.append(made.value)
        elif here.is_merging:
            self._merge(event, here, made)
            here.is_merging = False
        elif here.key is None:
            here.key = self._key(event, here, made.value)
        else:
            here.container[here.key] = made.value
            here.key = None
        here.size += made.size
        here.levels = max(here.levels, made.levels + 1)
        return None

    # ---- keys ---------------------------------------------------------------------------------------------------
    def _key(self, event: Any, here: _Open, value: Any) -> str:
        match value:
            case str():
                key = value
            case bool():
                key = "true" if value else "false"
            case int() | float():
                key = str(value)
            case _:
                raise _at(event, "a key must be a text, found null" if value is None else "a key must be a text")
        if key in here.container:
            raise _at(event, f"the key {_shown(key)} stands twice in one mapping")
        return key

    def _merge(self, event: Any, here: _Open, made: _Value) -> None:
        """A merge key: what is written in the mapping itself wins, then the first of a list."""
        sources = made.value if isinstance(made.value, list) else [made.value]
        if not all(isinstance(source, dict) for source in sources):
            raise _at(event, "a merge key takes a mapping, or a list of mappings")
        here.merged += sources

    # ---- scalars and aliases ------------------------------------------------------------------------------------
    def _take_scalar(self, event: Any) -> _Value | None:
        tag = self._scalars.tag_of(event)
        if tag == _MERGE:
            here = self._open[-1] if self._open else None
            if here is not None and isinstance(here.container, dict) and here.key is None and not here.is_merging:
                here.is_merging = True
                return None
            tag = _TEXT
        made = _Value(self._scalars.value_of(event, tag))
        if event.anchor is not None:
            self._anchors[event.anchor] = made
        return self._placed(event, made)

    def _repeat(self, event: Any) -> _Value:
        known = self._anchors.get(event.anchor)
        if known is None:
            is_open = any(here.anchor == event.anchor for here in self._open)
            why = "stands within itself" if is_open else "is not known: no value before it has this anchor"
            raise _at(event, f"the alias {_shown(event.anchor)} {why}")
        self._repeated += known.size
        if self._repeated > MOST_REPEATED:
            raise _at(event, f"its aliases repeat more than {MOST_REPEATED} values")
        if len(self._open) + known.levels > LEVELS:
            raise _at(event, f"it is nested deeper than {LEVELS} levels")
        return known


class _Scalars(yaml.constructor.SafeConstructor, yaml.resolver.Resolver):
    """What the text of a scalar means in YAML 1.1."""

    def __init__(self) -> None:
        yaml.constructor.SafeConstructor.__init__(self)
        yaml.resolver.Resolver.__init__(self)

    def tag_of(self, event: Any) -> str:
        tag = event.tag
        if tag is None or tag == "!":
            implicit = (event.implicit[0] and tag is None, event.implicit[1])
            tag = self.resolve(yaml.ScalarNode, event.value, implicit)  # type: ignore[no-untyped-call]
            tag = _TEXT if tag not in (*_SCALARS, _MERGE) else tag  # times are texts, `=` too
        if tag not in _SCALARS and tag != _MERGE:
            raise _at(event, f"the tag {_shown(tag)} is not allowed: JSON has no such values")
        return str(tag)

    def value_of(self, event: Any, tag: str) -> Any:
        if tag == _TEXT:
            return event.value
        if len(event.value) > _LONGEST_NUMBER:
            raise _at(event, f"{_shown(event.value)} is no number that JSON can hold")
        try:
            value = self.construct_object(yaml.ScalarNode(tag, event.value))
            number = float(value) if type(value) is int and not -(2**63) <= value < 2**64 else value
        except (ValueError, LookupError, OverflowError) as problem:
            kind = tag.removeprefix(_STANDARD)
            raise _at(event, f"{_shown(event.value)} is no {kind} that JSON can hold") from problem
        if isinstance(number, float) and not math.isfinite(number):
            raise _at(event, f"{_shown(event.value)} is no number that JSON can hold")
        return number


def _at(event: Any, message: str) -> YamlError:
    return YamlError(message, event.start_mark.line + 1, event.start_mark.column + 1)


def _shown(text: str) -> str:
    short = text if len(text) <= 60 else f"{text[:60]}…"
    return repr(short.replace(_STANDARD, "!!"))

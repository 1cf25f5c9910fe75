"""Reads: the look-ups of one plan, remembered so that a change wakes exactly its readers.

Every read is hashable and small. A store keeps an index from read to the keys that made it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import datetime
from typing import Any, NamedTuple

from aimcore.facts import OutcomeOf, Want
from aimcore.resource import Key


class ObjectRead(NamedTuple):
    """One object was looked up, found or not."""

    key: Key


class IndexRead(NamedTuple):
    """One index bucket was listed."""

    kind: str
    index_name: str
    value: str


class KindRead(NamedTuple):
    """It mattered whether the kind can be read."""

    kind_name: str


class ViewRead(NamedTuple):
    """The value of a view was used."""

    function: Callable[..., Any]
    args: tuple[Hashable, ...]


class FactRead(NamedTuple):
    """The answer to a question, or the outcome of a write, was used."""

    want: Want | OutcomeOf


class TimeRead(NamedTuple):
    """The clock was compared with this moment."""

    moment: datetime


Read = ObjectRead | IndexRead | KindRead | ViewRead | FactRead | TimeRead

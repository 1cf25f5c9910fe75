"""Records are made quickly and stay records."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from aimcore.plan import Note
from aimcore.records import quickly_made


@quickly_made
@dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: int = 2
    names: list[str] = field(default_factory=list)


def test_a_record_takes_its_members_and_defaults():
    assert (Point(1).x, Point(1).y, Point(1, y=3).y) == (1, 2, 3)
    assert Point(1).names is not Point(1).names


def test_equal_members_make_equal_records():
    assert Point(1) == Point(1)
    assert replace(Point(1), x=4) == Point(4)
    assert repr(Point(1)) == "Point(x=1, y=2, names=[])"


def test_a_record_has_no_other_members():
    with pytest.raises(AttributeError):
        Point(1).z = 1  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        Point()  # type: ignore[call-arg]


def test_a_note_ends_with_its_manifest():
    assert Note("stage", "subject", "said").message == "said"
    assert Note("stage", "subject", "KServe writes", {"b": 1, "a": []}).message == 'KServe writes {"a":[],"b":1}'

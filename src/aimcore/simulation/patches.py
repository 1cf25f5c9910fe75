"""Merge patches (RFC 7386) and JSON patches (RFC 6902), copy-on-write.

1. Both return the target itself when nothing changes.
2. A JSON patch whose operations do not fit the document raises `PatchMisfitError`; one that is no patch at all raises
   `PatchMalformedError`. Any JSON may be passed as target or patch.
3. A JSON patch has at most `MOST_OPERATIONS`, copies at most `MOST_COPIED` values in all (a copy of what was copied
   doubles it each time) and reaches at most `DEEPEST` levels down; beyond, it raises `PatchTooLargeError`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aimcore.simulation.merging import copied, same

MOST_OPERATIONS = 10_000
MOST_COPIED = 100_000
DEEPEST = 100
_MOST_DIGITS = 10


class PatchMalformedError(ValueError):
    """The patch document itself is wrong."""


class PatchTooLargeError(ValueError):
    """The patch would do more than a server can bear."""


class PatchMisfitError(ValueError):
    """The patch is well formed but does not fit the document: a missing path, a failed test."""


def merge_patched(target: Any, patch: Any) -> Any:
    """`target` after an RFC 7386 merge patch."""
    if not isinstance(patch, dict):
        return target if same(target, patch) else copied(patch)
    base = target if isinstance(target, dict) else {}
    out: dict[str, Any] | None = None if isinstance(target, dict) else {}
    for key, item in patch.items():
        if item is None:
            if key in base:
                out = dict(base) if out is None else out
                del out[key]
            continue
        new = merge_patched(base.get(key), item)
        if key not in base or new is not base[key]:
            out = dict(base) if out is None else out
            out[key] = new
    return base if out is None else out


def json_patched(target: Any, operations: object) -> Any:
    """`target` after an RFC 6902 patch."""
    if not isinstance(operations, list):
        raise PatchMalformedError("a JSON patch is an array of operations")
    if len(operations) > MOST_OPERATIONS:
        raise PatchTooLargeError(f"a JSON patch has at most {MOST_OPERATIONS} operations, found {len(operations)}")
    left = MOST_COPIED
    for operation in operations:
        if isinstance(operation, dict) and operation.get("op") == "copy":
            left -= _size(_found(target, _pointer(operation.get("from"))), left)
            if left < 0:
                raise PatchTooLargeError(f"the operations copy more than {MOST_COPIED} values")
        target = _operated(target, operation)
    return target


def _size(value: Any, most: int) -> int:
    """How many values a value consists of; more than `most` is as good as all of them."""
    size, rest = 0, [value]
    while rest and size <= most:
        here = rest.pop()
        size += 1
        if isinstance(here, (dict, list)):
            rest += here.values() if isinstance(here, dict) else here
    return size


def _operated(document: Any, operation: object) -> Any:
    if not isinstance(operation, dict):
        raise PatchMalformedError("a JSON patch operation is an object")
    path = _pointer(operation.get("path"))
    match operation.get("op"):
        case "add":
            return _added(document, path, copied(_value(operation)))
        case "remove":
            return _removed(document, path)
        case "replace":
            return _replaced(document, path, copied(_value(operation)))
        case "test":
            if not same(_found(document, path), operation.get("value")):
                raise PatchMisfitError(f"test of {operation.get('path')} failed")
            return document
        case "move":
            source = _pointer(operation.get("from"))
            return _added(_removed(document, source), path, _found(document, source))
        case "copy":
            return _added(document, path, copied(_found(document, _pointer(operation.get("from")))))
        case other:
            raise PatchMalformedError(f"unknown JSON patch operation {other!r}")


def _value(operation: dict[str, Any]) -> Any:
    if "value" not in operation:
        raise PatchMalformedError("a JSON patch operation lacks its value")
    return operation["value"]


def _pointer(text: object) -> tuple[str, ...]:
    if text == "":
        return ()
    if not isinstance(text, str) or not text.startswith("/"):
        raise PatchMalformedError(f"{text!r} is no JSON pointer")
    parts = text[1:].split("/")
    if len(parts) > DEEPEST:
        raise PatchTooLargeError(f"a JSON pointer has at most {DEEPEST} parts, found {len(parts)}")
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in parts)


def _found(document: Any, path: Sequence[str]) -> Any:
    for part in path:
        document = _step(document, part)
    return document


def _step(container: Any, part: str) -> Any:
    if isinstance(container, dict) and part in container:
        return container[part]
    if isinstance(container, list):
        return container[_index(part, len(container) - 1)]
    raise PatchMisfitError(f"nothing at {part!r}")


def _index(part: str, last: int) -> int:
    if not part.isascii() or not part.isdecimal() or len(part) > _MOST_DIGITS or int(part) > last:
        raise PatchMisfitError(f"no index {part!r}")
    return int(part)


def _within(document: Any, path: Sequence[str], value: Any) -> Any:
    """A copy of `document` in which the container at `path` is `value`."""
    if not path:
        return value
    head = path[0]
    new = _within(_step(document, head), path[1:], value)
    if isinstance(document, dict):
        return {**document, head: new}
    index = int(head)
    return [*document[:index], new, *document[index + 1 :]]


def _added(document: Any, path: tuple[str, ...], value: Any) -> Any:
    if not path:
        return value
    container, last = _found(document, path[:-1]), path[-1]
    if isinstance(container, dict):
        return _within(document, path[:-1], {**container, last: value})
    if isinstance(container, list):
        index = len(container) if last == "-" else _index(last, len(container))
        return _within(document, path[:-1], [*container[:index], value, *container[index:]])
    raise PatchMisfitError(f"nothing can be added at {last!r}")


def _removed(document: Any, path: tuple[str, ...]) -> Any:
    if not path:
        return None
    container, last = _found(document, path[:-1]), path[-1]
    _step(container, last)
    if isinstance(container, dict):
        return _within(document, path[:-1], {k: v for k, v in container.items() if k != last})
    index = int(last)
    return _within(document, path[:-1], [*container[:index], *container[index + 1 :]])


def _replaced(document: Any, path: tuple[str, ...], value: Any) -> Any:
    _found(document, path)
    return _within(document, path, value)

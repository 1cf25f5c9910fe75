"""The metadata that the server writes, and the rules for the metadata that clients write.

1. Identity (uid, creation, deletion, generation, version, managed fields) belongs to the server.
2. The main door keeps `status`, and the `spec` of a namespace, which has a door `/finalize`. The door `/status` keeps
   everything but `status`, labels and annotations included.
3. Names are RFC 1123 subdomains unless the kind is stricter; label values have at most 63 characters; all
   annotations together at most 256 KiB; at most one owner is the controller.
4. An object that is being deleted takes no new finalizers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from aimcore.simulation.causes import Cause, forbidden, invalid, required, too_long
from aimcore.simulation.merging import same
from aimcore.simulation.resource_type import Json, ResourceType

USERS_KEYS = ("labels", "annotations", "finalizers", "ownerReferences")
ANNOTATIONS_LIMIT = 256 * 1024
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z")
_QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]\Z")
_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?\Z")
_SUBDOMAIN_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_VALUE_TEXT = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation "
    "is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_KEY_TEXT = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)


def born(type_: ResourceType, obj: Json, uid: str, now: str) -> Json:
    """A new object with the server's metadata; `status` goes if it has its own door (rule 2)."""
    given = obj["metadata"]
    metadata: Json = {"name": given["name"]}
    if given.get("generateName"):
        metadata["generateName"] = given["generateName"]
    if type_.kind.namespaced:
        metadata["namespace"] = given["namespace"]
    metadata["uid"] = uid
    metadata["creationTimestamp"] = now
    if type_.has_generation:
        metadata["generation"] = 1
    for key in USERS_KEYS:
        if given.get(key):
            metadata[key] = given[key]
    out = {"apiVersion": type_.kind.api_version, "kind": type_.kind.kind, "metadata": metadata}
    out.update((k, v) for k, v in obj.items() if k not in ("apiVersion", "kind", "metadata"))
    if type_.status_subresource and not type_.keeps_status:
        out.pop("status", None)
    return out


def inherited(type_: ResourceType, live: Json, proposed: Json, subresource: str) -> Json:
    """What of a proposed object may reach the store through this door (rules 1 and 2); `live` if nothing differs."""
    if proposed is live:
        return live
    if subresource == "status":
        out = {k: v for k, v in live.items() if k != "status"}
        if proposed.get("status") is not None:
            out["status"] = proposed["status"]
        return out
    if subresource:  # a namespace's `/finalize`
        return {**live, "spec": proposed.get("spec") or {}}
    out = {k: live[k] if k in live and same(v, live[k]) else v for k, v in proposed.items() if k != "metadata"}
    out["apiVersion"], out["kind"] = type_.kind.api_version, type_.kind.kind
    out["metadata"] = _inherited_metadata(live["metadata"], proposed.get("metadata") or {})
    kept = ("status", "spec") if type_.name == "Namespace" else ("status",) if type_.status_subresource else ()
    for key in kept:
        out.pop(key, None)
        if key in live:
            out[key] = live[key]
    return out


def _inherited_metadata(live: Json, proposed: Mapping[str, Any]) -> Json:
    if all(same(proposed.get(k) or None, live.get(k)) for k in USERS_KEYS):
        return live
    out = {k: v for k, v in live.items() if k not in USERS_KEYS}
    for key in USERS_KEYS:
        if proposed.get(key):
            out[key] = proposed[key]
    return out


def content(obj: Json) -> Json:
    """The object without what a no-op must not depend on: managed fields and version."""
    metadata = {k: v for k, v in obj["metadata"].items() if k not in ("managedFields", "resourceVersion")}
    return {**obj, "metadata": metadata}


def differs_in_spec(type_: ResourceType, new: Json, old: Json) -> bool:
    """True if something outside metadata and status differs: what a generation counts."""
    skipped = ("metadata", "status") if type_.status_subresource else ("metadata",)
    keys = {k for k in (*new, *old) if k not in skipped}
    return any(new.get(k) is not old.get(k) and (k not in new or new[k] != old.get(k)) for k in keys)


def metadata_causes(type_: ResourceType, new: Json, old: Json | None) -> list[Cause]:
    """Violations of the rules 3 and 4; parts that did not change are not looked at again."""
    metadata = new["metadata"]
    before = old["metadata"] if old else {}
    if metadata is before:
        return []
    causes: list[Cause] = []
    if old is None:
        causes.extend(name_causes(type_, metadata["name"], "metadata.name"))
    for key, check in _CHECKS:
        value = metadata.get(key)
        if value and value is not before.get(key):
            causes.extend(check(value))
    if before.get("deletionTimestamp"):
        causes.extend(_new_finalizers(metadata, before))
    return causes


def name_causes(type_: ResourceType, name: str, field: str) -> Iterator[Cause]:
    if type_.name_rule == "path":
        if name in (".", "..") or "/" in name or "%" in name:
            yield invalid(field, name, "may not contain '/' or '%', nor be '.' or '..'")
        return
    pattern, limit, text = (
        (_LABEL, 63, _LABEL_TEXT) if type_.name_rule == "label" else (_SUBDOMAIN, 253, _SUBDOMAIN_TEXT)
    )
    if len(name) > limit:
        yield invalid(field, name, f"must be no more than {limit} bytes")
    if not pattern.match(name):
        yield invalid(field, name, text)


def _label_causes(labels: Mapping[str, Any]) -> Iterator[Cause]:
    for key, value in labels.items():
        yield from _key_causes(key, "metadata.labels")
        text = str(value)
        if len(text) > 63:
            yield invalid("metadata.labels", text, "must be no more than 63 bytes")
        if not _VALUE.match(text):
            yield invalid("metadata.labels", text, _VALUE_TEXT)


def _annotation_causes(annotations: Mapping[str, Any]) -> Iterator[Cause]:
    for key in annotations:
        yield from _key_causes(key.lower(), "metadata.annotations")
    if sum(_bytes(k) + _bytes(str(v)) for k, v in annotations.items()) > ANNOTATIONS_LIMIT:
        yield too_long("metadata.annotations", ANNOTATIONS_LIMIT)


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _key_causes(key: str, field: str) -> Iterator[Cause]:
    prefix, slash, name = key.rpartition("/")
    if slash and (not _SUBDOMAIN.match(prefix) or len(prefix) > 253):
        yield invalid(field, key, f"prefix part {_SUBDOMAIN_TEXT}")
    if len(name) > 63:
        yield invalid(field, key, "name part must be no more than 63 bytes")
    if not _QUALIFIED.match(name):
        yield invalid(field, key, _KEY_TEXT)


def _finalizer_causes(finalizers: Any) -> Iterator[Cause]:
    for name in finalizers:
        prefix, slash, rest = str(name).rpartition("/")
        if (slash and not _SUBDOMAIN.match(prefix)) or not _QUALIFIED.match(rest):
            yield invalid("metadata.finalizers", name, _KEY_TEXT)


def _owner_causes(owners: Any) -> Iterator[Cause]:
    controller = ""
    for index, owner in enumerate(owners):
        where = f"metadata.ownerReferences[{index}]"
        for key in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(key):
                yield required(f"{where}.{key}", "must not be empty")
        if owner.get("controller") is True:
            who = f"{owner.get('kind')}/{owner.get('name')}"
            if controller:
                found = f'Found "true" in references for {controller} and {who}'
                text = f"Only one reference can have Controller set to true. {found}"
                yield invalid("metadata.ownerReferences", owners, text)
            controller = controller or who


def _new_finalizers(metadata: Json, before: Json) -> Iterator[Cause]:
    added = [f for f in metadata.get("finalizers") or () if f not in (before.get("finalizers") or ())]
    if added:
        names = ", ".join(f'"{f}"' for f in added)
        text = (
            f"no new finalizers can be added if the object is being deleted, found new finalizers []string{{{names}}}"
        )
        yield forbidden("metadata.finalizers", text)


_CHECKS = (
    ("labels", _label_causes),
    ("annotations", _annotation_causes),
    ("finalizers", _finalizer_causes),
    ("ownerReferences", _owner_causes),
)

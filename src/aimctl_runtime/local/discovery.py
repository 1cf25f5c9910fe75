"""Discovery: which groups, versions and resources the cluster serves, in both forms that kubectl asks for.

1. Both forms are made from one list of `Served` resources; nothing is listed that `routes` does not answer.
2. Core comes first, then groups in the order in which their types were added: kubectl resolves short names that way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aimcore.api.kinds import Kind
from aimcore.resource import Json

VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


@dataclass(frozen=True, slots=True)
class Subresource:
    """`kind`, `group` and `version` differ from the parent's for a scale (autoscaling/v1 Scale)."""

    name: str
    kind: str
    group: str
    version: str
    verbs: tuple[str, ...] = ("get", "patch", "update")


@dataclass(frozen=True, slots=True)
class Served:
    """One resource that the cluster serves."""

    kind: Kind
    verbs: tuple[str, ...] = VERBS
    subresources: tuple[Subresource, ...] = ()


Groups = Mapping[tuple[str, str], Sequence[Served]]


def groups_of(served: Iterable[Served]) -> Groups:
    """The resources by group and version, core first."""
    groups: dict[tuple[str, str], list[Served]] = {("", "v1"): []}
    for resource in served:
        groups.setdefault((resource.kind.group, resource.kind.version), []).append(resource)
    return groups


def core_versions() -> Json:
    """The answer to `/api`."""
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def group_list(groups: Groups) -> Json:
    """The answer to `/apis`."""
    names = dict.fromkeys(group for group, _ in groups if group)
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(name, groups) for name in names]}


def group(name: str, groups: Groups) -> Json | None:
    """The answer to `/apis/<group>`, or None if no such group is served."""
    if name and any(name == g for g, _ in groups):
        return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, groups)}
    return None


def _group(name: str, groups: Groups) -> Json:
    versions = [{"groupVersion": f"{name}/{v}", "version": v} for g, v in groups if g == name]
    return {"name": name, "versions": versions, "preferredVersion": versions[0]}


def resource_list(served: Sequence[Served], group_version: str) -> Json:
    """The answer to `/api/v1` and `/apis/<group>/<version>`."""
    resources = []
    for resource in served:
        kind = resource.kind
        entry: Json = {
            "name": kind.plural,
            "singularName": kind.singular,
            "namespaced": kind.namespaced,
            "kind": kind.kind,
            "verbs": list(resource.verbs),
        }
        if kind.short_names:
            entry["shortNames"] = list(kind.short_names)
        if kind.categories:
            entry["categories"] = list(kind.categories)
        resources.append(entry)
        resources += [
            {
                "name": f"{kind.plural}/{sub.name}",
                "singularName": "",
                "namespaced": kind.namespaced,
                "group": sub.group,
                "version": sub.version,
                "kind": sub.kind,
                "verbs": list(sub.verbs),
            }
            for sub in resource.subresources
        ]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources}


def aggregated(groups: Groups, *, core: bool) -> Json:
    """The aggregated form of `/api` (`core`) or `/apis`."""
    names = [""] if core else list(dict.fromkeys(group for group, _ in groups if group))
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": [
            {
                "metadata": {"name": name},
                "versions": [
                    {"version": v, "freshness": "Current", "resources": [_entry(r) for r in served]}
                    for (g, v), served in groups.items()
                    if g == name
                ],
            }
            for name in names
        ],
    }


def _entry(resource: Served) -> Json:
    kind = resource.kind
    return {
        "resource": kind.plural,
        "responseKind": {"group": kind.group, "version": kind.version, "kind": kind.kind},
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.singular,
        "shortNames": list(kind.short_names),
        "categories": list(kind.categories),
        "verbs": list(resource.verbs),
        "subresources": [
            {
                "subresource": sub.name,
                "responseKind": {"group": sub.group, "version": sub.version, "kind": sub.kind},
                "verbs": list(sub.verbs),
            }
            for sub in resource.subresources
        ],
    }

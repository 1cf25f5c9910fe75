"""The template cache that a namespaced template makes for itself (T-9, T-10, O-15).

Any cache that the template owns is enough; an existing one is never applied again. One of its name that somebody else
made is left alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from aimcore.api.kinds import AIM_KINDS
from aimcore.kinds.template.inputs import Template
from aimcore.labels import stamp
from aimcore.plan import Child
from aimcore.resource import Json, Resource
from aimcore.snapshot import Absent, Listed, Snapshot

KIND = "AIMTemplateCache"


def needs_cache(snapshot: Snapshot, template: Template) -> bool:
    """Whether a cache is to be made."""
    if not template.caches:
        return False
    owned = snapshot.index(KIND, "owner", template.uid)
    if not isinstance(owned, Listed) or owned.resources:
        return False
    return isinstance(snapshot.object(KIND, template.namespace, template.name), Absent)


def desired_cache(resource: Resource, template: Template, patterns: Sequence[str]) -> Child:
    """The cache of the template's model sources."""
    spec: Json = {"templateName": template.name, "templateScope": "Namespace"}
    env = template.caching_env or template.env
    if env:
        spec["env"] = list(env)
    if template.runtime_config:
        spec["runtimeConfigName"] = template.runtime_config
    manifest: Json = {
        "apiVersion": AIM_KINDS[KIND].api_version,
        "kind": KIND,
        "metadata": {"name": template.name, "namespace": template.namespace},
        "spec": spec,
    }
    return Child(stamp(manifest, resource, patterns, owned=True), "TemplateCache")

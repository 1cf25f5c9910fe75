"""Templates that a model made and no longer derives (D-18).

1. Made by the model means: controlled by it, and applied by its field manager. Labels and owner references alone prove
   nothing, since copies carry them.
2. Such a template gets the label `obsolete`, and loses it when it is derived again. It is no candidate meanwhile.
3. Once it carries the label and nothing refers to it, it is deleted: no service by name, status or InferenceService (a
   derived template belongs to a service that names its base), no cache, and not the model's own default.
4. Nothing is judged while the image is not settled, its metadata unknown, or the making of templates switched off.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aimcore import naming
from aimcore.cluster.reading import objects, text
from aimcore.indexes import in_namespace
from aimcore.kinds.model.image import Image
from aimcore.kinds.model.inputs import Model
from aimcore.kinds.model.templates import Draft
from aimcore.labels import OBSOLETE
from aimcore.plan import Deletion, Edit
from aimcore.resource import Resource
from aimcore.snapshot import Listed, NotInstalled, Snapshot
from aimcore.vocabulary import CONTROLLERS

_TRUE = "true"


def obsolete_edits(
    resource: Resource, model: Model, image: Image, drafts: Sequence[Draft], templates: Sequence[Resource]
) -> Iterator[Edit]:
    """The labels to set and to remove."""
    for template, is_obsolete in _judged(resource, model, image, drafts, templates):
        if is_obsolete != _is_marked(template):
            mark = _TRUE if is_obsolete else None
            yield Edit(template.key, template.uid, {OBSOLETE: mark}, model.scope.templates)


def obsolete_deletions(
    snapshot: Snapshot,
    resource: Resource,
    model: Model,
    image: Image,
    drafts: Sequence[Draft],
    templates: Sequence[Resource],
) -> Iterator[Deletion]:
    """The marked templates that nothing refers to any more."""
    for template, is_obsolete in _judged(resource, model, image, drafts, templates):
        if is_obsolete and _is_marked(template) and not _is_used(snapshot, model, template):
            reason = f"{resource.kind} {resource.name} no longer derives it and nothing refers to it"
            version = template.resource_version or None
            yield Deletion(template.key, template.uid, reason, model.scope.templates, version)


def _judged(
    resource: Resource, model: Model, image: Image, drafts: Sequence[Draft], templates: Sequence[Resource]
) -> Iterator[tuple[Resource, bool]]:
    """The templates that this model made, each with whether it is no longer derived."""
    if model.creates is False or not image.is_settled or (image.metadata is None and not model.is_custom):
        return
    derived = {draft.name for draft in drafts}
    for template in templates:
        if not template.is_deleting and was_made_by(resource, template):
            yield template, template.name not in derived


def _is_marked(template: Resource) -> bool:
    return template.labels.get(OBSOLETE) == _TRUE


def _is_used(snapshot: Snapshot, model: Model, template: Resource) -> bool:
    """Whether anything refers to the template, as far as can be read: what cannot be read may."""
    if model.default_template == template.name:
        return True
    name = in_namespace(template.namespace, template.name)
    label = in_namespace(template.namespace, naming.label_value(template.name))
    places = (("AIMService", name), ("AIMTemplateCache", name), ("InferenceService", label))
    return any(_is_listed(snapshot, kind, value) for kind, value in places)


def _is_listed(snapshot: Snapshot, kind: str, value: str) -> bool:
    match snapshot.index(kind, "template", value):
        case Listed(resources):
            return bool(resources)
        case NotInstalled():
            return False
        case _:
            return True


def was_made_by(resource: Resource, template: Resource) -> bool:
    """Whether this model generated the template."""
    manager = CONTROLLERS[resource.kind].manager
    applied = any(
        text(entry, "manager") == manager and text(entry, "operation") == "Apply"
        for entry in objects(template.metadata, "managedFields")
    )
    return applied and template.controller is not None and template.controller.uid == resource.uid

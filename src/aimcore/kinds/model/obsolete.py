"""Templates that a model made and no longer derives (D-18).

1. Made by the model means: controlled by it, and applied by its field manager. Labels and owner references alone prove
   nothing, since copies carry them.
2. Such a template gets the label `obsolete`, and loses it when it is derived again. It is no candidate meanwhile.
3. Nothing is judged while the image is not settled, its metadata unknown, or the making of templates switched off.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aimcore.cluster.reading import objects, text
from aimcore.kinds.model.image import Image
from aimcore.kinds.model.inputs import Model
from aimcore.kinds.model.templates import Draft
from aimcore.labels import CONTROLLERS, OBSOLETE
from aimcore.plan import Edit
from aimcore.resource import Resource

_TRUE = "true"


def obsolete_edits(
    resource: Resource, model: Model, image: Image, drafts: Sequence[Draft], templates: Iterable[Resource]
) -> Iterable[Edit]:
    """The labels to set and to remove."""
    if model.creates is False or not image.is_settled or (image.metadata is None and not model.is_custom):
        return
    derived = {draft.name for draft in drafts}
    for template in templates:
        is_obsolete = template.name not in derived
        is_marked = template.labels.get(OBSOLETE) == _TRUE
        if is_obsolete != is_marked and not template.is_deleting and was_made_by(resource, template):
            mark = _TRUE if is_obsolete else None
            yield Edit(template.key, template.uid, {OBSOLETE: mark}, model.scope.templates)


def was_made_by(resource: Resource, template: Resource) -> bool:
    """Whether this model generated the template."""
    manager = CONTROLLERS[resource.kind].manager
    applied = any(
        text(entry, "manager") == manager and text(entry, "operation") == "Apply"
        for entry in objects(template.metadata, "managedFields")
    )
    return applied and template.controller is not None and template.controller.uid == resource.uid

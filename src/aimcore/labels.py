"""Labels, annotations and owner references: the keys that we write, and how children are stamped with them.

1. Every label of the parent whose key starts with `aim.eai.amd.com/` reaches its children; other keys reach them if a
   pattern of the runtime config matches (R-12.2, E-11). The `obsolete` label stays where it is (D-18).
2. Then come the controller's two labels (R-12.3). A label that the child has is never overwritten.
3. What was added to a Job is added to its pods too, except `managed-by`.
4. Patterns are shell globs over the whole key; `*` and `?` do not cross `/`; a malformed pattern matches nothing.
5. The texts here are a published contract: live objects carry them.
6. What a parent's kind is called, and as whom it writes, stands in the vocabulary: ours unless another is given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from aimcore.naming import child_label
from aimcore.resource import Json, Resource
from aimcore.vocabulary import OURS, Vocabulary

DOMAIN = "aim.eai.amd.com/"
# ---- labels of ours -------------------------------------------------------------------------------------------------
SERVICE = DOMAIN + "service"
SERVICE_NAME = DOMAIN + "service.name"
TEMPLATE = DOMAIN + "template"
MODEL = DOMAIN + "model"
METRIC = DOMAIN + "metric"
PRECISION = DOMAIN + "precision"
ORIGIN = DOMAIN + "origin"
CUSTOM_MODEL = DOMAIN + "custom-model"
MODEL_SOURCE = DOMAIN + "model-source"
SOURCE_MODEL = DOMAIN + "source-model"
CACHE_NAME = DOMAIN + "cache.name"
CACHE_TYPE = DOMAIN + "cache.type"
AIM_COMPONENT = DOMAIN + "component"
TEMPLATE_ALIAS = DOMAIN + "template.alias"
TEMPLATE_NAME = DOMAIN + "template.name"
TEMPLATE_SCOPE = DOMAIN + "template.scope"
TEMPLATE_INDEX = DOMAIN + "template.index"
TEMPLATE_CACHE_NAME = DOMAIN + "template-cache.name"
TEMPLATE_CREATED = "template-created"
OBSOLETE = DOMAIN + "obsolete"
# ---- labels of others -----------------------------------------------------------------------------------------------
NAME = "app.kubernetes.io/name"
MANAGED_BY = "app.kubernetes.io/managed-by"
COMPONENT = "app.kubernetes.io/component"
INFERENCE_SERVICE = "serving.kserve.io/inferenceservice"
JOB_NAME = "job-name"
# ---- annotations and finalizers -------------------------------------------------------------------------------------
RENDER_REVISION = DOMAIN + "render-revision"
PAUSED = DOMAIN + "reconciliation-paused"
AUTOSCALER_CLASS = "serving.kserve.io/autoscalerClass"
INJECT_COLLECTOR = "sidecar.opentelemetry.io/inject"
PROMETHEUS_PORT = "prometheus.kserve.io/port"
SERVICE_FINALIZER = DOMAIN + "template-cache-cleanup"
TEMPLATE_CACHE_FINALIZER = DOMAIN + "artifactcleanup"
# ---- values ---------------------------------------------------------------------------------------------------------
AUTO_GENERATED = "auto-generated"
DERIVED = "derived"
AIM_ENGINE = "aim-engine"


def is_paused(resource: Resource) -> bool:
    """Whether the object's owner asked us to leave it alone: the annotation reads exactly `true`."""
    return resource.annotations.get(PAUSED) == "true"


def owner_reference(parent: Resource, vocabulary: Vocabulary = OURS) -> Json:
    """The controller reference to `parent`, a kind of the vocabulary (R-12.4)."""
    return {
        "apiVersion": vocabulary.kinds[parent.kind].api_version,
        "kind": parent.kind,
        "name": parent.name,
        "uid": parent.uid,
        "controller": True,
    }


def stamp(
    manifest: Json, parent: Resource, patterns: Sequence[str], *, owned: bool, vocabulary: Vocabulary = OURS
) -> Json:
    """A child's manifest with the labels that come from its parent and, if `owned`, the reference to it.

    `patterns`: the runtime config's label patterns, empty when propagation is off. Returns a new dict; what is
    unchanged is shared with `manifest`.
    """
    metadata: Json = dict(manifest["metadata"])
    present = metadata.get("labels") or {}
    added = _inherited(parent.labels, present, patterns)
    controller = vocabulary.controllers[parent.kind]
    if controller.child_label not in present and controller.child_label not in added:
        added[controller.child_label] = child_label(parent.name)
    metadata["labels"] = {MANAGED_BY: controller.manager, **added, **present}
    if owned:
        others = [o for o in metadata.get("ownerReferences") or () if o.get("uid") != parent.uid]
        metadata["ownerReferences"] = [*others, owner_reference(parent, vocabulary)]
    stamped: Json = {**manifest, "metadata": metadata}
    if manifest["kind"] == "Job":
        stamped["spec"] = _with_pod_labels(manifest["spec"], added)
    return stamped


def _inherited(labels: Mapping[str, str], present: Mapping[str, str], patterns: Sequence[str]) -> dict[str, str]:
    """The labels of a parent that reach a child without them."""
    wanted = _any_of(tuple(patterns)).fullmatch if patterns else None
    return {
        key: value
        for key, value in labels.items()
        if key not in present
        and (key != OBSOLETE if key.startswith(DOMAIN) else wanted is not None and wanted(key) is not None)
    }


def _with_pod_labels(spec: Json, added: Mapping[str, str]) -> Json:
    """A Job's spec with the labels on its pod template, where it lacks them."""
    template = spec["template"]
    metadata = template.get("metadata") or {}
    pods = {k: v for k, v in added.items() if k != MANAGED_BY}
    labels = {**pods, **(metadata.get("labels") or {})}
    return {**spec, "template": {**template, "metadata": {**metadata, "labels": labels}}}


# ---- patterns -------------------------------------------------------------------------------------------------------
def glob_matches(pattern: str, key: str) -> bool:
    """Whether a shell glob matches the whole key."""
    return _any_of((pattern,)).fullmatch(key) is not None


_CLASS_CHARACTER = r"(?:\\.|[^\\\]\-])"
_TOKEN = re.compile(
    rf"(?P<run>\*)|(?P<one>\?)|\[(?P<not>\^?)(?P<class>(?:{_CLASS_CHARACTER}(?:-{_CLASS_CHARACTER})?)+)\]"
    r"|\\(?P<escaped>.)|(?P<plain>[^*?\[\\])",
    re.DOTALL,
)
_RANGE = re.compile(rf"({_CLASS_CHARACTER})(?:-({_CLASS_CHARACTER}))?", re.DOTALL)


@lru_cache(maxsize=256)
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """One regular expression for several globs. A pure memo."""
    expressions = [e for p in patterns if (e := _expression_of(p)) is not None]
    return re.compile("|".join(expressions) if expressions else "(?!)", re.DOTALL)


def _expression_of(pattern: str) -> str | None:
    """The regular expression of a glob; None if it is malformed.

    What stands between two `*` is taken where it first fits, as in the reference: nothing is tried twice, so that no
    pattern takes long.
    """
    pieces, position = [""], 0
    while position < len(pattern):
        token = _TOKEN.match(pattern, position)
        if token is None:
            return None
        if not token["run"]:
            pieces[-1] += _expression(token)
        elif pieces[-1] or len(pieces) == 1:
            pieces.append("")
        position = token.end()
    if len(pieces) == 1:
        return pieces[0]
    first, *between, last = pieces
    return first + "".join([f"(?>[^/]*?{piece})" for piece in between]) + f"[^/]*{last}"


def _expression(token: re.Match[str]) -> str:
    if token["one"]:
        return "[^/]"
    if token["class"]:
        return _class_expression(token["class"], negated=bool(token["not"]))
    return re.escape(token["escaped"] or token["plain"])


def _class_expression(text: str, *, negated: bool) -> str:
    """One character of a class. A range that runs backwards holds nothing."""
    members = []
    for first, last in _RANGE.findall(text):
        low, high = first[-1], (last or first)[-1]
        if low <= high:
            members.append(f"{re.escape(low)}-{re.escape(high)}")
    if not members:
        return "." if negated else "(?!)"
    return f"[{'^' if negated else ''}{''.join(members)}]"

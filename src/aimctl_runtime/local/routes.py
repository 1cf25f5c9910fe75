"""Routes: an HTTP request becomes a call of the cluster, and its result a reply. No I/O.

1. Paths, verbs, parameters and bodies mean what they mean to a Kubernetes API server; the cluster decides the rest.
2. A body may leave out what the URL says (name, namespace, kind); it must not contradict it.
3. Protobuf is refused in words (415). What is not served is 404 in plain text, as for a group that is not installed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from aimcore.resource import Json
from aimcore.simulation.cluster import ApiError, Cluster, PatchType, Result
from aimcore.simulation.errors import bad_request, not_installed, unsupported_media_type
from aimcore.simulation.world import World
from aimctl_runtime.local import discovery
from aimctl_runtime.local.catalog import REVIEWS, VERSION, Catalog, Target
from aimctl_runtime.local.exchange import (
    PROTOBUF,
    Answer,
    Reply,
    Request,
    Stream,
    decoded,
    status,
)
from aimctl_runtime.local.readings import field_manager_of, is_dry, key_of, number, object_of, validation_of
from aimctl_runtime.local.subresources import log, scale
from aimctl_runtime.local.table import metadata_only, table

PATCH_TYPES = {kind.value: kind for kind in PatchType}
WATCH_SECONDS = 1800.0
"""How long a watch lives that names no timeout."""
LONGEST_WARNING, MOST_WARNINGS = 256, 4096
"""Characters of one warning, and of all in an answer, more or less: as the API server cuts them."""


@dataclass(slots=True)
class Routes:
    """Answers requests from a cluster. `world` knows the logs of pods."""

    cluster: Cluster
    world: World
    _catalog: Catalog = field(init=False)

    def __post_init__(self) -> None:
        self._catalog = Catalog(tuple(self.cluster.types()))

    @property
    def catalog(self) -> Catalog:
        """The catalogue of what is served now."""
        types = tuple(self.cluster.types())
        if types != self._catalog.types:
            self._catalog = Catalog(types)
        return self._catalog

    def answer(self, request: Request, target: Target | None) -> Answer:
        """The answer to one request. `target` is what `catalog.target` found in its path."""
        try:
            if target is None:
                return self._general(request)
            if target.subresource == "log":
                return log(self.cluster, self.world, request, target)
            if target.subresource == "scale":
                return scale(self.cluster, request, target)
            return self._resource(request, target)
        except ApiError as error:
            return _refused(error)

    # ---- paths without a resource ---------------------------------------------------------------------------------
    def _general(self, request: Request) -> Reply:
        """Discovery, documents, health, version and permission reviews."""
        groups = self.catalog.groups
        match request.path.strip("/").split("/"):
            case ["healthz" | "livez" | "readyz", *_]:
                return Reply(200, "ok", content_type="text/plain; charset=utf-8")
            case ["version"]:
                return Reply(200, _version())
            case ["api" | "apis" as root] if request.accepts_as("APIGroupDiscoveryList") and "v=v2;" in request.accept:
                return Reply(200, discovery.aggregated(groups, core=root == "api"), content_type=discovery.AGGREGATED)
            case ["api"]:
                return Reply(200, discovery.core_versions())
            case ["apis"]:
                return Reply(200, discovery.group_list(groups))
            case ["api", version] if ("", version) in groups:
                return Reply(200, discovery.resource_list(groups["", version], version))
            case ["apis", group] if (found := discovery.group(group, groups)) is not None:
                return Reply(200, found)
            case ["apis", group, version] if (group, version) in groups:
                return Reply(200, discovery.resource_list(groups[group, version], f"{group}/{version}"))
            case ["apis", "authorization.k8s.io", "v1", plural] if plural in REVIEWS and request.method == "POST":
                return Reply(201, _allowed(request, plural))
            case ["openapi", "v2"]:
                return self._openapi(request, "v2")
            case ["openapi", "v3", *rest]:
                return self._openapi(request, "/".join(rest))
            case _:
                return _refused(not_installed())

    def _openapi(self, request: Request, path: str) -> Reply:
        if "protobuf" in request.accept and "json" not in request.accept:
            return status(406, "NotAcceptable", "this local cluster writes OpenAPI as JSON only")
        document = self.catalog.document(path)
        return _refused(not_installed()) if document is None else Reply(200, document)

    # ---- objects --------------------------------------------------------------------------------------------------
    def _resource(self, request: Request, target: Target) -> Answer:
        match request.method, bool(target.name):
            case "GET", True:
                return Reply(200, self._formed(request, target, self.cluster.get(key_of(target))))
            case "GET", False:
                return self._watch(request, target) if request.flag("watch") else self._list(request, target)
            case "POST", False:
                return self._create(request, target)
            case "PUT", True:
                return self._update(request, target)
            case "PATCH", True:
                return self._patch(request, target)
            case "DELETE", _:
                return self._delete(request, target)
            case _:
                return status(
                    405, "MethodNotAllowed", "the server does not allow this method on the requested resource"
                )

    def _list(self, request: Request, target: Target) -> Reply:
        query = request.query
        body = self.cluster.list(
            target.type.kind.kind,
            target.namespace,
            labels=query.get("labelSelector", ""),
            fields=query.get("fieldSelector", ""),
            limit=number(request, "limit"),
            continue_=query.get("continue", ""),
            resource_version=query.get("resourceVersion", ""),
            match=query.get("resourceVersionMatch", ""),
        )
        return Reply(200, self._formed(request, target, body))

    def _watch(self, request: Request, target: Target) -> Stream:
        query = request.query
        watch = self.cluster.watch(
            target.type.kind.kind,
            target.namespace,
            labels=query.get("labelSelector", ""),
            fields=query.get("fieldSelector", ""),
            resource_version=query.get("resourceVersion", ""),
            bookmarks=request.flag("allowWatchBookmarks"),
            send_initial_events=request.flag("sendInitialEvents"),
            match=query.get("resourceVersionMatch", ""),
        )
        seconds = number(request, "timeoutSeconds")
        return Stream(
            watch,
            form=lambda event: self._formed_event(request, target, event),
            timeout=float(seconds) if seconds else WATCH_SECONDS,
        )

    def _create(self, request: Request, target: Target) -> Reply:
        result = self.cluster.create(
            object_of(target, decoded(request)),
            manager=field_manager_of(request),
            dry_run=is_dry(request),
            field_validation=validation_of(request),
        )
        return self._written(request, target, result, 201)

    def _update(self, request: Request, target: Target) -> Reply:
        result = self.cluster.update(
            object_of(target, decoded(request)),
            subresource=target.subresource,
            manager=field_manager_of(request),
            dry_run=is_dry(request),
            field_validation=validation_of(request),
        )
        return self._written(request, target, result, 200)

    def _patch(self, request: Request, target: Target) -> Reply:
        kind = PATCH_TYPES.get(request.media_type)
        if kind is None:
            raise unsupported_media_type(request.media_type)
        result = self.cluster.patch(
            key_of(target),
            decoded(request),
            kind,
            subresource=target.subresource,
            manager=request.query.get("fieldManager", "") if kind is PatchType.APPLY else field_manager_of(request),
            force=request.flag("force"),
            dry_run=is_dry(request),
            field_validation=validation_of(request),
        )
        return self._written(request, target, result, 201 if result.created else 200)

    def _delete(self, request: Request, target: Target) -> Reply:
        options = decoded(request) if request.body.strip() else {}
        wanted = options.get("preconditions") or {} if isinstance(options, dict) else None
        if not isinstance(wanted, dict):
            raise bad_request("the delete options are not an object")
        propagation = request.query.get("propagationPolicy") or options.get("propagationPolicy")
        dry = is_dry(request) or options.get("dryRun") == ["All"]
        if target.name:
            body = self.cluster.delete(
                key_of(target),
                uid=wanted.get("uid"),
                resource_version=wanted.get("resourceVersion"),
                propagation=propagation,
                dry_run=dry,
                manager=field_manager_of(request),
            )
        else:
            body = self.cluster.delete_collection(
                target.type.kind.kind,
                target.namespace,
                labels=request.query.get("labelSelector", ""),
                fields=request.query.get("fieldSelector", ""),
                propagation=propagation,
                dry_run=dry,
                manager=field_manager_of(request),
            )
        return Reply(200, body)

    # ---- forms ----------------------------------------------------------------------------------------------------
    def _written(self, request: Request, target: Target, result: Result, code: int) -> Reply:
        warnings = _warnings(result.warnings)
        headers = {"Warning": warnings} if warnings else {}
        return Reply(code, self._formed(request, target, result.object), headers)

    def _formed(self, request: Request, target: Target, body: Json) -> Json:
        """An object or a list in the form that the client prefers: itself, a Table, or metadata only."""
        if request.accepts_as("Table"):
            objects = body.get("items", [body])
            return self._table(request, target, objects, body["metadata"])
        if request.accepts_as("PartialObjectMetadataList") and "items" in body:
            items = [metadata_only(o) for o in body["items"]]
            return {**body, "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "items": items}
        if request.accepts_as("PartialObjectMetadata") and "items" not in body:
            return metadata_only(body)
        return body

    def _formed_event(self, request: Request, target: Target, event: Json) -> Json:
        raw = event["object"]
        if event["type"] == "ERROR":
            return event
        if request.accepts_as("Table"):
            objects = [] if event["type"] == "BOOKMARK" else [raw]
            return {**event, "object": self._table(request, target, objects, raw["metadata"])}
        return {**event, "object": self._formed(request, target, raw)}

    def _table(self, request: Request, target: Target, objects: Sequence[Json], metadata: Json) -> Json:
        columns = self.catalog.columns(target.type)
        made = table(
            columns,
            objects,
            self.cluster.clock.now,
            metadata.get("resourceVersion", ""),
            request.query.get("includeObject", "Metadata"),
        )
        if "continue" in metadata:
            made["metadata"]["continue"] = metadata["continue"]
        return made


def _warnings(texts: Sequence[str]) -> str:
    """The value of a `Warning` header: each text on one line and short, as many as there is room for."""
    written: list[str] = []
    for text in texts:
        line = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text[:LONGEST_WARNING])
        quoted = line.replace("\\", "\\\\").replace('"', '\\"')
        written.append(f'299 - "{quoted}"')
        if sum(map(len, written)) > MOST_WARNINGS:
            break
    return ", ".join(written)


def _refused(error: ApiError) -> Reply:
    plain = isinstance(error.body, str)
    return Reply(error.code, error.body, error.headers, "text/plain; charset=utf-8" if plain else "application/json")


def _version() -> Json:
    major, minor, _ = VERSION.removeprefix("v").split(".")
    return {"major": major, "minor": minor, "gitVersion": f"{VERSION}+aim-local", "platform": "local/simulated"}


def _allowed(request: Request, plural: str) -> Json:
    """Everything is allowed here, so a question that we cannot read (protobuf) has the same answer."""
    review = None if request.media_type == PROTOBUF else decoded(request)
    identity = {"kind": REVIEWS[plural].kind, "apiVersion": REVIEWS[plural].api_version}
    given = {**identity, "metadata": {}, "spec": {}, **(review if isinstance(review, dict) else {})}
    if plural == "selfsubjectaccessreviews":
        return {**given, "status": {"allowed": True, "reason": "a local cluster allows everything"}}
    everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
    return {**given, "status": {"resourceRules": [everything], "nonResourceRules": [], "incomplete": False}}

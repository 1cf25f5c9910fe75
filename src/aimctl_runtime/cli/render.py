"""`aimctl render FILE…`: what the controller would make of YAML files. No cluster, no network.

1. The controller's own code path: plan and write, repeated until nothing is left to write (`aimcore.testing.driver`).
2. The world does not answer; with `--until stable` the simulated one does.
3. Only the objects of FILE and what is made from them are planned and printed. `--with` is what else is in the
   cluster: read, never planned, never printed.
4. Every kind counts as installed, a namespace that is not given as existing.
5. The clock stands at the newest time in the input, or at `NO_TIME` if it holds none. Times from the year 3000 on are
   no times: nothing could be planned behind them.
6. The output is deterministic, and fed back as FILE it gives itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from aimcore.facts import Answer
from aimcore.resource import Key
from aimcore.simulation.clock import Clock
from aimcore.simulation.cluster import ApiError, Cluster
from aimcore.simulation.types import RESOURCE_TYPES
from aimcore.snapshot import moment
from aimcore.testing.driver import Driver
from aimctl_runtime.cli import OK, Problem, parser, say
from aimctl_runtime.cli.documents import Document, dump, load_documents, refusal
from aimctl_runtime.local.validation import SchemaValidator
from aimctl_runtime.packaged import our_crds

NO_TIME = datetime(2026, 1, 1, tzinfo=UTC)
_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")
_NEVER = datetime(3000, 1, 1, tzinfo=UTC)
_STABLE_WITHIN = timedelta(hours=2)
_UNPRINTED = ("managedFields", "resourceVersion", "selfLink")

_DESCRIPTION = """\
Print what the controller would make of YAML files: the objects with their
statuses, their children, and notes as comments. No cluster, no network."""


def main(arguments: Sequence[str]) -> int:
    """Render files to stdout."""
    options = parser("render", _DESCRIPTION)
    options.add_argument("file", nargs="+", metavar="FILE", help="YAML or JSON file, folder, or - for stdin")
    options.add_argument(
        "--with", action="append", default=[], dest="others", metavar="DIR|FILE", help="what else is in the cluster"
    )
    options.add_argument(
        "--until", choices=("written", "stable"), default="written",
        help="written: the world keeps silent (default); stable: the simulated world runs on",
    )  # fmt: skip
    options.add_argument("--namespace", "-n", default="default", help="for objects that name none (default: default)")
    chosen = options.parse_args(arguments)
    kinds = known_kinds()
    files = load_documents(chosen.file, kinds)
    others = load_documents(chosen.others, kinds) if chosen.others else []
    if not files:
        raise Problem(f"{', '.join(chosen.file)}: no object in it")
    rendering = Rendering(files, others, chosen.namespace)
    if chosen.until == "stable":
        rendering.let_the_world_run()
    rendering.settle()
    say("---\n".join(rendering.texts()).rstrip())
    return OK


def known_kinds() -> set[tuple[str, str]]:
    """The (apiVersion, kind) pairs that may stand in a file."""
    ours = {
        (f"{c['spec']['group']}/{c['spec']['versions'][0]['name']}", c["spec"]["names"]["kind"]) for c in our_crds()
    }
    return ours | {(t.kind.api_version, t.kind.kind) for t in RESOURCE_TYPES}


def new_cluster(clock: Clock, seed: str = "") -> Cluster:
    """A simulated cluster with every kind that we know, and nothing in it. `seed` tells its uids from others."""
    cluster = Cluster(RESOURCE_TYPES, clock=clock, validate=SchemaValidator(), seed=seed)
    for crd in our_crds():
        cluster.create(crd)
    return cluster


class Rendering:
    """Files placed in a simulated cluster, and the controller at work on them.

    Raises `Problem` for an object that an API server would refuse, with file and line.
    """

    def __init__(self, files: Sequence[Document], others: Sequence[Document], namespace: str) -> None:
        self.clock = Clock(newest_time([*files, *others]) or NO_TIME)
        given = sorted(str(d.object["metadata"].get("uid") or "") for d in [*files, *others])
        self.cluster = new_cluster(self.clock, seed="".join(given))
        self._namespace = namespace
        self._make_namespaces([*files, *others])
        self._refuse_doubles(files, others)
        self.given = [self._place(document) for document in files]
        self.others = {self._place(document) for document in others}
        self.driver = Driver(self.cluster, self.clock, planned=set(self.given), spared=self.others)

    # ---- placing ------------------------------------------------------------------------------------------------
    def _make_namespaces(self, documents: Iterable[Document]) -> None:
        given = {d.object["metadata"]["name"] for d in documents if d.object["kind"] == "Namespace"}
        first: dict[str, Document] = {}
        for document in documents:
            first.setdefault(document.object["metadata"].get("namespace") or self._namespace, document)
        for name in sorted({*first, "default", "aim-system"} - given):
            try:
                self.cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
            except ApiError as error:
                raise refusal(first[name], error.body) from error

    def _refuse_doubles(self, files: Sequence[Document], others: Sequence[Document]) -> None:
        seen: dict[tuple[str, str, str], Document] = {}
        for document in [*files, *others]:
            metadata = document.object["metadata"]
            key = (document.object["kind"], metadata.get("namespace") or self._namespace, metadata["name"])
            first = seen.setdefault(key, document)
            if first is not document:
                raise Problem(f"{document.place}: {key[0]} {key[2]} stands already at {first.place}; one must go")

    def _place(self, document: Document) -> Key:
        """Store an object as it is given: checked like a new one, with its own identity and status."""
        given = document.object
        kind = given["kind"]
        type_ = self.cluster.type_of(kind)
        metadata = {**given["metadata"]}
        if type_.kind.namespaced:
            metadata.setdefault("namespace", self._namespace)
        else:
            metadata.pop("namespace", None)
        fresh = {k: v for k, v in metadata.items() if k not in ("resourceVersion", "uid", "deletionTimestamp")}
        try:
            made = self.cluster.create({**given, "metadata": fresh}, dry_run=True).object
        except ApiError as error:
            raise refusal(document, error.body) from error
        namespace = made["metadata"].get("namespace", "")
        kept = {k: metadata[k] for k in _IDENTITY if k in metadata}
        whole = {**made, "metadata": {**made["metadata"], **kept}}
        if "managedFields" not in metadata:
            whole["metadata"].pop("managedFields", None)
        if "status" in given:
            whole["status"] = given["status"]
        self.cluster.stored(type_, namespace, made["metadata"]["name"], whole)
        return Key(kind, namespace, made["metadata"]["name"])

    # ---- running ------------------------------------------------------------------------------------------------
    def settle(self) -> None:
        """Plan and write until nothing is left to write."""
        self.driver.settle()

    def let_the_world_run(self) -> None:
        """Let controller and world answer each other until both are quiet, at most two simulated hours."""
        from aimcore.simulation.settings import WorldSettings
        from aimcore.simulation.world import World
        from aimcore.testing.answers import answer_of

        world = World(self.cluster, WorldSettings.read({}))
        self.driver.answers = lambda want, now: Answer(answer_of(world, want), now)
        self.driver.run(world, self.clock.now + _STABLE_WITHIN)

    # ---- printing -----------------------------------------------------------------------------------------------
    def texts(self) -> Iterator[str]:
        """The YAML of every object: those of FILE in their order, then what was made, sorted."""
        made = sorted(self.driver.made - set(self.given) - self.others, key=_order)
        for key in [*self.given, *made]:
            obj = self.cluster.peek(*key)
            if obj is not None:
                yield "".join(self._notes(key)) + dump(_printed(obj))

    def _notes(self, key: Key) -> Iterator[str]:
        plan = self.driver.plans.get(key)
        for note in plan.notes if plan is not None else ():
            message = " ".join(note.message.split())
            yield f"# {note.stage}: {note.subject}: {message}\n" if note.subject else f"# {note.stage}: {message}\n"


_IDENTITY = ("uid", "creationTimestamp", "generation", "deletionTimestamp", "managedFields")


def _order(key: Key) -> tuple[str, str, str, str]:
    return (*_HEAD.get(key.kind, ("", "")), key.namespace, key.name)


_HEAD = {kind: (api_version, kind) for api_version, kind in known_kinds()}


def _printed(obj: dict[str, Any]) -> dict[str, Any]:
    """The object as people write it: head first, no bookkeeping of the server."""
    metadata = {k: v for k, v in obj["metadata"].items() if k not in _UNPRINTED}
    head = {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": metadata}
    rest = {k: v for k, v in obj.items() if k not in head and k != "status"}
    return {**head, **rest, **({"status": obj["status"]} if "status" in obj else {})}


def newest_time(documents: Iterable[Document]) -> datetime | None:
    """The newest moment written anywhere in the objects."""
    return max((m for d in documents for m in _times(d.object)), default=None)


def _times(value: Any) -> Iterator[datetime]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _times(item)
    elif isinstance(value, list):
        for item in value:
            yield from _times(item)
    elif isinstance(value, str) and _TIME.match(value) and (found := moment(value)) is not None and found < _NEVER:
        yield found

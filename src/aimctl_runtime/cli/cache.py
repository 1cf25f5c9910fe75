"""`aimctl cache list|prune`: what is cached, who refers to it, and deleting what nobody refers to.

1. What is unused is decided by the core (`aimcore.unused`), from a cluster or from saved files alike.
2. `prune` deletes with the uid that was looked at; without `--yes` it only says what it would do.
3. Nothing is pruned unless every kind that may refer to a cache could be read.
4. Caches go before artifacts, so that no cache makes anew what is taken from it.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from aimcore.api.quantity import human_bytes
from aimcore.changes import Delete
from aimcore.cluster.kinds import KINDS
from aimcore.resource import Resource
from aimcore.unused import ARTIFACT, TEMPLATE_CACHE, CacheEntry, cache_entries
from aimcore.wire import JSON, Request, collection_path, requests_of
from aimctl_runtime.cli import NO_CLUSTER, NOT_REACHED, OK, Problem, parser, say, warn
from aimctl_runtime.cli.tables import table

if TYPE_CHECKING:
    from aimctl_runtime.transport import Client

_READ = (ARTIFACT, TEMPLATE_CACHE, "AIMService", "InferenceService", "Pod", "Deployment", "Job")
_NEEDED = (ARTIFACT, TEMPLATE_CACHE, "AIMService")
"""Kinds that every cluster with AIM has. Others may be absent: then nothing of them refers to anything."""

_PAGE = 500
_WITHIN = 30.0

_DESCRIPTION = """\
list   what is cached, how large it is, who refers to it, since when it is unused
prune  delete the artifacts and template caches that nobody refers to

What people made by hand is pruned only with --by-hand."""


def main(arguments: Sequence[str]) -> int:
    """List or prune caches."""
    options = parser("cache", _DESCRIPTION)
    options.add_argument("action", choices=("list", "prune"))
    options.add_argument("--namespace", "-n", default="", help="only this namespace (default: all)")
    options.add_argument("--from", action="append", default=[], dest="files", metavar="DIR|FILE",
                         help="saved objects (kubectl get … -o yaml) instead of a cluster")  # fmt: skip
    options.add_argument("--kubeconfig", help="the cluster (default: KUBECONFIG, or the one we run in)")
    options.add_argument("--context", help="the context of the kubeconfig")
    options.add_argument("--by-hand", action="store_true", help="count what people made by hand as unused too")
    how = options.add_mutually_exclusive_group()
    how.add_argument("--dry-run", action="store_true", help="prune: only say what would be deleted (default)")
    how.add_argument("--yes", action="store_true", help="prune: delete")
    chosen = options.parse_args(arguments)
    if chosen.files:
        if chosen.yes:
            raise Problem("--yes deletes from a cluster; with --from there is none: leave it out")
        return _answer(chosen, cache_entries(_saved(chosen), with_handmade=chosen.by_hand))
    return asyncio.run(_on_cluster(chosen))


def _saved(chosen: argparse.Namespace) -> list[Resource]:
    from aimctl_runtime.cli.documents import load_documents
    from aimctl_runtime.cli.render import known_kinds

    documents = load_documents(chosen.files, known_kinds())
    resources = (Resource.of(document.object) for document in documents)
    return [r for r in resources if r is not None and chosen.namespace in ("", r.namespace)]


def _answer(chosen: argparse.Namespace, entries: Sequence[CacheEntry]) -> int:
    if chosen.action == "list":
        _list(entries)
    else:
        for entry in _to_prune(entries):
            say(f"would delete {_described(entry)}")
        _sum_up(entries, "would be freed")
    return OK


# ---- on a cluster ---------------------------------------------------------------------------------------------------
async def _on_cluster(chosen: argparse.Namespace) -> int:
    async with _connected(chosen) as client:
        resources = [r for kind in _READ for r in await _listed(client, kind, chosen.namespace)]
        entries = cache_entries(resources, with_handmade=chosen.by_hand)
        if chosen.action == "list" or not chosen.yes:
            return _answer(chosen, entries)
        left = [entry for entry in _to_prune(entries) if not await _deleted(client, entry)]
    _sum_up([entry for entry in entries if entry not in left], "freed")
    return NOT_REACHED if left else OK


@asynccontextmanager
async def _connected(chosen: argparse.Namespace) -> AsyncIterator[Client]:
    from aimctl_runtime.client import ConfigurationError, connect
    from aimctl_runtime.transport import UnreachableError

    try:
        client = await connect(chosen.kubeconfig, chosen.context)
    except ConfigurationError as error:
        raise Problem(str(error), NO_CLUSTER) from error
    try:
        yield client
    except UnreachableError as error:
        raise Problem(f"the cluster cannot be reached: {error}", NO_CLUSTER) from error
    finally:
        await client.close()


async def _listed(client: Client, kind: str, namespace: str) -> list[Resource]:
    """All objects of a kind. Raises Problem if they cannot be read."""
    found: list[Resource] = []
    query: tuple[tuple[str, str], ...] = (("limit", str(_PAGE)),)
    while True:
        path = collection_path(KINDS[kind], namespace)
        answer = await client.request(Request("list", "GET", path, query, JSON), timeout=_WITHIN)
        if answer.code == 404 and kind not in _NEEDED:
            return []
        body: Any = answer.decoded()
        if answer.code != 200 or not isinstance(body, dict):
            said = body.get("message") if isinstance(body, dict) else body
            raise Problem(f"{KINDS[kind].plural} cannot be listed ({answer.code}): {said}", NO_CLUSTER)
        resources = (Resource.of({"kind": kind, **item}) for item in body.get("items") or () if isinstance(item, dict))
        found += [r for r in resources if r is not None]
        following = (body.get("metadata") or {}).get("continue")
        if not following:
            return found
        query = (("limit", str(_PAGE)), ("continue", str(following)))


async def _deleted(client: Client, entry: CacheEntry) -> bool:
    answer = await client.request(requests_of(Delete(entry.key, entry.uid, "unused")), timeout=_WITHIN)
    if answer.code in (200, 202, 404):
        say(f"deleted {_described(entry)}")
        return True
    body: Any = answer.decoded()
    warn(f"{_described(entry)} is kept: {body.get('message') if isinstance(body, dict) else body}")
    return False


# ---- what people see ------------------------------------------------------------------------------------------------
def _list(entries: Sequence[CacheEntry]) -> None:
    rows = [
        (
            entry.key.namespace,
            f"{KINDS[entry.key.kind].short_names[0]}/{entry.key.name}",
            human_bytes(entry.size) if entry.size else "-",
            entry.status or "New",
            entry.unused_since or "-",
            ", ".join(entry.used_by) or "nobody",
        )
        for entry in entries
    ]
    say(table(("NAMESPACE", "NAME", "SIZE", "STATUS", "UNUSED SINCE", "USED BY"), rows, width=160))
    _sum_up(entries, "unused")


def _to_prune(entries: Sequence[CacheEntry]) -> list[CacheEntry]:
    unused = [entry for entry in entries if entry.is_unused]
    return sorted(unused, key=lambda entry: (entry.key.kind != TEMPLATE_CACHE, entry.key))


def _described(entry: CacheEntry) -> str:
    size = f" ({human_bytes(entry.size)})" if entry.size else ""
    return f"{entry.key.kind} {entry.key.namespace}/{entry.key.name}{size}"


def _sum_up(entries: Sequence[CacheEntry], what: str) -> None:
    unused = [entry for entry in entries if entry.is_unused]
    say(f"{len(unused)} of {len(entries)} unused, {human_bytes(sum(entry.size for entry in unused))} {what}")

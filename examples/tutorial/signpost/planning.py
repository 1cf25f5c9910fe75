"""What a signpost wants: a ConfigMap for each service that it names and that has a path.

1. A service without a path gets no ConfigMap; the condition ServicesReady says which one, and why.
2. A ConfigMap that somebody else made is left alone; PostsReady says so.
3. What we made and want no more is deleted: the service is not named any longer, or the signpost is over.
4. Where services cannot be read now, what is there stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aimcore.api.reading import Malformed
from aimcore.cluster.reading import text
from aimcore.conclusion import conclude
from aimcore.conditions import Category, Depends, Health, State, failing
from aimcore.errors import health_of_unreadable
from aimcore.labels import stamp
from aimcore.naming import derived_name
from aimcore.plan import Child, Deletion, Plan
from aimcore.resource import Json, Key, Resource
from aimcore.snapshot import Absent, Found, Listed, NotInstalled, Snapshot, Unreadable, moment
from signpost.api import Signpost, SignpostSpec

SERVICES, POSTS = "Services", "Posts"


def plan_signpost(snapshot: Snapshot, resource: Resource) -> Plan:
    """The plan of one signpost."""
    if resource.is_deleting:
        return Plan.made_from(snapshot, resource.key)  # the garbage collector takes what it owns
    signpost = Signpost.parse(resource.raw)
    if isinstance(signpost, Malformed):
        problem = failing("Signpost", Category.INVALID_SPEC, "InvalidSpec", str(signpost))
        return conclude(snapshot, resource, components=[problem])
    if is_over(snapshot, signpost.spec):
        over = Health(POSTS, State.READY, "Over", f"taken down at {signpost.spec.until}")
        return conclude(snapshot, resource, components=[over], deletions=tuple(surplus(snapshot, resource, ())))
    names = tuple(dict.fromkeys(signpost.spec.services))
    services = services_health(snapshot, resource.namespace, names)
    wanted = tuple(desired_posts(snapshot, resource, names))
    return conclude(
        snapshot,
        resource,
        components=[services, posts_health(snapshot, resource, wanted)],
        children=[post for post in wanted if not is_taken(snapshot, resource, post)],
        deletions=tuple(surplus(snapshot, resource, wanted)) if are_services_known(snapshot) else (),
    )


def is_over(snapshot: Snapshot, spec: SignpostSpec) -> bool:
    """Whether the signpost's time has come. Asking the snapshot has us called again when it does."""
    until = moment(spec.until)
    return until is not None and snapshot.is_past(until)


def are_services_known(snapshot: Snapshot) -> bool:
    """Whether a service that is not found does not exist."""
    return snapshot.availability("AIMService") is None


def services_health(snapshot: Snapshot, namespace: str, names: Sequence[str]) -> Health:
    """The first service that has no path says why there is no post for it."""
    for name in names:
        match snapshot.object("AIMService", namespace, name):
            case Found(service) if path_of(service):
                continue
            case Found():
                said = f"AIMService {name} has no path yet"
                return Health(SERVICES, State.PENDING, "NoPath", said, Depends.UPSTREAM)
            case Absent():
                said = f"AIMService {name} does not exist"
                return failing(SERVICES, Category.MISSING_UPSTREAM, "ServiceNotFound", said, Depends.UPSTREAM)
            case Unreadable() as unreadable:
                return health_of_unreadable(SERVICES, unreadable, Depends.UPSTREAM)
            case NotInstalled():
                said = "AIMServices are not installed in this cluster"
                return Health(SERVICES, State.DEGRADED, "NotInstalled", said, Depends.UPSTREAM, unknown=True)
    return Health(SERVICES, State.READY, "AllFound", "all services have a path")


def path_of(service: Resource) -> str:
    """The path under which a service is reached, "" while it has none."""
    return text(service.status, "routing", "path")


# ---- ConfigMaps -----------------------------------------------------------------------------------------------------
def desired_posts(snapshot: Snapshot, resource: Resource, names: Sequence[str]) -> Iterator[Child]:
    """One ConfigMap for each service that has a path."""
    for name in names:
        match snapshot.object("AIMService", resource.namespace, name):
            case Found(service) if path := path_of(service):
                manifest: Json = {
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": {"name": derived_name((resource.name, name), (name,)), "namespace": resource.namespace},
                    "data": {"service": name, "path": path},
                }
                labelled = stamp(manifest, resource, (), owned=True, vocabulary=snapshot.vocabulary)
                yield Child(labelled, POSTS)


def posts_health(snapshot: Snapshot, resource: Resource, wanted: Sequence[Child]) -> Health:
    """Whether each ConfigMap is there, and ours."""
    for post in wanted:
        if is_taken(snapshot, resource, post):
            said = f"ConfigMap {post.key.name} belongs to somebody else"
            return failing(POSTS, Category.INVALID_SPEC, "NameTaken", said)
        if not isinstance(snapshot.object(*post.key), Found):
            return Health(POSTS, State.PROGRESSING, "Creating", f"ConfigMap {post.key.name} is being made")
    return Health(POSTS, State.READY, "AllPosted", f"{len(wanted)} of {len(wanted)} ConfigMaps are there")


def is_taken(snapshot: Snapshot, resource: Resource, post: Child) -> bool:
    """Whether somebody else made a ConfigMap of that name."""
    match snapshot.object(*post.key):
        case Found(live):
            return resource.uid not in {owner.uid for owner in live.owners}
        case _:
            return False


def surplus(snapshot: Snapshot, resource: Resource, wanted: Sequence[Child]) -> Iterator[Deletion]:
    """What we own and want no more."""
    kept: set[Key] = {post.key for post in wanted}
    match snapshot.index("ConfigMap", "owner", resource.uid):
        case Listed(posts):
            for post in posts:
                if post.key not in kept and not post.is_deleting:
                    yield Deletion(post.key, post.uid, "the signpost no longer names its service", POSTS)
        case _:
            return

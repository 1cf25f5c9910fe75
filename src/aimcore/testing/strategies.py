"""Hypothesis strategies for worlds, objects and histories (extra `testing`).

1. Most worlds are sound and most objects sensible, every part may be bad. Every second history begins with a service
   that runs if nothing comes between, so that what happens to running services is tried too.
2. Names come from small pools, so that objects meet each other.
3. What a strategy yields is data of `aimcore.testing.histories`, and shrinks towards the empty history.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from aimcore.api.kinds import AIM_KINDS
from aimcore.resource import Json
from aimcore.settings import Settings
from aimcore.testing import samples
from aimcore.testing.histories import (
    Action,
    Alter,
    EditAny,
    History,
    Put,
    RemoveAny,
    Restart,
    Stumble,
    Wait,
)

Strategy = st.SearchStrategy


def mostly(usual: Any, others: Sequence[Any], *, odds: int = 4) -> Strategy[Any]:
    """`usual` in `odds` of `odds + 1` cases, else one of `others`."""
    return st.integers(0, odds).flatmap(lambda n: st.sampled_from(list(others)) if n == odds else st.just(usual))


def some(members: Mapping[str, Sequence[Any]], *, most: int = 3) -> Strategy[Json]:
    """A mapping with up to `most` of these members, each with one of its values."""
    names = sorted(members)
    chosen = st.lists(st.sampled_from(names), unique=True, max_size=min(most, len(names)))
    return chosen.flatmap(lambda keys: st.fixed_dictionaries({k: st.sampled_from(list(members[k])) for k in keys}))


# ---- worlds ---------------------------------------------------------------------------------------------------------
@st.composite
def worlds(draw: st.DrawFn) -> Json:
    """A mapping for `WorldSettings.read`: the sound world half of the time, else one with up to three odd parts."""
    return draw(some(samples.WORLD_PARTS)) if draw(st.booleans()) else {}


# ---- objects --------------------------------------------------------------------------------------------------------
def _obj(kind: str, name: str, namespace: str, spec: Json, **metadata: Any) -> Json:
    where = {"namespace": namespace} if AIM_KINDS[kind].namespaced else {}
    kept = {k: v for k, v in metadata.items() if v}
    return {
        "apiVersion": AIM_KINDS[kind].api_version,
        "kind": kind,
        "metadata": {"name": name, **where, **kept},
        "spec": spec,
    }


@st.composite
def services(draw: st.DrawFn) -> Json:
    """An AIMService of any shape."""
    model = draw(mostly(samples.USUAL_MODEL, samples.SERVICE_MODELS, odds=2))
    spec = {"model": model, **draw(some(samples.SERVICE, most=2))}
    return _obj(
        "AIMService",
        draw(mostly("chat", samples.SERVICE_NAMES, odds=2)),
        draw(mostly("ml-team", samples.NAMESPACES)),
        spec,
        labels=draw(mostly({}, samples.LABELS)),
        annotations=draw(mostly({}, samples.ANNOTATIONS, odds=8)),
    )


def sound_services() -> Strategy[Json]:
    """The AIMService that the sound world can run."""
    return st.just(_obj("AIMService", "chat", "ml-team", {"model": samples.USUAL_MODEL}))


@st.composite
def others(draw: st.DrawFn) -> Json:
    """An object of one of our other kinds."""
    kind = draw(st.sampled_from(sorted(samples.OTHERS)))
    required, optional, names = samples.OTHERS[kind]
    spec = {**draw(st.sampled_from(required)), **draw(some(optional))}
    name, namespace = draw(st.sampled_from(names)), draw(mostly("ml-team", samples.NAMESPACES))
    return _obj(kind, name, namespace, spec, labels=draw(mostly({}, samples.LABELS)))


# ---- actions --------------------------------------------------------------------------------------------------------
def edits() -> Strategy[Action]:
    """A user, or somebody else, changes an object of the cluster."""
    return st.builds(
        lambda edit, place: EditAny(edit[0], place, edit[1], edit[2]),
        st.sampled_from(samples.EDITS),
        st.integers(0, 3),
    )


def removals() -> Strategy[Action]:
    """A user, or somebody else, deletes an object of the cluster."""
    return st.builds(RemoveAny, st.sampled_from(samples.REMOVABLE), st.integers(0, 3))


def actions() -> Strategy[Action]:
    """One thing that happens."""
    return st.one_of(
        st.builds(Put, services()),
        st.builds(Wait, st.sampled_from([1, 7, 30, 60, 600, 7200])),
        st.builds(Put, others()),
        edits(),
        removals(),
        st.builds(Stumble, st.lists(st.integers(0, 1023), min_size=5, max_size=40).map(tuple)),
        st.builds(Put, st.sampled_from(samples.FOREIGN)),
        st.builds(Alter, worlds()),
        st.just(Restart()),
    )


@st.composite
def histories(draw: st.DrawFn, *, longest: int = 6) -> History:
    """A world, a service to begin with, and up to `longest` further actions."""
    is_odd = draw(st.booleans())
    before = draw(st.lists(st.builds(Put, others()), max_size=2)) if is_odd else []
    first = Put(draw(services() if is_odd else sound_services()))
    after = draw(st.lists(actions(), max_size=longest))
    operator = draw(
        mostly(Settings(), [Settings(render_revision=1), Settings(dedicated_download_accounts=True)], odds=8)
    )
    return History(draw(worlds()) if is_odd else {}, (*before, first, *after), operator)


def histories_of(
    objects: Strategy[Json],
    actions: Strategy[Action] | None = None,
    *,
    longest: int = 8,
    world: Strategy[Json] | None = None,
) -> Strategy[History]:
    """Histories for kinds of one's own: users apply `objects`, and up to `longest` things happen.

    `actions` are what else may happen, beside single steps in any order, restarts and the passing of time. Without
    `world` the world is sound.
    """
    applied = st.builds(Put, objects)
    steps = st.builds(Stumble, st.lists(st.integers(0, 1023), max_size=20).map(tuple))
    waits = st.builds(Wait, st.sampled_from([1, 30, 600]))
    happening = st.one_of(*([actions] if actions is not None else []), applied, steps, waits, st.just(Restart()))
    first = st.lists(applied, min_size=1, max_size=3)
    more = st.lists(happening, max_size=longest)
    sound: Strategy[Json] = st.just({})
    return st.builds(lambda w, a, b: History(w, (*a, *b)), world if world is not None else sound, first, more)


# ---- foreign JSON ---------------------------------------------------------------------------------------------------
def json_values(*, members: Sequence[str] = (), texts: Sequence[str] = ()) -> Strategy[Any]:
    """Any JSON; `members` and `texts` are names and values that it likes to use."""
    words = st.sampled_from(list(texts)) if texts else st.nothing()
    names = st.sampled_from(list(members)) if members else st.nothing()
    scalars = (
        st.none() | st.booleans() | st.integers(-3, 2**40) | st.floats() | st.text(max_size=5) | words
    )  # NaN too: a decoder may let it through
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names | st.text(max_size=4), inner, max_size=4),
        max_leaves=10,
    )

"""Readings of caches and total accessors, as other kinds use them."""

from hypothesis import given
from hypothesis import strategies as st

from aimcore.cluster.caches import read_artifact, read_sources, read_template_cache
from aimcore.cluster.reading import at, mapping, named, objects, text, texts, whole
from aimcore.resource import Resource
from core.kind_rounds import aim

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "name", "env"]), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(JSON)
def test_every_accessor_answers_with_its_type(value):
    assert isinstance(text(value, "a", "b"), str)
    assert isinstance(dict(mapping(value, "a")), dict)
    assert all(isinstance(o, dict) for o in objects(value, "a"))
    assert all(isinstance(t, str) and t for t in texts(value, "a"))
    assert isinstance(whole(value, "a"), int)
    assert not isinstance(whole(value, "a"), bool)
    assert all(o["name"] for o in named(value, "env"))
    assert at(value) is value


def test_a_cache_is_read_with_its_artifacts_sorted():
    recorded = {"b": {"uid": "1", "model": "m", "status": "Ready", "persistentVolumeClaim": "p"}, "a": None}
    raw = aim(
        "AIMTemplateCache", "c", "ns", spec={"templateName": "t", "mode": "Dedicated"}, status={"status": "Ready"}
    )
    raw["status"]["artifacts"] = recorded
    cache = read_template_cache(Resource.of(raw))
    assert cache.is_ready
    assert cache.is_dedicated
    assert not cache.is_shared
    assert [(a.name, a.claim) for a in cache.artifacts] == [("a", ""), ("b", "p")]


@given(JSON, JSON)
def test_any_object_can_be_read(spec, status):
    resource = Resource.of({"kind": "AIMArtifact", "metadata": {"name": "x"}, "spec": spec, "status": status})
    assert read_artifact(resource).name == "x"
    assert read_template_cache(resource).artifacts is not None
    assert isinstance(read_sources(spec, "a"), tuple)

"""Runtime configs are found, migrated and merged."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore.api.kinds import AIM_KINDS
from aimcore.conditions import Category, Depends, State
from aimcore.reads import ObjectRead
from aimcore.resource import Key
from aimcore.runtime_config import RuntimeConfig, config_health, resolve_runtime_config
from aimcore.snapshot import NotInstalled, Snapshot, Unreadable
from aimcore.table import Table

NOW = datetime(2026, 11, 23, 15, 33, tzinfo=UTC)
CLUSTER, NAMESPACED = "AIMClusterRuntimeConfig", "AIMRuntimeConfig"
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=4,
)


def config(kind, spec, name="default"):
    namespace = {"namespace": "ml-team"} if kind == NAMESPACED else {}
    return {
        "apiVersion": AIM_KINDS[kind].api_version,
        "kind": kind,
        "metadata": {"name": name, "uid": f"uid-{kind}", **namespace},
        "spec": spec,
    }


def resolve(*objects, name="", namespace="ml-team", revision=2):
    return resolve_runtime_config(Snapshot(Table(objects), NOW), name, namespace, revision=revision)


def both(cluster, namespaced, revision=2):
    return resolve(config(CLUSTER, cluster), config(NAMESPACED, namespaced), revision=revision)


@pytest.mark.rule("R-3.1", "R-3.2", "R-3.3")
def test_no_config_at_all_is_missing_only_if_it_was_asked_for_by_name():
    assert resolve() == RuntimeConfig("default")
    assert resolve(name="team") == RuntimeConfig("team", missing=True)


@pytest.mark.rule("R-3.2")
def test_both_configs_are_read_also_when_absent():
    snapshot = Snapshot(Table(), NOW)
    resolve_runtime_config(snapshot, "team", "ml-team")
    assert {r.key for r in snapshot.reads if isinstance(r, ObjectRead)} == {
        Key(CLUSTER, "", "team"),
        Key(NAMESPACED, "ml-team", "team"),
    }


@pytest.mark.rule("R-3.2")
def test_objects_of_the_cluster_see_only_the_cluster_config():
    seen = resolve(config(NAMESPACED, {}), config(CLUSTER, {"env": [{"name": "A"}]}), namespace="")
    assert not seen.merged
    assert seen.env == ({"name": "A"},)
    assert seen.reference == {
        "name": "default",
        "scope": "Cluster",
        "kind": "aim.eai.amd.com/v1alpha1/AIMClusterRuntimeConfig",
        "uid": "uid-AIMClusterRuntimeConfig",
    }


@pytest.mark.rule("R-3.2", "D-1", "D-2")
def test_of_two_configs_the_namespaced_one_is_named():
    seen = both({}, {})
    assert seen.merged
    assert seen.reference == {
        "name": "default",
        "namespace": "ml-team",
        "scope": "Namespace",
        "kind": "aim.eai.amd.com/v1alpha1/AIMRuntimeConfig",
        "uid": "uid-AIMRuntimeConfig",
    }


@pytest.mark.rule("R-3.2", "D-34")
def test_a_config_that_cannot_be_read_is_not_absent_and_one_not_installed_is():
    table = Table([config(CLUSTER, {"env": [{"name": "A"}]})])
    unreadable = Unreadable(NAMESPACED, "Forbidden", "no")
    table.learn_availability(NAMESPACED, unreadable)
    assert resolve_runtime_config(Snapshot(table, NOW), "", "ml-team") == RuntimeConfig(
        "default", unreadable=unreadable
    )
    table.learn_availability(NAMESPACED, NotInstalled(NAMESPACED))
    assert resolve_runtime_config(Snapshot(table, NOW), "", "ml-team").found


@pytest.mark.rule("R-3.4")
def test_deprecated_members_fill_what_is_unset():
    old = {"defaultStorageClassName": "old", "pvcHeadroomPercent": 5}
    assert (resolve(config(CLUSTER, old)).storage_class, resolve(config(CLUSTER, old)).headroom) == ("old", 5)
    new = {**old, "storage": {"defaultStorageClassName": "", "pvcHeadroomPercent": 0}}
    assert (resolve(config(CLUSTER, new)).storage_class, resolve(config(CLUSTER, new)).headroom) == ("", 0)
    assert resolve(config(CLUSTER, {"defaultStorageClassName": ""})).storage_class is None


@pytest.mark.rule("R-3.5", "R-3.6")
def test_the_defaults_of_a_config_that_says_nothing():
    seen = resolve(config(CLUSTER, {}))
    assert (seen.routing, seen.storage_class, seen.headroom, seen.env) == ({}, None, 10, ())
    assert (seen.label_patterns, seen.auto_discovery, seen.scaled_object_writer) == ((), None, "kserve")


GATEWAY = {"name": "a", "namespace": "gateways", "sectionName": "https"}


@pytest.mark.rule("R-3.5", "D-12")
@pytest.mark.parametrize(
    ("cluster", "namespaced", "first", "second"),
    [
        ({"enabled": True}, {"enabled": False}, {"enabled": True}, {"enabled": False}),
        ({}, {"enabled": False}, {"enabled": False}, {"enabled": False}),
        (
            {"enabled": True},
            {"pathTemplate": "/x"},
            {"enabled": True, "pathTemplate": "/x"},
            {"enabled": True, "pathTemplate": "/x"},
        ),
        ({"pathTemplate": "/x"}, {"pathTemplate": ""}, {"pathTemplate": "/x"}, {"pathTemplate": ""}),
        ({"requestTimeout": "5s"}, {"requestTimeout": "0s"}, {"requestTimeout": "5s"}, {"requestTimeout": "0s"}),
        ({"requestTimeout": "5s"}, {"requestTimeout": "7s"}, {"requestTimeout": "7s"}, {"requestTimeout": "7s"}),
        (
            {"gatewayRef": GATEWAY},
            {"gatewayRef": {"name": "b"}},
            {"gatewayRef": {**GATEWAY, "name": "b"}},
            {"gatewayRef": {"name": "b"}},
        ),
        (
            {"annotations": {"a": "1", "b": "2"}},
            {"annotations": {"b": "", "c": "3"}},
            {"annotations": {"a": "1", "b": "", "c": "3"}},
            {"annotations": {"a": "1", "b": "", "c": "3"}},
        ),
    ],
)
def test_routing_is_merged_by_the_rules_of_each_revision(cluster, namespaced, first, second):
    assert both({"routing": cluster}, {"routing": namespaced}, revision=1).routing == first
    assert both({"routing": cluster}, {"routing": namespaced}, revision=2).routing == second


@pytest.mark.rule("R-3.5", "D-12")
@pytest.mark.parametrize(
    ("cluster", "namespaced", "first", "second"),
    [(20, 10, 10, 20), (20, 0, 20, 0), (20, 5, 5, 5), (None, 10, 10, 10), (20, None, 20, 20), (None, 0, 0, 0)],
)
def test_the_headroom_default_of_the_schema_is_no_choice(cluster, namespaced, first, second):
    specs = [{"storage": {} if v is None else {"pvcHeadroomPercent": v}} for v in (cluster, namespaced)]
    assert both(*specs, revision=1).headroom == first
    assert both(*specs, revision=2).headroom == second


@pytest.mark.rule("R-3.5", "D-12")
@pytest.mark.parametrize("revision", [1, 2])
def test_propagation_is_on_if_either_config_says_so(revision):
    on, off = {"enabled": True, "match": ["a-*"]}, {"enabled": False}
    assert both({"labelPropagation": on}, {"labelPropagation": off}, revision).label_patterns == ("a-*",)
    assert both({"labelPropagation": off}, {"labelPropagation": on}, revision).label_patterns == ("a-*",)
    more = {"labelPropagation": {"match": ["b", 5]}}
    assert both({"labelPropagation": on}, more, revision).label_patterns == ("b",)
    assert both({"labelPropagation": off}, more, revision).label_patterns == ()


@pytest.mark.rule("R-3.5", "D-12")
def test_an_empty_value_wins_only_at_revision_2():
    cluster = {"storage": {"defaultStorageClassName": "x"}, "model": {"autoDiscovery": True}}
    namespaced = {"storage": {"defaultStorageClassName": ""}, "model": {"autoDiscovery": False}}
    one, two = both(cluster, namespaced, 1), both(cluster, namespaced, 2)
    assert (one.storage_class, one.auto_discovery) == ("x", True)
    assert (two.storage_class, two.auto_discovery) == ("", False)
    assert both({}, namespaced, 1).auto_discovery is False


@pytest.mark.rule("R-3.5", "R-8.4")
def test_env_is_merged_by_name_with_engine_arguments_as_json():
    cluster = {"env": [{"name": "AIM_ENGINE_ARGS", "value": '{"a":1}'}, {"name": "B", "value": "1"}]}
    namespaced = {"env": [{"name": "AIM_ENGINE_ARGS", "value": '{"b":2}'}, {"name": "B", "value": "2"}]}
    assert both(cluster, namespaced).env == (
        {"name": "AIM_ENGINE_ARGS", "value": '{"a":1,"b":2}'},
        {"name": "B", "value": "2"},
    )


def test_who_writes_scaled_objects_is_a_choice_of_the_config():
    assert resolve(config(CLUSTER, {"autoscaling": {"scaledObject": "aim"}})).scaled_object_writer == "aim"
    seen = both({"autoscaling": {"scaledObject": "aim"}}, {"autoscaling": {"scaledObject": "kserve"}})
    assert seen.scaled_object_writer == "kserve"
    assert resolve(config(CLUSTER, {"autoscaling": {"scaledObject": "?"}})).scaled_object_writer == "kserve"


MEMBERS = st.dictionaries(
    st.sampled_from(["env", "routing", "storage", "labelPropagation", "model", "autoscaling", "pvcHeadroomPercent"]),
    JUNK | st.dictionaries(st.sampled_from(["enabled", "match", "gatewayRef", "annotations", "requestTimeout"]), JUNK),
)


@given(MEMBERS, MEMBERS, st.sampled_from([1, 2]))
def test_configs_of_any_shape_are_merged(cluster, namespaced, revision):
    seen = both(cluster, namespaced, revision)
    assert seen.found
    assert isinstance(seen.headroom, int)


# ---- health ---------------------------------------------------------------------------------------------------------
@pytest.mark.rule("R-11.2", "R-3.3")
def test_a_found_config_is_ready_with_the_reason_of_the_kind():
    found = RuntimeConfig("default", found=True)
    assert config_health(found).reason == "ConfigFound"
    health = config_health(found, found_reason="RuntimeConfigResolved", names_default=False)
    assert (health.reason, health.message, health.state) == ("RuntimeConfigResolved", "", State.READY)


@pytest.mark.rule("R-3.3")
def test_an_absent_default_config_is_healthy_or_not_mentioned():
    absent = RuntimeConfig("default")
    health = config_health(absent)
    assert (health.is_ready, health.reason, health.message) == (
        True,
        "DefaultConfigNotFound",
        "Default config was not found",
    )
    assert config_health(absent, names_default=False) is None


@pytest.mark.rule("R-3.3", "R-11.2", "D-28")
def test_a_missing_named_config_is_named():
    missing = RuntimeConfig("team", missing=True)
    health = config_health(missing)
    assert (health.reason, health.category, health.depends) == (
        "ReferenceNotFound",
        Category.MISSING_UPSTREAM,
        Depends.UPSTREAM,
    )
    assert health.message == "Upstream dependency not found: RuntimeConfig team not found"
    health = config_health(missing, missing_reason="ConfigNotFound", depends=Depends.NONE)
    assert (health.reason, health.message) == ("ConfigNotFound", "RuntimeConfig team not found")
    health = config_health(missing, missing_reason="ConfigNotFound", waits=True)
    assert (health.state, health.category) == (State.PENDING, None)


@pytest.mark.rule("R-11.2", "D-34")
def test_an_unreadable_config_is_an_error_of_its_own():
    health = config_health(RuntimeConfig("x", unreadable=Unreadable(NAMESPACED, "Timeout", "slow")))
    assert (health.reason, health.category) == ("Timeout", Category.INFRASTRUCTURE)

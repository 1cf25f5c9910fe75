"""What `kubectl get` prints: JSONPath of printer columns, ages, columns of built-in kinds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimctl_runtime.local.cells import age, duration, found, path_column
from aimctl_runtime.local.columns import BUILT_IN
from aimctl_runtime.local.table import columns_of, table

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        (".status.status", ["Running"]),
        ("{.status.status}", ["Running"]),
        ("$.status.status", ["Running"]),
        (".metadata.labels.a\\.b/c", ["x"]),
        (".metadata.labels['a.b/c']", ["x"]),
        (".spec.items[1].n", [2]),
        (".spec.items[-1].n", [2]),
        (".spec.items[*].n", [1, 2]),
        ('.status.conditions[?(@.type=="Ready")].status', ["True"]),
        (".status.conditions[?(@.type=='Ready')].status", ["True"]),
        (".status.conditions[?(@.type=='Lost')].status", []),
        (".status.absent.deeper", []),
        (".spec.items[7]", []),
        ("nonsense((", []),
    ],
)
def test_a_json_path_finds_what_the_api_server_finds(path, wanted):
    raw = {
        "metadata": {"labels": {"a.b/c": "x"}},
        "spec": {"items": [{"n": 1}, {"n": 2}]},
        "status": {"status": "Running", "conditions": [{"type": "Ready", "status": "True"}, {"type": "Other"}]},
    }
    assert found(path, raw) == wanted


@pytest.mark.parametrize(
    ("seconds", "wanted"),
    [
        (-5, "<invalid>"), (0, "0s"), (119, "119s"), (120, "2m"), (125, "2m5s"), (599, "9m59s"), (600, "10m"),
        (10799, "179m"), (10800, "3h"), (11000, "3h3m"), (8 * 3600, "8h"), (47 * 3600, "47h"), (48 * 3600, "2d"),
        (51 * 3600, "2d3h"), (8 * 86400, "8d"), (729 * 86400, "729d"), (730 * 86400, "2y"), (800 * 86400, "2y70d"),
        (3000 * 86400, "8y"),
    ],
)  # fmt: skip
def test_durations_read_as_kubectl_words_them(seconds, wanted):
    assert duration(seconds) == wanted


def test_an_age_is_counted_by_the_clusters_clock_and_junk_is_unknown():
    assert age((NOW - timedelta(minutes=3)).strftime("%Y-%m-%dT%H:%M:%SZ"), NOW) == "3m"
    assert age("yesterday", NOW) == age(None, NOW) == age("2026-01-01T00:00:00", NOW) == "<unknown>"


@given(JSON, JSON, JSON, st.sampled_from(sorted({*BUILT_IN, "Event"})))
def test_no_object_however_odd_breaks_a_table(metadata, spec, status, kind):
    raw = {"metadata": {"name": "x", "labels": metadata}, "spec": spec, "status": status, "data": spec}
    made = table(columns_of(kind, ()), [raw], NOW, "7", "Metadata")
    assert len(made["rows"][0]["cells"]) == len(made["columnDefinitions"])
    assert all(c is None or isinstance(c, str | int) for c in made["rows"][0]["cells"])


def test_printer_columns_keep_their_types_and_priorities():
    columns = columns_of(
        "Thing",
        (
            {"name": "Count", "type": "integer", "jsonPath": ".status.n"},
            {"name": "Flag", "type": "boolean", "jsonPath": ".status.flag"},
            {"name": "List", "type": "string", "jsonPath": ".status.list", "priority": 1},
            {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
        ),
    )
    raw = {"metadata": {"name": "x"}, "status": {"n": 3, "flag": True, "list": ["a", {"b": 1}]}}
    made = table(columns, [raw], NOW, "7", "None")
    assert made["rows"] == [{"cells": ["x", 3, "true", "[a,{b:1}]", None]}]
    assert [(d["name"], d["priority"]) for d in made["columnDefinitions"]][3] == ("List", 1)


def test_rows_carry_metadata_or_the_object_as_asked():
    raw = {"kind": "Thing", "metadata": {"name": "x"}, "spec": {}}
    rows = {w: table((), [raw], NOW, "1", w)["rows"][0].get("object") for w in ("None", "Metadata", "Object")}
    assert rows["None"] is None
    assert rows["Metadata"]["kind"] == "PartialObjectMetadata"
    assert "spec" not in rows["Metadata"]
    assert rows["Object"] == raw


POD = {
    "metadata": {"name": "p", "creationTimestamp": "2026-11-01T11:00:00Z"},
    "spec": {"containers": [{"name": "a"}, {"name": "b"}], "nodeName": "n1"},
}


@pytest.mark.parametrize(
    ("status", "ready", "word"),
    [
        ({}, "0/2", "Unknown"),
        ({"phase": "Pending"}, "0/2", "Pending"),
        ({"phase": "Running", "containerStatuses": [{"ready": True, "restartCount": 2}]}, "1/2", "Running"),
        (
            {"phase": "Running", "containerStatuses": [{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}]},
            "0/2",
            "CrashLoopBackOff",
        ),
        (
            {
                "phase": "Pending",
                "initContainerStatuses": [{"state": {"waiting": {"reason": "ImagePullBackOff"}}}],
                "containerStatuses": [{"state": {"waiting": {"reason": "PodInitializing"}}}],
            },
            "0/2",
            "Init:ImagePullBackOff",
        ),
        (
            {
                "phase": "Running",
                "initContainerStatuses": [{"state": {"terminated": {"reason": "Completed", "exitCode": 0}}}],
                "containerStatuses": [{"state": {"running": {}}, "ready": True}],
            },
            "1/2",
            "Running",
        ),
        ({"phase": "Failed", "reason": "Evicted"}, "0/2", "Evicted"),
    ],
)
def test_a_pods_row_names_what_holds_it_up(status, ready, word):
    row = table(columns_of("Pod", ()), [{**POD, "status": status}], NOW, "1", "None")["rows"][0]["cells"]
    assert row[1:3] == [ready, word]
    assert row[4] == "60m"


def test_wide_columns_are_marked_as_such():
    made = table(columns_of("Pod", ()), [POD], NOW, "1", "None")
    assert [d["name"] for d in made["columnDefinitions"] if d["priority"]] == ["IP", "Node"]
    assert path_column("x", ".a").wide is False


def test_events_are_listed_without_their_names_which_say_nothing():
    made = table(columns_of("Event", ()), [{"metadata": {"name": "x.1"}}], NOW, "1", "None")
    assert made["columnDefinitions"][0]["name"] == "Last Seen"
    assert made["columnDefinitions"][-1]["name"] == "Name"


HOUR_AGO = "2026-11-01T11:00:00Z"
ROWS = [
    (
        "Deployment",
        {"spec": {"replicas": 3}, "status": {"readyReplicas": 1, "updatedReplicas": 2, "availableReplicas": 1}},
        ["x", "1/3", 2, 1, "60m"],
    ),
    ("Deployment", {"spec": {}}, ["x", "0/1", 0, 0, "60m"]),
    (
        "Job",
        {
            "spec": {"completions": 1},
            "status": {
                "succeeded": 1,
                "startTime": "2026-11-01T11:00:00Z",
                "completionTime": "2026-11-01T11:01:30Z",
                "conditions": [{"type": "Complete", "status": "True"}],
            },
        },
        ["x", "Complete", "1/1", "90s", "60m"],
    ),
    ("Job", {"status": {"startTime": "2026-11-01T11:58:00Z"}}, ["x", "Running", "0/1", "2m", "60m"]),
    ("Job", {"status": {}}, ["x", "Running", "0/1", "", "60m"]),
    (
        "PersistentVolumeClaim",
        {
            "spec": {"volumeName": "pv", "storageClassName": "fast", "accessModes": ["ReadWriteMany"]},
            "status": {"phase": "Bound", "capacity": {"storage": "5Gi"}},
        },
        ["x", "Bound", "pv", "5Gi", "RWX", "fast", "60m"],
    ),
    (
        "StorageClass",
        {"provisioner": "p"},
        ["x", "p", "Delete", "Immediate", "60m"],
    ),
    (
        "Node",
        {
            "spec": {"unschedulable": True},
            "status": {"conditions": [{"type": "Ready", "status": "True"}], "nodeInfo": {"kubeletVersion": "v1.33.0"}},
        },
        ["x", "Ready,SchedulingDisabled", "<none>", "60m", "v1.33.0"],
    ),
    ("Node", {"status": {"conditions": [{"type": "Ready"}]}}, ["x", "Unknown", "<none>", "60m", ""]),
    (
        "HorizontalPodAutoscaler",
        {
            "spec": {
                "scaleTargetRef": {"kind": "Deployment", "name": "d"},
                "minReplicas": 1,
                "maxReplicas": 3,
                "metrics": [{"type": "External", "external": {"target": {"averageValue": "1"}}}],
            },
            "status": {
                "currentReplicas": 2,
                "currentMetrics": [{"type": "External", "external": {"current": {"averageValue": "500m"}}}],
            },
        },
        ["x", "Deployment/d", "500m/1", "1", "3", 2, "60m"],
    ),
    ("Secret", {"data": {"a": "b"}}, ["x", "Opaque", 1, "60m"]),
    ("Service", {"spec": {"ports": [{"port": 80}]}}, ["x", "ClusterIP", "<none>", "<none>", "80/TCP", "60m"]),
    ("RoleBinding", {"roleRef": {"kind": "Role", "name": "r"}}, ["x", "Role/r", "60m"]),
    (
        "Event",
        {"lastTimestamp": HOUR_AGO, "type": "Warning", "reason": "Why", "message": "m",
         "involvedObject": {"kind": "Pod", "name": "p"}},
        ["60m", "Warning", "Why", "pod/p", "m"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "body", "wanted"), ROWS, ids=lambda v: v if isinstance(v, str) else "")
def test_rows_of_built_in_kinds_read_as_on_a_real_cluster(kind, body, wanted):
    raw = {"metadata": {"name": "x", "creationTimestamp": HOUR_AGO}, **body}
    columns = columns_of(kind, ())
    cells = table(columns, [raw], NOW, "1", "None")["rows"][0]["cells"]
    assert [cell for cell, column in zip(cells, columns, strict=True) if not column.wide] == wanted


def test_what_is_being_deleted_says_so():
    raw = {"metadata": {"name": "x", "deletionTimestamp": HOUR_AGO}}
    for kind in ("Pod", "PersistentVolumeClaim", "Job"):
        assert "Terminating" in table(columns_of(kind, ()), [raw], NOW, "1", "None")["rows"][0]["cells"]

"""From changes to requests and back: no code and no body may surprise us."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore import changes, wire
from aimcore.facts import Refusal
from aimcore.resource import Key

from .doubles import START

ISVC = Key("InferenceService", "ns", "x")
SERVICE = Key("AIMService", "ns", "s")
MANIFEST = {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": {"name": "x"}}


def apply(**members: Any) -> changes.Apply:
    given = {"uid": "u1", "protected": (".spec.predictor",), **members}
    return changes.Apply(ISVC, MANIFEST, "aim-service-controller", "InferenceService", **given)


CREATE = changes.Create(Key("Job", "ns", "j"), {"kind": "Job"}, "m", "DownloadJob")
DELETE = changes.Delete(Key("Job", "ns", "j"), "u9", "done", resource_version="7")
STATUS = changes.PatchStatus(SERVICE, {"status": "Running"}, "12", "m")
OBJECT = changes.PatchObject(SERVICE, {"metadata": {"labels": {"a": None}}}, "u1", "12", "m")
FINALIZERS = changes.PatchFinalizers(SERVICE, ({"op": "test", "path": "/metadata/uid", "value": "u"},), "m")
EVERY_CHANGE = [apply(), apply(uid=None), CREATE, DELETE, STATUS, OBJECT, FINALIZERS]


def failure(code: int, reason: str = "", message: str = "no", **details: Any) -> dict[str, Any]:
    return {"kind": "Status", "code": code, "reason": reason, "message": message, "details": details}


def conflict(*pairs: tuple[str, str]) -> dict[str, Any]:
    causes = [
        {"reason": "FieldManagerConflict", "message": f'conflict with "{manager}" using v1', "field": field}
        for manager, field in pairs
    ]
    return failure(409, "Conflict", "Apply failed", causes=causes)


# ---- requests -------------------------------------------------------------------------------------------------------
@pytest.mark.rule("F-125")
def test_an_apply_to_an_object_seen_carries_its_uid_and_never_forces_at_first():
    request = wire.requests_of(apply())
    assert request.path == "/apis/serving.kserve.io/v1beta1/namespaces/ns/inferenceservices/x"
    assert (request.method, request.content_type) == ("PATCH", "application/apply-patch+yaml")
    assert request.body["metadata"] == {"name": "x", "uid": "u1"}
    assert request.query == (("fieldManager", "aim-service-controller"),)
    assert "uid" not in MANIFEST["metadata"]


def test_an_apply_to_an_absent_object_carries_no_uid():
    assert "uid" not in wire.requests_of(apply(uid=None)).body["metadata"]


@pytest.mark.rule("F-71", "F-86")
def test_a_delete_carries_uid_version_and_propagation():
    request = wire.requests_of(DELETE)
    assert request.method == "DELETE"
    assert request.body["preconditions"] == {"uid": "u9", "resourceVersion": "7"}
    assert request.body["propagationPolicy"] == "Background"


def test_a_delete_that_does_not_rest_on_content_carries_no_version():
    change = changes.Delete(Key("Job", "ns", "j"), "u9", "done")
    assert wire.requests_of(change).body["preconditions"] == {"uid": "u9"}


def test_a_status_goes_to_its_subresource_with_the_version_it_was_decided_on():
    request = wire.requests_of(STATUS)
    assert request.path.endswith("/aimservices/s/status")
    assert request.body == {"metadata": {"resourceVersion": "12"}, "status": {"status": "Running"}}


def test_labels_are_patched_with_uid_and_version():
    metadata = wire.requests_of(OBJECT).body["metadata"]
    assert metadata == {"labels": {"a": None}, "uid": "u1", "resourceVersion": "12"}


def test_finalizers_are_a_json_patch():
    request = wire.requests_of(FINALIZERS)
    assert request.content_type == "application/json-patch+json"
    assert request.body[0]["op"] == "test"


def test_cluster_scoped_kinds_have_no_namespace_in_their_path():
    assert wire.object_path(Key("AIMClusterModel", "", "m")) == "/apis/aim.eai.amd.com/v1alpha1/aimclustermodels/m"
    assert wire.object_path(Key("Pod", "ns", "a/b"), "log") == "/api/v1/namespaces/ns/pods/a%2Fb/log"


# ---- conflicts ------------------------------------------------------------------------------------------------------
@pytest.mark.rule("F-87")
def test_a_conflict_outside_protected_fields_is_forced_over_once():
    result = wire.read_response(apply(), 409, conflict(("hpa", ".spec.replicas"), ("bob", ".spec.x")), START)
    assert isinstance(result, wire.Again)
    assert result.managers == ("bob", "hpa")
    assert ("force", "true") in result.request.query


def test_a_conflict_after_force_is_told_not_fought():
    result = wire.read_response(apply(), 409, conflict(("bob", ".spec.x")), START, is_forced=True)
    assert isinstance(result, wire.Refused)
    assert result.outcome.refusal is Refusal.APPLY_CONFLICT


def test_a_protected_field_is_left_and_named():
    body = conflict(("kubectl-edit", '.spec.predictor.containers[name="c"].env'), ("bob", ".spec.x"))
    result = wire.read_response(apply(), 409, body, START)
    assert isinstance(result, wire.Refused)
    assert result.outcome.refusal is Refusal.FIELD_CONFLICT
    assert (result.outcome.manager, result.outcome.fields) == (
        "kubectl-edit",
        ('.spec.predictor.containers[name="c"].env',),
    )


def test_a_field_that_only_begins_like_a_protected_one_is_not_protected():
    result = wire.read_response(apply(), 409, conflict(("bob", ".spec.predictorX")), START)
    assert isinstance(result, wire.Again)


def test_a_change_that_may_not_force_reports_the_conflict():
    result = wire.read_response(apply(may_force=False), 409, conflict(("bob", ".spec.x")), START)
    assert isinstance(result, wire.Refused)
    assert (result.outcome.refusal, result.outcome.manager) == (Refusal.APPLY_CONFLICT, "bob")
    assert result.outcome.desired == changes.fingerprint(MANIFEST)


@pytest.mark.parametrize(("minutes", "fought"), [(9, False), (10, True), (11, True)])
def test_a_manager_that_was_forced_over_lately_is_not_fought(minutes: int, fought: bool):
    forced = {"bob": START - timedelta(minutes=minutes)}
    result = wire.read_response(apply(), 409, conflict(("bob", ".spec.x")), START, forced=forced)
    assert isinstance(result, wire.Again) is fought
    if isinstance(result, wire.Refused):
        assert result.outcome.refusal is Refusal.FIELD_CONFLICT


def test_a_conflict_without_a_manager_is_still_a_conflict():
    causes = [{"reason": "FieldManagerConflict", "message": "?", "field": ".spec.x"}, "junk", {"reason": "other"}]
    result = wire.read_response(apply(), 409, failure(409, "Conflict", causes=causes), START)
    assert isinstance(result, wire.Again)
    assert result.managers == ("",)


# ---- what counts as done --------------------------------------------------------------------------------------------
ALREADY = failure(409, "AlreadyExists", 'jobs.batch "j" already exists')
UID_GONE = failure(409, "Conflict", "… the UID in the precondition (x) does not match the UID in record (y).")
ABSENT = failure(404, "NotFound", 'jobs.batch "j" not found', name="j", kind="jobs")


@pytest.mark.parametrize(
    ("change", "code", "body"),
    [
        (CREATE, 409, ALREADY),
        (DELETE, 404, ABSENT),
        (DELETE, 404, "404 page not found"),
        (DELETE, 409, UID_GONE),
        (STATUS, 404, ABSENT),
        (FINALIZERS, 404, ABSENT),
        (OBJECT, 404, ABSENT),
        (DELETE, 200, {"kind": "Status", "status": "Success"}),
        (CREATE, 201, "cut off {"),
    ],
)
@pytest.mark.rule("F-82", "F-86", "F-138")
def test_done_without_an_object(change: changes.Change, code: int, body: object):
    assert wire.read_response(change, code, body, START) == wire.Done(None)


def test_done_with_the_object_that_the_server_answered():
    live = {"kind": "Job", "metadata": {"name": "j"}}
    assert wire.read_response(CREATE, 201, live, START) == wire.Done(live)


@pytest.mark.parametrize(
    ("change", "code", "body", "refusal"),
    [
        (CREATE, 409, failure(409, "AlreadyExists", 'object is being deleted: j already exists'), "ApplyConflict"),
        (DELETE, 409, failure(409, "Conflict", "the ResourceVersion in the precondition"), "ApplyConflict"),
        (STATUS, 409, failure(409, "Conflict", "the object has been modified"), "ApplyConflict"),
        (FINALIZERS, 422, failure(422, "Invalid", "the server rejected our request"), "ApplyConflict"),
        (apply(), 409, failure(409, "Conflict", "uid mismatch", name="x"), "ApplyConflict"),
        (apply(), 422, failure(422, "Invalid", causes=[{"field": "metadata.uid", "reason": "x"}]), "ApplyConflict"),
        (apply(), 422, failure(422, "Invalid", causes=[{"field": "spec.n", "reason": "x"}]), "InvalidSpec"),
        (CREATE, 410, failure(410, "Expired"), "ApplyConflict"),
        (apply(), 404, "404 page not found\n", "KindNotInstalled"),
        (apply(), 404, failure(404, "NotFound", 'namespaces "nope" not found', name="nope", kind="namespaces"),
         "NamespaceNotFound"),
        (apply(), 404, ABSENT, "ApplyConflict"),
        (CREATE, 403, failure(403, "Forbidden", "…", causes=[{"reason": "NamespaceTerminating"}]),
         "NamespaceTerminating"),
        (CREATE, 403, failure(403, "Forbidden", "is forbidden: exceeded quota: rq"), "QuotaExceeded"),
        (CREATE, 403, failure(403, "Forbidden", 'User "bob" cannot patch resource "foos"'), "Forbidden"),
        (CREATE, 403, failure(403, "Forbidden", "maximum storage usage is 2Gi"), "AdmissionDenied"),
        (CREATE, 401, failure(401, "Unauthorized", "Unauthorized"), "Forbidden"),
        (apply(), 403, {"message": 'admission webhook "w" denied the request: no', "code": 403}, "AdmissionDenied"),
        (apply(), 400, {"message": 'admission webhook "w" denied the request without explanation'}, "AdmissionDenied"),
        (apply(), 400, failure(400, "BadRequest"), "InvalidSpec"),
        (apply(), 500, failure(500, "", "failed to create typed patch object (/b; …): duplicate"), "InvalidSpec"),
        (apply(), 500, failure(500, "InternalError", 'Internal error occurred: failed calling webhook "w": refused'),
         "ServerUnreachable"),
        (apply(), 429, "Too many requests, please try again later.", "ServerUnreachable"),
        (apply(), 503, failure(503, "ServiceUnavailable"), "ServerUnreachable"),
    ],
)  # fmt: skip
@pytest.mark.rule("F-83", "F-85", "F-91", "F-92", "F-94", "F-95", "F-96", "F-97", "F-98", "F-99", "F-100", "F-106")
def test_refusals_have_their_own_reasons(change: changes.Change, code: int, body: object, refusal: str):
    result = wire.read_response(change, code, body, START)
    assert isinstance(result, wire.Refused)
    assert result.outcome.refusal == refusal
    assert result.outcome.message
    assert result.outcome.at == START


@pytest.mark.parametrize(("code", "body"), [(504, {"message": "Timeout"}), (500, "oops"), (502, None), (301, "moved")])
@pytest.mark.rule("F-101")
def test_what_leaves_open_whether_it_happened_is_unknown(code: int, body: object):
    result = wire.read_response(apply(), code, body, START)
    assert isinstance(result, wire.Unknown)
    assert result.outcome.refusal is Refusal.UNKNOWN


@pytest.mark.parametrize(("sent", "refusal"), [(True, Refusal.UNKNOWN), (False, Refusal.SERVER_UNREACHABLE)])
def test_silence_is_unknown_only_if_the_request_may_have_been_heard(sent: bool, refusal: Refusal):
    result = wire.read_silence(CREATE, "timed out", START, sent=sent)
    assert isinstance(result, wire.Unknown) is sent
    assert result.outcome.refusal is refusal


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["kind", "details", "causes", "reason", "message", "field", "name", "metadata", "x"]), inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(change=st.sampled_from(EVERY_CHANGE), code=st.integers(100, 599), body=JSON_VALUES)
@pytest.mark.rule("F-82", "F-106")
def test_any_answer_gives_a_result(change: changes.Change, code: int, body: object):
    result = wire.read_response(change, code, body, START)
    assert isinstance(result, wire.Done | wire.Again | wire.Refused | wire.Unknown)
    if 200 <= code < 300:
        assert isinstance(result, wire.Done)
    assert isinstance(wire.requests_of(change), wire.Request)

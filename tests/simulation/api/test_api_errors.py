"""Bodies of errors."""

from __future__ import annotations

import pytest

from aimcore.api.kinds import Kind
from aimcore.resource import Key
from aimcore.simulation import errors
from aimcore.simulation.causes import required
from aimcore.simulation.cluster import Admission, PatchType

rule = pytest.mark.rule
DETAILS = {"name": "a", "group": "ex.io", "kind": "foos"}
FOO = Kind("Foo", "ex.io", "v1", "foos")


def facts(error):
    return error.code, error.reason, error.message


@rule("F-82", "F-139")
def test_creating_what_exists(api, foo, key, refused):
    api.create(foo(finalizers=["ex.io/hold"]))
    error = refused(api.create, foo())
    assert facts(error) == (409, "AlreadyExists", 'foos.ex.io "a" already exists')
    assert error.details == DETAILS
    api.delete(key)
    assert refused(api.create, foo()).message == 'object is being deleted: foos.ex.io "a" already exists'


@rule("F-83")
def test_another_version_is_a_conflict_for_put_patch_and_apply(api, foo, key, refused):
    old = api.create(foo()).object
    api.merge(key, {"spec": {"n": 2}})
    message = (
        'Operation cannot be fulfilled on foos.ex.io "a": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    stale = {"metadata": {"resourceVersion": old["metadata"]["resourceVersion"]}}
    applied = foo(resourceVersion=old["metadata"]["resourceVersion"], spec={"free": 1})
    for error in (refused(api.update, old), refused(api.merge, key, stale), refused(api.apply, applied)):
        assert facts(error) == (409, "Conflict", message)
        assert error.details == DETAILS


@rule("F-84", "F-85")
def test_another_uid_is_refused(api, foo, key, refused):
    live = api.create(foo()).object
    put = refused(api.update, {**live, "metadata": {**live["metadata"], "uid": "other"}})
    assert (put.code, put.reason) == (409, "Conflict")
    assert "Precondition failed: UID in precondition: other" in put.message
    for error in (refused(api.merge, key, {"metadata": {"uid": "other"}}), refused(api.apply, foo(uid="other"))):
        assert (error.code, error.reason) == (422, "Invalid")
        assert [c["field"] for c in error.causes] == ["metadata.uid", "metadata.uid"]
        assert error.causes[0]["message"].endswith("field is immutable")


@rule("F-85", "F-125")
def test_an_apply_with_uid_never_creates(api, foo, key, refused):
    error = refused(api.apply, foo(uid="gone"))
    assert (error.code, error.reason) == (409, "Conflict")
    assert "uid mismatch: the provided object specified uid gone, and no existing object was found" in error.message
    assert refused(api.get, key).code == 404


@rule("F-86")
def test_delete_preconditions(api, foo, key, refused):
    uid = api.create(foo()).object["metadata"]["uid"]
    error = refused(api.delete, key, uid="x")
    assert (error.code, error.reason, error.details["kind"]) == (409, "Conflict", "Foo")
    assert f"the UID in the precondition (x) does not match the UID in record ({uid})" in error.message
    error = refused(api.delete, key, resource_version="1")
    assert "the ResourceVersion in the precondition (1) does not match the ResourceVersion in record" in error.message
    assert api.delete(key, uid=uid)["status"] == "Success"


@rule("F-89")
def test_validation_lists_one_cause_for_each_violation(cluster, foo, refused):
    cluster.validate = lambda _type, _new, _old: [required("spec.a"), required("spec.b")]
    error = refused(cluster.create, foo())
    assert facts(error) == (
        422,
        "Invalid",
        'Foo.ex.io "a" is invalid: [spec.a: Required value, spec.b: Required value]',
    )
    assert error.details["kind"] == "Foo"
    assert [c["reason"] for c in error.causes] == ["FieldValueRequired"] * 2


@rule("F-90")
def test_an_absent_object(api, key, refused):
    error = refused(api.get, key)
    assert facts(error) == (404, "NotFound", 'foos.ex.io "a" not found')
    assert error.details == DETAILS
    assert refused(api.delete, key).details == DETAILS


@rule("F-91")
def test_an_absent_namespace(api, foo, refused):
    for error in (refused(api.create, foo(namespace="nope")), refused(api.apply, foo(namespace="nope"))):
        assert facts(error) == (404, "NotFound", 'namespaces "nope" not found')
        assert error.details == {"name": "nope", "kind": "namespaces"}
    assert refused(api.get, Key("Foo", "nope", "a")).message == 'foos.ex.io "a" not found'
    assert api.list("Foo", "nope")["items"] == []


@rule("F-92")
def test_a_kind_that_is_not_installed_answers_in_plain_text(api, foo, refused):
    calls = [
        (api.get, Key("Bar", "t1", "a")),
        (api.list, "Bar"),
        (api.watch, "Bar"),
        (api.create, {**foo(), "kind": "Bar"}),
        (api.create, {**foo(), "apiVersion": "ex.io/v2"}),
    ]
    for call, argument in calls:
        error = refused(call, argument)
        assert (error.code, error.body) == (404, "404 page not found")


@rule("F-94", "F-143")
def test_a_terminating_namespace_takes_nothing_new(api, foo, refused):
    api.apply(foo("old"))
    api.delete(Key("Namespace", "", "t1"))
    for error in (refused(api.create, foo()), refused(api.apply, foo())):
        assert error.message == (
            'foos.ex.io "a" is forbidden: unable to create new content in namespace t1 because it is being terminated'
        )
        assert (error.code, error.reason) == (403, "Forbidden")
        assert error.causes[0]["reason"] == "NamespaceTerminating"
        assert error.causes[0]["field"] == "metadata.namespace"
    assert api.apply(foo("old", spec={"n": 2})).object["spec"] == {"n": 2}
    assert api.delete(Key("Foo", "t1", "old"))["status"] == "Success"


@rule("F-97", "F-98", "F-6")
def test_a_webhook_denies_or_fails(cluster, foo, refused):
    def denying(*_):
        raise errors.webhook_denied("w.x", "too big")

    cluster.admission = Admission(validating=(denying,))
    error = refused(cluster.create, foo())
    assert facts(error) == (403, "Forbidden", 'admission webhook "w.x" denied the request: too big')
    assert "details" not in error.body

    def failing(*_):
        raise errors.webhook_failed("w.x", "failed to call webhook: context deadline exceeded")

    cluster.admission = Admission(mutating=(failing,))
    error = refused(cluster.create, foo())
    assert (error.code, error.reason) == (500, "InternalError")
    assert error.causes[0] == {"message": error.message.removeprefix("Internal error occurred: ")}
    silent = errors.webhook_denied("w.x")
    assert (silent.code, silent.reason) == (400, "")


@rule("F-105")
def test_the_body_must_name_what_the_url_names(api, foo, key, cluster, refused):
    api.create(foo())
    assert refused(api.merge, key, {"metadata": {"name": "b"}}).code == 400
    assert refused(api.merge, key, {"kind": "Bar"}).code == 400
    assert refused(api.merge, key, []).code == 400
    assert refused(cluster.patch, key, foo("b"), PatchType.APPLY, manager="m").code == 400
    assert refused(cluster.patch, key, {**foo(), "kind": "Bar"}, PatchType.APPLY, manager="m").code == 400
    assert refused(cluster.patch, key, foo(namespace="x"), PatchType.APPLY, manager="m").code == 400


@rule("F-106")
def test_a_post_with_a_version_is_a_500_without_reason(api, foo, refused):
    error = refused(api.create, foo(resourceVersion="5"))
    assert facts(error) == (500, "", "resourceVersion should not be set on objects to be created")
    assert "reason" not in error.body


@rule("F-95", "F-96", "F-99", "F-100", "F-101", "F-104")
def test_the_errors_that_only_faults_raise_have_the_servers_shape():
    rbac = errors.rbac_forbidden(FOO, "a", "bob", "patch", subresource="status", namespace="t2")
    assert rbac.message == (
        'foos.ex.io "a" is forbidden: User "bob" cannot patch resource "foos/status" in API group "ex.io" '
        'in the namespace "t2"'
    )
    assert rbac.details == DETAILS
    quota = errors.quota_exceeded(FOO, "a", "rq", requested="x=1", used="x=1", limited="x=1")
    assert quota.message.endswith("exceeded quota: rq, requested: x=1, used: x=1, limited: x=1")
    assert errors.too_many_requests(overloaded=True).body == "Too many requests, please try again later."
    assert errors.too_many_requests(overloaded=False).details == {"retryAfterSeconds": 1}
    assert errors.server_starting().details == {"retryAfterSeconds": 5}
    assert "kind" not in errors.request_timeout().body
    assert errors.unauthorized().code == 401
    assert errors.too_many_requests(overloaded=True).message.startswith("Too many")
    assert errors.ApiError(404, "x").details == {}

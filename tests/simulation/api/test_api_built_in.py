"""What the server does to built-in kinds by itself."""

from __future__ import annotations

import pytest

from aimcore.resource import Key
from aimcore.simulation import built_in

rule = pytest.mark.rule


def body(kind, api_version, name="x", **parts):
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": "t1"}, **parts}


def job(name="j", image="img", labels=None, **spec):
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": image}]}
    template = {"metadata": {"labels": {"mine": "1"}}, "spec": pod}
    out = body("Job", "batch/v1", name, spec={"template": template, **spec})
    if labels:
        out["metadata"]["labels"] = labels
    return out


@rule("F-64")
def test_a_job_is_defaulted_and_gets_generated_labels(api):
    made = api.apply(job()).object
    uid = made["metadata"]["uid"]
    generated = {
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": "j",
        "controller-uid": uid,
        "job-name": "j",
        "mine": "1",
    }
    spec = made["spec"]
    assert made["metadata"]["labels"] == spec["template"]["metadata"]["labels"] == generated
    assert spec["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    defaults = {
        "parallelism": 1,
        "completions": 1,
        "backoffLimit": 6,
        "completionMode": "NonIndexed",
        "suspend": False,
        "manualSelector": False,
        "podReplacementPolicy": "TerminatingOrFailed",
    }
    assert {k: spec[k] for k in defaults} == defaults
    assert spec["template"]["spec"]["containers"][0]["imagePullPolicy"] == "Always"
    labelled = api.apply(job("k", "img:1", labels={"own": "1"})).object
    assert labelled["metadata"]["labels"] == {"own": "1"}
    assert labelled["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] == "IfNotPresent"


@rule("F-65", "F-66")
def test_a_job_is_mutable_only_outside_its_template(api, refused):
    first = api.apply(job()).object
    assert api.apply(job()).object == first
    error = refused(api.apply, job(image="other"))
    assert (error.code, [(c["reason"], c["field"]) for c in error.causes]) == (
        422,
        [("FieldValueInvalid", "spec.template")],
    )
    assert error.message.endswith("field is immutable")
    changed = api.apply(job(backoffLimit=1, suspend=True)).object
    assert changed["metadata"]["generation"] == 2
    assert "FieldManagerConflict" in str(refused(api.apply, job(image="x"), "m2").causes)


@rule("F-66")
def test_a_jobs_name_and_restart_policy_are_checked(api, refused):
    assert "spec.template.labels" in [c["field"] for c in refused(api.create, job("x" * 64)).causes]
    always = job()
    del always["spec"]["template"]["spec"]["restartPolicy"]
    assert refused(api.create, always).causes[0]["reason"] == "FieldValueNotSupported"
    empty = job()
    empty["spec"]["template"]["spec"]["containers"] = []
    assert refused(api.create, empty).causes[0]["field"] == "spec.template.spec.containers"


def claim(size="1Gi", **spec):
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, **spec}
    return body("PersistentVolumeClaim", "v1", spec=spec)


def storage_class(api, name, *, default=True, **more):
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"} if default else {}
    metadata = {"name": name, "annotations": annotations}
    api.create(
        {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": metadata, "provisioner": "p", **more}
    )


@rule("F-76", "F-109", "F-138")
def test_a_claim_is_completed(api, owned):
    storage_class(api, "b")
    storage_class(api, "a")
    storage_class(api, "none", default=False)
    api.wait(1)
    storage_class(api, "newest")
    made = api.apply(claim()).object
    assert made["spec"]["volumeMode"] == "Filesystem"
    assert made["spec"]["storageClassName"] == "newest"
    assert made["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]
    assert made["status"] == {"phase": "Pending"}
    assert "generation" not in made["metadata"]
    assert "f:storageClassName" not in owned(made, "m1")["f:spec"]
    assert api.apply(claim()).object == made
    key = Key("PersistentVolumeClaim", "t1", "x")
    assert api.delete(key)["metadata"]["deletionTimestamp"]


@rule("F-76", "F-77")
def test_an_empty_class_is_no_class_and_a_late_default_may_be_written(api):
    assert "storageClassName" not in api.create(claim()).object["spec"]
    storage_class(api, "late")
    key = Key("PersistentVolumeClaim", "t1", "x")
    assert api.merge(key, {"spec": {"storageClassName": "late"}}).object["spec"]["storageClassName"] == "late"
    other = claim(storageClassName="")
    other["metadata"]["name"] = "y"
    assert api.create(other).object["spec"]["storageClassName"] == ""


@rule("F-80")
def test_only_a_bound_claim_of_an_expandable_class_grows(api, refused):
    storage_class(api, "fixed")
    key = Key("PersistentVolumeClaim", "t1", "x")
    api.create(claim())
    grow = {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}
    error = refused(api.merge, key, grow)
    assert [(c["reason"], c["field"]) for c in error.causes] == [("FieldValueForbidden", "spec")]
    api.merge(key, {"status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}}, subresource="status")
    error = refused(api.merge, key, grow)
    assert error.code == 403
    assert error.message.startswith('persistentvolumeclaims "x" is forbidden: only dynamically provisioned pvc')
    api.merge(Key("StorageClass", "", "fixed"), {"allowVolumeExpansion": True})
    assert api.merge(key, grow).object["spec"]["resources"]["requests"]["storage"] == "2Gi"
    error = refused(api.merge, key, {"spec": {"resources": {"requests": {"storage": "100M"}}}})
    assert error.causes[0]["field"] == "spec.resources.requests.storage"
    assert refused(api.merge, key, {"spec": {"accessModes": ["ReadWriteMany"]}}).code == 422


@rule("F-50")
def test_a_fresh_autoscaler_has_an_empty_status_and_no_generation(api):
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}
    made = api.create(
        body("HorizontalPodAutoscaler", "autoscaling/v2", spec={"scaleTargetRef": target, "maxReplicas": 2})
    ).object
    assert made["status"] == {"desiredReplicas": 0, "currentMetrics": None}
    assert made["spec"]["minReplicas"] == 1
    assert "generation" not in made["metadata"]


@rule("F-73")
def test_a_fresh_pod_is_pending_with_a_quality_class(api, refused):
    def pod(name, **resources):
        return body(
            "Pod", "v1", name, spec={"containers": [{"name": "c", "image": "r:5000/x", "resources": resources}]}
        )

    made = api.create(pod("a")).object
    assert made["status"] == {"phase": "Pending", "qosClass": "BestEffort"}
    assert made["spec"]["restartPolicy"] == "Always"
    assert made["spec"]["containers"][0]["imagePullPolicy"] == "Always"
    assert api.create(pod("b", requests={"cpu": "1"})).object["status"]["qosClass"] == "Burstable"
    full = {"cpu": "1", "memory": "1Gi"}
    assert api.create(pod("c", requests=full, limits=full)).object["status"]["qosClass"] == "Guaranteed"
    assert refused(api.create, body("Pod", "v1", spec={})).causes[0]["field"] == "spec.containers"


@pytest.mark.parametrize(
    ("image", "policy"),
    [("x", "Always"), ("x:latest", "Always"), ("r:5/x:1", "IfNotPresent"), ("x@sha256:0", "IfNotPresent")],
)
@rule("F-64")
def test_the_pull_policy_follows_the_tag(image, policy):
    assert built_in.pull_policy(image) == policy


def test_a_deployment_is_defaulted_and_its_selector_fixed(api, refused):
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "x:1"}]}}
    deployment = body("Deployment", "apps/v1", spec={"selector": {"matchLabels": {"a": "b"}}, "template": template})
    made = api.apply(deployment).object
    assert made["spec"]["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"},
    }
    assert made["spec"]["replicas"] == 1
    assert api.apply(deployment).object == made
    deployment["spec"]["selector"] = {"matchLabels": {"c": "d"}}
    assert {c["field"] for c in refused(api.apply, deployment, force=True).causes} == {
        "spec.template.metadata.labels",
        "spec.selector",
    }


def test_secrets_take_texts_and_immutable_data_stays(api, refused):
    made = api.create(body("Secret", "v1", stringData={"a": "b"})).object
    assert (made["data"], made["type"]) == ({"a": "Yg=="}, "Opaque")
    assert "stringData" not in made
    api.create(body("ConfigMap", "v1", data={"a": "b"}, immutable=True))
    error = refused(api.merge, Key("ConfigMap", "t1", "x"), {"data": {"a": "c"}})
    assert error.causes[0]["field"] == "data"


def test_a_bindings_role_is_fixed(api, refused):
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"}
    api.create(body("RoleBinding", "rbac.authorization.k8s.io/v1", roleRef=role, subjects=[]))
    key = Key("RoleBinding", "t1", "x")
    assert refused(api.merge, key, {"roleRef": {"name": "s"}}).causes[0]["field"] == "roleRef"

"""Templates that their model no longer derives."""

import json

import pytest

from aimcore.resource import Key
from aimcore.snapshot import NotInstalled, Unreadable
from core.kind_rounds import aim
from core.model_world import KEY, ONE, metadata_of, templates, world


def with_an_obsolete_template(namespace="ns", **spec):
    """A model whose only deployment is asked for with other GPUs; its template is used by something. And its name."""
    rounds = world(namespace=namespace, imageMetadata=metadata_of(ONE), **spec)
    rounds.settle()
    (made,) = templates(rounds).values()
    manager = "aim-model-controller" if namespace else "aim-cluster-model-controller"
    fields = [{"manager": manager, "operation": "Apply"}]
    rounds.put({**made, "metadata": {**made["metadata"], "managedFields": fields}})
    return rounds, made["metadata"]["name"]


def derive_another(rounds):
    (key,) = rounds.plans
    rounds.patch(key, {"spec": {"imageMetadata": metadata_of({**ONE, "gpuCount": 8})}})
    rounds.settle()


OBSOLETE = "aim.eai.amd.com/obsolete"


@pytest.mark.rule("D-18", "M-22")
def test_templates_no_longer_derived_are_marked_and_copies_never():
    rounds, name = with_an_obsolete_template()
    rounds.put(aim("AIMService", "s", "ns", spec={}, status={"resolvedTemplate": {"name": name}}))
    made = templates(rounds)[name]
    copied = {k: v for k, v in made["metadata"].items() if k not in ("uid", "resourceVersion", "managedFields")}
    rounds.put({**made, "metadata": {**copied, "name": "copy"}})
    derive_another(rounds)
    found = {n: t["metadata"]["labels"].get(OBSOLETE) for n, t in templates(rounds).items()}
    assert len(found) == 3
    assert found[name] == "true"
    assert found["copy"] is None
    rounds.patch(KEY, {"spec": {"imageMetadata": metadata_of(ONE)}})
    rounds.settle()
    assert OBSOLETE not in templates(rounds)[name]["metadata"]["labels"]


@pytest.mark.rule("D-18", "M-22")
@pytest.mark.parametrize("namespace", ["ns", ""])
@pytest.mark.parametrize(
    ("kind", "members"),
    [
        ("AIMService", {"spec": {"template": {"name": "NAME"}}}),
        ("AIMService", {"status": {"resolvedTemplate": {"name": "NAME"}}}),
        ("AIMTemplateCache", {"spec": {"templateName": "NAME"}}),
        ("InferenceService", {"metadata": {"labels": {"aim.eai.amd.com/template": "NAME"}}}),
    ],
)
def test_an_obsolete_template_goes_once_nothing_refers_to_it(namespace, kind, members):
    rounds, name = with_an_obsolete_template(namespace)
    user = rounds.put(aim(kind, "user", "ns", **json.loads(json.dumps(members).replace("NAME", name))))
    derive_another(rounds)
    assert templates(rounds)[name]["metadata"]["labels"][OBSOLETE] == "true"
    (key,) = rounds.plans
    assert rounds.plan(key).deletions == ()
    rounds.remove(Key(user["kind"], "ns", "user"))
    (deletion,) = rounds.plan(key).deletions
    assert (deletion.uid, deletion.resource_version) == tuple(
        templates(rounds)[name]["metadata"][m] for m in ("uid", "resourceVersion")
    )
    rounds.settle()
    assert list(templates(rounds)) != [name]
    assert len(templates(rounds)) == 1


@pytest.mark.rule("D-18")
def test_an_obsolete_template_that_is_the_default_or_may_be_used_stays():
    rounds, name = with_an_obsolete_template()
    rounds.patch(KEY, {"spec": {"defaultServiceTemplate": name}})
    derive_another(rounds)
    assert name in templates(rounds)
    rounds, name = with_an_obsolete_template()
    rounds.table.learn_availability("AIMTemplateCache", Unreadable("AIMTemplateCache", "Timeout", "no answer"))
    derive_another(rounds)
    assert name in templates(rounds)
    rounds.table.learn_availability("AIMTemplateCache", NotInstalled("AIMTemplateCache"))
    rounds.settle()
    assert name not in templates(rounds)

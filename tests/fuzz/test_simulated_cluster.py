"""Edge: requests to the simulated cluster in memory, and what is read in them: selectors, tokens, patterns, columns.

A refusal is an `ApiError`. That any JSON through any door gives an object or an `ApiError` is in
`tests/simulation/api/test_api_totality.py`; here stand depth, odd texts and numbers, and the work they make.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore.resource import Key
from aimcore.simulation.actors.nodes import amount
from aimcore.simulation.actors.pod_troubles import is_image
from aimcore.simulation.clock import Clock
from aimcore.simulation.cluster import ApiError, Cluster, PatchType
from aimcore.simulation.listing import Token
from aimcore.simulation.patches import (
    PatchMalformedError,
    PatchMisfitError,
    PatchTooLargeError,
    json_patched,
    merge_patched,
)
from aimcore.simulation.selectors import field_matcher, label_matcher
from aimcore.simulation.types import RESOURCE_TYPES
from aimctl_runtime.local.cel import compile_pattern, compile_rule
from aimctl_runtime.local.cells import age, found, path_column
from aimctl_runtime.local.constraints import compile_node, shipped_patterns
from aimctl_runtime.local.validation import violations
from fuzz.bounds import answer_or, assert_linear, cpu_within
from fuzz.inputs import NASTY_NUMBERS, NASTY_TEXTS, effort, json_values, nested, texts

NOW = datetime(2026, 11, 23, tzinfo=UTC)
KEY = Key("ConfigMap", "default", "x")
SELECTORS = st.text(alphabet="ab=!,()<> in0123notin\t", max_size=60)
PATHS = st.text(alphabet=".[]*?@='\"\\ab01-:$() ", max_size=60)
SCHEMAS = json_values(
    ("type", "properties", "items", "pattern", "enum", "format", "minimum", "maxLength", "required", "oneOf", "anyOf",
    "not",
     "nullable", "additionalProperties", "x-kubernetes-validations", "rule", "x-kubernetes-list-type",
     "x-kubernetes-list-map-keys"),
    ("object", "string", "array", "integer", "map", "set", "date-time", "self == oldSelf", "self.size() > 1", "(a+)+$"),
)  # fmt: skip


def cluster() -> Cluster:
    return Cluster(RESOURCE_TYPES, clock=Clock(NOW), namespaces=("default",))


def config_map(**members: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "default"}, **members}


@effort(120)
@given(SELECTORS | texts(), SELECTORS | texts(), st.dictionaries(texts(), texts(), max_size=3))
def test_any_selector_selects_or_is_refused(labels: str, fields: str, given_: dict[str, str]) -> None:
    matches = answer_or((ApiError,), lambda: label_matcher(labels))
    assert matches is None or isinstance(matches({"metadata": {"labels": given_}}), bool)
    matches = answer_or((ApiError,), lambda: field_matcher(fields, ("spec.a", "status.phase")))
    assert matches is None or isinstance(matches({"metadata": {"name": "x"}, "spec": given_}), bool)


@effort(120)
@given(texts() | st.binary(max_size=40).map(lambda b: b.decode("latin-1")))
def test_any_token_is_a_place_or_refused(text: str) -> None:
    answer_or((ApiError,), lambda: Token.of(text))


@effort(150)
@given(PATHS | texts(), json_values(("a", "b")))
def test_any_path_of_a_column_finds_something_or_nothing(path: str, value: Any) -> None:
    found(path, value)
    for kind in ("string", "integer", "date", "boolean"):
        if isinstance(value, dict):
            path_column("A", path, kind).read(value, NOW)
    age(value, NOW)


@effort(120)
@given(SCHEMAS, json_values(("properties", "a", "spec")))
def test_any_schema_judges_any_object(schema: Any, value: Any) -> None:
    with cpu_within():
        node = compile_node(schema if isinstance(schema, dict) else {})
        violations(node, value if isinstance(value, dict) else {"spec": value}, None)


@effort(120)
@given(texts() | st.text(alphabet="self.ax(),'\"[]{}!&|?:0123456789 ", max_size=40), json_values())
def test_any_rule_and_any_pattern_has_a_verdict(text: str, value: Any) -> None:
    with cpu_within():
        verdict = compile_rule(text).verdict(value, value)
        assert verdict is None or isinstance(verdict, str)
        assert isinstance(compile_pattern(text)("aaa"), bool)


@effort(150)
@given(json_values(("a", "b")), json_values(("op", "path", "from", "value"), ("add", "copy", "move", "test", "/a",
    "/a/0", "/-")),
       json_values(("a", "b")))  # fmt: skip
def test_any_patch_fits_or_says_why_not(target: Any, operations: Any, patch: Any) -> None:
    merge_patched(target, patch)
    answer_or((PatchMalformedError, PatchMisfitError, PatchTooLargeError), lambda: json_patched(target, operations))


@effort(150)
@given(json_values() | texts() | st.sampled_from(NASTY_NUMBERS))
def test_any_amount_is_a_number_that_can_be_added(value: Any) -> None:
    number = amount(value)
    assert number + number >= number - abs(number)


@pytest.mark.parametrize("text", NASTY_TEXTS)
def test_any_text_as_name_label_manager_or_data_is_stored_or_refused(text: str) -> None:
    here = cluster()
    for body in (
        config_map(data={text: text}), config_map(metadata={"name": text, "namespace": "default"}),
        config_map(metadata={"name": "x", "namespace": text}), config_map(metadata={"generateName": text,
        "namespace": "default"}),
        config_map(metadata={"name": "x", "namespace": "default", "labels": {text: text}, "annotations": {text: text}}),
        config_map(metadata={"name": "x", "namespace": "default", "finalizers": [text]}), {"kind": text,
        "apiVersion": text},
        {**config_map(), "kind": "Secret", "stringData": {"a": text}},
    ):  # fmt: skip
        for dry_run in (True, False):
            answer_or((ApiError,), lambda body=body, dry_run=dry_run: here.create(body, manager=text, dry_run=dry_run))
        answer_or(
            (ApiError,), lambda body=body: here.patch(KEY, body, PatchType.APPLY, manager=text or "m", force=True)
        )
    for obj in here.objects("ConfigMap"):
        here.delete(Key("ConfigMap", "default", obj["metadata"]["name"]))


@pytest.mark.parametrize("lists", [True, False], ids=["lists", "objects"])
def test_values_as_deep_as_a_request_may_carry_are_stored_compared_and_patched(*, lists: bool) -> None:
    here = cluster()
    here.create(config_map(metadata={"name": "x", "namespace": "default"}))
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.x.io"},
    }
    for value in (nested(99, 1, lists=lists), nested(99, 2, lists=lists)):
        with cpu_within():
            answer_or((ApiError,), lambda value=value: here.create({**crd, "spec": value}))
            for kind in PatchType:
                for body in ({"data": value}, {"metadata": value}, [{"op": "add", "path": "/data", "value": value}]):
                    answer_or((ApiError,), lambda kind=kind, body=body: here.patch(KEY, body, kind, manager="m"))


def matching(make: Any, text: str) -> None:
    answer_or((ApiError,), lambda: make(text))


LINEAR = {
    "labels: blanks": (label_matcher, lambda n: "a" + " " * n + "x"),
    "labels: keys": (label_matcher, lambda n: "a," * (n // 5)),
    "labels: a long key": (label_matcher, lambda n: "a" * n),
    "labels: dashes": (label_matcher, lambda n: "a" + "-" * n),
    "labels: dots": (label_matcher, lambda n: "a." * n + "/b"),
    "labels: a set": (label_matcher, lambda n: "a in (" + "b," * n + "b)"),
    "labels: an open set": (label_matcher, lambda n: "a in (" + "b," * n),
    "fields: blanks": (lambda t: field_matcher(t, ()), lambda n: "metadata.name=" + " " * n + "x"),
    "fields: blanks before": (lambda t: field_matcher(t, ()), lambda n: " " * n + "x"),
    "fields: blanks within": (lambda t: field_matcher(t, ()), lambda n: "a" + " " * n + "b"),
    "fields: a long path": (lambda t: field_matcher(t, ()), lambda n: "a" * n),
    "fields: blanks behind": (lambda t: field_matcher(t, ()), lambda n: "metadata.name=x" + " x" * n + "\n"),
    "a token": (Token.of, lambda n: "W" * n),
    "an image": (is_image, lambda n: "a/" * n + "!"),
    "an image of dots": (is_image, lambda n: "a." * n + "!"),
    "an image of dashes": (is_image, lambda n: "a" + "-" * n + "!"),
    "an image of underscores": (is_image, lambda n: "a__a_a--a." * n + "!"),
    "a path: filters": (lambda t: found(t, {}), lambda n: ".a[?(@" * n),
    "a path: a filter": (lambda t: found(t, {}), lambda n: '.a[?(@.b=="' + '"' * n),
    "a path: blanks": (lambda t: found(t, {}), lambda n: ".a[?(" + " " * n + "x"),
    "a path: members": (lambda t: found(t, {}), lambda n: ".a" * n),
    "a path: escapes": (lambda t: found(t, {}), lambda n: "." + "\\." * n),
}  # fmt: skip


@pytest.mark.parametrize(("read", "made"), LINEAR.values(), ids=LINEAR)
def test_work_grows_with_the_text(read: Any, made: Any) -> None:
    assert_linear(lambda text: matching(read, text), made, 5_000)


@pytest.mark.parametrize("pattern", sorted(shipped_patterns()))
def test_no_pattern_that_we_ship_takes_long(pattern: str) -> None:
    """These are matched by Python, whose matcher tries again and again; all others go to a linear one."""
    import re

    compiled = re.compile(pattern)
    for piece in (
        "a",
        "1",
        "-",
        ".",
        "a-",
        "a.",
        "1.",
        "A",
        "/",
        "a/",
        "hf://",
        "_",
        " ",
        "1h",
        "9m",
        ":",
        "0",
        "a.b-c",
    ):
        for start in ("", "a", "1", "-1", "hf://", "a/", "https://"):
            assert_linear(
                lambda text: compiled.search(text), lambda n, s=start, p=piece: s + p * n + "!", 2_000, memory=False
            )

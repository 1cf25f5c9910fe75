"""Edge: texts with a grammar of their own: quantities, durations, versions, images, globs, JSON in variables.

Each reader answers a value or None (or its own record of a problem); nothing is raised for any text or JSON.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore.api import duration, quantity
from aimcore.api.json_text import compact_json, json_number
from aimcore.hardware import device_ids, gpu_rank, node_model, normalize_model, vram_bytes
from aimcore.kinds.model_source.filters import glob_matches, read_filters
from aimcore.kinds.model_source.versions import precedence, read_constraint, tag_matches
from aimcore.labels import glob_matches as label_glob_matches
from aimcore.layering import merge_env, merge_json_text, merge_resources
from aimcore.naming import dns_label
from aimcore.naming.derive import child_label, label_value
from aimcore.naming.images import ImageParts, InvalidImage, parse_image
from aimcore.resource import Resource
from aimctl_runtime.observe.listing import glob
from aimctl_runtime.observe.reference import BadReference, Reference, canonical_registry, may_be_plain, read_reference
from fuzz.bounds import assert_linear, cpu_within
from fuzz.inputs import DEEP, NASTY_NUMBERS, NASTY_TEXTS, effort, json_values, nested, texts

NUMBERS = st.text(alphabet="0123456789.+-eEkKMGTPimnu ", max_size=40)
DURATIONS = st.text(alphabet="0123456789.+-hmsnuµμ ", max_size=40)
VERSIONS = st.text(alphabet="0123456789.xX*<>=!~^|, v-+a", max_size=40)
IMAGES = st.text(alphabet="ab.:/@-_*sha256:0123456789[]", max_size=60)
GLOBS = st.text(alphabet="a*?[]^-\\/", max_size=30)


@effort(120)
@given(NUMBERS | texts() | json_values() | st.sampled_from(NASTY_NUMBERS))
def test_any_value_is_a_quantity_or_none(value: Any) -> None:
    amount = quantity.parse(value)
    assert (amount is not None) == (quantity.canonical(value) is not None) == quantity.is_quantity(value)
    assert quantity.whole_bytes(value) is None or abs(quantity.whole_bytes(value)) <= quantity.MAX
    quantity.display_size(value)
    quantity.equal(value, "1Gi")
    quantity.exceeds(value, "1Gi")
    if amount is not None:
        assert quantity.canonical(quantity.canonical(value)) == quantity.canonical(value)


@effort(100)
@given(st.integers(0, quantity.MAX), st.sampled_from([n for n in NASTY_NUMBERS if isinstance(n, int)]) | st.integers())
def test_any_headroom_gives_a_quantity(size: int, percent: int) -> None:
    assert quantity.is_quantity(quantity.with_headroom(size, percent))


@effort(150)
@given(DURATIONS | texts() | json_values())
def test_any_value_is_a_duration_or_none(value: Any) -> None:
    found, written = duration.parse(value), duration.gateway_text(value)
    assert found is not None or written is None
    assert written is None or duration.parse(written) == found


@effort(150)
@given(VERSIONS | texts(), st.lists(VERSIONS | texts(), max_size=4))
def test_any_tag_and_any_constraints_are_compared(tag: str, written: list[str]) -> None:
    constraints = [c for c in map(read_constraint, written) if c is not None]
    tag_matches(tag, constraints)
    precedence(tag)


@effort(150)
@given(IMAGES | texts())
def test_any_text_is_an_image_or_a_reason_why_not(text: str) -> None:
    assert isinstance(parse_image(text), ImageParts | InvalidImage)
    found = read_reference(text)
    assert isinstance(found, Reference) or (isinstance(found, BadReference) and found.message)
    may_be_plain(text)
    canonical_registry(text)


@effort(150)
@given(json_values(("filters", "image", "exclude", "versions", "registry"), ("org/*", "a/b:1", ">=1", "*")))
def test_any_filters_of_a_model_source_are_read(spec: Any) -> None:
    raw = {"kind": "AIMClusterModelSource", "metadata": {"name": "x"}, "spec": spec}
    for found in read_filters(Resource.of(raw)):  # type: ignore[arg-type]
        found.accepts("org/a", "1.0.0")


@effort(120)
@given(GLOBS | texts(), GLOBS | texts())
def test_any_glob_is_compared_with_any_text(pattern: str, text: str) -> None:
    label_glob_matches(pattern, text)
    assert bool(glob(pattern)(text)) == glob_matches(pattern, text)


@effort(120)
@given(json_values(), json_values(), texts(), texts())
def test_any_layers_are_merged(lower: Any, upper: Any, below: str, above: str) -> None:
    merge_resources(lower, upper)
    assert isinstance(merge_json_text(below, above), str)
    assert isinstance(merge_json_text(json.dumps(lower), json.dumps(upper)), str)
    lists = [v if isinstance(v, list) else [v] for v in (lower, upper)]
    merge_env(*lists, json_names=frozenset({"A"}))


@effort(120)
@given(json_values() | texts())
def test_any_value_has_a_compact_text(value: Any) -> None:
    compact_json(value).encode()
    if isinstance(value, str):
        assert len(dns_label(value)) <= 63
        assert len(label_value(value)) <= 63
        assert len(child_label(value)) <= 63


@effort(120)
@given(st.dictionaries(st.sampled_from(["amd.com/gpu.device-id", "amd.com/gpu.vram", "amd.com/gpu.family",
       "amd.com/gpu.device-id.74a1", "beta.amd.com/gpu.family.MI300X"]) | texts(), texts(), max_size=5),
       texts())  # fmt: skip
def test_any_labels_of_a_node_name_a_model_or_none(labels: dict[str, str], text: str) -> None:
    assert node_model(labels) is None or node_model(labels)
    normalize_model(text)
    device_ids(text)
    gpu_rank(text)
    assert vram_bytes(text) >= 0


def test_numbers_that_no_double_holds_are_null() -> None:
    assert [json_number(n) for n in (10**400, 10**5000, float("inf"), float("nan"))] == ["null"] * 4


@pytest.mark.parametrize("lists", [True, False], ids=["lists", "objects"])
def test_deep_json_in_a_variable_is_left_alone(*, lists: bool) -> None:
    open_, close = ("[", "]") if lists else ('{"a":', "}")
    deep = open_ * DEEP + "1" + close * DEEP
    with cpu_within():
        assert merge_json_text('{"x":' + deep + "}", '{"y": 1}') == '{"y": 1}'
        assert merge_json_text('{"x": 1}', deep) == deep
        text = json.dumps({"a": nested(600)})
        assert merge_json_text(text, text)


LINEAR = {
    "a quantity": (quantity.parse, lambda n: "1" * n),
    "zeros": (quantity.canonical, lambda n: "0" * n + "x"),
    "a duration": (duration.parse, lambda n: "1h" * n),
    "a version": (precedence, lambda n: "1.0.0-" + "a." * n + "!"),
    "blanks in a constraint": (read_constraint, lambda n: ">" + " " * n + "x"),
    "commas in a constraint": (read_constraint, lambda n: "1," * (n // 10)),
    "a pre-release in a constraint": (read_constraint, lambda n: "1.0.0-" + "a-" * n + "!"),
    "alternatives": (read_constraint, lambda n: "1||" * (n // 10)),
    "an image": (parse_image, lambda n: "a/" * n),
    "a long tag": (parse_image, lambda n: "a:" + "-" * n),
    "a reference": (read_reference, lambda n: "a/" * n + "@sha256:" + "a" * n + "!"),
    "a model": (normalize_model, lambda n: "1" * n + "!"),
    "a model of letters": (normalize_model, lambda n: "A" * n + "!"),
    "many tokens": (normalize_model, lambda n: "-A" * n),
    "a device": (device_ids, lambda n: "0" * n),
    "VRAM": (vram_bytes, lambda n: "1" * n + " " * n),
    "a label": (dns_label, lambda n: "-" * n),
    "a label value": (label_value, lambda n: "_." * n),
    "a glob of labels": (lambda text: label_glob_matches("*a" * 12 + "b", text), lambda n: "a" * n),
    "a long glob of labels": (lambda pattern: label_glob_matches(pattern, "a" * 63), lambda n: "*a?" * (n // 10)),
    "an open class": (lambda pattern: label_glob_matches(pattern, "a"), lambda n: "[" * n),
    "a glob of a registry": (lambda text: glob("*a" * 12 + "b")(text), lambda n: "a" * n),
    "a long glob of a registry": (lambda pattern: glob(pattern)("a" * 255), lambda n: "*a" * (n // 10)),
    "a glob of a filter": (lambda text: glob_matches("*a" * 12 + "b", text), lambda n: "a" * n),
    "JSON in a variable": (lambda text: merge_json_text(text, '{"a":1}'), lambda n: '{"a":[' + "1," * n + "1]}"),
    "broken JSON in a variable": (lambda text: merge_json_text(text, "{}"), lambda n: '{"a":[' + "1," * n),
}  # fmt: skip


@pytest.mark.parametrize(("read", "made"), LINEAR.values(), ids=LINEAR)
def test_work_grows_with_the_text(read: Any, made: Any) -> None:
    assert_linear(read, made, 5_000)


@pytest.mark.parametrize("text", NASTY_TEXTS)
def test_every_nasty_text_is_read(text: str) -> None:
    for read in (quantity.parse, duration.parse, precedence, read_constraint, parse_image, read_reference,
        normalize_model,
                 vram_bytes, device_ids, dns_label, label_value, child_label, may_be_plain):  # fmt: skip
        with cpu_within():
            read(text)

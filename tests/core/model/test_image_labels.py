"""Image labels: every spelling that is met, and total."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore.kinds.model.image_labels import MalformedLabel, read_deployments, read_image_labels

ONE = {"gpuModel": "MI300X", "gpuCount": 1, "metric": "latency", "precision": "fp8"}
KEY = "com.amd.aim.model.recommendedDeployments"


@pytest.mark.rule("M-6", "M-7")
def test_labels_are_read_under_both_prefixes_label_by_label():
    found = read_image_labels({
        "com.amd.aim.model.canonicalName": "", "org.amd.silogen.model.canonicalName": "Qwen/Qwen3-32B",
        "com.amd.aim.model.tags": " chat, ,code ", "com.amd.aim.hfToken.required": "True",
        "org.opencontainers.image.vendor": "AMD", "x": "y",
    })  # fmt: skip
    assert found["model"] == {"canonicalName": "Qwen/Qwen3-32B", "tags": ["chat", "code"], "hfTokenRequired": True}
    assert found["oci"] == {"vendor": "AMD"}
    assert found["originalLabels"]["x"] == "y"
    assert read_image_labels({}) == {"model": {}, "oci": {}}


@pytest.mark.rule("M-8", "D-17")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("  ", []),
        (json.dumps([ONE]), [ONE]),
        (json.dumps(ONE), [ONE]),
        (f"{json.dumps(ONE)}, {json.dumps(ONE)}", [ONE, ONE]),
        (repr([ONE]), [ONE]),
        (f"{ONE!r},{ONE!r}", [ONE, ONE]),
        ("[{'GPUMODEL': 'MI300X', 'gpuCount': None, 'other': True},]", [{"gpuModel": "MI300X"}]),
        ("""[{'description': "it's fast"}]""", [{"description": "it's fast"}]),
        (r"""[{'description': 'it\'s "fast"'}]""", [{"description": 'it\'s "fast"'}]),
        (r"""[{'description': 'caf\xe9'}]""", [{"description": "café"}]),
        ("""[{"description": "it's 'fast', None"}]""", [{"description": "it's 'fast', None"}]),
        ("[{'gpuModel': null}]", [{}]),
        ("[null]", [{}]),
    ],
)
def test_deployments_are_read_in_every_spelling(text, expected):
    assert read_deployments(text) == expected


@pytest.mark.rule("M-8", "M-9")
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[1]", "entry 0 is no object"),
        ('[{"gpuCount": 1.0}]', "gpuCount has the wrong type"),
        ('[{"gpuCount": true}]', "gpuCount has the wrong type"),
        ('[{"gpuCount": 4294967296}]', "gpuCount has the wrong type"),
        ('[{"metric": 1}]', "metric has the wrong type"),
        ('[{"gpuCount": NaN}]', "neither"),
        ("oops", "neither"),
        ("x" * (2**20 + 1), "too long"),
    ],
)
def test_a_malformed_label_is_named(text, why):
    found = read_image_labels({KEY: text})
    assert isinstance(found, MalformedLabel)
    assert found.label == KEY
    assert why in found.message
    assert KEY in found.message


@given(st.text(alphabet="[]{}'\",:\\xN1Trueon al", max_size=40) | st.text(max_size=30))
def test_any_text_gives_deployments_or_a_reason(text):
    found = read_deployments(text)
    assert isinstance(found, str) or all(isinstance(d, dict) for d in found)


@given(
    st.dictionaries(st.text(alphabet="gpuModelCtnscrip'\"", max_size=12), st.text(max_size=8) | st.none(), max_size=4)
)
def test_what_python_writes_is_read_like_json(entry):
    assert read_deployments(repr([entry])) == read_deployments(json.dumps([entry]))


@given(st.none() | st.dictionaries(st.text() | st.just(KEY), st.text() | st.integers()))
def test_any_labels_give_metadata_or_a_reason(labels):
    assert isinstance(read_image_labels(labels), dict | MalformedLabel)

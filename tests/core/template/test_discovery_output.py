"""Discovery logs: where the result is found, what it must be, and total."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore.kinds.template.discovery_output import DiscoveryResult, UnreadableOutput, read_discovery_output

ELEMENT = {
    "filename": "f",
    "profile": {
        "model": "m",
        "metadata": {"engine": "vllm", "gpu": "MI300X", "gpu_count": 2, "metric": "latency", "precision": "fp8"},
        "engine_args": {"b": 1, "a": None, "c": {"d": None}},
        "env_vars": {"X": "1"},
    },
    "models": [{"name": "a/b", "source": "hf://a/b", "size_gb": 0.5}],
}
RESULT = DiscoveryResult(
    {
        "metadata": {"engine": "vllm", "gpu": "MI300X", "gpuCount": 2, "metric": "latency", "precision": "fp8"},
        "engine_args": {"b": 1, "c": {}},
        "env_vars": {"X": "1"},
    },
    ({"modelId": "a/b", "sourceUri": "hf://a/b", "size": "512Mi"},),
)
TEXT = json.dumps([ELEMENT])


@pytest.mark.rule("P-2", "P-3", "P-4", "P-7", "O-10")
@pytest.mark.parametrize(
    "log",
    [
        TEXT,
        f"  {TEXT}\n",
        f"[INFO] hello\n{TEXT}",
        f"{TEXT}\n[done] ]",
        f"[1] {{}} [\n{json.dumps([ELEMENT], indent=2)}\nbye [x]",
        json.dumps([ELEMENT, {"profile": {}}]),
        json.dumps([{"PROFILE": ELEMENT["profile"], "Models": ELEMENT["models"]}]),
        f"{json.dumps([{'profile': {'metadata': {'gpu': 'old'}}}])}\n{TEXT}",
    ],
)
def test_the_result_is_found_in_any_noise(log):
    assert read_discovery_output(log) == RESULT


@pytest.mark.rule("P-2", "P-3", "P-6", "P-7", "O-10")
@pytest.mark.parametrize(
    ("log", "why"),
    [
        ("", "no valid JSON array"),
        ("plain text", "no valid JSON array"),
        (TEXT[:-1], "no valid JSON array"),
        ('{"key": "value"}', "no valid JSON array"),
        ('{"models": [{"name": "a/b"}]}', "no valid JSON array"),
        ("[]", "empty array"),
        ("noise\n[]", "empty array"),
        ('[{"profile": {"metadata": {"gpu_count": 1.0}}}]', "gpu_count is no whole number"),
        ('[{"profile": {"metadata": {"metric": "speed"}}}]', 'metric "speed" is none of'),
        ('[{"profile": {"metadata": []}}]', "metadata is no object"),
        ('[{"profile": {"env_vars": {"A": 1}}}]', "A is no text"),
        ('[{"profile": {"engine_args": {"a": NaN}}}]', "no valid JSON array"),
        ('[{"profile": {}, "models": {}}]', "models is no array"),
        ('[{"profile": {}, "models": [1]}]', "an entry is no object"),
        ('[{"profile": {}, "models": [{"name": "x", "source": "hf://a/b"}]}]', "does not match"),
        ('[{"profile": {}, "models": [{"name": "a/b", "source": "hf://a/b", "size_gb": "1"}]}]', "no number"),
        ('[{"profile": {}, "models": [{"name": "a/b", "source": "hf://a/b", "size_gb": -1}]}]', "out of range"),
        ('[{"profile": {"env_vars": {"A": "\\ud800"}}}]', "no Unicode"),
    ],
)
def test_what_is_no_result_has_a_reason(log, why):
    found = read_discovery_output(log)
    assert isinstance(found, UnreadableOutput)
    assert why in found.message


@pytest.mark.rule("P-5")
@pytest.mark.parametrize(
    ("size", "text"),
    [(0.5, "512Mi"), (1.5, "1536Mi"), (16, "16Gi"), (0, "0"), (16.06, "17244293693"), (61.2, "65712999628")],
)
def test_sizes_become_binary_quantities(size, text):
    log = json.dumps([{"profile": {}, "models": [{"name": "a/b", "source": "s3://a", "size_gb": size}]}])
    assert read_discovery_output(log).sources[0]["size"] == text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["profile", "metadata", "models", "name", "source", "size_gb", "gpu_count", "env_vars"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(st.text(alphabet='[]{}",:profile 01\n', max_size=60) | st.text())
def test_any_text_gives_a_result_or_a_reason(log):
    assert isinstance(read_discovery_output(log), DiscoveryResult | UnreadableOutput)


@given(st.lists(st.fixed_dictionaries({"profile": JSON, "models": JSON}), max_size=2).map(json.dumps))
def test_any_shape_gives_a_result_or_a_reason(log):
    found = read_discovery_output(log)
    if isinstance(found, DiscoveryResult):
        json.dumps(found.profile)


def test_a_deeply_nested_log_is_no_result():
    assert isinstance(read_discovery_output("[" * 5000), UnreadableOutput)

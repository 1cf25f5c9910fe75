"""Edge: what containers print: logs of failed pods, results of discovery, sizes, image labels. Readers never raise."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore.health.logs import find_cause, last_lines, with_excerpt
from aimcore.kinds.artifact.size_output import InvalidSize, read_size_output
from aimcore.kinds.model.image_labels import (
    DEPLOYMENTS,
    PREFIXES,
    MalformedLabel,
    read_deployments,
    read_image_labels,
)
from aimcore.kinds.template.discovery_output import DiscoveryResult, UnreadableOutput, read_discovery_output
from fuzz.bounds import assert_linear, cpu_within, peak_of
from fuzz.inputs import DEEP, NASTY_TEXTS, effort, json_values, nested, texts

PIECES = ("404", "not", "found", "model", "file", "s3", "403", "access", "denied", "quota", "exceeded", "huggingface",
          "Invalid", "token", "401", "Unauthorized", "hf.co", "RBAC:", "forbidden", "cannot", "resource",
          " ")  # fmt: skip
LINES = st.lists(st.sampled_from(PIECES), max_size=20).map("".join) | texts()
SIGNS = st.text(alphabet="[]{}'\"\\,: \nTrueNone0123456789.eE-", max_size=60)
RESULT = json_values(
    ("profile", "metadata", "engine_args", "env_vars", "models", "name", "source", "size_gb", "gpu_count")
)
GOOD = '[{"profile": {"metadata": {"gpu": "MI300X", "gpu_count": 2}}, "models": []}]'


@effort(150)
@given(st.lists(LINES, max_size=6).map("\n".join), texts())
def test_any_log_has_a_cause_or_none(log: str, message: str) -> None:
    cause = find_cause(log, message)
    assert cause is None or (cause.reason and cause.message)
    with_excerpt(message, last_lines(log))


@effort(150)
@given(st.lists(SIGNS | RESULT.map(json.dumps) | RESULT.map(lambda v: json.dumps([v])), max_size=4).map("\n".join))
def test_any_log_of_discovery_is_a_result_or_a_reason(log: str) -> None:
    found = read_discovery_output(log)
    if isinstance(found, UnreadableOutput):
        assert found.message
    else:
        json.dumps([found.profile, found.sources], allow_nan=False, ensure_ascii=False).encode()


@effort(150)
@given(RESULT.map(json.dumps) | SIGNS | json_values(("url", "sizeBytes")).map(json.dumps))
def test_any_line_is_a_size_or_a_reason(line: str) -> None:
    found = read_size_output(line)
    assert isinstance(found, InvalidSize) == (not isinstance(found, int))


@effort(150)
@given(
    st.dictionaries(st.sampled_from([p + DEPLOYMENTS for p in PREFIXES]) | texts(), SIGNS | texts(), max_size=4)
    | json_values()
)
def test_any_labels_of_an_image_are_metadata_or_a_reason(labels: Any) -> None:
    found = read_image_labels(labels)
    assert isinstance(found, MalformedLabel) or json.dumps(found, ensure_ascii=False).encode()


def test_labels_with_half_a_character_are_kept_without_it() -> None:
    found = read_image_labels({"a": "x\ud800", "\udfff": "y", f"{PREFIXES[0]}title": "\ud83d"})
    assert isinstance(found, dict)
    assert found["originalLabels"] == {"a": "x\ufffd", "\ufffd": "y", f"{PREFIXES[0]}title": "\ufffd"}


LINEAR = {
    "a line": (find_cause, lambda n: "404not" * n),
    "lines": (find_cause, lambda n: ("404" * 80 + "not" * 80 + "\n") * (n // 100)),
    "an unknown line": (find_cause, lambda n: "x" * n),
    "no line": (find_cause, lambda n: "\n" * (n // 20)),
    "discovery: brackets": (read_discovery_output, lambda n: "[" * n),
    "discovery: lists": (read_discovery_output, lambda n: "[1," * n),
    "discovery: objects": (read_discovery_output, lambda n: '{"a":' * n),
    "discovery: texts": (read_discovery_output, lambda n: '["' * n),
    "discovery: cut off": (read_discovery_output, lambda n: "[" + "1," * n),
    "discovery: many results": (read_discovery_output, lambda n: (GOOD + "\n") * (n // 10)),
    "discovery: dates": (read_discovery_output, lambda n: "[2026-11-23 12:00:00] {'a': 1}\n" * (n // 10)),
    "discovery: blanks": (read_discovery_output, lambda n: "[" + " " * n + "x"),
    "discovery: NaN": (read_discovery_output, lambda n: '{"loss": NaN}\n' * (n // 10)),
    "discovery: digits": (read_discovery_output, lambda n: "[" + "9" * n + "]"),
    "deployments: escapes": (read_deployments, lambda n: "\\'" * n),
    "deployments: quotes": (read_deployments, lambda n: "'\"" * n),
    "deployments: an open text": (read_deployments, lambda n: "'" + "a" * n),
    "deployments: commas": (read_deployments, lambda n: ",  " * n),
    "deployments: words": (read_deployments, lambda n: "TrueNone " * n),
    "deployments: brackets": (read_deployments, lambda n: "[" * n),
    "deployments: objects": (read_deployments, lambda n: "[" + "{}," * n + "{}]"),
    "a size": (read_size_output, lambda n: "9" * n),
}  # fmt: skip


@pytest.mark.parametrize(("read", "made"), LINEAR.values(), ids=LINEAR)
def test_work_grows_with_the_text(read: Any, made: Any) -> None:
    assert_linear((lambda log: find_cause(log, "")) if read is find_cause else read, made, 5_000)


@pytest.mark.parametrize("made", [
    lambda n: "[" * n, lambda n: '["' * (n // 2), lambda n: "[1," * (n // 3), lambda n: '{"a":[' * (n // 6),
    lambda n: "x" * n, lambda n: "404 not" * (n // 7), lambda n: "[\\" * (n // 2), lambda n: '["a", ' * (n // 6),
    lambda n: '{"a": NaN, ' * (n // 11), lambda n: ("[" * 900 + "]" * 899) * (n // 1799),
], ids=range(10))  # fmt: skip
def test_ten_megabytes_of_log_are_read_within_the_time_of_a_plan(made: Any) -> None:
    log = made(10 << 20)
    with cpu_within(3.0):
        read_discovery_output(log)
    with cpu_within(3.0):
        find_cause(log, "")
        last_lines(log)
    assert peak_of(lambda: last_lines(log)) < 4 * len(log)


def test_the_result_at_the_end_of_a_long_log_is_found() -> None:
    log = "[2026-11-23 12:00:00] {'loss': nan} [INFO] [1, 2 {\"a\": NaN}\n" * 200_000 + GOOD
    with cpu_within(3.0):
        assert isinstance(read_discovery_output(log), DiscoveryResult)


@pytest.mark.parametrize("levels", [10, 62, 63, 64, 65, 200, 900])
def test_arguments_nested_too_deep_are_refused_and_others_kept(levels: int) -> None:
    log = json.dumps([{"profile": {"metadata": {}, "engine_args": nested(levels)}}])
    found = read_discovery_output(log)
    if levels <= 62:
        assert isinstance(found, DiscoveryResult)
    if levels > 65:
        assert found == UnreadableOutput(
            "failed to parse discovery JSON: engine_args is nested deeper than 64 levels"
        ) or isinstance(found, UnreadableOutput)


def test_depth_far_beyond_the_stack_is_a_reason() -> None:
    for start, end in (("[", "]"), ('{"a":', "}"), ('[{"profile":', "}]")):
        text = start * DEEP + "1" + end * DEEP
        with cpu_within():
            assert isinstance(read_discovery_output(text), UnreadableOutput)
            assert isinstance(read_size_output(text), InvalidSize)
            assert isinstance(read_deployments(text), str)


@pytest.mark.parametrize("text", NASTY_TEXTS)
def test_every_nasty_text_is_read(text: str) -> None:
    with cpu_within():
        find_cause(text, text)
        last_lines(text)
        read_discovery_output(text)
        read_size_output(text)
        read_deployments(text)
        read_image_labels({text: text, PREFIXES[0] + DEPLOYMENTS: text})


@effort(120)
@given(st.lists(st.sampled_from(PIECES), max_size=8).map(" ".join))
def test_a_pattern_means_what_it_says(line: str) -> None:
    """The pieces of a pattern follow each other in the line, as `.*` between them says."""
    wanted = re.search("404.*not.*found|not.*found.*404|model.*not.*found|file.*not.*found|s3.*404", line)
    cause = find_cause(line, "")
    assert (cause is not None and cause.reason == "SourceNotFound") == (wanted is not None)

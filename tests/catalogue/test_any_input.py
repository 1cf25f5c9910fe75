"""Whatever an image says of itself and whatever discovery prints: never an exception, always a reason."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore.facts import ImageLabels, InspectedImage, PodLog
from aimcore.kinds.model import plan_model
from aimcore.kinds.model.image_labels import DEPLOYMENTS, PREFIXES, MalformedLabel, read_image_labels
from aimcore.kinds.template import plan_template
from aimcore.kinds.template.discovery_output import DiscoveryResult, UnreadableOutput, read_discovery_output
from core.kind_rounds import Rounds, aim, condition_of, finished, message_of, pod

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NOISE = st.text(alphabet="[]{}\"':,\\\n\tnull0123456789eE+-. NaInfity", max_size=60) | st.text(max_size=40)
TEXT = NOISE | JSON.map(json.dumps) | JSON.map(repr) | st.binary(max_size=40).map(lambda b: b.decode("latin-1"))
LOG = st.lists(TEXT, max_size=4).map("\n".join)
KEYS = st.sampled_from([prefix + DEPLOYMENTS for prefix in PREFIXES]) | st.text(max_size=12)


@pytest.mark.rule("M-8", "M-9", "M-18")
@given(st.dictionaries(KEYS, TEXT, max_size=4))
def test_any_labels_give_metadata_or_name_the_label(labels: dict[str, str]):
    found = read_image_labels(labels)
    if isinstance(found, MalformedLabel):
        assert found.label in labels
        assert found.label in found.message
    else:
        assert json.loads(json.dumps(found)) == found


@pytest.mark.rule("M-18", "D-8", "M-25")
@given(TEXT)
def test_any_deployments_label_leads_to_templates_or_to_a_condition_that_names_it(written: str):
    label = PREFIXES[0] + DEPLOYMENTS
    rounds = Rounds({"AIMModel": plan_model})
    rounds.put(aim("AIMModel", "m", "ns", spec={"image": "img:1"}))
    rounds.answer(ImageLabels("img:1", "ns"), InspectedImage({label: written}))
    rounds.settle()
    model = rounds.get("AIMModel", "ns", "m")
    if condition_of(model, "ConfigValid")[0] == "False":
        assert condition_of(model, "ConfigValid") == ("False", "MetadataExtractionFailed")
        assert label in message_of(model, "ConfigValid")
    else:
        assert condition_of(model, "ImageMetadataReady")[0] == "True"


@pytest.mark.rule("P-2", "P-3", "P-7", "O-10")
@given(LOG)
def test_any_log_gives_a_result_or_a_reason(log: str):
    found = read_discovery_output(log)
    assert isinstance(found, DiscoveryResult) or (isinstance(found, UnreadableOutput) and found.message)


@pytest.mark.rule("P-2", "O-10")
@given(LOG, LOG)
def test_a_result_on_its_own_line_is_found_between_noise_without_results(before: str, after: str):
    if isinstance(read_discovery_output(f"{before}\n{after}"), DiscoveryResult):
        return
    result = '[{"profile": {"metadata": {"gpu": "MI300X", "gpu_count": 2}}, "models": []}]'
    opened = any(mark in before + after for mark in "[]{}\"'")
    found = read_discovery_output(f"{before}\n{result}\n{after}")
    assert opened or isinstance(found, DiscoveryResult)


@pytest.mark.rule("P-1", "T-4", "O-2")
@given(LOG)
def test_any_log_of_a_succeeded_job_is_a_result_or_a_failed_attempt_with_its_cause(log: str):
    rounds = Rounds({"AIMServiceTemplate": plan_template})
    rounds.put(aim("AIMModel", "m", "ns", spec={"image": "img:1"}))
    rounds.put(aim("AIMServiceTemplate", "t", "ns", spec={"modelName": "m"}))
    rounds.settle()
    (job,) = rounds.all("Job")
    name = job["metadata"]["name"]
    rounds.put({**job, "status": finished()})
    uid = rounds.put(pod("p", "ns", name, "Succeeded"))["metadata"]["uid"]
    rounds.answer(PodLog("ns", "p", uid, "discovery", None), log)
    rounds.settle()
    template = rounds.get("AIMServiceTemplate", "ns", "t")
    if condition_of(template, "Discovered")[0] == "True":
        assert template["status"]["status"] == "Ready"
        assert isinstance(template["status"]["profile"], dict)
    else:
        assert condition_of(template, "Discovered") == ("False", "DiscoveryFailed")
        assert template["status"]["discovery"]["attempts"] == 1
        assert template["status"]["discovery"]["lastFailureReason"]

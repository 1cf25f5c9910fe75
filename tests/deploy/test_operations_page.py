"""docs/operations.md tells of every flag, metric and sentence that there is."""

from __future__ import annotations

import re

import pytest

from aimctl_runtime import settings
from aimctl_runtime.herald import OUR_CRDS, OVER, REFUSED, UNREACHABLE
from aimctl_runtime.metrics import PrometheusMeter
from deploy.manifests import ROOT, find

PAGE = (ROOT / "docs" / "operations.md").read_text()
FLAGS = sorted({**settings._FLAGS, **settings.CORE_FLAGS, **settings.WITHOUT_EFFECT})


@pytest.mark.parametrize("flag", FLAGS)
def test_every_flag_is_told(flag):
    family = "webhook-cert-*" if flag.startswith("webhook-cert-") else flag
    assert f"`--{family}`" in PAGE


def test_no_flag_is_told_that_is_not_there():
    assert sorted(set(re.findall(r"`--([a-z-]+)`", PAGE)) - set(FLAGS)) == []


def test_every_metric_is_told_and_no_other():
    meter = PrometheusMeter({"AIMService": "service"}, workers=1)
    there = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in meter.registry.collect()
        if not family.name.startswith("process_")
    }
    told = set(re.findall(r"`((?:controller_runtime|workqueue|rest_client|leader_election)_[a-z_]+)`", PAGE))
    assert told == there


@pytest.mark.parametrize("sentence", [UNREACHABLE, REFUSED, OUR_CRDS, OVER])
def test_every_trouble_of_the_whole_cluster_is_in_the_table(sentence):
    assert re.split(r"(?<=[;:.]) ", sentence)[0] in PAGE


def test_the_address_of_the_metrics_is_that_of_the_service():
    service = find("Service", "aim-engine-controller-manager-metrics-service")
    (port,) = service["spec"]["ports"]
    assert f"https://{service['metadata']['name']}.aim-system.svc:{port['port']}/metrics" in PAGE

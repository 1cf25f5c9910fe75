"""Flags and environment: whatever a Deployment of the reference says is understood."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from aimctl_runtime import settings as module
from aimctl_runtime.settings import RuntimeSettings, SettingsError, parse_settings


@pytest.mark.rule("M-13")
@pytest.mark.parametrize(
    ("environment", "path"),
    [({"DOCKER_CONFIG": "/d"}, "/d/config.json"), ({"HOME": "/h"}, "/h/.docker/config.json"), ({}, None)],
)
def test_the_docker_configuration_is_where_docker_keeps_it(environment, path):
    assert parse_settings([], environment).docker_config == (Path(path) if path else None)


def test_the_defaults_are_the_published_ones():
    settings = parse_settings([], {"POD_NAME": "pod-1", "AIM_SYSTEM_NAMESPACE": "sys"})
    assert settings.metrics_bind_address == "0"
    assert settings.health_probe_bind_address == ":8081"
    assert (settings.leader_elect, settings.metrics_secure) == (False, True)
    assert (settings.metrics_cert_name, settings.metrics_cert_key) == ("tls.crt", "tls.key")
    assert (settings.encoder, settings.log_level, settings.zap_time_encoding) == ("json", "info", "rfc3339")
    assert (settings.identity, settings.core.operator_namespace) == ("pod-1", "sys")


def test_every_published_flag_is_accepted():
    line = (
        "--metrics-bind-address=:8443 -health-probe-bind-address :8082 --leader-elect -metrics-secure=false "
        "--webhook-cert-path=/a --webhook-cert-name=b --webhook-cert-key=c --metrics-cert-path=/d "
        "--metrics-cert-name=e --metrics-cert-key=f --enable-http2 --zap-devel --zap-encoder=json "
        "--zap-log-level=3 --zap-stacktrace-level=error --zap-time-encoding=millis --kubeconfig=/k"
    )
    settings = parse_settings(line.split(), {})
    assert settings.leader_elect is True
    assert settings.metrics_secure is False
    assert settings.health_probe_bind_address == ":8082"
    assert (settings.encoder, settings.log_level, settings.kubeconfig) == ("json", "3", "/k")


def test_development_logging_changes_what_is_not_said():
    settings = parse_settings(["--zap-devel"], {})
    assert (settings.encoder, settings.log_level) == ("console", "debug")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--no-such-flag"], "--no-such-flag is not known"),
        (["positional"], "flags start with a dash"),
        (["--zap-encoder=xml"], "give one of json, console"),
        (["--leader-elect=maybe"], "give true or false"),
        (["--zap-log-level=0"], "a whole number from 1"),
        (["--workers=none"], "--workers=none is not allowed"),
        (["--metrics-bind-address=8443"], "0, :port or host:port"),
        (["--metrics-bind-address=:99999"], "0, :port or host:port"),
        (["--render-revision=x"], "latest or a whole number"),
        (["--kubeconfig"], "--kubeconfig needs a value"),
    ],
)
def test_a_mistake_is_one_sentence_that_names_it(arguments: list[str], said: str):
    with pytest.raises(SettingsError) as caught:
        parse_settings(arguments, {})
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_plans_read_is_set_by_flags_too():
    line = ["--discovery-limit=3", "--render-revision=1", "--dedicated-download-accounts", "--operator-namespace=o"]
    core = parse_settings([*line, "--", "rest"], {"AIM_SYSTEM_NAMESPACE": "env"}).core
    assert (core.discovery_limit, core.render_revision, core.dedicated_download_accounts) == (3, 1, True)
    assert core.operator_namespace == "o"
    assert parse_settings(["--render-revision=latest"], {}).core.render_revision is None


def test_the_namespace_comes_from_the_environment_then_the_pod_then_the_default(tmp_path: Path, monkeypatch):
    mounted = tmp_path / "namespace"
    monkeypatch.setattr(module, "NAMESPACE_FILE", mounted)
    assert parse_settings([], {}).core.operator_namespace == "aim-system"
    mounted.write_text("prod\n")
    assert parse_settings([], {}).core.operator_namespace == "prod"
    assert parse_settings([], {"AIM_SYSTEM_NAMESPACE": "x"}).core.operator_namespace == "x"


def test_kubeconfig_comes_from_the_flag_then_the_environment():
    assert parse_settings([], {"KUBECONFIG": "/e"}).kubeconfig == "/e"
    assert parse_settings(["--kubeconfig=/f"], {"KUBECONFIG": "/e"}).kubeconfig == "/f"
    assert parse_settings([], {}).identity == parse_settings([], {"POD_NAME": ""}).identity != ""
    assert RuntimeSettings(metrics_bind_address=module._address("")).metrics_bind_address == "0"


def test_everything_but_the_client_is_imported_without_the_kubernetes_library():
    names = [
        "app",
        "apply",
        "health",
        "leader",
        "log",
        "metrics",
        "queue",
        "recorder",
        "reflector",
        "settings",
        "store",
        "worker",
    ]
    code = "; ".join(f"import aimctl_runtime.{name}" for name in names)
    check = "import sys; sys.exit('kubernetes_asyncio' in sys.modules or 'prometheus_client' in sys.modules)"
    paths = ":".join(path for path in sys.path if path)
    done = subprocess.run([sys.executable, "-c", f"{code}; {check}"], env={"PYTHONPATH": paths}, check=False)
    assert done.returncode == 0

"""The controller as a process: start, lease, probes, signals."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from aimcore.cluster.kinds import KINDS
from aimcore.facts import Failure, PodLog, SecretExists
from aimcore.plan import Plan
from aimcore.resource import Key
from aimcore.settings import Settings
from aimcore.simulation.clock import Clock
from aimcore.simulation.requests import PatchType
from aimcore.simulation.settings import WorldSettings
from aimcore.snapshot import Snapshot
from aimctl_runtime import app
from aimctl_runtime.app import log_of, observers_of
from aimctl_runtime.client import KubernetesClient, connect
from aimctl_runtime.clock import SystemClock
from aimctl_runtime.controller import Controller
from aimctl_runtime.leader import LEASE
from aimctl_runtime.local.kubeconfig import write_kubeconfig
from aimctl_runtime.local.server import LocalCluster
from aimctl_runtime.log import Log, Output
from aimctl_runtime.scopes import closing
from aimctl_runtime.self_signed import make_certificate
from aimctl_runtime.serving import StartError
from aimctl_runtime.settings import RuntimeSettings
from aimctl_runtime.watched import Watched

from .doubles import START, run
from .web import free_port

LOCK = Key("Lease", "default", LEASE)


@asynccontextmanager
async def local_cluster(folder: Path) -> AsyncIterator[tuple[LocalCluster, Any]]:
    async with LocalCluster(WorldSettings.read({"nodes": [{"name": "n"}]}), clock=Clock(START), speed=0) as local:
        write_kubeconfig(folder / "kubeconfig", local.url)

        async def connected() -> KubernetesClient:
            return await connect(str(folder / "kubeconfig"))

        yield local, connected


def settings(**members: Any) -> RuntimeSettings:
    core = Settings(operator_namespace="default")
    return RuntimeSettings(**{"health_probe_bind_address": "0", "identity": "me", "core": core, **members})


async def until(lines: io.StringIO, text: str) -> None:
    async with asyncio.timeout(10):
        while text not in lines.getvalue():
            await asyncio.sleep(0.01)


def logging() -> tuple[Log, io.StringIO]:
    lines = io.StringIO()
    return Log(Output(stream=lines)), lines


def test_a_signal_ends_the_process_cleanly_and_releases_the_lease(tmp_path: Path):
    async def claim() -> None:
        async with local_cluster(tmp_path) as (local, connected):
            log, lines = logging()
            probes, metrics = free_port(), free_port()
            chosen = settings(
                leader_elect=True,
                health_probe_bind_address=f"127.0.0.1:{probes}",
                metrics_bind_address=f"127.0.0.1:{metrics}",
                metrics_secure=False,
            )
            process = asyncio.create_task(app.run(chosen, connected, log=log))
            await until(lines, "starting workers")
            assert local.cluster.get(LOCK)["spec"]["holderIdentity"] == "me"
            async with aiohttp.ClientSession() as session:
                async with session.get(f"http://127.0.0.1:{probes}/healthz") as got:
                    assert got.status == 200
                async with session.get(f"http://127.0.0.1:{metrics}/metrics") as got:
                    text = await got.text()
            assert 'leader_election_master_status{name="3be10d2f.eai.amd.com"} 1.0' in text
            assert 'controller_runtime_max_concurrent_reconciles{controller="service"} 4.0' in text
            os.kill(os.getpid(), signal.SIGTERM)
            assert await process == 0
            assert local.cluster.get(LOCK)["spec"]["holderIdentity"] == ""

    run(claim())


def test_a_candidate_does_not_work_and_leaves_at_once(tmp_path: Path):
    async def claim() -> None:
        async with local_cluster(tmp_path) as (local, connected):
            lease = {
                "apiVersion": "coordination.k8s.io/v1",
                "kind": "Lease",
                "metadata": {"name": LEASE, "namespace": "default"},
                "spec": {"holderIdentity": "reference", "leaseDurationSeconds": 15},
            }
            local.cluster.create(lease)
            log, lines = logging()
            process = asyncio.create_task(app.run(settings(leader_elect=True), connected, log=log))
            await until(lines, "waiting for reference")
            assert "starting workers" not in lines.getvalue()
            os.kill(os.getpid(), signal.SIGINT)
            assert await process == 0
            assert local.cluster.get(LOCK)["spec"]["holderIdentity"] == "reference"

    run(claim())


@pytest.mark.rule("D-16")
def test_losing_the_lease_ends_the_process_with_an_error(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("aimctl_runtime.leader.RENEW_DEADLINE", 0.6)
    monkeypatch.setattr("aimctl_runtime.leader.RETRY", 0.1)

    async def claim() -> None:
        async with local_cluster(tmp_path) as (local, connected):
            log, lines = logging()
            process = asyncio.create_task(app.run(settings(leader_elect=True), connected, log=log))
            await until(lines, "starting workers")
            local.cluster.patch(LOCK, {"spec": {"holderIdentity": "thief"}}, PatchType.MERGE)
            assert await process == 1
            assert "leader election lost" in lines.getvalue()

    run(claim())


def test_without_election_work_starts_at_once_and_secure_metrics_are_guarded(tmp_path: Path):
    async def claim() -> None:
        async with local_cluster(tmp_path) as (_, connected):
            log, lines = logging()
            port = free_port()
            chosen = settings(metrics_bind_address=f"127.0.0.1:{port}")
            process = asyncio.create_task(app.run(chosen, connected, log=log))
            await until(lines, "starting workers")
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"https://127.0.0.1:{port}/metrics", ssl=False) as got,
            ):
                assert got.status == 401
            os.kill(os.getpid(), signal.SIGTERM)
            assert await process == 0
            assert "disabling http/2" in lines.getvalue()

    run(claim())


def test_certificate_files_are_used_where_they_are_named(tmp_path: Path):
    async def claim() -> None:
        async with local_cluster(tmp_path) as (_, connected):
            for name, content in zip(("tls.crt", "tls.key"), make_certificate("metrics", START), strict=True):
                (tmp_path / name).write_bytes(content)
            log, lines = logging()
            port = free_port()
            chosen = settings(metrics_bind_address=f"127.0.0.1:{port}", metrics_cert_path=str(tmp_path))
            process = asyncio.create_task(app.run(chosen, connected, log=log))
            await until(lines, "starting workers")
            pem = await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", port))
            assert pem.strip() == (tmp_path / "tls.crt").read_text().strip()
            os.kill(os.getpid(), signal.SIGTERM)
            assert await process == 0

    run(claim())


def test_a_certificate_that_changes_on_disk_is_taken_up_while_the_process_runs(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("aimctl_runtime.serving.REFRESH_SECONDS", 0.02)

    def write(name: str) -> str:
        for file, content in zip(("tls.crt", "tls.key"), make_certificate(name, START), strict=True):
            (tmp_path / file).write_bytes(content)
        return (tmp_path / "tls.crt").read_text().strip()

    async def claim() -> None:
        async with local_cluster(tmp_path) as (_, connected):
            first, port = write("metrics"), free_port()
            chosen = settings(metrics_bind_address=f"127.0.0.1:{port}", metrics_cert_path=str(tmp_path))

            async def shown() -> str:
                return (await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", port))).strip()

            log, lines = logging()
            process = asyncio.create_task(app.run(chosen, connected, log=log))
            await until(lines, "starting workers")
            assert await shown() == first
            second = write("renewed")
            async with asyncio.timeout(10):
                while await shown() != second:
                    await asyncio.sleep(0.02)
            os.kill(os.getpid(), signal.SIGTERM)
            assert await process == 0

    run(claim())


def test_everything_is_planned_again_now_and_then(tmp_path: Path):
    async def claim() -> None:
        async with local_cluster(tmp_path) as (_, connected), closing(await connected()) as client:
            planned: list[Key] = []

            def make_plan(snapshot: Snapshot, key: Key) -> Plan:
                planned.append(key)
                return Plan.made_from(snapshot, key)

            rows = (Watched(KINDS["Namespace"]),)
            controller = Controller(
                client,
                settings(resync=0.05),
                log=logging()[0],
                watched=rows,
                planned=("Namespace",),
                make_plan=make_plan,
            )
            async with controller.running(), asyncio.timeout(10):
                while planned.count(Key("Namespace", "", "default")) < 3:
                    await asyncio.sleep(0.01)

    run(claim())


def test_a_worker_that_dies_ends_the_process_with_its_reason(tmp_path: Path, monkeypatch):
    async def claim() -> None:
        async with local_cluster(tmp_path) as (_, connected):
            log, lines = logging()

            async def die(_self: Any) -> None:
                raise RuntimeError("boom")

            monkeypatch.setattr("aimctl_runtime.controller.Worker.run", die)
            assert await app.run(settings(), connected, log=log) == 1
            assert "boom" in lines.getvalue()

    run(claim())


def test_real_observers_answer_over_the_api(tmp_path: Path):
    async def claim() -> None:
        async with local_cluster(tmp_path) as (_, connected):
            client = await connected()
            async with observers_of(client, SystemClock()) as observers:
                assert await observers[SecretExists](SecretExists("default", "none")) is False
                gone = await observers[PodLog](PodLog("default", "none", "u", "c"))
                assert isinstance(gone, Failure)
            await client.close()

    run(claim())


def test_the_log_is_as_the_settings_ask():
    log = log_of(settings(zap_devel=True, zap_time_encoding="millis"))
    assert (log.output.encoder, log.output.verbosity, log.output.time_encoding) == ("console", 1, "millis")


@pytest.mark.parametrize("flag", ["health-probe-bind-address", "metrics-bind-address", "metrics-cert-path"])
def test_what_the_machine_refuses_is_one_sentence_that_names_the_flag(tmp_path: Path, flag: str):
    async def claim() -> None:
        async with local_cluster(tmp_path) as (local, connected):
            taken = f"127.0.0.1:{local.port}"
            value = str(tmp_path / "none") if flag == "metrics-cert-path" else taken
            chosen = settings(**{"metrics_bind_address": "127.0.0.1:0", flag.replace("-", "_"): value})
            with pytest.raises(StartError) as caught:
                await app.run(chosen, connected, log=logging()[0])
            assert str(caught.value).startswith(f"--{flag}={value} cannot be used: ")

    run(claim())

"""Edge: what a process is started with: flags, environment, kubeconfig, and the lines of the downloader's attempts.

Mistakes are `SettingsError`, `UsageError`, `ConfigurationError`: one sentence each.
"""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimctl_runtime.client import ConfigurationError, connect
from aimctl_runtime.downloader.events import Held, Listed, read_event
from aimctl_runtime.downloader.failures import DownloadError
from aimctl_runtime.downloader.folder import HUB_RECORDS, Folder, WantedFile
from aimctl_runtime.downloader.hub import _verifiable
from aimctl_runtime.downloader.order import read_order
from aimctl_runtime.downloader.partial import PartialFile
from aimctl_runtime.downloader.reporter import status_address
from aimctl_runtime.downloader.screen import Screen
from aimctl_runtime.downloader.scrub import Scrubber
from aimctl_runtime.downloader.sources import UsageError, parse_source
from aimctl_runtime.log import masked, threshold
from aimctl_runtime.settings import _FLAGS, CORE_FLAGS, WITHOUT_EFFECT, SettingsError, parse_settings
from fuzz.bounds import answer_or, assert_linear, cpu_within
from fuzz.inputs import DEEP, NASTY_TEXTS, effort, json_bodies, json_values, texts
from shell.doubles import Lines, log_into

FLAGS = (*_FLAGS, *CORE_FLAGS, *WITHOUT_EFFECT)
VARIABLES = ("AIM_SYSTEM_NAMESPACE", "KUBECONFIG", "DOCKER_CONFIG", "HOME", "POD_NAME", "EXPECTED_SIZE_BYTES",
    "ARTIFACT_NAME",
             "ARTIFACT_NAMESPACE", "PROGRESS_INTERVAL", "STALL_TIMEOUT", "AIM_DOWNLOADER_PROTOCOL", "TARGET_DIR",
             "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "HF_TOKEN",
             "AIM_DEBUG_DOWNLOAD_DURATION")  # fmt: skip
ENVIRONMENT = st.dictionaries(st.sampled_from(VARIABLES) | texts(), texts(), max_size=6)


# ---- the controller -------------------------------------------------------------------------------------------------
@effort(150)
@given(
    st.lists(st.builds(lambda f, v: f"--{f}={v}", st.sampled_from(FLAGS), texts()) | texts(), max_size=4), ENVIRONMENT
)
def test_any_flags_and_variables_are_settings_or_a_sentence(arguments: list[str], environment: dict[str, str]) -> None:
    found = answer_or((SettingsError,), lambda: parse_settings(arguments, environment))
    if found is not None:
        assert 1 <= found.workers <= 1000
        assert re.fullmatch("[a-z0-9-]{1,63}", found.core.operator_namespace)


@pytest.mark.parametrize("flag", FLAGS)
def test_each_flag_takes_any_text_or_says_what_is_allowed(flag: str) -> None:
    for text in NASTY_TEXTS:
        said = ""
        try:
            parse_settings([f"--{flag}={text}"], {})
        except SettingsError as error:
            said = str(error)
        assert "Exceeds" not in said, "an error of Python's is no sentence for people"


@effort(120)
@given(texts())
def test_any_level_of_the_log_and_any_message_are_borne(text: str) -> None:
    threshold(text)
    masked(text)
    lines = Lines()
    log_into(lines).error(text, note=text, nested={text: [text]})
    assert lines.text


# ---- kubeconfig -----------------------------------------------------------------------------------------------------
HEAD = {"apiVersion": "v1", "kind": "Config", "current-context": "c", "contexts": [{"name": "c",
    "context": {"cluster": "k", "user": "u"}}],
        "clusters": [{"name": "k", "cluster": {"server": "http://127.0.0.1:1"}}], "users": [{"name": "u",
        "user": {}}]}  # fmt: skip
KUBE = ("apiVersion", "kind", "current-context", "contexts", "clusters", "users", "name", "context", "cluster",
    "server", "user", "token",
        "certificate-authority-data", "client-certificate-data", "client-key-data", "tokenFile",
        "insecure-skip-tls-verify")  # fmt: skip


def connected(file: Path) -> None:
    async def once() -> None:
        client = await connect(str(file))
        await client.close()

    with cpu_within():
        answer_or((ConfigurationError,), lambda: asyncio.run(once()))


@effort(60)
@given(
    st.dictionaries(st.sampled_from(KUBE), json_values(KUBE, ("c", "k", "u", "http://[", "aGk="))) | json_values(KUBE)
)
def test_any_kubeconfig_is_used_or_named(tmp_path: Path, value: Any) -> None:
    file = tmp_path / "config"
    for whole in (value, {**HEAD, **value} if isinstance(value, dict) else value):
        file.write_text(json.dumps(whole))
        connected(file)


@pytest.mark.parametrize("data", [
    b"", b"\xff\xfe", b"a: !!python/none x", b"[" * 900, b"a: &a [*a]", b"\x00", b"--- a\n--- b", b"a: b: c",
    b"{" * 500, json.dumps({**HEAD, "users": [{"name": "u", "user": {"tokenFile": "/no/such/file"}}]}).encode(),
    json.dumps({**HEAD, "clusters": [{"name": "k", "cluster": {"server": "http://[",
    "certificate-authority-data": "!"}}]}).encode(),
], ids=range(11))  # fmt: skip
def test_a_hostile_kubeconfig_is_named(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "config"
    file.write_bytes(data)
    connected(file)


# ---- the downloader -------------------------------------------------------------------------------------------------
@effort(150)
@given(ENVIRONMENT, texts())
def test_any_environment_of_the_downloader_is_an_order_or_a_sentence(environment: dict[str, str], uri: str) -> None:
    answer_or((UsageError,), lambda: parse_source(uri))
    order = answer_or((UsageError,), lambda: read_order(uri, environment))
    assert order is None or 0 <= order.expected <= 1 << 60
    address = status_address(environment, "ns", "a")
    assert address is None or 0 <= address.port < 100_000


EVENTS = st.fixed_dictionaries({"event": st.sampled_from(["started", "listed", "held", "fetched", "verified",
    "failed"]) | json_values()},
                               optional={"total": json_values(), "files": json_values(), "bytes": json_values(),
                                   "message": json_values(),
                                         "by_size": json_values()})  # fmt: skip


@effort(120)
@given(EVENTS.map(json.dumps) | json_bodies(("event", "bytes")).map(lambda b: b.decode("utf-8", "replace")) | texts())
def test_any_line_of_an_attempt_is_an_event_of_the_right_types_or_none(line: str) -> None:
    match read_event(line):
        case Held(size):
            assert type(size) is int
        case Listed(total, files):
            assert (type(total), type(files)) == (int, int)
        case _:
            pass


@pytest.mark.parametrize("line", ["[" * DEEP, '{"event":' * DEEP, '{"event": "held", "bytes": "5"}',
    '{"event": "held", "bytes": true}',
                                  '{"event": "held", "bytes": 1e999}', '{"event": "held"}',
                                  '{"event": ["held"]}'])  # fmt: skip
def test_a_line_that_only_looks_like_an_event_is_none(line: str) -> None:
    with cpu_within():
        assert read_event(line) is None


@effort(100)
@given(st.binary(max_size=80), st.binary(max_size=40), st.sampled_from([0, 1, 10, 1 << 26, (1 << 26) + 1]))
def test_any_ledger_beside_any_bytes_is_believed_only_where_it_fits(
    tmp_path: Path, ledger: bytes, data: bytes, size: int
) -> None:
    (tmp_path / "f.ledger").write_bytes(ledger)
    (tmp_path / "f.partial").write_bytes(data)
    partial = PartialFile(tmp_path, "f", size)
    try:
        assert 0 <= partial.held <= max(len(data), 0)
        assert sum(gap.end - gap.start for gap in partial.gaps()) == size - partial.held
    finally:
        partial.close()


SIBLINGS = st.builds(
    lambda name, size, blob, lfs: SimpleNamespace(rfilename=name, size=size, blob_id=blob, lfs=lfs),
    texts(), st.none() | st.integers(-(2**70), 2**70), st.none() | texts(),
    st.none() | st.builds(lambda size, sha: SimpleNamespace(size=size, sha256=sha), st.integers(-(2**70), 2**70),
        texts()),
)  # fmt: skip


@effort(120)
@given(SIBLINGS)
def test_any_file_that_a_hub_lists_stays_in_the_folder_and_has_a_size(tmp_path: Path, sibling: Any) -> None:
    found = answer_or((DownloadError,), lambda: _verifiable(sibling))
    if found is None:
        return
    folder = Folder(tmp_path, HUB_RECORDS)
    place = answer_or((DownloadError,), lambda: folder.final(found.file))
    assert place is None or place.resolve(strict=False).is_relative_to(tmp_path.resolve())


@pytest.mark.parametrize("size", [-1, 2**50 + 1, 2**60, 10**400])
def test_a_size_that_no_file_has_is_refused_before_memory_is_taken(size: int) -> None:
    with pytest.raises(DownloadError, match="one that no file has"):
        WantedFile("f", size, "x")


@effort(100)
@given(texts(), texts(), st.integers(0, 2**70), st.integers(0, 2**70))
def test_any_line_is_printed_without_secrets(line: str, secret: str, held: int, total: int) -> None:
    lines = Lines()
    lines.isatty = lambda: False  # type: ignore[attr-defined]
    screen = Screen(lines, Scrubber({"HF_TOKEN": secret}))  # type: ignore[arg-type]
    screen.say(f"{line}{secret}{line}")
    screen.progress(held, total, 5)
    screen.end_progress()
    stripped = secret.strip()
    assert len(stripped) < 6 or stripped in ("***" * 9) or stripped not in lines.text


@pytest.mark.parametrize(("read", "made"), [
    (Scrubber({}).scrub, lambda n: "a" * n), (Scrubber({}).scrub, lambda n: "a://" * n), (Scrubber({}).scrub,
    lambda n: "a://b:c" * n),
    (Scrubber({}).scrub, lambda n: "bearer " * n), (Scrubber({}).scrub, lambda n: "hf_" * n), (Scrubber({}).scrub,
    lambda n: "signature=" * n),
    (Scrubber({"A_TOKEN": "aaaaaaa"}).scrub, lambda n: "a" * n), (masked, lambda n: "://" * n), (masked,
    lambda n: "://a:" * n),
    (masked, lambda n: "basic" + " " * n), (masked, lambda n: "bearer " * n), (masked, lambda n: "a" * n), (masked,
    lambda n: "://a:b" * n + "@"),
    (read_event, lambda n: '{"event":"failed","message":"' + "a" * n + '"}'),
], ids=range(14))  # fmt: skip
def test_work_grows_with_the_line(read: Any, made: Any) -> None:
    assert_linear(read, made, 8_000)

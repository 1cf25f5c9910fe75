"""Image references, and the secrets with which registries are asked."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore.facts import (
    Failure,
    FailureKind,
    SecretExists,
)
from aimctl_runtime.observe.patience import PAUSES
from aimctl_runtime.observe.reference import BadReference, Reference, may_be_plain, read_reference
from aimctl_runtime.observe.secrets import Credentials, Keychain, SecretReader, credentials_of
from aimctl_runtime.transport import UnreachableError

from .doubles import ScriptedClient, answer, run, status
from .registries import VirtualClockThatRuns, auth, encoded, pull_secret


# ---- references -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("image", "registry", "repository", "version"),
    [
        ("ubuntu", "index.docker.io", "library/ubuntu", "latest"),
        ("docker.io/ubuntu:22.04", "index.docker.io", "library/ubuntu", "22.04"),
        ("amd/aim-base:0.9", "index.docker.io", "amd/aim-base", "0.9"),
        ("ghcr.io/silogen/aim:1.0", "ghcr.io", "silogen/aim", "1.0"),
        ("host:5000/a/b", "host:5000", "a/b", "latest"),
        ("localhost/x", "index.docker.io", "localhost/x", "latest"),
        ("ghcr.io/a/b:", "ghcr.io", "a/b", "latest"),
        ("ghcr.io/a/b:1@sha256:" + "a" * 64, "ghcr.io", "a/b", "sha256:" + "a" * 64),
    ],
)
@pytest.mark.rule("M-10")
def test_references_are_read_leniently(image: str, registry: str, repository: str, version: str):
    assert read_reference(image) == Reference(registry, repository, version)


@pytest.mark.parametrize("image", ["", "UPPER/case", "ghcr.io/a b", "a/b:ta g", "a/b@sha256:zz", "ghcr.io/"])
@pytest.mark.rule("M-10")
def test_what_is_no_reference_is_told(image: str):
    bad = read_reference(image)
    assert isinstance(bad, BadReference)
    assert bad.message.startswith(f'failed to parse image reference "{image}"')


@given(st.text(max_size=30))
@pytest.mark.rule("M-10")
def test_reading_a_reference_never_raises(image: str):
    assert isinstance(read_reference(image), Reference | BadReference)


@pytest.mark.parametrize(
    ("host", "plain"),
    [("localhost:5000", True), ("127.0.0.1", True), ("10.1.2.3:80", True), ("172.20.0.1", True), ("192.168.1.1", True),
     ("reg.local", True), ("[::1]", True), ("ghcr.io", False), ("8.8.8.8", False), ("172.32.0.1", False)],
)  # fmt: skip
@pytest.mark.rule("M-15")
def test_plain_http_is_only_for_near_hosts(host: str, plain: bool):
    assert may_be_plain(host) is plain


# ---- secrets --------------------------------------------------------------------------------------------------------
@pytest.mark.rule("M-13")
def test_both_types_of_pull_secrets_are_read_and_others_skipped():
    old = {"type": "kubernetes.io/dockercfg", "data": {".dockercfg": encoded({"a.io": auth("u", "p")})}}
    assert credentials_of(old) == [("a.io", Credentials("u", "p"))]
    plain = pull_secret({"b.io": {"username": "u", "password": "p"}, "c.io": "junk", "d.io": {"auth": "!"}, "e": {}})
    assert credentials_of(plain) == [("b.io", Credentials("u", "p"))]
    assert credentials_of({"type": "Opaque", "data": {"x": "y"}}) == []
    assert credentials_of({"type": "kubernetes.io/dockerconfigjson", "data": {}}) == []
    for junk in ("###", encoded("text"), encoded({"auths": 3}), 7):
        broken = {"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": junk}}
        assert credentials_of(broken) is None


def test_credentials_never_show_themselves():
    assert "hunter2" not in repr(Keychain((("a", Credentials("hunter2", "hunter2")),)))
    assert "hunter2" not in repr(Credentials("hunter2", "hunter2"))


@pytest.mark.parametrize(
    ("key", "registry", "repository", "matches"),
    [
        ("https://index.docker.io/v1/", "index.docker.io", "library/x", True),
        ("docker.io", "index.docker.io", "library/x", False),
        ("ghcr.io", "ghcr.io", "a/b", True),
        ("ghcr.io/a", "ghcr.io", "a/b", True),
        ("ghcr.io/c", "ghcr.io", "a/b", False),
        ("*.amd.com", "reg.amd.com", "a/b", True),
        ("*.amd.com", "x.reg.amd.com", "a/b", False),
        ("host:5000", "host", "a/b", False),
        ("http://host:5000/v2/", "host:5000", "a/b", True),
        ("host:5000/v2", "host:5000", "a/b", True),
    ],
)
@pytest.mark.rule("M-14")
def test_keys_match_by_port_labels_and_path(key: str, registry: str, repository: str, matches: bool):
    found = Keychain(((key, Credentials("u", "p")),)).find(registry, repository)
    assert (found is not None) is matches


@pytest.mark.rule("M-14")
def test_longer_paths_and_earlier_secrets_win():
    chain = Keychain(
        (
            ("ghcr.io", Credentials("short", "")),
            ("ghcr.io/a", Credentials("first", "")),
            ("ghcr.io/a", Credentials("second", "")),
        )
    )
    found = chain.find("ghcr.io", "a/b")
    assert found is not None
    assert found.user == "first"
    assert chain.exactly("ghcr.io") == Credentials("short", "")
    assert chain.exactly("x") is None


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (status(404, "NotFound"), FailureKind.SECRET_NOT_FOUND),
        (status(403, "Forbidden"), FailureKind.FORBIDDEN),
        (status(500, "InternalError"), FailureKind.UNREACHABLE),
        (UnreachableError("down", sent=False), FailureKind.UNREACHABLE),
        (answer(200, {"type": "kubernetes.io/dockercfg", "data": {".dockercfg": "?"}}), FailureKind.MALFORMED),
    ],
)
@pytest.mark.rule("M-12", "D-8")
def test_a_pull_secret_that_cannot_be_used_is_named(reply: Any, kind: FailureKind):
    async def claim() -> None:
        client = ScriptedClient(*[reply] * (1 + len(PAUSES)))
        failure = await SecretReader(client, clock=VirtualClockThatRuns()).keychain("ns", ["creds"])
        assert isinstance(failure, Failure)
        assert failure.kind is kind
        assert "creds" in failure.message

    run(claim())


def test_whether_a_secret_exists_is_answered():
    async def claim() -> None:
        client = ScriptedClient(answer(200, {"data": {"x": "c2VjcmV0"}}), status(404, "NotFound"), status(403, "x"))
        reader = SecretReader(client)
        assert await reader.exists(SecretExists("ns", "a")) is True
        assert await reader.exists(SecretExists("ns", "a")) is False
        denied = await reader.exists(SecretExists("ns", "a"))
        assert isinstance(denied, Failure)
        assert denied.kind is FailureKind.FORBIDDEN

    run(claim())

"""The registry client against Debian's docker-registry, which we did not write. `./dev registry` insists on it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from aimcore.facts import Failure, FailureKind, ImageLabels, InspectedImage, RepositoryListing, RepositoryTags
from aimcore.kinds.model.image_labels import read_image_labels
from aimcore.kinds.model_source.filters import matching, read_filters
from aimcore.resource import Resource
from aimctl_runtime.clock import SystemClock
from aimctl_runtime.observe.distribution import Distribution
from aimctl_runtime.observe.listing import TagLister
from aimctl_runtime.observe.registry import ImageInspector
from aimctl_runtime.observe.secrets import SecretReader
from shell.doubles import ScriptedClient, answer, run

from . import real

pytestmark = pytest.mark.skipif(not real.is_installed(), reason=real.INSTALL)

LABELS = {
    "com.amd.aim.model.canonicalName": "Acme/Demo",
    "com.amd.aim.model.recommendedDeployments": "{'gpuModel': 'MI300X', 'gpuCount': 1, 'description': \"it's fast\"}",
}
TAGS = ("0.8.4", "0.8.5", "0.9.0-rc1", "latest")


@pytest.fixture(scope="module")
def registry(tmp_path_factory) -> Iterator[str]:
    """A registry with `org/aim-demo` (four tags), an index, an image in Docker's format, an emptied repository."""
    home: Path = tmp_path_factory.mktemp("registry")
    with real.serving(home) as host:
        layout = real.image_layout(tmp_path_factory.mktemp("image"), LABELS)
        for tag in TAGS:
            real.push(layout, f"{host}/org/aim-demo:{tag}")
        real.push(layout, f"{host}/org/aim-docker:1.0.0", "--format", "v2s2")
        index = real.index_layout(tmp_path_factory.mktemp("index"), {"arm64": {"of": "arm"}, "amd64": LABELS})
        real.push(index, f"{host}/org/aim-index:1.0.0", "--all")
        other = real.image_layout(tmp_path_factory.mktemp("other"), {"of": "nobody"})
        real.push(other, f"{host}/org/aim-empty:1.0.0")
        real.push(other, f"{host}/org/tool:1.0.0")
        real.skopeo("delete", "--tls-verify=false", f"docker://{host}/org/aim-empty:1.0.0")
        yield host


def observed(observe: Callable[[aiohttp.ClientSession], Any]) -> Any:
    async def claim() -> Any:
        async with aiohttp.ClientSession() as session:
            return await observe(session)

    return run(claim())


def labels(image: str, secret: dict[str, Any] | None = None) -> Any:
    replies = [] if secret is None else [answer(200, secret)]
    want = ImageLabels(image, "ns", ("creds",) if secret else ())
    reader = SecretReader(ScriptedClient(*replies))
    return observed(lambda session: ImageInspector(session, reader, SystemClock()).labels(want))


def listed(registry: str, repository: str) -> Any:
    want = RepositoryTags(registry, repository, "ns")
    return observed(lambda session: TagLister(session, SecretReader(ScriptedClient()), SystemClock()).tags(want))


@pytest.mark.rule("M-15", "M-6")
@pytest.mark.parametrize("name", ["aim-demo:0.8.4", "aim-docker:1.0.0", "aim-index:1.0.0"])
def test_labels_and_digest_are_those_that_skopeo_sees(registry: str, name: str):
    found = labels(f"{registry}/org/{name}")
    assert isinstance(found, InspectedImage)
    assert found.labels == LABELS
    seen = real.skopeo("inspect", "--tls-verify=false", "--format", "{{.Digest}}", f"docker://{registry}/org/{name}")
    assert found.digest == seen.strip()
    again = labels(f"{registry}/org/{name.split(':')[0]}@{found.digest}")
    assert again == found


@pytest.mark.rule("M-8", "D-17")
def test_what_the_image_recommends_is_read_off(registry: str):
    metadata = read_image_labels(labels(f"{registry}/org/aim-demo:0.8.4").labels)
    assert metadata["model"]["canonicalName"] == "Acme/Demo"
    assert metadata["model"]["recommendedDeployments"] == [
        {"gpuModel": "MI300X", "gpuCount": 1, "description": "it's fast"}
    ]


@pytest.mark.rule("M-16", "D-8")
@pytest.mark.parametrize("name", ["aim-demo:9.9.9", "nothing:1.0.0"])
def test_what_is_not_there_is_not_found(registry: str, name: str):
    failure = labels(f"{registry}/org/{name}")
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.NOT_FOUND
    assert "MANIFEST_UNKNOWN" in failure.message


@pytest.mark.rule("S-11", "S-15")
def test_the_tags_of_a_repository_are_listed(registry: str):
    assert listed(registry, "org/aim-demo") == RepositoryListing(tuple(("org/aim-demo", t) for t in sorted(TAGS)))
    failure = listed(registry, "org/nothing")
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.NOT_FOUND


@pytest.mark.rule("S-14")
def test_a_pattern_finds_repositories_in_the_catalogue_and_leaves_out_emptied_ones(registry: str):
    found = listed(registry, "org/aim-*")
    assert isinstance(found, RepositoryListing)
    assert {name for name, _ in found.images} == {"org/aim-demo", "org/aim-docker", "org/aim-index"}
    assert found.problems == ()


@pytest.mark.rule("S-14", "S-15")
def test_the_catalogue_is_read_page_by_page(registry: str):
    async def pages(session: aiohttp.ClientSession) -> list[Any]:
        distribution = Distribution(session, registry, "registry:catalog:*", None, SystemClock())
        return [page.json()["repositories"] async for page in distribution.pages("/v2/_catalog?n=2")]

    found = observed(pages)
    assert len(found) == 3
    assert sorted(name for page in found for name in page) == [
        "org/aim-demo", "org/aim-docker", "org/aim-empty", "org/aim-index", "org/tool",
    ]  # fmt: skip


@pytest.mark.rule("S-5", "S-6", "D-10", "D-11")
def test_a_filter_keeps_what_its_versions_allow(registry: str):
    spec = {"filters": [{"image": f"{registry}/org/aim-*", "exclude": ["org/aim-index"], "versions": ["~0.8.5"]}]}
    (filter_,) = read_filters(Resource.of({"kind": "AIMClusterModelSource", "metadata": {"name": "s"}, "spec": spec}))
    images = matching(filter_, listed(registry, "org/aim-*").images)
    assert [image.uri for image in images] == [f"{registry}/org/aim-demo:0.8.5"]


@pytest.mark.rule("M-13", "M-16")
def test_a_registry_that_asks_for_a_password_gets_the_pull_secrets(tmp_path_factory):
    with real.serving(tmp_path_factory.mktemp("private"), login=True) as host:
        layout = real.image_layout(tmp_path_factory.mktemp("image"), LABELS)
        real.push(layout, f"{host}/org/aim-demo:1.0.0", login=True)
        assert labels(f"{host}/org/aim-demo:1.0.0", _secret(host, real.PASSWORD)).labels == LABELS
        for secret in (None, _secret(host, "wrong")):
            failure = labels(f"{host}/org/aim-demo:1.0.0", secret)
            assert isinstance(failure, Failure)
            assert failure.kind is FailureKind.AUTH


def _secret(host: str, password: str) -> dict[str, Any]:
    config = {"auths": {host: {"username": real.USER, "password": password}}}
    data = base64.b64encode(json.dumps(config).encode()).decode()
    return {"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": data}}

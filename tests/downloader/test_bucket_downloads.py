"""Downloads from an object store: moto's server, and one that refuses."""

from __future__ import annotations

import hashlib
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import pytest
from moto.server import ThreadedMotoServer

from downloader.program import children_of, ended, eventually, is_alive, program_for

MB = 1 << 20
URI = "s3://models/team/llama"
SECRET = "a-secret-that-nobody-prints"


def content(name, size):
    block = hashlib.shake_256(name.encode()).digest(1 << 20)
    return b"".join(at.to_bytes(8, "big") + block[8:] for at in range(0, size, 1 << 20))[:size]


@pytest.fixture(scope="module")
def store():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    client = boto3.client(
        "s3",
        endpoint_url=url,
        aws_access_key_id="id-of-the-test",
        aws_secret_access_key=SECRET,
        region_name="us-east-1",
    )
    client.create_bucket(Bucket="models")
    yield url, client
    client.close()
    server.stop()


def s3_program(tmp_path, url, **variables):
    keys = {"AWS_ACCESS_KEY_ID": "id-of-the-test", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_ENDPOINT_URL": url}
    return program_for(tmp_path, **{**keys, **variables})


@pytest.fixture
def program(tmp_path, store):
    program = s3_program(tmp_path, store[0])
    yield program
    program.close()


@pytest.fixture
def objects(store):
    _, client = store

    def put(prefix, sizes):
        made = {name: content(name, size) for name, size in sizes.items()}
        for name, body in made.items():
            client.put_object(Bucket="models", Key=f"{prefix}/{name}", Body=body)
        return made

    return put


def on_disk(folder):
    files = (p for p in folder.rglob("*") if p.is_file() and ".cache" not in p.parts)
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


@pytest.mark.rule("A7.1", "A7.3", "A7.4")
def test_what_lies_below_the_prefix_arrives_whole_and_has_no_download_status(tmp_path, program, api, objects, store):
    made = objects("team/llama", {"a.safetensors": 66 * MB, "sub/config.json": 100, "empty": 0})
    objects("team/llama-2", {"other": 10})
    store[1].put_object(Bucket="models", Key="team/llama/", Body=b"")
    run = program.run(f"{URI}/", AIM_DOWNLOADER_PROTOCOL="XET,HTTP", **api.environment)
    assert run.code == 0, run.log
    assert on_disk(tmp_path / "cache") == made
    assert set(api.status) == {"progress"}
    assert api.status["progress"]["percentage"] == 100
    assert "Verified: 3 files by their checksum" in run.log
    assert SECRET not in run.log


@pytest.mark.rule("A7.2")
def test_check_size_adds_up_the_objects_below_the_prefix(program, objects):
    objects("team/sized", {"a": 3 * MB, "b/c": 17})
    objects("team/sized-2", {"other": 10})
    run = program.run("--check-size", "s3://models/team/sized")
    assert json.loads(run.out.splitlines()[-1]) == {"url": "s3://models/team/sized", "sizeBytes": 3 * MB + 17}


def test_a_killed_download_is_continued(tmp_path, program, objects):
    made = objects("team/big", {"a.safetensors": 100 * MB})
    process = program.start("s3://models/team/big")
    partials = tmp_path / "cache/.cache/aim/partial"

    def held():
        return sum(p.stat().st_blocks * 512 for p in partials.glob("*.partial"))

    eventually(lambda: held() > 20 * MB, "20 MB are there")
    (child,) = children_of(process.pid)
    process.kill()
    ended(process)
    eventually(lambda: not is_alive(child), "the child ends with its supervisor")
    kept = held()
    assert kept < 100 * MB
    run = program.run("s3://models/team/big", PROGRESS_INTERVAL="0.1")
    assert run.code == 0, run.log
    assert on_disk(tmp_path / "cache") == made
    first = next(line for line in run.log.splitlines() if "%" in line and not line.startswith("0 %"))
    assert int(first.partition(" %")[0]) >= 20 * 100 // 100


def test_an_object_that_changed_is_fetched_again_and_only_it(tmp_path, program, objects):
    objects("team/moving", {"a": 2 * MB, "b": 10})
    assert program.run("s3://models/team/moving").code == 0
    kept = (tmp_path / "cache/b").stat().st_ino
    changed = {"a": content("new", 2 * MB)}
    program_store = boto3.client(
        "s3", endpoint_url=program.environment["AWS_ENDPOINT_URL"], aws_access_key_id="id-of-the-test",
        aws_secret_access_key=SECRET, region_name="us-east-1",
    )  # fmt: skip
    program_store.put_object(Bucket="models", Key="team/moving/a", Body=changed["a"])
    program_store.close()
    assert program.run("s3://models/team/moving").code == 0
    assert on_disk(tmp_path / "cache")["a"] == changed["a"]
    assert (tmp_path / "cache/b").stat().st_ino == kept


def test_one_object_can_be_named(tmp_path, program, objects):
    made = objects("team/single", {"model.gguf": MB})
    assert program.run("s3://models/team/single/model.gguf").code == 0
    assert on_disk(tmp_path / "cache") == made


@pytest.mark.rule("A10")
@pytest.mark.parametrize("uri", ["s3://models/nothing/here", "s3://no-such-bucket/x"])
def test_what_is_not_there_is_a_source_that_is_not_found(program, uri):
    run = program.run(uri)
    assert (run.code, run.reason) == (1, "SourceNotFound")


@pytest.mark.rule("A10")
def test_no_keys_are_an_authentication_error(tmp_path, store):
    program = s3_program(tmp_path, store[0], AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="", HOME=str(tmp_path))
    run = program.run(URI)
    assert (run.code, run.reason) == (1, "AuthError")


@contextmanager
def refusing_store(status, code, message):
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_arguments):
            return

        def do_GET(self):
            self.send_response(status)
            self.send_header("Content-Type", "application/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.rule("A7.1", "A10")
@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."),
        ("SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided."),
    ],
)
def test_wrong_keys_are_an_authentication_error_and_an_endpoint_needs_no_scheme(tmp_path, code, message):
    with refusing_store(403, code, message) as host:
        program = s3_program(tmp_path, host, S3_NO_SSL="true")
        run = program.run(URI)
    assert (run.code, run.reason) == (1, "AuthError")
    assert code in run.last_line
    assert SECRET not in run.log

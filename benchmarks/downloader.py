"""The downloader against a plain parallel fetch of the same files with the same library, from servers on this machine.

Bars: from the start of the process until every byte is on the volume at least 0.9 of the plain fetch's throughput; the
peak memory of both processes together at most 1.2 of what the plain fetch takes; twice the bytes, same memory.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
MB = 1 << 20
FILES = 4
SIZE = int(os.environ.get("AIM_BENCH_DOWNLOAD_MB", "1024"))
BAR_THROUGHPUT, BAR_MEMORY, BAR_GROWTH = 0.9, 1.2, 1.1
ROUNDS = 4

_HUB = """
import sys; from pathlib import Path; from downloader.hub_server import hub_server
with hub_server(Path(sys.argv[1])) as hub:
    for name in sys.argv[2:]:
        files = {f"{i}.safetensors": int(name) * 1048576 // 4 for i in range(4)}
        hub.repository(f"bench/m{name}", files)
    print(hub.url, flush=True); sys.stdin.read()
"""
_STORE = """
import sys, boto3; from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False); server.start()
url = "http://%s:%s" % server.get_host_and_port()
client = boto3.client("s3", endpoint_url=url)
client.create_bucket(Bucket="bench")
for name in sys.argv[2:]:
    for i in range(4):
        client.put_object(Bucket="bench", Key=f"m{name}/{i}.safetensors", Body=bytes(int(name) * 1048576 // 4))
print(url, flush=True); sys.stdin.read()
"""
_PLAIN_HUB = """
import sys; from huggingface_hub import snapshot_download
snapshot_download(sys.argv[1], local_dir=sys.argv[2])
"""
_PLAIN_STORE = """
import sys, boto3; from concurrent.futures import ThreadPoolExecutor; from pathlib import Path
client = boto3.client("s3", endpoint_url=sys.argv[3]); target = Path(sys.argv[2]); target.mkdir(parents=True)
keys = [o["Key"] for o in client.list_objects_v2(Bucket="bench", Prefix=sys.argv[1] + "/")["Contents"]]
with ThreadPoolExecutor(4) as pool:
    list(pool.map(lambda key: client.download_file("bench", key, str(target / key.rpartition("/")[2])), keys))
"""


@dataclass(frozen=True)
class Measured:
    """Seconds until every byte was there, and the peak memory of all processes together in KiB."""

    seconds: float
    memory: int


def run() -> bool:
    """Compare for each protocol of the hub and for the object store."""
    sizes = (SIZE, 2 * SIZE)
    reached = True
    with tempfile.TemporaryDirectory() as folder, _server(_HUB, folder, sizes) as url:
        environment = {"HF_ENDPOINT": url, "HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_XET": "1"}
        plain = _best([sys.executable, "-c", _PLAIN_HUB, f"bench/m{SIZE}"], environment, folder)
        for protocol in ("HTTP", "HF_TRANSFER"):
            ours = {**environment, "AIM_DOWNLOADER_PROTOCOL": protocol}
            reached &= _compared(protocol, plain, f"hf://bench/m{SIZE}", f"hf://bench/m{2 * SIZE}", ours, folder)
    with tempfile.TemporaryDirectory() as folder, _server(_STORE, folder, (SIZE // 2, SIZE)) as url:
        environment = {**_KEYS, "AWS_ENDPOINT_URL": url}
        plain = _best([sys.executable, "-c", _PLAIN_STORE, f"m{SIZE // 2}"], environment, folder, url)
        usual, double = f"s3://bench/m{SIZE // 2}", f"s3://bench/m{SIZE}"
        reached &= _compared("S3", plain, usual, double, environment, folder)
    return reached


_KEYS = {
    "AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}  # fmt: skip


def _compared(title: str, plain: Measured, usual: str, double: str, environment: dict[str, str], folder: str) -> bool:
    program = [sys.executable, "-m", "aimctl_runtime.downloader"]
    ours = _best([*program, usual], environment, folder)
    more = _measured([*program, double], environment, Path(folder) / "target")
    throughput, memory = plain.seconds / ours.seconds, ours.memory / plain.memory
    growth = more.memory / ours.memory
    print(  # noqa: T201
        f"downloader {title}: {ours.seconds:.2f} s, plain {plain.seconds:.2f} s: throughput {throughput:.2f} of it "
        f"(bar {BAR_THROUGHPUT}); memory {ours.memory // 1024} MiB, {memory:.2f} of it (bar {BAR_MEMORY}), "
        f"{growth:.2f} of that for twice the bytes (bar {BAR_GROWTH})"
    )
    return throughput >= BAR_THROUGHPUT and memory <= BAR_MEMORY and growth <= BAR_GROWTH


def _best(command: list[str], environment: dict[str, str], folder: str, *rest: str) -> Measured:
    """The least time of some rounds, and the least memory: what else the machine does is not ours."""
    rounds = [_measured(command, environment, Path(folder) / "target", *rest) for _ in range(ROUNDS)]
    return Measured(min(r.seconds for r in rounds), min(r.memory for r in rounds))


def _measured(command: list[str], environment: dict[str, str], target: Path, *rest: str) -> Measured:
    shutil.rmtree(target, ignore_errors=True)
    begun = time.monotonic()
    process = subprocess.Popen(  # noqa: S603
        [*command, str(target), *rest], env=_environment(environment), stderr=subprocess.PIPE
    )
    peaks: dict[int, int] = {}
    seconds = 0.0
    assert process.stderr is not None  # noqa: S101
    os.set_blocking(process.stderr.fileno(), False)
    while process.poll() is None:
        for pid in (process.pid, *_children(process.pid)):
            peaks[pid] = max(peaks.get(pid, 0), _peak(pid))
        if b"Everything is fetched" in (process.stderr.read() or b"") and not seconds:
            seconds = time.monotonic() - begun
        time.sleep(0.01)
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}")
    return Measured(seconds or time.monotonic() - begun, sum(peaks.values()))


def _environment(more: dict[str, str]) -> dict[str, str]:
    paths = f"{ROOT / 'src'}{os.pathsep}{ROOT / 'tests'}"
    return {**os.environ, "PYTHONPATH": paths, **more}


def _children(pid: int) -> list[int]:
    try:
        return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _peak(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return int(status.partition("VmHWM:")[2].split()[0]) if "VmHWM:" in status else 0


@contextmanager
def _server(code: str, folder: str, sizes: tuple[int, ...]) -> Iterator[str]:
    """A server in a process of its own; gives its address."""
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", code, f"{folder}/served", *map(str, sizes)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=_environment(_KEYS),
    )  # fmt: skip
    assert process.stdout is not None  # noqa: S101
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()

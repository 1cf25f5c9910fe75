"""The API server's one request that the downloader makes: the merge patch of an artifact's status, over TLS."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

TOKEN = "service-account-token-of-the-test"


class Api:
    """What was patched: `status` is the merged result, `patches` the bodies with the time they came."""

    def __init__(self, account: Path) -> None:
        self.account = account
        self.port = 0
        self.code = 200
        self.hangs = False
        self.status: dict[str, Any] = {}
        self.patches: list[tuple[float, dict[str, Any]]] = []
        self.problems: list[str] = []
        self.refused = 0

    @property
    def environment(self) -> dict[str, str]:
        return {
            "KUBERNETES_SERVICE_HOST": "127.0.0.1",
            "KUBERNETES_SERVICE_PORT": str(self.port),
            "AIM_SERVICE_ACCOUNT_DIR": str(self.account),
            "ARTIFACT_NAME": "llama",
            "ARTIFACT_NAMESPACE": "team-a",
        }

    def take(self, body: dict[str, Any]) -> None:
        self.patches.append((time.monotonic(), body["status"]))
        for field, members in body["status"].items():
            self.status.setdefault(field, {}).update(members)

    @property
    def percentages(self) -> list[int]:
        return [s["progress"]["percentage"] for _, s in self.patches if "progress" in s]

    @property
    def messages(self) -> list[str]:
        return [s["download"]["message"] for _, s in self.patches if "download" in s]


class _Handler(BaseHTTPRequestHandler):
    api: Api

    def log_message(self, *_arguments: object) -> None:
        return

    def do_PATCH(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        expected = {
            "path": "/apis/aim.eai.amd.com/v1alpha1/namespaces/team-a/aimartifacts/llama/status",
            "token": f"Bearer {TOKEN}",
            "type": "application/merge-patch+json",
        }
        given = {
            "path": self.path, "token": self.headers["Authorization"], "type": self.headers["Content-Type"],
        }  # fmt: skip
        if given != expected:
            self.api.problems.append(repr(given))
        if self.api.hangs:
            time.sleep(30)
        if self.api.code == 200:
            self.api.take(body)
        else:
            self.api.refused += 1
        answer = b"{}"
        self.send_response(self.api.code)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


def write_account(folder: Path) -> None:
    """A service account's folder: token, and a certificate that is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(parents=True)
    (folder / "token").write_text(TOKEN + "\n")
    (folder / "ca.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *private))


@contextmanager
def api_server(account: Path, port: int = 0, api: Api | None = None) -> Iterator[Api]:
    """An API server that takes patches as long as the block lasts."""
    if not account.exists():
        write_account(account)
    api = api or Api(account)
    server = ThreadingHTTPServer(("127.0.0.1", port), type("Handler", (_Handler,), {"api": api}))
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(account / "ca.crt", account / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    api.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

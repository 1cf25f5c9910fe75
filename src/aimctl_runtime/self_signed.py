"""A self-signed certificate for the metrics server, made at start when none is given.

1. No library that we depend on makes certificates, and the image has no openssl: ECDSA on P-256 by hand, once.
2. The key never reaches a disk: both files are anonymous memory (`memfd`), readable by this process alone.
3. Scrapers cannot verify such a certificate. It keeps tokens from being read on the wire, nothing more.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import ssl
from datetime import datetime, timedelta

# ---- P-256 ----------------------------------------------------------------------------------------------------------
_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
_Point = tuple[int, int] | None


def _add(a: _Point, b: _Point) -> _Point:
    if a is None or b is None:
        return a or b
    if a[0] == b[0] and (a[1] + b[1]) % _P == 0:
        return None
    if a == b:
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, _P) % _P
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, _P) % _P
    x = (slope * slope - a[0] - b[0]) % _P
    return x, (slope * (a[0] - x) - a[1]) % _P


def _times(scalar: int) -> tuple[int, int]:
    """That many times the base point (1 ≤ scalar < n)."""
    result: _Point = None
    addend: _Point = _G
    while scalar:
        if scalar & 1:
            result = _add(result, addend)
        addend = _add(addend, addend)
        scalar >>= 1
    assert result is not None  # noqa: S101  (the base point has order n)
    return result


def _sign(key: int, message: bytes) -> bytes:
    digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
    while True:
        nonce = 1 + secrets.randbelow(_N - 1)
        r = _times(nonce)[0] % _N
        s = pow(nonce, -1, _N) * (digest + r * key) % _N
        if r and s:
            return _sequence(_integer(r), _integer(s))


# ---- DER ------------------------------------------------------------------------------------------------------------
def _tagged(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def _sequence(*parts: bytes) -> bytes:
    return _tagged(0x30, b"".join(parts))


def _integer(value: int) -> bytes:
    return _tagged(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _oid(text: str) -> bytes:
    first, second, *rest = (int(part) for part in text.split("."))
    content = bytes((40 * first + second,))
    for number in rest:
        digits = [number & 0x7F]
        while number := number >> 7:
            digits.append(0x80 | number & 0x7F)
        content += bytes(reversed(digits))
    return _tagged(0x06, content)


def _bits(content: bytes) -> bytes:
    return _tagged(0x03, b"\0" + content)


def _utc(moment: datetime) -> bytes:
    return _tagged(0x17, moment.strftime("%y%m%d%H%M%SZ").encode())


def _name(common_name: str) -> bytes:
    return _sequence(_tagged(0x31, _sequence(_oid("2.5.4.3"), _tagged(0x0C, common_name.encode()))))


def _pem(label: str, content: bytes) -> bytes:
    text = base64.encodebytes(content).decode().replace("\n", "")
    lines = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n".encode()


_EC_KEY, _P256, _ECDSA_SHA256 = "1.2.840.10045.2.1", "1.2.840.10045.3.1.7", "1.2.840.10045.4.3.2"


def make_certificate(host: str, now: datetime) -> tuple[bytes, bytes]:
    """A certificate for a host name, good for a year from yesterday, and its key, both as PEM."""
    key = 1 + secrets.randbelow(_N - 1)
    x, y = _times(key)
    point = b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")
    algorithm = _sequence(_oid(_ECDSA_SHA256))
    names = _sequence(_tagged(0x82, host.encode()))
    extensions = _sequence(
        _sequence(_oid("2.5.29.17"), _tagged(0x04, names)),
        _sequence(_oid("2.5.29.37"), _tagged(0x04, _sequence(_oid("1.3.6.1.5.5.7.3.1")))),
    )
    body = _sequence(
        _tagged(0xA0, _integer(2)),
        _integer(1 + secrets.randbelow(2**120)),
        algorithm,
        _name(host),
        _sequence(_utc(now - timedelta(days=1)), _utc(now + timedelta(days=365))),
        _name(host),
        _sequence(_sequence(_oid(_EC_KEY), _oid(_P256)), _bits(point)),
        _tagged(0xA3, extensions),
    )
    certificate = _sequence(body, algorithm, _bits(_sign(key, body)))
    private = _sequence(
        _integer(1),
        _tagged(0x04, key.to_bytes(32, "big")),
        _tagged(0xA0, _oid(_P256)),
        _tagged(0xA1, _bits(point)),
    )
    return _pem("CERTIFICATE", certificate), _pem("EC PRIVATE KEY", private)


def load_certificate(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """Give a context a certificate and a key that exist only in memory. Rule 2 (Linux)."""
    descriptor = os.memfd_create("metrics-certificate")
    try:
        os.write(descriptor, certificate + key)
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)

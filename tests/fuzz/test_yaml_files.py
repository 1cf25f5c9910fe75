"""Edge: YAML files of `aimctl render` and `aimctl up --apply`, and YAML bodies of requests.

`read_yaml` gives JSON or a `YamlError`; a command ends with exit code 0, or 2 and one sentence with file and line.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimctl_runtime.cli import main
from aimctl_runtime.yaml_text import LEVELS, MOST_REPEATED, YamlError, read_yaml
from fuzz.bounds import answer_or, assert_linear, cpu_within, peak_of
from fuzz.inputs import DEEP, NASTY_TEXTS, effort, json_values, nested, texts

HEAD = """\
apiVersion: aim.eai.amd.com/v1alpha1
kind: AIMService
metadata: {name: chat}
spec:
  model: {name: m}
"""
SIGNS = st.text(alphabet="abk01:-?,[]{}&*!|>'\"%@`#~<= \n\t.\\é\x00\ufeff\u2028", max_size=60)


def values(text: str) -> list[Any]:
    return [document.value for document in read_yaml(text)]


# ---- reading --------------------------------------------------------------------------------------------------------
@effort(120)
@given(SIGNS | texts() | st.lists(SIGNS, max_size=4).map("\n".join))
def test_any_text_is_json_or_a_mistake_with_its_place(text: str) -> None:
    found = answer_or((YamlError,), lambda: values(text))
    for value in found or ():
        assert json.loads(json.dumps(value, allow_nan=False)) == value, "JSON can hold it"


@effort(100)
@given(json_values())
def test_what_json_holds_is_read_as_it_stands(value: Any) -> None:
    text = json.dumps(value)
    found = answer_or((YamlError,), lambda: values(text))
    if found is not None and not any(word in text for word in ("\\u", "Infinity", "NaN", "e")):
        assert found == [json.loads(text, parse_int=whole_or_double)]


def whole_or_double(digits: str) -> float:
    number = int(digits)
    return number if -(2**63) <= number < 2**64 else float(number)


def bomb(width: int, depth: int) -> str:
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, depth)]
    return "\n".join(lines)


def merge_bomb(width: int, depth: int) -> str:
    lines = ["a0: &a0 {k: v}"]
    lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * width)}], k{n}: v}}" for n in range(1, depth)]
    return "\n".join(lines)


REFUSED = {
    "a bomb of aliases": (bomb(9, 12), f"its aliases repeat more than {MOST_REPEATED} values"),
    "a thin bomb of aliases": (bomb(2, 60), f"its aliases repeat more than {MOST_REPEATED} values"),
    "a bomb of merge keys": (merge_bomb(9, 12), f"its aliases repeat more than {MOST_REPEATED} values"),
    "an alias in itself": ("a: &a [*a]", "the alias 'a' stands within itself"),
    "an alias in itself by a merge": ("a: &a {<<: *a}", "the alias 'a' stands within itself"),
    "an unknown alias": ("a: *b", "the alias 'b' is not known: no value before it has this anchor"),
    "deep lists": ("[" * DEEP, f"it is nested deeper than {LEVELS} levels"),
    "deep lists that end": ("[" * DEEP + "]" * DEEP, f"it is nested deeper than {LEVELS} levels"),
    "deep mappings": ("{a: " * DEEP, f"it is nested deeper than {LEVELS} levels"),
    "deep blocks": ("\n".join(" " * n + "a:" for n in range(2000)), f"it is nested deeper than {LEVELS} levels"),
    "deep dashes": ("- " * DEEP, f"it is nested deeper than {LEVELS} levels"),
    "deep by aliases": (
        "a0: &a0 {x: 1}\n" + "\n".join(f"a{n}: &a{n} {{x: *a{n - 1}}}" for n in range(1, 300)),
        f"it is nested deeper than {LEVELS} levels",
    ),
    "a key twice": ("a: 1\na: 2", "the key 'a' stands twice in one mapping"),
    "a number and a text as the same key": ("1: a\n'1': b", "the key '1' stands twice in one mapping"),
    "null as a key": ("~: a", "a key must be a text, found null"),
    "a list as a key": ("? [a]\n: b", "a key must be a text, found a list or a mapping"),
    "a list as a key, by an alias": ("a: &a [b]\n*a : c", "a key must be a text"),
    "bytes": ("a: !!binary aGk=", "the tag '!!binary' is not allowed: JSON has no such values"),
    "a set": ("a: !!set {b}", "the tag '!!set' is not allowed: JSON has no such values"),
    "Python": ("!!python/object/apply:os.system [x]",
               "the tag '!!python/object/apply:os.system' is not allowed: JSON has no such values"),
    "a tag of one's own": ("a: !mine b", "the tag '!mine' is not allowed: JSON has no such values"),
    "infinity": ("a: .inf", "'.inf' is no number that JSON can hold"),
    "no number": ("a: .nan", "'.nan' is no number that JSON can hold"),
    "too many digits": ("a: " + "9" * 5000, f"'{'9' * 60}…' is no number that JSON can hold"),
    "too many hexadecimal digits": ("a: 0x" + "f" * 50_000, f"'0x{'f' * 58}…' is no number that JSON can hold"),
    "too many sexagesimal digits": ("a: 1" + ":59" * 20_000, f"'1{':59' * 19}:5…' is no number that JSON can hold"),
    "too large an exponent": ("a: 1.0e+999999999", "'1.0e+999999999' is no number that JSON can hold"),
    "half a character": ("a: \ud800", "it holds half a character (a lone surrogate)"),
    "an escaped half of a character": ('a: "\\ud800"', "found invalid Unicode character escape code"),
    "a NUL": ("a: \x00", "unacceptable character #x0000"),
    "a merge of a text": ("<<: a", "a merge key takes a mapping, or a list of mappings"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED)
def test_what_json_cannot_hold_is_refused_with_its_place(text: str, said: str) -> None:
    with cpu_within(1.0), pytest.raises(YamlError) as refused:
        values(text)
    assert str(refused.value).startswith(said)
    assert refused.value.line or "character" in said


def test_aliases_and_merge_keys_within_the_limit_are_read() -> None:
    assert values("a: &a {k: v, l: w}\nb: {<<: *a, l: own}\nc: {<<: [{k: first}, *a]}\nd: [*a, *a]") == [
        {
            "a": {"k": "v", "l": "w"},
            "b": {"k": "v", "l": "own"},
            "c": {"k": "first", "l": "w"},
            "d": [{"k": "v", "l": "w"}] * 2,
        }
    ]


def test_times_are_texts_and_keys_too() -> None:
    assert values("2001-01-01: 2001-01-01T00:00:00Z\n1: a\ntrue: b\n1.5: c") == [
        {"2001-01-01": "2001-01-01T00:00:00Z", "1": "a", "true": "b", "1.5": "c"}
    ]


def test_work_and_memory_grow_with_the_text() -> None:
    for made in (
        lambda n: "[" + "a," * n + "]",
        lambda n: "\n".join(f"k{i}: v" for i in range(n)),
        lambda n: "a: &a {k: v}\n" + "\n".join(f"b{i}: {{<<: *a, x: {i}}}" for i in range(n // 2)),
        lambda n: "a: &a {k: v}\nb:\n  <<: [" + "*a, " * n + "]\n" + "\n".join(f"  k{i}: v" for i in range(n)),
        lambda n: "---\na\n" * n,
        lambda n: "a: '" + "x" * 500 * n + "'",
        lambda n: "#" * 500 * n,
        lambda n: "&a " * n,
        lambda n: "'" * (n * 10 + 1),
    ):
        assert_linear(lambda text: answer_or((YamlError,), lambda: values(text)), made, 600)


def test_a_bomb_takes_no_more_memory_than_a_file() -> None:
    for text in (bomb(9, 12), merge_bomb(9, 12)):
        assert peak_of(lambda text=text: answer_or((YamlError,), lambda: values(text))) < 32 << 20


# ---- commands -------------------------------------------------------------------------------------------------------
def rendered(folder: Path, text: str | bytes, capsys: pytest.CaptureFixture[str]) -> str:
    """What `aimctl render` says on stderr; it ends well (0), or by a sentence that names the file (2)."""
    file = folder / "given.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    with cpu_within():
        code = main(["render", str(file)])
    said = capsys.readouterr().err
    assert code in (0, 2)
    assert bool(said) == (code == 2)
    assert all(str(file) in line for line in said.splitlines() if line.startswith("aimctl: "))
    return said


@effort(60)
@given(json_values(("name", "image", "env", "value", "template", "caching", "scaling", "routing", "resources"), ("m",
    "auto")),
       st.sampled_from(["spec", "status", "metadata", "kind", "apiVersion", "items"]))  # fmt: skip
def test_an_object_with_any_member_is_rendered_or_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], value: Any, member: str
) -> None:
    service = {"apiVersion": "aim.eai.amd.com/v1alpha1", "kind": "AIMService", "metadata": {"name": "chat"},
               "spec": {"model": {"name": "m"}}}  # fmt: skip
    rendered(tmp_path, json.dumps({**service, member: value}), capsys)


@effort(60)
@given(st.dictionaries(st.sampled_from(("namespace", "labels", "annotations", "uid", "generation", "finalizers",
       "deletionTimestamp", "creationTimestamp", "ownerReferences", "managedFields", "resourceVersion",
       "generateName")),
       json_values(), max_size=3))  # fmt: skip
def test_any_metadata_is_rendered_or_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], metadata: dict[str, Any]
) -> None:
    rendered(tmp_path, json.dumps({"apiVersion": "aim.eai.amd.com/v1alpha1", "kind": "AIMService",
             "metadata": {**metadata, "name": "chat"}, "spec": {"model": {"name": "m"}}}), capsys)  # fmt: skip


@pytest.mark.parametrize("text", [text for text, _ in REFUSED.values()], ids=REFUSED)
def test_a_file_that_is_refused_is_named_and_nothing_is_rendered(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "given.yaml" in rendered(tmp_path, text, capsys)


GIVEN = {
    "no UTF-8": b"\xff\xfe\xfa",
    "the last moment of all": HEAD.replace("name: chat", "name: chat, creationTimestamp: '9999-12-31T23:59:59Z'"),
    "the first moment of all": HEAD.replace("name: chat", "name: chat, creationTimestamp: '0001-01-01T00:00:00+14:00'"),
    "no such namespace": HEAD.replace("name: chat", "name: chat, namespace: 'Not Valid'"),
    "null as a namespace": HEAD.replace("name: chat", "name: chat, namespace: null"),
    "a list of lists": "apiVersion: v1\nkind: List\nitems: [[], 1, {a: b}]",
    "a list in itself": "apiVersion: v1\nkind: List\nitems: &a [{apiVersion: v1, kind: List, items: *a}]",
    "a number": "5",
    "a long kind": "apiVersion: v1\nkind: " + "x" * 10_000,
    "a deep member": HEAD + "  x: " + json.dumps(nested(90)),
    "a deep annotation": HEAD.replace("name: chat", f"name: chat, annotations: {json.dumps(nested(90))}"),
    "a thousand variables": HEAD + "  env: [" + "{name: A, value: b}, " * 1_000 + "]",
}


@pytest.mark.parametrize("text", GIVEN.values(), ids=GIVEN)
def test_silly_files_are_rendered_or_refused(
    text: str | bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rendered(tmp_path, text, capsys)


@pytest.mark.parametrize("text", NASTY_TEXTS)
def test_any_text_anywhere_in_a_service_is_rendered_or_refused(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = json.dumps(text)
    for line in (f"  runtimeConfigName: {said}", f"  routing: {{enabled: true, pathTemplate: {said}}}",
                 f"  env: [{{name: {said}, value: {said}}}]", f"  resources: {{limits: {{cpu: {said}, {said}: 1}}}}",
                 f"  template: {{name: {said}}}", f"  {said}: 1"):  # fmt: skip
        rendered(tmp_path, f"{HEAD}{line}\n", capsys)


def test_standard_input_that_is_no_utf8_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff\xfe"), encoding="utf-8"))
    assert main(["render", "-"]) == 2
    assert capsys.readouterr().err == "aimctl: <stdin>: cannot be read: it is not UTF-8 text\n"


def test_a_deep_file_does_not_crash_the_interpreter(tmp_path: Path) -> None:
    """In a process of its own: this used to overflow the stack, which no test survives."""
    file = tmp_path / "deep.yaml"
    file.write_text("[" * DEEP)
    command = [sys.executable, "-m", "aimctl_runtime.cli", "render", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (
        2, f"aimctl: {file}:1:{LEVELS + 1}: not valid YAML: it is nested deeper than {LEVELS} levels\n",
    )  # fmt: skip

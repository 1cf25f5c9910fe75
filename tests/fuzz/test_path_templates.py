"""Edge: path templates of routes. Any template over any service is a path or a `PathProblem`, in bounded work."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonpath_ng import Descendants, Fields, This

from aimcore.paths import LONGEST, MOST_LOOKS, PathProblem, RenderedPath, render_path
from fuzz.bounds import assert_linear, cpu_within, peak_of
from fuzz.inputs import DEEP, NASTY_TEXTS, effort, json_values, nested, texts

TEMPLATES = st.text(alphabet="{}.$@[]*:'\"\\/-0123456789ab ", max_size=60)
WORDS = st.lists(
    st.sampled_from(["{", "}", ".a", "..a", "..b", ".*", "[*]", "[0]", "[-1]", "[1:]", "[:2]", "['a']", "/", "\\.", "$",
                     ".metadata.labels['a']", ".metadata.annotations[\"b\"]", ".spec", "999999999"]), max_size=10,
).map("".join)  # fmt: skip
SERVICES = st.fixed_dictionaries({"metadata": json_values(("labels", "annotations", "name", "namespace", "uid", "a"))},
                                 optional={"spec": json_values(("a", "b")), "a": json_values(("a", "b"))})  # fmt: skip


@effort(150)
@given(TEMPLATES | WORDS | WORDS.map(lambda w: f"/{{{w}}}") | texts(), SERVICES, st.sampled_from([1, 2]))
def test_any_template_gives_a_path_or_a_problem(template: str, service: dict[str, Any], revision: int) -> None:
    found = render_path(template, service, revision=revision)
    if isinstance(found, RenderedPath):
        assert found.path.startswith("/")
        assert len(found.path.encode()) <= 3 * LONGEST
    else:
        assert found.message


@effort(120)
@given(st.recursive(st.integers(0, 1), lambda inner: st.lists(inner, max_size=3)
       | st.dictionaries(st.sampled_from("ab"), inner, max_size=2), max_leaves=20), st.sampled_from("ab"))  # fmt: skip
def test_what_lies_below_is_what_the_library_finds(value: Any, name: str) -> None:
    known = [match.value for match in Descendants(This(), Fields(name)).find({"spec": value})]
    found = render_path(f"/x{{..{name}}}", {"spec": value}, revision=2)
    if len(known) == 1 and isinstance(known[0], int):
        assert found == RenderedPath(f"/x{known[0]}")
    else:
        assert isinstance(found, PathProblem)


WORST = {
    "below below below": ("/{" + "..a" * 11 + "}", {"spec": nested(22)}),
    "below, many times": ("/" + "{..a}" * 10_000, {"spec": nested(22)}),
    "below a large object": ("/{..b..b..b}", {"spec": {"a": [{"b": {"b": [1] * 50}}] * 5_000}}),
    "all of all of all": ("/{.*.*.*.*}", {"spec": {"a": [[[1] * 100] * 100] * 10}}),
    "a deep service": ("/{..b}", {"spec": nested(900)}),
    "a deeper service": ("/{..b}", {"spec": nested(DEEP)}),
    "many steps": ("/{.a" + ".b" * 100_000 + "}", {}),
    "many indexes": ("/{.spec" + "[0]" * 100_000 + "}", {"spec": [1]}),
    "many braces": ("{" * 100_000, {}),
    "many closing braces": ("{a}" * 50_000 + "}" * 50_000, {}),
    "a long expression": ("/{" + "a" * 1_000_000, {}),
    "many quotes": ("/{['" * 100_000, {}),
    "many escapes": ("/{." + "\\" * 100_000 + "}", {}),
    "a long label": ("/{.metadata.labels['a']}", {"metadata": {"labels": {"a": "x" * 1_000_000}}}),
    "a number without end": ("/{.spec.a}", {"spec": {"a": 10**5000}}),
}


@pytest.mark.parametrize(("template", "service"), WORST.values(), ids=WORST)
@pytest.mark.parametrize("revision", [1, 2])
def test_no_template_takes_long(template: str, service: dict[str, Any], revision: int) -> None:
    with cpu_within(2.0):
        render_path(template, service, revision=revision)


def test_a_template_that_looks_too_far_says_so() -> None:
    found = render_path("/{" + "..a" * 11 + "}", {"spec": nested(22)}, revision=2)
    assert isinstance(found, PathProblem)
    assert found.message == f"the template looks at more than {MOST_LOOKS} values"
    assert peak_of(lambda: render_path("/{" + "..a" * 11 + "}", {"spec": nested(22)}, revision=2)) < 8 << 20


def test_work_grows_with_the_template_and_the_service() -> None:
    def render(template: str) -> Any:
        return render_path(template, {"metadata": {"labels": {"a": "b"}}, "spec": {"a": 1}}, revision=2)

    assert_linear(render, lambda n: "/" + "{.spec.a}" * n, 500)
    assert_linear(render, lambda n: "/" + "{.metadata.labels['a']}/" * n, 500)
    assert_linear(render, lambda n: "/{.spec" + ".b" * n + "}", 2_000)
    assert_linear(lambda spec: render_path("/{..x}", {"spec": spec}, revision=2), lambda n: [{"a": 1}] * n, 1_000)


@pytest.mark.parametrize("text", NASTY_TEXTS)
@pytest.mark.parametrize("revision", [1, 2])
def test_every_nasty_text_is_a_path_or_a_problem(text: str, revision: int) -> None:
    service = {"metadata": {"labels": {text: text}, "annotations": {text: text}, "name": text, "uid": text}}
    for template in (
        text,
        f"/{{{text}}}",
        f"/{{.metadata.labels['{text}']}}",
        "/{.metadata.name}",
        None,
        f"/{{..{text}}}",
    ):
        with cpu_within():
            assert isinstance(render_path(template, service, revision=revision), RenderedPath | PathProblem)

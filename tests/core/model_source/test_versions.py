"""Version constraints, filters and globs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore.kinds.model_source.filters import glob_matches, read_filters
from aimcore.kinds.model_source.versions import Constraint, precedence, read_constraint, tag_matches
from aimcore.resource import Resource


@pytest.mark.rule("S-6", "S-7", "S-8", "S-9", "D-10", "D-11")
@pytest.mark.parametrize(
    ("tag", "constraints", "expected"),
    [
        ("1.0.0", [">=1.0.0"], True),
        ("v1.0.0", [">=1.0.0"], True),
        ("1.5.0", [">=1.0.0", "<2.0.0"], True),
        ("2.5.0", [">=1.0.0", "<2.0.0"], False),
        ("1.2.3", ["~1.2.0"], True),
        ("1.3.0", ["~1.2.0"], False),
        ("1.3.0-rc1", ["~1.2.0"], False),
        ("1.9.0", ["~1"], True),
        ("1.5.0", ["^1.2.0"], True),
        ("2.0.0", ["^1.2.0"], False),
        ("2.0.0-rc1", ["^1.2.0"], False),
        ("0.2.9", ["^0.2.3"], True),
        ("0.3.0", ["^0.2.3"], False),
        ("0.0.4", ["^0.0.3"], False),
        ("latest", [">=1.0.0"], False),
        ("0.8.1-rc1", [">=0.8.0"], True),
        ("0.8.1-rc1", [">=0.8.1"], False),
        ("1.0.0-alpha.1", [">=1.0.0-alpha"], True),
        ("1.0.0-alpha.2", [">1.0.0-alpha.11"], False),
        ("0.8.4", [">=0.9"], False),
        ("0.9.0", [">=0.9"], True),
        ("0.8.4", ["0.8.4"], True),
        ("0.8.4", ["0.8.4", "0.8.5"], True),
        ("0.8.5", ["0.8.4", ">=0.9"], False),
        ("0.9.1", ["0.8.4", ">=0.9"], True),
        ("1.2.7", ["1.2.x"], True),
        ("1.3.0", ["1.2.x"], False),
        ("1.3.0", [">1.2.x"], True),
        ("1.2.9", [">1.2.x"], False),
        ("1.2.9", ["<=1.2.x"], True),
        ("1.3.0", ["<=1.2.x"], False),
        ("7.0.0", ["*"], True),
        ("7.0.0", [">*"], False),
        ("1.5.0", [">=1.0.0,<2.0.0"], True),
        ("1.5.0", [">= 1.0.0 < 1.2.0 || ==1.5.0"], True),
        ("1.5.0", ["!=1.5.0"], False),
        ("1.5.1", ["!1.5.0"], True),
        ("1.5.1", ["!=1.5.x"], False),
        ("1.5.0+build", ["1.5.0"], True),
        ("01.5.0", ["*"], False),
        ("1.5.0-01", ["*"], False),
        ("latest", [], True),
    ],
)
def test_constraints_work_as_in_the_semver_world(tag, constraints, expected):
    read = [read_constraint(c) for c in constraints]
    assert None not in read
    assert tag_matches(tag, read) is expected


@pytest.mark.rule("D-10")
@pytest.mark.parametrize("text", ["", "latest", ">=", "1.0.0 ||", "|| 1", "a.b.c", ">=1.0.0 x y", "1.2.3.4", "=>1"])
def test_what_is_no_constraint_is_refused(text):
    assert read_constraint(text) is None


@given(
    st.text(alphabet="0123.x*<>=!~^|, -v", max_size=15) | st.text(max_size=8), st.text(alphabet="v01.-a", max_size=8)
)
def test_any_text_is_a_constraint_or_none(text, tag):
    found = read_constraint(text)
    assert found is None or isinstance(found, Constraint)
    if found is not None:
        assert tag_matches(tag, [found]) in (True, False)


VERSIONS = st.tuples(*[st.integers(0, 3)] * 3).map(lambda v: ".".join(map(str, v)))


@given(VERSIONS, VERSIONS)
def test_comparators_agree_with_the_order_of_numbers(left, right):
    a, b = tuple(map(int, left.split("."))), tuple(map(int, right.split(".")))
    for operator, expected in (
        (">", a > b),
        (">=", a >= b),
        ("<", a < b),
        ("<=", a <= b),
        ("!=", a != b),
        ("=", a == b),
    ):
        assert tag_matches(left, [read_constraint(operator + right)]) is expected
    assert (precedence(left) < precedence(right)) is (a < b)


def one(image, registry="", **members):
    spec = {"filters": [{"image": image, **members}], **({"registry": registry} if registry else {})}
    (found,) = read_filters(Resource.of({"kind": "K", "metadata": {"name": "n"}, "spec": spec}))
    return found


@pytest.mark.rule("S-1", "S-2", "S-3", "D-12")
@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("silogen/aim-llama", ("docker.io", "silogen/aim-llama", "")),
        ("silogen/aim-*", ("docker.io", "silogen/aim-*", "")),
        ("silogen/aim-llama:1.0.0", ("docker.io", "silogen/aim-llama", "1.0.0")),
        ("ghcr.io/silogen/aim-llama", ("ghcr.io", "silogen/aim-llama", "")),
        ("ghcr.io/silogen/g:0.8.1-rc1", ("ghcr.io", "silogen/g", "0.8.1-rc1")),
        ("docker.io/library/ubuntu:latest", ("docker.io", "library/ubuntu", "latest")),
        ("ubuntu", ("docker.io", "library/ubuntu", "")),
        ("docker.io/org/aim-*", ("docker.io", "org/aim-*", "")),
        ("host:5000/a/b", ("host:5000", "a/b", "")),
        ("a/b@sha256:abc", ("docker.io", "a/b", "")),
    ],
)
def test_filters_are_taken_apart(image, expected):
    found = one(image)
    assert (found.registry, found.repository, found.tag) == expected


@pytest.mark.rule("D-12", "S-3")
def test_a_filters_own_registry_wins():
    assert one("docker.io/org/a", registry="ghcr.io").registry == "docker.io"
    assert one("org/a", registry="ghcr.io").registry == "ghcr.io"
    assert one("a", registry="ghcr.io").repository == "a"


@pytest.mark.rule("S-4")
@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("a/aim-*", "a/aim-x/y", True), ("aim-*-aim", "aim-aim", False), ("*", "", True), ("a*b*c", "axbxc", True),
        ("a*b*c", "ac", False), ("a", "a", True), ("A*", "a", False),
    ],
)  # fmt: skip
def test_globs_match_any_run(pattern, name, expected):
    assert glob_matches(pattern, name) is expected


@pytest.mark.rule("S-5")
def test_excluded_repositories_and_other_tags_do_not_match():
    found = one("org/aim-*", exclude=["org/aim-base"], versions=[">=1"])
    assert found.accepts("org/aim-x", "1.0.0")
    assert not found.accepts("org/aim-base", "1.0.0")
    assert not found.accepts("org/aim-x", "0.9.0")
    assert not found.accepts("org/other", "1.0.0")
    assert one("org/a:1").accepts("org/a", "1")
    assert not one("org/a:1").accepts("org/a", "2")

"""Errors of the world become component health."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aimcore.conditions import Category, Depends, State
from aimcore.errors import (
    READ_ERRORS,
    health_of_outcome,
    health_of_unreadable,
    reason_of_read,
    registry_failure_kind,
)
from aimcore.facts import FailureKind, Outcome, Refusal
from aimcore.resource import Key
from aimcore.snapshot import Unreadable

NOW = datetime(2026, 11, 23, 15, 33, tzinfo=UTC)
CHILD = Key("HTTPRoute", "ml-team", "qwen-chat-a04542d9")


@pytest.mark.rule("R-11.3")
@pytest.mark.parametrize(
    ("code", "reason", "expected", "category"),
    [
        (404, "NotFound", "NotFound", Category.MISSING_DOWNSTREAM),
        (401, "Unauthorized", "Unauthorized", Category.AUTH),
        (403, "Forbidden", "Forbidden", Category.AUTH),
        (422, "Invalid", "InvalidSpec", Category.INVALID_SPEC),
        (409, "AlreadyExists", "AlreadyExists", Category.INVALID_SPEC),
        (409, "Conflict", "Conflict", Category.INFRASTRUCTURE),
        (500, "ServerTimeout", "Timeout", Category.INFRASTRUCTURE),
        (504, "Timeout", "Timeout", Category.INFRASTRUCTURE),
        (503, "ServiceUnavailable", "ServiceUnavailable", Category.INFRASTRUCTURE),
        (500, "InternalError", "ServiceUnavailable", Category.INFRASTRUCTURE),
        (429, "TooManyRequests", "RateLimited", Category.INFRASTRUCTURE),
        (429, "Forbidden", "RateLimited", Category.INFRASTRUCTURE),
        (500, "", "ServiceUnavailable", Category.INFRASTRUCTURE),
        (502, "", "ServerError", Category.INFRASTRUCTURE),
        (410, "Expired", "ClientError", Category.INVALID_SPEC),
        (403, "Odd", "Forbidden", Category.AUTH),
    ],
)
def test_answers_are_classified_by_reason_and_else_by_code(code, reason, expected, category):
    assert reason_of_read(code, reason) == expected
    assert READ_ERRORS[expected].category is category


@pytest.mark.rule("R-11.3")
def test_what_is_no_error_code_is_unknown():
    assert reason_of_read(0, "") == "UnknownError"


@pytest.mark.rule("R-11.3", "R-11.4")
@pytest.mark.parametrize(
    ("reason", "state"),
    [
        ("Forbidden", State.FAILED),
        ("InvalidSpec", State.FAILED),
        ("Timeout", State.DEGRADED),
        ("NotFound", State.PROGRESSING),
        ("ConnectionRefused", State.DEGRADED),
        ("UnknownError", State.DEGRADED),
        ("", State.DEGRADED),
    ],
)
def test_an_unreadable_object_is_never_healthy(reason, state):
    health = health_of_unreadable("Model", Unreadable("AIMModel", reason, ""), Depends.UPSTREAM)
    assert (health.component, health.state, health.depends) == ("Model", state, Depends.UPSTREAM)
    assert health.reason == (reason or "UnknownError")
    assert health.message.startswith("AIMModel: ")


@pytest.mark.rule("R-11.3")
def test_the_servers_sentence_wins_over_ours():
    assert (
        health_of_unreadable("X", Unreadable("Node", "Forbidden", "nodes is forbidden")).message
        == "Node: nodes is forbidden"
    )
    ours = health_of_unreadable("X", Unreadable("Node", "Forbidden", "")).message
    assert ours == "Node: Insufficient permissions to access resource"


@pytest.mark.rule("R-11.4", "R-12.1")
@pytest.mark.parametrize("refusal", list(Refusal))
def test_every_refused_write_names_the_child_and_the_servers_words(refusal):
    health = health_of_outcome("HTTPRoute", CHILD, Outcome(refusal, "the server says no", NOW))
    assert not health.is_ready
    assert health.reason == refusal.value
    assert health.message == "HTTPRoute ml-team/qwen-chat-a04542d9: the server says no"
    assert health.depends is Depends.DOWNSTREAM


@pytest.mark.rule("R-11.4")
@pytest.mark.parametrize(
    ("refusal", "state", "category"),
    [
        (Refusal.FIELD_CONFLICT, State.DEGRADED, None),
        (Refusal.QUOTA_EXCEEDED, State.FAILED, Category.EXHAUSTION),
        (Refusal.ADMISSION_DENIED, State.FAILED, Category.INVALID_SPEC),
        (Refusal.FORBIDDEN, State.FAILED, Category.AUTH),
        (Refusal.KIND_NOT_INSTALLED, State.DEGRADED, None),
        (Refusal.INVALID_SPEC, State.FAILED, Category.INVALID_SPEC),
        (Refusal.SERVER_UNREACHABLE, State.DEGRADED, Category.INFRASTRUCTURE),
        (Refusal.UNKNOWN, State.DEGRADED, Category.INFRASTRUCTURE),
    ],
)
def test_refusals_differ_in_whose_fault_they_are(refusal, state, category):
    health = health_of_outcome("X", CHILD, Outcome(refusal, "", NOW))
    assert (health.state, health.category) == (state, category)


@pytest.mark.rule("R-12.1")
def test_a_conflict_names_manager_and_fields():
    outcome = Outcome(Refusal.FIELD_CONFLICT, "conflict", NOW, "kubectl-edit", (".spec.rules", ".spec.parentRefs"))
    message = health_of_outcome("HTTPRoute", CHILD, outcome).message
    assert message.endswith("(.spec.rules, .spec.parentRefs held by kubectl-edit)")


@pytest.mark.rule("M-16")
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("UNAUTHORIZED: authentication required", FailureKind.AUTH),
        ("401", FailureKind.AUTH),
        ("pull access denied", FailureKind.AUTH),
        ("denied: not found", FailureKind.AUTH),
        ("no basic auth credentials", FailureKind.AUTH),
        ("manifest unknown", FailureKind.NOT_FOUND),
        ("name unknown: repository", FailureKind.NOT_FOUND),
        ("no such host", FailureKind.NOT_FOUND),
        ("status 404", FailureKind.NOT_FOUND),
        ("dial tcp: i/o timeout", FailureKind.UNREACHABLE),
        ("", FailureKind.UNREACHABLE),
    ],
)
def test_registry_texts_are_classified_auth_first(text, kind):
    assert registry_failure_kind(text) is kind

"""Injected transport faults: whom they strike, how often, and what the answers look like."""

from __future__ import annotations

import pytest

from aimctl_runtime.local.faults import AFTERWARDS, REFUSALS, STREAMS, Call, Effect, Fault, Faults

GET = Call("get", "", "pods")
WATCH = Call("watch", "", "pods")
PATCH = Call("patch", "aim.eai.amd.com", "aimservices/status")


def test_a_fault_strikes_as_often_as_it_says_and_is_then_spent():
    faults = Faults()
    faults.inject(Fault(Effect.INTERNAL, times=2, skip=1))
    assert [bool(faults.strike(GET)) for _ in range(4)] == [False, True, True, False]
    assert faults.struck == [(Effect.INTERNAL, GET)] * 2
    assert faults.waiting == []


def test_a_fault_strikes_only_the_calls_it_names():
    faults = Faults()
    faults.inject(Fault(Effect.CONFLICT, verbs=frozenset({"patch"}), resources=frozenset({"aimservices/status"})))
    assert faults.strike(GET) is None
    assert faults.strike(PATCH._replace(resource="aimservices")) is None
    assert faults.strike(PATCH).effect is Effect.CONFLICT


@pytest.mark.parametrize("effect", sorted(STREAMS))
def test_stream_faults_wait_for_a_watch(effect):
    faults = Faults()
    faults.inject(Fault(effect))
    assert faults.strike(GET) is None
    assert faults.strike(WATCH).effect is effect


@pytest.mark.parametrize("effect", sorted(AFTERWARDS))
def test_spoiled_answers_never_strike_a_watch(effect):
    faults = Faults()
    faults.inject(Fault(effect))
    assert faults.strike(WATCH) is None
    assert faults.strike(GET).effect is effect


def test_the_first_fault_strikes_alone_and_clearing_ends_them():
    faults = Faults()
    faults.inject(Fault(Effect.INTERNAL), Fault(Effect.SLOW, times=9))
    assert [faults.strike(GET).effect for _ in range(2)] == [Effect.INTERNAL, Effect.SLOW]
    faults.clear()
    assert faults.strike(GET) is None


@pytest.mark.rule("F-99", "F-100", "F-101")
def test_refusals_have_the_shapes_of_the_real_server():
    plain, counted, timeout = (REFUSALS[e] for e in (Effect.TOO_MANY_PLAIN, Effect.TOO_MANY, Effect.TIMEOUT))
    assert isinstance(plain.body, str)
    assert plain.headers["Retry-After"] == counted.headers["Retry-After"] == "1"
    assert counted.body["details"] == {"retryAfterSeconds": 1}
    assert REFUSALS[Effect.UNAVAILABLE].body["details"] == {"retryAfterSeconds": 5}
    assert "kind" not in timeout.body
    assert "apiVersion" not in timeout.body
    assert timeout.content_type.startswith("text/plain")
    assert all(r.code >= 400 for r in REFUSALS.values())


def test_every_effect_is_exactly_one_of_refusal_spoiled_answer_stream_or_delay():
    sorts = [set(REFUSALS), set(AFTERWARDS), set(STREAMS), {Effect.SLOW}]
    assert sum(map(len, sorts)) == len(set().union(*sorts)) == len(Effect)

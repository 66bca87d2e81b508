from __future__ import annotations

import pytest

from realtime_fakes.clock import VirtualClock
from realtime_fakes.errors import ApiError
from realtime_fakes.ids import Ids
from realtime_fakes.keys import KeyRing
from realtime_fakes.policy import Policy


@pytest.fixture
def clock():
    return VirtualClock(1_785_214_048.7)


@pytest.fixture
def ring(clock):
    return KeyRing(["sk-one", "sk-two"], clock=clock, ids=Ids(7))


def test_standard_keys_bring_no_configuration(ring):
    assert ring.admit("sk-one") is None
    assert ring.admit("sk-two") is None


def test_an_ephemeral_key_may_be_used_again_until_it_expires(ring, clock):
    key = ring.mint({"type": "realtime", "instructions": "x"}, seconds=10)
    assert key.expires_at == 1_785_214_058
    clock.advance(9)
    assert ring.admit(key.value) is key
    assert ring.admit(key.value) is key
    clock.advance(0.5)
    with pytest.raises(ApiError) as caught:
        ring.admit(key.value)
    assert (caught.value.status, caught.value.code) == (401, "invalid_api_key")
    assert ring.describe() == [{"id": key.value[:11], "expires_at": 1_785_214_058, "expired": True}]


@pytest.mark.parametrize(
    ("session", "model"),
    [({}, "gpt-realtime"), ({"model": "gpt-realtime-2.1"}, "gpt-realtime-2.1")],
)
def test_the_model_of_a_key(ring, session, model):
    assert ring.mint(session, seconds=10).model == model


@pytest.mark.parametrize(
    ("key", "code"),
    [(None, None), ("", None), ("sk-three", "invalid_api_key"), ("ek_0", "invalid_api_key")],
)
def test_other_keys_are_refused(ring, key, code):
    with pytest.raises(ApiError) as caught:
        ring.admit(key)
    assert (caught.value.status, caught.value.code) == (401, code)


def test_a_refusal_shows_only_the_ends_of_a_key(ring):
    with pytest.raises(ApiError, match=r": sk-se\*{8}tail\. You can find"):
        ring.admit("sk-secret-secret-secret-tail")
    with pytest.raises(ApiError, match=r": \*{8}\. You can find"):
        ring.admit("sk-short")


def test_an_ephemeral_key_does_not_pass_for_a_standard_one(ring):
    ring.admit_standard("sk-one")
    with pytest.raises(ApiError):
        ring.admit_standard(ring.mint({}, seconds=10).value)


def test_clearing_forgets_ephemeral_keys(ring):
    key = ring.mint({}, seconds=10)
    ring.clear()
    with pytest.raises(ApiError):
        ring.admit(key.value)
    assert ring.describe() == []


@pytest.mark.parametrize(("grace", "after", "is_good"), [(5.0, 14, True), (-5.0, 6, False)])
def test_expiry_may_be_late_or_early(clock, grace, after, is_good):
    ring = KeyRing([], clock=clock, ids=Ids(7), policy=lambda key: Policy(key_grace_s=grace))
    key = ring.mint({"type": "realtime"}, seconds=10)
    clock.advance(after)
    if is_good:
        assert ring.admit(key.value) is key
    else:
        with pytest.raises(ApiError):
            ring.admit(key.value)


def test_keys_may_be_of_another_form(clock):
    ring = KeyRing([], clock=clock, ids=Ids(7), policy=lambda key: Policy(ephemeral_prefix="eph-"))
    assert ring.mint({"type": "realtime"}, seconds=10).value.startswith("eph-")

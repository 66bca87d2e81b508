from __future__ import annotations

import pytest

from realtime_fakes.defects import DEFECTS
from realtime_fakes.defects.relay import SWITCHES
from realtime_fakes.relays.policy import RelayPolicy, relay_policy


def test_a_relay_without_defects_is_right() -> None:
    assert relay_policy(()) == RelayPolicy()


@pytest.mark.parametrize("switch", SWITCHES, ids=lambda switch: switch.name)
def test_a_defect_of_relays_changes_the_policy(switch) -> None:
    policy = relay_policy([switch.name])
    assert policy != RelayPolicy()
    for name, value in switch.policy.items():
        assert getattr(policy, name) == value
    assert policy.taps == ((switch.event,) if switch.event is not None else ())


def test_defects_add_up() -> None:
    names = [switch.name for switch in SWITCHES if switch.event is not None]
    assert len(relay_policy(names).taps) == len(names) > 1


def test_defects_of_the_service_change_nothing() -> None:
    names = [switch.name for switch in DEFECTS if switch.where == "service"]
    assert relay_policy(names) == RelayPolicy()


def test_an_unknown_defect_is_refused() -> None:
    with pytest.raises(ValueError, match="nope"):
        relay_policy(["nope"])

from __future__ import annotations

from dataclasses import replace

import pytest

from realtime_harness.errors import TargetUnreachable
from realtime_harness.load.requests import LightSignaling


async def test_answers_are_those_of_the_other_client(fake):
    async with LightSignaling(fake, timeout_s=5) as signaling:
        made = await signaling.client_secret()
        assert made.status == 200
        assert made.json()["value"].startswith("ek_")
        assert made.headers["content-type"].startswith("application/json")
        refused = await signaling.create_call("no offer", model=fake.model)
        assert refused.status == 400
        assert refused.error
        unknown = await signaling.client_secret(key="sk-unknown")
        assert unknown.status == 401


async def test_nobody_answers(fake):
    nowhere = replace(fake, base_url="http://127.0.0.1:9/v1")
    async with LightSignaling(nowhere, timeout_s=5) as signaling:
        with pytest.raises(TargetUnreachable, match="nothing listens there"):
            await signaling.client_secret()

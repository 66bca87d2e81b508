from __future__ import annotations

import json
from typing import get_args

import pytest
from openai.types.realtime.realtime_tools_config_union import Mcp

from realtime_fakes.audience import McpOutcome, McpRequest
from realtime_fakes.mcp_client import McpClient
from realtime_fakes.mcp_connectors import TOOLS


async def ask(connector: str, method: str, **params: object) -> McpOutcome:
    server = {"connector_id": connector, "authorization": "oauth"}
    return await McpClient().ask(McpRequest("item_1", server, method, params))


def test_every_connector_of_the_sdk_is_there() -> None:
    annotation = Mcp.model_fields["connector_id"].annotation
    assert set(get_args(get_args(annotation)[0])) == set(TOOLS)


@pytest.mark.parametrize("connector", TOOLS)
async def test_a_connector_lists_its_tools(connector: str) -> None:
    listed = (await ask(connector, "tools/list")).result
    assert listed is not None
    assert [tool["name"] for tool in listed["tools"]] == [*TOOLS[connector]]
    assert all(tool["annotations"] == {"readOnlyHint": True} for tool in listed["tools"])


async def test_a_connector_answers_with_what_it_was_asked() -> None:
    arguments = {"query": "from:ann"}
    outcome = await ask("connector_gmail", "tools/call", name="search_emails", arguments=arguments)
    assert outcome.result is not None
    (part,) = outcome.result["content"]
    assert json.loads(part["text"]) == {
        "connector": "connector_gmail",
        "tool": "search_emails",
        "arguments": arguments,
    }
    assert outcome.result["isError"] is False


async def test_a_connector_has_no_other_tools() -> None:
    outcome = await ask("connector_gmail", "tools/call", name="send_money")
    assert outcome.result is not None
    assert outcome.result["isError"] is True

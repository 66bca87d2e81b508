from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

from realtime_fakes.images import image_tokens

OpenStage = Any
Event = dict[str, Any]
Message = Callable[..., Event]


def png(width: int, height: int) -> str:
    head = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR"
    data = head + width.to_bytes(4) + height.to_bytes(4) + bytes(5)
    return "data:image/png;base64," + b64encode(data).decode()


def jpeg(width: int, height: int) -> str:
    thumbnail = b"\xff\xe0\0\x10" + bytes(14)
    frame = b"\xff\xc0\0\x11\x08" + height.to_bytes(2) + width.to_bytes(2) + bytes(10)
    data = b"\xff\xd8" + thumbnail + frame
    return "data:image/jpeg;base64," + b64encode(data).decode()


@pytest.mark.parametrize(
    ("uri", "detail", "tokens"),
    [
        pytest.param(png(4000, 4000), "low", 85, id="low"),
        pytest.param(png(512, 512), "high", 255, id="a-tile"),
        pytest.param(png(1024, 1024), "auto", 765, id="scaled"),
        pytest.param(png(2048, 4096), "high", 1105, id="tall"),
        pytest.param(jpeg(1024, 512), "high", 425, id="jpeg"),
        pytest.param("data:image/png;base64,AAAA", "high", 255, id="no-png"),
        pytest.param("data:image/jpeg;base64,/9j/", "high", 255, id="half-a-jpeg"),
        pytest.param(png(0, 5), "high", 255, id="nothing"),
    ],
)
def test_what_an_image_costs(uri: str, detail: str, tokens: int) -> None:
    assert image_tokens(uri, detail) == tokens


def show(uri: str, **more: Any) -> Event:
    content = [{"type": "input_image", "image_url": uri, **more}]
    item = {"type": "message", "role": "user", "content": content}
    return {"type": "conversation.item.create", "item": item}


def test_images_are_input_of_their_own_kind(open_stage: OpenStage, message: Message) -> None:
    stage = open_stage(instructions="")
    added = stage.send(show(png(512, 512)))[0]
    assert added["item"]["content"] == [{"type": "input_image", "image_url": png(512, 512)}]
    answered = stage.send(message("x"), {"type": "response.create"})
    usage = next(e for e in answered if e["type"] == "response.done")["response"]["usage"]
    assert usage["input_token_details"]["image_tokens"] == 255
    assert usage["input_tokens"] == sum(
        usage["input_token_details"][kind]
        for kind in ("text_tokens", "audio_tokens", "image_tokens")
    )


@pytest.mark.parametrize(
    "uri",
    ["https://example.com/a.png", "data:image/gif;base64,AAAA", "data:image/png;base64,A A"],
    ids=["link", "gif", "no-base64"],
)
def test_what_is_no_image_is_refused(open_stage: OpenStage, uri: str) -> None:
    (error,) = open_stage().send(show(uri))
    assert error["error"]["code"] == "invalid_value"
    assert error["error"]["param"] == "item.content[0].image_url"

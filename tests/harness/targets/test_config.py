from __future__ import annotations

import json
from pathlib import Path

import pytest
import trustme

from realtime_harness.errors import UsageError
from realtime_harness.targets.capabilities import Capability
from realtime_harness.targets.config import TargetFile, resolve_target
from realtime_harness.targets.target import Target

GOOD = 'base_url = "https://host/v1/"\napi_key = "abc"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "targets.toml"


def target_file(file: Path, table: str) -> TargetFile:
    file.write_text(f"[targets.staging]\n{table}", encoding="utf-8")
    return TargetFile.read(file)


def test_full_table(file: Path) -> None:
    trustme.CA().cert_pem.write_to_path(file.parent / "ca.pem")
    table = (
        'base_url = "https://host/v1/"\napi_key_env = "STAGING"\nmodel = "m"\n'
        'capabilities = ["websocket", "webrtc"]\nca_file = "ca.pem"\n'
    )
    target = resolve_target("staging", target_file(file, table), {"STAGING": "abc"})
    assert target is not None
    assert (target.name, target.base_url, target.model) == ("staging", "https://host/v1", "m")
    assert target.api_key == "abc"
    assert target.capabilities == {Capability.WEBSOCKET, Capability.WEBRTC}
    assert target.ca_file == str(file.parent / "ca.pem")
    assert "abc" not in repr(target)


@pytest.mark.parametrize(
    ("line", "url"),
    [("", None), ('mcp_server_url = "https://tools/mcp"', "https://tools/mcp")],
    ids=["none", "given"],
)
def test_mcp_server_that_the_endpoint_can_reach(file: Path, line: str, url: str | None) -> None:
    target = resolve_target("staging", target_file(file, GOOD + line), {})
    assert target is not None
    assert target.mcp_server_url == url


@pytest.mark.parametrize(
    ("table", "message"),
    [
        pytest.param('api_key = "abc"', r"base_url: write", id="no-base-url"),
        pytest.param('base_url = "host/v1"\napi_key = "a"', r"base_url: write", id="no-scheme"),
        pytest.param(GOOD + 'url = "x"', r"url: unknown", id="unknown-key"),
        pytest.param(GOOD + "model = 5", r"model: has to be a string", id="number"),
        pytest.param(GOOD + 'api_key_env = "X"', r"api_key: give it or", id="two-keys"),
        pytest.param('base_url = "https://h/v1"\napi_key = ""', r"api_key: is empty", id="empty"),
        pytest.param(
            'base_url = "https://h/v1"', r"api_key_env: set REALTIME_API_KEY", id="no-key"
        ),
        pytest.param(
            'base_url = "https://h/v1"\napi_key_env = "STAGING"',
            r"api_key_env: set STAGING",
            id="no-variable",
        ),
        pytest.param(GOOD + 'ca_file = "no.pem"', r"ca_file: .*does not exist", id="no-ca"),
        pytest.param(
            GOOD + 'capabilities = ["telepathy"]', r"capabilities: has to be", id="unknown-cap"
        ),
        pytest.param(GOOD + 'capabilities = "webrtc"', r"capabilities: has to be", id="no-list"),
        pytest.param(GOOD + 'capabilities = [["a"]]', r"capabilities: has to be", id="nested"),
    ],
)
def test_unusable_table_names_file_key_and_remedy(file: Path, table: str, message: str) -> None:
    with pytest.raises(UsageError, match=rf"targets\.toml: targets\.staging\.{message}"):
        resolve_target("staging", target_file(file, table), {"OPENAI_API_KEY": "abc"})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("[targets", "is not TOML", id="broken"),
        pytest.param("[staging]\na = 1", "staging: unknown", id="not-below-targets"),
        pytest.param("targets = 1", "has to be tables", id="no-tables"),
        pytest.param('[targets]\nstaging = "x"', "has to be tables", id="no-table"),
    ],
)
def test_unusable_file(file: Path, content: str, message: str) -> None:
    file.write_text(content)
    with pytest.raises(UsageError, match=message):
        TargetFile.read(file)


def test_file_that_was_named_has_to_exist(file: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        TargetFile.read(file)


def test_file_in_the_working_directory_is_optional(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert not TargetFile.read().tables
    Path("realtime-harness.toml").write_text(f"[targets.near]\n{GOOD}")
    assert list(TargetFile.read().tables) == ["near"]


@pytest.mark.parametrize(
    ("name", "environment", "label", "key"),
    [
        pytest.param("openai", {"OPENAI_API_KEY": "a"}, "openai", "a", id="openai"),
        pytest.param(
            "openai", {"REALTIME_API_KEY": "b"}, "openai", "b", id="openai-other-variable"
        ),
        pytest.param(
            "http://127.0.0.1:80/v1", {"REALTIME_API_KEY": "b"}, "127.0.0.1:80", "b", id="url"
        ),
    ],
)
def test_names_without_a_table(
    name: str, environment: dict[str, str], label: str, key: str
) -> None:
    target = resolve_target(name, TargetFile(Path("none.toml"), {}), environment)
    assert target is not None
    assert (target.name, target.api_key) == (label, key)
    assert Capability.CONTROL not in target.capabilities


def test_fake_has_to_be_started() -> None:
    assert resolve_target("fake", TargetFile(Path("none.toml"), {}), {}) is None


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param("openai", "set OPENAI_API_KEY or REALTIME_API_KEY", id="openai-without-key"),
        pytest.param("https://host/v1", "set REALTIME_API_KEY", id="url-without-key"),
        pytest.param("stagng", r"give fake, openai, .* \[targets.stagng\]", id="unknown"),
        pytest.param("https://me:pw@host/v1", "no target", id="credentials-in-url"),
        pytest.param("https://host:port/v1", "no target", id="port-in-words"),
    ],
)
def test_unusable_names(name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        resolve_target(name, TargetFile(Path("none.toml"), {}), {})


AZURE = {"AZURE_OPENAI_API_KEY": "abc", "AZURE_OPENAI_ENDPOINT": "https://r.openai.azure.com/"}


def test_azure_without_a_table() -> None:
    file = TargetFile(Path("none.toml"), {})
    target = resolve_target("azure", file, {**AZURE, "AZURE_OPENAI_DEPLOYMENT": "ours"})
    assert target is not None
    assert (target.base_url, target.model) == ("https://r.openai.azure.com/openai/v1", "ours")
    assert target.calls_need_ephemeral_key
    assert target.models_are_deployments
    assert target.profile.key_style.headers("abc") == {"api-key": "abc"}
    assert target.retry.attempts > 1
    with pytest.raises(UsageError, match="azure cannot be used: set AZURE_OPENAI_ENDPOINT"):
        resolve_target("azure", file, {"AZURE_OPENAI_API_KEY": "abc"})


@pytest.mark.parametrize(
    ("url", "profile"),
    [
        ("https://api.openai.com/v1", "openai-2026-09"),
        ("https://r.openai.azure.com/openai/v1", "azure-ga"),
        ("https://gateway.example.com/v1", "compatible"),
    ],
    ids=["openai", "azure", "others"],
)
def test_kind_is_known_by_the_host(file: Path, url: str, profile: str) -> None:
    target = resolve_target(
        "staging", target_file(file, f'base_url = "{url}"\napi_key = "abc"'), {}
    )
    assert target is not None
    assert target.profile.name == profile


@pytest.mark.parametrize("auth", ["bearer", "header:X-API-Key", "query:api_key"])
def test_key_in_any_place(file: Path, auth: str) -> None:
    target = resolve_target("staging", target_file(file, f'{GOOD}auth = "{auth}"'), {})
    assert target is not None
    assert str(target.profile.key_style) == auth
    assert Capability.API_KEYS in target.capabilities


def test_without_a_key(file: Path) -> None:
    table = 'base_url = "https://host/v1"\nauth = "none"'
    target = resolve_target("staging", target_file(file, table), {})
    assert target is not None
    assert target.api_key == ""
    assert Capability.API_KEYS not in target.capabilities


def test_particulars_of_a_vendor_are_of_its_kind(file: Path) -> None:
    table = (
        'kind = "azure"\nbase_url = "https://gateway/openai/v1"\napi_key = "abc"\nretries = 0\n'
        'webrtcfilter = true\ntranscription_model = "scribe"\npatience_s = 9'
    )
    target = resolve_target("staging", target_file(file, table), {})
    assert target is not None
    assert target.profile.filters_calls
    assert (target.transcription_model, target.patience_s) == ("scribe", 9)
    assert target.retry.attempts == 1


RELAY = """[targets.ours]
kind = "relay"
base_url = "http://127.0.0.1:9000/v1"
upstream = "service"
via = "{via}"
[targets.service]
base_url = "https://service/v1"
api_key = "abc"
model = "m"
capabilities = ["websocket", "webrtc", "sideband", "mcp"]
"""


@pytest.mark.parametrize(
    ("via", "claims"), [("ws", {"websocket", "mcp"}), ("webrtc", {"webrtc", "mcp"})]
)
def test_relay_has_what_is_behind_it_and_can_pass_it(
    file: Path, via: str, claims: set[str]
) -> None:
    file.write_text(RELAY.format(via=via))
    target = resolve_target("ours", TargetFile.read(file), {})
    assert target is not None
    assert target.upstream is not None
    assert (target.upstream.name, target.relay_kind) == ("service", via)
    assert (target.model, target.api_key) == ("m", "abc")
    assert {each.value for each in target.capabilities} == claims
    assert target.base_url == "http://127.0.0.1:9000/v1"


def test_other_processes_get_all_of_it(file: Path) -> None:
    file.write_text(RELAY.format(via="ws"))
    target = resolve_target("ours", TargetFile.read(file), {})
    assert target is not None
    assert Target.from_json(json.loads(json.dumps(target.to_json()))) == target

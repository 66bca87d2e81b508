from __future__ import annotations

from pathlib import Path

import pytest

from realtime_harness.errors import UsageError
from realtime_harness.targets.capabilities import Capability
from realtime_harness.targets.config import TargetFile, resolve_target

GOOD = 'base_url = "https://host/v1/"\napi_key = "abc"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "targets.toml"


def target_file(file: Path, table: str) -> TargetFile:
    file.write_text(f"[targets.staging]\n{table}", encoding="utf-8")
    return TargetFile.read(file)


def test_full_table(file: Path) -> None:
    (file.parent / "ca.pem").touch()
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
        resolve_target("staging", target_file(file, table), {})


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

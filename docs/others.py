"""Runs all suites against a server that is not ours, and writes the tables of docs/others.md.

``python docs/others.py`` installs the npm package ``@copilotkit/aimock`` into a folder of its own,
so it needs npm and the network; it is no part of the tests.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from realtime_harness.results import CheckResult, read_run
from realtime_harness.verdicts import Verdict

PAGE = Path(__file__).with_name("others.md")
PACKAGE = "@copilotkit/aimock"
KEY = "sk-aimock"
FIXTURES = {
    "fixtures": [{"match": {}, "response": {"content": "Hello! How can I help you today?"}}]
}
TARGET = """\
[targets.aimock]
base_url = "http://127.0.0.1:{port}/v1"
api_key_env = "AIMOCK_KEY"
capabilities = ["websocket"]
"""
RED = (Verdict.FAIL, Verdict.WARN)


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[tuple[int, str]]:
    """Install and start the server; yield its port and its version."""
    subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), PACKAGE], check=True
    )
    modules = folder / "node_modules"
    version = json.loads((modules / PACKAGE / "package.json").read_text())["version"]
    (folder / "fixtures.json").write_text(json.dumps(FIXTURES))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [modules / ".bin" / "llmock", "-p", str(port), "-f", folder / "fixtures.json"],
        env={**os.environ, "AIMOCK_API_KEYS": KEY},
        stdout=subprocess.DEVNULL,
    )
    try:
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        yield port, version
    finally:
        server.terminate()
        server.wait(10)


def tables(checks: list[CheckResult]) -> str:
    """Return the counts by suite, and what is not met."""
    shown = [verdict for verdict in Verdict if any(each.verdict is verdict for each in checks)]
    lines = ["| suite | " + " | ".join(verdict.value for verdict in shown) + " |"]
    lines.append("|---|" + "---:|" * len(shown))
    for suite in dict.fromkeys(check.suite for check in checks):
        count = Counter(check.verdict for check in checks if check.suite == suite)
        cells = (str(count[verdict] or "") for verdict in shown)
        lines.append(f"| {suite} | " + " | ".join(cells) + " |")
    lines += ["", "| check | verdict | what came |", "|---|---|---|"]
    first: dict[str, CheckResult] = {}
    for check in checks:
        if check.verdict in RED:
            first.setdefault(check.check, check)
    for name, check in sorted(first.items()):
        reason = " ".join(
            re.sub(r"\b(item|resp|sess|event)_[\w-]{6,}", r"\1_…", check.reason).split()
        )
        reason = reason if len(reason) <= 140 else reason[:140] + "…"
        lines.append(f"| `{name}` | {check.verdict.value} | {reason.replace('|', chr(92) + '|')} |")
    return "\n".join(lines)


def main() -> None:
    """Run everything and rewrite what is below the mark in the page."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with serving(folder) as (port, version):
            (folder / "realtime-harness.toml").write_text(TARGET.format(port=port))
            subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "realtime_harness",
                    "run",
                    "--target",
                    "aimock",
                    "--out=out",
                ],
                cwd=folder,
                env={**os.environ, "AIMOCK_KEY": KEY},
                check=False,
            )
        run = read_run(folder / "out")
    mark = "<!-- written by docs/others.py -->\n"
    head = PAGE.read_text(encoding="utf-8").partition(mark)[0]
    about = f"`{PACKAGE}` {version}, {run.info.started_at[:10]}, contract {run.info.contract}."
    PAGE.write_text(f"{head}{mark}\n{about}\n\n{tables(run.checks)}\n", encoding="utf-8")


if __name__ == "__main__":
    main()

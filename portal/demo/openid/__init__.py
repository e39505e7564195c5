"""The demo companies' OpenID provider: a certified Node program with one issuer per company and no passwords.

For the demo and for tests only. It needs `node` and `npm` (20 or later); its packages are installed on first use.
"""

import fcntl
import json
import select
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

HERE = Path(__file__).parent


class CannotStart(Exception):
    """The provider did not come up; the text says what is missing."""


@dataclass(frozen=True)
class DemoProvider:
    """A running provider. It ends with `stop`, with the block it is used in, or when this process ends."""

    port: int
    issuers: Mapping[str, str]
    process: subprocess.Popen[str]

    def stop(self) -> None:
        """End it and wait until it has ended."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        self.process.wait(timeout=10)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def install() -> None:
    """Install the Node packages once, from the lock file; a second caller waits for the first."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            raise CannotStart(f"Node.js 20 以降が必要です: {tool} が見つかりません。")
    with (HERE / "package-lock.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (HERE / "node_modules" / ".package-lock.json").exists():
            return
        done = subprocess.run(
            ["npm", "ci", "--no-audit", "--no-fund"], cwd=HERE, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise CannotStart(f"npm ci: {done.stderr.strip()}")


def start(config: Mapping[str, Any], *, seconds: float = 20) -> DemoProvider:
    """Start the provider with `config` (README.md beside this file) and return once it listens."""
    install()
    process = subprocess.Popen(
        ["node", str(HERE / "server.mjs"), "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    if process.stdin is None or process.stdout is None:
        raise CannotStart("no pipes")
    process.stdin.write(json.dumps(config) + "\n")
    process.stdin.flush()
    readable, _, _ = select.select([process.stdout], [], [], seconds)
    line = process.stdout.readline() if readable else ""
    if not line:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()
        raise CannotStart("デモ用の認証サーバーが起動しませんでした。")
    ready = json.loads(line)
    return DemoProvider(port=ready["port"], issuers=ready["issuers"], process=process)

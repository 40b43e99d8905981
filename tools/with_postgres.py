#!/usr/bin/env python
"""Run a command with DATABASE_URL naming a private PostgreSQL that lives as long as the command.

For example: tools/with_postgres.py python -m pytest -m race
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

# Nothing in it outlives the run: skip every wait for the disk.
SERVER_OPTIONS = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"
# The largest race: two hundred visitors at once, each with a connection, and room to spare.
CONNECTIONS = 230


def server_programs() -> Path:
    """The folder of the newest installed server; Debian keeps it off the PATH."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(versions, key=lambda path: int(path.parts[-3]), default=None)
    if newest is None:
        sys.exit("缺少 PostgreSQL 服务器程序，请先执行 make setup-test。")
    return newest.parent


def unprivileged() -> dict:
    """PostgreSQL refuses to run as root: lend it the account its package made."""
    if os.getuid() != 0:
        return {}
    return {"user": "postgres", "group": "postgres", "extra_groups": []}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main(command: list[str]) -> int:
    # A stop from outside must still reach the ``finally`` below.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    programs, account = server_programs(), unprivileged()
    password, port = secrets.token_hex(16), free_port()
    with tempfile.TemporaryDirectory(prefix="portal-postgres-") as folder:
        base = Path(folder)
        (base / "password").write_text(password)
        if account:
            for path in (base, base / "password"):
                shutil.chown(path, account["user"], account["group"])

        def server(program: str, *arguments: str) -> None:
            subprocess.run(
                [programs / program, "-D", base / "data", *arguments],
                cwd=base,
                stdout=subprocess.DEVNULL,
                check=True,
                **account,
            )

        server(
            "initdb",
            "--username=portal",
            f"--pwfile={base / 'password'}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        )
        listen = f"-c listen_addresses=127.0.0.1 -c port={port} -c max_connections={CONNECTIONS}"
        listen += f" -k {base} {SERVER_OPTIONS}"
        server("pg_ctl", "start", "-w", "-l", str(base / "log"), "-o", listen)
        try:
            url = f"postgres://portal:{password}@127.0.0.1:{port}/postgres"
            return subprocess.run(command, env={**os.environ, "DATABASE_URL": url}).returncode
        finally:
            server("pg_ctl", "stop", "-w", "-m", "immediate")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))

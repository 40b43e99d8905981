"""The one command that starts the portal, run for real in a folder of its own."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

from django.conf import settings


def environment(folder: Path) -> dict[str, str]:
    """As on a person's own machine, whatever the tests themselves run on."""
    ours = {key: v for key, v in os.environ.items() if key not in ("DATABASE_URL", "REDIS_URL")}
    return {**ours, "DATA_DIR": str(folder)}


def serve(folder: Path, port: int) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "manage.py", "serve", f"--bind=127.0.0.1:{port}"],
        cwd=settings.BASE_DIR,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def descendants(pid: int) -> set[int]:
    found = {pid}
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            found |= descendants(int(child))
    return found


def test_it_starts_from_nothing_and_leaves_nothing_behind_on_ctrl_c(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]  # free again at the end of this block
    portal = serve(tmp_path, port)
    said = ""
    for line in portal.stdout:
        said += line
        if "停止：" in line:
            break
    assert f"http://127.0.0.1:{port}/" in said
    with urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
        assert answer.read() == b"ok"
    everything = descendants(portal.pid)
    assert len(everything) >= 4, "command, gunicorn and its process, worker"

    portal.send_signal(signal.SIGINT)
    said, _ = portal.communicate(timeout=30)

    assert portal.returncode == 0
    assert "门户已停止" in said
    assert not re.search("Traceback|Error", said)
    time.sleep(0.1)
    assert not [pid for pid in everything if Path(f"/proc/{pid}").exists()]


def test_a_port_in_use_is_said_in_one_sentence_before_anything_starts(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        portal = serve(tmp_path, port)
        said, _ = portal.communicate(timeout=30)
    assert portal.returncode == 1
    assert f"端口 {port} 已被其他程序占用" in said
    assert "Traceback" not in said
    assert not (tmp_path / "portal.sqlite3").exists()

"""The whole portal by one command: web server and background worker, stopped together."""

import ctypes
import errno
import http.client
import os
import signal
import socket
import subprocess
import sys
import time

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

GRACE = 15  # seconds that a page or a job under way may take to finish
PR_SET_PDEATHSIG = 1
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Command(BaseCommand):
    help = "启动门户：网站与后台任务一并运行，按 Ctrl+C 停止"
    # They load every page's code, which gunicorn is about to do anyway.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        port = os.environ.get("PORT") or "8000"
        parser.add_argument("--bind", default=f"127.0.0.1:{port}", help="地址:端口")
        parser.add_argument("--threads", type=int, default=8)
        parser.add_argument("--demo", action="store_true", help="准备演示账号和演示数据")

    def handle(self, *, bind: str, threads: int, demo: bool, **options) -> None:
        address = check_free(bind)
        children: dict[str, subprocess.Popen] = {}
        for number in STOP_SIGNALS:
            # Under nohup, the end of the terminal is to be survived.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, signal.default_int_handler)
        try:
            migrate_if_needed()
            call_command("load_catalogue", stdout=self.stdout)
            if demo:
                call_command("seed_demo", stdout=self.stdout)
            children["网站"] = start(
                # Static files come straight from the packages; nothing needs to be collected.
                "-W", "ignore:No directory at", "-m", "gunicorn", "portal.wsgi", f"--bind={bind}",
                "--worker-class=gthread", f"--threads={threads}",
                "--graceful-timeout=10", "--log-level=warning", "--no-control-socket",
            )  # fmt: skip
            if answers(address, children["网站"]):
                # Only now, so that the two do not slow each other's start.
                children["后台任务"] = start("manage.py", "worker")
                self.stdout.write(
                    f"\n门户已启动，请用浏览器打开：http://{address[0]}:{address[1]}/\n"
                    "停止：在本窗口按 Ctrl+C\n"
                )
                self.stdout.flush()
            while all(child.poll() is None for child in children.values()):
                time.sleep(0.2)
        except KeyboardInterrupt:
            self.stdout.write("\n正在停止，请稍候……")
            stop(children)
            self.stdout.write("门户已停止。")
        else:
            ended = "、".join(name for name, child in children.items() if child.poll() is not None)
            stop(children)
            raise CommandError(f"“{ended}”进程意外退出，门户已停止，原因见上方信息。")


def check_free(bind: str) -> tuple[str, int]:
    """Say plainly that the port is taken, before anything is started or changed."""
    host, _, digits = bind.rpartition(":")
    if not host or not digits.isdecimal() or not 0 < int(digits) < 65536:
        raise CommandError(f"地址“{bind}”不正确，应为 地址:端口，例如 127.0.0.1:8000。")
    port = int(digits)
    try:
        # Like gunicorn itself, not troubled by connections that have just ended.
        socket.create_server((host, port)).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CommandError(
                f"端口 {port} 已被其他程序占用（也可能门户已在运行）。"
                f"请先停止该程序，或换一个端口，例如：make run PORT={port + 1}"
            ) from None
        raise CommandError(f"无法使用地址 {bind}：{os.strerror(error.errno or 0)}") from None
    return ("127.0.0.1" if host == "0.0.0.0" else host, port)


def migrate_if_needed() -> None:
    # The plan takes a moment; the command, with all it does around it, takes seconds.
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False, verbosity=0)
    connection.close()


def start(*arguments: str) -> subprocess.Popen:
    prctl = getattr(ctypes.CDLL(None), "prctl", None)  # Linux only

    def follow_parent() -> None:
        # Even if the parent is killed outright, nothing stays behind holding the port.
        if prctl:
            prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATA_DIR": str(settings.DATA_DIR)},
        # In a session of its own, Ctrl-C reaches only the parent, which stops all in good order.
        start_new_session=True,
        preexec_fn=follow_parent,
    )


def answers(address: tuple[str, int], web: subprocess.Popen) -> bool:
    """Wait for the first answer; False if the server ends before it gives one."""
    while web.poll() is None:
        try:
            page = http.client.HTTPConnection(*address, timeout=GRACE)
            page.request("GET", "/healthz")
            page.getresponse()
            page.close()
            return True
        except OSError:
            time.sleep(0.1)
    return False


def stop(children: dict[str, subprocess.Popen]) -> None:
    # An impatient second Ctrl-C must not leave half of the children running.
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    for child in children.values():
        child.terminate()
    deadline = time.monotonic() + GRACE
    for child in children.values():
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()

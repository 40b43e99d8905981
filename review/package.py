"""归档包: a ZIP with a manifest of all that is in it, written to disk and verified again.

Knows files and names, no models. What a package holds is ``archive``'s affair.
"""

import csv
import hashlib
import io
import json
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Self

from portal.documents.model import BEIJING, one_line

FORMAT = "智能工厂申报归档包 1"
MANIFEST, SEAL = "manifest.json", "manifest.sha256"
LIST, FAILURES = "清单.csv", "失败清单.txt"
BLOCK = 1 << 20
LONGEST_PATH = 120
"""Characters; Windows allows 260 with the folder that a package is unpacked in."""
LONGEST_NAME = 60
COMPRESSED_ALREADY = {".pdf", ".jpg", ".jpeg", ".png", ".docx", ".xlsx"}

FORBIDDEN = str.maketrans(dict.fromkeys('<>:"/\\|?*', "_"))
DEVICES = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"} | {
    f"{device}{number}" for device in ("COM", "LPT") for number in "0123456789¹²³"
}
"""What Windows takes for a device whatever ending it has."""

Opened = AbstractContextManager[BinaryIO]


# Names


def safe_name(text: str, longest: int = LONGEST_NAME) -> str:
    """``text`` as the name of a file or folder that every system takes; its ending survives."""
    name = " ".join(one_line(unicodedata.normalize("NFC", text)).translate(FORBIDDEN).split())
    name = name.strip(". ")
    path = PurePosixPath(name)
    ending = path.suffix if len(path.suffix) <= 6 else ""
    stem = name.removesuffix(ending)[: longest - len(ending)].rstrip(". ")
    if stem.partition(".")[0].rstrip().upper() in DEVICES:
        stem = f"_{stem}"
    return (stem or "未命名") + ending


# Writing


@dataclass
class Entry:
    """One file of a package, as the manifest has it."""

    path: str
    size: int
    sha256: str
    kind: str
    name: str = ""
    """What it was called before it got a safe name."""
    application: int | None = None


@dataclass
class Failure:
    """A file that should be in a package and is not."""

    path: str
    reason: str
    name: str = ""
    application: int | None = None


@dataclass
class Package:
    """A package being written; ``close`` adds the lists and the manifest of all the others."""

    stream: BinaryIO
    made_at: datetime
    about: dict[str, Any]
    """What the manifest says of the whole: round, scope, who made it, its applications, notes."""
    entries: list[Entry] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    _taken: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._zip = zipfile.ZipFile(self.stream, "w")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        # Left unfinished, it would still write its directory, into a file that is gone by then.
        self._zip.fp = None

    def path(self, folder: str, name: str) -> str:
        """A path in ``folder`` that is safe, short and not taken, whatever the system's case."""
        room = min(LONGEST_NAME, LONGEST_PATH - len(folder) - 1) if folder else LONGEST_NAME
        number = 1
        while True:
            mark = f"({number})" if number > 1 else ""
            plain = safe_name(name, room - len(mark))
            stem, ending = PurePosixPath(plain).stem, PurePosixPath(plain).suffix
            path = f"{folder}/{stem}{mark}{ending}" if folder else f"{stem}{mark}{ending}"
            if path.casefold() not in self._taken:
                self._taken.add(path.casefold())
                return path
            number += 1

    def add(
        self, path: str, opened: Callable[[], Opened], *, sha256: str = "", **facts: Any
    ) -> bool:
        """Take in the file that ``opened`` opens; whether it could be read to its end.

        It is read once before it is written, since what is in a ZIP cannot be taken out again:
        one that breaks off, or is not what ``sha256`` says, is left out and listed.
        """
        try:
            with opened() as stream:
                digest, size = _digest(stream)
        except (OSError, ValueError) as error:
            self.fail(path, _reason(error), **facts)
            return False
        if sha256 and digest != sha256:
            self.fail(path, "内容与上传时的校验值不符，文件可能已损坏", **facts)
            return False
        with opened() as stream, self._zip.open(self._info(path, size), "w") as target:
            written = hashlib.sha256()
            while block := stream.read(BLOCK):
                written.update(block)
                target.write(block)
        # Between the two readings nothing writes into a stored file.
        assert written.hexdigest() == digest, f"{path} changed while it was read"
        self.entries.append(Entry(path, size, digest, **_named(facts)))
        return True

    def add_text(self, path: str, text: str, **facts: Any) -> None:
        """Take in a text that opens in Windows as it is: CRLF, with a byte order mark."""
        content = text.replace("\n", "\r\n").encode("utf-8-sig")
        self._write(path, content)
        self.entries.append(Entry(path, len(content), _hash(content), **_named(facts)))

    def fail(self, path: str, reason: str, **facts: Any) -> None:
        """Note a file that should be there and is not."""
        facts.pop("kind", None)
        self.failures.append(Failure(path, reason, **facts))

    def close(self) -> str:
        """Write the lists, the manifest and its hash, which is returned."""
        self.add_text(FAILURES, self._failures_as_text(), kind="list")
        self.add_text(LIST, self._list_as_csv(), kind="list")
        manifest = {
            "format": FORMAT,
            "made_at": self.made_at.astimezone(BEIJING).isoformat(timespec="seconds"),
            **self.about,
            "files": [asdict(entry) for entry in self.entries],
            "failures": [asdict(failure) for failure in self.failures],
        }
        content = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
        self._write(MANIFEST, content)
        seal = _hash(content)
        self._write(SEAL, f"{seal}  {MANIFEST}\n".encode())
        self._zip.close()
        return seal

    def _info(self, path: str, size: int) -> zipfile.ZipInfo:
        info = zipfile.ZipInfo(path, self.made_at.astimezone(BEIJING).timetuple()[:6])
        stored = PurePosixPath(path).suffix.lower() in COMPRESSED_ALREADY
        info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
        info.external_attr = 0o644 << 16
        info.file_size = size  # from which ZIP64 follows
        return info

    def _write(self, path: str, content: bytes) -> None:
        self._zip.writestr(self._info(path, len(content)), content)

    def _failures_as_text(self) -> str:
        if not self.failures:
            return "未能收入归档包的文件：无\n"
        lines = [
            f"{number}. {failure.path}\n   原名：{failure.name or '—'}\n   原因：{failure.reason}"
            for number, failure in enumerate(self.failures, 1)
        ]
        return "\n".join([f"未能收入归档包的文件：{len(self.failures)} 个", *lines, ""])

    def _list_as_csv(self) -> str:
        receipts = {each["id"]: each["receipt"] for each in self.about["applications"]}
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(["路径", "原文件名", "大小（字节）", "SHA-256", "回执编号"])
        for entry in self.entries:
            receipt = receipts.get(entry.application, "")
            rows.writerow(
                map(_cell, (entry.path, entry.name, str(entry.size), entry.sha256, receipt))
            )
        return text.getvalue()


def _named(facts: dict[str, Any]) -> dict[str, Any]:
    return {"name": "", "application": None, **facts}


def _cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def _reason(error: Exception) -> str:
    match error:
        case FileNotFoundError():
            return "没有这个文件"
        case OSError() if error.strerror:
            return f"读取出错：{error.strerror}"
    return "读取出错"


def _digest(stream: BinaryIO) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    while block := stream.read(BLOCK):
        digest.update(block)
        size += len(block)
    return digest.hexdigest(), size


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# Verifying


@dataclass
class Verdict:
    """What a package turned out to be: its manifest, if it can be read, and all that is wrong."""

    manifest: dict[str, Any] = field(default_factory=dict)
    seal: str = ""
    problems: list[str] = field(default_factory=list)


def verify(path: Path) -> Verdict:
    """Hold every file of a package against its manifest, and the manifest against its hash."""
    verdict = Verdict()
    try:
        with zipfile.ZipFile(path) as package:
            _verify(package, verdict)
    except (OSError, zipfile.BadZipFile) as error:
        why = _reason(error) if isinstance(error, OSError) else "文件不完整或不是 ZIP"
        verdict.problems.append(f"无法打开归档包：{why}。")
    return verdict


def _verify(package: zipfile.ZipFile, verdict: Verdict) -> None:
    problems = verdict.problems
    names = Counter(info.filename for info in package.infolist())
    problems += [f"重名：{name} 出现 {count} 次" for name, count in names.items() if count > 1]
    contents = {}
    for name in (MANIFEST, SEAL):
        try:
            with package.open(name) as stream:
                contents[name] = stream.read()
        except KeyError:
            problems.append(f"缺少：{name}")
        except _UNREADABLE:
            problems.append(f"损坏：{name}")
    if MANIFEST not in contents:
        return
    verdict.seal = _hash(contents[MANIFEST])
    if SEAL in contents and contents[SEAL].split()[:1] != [verdict.seal.encode()]:
        problems.append(f"清单被改动：{MANIFEST} 与 {SEAL} 不符")
    try:
        manifest = json.loads(contents[MANIFEST])
        listed = {entry["path"]: dict(entry) for entry in manifest["files"]}
        verdict.manifest = manifest | {"applications": list(map(dict, manifest["applications"]))}
    except (ValueError, TypeError, KeyError):
        problems.append(f"无法读取：{MANIFEST} 的格式不对")
        return
    problems += [f"多出：{name}" for name in names if name not in {*listed, MANIFEST, SEAL}]
    problems += [
        f"{said}：{path}" for path, entry in listed.items() if (said := _wrong(package, entry))
    ]


_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError)
"""What reading a damaged, cut off or encrypted file of a ZIP raises (NotImplementedError too)."""


def _wrong(package: zipfile.ZipFile, entry: dict[str, Any]) -> str:
    """What is wrong with one listed file; '' if nothing is."""
    try:
        with package.open(entry["path"]) as stream:
            digest, size = _digest(stream)
    except KeyError:
        return "缺少"
    except _UNREADABLE:
        return "损坏"
    return "" if (digest, size) == (entry.get("sha256"), entry.get("size")) else "内容被改动"

"""A package: names that every system takes, nothing silent, and every tampering found."""

import hashlib
import io
import json
import zipfile
from functools import partial

import pytest
from django.utils import timezone

from review import package
from review.package import FAILURES, LIST, MANIFEST, SEAL, Package, safe_name

PDF, TEXT = "01-太原/名次01-甲/申报书.pdf", "01-太原/名次01-甲/办理记录.txt"
ABOUT = {"applications": [{"id": 7, "receipt": "R-7", "sha256": "0" * 64}]}


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("营业执照.pdf", "营业执照.pdf"),
        ('a<b>c:d"e/f\\g|h?i*j.pdf', "a_b_c_d_e_f_g_h_i_j.pdf"),
        ("CON.pdf", "_CON.pdf"),
        ("com¹.tar.gz", "_com¹.tar.gz"),
        ("NUL", "_NUL"),
        ("报告. . .", "报告"),
        ("  ..隐藏", "隐藏"),
        ("多行\n名\t称\x07.pdf", "多行 名 称.pdf"),
        ("反\u202efdp.exe", "反fdp.exe"),
        ("e\u0301.pdf", "\u00e9.pdf"),
        ("...", "未命名"),
        ("", "未命名"),
        ("长" * 300 + ".docx", "长" * 55 + ".docx"),
        ("𬭎䶮.pdf", "𬭎䶮.pdf"),
    ],
)
def test_any_name_becomes_one_that_windows_takes(given, safe):
    assert safe_name(given) == safe


def written(*failing: str) -> bytes:
    stream = io.BytesIO()
    with Package(stream, timezone.now(), dict(ABOUT)) as made:
        made.add(PDF, partial(io.BytesIO, b"%PDF-book"), kind="book", application=7)
        made.add_text(TEXT, "已提交\n", kind="record", application=7)
        for path in failing:
            made.fail(path, "存储中没有这个文件", name="原名.pdf", application=7)
        made.close()
    return stream.getvalue()


def read(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def test_a_package_says_of_each_file_where_it_is_and_what_it_was(tmp_path):
    files = read(written())
    manifest = json.loads(files[MANIFEST])
    listed = {entry["path"]: entry for entry in manifest["files"]}
    assert set(files) == {PDF, TEXT, LIST, FAILURES, MANIFEST, SEAL}
    assert set(listed) == {PDF, TEXT, LIST, FAILURES}
    assert listed[PDF]["sha256"] == hashlib.sha256(b"%PDF-book").hexdigest()
    assert files[SEAL].split()[0].decode() == hashlib.sha256(files[MANIFEST]).hexdigest()
    assert files[LIST].startswith(b"\xef\xbb\xbf")  # else Excel reads it as GBK
    assert f"{PDF},,9,{listed[PDF]['sha256']},R-7" in files[LIST].decode("utf-8-sig")
    assert "无" in files[FAILURES].decode("utf-8-sig")


def test_names_are_marked_as_utf_8_and_what_is_packed_already_is_only_stored():
    with zipfile.ZipFile(io.BytesIO(written())) as opened:
        infos = {info.filename: info for info in opened.infolist()}
    assert all(infos[name].flag_bits & 0x800 for name in (PDF, TEXT, LIST))
    assert infos[PDF].compress_type == zipfile.ZIP_STORED
    assert infos[TEXT].compress_type == zipfile.ZIP_DEFLATED


def test_paths_are_short_and_no_two_are_the_same_to_windows():
    made = Package(io.BytesIO(), timezone.now(), dict(ABOUT))
    folder = "01-太原/名次01-" + "甲" * 20 + "/附件"
    paths = [made.path(folder, name) for name in ("A.pdf", "a.PDF", "长" * 200 + ".pdf") * 2]
    assert len({path.casefold() for path in paths}) == len(paths)
    assert max(map(len, paths)) <= 120
    assert {path[-4:].lower() for path in paths} == {".pdf"}


def test_what_breaks_off_or_was_damaged_in_store_is_left_out_and_listed(tmp_path):
    stream = io.BytesIO()
    with Package(stream, timezone.now(), dict(ABOUT)) as made:
        gone = partial(open, tmp_path / "gone", "rb")
        assert not made.add("a.pdf", gone, kind="attachment", name="甲.pdf", application=7)
        wrong = partial(io.BytesIO, b"x")
        assert not made.add("b.pdf", wrong, sha256="0" * 64, kind="attachment", name="乙.pdf")
        assert made.add("c.pdf", wrong, kind="attachment", name="丙.pdf")
        made.close()
    files = read(stream.getvalue())
    assert {"a.pdf", "b.pdf", "c.pdf"} & set(files) == {"c.pdf"}
    said = files[FAILURES].decode("utf-8-sig")
    assert "2 个" in said
    assert "甲.pdf" in said and "没有这个文件" in said
    assert "乙.pdf" in said and "校验值不符" in said
    assert len(json.loads(files[MANIFEST])["failures"]) == 2


def packed(files: dict[str, bytes], method=zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as target:
        for name, content in files.items():
            target.writestr(name, content)
    return stream.getvalue()


def changed(**changes: bytes | None) -> bytes:
    """Another package of the same files, with other contents (None: without it)."""
    named = {"pdf": PDF, "text": TEXT, "list": LIST, "fails": FAILURES, "man": MANIFEST}
    files = read(written())
    for key, content in changes.items():
        name = {**named, "seal": SEAL}.get(key, key)
        files.pop(name, None)
        if content is not None:
            files[name] = content
    return packed(files)


def resealed(manifest: bytes) -> bytes:
    seal = f"{hashlib.sha256(manifest).hexdigest()}  {MANIFEST}\n".encode()
    return changed(man=manifest, seal=seal)


def renamed() -> bytes:
    files = read(written())
    files[PDF.upper()] = files.pop(PDF)
    return packed(files)


def swapped() -> bytes:
    files = read(written())
    files[PDF], files[TEXT] = files[TEXT], files[PDF]
    return packed(files)


def doubled() -> bytes:
    stream = io.BytesIO(written())
    with zipfile.ZipFile(stream, "a") as target, pytest.warns(UserWarning, match="Duplicate"):
        target.writestr(PDF, b"%PDF-book")
    return stream.getvalue()


def bit_flipped() -> bytes:
    content = bytearray(written())
    content[content.index(b"%PDF-book") + 5] ^= 1
    return bytes(content)


def encrypted() -> bytes:
    content = bytearray(written())
    where = content.index(b"PK\x01\x02")  # the directory's entry of the first file
    content[where + 8] |= 1
    return bytes(content)


MANIFEST_OF_ONE = json.dumps({"files": [{"path": PDF}], "applications": []}).encode()

TAMPERED = {
    "another content": (lambda: changed(pdf=b"%PDF-bOOk"), f"内容被改动：{PDF}"),
    "a longer file": (lambda: changed(text=b"more"), f"内容被改动：{TEXT}"),
    "an emptied file": (lambda: changed(pdf=b""), f"内容被改动：{PDF}"),
    "a file taken out": (lambda: changed(pdf=None), f"缺少：{PDF}"),
    "a file put in": (lambda: changed(**{"新.pdf": b"x"}), "多出：新.pdf"),
    "a file renamed": (renamed, f"缺少：{PDF}"),
    "two files swapped": (swapped, f"内容被改动：{TEXT}"),
    "a second file of the same name": (doubled, f"重名：{PDF}"),
    "a bit flipped": (bit_flipped, f"损坏：{PDF}"),
    "a file made to ask for a password": (encrypted, f"损坏：{PDF}"),
    "failures concealed": (lambda: changed(fails="无".encode()), f"内容被改动：{FAILURES}"),
    "the list changed": (lambda: changed(list=b"x"), f"内容被改动：{LIST}"),
    "the manifest changed": (lambda: changed(man=MANIFEST_OF_ONE), "清单被改动"),
    "the manifest taken out": (lambda: changed(man=None), f"缺少：{MANIFEST}"),
    "its hash taken out": (lambda: changed(seal=None), f"缺少：{SEAL}"),
    "its hash emptied": (lambda: changed(seal=b""), "清单被改动"),
    "a manifest that is no JSON, with its hash": (lambda: resealed(b"{"), "格式不对"),
    "a manifest of nothing, with its hash": (lambda: resealed(b"[]"), "格式不对"),
    "a manifest of one file, with its hash": (
        lambda: resealed(MANIFEST_OF_ONE),
        f"多出：{TEXT}",
    ),
    "a package cut off": (lambda: written()[:-40], "无法打开"),
    "no package at all": (lambda: b"not a zip", "无法打开"),
}


@pytest.fixture
def verify(tmp_path):
    def problems(content: bytes) -> list[str]:
        path = tmp_path / "package.zip"
        path.write_bytes(content)
        return package.verify(path).problems

    return problems


@pytest.mark.parametrize("how", TAMPERED)
def test_tampering_is_found_and_said_where(verify, how):
    tampered, said = TAMPERED[how]
    problems = verify(tampered())
    assert any(problem.startswith(said) or said in problem for problem in problems), problems


def test_an_untouched_package_passes_also_packed_anew(verify):
    content = written("缺.pdf")
    assert verify(content) == []
    assert verify(packed(read(content), zipfile.ZIP_STORED)) == []


def test_a_package_that_is_not_there_is_said_so(tmp_path):
    problems = package.verify(tmp_path / "none.zip").problems
    assert problems == ["无法打开归档包：没有这个文件。"]

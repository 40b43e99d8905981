"""``export_summary``: Annex 1 from the command line."""

import io
import resource
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from portal.catalogue.models import Bureau
from portal.documents import Format
from portal.documents.model import DocumentError
from review import ranking, summary
from tests import cast
from tests.portal.documents.readers import comparable, expected_rows, read_rows


@pytest.fixture
def sent(round, make_accepted, officer, province):
    """Two applications of Taiyuan on its received list; the other bureaus have sent nothing."""
    applications = make_accepted(2)
    for application in applications:
        ranking.recommend(cast.list_of(application), application, actor=officer)
    cast.receive(cast.send(applications[0], officer), province)
    return applications


def export(output: Path, **options) -> tuple[str, str]:
    """Run the command; what it wrote on standard output and standard error."""
    out, err = io.StringIO(), io.StringIO()
    options = {"round": "test", "format": "xlsx", "output": output, **options}
    call_command("export_summary", **options, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def refused(output: Path, **options) -> str:
    """The command's one sentence when it refuses; nothing may be left beside the output."""
    before = sorted(output.parent.iterdir()) if output.parent.is_dir() else None
    with pytest.raises(CommandError) as refusal:
        export(output, **options)
    assert refusal.value.returncode == 1
    if before is not None:
        assert sorted(output.parent.iterdir()) == before
    return str(refusal.value)


@pytest.mark.parametrize("format", Format)
def test_the_file_is_the_provinces_table(sent, round, tmp_path, format):
    output = tmp_path / f"附件1.{format}"
    export(output, format=format.value)
    document = summary.build(round).document
    assert read_rows(output.read_bytes(), format) == comparable(expected_rows(document), format)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [output.name]


def test_one_bureaus_file_is_that_bureaus_table(sent, round, tmp_path):
    output = tmp_path / "taiyuan.docx"
    _, err = export(output, bureau=cast.TAIYUAN, format="docx")
    document = summary.build(round, Bureau.objects.get(code=cast.TAIYUAN)).document
    assert read_rows(output.read_bytes(), Format.DOCX) == expected_rows(document)
    assert err == ""


def test_the_check_code_is_told(sent, round, tmp_path):
    output = tmp_path / "a.xlsx"
    out, _ = export(output)
    code = summary.build(round).document.check_code
    assert out == f"已生成 {output}（校验码 {code}）\n"


def test_what_is_missing_is_listed_on_standard_error(sent, tmp_path):
    _, err = export(tmp_path / "a.xlsx")
    others = Bureau.objects.exclude(code=cast.TAIYUAN)
    assert err.splitlines() == [f"未收入：{bureau.name}：尚未报送" for bureau in others]


def test_a_bureau_that_has_not_sent_is_listed_and_its_table_is_empty(round, tmp_path):
    output = tmp_path / "a.xlsx"
    _, err = export(output, bureau=cast.DATONG)
    assert err == f"未收入：{Bureau.objects.get(code=cast.DATONG).name}：尚未报送\n"
    assert len(read_rows(output.read_bytes(), Format.XLSX)) == 1


def test_an_unknown_round_is_refused_and_the_known_ones_are_named(round, tmp_path):
    message = refused(tmp_path / "a.xlsx", round="2099-leading")
    assert message.startswith("没有标识为“2099-leading”的批次；现有批次：")
    assert "test" in message


def test_an_unknown_bureau_is_refused(round, tmp_path):
    message = refused(tmp_path / "a.xlsx", bureau="999999")
    assert message == "没有代码为“999999”的推荐单位，代码如 140100（太原市）。"


def test_a_folder_that_is_not_there_is_refused(round, tmp_path):
    assert refused(tmp_path / "no" / "a.xlsx") == f"目录不存在：{tmp_path / 'no'}"


def test_a_folder_as_output_is_refused(round, tmp_path):
    (tmp_path / "a.xlsx").mkdir()
    assert refused(tmp_path / "a.xlsx").startswith(f"无法写入 {tmp_path / 'a.xlsx'}：")


@pytest.mark.parametrize("missing", ["--round=test", "--format=pdf", "--output=x"])
def test_round_format_and_output_must_be_given(db, missing):
    given = [a for a in ("--round=test", "--format=pdf", "--output=x") if a != missing]
    with pytest.raises(CommandError, match=missing.split("=")[0]):
        call_command("export_summary", *given)


def test_an_unknown_format_is_refused(db):
    with pytest.raises(CommandError, match="ods"):
        call_command("export_summary", "--round=test", "--format=ods", "--output=x")


@contextmanager
def files_no_larger_than(size: int):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("format", [Format.PDF, Format.DOCX])
def test_when_the_disk_refuses_the_file_the_old_one_stays_whole(sent, tmp_path, format):
    output = tmp_path / f"a.{format}"
    output.write_text("旧文件")
    with files_no_larger_than(1000):
        message = refused(output, format=format.value)
    assert message.startswith(f"无法写入 {output}：")
    assert output.read_text() == "旧文件"


def test_an_existing_file_is_replaced_and_readable_to_others(sent, tmp_path):
    output = tmp_path / "a.xlsx"
    output.write_text("旧文件")
    export(output)
    assert len(read_rows(output.read_bytes(), Format.XLSX)) == 4
    assert output.stat().st_mode & 0o044


def test_a_list_not_received_yet_comes_only_when_asked_for(round, datong, other_officer, tmp_path):
    found = round.ranked_lists.get(bureau=datong)
    ranking.send(found, version=0, signatory="签", statement="无。", actor=other_officer)
    _, err = export(tmp_path / "a.xlsx", bureau=cast.DATONG)
    assert err == f"未收入：{datong.name}：已报送，尚未受理\n"
    _, err = export(tmp_path / "a.xlsx", bureau=cast.DATONG, include_sent=True)
    assert err == f"{datong.name}：已报送，本批次无推荐项目\n"


def test_a_table_that_cannot_be_written_is_refused_in_one_sentence(sent, tmp_path, monkeypatch):
    def refuse(*_arguments):
        raise DocumentError("缺少字体，请安装 fonts-noto-cjk。")

    monkeypatch.setattr("portal.documents.write", refuse)
    message = refused(tmp_path / "a.pdf", format="pdf")
    assert message == "缺少字体，请安装 fonts-noto-cjk。"

"""The 申报书: what it says, that PDF and Word say the same, and how people get it."""

import io
import os
import re
import shutil
import subprocess
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count, cycle, islice, pairwise

import pdfplumber
import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.urls import reverse

from applications import book, interests, tasks, workflow
from applications.models import Application, Attachment, Revision
from applications.sections import snapshot
from portal.documents import Format
from portal.documents.model import (
    Document,
    Heading,
    PageBreak,
    Paragraph,
    Picture,
    Style,
    Table,
    clean_text,
    texts_of,
)
from portal.jobs.models import Job
from portal.jobs.tasks import start
from portal.rounds.models import Material, Round
from tests import cast
from tests.portal.documents.readers import (
    docx_body,
    pdf_bodies,
    read_captions,
    read_texts,
    unspelled,
    written,
)
from tests.portal.documents.samples import photo

MADE_AT = datetime(2025, 11, 23, 4, 5, 6, tzinfo=UTC)
PHOTO = photo(1200, 900)
SENTENCES = (
    "开展工厂级数字化规划与建设，对工厂进行系统建模和优化，推动“虚拟工厂”建设。",
    "由王㛃、李𬭎、张䶮、刘喆、陈堃、杨昇、赵犇、黄翀负责MES、ERP与SCADA（V3.2）的集成。",
    "设备联网率由61.5%提高到92.25%，单位产品CO₂排放下降≥12.3%，偏差±0.5℃，面积300m²。",
    "Digital twins and OPC UA gateways connect 1,024 devices; see https://example.cn/a?b=c&d=<e>.",
)


@pytest.fixture
def data(filing) -> dict:
    """A complete revision's content."""
    return snapshot(filing) | {"declarations": ["内容真实。", "不涉密。"]}


def revision_of(data: dict) -> Revision:
    return Revision(
        application=Application(round=Round()),
        number=1,
        receipt="测试-000001-01",
        data=data,
        sha256=Revision.digest(data),
        submitted_at=datetime(2025, 11, 22, 15, 59, 59, tzinfo=UTC),
    )


def built(data: dict, *, picture=lambda item: PHOTO, draft: bool = False) -> Document:
    revision = None if draft else revision_of(data)
    return book.build(data, made_at=MADE_AT, picture=picture, revision=revision)


def attachment(number: int, group: str = "", key: str = "", name: str = "", **changes) -> dict:
    return {
        "id": number,
        "material": "现场照片" if group else "营业执照",
        "group": group,
        "key": key,
        "name": name or f"文件{number}.jpg",
        "size": 2_500_000,
        "pages": None,
        "is_image": bool(group),
        "sha256": f"{number:064x}",
        **changes,
    }


def section_of(data: dict, slug: str) -> dict:
    return next(section for section in data["sections"] if section["slug"] == slug)


def group_of(data: dict, slug: str) -> dict:
    groups = (group for section in data["sections"] for group in section["groups"])
    return next(group for group in groups if group["slug"] == slug)


def field_of(fields: list[dict], name: str) -> dict:
    return next(field for field in fields if field["name"] == name)


def headings(document: Document, level: int) -> list[str]:
    blocks = document.blocks
    return [b.text for b in blocks if isinstance(b, Heading) and b.level == level]


def below(document: Document, heading: str) -> list:
    """The blocks between a heading and the next one."""
    texts = [getattr(block, "text", "") for block in document.blocks]
    number = next(n for n, text in enumerate(texts) if text.endswith(heading))
    found = []
    for block in document.blocks[number + 1 :]:
        if isinstance(block, Heading | PageBreak):
            break
        found.append(block)
    return found


def rows_below(document: Document, heading: str) -> list[list[str]]:
    """Header, group titles and rows of the table below a heading."""
    [table] = below(document, heading)
    rows = [[column.title for column in table.columns]] if table.has_header else []
    for group in table.groups:
        rows += [[group.title]] if group.title else []
        rows += texts_of(table, group)
    return rows


def texts(document: Document) -> list[str]:
    """Everything a document says, in order."""
    said = []
    for block in document.blocks:
        if isinstance(block, Table):
            said += [column.title for column in block.columns]
            for group in block.groups:
                said += [group.title or "", *(text for r in texts_of(block, group) for text in r)]
        elif isinstance(block, Picture):
            said.append(block.caption)
        elif isinstance(block, Heading | Paragraph):
            said += block.text.split("\n")
    return [bare(text) for text in said if bare(text)]


def bare(text: str) -> str:
    """Without spaces, which are a matter of layout in a PDF."""
    return re.sub(r"\s", "", clean_text(text))


def assert_in_order(expected: list[str], said: str) -> None:
    position = 0
    for text in expected:
        found = said.find(text, position)
        assert found >= 0, f"{text[:40]} is not in its place, after {said[:position][-40:]}"
        position = found + len(text)


# What it says


def test_the_cover_names_project_unit_bureau_and_receipt(data):
    title, lines, note = built(data).blocks[:3]
    assert (title.text, title.style) == ("卓越级智能工厂项目\n申 报 书", Style.COVER_TITLE)
    assert lines.text.split("\n") == [
        "项目名称：示范智能工厂",
        "申报单位（盖章）：测试企业1有限公司",
        f"推荐单位（盖章）：{data['bureau']['name']}",
        "申报日期：2025年11月22日",
        "回执编号：测试-000001-01",
    ]
    assert note.text == "测试批次"


def test_the_declarations_have_places_to_sign_and_to_stamp(data):
    said = texts(built(data))
    place = said.index("承诺书")
    assert said[place + 2 : place + 4] == ["1.内容真实。", "2.不涉密。"]
    assert [line.rstrip("＿") for line in said[place + 4 : place + 7]] == [
        "法定代表人（签字）：",
        "申报单位（公章）：",
        "＿＿＿＿年＿＿月＿＿日",
    ]


def test_a_confirmation_in_the_portal_is_quoted(data):
    data["confirmation"] = {
        "signer": "王䶮",
        "text": "本人确认内容真实。",
        "at": "2025-11-22T15:00:00+00:00",
    }
    assert "王䶮已于2025-11-2223:00:00在线确认：本人确认内容真实。" in texts(built(data))


def test_the_sections_follow_annex_3(data):
    assert headings(built(data), 1) == [
        "一、申报单位基本信息",
        "二、智能工厂基本情况",
        "三、智能工厂场景建设情况",
        "四、智能工厂建设成效",
        "附件清单",
    ]
    assert headings(built(data), 2)[:4] == [
        "（一）基本情况",
        "（二）近三年经营与财务状况",
        "（三）基础要求自查",
        "（一）基本情况",
    ]


def test_every_answer_is_in_the_book(data):
    said = "".join(texts(built(data)))
    fields = [f for section in data["sections"] for f in section["fields"]]
    rows = [r for s in data["sections"] for g in s["groups"] for r in g["rows"]]
    fields += [field for row in rows for field in row["fields"]]
    assert len(fields) > 150
    assert [f for f in fields if bare(f["text"]) not in said] == []


def test_short_answers_stand_in_a_table_and_long_ones_are_prose(data):
    document = built(data)
    assert ["法定代表人", "王䶮"] in rows_below(document, "（一）基本情况")
    assert below(document, "（二）项目简介") == [Paragraph("项目简介。")]
    line = data["scenario_lines"][0]
    assert headings(document, 3)[0] == f"1. {line}"
    assert headings(document, 4)[:5] == [
        "（1）实施前痛点",
        "（2）建设内容",
        "（3）关键装备",
        "（4）软件系统",
        "（5）应用成效",
    ]
    assert ["实例名称", "实例1"] in rows_below(document, line)


def test_figures_of_three_years_stand_beside_each_other(data):
    rows = rows_below(built(data), "近三年经营与财务状况")
    assert rows[0] == ["项目", "2022年", "2023年", "2024年"]
    assert rows[1] == ["营业收入（万元）", *["10,000.00"] * 3]


def test_indicators_stand_under_the_official_headings(data):
    rows = rows_below(built(data), "关键绩效指标")
    assert [row for row in rows if len(row) == 1] == [
        ["（一）能力提升类指标"],
        ["（二）价值效益类指标"],
        ["（三）生产运营效率类指标"],
        ["（四）可持续发展类指标"],
        ["（五）推广应用类指标"],
    ]
    assert len(rows) == 1 + 5 + 20


def test_an_indicators_year_stands_below_its_value_and_not_applicable_instead_of_one(data):
    first, second = (row["fields"] for row in group_of(data, "indicator_values")["rows"][:2])
    field_of(first, "before")["text"] = "61.5"
    field_of(first, "before_year").update(value=2021, text="2021")
    field_of(second, "is_not_applicable").update(value=True, text="是")
    field_of(second, "value")["text"] = ""
    rows = rows_below(built(data), "关键绩效指标")
    assert rows[0] == ["关键绩效指标", "建设前", "建设后", "指标值", "口径说明或理由"]
    assert rows[2][1:4] == ["61.5\n（2021年）", "—", "12.00"]
    assert rows[3][1:4] == ["—", "—", "不适用"]


def test_pictures_stand_in_the_sub_section_of_their_scenario(data):
    keys = [row["key"] for row in group_of(data, "instances")["rows"]]
    data["attachments"] = [
        attachment(1, "instances", keys[0], "甲.png"),
        attachment(2, "instances", keys[3], "乙.JPG"),
        attachment(3, "instances", keys[3], "说明.pdf", is_image=False),
        attachment(4, name="执照.jpg", is_image=True),
    ]
    document = built(data)
    captions = [b.caption for b in document.blocks if isinstance(b, Picture)]
    assert captions == ["图1 现场照片：甲", "图2 现场照片：乙"]
    places = [n for n, block in enumerate(document.blocks) if isinstance(block, Picture)]
    heads = [
        next(b.text for b in document.blocks[place::-1] if isinstance(b, Heading) and b.level == 3)
        for place in places
    ]
    assert heads == [f"{n}. {data['scenario_lines'][n - 1]}" for n in (1, 4)]


def test_every_attachment_is_listed(data):
    key = group_of(data, "indicator_values")["rows"][2]["key"]
    data["attachments"] = [
        attachment(1, name="执照.pdf", pages=3, size=2_500_000),
        attachment(0xABC << 244, "indicator_values", key, "佐证.jpg"),
    ]
    header, licence, proof = rows_below(built(data), "附件清单")
    assert header == ["序号", "材料", "文件名", "页数", "大小", "SHA-256\n（前12位）"]
    assert licence == ["1", "营业执照", "执照.pdf", "3", "2.4\xa0MB", "000000000000"]
    title = group_of(data, "indicator_values")["rows"][2]["title"]
    assert proof == ["2", f"现场照片（{title}）", "佐证.jpg", "—", "2.4\xa0MB", "abc000000000"]


def test_a_book_without_attachments_says_so(data):
    assert below(built(data), "附件清单") == [Paragraph("没有附件。")]
    del data["attachments"]
    assert below(built(data), "附件清单") == [Paragraph("没有附件。")]


@pytest.mark.parametrize("reason", [b"broken", FileNotFoundError])
def test_a_picture_that_cannot_be_opened_is_named_in_its_place(data, reason):
    def picture(item):
        if reason is FileNotFoundError:
            raise FileNotFoundError
        return reason

    key = group_of(data, "instances")["rows"][0]["key"]
    data["attachments"] = [attachment(1, "instances", key, "甲.jpg")]
    assert "（图1现场照片：甲：文件无法打开，未能印出。）" in texts(built(data, picture=picture))


def test_an_empty_draft_makes_a_book_too(draft):
    document = book.of_draft(draft)
    assert document.watermark == "草稿"
    assert "项目名称：—" in texts(document)


def test_a_draft_says_so_and_carries_no_check_code(data):
    draft, final = built(data, draft=True), built(data)
    assert draft.identity_text == "草稿，无校验码"
    assert draft.title == f"{final.title}草稿"
    assert draft.check_code != final.check_code
    assert not any("回执" in text for text in texts(draft))


def test_the_same_revision_gives_the_same_check_code_at_any_time(data):
    revision = revision_of(data)
    again = book.build(deepcopy(data), made_at=datetime.now(UTC), picture=None, revision=revision)
    assert again.check_code == built(data).check_code
    section_of(data, "results")["fields"][0]["text"] += "。"
    assert again.check_code != built(data).check_code


# A large one: twenty scenarios with long texts, six pictures


def long_text(length: int) -> str:
    sentences = "".join(islice(cycle(SENTENCES), length // 40 + 1))
    return "\n".join(sentences[at : at + 300] for at in range(0, length, 300))


def large(data: dict) -> dict:
    """Twenty scenarios of different lengths, long texts everywhere, six pictures."""
    data = deepcopy(data)
    lengths = count(200, 170)
    group = group_of(data, "instances")
    rows, lines = [], []
    for number in range(20):
        row = deepcopy(group["rows"][number % 5])
        row.update(key=f"k{number}", title=f"典型场景实例 {number + 1}")
        for field in row["fields"]:
            if field["name"] in book.LONG_TEXTS:
                field["text"] = long_text(next(lengths) % 600)
        rows.append(row)
        lines.append(f"{data['scenario_lines'][number % 5]}{'（多机协同柔性装配）' * (number % 5)}")
    group["rows"], data["scenario_lines"] = rows, lines
    for section in data["sections"]:
        for field in section["fields"]:
            if field["name"] in book.LONG_TEXTS:
                field["text"] = long_text(1500)
    data["attachments"] = [
        attachment(n, "instances", f"k{k}", f"图片㛃{n}.jpg")
        for n, k in enumerate((0, 0, 4, 9, 9, 19), 1)
    ]
    return data


@pytest.fixture(scope="module")
def large_book(_complete_filing) -> Document:
    data = snapshot(_complete_filing) | {"declarations": ["内容真实。"]}
    shapes = iter([(4000, 3000), (1920, 1080), (3000, 4000), (600, 400), (800, 2400), (4000, 2250)])
    return built(large(data), picture=lambda item: photo(*next(shapes)))


@pytest.fixture(scope="module")
def large_pdf(large_book) -> bytes:
    return written(large_book, Format.PDF)


@pytest.fixture(scope="module")
def large_pages(large_pdf) -> list[str]:
    return pdf_bodies(large_pdf)


@pytest.fixture(scope="module")
def large_word(large_book) -> bytes:
    return written(large_book, Format.DOCX)


def test_word_says_everything_in_order_and_nothing_else(large_book, large_word):
    assert bare(docx_body(large_word)) == "".join(texts(large_book))


def test_the_pdf_says_everything_in_order(large_book, large_pages):
    assert_in_order(texts(large_book), bare("".join(large_pages)))


def test_rare_characters_are_printed_as_themselves(large_pages):
    said = "".join(large_pages)
    assert "〔U+" not in said
    assert set("㛃𬭎䶮喆堃昇犇翀₂≥±℃²") <= set(said)


def stranded(document: Document, pdf: bytes) -> list[str]:
    """The headings, or lines of them, at the foot of a page."""
    titles = [bare(b.text) for b in document.blocks if isinstance(b, Heading)]
    assert len(titles) > 120
    pages = pdf_bodies(pdf, lines=True)
    assert len(pages) > 30
    last_lines = [bare(page.strip().split("\n")[-1]) for page in pages]
    return [line for line in last_lines if len(line) > 4 and any(line in title for title in titles)]


def test_no_heading_is_left_at_the_foot_of_a_page(large_book, large_pdf):
    assert stranded(large_book, large_pdf) == []


def torn(document: Document, pages: list[str]) -> list[str]:
    """The headings whose short table does not follow them whole on the same page."""
    said = list(map(bare, pages))
    short = [
        "".join(texts(replace(document, blocks=(above, block))))
        for above, block in pairwise(document.blocks)
        if isinstance(block, Table) and sum(len(group.rows) for group in block.groups) <= 8
    ]
    assert len(short) > 20
    return [text for text in short if not any(text in page for page in said)]


def test_no_short_table_breaks_over_pages(large_book, large_pages):
    assert torn(large_book, large_pages) == []


@pytest.mark.parametrize("format", [Format.PDF, Format.DOCX])
def test_six_pictures_stand_above_their_captions(large_pdf, large_word, format):
    content = large_pdf if format is Format.PDF else large_word
    assert list(map(bare, read_captions(content, format))) == [
        f"图{number}现场照片：图片㛃{number}" for number in range(1, 7)
    ]


def test_six_photos_leave_the_files_at_a_sensible_size(large_pdf, large_word):
    assert max(len(large_pdf), len(large_word)) < 6_000_000


def test_every_section_starts_on_a_new_page(large_book, large_pages):
    pages = [bare(page) for page in large_pages]
    for title in headings(large_book, 1)[:4]:
        assert sum(page.startswith(title) for page in pages) == 1


@pytest.mark.skipif(
    not (shutil.which("soffice") or os.environ.get("CI")),
    reason="No LibreOffice: run `make setup-test`.",
)
def test_libreoffice_opens_the_word_file_with_the_same_content(large_book, large_word, tmp_path):
    (tmp_path / "book.docx").write_bytes(large_word)
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = ["soffice", profile, "--headless", "--convert-to", "pdf", "book.docx"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=180)
    content = (tmp_path / "book.pdf").read_bytes()
    pages = pdf_bodies(content)
    assert_in_order(texts(large_book), bare("".join(pages)))
    assert stranded(large_book, content) == []
    assert torn(large_book, pages) == []
    with pdfplumber.open(io.BytesIO(content)) as pdf:
        assert sum(len(page.images) for page in pdf.pages) == 6


# How people get it


@pytest.fixture
def with_picture(filled, enterprise):
    """A complete application with a photo of its first scenario."""
    material = Material.objects.create(
        version=filled.version, order=90, name="现场照片", scope=Material.Scope.INSTANCE
    )
    content = photo(300, 200)
    Attachment.objects.create(
        application=filled,
        material=material,
        group="instances",
        key="k1",
        name="车间.jpg",
        file=ContentFile(content, "photo"),
        content_type="image/jpeg",
        size=len(content),
        sha256="ab" * 32,
        uploaded_by=enterprise,
    )
    return filled


@pytest.fixture
def filed(with_picture, enterprise):
    """The same, submitted."""
    declared = cast.declarations(with_picture.round)
    workflow.submit(with_picture, declared, actor=enterprise)
    return cast.fresh(with_picture)


@pytest.fixture
def order(client, work_off_jobs):
    """Press the button as ``user`` and let the worker do its work."""

    def press(user, url: str, format: str = "docx") -> Job:
        client.force_login(user)
        response = client.post(url, {"format": format})
        job = Job.objects.filter(owner=user).latest("pk")
        assert response.url == reverse("jobs:detail", args=[job.pk])
        work_off_jobs()
        job.refresh_from_db()
        return job

    return press


def content_of(job: Job) -> bytes:
    with job.file.open("rb") as stream:
        return stream.read()


@pytest.mark.parametrize("format", ["pdf", "docx"])
def test_an_enterprise_gets_the_book_of_its_draft(with_picture, enterprise, order, format):
    job = order(enterprise, reverse("applications:draft_book", args=[with_picture.pk]), format)
    assert (job.status, job.percent, job.message) == (Job.Status.DONE, 100, "")
    assert job.file_name == f"卓越级智能工厂项目申报书（测试企业1有限公司）草稿.{format}"
    content = content_of(job)
    assert read_captions(content, Format(format)) == ["图1 现场照片：车间"]
    assert "草稿" in unspelled(read_texts(content, Format(format)))


def test_what_was_submitted_stays_in_its_book_whatever_is_changed_later(
    filed, enterprise, officer, order
):
    returned = cast.decide(filed, "return_for_changes", officer, "请补充。")
    cast.save(returned, "factory", {"project_name": "改名的工厂"}, enterprise)
    job = order(enterprise, reverse("applications:book", args=[filed.pk, 1]))
    said = docx_body(content_of(job))
    assert "项目名称：示范智能工厂" in said
    assert "改名的工厂" not in said
    assert f"回执编号：{filed.current_revision.receipt}" in said


@pytest.mark.parametrize("reader", ["officer", "province"])
def test_officers_get_the_book_of_a_submitted_revision(filed, order, reader, request):
    job = order(request.getfixturevalue(reader), reverse("review:book", args=[filed.pk, 1]))
    assert job.status == Job.Status.DONE
    assert read_captions(content_of(job), Format.DOCX) == ["图1 现场照片：车间"]


def test_the_page_of_a_book_leads_back_and_to_the_other_format(filed, officer, order, client):
    url = reverse("review:book", args=[filed.pk, 1])
    job = order(officer, url)
    page = client.get(reverse("jobs:detail", args=[job.pk])).content.decode()
    assert f'href="{reverse("review:revision", args=[filed.pk, 1])}"' in page
    assert f'action="{url}"' in page
    assert 'value="pdf">PDF' in page
    assert 'value="docx"' not in page


@pytest.mark.parametrize("format", ["", "xlsx", "PDF", "\x00"])
def test_an_unknown_format_is_not_found(filed, enterprise, client, format):
    client.force_login(enterprise)
    url = reverse("applications:book", args=[filed.pk, 1])
    assert client.post(url, {"format": format}).status_code == 404
    assert not Job.objects.filter(owner=enterprise).exists()


def test_a_revision_there_is_not_is_not_found(filed, enterprise, client):
    client.force_login(enterprise)
    url = reverse("applications:book", args=[filed.pk, 2])
    assert client.post(url, {"format": "pdf"}).status_code == 404


def test_whoever_lost_the_right_meanwhile_gets_no_book(filed, rival, officer, work_off_jobs):
    """The second is an officer, who may never see a draft."""
    jobs = [
        start(owner=user, kind=tasks.BOOK, title="x", application=filed.pk, format="pdf", number=n)
        for user, n in ((rival, 1), (officer, None))
    ]
    work_off_jobs()
    for job in jobs:
        job.refresh_from_db()
        assert job.status == Job.Status.FAILED
        assert job.message == "您现在不能查看这份申报，没有生成申报书。"
        assert not job.file


def test_an_officer_who_has_stepped_aside_gets_no_book_and_keeps_none(
    filed, officer, order, client, work_off_jobs
):
    made = order(officer, reverse("review:book", args=[filed.pk, 1]))
    listed = start(owner=officer, kind="other", title="x", application=filed.pk + 1)
    ordered = start(
        owner=officer, kind=tasks.BOOK, title="x", application=filed.pk, format="pdf", number=1
    )
    interests.declare([filed], has_conflict=True, note="亲属任职", actor=officer)
    late = start(
        owner=officer, kind=tasks.BOOK, title="x", application=filed.pk, format="pdf", number=1
    )
    Job.objects.filter(pk=listed.pk).update(status=Job.Status.DONE)
    work_off_jobs()
    for job in (made, ordered, late):
        job.refresh_from_db()
        assert job.status == Job.Status.FAILED
        assert client.get(reverse("jobs:file", args=[job.pk])).status_code == 404
    assert "回避" in client.get(reverse("jobs:detail", args=[made.pk])).content.decode()
    listed.refresh_from_db()
    assert listed.status == Job.Status.DONE


def test_a_revision_that_was_tampered_with_gives_no_book(filed, enterprise, order):
    filed.revisions.update(sha256="0" * 64)
    job = order(enterprise, reverse("applications:book", args=[filed.pk, 1]))
    assert job.status == Job.Status.FAILED
    assert "与提交时的校验值不符" in job.message


@pytest.mark.parametrize("page", ["applications:revision", "review:revision"])
def test_the_pages_of_a_revision_offer_its_book(filed, enterprise, officer, client, page):
    client.force_login(enterprise if page.startswith("applications") else officer)
    shown = client.get(reverse(page, args=[filed.pk, 1])).content.decode()
    url = reverse(page.replace("revision", "book"), args=[filed.pk, 1])
    assert f'action="{url}"' in shown


def test_an_enterprise_finds_its_exports(filled, browser):
    page = browser.get(reverse("applications:index")).content.decode()
    assert f'href="{reverse("jobs:index")}"' in page


# From the command line


def export(output, **options) -> str:
    out = io.StringIO()
    call_command("export_book", format="docx", output=output, stdout=out, **options)
    return out.getvalue()


def test_the_command_exports_by_receipt_or_application(filed, tmp_path):
    receipt = filed.current_revision.receipt
    by_receipt, by_application = tmp_path / "a.docx", tmp_path / "b.docx"
    said = export(by_receipt, receipt=receipt)
    export(by_application, application=filed.pk)
    assert f"回执编号：{receipt}" in docx_body(by_receipt.read_bytes())
    assert docx_body(by_receipt.read_bytes()) == docx_body(by_application.read_bytes())
    assert said.startswith(f"已生成 {by_receipt}（校验码 ")


def test_the_command_exports_a_draft(with_picture, tmp_path):
    said = export(tmp_path / "a.docx", application=with_picture.pk, draft=True)
    assert said == f"已生成 {tmp_path / 'a.docx'}（草稿，无校验码）\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"receipt": "没有"}, "没有回执编号为“没有”的提交版本。"),
        (
            {"receipt": "有", "draft": True},
            "--draft 与 --application 一起使用：有回执的版本不是草稿。",
        ),
        ({"application": 0}, "没有编号为 0 的申报。"),
    ],
)
def test_the_command_says_what_is_wrong(db, tmp_path, options, message):
    with pytest.raises(CommandError) as refusal:
        export(tmp_path / "a.docx", **options)
    assert str(refusal.value) == message
    assert list(tmp_path.glob("*.docx")) == []


def test_the_command_offers_the_draft_of_what_was_never_submitted(filled, tmp_path):
    with pytest.raises(CommandError, match="请加 --draft"):
        export(tmp_path / "a.docx", application=filled.pk)


def test_the_command_refuses_a_folder_that_is_not_there(filed, tmp_path):
    with pytest.raises(CommandError, match="目录不存在"):
        export(tmp_path / "no" / "a.docx", application=filed.pk)

"""The back office: who gets in, and sheets that come and go through Excel without harm."""

import re
import zipfile
from io import BytesIO
from urllib.parse import unquote

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.test import Client, RequestFactory
from django.urls import reverse

from portal.accounts.models import Enterprise, Role, User
from portal.catalogue import spreadsheet
from portal.catalogue.admin import IndicatorResource
from portal.catalogue.models import Bureau, Certainty, Condition, Indicator, Scenario, Segment
from tests.catalogue.sheets import (
    client_of,
    download,
    label,
    labels,
    page,
    person,
    rows_of,
    sheet_of,
    staff_client,
    upload,
    workbook,
)

pytestmark = pytest.mark.django_db

SHEETS = [Bureau, Scenario, Indicator, Enterprise]
OURS = ("catalogue", "accounts", "rounds")
BUREAU_HEAD = labels(Bureau, "code", "name", "short_name", "kind", "order")
SCENARIO_HEAD = (
    label(Segment, "edition"),
    *labels(Scenario, "segment", "name", "number", "certainty", "source"),
)


@pytest.fixture
def catalogue():
    for name in ("bureaus", "scenarios", "indicators"):
        call_command("loaddata", settings.BASE_DIR / f"fixtures/{name}.json", verbosity=0)


@pytest.fixture
def staff():
    return staff_client()


def our_models():
    return [model for model in admin.site._registry if model._meta.app_label in OURS]


def our_pages():
    pages = [page(model, which) for model in our_models() for which in ("changelist", "add")]
    pages += [page(model, which) for model in SHEETS for which in ("import", "export")]
    return [reverse("admin:index"), *pages]


# Who gets in


def test_active_provincial_staff_open_every_page(staff):
    for url in our_pages():
        assert staff.get(url).status_code == 200, url


@pytest.mark.parametrize(
    ("role", "more"),
    [
        (Role.ENTERPRISE, {"is_staff": True, "is_superuser": True}),
        (Role.BUREAU, {"is_staff": True, "is_superuser": True}),
        (Role.PROVINCE, {"is_staff": False, "is_superuser": True}),
    ],
)
def test_nobody_else_who_is_signed_in_opens_any(role, more):
    client = client_of(person("other", role, **more))
    for url in our_pages():
        assert client.get(url, follow=True).status_code == 403, url
        assert client.post(url, follow=True).status_code == 403, url


def test_a_disabled_member_of_staff_is_a_stranger():
    client = client_of(person("left", is_staff=True, is_active=False))
    assert (
        reverse(settings.LOGIN_URL)
        in client.get(reverse("admin:index"), follow=True).redirect_chain[-1][0]
    )
    # The session already forgets him; the site must not rely on that.
    request = RequestFactory().get("/")
    request.user = User(role=Role.PROVINCE, is_staff=True, is_active=False)
    assert not admin.site.has_permission(request)


def test_a_stranger_is_sent_to_the_portals_own_sign_in_and_back():
    for url in our_pages():
        last, _ = Client().get(url, follow=True).redirect_chain[-1]
        assert unquote(last) == f"{reverse(settings.LOGIN_URL)}?next={url}"


def test_staff_who_are_signed_in_already_go_straight_to_the_index(staff):
    response = staff.get(reverse("admin:login"), {"next": "https://elsewhere.example/"})
    assert response["Location"] == reverse("admin:index")


def test_staff_change_their_password_where_everybody_does(staff):
    response = staff.get(reverse("admin:password_change"))
    assert response["Location"] == reverse("accounts:password")


def test_the_pages_are_in_chinese(staff):
    text = staff.get(reverse("admin:index")).content.decode()
    assert "智能工厂申报门户 · 后台管理" in text
    for model in our_models():
        assert str(model._meta.verbose_name_plural) in text


def test_every_page_names_the_person_and_has_the_portals_icon(staff):
    for url in our_pages():
        response = staff.get(url)
        if "html" not in response["Content-Type"]:
            continue
        text = response.content.decode()
        assert "<strong>张三</strong>" in text, url
        assert ">退出</button>" in text, url
        assert "icon.svg" in text, url
        assert not re.search("欢迎|注销|帐号|帐户|账户", text), url


def test_titles_and_messages_are_written_without_blanks_around_names(staff, catalogue):
    bureau = Bureau.objects.first()
    for url, title in [
        (page(Bureau, "changelist"), "推荐单位"),
        (page(Bureau, "add"), "增加推荐单位"),
        (page(Bureau, "change", bureau.pk), "修改推荐单位"),
        (page(Bureau, "history", bureau.pk), "修改历史"),
        (page(Bureau, "import"), "导入推荐单位"),
        (reverse("admin:app_list", args=["accounts"]), "账号与企业"),
    ]:
        text = staff.get(url).content.decode()
        assert f"<h1>{title}</h1>" in text, url
        assert not re.search("(增加|修改|选择|以) (推荐单位|企业|用户)", text), url
    data = {"code": "149900", "name": "<某>局", "short_name": "某市", "kind": "市", "order": 99}
    text = staff.post(page(Bureau, "add"), data, follow=True).content.decode()
    assert "成功添加了推荐单位“<a href=" in text
    assert "&lt;某&gt;局</a>”" in text


def test_bureaus_cannot_be_deleted_but_scenarios_can(staff, catalogue):
    assert staff.get(page(Bureau, "delete", Bureau.objects.first().pk)).status_code == 403
    assert staff.get(page(Scenario, "delete", Scenario.objects.first().pk)).status_code == 200


@pytest.mark.parametrize("model", [Bureau, Scenario, Indicator, Segment])
def test_a_list_asks_the_same_number_of_questions_however_long(
    staff, catalogue, model, django_assert_num_queries, django_assert_max_num_queries
):
    kept = model.objects.values_list("pk", flat=True)[:2]
    with django_assert_max_num_queries(15) as whole:
        staff.get(page(model, "changelist"))
    if model is Segment:
        Scenario.objects.all().delete()
    model.objects.exclude(pk__in=list(kept)).delete()
    with django_assert_num_queries(len(whole)):
        staff.get(page(model, "changelist"))


def test_segments_of_the_same_name_are_told_apart_by_their_edition(staff, catalogue):
    text = staff.get(page(Scenario, "add")).content.decode()
    assert "2024 年版 · 工艺设计" in text
    assert "2025 年版 · 工艺设计" in text


def test_the_areas_of_a_condition_are_ticked(staff):
    call_command("loaddata", settings.BASE_DIR / "fixtures/conditions.json", verbosity=0)
    condition = Condition.objects.get(code="C-advanced")
    url = page(Condition, "change", condition.pk)
    form = staff.get(url).context["adminform"].form
    assert form["areas"].value() == ["生产作业", "生产管理", "运营管理"]
    data = {name: value for name, value in form.initial.items() if value is not None}
    assert staff.post(url, data | {"areas": ["研发设计", "生产作业"]}).status_code == 302
    condition.refresh_from_db()
    assert condition.areas == ["研发设计", "生产作业"]


@pytest.mark.parametrize(
    ("model", "fixture", "fixed"),
    [
        (Indicator, "indicators", ("edition", "no", "kind")),
        (Condition, "conditions", ("edition", "code")),
    ],
)
def test_what_answers_are_known_by_is_read_only_in_the_form(staff, model, fixture, fixed):
    call_command("loaddata", settings.BASE_DIR / f"fixtures/{fixture}.json", verbosity=0)
    row = model.objects.first()
    shown = staff.get(page(model, "change", row.pk)).context["adminform"].form.fields
    added = staff.get(page(model, "add")).context["adminform"].form.fields
    assert not set(fixed) & set(shown)
    assert set(fixed) <= set(added)


# Sheets out and in


@pytest.mark.parametrize("model", [Bureau, Scenario, Indicator])
def test_an_export_imported_again_changes_nothing(staff, catalogue, model):
    before = list(model.objects.values())
    text = upload(staff, model, download(staff, model))
    assert f"新增 0 行，更新 0 行，未变或空白 {len(before)} 行" in text
    assert list(model.objects.values()) == before


@pytest.mark.parametrize("model", [Bureau, Scenario, Indicator])
def test_an_export_imported_into_an_empty_table_restores_every_row(staff, catalogue, model):
    names = [f.attname for f in model._meta.fields if f.name != "id"]
    before = list(model.objects.values_list(*names))
    data = download(staff, model)
    model.objects.all().delete()
    upload(staff, model, data)
    assert list(model.objects.values_list(*names)) == before


def test_the_headers_are_the_labels_of_the_fields(staff, catalogue):
    assert rows_of(download(staff, Bureau))[0] == BUREAU_HEAD
    assert rows_of(download(staff, Scenario))[0] == SCENARIO_HEAD
    assert SCENARIO_HEAD[1:] == ("环节", "场景", "序号", "依据", "出处")


def test_an_export_holds_what_the_filtered_list_shows(staff, catalogue):
    rows = rows_of(download(staff, Scenario, "?segment__edition__exact=2025"))[1:]
    assert [row[3] for row in rows] == list(range(1, 41))
    assert {row[4] for row in rows} == {Certainty.OFFICIAL.label}


def test_an_import_adds_and_updates_and_leaves_a_trace(staff, catalogue):
    data = workbook(
        SCENARIO_HEAD,
        (2024, "设备管理", "设备运行监控", 21, "官方", "工信厅通装函〔2024〕361号"),
        ("2024", " 能碳管理 ", "能耗在线\t监测", None, "官方", None),
    )
    assert "新增 1 行，更新 1 行" in upload(staff, Scenario, data)
    updated = Scenario.objects.get(segment__edition=2024, name="设备运行监控")
    assert (updated.number, updated.certainty) == (21, Certainty.OFFICIAL)
    assert Scenario.objects.get(name="能耗在线 监测").source == ""
    assert [entry.change_message for entry in LogEntry.objects.all()] == ["从 Excel 导入"] * 2


def test_a_sheet_corrects_an_indicator_but_not_its_kind(staff, catalogue):
    head = labels(Indicator, *IndicatorResource.Meta.fields)
    (edition, no, category, name, unit, kind, formula) = rows_of(download(staff, Indicator))[1]
    before = Indicator.objects.get(edition=edition, no=no)
    other = next(label for label in Indicator.Kind.labels if label != kind)
    row = (edition, no, category, "新名称", unit, other, formula)
    text = upload(staff, Indicator, workbook(head, row))
    assert f"第 2 行 · 性质：已有的行不能更改这一列，应仍为“{kind}”。" in text
    assert Indicator.objects.get(pk=before.pk).name == name
    new = (edition, 99, category, "另一指标", unit, other, formula)
    row = (edition, no, category, "新名称", unit, kind, formula)
    assert "新增 1 行，更新 1 行" in upload(staff, Indicator, workbook(head, row, new))
    after = Indicator.objects.get(pk=before.pk)
    assert (after.name, after.kind) == ("新名称", before.kind)


def test_a_refused_sheet_says_so_on_top_in_red(staff):
    good = ("140100", "太原市工业和信息化局", "太原市", "设区市", 2)
    wrong = ("1402001", "大同市工业和信息化局", None, "设区市", 3)
    text = upload(staff, Bureau, workbook(BUREAU_HEAD, good, wrong, good))
    summary = text.index("整份表没有导入，共 2 行有误。")
    assert text.rindex("<", 0, summary) == text.rindex('<div class="errornote"', 0, summary)
    assert summary < text.index("第 3 行 · 代码：") < text.index("第 4 行 · 与第 2 行重复。")
    assert text.index("第 4 行 · 与第 2 行重复。") < text.index('type="file"')


def test_one_wrong_row_rolls_everything_back_and_is_named_by_row_and_column(staff):
    data = workbook(
        BUREAU_HEAD,
        ("140100", "太原市工业和信息化局", "太原市", "设区市", 2),
        (None, None, None, None, None),
        ("140200", "大同市工业和信息化局", "大同市", "设区市", "三"),
        ("1403001", "阳泉市工业和信息化局", None, "设区市", 4),
    )
    text = upload(staff, Bureau, data)
    assert "第 4 行 · 通知中的次序：“三”不是整数。" in text
    assert "第 5 行 · 代码：" in text
    assert "第 5 行 · 简称：" in text
    assert not Bureau.objects.exists()
    assert not LogEntry.objects.exists()


def test_an_unknown_segment_is_refused_with_its_edition(staff, catalogue):
    count = Scenario.objects.count()
    data = workbook(
        SCENARIO_HEAD,
        (2024, "设备管理", "新场景", None, "官方", ""),
        (2025, "设备管理", "新场景", None, "官方", ""),
        (None, "设备管理", "新场景", None, "", ""),
    )
    text = upload(staff, Scenario, data)
    assert "第 3 行 · 环节：2025 年版没有“设备管理”环节" in text
    assert "第 4 行 · 环节：" in text
    assert "第 4 行 · 依据：“”不是可填的内容，请填：官方、" in text
    assert Scenario.objects.count() == count


def test_the_same_scenario_twice_in_a_sheet_is_refused(staff, catalogue):
    row = (2024, "设备管理", "新场景", None, "官方", "")
    text = upload(staff, Scenario, workbook(SCENARIO_HEAD, row, row))
    assert "第 3 行 · 与第 2 行重复。" in text
    assert not Scenario.objects.filter(name="新场景").exists()


@pytest.mark.parametrize("name", ["=1+1", "+86", "-x", "@SUM(A1)", "=HYPERLINK(0)", "'x", "0012"])
def test_a_name_that_looks_like_a_formula_stays_the_text_it_is(staff, catalogue, name):
    Scenario.objects.filter(name="人机协同作业", segment__edition=2024).update(name=name)
    data = download(staff, Scenario, "?certainty__exact=official&segment__edition__exact=2024")
    cell = sheet_of(data)["C2"]
    assert (cell.value, cell.data_type, cell.number_format) == (name, "s", "@")
    assert "未变或空白 1 行" in upload(staff, Scenario, data)


def test_control_characters_reach_neither_the_database_nor_the_sheet(staff, catalogue):
    spoilt = "智能\x0b\u200b仓储\x01"
    Scenario.objects.filter(name="人机协同作业").update(name=spoilt, source="a\x08b")
    row = rows_of(
        download(staff, Scenario, "?segment__edition__exact=2024&certainty__exact=official")
    )[1]
    assert row[2:] == ("智能\n仓储", None, "官方", "ab")
    upload(
        staff,
        Scenario,
        workbook(SCENARIO_HEAD, (2024, "设备管理", "甲\u200b乙\u202e\n丙", "", "官方", "")),
    )
    assert Scenario.objects.filter(name="甲乙 丙").exists()


# Files that are no sheets


def package(**members: bytes) -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"%PDF-1.7 not a sheet", "这不是 Excel 工作簿"),
        ("代码,名称".encode(), "这不是 Excel 工作簿"),
        (package(**{"word/document.xml": b"<w/>"}), "这不是 Excel 工作簿"),
        (workbook(BUREAU_HEAD, ("1",) * 5)[:-40], "这不是 Excel 工作簿"),
        (spreadsheet.OLE_SIGNATURE + bytes(600), "旧版 .xls 或加了密码"),
        (package(bomb=bytes(20 * 1024**2)), "解压后异常庞大"),
        (package(**{f"m{n}": b"x" for n in range(2001)}), "解压后异常庞大"),
        (workbook(), "第一行应为表头"),
        (workbook(BUREAU_HEAD), "没有数据行"),
        (workbook(("代码", "名称", "代码"), ("1", "2", "3")), "重复的列：代码"),
        (workbook(("代码", "名称"), ("1", "2")), "表头缺少：简称、类别、通知中的次序"),
    ],
)
def test_a_file_that_is_no_usable_sheet_gets_a_sentence(staff, data, sentence):
    assert sentence in upload(staff, Bureau, data)
    assert not Bureau.objects.exists()


def test_a_bomb_is_refused_before_anything_is_unpacked(monkeypatch):
    def opened(*args, **kwargs):
        raise AssertionError("the workbook was opened")

    monkeypatch.setattr(spreadsheet, "load_workbook", opened)
    with pytest.raises(spreadsheet.SheetRefused):
        spreadsheet.read(package(bomb=bytes(20 * 1024**2)))


def test_too_many_rows_are_refused(staff, monkeypatch):
    monkeypatch.setattr(spreadsheet, "MAX_ROWS", 1)
    rows = [(f"14010{n}", f"局{n}", f"市{n}", "市", n) for n in range(2)]
    assert "一次最多导入 1 行" in upload(staff, Bureau, workbook(BUREAU_HEAD, *rows))


def test_a_file_that_is_too_large_is_refused(staff, monkeypatch):
    monkeypatch.setattr(spreadsheet, "MAX_UPLOAD", 100)
    assert "文件超过 10 MB" in upload(staff, Bureau, workbook(BUREAU_HEAD, ("1",) * 5))


def test_a_sheet_that_states_a_wrong_extent_is_read_whole(staff):
    data = workbook(BUREAU_HEAD, ("140100", "太原市工信局", "太原市", "设区市", 2))
    stream = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b'ref="A1:E2"', b'ref="A1"'))
    upload(staff, Bureau, stream.getvalue())
    assert Bureau.objects.get().order == 2


def test_an_unforeseen_failure_is_told_without_its_details(staff, catalogue, monkeypatch):
    def save(self, **kwargs):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(Bureau, "save", save)
    row = ("149900", "某局", "某市", "设区市", 99)
    text = upload(staff, Bureau, workbook(BUREAU_HEAD, row))
    assert "第 2 行 · 这一行无法导入" in text
    assert "secret detail" not in text

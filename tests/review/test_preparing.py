"""Rounds without code: filled in, copied, compared, corrected by a version, at any level."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone

from applications import checks, workflow
from applications.sections import Filing
from portal.accounts.models import Role
from portal.audit.models import Record
from portal.catalogue import editions
from portal.catalogue.models import ClosedEdition, Condition, Level
from portal.errors import NotAllowed, StaleState
from portal.messaging.models import Message
from portal.rounds.models import Declaration, FieldRule, Material, Quota, Round, RoundVersion
from review import publishing, summary
from review.preparing import cloning, differences, editing
from review.preparing.forms import INSTANTS, FieldRulesForm
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft_round(province) -> Round:
    return cast.make_round(province, slug="draft", title="2025年批次", published=False)


@pytest.fixture
def office(client, province):
    client.force_login(province)
    return client


def typed(response: HttpResponse) -> dict[str, str | list[str]]:
    """What a browser would send back from a page as it stands."""
    context = response.context
    data: dict[str, str | list[str]] = {"seen": context.get("seen", "")}
    forms = [context["page"].form] if "page" in context else [context["form"]]
    for slug, lines in context["page"].lists.items() if "page" in context else ():
        data[slug] = [line.key for line in lines]
        forms += [line.form for line in lines]
    for form in forms:
        for bound in form:
            widget = bound.field.widget
            value = bound.value()
            if hasattr(widget, "decompress"):
                parts = value if isinstance(value, list) else widget.decompress(value)
                names = [f"{bound.html_name}{suffix}" for suffix in widget.widgets_names]
                data |= {n: "" if v is None else str(v) for n, v in zip(names, parts, strict=True)}
            elif value not in (None, False):
                data[bound.html_name] = str(value)
    return data


def said(response: HttpResponse) -> str:
    return response.content.decode()


# The round itself


def test_a_round_is_made_from_nothing_filled_in_published_and_applied_to(office, province):
    now = timezone.localtime()
    page = office.get(reverse("review:round_new"))
    datong = cast.Bureau.objects.get(code=cast.DATONG)
    data = typed(page) | {
        "title": "2027年度先进级智能工厂申报",
        "slug": "2027-advanced",
        "year": "2027",
        "level": Level.ADVANCED,
        "opens_at_day": f"{now - timedelta(days=1):%Y-%m-%d}",
        "opens_at_time": "09:00",
        "enterprise_deadline_day": f"{now + timedelta(days=9):%Y-%m-%d}",
        "enterprise_deadline_time": "24:00",
        "bureau_deadline_day": f"{now + timedelta(days=10):%Y-%m-%d}",
        "bureau_deadline_time": "24：00",
        "seats_per_bureau": "5",
        f"seats-{datong.pk}": "2",
    }
    answer = office.post(page.request["PATH_INFO"], data, follow=True)
    assert "不足 3 天" in said(answer)
    round = Round.objects.get(slug="2027-advanced")
    closes = timezone.localtime(round.enterprise_deadline)
    assert (closes.date(), closes.hour) == ((now + timedelta(days=10)).date(), 0)
    assert dict(round.quotas.values_list("bureau__code", "seats")) == {cast.DATONG: 2}
    assert round.version.scenario_edition == 2025
    assert "没有承诺事项" in said(office.get(reverse("review:round", args=[round.slug])))
    url = reverse("review:round_rules", args=[round.slug])
    data = typed(office.get(url))
    data |= {f"declarations-{data['declarations'][0]}-text": "内容真实。"}
    assert office.post(url, data).status_code == 302
    office.post(reverse("review:publish", args=[round.slug]))
    application = cast.file_application(Round.objects.get(pk=round.pk), cast.make_enterprise(1))
    assert application.version.conditions[-1].level == Level.ADVANCED


def test_what_is_wrong_is_said_where_and_what_was_typed_stays(office, draft_round):
    url = reverse("review:round_edit", args=["draft"])
    data = typed(office.get(url)) | {
        "title": "新名称",
        "bureau_deadline_day": "2020-01-01",
        "enterprise_deadline_time": "25点",
        "seats_per_bureau": "0",
        "year": "20255",
    }
    answer = office.post(url, data)
    text = said(answer)
    assert answer.status_code == 409
    for sentence in ("时刻请写成 09:00 或 24:00", "名额请填 1 到 99。", "年度请写成四位数。"):
        assert sentence in text
    for kept in ("新名称", "25点", "20255", "2020-01-01"):
        assert f'value="{kept}"' in text
    ordered = data | {"enterprise_deadline_time": "24:00", "seats_per_bureau": "3", "year": "2025"}
    assert "时间次序不对" in said(office.post(url, ordered))
    assert Round.objects.get(slug="draft").title == "2025年批次"


def test_deadlines_that_coincide_are_warned_of_and_stored(office, draft_round):
    url = reverse("review:round_edit", args=["draft"])
    data = typed(office.get(url))
    for part in ("day", "time"):
        data[f"bureau_deadline_{part}"] = data[f"enterprise_deadline_{part}"]
    answer = office.post(url, data, follow=True)
    assert "推荐单位没有单独的审核时间" in said(answer)
    assert Round.objects.get(slug="draft").deadlines_coincide


def test_of_a_published_round_only_contact_and_notice_can_be_put_right(office, round):
    url = reverse("review:round_edit", args=[round.slug])
    page = office.get(url)
    assert {field.name for field in page.context["form"]} == {
        *("contact_office", "contact_phone", "notice")
    }
    before = Round.objects.values().get(pk=round.pk)
    data = typed(page) | {"contact_phone": "0351-1234567", "title": "别的", "seats_per_bureau": "9"}
    office.post(url, data)
    assert Round.objects.values().get(pk=round.pk) == before | {"contact_phone": "0351-1234567"}
    with pytest.raises(NotAllowed):
        editing.delete_round(round, actor=round.version.published_by)
    assert office.get(reverse("review:round_rules", args=[round.slug])).status_code == 302


def test_two_officers_on_one_page_do_not_overwrite_each_other_unseen(office, draft_round):
    url = reverse("review:round_edit", args=["draft"])
    first, second = typed(office.get(url)), typed(office.get(url))
    office.post(url, first | {"title": "甲的名称"})
    answer = office.post(url, second | {"contact_phone": "110"})
    assert "别人修改了这一页" in said(answer)
    assert Round.objects.get(slug="draft").title == "甲的名称"
    again = typed(answer)
    assert office.post(url, again).status_code == 302


# Rules and lists


def test_rows_are_added_moved_and_removed_by_plain_buttons(office, draft_round):
    url = reverse("review:round_rules", args=["draft"])

    def texts():
        return [
            *Declaration.objects.filter(version__round=draft_round).values_list("text", flat=True)
        ]

    data = typed(office.get(url))
    [one, two, blank] = data["declarations"]
    office.post(
        url, data | {f"declarations-{blank}-text": "第三项。", "act": f"up:declarations:{two}"}
    )
    assert texts() == ["不涉密。", "内容真实。", "第三项。"]
    data = typed(office.get(url))
    office.post(url, data | {"act": f"remove:declarations:{data['declarations'][0]}"})
    assert texts() == ["内容真实。", "第三项。"]


def test_a_material_keeps_to_what_the_portal_can_hold(office, draft_round):
    url = reverse("review:round_rules", args=["draft"])
    data = typed(office.get(url))
    key = f"materials-{data['materials'][0]}"
    wrong = {f"{key}-name": "照片", f"{key}-scope": "instances", f"{key}-is_required": "on"}
    answer = office.post(url, data | wrong | {f"{key}-max_mb": "100000"})
    assert "只有属于整份申报的材料可以设为必须提供" in said(office.post(url, data | wrong))
    assert answer.status_code == 409
    assert 'value="照片"' in said(answer)
    right = wrong | {f"{key}-scope": "application"}
    assert office.post(url, data | right).status_code == 302
    assert Material.objects.get(version__round=draft_round).is_required


# 填写要求


def test_only_what_deviates_is_stored_and_an_application_follows_it(office, draft_round, province):
    url = reverse("review:round_field_rules", args=["draft"])
    data = typed(office.get(url)) | {
        "required-basic-contact_email": "True",
        "required-basic-registered_address": "False",
        "required-basic-nature": "True",
        "longest-factory-introduction": "5",
        "longest-factory-results": "2000",
    }
    assert office.post(url, data).status_code == 302
    stored = FieldRule.objects.values_list("place", "field", "is_required", "max_length")
    assert set(stored) == {
        ("basic", "contact_email", True, None),
        ("basic", "registered_address", False, None),
        ("factory", "introduction", None, 5),
    }
    publishing.publish(Round.objects.get(pk=draft_round.pk), actor=province)
    owner = cast.make_enterprise(1)
    application = workflow.start(Round.objects.get(pk=draft_round.pk), actor=owner)
    cast.complete(application, owner)
    cast.save(application, "factory", {"introduction": "项目简介六个字"}, owner)
    cast.save(application, "basic", {"registered_address": ""}, owner)
    fresh = type(application).objects.with_sections().get(pk=application.pk)
    found = {f.message for f in checks.blocking(checks.findings(Filing.of(fresh)))}
    assert found == {"请填写“电子邮箱”。", "“项目简介”最多 5 字，现有 7 字，请删减 2 字。"}
    office.force_login(owner)
    page = said(office.get(reverse("applications:section", args=[application.pk, "factory"])))
    assert 'data-limit="5"' in page


def test_what_annex_1_and_the_rules_need_cannot_be_made_optional(draft_round):
    form = FieldRulesForm(version=draft_round.version)
    for name in (
        "basic-contact_name",
        "factory-project_name",
        "instances-name",
        "basic-maturity_level",
    ):
        assert f"required-{name}" not in form.fields
    line = form.fields["longest-instances-name"]
    with pytest.raises(Exception, match="最多 100 字"):
        line.clean("101")


# Versions


@pytest.fixture
def corrected(round, province):
    """A published round with a second version that asks for one declaration more."""
    version = editing.prepare_version(round, actor=province)
    Declaration.objects.create(version=version, order=3, text="配合核查。")
    return version


def test_started_on_a_version_means_finished_on_it(round, corrected, province):
    early, late = cast.make_enterprise(1), cast.make_enterprise(2)
    officer = cast.make_officer()
    started = workflow.start(round, actor=early)
    publishing.publish_version(corrected, "增加一项承诺", actor=province)
    fresh = Round.objects.get(pk=round.pk)
    assert workflow.start(fresh, actor=late).version == corrected
    cast.complete(started, early)
    assert workflow.submit(started, ["内容真实。", "不涉密。"], actor=early).data[
        "declarations"
    ] == [*("内容真实。", "不涉密。")]
    told = Message.objects.get(recipient=officer, key=f"version-{corrected.pk}")
    assert "增加一项承诺" in told.text


def test_a_version_is_published_with_a_note_and_shows_who_is_on_which(
    office, round, corrected, province
):
    workflow.start(round, actor=cast.make_enterprise(1))
    page = reverse("review:round", args=[round.slug])
    compared = office.get(reverse("review:round_differences", args=[round.slug]))
    assert [change.after for _, [change] in compared.context["found"]] == ["第 3 项"]
    url = reverse("review:version_publish", args=[round.slug])
    assert "请写明改动了什么" in said(office.post(url, {"note": " "}))
    assert office.post(url, {"note": "增加一项承诺"}).status_code == 302
    rows = [(version.number, version.started) for version in office.get(page).context["versions"]]
    assert rows == [(1, 1), (2, 0)]
    assert Record.objects.filter(verb="version_publish", detail="增加一项承诺").exists()


def test_there_is_one_version_in_preparation_and_it_can_be_given_up(round, corrected, province):
    with pytest.raises(StaleState, match="已经有一个"):
        editing.prepare_version(round, actor=province)
    editing.discard_version(corrected, actor=province)
    assert round.versions.count() == 1
    assert Declaration.objects.filter(text="配合核查。").count() == 0


def test_a_page_made_before_a_version_was_published_neither_drops_it_nor_goes_back_behind_it(
    round, province
):
    page = Round.objects.prefetch_related("versions").get(pk=round.pk)
    first = editing.prepare_version(round, actor=province)
    Declaration.objects.create(version=first, order=3, text="配合核查。")
    publishing.publish_version(
        RoundVersion.objects.get(pk=first.pk), "增加一项承诺", actor=province
    )
    with pytest.raises(StaleState, match="刚刚发布"):
        editing.discard_version(first, actor=province)
    second = editing.prepare_version(page, actor=province)
    assert second.declarations.filter(text="配合核查。").exists()


def test_what_was_published_meanwhile_is_not_changed_any_more(corrected, province, office):
    url = reverse("review:round_rules", args=[corrected.round.slug])
    data = typed(office.get(url))
    publishing.publish_version(corrected, "更正", actor=province)
    assert office.post(url, data).status_code == 302
    page = editing.RulesPage.stored(corrected)
    with pytest.raises(StaleState, match="刚刚发布"):
        page.store("", actor=province)


# Cloning and comparing


def test_a_cloned_round_keeps_its_weekdays_and_rules_and_takes_the_newest_editions(
    office, draft_round, province
):
    Quota.objects.create(round=draft_round, bureau=cast.Bureau.objects.first(), seats=7)
    Material.objects.create(version=draft_round.version, order=1, name="证照")
    FieldRule.objects.create(
        version=draft_round.version, place="basic", field="honours", is_required=True
    )
    editions.copy(editions.Part.CONDITIONS, 2024, 2026, actor=province)
    Condition.objects.filter(edition=2026, code="B1").update(text="新的要求。")
    Round.objects.filter(pk=draft_round.pk).update(notice="各单位：\n请按时报送。\n" * 50)
    url = f"{reverse('review:round_new')}?source=draft&year=2026"
    page = office.get(url)
    assert "上一批次：" in said(page)
    answer = office.post(url, typed(page))
    clone = Round.objects.get(slug="2026-excellent")
    assert answer["Location"] == reverse("review:round_differences", args=[clone.slug])
    for name in INSTANTS:
        assert getattr(clone, name) - getattr(draft_round, name) == timedelta(weeks=52)
    assert clone.title == "2026年批次"
    assert clone.quotas.get().seats == 7
    assert clone.version.editions == {
        **dict.fromkeys(editions.Part, 2024),
        editions.Part.SCENARIOS: 2025,
        editions.Part.CONDITIONS: 2026,
    }
    found = dict(office.get(answer["Location"]).context["found"])
    changed = {change.name for change in found[differences.ROUND]}
    assert changed >= {"名称", "标识", "年度"}
    assert "通知正文" not in changed
    assert [change.after[:5] for change in found[differences.CONDITIONS]] == ["新的要求。"]
    assert any(change.before is None for change in found[differences.SCENARIOS])
    for same in (
        differences.DECLARATIONS,
        differences.MATERIALS,
        differences.FIELD_RULES,
        differences.SEATS,
    ):
        assert same not in found


def test_years_are_shifted_in_whole_weeks():
    assert cloning.shift(1) == timedelta(weeks=52)
    assert cloning.shift(2) == timedelta(weeks=104)
    assert cloning.shift(6) == timedelta(weeks=313)


# Publishing


def test_a_level_whose_clauses_are_missing_is_not_published(draft_round, province):
    Condition.objects.filter(edition=2024, level="excellent", rule="coverage").delete()
    with pytest.raises(NotAllowed, match="没有卓越级的“覆盖大环节”条款（其他等级有）"):
        publishing.publish(draft_round, actor=province)
    Condition.objects.filter(edition=2024, level="excellent").delete()
    assert publishing.what_is_missing(Round.objects.get(pk=draft_round.pk).version) == [
        "要素条件 2024 年版没有卓越级的条款"
    ]


def test_publishing_closes_the_editions_it_is_built_on(draft_round, province):
    publishing.publish(draft_round, actor=province)
    assert set(ClosedEdition.objects.values_list("part", "edition")) == {
        (part, 2024) for part in editions.Part
    }


@pytest.mark.parametrize("level", list(Level))
def test_every_level_runs_from_the_data_alone(province, level):
    round = cast.make_round(province, slug=level, level=level)
    owner, officer = cast.make_enterprise(1), cast.make_officer()
    application = workflow.start(round, actor=owner)
    cast.complete(application, owner)
    cast.save(application, "basic", {"maturity_level": 4}, owner)
    workflow.submit(application, cast.declarations(round), actor=owner)
    application = cast.decide(application, "accept", officer)
    cast.ranking.recommend(cast.list_of(application), application, actor=officer)
    ranked_list = cast.send(application, officer)
    cast.receive(ranked_list, province)
    document = summary.build(round).document
    assert f"{level.label}智能工厂项目推荐汇总表" in document.title
    assert "示范智能工厂" in str(document.blocks)


# Who may


def test_an_auditor_reads_and_changes_nothing(client, draft_round):
    client.force_login(cast.make_user("audit", Role.AUDITOR))
    page = client.get(reverse("review:round", args=["draft"]))
    assert page.status_code == 200
    assert 'method="post"' not in said(page).partition('<main id="main"')[2]
    assert client.post(reverse("review:round_edit", args=["draft"]), {}).status_code == 403


# Editions


def test_an_edition_comes_in_by_preview_and_confirmation(office, province):
    from_2024 = reverse("review:edition_sheet", args=["conditions"])
    book = office.get(f"{from_2024}?year=2024").content
    url = reverse("review:edition_import", args=["conditions"])
    upload = SimpleUploadedFile("条件.xlsx", book)
    page = office.post(url, {"year": "2027", "file": upload})
    assert page.context["count"] == 27
    assert not Condition.objects.filter(edition=2027).exists()
    office.post(url, {"year": page.context["year"], "rows": page.context["rows"]})
    assert Condition.objects.filter(edition=2027).count() == 27
    again = office.post(url, {"year": "2027", "rows": page.context["rows"]})
    assert "已经有了" in said(again)
    office.post(reverse("review:edition_copy", args=["conditions", 2027]), {"to": "2028"})
    office.post(reverse("review:edition_delete", args=["conditions", 2027]))
    assert editions.years(editions.Part.CONDITIONS) == {2024, 2028}

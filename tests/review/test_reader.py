"""The reader: a revision as a document, what the checks said beside it, files in place, changes."""

import html
import re

import pytest
from django.urls import reverse

from applications import attachments, commenting, workflow
from applications.models import Revision
from applications.states import Status
from portal.accounts.models import Role
from portal.rounds.models import Material
from review.findings import noted
from tests import cast
from tests.files import as_upload, image, letter, pdf


@pytest.fixture
def owner(catalogue, db):
    return cast.make_enterprise(1)


@pytest.fixture
def colleague(officer):
    return cast.make_user("colleague", Role.BUREAU, bureau=officer.bureau)


@pytest.fixture
def draft(round, owner):
    """Complete; one of the five 大环节 has no instance, for a reason, and one answer is odd."""
    application = workflow.start(round, actor=owner)
    cast.complete(application, owner)
    application.instances.get(key="k5").delete()
    reason = cast.over_rows(application, "explanations", lambda row: {"reason": "由集团统一建设。"})
    cast.save(application, "scenarios", {}, owner, rows=reason)
    cast.save(application, "basic", {"maturity_score": "4.5"}, owner)
    return application


@pytest.fixture
def submit(owner, officer):
    def act(application):
        application = cast.fresh(application)
        workflow.submit(application, cast.declarations(application.round), actor=owner)
        cast.no_interest(application, officer)
        return cast.fresh(application)

    return act


@pytest.fixture
def application(draft, submit):
    return submit(draft)


@pytest.fixture
def read(client, officer):
    """A page about an application, as an officer of its bureau reads it."""

    def get(name, *arguments, user=officer, **query):
        client.force_login(user)
        response = client.get(reverse(f"review:{name}", args=arguments), query)
        assert response.status_code == 200
        return html.unescape(response.content.decode())

    return get


def part(page, slug):
    """One section of the document."""
    return page.split(f'id="part-{slug}"')[1].split('<section class="part"')[0]


def text_of(markup):
    return " ".join(re.sub(r"<[^>]+>", " ", markup).split())


def ids(page):
    return re.findall(r' id="([^"]+)"', page)


# What the checks said


def test_findings_stand_at_the_head_of_their_section_and_lead_to_their_place(read, application):
    page = read("reader", application.pk)
    checks = application.current_revision.checks
    assert {each["section"] for each in checks["findings"]} >= {"basic", "scenarios"}
    for each in checks["findings"]:
        [(where, said)] = re.findall(
            rf'<a href="#([^"]+)">({re.escape(each["message"])})</a>', part(page, each["section"])
        )
        assert ids(page).count(where) == 1
        assert each["clause"] in part(page, each["section"])


def test_a_finding_leads_to_the_exact_field(read, application):
    page = read("reader", application.pk)
    [message] = [
        each["message"]
        for each in application.current_revision.checks["findings"]
        if each["field"] == "maturity_score"
    ]
    assert f'<a href="#basic-maturity_score">{message}' in page
    field = page.split('id="basic-maturity_score"')[1].split("</div>")[0]
    assert "4.50" in field


def test_clauses_stand_with_their_state_what_it_rests_on_and_the_reason(read, application):
    page = read("reader", application.pk)
    scenarios = text_of(part(page, "scenarios"))
    assert "要素条件 1 条：不满足 1" in scenarios
    assert "已覆盖 4 / 5" in scenarios
    assert "“未达到的理由”：由集团统一建设。" in scenarios
    assert "待审核人员判断" in text_of(part(page, "results"))
    assert "提交时承诺" in text_of(part(page, "declarations"))
    # What is not met is open for all to see, the rest is folded.
    assert '<details class="more" open' in part(page, "scenarios")
    assert '<details class="more" open' not in part(page, "basic")


def test_the_rail_counts_what_wants_an_eye(read, application):
    page = read("reader", application.pk)
    rail = page.split("data-sections")[1].split("</nav>")[0]
    lines = [text_of(line) for line in re.findall(r"<li>(.*?)</li>", rail, re.DOTALL)]
    found = noted(application.current_revision)
    for slug, line in zip(("basic", "factory", "scenarios", "results"), lines, strict=False):
        for label, count in found[slug].to_look_at.items():
            assert f"{label} {count}" in line
    assert "不满足 1" in lines[2]
    assert "满足" not in lines[0]


def test_every_clause_is_shown_once(read, application):
    page = read("reader", application.pk)
    clauses = application.current_revision.checks["clauses"]
    assert len(re.findall(r'class="clause-line', page)) == len(clauses)


def test_a_revision_from_before_the_checks_were_kept_says_so(read, application):
    revision = application.current_revision
    data = {name: value for name, value in revision.data.items() if name != "checks"}
    Revision.objects.filter(pk=revision.pk).update(data=data, sha256=Revision.digest(data))
    page = read("reader", application.pk)
    assert "没有留存系统检查的结果" in page
    assert "提交时系统检查" not in page


def test_the_enterprise_reads_the_same_document_without_them(client, owner, application):
    client.force_login(owner)
    url = reverse("applications:revision", args=[application.pk, 1])
    page = client.get(url).content.decode()
    assert 'id="basic-maturity_score"' in page
    assert "提交时系统检查" not in page


def test_no_place_of_the_document_is_named_twice(read, application):
    found = ids(read("reader", application.pk))
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("place", "anchor"),
    [
        (("factory", "", "", "results"), "factory-results"),
        (("basic", "finance_years", "2023", "revenue"), "finance_years-2-revenue"),
        (("scenarios", "instances", "k2", "content"), "instances-2-content"),
        (("scenarios", "instances", "k2", ""), "instances-2"),
        (("scenarios", "instances", "gone", "content"), "group-instances"),
        (("scenarios", "instances", "", ""), "group-instances"),
        (("factory", "unknown", "", ""), "part-factory"),
        (("factory", "", "", "unknown"), "part-factory"),
        (("attachments", "slot-7", "", ""), "part-attachments"),
        (("", "", "", ""), ""),
    ],
)
def test_a_place_that_is_not_there_leads_to_what_is_around_it(application, place, anchor):
    assert application.current_revision.anchor(*place) == anchor


# Files


@pytest.fixture
def with_files(draft, submit, round, owner):
    """One file for the whole, one in Word, a photo of an instance, proofs of an indicator."""
    slots = [
        ("执照.pdf", pdf(3), "application", ""),
        ("说明.docx", letter(), "application", ""),
        ("现场.png", image(), "instances", "k2"),
        ("佐证.pdf", pdf(200), "indicator_values", "7"),
    ]
    found = {}
    for order, (name, content, scope, key) in enumerate(slots, 1):
        material = Material.objects.create(
            version=round.version, order=order, name=f"材料{order}", scope=scope, accepts="office"
        )
        if name.endswith("png"):
            Material.objects.filter(pk=material.pk).update(accepts="image")
            material.refresh_from_db()
        upload = as_upload(content, name)
        found[name], _ = attachments.take(draft, material, upload, actor=owner, key=key)
    return submit(draft), found


def shown(markup):
    """The names of the files that can be unfolded there."""
    return re.findall(r'class="look-name">([^<]+)<', markup)


def test_files_unfold_at_the_row_they_prove_and_again_at_the_end(read, with_files):
    application, _ = with_files
    page = read("reader", application.pk)
    assert shown(part(page, "attachments")) == ["执照.pdf", "说明.docx", "现场.png", "佐证.pdf"]
    entries = re.split(r'<article class="entry" id="instances-', part(page, "scenarios"))
    assert [shown(entry) for entry in entries] == [[], [], ["现场.png"], [], []]
    rows = re.split(r'<tr id="indicator_values-', part(page, "results"))
    assert [row.split('"')[0] for row in rows if shown(row)] == ["7"]


def test_a_long_pdf_brings_one_page_at_a_time_and_none_before_it_is_unfolded(read, with_files):
    application, files = with_files
    page = part(read("reader", application.pk), "results")
    images = re.findall(r"<img[^>]*>", page)
    [image] = images
    assert reverse("applications:file_page", args=[files["佐证.pdf"].pk, 1]) in image
    assert 'loading="lazy"' in image
    assert "<details" in page.split(image)[0].rsplit("</details>", 1)[-1]
    following = reverse("applications:file_view", args=[files["佐证.pdf"].pk])
    assert f'href="{following}?page=2"' in page


def test_what_cannot_be_shown_in_a_page_is_offered_for_download(read, with_files):
    application, files = with_files
    page = part(read("reader", application.pk), "attachments")
    word = page.split("说明.docx")[1].split("</details>")[0]
    assert "请下载后打开" in word and "<img" not in word
    assert f"{reverse('applications:file', args=[files['说明.docx'].pk])}?download" in word


# What is new, and what changed


def resubmitted(application, submit, owner, officer):
    """Returned with two comments; one place is changed, the other only answered."""
    for place in (("factory", "", "", "results"), ("results", "", "", "effect")):
        commenting.add(
            application,
            place,
            "missing",
            "请补充数据。",
            revision=application.current_revision_id,
            actor=officer,
        )
    application = cast.decide(application, "return_for_changes", officer)
    for comment in application.comments.all():
        commenting.answer(comment, "explained", "见年报。", seen=None, actor=owner)
    cast.save(application, "factory", {"results": "建设成效提升 18%。"}, owner)
    return submit(application)


def test_nothing_is_new_the_first_time_nor_when_nobody_did_anything(read, application):
    assert "自您上次阅读" not in read("reader", application.pk)
    assert "自您上次阅读" not in read("reader", application.pk)


def test_what_others_did_since_the_last_time_leads_to_the_changes(
    read, application, submit, owner, officer
):
    read("reader", application.pk)
    application = resubmitted(application, submit, owner, officer)
    page = read("reader", application.pk)
    news = page.split("自您上次阅读")[1].split("</div>")[0]
    assert f"{owner} 重新提交，第 2 版" in news
    assert "退回修改" not in news  # one's own doing
    [url] = re.findall(r'href="([^"#]+)"', news)
    assert url == reverse("review:changes", args=[application.pk, 2]) + "?from=1"
    assert "自您上次阅读" not in read("reader", application.pk)


def test_a_colleague_s_notes_are_news_to_the_other(read, application, officer, colleague):
    cast.no_interest(application, colleague)
    read("reader", application.pk, user=colleague)
    place, revision = ("factory", "", "", "results"), application.current_revision_id
    commenting.add(application, place, "wrong", "请核对。", revision=revision, actor=officer)
    news = read("reader", application.pk, user=colleague).split("自您上次阅读")[1]
    assert f"{officer} 提意见：建设成效" in news.split("</div>")[0]


def test_the_comparison_shows_what_was_asked_and_answered_where_it_was_changed(
    read, application, submit, owner, officer
):
    application = resubmitted(application, submit, owner, officer)
    page = read("changes", application.pk, 2)
    changed = page.split('id="changes-factory"')[1].split("</section>")[0]
    assert "请补充数据。" in changed and "见年报。" in changed and "按意见修改" in changed
    elsewhere = page.split("提了意见而没有改动 1 处")[1].split("</section>")[0]
    assert "请补充数据。" in elsewhere


def test_any_two_revisions_are_compared(read, application, submit, owner, officer):
    application = resubmitted(application, submit, owner, officer)
    application = cast.decide(application, "return_for_changes", officer, "再改。")
    cast.save(application, "factory", {"introduction": "第三版的简介。"}, owner)
    application = submit(application)
    assert "第三版的简介" in text_of(read("changes", application.pk, 3))
    assert "建设成效提升" not in text_of(read("changes", application.pk, 3))
    assert "建设成效提升" in text_of(read("changes", application.pk, 3, **{"from": 1}))
    assert "请补充数据。" not in read("changes", application.pk, 3)  # asked before the second
    assert "请补充数据。" in read("changes", application.pk, 3, **{"from": 1})
    assert "第三版的简介" not in read("changes", application.pk, 2)


def test_with_one_revision_there_is_nothing_to_compare(read, application):
    assert "版本对比" not in read("reader", application.pk)
    assert "还没有可以比较的另一版" in read("changes", application.pk, 1)


def test_a_revision_that_is_not_there_is_not_found(client, officer, application):
    client.force_login(officer)
    for number, base in ((2, ""), (1, "?from=7")):
        url = reverse("review:changes", args=[application.pk, number])
        assert client.get(url + base).status_code == 404


def test_the_desk_leads_to_what_else_is_to_be_reviewed(read, application, round, officer):
    assert "下一项待审核" not in read("reader", application.pk)
    other = cast.file_application(round, cast.make_enterprise(2))
    accepted = cast.bring_to(Status.ACCEPTED, round, cast.make_enterprise(3), officer)
    desk = read("reader", accepted.pk).split('id="desk"')[1].split("</section>")[0]
    # The one that has waited longest, as in the inbox.
    assert f'下一项待审核：<a href="{reverse("review:reader", args=[application.pk])}">' in desk
    assert reverse("review:reader", args=[other.pk]) in read("reader", application.pk)
    cast.decide(cast.fresh(application), "decline", officer, "不符合。")
    cast.decide(cast.fresh(other), "decline", officer, "不符合。")
    assert "下一项待审核" not in read("reader", accepted.pk)


def test_who_can_take_the_list_back_is_not_sent_to_the_province(read, round, officer, province):
    application = cast.bring_to(Status.RECOMMENDED, round, cast.make_enterprise(3), officer)
    assert "请先撤回名单" in read("reader", application.pk)
    cast.receive(cast.list_of(application), province)
    assert "请联系省厅退回名单" in read("reader", application.pk)

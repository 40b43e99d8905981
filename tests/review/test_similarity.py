"""相同段落: found whatever became of punctuation, only where it should be, seen by whom it may be.

All texts are invented; what the notice says is quoted from its conditions.
"""

from io import StringIO
from random import Random

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from applications import interests, workflow
from applications.models import Application
from applications.states import Status
from portal.catalogue.models import Condition
from portal.jobs.tasks import start
from review import indexing, similarity
from review.models import TextIndex
from tests import cast

# 60 characters and more, without punctuation.
SHARED = (
    "我们在锻压车间搭建了边缘计算节点，把十二台压力机的位移、温度和油压逐毫秒记下来，"
    "由老师傅标注异常波形，再交给模型学习，半年后误报由每天三十次降到两次。"
)
REWRITTEN = (
    "我们在锻压车间　搭建了边缘计算节点：把十二台压力机的位移、温度、和油压逐毫秒记下来；\n"
    "由老师傅标注异常波形 再交给模型学习；半年后误报由每天三十次降到两次"
)
OWN = "本厂以铸代锻，从造型到清理全线换成三维打印砂芯，木模库已经清空。"
OTHER = "选煤楼的密控阀改为闭环之后，精煤灰分的波动收窄，司机不再守在仪表前。"


def length(text: str) -> int:
    return len(similarity.normalised(text))


# Texts


def compared(one: str, other: str, public: str = "", names=()) -> set[str]:
    """What two texts have in common."""
    texts = [similarity.joined([similarity.normalised(text)]) for text in (one, other)]
    known = set(similarity.grams(similarity.normalised(public)))
    wording = similarity.Wording(texts[0], known, map(similarity.normalised, names))
    kept = similarity.fingerprints(texts[1], known)
    return wording.passages(texts[1], wording.shared(kept))


def test_a_passage_with_other_punctuation_spacing_and_width_is_the_same():
    found = compared(f"{OWN}{SHARED}", f"{REWRITTEN}{OTHER}")
    assert found == {similarity.normalised(SHARED)}


def test_letters_are_compared_without_case_and_width():
    assert compared(
        "自建ＭＥＳ与ERP之间只有一条总线任何系统不得绕过它直接读写数据库",
        "自建mes与ｅｒｐ之间，只有一条总线，任何系统不得绕过它，直接读写数据库。",
    )


@pytest.mark.parametrize("seed", range(20))
def test_no_passage_of_twenty_characters_is_overlooked(seed):
    random = Random(seed)
    characters = "".join(chr(random.randint(0x4E00, 0x9FA5)) for _ in range(1020))
    one, other, passage = characters[:500], characters[500:1000], characters[1000:]
    at = random.randint(0, 300)
    assert compared(one[:at] + passage + one[at:], other[:9] + passage + other[9:]) == {passage}


def test_nineteen_characters_are_no_passage():
    assert not compared(SHARED[:19] + OWN, OTHER + SHARED[:19])
    assert not compared(f"{OWN}{OTHER}", SHARED)


def test_public_text_is_no_passage_nor_helps_one_to_its_length():
    public = "企业应为规模以上工业企业，企业和产品均具有较强市场竞争力。"
    assert compared(public, public)
    assert not compared(public, public, public)
    around = f"按照要求{public}特此说明"
    assert not compared(around, around, public)
    assert compared(f"{public}{SHARED}", f"{public}{SHARED}", public)


def test_numbers_and_names_alone_are_no_passage():
    models = "IRB-6700/2.60；KR210-R2700；M-20iD/25；FANUC R-2000iC/165F；S7-1517F；G120C"
    assert not compared(models, models)
    name = "山西某某高端装备智能制造与工业互联网融合应用创新中心联合体股份有限公司"
    assert compared(f"由{name}集成", f"由{name}集成")
    assert not compared(f"由{name}集成", f"由{name}集成", names=[name])


def test_a_passage_does_not_run_from_one_text_into_the_next():
    halves = [SHARED[:15], SHARED[15:30]]
    text = similarity.joined(map(similarity.normalised, halves))
    wording = similarity.Wording(text, ())
    assert not wording.passages(text, wording.shared(similarity.fingerprints(text, ())))


def test_a_text_of_one_character_a_thousand_times_is_compared_at_once():
    assert compared("啊" * 20000, "啊" * 20000)


# Applications


@pytest.fixture
def file(round, work_off_jobs):
    """File an application whose introduction is the given text; returns it indexed."""

    def filed(number: int, text: str, bureau: str = cast.TAIYUAN, *, into=None) -> Application:
        actor = cast.make_enterprise(number, bureau)
        application = workflow.start(into or round, actor=actor)
        cast.complete(application, actor)
        submit(application, text, actor)
        work_off_jobs()
        return cast.fresh(application)

    return filed


def submit(application: Application, text: str, actor, slug="factory", name="introduction") -> None:
    cast.save(application, slug, {name: text}, actor)
    declared = cast.declarations(application.round)
    workflow.submit(cast.fresh(application), declared, actor=actor)


def found(application: Application) -> dict[int, set[str]]:
    """By application, the passages shared with it."""
    comparison = indexing.compare(cast.fresh(application))
    by_key: dict[int, set[str]] = {}
    for passage in comparison.passages:
        for key, part in passage.found.items():
            by_key.setdefault(key, set()).add(part)
    return by_key


def resubmit(application: Application, text: str, officer) -> Application:
    cast.decide(application, "return_for_changes", officer, "请修改。")
    actor = application.enterprise.user_set.get()
    submit(cast.fresh(application), text, actor)
    return cast.fresh(application)


def page_of(client, user, application: Application) -> str:
    client.force_login(user)
    response = client.get(reverse("review:similarity", args=[application.pk]))
    assert response.status_code == 200
    return response.content.decode()


def test_a_shared_passage_is_found_from_both_sides_with_its_place(file):
    one, other = file(1, OWN + SHARED), file(2, REWRITTEN + OTHER)
    assert found(one) == {other.pk: {similarity.normalised(SHARED)}}
    assert found(other) == {one.pk: {similarity.normalised(SHARED)}}
    excerpt = indexing.compare(other).content.excerpt(similarity.normalised(SHARED))
    assert excerpt.place == "二、智能工厂基本情况 › 项目简介"
    assert excerpt.text == REWRITTEN
    assert excerpt.after == OTHER[:40]


def test_the_share_counts_what_is_covered(file):
    one = file(1, OWN + SHARED)
    file(2, SHARED)
    file(3, SHARED[:40])
    comparison = indexing.compare(one)
    assert comparison.covered == length(SHARED)
    assert comparison.content.length > length(OWN + SHARED)
    assert len(comparison.others) == 2


def test_a_part_that_stands_elsewhere_counts_and_is_named(file, work_off_jobs):
    file(1, SHARED)
    actor = cast.make_enterprise(2)
    other = workflow.start(file(3, OWN).round, actor=actor)
    cast.complete(other, actor)
    cast.save(other, "factory", {"results": SHARED[:40] + OTHER}, actor)
    submit(other, SHARED, actor)
    work_off_jobs()
    comparison = indexing.compare(cast.fresh(other))
    [passage] = comparison.passages
    assert comparison.covered == length(SHARED) + length(SHARED[:40])
    titles = [place.rpartition(" › ")[2] for place in comparison.content.places(passage.parts)]
    assert titles == ["项目简介", "建设成效"]


def test_a_part_of_a_passage_is_put_with_it(file):
    one, whole, part = file(1, SHARED), file(2, SHARED), file(3, OTHER + SHARED[:40])
    [passage] = indexing.compare(one).passages
    assert passage.text == similarity.normalised(SHARED)
    assert passage.found == {
        whole.pk: similarity.normalised(SHARED),
        part.pk: similarity.normalised(SHARED[:40]),
    }


def test_the_notice_and_the_catalogue_are_not_evidence(file):
    condition = Condition.objects.filter(text__startswith="企业近三年").get().text
    notice = (
        "生产管理：通过生产全过程数据综合分析，实现生产计划与排程自动生成、设备全生命周期管理、"
        "质量精准追溯和持续改进、物流仓储策略优化、安全应急联动、能源环保综合管控等。"
    )
    one = file(1, condition + notice)
    file(2, condition + notice)
    assert found(one) == {}


def test_what_an_enterprise_filed_earlier_is_its_own(file, province, officer, work_off_jobs):
    earlier = file(1, SHARED)
    later = cast.make_round(
        province, slug="later", opens_at=earlier.round.opens_at.replace(year=2026, month=1)
    )
    actor = earlier.enterprise.user_set.get()
    application = workflow.start(later, actor=actor)
    cast.complete(application, actor)
    submit(application, SHARED, actor)
    work_off_jobs()
    assert found(application) == {}


def test_earlier_rounds_count_and_later_ones_do_not(file, province, round):
    before = cast.make_round(province, slug="before")
    type(before).objects.filter(pk=before.pk).update(opens_at=round.opens_at.replace(year=2024))
    earlier, later = file(1, SHARED, into=before), file(2, SHARED)
    assert set(found(later)) == {earlier.pk}
    assert found(earlier) == {}


def test_nobody_waits_for_what_was_invented_for_a_dry_run(file, province, round):
    dry = cast.make_round(province, slug="dry")
    type(dry).objects.filter(pk=dry.pk).update(opens_at=round.opens_at, trial_of=round)
    real, invented = file(1, SHARED), file(2, SHARED, into=dry)
    TextIndex.objects.filter(application=invented).delete()
    assert indexing.compare(real).waiting == 0


def test_a_new_submission_takes_the_place_of_the_old_one(file, officer, work_off_jobs):
    one, other = file(1, SHARED), file(2, SHARED)
    other = resubmit(other, OTHER, officer)
    assert indexing.compare(other) is None
    assert indexing.compare(one).waiting == 1
    assert found(one) == {}
    work_off_jobs()
    assert found(other) == found(one) == {}
    assert indexing.compare(one).waiting == 0
    assert TextIndex.objects.count() == 2


def test_the_job_of_a_revision_that_was_replaced_changes_nothing(file, officer, work_off_jobs):
    application = file(1, SHARED)
    first = application.current_revision
    resubmit(application, OTHER, officer)
    work_off_jobs()
    stored = TextIndex.objects.values().get()
    start(owner=None, kind=workflow.SUBMITTED, title=first.receipt, revision=first.pk)
    work_off_jobs()
    assert TextIndex.objects.values().get() == stored


def test_a_worker_that_began_before_a_resubmission_does_not_undo_its_index(
    file, officer, work_off_jobs
):
    one, other = file(1, SHARED), file(2, SHARED)
    late = one.current_revision
    one = resubmit(one, SHARED, officer)
    work_off_jobs()
    indexing.index(late)
    assert found(one).keys() == {other.pk}


@pytest.mark.parametrize("verb", ["decline", "withdraw"])
def test_a_text_that_was_declined_or_withdrawn_may_still_be_where_another_came_from(
    file, officer, verb
):
    one, other = file(1, SHARED), file(2, SHARED)
    if verb == "decline":
        cast.decide(other, "decline", officer, "暂不推荐。")
    else:
        workflow.withdraw(other, actor=other.enterprise.user_set.get())
    assert set(found(one)) == {other.pk}


def test_rows_and_all_sections_are_compared(file, work_off_jobs):
    one = file(1, SHARED)
    actor = cast.make_enterprise(2)
    other = workflow.start(one.round, actor=actor)
    cast.complete(other, actor)
    segment = one.version.segments[0]
    cast.add_instance(other, actor, segment=segment, name="锻压监测", content=REWRITTEN)
    submit(other, OWN, actor)
    work_off_jobs()
    [passage] = indexing.compare(cast.fresh(other)).passages
    excerpt = indexing.compare(cast.fresh(other)).content.excerpt(passage.text)
    assert excerpt.place == "三、智能工厂场景建设情况 › 典型场景实例 6：锻压监测 › 建设内容"


# Page


def test_the_page_shows_the_passage_side_by_side(file, client, officer):
    one, other = file(1, OWN + SHARED), file(2, REWRITTEN + OTHER)
    cast.no_interest(one, officer)
    cast.no_interest(other, officer)
    page = page_of(client, officer, one)
    assert f"<mark>{SHARED.rstrip('。')}</mark>" in page
    assert f"<mark>{REWRITTEN}</mark>" in page
    assert "测试企业2有限公司" in page
    assert "文字相同不等于抄袭；供核对，不影响办理。" in page


def test_of_another_bureau_nothing_but_that_there_is_one(file, client, officer, province):
    one = file(1, OWN + SHARED)
    other = file(2, "鹬密前文保密。" + REWRITTEN + "鹬密后文保密。", cast.DATONG)
    cast.no_interest(one, officer)
    page = page_of(client, officer, one)
    assert "其他推荐单位的 1 项申报中有这段或其中一部分。" in page
    for secret in ("鹬密", REWRITTEN, "测试企业2", "大同", other.current_revision.receipt):
        assert secret not in page
    assert f"/applications/{other.pk}/" not in page
    page = page_of(client, province, one)
    assert "测试企业2有限公司" in page and "鹬密前文" in page and "大同市" in page


def test_of_a_colleagues_application_nothing_before_the_statement_on_interests(
    file, client, officer
):
    one = file(1, OWN + SHARED)
    other = file(2, "鸮密前文保密。" + REWRITTEN)
    cast.no_interest(one, officer)
    page = page_of(client, officer, one)
    assert "本单位另有 1 项申报中有这段或其中一部分" in page
    assert "鸮密" not in page and "测试企业2" not in page
    interests.declare([other], has_conflict=True, note="亲属任职。", actor=officer)
    assert "鸮密" not in page_of(client, officer, one)


def test_the_page_itself_opens_after_the_statement_only(file, client, officer):
    one = file(1, SHARED)
    client.force_login(officer)
    url = reverse("review:similarity", args=[one.pk])
    response = client.get(url)
    assert response.url.startswith(reverse("review:interest", args=[one.pk]))


def test_an_enterprise_sees_neither_the_page_nor_the_work(file, client):
    one = file(1, SHARED)
    client.force_login(one.enterprise.user_set.get())
    assert client.get(reverse("review:similarity", args=[one.pk])).status_code == 403
    assert one.current_revision.receipt not in client.get(reverse("jobs:index")).content.decode()


def test_until_it_is_indexed_the_page_claims_nothing(round, client, officer):
    application = cast.file_application(round, cast.make_enterprise(1))
    cast.no_interest(application, officer)
    page = page_of(client, officer, application)
    assert "还没有比对完" in page
    assert "没有发现" not in page


def test_nothing_in_common_is_said_in_words(file, client, officer):
    one = file(1, OWN)
    cast.no_interest(one, officer)
    assert "没有发现与其他企业的申报相同的段落。" in page_of(client, officer, one)
    file(2, OTHER)
    late = cast.make_enterprise(3)
    cast.file_application(one.round, late)
    assert "另有 1 项申报还没有比对完，结果可能不全" in page_of(client, officer, one)


def test_a_draft_has_no_such_page(round, client, officer):
    draft = cast.bring_to(Status.DRAFT, round, cast.make_enterprise(1), officer)
    client.force_login(officer)
    assert client.get(reverse("review:similarity", args=[draft.pk])).status_code == 404


def test_many_that_share_cost_no_more_queries_than_one(file, client, officer, province):
    one = file(1, SHARED + OWN)

    def asked() -> int:
        page_of(client, province, one)
        with CaptureQueriesContext(connection) as captured:
            page_of(client, province, one)
        return len(captured)

    file(2, SHARED)
    few = asked()
    for number in range(3, 9):
        file(number, SHARED + OWN)
    assert asked() == few <= 16
    page = page_of(client, province, one)
    assert "另有 4 项申报也有这段或其中一部分" in page


# Command


def run_command(*arguments: str) -> str:
    output = StringIO()
    call_command("index_similarity", *arguments, stdout=output)
    return output.getvalue()


def test_the_command_indexes_what_is_missing_and_may_be_run_again(round):
    one = cast.file_application(round, cast.make_enterprise(1))
    cast.file_application(round, cast.make_enterprise(2))
    assert indexing.compare(one) is None
    assert "已索引 2 项申报" in run_command("--round", round.slug)
    assert indexing.compare(one).passages == []
    assert "已索引 0 项申报" in run_command()
    assert "已索引 2 项申报" in run_command("--again")

"""What a bureau might write, drafted from facts for its officers to change.

A sentence stands only where its fact does, and says whose fact it is: nothing is praised that
nobody has stated or found.
"""

from collections.abc import Iterable, Iterator

from applications.checks import State
from applications.models import Application, Revision, ScenarioInstance
from applications.sections import INSTANCES
from portal.accounts.models import User
from portal.catalogue.models import Condition, Indicator, Modality
from portal.documents.model import Kind, text_of
from portal.rounds.models import Round, RoundVersion
from review import checklist, visits
from review.models import ClauseMark, Seat, SiteVisit
from review.side_by_side import INDICATORS, comparable, indicator_answer, rows_of, using_ai

CHANGES = (Indicator.Kind.INCREASE, Indicator.Kind.DECREASE)
MOST_CHANGES = 3
"""How many of the largest changes an opinion names."""


def drafts(seats: Iterable[Seat], reader: User) -> dict[int, str]:
    """By seat, a 推荐意见 for each that is taken and has none; in a constant number of queries.

    Only of applications that ``reader`` may open, since it repeats what they say.
    """
    lacking = {each.application_id: each.pk for each in seats if not each.opinion}
    opened = Application.objects.open_to(reader).filter(pk__in=filter(None, lacking))
    applications = list(opened.select_related("version__round", "current_revision"))
    marks, visited = checklist.summary(applications, reader), visits.latest(applications)
    return {
        lacking[each.pk]: draft(each, marks=marks[each.pk], visit=visited.get(each.pk))
        for each in applications
    }


def draft(
    application: Application, *, marks: dict[str, int] | None = None, visit: SiteVisit | None = None
) -> str:
    """A 推荐意见 from the revision, the marks on it (``checklist.summary``) and a site visit."""
    revision = application.current_revision
    sentences = (
        *_stated(revision),
        *_covered(revision),
        *_changes(revision, application.version),
        *(_marked(marks) if marks else ()),
        *(_visited(visit) if visit else ()),
        *_unmet(revision),
    )
    return "".join(f"{sentence}。" for sentence in sentences)


def _stated(revision: Revision) -> Iterator[str]:
    """How mature the plant is, and what it cost."""
    places = (("basic", "maturity_level"), ("factory", "total_investment"))
    fields = (
        field
        for section, name in places
        for field in revision.section(section)["fields"]
        if field["name"] == name and field["text"]
    )
    if stated := "，".join(_with_unit(field["label"], field["text"]) for field in fields):
        yield f"企业填报：{stated}"


def _with_unit(label: str, text: str) -> str:
    """总投资（万元） and 12,345.60 as 总投资 12,345.60 万元."""
    name, _, unit = label.removesuffix("）").partition("（")
    return f"{name} {text} {unit}" if unit else f"{name}为{text}"


def _covered(revision: Revision) -> Iterator[str]:
    """How many instances there are, and how much of the five areas they cover."""
    total = len(revision.scenario_lines)
    if not total:
        return
    said = [f"已建{INSTANCES.title} {total} 个"]
    if revision.checks:
        areas = revision.checks["areas"]
        covered = [each["label"] for each in areas if each["count"]]
        said.append(f"{len(areas)} 个大环节中覆盖 {len(covered)} 个（{'、'.join(covered)}）")
    if with_ai := using_ai(revision.data):
        label = ScenarioInstance._meta.get_field("uses_ai").verbose_name
        said.append(f"其中{label}的 {with_ai} 个")
    yield "，".join(said)


def _changes(revision: Revision, version: RoundVersion) -> Iterator[str]:
    """The largest changes, as the enterprise states them; none that contradicts its own figures."""
    indicators = {str(each.no): each for each in version.indicators if each.kind in CHANGES}
    found = []
    for row in rows_of(revision.data, INDICATORS.slug):
        indicator = indicators.get(row["key"])
        value = indicator and comparable(indicator_answer(row, version))
        if value and value > 0:
            found.append(
                (value, f"{indicator.name} {text_of(value, Kind.DECIMAL)}{indicator.unit}")
            )
    largest = sorted(found, key=lambda each: each[0], reverse=True)[:MOST_CHANGES]
    if largest:
        yield f"企业填报的成效：{'、'.join(text for _value, text in largest)}"


def _marked(marks: dict[str, int]) -> Iterator[str]:
    """What the officers found, clause by clause."""
    found = [f"{v.label} {marks[v]} 条" for v in ClauseMark.Verdict if marks[v]]
    if not found:
        return
    left = [f"尚未审查 {marks['open']} 条"] if marks["open"] else []
    total = sum(marks.values())
    yield f"经审查{Condition._meta.verbose_name} {total} 条：{'、'.join(found + left)}"


def _visited(visit: SiteVisit) -> Iterator[str]:
    label = SiteVisit._meta.verbose_name
    yield f"{text_of(visit.visited_on, Kind.DATE)}{label}，{visit.people}参加"


def _unmet(revision: Revision) -> Iterator[str]:
    """The clauses worded 原则上 that are not met, and the enterprise's reason."""
    for clause in (revision.checks or {}).get("clauses", ()):
        if (clause["modality"], clause["state"]) == (Modality.IN_PRINCIPLE, State.UNMET):
            reason = clause["reason"].rstrip("。")
            unmet = f"{clause['where']}“{clause['text'].rstrip('。')}”{clause['state_label']}"
            yield f"{unmet}，企业填报的{reason}" if reason else unmet


def regret(round: Round, seats_taken: int) -> str:
    """What an enterprise is told whose accepted application is not ranked; nothing of rivals."""
    outcome = "本批次我单位未推荐项目"
    if seats_taken:
        outcome = f"本批次我单位共推荐 {seats_taken} 个项目，贵单位的项目未列入推荐名单"
    return (
        f"感谢贵单位参加“{round}”。贵单位的申报材料已审核通过；{outcome}。"
        "欢迎继续完善智能工厂建设，参加以后批次的申报。"
    )

"""Lists of applications: what is filtered, searched, ordered and shown, for bureau and province.

A list's page and its Excel file are the same query in the same columns.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.db.models import (
    Case,
    Count,
    IntegerField,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextChoices,
    When,
)
from django.utils import timezone

from applications.models import Application, Comment, Revision
from applications.states import Status
from portal.accounts.models import User
from portal.accounts.pinyin import folded
from portal.catalogue.models import Bureau
from portal.documents.model import (
    Column,
    Document,
    Group,
    Kind,
    Paragraph,
    Style,
    Table,
    Value,
    clean_text,
)
from portal.rounds.models import Round
from portal.rounds.times import in_words, moment, waited
from review import needs, readings

TITLE = "申报清单"


# Columns


def _label(model: type[Model], field: str) -> str:
    return model._meta.get_field(field).verbose_name


@dataclass(frozen=True)
class Cells:
    """A column of a list: its title, its width on paper, and what it says of an application."""

    title: str
    width: float
    say: Callable[[Application, User], Value]
    kind: Kind = Kind.TEXT


ENTERPRISE = Cells(_label(Application, "enterprise"), 50, lambda row, user: str(row.enterprise))
PROJECT = Cells(
    _label(Revision, "project_name"),
    50,
    lambda row, user: row.current_revision.project_name if row.current_revision else "",
)
BUREAU = Cells(_label(Application, "bureau"), 20, lambda row, user: row.bureau.short_name)
STATUS = Cells(_label(Application, "status"), 26, lambda row, user: row.status_label(user.role))
SUBMITTED = Cells(
    "最近提交",
    32,
    lambda row, user: moment(row.current_revision.submitted_at) if row.current_revision else "",
)
RECEIPT = Cells(
    _label(Revision, "receipt"),
    40,
    lambda row, user: row.current_revision.receipt if row.current_revision else "",
)
NEED = Cells("需要办理", 32, lambda row, user: row.need.label)
WAITED = Cells(
    "已等待",
    16,
    lambda row, user: (waited(row.since) or "刚刚") if row.need.is_waiting else "",
)
DUE = Cells("截止", 38, lambda row, user: in_words(row.need.due_of(row)))
UNCLOSED = Cells("未关闭意见", 16, lambda row, user: row.unclosed, Kind.INTEGER)

BUREAU_COLUMNS = {
    "enterprise": ENTERPRISE,
    "project": PROJECT,
    "need": NEED,
    "status": STATUS,
    "submitted": SUBMITTED,
    "waited": WAITED,
    "due": DUE,
    "unclosed": UNCLOSED,
}
PROVINCE_COLUMNS = {
    "enterprise": ENTERPRISE,
    "project": PROJECT,
    "bureau": BUREAU,
    "status": STATUS,
    "submitted": SUBMITTED,
    "receipt": RECEIPT,
}


def columns_for(user: User) -> dict[str, Cells]:
    return BUREAU_COLUMNS if user.is_bureau else PROVINCE_COLUMNS


# Query


class Show(TextChoices):
    """What of a list, apart from the states: of a bureau's, and the last of the province's."""

    MINE = "mine", "需要我办理"
    NEW = "new", "新动态"
    UNOPENED = "unopened", "推荐单位未打开"


SHOWN = {Show.MINE: Q(rank__in=needs.OFFICERS), Show.NEW: Q(is_new=True)}


@dataclass(frozen=True)
class Query:
    """What the address bar asks for."""

    round: Round
    status: str = ""
    bureau: str = ""
    text: str = ""
    show: str = ""

    @classmethod
    def of(cls, round: Round, data: Mapping[str, str]) -> Self:
        status, show = data.get("status", ""), data.get("show", "")
        return cls(
            round,
            status if status in Status.values else "",
            clean_text(data.get("bureau", ""))[:6],
            clean_text(data.get("q", "")).strip()[:50],
            show if show in Show.values else "",
        )

    @property
    def parameters(self) -> dict[str, str]:
        """What ``of`` reads again, as it stands in an address."""
        asked = {
            "round": self.round.slug,
            "show": self.show,
            "status": self.status,
            "bureau": self.bureau,
            "q": self.text,
        }
        return {name: value for name, value in asked.items() if value}

    def shows(self, user: User) -> bool:
        """Whether ``show`` narrows what this user sees."""
        return bool(self.show) and (self.show in SHOWN) == user.is_bureau

    def base(self, user: User) -> QuerySet[Application]:
        """Everything of the round that the user may see, before what the tabs choose."""
        rows = Application.objects.visible_to(user).filter(round=self.round)
        if self.bureau:
            rows = rows.filter(bureau__code=self.bureau)
        if self.text:
            found = (
                Q(enterprise__name__icontains=self.text)
                | Q(enterprise__credit_code__istartswith=self.text)
                | Q(current_revision__project_name__icontains=self.text)
            )
            if letters := folded(self.text):
                found |= Q(enterprise__initials__contains=letters)
            rows = rows.filter(found)
        return rows

    def rows(self, user: User) -> QuerySet[Application]:
        """What the list shows, in its order; ``told`` makes them speak."""
        rows = self.base(user).with_parties()
        if self.status:
            rows = rows.filter(status=self.status)
        if not user.is_bureau:
            if self.shows(user):
                rows = rows.filter(readings.unopened())
            waiting = Case(When(status=Status.SUBMITTED, then=0), default=1)
            return rows.order_by(waiting, "-touched_at", "-pk")
        rows = _marked(rows, user)
        if self.shows(user):
            rows = rows.filter(SHOWN[self.show])
        unclosed = (
            Comment.objects.visible_to(user)
            .filter(application=OuterRef("pk"), closed_at=None, reopened_as=None)
            .order_by()
            .values("application")
            .annotate(n=Count("pk"))
            .values("n")
        )
        rows = rows.annotate(unclosed=Subquery(unclosed, output_field=IntegerField()))
        return needs.ordered(rows)

    def page(self, user: User, number: str | None) -> Page:
        page = Paginator(self.rows(user), settings.PAGE_SIZE).get_page(number)
        page.object_list = told(page.object_list, user)
        return page

    def counts(self, user: User) -> list[tuple[str, str, int]]:
        """For all, then each status: its value, its label for this user, how many there are."""
        found = dict(
            self.base(user).values_list("status").annotate(n=Count("pk")).order_by("status")
        )
        everything = ("", "全部", sum(found.values()))
        return [everything] + [
            (s.value, s.label_for(user.role), found.get(s.value, 0)) for s in Status
        ]

    def shown(self, user: User) -> list[tuple[str, str, int]]:
        """The same for what else the list may be narrowed to."""
        if not user.is_bureau:
            show = Show.UNOPENED
            return [(show.value, show.label, self.base(user).filter(readings.unopened()).count())]
        counted = _marked(self.base(user), user).aggregate(
            **{show: Count("pk", filter=chosen) for show, chosen in SHOWN.items()}
        )
        return [(show.value, show.label, counted[show]) for show in SHOWN]

    def document(self, user: User) -> Document:
        """The whole list, all pages, for a file."""
        columns = columns_for(user).values()
        rows = told(self.rows(user), user)
        title = f"{self.round}{TITLE}"
        table = Table(
            tuple(Column(column.title, column.kind, column.width) for column in columns),
            (Group(None, tuple(tuple(row.cells.values()) for row in rows)),),
        )
        return Document(
            title=f"{title}（{user.bureau.short_name}）" if user.is_bureau else title,
            blocks=(
                Paragraph(title, Style.TITLE),
                Paragraph(f"{self._in_words(user)}共 {len(rows)} 项。", Style.NOTE),
                table,
            ),
            orientation="landscape",
            made_at=timezone.now(),
            watermark=self.round.watermark or TITLE,  # a paper to work with carries no check code
        )

    def _in_words(self, user: User) -> str:
        """What the list was narrowed to."""
        bureau = next((b.short_name for b in Bureau.objects.cached() if b.code == self.bureau), "")
        said = [
            user.bureau.name if user.is_bureau else bureau,
            Show(self.show).label if self.shows(user) else "",
            Status(self.status).label_for(user.role) if self.status else "",
            f"查找“{self.text}”" if self.text else "",
        ]
        return "".join(f"{words}；" for words in said if words)


def _marked(rows: QuerySet[Application], officer: User) -> QuerySet[Application]:
    return readings.marked(needs.annotated(rows, officer), officer)


def told(rows: Iterable[Application], user: User) -> list[Application]:
    """The applications, each with its ``cells``: what the list's columns say of it, by name."""
    rows = list(rows)
    rounds: dict[int, Round] = {}
    for row in rows:
        row.round = rounds.setdefault(row.round_id, row.round)  # whose extensions are read once
        if user.is_bureau:
            row.need = needs.NEEDS[row.rank]
        row.cells = {name: each.say(row, user) for name, each in columns_for(user).items()}
    return rows


def choose_round(slug: str | None, user: User | None = None) -> Round | None:
    """The published round named in the address, or the latest one that has opened.

    With ``user``, a dry run (试运行) that this user may look at can be named, too.
    """
    if slug and user:
        return Round.objects.visible_to(user).filter(slug=slug).first()
    rounds = Round.objects.published()
    if slug:
        return rounds.filter(slug=slug).first()
    # Next year's may be published long before this year's is done with.
    return rounds.filter(opens_at__lte=timezone.now()).first() or rounds.first()

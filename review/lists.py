"""Lists of applications: what is filtered, searched and counted, for bureau and province alike."""

from dataclasses import dataclass
from typing import Self

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.db.models import Case, Count, Q, QuerySet, When
from django.http import QueryDict

from applications.models import Application
from applications.states import Status
from portal.accounts.models import User
from portal.documents.model import clean_text
from portal.rounds.models import Round


@dataclass(frozen=True)
class Query:
    """What the address bar asks for."""

    round: Round
    status: str = ""
    bureau: str = ""
    text: str = ""

    @classmethod
    def of(cls, round: Round, data: QueryDict) -> Self:
        status = data.get("status", "")
        return cls(
            round,
            status if status in Status.values else "",
            data.get("bureau", "")[:6],
            clean_text(data.get("q", "")).strip()[:50],
        )

    def base(self, user: User) -> QuerySet[Application]:
        """Everything of the round that the user may see, before the status filter."""
        rows = Application.objects.visible_to(user).filter(round=self.round)
        if self.bureau:
            rows = rows.filter(bureau__code=self.bureau)
        if self.text:
            rows = rows.filter(
                Q(enterprise__name__icontains=self.text)
                | Q(enterprise__credit_code__istartswith=self.text)
                | Q(current_revision__project_name__icontains=self.text)
            )
        return rows

    def page(self, user: User, number: str | None) -> Page:
        rows = self.base(user)
        if self.status:
            rows = rows.filter(status=self.status)
        rows = rows.with_parties()
        # What waits for a decision comes first.
        waiting = Case(When(status=Status.SUBMITTED, then=0), default=1)
        rows = rows.order_by(waiting, "-touched_at", "-pk")
        return Paginator(rows, settings.PAGE_SIZE).get_page(number)

    def counts(self, user: User) -> list[tuple[str, str, int]]:
        """For all, then each status: its value, its label for this user, how many there are."""
        found = dict(
            self.base(user).values_list("status").annotate(n=Count("pk")).order_by("status")
        )
        everything = ("", "全部", sum(found.values()))
        return [everything] + [
            (s.value, s.label_for(user.role), found.get(s.value, 0)) for s in Status
        ]


def choose_round(slug: str | None) -> Round | None:
    """The published round named in the address, or the latest one."""
    rounds = Round.objects.published()
    if slug:
        return rounds.filter(slug=slug).first()
    return rounds.first()

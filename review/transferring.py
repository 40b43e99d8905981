"""转办: an application goes to another bureau, with its whole history; both lists agree to it."""

from django.db import transaction
from django.db.models import F
from django.urls import reverse

from applications import workflow
from applications.models import Application
from applications.states import Status
from portal.accounts.models import User
from portal.catalogue.models import Bureau
from portal.errors import NotAllowed
from portal.jobs.models import Job
from portal.jobs.tasks import revoke
from portal.messaging.models import Message
from portal.messaging.sending import people_of, send
from review.models import RankedList, Seat


@transaction.atomic
def transfer(
    application: Application,
    bureau: Bureau,
    reason: str,
    *,
    with_enterprise: bool = False,
    actor: User,
) -> None:
    """Hand an application over, unless it has a place on a list or the other's list is sent.

    The former bureau reads it no more, nor its books made before; the new one's officers read
    everything, each after a statement of interest.
    """
    former = application.reviewing_bureau
    lists = _hold_lists(application, former, bureau)
    if bureau.pk not in lists:
        raise NotAllowed(f"{bureau}在该批次还没有名额，不能转去。")
    if not lists[bureau.pk].is_open:
        raise NotAllowed(f"{bureau}的推荐名单{lists[bureau.pk].get_status_display()}，不能转去。")
    is_seated = Seat.objects.filter(application=application).exists()
    if is_seated and application.status != Status.RECOMMENDED:
        raise NotAllowed(f"该申报在{former}的推荐名单中，须先由该单位移出名单，才能转办。")
    event = workflow.transfer(
        application, bureau, reason, with_enterprise=with_enterprise, actor=actor
    )
    made = Job.objects.filter(owner__bureau=former, parameters__application=application.pk)
    revoke(made, "该申报已转办，这份文件不再提供。")
    for unit, page in (
        (application.enterprise, "applications:detail"),
        (bureau, "review:reader"),
        (former, "review:inbox"),
    ):
        send(
            people_of(unit, in_trial=application.round.is_trial),
            kind=Message.Kind.NOTICE,
            title=f"{application.enterprise}的申报已转办{bureau}",
            text=event.comment,
            sender=actor.affiliation,
            url=reverse(page, args=[] if page == "review:inbox" else [application.pk]),
            key=f"transfer-{event.pk}",
        )


def _hold_lists(application: Application, former: Bureau, bureau: Bureau) -> dict[int, RankedList]:
    """Lock the lists of both bureaus, in one order for everybody; by bureau, as they stand then."""
    lists = RankedList.objects.filter(
        round=application.round_id, bureau__in=[former, bureau]
    ).order_by("pk")
    for pk in list(lists.values_list("pk", flat=True)):
        RankedList.objects.filter(pk=pk).update(version=F("version"))
    return {found.bureau_id: found for found in lists}

"""Who is told what about a ranked list: called from its verbs, in their transaction."""

from django.db.models import Q
from django.urls import reverse

from portal.accounts.models import User
from portal.messaging.models import Message
from portal.messaging.sending import people_of, province, send
from review.models import ListEvent, RankedList

SAID = {
    "send": (Message.Kind.TASK, "推荐名单已报送，请受理"),
    "recall": (Message.Kind.NOTICE, "推荐名单已撤回，修改后会重新报送"),
    "return": (Message.Kind.TASK, "省厅退回了推荐名单，请修改后重新报送"),
    "receive": (Message.Kind.OUTCOME, "省厅受理了推荐名单"),
}


def list_changed(ranked_list: RankedList, event: ListEvent, *, actor: User) -> None:
    """Tell the province what a bureau did with its list, and the bureau what the province did.

    What either was asked to do about the list before is done with. Of a dry run the province
    hears nothing: whoever does it is looking at it.
    """
    round, bureau = ranked_list.round, ranked_list.bureau
    list_page = reverse("review:ranked_list", args=[ranked_list.pk])
    board = reverse("review:board", args=[round.slug])
    asked = Message.objects.filter(kind=Message.Kind.TASK)
    asked.filter(Q(url=list_page) | Q(url=board, recipient__bureau=bureau)).read()
    kind, title = SAID[event.verb]
    if actor.is_bureau:
        recipients = User.objects.none() if round.is_trial else province()
        page = list_page
    else:
        recipients = people_of(bureau, in_trial=round.is_trial)
        page = board
    send(
        recipients,
        kind=kind,
        title=title,
        text=str(round),
        sender=actor.affiliation,
        url=page,
        key=f"list-event-{event.pk}",
        is_urgent=event.verb == "return",
    )

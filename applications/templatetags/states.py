"""An application's state in the words, and by the clock, of whoever reads the page."""

from django import template

from applications.models import Application
from applications.states import verbs_for
from portal.accounts.models import User
from portal.rounds.models import Due

register = template.Library()


@register.filter
def status_for(application: Application, user: User) -> str:
    return application.status_label(user.role)


@register.filter
def due_for(application: Application, user: User) -> Due | None:
    """The deadline that closes what ``user`` may do next; None when time closes nothing."""
    for transition in verbs_for(application.status, user.role):
        if transition.deadline:
            return application.due(transition.deadline)
    return None

"""An application's state in the words of whoever reads the page."""

from django import template

from applications.models import Application
from portal.accounts.models import User

register = template.Library()


@register.filter
def status_for(application: Application, user: User) -> str:
    return application.status_label(user.role)

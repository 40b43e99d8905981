"""What was said of a revision, beside its sections and beside its changes."""

from django import template
from django.template import Context

from applications.models import Comment
from applications.models.comments import Place
from review.findings import Noted

register = template.Library()


@register.simple_tag(takes_context=True)
def noted(context: Context, section: str) -> Noted | None:
    """Of one section; nothing on pages without ``noted`` (``review.findings``)."""
    return context.get("noted", {}).get(section)


@register.simple_tag(takes_context=True)
def asked_at(context: Context, place: Place) -> list[Comment]:
    """The comments that a change answers; none on pages without ``asked`` (place → comments)."""
    return context.get("asked", {}).get(place, [])

"""The bureau's comments in the enterprise's pages."""

from collections.abc import Iterable

from django import template

from applications.checks import comment_location
from applications.models import Comment
from applications.sections import INSTANCES

register = template.Library()
register.filter("location", comment_location)


@register.filter
def of_section(comments: Iterable[Comment] | None, slug: str) -> list[Comment]:
    return [comment for comment in comments or () if comment.section == slug]


@register.filter
def of_instance(comments: Iterable[Comment] | None, key: str) -> list[Comment]:
    return [c for c in comments or () if c.group == INSTANCES.slug and c.key == key]


@register.filter
def unanswered(comments: Iterable[Comment] | None) -> list[Comment]:
    return [comment for comment in comments or () if not comment.answer]


@register.filter
def closed(comments: Iterable[Comment] | None) -> list[Comment]:
    return [comment for comment in comments or () if comment.closed_at]

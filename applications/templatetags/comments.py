"""The bureau's comments in the enterprise's pages."""

from collections.abc import Iterable
from dataclasses import replace

from django import template

from applications.checks import Location
from applications.models import Comment
from applications.sections import INSTANCES

register = template.Library()


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
def location(comment: Comment) -> Location:
    """Where what a comment speaks of is filled in; the part it was in, if the row is gone."""
    here = Location(comment.section, group=comment.group, key=comment.key, field=comment.field)
    is_lost = comment.group == INSTANCES.slug and not comment.has_instance
    return replace(here, key="", field="") if is_lost else here

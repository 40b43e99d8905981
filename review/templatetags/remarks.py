"""What was asked of the places of a revision, in the document that officers read."""

from django import template
from django.template import Context
from django.template.loader import render_to_string

register = template.Library()


@register.simple_tag(takes_context=True)
def remarks(context: Context, section: str, group: str = "", key: str = "", field: str = "") -> str:
    """The comments on one place; nothing on pages without ``remarks`` (place → comments)."""
    comments = context.get("remarks", {}).get((section, group if key else "", key, field))
    if not comments:
        return ""
    names = ("application", "revision", "user", "csrf_token", "can_comment", "can_settle")
    shown = {"comments": comments, **{name: context.get(name) for name in names}}
    return render_to_string("review/_remarks.html", shown)

"""常用语: what officers write again and again, offered where a comment is written."""

from django.db.models import Count, Q
from django.db.models.functions import Length

from applications.models import Comment
from portal.accounts.models import User

STARTERS = {
    Comment.Kind.WRONG: (
        "与证明材料不一致，请核对。",
        "数值有误，请核对数值和单位。",
        "前后表述不一致，请统一。",
    ),
    Comment.Kind.MISSING: (
        "请补充证明材料。",
        "请写明具体数值、时间和统计口径。",
        "请补充建设前后的对比情况。",
    ),
    Comment.Kind.OUTDATED: (
        "材料已过有效期，请更新。",
        "请按最近一个年度的数据填写。",
        "情况已有变化，请按现状填写。",
    ),
    Comment.Kind.ADVICE: (
        "建议精简，突出做法和成效。",
        "建议补充定量数据。",
        "建议结合本企业实际改写。",
    ),
}
"""What a bureau that has written nothing yet begins with."""

MOST = 8
"""Phrases of one kind; who has to search is faster typing."""

SHORT = 80
"""Characters; what is longer speaks of one application only."""


def phrases(officer: User) -> dict[str, list[str]]:
    """By kind, what was written at least twice, one's own first; then the starters."""
    often = (
        Comment.objects.visible_to(officer)
        .alias(length=Length("text"))
        .filter(length__lte=SHORT)
        .values_list("kind", "text")
        .annotate(own=Count("pk", filter=Q(author=officer)), times=Count("pk"))
        .filter(times__gte=2)
        .order_by("-own", "-times", "text")
    )
    found: dict[str, list[str]] = {kind: [] for kind in Comment.Kind.values}
    for kind, text, *_ in often:
        found[kind].append(text)
    return {
        kind: list(dict.fromkeys([*texts, *STARTERS[Comment.Kind(kind)]]))[:MOST]
        for kind, texts in found.items()
    }

"""回执: what proves that a revision was submitted, and whether it still counts."""

from django.db import models
from django.utils import timezone

from applications import papers
from applications.models import Application, Revision
from applications.states import Status
from portal.documents.model import Column, Document, Group, Kind, Paragraph, Style, Table
from portal.rounds.times import moment

NOTE = (
    "内容校验值由提交时的全部内容算出，内容改动一个字，校验值即不同。"
    "本回执只证明上述时间在本门户提交了该版本，正式申报以国家平台为准。"
)


def no_longer_counts(application: Application, revision: Revision) -> str:
    """Why a receipt is not in force any more; '' for the one that is."""
    current = application.current_revision
    if current.pk != revision.pk:
        return (
            f"这份回执已不再有效：之后提交了第 {current.number} 版（回执编号 {current.receipt}）。"
        )
    if application.status == Status.DRAFT:
        return "这份回执已不再有效：提交后又撤回修改，须重新提交，取得新的回执编号。"
    if application.status == Status.RETURNED:
        return "这份回执已不再有效：申报已退回修改，须重新提交，取得新的回执编号。"
    return ""


def facts(revision: Revision, *, short: bool = False) -> list[tuple[str, str]]:
    """What a receipt states, as label and text; ``short``: without reading the content."""
    whose: list[tuple[str, str]] = []
    if not short:
        enterprise = revision.data["enterprise"]
        whose = [
            (_label(Revision, "project_name"), revision.project_name),
            ("申报单位", f"{enterprise['name']}（{enterprise['credit_code']}）"),
            (_label(Application, "bureau"), revision.data["bureau"]["name"]),
            (_label(Application, "round"), revision.data["round"]["title"]),
        ]
    return [
        (_label(Revision, "receipt"), revision.receipt),
        (_label(Revision, "submitted_at"), f"{moment(revision.submitted_at)}（北京时间）"),
        *whose,
        (str(Revision._meta.verbose_name), f"第 {revision.number} 版"),
        ("内容校验值", f"{_label(Revision, 'sha256')} {revision.sha256}"),
    ]


def _label(model: type[models.Model], name: str) -> str:
    return str(model._meta.get_field(name).verbose_name)


def document(application: Application, revision: Revision) -> Document:
    """The receipt as a document; one that no longer counts says so above everything it states."""
    void = no_longer_counts(application, revision)
    receipt = Document(
        title=f"申报提交回执 {revision.receipt}",
        blocks=(
            Paragraph("申报提交回执", Style.TITLE),
            *([Paragraph(void)] if void else []),
            Table(
                (Column("", Kind.TEXT, 40, heading=True), Column("", Kind.TEXT, 116)),
                (Group(None, tuple(facts(revision))),),
            ),
            Paragraph(NOTE, Style.NOTE),
        ),
        orientation="portrait",
        made_at=timezone.now(),
        revision=revision.sha256,
        watermark=application.round.watermark,
    )
    return papers.printable(receipt)

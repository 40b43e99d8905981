"""Who gets in where, and what nobody may learn: every address, for everybody, in every way.

The table below must have a row for each address of the portal; the back office has a rule of its
own. What one bureau or enterprise wrote carries words that must never appear before another.
"""

import io
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace

import openpyxl
import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone

from applications import commenting, papers, receipts, workflow
from applications.models import Application, Attachment, BulkEdit, Comment, Paper
from applications.states import Status
from portal.accounts import team
from portal.accounts.models import Role
from portal.celery import app as celery
from portal.jobs.models import Job
from portal.jobs.tasks import run, start
from portal.messaging.models import Message
from portal.rounds.models import Deadline, Material
from review import clients, extensions, objections, ranking
from review.models import (
    Announcement,
    ApiClient,
    ClauseMark,
    ColumnSet,
    Objection,
    RankedList,
    SiteVisit,
    StampedScan,
    SummaryVersion,
)
from review.tasks import SUMMARY
from review.views.public import receipts as receipts_of_objections
from tests import cast

SUBJECTS = ("anonymous", "owner", "rival", "officer", "other_officer", "province", "auditor")

# What each subject gets, in the order of SUBJECTS; the auditor by a rule (``auditors``). The
# application belongs to ``owner`` and is submitted; the job and the ranked list belong to
# ``officer``, the list is open.
TO_LOGIN = 302  # instead, what is posted without signing in comes back with NOT_SAVED
NOT_SAVED = 403
OWNER_ONLY = (TO_LOGIN, 200, 404, 403, 403, 403)
ENTERPRISES = (TO_LOGIN, 200, 200, 403, 403, 403)
UNITS = (TO_LOGIN, 200, 200, 200, 200, 403)
ITS_ADMIN = (TO_LOGIN, 200, 404, 404, 404, 404)
BUREAUS = (TO_LOGIN, 403, 403, 200, 200, 403)
OWN_BUREAU = (TO_LOGIN, 403, 403, 200, 404, 403)
OFFICERS_OF_IT = (TO_LOGIN, 403, 403, 200, 404, 200)
PROVINCE = (TO_LOGIN, 403, 403, 403, 403, 200)
OWNER_AND_OFFICERS = (TO_LOGIN, 200, 404, 200, 404, 200)
OPEN_LIST = (TO_LOGIN, 403, 403, 200, 302, 403)
SENT_LIST = (TO_LOGIN, 403, 403, 302, 200, 403)
JOB_OWNER = (TO_LOGIN, 404, 404, 200, 404, 404)
SIGNED_IN = (TO_LOGIN, 200, 200, 200, 200, 200)
NOT_LIKE_THIS = (TO_LOGIN, 405, 405, 405, 405, 405)
EVERYBODY = (200, 200, 200, 200, 200, 200)
VISITORS = (200, 302, 302, 302, 302, 302)


def instead(row: tuple[int, ...], status: int) -> tuple[int, ...]:
    """The row with another status for those it lets in."""
    return tuple(status if expected == 200 else expected for expected in row)


def auditors(name: str, get: tuple[int, ...], post: tuple[int, ...]) -> tuple[int, int]:
    """What an auditor gets: looks wherever the province does, and acts nowhere but on the own."""
    is_own = len(set(post[1:])) == 1 or name.partition(":")[0] in ("jobs", "messaging")
    return get[-1], post[-1] if is_own else 403


# Address: (its arguments, what GET gives, what POST without any data gives)
TABLE = {
    "home": ("", VISITORS, VISITORS),
    "health": ("", EVERYBODY, EVERYBODY),
    "verify": ("", EVERYBODY, instead(EVERYBODY, 405)),
    "verify_code": ("code", EVERYBODY, instead(EVERYBODY, 405)),
    "notices": ("", EVERYBODY, instead(EVERYBODY, 405)),
    "notice": ("round", EVERYBODY, instead(EVERYBODY, 405)),
    "scenarios": ("", EVERYBODY, instead(EVERYBODY, 405)),
    "assessment": ("", (200, 302, 302, 200, 200, 200), instead(EVERYBODY, 405)),
    "announcements": ("", EVERYBODY, instead(EVERYBODY, 405)),
    "announcement": ("announcement", EVERYBODY, instead(EVERYBODY, 405)),
    "object": ("announcement", EVERYBODY, instead(EVERYBODY, 409)),
    "objection_receipt": ("receipt", EVERYBODY, instead(EVERYBODY, 405)),
    # Opened by a client's token alone (``test_api``): nobody's session counts.
    "api-1:openapi-json": ("", EVERYBODY, instead(EVERYBODY, 405)),
    "api-1:rounds": ("", instead(EVERYBODY, 401), instead(EVERYBODY, 405)),
    "api-1:annex": ("round", instead(EVERYBODY, 401), instead(EVERYBODY, 405)),
    "api-1:columns": ("round", instead(EVERYBODY, 401), instead(EVERYBODY, 405)),
    "api-1:rows": ("round", instead(EVERYBODY, 401), instead(EVERYBODY, 405)),
    "api-1:application": ("application", instead(EVERYBODY, 401), instead(EVERYBODY, 405)),
    "api-1:nowhere": ("code", instead(EVERYBODY, 404), instead(EVERYBODY, 405)),
    "api-1:api-root": ("", instead(EVERYBODY, 404), instead(EVERYBODY, 405)),
    "accounts:register": ("", VISITORS, VISITORS),
    "accounts:login": ("", VISITORS, VISITORS),
    "accounts:session": ("", EVERYBODY, instead(EVERYBODY, 400)),
    "accounts:logout": ("", NOT_LIKE_THIS, instead(SIGNED_IN, 302)),
    "accounts:password": ("", SIGNED_IN, SIGNED_IN),
    "accounts:password_changed": ("", instead(SIGNED_IN, 302), instead(SIGNED_IN, 302)),
    "accounts:team": ("", UNITS, NOT_LIKE_THIS),
    "accounts:invite": ("", NOT_LIKE_THIS, UNITS),
    "accounts:withdraw_invitation": ("invitation", NOT_LIKE_THIS, instead(ITS_ADMIN, 302)),
    "accounts:change_member": ("member change", NOT_LIKE_THIS, instead(ITS_ADMIN, 302)),
    "accounts:officers": ("", PROVINCE, NOT_LIKE_THIS),
    "accounts:invite_officer": ("", NOT_LIKE_THIS, instead(PROVINCE, 409)),
    "accounts:import_officers": ("", NOT_LIKE_THIS, instead(PROVINCE, 409)),
    "accounts:export_officers": ("", NOT_LIKE_THIS, PROVINCE),
    "accounts:join": ("token", instead(VISITORS, 404), instead(VISITORS, 404)),
    "jobs:index": ("", SIGNED_IN, NOT_LIKE_THIS),
    "jobs:detail": ("job", JOB_OWNER, NOT_LIKE_THIS),
    "jobs:state": ("job", JOB_OWNER, NOT_LIKE_THIS),
    "jobs:file": ("job", JOB_OWNER, NOT_LIKE_THIS),
    "jobs:cancel": ("job", NOT_LIKE_THIS, instead(JOB_OWNER, 302)),
    "messaging:index": ("", SIGNED_IN, NOT_LIKE_THIS),
    "messaging:open": ("message", (TO_LOGIN, 302, 404, 404, 404, 404), NOT_LIKE_THIS),
    "messaging:read_all": ("", NOT_LIKE_THIS, instead(SIGNED_IN, 302)),
    "messaging:preferences": ("", NOT_LIKE_THIS, instead(SIGNED_IN, 302)),
    "applications:index": ("", ENTERPRISES, NOT_LIKE_THIS),
    "applications:assessment": ("", ENTERPRISES, instead(ENTERPRISES, 302)),
    "applications:start": ("round", NOT_LIKE_THIS, instead(ENTERPRISES, 302)),
    "applications:detail": ("application", OWNER_ONLY, NOT_LIKE_THIS),
    "applications:confirm": ("application", instead(OWNER_ONLY, 302), instead(OWNER_ONLY, 302)),
    "applications:read": ("application", instead(OWNER_ONLY, 302), NOT_LIKE_THIS),
    "applications:submit": ("application", instead(OWNER_ONLY, 302), instead(OWNER_ONLY, 302)),
    "applications:withdraw": ("application", NOT_LIKE_THIS, instead(OWNER_ONLY, 302)),
    "applications:receipt": ("application", OWNER_ONLY, NOT_LIKE_THIS),
    "applications:revisions": ("application", OWNER_ONLY, NOT_LIKE_THIS),
    "applications:revision": ("application number", OWNER_ONLY, NOT_LIKE_THIS),
    "applications:compare": ("application number", OWNER_ONLY, NOT_LIKE_THIS),
    "applications:revision_receipt": ("application number", OWNER_ONLY, NOT_LIKE_THIS),
    "applications:receipt_pdf": (
        "application number",
        NOT_LIKE_THIS,
        instead(OWNER_ONLY, 302),
    ),
    "applications:draft_book": ("application", NOT_LIKE_THIS, instead(OWNER_ONLY, 404)),
    "applications:book": ("application number", NOT_LIKE_THIS, instead(OWNER_ONLY, 404)),
    "applications:save": ("application", NOT_LIKE_THIS, instead(ENTERPRISES, 400)),
    "applications:carry_over": ("application", instead(OWNER_ONLY, 302), instead(OWNER_ONLY, 302)),
    "applications:affirm_carried": (
        "application section",
        NOT_LIKE_THIS,
        instead(OWNER_ONLY, 302),
    ),
    "applications:reentry": ("application", OWNER_ONLY, instead(OWNER_ONLY, 302)),
    "applications:section": ("application section", OWNER_ONLY, instead(OWNER_ONLY, 409)),
    "applications:attachments": ("application", OWNER_ONLY, NOT_LIKE_THIS),
    "applications:upload": ("application material", NOT_LIKE_THIS, instead(OWNER_ONLY, 302)),
    "applications:file": ("attachment", OWNER_AND_OFFICERS, NOT_LIKE_THIS),
    "applications:file_view": ("attachment", OWNER_AND_OFFICERS, NOT_LIKE_THIS),
    # What is stored for the test is no PDF: its page is a sentence.
    "applications:file_page": (
        "attachment number",
        (TO_LOGIN, 404, 404, 404, 404, 404),
        NOT_LIKE_THIS,
    ),
    "applications:thumbnail": ("attachment", OWNER_AND_OFFICERS, NOT_LIKE_THIS),
    "applications:file_remove": ("attachment", NOT_LIKE_THIS, instead(OWNER_ONLY, 302)),
    "applications:file_restore": ("attachment", NOT_LIKE_THIS, instead(OWNER_ONLY, 302)),
    "applications:answer": ("application comment", OWNER_ONLY, OWNER_ONLY),
    "applications:instance_new": ("application", OWNER_ONLY, instead(OWNER_ONLY, 404)),
    "applications:instance": ("application key", OWNER_ONLY, instead(OWNER_ONLY, 409)),
    "applications:instance_order": ("application", NOT_LIKE_THIS, instead(OWNER_ONLY, 302)),
    "applications:paste": ("application group", OWNER_ONLY, OWNER_ONLY),
    "applications:template": ("application group", OWNER_ONLY, NOT_LIKE_THIS),
    "applications:undo": ("application bulk_edit", NOT_LIKE_THIS, instead(OWNER_ONLY, 302)),
    "applications:instance_move": ("application key", NOT_LIKE_THIS, instead(OWNER_ONLY, 302)),
    "applications:instance_delete": ("application key", NOT_LIKE_THIS, instead(OWNER_ONLY, 302)),
    "review:reader": ("application", OFFICERS_OF_IT, NOT_LIKE_THIS),
    "review:revision": ("application number", OFFICERS_OF_IT, NOT_LIKE_THIS),
    "review:changes": ("application number", OFFICERS_OF_IT, NOT_LIKE_THIS),
    "review:similarity": ("application", OFFICERS_OF_IT, NOT_LIKE_THIS),
    "review:book": ("application number", NOT_LIKE_THIS, instead(OFFICERS_OF_IT, 404)),
    "review:interest": (
        "application",
        OFFICERS_OF_IT,
        (TO_LOGIN, 403, 403, 409, 404, 403),
    ),
    "review:checklist": ("application", OFFICERS_OF_IT, NOT_LIKE_THIS),
    "review:mark": ("application", NOT_LIKE_THIS, instead(OWN_BUREAU, 409)),
    "review:visits": ("application", OFFICERS_OF_IT, NOT_LIKE_THIS),
    "review:visit_add": ("application", OWN_BUREAU, OWN_BUREAU),
    "review:visit_change": ("visit", OWN_BUREAU, OWN_BUREAU),
    "review:photo": ("photo", OFFICERS_OF_IT, NOT_LIKE_THIS),
    "review:photo_thumbnail": ("photo", OFFICERS_OF_IT, NOT_LIKE_THIS),
    "review:export": ("round", NOT_LIKE_THIS, (TO_LOGIN, 403, 403, 404, 404, 404)),
    "review:compare": ("round", (TO_LOGIN, 403, 403, 200, 200, 200), NOT_LIKE_THIS),
    "review:inbox": ("", BUREAUS, NOT_LIKE_THIS),
    "review:export_list": ("round", NOT_LIKE_THIS, (TO_LOGIN, 403, 403, 302, 302, 302)),
    "review:bulk": ("round", NOT_LIKE_THIS, instead(BUREAUS, 302)),
    "review:bulk_confirm": ("round", NOT_LIKE_THIS, instead(BUREAUS, 302)),
    "review:comment_add": ("application section", OWN_BUREAU, OWN_BUREAU),
    "review:comment_change": ("application unsent", OWN_BUREAU, OWN_BUREAU),
    "review:comment_remove": ("application unsent", NOT_LIKE_THIS, instead(OWN_BUREAU, 302)),
    "review:comment_reopen": ("application comment", OWN_BUREAU, OWN_BUREAU),
    "review:comment_close": ("application comment", NOT_LIKE_THIS, instead(OWN_BUREAU, 302)),
    "review:comment_undo_close": ("application comment", NOT_LIKE_THIS, instead(OWN_BUREAU, 302)),
    "review:decide": ("application verb", NOT_LIKE_THIS, instead(OWN_BUREAU, 409)),
    "review:board": ("round", BUREAUS, NOT_LIKE_THIS),
    "review:recommend": ("round", NOT_LIKE_THIS, instead(BUREAUS, 404)),
    "review:reorder": ("round", NOT_LIKE_THIS, instead(BUREAUS, 409)),
    "review:exempt": ("round", NOT_LIKE_THIS, instead(BUREAUS, 404)),
    "review:opinions": ("round", NOT_LIKE_THIS, instead(BUREAUS, 409)),
    "review:send": ("round", OPEN_LIST, OPEN_LIST),
    "review:recall": ("round", SENT_LIST, instead(SENT_LIST, 409)),
    "review:scan_add": ("round", SENT_LIST, instead(SENT_LIST, 409)),
    "review:scan": ("scan", OFFICERS_OF_IT, NOT_LIKE_THIS),
    "review:cockpit": ("", PROVINCE, NOT_LIKE_THIS),
    "review:forecast": ("", PROVINCE, NOT_LIKE_THIS),
    "review:remind": ("round", PROVINCE, PROVINCE),
    "review:applications": ("", PROVINCE, NOT_LIKE_THIS),
    "review:summary": ("", PROVINCE, NOT_LIKE_THIS),
    "review:summary_versions": ("", PROVINCE, NOT_LIKE_THIS),
    "review:summary_version": ("summary_version", PROVINCE, NOT_LIKE_THIS),
    # This one has no file; those are fetched in ``test_summary_versions``.
    "review:summary_version_file": (
        "summary_version format",
        instead(PROVINCE, 404),
        NOT_LIKE_THIS,
    ),
    "review:ledger": ("", PROVINCE, NOT_LIKE_THIS),
    "review:ledger_choose": ("round", NOT_LIKE_THIS, instead(PROVINCE, 302)),
    "review:ledger_export": ("round", NOT_LIKE_THIS, instead(PROVINCE, 302)),
    "review:ledger_save": ("round", NOT_LIKE_THIS, instead(PROVINCE, 302)),
    "review:ledger_change": ("round column_set", NOT_LIKE_THIS, instead(PROVINCE, 302)),
    "review:transfer": ("application", PROVINCE, instead(PROVINCE, 409)),
    "review:extensions": ("", PROVINCE, instead(PROVINCE, 409)),
    "review:extension_confirm": ("extension", NOT_LIKE_THIS, instead(PROVINCE, 302)),
    "review:extension_revoke": ("extension", NOT_LIKE_THIS, instead(PROVINCE, 302)),
    "review:ranked_list": ("list", PROVINCE, NOT_LIKE_THIS),
    "review:receive": ("list", NOT_LIKE_THIS, instead(PROVINCE, 302)),
    "review:send_back": ("list", NOT_LIKE_THIS, instead(PROVINCE, 409)),
    "review:archive": ("", PROVINCE, NOT_LIKE_THIS),
    "review:archive_make": ("round", NOT_LIKE_THIS, instead(PROVINCE, 302)),
    # The job is no archive; those are fetched and removed in ``test_archive``.
    "review:archive_file": ("round job", instead(PROVINCE, 404), NOT_LIKE_THIS),
    "review:archive_remove": ("round job", NOT_LIKE_THIS, instead(PROVINCE, 404)),
    "review:audit": ("", PROVINCE, NOT_LIKE_THIS),
    "review:audit_file": ("", PROVINCE, NOT_LIKE_THIS),
    "review:audit_verify": ("", NOT_LIKE_THIS, instead(PROVINCE, 302)),
    "review:clients": ("", PROVINCE, NOT_LIKE_THIS),
    "review:client_add": ("", NOT_LIKE_THIS, instead(PROVINCE, 400)),
    "review:client_revoke": ("client", NOT_LIKE_THIS, instead(PROVINCE, 302)),
    "review:announcements": ("", PROVINCE, NOT_LIKE_THIS),
    "review:announcement_new": ("", PROVINCE, instead(PROVINCE, 409)),
    "review:announcement": ("announcement", PROVINCE, NOT_LIKE_THIS),
    "review:announcement_change": (
        "announcement",
        instead(PROVINCE, 302),
        instead(PROVINCE, 302),
    ),
    "review:announcement_publish": ("announcement", NOT_LIKE_THIS, instead(PROVINCE, 302)),
    "review:announcement_withdraw": ("announcement", NOT_LIKE_THIS, instead(PROVINCE, 409)),
    "review:announcement_discard": ("announcement", NOT_LIKE_THIS, instead(PROVINCE, 302)),
    "review:objection": ("objection", PROVINCE, instead(PROVINCE, 409)),
    "review:rounds": ("", PROVINCE, NOT_LIKE_THIS),
    "review:seat": ("round", NOT_LIKE_THIS, instead(PROVINCE, 302)),
    "review:publish": ("draft_round", NOT_LIKE_THIS, instead(PROVINCE, 302)),
    "review:round_new": ("", PROVINCE, instead(PROVINCE, 409)),
    "review:round": ("draft_round", PROVINCE, NOT_LIKE_THIS),
    "review:round_edit": ("draft_round", PROVINCE, instead(PROVINCE, 409)),
    "review:round_rules": ("draft_round", PROVINCE, instead(PROVINCE, 409)),
    "review:round_field_rules": ("draft_round", PROVINCE, instead(PROVINCE, 409)),
    "review:round_differences": ("draft_round", PROVINCE, NOT_LIKE_THIS),
    "review:round_delete": ("round", NOT_LIKE_THIS, instead(PROVINCE, 302)),
    "review:version_new": ("draft_round", NOT_LIKE_THIS, instead(PROVINCE, 302)),
    "review:version_publish": ("draft_round", NOT_LIKE_THIS, instead(PROVINCE, 409)),
    "review:version_discard": ("draft_round", NOT_LIKE_THIS, instead(PROVINCE, 302)),
    "review:trial": ("draft_round", PROVINCE, NOT_LIKE_THIS),
    "review:trial_begin": ("draft_round", NOT_LIKE_THIS, instead(PROVINCE, 302)),
    "review:trial_lend": ("draft_round", NOT_LIKE_THIS, instead(PROVINCE, 302)),
    "review:trial_end": ("draft_round", NOT_LIKE_THIS, instead(PROVINCE, 302)),
    "review:editions": ("", PROVINCE, NOT_LIKE_THIS),
    "review:edition_sheet": ("part", PROVINCE, NOT_LIKE_THIS),
    "review:edition_import": ("part", PROVINCE, instead(PROVINCE, 409)),
    "review:edition_copy": ("part year", NOT_LIKE_THIS, instead(PROVINCE, 302)),
    "review:edition_delete": ("part year", NOT_LIKE_THIS, instead(PROVINCE, 302)),
}

STORED = "attachments/stored"

# The word in everything that one party wrote, and who may read it.
WORDS = {
    "鸮甲": {"owner", "officer", "province"},
    "鸮乙": {"rival", "officer", "province"},
    "鸮意": {"officer", "province"},
    "鸮批": {"officer"},
    "鸮异": {"province"},
    "鹬甲": {"other_officer", "province"},
    "鹬乙": {"other_officer", "province"},
    "鹬意": {"other_officer", "province"},
}


@pytest.fixture(scope="module")
def world(catalogue) -> SimpleNamespace:
    """Two bureaus with two enterprises each, in different states, everything written marked."""
    province, officer = cast.make_province(), cast.make_officer()
    other_officer = cast.make_officer(cast.DATONG)
    round = cast.make_round(province)
    draft_round = cast.make_round(province, slug="draft", title="未发布批次", published=False)
    owner, rival, third, fourth = (
        cast.make_enterprise(number, bureau, f"独有{word}有限公司")
        for number, bureau, word in (
            (1, cast.TAIYUAN, "鸮甲"),
            (2, cast.TAIYUAN, "鸮乙"),
            (3, cast.DATONG, "鹬甲"),
            (4, cast.DATONG, "鹬乙"),
        )
    )
    application = _file(round, owner, "鸮甲")
    comment = _remark(application, officer, "鸮甲逐项意见")
    cast.decide(application, "return_for_changes", officer, "鸮甲请补充")
    commenting.answer(comment, "explained", "鸮甲说明", seen=None, actor=owner)
    workflow.submit(cast.fresh(application), cast.declarations(round), actor=owner)
    unsent = _remark(application, officer, "鸮批尚未发送")
    seated = _seat(_file(round, rival, "鸮乙"), officer, "鸮意")
    cast.send_back(cast.list_of(seated), province, "鸮意退回理由")
    _seat(_file(round, third, "鹬甲"), other_officer, "鹬意")
    visit = _visit(application, officer, "鸮意")
    announcement = _announcement(round, province)
    draft = cast.bring_to(Status.DRAFT, round, fourth, other_officer)
    cast.save(draft, "factory", {"project_name": "独有鹬乙项目"}, fourth)
    return SimpleNamespace(
        anonymous=AnonymousUser(),
        owner=owner,
        rival=rival,
        officer=officer,
        other_officer=other_officer,
        province=province,
        auditor=cast.make_user("auditor", Role.AUDITOR),
        extension=extensions.ask(
            round,
            Deadline.BUREAU,
            round.bureau_deadline + timedelta(days=1),
            "省厅内部",
            enterprise=owner.enterprise,
            actor=province,
        ),
        round=round,
        draft_round=draft_round,
        application=application,
        comment=comment,
        unsent=unsent,
        attachment=_attach(application, owner, "鸮甲"),
        visit=visit,
        list=cast.list_of(application),
        scan=_scan(application, officer, "鸮意"),
        announcement=announcement,
        objection=_objection(announcement, "鸮异"),
        client=_client(province),
        summary_version=SummaryVersion.objects.create(
            round=round, number=1, rows=[], sha256="0" * 64, made_by=province
        ),
        column_set=ColumnSet.objects.create(owner=province, name="全部", columns=["id"]),
        code=_paper(application).check_code,
        bulk_edit=_bulk_edit(application, owner, "鸮甲"),
        invitation=team.invite("鸮甲同事", is_signatory=False, actor=owner)[0],
    )


def _file(round, actor, word: str) -> Application:
    application = workflow.start(round, actor=actor)
    cast.complete(application, actor, project=f"独有{word}项目")
    cast.save(application, "basic", {"contact_name": f"{word}联系人"}, actor)
    cast.save(application, "results", {"effect": f"{word}成效"}, actor)
    workflow.submit(application, cast.declarations(round), actor=actor)
    return cast.fresh(application)


def _announcement(round, province) -> Announcement:
    """Published, and on; it names nobody of the world."""
    today = timezone.localdate()
    return Announcement.objects.create(
        round=round,
        title="公示",
        text="正文",
        contact="处室",
        opens_on=today,
        closes_on=today + timedelta(days=7),
        rows=[{"application": 0, "bureau": "某局", "enterprise": "某企业", "project": "某项目"}],
        created_by=province,
        published_at=timezone.now(),
    )


def _objection(announcement: Announcement, word: str) -> Objection:
    said = {"enterprise": "某企业", "name": f"{word}反映人", "mobile": "19900000009"}
    return objections.file(announcement, said | {"text": f"{word}内容"}, address="")


def _client(province) -> ApiClient:
    facts = {"name": "数据平台", "contact": "", "expires_at": timezone.now() + timedelta(days=1)}
    return clients.make(**facts, scopes=["summary"], actor=province)[0]


def _bulk_edit(application: Application, actor, word: str) -> BulkEdit:
    return BulkEdit.objects.create(
        application=application,
        group="instances",
        title=f"独有{word}实例",
        before={},
        after={},
        by=actor,
    )


def _remark(application: Application, officer, text: str) -> Comment:
    application = cast.fresh(application)
    cast.no_interest(application, officer)
    place, revision = ("factory", "", "", "results"), application.current_revision_id
    return commenting.add(application, place, "wrong", text, revision=revision, actor=officer)


def _attach(application: Application, actor, word: str) -> Attachment:
    """A file that was submitted; what it holds, ``stored_file`` stores for each test."""
    return Attachment.objects.create(
        application=application,
        material=Material.objects.create(version=application.version, order=1, name="材料"),
        name=f"独有{word}证照.pdf",
        file=STORED,
        thumbnail=STORED,
        content_type="application/pdf",
        size=5,
        sha256="0" * 64,
        uploaded_by=actor,
        frozen_at=timezone.now(),
    )


def _visit(application: Application, officer, word: str) -> SiteVisit:
    """A site visit with a photo; and a mark on a clause."""
    ClauseMark.objects.create(
        application=application,
        condition=application.version.conditions[0],
        officer=officer,
        revision_id=cast.fresh(application).current_revision_id,
        verdict="met",
        note=f"{word}审查意见",
    )
    visit = SiteVisit.objects.create(
        application=application,
        visited_on=timezone.localdate(),
        people=f"{word}核查人员",
        findings=f"{word}核查情况",
        author=officer,
    )
    visit.photos.create(
        name=f"{word}照片.png",
        file=STORED,
        thumbnail=STORED,
        content_type="image/png",
        size=5,
        sha256="0" * 64,
        uploaded_by=officer,
    )
    return visit


def _scan(application: Application, officer, word: str) -> StampedScan:
    return StampedScan.objects.create(
        ranked_list=cast.list_of(application),
        check_code="7K3M-9QXD",
        name=f"独有{word}盖章件.pdf",
        file=STORED,
        content_type="application/pdf",
        size=5,
        sha256="0" * 64,
        uploaded_by=officer,
    )


def _paper(application: Application) -> Paper:
    """The receipt of an application, as it was printed."""
    revision = application.current_revision
    document = receipts.document(application, revision)
    return papers.issue(document, Paper.Kind.RECEIPT, pages=1, revision=revision)


@pytest.fixture(autouse=True)
def stored_file() -> None:
    default_storage.save(STORED, ContentFile(b"%PDF-"))


def _seat(application: Application, officer, word: str) -> Application:
    """Accept, recommend with an opinion, and send."""
    application = cast.decide(application, "accept", officer)
    ranking.recommend(cast.list_of(application), application, actor=officer)
    for act in (
        lambda version: ranking.save_opinions(
            cast.list_of(application),
            {application.pk: f"{word}推荐理由"},
            version=version,
            actor=officer,
        ),
        lambda version: ranking.send(
            cast.list_of(application),
            version=version,
            signatory=f"{word}签发人",
            statement=f"{word}情况说明",
            actor=officer,
        ),
    ):
        act(cast.list_of(application).version)
    return application


@pytest.fixture
def job(world, db) -> Job:
    """A finished job of ``officer`` with its file."""
    job = start(owner=world.officer, kind=SUMMARY, title="推荐汇总表")
    job.keep(io.BytesIO(b"x"), "a.pdf")
    Job.objects.update(status=Job.Status.DONE)
    return job


@pytest.fixture
def exports(world, db) -> list[Job]:
    """Annex 1 as each officer gets it; only the list of ``other_officer`` is sent."""
    celery.loader.import_default_modules()
    data = {"kind": SUMMARY, "round": world.round.pk, "format": "xlsx"}
    jobs = [
        start(owner=user, title=f"{word}汇总表", bureau=user.bureau_id, **data)
        for user, word in (
            (world.officer, "鸮意"),
            (world.other_officer, "鹬意"),
            (world.province, "全省"),
        )
    ]
    for job in jobs:
        run(job.pk)
    owned = Job.objects.filter(owner__isnull=False)
    statuses = owned.order_by("pk").values_list("status", flat=True)
    assert list(statuses) == [Job.Status.FAILED, Job.Status.DONE, Job.Status.DONE]
    return jobs


def names(patterns=None, namespace: str = "") -> Iterator[str]:
    """The name of every address in the URLconf."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLPattern):
            yield namespace + (pattern.name or str(pattern.pattern))
        else:
            yield from names(pattern.url_patterns, f"{namespace}{pattern.namespace}:")


def visit(user, method: str, url: str, data=None, *, follow: bool = False):
    """One request of a fresh visitor; whatever it changed is taken back."""
    client = Client()
    with transaction.atomic():
        if user.is_authenticated:
            client.force_login(user)
        if method == "post":
            response = client.post(url, data or {}, follow=follow)
        else:
            with nothing_written():
                response = getattr(client, method)(url, data, follow=follow)
        response.body = (
            b"".join(response.streaming_content) if response.streaming else response.content
        )
        transaction.set_rollback(True)
    return response


def nothing_written():
    """Refuse every statement that writes, but for the visitor's session and reading marks."""

    def guard(execute, sql, params, many, context):
        verb = sql.lstrip("( ").split(None, 1)[0].upper()
        own = ("django_session", "review_reading", "messaging_message", "audit_")
        if verb not in ("SELECT", "SAVEPOINT", "RELEASE") and not any(t in sql for t in own):
            raise AssertionError(f"a page that is only looked at writes: {sql}")
        return execute(sql, params, many, context)

    return connection.execute_wrapper(guard)


def address(name: str, world, job) -> str:
    values = {
        "job": job.pk,
        "message": world.owner.messages.last().pk,
        "round": world.round.slug,
        "draft_round": world.draft_round.slug,
        "part": "conditions",
        "year": 2024,
        "application": world.application.pk,
        "list": world.list.pk,
        "number": 1,
        "section": "basic",
        "group": "finance_years",
        "bulk_edit": world.bulk_edit.pk,
        "key": "k1",
        "verb": "accept",
        "invitation": world.invitation.pk,
        "member": world.owner.pk,
        "change": "deactivate",
        "token": "guessed",
        "material": world.attachment.material_id,
        "attachment": world.attachment.pk,
        "comment": world.comment.pk,
        "unsent": world.unsent.pk,
        "code": world.code,
        "scan": world.scan.pk,
        "announcement": world.announcement.pk,
        "objection": world.objection.pk,
        "receipt": receipts_of_objections.sign(world.objection.number),
        "client": world.client.pk,
        "summary_version": world.summary_version.pk,
        "format": "xlsx",
        "column_set": world.column_set.pk,
        "extension": world.extension.pk,
        "visit": world.visit.pk,
        "photo": world.visit.photos.get().pk,
    }
    return reverse(name, args=[values[wanted] for wanted in TABLE[name][0].split()])


def test_every_address_has_a_row_in_the_table_and_every_row_an_address():
    assert sorted(TABLE) == sorted(name for name in names() if not name.startswith("admin:"))


@pytest.mark.parametrize("name", TABLE)
def test_an_address_lets_in_those_it_should_and_looking_changes_nothing(world, job, name):
    _, get, post = TABLE[name]
    looks, acts = auditors(name, get, post)
    get, post = (*get, looks), (*post, acts)
    url = address(name, world, job)
    users = [getattr(world, subject) for subject in SUBJECTS]
    looked = [visit(user, "get", url) for user in users]
    assert tuple(response.status_code for response in looked) == get
    if get[0] == TO_LOGIN:
        assert looked[0].url == f"{reverse('accounts:login')}?next={url}"
    if name != "health":
        assert all("no-store" in response["Cache-Control"] for response in looked[1:])
    if post[0] == TO_LOGIN:
        post = (NOT_SAVED, *post[1:])
    assert tuple(visit(user, "post", url).status_code for user in users) == post


@pytest.mark.parametrize("method", ["head", "put", "delete", "patch"])
def test_other_methods_give_nobody_more_than_looking_does(world, job, method):
    for name, (_, get, _) in TABLE.items():
        url = address(name, world, job)
        for subject in ("anonymous", "owner", "officer"):
            status = visit(getattr(world, subject), method, url).status_code
            expected = get[SUBJECTS.index(subject)]
            assert status == expected or (method != "head" and status == 405), (name, subject)


def test_a_visitor_gets_only_the_front_page_the_two_doors_health_and_static_files(world, db):
    assert {name for name, (_, get, _) in TABLE.items() if get[0] == 200} == {
        "home",
        "health",
        "verify",  # what it says of a code is looked at in test_verify
        "verify_code",
        "notices",  # what these say is looked at in test_public, test_assessment, test_announcing
        "notice",
        "scenarios",
        "assessment",
        "announcements",
        "announcement",
        "object",
        "objection_receipt",
        "api-1:openapi-json",  # how to ask, nothing of what is answered
        "accounts:session",  # says that nobody is signed in
        "accounts:login",
        "accounts:register",
    }
    assert visit(world.anonymous, "get", "/static/css/portal.css").status_code == 200
    for url in ("/static/../portal/settings.py", "/files/", "/media/", "/var/portal.sqlite3"):
        assert visit(world.anonymous, "get", url).status_code == 404


def test_the_back_office_opens_to_provincial_staff_only(world, db):
    plain = cast.make_user("plain", Role.PROVINCE)
    posing = cast.make_user("posing", Role.BUREAU, bureau=world.officer.bureau, is_staff=True)
    urls = list(back_office(world))
    assert len(urls) > 60
    for url in urls:
        for user in (world.anonymous, world.owner, world.officer, plain, posing):
            response = visit(user, "get", url, follow=True)
            at_the_door = response.request["PATH_INFO"] == reverse("accounts:login")
            assert at_the_door if user is world.anonymous else response.status_code == 403, url
    assert visit(world.province, "get", reverse("admin:index")).status_code == 200


def back_office(world) -> Iterator[str]:
    """Every address of the back office, with some object in it."""
    known = {"object_id": 1, "id": 1, "app_label": "catalogue", "content_type_id": 1, "url": "x"}
    _prefix, resolver = get_resolver().namespace_dict["admin"]
    for name in filter(lambda key: isinstance(key, str), resolver.reverse_dict):
        for [(_pattern, wanted)], *_ in resolver.reverse_dict.getlist(name):
            yield reverse(f"admin:{name}", kwargs={key: known[key] for key in wanted})


def text_of(response) -> str:
    """Everything readable in a response, a workbook's cells included."""
    if "spreadsheet" in response.headers.get("Content-Type", ""):
        book = openpyxl.load_workbook(io.BytesIO(response.body))
        return str([list(sheet.values) for sheet in book])
    heads = "".join(f"{key}{value}" for key, value in response.headers.items())
    return heads + response.body.decode()


def everything_to_try(world, exports) -> Iterator[tuple[str, str, dict]]:
    """(method, address, data): every address with every object there is, and the searches."""
    applications = list(Application.objects.all())
    values = {
        "job": [job.pk for job in exports],
        "message": Message.objects.values_list("pk", flat=True),
        "round": [world.round.slug],
        "draft_round": [world.draft_round.slug],
        "part": ["conditions"],
        "year": [2024],
        "application": [application.pk for application in applications],
        "list": [found.pk for found in RankedList.objects.exclude(version=0)],
        "number": [1, 2],
        "section": ["basic", "results"],
        "group": ["finance_years", "instances"],
        "bulk_edit": [world.bulk_edit.pk],
        "key": ["k1"],
        "verb": ["accept", "decline"],
        "comment": [world.comment.pk, world.unsent.pk],
        "unsent": [world.comment.pk, world.unsent.pk],
        "invitation": [world.invitation.pk],
        "member": [world.owner.pk, world.rival.pk],
        "change": ["deactivate", "drop_signatory"],
        "token": ["guessed"],
        "material": [world.attachment.material_id],
        "attachment": [world.attachment.pk],
        "code": [world.code],
        "scan": [world.scan.pk],
        "announcement": [world.announcement.pk],
        "objection": [world.objection.pk],
        "receipt": [receipts_of_objections.sign(world.objection.number)],
        "client": [world.client.pk],
        "summary_version": [world.summary_version.pk],
        "format": ["xlsx"],
        "column_set": [world.column_set.pk],
        "extension": [world.extension.pk],
        "visit": [world.visit.pk],
        "photo": [world.visit.photos.get().pk],
    }
    for name, (wanted, _get, _post) in TABLE.items():
        combinations = [[]]
        for argument in wanted.split():
            combinations = [[*c, value] for c in combinations for value in values[argument]]
        for combination in combinations:
            url = reverse(name, args=combination)
            yield "get", url, {}
            if name in ("accounts:logout", "accounts:password", "applications:start"):
                continue
            if "application" in wanted:
                yield "post", url, {}
            else:
                for application in applications if name.startswith("review:re") else [None]:
                    pk = application.pk if application else ""
                    bureau = application.bureau.code if application else cast.DATONG
                    data = {"application": pk, "bureau": bureau, "move": "remove"}
                    yield "post", url, data | {"format": "xlsx"}
    for page in ("review:inbox", "review:applications"):
        for query in (
            *({"q": q} for q in ("独有", "91", "项目", "鸮", "鹬", "%")),
            *({"bureau": code} for code in (cast.TAIYUAN, cast.DATONG)),
            *({"status": status} for status in Status.values),
            {"round": "draft"},
            {"page": "999"},
        ):
            yield "get", reverse(page), query
    yield (
        "post",
        reverse("review:export", args=[world.round.slug]),
        {
            "format": "xlsx",
            "bureau": cast.TAIYUAN,
        },
    )


@pytest.mark.parametrize("subject", SUBJECTS)
def test_everybody_reads_what_concerns_him_and_not_a_word_more(world, exports, subject):
    user = getattr(world, subject)
    seen = {}
    for method, url, data in everything_to_try(world, exports):
        response = visit(user, method, url, data, follow=method == "post")
        assert response.status_code < 500
        text = text_of(response)
        for word in WORDS:
            if word in text:
                seen.setdefault(word, url)
    like = "province" if subject == "auditor" else subject
    allowed = {word for word, readers in WORDS.items() if like in readers}
    assert {word: url for word, url in seen.items() if word not in allowed} == {}
    assert set(seen) == allowed

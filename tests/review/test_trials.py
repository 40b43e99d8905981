"""试运行: a round walked by invented people, met by nobody else, and gone without a trace."""

from types import SimpleNamespace

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from applications import book, receipts, workflow
from applications.models import Application, Attachment, Paper
from applications.states import Status
from portal.accounts.models import Enterprise, Role, User
from portal.audit.models import Record
from portal.catalogue.models import ClosedEdition, Condition, forget_cached_rows
from portal.celery import app as celery
from portal.errors import NotAllowed
from portal.jobs.models import Job
from portal.jobs.tasks import run
from portal.messaging.models import Message
from portal.rounds.models import FieldRule, Material, Round
from review import indexing, publishing, summary, transferring
from review.models import RankedList, Seat, TextIndex
from review.preparing import trials
from tests import cast

pytestmark = pytest.mark.django_db


def walk(round: Round, province: User) -> Round:
    """The trial of a round, walked in one bureau, with whatever work its verbs have queued."""
    celery.loader.import_default_modules()  # where the apps register their kinds of work
    trials.begin(round, 1, actor=province)
    while job := Job.objects.filter(status=Job.Status.QUEUED).first():
        run(job.pk)
    return round.trials.get()


def rows_of_every_table() -> dict[str, int]:
    """How many rows each table has, but for the trail, which stays, and the job that said so."""
    counts = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if not table.startswith(("audit_", "django_", "jobs_", "sqlite_")):
                cursor.execute(f'SELECT COUNT(*) FROM "{table}"')
                counts[table] = cursor.fetchone()[0]
    return counts


@pytest.fixture(scope="module")
def world(catalogue, tmp_path_factory) -> SimpleNamespace:
    """A round with rules of its own, its trial, and real people who have nothing to do with it."""
    province, officer, real = cast.make_province(), cast.make_officer(), cast.make_enterprise(1)
    ahead = timezone.localdate().year + 1
    round = cast.make_round(province, slug="next", title="明年批次", published=False, year=ahead)
    version = round.version
    Material.objects.create(version=version, order=1, name="证照", accepts="pdf", is_required=True)
    for place, field, rule in (
        ("basic", "industry_detail", {"is_required": True}),
        ("factory", "introduction", {"max_length": 50}),
    ):
        FieldRule.objects.create(version=version, place=place, field=field, **rule)
    before = rows_of_every_table()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.MEDIA_ROOT", tmp_path_factory.mktemp("files"))
        trial = walk(round, province)
    return SimpleNamespace(
        province=province, officer=officer, real=real, round=round, trial=trial, before=before
    )


def test_a_trial_goes_through_every_state_by_the_rounds_own_rules(world):
    found = sorted(world.trial.applications.values_list("status", flat=True))
    assert found == ["draft", "recommended", "returned", "unlisted"]
    assert Job.objects.get(kind=trials.TRIAL).message == "已提交 3 份试运行申报。"
    [received] = RankedList.objects.filter(round=world.trial).exclude(received_at=None)
    assert received.bureau.order == 1
    for application in world.trial.applications.exclude(status=Status.DRAFT):
        assert application.basic.industry_detail
        assert len(application.factory.introduction) <= 50
        assert application.attachments.count() == 1
    assert not ClosedEdition.objects.exists()


def test_nobody_real_meets_a_trial(world, client):
    for user in (world.officer, world.real):
        assert not Round.objects.visible_to(user).filter(pk=world.trial.pk).exists()
        for model in (Application, RankedList, Seat):
            assert not model.objects.visible_to(user).exists()
    assert world.trial not in Round.objects.published()
    assert world.trial not in Round.objects.open()
    assert not Message.objects.filter(recipient__is_invented=False).exists()
    assert not TextIndex.objects.exists()
    assert not indexing.current_revisions().exists()
    for user in (world.officer, world.province):
        assert not User.objects.visible_to(user).filter(is_invented=True).exists()
    with pytest.raises(NotAllowed, match="试运行"):
        workflow.start(world.trial, actor=world.real)
    names = Enterprise.objects.filter(is_invented=True).values_list("name", flat=True)
    pages = [(world.province, name) for name in ("rounds", "cockpit", "applications", "summary")]
    pages.append((world.officer, "inbox"))
    for user, name in pages:
        client.force_login(user)
        named = {"round": world.trial.slug} if name == "inbox" else {}
        page = client.get(reverse(f"review:{name}"), named, follow=True).content.decode()
        assert not any(each in page for each in names), name


def test_a_transfer_within_a_trial_is_told_to_nobody_real(world):
    application = world.trial.applications.get(status=Status.RETURNED)
    assert application.bureau != world.officer.bureau
    transferring.transfer(application, world.officer.bureau, "试办转办。", actor=world.province)
    assert not Message.objects.filter(recipient__is_invented=False).exists()


def test_whoever_is_let_in_to_a_trial_stays_in_it(world):
    publishing.publish(world.round, actor=world.province)
    invented = world.trial.applications.first().enterprise
    colleague = cast.make_user("colleague", Role.ENTERPRISE, enterprise=invented)
    with pytest.raises(NotAllowed, match="试运行"):
        workflow.start(world.round, actor=colleague)


def test_nobody_invented_can_sign_in_until_the_province_asks_for_the_draft(world, client):
    people = trials.people_of(world.trial)
    assert not people.filter(is_active=True).exists()
    assert not any(person.has_usable_password() for person in people)
    client.force_login(world.province)
    page = client.post(reverse("review:trial_lend", args=["next"])).content.decode()
    [person] = people.filter(is_active=True)
    assert person.username in page
    username, password = trials.lend(world.trial, actor=world.province)
    assert client.login(username=username, password=password)
    draft = trials.draft_of(world.trial)
    page = client.get(reverse("applications:detail", args=[draft.pk])).content.decode()
    assert str(draft.enterprise) in page
    real = cast.make_round(world.province, slug="real")
    with pytest.raises(NotAllowed, match="试运行"):
        workflow.start(real, actor=person)


def test_what_a_trial_prints_is_watermarked_and_has_no_check_code(world):
    application = world.trial.applications.get(status=Status.RECOMMENDED)
    revision = application.current_revision
    printed = (
        book.build(
            revision.data | {"attachments": []},
            made_at=revision.submitted_at,
            picture=lambda item: b"",
            revision=revision,
        ),
        receipts.document(application, revision),
        summary.build(world.trial).document,
    )
    for document in printed:
        assert document.watermark == "试运行"
        assert document.identity_lines == ("试运行，无校验码",)
    assert not Paper.objects.exists()


def test_a_trial_is_begun_once_and_by_the_province_only(world):
    with pytest.raises(NotAllowed, match="只有省厅"):
        trials.begin(world.round, 1, actor=world.officer)
    with pytest.raises(NotAllowed, match="先结束"):
        trials.begin(world.round, 1, actor=world.province)
    with pytest.raises(NotAllowed, match="只有省厅"):
        trials.end(world.trial, actor=world.officer)
    with pytest.raises(NotAllowed, match="不是试运行"):
        trials.end(world.round, actor=world.province)


def test_the_page_of_a_trial_leads_to_all_that_came_of_it(world, client):
    client.force_login(world.province)
    text = client.get(reverse("review:trial", args=["next"])).content.decode()
    assert "已提交 3 份试运行申报。" in text
    for name in ("cockpit", "applications", "summary"):
        url = f"{reverse(f'review:{name}')}?round={world.trial.slug}"
        assert url in text
        assert client.get(url).status_code == 200
    application = world.trial.applications.get(status=Status.RECOMMENDED)
    assert client.get(reverse("review:reader", args=[application.pk])).status_code == 200


def test_ending_a_trial_removes_every_row_and_file_and_keeps_the_trail(
    world, django_capture_on_commit_callbacks
):
    files = list(Attachment.objects.values_list("file", flat=True))
    assert files
    for name in files:
        default_storage.save(name, ContentFile(b"x"))
    with django_capture_on_commit_callbacks(execute=True):
        trials.end(world.trial, actor=world.province)
    assert rows_of_every_table() == world.before
    assert not any(default_storage.exists(name) for name in files)
    connection.check_constraints()
    assert Record.objects.filter(verb="trial_end", target_id=str(world.trial.pk)).exists()


def test_rules_that_cannot_be_met_are_what_a_trial_reports(world):
    trials.end(world.trial, actor=world.province)
    Condition.objects.filter(edition=2024, rule="maturity").update(minimum=6)
    forget_cached_rows()
    walk(Round.objects.get(pk=world.round.pk), world.province)
    said = Job.objects.filter(kind=trials.TRIAL).first().message
    assert "已提交 0 份试运行申报。" in said
    assert "规则不能满足：" in said

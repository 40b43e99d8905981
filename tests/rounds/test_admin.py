"""Preparing a round in the back office; a published one is frozen."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.html import escape

from portal.catalogue.models import Bureau, Level
from portal.rounds.admin import FROZEN, NOT_YET_FROZEN
from portal.rounds.models import Declaration, Quota, Round
from tests.catalogue.sheets import page, staff_client, taiyuan

pytestmark = pytest.mark.django_db

NO_INLINES = {
    f"{prefix}-{count}_FORMS": "0"
    for prefix in ("quotas", "declarations", "materials")
    for count in ("TOTAL", "INITIAL")
}
FORM = NO_INLINES | {
    "title": "2026年度先进级智能工厂申报",
    "slug": "2026-advanced",
    "year": "2026",
    "level": Level.ADVANCED,
    "opens_at_0": "2026-03-01",
    "opens_at_1": "00:00:00",
    "enterprise_deadline_0": "2026-04-01",
    "enterprise_deadline_1": "00:00:00",
    "bureau_deadline_0": "2026-04-11",
    "bureau_deadline_1": "00:00:00",
    "seats_per_bureau": "5",
    "attachment_quota": "500",
    "scenario_edition": "2025",
    "indicator_edition": "2024",
    "condition_edition": "2024",
    "contact_phone": "0351-3183088",
}


@pytest.fixture
def staff():
    return staff_client()


@pytest.fixture
def published():
    now = timezone.now()
    round = Round.objects.create(
        slug="open",
        title="已发布批次",
        year=2026,
        level=Level.EXCELLENT,
        opens_at=now,
        enterprise_deadline=now + timedelta(days=20),
        bureau_deadline=now + timedelta(days=20),
        scenario_edition=2025,
        indicator_edition=2024,
        condition_edition=2024,
        published_at=now,
    )
    Quota.objects.create(round=round, bureau=taiyuan(), seats=5)
    Declaration.objects.create(version=round.version, order=1, text="真实")
    return round


def test_a_round_is_created_with_quotas_declarations_and_materials(staff):
    inlines = {
        "quotas-TOTAL_FORMS": "1",
        "quotas-0-bureau": taiyuan().pk,
        "quotas-0-seats": "6",
        "declarations-TOTAL_FORMS": "1",
        "declarations-0-order": "1",
        "declarations-0-text": "本单位对申报内容的真实性负责。",
        "materials-TOTAL_FORMS": "1",
        "materials-0-order": "1",
        "materials-0-name": "营业执照",
        "materials-0-scope": "application",
        "materials-0-accepts": "pdf_image",
        "materials-0-max_mb": "20",
        "materials-0-max_files": "1",
        "materials-0-is_required": "on",
    }
    text = staff.post(page(Round, "add"), FORM | inlines, follow=True).content.decode()
    round = Round.objects.get()
    assert timezone.localtime(round.bureau_deadline).isoformat() == "2026-04-11T00:00:00+08:00"
    assert round.seats_of([taiyuan()]) == {taiyuan(): 6}
    assert round.version.declarations.count() == 1
    assert round.version.materials.get().is_required
    assert not round.is_published
    assert "同一时刻" not in text


def test_the_editor_is_warned_when_the_two_deadlines_coincide(staff):
    same = {"bureau_deadline_0": "2026-04-01"}
    text = staff.post(page(Round, "add"), FORM | same, follow=True).content.decode()
    assert Round.objects.get().deadlines_coincide
    assert "推荐单位没有单独的审核时间" in text


def test_deadlines_in_the_wrong_order_are_refused(staff):
    text = staff.post(
        page(Round, "add"), FORM | {"bureau_deadline_0": "2026-03-31"}
    ).content.decode()
    assert "时间次序不对" in text
    assert not Round.objects.exists()


def test_a_published_round_says_why_it_is_frozen(staff, published):
    text = staff.get(page(Round, "change", published.pk)).content.decode()
    assert escape(FROZEN) in text
    assert 'name="contact_phone"' in text
    frozen = ("title", "seats_per_bureau", "exempt_rule", "bureau_deadline_0", "quotas-0-seats")
    for field in frozen:
        assert f'name="{field}"' not in text


def test_before_publishing_the_editor_is_told_what_will_be_frozen(staff, published):
    Round.objects.update(published_at=None)
    for url in (page(Round, "add"), page(Round, "change", published.pk)):
        text = staff.get(url).content.decode()
        assert escape(NOT_YET_FROZEN) in text
        assert escape(FROZEN) not in text


def test_of_a_published_round_only_the_contact_changes(staff, published):
    before = Round.objects.values().get()
    inlines = {"quotas-0-id": published.quotas.get().pk, "quotas-0-DELETE": "on"}
    inlines |= {"quotas-TOTAL_FORMS": "1", "quotas-INITIAL_FORMS": "1"}
    staff.post(page(Round, "change", published.pk), FORM | inlines)
    assert Round.objects.values().get() == before | {"contact_phone": "0351-3183088"}
    assert (Quota.objects.count(), Declaration.objects.count()) == (1, 1)


def test_a_published_round_cannot_be_deleted_but_a_draft_can(staff, published):
    assert staff.post(page(Round, "delete", published.pk), {"post": "yes"}).status_code == 403
    Round.objects.update(published_at=None)
    staff.post(page(Round, "delete", published.pk), {"post": "yes"})
    assert not Round.objects.exists()


def test_publishing_is_not_done_in_the_back_office(staff, published):
    Round.objects.update(published_at=None)
    form = {"published_at": "2026-03-01", "published_at_0": "2026-03-01", "published_at_1": "0:0"}
    staff.post(page(Round, "change", published.pk), FORM | form)
    assert Round.objects.get().published_at is None


def test_the_form_asks_the_same_number_of_questions_however_many_quotas(
    staff, published, django_assert_num_queries, django_assert_max_num_queries
):
    Round.objects.update(published_at=None)
    with django_assert_max_num_queries(20) as few:
        staff.get(page(Round, "change", published.pk))
    for n in range(5):
        bureau = Bureau.objects.create(
            code=f"14020{n}", name=f"局{n}", short_name=f"市{n}", kind="市", order=10 + n
        )
        Quota.objects.create(round=published, bureau=bureau, seats=4)
    with django_assert_num_queries(len(few)):
        staff.get(page(Round, "change", published.pk))

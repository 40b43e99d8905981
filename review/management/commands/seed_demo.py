"""``seed_demo``: an open round around today, with invented enterprises in every state."""

from argparse import ArgumentParser
from datetime import timedelta

from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from applications import commenting, interests, workflow
from applications.models import Application
from applications.states import Status
from portal.accounts.models import Enterprise, Role, User
from portal.catalogue.models import Bureau, Level
from portal.rounds import versions
from portal.rounds.models import Material, Round
from review import drafting, forecast, publishing, ranking, readings
from review.management.commands import _demo
from review.models import RankedList
from review.preparing import inventing
from review.preparing.inventing import InventedEnterprise

SLUG = "demo"
PASSWORD = "demo-pass-2026"
PROVINCE = "province"
SECOND = "province2"
"""Who confirms what the first asks for."""
AUDITOR = "auditor"
STRIDE = 8000  # invented codes have room for five digits, twelve bureaus and --scale 1000

# What becomes of a bureau's enterprises, in their order; a larger scale repeats it.
PLAN = (
    Status.ACCEPTED,
    Status.ACCEPTED,
    Status.ACCEPTED,
    Status.SUBMITTED,
    Status.RETURNED,
    Status.DECLINED,
    Status.DRAFT,
    Status.ACCEPTED,
)
# Which of them was returned, corrected and submitted again; it and the first have attachments.
CORRECTED = PLAN.index(Status.SUBMITTED)
# How far each bureau's list has come, in the notice's order: most have time left.
LISTS = ("received", "ranked", "sent", "received", "returned", "sent", "ranked", "empty")


class Command(BaseCommand):
    help = "建立演示批次和虚构企业（可重复执行，结果相同）；最后打印各角色的演示账号。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--scale", type=int, default=1, help="企业数量的倍数，默认 1（96 家）")

    def handle(self, *, scale: int, **options) -> None:
        call_command("load_catalogue")
        bureaus = list(Bureau.objects.all())
        if not self._is_complete(len(bureaus) * len(PLAN) * scale):
            self._seed(bureaus, scale)
        self._say_who()

    def _is_complete(self, wanted: int) -> bool:
        people = User.objects.filter(username__in=(PROVINCE, SECOND, AUDITOR))
        return (
            people.count() == 3
            and Round.objects.open().filter(slug=SLUG).exists()
            and Application.objects.filter(round__slug=SLUG).count() >= wanted
        )

    def _seed(self, bureaus: list[Bureau], scale: int) -> None:
        # One hash for all: hashing a password is slow on purpose.
        self.password = make_password(PASSWORD)
        self.province = self._user(PROVINCE, "演示省厅", Role.PROVINCE, is_staff=True)
        self._user(SECOND, "演示省厅二", Role.PROVINCE)
        self._user(AUDITOR, "演示审计", Role.AUDITOR)
        self.officers = {
            bureau.pk: self._user(
                bureau.code,
                f"{bureau.short_name}演示",
                Role.BUREAU,
                bureau=bureau,
                is_unit_admin=True,
            )
            for bureau in bureaus
        }
        round = self._round()
        for place, bureau in enumerate(bureaus):
            self._fill(round, bureau, place, scale)
        # Drafts that have been lying since the round opened, for the forecast to speak of.
        drafts = Application.objects.filter(round=round, status=Status.DRAFT)
        drafts.update(created_at=round.opens_at)
        forecast.note()

    def _user(self, username: str, name: str, role: Role, **affiliation) -> User:
        user, _ = User.objects.get_or_create(
            username=User.normalize_username(username),
            defaults={
                "name": name,
                "role": role,
                "password": self.password,
                "mobile": "19900000000",
                **affiliation,
            },
        )
        return user

    def _round(self) -> Round:
        """The demonstration round; when its time is over, it is moved to today again."""
        today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
        times = {
            "opens_at": today - timedelta(days=10),
            "enterprise_deadline": today + timedelta(days=13),
            "bureau_deadline": today + timedelta(days=18),
        }
        model = Round.objects.get(slug="2024-excellent")
        round, is_new = Round.objects.get_or_create(
            slug=SLUG,
            defaults={
                "title": f"{today.year}年度卓越级智能工厂申报（演示）",
                "year": today.year,
                "level": Level.EXCELLENT,
                "contact_office": "省工信厅装备处（演示）",
                "notice_date": times["opens_at"].date(),
                "national_platform": "智能制造数据资源公共服务平台",
                "notice": f"演示：以下为 2024 年度通知，时间以“时间安排”为准。\n{model.notice}",
                **times,
            },
        )
        if is_new:
            versions.copy(model.version, to=round)
        elif round.enterprise_deadline <= timezone.now():
            Round.objects.filter(pk=round.pk).update(**times)
            round.refresh_from_db()
        if not round.is_published:
            publishing.publish(round, actor=self.province)
        publishing.seat_bureaus(round, actor=self.province)
        return round

    def _fill(self, round: Round, bureau: Bureau, place: int, scale: int) -> None:
        known = set(
            Application.objects.filter(round=round, bureau=bureau).values_list(
                "enterprise__credit_code", flat=True
            )
        )
        ranked_list = RankedList.objects.get(round=round, bureau=bureau)
        for order in range(len(PLAN) * scale):
            demo = InventedEnterprise(bureau, place * STRIDE + order + 1, order)
            goal = PLAN[order % len(PLAN)]
            if not ranked_list.is_open and goal != Status.DRAFT:
                goal = Status.SUBMITTED  # nothing is decided while the list is with the province
            if demo.code not in known:
                with transaction.atomic():
                    self._file(round, demo, goal)
        is_ranked = any(seat.application_id for seat in ranking.seats_of(ranked_list))
        if ranked_list.is_open and not is_ranked and not ranked_list.events.exists():
            with transaction.atomic():
                self._rank(round, bureau, LISTS[place % len(LISTS)])

    def _file(self, round: Round, demo: InventedEnterprise, goal: Status) -> None:
        """Register, fill in, submit and review one enterprise, all through the real verbs."""
        enterprise, _ = Enterprise.objects.get_or_create(
            credit_code=demo.code, defaults={"name": demo.name, "bureau": demo.bureau}
        )
        actor = self._user(
            demo.code,
            demo.contact,
            Role.ENTERPRISE,
            enterprise=enterprise,
            mobile=demo.mobile,
            is_unit_admin=True,
            is_signatory=True,
        )
        application = workflow.start(round, actor=actor)
        if goal == Status.DRAFT:
            inventing.save(application, "basic", demo.basic(round.version), {}, actor)
            return
        inventing.answer(application, demo, actor)
        if demo.order in (0, CORRECTED):
            self._attach(application, actor)
        inventing.submit(application, actor)
        officer = self.officers[demo.bureau.pk]
        ranked_list = RankedList.objects.get(round=round, bureau=demo.bureau)
        if goal != Status.SUBMITTED:
            interests.declare([application], has_conflict=False, actor=officer)
        match goal:
            case Status.SUBMITTED if demo.order == CORRECTED and ranked_list.is_open:
                self._correct(ranked_list, application, demo, actor)
            case Status.ACCEPTED:
                ranking.decide(ranked_list, application, "accept", actor=officer)
            case Status.RETURNED:
                comment = "“总投资”与正文所述不一致，请核对；第二部分“建设成效”请补充量化数据。"
                ranking.decide(
                    ranked_list, application, "return_for_changes", actor=officer, comment=comment
                )
            case Status.DECLINED:
                comment = "场景建设尚未形成体系，建议完善后申报下一年度。"
                ranking.decide(ranked_list, application, "decline", actor=officer, comment=comment)

    @staticmethod
    def _attach(application: Application, actor: User) -> None:
        """A file for the whole application in each way of reading it, and two that prove a row."""
        for scope, number in (
            (Material.Scope.APPLICATION, 2),
            (Material.Scope.APPLICATION, 5),
            (Material.Scope.INSTANCE, 6),
            (Material.Scope.INDICATOR, 7),
        ):
            material = application.version.materials.filter(scope=scope, order=number).first()
            if material:
                key = "" if scope == Material.Scope.APPLICATION else "1"
                inventing.attach(application, material, actor, key)

    def _correct(
        self,
        ranked_list: RankedList,
        application: Application,
        demo: InventedEnterprise,
        actor: User,
    ) -> None:
        """Return it with comments, have them answered, and submit again; the rest is for people."""
        officer = self.officers[demo.bureau.pk]
        interests.declare([application], has_conflict=False, actor=officer)
        revision = application.current_revision_id
        answers = []
        for place, kind, text, answer, reply in _demo.REMARKS:
            comment = commenting.add(
                application, place, kind, text, revision=revision, actor=officer
            )
            answers.append((comment, answer, reply))
        ranking.decide(ranked_list, application, "return_for_changes", actor=officer)
        readings.note(application, officer)
        for comment, answer, reply in answers:
            commenting.answer(comment, answer, reply, seen=None, actor=actor)
        inventing.save(application, "factory", {"results": demo.say(_demo.MENDED)}, {}, actor)
        inventing.submit(application, actor)

    def _rank(self, round: Round, bureau: Bureau, stage: str) -> None:
        officer = self.officers[bureau.pk]
        ranked_list = RankedList.objects.get(round=round, bureau=bureau)
        accepted = Application.objects.filter(
            round=round, bureau=bureau, status=Status.ACCEPTED
        ).order_by("pk")
        if stage == "empty" or not accepted:
            return
        chosen = accepted[: 2 if stage == "ranked" else 3]
        for application in chosen:
            ranking.recommend(ranked_list, application, actor=officer)
        if stage == "ranked":
            return
        ranked_list.refresh_from_db()
        left_over = ranking.left_over(ranked_list)
        ranking.send(
            ranked_list,
            version=ranked_list.version,
            signatory="签发人（演示）",
            regrets={each.pk: drafting.regret(round, len(chosen)) for each in left_over},
            actor=officer,
        )
        if stage == "received":
            ranked_list.refresh_from_db()
            ranking.receive(ranked_list, version=ranked_list.version, actor=self.province)
        elif stage == "returned":
            reason = "第 2 名项目名称与申报书封面不一致，请核对后重新报送。"
            ranked_list.refresh_from_db()
            ranking.send_back(
                ranked_list, version=ranked_list.version, reason=reason, actor=self.province
            )

    def _say_who(self) -> None:
        bureau = Bureau.objects.get(code="140100")
        enterprise = InventedEnterprise(bureau, STRIDE + 7, 6)
        self.stdout.write("演示账号（密码均为 " + PASSWORD + "）：")
        self.stdout.write(f"  企业      {enterprise.code}  {enterprise.name}")
        self.stdout.write(
            f"  推荐单位  {bureau.code}  {bureau.name}（其他推荐单位同理，用其代码登录）"
        )
        self.stdout.write(f"  省厅      {PROVINCE}；第二位 {SECOND}（确认延期）")
        self.stdout.write(f"  审计      {AUDITOR}（只读）")

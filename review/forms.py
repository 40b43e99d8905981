"""Forms of the review side."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Self

from django import forms
from django.db.models import Q
from django.utils import timezone

from applications.fields import DayField, LineField, StatementField
from applications.models import Application, Interest
from applications.states import Status
from portal.accounts import credit_code
from portal.accounts.forms import MobileField
from portal.accounts.models import Enterprise
from portal.accounts.pinyin import folded
from portal.audit.models import Record
from portal.catalogue.models import Bureau, Condition
from portal.documents.model import clean_text
from portal.forms import PlainForm
from portal.rounds.models import Deadline, Extension
from portal.rounds.times import closing
from review import scans
from review.checklist import Line
from review.models import (
    Announcement,
    ApiClient,
    ClauseMark,
    ColumnSet,
    Objection,
    RankedList,
    Reminder,
    SiteVisit,
    StampedScan,
)


class CommentField(forms.CharField):
    """A reason that somebody else will read."""

    def __init__(self, **kwargs) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": 3}), max_length=2000, **kwargs)
        self.error_messages |= {
            "required": f"请填写{self.label}。",
            "max_length": "请控制在 %(limit_value)d 字以内，现在是 %(show_value)d 字。",
        }

    def widget_attrs(self, widget: forms.Widget) -> dict:
        return {}  # no maxlength: it would cut a paste short without a word

    def to_python(self, value) -> str:
        return clean_text(super().to_python(value).replace("\r\n", "\n"))


class CommentForm(PlainForm):
    comment = CommentField(label="意见", required=False)


class InterestForm(PlainForm):
    """利害关系声明 on one application; with ``also``, 无利害关系 on the others named beside it."""

    has_conflict = forms.TypedChoiceField(
        label="您与该企业、该项目是否存在利害关系",
        choices=[("no", "不存在利害关系"), ("yes", "存在利害关系，申请回避")],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
        error_messages={"required": "请选择一项。", "invalid_choice": "请选择一项。"},
    )
    note = StatementField(
        Interest._meta.get_field("note"),
        required=False,
        help_text="申请回避时必填，写明存在何种利害关系；本单位同事和省厅可以看到，企业看不到。",
    )
    also = forms.BooleanField(required=False)

    def clean(self) -> dict:
        said = super().clean()
        if said.get("has_conflict") and not said.get("note") and "note" not in self.errors:
            self.add_error("note", "请说明存在何种利害关系。")
        return said


class SendForm(PlainForm):
    """What the bureau states when it sends its list."""

    signatory = LineField(
        label="签发人",
        max_length=40,
        help_text="签发推荐名单的负责人姓名。",
        error_messages={"required": "请填写签发人姓名。"},
    )
    statement = CommentField(
        label="情况说明",
        required=False,
        help_text="名单为空时必填；其他情况可不填。",
    )
    early = forms.BooleanField(error_messages={"required": "请先确认上面这一条，再报送。"})
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(
        self,
        data: Mapping[str, str] | None = None,
        *,
        may_come_until: datetime,
        left_over: Iterable[Application],
        regret: str,
        **kwargs,
    ) -> None:
        names = {f"regret-{application.pk}": application for application in left_over}
        self.unseen = [] if data is None else [name for name in names if name not in data]
        super().__init__(data and {**data.dict(), **dict.fromkeys(self.unseen, regret)}, **kwargs)
        for name, application in names.items():
            self.fields[name] = CommentField(label=str(application.enterprise), initial=regret)
        if timezone.now() < may_come_until:
            self.fields["early"].label = (
                f"企业申报尚未截止（{closing(may_come_until)}）。"
                "报送后新提交的申报不能再审核推荐，除非名单撤回或被退回。我已知晓。"
            )
        else:
            del self.fields["early"]

    def clean(self) -> dict:
        said = super().clean()
        for name in self.unseen:
            self.add_error(name, "该申报刚刚审核通过，请核对理由后再报送。")
        return said

    @property
    def regrets(self) -> dict[int, str]:
        """The reason for each application that is passed over."""
        return {
            int(name.removeprefix("regret-")): text
            for name, text in self.cleaned_data.items()
            if name.startswith("regret-")
        }

    @property
    def regret_fields(self) -> list[forms.BoundField]:
        return [field for field in self if field.name.startswith("regret-")]


class RecallForm(PlainForm):
    version = forms.IntegerField(widget=forms.HiddenInput)
    reason = CommentField(label="撤回理由", help_text="记入名单办理记录，省厅会看到。")


class ScanForm(PlainForm):
    """The stamped Annex 1, and the code printed on it."""

    file = forms.FileField(
        label="扫描件",
        widget=forms.ClearableFileInput(attrs={"accept": scans.ACCEPTS}),
        help_text=f"PDF、JPG 或 PNG，{scans.SCANS.max_mb} MB 以内；多页请扫描成一个 PDF。",
        error_messages={
            "required": "请选择扫描件。",
            "missing": "请选择扫描件。",
            "empty": "文件是空的，请检查后重新选择。",
        },
    )
    check_code = forms.CharField(
        label=StampedScan._meta.get_field("check_code").verbose_name,
        max_length=300,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="照纸上每页左下角输入，不分大小写；也可用扫码枪扫旁边的二维码。",
        error_messages={"required": "请输入纸上印的校验码。"},
    )


class ReasonForm(PlainForm):
    reason = CommentField(label="退回理由", help_text="推荐单位会看到这段文字。")


class MarkForm(PlainForm):
    """One officer's mark on one clause of the checklist."""

    verdict = forms.ChoiceField(
        label=ClauseMark._meta.get_field("verdict").verbose_name,
        choices=[*ClauseMark.Verdict.choices, ("", "未审")],
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": "请从列出的结论中选择。"},
    )
    note = StatementField(ClauseMark._meta.get_field("note"), required=False)
    again = forms.BooleanField(required=False)

    def __init__(self, *args, condition: Condition, **kwargs) -> None:
        super().__init__(*args, prefix=f"c{condition.pk}", **kwargs)
        self.condition = condition

    @classmethod
    def of(cls, line: Line, posted: Mapping[str, str] | None = None) -> Self:
        """With what was posted of the line, if anything was; else with what is stored."""
        mine = line.mine
        initial = {"verdict": mine.verdict, "note": mine.note} if mine else {"verdict": ""}
        form = cls(posted, condition=line.condition, initial=initial)
        return form if form.is_posted else cls(condition=line.condition, initial=initial)

    @property
    def is_posted(self) -> bool:
        return self.add_prefix("verdict") in self.data

    @property
    def complaint(self) -> str:
        return "".join(sentence for errors in self.errors.values() for sentence in errors)

    def clean(self) -> dict:
        said = super().clean()
        if said.get("note") and not said.get("verdict") and "verdict" not in self.errors:
            self.add_error("verdict", "请选择结论，说明才能保存。")
        return said


class VisitForm(PlainForm, forms.ModelForm):
    """现场核查; the photos come beside it."""

    people = LineField(
        label=SiteVisit._meta.get_field("people").verbose_name,
        max_length=SiteVisit._meta.get_field("people").max_length,
        help_text="参加核查的人员，可写明单位和职务。",
        error_messages={"required": "请填写核查人员。"},
    )
    findings = StatementField(SiteVisit._meta.get_field("findings"))

    class Meta:
        model = SiteVisit
        fields = ("visited_on", "people", "findings")
        field_classes = {"visited_on": DayField}
        error_messages = {"visited_on": {"required": "请填写核查日期。"}}

    def clean_visited_on(self) -> date:
        day = self.cleaned_data["visited_on"]
        if day > timezone.localdate():
            raise forms.ValidationError("核查日期不能晚于今天。")
        return day


class ExtensionForm(PlainForm):
    """Whose deadline is to be put off, until when and why."""

    ENTERPRISE, BUREAU, ALL = "enterprise", "bureau", "all"

    whom = forms.ChoiceField(
        label="给谁延期",
        choices=[(ENTERPRISE, "一家企业"), (BUREAU, "一个推荐单位及其企业"), (ALL, "全部")],
        widget=forms.RadioSelect,
        error_messages={"required": "请选择给谁延期。", "invalid_choice": "请选择给谁延期。"},
    )
    deadline = forms.ChoiceField(
        label=Extension._meta.get_field("deadline").verbose_name,
        choices=Deadline.choices,
        widget=forms.RadioSelect,
        help_text="退回修改后的重新提交按推荐单位报送截止。",
        error_messages={"required": "请选择哪个截止。", "invalid_choice": "请选择哪个截止。"},
    )
    enterprise = LineField(
        label=Extension._meta.get_field("enterprise").verbose_name,
        required=False,
        help_text="企业名称、拼音首字母或统一社会信用代码；给一家企业延期时填写。",
    )
    bureau = forms.ModelChoiceField(
        label=Extension._meta.get_field("bureau").verbose_name,
        queryset=Bureau.objects.all(),
        required=False,
        empty_label="请选择",
        help_text="给一个推荐单位延期时选择。",
    )
    day = DayField(
        label=Extension._meta.get_field("until").verbose_name,
        help_text="至当日 24:00。",
        error_messages={"required": "请填写延至哪一天。"},
    )
    time = forms.TimeField(
        label="具体时刻",
        required=False,
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        help_text="北京时间；不填即当日 24:00。",
        error_messages={"invalid": "时刻请写成 17:30 这样的形式。"},
    )
    reason = StatementField(
        Extension._meta.get_field("reason"), help_text="记入延期记录和审计记录，企业看不到。"
    )

    def clean_day(self) -> date:
        day = self.cleaned_data["day"]
        if day > timezone.localdate() + timedelta(days=366):
            raise forms.ValidationError("延期不能超过一年，请核对年份。")
        return day

    def clean(self) -> dict:
        said = super().clean()
        whom = said.get("whom")
        said["for"] = {}
        if whom == self.BUREAU:
            said["for"] = {"bureau": said.get("bureau")}
            if not said.get("bureau") and "bureau" not in self.errors:
                self.add_error("bureau", "请选择推荐单位。")
        elif whom == self.ENTERPRISE:
            try:
                said["for"] = {"enterprise": find_enterprise(said.get("enterprise", ""))}
            except forms.ValidationError as error:
                self.add_error("enterprise", error)
        if day := said.get("day"):
            said["until"] = _closing_of(day, said.get("time"))
        return said


def _closing_of(day: date, at: time | None) -> datetime:
    """The exclusive instant that a day, or a time of it, ends with."""
    if at is None:
        day, at = day + timedelta(days=1), time()
    return timezone.make_aware(datetime.combine(day, at))


def find_enterprise(text: str) -> Enterprise:
    """The one enterprise that is meant by a name, its initials or a credit code."""
    if not text:
        raise forms.ValidationError("请填写企业名称或统一社会信用代码。")
    real = Enterprise.objects.filter(is_invented=False).select_related("bureau")
    exact = Q(name=text) | Q(credit_code=credit_code.normalise(text))
    like = Q(name__icontains=text)
    if letters := folded(text):
        like |= Q(initials__contains=letters)
    found = list(real.filter(exact)[:2]) or list(real.filter(like)[:6])
    if len(found) == 1:
        return found[0]
    if not found:
        raise forms.ValidationError(f"没有找到“{text}”，请核对名称或填写统一社会信用代码。")
    named = "；".join(f"{each} {each.credit_code}" for each in found[:5])
    more = " 等" if len(found) > 5 else ""
    raise forms.ValidationError(f"有多家企业符合，请填写其统一社会信用代码：{named}{more}。")


class RevokeForm(PlainForm):
    """Why an extension is taken back."""

    reason = StatementField(
        Extension._meta.get_field("revoke_reason"), help_text="延期已生效的，企业和推荐单位会看到。"
    )


class ReminderForm(PlainForm, forms.ModelForm):
    """What the province reminds of, in its own words."""

    title = LineField(
        label=Reminder._meta.get_field("title").verbose_name,
        max_length=Reminder._meta.get_field("title").max_length,
        error_messages={"required": "请填写标题。"},
        help_text="紧急时标题作为短信发出，请不要写企业和项目名称。",
    )
    text = StatementField(Reminder._meta.get_field("text"))

    class Meta:
        model = Reminder
        fields = ("title", "text", "is_urgent")
        help_texts = {"is_urgent": "除站内消息外，立即发邮件和短信；否则未读的归入每日邮件汇总。"}


# 公示


class AnnouncementForm(PlainForm, forms.ModelForm):
    """A draft of a 公示, with the applications it names."""

    title = LineField(
        label=Announcement._meta.get_field("title").verbose_name,
        max_length=Announcement._meta.get_field("title").max_length,
        error_messages={"required": "请填写标题。"},
    )
    text = StatementField(Announcement._meta.get_field("text"))
    contact = LineField(
        label=Announcement._meta.get_field("contact").verbose_name,
        max_length=Announcement._meta.get_field("contact").max_length,
        help_text=Announcement._meta.get_field("contact").help_text,
        error_messages={"required": "请写明异议由谁受理、怎样联系。"},
    )
    listed = forms.TypedMultipleChoiceField(
        label=Announcement._meta.get_field("rows").verbose_name,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": "请至少选择一个项目。",
            "invalid_choice": "所选项目已不在受理的推荐名单中，请重新选择。",
        },
    )

    class Meta:
        model = Announcement
        fields = ("title", "text", "opens_on", "closes_on", "contact")
        field_classes = {"opens_on": DayField, "closes_on": DayField}
        error_messages = {
            "opens_on": {"required": "请填写公示起始日期。"},
            "closes_on": {"required": "请填写公示截止日期。"},
        }

    def __init__(self, *args, rows: Iterable[Mapping[str, Any]], **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["listed"].choices = [
            (row["application"], f"{row['enterprise']}　{row['project']}（{row['bureau']}）")
            for row in rows
        ]


class WithdrawalForm(PlainForm):
    """Why a 公示 is taken off."""

    reason = LineField(
        label=Announcement._meta.get_field("withdrawal_reason").verbose_name,
        max_length=Announcement._meta.get_field("withdrawal_reason").max_length,
        help_text="公众会看到。",
        error_messages={"required": "请填写撤下原因。"},
    )


class ObjectionForm(PlainForm):
    """What anybody may hold against an announced application, under their own name."""

    enterprise = forms.ChoiceField(
        label=Objection._meta.get_field("enterprise").verbose_name,
        error_messages={"required": "请选择所涉企业。", "invalid_choice": "请选择公示中的企业。"},
    )
    name = LineField(
        label=Objection._meta.get_field("name").verbose_name,
        max_length=Objection._meta.get_field("name").max_length,
        help_text="须实名；以单位名义提出的，写明单位全称和联系人。",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": "请填写姓名或单位名称，匿名的异议无法核实。"},
    )
    mobile = MobileField(
        label=Objection._meta.get_field("mobile").verbose_name,
        help_text="用于核实情况和答复办理结果。",
        error_messages={"required": "请填写手机号码，以便核实和答复。"},
    )
    text = StatementField(
        Objection._meta.get_field("text"), help_text="请写明事实和依据，2000 字以内。"
    )

    def __init__(self, *args, enterprises: Iterable[str], **kwargs) -> None:
        super().__init__(*args, **kwargs)
        names = dict.fromkeys(enterprises)
        self.fields["enterprise"].choices = [("", "请选择"), *((name, name) for name in names)]


class OutcomeForm(PlainForm):
    """What came of an objection."""

    outcome = StatementField(Objection._meta.get_field("outcome"))


class ClientForm(PlainForm, forms.ModelForm):
    """A system that is to read through the API: who answers for it, what, until when."""

    scopes = forms.MultipleChoiceField(
        label=ApiClient._meta.get_field("scopes").verbose_name,
        choices=ApiClient.Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "请选择可读的内容。"},
    )
    expires_on = DayField(
        label=ApiClient._meta.get_field("expires_at").verbose_name,
        help_text="含当日；到期自动停用，最长一年。",
        error_messages={"required": "请填写有效期。"},
    )

    class Meta:
        model = ApiClient
        fields = ("name", "contact", "scopes")
        field_classes = {"name": LineField, "contact": LineField}
        error_messages = {
            "name": {"required": "请填写名称。", "unique": "已有同名的调用方，请换一个名称。"},
        }
        help_texts = {
            "name": "如：省工业大数据平台",
            "contact": "令牌由谁保管：姓名和电话。",
        }

    def clean_expires_on(self) -> date:
        day, today = self.cleaned_data["expires_on"], timezone.localdate()
        if not today <= day <= today + timedelta(days=366):
            raise forms.ValidationError("有效期须在今天起的一年之内。")
        return day

    @property
    def made_of(self) -> dict[str, Any]:
        """What ``clients.make`` takes."""
        cleaned = dict(self.cleaned_data)
        after = cleaned.pop("expires_on") + timedelta(days=1)
        midnight = datetime.combine(after, time(), timezone.get_current_timezone())
        return {**cleaned, "expires_at": midnight}


class ColumnSetForm(PlainForm, forms.ModelForm):
    """What a set of the ledger's columns is called, and whether colleagues see it."""

    class Meta:
        model = ColumnSet
        fields = ["name", "is_shared"]
        field_classes = {"name": LineField}
        error_messages = {"name": {"required": "请填写列组合的名称。"}}

    def clean_name(self) -> str:
        name, kept = self.cleaned_data["name"], self.instance
        others = ColumnSet.objects.filter(owner=kept.owner_id, name=name).exclude(pk=kept.pk)
        if kept.pk and others.exists():
            raise forms.ValidationError("已有同名的列组合，请换一个名称。")
        return name


class TransferForm(PlainForm):
    """To which bureau an application goes, and why."""

    bureau = forms.ModelChoiceField(
        label="转至",
        queryset=Bureau.objects.none(),
        empty_label="请选择",
        help_text="列出本批次推荐名单尚未报送的单位。",
        error_messages={"required": "请选择转至哪个推荐单位。"},
    )
    reason = CommentField(label="转办理由", help_text="企业和两个推荐单位会看到这段文字。")
    with_enterprise = forms.BooleanField(
        label="企业今后也归该推荐单位",
        required=False,
        help_text="企业其他批次尚未提交的申报也随之送该单位。",
    )

    def __init__(self, *args, application: Application, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        present = application.reviewing_bureau
        open_lists = RankedList.objects.filter(
            round=application.round_id, status=RankedList.Status.OPEN
        )
        bureaus = Bureau.objects.filter(ranked_lists__in=open_lists).exclude(pk=present.pk)
        self.fields["bureau"].queryset = bureaus
        if application.status == Status.DRAFT:
            # A draft goes where its enterprise belongs.
            del self.fields["with_enterprise"]


def _asked_of(name: str) -> LineField:
    return LineField(label=Record._meta.get_field(name).verbose_name, required=False)


class AuditForm(forms.Form):
    """What the audit trail is searched for: parts of names, days, one object by kind and id."""

    actor = _asked_of("actor")
    unit = _asked_of("unit")
    act = _asked_of("act")
    target = _asked_of("target")
    since = DayField(label="自", required=False)
    until = DayField(label="至", required=False)
    q = LineField(label="任意文字", required=False)
    kind = LineField(required=False, widget=forms.HiddenInput)
    pk = LineField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-control form-control-sm"

    def clean(self) -> dict[str, Any]:
        said = super().clean()
        since, until = said.get("since"), said.get("until")
        if since and until and until < since:
            self.add_error("until", "截止日期早于起始日期。")
        return said

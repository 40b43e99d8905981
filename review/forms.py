"""Forms of the review side."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Self

from crispy_forms.helper import FormHelper
from django import forms
from django.utils import timezone

from applications.fields import DayField, LineField, StatementField
from applications.models import Application, Interest
from portal.catalogue.models import Condition
from portal.documents.model import clean_text
from portal.rounds.models import Round
from portal.rounds.times import closing
from review import scans
from review.checklist import Line
from review.models import ClauseMark, SiteVisit, StampedScan


class _Plain(forms.Form):
    @property
    def helper(self) -> FormHelper:
        helper = FormHelper()
        helper.form_tag = False
        helper.disable_csrf = True
        return helper


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


class CommentForm(_Plain):
    comment = CommentField(label="意见", required=False)


class InterestForm(_Plain):
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


class SendForm(_Plain):
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
        round: Round,
        left_over: Iterable[Application],
        regret: str,
        **kwargs,
    ) -> None:
        names = {f"regret-{application.pk}": application for application in left_over}
        self.unseen = [] if data is None else [name for name in names if name not in data]
        super().__init__(data and {**data.dict(), **dict.fromkeys(self.unseen, regret)}, **kwargs)
        for name, application in names.items():
            self.fields[name] = CommentField(label=str(application.enterprise), initial=regret)
        if timezone.now() < round.enterprise_deadline:
            self.fields["early"].label = (
                f"企业申报尚未截止（{closing(round.enterprise_deadline)}）。"
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


class RecallForm(_Plain):
    version = forms.IntegerField(widget=forms.HiddenInput)
    reason = CommentField(label="撤回理由", help_text="记入名单办理记录，省厅会看到。")


class ScanForm(_Plain):
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


class ReasonForm(_Plain):
    reason = CommentField(label="退回理由", help_text="推荐单位会看到这段文字。")


class MarkForm(_Plain):
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


class VisitForm(_Plain, forms.ModelForm):
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

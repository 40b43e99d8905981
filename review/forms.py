"""Forms of the review side."""

from crispy_forms.helper import FormHelper
from django import forms
from django.utils import timezone

from portal.documents.model import clean_text
from portal.rounds.models import Round
from portal.rounds.times import closing


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
    has_conflict = forms.TypedChoiceField(
        label="您与该企业是否存在利害关系",
        choices=[("no", "不存在利害关系"), ("yes", "存在利害关系，申请回避")],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
        error_messages={"required": "请选择一项。"},
    )
    note = CommentField(label="说明", required=False, help_text="申请回避时必填。")


class SendForm(_Plain):
    """What the bureau states when it sends its list."""

    signatory = forms.CharField(
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

    def __init__(self, *args, round: Round, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if timezone.now() < round.enterprise_deadline:
            self.fields["early"].label = (
                f"企业申报尚未截止（{closing(round.enterprise_deadline)}）。"
                "报送后新提交的申报不能再审核推荐，除非省厅退回名单。我已知晓。"
            )
        else:
            del self.fields["early"]


class ReasonForm(_Plain):
    reason = CommentField(label="退回理由", help_text="推荐单位会看到这段文字。")

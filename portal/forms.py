"""What the forms of all sides share."""

from crispy_forms.helper import FormHelper
from django import forms


class PlainForm(forms.Form):
    """Rendered as fields alone: the form's tag, token and buttons are the template's."""

    @property
    def helper(self) -> FormHelper:
        helper = FormHelper()
        helper.form_tag = False
        helper.disable_csrf = True
        return helper

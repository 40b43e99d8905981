"""How somebody wants to be told."""

from django import forms

from portal.accounts.models import User


class PreferencesForm(forms.ModelForm):
    """The address mail goes to, and whether the daily one is wanted."""

    class Meta:
        model = User
        fields = ["email", "wants_digest"]
        help_texts = {"email": "留空则不发邮件。退回、截止前一天的提醒等紧急消息随时发送。"}

    def save(self, commit: bool = True) -> User:
        """Store these two alone: an administrator may be changing the others."""
        if commit:
            self.instance.save(update_fields=self.Meta.fields)
        return self.instance

"""What a password must be, where Django's own words are not at hand in Chinese."""

from django.contrib.auth import password_validation


class LengthValidator(password_validation.MinimumLengthValidator):
    """Long enough; Django has reworded its sentence and the translation has not followed."""

    def get_error_message(self) -> str:
        return f"密码太短，至少要有 {self.min_length} 个字符。"

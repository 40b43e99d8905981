"""拼音首字母: how people type a name when they look for it (太原重工 → tyzg)."""

from typing import Any

from django.db import models
from pypinyin import Style, lazy_pinyin

LENGTH = 100


def initials(name: str) -> str:
    """The first letter of each character's reading, lower case; other characters as they are.

    Readings are those of the word a character stands in (重庆 → cq, 重工 → zg).
    """
    letters = lazy_pinyin(name, style=Style.FIRST_LETTER)
    return "".join("".join(letters).split()).lower()[:LENGTH]


class InitialsField(models.CharField):
    """The initials of another field of the same row, kept by every save, also in bulk."""

    def __init__(self, *args: Any, of: str, **kwargs: Any) -> None:
        self.of = of
        kwargs |= {"max_length": LENGTH, "editable": False, "blank": True, "default": ""}
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "of": self.of}

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        value = initials(getattr(model_instance, self.of))
        setattr(model_instance, self.attname, value)
        return value

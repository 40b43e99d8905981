"""拼音首字母: how people type a name when they look for it (太原重工 → tyzg)."""

import unicodedata
from typing import Any

from django.db import models
from pypinyin import Style, lazy_pinyin, load_phrases_dict

LENGTH = 100

# Places of the province that the library's words do not know.
load_phrases_dict(
    {
        "长治": [["cháng"], ["zhì"]],
        "洪洞": [["hóng"], ["tóng"]],
        "繁峙": [["fán"], ["shì"]],
        "解州": [["xiè"], ["zhōu"]],
    }
)


def folded(text: str) -> str:
    """Letters and digits alone, in one case and width: nobody types a name's brackets."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).lower() if c.isalnum())


def initials(name: str) -> str:
    """The first letter of each character's reading; other letters and digits as ``folded``.

    Readings are those of the word a character stands in (重庆 → cq, 重工 → zg).
    """
    return folded("".join(lazy_pinyin(name, style=Style.FIRST_LETTER)))[:LENGTH]


class InitialsField(models.CharField):
    """The initials of another field of the same row, kept by ``save`` and ``bulk_create``.

    ``save(update_fields=...)`` has to name it, and ``bulk_update`` and ``update`` do not keep it.
    """

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

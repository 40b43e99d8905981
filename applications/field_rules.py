"""填写要求: which answers a version of a round asks for, and how long each may be.

The model field says what the portal asks by itself (``blank``, ``max_length``); a version may ask
more or less of it. Forms, checks and the sheets people download all ask here.
"""

from functools import cache

from django.db import models

from portal.accounts.models import mobile_validator
from portal.rounds.models import FieldRule, RoundVersion

LONGEST_TEXT = 10_000
"""字: no round may ask for more, or nobody would read it."""

FIXED = frozenset(
    [
        # Annex 1 and the cover print them.
        ("basic", "contact_name"),
        ("basic", "contact_mobile"),
        ("factory", "project_name"),
        ("instances", "segment"),
        ("instances", "name"),
        # Conditions are checked by them.
        ("basic", "registered_division"),
        ("basic", "maturity_level"),
        ("factory", "finished_on"),
        ("requirement_answers", "answer"),
        # They make an application a statement of somebody's.
        ("basic", "legal_representative"),
        ("factory", "is_authentic"),
        # Whether they are needed hangs on another answer, which the checks know.
        ("basic", "branch_note"),
        ("results", "baseline"),
        ("instances", "scenario"),
        ("instances", "own_scenario"),
        ("explanations", "reason"),
        ("indicator_values", "before"),
        ("indicator_values", "before_year"),
        ("indicator_values", "after"),
        ("indicator_values", "after_year"),
        ("indicator_values", "value"),
        ("indicator_values", "note"),
    ]
)
"""Where 必填 is the portal's own affair in every round."""


@cache
def place_of(model: type[models.Model]) -> str:
    """The slug of the section or group that a model holds the answers of."""
    return model._meta.get_field("application").remote_field.related_name


def rules_of(version: RoundVersion, model: type[models.Model]) -> dict[str, FieldRule]:
    """Where the version asks something else than the portal by itself, by field."""
    place = place_of(model)
    return {name: rule for (where, name), rule in version.deviations.items() if where == place}


def _rule(version: RoundVersion, db_field: models.Field) -> FieldRule | None:
    return version.deviations.get((place_of(db_field.model), db_field.name))


def is_required(version: RoundVersion, db_field: models.Field) -> bool:
    """Whether an answer must be given to submit."""
    rule = _rule(version, db_field)
    if rule is None or rule.is_required is None:
        return not db_field.blank
    return rule.is_required


def longest(version: RoundVersion, db_field: models.Field) -> int | None:
    """How many 字 an answer may have; None for what is no text."""
    rule = _rule(version, db_field)
    return (rule and rule.max_length) or db_field.max_length


def may_vary(db_field: models.Field) -> bool:
    """Whether a round may decide that the field is required, or that it is not."""
    is_tick = isinstance(db_field, models.BooleanField) and not db_field.null
    return not is_tick and (place_of(db_field.model), db_field.name) not in FIXED


def ceiling(db_field: models.Field) -> int | None:
    """The highest limit a round may set; None where a limit says nothing.

    What is kept on one line has a column of its size.
    """
    if isinstance(db_field, models.TextField):
        return LONGEST_TEXT
    is_line = type(db_field) is models.CharField and not db_field.choices
    return db_field.max_length if is_line and mobile_validator not in db_field.validators else None

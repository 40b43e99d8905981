"""The application, its answers, what is attached to and said about them, and its history."""

from applications.models.application import Application
from applications.models.attachment import Attachment
from applications.models.comments import Comment
from applications.models.filing import BulkEdit, Confirmation, Reentry, SelfAssessment
from applications.models.history import Event, Revision
from applications.models.interests import Interest
from applications.models.papers import Paper
from applications.models.rows import (
    Explanation,
    FinanceYear,
    FixedRow,
    IndicatorValue,
    Integrator,
    RequirementAnswer,
    Row,
    ScenarioInstance,
)
from applications.models.sections import (
    Answers,
    BasicInformation,
    FactoryOverview,
    Results,
    ScenarioConstruction,
    SectionAnswers,
)

__all__ = [
    "Answers",
    "Application",
    "Attachment",
    "BasicInformation",
    "BulkEdit",
    "Comment",
    "Confirmation",
    "Event",
    "Explanation",
    "FactoryOverview",
    "FinanceYear",
    "FixedRow",
    "IndicatorValue",
    "Integrator",
    "Interest",
    "Paper",
    "Reentry",
    "RequirementAnswer",
    "Results",
    "Revision",
    "Row",
    "ScenarioConstruction",
    "ScenarioInstance",
    "SectionAnswers",
    "SelfAssessment",
]

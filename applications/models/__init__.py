"""The application, its answers and its history."""

from applications.models.application import Application
from applications.models.history import Event, Revision
from applications.models.rows import (
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
    "BasicInformation",
    "Event",
    "FactoryOverview",
    "FinanceYear",
    "FixedRow",
    "IndicatorValue",
    "Integrator",
    "RequirementAnswer",
    "Results",
    "Revision",
    "Row",
    "ScenarioConstruction",
    "ScenarioInstance",
    "SectionAnswers",
]

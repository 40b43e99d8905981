"""Drawings of the cockpit's figures, as SVG that a page holds and a printer prints.

Only geometry: figures in, markup out. Colours are the style sheet's (province.css); hatching and
numbers say the same to whoever does not see them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from applications.states import Status
from portal.accounts.models import Role
from review.cockpit import Trend, Unit

WIDTH = 540
CHARACTER = 12
"""The width of a Chinese character; a digit has little more than half."""

HATCHED = {Status.RETURNED: "hatch", Status.DECLINED: "cross", Status.UNLISTED: "dots"}
"""What tells these fillings from their neighbours without colour."""


@dataclass(frozen=True)
class Box:
    """A rectangle, with what is written on or beside it."""

    x: float
    y: float
    width: float
    height: float
    kind: str = ""
    label: str = ""

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 1)

    @property
    def end(self) -> float:
        return round(self.x + self.width, 1)

    @property
    def pattern(self) -> str:
        return HATCHED.get(self.kind, "")


# Units: what there is by state, and the seats


BARS, SEATS = (76, 380), (416, WIDTH)
ROW, BAR = 23, 17
LEGEND_LINE = 20


@dataclass(frozen=True)
class Line:
    """One unit: its name and total, the parts of its bar, its seats."""

    name: str
    y: float
    parts: list[Box]
    total: Box
    seats: list[Box]
    said: str
    """The same in words."""


def overview(units: Sequence[Unit]) -> SafeString:
    """A bar for each unit, made up of its applications by state, and a box for each seat."""
    legend = _legend()
    top = legend[-1].y + LEGEND_LINE + 6
    most = max((unit.total for unit in units), default=0) or 1
    lines = [_line(unit, top + ROW * number, most) for number, unit in enumerate(units)]
    context = {"lines": lines, "legend": legend, "width": WIDTH, "height": top + ROW * len(lines)}
    return render_to_string("review/_chart_units.html", context)


def _legend() -> list[Box]:
    """What each filling means, wrapped to the width."""
    words = [(status.value, status.label_for(Role.PROVINCE)) for status in Status]
    words += [("taken", "名额（已排）"), ("free", "名额（空）"), ("exempt", "不占名额")]
    boxes, x, y = [], 0.0, 4.0
    for kind, label in words:
        width = 18 + CHARACTER * len(label)
        if x + width > WIDTH:
            x, y = 0.0, y + LEGEND_LINE
        boxes.append(Box(x, y, 12, 12, kind, label))
        x += width + 10
    return boxes


def _line(unit: Unit, y: float, most: int) -> Line:
    left, right = BARS
    scale = (right - left) / most
    parts, x = [], float(left)
    for status, number in unit.cells:
        if number:
            width = round(number * scale, 1)
            fits = width >= 7 * len(str(number)) + 4
            parts.append(Box(x, y, width, BAR, status, str(number) if fits else ""))
            x = round(x + width, 1)
    said = [f"{Status(s).label_for(Role.PROVINCE)} {number}" for s, number in unit.cells if number]
    exempt = f"，不占名额 {unit.exempt}" if unit.exempt else ""
    seats = f"名额已排 {unit.taken}，共 {unit.quota}{exempt}"
    return Line(
        unit.bureau.short_name,
        y + BAR - 4,
        parts,
        Box(x + 5, y, 0, BAR, label=str(unit.total)),
        _seats(unit, y),
        f"{unit.bureau.short_name}：{'，'.join(said) or '尚无申报'}；{seats}。",
    )


def _seats(unit: Unit, y: float) -> list[Box]:
    left, right = SEATS
    kinds = ["taken"] * unit.taken + ["free"] * (unit.quota - unit.taken) + ["exempt"] * unit.exempt
    step = min(20.0, (right - left) / max(len(kinds), 1))
    return [
        Box(round(left + step * place, 1), y + 2, round(step * 0.7, 1), BAR - 4, kind)
        for place, kind in enumerate(kinds)
    ]


# The trend of submissions


HEIGHT = 250
PLOT = Box(8, 34, WIDTH - 60, HEIGHT - 34 - 30)
LABEL_EVERY = 5


def trend(figures: Trend) -> SafeString:
    """A column for what came in each day, a line for how many have come in all."""
    count = (figures.last - figures.first).days + 1
    step = PLOT.width / count
    bottom = PLOT.y + PLOT.height

    def left_of(on: date) -> float:
        return round(PLOT.x + step * (on - figures.first).days, 1)

    def height_of(number: int, most: int) -> float:
        return round(PLOT.height * number / most, 1) if most else 0.0

    days = [day for day in figures.days if day.new]
    most_new = max((day.new for day in days), default=0)
    total = figures.days[-1].so_far if figures.days else 0
    # The columns stay below the line that they add up to.
    columns = [
        Box(
            round(left_of(day.on) + step * 0.2, 1),
            round(bottom - height_of(day.new, most_new * 2), 1),
            round(step * 0.6, 1),
            height_of(day.new, most_new * 2),
            label=str(day.new),
        )
        for day in days
    ]
    points = [
        (round(left_of(day.on) + step, 1), round(bottom - height_of(day.so_far, total), 1))
        for day in figures.days
    ]
    labelled = (figures.last - timedelta(days=n) for n in range(0, count, LABEL_EVERY))
    closes = figures.closes_on <= figures.last and left_of(figures.closes_on) + step
    context = {
        "width": WIDTH,
        "height": HEIGHT,
        "plot": PLOT,
        "bottom": bottom,
        "columns": columns,
        "line": " ".join(f"{x},{y}" for x, y in points),
        "end": points[-1] if points else None,
        "labels": [
            (round(left_of(on) + step / 2, 1), f"{on.month}月{on.day}日") for on in labelled
        ],
        "closes": closes and round(closes, 1),
        "figures": figures,
        "total": total,
        "most": max(days, key=lambda day: day.new, default=None),
        "days": days,
    }
    return render_to_string("review/_chart_trend.html", context)

"""Documents for the tests: an Annex 1, an application book, and a table round any given rows."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from PIL import Image

from portal.documents.model import (
    Column,
    Document,
    Group,
    Heading,
    Kind,
    PageBreak,
    Paragraph,
    Style,
    Table,
    Value,
)
from portal.documents.pictures import picture_of

MADE_AT = datetime(2024, 11, 22, 15, 59, 59, tzinfo=UTC)
REVISION = "a1b2c3d4e5f6a7b8c9d0"

ANNEX_COLUMNS = (
    Column("序号", Kind.INTEGER, 12, "center"),
    Column("申报单位名称", Kind.TEXT, 42),
    Column("卓越级智能工厂项目名称", Kind.TEXT, 46),
    Column("涉及典型场景实例（罗列）", Kind.NUMBERED, 103),
    Column("联系人", Kind.TEXT, 20, "center"),
    Column("联系方式（手机号）", Kind.TEXT, 38, "center"),
)
UNITS = (
    "山西综改示范区管委会",
    *("太原市工信局", "大同市工信局", "朔州市工信局", "忻州市工信局", "吕梁市工信局"),
    *("晋中市工信局", "阳泉市工信局", "长治市工信局", "晋城市工信局", "临汾市工信局"),
    "运城市工信局",
)
PEOPLE = ("王㛃", "李𬭎", "张䶮", "刘喆", "陈堃", "杨昇", "赵犇", "黄翀", "周志强", "吴淼")
FIRMS = ("=1+1", "山西晋泰液压支架科技股份有限公司", "太原恒源轨道车轴制造有限责任公司")
SCENARIOS = (
    "生产作业—人机协同作业—多机协同的发动机壳体柔性加工与检测",
    "质量管控—在线智能检测—基于机器视觉的高端不锈钢带表面缺陷在线识别",
    "设备管理—设备预测性维护—基于大模型的矿用减速机故障诊断与运维",
    "能碳管理—能源智能管控—焦炉煤气与电力介质动态平衡及碳足迹核算",
)
NOTE = "注：1.推荐的卓越级智能工厂项目按优先次序排名；2.推荐数量不能超过通知中规定的上限。"


def annex(units: int = 12, **changes) -> Document:
    """A summary table: three rows for each unit, the first with twelve scenarios."""
    groups = tuple(
        Group(unit, tuple(_annex_row(number, place) for place in (1, 2, 3)))
        for number, unit in enumerate(UNITS[:units])
    )
    blocks = (
        Paragraph("附件1", Style.ANNEX_LABEL),
        Paragraph("卓越级智能工厂项目推荐汇总表", Style.TITLE),
        Paragraph("推荐单位（盖章）：山西省工业和信息化厅", Style.UNIT_LINE),
        Table(ANNEX_COLUMNS, groups),
        Paragraph(NOTE, Style.NOTE),
    )
    return _document("卓越级智能工厂项目推荐汇总表", blocks, "landscape", **changes)


def unit_annex(*scenarios: tuple[str, ...]) -> Document:
    """One unit's summary table without group headings: a row for each list of scenarios."""
    rows = (_annex_row(0, place) for place in range(1, len(scenarios) + 1))
    rows = tuple((*r[:3], lines, *r[4:]) for r, lines in zip(rows, scenarios, strict=True))
    document = annex(units=1)
    blocks = list(document.blocks)
    blocks[3] = Table(ANNEX_COLUMNS, (Group(None, rows),))
    return replace(document, blocks=tuple(blocks))


def _annex_row(unit: int, place: int) -> tuple[Value, ...]:
    number = unit * 3 + place
    count = 12 if place == 1 else 2 + number % 6
    return (
        place,
        FIRMS[number % 3],
        "矿用减速机全流程绿色低碳智能制造卓越级智能工厂",
        tuple(SCENARIOS[(number + i) % 4] for i in range(count)),
        PEOPLE[number % 10],
        f"1990000{number:04}",
    )


def table(columns: tuple[Column, ...], *rows: tuple[Value, ...], **changes) -> Document:
    """A document of one table with one untitled group."""
    return _document("测试表", (Table(columns, (Group(None, rows),)),), "portrait", **changes)


def table_in_text(lines: int, rows: int) -> Document:
    """So many lines, then a heading and a table of so many short rows."""
    columns = (Column("名称", Kind.TEXT, 46, heading=True), Column("内容", Kind.TEXT, 110))
    values = tuple((f"甲{number}", f"乙{number}") for number in range(1, rows + 1))
    below = Table(columns, (Group(None, values),), in_text=True)
    above = (Paragraph("\n".join("行" * lines)), Heading("标题", 3)) if lines else ()
    return _document("测试表", (*above, below), "portrait")


def texts(*values: str, **changes) -> Document:
    """A numbered table of texts, one row for each value."""
    columns = (Column("序号", Kind.INTEGER, 14, "center"), Column("内容", Kind.TEXT, 142))
    return table(columns, *enumerate(values, 1), **changes)


def book(**changes) -> Document:
    """An application book in small: cover, three heading levels, two differently cut tables."""
    return _document("卓越级智能工厂项目申报书", _cover() + _sections(), "portrait", **changes)


def _cover() -> tuple:
    lines = (
        "项目名称：矿用减速机全流程绿色低碳智能制造卓越级智能工厂",
        "申报单位（盖章）：山西晋泰液压支架科技股份有限公司",
        "推荐单位（盖章）：太原市工业和信息化局",
        "联 系 人：刘喆",
    )
    return (
        Paragraph("附件3", Style.ANNEX_LABEL),
        Paragraph("卓越级智能工厂项目\n申 报 书", Style.COVER_TITLE),
        Paragraph("\n".join(lines), Style.COVER_LINE),
        Paragraph("山西省工业和信息化厅\n2024年11月", Style.COVER_NOTE),
        PageBreak(),
        Paragraph("真实性承诺", Style.TITLE),
        Paragraph("本单位对申报内容的真实性负责，确保申报材料不涉及国家秘密、商业秘密。" * 3),
        Paragraph("申报单位（盖章）\n2024年11月22日", Style.SIGNATURE),
        PageBreak(),
    )


def _sections() -> tuple:
    facts = (
        ("企业名称", "山西晋泰液压支架科技股份有限公司"),
        ("统一社会信用代码", "91140100MA0GT3R00X"),
        ("成立日期", date(2001, 3, 9)),
        ("总投资（万元）", Decimal("12345.6")),
    )
    key_value = (Column("", Kind.TEXT, 40, heading=True), Column("", Kind.TEXT, 116))
    rates = (
        Column("序号", Kind.INTEGER, 14, "center"),
        Column("智能工厂建设关键绩效指标", Kind.TEXT, 76),
        Column("建设前", Kind.PERCENT, 33, "end"),
        Column("建设后", Kind.PERCENT, 33, "end"),
    )
    figures = ((1, "关键设备数控化率（%）", Decimal("61.5"), Decimal("92.25")),)
    figures += ((2, "单位产品二氧化碳（CO₂）排放量降低（%）", "不适用", None),)
    body = "开展工厂级数字化规划与建设，对工厂进行系统建模和优化，推动“虚拟工厂”建设。" * 4
    return (
        Heading("一、申报单位基本信息", 1),
        Heading("（一）企业概况", 2),
        Table(key_value, (Group(None, tuple((k, _as_text(v)) for k, v in facts)),)),
        Heading("1. 发展历程", 3),
        Paragraph(f"{body}\n{body}"),
        Heading("四、智能工厂建设成效", 1),
        Paragraph(body),
        Table(rates, (Group("（一）能力提升类指标", figures), Group("（五）推广应用类指标", ()))),
        Paragraph("注：建设前后均为自然年度数据。", Style.NOTE),
    )


def photo(width: int, height: int, format: str = "JPEG", mode: str = "RGB", **saving) -> bytes:
    """An image file, its left half red and its right half blue."""
    image = Image.new(mode, (width, height), "blue")
    image.paste(Image.new(mode, (width // 2, height), "red"), (0, 0))
    stream = io.BytesIO()
    image.save(stream, format, **saving)
    return stream.getvalue()


def pictures(*captions: str, **changes) -> Document:
    """A heading and a paragraph, then pictures of all shapes."""
    shapes = ((1600, 1200), (900, 1600), (120, 80), (3000, 200), (200, 3000))
    blocks = (
        picture_of(photo(*shapes[number % 5]), caption) for number, caption in enumerate(captions)
    )
    return _document(
        "带图片的文件", (Heading("图片", 1), Paragraph("如下。"), *blocks), "portrait", **changes
    )


def _as_text(value: Value) -> str:
    if isinstance(value, date):
        return f"{value.year}年{value.month}月{value.day}日"
    return str(value)


def _document(title: str, blocks: tuple, orientation: str, **changes) -> Document:
    settings = {"made_at": MADE_AT, "revision": REVISION} | changes
    return Document(title=title, blocks=blocks, orientation=orientation, **settings)

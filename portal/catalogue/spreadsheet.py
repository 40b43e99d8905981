"""Excel sheets as people send and get them: safe to open, and text stays text."""

import zipfile
from io import BytesIO
from typing import Any

import tablib
from django import forms
from django.core.files.uploadedfile import UploadedFile
from import_export.formats.base_formats import XLSX
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from portal.documents.model import clean_text
from portal.errors import PortalError

MAX_UPLOAD = 10 * 1024**2
MAX_ENTRIES = 2_000
MAX_UNPACKED = 200 * 1024**2
MAX_RATIO = 100
MAX_ROWS = 5_000
LAST_SHEET_ROW = 1_048_576

OLE_SIGNATURE = bytes.fromhex("D0CF11E0A1B11AE1")
NOT_A_WORKBOOK = "这不是 Excel 工作簿。请在 WPS 或 Excel 中“另存为”.xlsx 格式后再上传。"
TEXT_FORMAT = "@"


class SheetRefused(PortalError):
    """The uploaded file cannot be used as a sheet."""


def check_package(
    data: bytes, max_unpacked: int = MAX_UNPACKED, max_part: int = MAX_UNPACKED
) -> None:
    """Refuse what is no workbook, would unpack to far more than it weighs, or has too large a part.

    Only the ZIP directory is read. It may lie, but zipfile then stops at the size it states.
    """
    if data.startswith(OLE_SIGNATURE):
        raise SheetRefused("这是旧版 .xls 或加了密码的文件。请另存为不加密的 .xlsx 后再上传。")
    try:
        with zipfile.ZipFile(BytesIO(data)) as package:
            sizes = [entry.file_size for entry in package.infolist()]
    except Exception:  # a damaged directory makes zipfile raise whatever it stumbles over
        raise SheetRefused(NOT_A_WORKBOOK) from None
    most = min(max_unpacked, MAX_RATIO * len(data))
    if len(sizes) > MAX_ENTRIES or sum(sizes) > most or max(sizes, default=0) > max_part:
        raise SheetRefused("文件解压后异常庞大，不予读取。请把数据复制到新建的工作簿中再上传。")


def read(data: bytes) -> tablib.Dataset:
    """The first sheet as a dataset whose n-th row is row n + 1 of the sheet.

    Raises SheetRefused for whatever cannot be read as one.
    """
    check_package(data)
    try:
        return _dataset(data)
    except SheetRefused:
        raise
    except Exception as error:  # openpyxl raises whatever a damaged part makes it stumble over
        raise SheetRefused(NOT_A_WORKBOOK) from error


def _dataset(data: bytes) -> tablib.Dataset:
    book = load_workbook(BytesIO(data), read_only=True, data_only=True)
    sheet = book.worksheets[0]
    # Some programs state a wrong extent, behind which openpyxl would silently drop everything.
    sheet.reset_dimensions()
    rows = sheet.iter_rows(values_only=True)
    headers = _headers(next(rows, ()))
    width = len(headers)
    table: list[list[Any]] = []
    for number, values in enumerate(rows, 2):
        if number > LAST_SHEET_ROW:
            raise SheetRefused("表格行数超出 Excel 的上限，文件可能已损坏。")
        if is_blank(values[:width]):
            continue
        if number > MAX_ROWS + 1:
            raise SheetRefused(f"一次最多导入 {MAX_ROWS} 行，请分成几个文件。")
        # Blank rows in between are kept, so that row numbers in messages are those of the sheet.
        table += [[None] * width] * (number - 2 - len(table))
        table.append([*values[:width], *[None] * (width - len(values))])
    book.close()
    if not table:
        raise SheetRefused("第一张工作表中没有数据行。")
    return tablib.Dataset(*table, headers=headers)


class WorkbookField(forms.FileField):
    """An Excel workbook as it was uploaded, unless it is too large to be read."""

    default_error_messages = {
        "required": "请选择文件。",
        "missing": "请选择文件。",
        "empty": "文件是空的，请检查后重新选择。",
        "too_large": f"文件超过 {MAX_UPLOAD // 1024**2} MB，请分成几个文件。",
    }
    widget = forms.FileInput(attrs={"accept": ".xlsx"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label="Excel 工作簿（.xlsx）", **kwargs)

    def to_python(self, data: UploadedFile | None) -> UploadedFile | None:
        upload = super().to_python(data)
        if upload and upload.size > MAX_UPLOAD:
            raise forms.ValidationError(self.error_messages["too_large"], code="too_large")
        return upload


class SheetField(WorkbookField):
    """The first sheet of an uploaded workbook, as a dataset."""

    def to_python(self, data: UploadedFile | None) -> tablib.Dataset | None:
        upload = super().to_python(data)
        try:
            return upload and read(upload.read())
        except SheetRefused as refused:
            raise forms.ValidationError(str(refused)) from refused


def is_blank(values: Any) -> bool:
    """Whether a row says nothing."""
    return all(value is None or not str(value).strip() for value in values)


def _headers(values: tuple[Any, ...]) -> list[str]:
    headers = [clean_text(str(value)).strip() if value is not None else "" for value in values]
    while headers and not headers[-1]:
        headers.pop()
    if not headers:
        raise SheetRefused("第一张工作表的第一行应为表头，现在是空的。")
    named = [header for header in headers if header]
    if repeated := {header for header in named if named.count(header) > 1}:
        raise SheetRefused(f"表头有重复的列：{'、'.join(sorted(repeated))}。")
    return headers


def write(dataset: tablib.Dataset) -> bytes:
    """A workbook in which every text is a string cell in text format.

    A string cell is never evaluated, so a name may start with = and keep it; text format keeps an
    18-digit code whole when somebody edits it or types another one below.
    """
    book = Workbook()
    sheet = book.active
    sheet.freeze_panes = "A2"
    for number, values in enumerate([dataset.headers, *dataset], 1):
        for column, value in enumerate(values, 1):
            cell = sheet.cell(number, column)
            cell.value = clean_text(value) if isinstance(value, str) else value
            if isinstance(value, str):
                cell.data_type = "s"
                cell.number_format = TEXT_FORMAT
            if number == 1:
                cell.font = Font(bold=True)
    for column in range(1, len(dataset.headers) + 1):
        texts = [dataset.headers[column - 1], *(str(row[column - 1]) for row in dataset)]
        dimension = sheet.column_dimensions[get_column_letter(column)]
        dimension.width = min(60, 4 + 2 * max(map(len, texts)))
        dimension.number_format = TEXT_FORMAT
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


class Spreadsheet(XLSX):
    """The only format offered, in both directions."""

    def get_title(self) -> str:
        return "Excel 工作簿（.xlsx）"

    def get_extension(self) -> str:
        return "xlsx"

    def can_import(self) -> bool:
        return True

    def can_export(self) -> bool:
        return True

    def create_dataset(self, in_stream: bytes) -> tablib.Dataset:
        return read(in_stream)

    def export_data(self, dataset: tablib.Dataset, **kwargs: Any) -> bytes:
        return write(dataset)

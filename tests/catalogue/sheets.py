"""Helpers of the admin tests: who comes in, what is uploaded, what is downloaded."""

from io import BytesIO

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from portal.accounts.models import Enterprise, Role, User
from portal.catalogue.models import Bureau


def taiyuan() -> Bureau:
    bureau, _ = Bureau.objects.get_or_create(
        code="140100",
        defaults={"name": "太原市工业和信息化局", "short_name": "太原市", "kind": "市", "order": 2},
    )
    return bureau


def enterprise() -> Enterprise:
    row, _ = Enterprise.objects.get_or_create(
        credit_code="91350100M000100Y43", defaults={"name": "样例重工", "bureau": taiyuan()}
    )
    return row


def person(username: str, role: Role = Role.PROVINCE, **more) -> User:
    unit = {Role.ENTERPRISE: {"enterprise": enterprise}, Role.BUREAU: {"bureau": taiyuan}}
    unit = {name: make() for name, make in unit.get(role, {}).items()}
    fields = {"name": "张三", "mobile": "13800138000", "role": role} | unit | more
    return User.objects.create_user(username, password="a long enough secret", **fields)


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def staff_client() -> Client:
    return client_of(person("office", is_staff=True))


def page(model: type, which: str, *args) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{which}", args=args)


def workbook(*rows: tuple) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def upload(client: Client, model: type, data: bytes) -> str:
    """The page that answers an upload."""
    response = client.post(
        page(model, "import"),
        {"import_file": SimpleUploadedFile("表.xlsx", data), "format": "0", "resource": "0"},
        follow=True,
    )
    assert response.status_code == 200
    text = response.content.decode()
    assert "Traceback" not in text
    return text


def download(client: Client, model: type, query: str = "") -> bytes:
    response: HttpResponse = client.get(page(model, "export") + query)
    assert response["Content-Type"].endswith("spreadsheetml.sheet")
    return response.content


def sheet_of(data: bytes) -> Worksheet:
    return load_workbook(BytesIO(data)).active


def rows_of(data: bytes) -> list[tuple]:
    return list(sheet_of(data).values)


def label(model: type, field: str) -> str:
    return str(model._meta.get_field(field).verbose_name)


def labels(model: type, *fields: str) -> tuple[str, ...]:
    return tuple(label(model, field) for field in fields)

"""The read API of the province's data platform: what the summary and the ledger hold, as JSON.

Opened by a client's token alone: a session's cookie counts for nothing here.
"""

import base64
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import wraps
from typing import Annotated, Any, Literal

from django.contrib.auth.decorators import login_not_required
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.cache import never_cache
from django.views.decorators.http import conditional_page
from ninja import NinjaAPI, Query, Schema
from ninja.errors import AuthenticationError, HttpError, Throttled, ValidationError
from ninja.renderers import JSONRenderer
from ninja.security import HttpBearer
from ninja.throttling import AuthRateThrottle
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model

from applications.models import Application
from applications.states import Status
from portal.catalogue.models import Bureau
from portal.documents.model import Kind, Value
from portal.rounds.models import Round
from review import clients, ledger, summary
from review.models import ApiClient

PER_MINUTE = 120
"""Requests of one client."""
MOST = 200
"""Applications on a page of the ledger, each with all that was submitted."""

Scope = ApiClient.Scope


class Token(HttpBearer):
    """接口令牌：Authorization: Bearer sgz_…"""

    def __init__(self, *scopes: Scope) -> None:
        super().__init__()
        self.scopes = scopes

    def authenticate(self, request: HttpRequest, token: str) -> ApiClient | None:
        """The client whose token it is; refused when it may not read any of the scopes."""
        client = clients.of_token(token)
        if client and not set(self.scopes) & set(client.scopes):
            labels = "、".join(scope.label for scope in self.scopes)
            raise HttpError(403, f"该令牌没有读取{labels}的权限。")
        return client


class _Json(JSONRenderer):
    json_dumps_params = {"ensure_ascii": False}


api = NinjaAPI(
    title="智能工厂申报门户数据接口",
    version="1",
    description="供省级数据平台读取批次、推荐汇总表和申报台账。只读，全部为 GET 请求；"
    "时间为带时区的 ISO 8601，金额和小数为不失精度的文本。",
    renderer=_Json(),
    docs_url=None,  # its page would load scripts from elsewhere
    throttle=[AuthRateThrottle(f"{PER_MINUTE}/m")],
)


# Refusals, in the words of the portal


class Problem(Schema):
    message: str = Field(title="原因")


PROBLEMS = {401: Problem, 403: Problem, 404: Problem, 422: Problem, 429: Problem}


def _refused(status: int, message: str, **headers: str) -> JsonResponse:
    return JsonResponse({"message": message}, status=status, headers=headers)


@api.exception_handler(AuthenticationError)
def _without_token(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    message = "请在 Authorization 头中提供有效的令牌；令牌可能有误、已过期或已停用。"
    return _refused(401, message, **{"WWW-Authenticate": "Bearer"})


@api.exception_handler(Throttled)
def _too_often(request: HttpRequest, error: Throttled) -> HttpResponse:
    seconds = str(error.wait or 60)
    return _refused(429, f"请求过于频繁，请在 {seconds} 秒后重试。", **{"Retry-After": seconds})


@api.exception_handler(HttpError)
def _not_permitted(request: HttpRequest, error: HttpError) -> HttpResponse:
    return _refused(error.status_code, str(error))


@api.exception_handler(Http404)
def _not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return _refused(404, "没有这个地址或这项内容。")


@api.exception_handler(ValidationError)
def _malformed(request: HttpRequest, error: ValidationError) -> HttpResponse:
    names = "、".join(dict.fromkeys(str(each["loc"][-1]) for each in error.errors))
    return _refused(422, f"参数不正确：{names}。取值范围见接口说明。")


def _sealed(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Without a session, never cached on the way, and not sent again unchanged (ETag)."""
    answer = never_cache(conditional_page(view))

    @login_not_required
    @wraps(view, assigned=())
    def sealed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "HEAD":
            request.method = "GET"  # for Ninja, which knows no HEAD; the server drops the body
        if request.method != "GET":
            return _refused(405, "接口只读，请使用 GET。", Allow="GET, HEAD")
        try:
            return answer(request, *args, **kwargs)
        except Http404 as error:  # of the address of the API itself
            return _not_found(request, error)

    return sealed


# Rounds


class RoundOut(Schema):
    slug: str = Field(title="标识")
    title: str = Field(title="名称")
    year: int = Field(title="年度")
    level: str = Field(title="等级代码")
    level_label: str = Field(title="等级")
    opens_at: datetime = Field(title="开始申报时间")
    enterprise_deadline: datetime = Field(title="企业申报截止", description="此刻起不再接收")
    bureau_deadline: datetime = Field(title="推荐单位报送截止", description="此刻起不再接收")
    seats_per_bureau: int = Field(title="每个推荐单位的名额")
    published_at: datetime = Field(title="发布时间")

    @staticmethod
    def resolve_level_label(row: Round) -> str:
        return row.get_level_display()


@api.get(
    "rounds",
    auth=Token(Scope.SUMMARY, Scope.LEDGER),
    response={200: list[RoundOut], **PROBLEMS},
    summary="批次",
)
def rounds(request: HttpRequest) -> Any:
    """已发布的批次，最近的在前。"""
    return list(Round.objects.published())


def _round(slug: str) -> Round:
    return get_object_or_404(Round.objects.published(), slug=slug)


def _bureau(code: str | None) -> Bureau | None:
    return get_object_or_404(Bureau, code=code) if code else None


# Summary


class MemberOut(Schema):
    number: int = Field(title="序号")
    enterprise: str = Field(title="申报单位名称")
    project: str = Field(title="项目名称")
    scenarios: list[str] = Field(title="涉及典型场景实例（环节—场景—实例）")
    contact_name: str = Field(title="联系人")
    contact_mobile: str = Field(title="联系方式（手机号）")
    application: int = Field(title="申报编号")
    receipt: str = Field(title="回执编号")
    is_exempt: bool = Field(title="不占名额")


class UnitOut(Schema):
    bureau: str = Field(title="推荐单位")
    bureau_code: str = Field(title="推荐单位代码")
    is_received: bool = Field(title="已受理")
    members: list[MemberOut] = Field(title="推荐项目，按优先次序")


class SummaryOut(Schema):
    title: str = Field(title="标题")
    round: str = Field(title="批次标识")
    units: list[UnitOut] = Field(title="各推荐单位，按通知中的次序")
    missing: list[str] = Field(title="未收入的单位及原因")
    notes: list[str] = Field(title="说明")
    sha256: str = Field(title="内容校验值", description="内容改动一个字即不同")
    check_code: str = Field(title="校验码", description="与打印件页脚的一致")


@api.get(
    "rounds/{slug}/summary",
    auth=Token(Scope.SUMMARY),
    response={200: SummaryOut, **PROBLEMS},
    summary="推荐汇总表（附件1）",
)
def annex(
    request: HttpRequest,
    slug: str,
    bureau: Annotated[str | None, Query(title="推荐单位代码", max_length=6)] = None,
    include_sent: Annotated[bool, Query(title="含已报送、未受理的名单")] = False,
) -> Any:
    """与导出的推荐汇总表相同；只含已受理的名单，除非要求包括已报送的。"""
    round = _round(slug)
    found = summary.build(round, _bureau(bureau), include_sent=include_sent)
    clients.note_reading(request.auth, f"推荐汇总表 {round}")
    return {
        "title": found.document.title,
        "round": round.slug,
        "units": [_unit(unit) for unit in found.units],
        "missing": found.missing,
        "notes": found.notes,
        "sha256": found.document.revision,
        "check_code": found.document.check_code,
    }


CELLS = ("number", "enterprise", "project", "scenarios", "contact_name", "contact_mobile")
"""What the six columns of Annex 1 are called here."""


def _unit(unit: summary.Unit) -> dict[str, Any]:
    return {
        "bureau": unit.bureau.name,
        "bureau_code": unit.bureau.code,
        "is_received": not unit.is_marked,
        "members": [
            {
                **dict(zip(CELLS, row, strict=True)),
                "application": seat.application_id,
                "receipt": seat.application.current_revision.receipt,
                "is_exempt": seat.is_exempt,
            }
            for row, seat in zip(unit.rows, unit.seats, strict=True)
        ],
    }


# Ledger


def _in_utc(at: datetime) -> datetime:
    """As a database takes it: without a zone it is Beijing time. ValueError beyond all days."""
    try:
        return (at if at.tzinfo else timezone.make_aware(at)).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("beyond all days") from error


Instant = Annotated[datetime, AfterValidator(_in_utc)]

TYPES = {
    Kind.INTEGER: int | str,  # a text, where the enterprise wrote no number
    Kind.NUMBERED: list[str],
}
"""How a column's values are sent, unless as text."""


class _Values(BaseModel):
    """By the name of its column; the round's own columns (年度、指标、条款) come besides these."""

    model_config = ConfigDict(extra="allow", title="台账的一行")


Values = create_model(
    "Values",
    __base__=_Values,
    **{
        f"column_{number}": (
            TYPES.get(column.kind, str) | None,
            Field(None, alias=column.name, title=column.label, description=column.group),
        )
        for number, column in enumerate(ledger.COLUMNS.values())
    },
)


class ColumnOut(Schema):
    name: str = Field(title="名称", description="在行中的键；各批次相同的栏目名称不变")
    label: str = Field(title="栏目")
    kind: Kind = Field(title="类型")
    group: str = Field(title="所属部分")


class RowOut(Schema):
    id: int = Field(title="申报编号")
    status: Literal[tuple(Status.values)] = Field(title="状态代码")
    touched_at: datetime = Field(title="最近动态")
    values: Values = Field(
        title="各栏内容", description="没有内容的为 null；填报中的只有门户自身的栏目"
    )


class LedgerOut(Schema):
    items: list[RowOut] = Field(title="申报，按最近动态的先后")
    next: str | None = Field(title="下一页", description="作为 cursor 传回；null 为没有更多")


class AttachmentOut(Schema):
    material: str = Field(title="材料")
    place: str = Field(title="所属行")
    name: str = Field(title="文件名")
    size: int = Field(title="大小（字节）")
    pages: int | None = Field(title="页数")
    sha256: str = Field(title="SHA-256")


class RevisionOut(Schema):
    number: int = Field(title="版本号")
    receipt: str = Field(title="回执编号")
    submitted_at: datetime = Field(title="提交时间")
    sha256: str = Field(title="内容校验值")


class ApplicationOut(RowOut):
    round: str = Field(title="批次标识")
    revisions: list[RevisionOut] = Field(title="历次提交版本")
    attachments: list[AttachmentOut] = Field(title="最近提交版本的附件")


@api.get(
    "rounds/{slug}/ledger/columns",
    auth=Token(Scope.LEDGER),
    response={200: list[ColumnOut], **PROBLEMS},
    summary="台账的栏目",
)
def columns(request: HttpRequest, slug: str) -> Any:
    """该批次台账的全部栏目，含其年度、指标和条款。"""
    return list(ledger.columns_of(_round(slug)).values())


@api.get(
    "rounds/{slug}/ledger",
    auth=Token(Scope.LEDGER),
    response={200: LedgerOut, **PROBLEMS},
    by_alias=True,
    exclude_unset=True,  # the columns that were not asked for
    summary="申报台账",
)
def rows(
    request: HttpRequest,
    slug: str,
    bureau: Annotated[str | None, Query(title="推荐单位代码", max_length=6)] = None,
    status: Annotated[Literal[tuple(Status.values)] | None, Query(title="状态代码")] = None,
    changed_since: Annotated[
        Instant | None, Query(title="此后有动态的（含此刻），不写时区即北京时间")
    ] = None,
    columns: Annotated[str | None, Query(title="栏目名称，以逗号分隔；空为全部")] = None,
    limit: Annotated[int, Query(title="每页份数", ge=1, le=MOST)] = 50,
    cursor: Annotated[str | None, Query(title="上一页的 next", max_length=100)] = None,
) -> Any:
    """一份申报一行，内容取自最近提交版本。

    取完后以最后一行的 touched_at 作 changed_since，即得此后有变动的。
    """
    round = _round(slug)
    known = ledger.columns_of(round)
    wanted = ledger.chosen(columns.split(","), known) if columns else list(known.values())
    found = _applications(request.auth).filter(round=round)
    if bureau:
        found = found.filter(bureau=_bureau(bureau))
    if status:
        found = found.filter(status=status)
    if changed_since:
        found = found.filter(touched_at__gte=changed_since)
    if cursor:
        found = found.filter(_after(cursor))
    page = list(found.order_by("touched_at", "pk")[: limit + 1])
    more, page = page[limit:], page[:limit]
    clients.note_reading(request.auth, f"申报台账 {round}")
    return {
        "items": [_row(application, wanted) for application in page],
        "next": _cursor(page[-1]) if more else None,
    }


@api.get(
    "applications/{int:pk}",
    auth=Token(Scope.LEDGER),
    response={200: ApplicationOut, **PROBLEMS},
    by_alias=True,
    summary="一份申报",
)
def application(request: HttpRequest, pk: int) -> Any:
    """台账中的一行，连同历次提交版本和附件目录；附件本身不经接口提供。"""
    found = get_object_or_404(_applications(request.auth), pk=pk)
    revision = found.current_revision
    clients.note_reading(request.auth, f"申报 {pk}")
    return {
        **_row(found, ledger.columns_of(found.round).values()),
        "round": found.round.slug,
        "revisions": list(found.revisions.defer("data")),
        "attachments": revision.attachments if revision else [],
    }


def _applications(client: ApiClient) -> Any:
    """Those of the published rounds, each with all that a column may say."""
    return (
        Application.objects.visible_to(client)
        .filter(round__in=Round.objects.published())
        .with_parties()
        .select_related("seat")
        .defer(None)
    )


def _row(application: Application, wanted: Any) -> dict[str, Any]:
    return {
        "id": application.pk,
        "status": application.status,
        "touched_at": application.touched_at,
        "values": {column.name: _plain(column.value(application)) for column in wanted},
    }


def _plain(value: Value) -> Any:
    match value:
        case Decimal():
            return f"{value:f}"
        case date():
            return value.isoformat()
        case tuple():
            return list(value)
    return value


def _cursor(application: Application) -> str:
    text = f"{application.touched_at.isoformat()} {application.pk}"
    return base64.urlsafe_b64encode(text.encode()).decode()


def _after(cursor: str) -> Q:
    """What comes behind the row that a cursor was made of."""
    try:
        text = base64.urlsafe_b64decode(cursor.encode()).decode()
        at, pk = text.split()
        known, last = parse_datetime(at), int(pk)
        touched_at = known and _in_utc(known)
    except ValueError:
        touched_at = None
    if touched_at is None:
        raise HttpError(422, "参数不正确：cursor。请原样使用上一页的 next。")
    return Q(touched_at__gt=touched_at) | Q(touched_at=touched_at, pk__gt=last)


@api.get("{path:rest}", auth=None, include_in_schema=False)
def nowhere(request: HttpRequest, rest: str) -> Any:
    """An address that is none is answered as the others are."""
    raise Http404


def _patterns() -> tuple[list[URLPattern], str, str]:
    patterns, app, namespace = api.urls
    for pattern in patterns:
        pattern.callback = _sealed(pattern.callback)
    return patterns, app, namespace


URLS = _patterns()

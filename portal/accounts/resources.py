"""Enterprises and officers as sheets."""

from typing import Any

import tablib
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import models, transaction
from import_export.fields import Field

from portal.accounts import credit_code, team
from portal.accounts.forms import OFFICER_ROLES
from portal.accounts.models import Enterprise, User, tidy_mobile
from portal.audit import trail
from portal.catalogue.models import Bureau
from portal.catalogue.resources import Choice, Lookup, SheetResource, SheetResult, Text, column

BUREAU_NAMES = ("name", "short_name", "code")


class EnterpriseResource(SheetResource):
    credit_code = column(Enterprise, "credit_code", Text(credit_code.normalise))
    bureau = column(Enterprise, "bureau", Lookup(Bureau, *BUREAU_NAMES))

    class Meta:
        model = Enterprise
        fields = ("name", "credit_code", "bureau")
        import_id_fields = ("credit_code",)


class OfficerResource(SheetResource):
    """推荐单位、省厅和审计人员: enterprises register themselves and are not in this sheet."""

    kept = ("role", "bureau")
    """Who moves gets another account: what this one has made and was told stays within reach."""

    username = column(User, "username", Text(User.normalize_username))
    mobile = column(User, "mobile", Text(tidy_mobile))
    role = column(User, "role", Choice(OFFICER_ROLES))
    bureau = column(User, "bureau", Lookup(Bureau, *BUREAU_NAMES))
    # Without an attribute the column is always exported empty.
    password = Field(column_name="初始密码", widget=Text())

    class Meta:
        model = User
        fields = (
            "username",
            "name",
            "mobile",
            "role",
            "bureau",
            "is_unit_admin",
            "is_active",
            "password",
        )
        import_id_fields = ("username",)

    def get_queryset(self) -> models.QuerySet:
        return self.filter_export(User.objects.all())

    def filter_export(self, queryset: models.QuerySet, **kwargs: Any) -> models.QuerySet:
        return queryset.filter(role__in=dict(OFFICER_ROLES))

    def import_instance(self, instance: User, row: dict, **kwargs: Any) -> None:
        errors: dict[str, Any] = {}
        for step in (super().import_instance, self._set_password, self._spare_oneself):
            try:
                step(instance, row, **kwargs)
            except ValidationError as error:
                errors = error.update_error_dict(errors)
        if errors:
            raise ValidationError(errors)

    def _set_password(self, instance: User, row: dict, **kwargs: Any) -> None:
        try:
            password = self.fields["password"].clean(row)
            if password:
                validate_password(password, instance)
                instance.set_password(password)
            elif not instance.password:
                raise ValidationError("新账号须填初始密码。")
        except (ValueError, ValidationError) as error:
            raise ValidationError({"password": getattr(error, "messages", str(error))}) from error

    def _spare_oneself(self, instance: User, row: dict, **kwargs: Any) -> None:
        me = kwargs.get("user")
        if me == instance and not (instance.is_active and instance.is_province):
            raise ValidationError("不能停用自己的账号或更改自己的角色。")

    def skip_row(
        self, instance: User, original: User, row: dict, *args: Any, **kwargs: Any
    ) -> bool:
        same_password = instance.password == original.password
        return same_password and super().skip_row(instance, original, row, *args, **kwargs)


SHEET_COLUMNS = [field.column_name for field in OfficerResource().get_import_fields()]


def said_of(result: SheetResult) -> str:
    """How many rows did what."""
    kinds = {"新增": "new", "更新": "update", "未变或空白": "skip"}
    counted = "，".join(f"{label} {result.totals[kind]} 行" for label, kind in kinds.items())
    return f"导入完成：{counted}。"


@transaction.atomic
def take_in_officers(dataset: tablib.Dataset, *, actor: User) -> SheetResult:
    """Store a sheet of officers, all rows or none; the result says what is wrong with which row.

    Raises SheetRefused for a sheet without the columns.
    """
    actor.require_province("导入人员账号")
    result = OfficerResource().import_data(dataset, user=actor)
    if not (result.has_errors() or result.has_validation_errors()):
        team.void_invitations()
        trail.record("import_officers", "导入人员账号", actor=actor, detail=said_of(result))
    return result

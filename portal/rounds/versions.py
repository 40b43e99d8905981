"""批次版本: preparing the next one from what there is."""

from django.db import transaction

from portal.rounds.models import Declaration, FieldRule, Material, Round, RoundVersion

ROWS = (Declaration, Material, FieldRule)


@transaction.atomic
def copy(version: RoundVersion, *, to: Round) -> RoundVersion:
    """The same rules as the next version of ``to``, not published yet.

    Raises IntegrityError when ``to`` has one in preparation already.
    """
    last = to.versions.order_by("number").last()
    names = [f.attname for f in RoundVersion._meta.fields if f.editable and f.name not in ("id",)]
    rules = {name: getattr(version, name) for name in names}
    rules |= {"round_id": to.pk, "number": last.number + 1 if last else 1, "note": ""}
    copied = RoundVersion.objects.create(**rules)
    for model in ROWS:
        for row in model.objects.filter(version=version):
            row.pk, row.version = None, copied
            row._state.adding = True
            row.save()
    return copied

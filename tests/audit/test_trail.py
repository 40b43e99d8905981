"""The audit trail: nothing of it can be changed unseen, and chaining disturbs nobody."""

import random
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django.utils import timezone

from portal.audit import append_only, trail
from portal.audit.models import Link, Record

LENGTH = 40
FIELDS = [field.attname for field in Record._meta.fields if not field.primary_key]


@pytest.fixture
def chain(db) -> list[Record]:
    """Forty records of a working day, sealed."""
    began = timezone.now() - timedelta(hours=9)
    records = Record.objects.bulk_create(
        Record(
            at=began + timedelta(minutes=12 * number),
            actor_id=number % 7,
            actor=f"人员{number % 7}",
            unit="测试单位",
            role="省厅",
            verb="test",
            act="办理",
            target_type="application",
            target_id=str(number),
            target=f"企业{number}",
        )
        for number in range(LENGTH)
    )
    assert trail.seal() == LENGTH
    return records


def test_an_act_and_its_record_exist_together_or_not_at_all(db):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        trail.record("test", "办理", actor=None)
        raise ZeroDivisionError
    assert not Record.objects.exists()


def test_what_is_only_looked_at_is_noted_once_in_a_while(db, time_machine):
    def look(detail: str) -> None:
        trail.record("view", "查看", actor=None, detail=detail, once_in=timedelta(hours=1))

    time_machine.move_to("2026-11-22T08:00:00Z")
    for detail in ("甲", "甲", "乙"):
        look(detail)
    time_machine.move_to("2026-11-22T09:00:01Z")
    look("甲")
    assert list(Record.objects.order_by("pk").values_list("detail", flat=True)) == [
        "甲",
        "乙",
        "甲",
    ]


def test_records_are_chained_when_their_act_is_committed(transactional_db):
    with transaction.atomic():
        trail.record("test", "办理", actor=None)
        trail.record("test", "办理", actor=None)
        assert not Link.objects.exists()
    assert list(Link.objects.values_list("position", flat=True)) == [1, 2]
    assert trail.kept_outside() == trail.head()


def test_an_act_succeeds_though_chaining_fails_and_the_next_one_catches_up(
    transactional_db, settings
):
    writable = settings.AUDIT_ANCHOR
    with transaction.atomic(), connection.execute_wrapper(_no_links):
        trail.record("test", "办理", actor=None)
    with connection.execute_wrapper(_no_links):
        trail.record("test", "办理", actor=None)
    settings.AUDIT_ANCHOR = writable / "no" / "such" / "folder"
    trail.record("test", "办理", actor=None)
    settings.AUDIT_ANCHOR = writable
    trail.record("test", "办理", actor=None)
    assert Link.objects.count() == 4
    assert trail.verify().findings == []


def _no_links(execute, sql, *args):
    if sql.startswith('INSERT INTO "audit_link"'):
        raise DatabaseError("no room")
    return execute(sql, *args)


@pytest.mark.race
def test_twenty_at_once_make_one_chain(at_once):
    at_once(*[lambda: trail.record("test", "办理", actor=None)] * 20)
    trail.seal()
    assert sorted(Link.objects.values_list("position", flat=True)) == list(range(1, 21))
    assert trail.verify() == trail.Verdict(20, trail.kept_outside(), [])


# Nothing is changed: the database refuses


@pytest.mark.race
@pytest.mark.parametrize("model", [Record, Link])
def test_the_database_refuses_to_change_or_remove_a_row(chain, model):
    table = model._meta.db_table
    columns = ", ".join(field.column for field in model._meta.fields)
    raw = [f"UPDATE {table} SET id = id", f"DELETE FROM {table}"]
    if connection.vendor == "postgresql":
        raw += [f"TRUNCATE {table} CASCADE"]
    else:
        raw += [f"INSERT OR REPLACE INTO {table} ({columns}) SELECT {columns} FROM {table}"]
    name = model._meta.fields[1].name
    acts = [
        lambda: model.objects.update(**{name: F(name)}),
        lambda: model.objects.all()._raw_delete("default"),
        lambda: model.objects.first().save(),
        *(lambda sql=sql: connection.cursor().execute(sql) for sql in raw),
    ]
    before = list(model.objects.values())
    connection.check_constraints()  # PostgreSQL truncates nothing that has yet to be checked
    for act in acts:
        with pytest.raises(DatabaseError, match=append_only.REFUSAL), transaction.atomic():
            act()
    assert list(model.objects.values()) == before


# And if somebody gets past it: everything is found

Tampering = Callable[[random.Random], None]


def change_a_field(chance: random.Random, name: str = "") -> None:
    field = name or chance.choice(FIELDS)
    row = chance.choice(Record.objects.all())
    was = getattr(row, field)
    if field == "at":
        changed = was + timedelta(microseconds=chance.choice([1, -1]))
    else:
        changed = was + 1 if field == "actor_id" else f"{was} "
    Record.objects.filter(pk=row.pk).update(**{field: changed})


def remove_a_record(chance: random.Random) -> None:
    Record.objects.filter(pk=chance.choice(Record.objects.all()).pk)._raw_delete("default")


def remove_a_link(chance: random.Random) -> None:
    Link.objects.filter(position=chance.randint(1, LENGTH))._raw_delete("default")


def remove_a_record_and_close_the_gap(chance: random.Random) -> None:
    position = chance.randint(1, LENGTH - 1)
    link = Link.objects.get(position=position)
    Link.objects.filter(pk=link.pk)._raw_delete("default")
    Record.objects.filter(pk=link.record_id)._raw_delete("default")
    for following in Link.objects.filter(position__gt=position).order_by("position"):
        Link.objects.filter(pk=following.pk).update(position=F("position") - 1)


def insert_a_record(chance: random.Random) -> None:
    _insert(chance)


def _insert(chance: random.Random) -> Record:
    row = chance.choice(Record.objects.all())
    return Record.objects.create(at=row.at, actor="某人", verb="test", act="办理")


def insert_a_record_that_is_chained_with_the_next_act(chance: random.Random) -> None:
    row = chance.choice(Record.objects.filter(link__position__lt=LENGTH - 10))
    Record.objects.create(at=row.at, actor="某人", verb="test", act="办理")
    trail.record("test", "办理", actor=None)
    trail.seal()


def insert_a_link(chance: random.Random) -> None:
    position = chance.choice([0, LENGTH + 1, LENGTH + 9])
    Link.objects.create(position=position, record=_insert(chance), sha256=f"{position:064x}")


def swap_two_records(chance: random.Random) -> None:
    one, other = chance.sample(list(Record.objects.all()), 2)
    for row, taken in ((one, other), (other, one)):
        said = {name: getattr(taken, name) for name in FIELDS}
        Record.objects.filter(pk=row.pk).update(**said)


def swap_two_links(chance: random.Random) -> None:
    one, other = chance.sample(list(Link.objects.all()), 2)
    Link.objects.filter(pk=one.pk).update(record=-1)
    Link.objects.filter(pk=other.pk).update(record=one.record_id)
    Link.objects.filter(pk=one.pk).update(record=other.record_id)


def change_a_hash(chance: random.Random) -> None:
    links = Link.objects.filter(position=chance.randint(1, LENGTH))
    links.update(sha256=f"{chance.getrandbits(256):064x}")


def cut_off_the_tail(chance: random.Random) -> None:
    links = Link.objects.filter(position__gt=chance.randint(0, LENGTH - 1))
    records = list(links.values_list("record", flat=True))
    links._raw_delete("default")
    Record.objects.filter(pk__in=records)._raw_delete("default")


def cut_off_the_tail_and_go_on(chance: random.Random) -> None:
    cut_off_the_tail(chance)
    for _ in range(LENGTH + 5):
        trail.record("test", "办理", actor=None)
        trail.seal()


def change_a_record_and_redo_the_chain(chance: random.Random) -> None:
    change_a_field(chance)
    Link.objects.all()._raw_delete("default")
    trail.seal(everything=True)


TAMPERINGS: list[Tampering] = [
    *(partial(change_a_field, name=name) for name in FIELDS),
    change_a_hash,
    change_a_record_and_redo_the_chain,
    cut_off_the_tail,
    cut_off_the_tail_and_go_on,
    insert_a_link,
    insert_a_record,
    insert_a_record_that_is_chained_with_the_next_act,
    remove_a_link,
    remove_a_record,
    remove_a_record_and_close_the_gap,
    swap_two_links,
    swap_two_records,
]


def test_of_a_hundred_tamperings_a_hundred_are_found_and_of_none_nothing(chain, settings):
    chance = random.Random(2026)
    anchor = settings.AUDIT_ANCHOR.read_text()
    untouched = trail.verify()
    assert untouched == trail.Verdict(LENGTH, trail.head(), [])
    missed = []
    for number in range(100):
        tampering = TAMPERINGS[number % len(TAMPERINGS)]
        with transaction.atomic():
            append_only.lift(connection)
            tampering(chance)
            if not trail.verify().findings:
                missed.append((number, tampering))
            transaction.set_rollback(True)
        settings.AUDIT_ANCHOR.write_text(anchor)
        assert trail.verify() == untouched, "the next one would not be alone"
    assert missed == []


# The command


def verified(*arguments: str) -> str:
    said = StringIO()
    try:
        call_command("verify_audit", *arguments, stdout=said, stderr=said)
    except CommandError as error:
        return f"{said.getvalue()}{error} {error.returncode}"
    return said.getvalue()


def test_the_command_prints_an_end_that_a_later_one_is_held_against(chain):
    first = trail.head()
    assert verified() == f"共 {LENGTH} 条审计记录，没有发现异常。链尾 {first}\n"
    trail.record("test", "办理", actor=None)
    trail.seal()
    assert "没有发现异常" in verified("--head", str(first))
    refused = verified("--head", f"{LENGTH}:{'0' * 64}")
    assert f"第 {LENGTH} 环与链外保存的校验值不符" in refused
    assert refused.endswith("1")
    with pytest.raises(CommandError, match="应为“序号:校验值”"):
        call_command("verify_audit", "--head", "40")


def test_the_command_says_which_record_and_what(chain):
    append_only.lift(connection)
    Record.objects.filter(pk=chain[4].pk).update(target="别的企业")
    said = verified()
    assert f"第 5 环与其记录（编号 {chain[4].pk}：" in said
    assert "别的企业）不符" in said
    assert said.endswith("1")


def test_a_file_of_the_end_that_is_gone_or_spoilt_is_found(chain, settings):
    settings.AUDIT_ANCHOR.write_text("?")
    assert len(trail.verify().findings) == 1
    settings.AUDIT_ANCHOR.unlink()
    assert trail.verify().findings == ["链外保存链尾的文件 audit-anchor.json 不见了。"]

"""What makes the trail append-only: triggers that refuse to change or remove a row."""

from django.db.backends.base.base import BaseDatabaseWrapper

TABLES = {
    "audit_record": ("id",),
    "audit_link": ("id", "position", "record_id"),
}
"""The tables with the columns of which no value comes twice."""

REFUSAL = "the audit trail is append-only"


def statements(vendor: str) -> list[str]:
    """The SQL that puts the triggers in place."""
    if vendor == "postgresql":
        return [
            "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$",
            *(
                f"CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
                for table in TABLES
            ),
        ]
    return [
        f"CREATE TRIGGER {table}_{act}_kept BEFORE {act} ON {table} {when} "
        f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        for table, columns in TABLES.items()
        for act, when in (("update", ""), ("delete", ""), ("insert", _replaces(table, columns)))
    ]


def _replaces(table: str, columns: tuple[str, ...]) -> str:
    """SQLite's INSERT OR REPLACE removes a row without its trigger for deletions being asked."""
    known = " OR ".join(f"{column} = NEW.{column}" for column in columns)
    return f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {known})"


def lifting(vendor: str) -> list[str]:
    """The SQL that takes them away again, as a migration back needs it."""
    if vendor == "postgresql":
        return [f"DROP TRIGGER IF EXISTS {table}_kept ON {table}" for table in TABLES]
    return [
        f"DROP TRIGGER IF EXISTS {table}_{act}_kept"
        for table in TABLES
        for act in ("update", "delete", "insert")
    ]


def install(connection: BaseDatabaseWrapper) -> None:
    _execute(connection, statements(connection.vendor))


def lift(connection: BaseDatabaseWrapper) -> None:
    _execute(connection, lifting(connection.vendor))


def _execute(connection: BaseDatabaseWrapper, sql: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in sql:
            cursor.execute(statement)

"""What makes the trail append-only: triggers that refuse to change or remove a row."""

from django.db.backends.base.base import BaseDatabaseWrapper

TABLES = ("audit_record", "audit_link")
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
        f"CREATE TRIGGER {table}_{act}_kept BEFORE {act} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        for table in TABLES
        for act in ("update", "delete")
    ]


def lifting(vendor: str) -> list[str]:
    """The SQL that takes them away again, as a migration back needs it."""
    if vendor == "postgresql":
        return [f"DROP TRIGGER IF EXISTS {table}_kept ON {table}" for table in TABLES]
    return [
        f"DROP TRIGGER IF EXISTS {table}_{act}_kept"
        for table in TABLES
        for act in ("update", "delete")
    ]


def install(connection: BaseDatabaseWrapper) -> None:
    _execute(connection, statements(connection.vendor))


def lift(connection: BaseDatabaseWrapper) -> None:
    _execute(connection, lifting(connection.vendor))


def _execute(connection: BaseDatabaseWrapper, sql: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in sql:
            cursor.execute(statement)

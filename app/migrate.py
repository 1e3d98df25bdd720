"""Brings a database to a version of the schema, up or down, and tells where it stands."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, MetaData, create_engine, event, inspect, text

from app.db import engine_options, make_folder, prepare_engine
from app.settings import ROOT

MIGRATIONS = ROOT / "migrations"
DROP_TABLE = re.compile(r'DROP TABLE "?(\w+)"?$')
RENAME_TABLE = re.compile(r'ALTER TABLE "?_alembic_tmp_\w+"? RENAME TO "?(\w+)"?$')


class SchemaError(RuntimeError):
    """The database is not at the version that this software needs."""

    def __init__(self, found: str | None, expected: str) -> None:
        super().__init__(
            f"the database is at version {found or 'none'}, this software needs {expected}:"
            " run `flask --app wsgi db upgrade`"
        )
        self.found, self.expected = found, expected


class ForeignKeyError(RuntimeError):
    """A migration left rows that point to nothing; it was rolled back."""

    def __init__(self, rows: list[tuple[object, ...]]) -> None:
        super().__init__(f"{len(rows)} rows point to nothing, the first: {rows[0]}")
        self.rows = rows


def upgrade(url: str, revision: str = "head") -> None:
    """Runs the migrations up to `revision`, all or nothing."""
    from alembic import command

    with _migrating(url) as connection:
        command.upgrade(_config(connection), revision)


def downgrade(url: str, revision: str) -> None:
    """Runs the migrations down to `revision` ("base" for an empty database), all or nothing."""
    from alembic import command

    with _migrating(url) as connection:
        command.downgrade(_config(connection), revision)


def differences(url: str, metadata: MetaData) -> list[object]:
    """What the models have that the migrated database has not, and the reverse; empty when equal."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with _migrating(url) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))


def newest() -> str:
    """The version that this software needs: the last file in migrations/versions."""
    files = (MIGRATIONS / "versions").glob("[0-9][0-9][0-9][0-9]_*.py")
    return max(path.name[:4] for path in files)


def current(connection: Connection) -> str | None:
    """The version that the database is at, None when it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return str(found) if found else None


def require_newest(connection: Connection) -> None:
    """Raises SchemaError unless the database is exactly at the version needed."""
    found = current(connection)
    if found != newest():
        raise SchemaError(found, newest())


def _config(connection: Connection):  # type: ignore[no-untyped-def]  # alembic is imported when needed
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


@contextmanager
def _migrating(url: str) -> Iterator[Connection]:
    """A connection of its own: SQLite rebuilds tables, which enforced foreign keys would empty."""
    make_folder(url)
    engine = create_engine(**engine_options(url))
    prepare_engine(engine, foreign_keys=False)
    if engine.dialect.name == "sqlite":
        _keep_triggers(engine)
    try:
        with engine.begin() as connection:
            yield connection
            _check_foreign_keys(connection)
    finally:
        engine.dispose()


def _keep_triggers(engine: Engine) -> None:
    """SQLite alters a table by building it anew, and drops its triggers with the former one."""
    triggers: dict[str, list[str]] = {}

    @event.listens_for(engine, "before_cursor_execute")
    def remember(connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if dropped := DROP_TABLE.match(statement.strip()):
            query = "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?"
            triggers[dropped[1]] = list(connection.exec_driver_sql(query, (dropped[1],)).scalars())

    @event.listens_for(engine, "after_cursor_execute")
    def restore(connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if renamed := RENAME_TABLE.match(statement.strip()):
            for trigger in triggers.pop(renamed[1], []):
                connection.exec_driver_sql(trigger)


def _check_foreign_keys(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        rows = [tuple(row) for row in connection.exec_driver_sql("PRAGMA foreign_key_check")]
        if rows:
            raise ForeignKeyError(rows)

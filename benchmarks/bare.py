"""The least that Flask can do: one route, one insert, one commit. Connections are kept, one a thread."""

import os
import sqlite3
import threading
from typing import Any

import psycopg
from flask import Flask, request

URL = os.environ["DATABASE_URL"]
TABLE = "CREATE TABLE IF NOT EXISTS bare (unit INTEGER, item TEXT, value INTEGER)"
local = threading.local()
application = Flask(__name__)


def is_sqlite() -> bool:
    """Which of the two databases is measured."""
    return URL.startswith("sqlite:///")


def connect() -> Any:
    """A connection with the safety that the application's own ones have."""
    if not is_sqlite():
        return psycopg.connect(URL.replace("+psycopg", ""), autocommit=True)
    connection = sqlite3.connect(URL.removeprefix("sqlite:///"), timeout=10, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def connection() -> Any:
    """This thread's connection."""
    if not hasattr(local, "connection"):
        local.connection = connect()
    return local.connection


@application.post("/insert")
def insert() -> str:
    """Stores one answer."""
    row = (int(request.form["unit"]), request.form["item"], int(request.form["value"]))
    database = connection()
    if is_sqlite():
        database.execute("BEGIN IMMEDIATE")
        database.execute("INSERT INTO bare VALUES (?, ?, ?)", row)
        database.execute("COMMIT")
    else:
        database.execute("BEGIN")
        database.execute("INSERT INTO bare VALUES (%s, %s, %s)", row)
        database.execute("COMMIT")
    return "stored"


def prepare() -> None:
    """Makes the table; called once before the server starts."""
    with connect() as database:
        database.execute(TABLE)


def stored_rows() -> int:
    """How many inserts are in the database."""
    with connect() as database:
        count: int = database.execute("SELECT count(*) FROM bare").fetchone()[0]
    return count

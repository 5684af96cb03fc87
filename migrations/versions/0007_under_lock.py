"""What people wrote about themselves and to each other is kept under lock from now on: answers, reasons, accounts of queries.

What stood openly is locked with each person's own key, and the open columns go. What they leave behind in the file is
cleared away by `timebank migrate`, once this is done.
"""

import json

import sqlalchemy as sa
from alembic import context, op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

LISTS, TEXT = sa.JSON(), sa.Text()
# Table, open column, its kind, whether it may hold nothing, whose it is, and the key of the row.
COLUMNS = (
    ("answer", "words", LISTS, False, "member_id", ("member_id", "criterion")),
    ("introduction", "guide_reasons", LISTS, False, "guide_id", ("id",)),
    ("introduction", "other_reasons", LISTS, False, "other_id", ("id",)),
    ("proposal", "guide_reasons", LISTS, False, "guide_id", ("id",)),
    ("proposal", "other_reasons", LISTS, False, "other_id", ("id",)),
    ("proposal", "staff_reasons", sa.String(2000), False, "guide_id", ("id",)),
    ("proposal", "set_aside_note", sa.String(500), True, "other_id", ("id",)),
    ("left_out", "reason", sa.String(500), False, "member_id", ("round_id", "member_id")),
    ("telling", "words", TEXT, False, "member_id", ("query_id", "member_id")),
    ("query", "outcome_words", TEXT, False, "opened_by", ("id",)),
    ("reply", "words", sa.String(500), False, "member_id", ("id",)),
)
AT_ONCE = 500
ROUNDED_TO = 32


def upgrade():
    for table, name, kind, *rest in COLUMNS:
        # Said to the database itself: anything else would make the whole table anew on SQLite, and others refer to it.
        check = f"CONSTRAINT {op.f(f'ck_{table}_sealed_{name}')} CHECK (length(sealed_{name}) >= 33)"
        op.execute(f"ALTER TABLE {table} ADD COLUMN sealed_{name} {_typed(sa.LargeBinary())} {check}")
        _each_row(table, name, kind, *rest, act=_lock)
        op.execute(f"ALTER TABLE {table} DROP COLUMN {name}")


def downgrade():
    for table, name, kind, may_be_nothing, *rest in reversed(COLUMNS):
        empty = "" if may_be_nothing else f"NOT NULL DEFAULT '{'[]' if kind is LISTS else ''}'"
        op.execute(f"ALTER TABLE {table} ADD COLUMN {name} {_typed(kind)} {empty}")
        _each_row(table, name, kind, may_be_nothing, *rest, act=_unlock)
        op.execute(f"ALTER TABLE {table} DROP COLUMN sealed_{name}")


def _typed(kind):
    return kind.compile(op.get_bind().dialect)


def _each_row(table, name, kind, may_be_nothing, person, key, *, act):
    rows = sa.table(
        table,
        sa.column(name, kind),
        sa.column(f"sealed_{name}", sa.LargeBinary()),
        *(sa.column(column, sa.String() if column == "criterion" else sa.Uuid()) for column in {person, *key}),
    )
    change = rows.update().where(*(rows.c[part] == sa.bindparam(f"key_{part}") for part in key))
    connection = op.get_bind()
    found = connection.execute(sa.select(rows).order_by(*(rows.c[part] for part in key))).mappings().all()
    changes = [act(table, name, row, row[person], key, may_be_nothing) for row in found]
    changes = [change for change in changes if change]
    for start in range(0, len(changes), AT_ONCE):
        some = changes[start : start + AT_ONCE]
        column = f"sealed_{name}" if act is _lock else name
        connection.execute(change.values({column: sa.bindparam("value")}), some)


def _lock(table, name, row, person, key, may_be_nothing):
    if row[name] is None or (not row[name] and not may_be_nothing):
        return None
    words = json.dumps(row[name], ensure_ascii=False)
    words += " " * (-len(words) % ROUNDED_TO)
    locked = _keys().lock(words.encode(), person=person, place=_place(table, name, row, key))
    return {"value": locked, **{f"key_{part}": row[part] for part in key}}


def _unlock(table, name, row, person, key, _may_be_nothing):
    locked = row[f"sealed_{name}"]
    if locked is None:
        return None
    words = json.loads(_keys().unlock(locked, person=person, place=_place(table, name, row, key)))
    return {"value": words, **{f"key_{part}": row[part] for part in key}}


def _place(table, name, row, key):
    return f"{table}.sealed_{name}:{','.join(str(row[part]) for part in key)}"


def _keys():
    keys = context.config.attributes.get("keys")
    if keys is None:
        raise RuntimeError("there are rows to lock, and no keys were given")
    return keys

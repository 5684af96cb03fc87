"""What both databases hold of helplines by themselves."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError, IntegrityError

from tests.factories import NOON
from tests.helplines.test_service import added, checked
from timebank.errors import Conflict
from timebank.helplines.models import HelplineCheck

CHANGES = (
    "UPDATE helpline_check SET shown = 'x'",
    "UPDATE helpline_check SET id = id",
    "DELETE FROM helpline_check",
)
REPLACES = (
    "INSERT OR REPLACE INTO helpline_check SELECT id, bank_id, line, 'x', checked_by, checked_at FROM helpline_check"
)


def test_a_check_is_made_once_and_changed_deleted_replaced_and_emptied_by_nobody(session, coordinator, database):
    same = uuid4()
    first = checked(session, coordinator, check_id=same)
    session.commit()

    assert checked(session, coordinator, check_id=same, at=NOON + timedelta(days=1)).checked_at == first.checked_at
    for statement in (*CHANGES, REPLACES if database.is_sqlite else "TRUNCATE helpline_check"):
        with pytest.raises(DatabaseError, match="helplines: that a number was checked"):
            session.execute(text(statement))
        session.rollback()

    assert [(check.id, check.checked_at) for check in session.query(HelplineCheck)] == [(same, NOON)]


def test_a_line_is_added_once_and_taken_away_has_a_moment_and_a_person_or_neither(session, coordinator, outsider):
    same = uuid4()
    assert added(session, coordinator, line_id=same) is added(session, coordinator, line_id=same)
    with pytest.raises(Conflict):
        added(session, outsider, line_id=same)
    session.commit()

    with pytest.raises(IntegrityError):
        session.execute(text("UPDATE local_line SET taken_away_at = added_at"))
    session.rollback()

"""What somebody says, in the words of the day."""

from datetime import datetime

from sqlalchemy.orm import Session

from tests.factories import NOON
from timebank.consents import service
from timebank.consents.purposes import Purpose
from timebank.consents.service import Saying, Word, words_now
from timebank.members.models import Member


def say(session: Session, member: Member, key: tuple[Purpose, str], word: Word, *, at: datetime = NOON) -> bool:
    """Whether it was new."""
    purpose, criterion = key
    words = words_now(purpose, {}, criterion=criterion, label="it")
    return service.say(
        session, Saying(member=member, purpose=purpose, criterion=criterion, words=words, word=word), at=at
    )

"""A bank in which everything happened that can happen to hours, from a seed."""

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from ledger.accounts import AccountKind
from ledger.store import Ledger
from ledger.transfers import Transfer, TransferKind
from timebank.imports import leavers
from timebank.members import service as members
from timebank.members.models import Bank

START = datetime(2025, 1, 1, 9, 0, tzinfo=UTC)
NAMES = ("=HYPERLINK(1)", "Ada; two", 'Ben "B"', "Čeněk", "Dee\\ne", "Eve", "Fay", "Gil")
COORDINATOR = UUID(int=1)


def live(session: Session, *, seed: int, acts: int, posts: int = 0) -> Bank:
    """Posts, holds, confirmations, releases, lapses, frozen hours, reversals and reversals of reversals. `posts` more come
    first."""
    chance = random.Random(seed)
    bank = members.open_bank(session, name=f'Bank "{seed}"', at=START)
    accounts = [members.add_member(session, bank=bank, name=name, joined_on=START.date()).account_id for name in NAMES]
    ledger = members.ledger_of(session, bank)
    others = {
        leavers.gave_id(bank): AccountKind.LEAVER,
        leavers.received_id(bank): AccountKind.LEAVER,
        _id(chance): AccountKind.PARTNER,
        _id(chance): AccountKind.OPENING,
        _id(chance): AccountKind.LEAVER,
    }
    for account_id, kind in others.items():
        ledger.open_account(id=account_id, kind=kind)
    life = _Life(ledger, [*accounts, *others, bank.community_account_id], chance)
    life.post_many(posts + acts // 2)
    for number in range(acts // 2):
        life.act(START + timedelta(hours=5 * number))
    return bank


class _Life:
    def __init__(self, ledger: Ledger, accounts: list[UUID], chance: random.Random) -> None:
        self.ledger, self.accounts, self.chance = ledger, accounts, chance
        self.waiting: list[UUID] = []
        self.posted: list[UUID] = []

    def act(self, at: datetime) -> None:
        acts = [self.post, self.post, self.hold, self.hold]
        acts += [self.confirm, self.release, self.freeze] if self.waiting else []
        acts += [self.reverse, self.query] if self.posted else []
        self.chance.choice(acts)(at)
        if self.chance.random() < 0.2:
            lapsed = self.ledger.expire_due(at=at)
            self.waiting = [one for one in self.waiting if one not in lapsed]

    def post_many(self, count: int) -> None:
        transfers = [self.transfer(START) for _ in range(count)]
        self.ledger.post_many(transfers=transfers, at=START)
        self.posted += [transfer.id for transfer in transfers]

    def post(self, at: datetime) -> None:
        transfer = self.transfer(at)
        self.ledger.post(transfer=transfer, at=at)
        self.posted.append(transfer.id)

    def hold(self, at: datetime) -> None:
        transfer = self.transfer(at)
        expires_at = at + timedelta(days=2) if self.chance.random() < 0.5 else None
        self.ledger.hold(transfer=transfer, at=at, expires_at=expires_at)
        self.waiting.append(transfer.id)

    def confirm(self, at: datetime) -> None:
        one = self.take(self.waiting)
        if self.ledger.get(id=one).is_due(at):
            return
        self.ledger.confirm(id=one, by=COORDINATOR, at=at, minutes=self.chance.randint(1, 240))
        self.posted.append(one)

    def release(self, at: datetime) -> None:
        self.ledger.release(id=self.take(self.waiting), reason="taken back", at=at)

    def freeze(self, at: datetime) -> None:
        one = self.take(self.waiting)
        if not self.ledger.get(id=one).is_due(at):
            self.ledger.freeze(id=one, at=at)

    def reverse(self, at: datetime) -> None:
        reversal = _id(self.chance)
        self.ledger.reverse(id=self.take(self.posted), reversal_id=reversal, reason="wrong", at=at)
        self.posted.append(reversal)

    def query(self, at: datetime) -> None:
        """A reversal that waits: let go again, now and then more than once, or left waiting."""
        one = self.take(self.posted)
        for _ in range(self.chance.randint(0, 2)):
            reversal = _id(self.chance)
            self.ledger.reverse(id=one, reversal_id=reversal, reason="being checked", at=at, held=True)
            self.ledger.release(id=reversal, reason="it stands", at=at)
        self.ledger.reverse(id=one, reversal_id=_id(self.chance), reason="being checked", at=at, held=True)

    def take(self, ids: list[UUID]) -> UUID:
        return ids.pop(self.chance.randrange(len(ids)))

    def transfer(self, at: datetime) -> Transfer:
        giver, receiver = self.chance.sample(self.accounts, 2)
        return Transfer(
            id=_id(self.chance), giver=giver, receiver=receiver, minutes=self.chance.randint(1, 600),
            happened_on=(at - timedelta(days=self.chance.randint(0, 40))).date(), kind=TransferKind.EXCHANGE,
            recorded_by=giver,
        )  # fmt: skip


def _id(chance: random.Random) -> UUID:
    return UUID(int=chance.getrandbits(128), version=4)

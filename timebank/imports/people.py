"""Bringing the people file into a scheme of a bank: members, their parts in the scheme, and their answers.

The same id in the same bank is the same person, whichever scheme the file is for. What somebody has answered here themselves is
never written over. Experiences, identities and musts stay unused until their owner says yes here, unless the file says in its
column `agreed` that the charity holds that yes; whether anybody is shown them, each person says here themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from matching import Person
from matching.peoplefile import FOR_THE_BANK, PeopleFile, read_people
from matching.tables import read_table
from matching.words import fold
from timebank.apart import service as apart
from timebank.consents import service as consents
from timebank.consents.models import Source
from timebank.consents.purposes import ASKED_FIRST, Purpose
from timebank.consents.service import HELD_BY_CHARITY, Saying, Word
from timebank.console import Moved, nobody_looks
from timebank.imports import reads
from timebank.imports.cells import FileRefused, Sheet
from timebank.imports.models import ImportBatch, ImportedMember, ImportedPart, ImportKind
from timebank.imports.service import bring_back, refuse_look_alikes, remember
from timebank.members import names
from timebank.members import service as members
from timebank.members.models import Bank, Member, MemberStatus
from timebank.profiles import reads as profiles
from timebank.profiles.criteria import QUESTIONS
from timebank.profiles.models import Answer
from timebank.schemes import service as schemes
from timebank.schemes.models import BankScheme, SchemeMembership, Side

LONGEST_ID, LONGEST_ROLES, MOST_CAPACITY = 120, 200, 50
# There is no place for these here yet; the command says so instead of losing them unseen.
NOT_KEPT = ("stage", "ended_with", "kept_with")
ONE_WAY = "one-way"


@dataclass(frozen=True, kw_only=True)
class TheirPeople:
    file: str
    people: tuple[Person, ...]
    warnings: tuple[str, ...]
    rows: Mapping[str, int]  # where each id stands
    agreed: Mapping[str, frozenset[str]]  # by id: for which answers the charity holds their yes


@dataclass(frozen=True, kw_only=True)
class PeoplePlan:
    new: tuple[Person, ...]
    back: tuple[Person, ...]  # came with an import that was undone
    joining: tuple[Person, ...]  # members by an earlier file, new to this scheme
    left: tuple[Person, ...]  # have left the bank since: not brought back

    @property
    def all(self) -> tuple[Person, ...]:
        return (*self.new, *self.back, *self.joining)


def read_file(path: Path, *, scheme: BankScheme, today: date) -> TheirPeople:
    """Raises FileRefused with everything the bank cannot take, PeopleRefused with everything the engine cannot read."""
    read = read_people(path)
    sheet = Sheet(path)
    if not read.people:
        sheet.problem(fix="The file names its columns and nobody under them. Is it the right one?")
    _check_against_bank(sheet, read, scheme, today)
    agreed = _read_agreed(sheet, read)
    if sheet.problems:
        raise FileRefused(sheet.problems)
    warnings = (*read.warnings, *_not_kept(read.people))
    return TheirPeople(file=str(path), people=read.people, warnings=warnings, rows=read.rows, agreed=agreed)


def _read_agreed(sheet: Sheet, read: PeopleFile) -> dict[str, frozenset[str]]:
    """Only of what is asked first: the other answers may be used because they were given for that."""
    table = read_table(sheet.path, key="id")
    names = [fold(cell).replace(" ", "_") for cell in table.header]
    (column,) = FOR_THE_BANK
    if column not in names:
        return {}
    whose = {row: name for name, row in read.rows.items()}
    agreed = {}
    for row, cells in table.rows:
        said = frozenset(fold(part) for part in cells[names.index(column)].split(";") if part.strip())
        for name in sorted(said - ASKED_FIRST):
            fix = f"Write for which answers the charity holds their yes: {', '.join(sorted(ASKED_FIRST))}, parted by semicolons."
            sheet.problem(row=row, column=column, value=name, fix=fix)
        agreed[whose[row]] = said
    return agreed


def _check_against_bank(sheet: Sheet, read: PeopleFile, scheme: BankScheme, today: date) -> None:
    youngest = profiles.youngest_year(today)
    for person in read.people:
        row = read.rows.get(person.id, 0)
        if len(person.id) > LONGEST_ID:
            sheet.problem(
                row=row, column="id", value=person.id, fix=f"The id is longer than {LONGEST_ID} letters. Shorten it."
            )
        else:
            _check_name(sheet, row, person.id)
        if scheme.rules.shape == ONE_WAY and not person.side:
            sheet.problem(row=row, column="side", fix="This scheme needs a side. Write offer, seek or both.")
        if person.capacity > MOST_CAPACITY:
            fix = f"Nobody here supports more than {MOST_CAPACITY} people at a time. Write a smaller number."
            sheet.problem(row=row, column="capacity", value=str(person.capacity), fix=fix)
        if person.born is not None and person.born > youngest:
            fix = f"Nobody joins who is not yet eighteen. Write a year up to {youngest}, or take the row out."
            sheet.problem(row=row, column="born", value=str(person.born), fix=fix)
        if len(";".join(person.roles)) > LONGEST_ROLES:
            fix = f"The records are longer than {LONGEST_ROLES} letters together. Shorten them."
            sheet.problem(row=row, column="roles", value=";".join(person.roles), fix=fix)


def _check_name(sheet: Sheet, row: int, name: str) -> None:
    """The id is what they are called by until they say otherwise."""
    try:
        names.checked(name)
    except names.NameRefused as refused:
        sheet.problem(row=row, column="id", value=name, fix=refused.sentence)


def _not_kept(people: tuple[Person, ...]) -> list[str]:
    counts = {column: sum(1 for person in people if getattr(person, column) not in {None, ()}) for column in NOT_KEPT}
    warnings = [
        f"{column} is in the file for {count} people and cannot be kept here yet."
        for column, count in counts.items()
        if count
    ]
    weighed = sum(1 for person in people if set(person.importance) - set(QUESTIONS) - {"age"})
    if weighed:
        warnings.append(f"importance of single kinds of identity, for {weighed} people, cannot be kept here yet.")
    return warnings


def plan_people(session: Session, *, bank: Bank, scheme: BankScheme, theirs: TheirPeople) -> PeoplePlan:
    """Writes nothing. Raises FileRefused."""
    known = reads.known_members(session, bank.id, ImportKind.PEOPLE)
    undone = reads.undone_batches(session, bank.id)
    taking_part = set(
        session.scalars(select(SchemeMembership.member_id).where(SchemeMembership.scheme_id == scheme.id))
    )
    sorted_out: dict[str, list[Person]] = {"new": [], "back": [], "joining": [], "left": []}
    for person in theirs.people:
        if person.id not in known:
            sorted_out["new"].append(person)
            continue
        imported, member = known[person.id]
        if member.status is MemberStatus.LEFT:
            sorted_out["back" if imported.batch_id in undone else "left"].append(person)
        elif member.id not in taking_part:
            sorted_out["joining"].append(person)
    rows = [(theirs.rows[person.id], person.id) for person in sorted_out["new"]]
    refuse_look_alikes(session, bank=bank, file=theirs.file, column="id", rows=rows)
    return PeoplePlan(**{name: tuple(found) for name, found in sorted_out.items()})


def import_people(
    session: Session,
    *,
    bank: Bank,
    scheme: BankScheme,
    theirs: TheirPeople,
    at: datetime,
    today: date,
    moved: Moved = nobody_looks,
) -> tuple[PeoplePlan, ImportBatch | None]:
    """Writes what is new. No batch when nothing is."""
    session.execute(select(Bank.id).where(Bank.id == bank.id).with_for_update())
    plan = plan_people(session, bank=bank, scheme=scheme, theirs=theirs)
    if not plan.all:
        return plan, None
    batch = ImportBatch(id=uuid4(), bank_id=bank.id, kind=ImportKind.PEOPLE, files=[theirs.file], imported_at=at)
    session.add(batch)
    session.flush()
    arrival = _Arrival(session, bank=bank, scheme=scheme, batch=batch, today=today, agreed=theirs.agreed)
    for done, person in enumerate(plan.all, start=1):
        arrival.bring(person)
        moved(done)
    arrival.keep_apart(theirs.people, at=at)
    arrival.say_what_was_agreed(at=at)
    session.flush()
    return plan, batch


class _Arrival:
    """One import while it writes."""

    def __init__(
        self,
        session: Session,
        *,
        bank: Bank,
        scheme: BankScheme,
        batch: ImportBatch,
        today: date,
        agreed: Mapping[str, frozenset[str]],
    ) -> None:
        self.session, self.bank, self.scheme, self.batch, self.today = session, bank, scheme, batch, today
        self.agreed = agreed
        self.said: list[Saying] = []
        self.known: dict[str, tuple[ImportedMember, Member]] = reads.known_members(session, bank.id, ImportKind.PEOPLE)
        self.members: dict[str, Member] = {number: member for number, (_, member) in self.known.items()}

    def bring(self, person: Person) -> None:
        member = self._member(person)
        self._join(member, person)
        self._answer(member, person)

    def _member(self, person: Person) -> Member:
        if person.id not in self.known:
            member = members.add_member(self.session, bank=self.bank, name=person.id, joined_on=self._since(person))
            remember(self.session, batch=self.batch, number=person.id, member=member)
            self.members[person.id] = member
            return member
        imported, member = self.known[person.id]
        if member.status is MemberStatus.LEFT:
            bring_back(imported, member, self.batch)
        return member

    def _join(self, member: Member, person: Person) -> None:
        side, roles = Side(person.side or Side.BOTH), ";".join(person.roles)
        part = self.session.get(SchemeMembership, (self.scheme.id, member.id))
        if part is None:
            part = schemes.join(
                self.session, member=member, scheme=self.scheme, side=side, on=self._since(person),
                capacity=person.capacity, roles=roles,
            )  # fmt: skip
        part.is_stepped_back = False
        came_with = self.session.get(ImportedPart, (self.scheme.id, member.id))
        if came_with is not None:
            came_with.batch_id = self.batch.id
            return
        self.session.add(
            ImportedPart(scheme_id=self.scheme.id, member_id=member.id, bank_id=self.bank.id, batch_id=self.batch.id)
        )

    def _answer(self, member: Member, person: Person) -> None:
        said_here = profiles.answers_of(self.session, member.id)
        for criterion, question in QUESTIONS.items():
            words = _words(person, criterion)
            if not words or criterion in said_here:
                continue
            name = "age" if criterion == "born" else criterion
            importance = person.importance.get(name, 1)
            self.session.add(Answer(member_id=member.id, criterion=criterion, words=words, importance=importance))
            if question.is_sensitive:
                if criterion in self.agreed.get(person.id, ()):
                    self._say(member, Purpose.USE, criterion, Word.YES)
                continue
            if not person.answers.uses(name):
                self._say(member, Purpose.USE, criterion, Word.TAKE_BACK)
            if person.answers.shows(name):
                self._say(member, Purpose.SHOW, criterion, Word.YES)

    def _say(self, member: Member, purpose: Purpose, criterion: str, word: Word) -> None:
        self.said.append(
            Saying(
                member=member,
                purpose=purpose,
                criterion=criterion,
                words=HELD_BY_CHARITY,
                word=word,
                source=Source.FILE,
            )
        )

    def say_what_was_agreed(self, *, at: datetime) -> None:
        self.session.flush()
        consents.say_many(self.session, self.said, at=at)

    def _since(self, person: Person) -> date:
        return person.waiting_since or self.today

    def keep_apart(self, people: tuple[Person, ...], *, at: datetime) -> None:
        """Of everybody in the file: somebody known may have said so since. An id nobody has here names nobody."""
        for person in people:
            for other in person.not_with:
                if person.id in self.members and other in self.members and person.id != other:
                    apart.choose(self.session, member=self.members[person.id], other=self.members[other], at=at)


def _words(person: Person, criterion: str) -> list[str]:
    if criterion == "born":
        return [] if person.born is None else [str(person.born)]
    return list(getattr(person, criterion))

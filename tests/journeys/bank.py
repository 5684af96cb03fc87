"""A bank with a handful of people, made by the same services that the pages call."""

from datetime import timedelta
from uuid import uuid4

from sqlalchemy.orm import Session

from tests.demonstration.inventing import CONFIG
from tests.factories import tell
from tests.journeys.site import Site
from timebank import clock
from timebank.db import Database
from timebank.hours import service as hours
from timebank.matches import service as matches
from timebank.members import service as members
from timebank.members.models import Bank, Member
from timebank.schemes import service as schemes
from timebank.schemes.models import BankScheme, Side
from timebank.signin import passwords, sealing
from timebank.signin.models import CodeApp, User

PASSWORD = "three or four words"
# What the apps of Cora and the like share with the server: who looks after others has a second step.
APP = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


class SmallBank:
    """Cora looks after it. Everybody signs in with their first name in small letters."""

    def __init__(self, database: Database, site: Site) -> None:
        assert site.app
        self.database = database
        with site.app.app_context():
            self._hashed = passwords.to_keep(PASSWORD)
        with database.writing() as session:
            bank = members.open_bank(session, name="Riverside", at=clock.now())
            schemes.start_scheme(session, bank=bank, preset="fanon", name="Side by side")
            self.bank_id = bank.id
        self.add("Cora", coordinates=True)

    def add(
        self,
        name: str,
        *,
        side: Side | None = None,
        likes: tuple[str, ...] = (),
        coordinates: bool = False,
        has_app: bool | None = None,
    ) -> None:
        with self.database.writing() as session:
            bank = session.get_one(Bank, self.bank_id)
            member = members.add_member(session, bank=bank, name=name, joined_on=clock.today())
            user = User(id=uuid4(), member_id=member.id, sign_in_name=name.casefold(), password=self._hashed)
            session.add(user)
            if coordinates:
                schemes.make_coordinator(session, member=member)
            if coordinates if has_app is None else has_app:
                sealed = sealing.seal(APP, secret=CONFIG.secret_key, owner=user.id)
                session.flush()
                session.add(CodeApp(user_id=user.id, sealed=sealed, last_step=0, made_at=clock.now()))
            if side:
                scheme = self._scheme(session)
                roles = "mentor" if side is Side.OFFER else ""
                schemes.join(session, member=member, scheme=scheme, side=side, on=clock.today(), roles=roles)
            for criterion, words in {"languages": ["English"], "goals": list(likes)}.items():
                if side and words:
                    tell(session, member=member, criterion=criterion, words=words, is_shown=True)

    def introduce(self) -> None:
        """A round that was tried and sent."""
        with self.database.writing() as session:
            cora = self._member(session, "Cora")
            tried = matches.try_round(
                session,
                scheme_id=self._scheme(session).id,
                coordinator=cora,
                on=clock.today(),
                at=clock.now(),
                seed=1,
            )
            matches.send_round(session, round_id=tried.id, coordinator=cora, at=clock.now())

    def log(self, giver: str, receiver: str, minutes: int, words: str, *, confirmed: bool) -> None:
        with self.database.writing() as session:
            one, other = self._member(session, giver), self._member(session, receiver)
            log = hours.log_hours(
                session,
                log_id=uuid4(),
                member=one,
                partner=other,
                is_given=True,
                minutes=minutes,
                happened_on=clock.today() - timedelta(days=1),
                at=clock.now(),
                words=words,
            )
            if confirmed:
                hours.confirm_hours(session, log_id=log.id, member=other, at=clock.now())

    def _scheme(self, session: Session) -> BankScheme:
        return session.query(BankScheme).filter_by(bank_id=self.bank_id).one()

    def _member(self, session: Session, name: str) -> Member:
        return session.query(Member).filter_by(bank_id=self.bank_id, name=name).one()

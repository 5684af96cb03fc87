"""The register: every column that says something about a person, what for, how long, who may see it, and what becomes of it.

It is one file, and it is what the app goes by: the pages "What is kept about me" and the copy of one's own record are made
from it, and forgetting somebody follows it row by row. A test holds it against the tables, so a new column that is not
named here stops the build. Periods and legal grounds are the product's suggestion; a charity may decide otherwise
(docs/privacy/).
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Ground(StrEnum):
    """Why the law allows it (UK GDPR, Articles 6 and 9)."""

    CONSENT = "you told us, and may take it back at any time"
    INTERESTS = "the time bank cannot work without it"
    SAFETY = "it keeps you and others safe"


class Gone(StrEnum):
    """What becomes of a row when the person is forgotten."""

    DELETED = "deleted"
    BLANKED = "its words are deleted; that it was there stays, under nobody's name"
    STAYS = "stays, under nobody's name, because other people's hours and answers hang on it"


class Until(StrEnum):
    FORGOTTEN = "until you ask to be forgotten, or a year after you left"
    SHORT = "some minutes to some weeks; it ends by itself"
    BOOKS = "as long as the time bank has books"


YOU, PARTNERS, STAFF, NOBODY = "you", "whom you exchange hours with", "coordinators", "nobody"


@dataclass(frozen=True, kw_only=True)
class Kept:
    """One table. `whose`: the columns that say whose row it is. `says`: what its columns say, those that are about a person.

    `given` names the part of one's own copy in which it comes; where it does not come, `not_given` says why.
    """

    what: str
    why: str
    ground: Ground
    until: Until
    seen_by: tuple[str, ...]
    whose: tuple[str, ...]
    says: tuple[str, ...]
    gone: Gone
    through: str | None = None  # the rows belong to sign-ins, and those to people
    given: str | None = None
    not_given: str | None = None
    blanks: dict[str, object] = field(default_factory=dict)  # what is left in a row that is blanked


PERSONAL: dict[str, Kept] = {
    "member": Kept(
        what="Your name, your code, since when you are here and whether you take a break",
        why="to call you by your name, and so that others can find you by your code",
        ground=Ground.INTERESTS,
        until=Until.FORGOTTEN,
        seen_by=(YOU, PARTNERS, STAFF),
        whose=("id",),
        says=("id", "name", "code", "account_id", "status", "joined_on", "left_at", "forgotten_at"),
        gone=Gone.BLANKED,
        given="me",
    ),
    "user_sign_in": Kept(
        what="The name you sign in with, and a scrambled form of your password",
        why="so that only you can sign in as you",
        ground=Ground.INTERESTS,
        until=Until.FORGOTTEN,
        seen_by=(YOU,),
        whose=("member_id",),
        says=("id", "sign_in_name", "password", "active", "fs_uniquifier"),
        gone=Gone.DELETED,
        given="sign_in",
    ),
    "held_sign_in": Kept(
        what="In which browsers you are signed in",
        why="so that you stay signed in, and can end it from elsewhere",
        ground=Ground.INTERESTS,
        until=Until.SHORT,
        seen_by=(YOU,),
        whose=("user_id",),
        through="user_sign_in",
        says=("id", "id_hash", "data", "browser", "began_at", "seen_at"),
        gone=Gone.DELETED,
        given="signed_in_at",
    ),
    "known_device": Kept(
        what="A random number for each device you signed in on",
        why="so that a stranger who tries your name cannot lock you out",
        ground=Ground.INTERESTS,
        until=Until.SHORT,
        seen_by=(NOBODY,),
        whose=("user_id",),
        through="user_sign_in",
        says=("id_hash", "expires_at"),
        gone=Gone.DELETED,
        not_given="it is a random number that says nothing",
    ),
    "one_time_code": Kept(
        what="That a code was made for you to sign in with, when, and by whom",
        why="so that you can begin, and see who made it",
        ground=Ground.INTERESTS,
        until=Until.FORGOTTEN,
        seen_by=(YOU,),
        whose=("member_id",),
        says=("id", "code_hash", "issued_by", "issued_at", "expires_at", "used_at"),
        gone=Gone.DELETED,
        given="codes",
    ),
    "code_app": Kept(
        what="That an app makes codes for your second step, and what it and the server both know",
        why="so that a password alone lets nobody in as you",
        ground=Ground.INTERESTS,
        until=Until.FORGOTTEN,
        seen_by=(YOU,),
        whose=("user_id",),
        through="user_sign_in",
        says=("sealed", "last_step", "made_at"),
        gone=Gone.DELETED,
        given="second_step",
    ),
    "recovery_code": Kept(
        what="A scrambled form of each of your spare codes",
        why="for the day on which your telephone is gone",
        ground=Ground.INTERESTS,
        until=Until.FORGOTTEN,
        seen_by=(NOBODY,),
        whose=("user_id",),
        through="user_sign_in",
        says=("code_hash", "used_at"),
        gone=Gone.DELETED,
        not_given="they are scrambled and say nothing; how many are left stands under My sign-in",
    ),
    "passkey": Kept(
        what="The public half of each of your passkeys, and what you called it",
        why="so that your own device lets you in",
        ground=Ground.INTERESTS,
        until=Until.FORGOTTEN,
        seen_by=(YOU,),
        whose=("user_id",),
        through="user_sign_in",
        says=("id", "credential_id", "public_key", "sign_count", "name", "made_at", "used_at"),
        gone=Gone.DELETED,
        given="passkeys",
    ),
    "sign_in_event": Kept(
        what="What has happened with your sign-in, and when",
        why="so that you notice if it was not you",
        ground=Ground.SAFETY,
        until=Until.FORGOTTEN,
        seen_by=(YOU,),
        whose=("member_id",),
        says=("id", "what", "at", "about", "told_at"),
        gone=Gone.DELETED,
        given="what_happened_with_it",
    ),
    "audit_event": Kept(
        what="Who looked at what is yours, what they did for you, and why",
        why="so that nobody looks without a reason",
        ground=Ground.SAFETY,
        until=Until.BOOKS,
        seen_by=(YOU, "whoever runs the time bank"),
        whose=("about_id", "actor_id"),
        says=("noted_at", "actor", "act", "record", "record_id", "reason", "case_id", "digest"),
        gone=Gone.STAYS,
        not_given="it has a page and a file of its own: Who has looked",
    ),
    "weighty_act": Kept(
        what="What was asked for about you, or by you about others who look after the time bank, and who decided",
        why="so that no one person can take over somebody else’s way in, or name themselves helpers",
        ground=Ground.SAFETY,
        until=Until.BOOKS,
        seen_by=("whom it is about", STAFF),
        whose=("asked_by",),
        says=("kind", "asked_at", "runs_out_at", "sealed_reason", "state", "decided_at"),
        gone=Gone.BLANKED,
        blanks={"sealed_reason": None},
        given="asked_a_second_person",
    ),
    "safety_hold": Kept(
        what="That you are told later who has looked, where somebody's safety asks for it",
        why="so that somebody who is looking into a danger is not given away",
        ground=Ground.SAFETY,
        until=Until.BOOKS,
        seen_by=("you, once it is over",),
        whose=("about_id", "looker_id"),
        says=("id", "set_at", "days", "reason", "ended_at"),
        gone=Gone.STAYS,
        not_given="it would undo what it is for; Who has looked tells you once it is over",
    ),
    "concern": Kept(
        what="That you told somebody about a worry, and when",
        why="so that it is looked into, and nobody can make it vanish",
        ground=Ground.SAFETY,
        until=Until.BOOKS,
        seen_by=(YOU, "those who look into it"),
        whose=("teller_id",),
        says=("id", "in_danger", "told_at"),
        gone=Gone.STAYS,
        not_given="how far it is stands under Tell someone, and is not put into a file that others may find",
    ),
    "concern_text": Kept(
        what="What you told somebody about a worry, sealed",
        why="so that only those who look into it can read it",
        ground=Ground.SAFETY,
        until=Until.BOOKS,
        seen_by=("those who look into it",),
        whose=("by_id",),
        says=("id", "place", "kind", "written_at", "sealed"),
        gone=Gone.STAYS,
        not_given="it is sealed: this computer itself cannot read it",
    ),
    "concern_step": Kept(
        what="Each step in looking into a worry: who opened it, and when",
        why="so that nothing is left lying, and nobody can make it vanish",
        ground=Ground.SAFETY,
        until=Until.BOOKS,
        seen_by=("those who look into it",),
        whose=("by_id", "to_id"),
        says=("kind", "at"),
        gone=Gone.STAYS,
        not_given="how far it is stands under Tell someone, and is not put into a file that others may find",
    ),
    "conflict": Kept(
        what="Who is close to you, where you or somebody else who looks after others said so",
        why="so that nobody decides about, or hears of, those who are close to them",
        ground=Ground.SAFETY,
        until=Until.FORGOTTEN,
        seen_by=("whoever said so",),
        whose=("member_id", "other_id"),
        says=("kind", "recorded_at"),
        gone=Gone.DELETED,
        not_given="it names somebody else",
    ),
    "lead": Kept(
        what="That you are one of those who look into worries, and since when",
        why="so that somebody does",
        ground=Ground.SAFETY,
        until=Until.BOOKS,
        seen_by=(YOU, "whoever runs the time bank"),
        whose=("member_id",),
        says=("id", "place", "appointed_at", "left_at"),
        gone=Gone.STAYS,
        given="looks_into_worries",
    ),
    "answer": Kept(
        what="What you wrote about yourself in your profile",
        why="to find people who suit you; each answer only as far as you said we may",
        ground=Ground.CONSENT,
        until=Until.FORGOTTEN,
        seen_by=(YOU, "somebody we propose to you, where you said so"),
        whose=("member_id",),
        says=("criterion", "sealed_words", "is_shown", "is_used", "importance"),
        gone=Gone.DELETED,
        given="answers",
    ),
    "scheme_membership": Kept(
        what="What you take part in, on which side, for how many people, since when",
        why="to make introductions",
        ground=Ground.CONSENT,
        until=Until.FORGOTTEN,
        seen_by=(YOU, STAFF),
        whose=("member_id",),
        says=("side", "capacity", "is_stepped_back", "waiting_since", "roles"),
        gone=Gone.DELETED,
        given="takes_part_in",
    ),
    "coordinator": Kept(
        what="That you look after the time bank or a part of it",
        why="so that you can do it",
        ground=Ground.INTERESTS,
        until=Until.FORGOTTEN,
        seen_by=(YOU,),
        whose=("member_id",),
        says=("id", "scheme_id"),
        gone=Gone.DELETED,
        given="looks_after",
    ),
    "hour_log": Kept(
        what="Hours you gave and received: the day, how long, and what for in the words of whoever wrote it down",
        why="it is what a time bank does",
        ground=Ground.INTERESTS,
        until=Until.BOOKS,
        seen_by=(YOU, "the other person of those hours", "a coordinator who settles a check of them"),
        whose=("logged_by", "giver_id", "receiver_id"),
        says=("logged_at", "happened_on", "minutes", "words", "by_code", "with_leaver", "replaces_id"),
        gone=Gone.BLANKED,
        blanks={"words": ""},
        given="hours",
    ),
    "imported_row": Kept(
        what="What hours were for, as it stood in the books that were brought here",
        why="so that the same file brings nothing twice",
        ground=Ground.INTERESTS,
        until=Until.BOOKS,
        seen_by=(NOBODY,),
        whose=("transfer_id",),
        through="hour_log",
        says=("stamp", "words", "is_undone"),
        gone=Gone.BLANKED,
        blanks={"words": ""},
        not_given="the same words come with your hours",
    ),
    "imported_member": Kept(
        what="The number you had in the books that were brought here",
        why="so that the same file brings you only once",
        ground=Ground.INTERESTS,
        until=Until.FORGOTTEN,
        seen_by=(NOBODY,),
        whose=("member_id",),
        says=("kind", "number"),
        gone=Gone.DELETED,
        given="came_as",
    ),
    "imported_part": Kept(
        what="Which file said that you take part in something",
        why="so that the file can be taken back",
        ground=Ground.INTERESTS,
        until=Until.FORGOTTEN,
        seen_by=(NOBODY,),
        whose=("member_id",),
        says=(),
        gone=Gone.DELETED,
        not_given="it says only which file, and that comes with your number",
    ),
    "introduction": Kept(
        what="To whom you were introduced or nearly so, why we thought of it, and what you answered",
        why="to introduce people to each other, and never the same two again who did not want to",
        ground=Ground.CONSENT,
        until=Until.FORGOTTEN,
        seen_by=(YOU,),
        whose=("guide_id", "other_id"),
        says=(
            "is_symmetric",
            "sealed_guide_reasons",
            "sealed_other_reasons",
            "state",
            "sent_at",
            "answer_by",
            "guide_said_yes",
            "other_said_yes",
            "closed_at",
        ),
        gone=Gone.BLANKED,
        blanks={"sealed_guide_reasons": None, "sealed_other_reasons": None},
        given="introductions",
    ),
    "proposal": Kept(
        what="Whom the last rounds put you together with, and why",
        why="so that a coordinator can look before anybody is asked",
        ground=Ground.CONSENT,
        until=Until.FORGOTTEN,
        seen_by=(STAFF,),
        whose=("guide_id", "other_id"),
        says=(
            "place",
            "sealed_guide_reasons",
            "sealed_other_reasons",
            "sealed_staff_reasons",
            "introduction_id",
            "sealed_set_aside_note",
        ),
        gone=Gone.DELETED,
        not_given="it would tell about somebody you were not introduced to; what you were asked comes with introductions",
    ),
    "left_out": Kept(
        what="That a round found nobody for you, and why",
        why="so that a coordinator can look for somebody",
        ground=Ground.CONSENT,
        until=Until.FORGOTTEN,
        seen_by=(STAFF,),
        whose=("member_id",),
        says=("sealed_reason",),
        gone=Gone.DELETED,
        given="nobody_found",
    ),
    "relationship": Kept(
        what="With whom you are or were together, since when and until when",
        why="so that you can log hours together, and a coordinator is nobody's judge who knows them",
        ground=Ground.INTERESTS,
        until=Until.BOOKS,
        seen_by=(YOU, "the other one"),
        whose=("guide_id", "other_id"),
        says=("started_at", "ended_at"),
        gone=Gone.STAYS,
        given="together",
    ),
    "not_with": Kept(
        what="With whom you do not want to be brought together",
        why="so that it never happens",
        ground=Ground.SAFETY,
        until=Until.FORGOTTEN,
        seen_by=(NOBODY,),
        whose=("member_id",),
        says=("said_at",),
        gone=Gone.DELETED,
        given="kept_apart",
    ),
    "offer": Kept(
        what="What you offered and asked for",
        why="so that others can answer",
        ground=Ground.CONSENT,
        until=Until.FORGOTTEN,
        seen_by=(YOU, "members, without your name"),
        whose=("member_id",),
        says=("kind", "title", "words", "posted_at", "closed_at"),
        gone=Gone.BLANKED,
        blanks={"title": "Taken away", "words": ""},
        given="offers",
    ),
    "reply": Kept(
        what="What you answered to offers and asks",
        why="so that whoever posted it can say yes",
        ground=Ground.CONSENT,
        until=Until.FORGOTTEN,
        seen_by=(YOU, "whoever posted it"),
        whose=("member_id",),
        says=("sealed_words", "replied_at", "said_yes"),
        gone=Gone.BLANKED,
        blanks={"sealed_words": None},
        given="replies",
    ),
    "query": Kept(
        what="That hours of yours were checked, what was off, and what was decided",
        why="so that what was decided can be understood later",
        ground=Ground.INTERESTS,
        until=Until.BOOKS,
        seen_by=(YOU, "the other one", "the coordinator who settled it"),
        whose=("log_id",),
        through="hour_log",
        says=("opened_at", "matter", "outcome", "outcome_minutes", "sealed_outcome_words", "settled_at"),
        gone=Gone.BLANKED,
        blanks={"sealed_outcome_words": None},
        given="checks",
    ),
    "telling": Kept(
        what="Your own account of hours that were checked",
        why="so that both are heard",
        ground=Ground.CONSENT,
        until=Until.FORGOTTEN,
        seen_by=(YOU, "the other one", "the coordinator who settles it"),
        whose=("member_id",),
        says=("sealed_words", "told_at"),
        gone=Gone.DELETED,
        given="accounts_of_checks",
    ),
    "account": Kept(
        what="Your hours: how many there are and how many wait",
        why="it is what a time bank does",
        ground=Ground.INTERESTS,
        until=Until.BOOKS,
        seen_by=(YOU,),
        whose=("id",),
        through="member",
        says=("posted", "held_out", "held_in", "status", "paused_at"),
        gone=Gone.STAYS,
        given="account",
    ),
}

NOT_PERSONAL: dict[str, str] = {
    "bank": "about the bank",
    "scheme": "about what the bank does",
    "sign_in_tries": "counts under a keyed hash for some minutes, and says of nobody that they are a member",
    "concern_key": "keys of those who look into worries; which they are stands with them",
    "concern_reader": "who may open what is sealed, by number",
    "concern_wrap": "keys, locked with other keys",
    "import_batch": "about a file",
    "passkey_challenge": "a random number for some minutes, which belongs to no person yet",
    "round": "about a whole round; who ran it stays as a number",
    "transfer": "numbers between accounts; they come with the hours, and stay so that every sum stays zero",
    "entry": "numbers between accounts",
    "block": "check codes",
    "seal": "check codes",
    "sealed_account": "check codes",
    "period": "sums of the whole bank",
    "waiver": "a limit of a partner organisation",
}

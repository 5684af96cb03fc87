"""The questions a profile may hold, in the order in which they are asked: what I could share comes first, nothing about illness."""

from dataclasses import dataclass
from enum import Enum, auto

from timebank.consents.purposes import NEVER_SHOWN, OF_AN_ANSWER, Purpose, is_asked_first


class Shape(Enum):
    YEAR = auto()
    LINES = auto()  # own words, one a line
    LANGUAGES = auto()
    MODES = auto()
    TIMES = auto()
    MUSTS = auto()


@dataclass(frozen=True, kw_only=True)
class Question:
    criterion: str
    label: str
    told_as: str  # how a proposed partner reads it
    hint: str
    shape: Shape = Shape.LINES

    @property
    def is_sensitive(self) -> bool:
        """Asked on its own page, and unused until the person says yes."""
        return is_asked_first(Purpose.USE, self.criterion)

    @property
    def purposes(self) -> tuple[Purpose, ...]:
        """What may be agreed to for the answer."""
        is_shown = self.criterion not in NEVER_SHOWN
        return tuple(one for one in Purpose if one in OF_AN_ANSWER and (is_shown or one is not Purpose.SHOW))


@dataclass(frozen=True, kw_only=True)
class Step:
    """One decision a screen."""

    name: str
    title: str
    lead: str
    questions: tuple[Question, ...]


MODES = {"in-person": "In person", "phone": "By phone", "online": "Online", "letter": "By letter"}
DAYS = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}
PARTS = {"morn": "morning", "aft": "afternoon", "eve": "evening"}
TIMES = {
    f"{day}-{part}": f"{day_name} {part_name}" for day, day_name in DAYS.items() for part, part_name in PARTS.items()
}
IMPORTANCE = {0: "Does not matter", 1: "Nice to have", 3: "Matters", 5: "Matters a lot"}

STEPS = (
    Step(
        name="share",
        title="What I could share",
        lead="Everybody has something. A skill, an interest, an hour of listening: in your own words, one a line.",
        questions=(
            Question(
                criterion="skills",
                told_as="What they could share or teach",
                label="Things I could share or teach",
                hint="One a line, like: cooking",
            ),
            Question(
                criterion="interests",
                told_as="What they enjoy",
                label="Things I enjoy",
                hint="One a line, like: allotment, football, chess",
            ),
        ),
    ),
    Step(
        name="goals",
        title="What I would like from this",
        lead="There is no right answer, and you can change it whenever you like.",
        questions=(
            Question(
                criterion="looking_for",
                told_as="What they are looking for",
                label="What I am looking for",
                hint="One a line, like: someone to talk to",
            ),
            Question(
                criterion="goals",
                told_as="Next steps they would like to take",
                label="Next steps I would like to take",
                hint="One a line, like: get out more",
            ),
            Question(
                criterion="wants",
                told_as="What they would like to learn",
                label="Things I would like to learn",
                hint="One a line, like: using a computer",
            ),
        ),
    ),
    Step(
        name="meeting",
        title="How and when I could meet",
        lead="Leave anything empty that does not matter to you: empty means any.",
        questions=(
            Question(
                criterion="languages",
                told_as="Languages they can talk in",
                label="Languages I can talk in",
                hint="One a line, like: English",
                shape=Shape.LANGUAGES,
            ),
            Question(
                criterion="modes",
                told_as="Ways of meeting that suit them",
                label="Ways of meeting that suit me",
                hint="",
                shape=Shape.MODES,
            ),
            Question(
                criterion="areas",
                told_as="Areas they can get to",
                label="Areas I can get to",
                hint="One a line, like: Brixton. No address, please.",
            ),
            Question(
                criterion="times",
                told_as="Times that suit them",
                label="Times that suit me",
                hint="",
                shape=Shape.TIMES,
            ),
        ),
    ),
    Step(
        name="age",
        title="My age",
        lead="Some people like to meet somebody near their own age. The year is enough.",
        questions=(
            Question(
                criterion="born",
                told_as="The year they were born",
                label="The year I was born",
                hint="Like: 1978",
                shape=Shape.YEAR,
            ),
        ),
    ),
    Step(
        name="experience",
        title="What I have been through",
        lead="Only what you want to say, in your own words. It is never a diagnosis, and nobody will ask for proof.",
        questions=(
            Question(
                criterion="experiences",
                told_as="What they have been through",
                label="Experiences I have",
                hint="One a line, like: moved to a new country",
            ),
        ),
    ),
    Step(
        name="identity",
        title="Who I am",
        lead="Only what you want to say, in your own words. You decide whether we may use it and who may see it.",
        questions=(
            Question(
                criterion="identities",
                told_as="How they describe themselves",
                label="Words for who I am",
                hint="One a line, the kind first, like: faith: Muslim, or community: Somali, or gender: woman",
            ),
        ),
    ),
    Step(
        name="musts",
        title="What must be right for me",
        lead="Only what you could not do without. Every must makes the circle of people smaller.",
        questions=(
            Question(
                criterion="musts",
                told_as="What must be right for them",
                label="My musts",
                hint="One a line, like: gender: woman, or same faith, or language: Polish, or older",
                shape=Shape.MUSTS,
            ),
        ),
    ),
)
QUESTIONS = {question.criterion: question for step in STEPS for question in step.questions}


def find_step(name: str) -> Step | None:
    return next((step for step in STEPS if step.name == name), None)


def step_after(step: Step) -> Step | None:
    place = STEPS.index(step) + 1
    return STEPS[place] if place < len(STEPS) else None

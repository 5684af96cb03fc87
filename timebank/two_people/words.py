"""What each weighty act is called, and what it means, as the people concerned read it."""

from datetime import datetime, timedelta

from timebank.schemes.models import BankScheme
from timebank.two_people.models import Kind, State, WeightyAct
from timebank.two_people.reads import ActView

CODES_OF = timedelta(days=14)  # as long as a code works
WHAT = {
    Kind.NEW_CODE: "A new code to sign in with, for {name}",
    Kind.TAKE_SECOND_STEP: "Take the second step away from {name}",
    Kind.MAKE_COORDINATOR: "{name} is to look after {task}",
    Kind.END_COORDINATOR: "{name} is to stop looking after {task}",
}
ABOUT_YOU = {
    Kind.NEW_CODE: "A new code to sign in as you",
    Kind.TAKE_SECOND_STEP: "To take your second step away",
    Kind.MAKE_COORDINATOR: "That you look after {task}",
    Kind.END_COORDINATOR: "That you stop looking after {task}",
}
MEANS = {
    Kind.NEW_CODE: "You get a code, shown once. Whoever has it can set a new password, and see all that this person sees."
    " Give it to nobody but them.",
    Kind.TAKE_SECOND_STEP: "Their password is enough again to get in. They are signed out everywhere.",
    Kind.MAKE_COORDINATOR: "They see what coordinators see, at once. They have to set up a second step first.",
    Kind.END_COORDINATOR: "They no longer see what others have entrusted, at once. They stay a member.",
}
STATES = {
    State.WAITING: "It waits for a second person.",
    State.AGREED: "The second person said yes, and it was done.",
    State.DECLINED: "The second person said no. It was not done.",
    State.SAID_NO: "The person whom it is about said no. It was not done.",
    State.TAKEN_BACK: "It was taken back. It was not done.",
    State.RAN_OUT: "It has run out. It was not done.",
}


def task(scheme: BankScheme | None) -> str:
    return scheme.name if scheme else "the whole time bank"


def what(view: ActView) -> str:
    return WHAT[view.act.kind].format(name=view.about, task=view.scheme or task(None))


def what_about_you(view: ActView) -> str:
    return ABOUT_YOU[view.act.kind].format(task=view.scheme or task(None))


def state(act: WeightyAct, *, at: datetime) -> str:
    return STATES[State.RAN_OUT if act.has_run_out(at) else act.state]


def choices(name: str, *, looks_after_others: bool) -> list[tuple[str, str]]:
    """What can be asked for about this person. For most members one coordinator is enough, but for a task."""
    labels = {
        Kind.NEW_CODE: "A new code to sign in with",
        Kind.TAKE_SECOND_STEP: "Take their second step away, because phone and spare codes are gone",
        Kind.MAKE_COORDINATOR: f"{name} looks after something more",
        Kind.END_COORDINATOR: f"{name} stops looking after something",
    }
    able = labels if looks_after_others else {Kind.MAKE_COORDINATOR: labels[Kind.MAKE_COORDINATOR]}
    return [(kind.value, labels[kind]) for kind in able]

"""What the ledger refuses. Each docstring is the sentence a person reads, with what to do next.

Mistakes of a programmer (a naive time, a wrong type) are plain TypeError and ValueError, without a sentence for people.
"""
# ruff: noqa: N818 - a refusal is named for what was refused (house-style.md section 6).

import inspect


class LedgerError(Exception):
    """The time ledger could not do this, and nothing was changed. Please try again, or ask your coordinator."""

    @property
    def sentence(self) -> str:
        return " ".join(inspect.cleandoc(type(self).__doc__ or "").split())

    def __str__(self) -> str:
        facts = ", ".join(str(fact) for fact in self.args)
        return f"{self.sentence} ({facts})" if facts else self.sentence


class LengthRefused(LedgerError):
    """This length of time cannot be used. Write it like "1 h 30 min", "1:30" or "90"."""


class UnclearLength(LengthRefused):
    """We could not read this as a length of time. Write it like "1 h 30 min", "1:30" or "90" for minutes."""


class NotWholeMinutes(LengthRefused):
    """Time is kept in whole minutes. Please round it to the nearest minute, like "1 h 20 min"."""


class NoTime(LengthRefused):
    """The length has to be at least one minute. Please write how long it took."""


class TooLong(LengthRefused):
    """This is longer than can be recorded at once: a day has 24 hours. Please check it, or record each day."""


class GiverIsReceiver(LedgerError):
    """The giver and the receiver are the same. Please choose who the help was for."""


class ReasonMissing(LedgerError):
    """A reason is missing. Please say why in a few words, so that the other person can understand it."""


class NotFound(LedgerError):
    """We could not find this. It may belong to another time bank: go back and open it from your list."""


class AccountNotFound(NotFound):
    """This time account is not in this time bank. Go back and choose the person again."""


class TransferNotFound(NotFound):
    """These hours are not in this time bank. Go back and open them from your list."""


class AccountClosed(LedgerError):
    """This time account is closed, so no hours can be added. Ask your coordinator to open it again."""


class AccountNotEmpty(LedgerError):
    """There are hours in this account or waiting for it. Settle those that wait, pass on the rest, then close it."""


class FloorOnlyForPartners(LedgerError):
    """Only a partner organisation's account can have a limit. Leave the limit empty for everybody else."""


class BelowHardFloor(LedgerError):
    """This partner organisation has reached the limit it agreed. Speak with the organisation before recording more."""


class SameIdOtherContent(LedgerError):
    """This has already been recorded with other details. Open it to see what stands before you try again."""


class NotWaiting(LedgerError):
    """These hours are no longer waiting for an answer. Open them to see what was decided."""


class AlreadyConfirmed(NotWaiting):
    """These hours have already been confirmed. If something is wrong with them, ask for them to be checked."""


class AlreadyReleased(NotWaiting):
    """These hours were taken back before they were confirmed. Log them again if they did take place."""


class AlreadyExpired(NotWaiting):
    """These hours waited too long for an answer and have lapsed. Log them again if they did take place."""


class HoursFrozen(LedgerError):
    """Somebody has asked for these hours to be checked. They can be confirmed once that is settled."""


class OwnRecord(LedgerError):
    """You recorded these hours yourself, so the other person confirms them. You will hear when they have."""


class NotPosted(LedgerError):
    """Only confirmed hours can be undone. Take the waiting hours back instead."""


class AlreadyReversed(LedgerError):
    """These hours have already been undone, or are being checked. Open them to see what was decided."""


class ReversalKeepsItsLength(LedgerError):
    """Undoing takes back the whole length. Undo it first, then record the right length as new hours."""


class ReversalNeedsOriginal(LedgerError):
    """Hours are undone from the hours themselves. Open the ones that are wrong and undo them there."""


class PeriodClosed(LedgerError):
    """This period is closed, and its figures are published. Record it now: it will count in the period that is open."""


class NotSealedYet(LedgerError):
    """This exchange is not sealed yet. That is done from time to time: please come back for the slip later."""


class PeriodNotOver(LedgerError):
    """This period is not over yet. Close it once its last day has passed."""


class ChangedMeanwhile(LedgerError):
    """Someone else changed this at the same moment. Nothing was saved: please try again."""


class VeryBusy(LedgerError):
    """Very busy just now: many people are saving something. Nothing was saved, please try again in a moment."""


class NoAnswer(LedgerError):
    """The database did not answer, so we cannot say whether this was saved. Send it again: it never counts twice."""


class NobodyThere(LedgerError):
    """Nobody is named for this group session. Add who held it, or who came: people who stay unnamed count too."""


class NobodyHeldIt(LedgerError):
    """This group session has nobody who held it, so there is no time to record. Add who held it and try again."""


class GiftNotShorter(LedgerError):
    """A community gift makes up for a difference. Give the length that both can agree on, shorter than logged."""


class BridgeStandsWhole(LedgerError):
    """These hours are with another time bank. Undo them in both time banks, then record them anew as they should be."""


class HeirIsLeaving(LedgerError):
    """These hours cannot be given to the person who is leaving. Please choose somebody else, or the community."""


class BridgeEndsDiffer(LedgerError):
    """The two time banks confirmed different lengths for these hours. Please agree, undo them in both, and record anew."""

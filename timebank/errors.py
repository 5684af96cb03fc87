"""The four kinds of refusal. A subclass stands beside the code that raises it, and its docstring is what the person reads."""

import inspect


class Refusal(Exception):  # noqa: N818 - people read these as refusals, not as errors
    """Sorry, that did not work. Nothing was changed."""

    status = 400

    def __init__(self, sentence: str | None = None) -> None:
        self.sentence = sentence or inspect.getdoc(type(self)) or ""
        super().__init__(self.sentence)


class NotFound(Refusal):
    """We could not find that page. It may have been finished or withdrawn."""

    status = 404


class NotAllowed(Refusal):
    """This page is not for you. If you think it should be, please tell your coordinator."""

    # The same answer for "not yours" and "not there", so that nobody learns what exists.
    status = 404


class Conflict(Refusal):
    """This changed while you were reading. Please look at it again."""

    status = 409


class Invalid(Refusal):
    """Something in the form needs another look."""

    status = 422

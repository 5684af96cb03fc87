"""Numbers to call or text, by nation. They are settings: nobody has checked these yet, and the page says so."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Line:
    name: str
    how: str
    link: str | None
    when: str


@dataclass(frozen=True, kw_only=True)
class Nation:
    name: str
    lines: tuple[Line, ...]
    checked_on: str | None = None  # a date, once somebody has called every number


_EMERGENCY = Line(name="In danger now", how="Call 999", link="tel:999", when="Day and night")
_SAMARITANS = Line(name="Samaritans, to talk to somebody", how="Call 116 123", link="tel:116123", when="Day and night")
_SHOUT = Line(name="Shout, to text with somebody", how="Text SHOUT to 85258", link="sms:85258", when="Day and night")

NATIONS = {
    "england": Nation(
        name="England",
        lines=(
            _EMERGENCY,
            Line(
                name="NHS mental health",
                how="Call 111 and choose the mental health option",
                link="tel:111",
                when="Day and night",
            ),
            _SAMARITANS,
            _SHOUT,
        ),
    ),
    "wales": Nation(
        name="Wales",
        lines=(
            _EMERGENCY,
            Line(name="NHS mental health in Wales", how="Call 111 and press 2", link="tel:111", when="Day and night"),
            _SAMARITANS,
            _SHOUT,
        ),
    ),
    "scotland": Nation(
        name="Scotland",
        lines=(
            _EMERGENCY,
            Line(name="NHS 24 in Scotland", how="Call 111", link="tel:111", when="Day and night"),
            _SAMARITANS,
            _SHOUT,
        ),
    ),
    "northern-ireland": Nation(
        name="Northern Ireland",
        lines=(
            _EMERGENCY,
            Line(name="Lifeline", how="Call 0808 808 8000", link="tel:08088088000", when="Day and night"),
            _SAMARITANS,
            _SHOUT,
        ),
    ),
}


def nation_of(key: str | None) -> Nation:
    """The one of that name; where none is known, the first."""
    return NATIONS[key] if key in NATIONS else next(iter(NATIONS.values()))

"""What the parts and columns of one's own record are called on its page."""

TITLES = {
    "me": "Me",
    "account": "My account",
    "hours": "My hours",
    "answers": "My profile",
    "agreed": "What I have agreed to",
    "takes_part_in": "What I take part in",
    "looks_after": "What I look after",
    "looks_into_worries": "Whether I look into worries",
    "introductions": "Introductions I was asked about",
    "together": "With whom I am or was together",
    "kept_apart": "With whom I do not want to be brought together",
    "offers": "What I offered and asked for",
    "replies": "What I answered to offers and asks",
    "checks": "Checks of my hours",
    "accounts_of_checks": "What I told in checks",
    "nobody_found": "Rounds that found nobody for me",
    "sign_in": "How I sign in",
    "signed_in_at": "Where I am signed in",
    "second_step": "My second step",
    "passkeys": "My passkeys",
    "what_happened_with_it": "What has happened with my sign-in",
    "helplines": "Helplines I checked, added or took away",
    "asked_a_second_person": "What I asked a second person to agree to",
    "codes": "Codes that were made for me",
    "mail": "My mail address",
    "mail_wanted": "What I want to be told by mail",
    "mail_sent": "Messages to me",
    "how_to_reach_me": "How I can be reached safely",
    "came_as": "How I came here from other books",
}


def column(name: str) -> str:
    """`people_at_a_time` reads "People at a time"."""
    return name.replace("_", " ").capitalize()

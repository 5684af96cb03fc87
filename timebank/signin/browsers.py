"""What a person would call the browser they sign in with. Nothing more is kept of what it says about itself."""

# The first that is found counts: most say the names of the others too.
PROGRAMMES = {
    "SamsungBrowser": "Samsung Internet",
    "Edg": "Edge",
    "OPR": "Opera",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
SYSTEMS = {
    "iPhone": "an iPhone",
    "iPad": "an iPad",
    "Android": "Android",
    "CrOS": "a Chromebook",
    "Windows": "Windows",
    "Macintosh": "a Mac",
    "Linux": "Linux",
}
UNKNOWN = "A browser"


def browser_of(user_agent: str) -> str:
    """Like "Chrome on Android"; never anything of what was sent itself."""
    programme = next((name for sign, name in PROGRAMMES.items() if sign in user_agent), UNKNOWN)
    system = next((name for sign, name in SYSTEMS.items() if sign in user_agent), "")
    return f"{programme} on {system}" if system else programme

"""An invented community to look around in. It goes only into the default file on one's own computer."""

"""A clock that is handed to the app, and a postman."""

from tests.notices.conftest import postman
from tests.signin.conftest import time

__all__ = ["postman", "time"]

"""The same people as in the tests of signing in, and a postman."""

from tests.notices.conftest import postman
from tests.signin.conftest import nell, phone, quick_passwords, time

__all__ = ["nell", "phone", "postman", "quick_passwords", "time"]

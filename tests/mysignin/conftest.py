"""The same people as in the tests of signing in."""

from tests.signin.conftest import nell, phone, quick_passwords, time

__all__ = ["nell", "phone", "quick_passwords", "time"]

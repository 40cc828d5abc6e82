"""The one error class of the trainer: a code for programs, a message for people."""

from __future__ import annotations


class TrainerError(Exception):
    """Something the user can do something about.

    :param code: short, stable, kebab-case; the relay and the tests go by it.
    :param message: what happened and what to do next.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Cancelled(BaseException):
    """SIGTERM or SIGINT. Not an `Exception`, so that no library swallows it."""

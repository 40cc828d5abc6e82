"""Reads a JSON job file field by field; every complaint names the field by its path.

Paths in a job are absolute or relative to the folder of the job file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .errors import TrainerError

MODEL_NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9._-]{0,63}')
"""The same rule as `modelName` in the manifest's schema."""

INPUT_SIZES = (64, 2048)
"""Smallest and greatest long side of a network's input, in pixels."""


class Fields:
    """Reads the fields of one JSON object; every complaint names the field by its path."""

    def __init__(self, data: Any, where: str, folder: Path) -> None:
        if not isinstance(data, dict):
            raise TrainerError('job-invalid', f'{where or "The job"} must be an object.')
        self._data = dict(data)
        self._where = where
        self._folder = folder
        self._seen: set[str] = set()

    def _fail(self, key: str, problem: str) -> TrainerError:
        return TrainerError('job-invalid', f'The job\'s field "{self._where}{key}" {problem}.')

    def raw(self, key: str) -> Any:
        """The value, or None where it is absent."""
        self._seen.add(key)
        return self._data.get(key)

    def text(self, key: str, *, default: str | None = None, choices: Sequence[str] | None = None) -> str:
        value = self.raw(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or value == '':
            raise self._fail(key, 'is missing' if value is None else 'must be a text')
        if choices is not None and value not in choices:
            raise self._fail(key, f'must be one of {", ".join(choices)}')
        return value

    def optional_text(self, key: str) -> str | None:
        return None if self.raw(key) is None else self.text(key)

    def name(self, key: str) -> str:
        value = self.text(key)
        if MODEL_NAME.fullmatch(value) is None:
            raise self._fail(key, 'may hold letters, digits, dot, underscore and dash only (at most 64)')
        return value

    def integer(self, key: str, *, default: int | None = None, low: int = 1, high: int = 1_000_000) -> int:
        value = self.raw(key)
        if value is None and default is not None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self._fail(key, 'is missing' if value is None else f'must be a whole number from {low} to {high}')
        return value

    def optional_integer(self, key: str, *, low: int = 1, high: int = 1_000_000) -> int | None:
        return None if self.raw(key) is None else self.integer(key, low=low, high=high)

    def number(self, key: str, *, default: float, low: float, high: float) -> float:
        value = self.raw(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise self._fail(key, f'must be a number from {low} to {high}')
        return float(value)

    def size(self, key: str) -> int | str:
        """'base' (also when absent), 'fit', or a long side in pixels."""
        value = self.raw(key)
        if value is None:
            return 'base'
        if value in ('base', 'fit'):
            return str(value)
        low, high = INPUT_SIZES
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self._fail(key, f'must be "base", "fit" or a whole number from {low} to {high}')
        return value

    def flag(self, key: str, *, default: bool = False) -> bool:
        value = self.raw(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self._fail(key, 'must be true or false')
        return value

    def path(self, key: str) -> Path:
        return (self._folder / self.text(key)).resolve()

    def file(self, key: str) -> Path:
        path = self.path(key)
        if not path.is_file():
            raise TrainerError('file-missing', f'"{self._where}{key}": there is no file {path}.')
        return path

    def optional_file(self, key: str) -> Path | None:
        return None if self.raw(key) is None else self.file(key)

    def folder(self, key: str) -> Path:
        path = self.path(key)
        if not path.is_dir():
            raise TrainerError('file-missing', f'"{self._where}{key}": there is no folder {path}.')
        return path

    def classes(self, key: str) -> tuple[str, ...]:
        value = self.raw(key)
        if not isinstance(value, list) or not value or not all(isinstance(c, str) and c for c in value):
            raise self._fail(key, 'must be a list of at least one class name')
        if len(set(value)) != len(value):
            raise self._fail(key, 'names a class twice')
        return tuple(value)

    def paths(self, key: str) -> tuple[Path, ...]:
        value = self.raw(key)
        if not isinstance(value, list) or not all(isinstance(p, str) and p for p in value):
            raise self._fail(key, 'must be a list of paths')
        return tuple((self._folder / p).resolve() for p in value)

    def child(self, key: str) -> Fields:
        value = self.raw(key)
        if value is None:
            raise self._fail(key, 'is missing')
        return Fields(value, f'{self._where}{key}.', self._folder)

    def optional_child(self, key: str) -> Fields | None:
        return None if self.raw(key) is None else self.child(key)

    def done(self) -> None:
        """Refuses fields nobody asked for: a typing error must not pass as a default."""
        unknown = sorted(set(self._data) - self._seen)
        if unknown:
            raise self._fail(unknown[0], 'is not known')


def read_job(path: Path, kind: str) -> Fields:
    """Opens a job file and checks that it is one of this kind."""
    try:
        data = json.loads(path.read_text(encoding='utf-8'))
    except OSError as error:
        raise TrainerError('job-missing', f'The job file {path} cannot be read: {error.strerror}.') from error
    except ValueError as error:
        raise TrainerError('job-invalid', f'The job file {path} is not JSON: {error}.') from error
    try:
        # Half of a surrogate pair is JSON, but no text that could be written to any file.
        json.dumps(data, ensure_ascii=False).encode('utf-8')
    except UnicodeEncodeError as error:
        raise TrainerError('job-invalid', f'The job file {path} holds half a character ({error.object[error.start]!r}). Write it anew.') from error
    fields = Fields(data, '', path.resolve().parent)
    found = fields.text('kind')
    if found != kind:
        raise TrainerError('job-invalid', f'This is a job of kind "{found}"; "{kind}" is wanted here.')
    return fields

"""A config as Python text that means what the config says.

`Config.fromfile` replaces `{{ fileDirname }}`, `{{$NAME:default}}` and `{{ _base_.key }}` in the text of a
file before it is parsed, inside of string literals too. A class of such a name, which anyone who labels
can choose, would come back as something else.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from mmengine.config import Config


def config_text(config: Config) -> str:
    """Self-contained Python. Two opening braces in a row stand in string literals only, where one of them may be escaped."""
    return config.pretty_text.replace('{{', '{\\x7b')


def write_config(config: Config, path: Path) -> None:
    """Whole or not at all: another process may read it at any time."""
    part = path.with_name(f'{path.name}.part')
    part.write_text(config_text(config), encoding='utf-8')
    os.replace(part, path)


def is_self_contained(text: str) -> bool:
    """Whether a config names no base."""
    return re.search(r'^\s*(_base_\s*=|with\s+read_base)', text, re.MULTILINE) is None

"""The folder of a model: whole or not at all, and nothing in it lost that is not ours."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import TrainerError
from .events import note

MANIFEST = 'model.json'


def check_target(target: Path) -> None:
    """A new or empty folder, or one of a model, which is replaced; everything else is somebody's work and is refused."""
    if not target.exists():
        return
    if not target.is_dir():
        raise TrainerError('out-taken', f'{target.name} is a file. Name a folder; it is made.')
    names = sorted(path.name for path in target.iterdir())
    if names and MANIFEST not in names:
        shown = ', '.join(names[:3]) + (', ...' if len(names) > 3 else '')
        raise TrainerError(
            'out-taken', f'The folder {target.name} holds {shown} and no {MANIFEST}, so it is not a model. Name a new folder, such as {target.name}/NAME, or that of a model to replace.'
        )


@contextmanager
def replaced(target: Path) -> Iterator[Path]:
    """Gives a folder beside the target to write to. Then it takes the target's place by a rename; what else is in an old one stays in it."""
    # Of a link, what it leads to is replaced: large models may lie on another disk.
    target = target.resolve()
    check_target(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f'.{target.name}-', dir=target.parent))
    try:
        temporary.chmod(0o755)
        yield temporary
        if target.exists():
            _replace(target, temporary)
        else:
            temporary.rename(target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _replace(target: Path, temporary: Path) -> None:
    for kept in target.iterdir():
        copy = temporary / kept.name
        if copy.exists():
            continue
        if kept.is_dir() and not kept.is_symlink():
            shutil.copytree(kept, copy, symlinks=True)
        else:
            shutil.copy2(kept, copy, follow_symlinks=False)
    old = Path(tempfile.mkdtemp(prefix=f'.{target.name}-old-', dir=target.parent))
    try:
        target.rename(old / target.name)
        try:
            temporary.rename(target)
        except BaseException:
            (old / target.name).rename(target)
            raise
    except BaseException:
        # Only when it is empty: what could not be moved back is not deleted either.
        with suppress(OSError):
            old.rmdir()
        raise
    try:
        shutil.rmtree(old)
    except OSError as error:
        note('old-model-left', f'The new model is in its place, but the old one could not be deleted ({error}). Delete {old} yourself.')

"""A model's folder is replaced whole, and nothing is lost that was in its place."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from forelabel_trainer.errors import TrainerError
from forelabel_trainer.model_folder import replaced


def tree(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob('*') if path.is_file()}


def write(target: Path, text: str = 'new') -> None:
    with replaced(target) as folder:
        (folder / 'model.json').write_text(text)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A model to which somebody has added a file and a folder."""
    target = tmp_path / 'face'
    (target / 'notes' / 'more').mkdir(parents=True)
    (target / 'model.json').write_text('old')
    (target / 'README.md').write_text('mine')
    (target / 'notes' / 'more' / 'a.txt').write_text('mine too')
    return target


def test_a_new_folder_with_those_above_it(tmp_path: Path) -> None:
    write(tmp_path / 'a' / 'b')
    assert tree(tmp_path) == {'a/b/model.json': 'new'}


def test_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / 'a').mkdir()
    write(tmp_path / 'a')
    assert tree(tmp_path) == {'a/model.json': 'new'}


def test_what_else_is_in_the_folder_of_a_model_stays(old: Path) -> None:
    write(old)
    assert tree(old.parent) == {'face/model.json': 'new', 'face/README.md': 'mine', 'face/notes/more/a.txt': 'mine too'}


def test_a_folder_that_is_no_model_is_refused_and_left_alone(tmp_path: Path) -> None:
    models = tmp_path / 'models'
    for name in ('a', 'b', 'c', 'd'):
        (models / name).mkdir(parents=True)
        (models / name / 'model.json').write_text(name)
    before = tree(tmp_path)
    with pytest.raises(TrainerError) as caught:
        write(models)
    assert caught.value.code == 'out-taken'
    assert 'holds a, b, c, ... and no model.json' in caught.value.message
    assert 'models/NAME' in caught.value.message
    assert tree(tmp_path) == before


def test_a_failure_while_writing_leaves_the_old_model(old: Path) -> None:
    before = tree(old.parent)
    with pytest.raises(OSError, match='no space'), replaced(old) as folder:
        (folder / 'model.json').write_text('half')
        raise OSError('no space')
    assert tree(old.parent) == before


@pytest.mark.parametrize('moved', ['.face-', 'face'], ids=['the new model', 'the old model'])
def test_a_failure_to_move_a_folder_leaves_the_old_model(old: Path, monkeypatch: pytest.MonkeyPatch, moved: str) -> None:
    before = tree(old.parent)
    rename = Path.rename

    def failing(self: Path, to: Any) -> Path:
        if self.name.startswith(moved) and self.parent == old.parent:
            raise OSError('in use')
        return rename(self, to)

    monkeypatch.setattr(Path, 'rename', failing)
    with pytest.raises(OSError, match='in use'):
        write(old)
    assert tree(old.parent) == before
    assert [path.name for path in old.parent.iterdir()] == ['face']


def test_an_old_model_that_cannot_be_deleted_is_told(old: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def failing(_: Path, **__: Any) -> None:
        raise OSError('in use')

    monkeypatch.setattr(shutil, 'rmtree', failing)
    write(old)
    assert (old / 'model.json').read_text() == 'new'
    (left,) = [path for path in old.parent.iterdir() if path != old]
    assert f'could not be deleted (in use). Delete {left} yourself' in capsys.readouterr().out


def test_a_link_stays_one_and_what_it_leads_to_is_replaced(tmp_path: Path, old: Path) -> None:
    link = tmp_path / 'models' / 'link'
    link.parent.mkdir()
    link.symlink_to(old, target_is_directory=True)
    write(link)
    assert link.is_symlink()
    assert tree(old) == {'model.json': 'new', 'README.md': 'mine', 'notes/more/a.txt': 'mine too'}
    assert [path.name for path in link.parent.iterdir()] == ['link']

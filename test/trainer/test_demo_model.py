"""The bundled model: the manifest fits its files, and it finds faces."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from conftest import CALTECH, ROOT, draw
from forelabel_trainer.evaluate import evaluate
from forelabel_trainer.job import CocoSource, EvaluateJob

MODEL = ROOT / 'models' / 'demo-face'
needs_model = pytest.mark.skipif(not (MODEL / 'model.json').is_file(), reason='models/demo-face is not trained yet: npm run demo-model')


@needs_model
def test_files_fit_the_manifest() -> None:
    manifest = json.loads((MODEL / 'model.json').read_text(encoding='utf-8'))
    for file in manifest['files']:
        data = (MODEL / file['path']).read_bytes()
        assert len(data) == file['bytes'] <= 8_000_000
        assert hashlib.sha256(data).hexdigest() == file['sha256']
    assert sum(file.stat().st_size for file in MODEL.iterdir()) <= 25_000_000


@needs_model
def test_it_finds_faces(tmp_path: Path) -> None:
    source = photographs(tmp_path) if CALTECH.is_dir() else drawn(tmp_path)
    metrics = evaluate(EvaluateJob(MODEL / 'config.py', MODEL / 'checkpoint.pth', source, 'cpu', 1))
    assert metrics['AP50'] > 0.9


def drawn(folder: Path) -> CocoSource:
    draw(folder, 12, 99)
    return CocoSource(folder / 'coco.json', folder)


def photographs(folder: Path) -> CocoSource:
    """Twelve of the validation split."""
    data: dict[str, Any] = json.loads((CALTECH / 'coco_face.json').read_text(encoding='utf-8'))
    names = set(json.loads((CALTECH / 'split.json').read_text(encoding='utf-8'))['val'][:12])
    data['images'] = [image for image in data['images'] if image['file_name'] in names]
    ids = {image['id'] for image in data['images']}
    data['annotations'] = [annotation for annotation in data['annotations'] if annotation['image_id'] in ids]
    (folder / 'coco.json').write_text(json.dumps(data), encoding='utf-8')
    return CocoSource(folder / 'coco.json', CALTECH)

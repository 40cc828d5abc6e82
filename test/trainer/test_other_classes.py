"""A base model put to a project with classes of its own: measured, fine-tuned, exported; whatever the classes are called."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import DEMO_CONFIG, ROOT, Events, coco_source, run_module
from forelabel_trainer.class_head import BIAS, WEIGHT
from forelabel_trainer.config_text import write_config
from forelabel_trainer.detector_config import config_classes
from mmengine.config import Config

NASTY = (
    '{{$HOME:x}}',
    "it's",
    '"""',
    'back\\slash\\n',
    'two\nlines',
    '{{ fileDirname }}{{_base_.model}}',
    "', __import__('os').system('touch pwned'), '",
    'größe 猫 \u2028',
)
"""Names that anybody who labels can choose."""

CLASSES = [*NASTY, 'face']
"""The base model's one class is the last here, so that its place changes."""


def relabelled(folder: Path, out: Path, classes: list[str]) -> dict[str, str]:
    """A drawn set whose categories are `classes`: its faces stay faces, but every fourth."""
    data = json.loads((folder / 'coco.json').read_text(encoding='utf-8'))
    data['categories'] = [{'id': number + 1, 'name': name} for number, name in enumerate(classes)]
    for number, annotation in enumerate(data['annotations']):
        annotation['category_id'] = 1 if number % 4 == 3 else len(classes)
    out.write_text(json.dumps(data), encoding='utf-8')
    return {**coco_source(folder), 'annotations': str(out)}


@pytest.fixture(scope='module')
def fine_tuned(exported: Path, drawings: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Events]:
    """One epoch from the exported one-class model, at another size; its folder and events."""
    folder = tmp_path_factory.mktemp('fine-tuned')
    data = {name: relabelled(drawn, folder / f'{name}.json', CLASSES) for name, drawn in zip(('train', 'val'), drawings, strict=True)}
    job = {
        'kind': 'train',
        'name': 'nasty',
        'workDir': 'work',
        'classes': CLASSES,
        'epochs': 1,
        'batchSize': 8,
        'logInterval': 1,
        'workers': 0,
        'threads': 1,
        'inputSize': 256,
        'base': {'config': str(exported / 'config.py'), 'checkpoint': str(exported / 'checkpoint.pth')},
        'data': data,
    }
    code, events = run_module('train', job, folder)
    assert code == 0, events[-1:]
    return folder, events


def test_the_head_follows_the_classes(fine_tuned: tuple[Path, Events]) -> None:
    folder, events = fine_tuned
    started = next(event for event in events if event['event'] == 'started')
    assert started['head'] == {'kept': ['face'], 'added': list(NASTY), 'dropped': []}
    said = next(event for event in events if event.get('code') == 'classes-changed')
    assert 'Kept from the base model: face.' in said['message']
    assert not any(event.get('code') == 'weights-fresh' for event in events)
    # The adapted copy has done its service.
    assert not (folder / 'work' / 'generated' / 'base.pth').exists()


def test_the_row_of_a_kept_class_is_the_base_models(fine_tuned: tuple[Path, Events], exported: Path) -> None:
    """After two warm-up steps, in which a row hardly moves: nothing was lost or misplaced on the way."""
    trained = torch.load(fine_tuned[1][-1]['checkpoint'], weights_only=False)['state_dict']
    base = torch.load(exported / 'checkpoint.pth', weights_only=False)['state_dict']
    assert trained[WEIGHT].shape[0] == len(CLASSES)
    torch.testing.assert_close(trained[WEIGHT][-1], base[WEIGHT][0], atol=5e-3, rtol=0)
    torch.testing.assert_close(trained[BIAS][-1], base[BIAS][0], atol=5e-3, rtol=0)
    assert abs(trained[BIAS][0].item() + 4.595) < 0.02


def test_names_are_data_wherever_they_come_by(fine_tuned: tuple[Path, Events]) -> None:
    folder, events = fine_tuned
    end = events[-1]
    assert end['classes'] == CLASSES
    assert config_classes(Config.fromfile(end['config'])) == tuple(CLASSES)
    assert list(torch.load(end['checkpoint'], weights_only=False)['meta']['dataset_meta']['classes']) == CLASSES
    assert not [path for path in folder.rglob('pwned')]
    assert not Path('pwned').exists()


def test_the_export_has_the_new_classes_and_size(fine_tuned: tuple[Path, Events]) -> None:
    """And is what `src/detector/manifest.ts` calls a manifest."""
    folder, events = fine_tuned
    started, end = next(event for event in events if event['event'] == 'started'), events[-1]
    assert started['inputSize'] == {'width': 256, 'height': 256}
    assert started['baseInputSize'] == {'width': 320, 'height': 320}
    lineage = {'parent': 'tiny-01234567', 'dataset': end['dataset'], 'epochs': end['epoch'], 'metrics': end['metrics'], 'date': '2026-01-02T03:04:05Z'}
    job = {'kind': 'export', 'name': 'nasty', 'config': end['config'], 'checkpoint': end['checkpoint'], 'outDir': 'nasty', 'lineage': lineage}
    code, told = run_module('export', job, folder)
    assert code == 0, told[-1:]
    model = folder / 'nasty'
    manifest = json.loads((model / 'model.json').read_text(encoding='utf-8'))
    assert manifest['classes'] == CLASSES
    assert manifest['input']['resize'] == {'rule': 'keep-ratio', 'width': 256, 'height': 256}
    assert manifest['lineage'] == {**lineage, 'config': 'config.py', 'checkpoint': 'checkpoint.pth'}
    assert parsed_by_the_page(model / 'model.json', folder) == manifest
    # What the next training starts from.
    assert config_classes(Config.fromfile(str(model / 'config.py'))) == tuple(CLASSES)
    code, told = run_module('evaluate', evaluation(model, json.loads((folder / 'train-job.json').read_text(encoding='utf-8'))['data']['val']), folder)
    assert code == 0, told[-1:]
    assert told[-1]['images'] == 4


def parsed_by_the_page(file: Path, folder: Path) -> Any:
    """Through the real `parseManifest`."""
    out = folder / 'manifest.mjs'
    node = os.environ.get('FORELABEL_NODE', 'node')
    script = (
        "import { build } from 'vite';"
        "await build({ configFile: false, logLevel: 'error', publicDir: false, ssr: { noExternal: true }, build: {"
        f"ssr: {json.dumps(str(ROOT / 'src' / 'detector' / 'manifest.ts'))}, outDir: {json.dumps(str(out.parent / 'page'))}, emptyOutDir: true }} }});"
        f"const {{ parseManifest }} = await import({json.dumps((out.parent / 'page' / 'manifest.js').as_uri())});"
        f"const text = await (await import('node:fs/promises')).readFile({json.dumps(str(file))}, 'utf8');"
        'process.stdout.write(JSON.stringify(parseManifest(JSON.parse(text))));'
    )
    done = subprocess.run([node, '--input-type=module', '-e', script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def evaluation(model: Path, data: dict[str, str], **more: Any) -> dict[str, Any]:
    return {'kind': 'evaluate', 'config': str(model / 'config.py'), 'checkpoint': str(model / 'checkpoint.pth'), 'data': data, 'threads': 1, **more}


def test_a_base_model_is_measured_on_classes_it_does_not_know(drawings: tuple[Path, Path], tmp_path: Path) -> None:
    """The bundled face model on a file of faces and hands: its faces count, the hands it cannot find count as well."""
    model = ROOT / 'models' / 'demo-face'
    data = relabelled(drawings[1], tmp_path / 'val.json', ['hand', 'cup', 'face'])
    code, events = run_module('evaluate', evaluation(model, data, classes=['hand', 'cup', 'face']), tmp_path)
    assert code == 0, events[-1:]
    started = next(event for event in events if event['event'] == 'started')
    assert started['unknown'] == ['hand', 'cup']
    told = next(event for event in events if event['event'] == 'evaluated')
    assert set(told['perClass']) == {'hand', 'face'}, 'cups have no boxes'
    assert told['perClass']['hand'] == {'AP': 0, 'AP50': 0}
    assert told['perClass']['face']['AP50'] > 0.5
    for name in ('AP', 'AP50'):
        assert told['metrics'][name] == pytest.approx((told['perClass']['face'][name] + 0) / 2)


def test_detections_of_other_classes_do_not_count(drawings: tuple[Path, Path], tmp_path: Path) -> None:
    model = ROOT / 'models' / 'demo-face'
    data = relabelled(drawings[1], tmp_path / 'val.json', ['hand', 'cup'])
    code, events = run_module('evaluate', evaluation(model, data, classes=['hand', 'cup']), tmp_path)
    assert code == 0, events[-1:]
    assert (events[-1]['metrics']['AP'], events[-1]['metrics']['AP50']) == (0, 0)
    assert set(events[-1]['perClass']) == {'hand', 'cup'}


def test_a_config_text_means_what_the_config_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('HOME', '/nowhere')
    # An odd one needs no training: three and four braces.
    names = (*NASTY, '{{{$HOME:y}}}', '{{{{ fileBasename }}}}', '{{', '\\{{')
    config = Config.fromfile(str(DEMO_CONFIG))
    config.test_dataloader = {'dataset': {'type': 'CocoDataset', 'metainfo': {'classes': names}}}
    write_config(config, tmp_path / 'config.py')
    assert config_classes(Config.fromfile(str(tmp_path / 'config.py'))) == names

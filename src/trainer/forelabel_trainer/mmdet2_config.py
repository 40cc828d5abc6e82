"""Configs of MMDetection 2.x, as older Label Studio ML backends use them, rewritten as what 3.x reads.

In 2.x the test pipeline normalises and pads (`Normalize`, `Pad`, often inside `MultiScaleFlipAug`), where 3.x has a
`data_preprocessor`; `train_cfg`, `test_cfg` and `pretrained` stand elsewhere. The network itself is described alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mmengine.config import Config

from .errors import TrainerError

PACKING = ('RandomFlip', 'ImageToTensor', 'DefaultFormatBundle', 'ToTensor', 'Collect')
"""Steps of 2.x that change no pixel of a test image, or only pack it."""

def is_mmdet2(config: Config) -> bool:
    """No `data_preprocessor`, which every config of 3.x has, but a pipeline that does its work."""
    if (config.get('model') or {}).get('data_preprocessor') is not None:
        return False
    return any(step.get('type') == 'Normalize' for step in _flat(_test_pipeline(config.to_dict())))


def from_mmdet2(config: Config) -> Config:
    """The same detector as a config of 3.x: model, input and post-processing; a plain training pipeline.

    Optimizer and schedule are left out: a training from it takes the trainer's own.
    Throws `TrainerError` where 2.x does something to an image that has no counterpart here.
    """
    old = config.to_dict()
    steps = _flat(_test_pipeline(old))
    normalize = _only(steps, 'Normalize')
    pad = _pad(steps)
    model = _model(old)
    model['data_preprocessor'] = {
        'type': 'DetDataPreprocessor',
        'mean': list(normalize['mean']),
        'std': list(normalize['std']),
        'bgr_to_rgb': bool(normalize.get('to_rgb', True)),
        'pad_size_divisor': pad,
    }
    pipeline = [_step(step) for step in steps if step['type'] not in (*PACKING, 'Normalize', 'Pad')]
    resize = _only(pipeline, 'Resize')
    loading = [step for step in pipeline if step['type'] == 'LoadImageFromFile'] or [{'type': 'LoadImageFromFile'}]
    dataset = _dataset(old)
    classes = dataset.get('classes') or old.get('classes')
    named = {} if not classes or isinstance(classes, str) else {'metainfo': {'classes': tuple(classes)}}
    packed = {'type': 'PackDetInputs', 'meta_keys': ('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor')}
    return Config({
        'default_scope': 'mmdet',
        'model': model,
        'test_dataloader': {'dataset': {'type': dataset.get('type'), **named, 'pipeline': [*pipeline, packed]}},
        'train_pipeline': [
            *loading,
            {'type': 'LoadAnnotations', 'with_bbox': True},
            resize,
            {'type': 'RandomFlip', 'prob': 0.5},
            {'type': 'PackDetInputs'},
        ],
    })


def left_out(config: Config) -> list[str]:
    """What a 2.x config asks of a test and an export does not do."""
    flips = any(step.get('type') == 'MultiScaleFlipAug' and step.get('flip') for step in _test_pipeline(config.to_dict()))
    return ['test-time flipping'] if flips else []


def _model(old: dict[str, Any]) -> dict[str, Any]:
    model = dict(old['model'])
    model.pop('pretrained', None)
    # FCOS assigns by itself.
    model.pop('train_cfg', None)
    test = dict(model.get('test_cfg') or old.get('test_cfg') or {})
    if isinstance(test.get('nms'), dict) and 'iou_thr' in test['nms']:
        test['nms'] = {('iou_threshold' if key == 'iou_thr' else key): value for key, value in test['nms'].items()}
    model['test_cfg'] = test
    if isinstance(model.get('neck'), dict):
        neck = dict(model['neck'])
        on_inputs = neck.pop('extra_convs_on_inputs', True)
        if neck.get('add_extra_convs') is True:
            neck['add_extra_convs'] = 'on_input' if on_inputs else 'on_output'
        model['neck'] = neck
    return model


def _dataset(old: dict[str, Any]) -> dict[str, Any]:
    """The test set's description, or the validation set's; of several joined ones the first."""
    data = old.get('data') or {}
    for key in ('test', 'val'):
        dataset = data.get(key)
        while dataset:
            if isinstance(dataset, (list, tuple)):
                dataset = dataset[0]
            elif dataset.get('pipeline'):
                return dict(dataset)
            else:
                dataset = dataset.get('dataset') or dataset.get('datasets')
    return {}


def _test_pipeline(old: dict[str, Any]) -> list[dict[str, Any]]:
    return list(_dataset(old).get('pipeline') or old.get('test_pipeline') or [])


def _flat(pipeline: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The steps, those inside of `MultiScaleFlipAug` with the size that it gives them."""
    return list(_walk(pipeline))


def _walk(pipeline: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for step in pipeline:
        if step.get('type') != 'MultiScaleFlipAug':
            yield step
            continue
        size = step.get('img_scale')
        for inner in step.get('transforms') or []:
            yield {'img_scale': size, **inner} if inner.get('type') == 'Resize' else inner


def _step(step: dict[str, Any]) -> dict[str, Any]:
    """A step that 3.x has too, in its words."""
    if step['type'] != 'Resize':
        return {key: value for key, value in step.items() if key != 'file_client_args'}
    size = step.get('img_scale')
    if isinstance(size, list) and len(size) == 1:
        size = size[0]
    if not isinstance(size, (list, tuple)) or len(size) != 2 or not all(isinstance(side, int) for side in size):
        raise TrainerError(
            'config-unsupported', f'The test pipeline resizes to img_scale={size}; one size is supported. Write img_scale=(width, height), such as (1333, 800).'
        )
    kept = {key: value for key, value in step.items() if key in ('interpolation', 'backend')}
    # In 2.x the ratio is kept unless it is said otherwise; in 3.x it is the other way round.
    return {'type': 'Resize', 'scale': tuple(size), 'keep_ratio': bool(step.get('keep_ratio', True)), **kept}


def _only(steps: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    found = [step for step in steps if step.get('type') == kind]
    if len(found) != 1:
        raise TrainerError('config-unsupported', f'The test pipeline has {len(found)} {kind} steps; exactly one is supported.')
    return found[0]


def _pad(steps: list[dict[str, Any]]) -> int:
    """The divisor of the padded size; zeros after normalising are the only padding that we do."""
    pads = [index for index, step in enumerate(steps) if step.get('type') == 'Pad']
    if not pads:
        return 1
    pad = steps[pads[0]]
    first = next(index for index, step in enumerate(steps) if step.get('type') == 'Normalize')
    value = pad.get('pad_val', 0)
    zero = (value.get('img', 0) if isinstance(value, dict) else value) in (0, (0, 0, 0), [0, 0, 0])
    if len(pads) > 1 or pads[0] < first or not zero or not pad.get('size_divisor'):
        raise TrainerError(
            'config-unsupported',
            'The test pipeline pads in a way that is not supported: one Pad with size_divisor and zeros, after Normalize, is.',
        )
    return int(pad['size_divisor'])

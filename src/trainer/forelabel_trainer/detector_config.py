"""What a manifest needs to know, read from an MMDetection config, and what cannot be exported, refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmengine.config import Config

from .errors import TrainerError


def load_config(path: Path) -> Config:
    """Loads an MMDetection 3.x config and checks that it is an FCOS we can hold in ONNX."""
    try:
        config = Config.fromfile(str(path))
    except Exception as error:
        raise TrainerError(
            'config-invalid', f'{path.name} is not a readable MMDetection config ({error}). Give the .py file that the model was trained with.'
        ) from error
    config.setdefault('default_scope', 'mmdet')
    check_architecture(config, path.name)
    return config


def check_architecture(config: Config, name: str) -> None:
    """FCOS without deformable convolutions; everything else is refused by its name."""
    model = config.get('model')
    if model is None:
        raise TrainerError('config-invalid', f'{name} has no "model". Give the config of the whole detector.')
    head = model.get('bbox_head') or {}
    kind, head_kind = model.get('type'), head.get('type')
    if kind != 'FCOS' or head_kind != 'FCOSHead':
        raise TrainerError(
            'not-fcos', f'{name} describes {kind} with {head_kind or "no bbox_head"}. Forelabel runs FCOS with an FCOSHead; export such a model.'
        )
    if head.get('dcn_on_last_conv') or (model.get('backbone') or {}).get('dcn'):
        raise TrainerError(
            'dcn', f'{name} uses deformable convolutions (DCN), for which ONNX Runtime has no operator. Train the config without DCN.'
        )


def class_count(config: Config) -> int:
    return int(config.model.bbox_head.num_classes)


def config_classes(config: Config) -> tuple[str, ...] | None:
    """Class names where the config tells them: `metainfo` of a data set, or a top-level `classes`."""
    for key in ('test_dataloader', 'val_dataloader', 'train_dataloader'):
        dataset = (config.get(key) or {}).get('dataset') or {}
        names = (dataset.get('metainfo') or {}).get('classes')
        if names:
            return tuple(names)
    names = config.get('classes')
    return tuple(names) if names else None


def set_num_classes(config: Config, count: int) -> None:
    config.model.bbox_head.num_classes = count


def clear_pretrained(config: Config) -> list[str]:
    """Removes `Pretrained` initialisations, which download; returns what was removed."""
    removed: list[str] = []

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            init = node.get('init_cfg')
            if isinstance(init, dict) and init.get('type') == 'Pretrained':
                removed.append(str(init.get('checkpoint')))
                node['init_cfg'] = None
            for value in node.values():
                walk(value)

    walk(config.model)
    if config.model.get('pretrained'):
        removed.append(str(config.model.pretrained))
        config.model.pretrained = None
    return removed


def input_spec(config: Config) -> dict[str, Any]:
    """The manifest's `input`, from `data_preprocessor` and the test pipeline."""
    pre = config.model.data_preprocessor
    resize = resize_step(test_pipeline(config))
    width, height = network_scale(config)
    return {
        'tensor': 'image',
        'channelOrder': 'rgb' if pre.get('bgr_to_rgb') else 'bgr',
        'mean': [float(v) for v in pre.mean],
        'std': [float(v) for v in pre.std],
        'resize': {'rule': 'keep-ratio' if resize.get('keep_ratio') else 'stretch', 'width': width, 'height': height},
        'padDivisor': int(pre.get('pad_size_divisor') or 1),
    }


def resize_step(pipeline: list[Any]) -> Any:
    """The one step that resizes."""
    resizes = [step for step in pipeline if step.get('type') in ('Resize', 'FixShapeResize')]
    if len(resizes) != 1:
        raise TrainerError('config-unsupported', f'The test pipeline has {len(resizes)} Resize steps; exactly one is supported.')
    return resizes[0]


def network_scale(config: Config) -> tuple[int, int]:
    """Width and height to which the test pipeline resizes."""
    resize = resize_step(test_pipeline(config))
    scale = resize.get('scale') or (resize.get('width'), resize.get('height'))
    if isinstance(scale, int):
        scale = (scale, scale)
    if not scale or None in tuple(scale):
        raise TrainerError('config-unsupported', "The test pipeline's Resize has no scale=(width, height).")
    return (int(scale[0]), int(scale[1]))


def test_pipeline(config: Config) -> list[Any]:
    for key in ('test_dataloader', 'val_dataloader'):
        pipeline = ((config.get(key) or {}).get('dataset') or {}).get('pipeline')
        if pipeline:
            return list(pipeline)
    if config.get('test_pipeline'):
        return list(config.test_pipeline)
    raise TrainerError('config-unsupported', 'The config has no test pipeline, so the input size is not known.')


def postprocess_spec(config: Config) -> dict[str, Any]:
    """The manifest's `postprocess`, from `test_cfg`."""
    test = config.model.test_cfg
    nms = test.nms
    if nms.get('type') != 'nms':
        raise TrainerError('config-unsupported', f'test_cfg.nms is of type {nms.get("type")}; only "nms" is supported.')
    return {
        'scoreThreshold': float(test.get('score_thr', 0.0)),
        'nmsPre': int(test.get('nms_pre', 1000)),
        'nms': {'type': 'nms', 'iouThreshold': float(nms.iou_threshold), 'classAgnostic': bool(nms.get('class_agnostic', False))},
        'maxPerImage': int(test.max_per_img),
        'minBoxSize': float(test.get('min_bbox_size', 0)),
        'scoreRule': 'cls*centerness',
    }


def plain(value: Any) -> Any:
    """mmengine's dictionaries as Python's, copied."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(plain(item) for item in value) if not hasattr(value, '_fields') else value
    return value

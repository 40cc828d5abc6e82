"""What a manifest needs to know, read from an MMDetection config, and what cannot be exported, refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmengine.config import Config

from .errors import TrainerError
from .events import note
from .mmdet2_config import from_mmdet2, is_mmdet2, left_out
from .type_names import with_type_names

DEFORMABLE = ('DCN', 'DCNv2', 'DeformConv2dPack', 'ModulatedDeformConv2dPack')
"""As registered, and the classes of mmcv, which are not there to be looked up where nothing is compiled."""


def load_config(path: Path) -> Config:
    """Loads an MMDetection config and checks that it is an FCOS we can hold in ONNX. One of 2.x is rewritten, with a note."""
    config = read_config(path)
    config.setdefault('default_scope', 'mmdet')
    check_architecture(config, path.name)
    if is_mmdet2(config):
        without = left_out(config)
        config = from_mmdet2(config)
        note(
            'config-converted',
            f'{path.name} is a config of MMDetection 2.x and was rewritten for 3.x: input, model and post-processing; '
            f'optimizer and schedule are left out{"".join(f", and so is {what}" for what in without)}.',
        )
    return config


def read_config(path: Path) -> Config:
    """With its bases, and with each type by its one name."""
    try:
        return with_type_names(Config.fromfile(str(path)))
    except FileNotFoundError as error:
        raise TrainerError(
            'config-invalid', f'{path.name} needs a file that is not there ({error}). Give the whole config, which the training has written into its work folder.'
        ) from error
    except Exception as error:
        raise TrainerError(
            'config-invalid', f'{path.name} is not a readable MMDetection config ({error}). Give the .py file that the model was trained with.'
        ) from error


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
    where = deformable(model)
    if where is not None:
        raise TrainerError(
            'dcn', f'{name} uses deformable convolutions (DCN, in model.{where}), for which ONNX Runtime has no operator. Train the config without DCN.'
        )


def deformable(node: Any, path: str = '') -> str | None:
    """Where a model's config asks for deformable convolutions, as a path of keys."""
    if isinstance(node, (list, tuple)):
        return next((found for index, item in enumerate(node) if (found := deformable(item, f'{path}{index}.'))), None)
    if not isinstance(node, dict):
        return None
    for key, value in node.items():
        asked = (key in ('dcn', 'dcn_on_last_conv') and bool(value)) or (key == 'type' and str(value) in DEFORMABLE)
        if asked:
            return f'{path}{key}'
        found = deformable(value, f'{path}{key}.')
        if found is not None:
            return found
    return None


def class_count(config: Config) -> int:
    return int(config.model.bbox_head.num_classes)


def config_classes(config: Config) -> tuple[str, ...] | None:
    """Class names where the config tells them: `metainfo` of a data set, or a top-level `classes`."""
    for key in ('test_dataloader', 'val_dataloader', 'train_dataloader'):
        dataset = (config.get(key) or {}).get('dataset') or {}
        names = (dataset.get('metainfo') or {}).get('classes')
        if names:
            return _names(names)
    names = config.get('classes')
    return _names(names) if names else None


def _names(names: Any) -> tuple[str, ...]:
    # ('face') without its comma is a text.
    return (names,) if isinstance(names, str) else tuple(names)


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
    pre = config.model.get('data_preprocessor') or {}
    resize = resize_step(test_pipeline(config))
    width, height = network_scale(config)
    return {
        'tensor': 'image',
        # Images are read as BGR, and either switch swaps.
        'channelOrder': 'rgb' if pre.get('bgr_to_rgb') or pre.get('rgb_to_bgr') else 'bgr',
        'mean': channels(pre.get('mean'), 0.0),
        'std': channels(pre.get('std'), 1.0),
        'resize': {'rule': 'keep-ratio' if resize.get('keep_ratio') else 'stretch', 'width': width, 'height': height},
        'padDivisor': int(pre.get('pad_size_divisor') or 1),
    }


def channels(values: Any, absent: float) -> list[float]:
    """Three numbers, where a config may give three, one for all, or none."""
    numbers = [float(v) for v in values] if values else [absent]
    return numbers * 3 if len(numbers) == 1 else numbers


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
    """The manifest's `postprocess`, from `test_cfg`; absent fields are what `predict_by_feat` takes for them."""
    test = config.model.get('test_cfg') or {}
    nms = test.get('nms') or {}
    threshold = nms.get('iou_threshold', nms.get('iou_thr'))
    return {
        'scoreThreshold': float(test.get('score_thr', 0.0)),
        'nmsPre': int(test.nms_pre),
        'nms': {'type': 'nms', 'iouThreshold': float(threshold), 'classAgnostic': bool(nms.get('class_agnostic', False))},
        'maxPerImage': int(test.max_per_img),
        'minBoxSize': float(test.get('min_bbox_size', -1)),
        'scoreRule': 'cls*centerness',
    }


def plain(value: Any) -> Any:
    """mmengine's dictionaries as Python's, copied."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(plain(item) for item in value) if not hasattr(value, '_fields') else value
    return value

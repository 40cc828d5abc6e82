"""What an FCOS config may ask for and a manifest cannot say: refused by its name, before anything is built.

Otherwise the exported model would detect, and not what MMDetection detects.
"""

from __future__ import annotations

from typing import Any

from mmengine.config import Config

from .detector_config import channels, resize_step, test_pipeline
from .errors import TrainerError
from .events import note

HARMLESS = ('LoadImageFromFile', 'LoadAnnotations', 'PackDetInputs', 'Resize', 'FixShapeResize', 'RandomFlip')
"""Steps of a test pipeline that are done here, or do nothing to the image. (A flip is no part of a single test.)"""


def check_exportable(config: Config) -> None:
    """Throws `TrainerError` 'config-unsupported' for the first thing that differs from what a manifest holds."""
    _check_input(config)
    _check_head(config.model.bbox_head)
    _check_postprocess(config)


def _check_input(config: Config) -> None:
    pre = config.model.get('data_preprocessor')
    if pre is None:
        raise _unsupported('The config has no model.data_preprocessor', 'Give the whole config, which the training has written into its work folder.')
    if pre.get('type') != 'DetDataPreprocessor':
        raise _unsupported(f'The data_preprocessor is a {pre.get("type")}', 'A DetDataPreprocessor is supported.')
    if len(channels(pre.get('mean'), 0)) != 3 or len(channels(pre.get('std'), 1)) != 3:
        raise _unsupported('data_preprocessor.mean and std do not have three numbers', 'Forelabel reads colour images.')
    if pre.get('pad_value'):
        raise _unsupported(f'data_preprocessor.pad_value is {pre.pad_value}', 'Padding with 0 is supported.')
    for step in test_pipeline(config):
        _check_step(step)
    resize_step(test_pipeline(config))


def _check_step(step: Any) -> None:
    kind = str(step.get('type'))
    if kind not in HARMLESS:
        raise _unsupported(f'The test pipeline has a step {kind}', f'Supported are {", ".join(HARMLESS)}; all else changes the image in a way of its own.')
    if kind == 'LoadImageFromFile':
        if step.get('color_type', 'color') != 'color':
            raise _unsupported(f'Images are loaded with color_type="{step.color_type}"', '"color" is supported.')
        if step.get('to_float32') or step.get('imdecode_backend', 'cv2') != 'cv2':
            note('input-differs', 'The config decodes or resizes images in a way of its own; pixels may differ by a grey level, and scores in the third digit.')
    if 'Resize' in kind:
        if step.get('interpolation', 'bilinear') != 'bilinear' or step.get('backend', 'cv2') != 'cv2':
            raise _unsupported(
                f'Images are resized by {step.get("backend", "cv2")} with "{step.get("interpolation", "bilinear")}"', 'cv2 with "bilinear" is supported.'
            )
        if kind == 'FixShapeResize' and step.get('keep_ratio'):
            raise _unsupported('FixShapeResize pads the image with keep_ratio=True', 'Resize with keep_ratio=True is supported.')


def _check_head(head: Any) -> None:
    if not (head.get('loss_cls') or {}).get('use_sigmoid', head.get('loss_cls') is None):
        raise _unsupported('The classes of the bbox_head compete in a softmax (loss_cls.use_sigmoid is off)', 'Train it with use_sigmoid=True.')
    coder = head.get('bbox_coder') or {}
    if coder and (coder.get('type') != 'DistancePointBBoxCoder' or not coder.get('clip_border', True)):
        raise _unsupported(f'The boxes are decoded by {coder.get("type")} with clip_border={coder.get("clip_border", True)}', 'DistancePointBBoxCoder, which clips, is supported.')
    strides = head.get('strides') or ()
    if any(isinstance(stride, (list, tuple)) and stride[0] != stride[1] for stride in strides):
        raise _unsupported(f'The strides {strides} differ in x and y', 'One number a level is supported.')


def _check_postprocess(config: Config) -> None:
    test = config.model.get('test_cfg') or {}
    nms = test.get('nms') or {}
    if nms.get('type', 'nms' if 'iou_threshold' in nms else None) != 'nms':
        raise _unsupported(f'test_cfg.nms is of type {nms.get("type")}', 'Only "nms" is supported: test_cfg=dict(nms=dict(type="nms", iou_threshold=0.5), ...).')
    if nms.get('iou_threshold', nms.get('iou_thr')) is None:
        raise _unsupported('test_cfg.nms has no iou_threshold', 'Write, say, nms=dict(type="nms", iou_threshold=0.5).')
    for key in ('offset', 'score_threshold', 'max_num'):
        if nms.get(key, 0) not in (0, -1):
            raise _unsupported(f'test_cfg.nms has {key}={nms[key]}', 'Leave it out.')
    for key, usual in (('nms_pre', 1000), ('max_per_img', 100)):
        if not isinstance(test.get(key), int) or test[key] < 1:
            raise _unsupported(f'test_cfg.{key} is {test.get(key)}', f'Write, say, {key}={usual}.')


def _unsupported(found: str, advice: str) -> TrainerError:
    return TrainerError('config-unsupported', f'{found}. {advice}')

#!/usr/bin/env python3
"""Makes test/fixtures/detector/ with the real MMDetection and the real OpenCV.

Run it in the trainer's environment, from the repository's root:

    python scripts/detector-fixtures.py

- `resize.json`: what `cv2.resize` gives: a CRC-32 of all targets of each pair of sizes 1..9, and whole images.
- `golden-input.json`: the self-test's input formula, by numpy.
- `pixels-*.json`: drawn images through `inference_detector` with random weights (and with the demo model where
  it has been trained): image, raw heads, SHA-256 of the network input, detections.
- `heads-*.json`: made-up head tensors through `FCOSHead.predict_by_feat`.

Everything is seeded; a second run on the same versions changes no file. MMDetection sorts with
`Tensor.sort(descending=True)`, which leaves the order of equal scores to the CPU at hand (torch 2.13
on AVX-512 shuffles equal scores from 17 values on). Here each sort is stable: one of the orders that MMDetection may
give, and the one that Forelabel gives.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
import warnings
import zlib
from pathlib import Path

import cv2
import numpy as np
import torch

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / 'test' / 'fixtures' / 'detector'
sys.path.insert(0, str(ROOT / 'src' / 'trainer'))
from forelabel_trainer import mmcv_ops  # noqa: E402

mmcv_ops.install()
from forelabel_trainer.detector_config import input_spec, postprocess_spec  # noqa: E402
from forelabel_trainer.mmdet2_config import from_mmdet2  # noqa: E402

warnings.filterwarnings('ignore')

import mmdet  # noqa: E402
from mmdet.apis import inference_detector, init_detector  # noqa: E402
from mmdet.registry import MODELS  # noqa: E402
from mmengine import Config  # noqa: E402
from mmengine.registry import init_default_scope  # noqa: E402

CONFIGS = Path(mmdet.__file__).parent / '.mim' / 'configs' / 'fcos'
STRIDES = [8, 16, 32, 64, 128]
EXP = 'fcos_r50-caffe_fpn_gn-head_1x_coco.py'
NORM = 'fcos_r50-caffe_fpn_gn-head-center-normbbox-centeronreg-giou_1x_coco.py'
RGB_EXP = 'fcos_x101-64x4d_fpn_gn-head_ms-640-800-2x_coco.py'
RGB_NORM = 'fcos_r18_fpn_gn-head-center-normbbox-centeronreg-giou_8xb8-amp-lsj-200e_coco.py'


_sort = torch.Tensor.sort


def _stable_sort(self, dim=-1, descending=False, stable=True):
    return _sort(self, dim=dim, descending=descending, stable=True)


torch.Tensor.sort = _stable_sort


# --- numbers that TypeScript makes too -------------------------------------------------------------------


def hashed(count: int, start: int = 0) -> np.ndarray:
    """Element i: (i + start) * 2654435761 mod 2^32."""
    return ((np.arange(start, start + count, dtype=np.uint64) * 2654435761) % 2**32).astype(np.uint32)


def hashed_bytes(count: int, start: int = 0) -> np.ndarray:
    return (hashed(count, start) >> 24).astype(np.uint8)


def hashed_units(count: int, start: int = 0) -> np.ndarray:
    """Float32 in [0, 1)."""
    return (hashed(count, start) >> 8).astype(np.float32) / np.float32(2**24)


# --- files ------------------------------------------------------------------------------------------------


def packed(array: np.ndarray) -> str:
    return base64.b64encode(zlib.compress(np.ascontiguousarray(array).tobytes(), 9)).decode()


def write(name: str, content: object) -> None:
    path = OUT / f'{name}.json'
    path.write_text(json.dumps(content, separators=(',', ':')) + '\n')
    print(f'{path.relative_to(ROOT)}  {path.stat().st_size} bytes')


def floats(tensor: torch.Tensor) -> list[float]:
    """Float32 values as the shortest decimals that read back as the same float32."""
    return [float(str(value)) for value in tensor.numpy().astype(np.float32).ravel()]


def expected(result) -> dict:
    return {
        'boxes': floats(result.bboxes),
        'scores': floats(result.scores),
        'labels': result.labels.tolist(),
    }


def manifest(name: str, config: Config) -> dict:
    """The manifest that an export of this config writes, as far as the detector reads it."""
    classes = config.model.bbox_head.num_classes
    return {
        'schema': 1,
        'name': name,
        'architecture': 'FCOS',
        'classes': [f'class {i}' for i in range(classes)],
        'input': {**input_spec(config), 'tensor': 'input'},
        'outputs': {
            'levels': [
                {'stride': s, 'cls': f'cls{s}', 'bbox': f'bbox{s}', 'centerness': f'centerness{s}'}
                for s in config.model.bbox_head.strides
            ],
            'cls': 'logits',
            'centerness': 'logits',
            'bbox': 'pixels',
        },
        'postprocess': postprocess_spec(config),
        'golden': {'width': 32, 'height': 32, 'tolerance': 0.001, 'outputs': {}},
        'files': [{'precision': 'fp32', 'path': 'model.onnx', 'bytes': 1, 'sha256': '0' * 64}],
        'lineage': {
            'parent': None,
            'dataset': None,
            'config': None,
            'checkpoint': None,
            'epochs': None,
            'metrics': {},
            'date': '2026-01-01T00:00:00Z',
        },
    }


def plan(meta: dict) -> dict:
    """MMDetection's own idea of the resize."""
    return {
        'sourceWidth': meta['ori_shape'][1],
        'sourceHeight': meta['ori_shape'][0],
        'width': meta['img_shape'][1],
        'height': meta['img_shape'][0],
        'paddedWidth': meta['batch_input_shape'][1],
        'paddedHeight': meta['batch_input_shape'][0],
        'scaleX': meta['scale_factor'][0],
        'scaleY': meta['scale_factor'][1],
    }


def head_tensors(heads) -> dict:
    """Name -> dims and packed float32, for the three lists of tensors."""
    return {
        f'{kind}{stride}': {'dims': list(tensor.shape), 'data': packed(tensor.numpy())}
        for kind, tensors in zip(('cls', 'bbox', 'centerness'), heads)
        for stride, tensor in zip(STRIDES, tensors)
    }


# --- resize -----------------------------------------------------------------------------------------------


def linear(image: np.ndarray, width: int, height: int) -> np.ndarray:
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)


def resize_fixture() -> None:
    small = []
    for sw in range(1, 10):
        for sh in range(1, 10):
            crc = 0
            for dw in range(1, 10):
                for dh in range(1, 10):
                    start = ((sw * 10 + sh) * 10 + dw) * 10 + dh
                    source = hashed_bytes(sw * sh * 3, start).reshape(sh, sw, 3)
                    crc = zlib.crc32(linear(source, dw, dh).tobytes(), crc)
            small.append([sw, sh, crc])
    large = []
    for image, sizes in (
        (drawing(97, 61, 5), [(40, 25), (97, 61), (160, 101), (31, 90)]),
        (noise(64, 48), [(63, 47), (32, 24), (128, 96), (1, 1), (200, 3)]),
    ):
        height, width = image.shape[:2]
        large.append({
            'width': width,
            'height': height,
            'rgb': packed(image),
            'targets': [{'width': w, 'height': h, 'rgb': packed(linear(image, w, h))} for w, h in sizes],
        })
    big = []  # too big to keep: the source is hashed_bytes, the result a CRC
    shapes = [(1283, 857, 1198, 800), (640, 480, 1067, 800), (2, 4000, 3, 1333), (3001, 17, 1333, 8)]
    # Weights that lie half-way between integers.
    shapes += [(1, 3, 2048, 5), (2, 3, 2048, 5), (3, 2, 4096, 3)]
    for sw, sh, dw, dh in shapes:
        source = hashed_bytes(sw * sh * 3).reshape(sh, sw, 3)
        big.append([sw, sh, dw, dh, zlib.crc32(linear(source, dw, dh).tobytes())])
    write('resize', {'opencv': cv2.__version__, 'small': small, 'large': large, 'big': big})


def drawing(width: int, height: int, seed: int) -> np.ndarray:
    """RGB: a gradient with discs and rectangles, as anti-aliased as OpenCV draws them."""
    rng = np.random.default_rng(seed)
    x = np.linspace(30, 220, width)[None, :]
    y = np.linspace(0, 1, height)[:, None]
    image = np.stack([x + 0 * y, 250 - 180 * y + 0 * x, 60 + 0.5 * x * y], -1).astype(np.uint8)
    side = max(2, min(width, height) // 4)
    for _ in range(6):
        at = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        colour = tuple(int(c) for c in rng.integers(0, 256, 3))
        if rng.random() < 0.5:
            cv2.circle(image, at, side, colour, -1, cv2.LINE_AA)
        else:
            cv2.rectangle(image, at, (at[0] + side, at[1] + side // 2 + 1), colour, -1)
    return image


def noise(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)


# --- whole detectors ----------------------------------------------------------------------------------------


def small_config(name: str, classes: int, scale: tuple[int, int], keep_ratio: bool = True) -> Config:
    """A shipped config on a thin ResNet-18: what differs between the configs stays as shipped."""
    config = Config.fromfile(CONFIGS / name)
    config.model.backbone = dict(
        type='ResNet', depth=18, base_channels=8, norm_cfg=dict(type='BN'), norm_eval=True, style='pytorch'
    )
    config.model.neck.in_channels = [8, 16, 32, 64]
    config.model.neck.out_channels = 64
    config.model.bbox_head.update(in_channels=64, feat_channels=64, stacked_convs=1, num_classes=classes)
    for step in config.test_dataloader.dataset.pipeline:
        if step.type == 'Resize':
            step.update(scale=scale, keep_ratio=keep_ratio)
    return config


def detector(config: Config, seed: int, rgb: np.ndarray, mean_logit: float):
    """Random weights, scaled so that this image gives boxes of the levels' size and spread scores."""
    torch.manual_seed(seed)
    model = init_detector(config, None, palette='random', device='cpu')
    head = model.bbox_head
    seen = watch(model)
    inference_detector(model, rgb[:, :, ::-1].copy())
    logits = torch.cat([t.flatten() for t in seen['heads'][0]])
    with torch.no_grad():
        spread = 1.5 / max(float(logits.std()), 1e-3)
        head.conv_cls.weight *= spread
        head.conv_cls.bias.copy_(head.conv_cls.bias * spread + mean_logit - float(logits.mean()) * spread)
        head.conv_centerness.weight *= 4
        head.conv_reg.bias.fill_(1.5 if head.norm_on_bbox else 1.0)
        if not head.norm_on_bbox:
            for scale, stride in zip(head.scales, STRIDES):
                scale.scale.fill_(float(np.log(1.5 * stride)))
    return model


def watch(model) -> dict:
    """Keeps the last network input and the last raw heads."""
    seen: dict = {}
    forward, preprocess = model.bbox_head.forward, model.data_preprocessor.forward

    def heads(*args, **kwargs):
        seen['heads'] = forward(*args, **kwargs)
        return seen['heads']

    def inputs(*args, **kwargs):
        batch = preprocess(*args, **kwargs)
        seen['input'] = batch['inputs']
        return batch

    model.bbox_head.forward, model.data_preprocessor.forward = heads, inputs
    return seen


def pixels_fixture(name: str, model, rgb: np.ndarray) -> None:
    seen = watch(model)
    result = inference_detector(model, rgb[:, :, ::-1].copy())
    content = {
        'manifest': manifest(name, model.cfg),
        'plan': plan(result.metainfo),
        'rgb': packed(rgb),
        'inputSha256': hashlib.sha256(seen['input'].numpy().tobytes()).hexdigest(),
        'heads': head_tensors(seen['heads']),
        'expected': expected(result.pred_instances),
    }
    print(f'  {len(result.pred_instances)} boxes')
    write(f'pixels-{name}', content)


def pixels_fixtures() -> None:
    # name, config, classes, scale, keep_ratio, image, mean logit, seed
    cases = [
        ('bgr-exp-3', EXP, 3, (96, 64), True, drawing(120, 90, 1), -3.0, 1),
        ('bgr-norm-1-tall', NORM, 1, (96, 64), True, drawing(61, 97, 2), -2.0, 2),
        ('rgb-norm-80', RGB_NORM, 80, (64, 48), True, drawing(64, 48, 3), -4.0, 3),
        ('rgb-exp-3-strip', RGB_EXP, 3, (128, 64), True, drawing(400, 9, 4), -2.0, 4),
        ('bgr-norm-3-stretch', NORM, 3, (96, 64), False, drawing(150, 190, 5), -2.5, 5),
        ('rgb-norm-3-tiny', RGB_NORM, 3, (96, 64), True, drawing(3, 2, 6), -2.0, 6),
        ('bgr-exp-1-pixel', EXP, 1, (64, 64), True, drawing(1, 1, 7), -2.0, 7),
        ('rgb-exp-1-large', RGB_EXP, 1, (133, 80), True, drawing(1601, 1203, 8), -2.0, 8),
        ('bgr-norm-3-none', NORM, 3, (96, 64), True, drawing(90, 60, 9), -30.0, 9),
        ('rgb-norm-80-crowd', RGB_NORM, 80, (64, 64), True, drawing(80, 80, 10), 0.0, 10),
    ]
    for name, config, classes, scale, keep_ratio, rgb, mean_logit, seed in cases:
        model = detector(small_config(config, classes, scale, keep_ratio), seed, rgb, mean_logit)
        pixels_fixture(name, model, rgb)


def mmdet2_fixture() -> None:
    """A config as MMDetection 2.x had it, converted: stretched, channels swapped, padded to no multiple of anything."""
    old = small_config(EXP, 2, (96, 64)).to_dict()['model']
    del old['data_preprocessor']
    norm = {'type': 'Normalize', 'mean': [123.675, 116.28, 103.53], 'std': [58.395, 57.12, 57.375], 'to_rgb': True}
    steps = [{'type': 'Resize', 'keep_ratio': False}, {'type': 'RandomFlip'}, norm, {'type': 'Collect', 'keys': ['img']}]
    pipeline = [{'type': 'LoadImageFromFile'}, {'type': 'MultiScaleFlipAug', 'img_scale': (91, 61), 'transforms': steps}]
    config = from_mmdet2(Config({'model': old, 'data': {'test': {'type': 'CocoDataset', 'pipeline': pipeline}}}))
    rgb = drawing(70, 110, 12)
    pixels_fixture('mmdet2-2-stretch', detector(config, 12, rgb, -2.0), rgb)


def portrait(width: int, height: int) -> np.ndarray:
    """RGB: a drawing with three faces, plain enough for any OpenCV to draw alike."""
    image = drawing(width, height, 11)
    for cx, cy, r in ((0.28, 0.45, 0.26), (0.7, 0.4, 0.2), (0.55, 0.82, 0.12)):
        x, y, size = int(cx * width), int(cy * height), int(r * height)
        cv2.ellipse(image, (x, y - size // 4), (size, int(size * 1.2)), 0, 0, 360, (60, 40, 25), -1, cv2.LINE_AA)
        cv2.ellipse(image, (x, y), (int(size * 0.8), size), 0, 0, 360, (224, 180, 150), -1, cv2.LINE_AA)
        for side in (-1, 1):
            eye = (x + side * size // 3, y - size // 4)
            cv2.ellipse(image, eye, (size // 6, size // 10), 0, 0, 360, (250, 250, 250), -1, cv2.LINE_AA)
            cv2.circle(image, eye, max(1, size // 14), (30, 20, 20), -1, cv2.LINE_AA)
        cv2.line(image, (x, y - size // 8), (x, y + size // 6), (190, 140, 115), max(1, size // 14), cv2.LINE_AA)
        cv2.ellipse(image, (x, y + size // 2), (size // 4, size // 12), 0, 0, 180, (170, 70, 70), -1, cv2.LINE_AA)
    return image


def demo_fixture() -> None:
    """The bundled model, where it has been trained: real weights."""
    folder = ROOT / 'models' / 'demo-face'
    if not (folder / 'checkpoint.pth').exists():
        print('models/demo-face has no checkpoint: no fixture with real weights')
        return
    config = Config.fromfile(folder / 'config.py')
    config.model.backbone.init_cfg = None
    if 'test_dataloader' not in config:
        config.test_dataloader = dict(dataset=dict(pipeline=config.test_pipeline))
    model = init_detector(config, str(folder / 'checkpoint.pth'), palette='random', device='cpu')
    pixels_fixture('demo-face', model, portrait(260, 180))


# --- heads alone ----------------------------------------------------------------------------------------------


def head_fixture(
    name: str,
    heads,
    *,
    source: tuple[int, int],
    size: tuple[int, int],
    padded: tuple[int, int],
    test: dict | None = None,
    formula: dict | None = None,
    scale: tuple[int, int],
) -> None:
    """`predict_by_feat` on these tensors. With a formula the tensors themselves are not stored."""
    config = Config.fromfile(CONFIGS / NORM)
    config.model.bbox_head.num_classes = heads[0][0].shape[1]
    if test:
        config.merge_from_dict({'model.test_cfg': test})
    for step in config.test_dataloader.dataset.pipeline:
        if step.type == 'Resize':
            step.scale = scale
    init_default_scope('mmdet')
    head = MODELS.build({**config.model.bbox_head, 'test_cfg': config.model.test_cfg, 'train_cfg': None}).eval()
    meta = {
        'ori_shape': (source[1], source[0]),
        'img_shape': (size[1], size[0]),
        'batch_input_shape': (padded[1], padded[0]),
        'scale_factor': (size[0] / source[0], size[1] / source[1]),
    }
    result = head.predict_by_feat(*heads, batch_img_metas=[meta], rescale=True)[0]
    content = {
        'manifest': manifest(name, config),
        'plan': plan(meta),
        **({'formula': formula} if formula else {'heads': head_tensors(heads)}),
        'expected': expected(result),
    }
    print(f'  {len(result)} boxes')
    write(f'heads-{name}', content)


def feature_sizes(padded: tuple[int, int]) -> list[tuple[int, int]]:
    return [(-(-padded[1] // s), -(-padded[0] // s)) for s in STRIDES]


def grid(values: np.ndarray, step: float) -> np.ndarray:
    """Rounded to multiples of `step`: many values become equal."""
    return (np.round(values / step) * step).astype(np.float32)


def random_heads(padded, classes, seed, *, logit, reach, step=None):
    """Normal logits (mean, deviation), uniform distances up to `reach` strides."""
    rng = np.random.default_rng(seed)
    out: tuple[list, list, list] = ([], [], [])
    for stride, (h, w) in zip(STRIDES, feature_sizes(padded)):
        cls = rng.normal(*logit, (1, classes, h, w)).astype(np.float32)
        bbox = (rng.uniform(0, reach, (1, 4, h, w)) * stride).astype(np.float32)
        centerness = rng.normal(0, 2, (1, 1, h, w)).astype(np.float32)
        if step:
            cls, bbox, centerness = grid(cls, step), grid(bbox, stride / 2), grid(centerness, 1)
        for tensors, array in zip(out, (cls, bbox, centerness)):
            tensors.append(torch.from_numpy(array))
    return out


def formula_heads(padded, classes, logit, reach):
    """cls = u * range + low, bbox = u * reach * stride, centerness = u * 4 - 2; u counts on over all tensors."""
    start = 0
    out: tuple[list, list, list] = ([], [], [])
    for stride, (h, w) in zip(STRIDES, feature_sizes(padded)):
        for tensors, channels, factor, low in zip(
            out, (classes, 4, 1), (logit[0], reach * stride, 4), (logit[1], 0, -2)
        ):
            units = hashed_units(channels * h * w, start)
            start += units.size
            values = units * np.float32(factor) + np.float32(low)
            tensors.append(torch.from_numpy(values.reshape(1, channels, h, w)))
    return out


def heads_fixtures() -> None:
    small = dict(source=(191, 127), size=(95, 63), padded=(96, 64), scale=(95, 63))
    head_fixture('ties', random_heads((96, 64), 3, 1, logit=(-2, 1), reach=3, step=0.5), **small)
    head_fixture('saturated', random_heads((96, 64), 3, 2, logit=(20, 12), reach=3, step=None), **small)
    head_fixture('borders', random_heads((96, 64), 3, 3, logit=(-3, 1), reach=20), **small)
    head_fixture(
        'nms-50',
        random_heads((96, 64), 3, 4, logit=(-2, 1), reach=4),
        test={'nms': {'iou_threshold': 0.5}, 'nms_pre': 40, 'max_per_img': 17, 'score_thr': 0.2},
        **small,
    )
    head_fixture(
        'class-agnostic',
        random_heads((96, 64), 3, 5, logit=(-2, 1), reach=4),
        test={'nms': {'class_agnostic': True}},
        **small,
    )
    head_fixture(
        'min-size',
        random_heads((96, 64), 1, 6, logit=(-1, 1), reach=1),
        test={'min_bbox_size': 9},
        **small,
    )
    head_fixture(
        'any-size',
        random_heads((96, 64), 1, 8, logit=(-1, 1), reach=1, step=0.5),
        test={'min_bbox_size': -1},
        **small,
    )
    head_fixture('no-threshold', random_heads((96, 64), 1, 7, logit=(-1, 3), reach=3), test={'score_thr': 0.0}, **small)
    photo = dict(source=(2000, 1500), size=(1067, 800), padded=(1088, 800), scale=(1333, 800))
    for name, classes, logit, reach in (('photo-80', 80, (8, -10.75), 4), ('photo-1', 1, (8, -7), 4)):
        heads = formula_heads((1088, 800), classes, logit, reach)
        formula = {'logitRange': logit[0], 'logitLow': logit[1], 'reach': reach}
        head_fixture(name, heads, formula=formula, **photo)
    # Coordinates so great that float32 no longer keeps the classes apart.
    heads = formula_heads((320, 224), 80, (8, -10.5), 4)
    head_fixture(
        'gigapixel-80',
        heads,
        formula={'logitRange': 8, 'logitLow': -10.5, 'reach': 4},
        source=(300000, 200000),
        size=(320, 213),
        padded=(320, 224),
        scale=(320, 320),
    )


def golden_fixture() -> None:
    values = hashed_units(3 * 5 * 7) * 4 - 2
    write('golden-input', {'width': 7, 'height': 5, 'values': [float(v) for v in values]})


def main() -> None:
    torch.set_num_threads(1)
    OUT.mkdir(parents=True, exist_ok=True)
    resize_fixture()
    golden_fixture()
    heads_fixtures()
    pixels_fixtures()
    mmdet2_fixture()
    demo_fixture()


if __name__ == '__main__':
    main()

"""`python serve_peers.py MODEL_DIR DEVICE`: what a Python programmer would run instead, for comparison.

MODEL_DIR holds `config.py`, `checkpoint.pth`, `model.onnx` and `model.json`. Reads a line of JSON for each call,
`{"peer": "mmdetection" | "onnxruntime", "file": PATH}`, and answers with one, `{"ms": from the file to boxes, "boxes": n}`.
The first line that it prints says what runs it.

- `mmdetection`: `inference_detector` on the file, its own pipeline, on DEVICE: `cpu` or `cuda`.
- `onnxruntime`: OpenCV reads and resizes, NumPy normalises and pads, ONNX Runtime infers on the CPU. It is spared the
  decoding of boxes. Not there where DEVICE is `cuda`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

answers = os.fdopen(os.dup(1), 'w', encoding='utf-8')
# MMDetection prints when it is imported.
os.dup2(2, 1)

from forelabel_trainer import mmcv_ops  # noqa: E402

mmcv_ops.install()

from compiled_nms import use_compiled_nms  # noqa: E402

nms = use_compiled_nms()

import cv2  # noqa: E402
import mmdet  # noqa: E402
import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402
import torch  # noqa: E402
from forelabel_trainer.detector import open_detector  # noqa: E402
from mmdet.apis import inference_detector  # noqa: E402


class MMDetection:
    def __init__(self, folder: Path, device: str) -> None:
        self.detector = open_detector(folder / 'config.py', folder / 'checkpoint.pth', device)

    def boxes(self, file: str) -> int:
        # To the CPU: on a GPU the work is over only then.
        found = inference_detector(self.detector, file).pred_instances.cpu()
        return len(found.scores)

    def device(self) -> str:
        """Where the weights are, whatever was asked for."""
        where = next(self.detector.parameters()).device
        return torch.cuda.get_device_name(where) if where.type == 'cuda' else 'CPU'


class OnnxRuntime:
    def __init__(self, folder: Path) -> None:
        manifest = json.loads((folder / 'model.json').read_text(encoding='utf-8'))
        self.input: dict[str, Any] = manifest['input']
        assert self.input['resize']['rule'] == 'keep-ratio', 'only this rule is written here'
        self.session = onnxruntime.InferenceSession(str(folder / 'model.onnx'), providers=['CPUExecutionProvider'])
        self.mean = np.array(self.input['mean'], np.float32)
        self.std = np.array(self.input['std'], np.float32)

    def boxes(self, file: str) -> int:
        image = cv2.imread(file)
        height, width = image.shape[:2]
        short, long = sorted((self.input['resize']['width'], self.input['resize']['height']))
        scale = min(long / max(height, width), short / min(height, width))
        image = cv2.resize(image, (int(width * scale + 0.5), int(height * scale + 0.5)), interpolation=cv2.INTER_LINEAR)
        if self.input['channelOrder'] == 'rgb':
            image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        pixels = (image.astype(np.float32) - self.mean) / self.std
        divisor = self.input['padDivisor']
        padding = [(0, -side % divisor) for side in pixels.shape[:2]]
        padded = np.pad(pixels, [*padding, (0, 0)]).transpose(2, 0, 1)[None]
        self.session.run(None, {self.input['tensor']: np.ascontiguousarray(padded)})
        return 0


def say(**answer: Any) -> None:
    print(json.dumps(answer), file=answers, flush=True)


def main() -> None:
    folder, device = Path(sys.argv[1]), sys.argv[2]
    if device == 'cuda' and not torch.cuda.is_available():
        return say(error=f'PyTorch {torch.__version__} finds no GPU that it can use.')
    mmdetection = MMDetection(folder, device)
    peers: dict[str, Any] = {'mmdetection': mmdetection}
    if device == 'cpu':
        peers['onnxruntime'] = OnnxRuntime(folder)
    say(
        device=mmdetection.device(),
        threads=torch.get_num_threads(),
        versions={'torch': torch.__version__, 'mmdet': mmdet.__version__, 'onnxruntime': onnxruntime.__version__, 'nms': nms},
    )
    for line in sys.stdin:
        call = json.loads(line)
        started = time.perf_counter()
        boxes = peers[call['peer']].boxes(call['file'])
        say(ms=(time.perf_counter() - started) * 1000, boxes=boxes)


if __name__ == '__main__':
    main()

"""`python large_model.py CONFIG OUT WIDTH HEIGHT IMAGE`: a detector of the usual size, for measuring time only.

Writes `config.py` and `checkpoint.pth` into OUT: a config that MMDetection ships, tested at WIDTH x HEIGHT, with random
weights. The bias of the class head is set so that IMAGE has a few hundred candidates, as photographs have with
trained weights; what is found means nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from forelabel_trainer import mmcv_ops

mmcv_ops.install()

import mmdet  # noqa: E402
import torch  # noqa: E402
from forelabel_trainer.detector import open_detector  # noqa: E402
from forelabel_trainer.detector_config import clear_pretrained  # noqa: E402
from mmdet.apis import inference_detector  # noqa: E402
from mmdet.datasets import CocoDataset  # noqa: E402
from mmdet.registry import MODELS  # noqa: E402
from mmdet.utils import register_all_modules  # noqa: E402
from mmengine.config import Config  # noqa: E402

SHIPPED = Path(mmdet.__file__).parent / '.mim' / 'configs' / 'fcos'
CANDIDATES = 400
"""Locations and classes above the score threshold, over all levels."""


def resized_to(config: Config, scale: tuple[int, int]) -> None:
    """The size at which the pipeline tests; everything else stays as it is shipped."""
    pipelines = [config.test_pipeline, config.test_dataloader.dataset.pipeline, config.val_dataloader.dataset.pipeline]
    for step in (step for pipeline in pipelines for step in pipeline):
        if step['type'] == 'Resize':
            step['scale'] = scale


def save(detector: Any, out: Path) -> None:
    torch.save({'state_dict': detector.state_dict(), 'meta': {'dataset_meta': CocoDataset.METAINFO}}, out / 'checkpoint.pth')


def main() -> None:
    name, folder, width, height, image = sys.argv[1:]
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    register_all_modules(init_default_scope=True)
    config = Config.fromfile(SHIPPED / name)
    clear_pretrained(config)
    resized_to(config, (int(width), int(height)))
    config.dump(out / 'config.py')
    torch.manual_seed(0)
    detector: Any = MODELS.build(Config(config.to_dict()).model)
    detector.init_weights()
    save(detector, out)
    loaded: Any = open_detector(out / 'config.py', out / 'checkpoint.pth', 'cpu')
    seen: list[torch.Tensor] = []
    hook = loaded.bbox_head.register_forward_hook(lambda _module, _inputs, outputs: seen.extend(outputs[0]))
    inference_detector(loaded, image)
    hook.remove()
    logits = torch.cat([level.flatten() for level in seen])
    floor = torch.logit(torch.tensor(float(loaded.bbox_head.test_cfg.score_thr)))
    reached = logits.kthvalue(logits.numel() - CANDIDATES).values
    with torch.no_grad():
        detector.bbox_head.conv_cls.bias += floor - reached
    save(detector, out)


if __name__ == '__main__':
    main()

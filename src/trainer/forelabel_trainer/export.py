"""`python -m forelabel_trainer.export JOB.json`: an MMDetection FCOS as ONNX and manifest.

Nothing is written before the ONNX file has been checked against PyTorch; then the folder appears at
once, by a rename.
"""

from __future__ import annotations

import copy
import hashlib
import json
import shutil
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .events import claim_stdout, emit, note, run_job

if __name__ == '__main__':
    # Before anything large is imported: MMDetection prints on stdout when a package it could use is absent.
    claim_stdout()

from . import mmcv_ops  # noqa: E402
from .errors import TrainerError  # noqa: E402
from .job import ExportJob, parse_export  # noqa: E402

mmcv_ops.install()

import torch  # noqa: E402
from mmdet.registry import MODELS  # noqa: E402
from mmdet.utils import register_all_modules  # noqa: E402

from .checkpoint import load_weights, read_checkpoint, rounded_kernels, stored_state, weights_of, write_checkpoint  # noqa: E402
from .class_names import class_names  # noqa: E402
from .config_text import is_self_contained, write_config  # noqa: E402
from .detector_config import clear_pretrained, input_spec, load_config, postprocess_spec, read_config  # noqa: E402
from .export_limits import check_exportable  # noqa: E402
from .graph_check import check_graph  # noqa: E402
from .mmdet2_checkpoint import renamed  # noqa: E402
from .mmdet2_config import is_mmdet2  # noqa: E402
from .model_folder import MANIFEST, check_target, replaced  # noqa: E402
from .onnx_graph import RawHeads, export_graph, output_names  # noqa: E402


def export(job: ExportJob) -> Path:
    """Writes `model.onnx`, `model.json`, `config.py` and `checkpoint.pth` to `job.out_dir`; returns it."""
    check_target(job.out_dir)
    config = load_config(job.config)
    check_exportable(config)
    checkpoint = read_checkpoint(job.checkpoint)
    changes = renamed(stored_state(checkpoint))
    if changes:
        note('checkpoint-converted', f'{job.checkpoint.name} has names of an older MMDetection, which were converted: {"; ".join(changes)}.')
    weights = weights_of(checkpoint)
    register_all_modules(init_default_scope=True)
    classes = class_names(config, checkpoint, weights, job.classes)
    clear_pretrained(config)
    detector = _build(job, config)
    if job.precision == 'fp16':
        weights = rounded_kernels(weights)
    load_weights(detector, weights, job.checkpoint.name)
    # The wrapper too: the exporter restores the mode that it finds there, for everything below it.
    heads = RawHeads(detector).eval()
    strides = [int(stride[0]) for stride in detector.bbox_head.prior_generator.strides]
    names = output_names(len(strides))
    onnx_bytes = _graph(job, heads, names)
    golden = check_graph(onnx_bytes, heads, names, strides)
    sha256 = hashlib.sha256(onnx_bytes).hexdigest()
    manifest = {
        'schema': 1,
        'name': job.name,
        'architecture': 'FCOS',
        'classes': list(classes),
        'input': input_spec(config),
        'outputs': {
            'levels': [
                {'stride': stride, 'cls': f'cls_{i}', 'bbox': f'bbox_{i}', 'centerness': f'centerness_{i}'}
                for i, stride in enumerate(strides)
            ],
            'cls': 'logits',
            'centerness': 'logits',
            'bbox': 'pixels',
        },
        'postprocess': postprocess_spec(config),
        'golden': golden,
        'files': [{'precision': job.precision, 'path': 'model.onnx', 'bytes': len(onnx_bytes), 'sha256': sha256}],
        'lineage': _lineage(job),
    }
    _write(job, config, manifest, onnx_bytes, weights, classes)
    emit('finished', model=f'{job.name}-{sha256[:8]}', dir=str(job.out_dir), bytes=len(onnx_bytes), classes=list(classes))
    return job.out_dir


def _build(job: ExportJob, config: Any) -> Any:
    try:
        return MODELS.build(copy.deepcopy(config.model)).eval()
    except Exception as error:
        raise TrainerError(
            'config-invalid', f'MMDetection cannot build the model of {job.config.name}: {error}. Take the config that the model was trained with.'
        ) from error


def _graph(job: ExportJob, heads: RawHeads, names: list[str]) -> bytes:
    try:
        return export_graph(heads, names, halve=job.precision == 'fp16')
    except Exception as error:
        first_line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise TrainerError(
            'not-exportable', f'ONNX cannot hold the model of {job.config.name}: {first_line}. Take a backbone and a neck of plain convolutions, such as ResNet with FPN.'
        ) from error


def _lineage(job: ExportJob) -> dict[str, Any]:
    lineage = job.lineage
    return {
        'parent': lineage.parent,
        'dataset': lineage.dataset,
        'config': 'config.py',
        'checkpoint': 'checkpoint.pth',
        'epochs': lineage.epochs,
        'metrics': lineage.metrics,
        'date': lineage.date or datetime.now(timezone.utc).isoformat(timespec='seconds'),
    }


def _write(
    job: ExportJob,
    config: Any,
    manifest: dict[str, Any],
    onnx_bytes: bytes,
    weights: dict[str, torch.Tensor],
    classes: tuple[str, ...],
) -> None:
    with replaced(job.out_dir) as folder:
        (folder / 'model.onnx').write_bytes(onnx_bytes)
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + '\n', encoding='utf-8')
        if _copies(job):
            shutil.copyfile(job.config, folder / 'config.py')
        else:
            # Self-contained: the bases of the config stay where they are.
            write_config(config, folder / 'config.py')
        write_checkpoint(folder / 'checkpoint.pth', weights, classes, halve=job.precision == 'fp16')


def _copies(job: ExportJob) -> bool:
    """Whether the config can stay as it was written: nothing of it lies elsewhere, and nothing was rewritten."""
    alone = job.config.parent == job.out_dir.resolve() or is_self_contained(job.config.read_text(encoding='utf-8'))
    return alone and not is_mmdet2(read_config(job.config))


def main() -> int:
    if len(sys.argv) != 2:
        print('Usage: python -m forelabel_trainer.export JOB.json', file=sys.stderr)
        return 2
    return run_job(lambda: export(parse_export(Path(sys.argv[1]))) and None)


if __name__ == '__main__':
    sys.exit(main())

"""`python -m forelabel_trainer.export JOB.json`: an MMDetection FCOS as ONNX and manifest.

Nothing is written before the ONNX file has been checked against PyTorch; then the folder appears at
once, by a rename.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tempfile
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

import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402
import torch  # noqa: E402
from mmdet.registry import MODELS  # noqa: E402
from mmdet.utils import register_all_modules  # noqa: E402

from .checkpoint import load_weights, read_checkpoint, rounded_kernels, stored_classes, weights_of, write_checkpoint  # noqa: E402
from .config_text import is_self_contained, write_config  # noqa: E402
from .detector_config import class_count, clear_pretrained, config_classes, input_spec, load_config, postprocess_spec  # noqa: E402
from .golden import SIZE, golden_input, golden_spec  # noqa: E402
from .onnx_graph import RawHeads, export_graph, output_names  # noqa: E402

CHECKED_SIZES = ((64, 64), (96, 160), (256, 192))
"""Height and width of the inputs on which ONNX Runtime must agree with PyTorch."""

TOLERANCE = 1e-4
"""Greatest |difference| / max(1, |value|), whatever the precision: kernels are rounded before the export,
so that PyTorch and ONNX Runtime compute with the same numbers."""


def export(job: ExportJob) -> Path:
    """Writes `model.onnx`, `model.json`, `config.py` and `checkpoint.pth` to `job.out_dir`; returns it."""
    config = load_config(job.config)
    checkpoint = read_checkpoint(job.checkpoint)
    classes = _classes(job, config, checkpoint)
    clear_pretrained(config)
    register_all_modules(init_default_scope=True)
    detector = MODELS.build(config.model).eval()
    weights = weights_of(checkpoint)
    if job.precision == 'fp16':
        weights = rounded_kernels(weights)
    load_weights(detector, weights, job.checkpoint.name)
    # The wrapper too: the exporter restores the mode that it finds there, for everything below it.
    heads = RawHeads(detector).eval()
    strides = [int(stride[0]) for stride in detector.bbox_head.prior_generator.strides]
    names = output_names(len(strides))
    onnx_bytes = export_graph(heads, names, halve=job.precision == 'fp16')
    golden = _check(onnx_bytes, heads, names)
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


def _classes(job: ExportJob, config: Any, checkpoint: dict[str, Any]) -> tuple[str, ...]:
    """The job's names, else the checkpoint's, else the config's; as many as the head has."""
    stored = stored_classes(checkpoint)
    names = job.classes or stored or config_classes(config)
    count = class_count(config)
    if names is None:
        raise TrainerError('class-count', f'Neither the job, the checkpoint nor the config names the {count} classes. Give "classes".')
    if len(names) != count:
        raise TrainerError(
            'class-count', f'The config has num_classes={count}, but {len(names)} class names were found ({", ".join(names)}). Make the two agree.'
        )
    if job.classes and stored and stored != job.classes:
        note('class-order', f'The checkpoint was trained with the classes {", ".join(stored)}; the job says {", ".join(job.classes)}.')
    return names


def _check(onnx_bytes: bytes, heads: RawHeads, names: list[str]) -> dict[str, Any]:
    """Compares ONNX Runtime with PyTorch on several sizes; returns the manifest's golden sample."""
    session = onnxruntime.InferenceSession(onnx_bytes, providers=['CPUExecutionProvider'])
    worst = 0.0
    golden: dict[str, Any] = {}
    for height, width in CHECKED_SIZES:
        image = golden_input(width, height)
        got = dict(zip(names, session.run(names, {'image': image}), strict=True))
        with torch.no_grad():
            expected = heads(torch.from_numpy(image))
        for name, tensor in zip(names, expected, strict=True):
            reference = tensor.numpy()
            if got[name].shape != reference.shape or not np.isfinite(got[name]).all():
                raise TrainerError('export-differs', f'The exported graph gives a wrong shape or a non-finite value in {name}. This model cannot be exported.')
            worst = max(worst, float((np.abs(got[name] - reference) / np.maximum(1, np.abs(reference))).max()))
        if (height, width) == (SIZE, SIZE):
            golden = golden_spec(got)
    if worst > TOLERANCE:
        raise TrainerError('export-differs', f'The exported graph differs from PyTorch by {worst:.2e} (allowed: {TOLERANCE:.0e}). This model cannot be exported.')
    emit('checked', sizes=[list(size) for size in CHECKED_SIZES], worst=worst, tolerance=TOLERANCE)
    return golden


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
    """All files into a folder beside the target, then one rename; other files of an old folder are kept."""
    target = job.out_dir
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f'.{target.name}-', dir=target.parent))
    try:
        temporary.chmod(0o755)
        (temporary / 'model.onnx').write_bytes(onnx_bytes)
        (temporary / 'model.json').write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + '\n', encoding='utf-8')
        if job.config.parent == target.resolve() or is_self_contained(job.config.read_text(encoding='utf-8')):
            shutil.copyfile(job.config, temporary / 'config.py')
        else:
            # Self-contained: the bases of the config stay where they are.
            write_config(config, temporary / 'config.py')
        write_checkpoint(temporary / 'checkpoint.pth', weights, classes, halve=job.precision == 'fp16')
        old = None
        if target.exists():
            for kept in target.iterdir():
                if kept.is_file() and not (temporary / kept.name).exists():
                    shutil.copyfile(kept, temporary / kept.name)
            old = Path(tempfile.mkdtemp(prefix=f'.{target.name}-old-', dir=target.parent))
            target.rename(old / target.name)
        temporary.rename(target)
        if old is not None:
            shutil.rmtree(old)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def main() -> int:
    if len(sys.argv) != 2:
        print('Usage: python -m forelabel_trainer.export JOB.json', file=sys.stderr)
        return 2
    return run_job(lambda: export(parse_export(Path(sys.argv[1]))) and None)


if __name__ == '__main__':
    sys.exit(main())

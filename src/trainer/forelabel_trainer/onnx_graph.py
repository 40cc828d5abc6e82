"""From a detector to an ONNX file of raw heads."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

OPSET = 17
"""ONNX Runtime's WebGPU backend has no GroupNormalization; up to opset 20 the exporter spells it out."""


class RawHeads(nn.Module):
    """Image in; class, box and centerness maps of each level out, as FCOSHead makes them in eval mode."""

    def __init__(self, detector: nn.Module) -> None:
        super().__init__()
        self.detector = detector

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        cls, bbox, centerness = self.detector.bbox_head(self.detector.extract_feat(image))
        return (*cls, *bbox, *centerness)


def output_names(levels: int) -> list[str]:
    return [f'{kind}_{level}' for kind in ('cls', 'bbox', 'centerness') for level in range(levels)]


def export_graph(heads: RawHeads, names: list[str], halve: bool) -> bytes:
    """The ONNX file, with free height and width.

    Every output gets dimension names of its own: shared ones make ONNX Runtime believe that levels of
    different size can share a buffer.
    """
    buffer = io.BytesIO()
    torch.onnx.export(
        heads,
        (torch.zeros(1, 3, 128, 160),),
        buffer,
        opset_version=OPSET,
        # The model is in eval mode. Told EVAL, the exporter would also fold batch norms into kernels, which
        # half precision could not hold then; ONNX Runtime folds them itself when it loads the file.
        training=torch.onnx.TrainingMode.PRESERVE if halve else torch.onnx.TrainingMode.EVAL,
        dynamo=False,
        input_names=['image'],
        output_names=names,
        dynamic_axes={'image': {2: 'height', 3: 'width'}, **{name: {2: 'h', 3: 'w'} for name in names}},
    )
    graph = onnx.load_from_string(buffer.getvalue())
    _name_dimensions(graph)
    if halve:
        _halve_weights(graph)
    onnx.checker.check_model(graph)
    return graph.SerializeToString()


def _name_dimensions(model: Any) -> None:
    for index, output in enumerate(model.graph.output):
        for axis, dim in enumerate(output.type.tensor_type.shape.dim):
            if axis == 0:
                dim.ClearField('dim_param')
                dim.dim_value = 1
            elif dim.HasField('dim_param'):
                dim.dim_param = f'o{index}_d{axis}'


def _halve_weights(model: Any) -> None:
    """Stores kernels, which hold half-precision values by now, as float16 behind a Cast: half the file, the same numbers."""
    kept, casts = [], []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or len(tensor.dims) != 4:
            kept.append(tensor)
            continue
        full = numpy_helper.to_array(tensor)
        half = full.astype(np.float16)
        if not np.array_equal(half.astype(np.float32), full):
            raise ValueError(f'{tensor.name} is not held by half precision')
        stored = f'{tensor.name}_half'
        kept.append(numpy_helper.from_array(half, stored))
        casts.append(helper.make_node('Cast', [stored], [tensor.name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.initializer[:]
    del model.graph.node[:]
    model.graph.initializer.extend(kept)
    model.graph.node.extend(nodes)

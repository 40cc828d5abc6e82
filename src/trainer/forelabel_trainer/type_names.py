"""The one name of a type, however a config writes it: 'FCOS', 'mmdet.FCOS', or the class itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import mmengine.registry
from mmengine.config import Config
from mmengine.registry import Registry
from mmengine.utils import get_object_from_string

REGISTERED_IN = ('mmdet', 'mmcv', 'mmengine')


def with_type_names(config: Config) -> Config:
    """A copy of a config with `type_name` of each type in it.

    In a config that is a Python module (`read_base`) types are classes. They become paths of them first, as in the
    config that MMEngine writes beside a training.
    """
    return Config(_renamed(config.to_dict()), filename=config.filename)


def _renamed(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: type_name(value) if key == 'type' and isinstance(value, str) else _renamed(value) for key, value in node.items()}
    return type(node)(_renamed(item) for item in node) if isinstance(node, (list, tuple)) else node


def type_name(written: str) -> str:
    """The name without scope or module: of 'mmdet.FCOS' and 'mmdet.models.detectors.fcos.FCOS' it is 'FCOS'.

    A class may be registered by another name than its own (`PretrainedInit` is 'Pretrained'): then it is that one.
    What other packages define stays as it is written, and so does what PyTorch has and no registry.
    """
    package, _, rest = written.partition('.')
    if not rest or package not in (*REGISTERED_IN, 'torch'):
        return written
    own = written.rpartition('.')[2]
    found = get_object_from_string(written)
    names = [] if found is None else [name for registry in _registries() for name, entry in registry.module_dict.items() if entry is found]
    if names:
        return own if own in names else names[0]
    return written if package == 'torch' else own


def _registries() -> Iterator[Registry]:
    """MMEngine's, and those of other packages below them."""
    waiting = [registry for registry in vars(mmengine.registry).values() if isinstance(registry, Registry)]
    while waiting:
        registry = waiting.pop()
        yield registry
        waiting.extend(registry.children.values())

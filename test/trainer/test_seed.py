"""What chance decides in a run is settled by the job."""

from __future__ import annotations

from pathlib import Path

from conftest import DEMO_CONFIG
from test_train_config import written


def test_every_run_has_a_seed(tmp_path: Path) -> None:
    """Without one, MMEngine draws it, and no training could be repeated."""
    assert written(tmp_path, DEMO_CONFIG).randomness == {'seed': 0}
    assert written(tmp_path, DEMO_CONFIG, seed=7).randomness == {'seed': 7}

"""Whether there is a CUDA device, asked without torch where no driver can be there."""
import subprocess
import sys

import torch

from tests.support.patience import HANGING
from vs2 import driver

ASKS = "import sys; from pathlib import Path; from vs2 import driver; " \
       "print(driver.cuda(Path(sys.argv[1])) is None, 'torch' in sys.modules)"


def test_torch_is_asked_where_a_driver_shows_itself(tmp_path):
    for made in (None, "nvidiactl"):
        if made:
            (tmp_path / made).touch()
        done = subprocess.run([sys.executable, "-c", ASKS, str(tmp_path)], capture_output=True, text=True,
                              timeout=HANGING, check=True)
        asked = made is not None or sys.platform != "linux"
        assert done.stdout.split() == [str(not (asked and torch.cuda.is_available())), str(asked)]


def test_where_torch_is_loaded_it_is_believed(tmp_path, monkeypatch):
    about = type("Properties", (), {"name": "A card", "total_memory": 24 << 30})
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda place: about)
    assert driver.cuda(tmp_path) == driver.Device("A card", 24 << 30)

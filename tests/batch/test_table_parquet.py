"""Parquet tables: their values as JSON has them, and no file costs more than its limits."""
import datetime
import decimal
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from tests.support.patience import HANGING
from vs2.batch import table
from vs2.batch.table import Limits
from vs2.errors import BadInput
from vs2.video import pool

ROOT = Path(__file__).resolve().parents[2]
PAGE = Limits(rows=200, columns=200, table_bytes=4 * 2**20)


def rows(columns, limits=Limits(), **options):
    out = io.BytesIO()
    parquet.write_table(columns if isinstance(columns, pyarrow.Table) else pyarrow.table(columns), out, **options)
    assert len(out.getvalue()) < 4 * 2**20
    return table.parse(out.getvalue(), "t.parquet", limits)


def test_values_are_what_json_has():
    when = datetime.datetime(2026, 1, 2, 3, 4, 5)
    (columns, problem), = rows({
        "Video": ["a.mp4"], "prompt": [b"caf\xc3\xa9"], "n": [3], "nan": [float("nan")], "none": pyarrow.nulls(1),
        "raw": [b"\xff\xfe"], "when": [when], "cost": [decimal.Decimal("1.50")], "tags": [["a", None]],
        "more": [{"x": 1, "y": 2.5}], "yes": [True]})
    assert not problem and columns == {
        "video": "a.mp4", "prompt": "café", "n": 3, "nan": None, "none": None, "raw": "2 bytes", "when": str(when),
        "cost": "1.50", "tags": ["a", None], "more": {"x": 1, "y": 2.5}, "yes": True}


def test_rows_keep_their_order_over_groups():
    found = rows({"video": [f"{n}.mp4" for n in range(500)], "prompt": ["p"] * 500}, row_group_size=70)
    assert [columns["video"] for columns, _ in found] == [f"{n}.mp4" for n in range(500)]


def test_an_overlong_cell_is_its_rows_fault_alone():
    first, second = rows({"video": ["a.mp4"] * 2, "prompt": ["p" * 131_073, "p"]})
    assert "131,073 characters" in first[1] and not second[1]


@pytest.mark.parametrize(("columns", "options", "says"), [
    ({"video": ["a"] * 300, "prompt": ["p"] * 300}, {}, "more than 200 rows"),
    ({"video": pyarrow.array([], pyarrow.string()), "prompt": pyarrow.array([], pyarrow.string())}, {}, "no rows"),
    ({f"c{n}": [1] for n in range(300)}, {}, "300 columns, more than 200"),
    ({"video": ["a"]}, {}, "no column `prompt`"),
    (pyarrow.Table.from_arrays([pyarrow.array(["a"])] * 3, ["video", "prompt", "prompt"]), {}, "two columns 'prompt'"),
    ({"video": ["a" * 2**20] * 200, "prompt": ["p"] * 200}, {"compression": "zstd"}, "too much time or memory"),
    ({"video": ["a" * 2**23] * 8, "prompt": ["p"] * 8}, {"compression": "zstd", "use_dictionary": False}, "too much"),
    ({"video": ["a"], "prompt": ["p"], "x": [[0] * 2**22]}, {"compression": "zstd"}, "too much time or memory"),
])
def test_a_table_that_cannot_be_used_is_one_sentence(columns, options, says):
    with pytest.raises(BadInput, match=says) as error:
        rows(columns, PAGE, **options)
    assert str(error.value).endswith(".")


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1" + os.urandom(5000) + b"PAR1", b"video,prompt\na,b\n",
                                  b"PAR1\xff\xff\xff\x7fPAR1"])
def test_what_is_no_parquet(data):
    with pytest.raises(BadInput, match="no Parquet file that can be read"):
        table.parse(data, "t.parquet", PAGE)


def test_every_byte_may_be_wrong():
    """No damage of the file gives anything but rows or a sentence."""
    out = io.BytesIO()
    parquet.write_table(pyarrow.table({"video": ["a.mp4"] * 9, "prompt": ["p"] * 9}), out)
    whole = out.getvalue()
    for place in range(4, len(whole), len(whole) // 6):
        data = bytearray(whole)
        data[place] ^= 0xFF
        try:
            assert len(table.parse(bytes(data), "t.parquet", PAGE)) <= 200
        except BadInput as error:
            assert str(error).endswith(".")


def test_the_reader_is_a_process_without_the_environment(monkeypatch, tmp_path):
    said = tmp_path / "said"
    monkeypatch.setenv("HF_TOKEN", "secret")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    (tmp_path / "python").write_text(f"#!/bin/sh\nenv > {said}\n")
    (tmp_path / "python").chmod(0o755)
    with pytest.raises(BadInput):
        table.parse(b"", "t.parquet", PAGE)
    assert "PATH=" in said.read_text() and "secret" not in said.read_text()


def test_without_the_package_it_is_named(monkeypatch):
    from vs2.batch import parquet_worker

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert parquet_worker.read(b"", {}) == {"error": "package"}


TRIES = {
    "another file": "open('/etc/passwd').read()",
    "the environment of another process": "open(f'/proc/{os.getppid()}/environ', 'rb').read()",
    "a socket": "__import__('socket').socket()",
    "another program": "__import__('subprocess').run(['true'], check=True)",
}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can confine a process")
@pytest.mark.parametrize("what", TRIES)
def test_the_process_that_reads_it_gets_at_nothing_else(what):
    code = ("import json, os, sys\nfrom vs2.batch import parquet_worker\n"
            "def tried(*_):\n"
            "    try:\n        exec(sys.argv[2])\n"
            "    except OSError as error:\n        return {'error': type(error).__name__}\n"
            "    return {'done': True}\n"
            "parquet_worker.read = tried\n")
    job = {"seconds": 60, "cpu": 60, "memory": 2 * 2**30, "writes": 2**20}

    def said(last: str) -> dict:
        done = subprocess.run([sys.executable, "-c", code + last, json.dumps(job), TRIES[what]], input=b"", cwd=ROOT,
                              capture_output=True, timeout=HANGING, check=True)
        return json.loads(done.stdout)

    assert said("print(json.dumps(tried()))") == {"done": True}, "outside it can be had"
    held = pool.layers()
    if "files" in held and "system calls" in held:
        assert said("parquet_worker.main()") == {"error": "PermissionError"}

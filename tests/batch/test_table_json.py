"""JSON tables: an array, JSON Lines or an object with one array; and no row costs another one anything."""
import json
import time

import pytest

from vs2.batch import table
from vs2.batch.table import Limits
from vs2.errors import BadInput

ROW = {"video": "a.mp4", "prompt": "x, y", "n": 1}


def rows(text, name="t.json", **limits):
    return table.parse(text if isinstance(text, bytes) else text.encode(), name, Limits(**limits))


@pytest.mark.parametrize("text", [
    json.dumps([ROW]), json.dumps([ROW], indent=1), json.dumps(ROW), json.dumps(ROW) + "\n",
    json.dumps({"rows": [ROW]}),
    json.dumps({"version": 1, "tags": ["x"], "data": [ROW]}), "\n" + json.dumps(ROW) + "\n\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_shape_of_a_json_table(text, encoding):
    assert rows(text.encode(encoding)) == [(ROW, "")]


def test_json_lines_called_json():
    wrong = rows("{\n", "t.jsonl")[0]
    assert rows(f"{json.dumps(ROW)}\n{json.dumps(ROW)}\n{{\n") == [(ROW, ""), (ROW, ""), wrong]


def test_each_bad_row_is_that_rows_problem():
    deep = "[" * 40 + "]" * 40
    wrong = {'"x": NaN': "NaN is no number", '"x": 1e999': "1e999 is no number", '"a": 1, "a": 2': "stands twice",
             f'"x": {deep}': "more than 32 deep", f'"x": {"9" * 5000}': "more than 300 digits",
             '"x": {"y": [Infinity]}': "Infinity is no number"}
    good = '{"video": "a.mp4", "prompt": "p"}'
    bad = [f'{{"video": "a.mp4", "prompt": "p", {more}}}' for more in wrong]
    for text, name in (("[" + ",".join([good, *bad, "3", good]) + "]", "t.json"),
                       ("\n".join([good, *bad, "3", good]), "t.jsonl"),
                       ('{"rows": [' + ",".join([good, *bad, "3", good]) + "]}", "t.json")):
        found = rows(text, name)
        assert [not problem for _, problem in found] == [True, *[False] * (len(bad) + 1), True]
        for (_, problem), words in zip(found[1:], [*wrong.values(), "no JSON object"], strict=False):
            assert words in problem and problem.endswith(".")


@pytest.mark.parametrize(("text", "says"), [
    ("[]", "no rows"), ("{}", "holds no rows"), ("3", "holds no rows"), ("", "not JSON"), ("[" * 2_000_000, "too deep"),
    ('{"a":' * 700_000, "too deep"), ('[{"video": "a"', "not JSON"), ('{"a": [{}], "b": [{}]}', "holds no rows"),
    ("[" + ",".join(["{}"] * 1_300_000) + "]", "more than 200 rows"), ("{}\n" * 1_300_000, "more than 200 rows"),
    (json.dumps([{f"c{n}": 1 for n in range(300)}]), "300 columns, more than 200"),
    (json.dumps([{f"{row} {n}": 1 for n in range(20)} for row in range(20)]), "columns, more than 200"),
    ('[{"video": "a", "x": ' + "9" * 4_000_000 + "}]", None),
])
def test_a_hostile_table_costs_little(text, says):
    started = time.thread_time()
    if says is None:
        assert "digits" in rows(text)[0][1]
    else:
        with pytest.raises(BadInput, match=says):
            rows(text, rows=200, columns=200)
    assert time.thread_time() - started < 20


def test_a_json_beside_another_table_is_no_table():
    assert table.tables(["a.csv", "meta.json", "b.mp4"]) == ["a.csv"]
    assert table.tables(["meta.JSON", "b.mp4"]) == ["meta.JSON"] and table.tables(["b.mp4"]) == []

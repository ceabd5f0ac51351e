"""CSV as people have it: blanks, `sep=`, blank lines, other marks and encodings; and as attackers make it."""
import time

import pytest

from vs2.batch import table
from vs2.batch.table import Limits
from vs2.batch.table_csv import CELL
from vs2.errors import BadInput


def rows(text, name="t.csv", **limits):
    return table.parse(text if isinstance(text, bytes) else text.encode(), name, Limits(**limits))


@pytest.mark.parametrize("text", [
    'video,prompt\na.mp4, "x, y"\n', 'video, prompt\na.mp4,   "x, y"\n', '"video" , "prompt"\n"a.mp4" , "x, y" \n',
    ' video , "prompt"\t\n a.mp4,"x, y"\t\r\n', 'video;prompt\na.mp4; "x, y"\n', 'video\tprompt\na.mp4\t x, y\n',
    'video|prompt\na.mp4| x, y\n', 'sep=;\nvideo;prompt\na.mp4;"x, y"\n', 'SEP=;\r\nvideo;prompt\r\na.mp4;x, y\r\n',
    '"sep=;"\nvideo;prompt\na.mp4;x, y\n', 'sep=\t\nvideo\tprompt\na.mp4\tx, y\n', "sep=^\nvideo^prompt\na.mp4^x, y\n",
    'sep=,\nvideo,prompt\na.mp4,"x, y"', '\nvideo,prompt\na.mp4,"x, y"\n', '\r\n \r\n\t\nvideo,prompt\na.mp4,"x, y"\n',
    ';;\nvideo;prompt\na.mp4;x, y\n', ',,\n"",""\nvideo,prompt,\na.mp4,"x, y",\n,,\n\n',
    "\nsep=;\n\nvideo;prompt\na.mp4;x, y",
    '\rvideo,prompt\ra.mp4,"x, y"\r', 'video,prompt\n\n , \na.mp4,"x, y"\n',
])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_spreadsheets_and_people_write(text, encoding):
    (columns, problem), = rows(text.encode(encoding))
    assert columns["video"].strip() == "a.mp4" and columns["prompt"] == "x, y" and not problem
    assert not any(value for name, value in columns.items() if name not in table.NEEDED)


@pytest.mark.parametrize(("text", "prompt"), [
    ('"a.mp4" ,"he said ""hi"", then left" \n', 'he said "hi", then left'), ('a.mp4,say "hi" , now\n', None),
    ('"a.mp4" ,"two\nlines" \n', "two\nlines"), ('a.mp4,5" wide \n', '5" wide '), ("a.mp4,'- a list\n", "- a list"),
])
def test_quotes_and_blanks(text, prompt):
    (columns, problem), = rows("video,prompt\n" + text)
    assert (columns["prompt"] == prompt and not problem) if prompt else "3 cells for 2 columns" in problem


def test_tabs_come_first_in_a_tsv_and_commas_in_a_csv():
    text = "video,x\tvideo\tprompt,y\tprompt\n1\ta.mp4\t2\tp\n"
    (columns, problem), = rows(text, "t.tsv")
    assert columns == {"video,x": "1", "video": "a.mp4", "prompt,y": "2", "prompt": "p"} and not problem


def test_an_overlong_cell_is_its_rows_fault_alone():
    long = "x" * (CELL + 1)
    first, second, third = rows(f"video,prompt,note\na.mp4,p,{long}\na.mp4,{'y' * CELL},n\na.mp4,\"{long}\",n\n")
    assert "'note' has 131,073 characters, more than 131,072" in first[1] and len(first[0]["note"]) < 300
    assert not second[1] and len(second[0]["prompt"]) == CELL and "'prompt' has 131,073" in third[1]
    assert first[0]["prompt"] == "p"


@pytest.mark.parametrize(("text", "says"), [
    ("video,prompt," + ",".join(f"c{n}" for n in range(300_000)) + "\na.mp4,p\n", "300002 columns, more than 200"),
    ("video,prompt," + "same," * 150 + "\n", "two columns 'same'"),
    ("video,prompt\n" + '""' * 2_000_000 + " x", "quotes"),
    ('"a,' * 700_000, "quotes"), ("video,prompt\n" + '"x" ,"y"' * 400_000 + " x", "quotes"),
    ("\n" * 4_000_000, "no column"),
    ("video,prompt," + ",".join(f"c{n}" for n in range(190)) + "\n" + "a\n" * 400, "rows"),
    ("video,prompt\n" + "a\n" * 2_000_000, "more than 200 rows"),
])
def test_a_hostile_table_costs_little(text, says):
    started = time.thread_time()
    with pytest.raises(BadInput, match=says):
        rows(text, rows=200, columns=200)
    assert time.thread_time() - started < 20


def test_short_rows_under_a_wide_header_are_counted_whole():
    with pytest.raises(BadInput, match="more than 5000 cells"):
        rows("video,prompt," + ",".join(f"c{n}" for n in range(98)) + "\n" + "a\n" * 60, cells=5000)

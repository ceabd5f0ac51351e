"""Tables that nobody vouches for: each kind of bad row is that row's, a zip costs no more than it may."""
import io
import json
import os
import struct
import zipfile

import pytest

from tests.support.clips import moving_square
from vs2 import video
from vs2.batch import archive, table, table_csv
from vs2.errors import BadInput

HEADER = "video,prompt\n"


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return moving_square(tmp_path_factory.mktemp("clips") / "a.mp4", frames=4)


@pytest.fixture
def folder(clip, tmp_path):
    """A folder for a table, with the clip a.mp4 in it."""
    (tmp_path / "a.mp4").write_bytes(clip.read_bytes())
    return tmp_path


def rows_of(folder, text, name="t.csv", **limits):
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    with table.opened(folder / name, table.Limits(**limits)) as rows:
        return rows


def packed(path, members, table_text=HEADER + "a.mp4,p\n"):
    """A zip of {name: bytes or (ZipInfo, bytes)} with the table t.csv."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        if table_text is not None:
            out.writestr("t.csv", table_text)
        for name, data in members:
            out.writestr(name, data)
    return path


def opened(path, **limits):
    with table.opened(path, table.Limits(**limits)) as rows:
        return rows


def refused(problem, *words):
    assert problem.count("\n") == 0 and problem.endswith(".")
    assert all(word in problem for word in words), problem


def test_csv_with_every_bad_row(folder, clip):
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("no video")
    (folder / "list.mp4").write_text("#EXTM3U\n")
    (folder / "large.mp4").write_bytes(clip.read_bytes() + bytes(9000))
    os.mkfifo(folder / "pipe.mp4")
    rows = rows_of(folder, HEADER + 'a.mp4,"a, b"\nno.mp4,p\na.mp4,  \n,p\nempty.mp4,p\ntext.mp4,p\nlist.mp4,p\n'
                   f"large.mp4,p\npipe.mp4,p\n.,p\nhttps://x.org/a.mp4,p\na.mp4,{'x' * 5000}\na.mp4,two, cells\n"
                   f"a\0.mp4,p\n{folder / 'a.mp4'},absolute\n./a.mp4 ,spaces\n",
                   clip=video.Limits(max_bytes=len(clip.read_bytes()) + 100))
    assert [row.number for row in rows] == list(range(1, 17))
    assert [row.number for row in rows if not row.problem] == [1, 15, 16] and rows[0].prompt == "a, b"
    assert all(row.path.samefile(folder / "a.mp4") for row in rows if not row.problem)
    said = {2: "does not exist", 3: "prompt is empty", 4: "names no video", 5: "is empty", 6: "holds text",
            7: "is a playlist", 8: "more than the limit", 9: "is a device or a pipe", 10: "is a folder",
            11: "is an address", 12: "has 5000 characters", 13: "3 cells for 2 columns", 14: "no path"}
    for number, words in said.items():
        assert rows[number - 1].path is None
        refused(rows[number - 1].problem, words)


def test_jsonl_with_every_bad_row(folder):
    lines = ['{"video": "a.mp4", "prompt": "p", "seed": 3, "tags": ["x"], "note": null}', "", "{", "[1]", "7",
             '{"prompt": "p"}', '{"video": "a.mp4"}', '{"video": 3, "prompt": "p"}',
             '{"video": "a.mp4", "prompt": [1]}',
             '{"video": "a.mp4", "prompt": "p", "x": NaN}', '{"video": "a.mp4", "prompt": "p", "x": 1e999}',
             '{"video": "a.mp4", "video": "b.mp4", "prompt": "p"}', '{"video": "a.mp4", "prompt": "\\ud800"}',
             "[" * 100000, '{"video": "a.mp4", "prompt": "one\u2028line"}']
    rows = rows_of(folder, "\n".join(lines) + "\r\n", "t.jsonl")
    assert len(rows) == 14 and [row.number for row in rows if not row.problem] == [1, 14]
    assert rows[0].other == {"seed": 3, "tags": ["x"], "note": None} and rows[13].prompt == "one\u2028line"
    for row, words in zip(rows[1:13], ("not JSON", "no JSON object", "no JSON object", "names no video",
                                       "prompt is empty", "video is no text", "prompt is no text", "NaN is no number",
                                       "1e999 is no number", "stands twice", "lone surrogates", "not JSON"),
                          strict=True):
        refused(row.problem, words)


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("text", ["video,prompt,note\na.mp4,p,n\n", "Video;PROMPT;note\r\na.mp4;p;n\r\n",
                                  'prompt\tnote\t"video"\np\tn\ta.mp4'])
def test_csv_as_spreadsheets_write_it(folder, start, text):
    row, = rows_of(folder, start + text.encode())
    assert not row.problem and (row.video, row.prompt, row.other) == ("a.mp4", "p", {"note": "n"})


def test_a_byte_order_mark_before_jsonl(folder):
    row, = rows_of(folder, b'\xef\xbb\xbf{"video": "a.mp4", "prompt": "p"}', "t.jsonl")
    assert not row.problem


@pytest.mark.parametrize(("text", "says"), [
    ("", "no column `video`"), (HEADER, "has no rows"), ("video,text\na,b\n", "no column `prompt`"),
    ("video,prompt,prompt\na,b,c\n", "two columns 'prompt'"), ("video,prompt,x,x\na,b,c,d\n", "two columns 'x'"),
    (HEADER + 'a.mp4,"never closed\nb.mp4,p\n', "no CSV at line 3"), (HEADER.encode("utf-16-le"), "no column"),
    (HEADER.encode("utf-16") + b"x", "not UTF-8"), (HEADER.encode() + b"\xe4,p\n", "not UTF-8"),
    ("\n\n" + HEADER + 'a.mp4,"never closed\n', "no CSV at line 4"),
    (HEADER + "a,b\n" * 4, "more than 3 rows"), (HEADER + "a" * 5000, "larger than"),
])
def test_a_table_that_cannot_be_used_is_one_sentence(folder, text, says):
    with pytest.raises(BadInput, match=says) as error:
        rows_of(folder, text, rows=3, table_bytes=4000)
    refused(str(error.value))


@pytest.mark.parametrize("name", ["t.xlsx", "no.csv", "no.zip", "t", "a\0.csv"])
def test_a_file_that_is_no_table(folder, name):
    if "\0" not in name and "no" not in name:
        (folder / name).write_text("x")
    with pytest.raises(BadInput) as error, table.opened(folder / name):
        pass
    refused(str(error.value))


@pytest.mark.parametrize("text", ["=1+1", "+x", "-x", "@x", "\t=x", " =x", "\rx", "\nx", "'=x", "''-x", "'", "'x", "-5",
                                  "+3.25", "- 5", "'-5", "", "plain", "-1=2", "＝x", "-\u0661"])
def test_no_cell_is_a_formula_and_reading_gives_it_back(text):
    cell = table_csv.guard(text)
    assert table_csv.unguard(cell) == text
    first = cell.lstrip(" \t")[:1]
    assert text in ("-5", "+3.25") or not first or (first not in "=+-@＝" and cell[:1] not in ("\t", "\r"))


def test_a_guarded_prompt_is_judged_as_it_was(folder):
    row, = rows_of(folder, "video,prompt,'=note\na.mp4,'=a ball,'-x\n")
    assert row.prompt == "=a ball" and row.other == {"=note": "-x"}


def test_a_zip_is_unpacked_and_goes_again(clip, tmp_path):
    data = clip.read_bytes()
    text = HEADER + "../clips/a.mp4,p\n..\\clips\\a.mp4,again\n./cafe\u0301.mp4,accents\nb.mp4,p\n"
    path = packed(tmp_path / "t.zip", [("in/t.csv", text), ("clips/a.mp4", data), ("in/caf\u00e9.mp4", data),
                                       ("__MACOSX/in/._t.csv", "x"), ("in/.hidden.csv", "x"), ("unused.bin", b"x")],
                  None)
    with table.opened(path, within=tmp_path) as rows:
        assert [bool(row.problem) for row in rows] == [False, False, False, True]
        assert rows[0].path == rows[1].path and rows[0].path.read_bytes() == data
        assert rows[0].path.is_relative_to(tmp_path) and rows[0].path.name == "a.mp4"
        refused(rows[3].problem, "b.mp4 is not in the zip")
        unpacked = [file for file in tmp_path.rglob("*") if file.is_file()]
        assert len(unpacked) == 3, "the zip and two clips: what no row names stays packed"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_no_path_leads_out_of_the_zip(clip, tmp_path):
    outside = tmp_path / "secret.mp4"
    outside.write_bytes(clip.read_bytes())
    inside = tmp_path / "in"
    inside.mkdir()
    names = ["../secret.mp4", "../../secret.mp4", str(outside), "x/../../secret.mp4", "..", "C:\\a.mp4", "in/../..",
             "..\\secret.mp4", "\\\\host\\a.mp4"]
    text = HEADER + "".join(f'"{name}",p\n' for name in names)
    members = [(name.replace("\\", "/"), clip.read_bytes()) for name in names]
    with table.opened(packed(tmp_path / "t.zip", members, text), within=inside) as rows:
        assert len(rows) == len(names) and all(row.problem and row.path is None for row in rows)
        assert not [file for file in inside.rglob("*") if file.is_file()]
    assert {file.name for file in tmp_path.iterdir()} == {"secret.mp4", "t.zip", "in"}


def test_links_passwords_doubles_and_odd_packing_are_refused(clip, tmp_path):
    link = zipfile.ZipInfo("link.mp4")
    link.external_attr = 0o120777 << 16
    names = ["link.mp4", "locked.mp4", "double.mp4", "lzma.mp4", "broken.mp4", "a.mp4"]
    path = tmp_path / "t.zip"
    data = clip.read_bytes()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as out, pytest.warns(UserWarning, match="Duplicate"):
        out.writestr("t.csv", HEADER + "".join(f"{name},p\n" for name in names))
        out.writestr(link, "/etc/passwd")
        for name in ("locked.mp4", "double.mp4", "double.mp4", "broken.mp4", "a.mp4"):
            out.writestr(name, data)
        out.writestr("lzma.mp4", data, zipfile.ZIP_LZMA)
        offset = out.getinfo("broken.mp4").header_offset
        out.getinfo("locked.mp4").flag_bits |= 1        # in the list of members only, which is what is asked
    raw = bytearray(path.read_bytes())
    raw[offset + 200] ^= 255
    path.write_bytes(raw)
    rows = opened(path)
    said = ("is a link", "is encrypted", "2 times", "uncommon method", "is damaged")
    for row, words in zip(rows, said, strict=False):
        refused(row.problem, row.video, words)
    assert not rows[5].problem


def test_a_bomb_is_not_unpacked(clip, tmp_path):
    path = packed(tmp_path / "t.zip", [("a.mp4", clip.read_bytes()), ("bomb.mp4", bytes(30 * 2**20))],
                  HEADER + "bomb.mp4,p\na.mp4,p\n")
    assert path.stat().st_size < 2**17
    bomb, good = opened(path)
    refused(bomb.problem, "200 times")
    assert not good.problem
    refused(opened(path, clip=video.Limits(max_bytes=2**20))[0].problem, "30 MB, more than the limit of 1 MB")


def test_a_zip_has_bounds_as_a_whole(clip, tmp_path):
    data = clip.read_bytes()
    path = packed(tmp_path / "t.zip", [(f"{n}.mp4", data) for n in range(4)],
                  HEADER + "".join(f"{n}.mp4,p\n" for n in range(4)))
    rows = opened(path, zip=archive.Limits(unpacked=3 * len(data)))
    assert [bool(row.problem) for row in rows] == [False, False, True, True], "the table counts as well"
    refused(rows[2].problem, "together")
    with pytest.raises(BadInput, match="5 files, more than 4"):
        opened(path, zip=archive.Limits(members=4))


def test_a_list_of_millions_of_members_is_not_read(tmp_path):
    entries = 400_000
    entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", *(0,) * 9, 1, *(0,) * 6) + b"a"
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, entries * len(entry), 0, 0)
    (tmp_path / "t.zip").write_bytes(entry * entries + end)
    with pytest.raises(BadInput, match="list of files is too long"):
        opened(tmp_path / "t.zip")


@pytest.mark.parametrize(("members", "says"), [([], "no tables"), ([("a.csv", "x"), ("b.jsonl", "x")], "2 tables"),
                                               ([("a.json", "[]"), ("b.json", "[]")], "2 tables"),
                                               ([("../t.csv", "x")], "no tables"), ([("x/t.xlsx", "x")], "no tables")])
def test_a_zip_needs_one_table(tmp_path, members, says):
    with pytest.raises(BadInput, match=says):
        opened(packed(tmp_path / "t.zip", members, None))


def test_a_zip_that_is_none_or_cut_short(clip, tmp_path):
    whole = packed(tmp_path / "t.zip", [("a.mp4", clip.read_bytes())]).read_bytes()
    for data in (b"", b"PK", whole[:-30], whole[:200], b"x" * 5000):
        (tmp_path / "t.zip").write_bytes(data)
        with pytest.raises(BadInput, match="no zip that can be read"):
            opened(tmp_path / "t.zip")


def test_long_names_fit_on_a_disk(clip, tmp_path):
    name = "\u6f22" * 70 + ".mp4"
    row, = opened(packed(tmp_path / "t.zip", [(name, clip.read_bytes())], HEADER + f"{name},p\n"))
    assert not row.problem and row.video == name and row.path.suffix == ".mp4"


def test_jsonl_in_a_zip(clip, tmp_path):
    line = json.dumps({"video": "a.mp4", "prompt": "p"})
    path = packed(tmp_path / "t.zip", [("t.jsonl", line), ("a.mp4", clip.read_bytes())], None)
    row, = opened(path)
    assert not row.problem and io.BytesIO(clip.read_bytes()).read(12)[4:8] == b"ftyp"


def test_paths_as_people_write_them(folder, clip, monkeypatch):
    (folder / "in").mkdir()
    (folder / "in" / "b c#1.mp4").write_bytes(clip.read_bytes())
    (folder / "in" / "odd\\name.mp4").write_bytes(clip.read_bytes())
    (folder / "~").mkdir()
    (folder / "~" / "own.mp4").write_bytes(clip.read_bytes())
    monkeypatch.setenv("HOME", str(folder))
    good = ["in\\b c#1.mp4", ".\\in\\b c#1.mp4", "in\\odd\\name.mp4", "in/odd\\name.mp4", "~/a.mp4", "~\\a.mp4",
            "~/own.mp4", f"file://{folder}/a.mp4", f"FILE://localhost{folder}/in/b%20c%231.mp4", f"file:{folder}/a.mp4",
            f"file://{folder}/in/b c#1.mp4", "file:a.mp4"]
    bad = {"file://elsewhere/a.mp4": "another machine", "C:\\a.mp4": "path of Windows",
           "\\\\host\\a.mp4": "path of Windows", "d:/a.mp4": "path of Windows",
           "file://[/a.mp4": "no address of a file", "~/no.mp4": "does not exist",
           "file:///no%00.mp4": "no path", "s3://x/a.mp4": "is an address", "https://x.org/in\\a.mp4": "is an address",
           "x" * 5000: "no path"}
    found = rows_of(folder, HEADER + "".join(f"{name},p\n" for name in [*good, *bad]))
    # `in\odd\name.mp4` names a folder `odd` there: a backslash in a name is only kept where the whole name is there
    assert [row.video for row in found if row.problem and row.video in good] == ["in\\odd\\name.mp4"]
    for row, words in zip(found[len(good):], bad.values(), strict=True):
        refused(row.problem, words)


def test_no_table_names_files_by_other_ways_in_a_zip(clip, tmp_path, monkeypatch):
    (tmp_path / "secret.mp4").write_bytes(clip.read_bytes())
    monkeypatch.setenv("HOME", str(tmp_path))
    names = ["~/secret.mp4", f"file://{tmp_path}/secret.mp4", "file:secret.mp4"]
    for row in opened(packed(tmp_path / "t.zip", [], HEADER + "".join(f"{name},p\n" for name in names))):
        refused(row.problem, "absolute path")


def test_a_json_beside_the_table_in_a_zip_is_not_taken_for_one(clip, tmp_path):
    row, = opened(packed(tmp_path / "t.zip", [("a.mp4", clip.read_bytes()), ("workflow.json", "{}")]))
    assert not row.problem
    row, = opened(packed(tmp_path / "t.zip", [("a.mp4", clip.read_bytes()), ("t.json", '[{"video": "a.mp4", '
                                                                             '"prompt": "p"}]')], None))
    assert not row.problem

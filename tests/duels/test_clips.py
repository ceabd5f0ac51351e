"""What names, folders, zips and tables tell; what is left out, and what is refused, each in a sentence."""
import json
import zipfile

import pytest

from tests.support.clips import moving_square
from vs2.duels.clips import MARKED, PROMPTS, Limits, gathered, told
from vs2.errors import BadInput


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return moving_square(tmp_path_factory.mktemp("clips") / "square.mp4", frames=4)


def gather(files, *more, **options):
    with gathered(files, *more, **options) as found:
        assert all(one.path.is_file() for one in found.clips)
        return found


def triples(found):
    return {(one.prompt, one.generator, one.name) for one in found.clips}


def packed(path, members):
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


@pytest.mark.parametrize("name, layout, expected", [
    ("one/a red ball-0.mp4", "folders", ("a red ball", "one")),
    ("all/deep/one/a_red_ball-12.mp4", "folders", ("a red ball", "one")),
    ("one/take_2 of it.mp4", "folders", ("take_2 of it", "one")),
    ("a red ball/one.mp4", PROMPTS, ("a red ball", "one")), ("a red ball/one-3.mp4", PROMPTS, ("a red ball", "one")),
    ("model-2__a red ball-1.mp4", "folders", ("a red ball", "model-2")),
    ("x/m__a red ball.mp4", MARKED, ("a red ball", "m")), (r"one\a red ball-0.mp4", "folders", ("a red ball", "one")),
    ("one/球 in the air-0.mp4", "folders", ("球 in the air", "one"))])
def test_names_tell_prompt_and_generator(name, layout, expected):
    assert told(name, layout) == expected


@pytest.mark.parametrize("name, layout, said", [
    ("ball.mp4", "folders", "does not tell its generator"), ("one/-0.mp4", "folders", "does not tell its prompt"),
    ("one.mp4", PROMPTS, "does not tell its prompt"), ("__a ball.mp4", "folders", "does not tell its generator"),
    (f"one/{'x' * 4001}.mp4", "folders", "shorten it to 4000"), (f"{'x' * 101}/a.mp4", "folders", "shorten it to 100"),
    ("\u202e\x07/a ball.mp4", "folders", "does not tell its generator")])
def test_names_that_do_not_are_said(name, layout, said):
    with pytest.raises(BadInput, match=said):
        told(name, layout)


def test_a_folder_a_generator_as_vbench_has_it(clip):
    found = gather([(clip, f"videos/{one}/{prompt}-{number}.mp4") for one in ("lavie", "modelscope")
                    for prompt in ("a ball", "a box") for number in range(2)])
    assert found.generators == ["lavie", "modelscope"] and found.prompts == ["a ball", "a box"] and found.pairs == 4


def test_a_zip_of_folders_and_what_a_mac_puts_in_it(tmp_path, clip):
    data = clip.read_bytes()
    path = packed(tmp_path / "x.zip", {"all/one/a ball.mp4": data, "all/two/a ball.mp4": data, "all/readme.txt": b"x",
                                       "__MACOSX/one/._a ball.mp4": b"x", "../two/a box.mp4": data})
    assert triples(gather([(path, "x.zip")])) == {("a ball", "one", "all/one/a ball.mp4"),
                                                  ("a ball", "two", "all/two/a ball.mp4")}


@pytest.mark.parametrize("table", ["csv", "jsonl", "zip"])
def test_a_table_says_it_all(tmp_path, clip, table):
    rows = [("a/x.mp4", " a ball ", "one"), ("b/x.mp4", "a ball", "two"), ("gone.mp4", "a ball", "three"),
            ("a/x.mp4", "", "three")]
    lines = "Video,prompt,Generator\n" + "".join(f"{','.join(row)}\n" for row in rows)
    files = [(clip, "a/x.mp4"), (clip, "b/x.mp4")]
    if table == "zip":
        path = packed(tmp_path / "all.zip", {"t/list.csv": lines, "t/a/x.mp4": clip.read_bytes(),
                                             "t/b/x.mp4": clip.read_bytes()})
        found = gather([(path, "all.zip")])
    else:
        path = tmp_path / f"list.{table}"
        path.write_text(lines if table == "csv" else "".join(
            json.dumps(dict(zip(("video", "prompt", "generator"), row, strict=True))) + "\n" for row in rows))
        found = gather([(path, path.name), *files])
    assert triples(found) == {("a ball", "one", "a/x.mp4"), ("a ball", "two", "b/x.mp4")}
    assert len(found.left_out) == 2 and found.left_out[0].startswith("Row 3: ") and "gone.mp4" in found.left_out[0]
    assert "prompt is empty" in found.left_out[1]


def test_a_clip_that_is_none_is_left_out_and_said(tmp_path, clip):
    (tmp_path / "bad.mp4").write_bytes(b"no video at all")
    found = gather([(clip, "one/a.mp4"), (clip, "two/a.mp4"), (tmp_path / "bad.mp4", "three/a.mp4"),
                    (clip, "loose.mp4")])
    assert found.generators == ["one", "two"] and len(found.left_out) == 2


def refused(clip, tmp_path):
    def table(text):
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.csv"
        path.write_text(text)
        return path, path.name

    (tmp_path / "no.zip").write_bytes(b"PK nothing")
    return [
        ([], "no clip: add clips"),
        ([(clip, "one/a.mp4")], "one clip that can take part"),
        ([(clip, "one/a.mp4"), (clip, "one/b.mp4")], "by one generator, one:"),
        ([(clip, "one/a.mp4"), (clip, "two/b.mp4")], "No prompt has clips by two generators"),
        ([(clip, "a.mp4"), (clip, "b.mp4")], "None of the clips can take part. a.mp4: a.mp4 does not tell"),
        ([table("video,prompt\nx.mp4,a\n"), (clip, "x.mp4")], "no column generator"),
        ([table("video,generator\nx.mp4,a\n"), (clip, "x.mp4")], "prompt"),
        ([table("video,prompt,generator\nx.mp4,a,\nx.mp4,a,one\n"), (clip, "x.mp4")], "one clip that can"),
        ([table("video,prompt,generator\n"), (clip, "x.mp4")], "no rows"),
        ([table("a"), table("b"), (clip, "x.mp4")], "2 tables"),
        ([(tmp_path / "no.zip", "no.zip")], "no zip that can be read"),
        ([(tmp_path / "no.zip", "no.zip"), (clip, "one/a.mp4")], "comes alone"),
        ([(clip, f"g{number}/a.mp4") for number in range(41)], "at most 40")]


def test_what_cannot_be_voted_on_is_refused_in_one_sentence(clip, tmp_path):
    for files, said in refused(clip, tmp_path):
        with pytest.raises(BadInput, match=said) as error:
            gather(files)
        assert "\n" not in str(error.value)
    with pytest.raises(BadInput, match="choose folders"):
        gather([(clip, "one/a.mp4")], "nonsense")


def test_limits_hold(clip, tmp_path):
    files = [(clip, f"{one}/{number}.mp4") for one in ("one", "two") for number in range(3)]
    with pytest.raises(BadInput, match="6 clips: a duel takes at most 5"):
        gather(files, limits=Limits(clips=5))
    copies = []
    for number, (path, name) in enumerate(files):
        copy = tmp_path / f"{number}.mp4"
        copy.write_bytes(path.read_bytes())
        copies.append((copy, name))
    with pytest.raises(BadInput, match="MB together, more than"):
        gather(copies, limits=Limits(bytes=3 * clip.stat().st_size))
    path = packed(tmp_path / "x.zip", {name: path.read_bytes() for path, name in files})
    with pytest.raises(BadInput, match="6 clips"):
        gather([(path, "x.zip")], limits=Limits(clips=5))


def test_nothing_of_a_zip_stays_when_it_is_done(tmp_path, clip):
    path = packed(tmp_path / "x.zip", {f"{one}/a.mp4": clip.read_bytes() for one in ("one", "two")})
    (tmp_path / "room").mkdir()
    gather([(path, "x.zip")], within=tmp_path / "room")
    assert not list((tmp_path / "room").iterdir())

"""The words of the pages: in every language the same names and fields, and no sentence in a page itself."""
import ast
import importlib
import re
import string
from pathlib import Path

import pytest

from vs2.ui import language, text

ROOT = Path(__file__).parents[2]
UI = ROOT / "vs2" / "ui"
WORDS = UI / "words"
PAGES = [path for path in sorted(UI.rglob("*.py")) if WORDS not in path.parents]
OTHERS = [spoken for spoken in language.LANGUAGES if spoken != language.ENGLISH]
# For programs, which are told everything in English.
API = re.compile(r"API_[A-Z_]+|API$")
HAN = re.compile(r"[\u4e00-\u9fff]")
# Strings that are the same in Chinese: names, commands, forms without words, file names.
SAME = re.compile(
    r"VideoScore2|Best of N|English|(?:Pearson|Spearman|kappa)?|CSV|JSON|best-of|comparison\.vs2\.json|; |, |CPU basic|"
    r"evaluation|comparison|batch|duel|"
    r"video,prompt\n.*|model one/.*|python -m .*|from gradio_client .*|import vs2\n.*|\{generator\} seed \{seed\}\.mp4|"
    r"Shift 1–5|\{rows\} \{score\}|\{count\} / \{most\}|\{axis\} \{score\}|[a-z]( [a-z])*|[1-3]( [1-3])*", re.DOTALL)


def words(spoken: str, name: str) -> dict:
    """The constants of one module of a language that pages show."""
    own = vars(importlib.import_module(f"vs2.ui.words.{spoken}.{name}"))
    return {key: value for key, value in own.items() if key.isupper() and key[0] != "_" and not API.fullmatch(key)}


def leaves(value, path: tuple = ()):
    """(path, string) of each string that a constant holds, with the shape of what holds it in the path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from leaves(one, (*path, key))
    elif isinstance(value, tuple | list):
        for index, one in enumerate(value):
            yield from leaves(one, (*path, index))


def fields(words: str) -> set:
    """The fields that a string has for `str.format`; none of code, which is full of braces."""
    try:
        return {(name or "").split(".")[0] for _, name, _, _ in string.Formatter().parse(words) if name is not None}
    except ValueError:
        return set()


@pytest.mark.parametrize("spoken", OTHERS)
def test_every_language_has_the_same_modules(spoken):
    files = {path.name for path in (WORDS / language.ENGLISH).glob("*.py")}
    assert {path.name for path in (WORDS / spoken).glob("*.py")} == files
    assert set(text.pages()) == {name.removesuffix(".py") for name in files} - {"__init__"}


@pytest.mark.parametrize("name", text.pages())
@pytest.mark.parametrize("spoken", OTHERS)
def test_every_word_is_in_every_language_with_the_same_fields(spoken, name):
    english, other = words(language.ENGLISH, name), words(spoken, name)
    assert set(english) - set(other) == set(), "not translated"
    assert set(other) - set(english) == set(), "of no use"
    for key in english.keys() - {"FORMS", "PARTS"}:
        one, two = dict(leaves(english[key])), dict(leaves(other[key]))
        assert one.keys() == two.keys(), key
        for path in one:
            assert fields(one[path]) == fields(two[path]), (key, path)


@pytest.mark.parametrize("name", text.pages())
def test_chinese_is_chinese(name):
    left = [(key, path, said) for key, value in words("zh", name).items() if key not in ("FORMS", "PARTS")
            for path, said in leaves(value) if not HAN.search(said)
            and not SAME.fullmatch(said) and re.search("[A-Za-z]", re.sub(r"\{[^}]*\}|`[^`]*`", "", said))]
    assert left == []


def test_a_word_is_in_the_language_that_is_spoken():
    with language.speaking("zh"):
        assert (text.STOP, text.review.SAVE) == ("停止", "保存")
    assert (text.STOP, text.review.SAVE) == ("Stop", "Save")
    with pytest.raises(AttributeError, match="no NOTHING_OF_THIS_NAME in review"):
        text.review.NOTHING_OF_THIS_NAME  # noqa: B018  it is the look-up that is tried


def imported(tree: ast.Module) -> dict[str, str]:
    """What the words are called in a module: the name there -> the module of words."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module in ("vs2.ui", "vs2.ui.text"):
            for one in node.names:
                if node.module == "vs2.ui.text":
                    found[one.asname or one.name] = one.name
                elif one.name == "text":
                    found[one.asname or one.name] = text.SHARED
    return found


def uses(tree: ast.AST, names: dict[str, str]):
    """(module of words, constant, line) of each use of words."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in names:
            yield names[node.value.id], node.attr, node.lineno


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(UI)))
def test_pages_use_words_that_there_are_and_not_before_a_request(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = imported(tree)
    english = {name: vars(importlib.import_module(f"vs2.ui.words.en.{name}")) for name in set(names.values())}
    unknown = [(key, line) for name, key, line in uses(tree, names)
               if key not in english[name] and not hasattr(text, key)]
    assert unknown == []
    # A class's body, a default and a module's own lines run once, in no visitor's language.
    early = [node for node in ast.walk(tree) if isinstance(node, ast.Module | ast.ClassDef)]
    parts = [part for node in early for part in node.body
             if not isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]
    parts += [default for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
              for default in (*node.args.defaults, *filter(None, node.args.kw_defaults), *node.decorator_list)]
    assert [use for part in parts for use in uses(part, names)] == []


# Sentences in pages that no visitor sees: what the log, the terminal, a thread or a programmer is told.
UNSEEN = {
    "is at", "(Ctrl+C stops it)",
    "This user has no home folder: set VS2_HOME to a folder for the evaluations and clips.",
    "delete old uploads", "The app failed", "The app cannot listen (",
    "): choose another port with --port (make app: PORT=...).", "Old uploads were not deleted: %s", "load the judge",
    "ZeroGPU worker error", "to be called after the launch", "%s was not kept: %s", "An evaluation",
    "there are no gr.Blocks around this", "best of N:",
    "Gradio's pages come from files", "a stored duel is of stored clips",
    "the pages are not built alike in all languages: only words may depend on the language",
}
# Sentences for programs that call the endpoints: they are in English (vs2/ui/given.py, sent.py, best_of/run.py).
PROGRAMS = {
    "What was sent in place of a file is none: upload the file first, and name it by what the upload answers.",
    "A page samples at its own temperature: leave out temperature, top_p and published.",
}
CODE = re.compile(r"^[#.][\w-]+ (?:input|textarea|\.)|^(?:Segoe UI|Noto Sans)$|=>|\bconst |\.\w+\(|^\s*vs-|\.vs-|^--|https://|'self'")
SENTENCE = re.compile(r"[A-Za-z][a-z]+[,;:]? [a-zA-Z]{2,}")


def sentences(path: Path) -> list[str]:
    """The string literals of a page that read like words for people: two or more, outside of docstrings and code."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {id(node.body[0].value) for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and node.body and isinstance(node.body[0], ast.Expr)}
    docs |= {id(node.msg) for node in ast.walk(tree) if isinstance(node, ast.Assert)}   # for who wrote it
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            bare = re.sub(r"<[^>]*>?|[a-z-]+=\"[^\"]*\"?", " ", node.value)
            if SENTENCE.search(bare) and not CODE.search(node.value):
                found.append(node.value.strip())
    return found


@pytest.mark.parametrize("path", [path for path in PAGES if UI / "guard" not in path.parents],
                         ids=lambda path: str(path.relative_to(UI)))
def test_no_page_has_a_sentence_of_its_own(path):
    with language.speaking("zh"):
        forms = (*text.said.PARTS, *text.said.FORMS, *text.problems.FORMS, *text.servers.FORMS)
    left = [one for one in sentences(path) if one not in UNSEEN | PROGRAMS and not any(one in form for form in forms)]
    assert left == []


@pytest.mark.parametrize("name", text.pages())
def test_what_counts_has_another_form_for_one(name):
    """"1 rows" is never said: a word that counts many of a thing has one beside it for one of it."""
    english = importlib.import_module(f"vs2.ui.words.en.{name}")
    many = re.compile(r"\{count\} (rows|votes|evaluations)\b")
    lacking = [key for key, value in vars(english).items() if isinstance(value, str) and many.search(value)
               and not any(hasattr(english, one) for one in (f"{key}_ONE", key.removesuffix("S")))
               and key not in {"GIVEN_UP", "FULL_ADDRESS"}]     # which count to a fixed number
    assert lacking == []

"""The words that the sketch knows: what each means in a scene, and what it is only near to.

Tables of one line a meaning. "near" words are drawn as something like them, which is said; "foreign" ones are known
to ask for an element of the scene that cannot be drawn.
"""
from collections.abc import Mapping
from dataclasses import dataclass

from vs2.scenes.words import FOREIGN


@dataclass(frozen=True)
class Meaning:
    """element: of `world.ELEMENTS`. value: in a `world.Content`, or FOREIGN. near: it is only something like it."""

    element: str
    value: str | int
    near: bool = False
    plural: bool = False


_EXACT: dict[str, Mapping[str, str] | Mapping[int, str]] = {
    "colour": {"red": "red crimson scarlet", "yellow": "yellow", "green": "green", "blue": "blue",
               "purple": "purple violet", "white": "white snow_white"},
    "motion": {"bounces": "bounce bounces bouncing bounced", "slides": "slide slides sliding slid glide glides gliding",
               "flies": "fly flies flying flew", "swings": "swing swings swinging swung sway sways swaying",
               "rests": "rest rests resting rested lie lies lying stand stands standing sit sits sitting still "
                        "motionless stationary unmoving"},
    "background": {"grass": "grass grassy lawn meadow", "sand": "sand sandy beach desert dune dunes",
                   "snow": "snow snowy", "bricks": "brick bricks brick_wall brickwork",
                   "night": "night nighttime midnight at_night night_sky starry_sky under_the_stars"},
    "count": {1: "one single 1", 2: "two pair couple 2", 3: "three trio 3"},
}
_NEAR: dict[str, Mapping[str, str] | Mapping[int, str]] = {
    "colour": {"red": "ruby maroon", "yellow": "golden gold lemon", "green": "emerald lime olive",
               "blue": "navy azure cyan", "purple": "lavender lilac magenta", "white": "ivory cream"},
    "motion": {"bounces": "jump jumps jumping hop hops hopping fall falls falling drop drops dropping dropped",
               "slides": "roll rolls rolling rolled move moves moving skid skids skidding skate skates skating",
               "flies": "thrown leap leaps leaping soar soars soaring launched tossed shoots"},
    "background": {"grass": "field park garden", "sand": "shore seaside", "snow": "ice icy winter", "bricks": "wall",
                   "night": "dark darkness evening"},
    "count": {3: "several few"},
}
_FOREIGN = {
    "colour": "orange pink black brown grey gray silver beige turquoise teal transparent rainbow multicolored "
              "multicoloured colorful colourful",
    "motion": "spin spins spinning rotate rotates rotating float floats floating hover hovers hovering run runs "
              "running walk walks walking dance dances dancing swim swims swimming drive drives driving explode "
              "explodes exploding melt melts melting break breaks breaking burn burns burning grow grows growing "
              "shrink shrinks shrinking climb climbs climbing chase chases chasing collide collides colliding orbit "
              "orbits orbiting",
    "background": "city street road forest jungle river lake ocean sea sky room kitchen table desk floor mountain "
                  "mountains space moon studio classroom stadium island village house castle underwater",
    "count": "four five six seven eight nine ten dozen dozens hundred hundreds thousands many 4 5 6 7 8 9 10",
}
_NOUNS = {"ball": ("ball sphere orb", "balls spheres orbs"), "box": ("box cube block", "boxes cubes blocks"),
          "triangle": ("triangle", "triangles"), "star": ("star", "stars")}
_NEAR_NOUNS = {"ball": ("circle disc disk marble football basketball", "circles discs disks marbles"),
               "box": ("square crate parcel", "squares crates parcels"),
               "triangle": ("pyramid cone", "pyramids cones")}


def _lexicon() -> dict[str, Meaning]:
    words: dict[str, Meaning] = {}
    for table, near in ((_EXACT, False), (_NEAR, True)):
        for element, values in table.items():
            for value, listed in values.items():
                words |= {word: Meaning(element, value, near) for word in listed.split()}
    for element, listed in _FOREIGN.items():
        words |= {word: Meaning(element, FOREIGN) for word in listed.split()}
    for nouns, near in ((_NOUNS, False), (_NEAR_NOUNS, True)):
        for shape, forms in nouns.items():
            for form, plural in zip(forms, (False, True), strict=True):
                words |= {word: Meaning("shape", shape, near, plural) for word in form.split()}
    return words | {word: Meaning("count", 1) for word in ("a", "an")}


LEXICON = _lexicon()
ARTICLES = ("a", "an", "the")
NEGATIONS = ("no", "not", "without", "never", "isn't", "doesn't", "don't", "aren't")
LINKS = ("and", "while", "but", "then", "or")
PREPOSITIONS = ("in", "on", "at", "to", "into", "onto", "from", "across", "around", "along")
BESIDE = ("beside", "by", "near", "alongside", "next_to", "close_to")
# Where a thing stands to another one: drawn as beside it, which is said.
PLACED = ("behind", "in_front_of", "above", "below", "under", "over", "left_of", "right_of", "between", "against")
RELATIONS = (*BESIDE, "with", *PLACED)
PHRASES = {tuple(phrase.split()): phrase.replace(" ", "_") for phrase in (
    "next to", "close to", "in front of", "brick wall", "at night", "night sky", "starry sky", "under the stars",
    "snow white")} | {tuple(phrase.split()): word for phrase, word in (
        ("to the left of", "left_of"), ("left of", "left_of"), ("to the right of", "right_of"),
        ("right of", "right_of"), ("a pair of", "pair"), ("a couple of", "couple"), ("a trio of", "trio"),
        ("a few", "few"), ("a single", "single"), ("a dozen", "dozen"), ("standing still", "standing"))}
# Colours that a place has anyway: "green grass" asks for nothing more than grass.
NATURAL = {("green", "grass"), ("yellow", "sand"), ("white", "snow"), ("red", "bricks")}
STOP = frozenset(word for words in (
    "a an the of in on at to into onto from is are was were be being been that which who it its there here this these",
    "those as and while then with by beside near alongside next_to close_to nothing around across along some i",
    "video clip scene shot film footage movie animation sketch picture show shows showing shown depicts depicting",
    "featuring see seen we ground background") for word in words.split())

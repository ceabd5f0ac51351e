"""What was odd in a file that could be read, in sentences for people."""
from vs2.video.faults import display_name

# Why the published reader, decord, takes other frames for the numbers asked for; keys are video_probe's.
OTHERS = {
    "start": "it begins between keyframes, and what comes before the first one cannot be shown",
    "edit": "an edit list hides some of its frames",
    "order": "its groups of pictures are open, so that a frame can need some from before its keyframe",
    "times": "some of its frames have no time of their own",
    "index": "files of its kind lack the index by which it seeks",
}
COLOURS = {"PQ": "is HDR (PQ)", "HLG": "is HDR (HLG)", "BT.2020": "has the wide colours of BT.2020"}


def warnings_of(header: dict, name: str) -> tuple[str, ...]:
    """The sentences for a worker's header (vs2.video.worker.decode.header)."""
    found, others = [], header["others"]
    if header["total"] == 1:
        found.append(f"{name} has a single frame, shown to the judge twice: nothing moves in it.")
    if header["claimed"] > header["packets"]:
        found.append(f"{name} promises {header['claimed']} frames and holds {header['total']}: "
                     "the judge saw what is there.")
    elif not {"edit", "start"} & set(others) and header["promised"] > 1.1 * header["duration"] + 0.25:
        found.append(f"{name} promises {header['promised']:.1f} s and its picture ends after "
                     f"{header['duration']:.1f} s: the judge saw what is there.")
    elif header["uneven"] and header["total"] > 2:
        found.append(f"The frame rate of {name} varies: frames are taken by number, as the published system does, "
                     "so their times are unevenly spaced.")
    if pictures := header["pictures"]:
        found += _of_pictures(pictures, name)
    if "rate" in others:
        found.append(f"{name} says {header['said']:g} frames a second and its own times say {header['fps']:.4g}: the "
                     "judge saw frames by their times, where the published reader would have seen others.")
    if why := next((OTHERS[key] for key in OTHERS if key in others), ""):
        found.append(f"Of {name} the judge saw the {header['total']} frames that players show, at their numbers; the "
                     f"published reader would have seen others, for {why}.")
    if header["mirrored"]:
        found.append(f"{name} is to be shown mirrored, and so the judge saw it; the published reader would have seen "
                     "it otherwise.")
    if header["pixel"][0] != header["pixel"][1]:
        size = f"{header['width']} x {header['height']}"
        found.append(f"The pixels of {name} are not square: the judge saw it as {size}, as players show it, where the "
                     "published reader would have seen it squeezed.")
    if header["colour"] in COLOURS:
        found.append(f"{name} {COLOURS[header['colour']]}: the judge saw it tone-mapped to an ordinary screen's "
                     "colours (BT.709), where the published reader would have seen it washed out.")
    return tuple(found)


def _of_pictures(facts: dict, name: str) -> list[str]:
    """What was odd about numbered pictures (vs2.video.worker.series.Source.facts)."""
    found = []
    if facts["missing"]:
        first, last, lacks = (str(number)[:20] for number in facts["span"])
        found.append(f"{name} lacks {str(facts['lacking'])[:20]} of the numbers from {first} to {last} (the first is "
                     f"{lacks}): its pictures are shown one after another, without a gap in time.")
    if facts["left"]:
        found.append(f"{name} has {facts['left']} pictures without a number ({display_name(str(facts['left_out']))}, "
                     "say): they were left out.")
    return found

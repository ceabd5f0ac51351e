"""How old the generators of the footage are: a weak order of how good their clips are, where nobody rated them.

The number is that of the paper on arXiv (year and month first) that describes a generator; its month of release where
there is none. What is missing here came into ComfyUI's templates as a service or a checkpoint of 2025 or later.
"""
PAPERS = {
    "cogvideo": "2205.15868", "text2video-zero": "2303.13439", "fatezero": "2303.09535", "modelscope": "2308.06571",
    "zeroscope": "2306", "followyourpose": "2304.01186", "controlvideo": "2305.13077", "gen-l-video": "2305.18264",
    "animatediff": "2307.04725", "lavie": "2309.15103", "motiondirector": "2310.08465", "dynamicrafter": "2310.12190",
    "seine": "2310.20700", "svd": "2311.15127", "motionctrl": "2312.03641", "motionctrl-svd": "2312.03641",
    "pia": "2312.13964", "vlogger": "2401.09414", "animatelcm": "2402.00769", "animatelcm-svd": "2402.00769",
    "cameractrl": "2404.02101", "tooncrafter": "2405.17933", "videotetris": "2406.04277", "cinemo": "2407.15642",
    "cogvideox": "2408.06072", "allegro": "2410.15458", "cogvideox1.5": "2411", "ltx-video": "2501.00103",
    "kandinsky-4": "2412", "cosmos-predict1": "2501.03575", "vchitect-2.0": "2501.08453"}
ERAS = ("2307", "2408", "2503")     # where a new one begins
LATEST = "9999"
CAMERA = "camera"
QUALITY = (2.4, 3.0, 3.6, 4.1)      # what a clip of each era is worth, for want of ratings
FILMED = 4.8                        # what a camera's clip is worth


def era(generator: str) -> int:
    """0 to 3, the oldest first."""
    paper = PAPERS.get(generator, LATEST)
    return sum(paper >= begins for begins in ERAS)


def worth(generator: str, kind: str) -> float:
    """From 1 to 5: a guess at a clip's quality from what made it alone. kind: "camera" for one that is filmed."""
    return FILMED if kind == CAMERA else QUALITY[era(generator)]

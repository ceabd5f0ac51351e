"""The nodes: VS2Judge gives scores and the rationale of a video, VS2Filter passes on the videos that are good enough.

A score that is not there blocks what is connected to it, with the reason (ComfyUI's ExecutionBlocker): no node gets a
number that nobody gave.
"""
import json
from functools import lru_cache

from comfy_execution.graph import ExecutionBlocker

CATEGORY = "video/evaluation"
NAMES = ("visual_quality", "text_alignment", "physical_consistency", "overall")


@lru_cache(maxsize=1)
def judge(model: str, precision: str):
    """The judge, kept for the next run."""
    import vs2

    return vs2.load(model, precision)


class VS2Judge:
    """Judges the frames of one video against its prompt."""

    CATEGORY, FUNCTION = CATEGORY, "judge"
    DESCRIPTION = "Scores a generated video from 1 to 5 in three dimensions, with the reasons in words."
    RETURN_TYPES = ("FLOAT", "FLOAT", "FLOAT", "FLOAT", "STRING", "VS2_EVALUATION")
    RETURN_NAMES = (*NAMES, "rationale", "evaluation")

    @classmethod
    def INPUT_TYPES(cls):
        """What goes in."""
        return {"required": {
            "images": ("IMAGE", {"tooltip": "The frames of one video, in order."}),
            "prompt": ("STRING", {"multiline": True, "default": "", "tooltip": "The text that it was made from."}),
            "fps": ("FLOAT", {"default": 16.0, "min": 0.1, "max": 240.0, "step": 0.01,
                              "tooltip": "Frames a second at which it is meant to be shown."}),
            "model": ("STRING", {"default": "auto", "tooltip": "auto, mini, a Hub id or a checkpoint's folder."}),
            "precision": (["auto", "bf16", "int4", "4bit", "fp32"],),
            "think": ("BOOLEAN", {"default": True, "tooltip": "Reason first, or score at once."}),
            "budget": ("INT", {"default": 1024, "min": 1, "max": 8192, "tooltip": "Most tokens to think."})}}

    def judge(self, images, prompt, fps, model, precision, think, budget):
        """The scores, the rationale and the whole record."""
        from vs2.reward import Rewarder
        from vs2.reward.numbers import lacking

        found, = Rewarder(judge(model, precision), fps=fps, think=think, budget=budget).evaluations([images], [prompt])
        if isinstance(found, Exception):
            raise found
        expected = [found.scores[name].expected for name in NAMES[:3]] + [found.overall]
        why = lacking(found)
        scores = [ExecutionBlocker(why) if score is None else score for score in expected]
        return (*scores, found.rationale, found.to_dict())


class VS2Filter:
    """Passes on a video whose score is at least so high; what hangs on it is not run for any other."""

    CATEGORY, FUNCTION = CATEGORY, "filter"
    DESCRIPTION = "Passes on a video that scores high enough, and blocks the others."
    RETURN_TYPES = ("IMAGE", "BOOLEAN", "STRING")
    RETURN_NAMES = ("images", "passed", "record")

    @classmethod
    def INPUT_TYPES(cls):
        """What goes in."""
        return {"required": {
            "images": ("IMAGE",), "evaluation": ("VS2_EVALUATION",), "score": (list(NAMES[::-1]),),
            "at_least": ("FLOAT", {"default": 3.0, "min": 1.0, "max": 5.0, "step": 0.05})}}

    def filter(self, images, evaluation, score, at_least):
        """The video or what blocks it, whether it passed, and the record as JSON."""
        found = evaluation["overall"] if score == "overall" else evaluation["scores"][score]["expected"]
        passed = found is not None and found >= at_least
        return images if passed else ExecutionBlocker(None), passed, json.dumps(evaluation)


NODE_CLASS_MAPPINGS = {"VS2Judge": VS2Judge, "VS2Filter": VS2Filter}
NODE_DISPLAY_NAME_MAPPINGS = {"VS2Judge": "Judge a video (VideoScore2)",
                              "VS2Filter": "Pass on good videos (VideoScore2)"}

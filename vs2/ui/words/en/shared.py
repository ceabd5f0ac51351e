"""The words that all pages share, and those of the Evaluate page."""
from dataclasses import asdict

from vs2 import rubric
from vs2.plots import words

TITLE = "VideoScore2"
TAGLINE = "An open judge of AI-generated video. It watches, thinks aloud, and scores."

API = "Use from a script"
PAGES = {"evaluate": "Evaluate", "compare": "Compare", "best_of": "Best of N", "batch": "Batch", "duel": "Duel",
         "review": "Review", "benchmarks": "Benchmarks", "about": "About"}

# The video and what is asked of it
DROP = "Drop a video here"
CHOOSE = "or choose a file"
FORMATS = ("MP4, MOV, WebM, MKV, AVI, TS, MPG, FLV, WMV or OGV; animated GIF, WebP, PNG or AVIF; a zip of "
           "numbered pictures. At most {megabytes} MB and {minutes} minutes.")
PICTURES_RATE = "Pictures a second"
PICTURES_RATE_WRONG = "The pictures a second must be a number from {least:g} to {most:g}."
ADDRESS = "or the address of a video (https://…)"
FETCH = "Fetch"
FETCHING = "Fetching…"
NO_ADDRESS = "This is no address of a video: it begins with http:// or https://."
ANYWHERE = "Drop it anywhere"
REPLACE = "Replace"
REMOVE = "Remove"
UPLOADING = "Uploading… {percent} %"
PREPARING = "Making a copy that this browser can play…"
TOO_LARGE = "This file is larger than {megabytes} MB: choose a shorter or smaller clip."
NOT_UPLOADED = "The upload did not arrive: check the connection and choose the file again."
UNPLAYABLE = "This browser cannot play the clip; the judge can still read it."
PROMPT = "Prompt"
PROMPT_HINT = "The text that the video was generated from, for example: a red ball bounces on grass"
PROMPT_OF = "{name}: {sentence}"
WAITS_SENDING = "Waiting for the upload, {percent} %; then this runs by itself."
WAITS_CHECKING = "Waiting until what was uploaded has been looked at; then this runs by itself."
WAIT_NOT = "Do not wait"
EARLIER = "The scores below are of the earlier prompt: “{prompt}”"
EVALUATE = "Evaluate"
STOP = "Stop"
SETTINGS = "Settings"
THINK = "Think before scoring"
THINK_HINT = "Off is faster: the scores come at once, without a rationale."
BUDGET = "Thinking budget (tokens)"
BUDGET_HINT = "The most that the judge may write before it has to score."
SAMPLES = "Rationales to sample"
SAMPLES_HINT = "With more than one, their scores are mixed and a confidence can be given. Slower."
SEED = "Seed"
SEED_HINT = "Only matters with more than one rationale; one is always the same."
MOST_FRAMES = "At most so many frames"
MOST_FRAMES_HINT = "0: as many as the model was made for. Fewer are quicker and less faithful."
MOST_PIXELS = "At most so many pixels a frame"
MOST_PIXELS_HINT = "200704 is 448 × 448. 0: as large as the model was made for."
EXAMPLES = "Try one: a click judges it"

# What candidates are ranked by
RULES = {"mean": "Mean of the three scores", "weights": "Weighted mean", "worst": "Worst score first, then the mean"}
WEIGHT = "Weight of {dimension}"

# What went wrong, each one sentence
NO_VIDEO = "Add a video first: drop a file above or choose one."
NO_PROMPT = "Write the prompt that the video was generated from."
UNKNOWN_FILE = "This video is no longer on the server: upload it again."
UNEXPECTED = "Something failed on our side ({kind}); your video and prompt are kept, so try again."
RUN_LOST = ("The page was loaded again, or the server restarted, while an evaluation ran: it was lost. Your video and "
            "prompt are kept.")
START_AGAIN = "Start again"
NO_EXAMPLE = "There is no such example here."
NO_JUDGE = "There is no such model here: choose one that the settings list."
FULL_OWN = "You have {count} evaluations running or waiting: stop one of them, or wait for it to end."
FULL_ADDRESS = "{count} evaluations from your network run or wait already: try again when some of them have ended."
DESK_FULL = "Many videos are being looked at here at the moment: try again in a minute."
NOT_KNOWN = "This evaluation is no longer stored: it was deleted, or the link is incomplete."
FULL = "There are {count} evaluations waiting already: try again in a few minutes."
TOO_LONG = "This may need the GPU for {seconds} s, and it is lent for {most} s at a time: {advice}."
LOWER_BUDGET = "lower the thinking budget to {budget} tokens"
LOWER_EITHER = "lower the thinking budget to {budget} tokens or sample fewer rationales"

# A GPU that ZeroGPU lends
GPU_ONE = "An evaluation may use up to <b>{time}</b> of your GPU time on Hugging Face for today, mostly less."
GPU_EACH = "Each video may use up to <b>{time}</b> of your GPU time on Hugging Face for today, mostly less."
BORROWING = "Waiting for a GPU, to borrow it for up to {time}"

# How far it is
IDLE = "Ready"
LOADING = "Loading the model"
WAITING_ONE = "Waiting: one evaluation is ahead of yours"
WAITING = "Waiting: {ahead} evaluations are ahead of yours"
READING = "Reading the video"
LOOKING = "Looking at the frames"
LOOKING_LONG = "Looking at the frames; this will take about {time} in all"
PREFILLING = "Reading the frames and the prompt"
PERCENT = "{percent} %"
ABOUT_SECONDS = "{count} s"
ABOUT_MINUTES = "{count} min"
LEFT = "about {time} left"
STAYS = "You may close this page: the evaluation goes on, and its link shows how far it is, then the result."
THINKING = "Thinking"
SCORING = "Scoring"
DONE = "Done in {seconds}"
STOPPED = "Stopped after {seconds}; what was said is kept"
FAILED = "Not evaluated"
TOKENS = "{tokens} tokens"
RATE = "{rate} tokens/s"

# The result
SCORES = "Scores"
OVERALL = "Overall"
OVERALL_HINT = "The mean of the three expected scores."
OF_SOME = "{value} ({count} of {of} scores)"
EXPECTED = "expected"
EXPECTED_HINT = "The mean of the five scores, each weighted by its probability."
UNREAD = "not read"
UNREAD_HINT = "The judge's reply held no score for this that could be read."
WITHHELD = "not judged"
WITHHELD_PART = "{count} not judged"
UNREAD_PART = "{count} not read"
WITHHELD_TITLE = "Not judged"
WITHHELD_SOME = "{names}: not judged. {reason}"
UNKNOWING = "These are the words of a judge that does not know this kind of clip: do not take them for a description."
LEFT_WITHHELD = "{count} not judged"
LEFT_UNREAD = "{count} could not be read"
CONFIDENCE = "{word} confidence, {percent} %"
DISTRIBUTION = "Probability of each score: "
RATIONALE = "Rationale"
RATIONALE_EMPTY = "The judge's reasoning appears here as it is written."
RATIONALE_NONE = "Scored at once, without a rationale."
RATIONALE_SILENT = "The judge wrote no rationale."
MORE_RATIONALES = "{count} more sampled"
SAMPLE = "Rationale {number}"
OWN_SCORE = "this sample: {value}"
PROFILE = "Profile"
FRAMES = "What the judge saw"
FRAMES_EMPTY = "The sampled frames appear here."
FRAMES_COUNT = "{count} frames"
FRAMES_SHOWN = "{shown} of {count} frames shown"
FRAMES_SIZE = ", {width} × {height}"
STORED = "Evaluated {when}"
FRAME = "frame {number} at {time} s"
FRAME_TIME = "{time} s"
SEEK = "Show the video at {time} s"
TIMELINE = "Moments that the rationale names"
MARK_FRAME = "frame {number} at {time} s: {dimension}"
MARK_TIME = "{time} s: {dimension}"
ENLARGE = "Enlarge a frame"
FRAME_AT = "Frame {number} of {count}, {time} s"
FRAME_BACK = "Frame before"
FRAME_ON = "Next frame"
CLOSE = "Close"
TRUNCATED = "Thinking reached its budget and was cut; the judge was then asked to score."
DOWNLOAD = "Save JSON"
COPY = "Copy"
COPIED = "Copied"
LINK = "Copy link"
LINK_COPIED = "Link copied"
OPEN_COMPARE = "Compare"
OPEN_REVIEW = "Review"
SPOKEN = "{video}\nPrompt: {prompt}"
SPOKEN_LINE = "{dimension}: {value}"
SPOKEN_EXPECTED = " (expected {expected})"
HOW_SURE = "How sure? Ask {count} times"
JUDGE = "Model and precision"
JUDGE_HINT = "Another model is loaded when it is first asked for."
IN_MINUTES = "{name}: in minutes"
AT_ONCE = "{name}: at once"
TWO_HINT = (
    "One knows what the published model knows and takes its time here; the other is quick, knows rendered scenes, and "
    "of footage only makes a first guess.")
FETCHING_JUDGE = "Fetching {name}"
PREPARING_JUDGE = "Preparing {name} for this machine"
GIGABYTES = "{done} of {of} GB"
MEANWHILE = "Until it is there, {name} answers:"
STOOD_IN = "{own} was not there yet, so {name} judged this."
JUDGE_DEFAULT = "This app's own"

# One's own evaluations
HISTORY = "History"
HISTORY_EMPTY = "Evaluations made in this browser appear here. Only this browser can list them."
HISTORY_SHARED = "Everyone's evaluations appear here: whoever runs this app has switched that on."
HISTORY_NONE = "This browser keeps no data for pages, so nothing is stored here."
HISTORY_MORE = "The newest {shown} of {count}"
EXPORT = "Export all"
DELETE = "Delete"
DELETE_ALL = "Delete all of mine"
DELETE_SURE = "Delete {count} evaluations with their clips and reviews?"
DELETE_SURE_ONE = "Delete 1 evaluation with its clip and its reviews?"
DELETE_UNDONE = "This can be undone for {minutes} minutes."
DELETE_YES = "Delete them"
KEEP = "Keep them"
DELETED = "{count} deleted. This can be undone for {time}; then it is gone for good, with clips, reviews and votes."
UNDO = "Undo"
DELETE_ONE = "Delete the evaluation of {video}"
NO_EXPORT = "There is nothing to export yet: evaluate a video first."
JUDGED_BY = "Judge:"
WHOSE = "Judge: {judge}. {knows}"
MODEL_PRECISION = "{name}, {precision}"
KNOWS_NOT = "What this judge knows is not said here."
WAY = "What to use for real footage"

LABELS = {dimension.key: dimension.label for dimension in rubric.DIMENSIONS}
ASKS = {dimension.key: dimension.asks for dimension in rubric.DIMENSIONS}
SHORT = {
    "visual_quality": "Visual quality",
    "text_alignment": "Text alignment",
    "physical_consistency": "Physical consistency",
}
CONFIDENCE_WORDS = ((0.8, "High"), (0.5, "Moderate"), (0.0, "Low"))

CHARTS = asdict(words.ENGLISH)    # what is drawn on figures

# The switch of languages: each in its own words
LANGUAGE = "Language"
LANGUAGES = {"zh": "中文", "en": "English"}

MINUTES = "{minutes} min {seconds} s"
SECONDS = "{seconds} s"
LIST = ", "
WHEN = "{when:%b %d, %H:%M}"
WHEN_STORED = "{when:%d %b %Y, %H:%M} UTC"

API_EVALUATE = (
    "Judges one video against the prompt it was generated from and returns the whole evaluation: rationale, "
    "the three scores (value, expected, distribution, confidence), overall, frames, seconds and tokens. A zip of "
    "numbered pictures needs their rate too, as fps.")

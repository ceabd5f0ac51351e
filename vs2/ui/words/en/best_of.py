"""The words of the Best of N page."""

# What is asked
PROMPT = "Prompt"
PROMPT_HINT = "What the video should show, for example: a red ball bounces on grass"
COUNT = "Candidates (N)"
COUNT_HINT = "So many videos are generated, each from another seed, and judged."
RULE = "Choose by"
RULE_HINT = "The paper takes the mean."
FAST = "Fast first pass"
FAST_HINT = "All are scored without reasoning; only the best {keep} are then judged with it."
EARLY = "Stop when more candidates promise little"
EARLY_HINT = "Ends before N once the rest is expected to gain less than {gain:g} points."
TIES = "Break ties by asking again"
TIES_HINT = "Candidates that share the first place are judged with {replies} sampled rationales."
OPTIONS = "Options"
SEED = "First seed"
SEED_HINT = "Each further candidate has the next."
GO = "Find the best"
STOP = "Stop"
COST = "What it will take:"
COST_WAITING = "What it will take is said once the model is loaded."

# What went wrong, each one sentence
RANGE = "N is {count}: a run here makes {least} to {most} candidates."
NOT_MADE = "It was not made before the run was stopped."
RUN_LOST = ("The page was loaded again, or the server restarted, during the run: what was not finished was lost. "
            "Prompt and settings are kept, and so are the videos that were made: {count}.")
NOTHING_LEFT = "These candidates are no longer on the server: find the best again."
FAST_THINKS = "The fast first pass needs a second one with reasoning: let the judge think, or switch it off."

# How far it is
LOADING = "Loading the model"
STARTING = "Starting"
RUNNING = "{made} of {count} generated, {judged} judged"
LEFT = "Still to come: {sentence}"
SPENT = "{clips} clips, {judgements} judgements"
STOPPING = "Stopping"
DONE = "Done in {seconds}"
STOPPED = "Stopped after {seconds}; what was finished is kept"
FAILED = "Not finished"
NOTHING = "Nothing could be judged"
LIVE = "What the judge says now of candidate {number}"

# The candidates
GRID = "Candidates, best first"
PLAY_ALL = "Play all"
PAUSE_ALL = "Pause all"
GRID_EMPTY = "The candidates appear here as they are generated, and move to their place as they are judged."
CANDIDATE = "seed {seed}"
VIDEO = "Candidate {number}, seed {seed}"
MAKING = "Generating"
LIST_STAGE = "{stage}, {share}"
MADE = "Waiting for the judge"
JUDGING = {"fast": "Judging at a glance", "full": "Judging", "again": "Asking again, to break a tie"}
JUDGED = "Judged"
AT_A_GLANCE = "at a glance"
LOST = "Failed"
LEFT_OUT = "Left out"
OVERALL = "Overall"
SHORT = {"visual_quality": "Visual", "text_alignment": "Text", "physical_consistency": "Physics"}
PLACES = {1: "1st", 2: "2nd", 3: "3rd"}
PLACE = "{place}th"
RANKED_BY = "Ranked by {count} of {of} scores."

# The result
WINNER = "Winner:"
TIE = "A tie, first of them:"
NO_WINNER = "No winner"
VERDICT_EMPTY = "The winner, and why it won, appears here at the end."
RUNNER_UP = "Runner-up: candidate {number} (seed {seed}), {value}."
UPLIFT = "By the judge's own scores {uplift:+.2f} points over a random pick of these {count}."
UPLIFT_LEFT = " Left out of that, for want of scores: {count}."
SAVE = "Download the winner"
CSV = "Table (CSV)"
JSON = "Record (JSON)"
REST = "Judge the {count} that were made"
REST_ONE = "Judge the one that was made"
COMPARE = "Open in Compare"
COMPARE_FIRST = "Open the best {count} in Compare"
FILE = "best-of"

API = (
    "Generates several videos for one prompt, judges each, and returns the candidates (file, evaluation), "
    "the ranking (indices from 0, best first) and the winner's index. A candidate that fails has `error` and no "
    "evaluation; the others are ranked. `file` is the clip's address on this server.")

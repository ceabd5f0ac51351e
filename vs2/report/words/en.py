"""The words of reports and share cards, in English."""

from vs2.rubric import DIMENSIONS

KINDS = {"evaluation": "Evaluation", "comparison": "Comparison", "best-of": "Best of N", "batch": "Batch",
         "duel": "Blind duel"}
TAG = "en"
TITLE = "{kind} · VideoScore2"
MADE = "Report made {when} by vs2 {version}"
DATE = "{moment:%d %B %Y, %H:%M} UTC"
WHEN = "Evaluated"

# Whose and how
JUDGE = "Judge"
JUDGED_BY = "{name}, {precision}"
KNOWS_NOT = "What this judge knows is not said here."
PROMPT = "Prompt"
FILE = "File"
SETTINGS = "Settings"
JUDGE_SETTINGS = "Judge, settings"
FACTS = "About this clip"
SETTINGS_NONE = "The settings were not kept with these scores."
THINK, BUDGET, SAMPLES, SEED, TEMPERATURE, RULE = ("Thinks before it scores", "Thinking budget", "Rationales sampled",
                                                   "Seed", "Temperature", "Ranked by")
YES, NO = "yes", "no"
TOKENS = "{count} tokens"
SEEN, SECONDS = "Frames seen", "Time"
TOOK = "{seconds} s, {tokens} tokens"
SEEN_OF = "{count}, from {first} to {last} s"
RULES = {"mean": "the mean of the three scores", "worst": "the worst score, then the mean",
         "visual_quality": "visual quality", "text_alignment": "text-to-video alignment",
         "physical_consistency": "physical consistency"}
WEIGHTS = "weights: {weights}"

# Scores
SCORES = "Scores"
OVERALL = "Overall"
OVERALL_OF = "Overall ({count} of {of} scores)"
OVERALL_HINT = "the mean of the three expected scores"
EXPECTED = "expected {value}"
WITHHELD = "not judged"
UNREAD = "not read"
UNREAD_WHY = "The judge's reply held no score for this that could be read."
WITHHELD_TITLE = "Not judged"
CONFIDENCE = "confidence {percent} %"
NO_CONFIDENCE = "No confidence is claimed: one rationale names the score itself, so how sure it is cannot be told."
DISTRIBUTION = "Probability of each score: {said}"
SHORT = {"visual_quality": "Visual quality", "text_alignment": "Alignment", "physical_consistency": "Physical"}
LABELS = {one.key: one.label for one in DIMENSIONS}
ASKS = {one.key: one.asks for one in DIMENSIONS}
PROFILE = "Profile"
RADAR = "Radar of the scores, each from 1 to 5. {said}."
NO_SCORES = "no scores"

# What was seen and said
STILLS = "What the judge saw"
STILLS_SOME = "{shown} of the {count} frames that the judge saw"
STILLS_NONE = "The clip was not at hand when this report was made, so it shows no stills."
STILLS_FULL = "This report holds as many stills as its size allows."
STILL = "Frame {number} at {time} s"
STILL_SHORT = "{number} · {time} s"
RATIONALE = "Rationale"
RATIONALE_NONE = "Scored at once, without a rationale."
RATIONALE_SILENT = "The judge wrote no rationale."
SAMPLE = "Rationale {number} of {count}"
SAMPLE_SHOWN = "the one whose scores are shown"
SAMPLE_SCORES = "its own scores: {scores}"
UNKNOWING = "These are the words of a judge that does not know this kind of clip: do not take them for a description."
CUT = "Thinking reached its budget and was cut; the judge was then asked to score."
LOOPED = "The judge repeated itself without end and was then asked to score."
SHORTENED = "… ({count} more characters are left out of this report)"
NOTES = "Notes"
CLIPS = "The clips"

# Comparisons
VERDICT = "Result"
WINNER, TIE, NO_WINNER = "Winner: {name}", "A tie", "No winner"
CANDIDATE = "Candidate {number}"
PLACE, CLIP, GROUP = "Place", "Clip", "Group"
FAILED = "Not judged: {error}"

BEST_OF_BY = "Made by {generator}."

# Batches
ROWS = "Rows"
ROW = "Row {number}"
ROWS_NAMED = "Rows {numbers}"
COUNTS = "{rows} rows: {said}."
COUNTS_ONE = "1 row: {said}."
COUNT_COMPLETE, COUNT_PART = "{count} with all three scores", "{count} judged in part or not at all"
ROWS_SHOWN = "{shown} of {count} rows are listed here; the table that this report was made from has all."
WHOLE_SHOWN = "Stills and rationales are in here of {shown} of the {count} judged clips: {which}."
WHICH_WORST = "the lowest overall scores"
WHICH_GROUPS = "the lowest of each group"
WHICH_FIRST = "the first, for none has an overall score"
BY = "By {column}"
NO_VALUE = "(no value)"
OF_ROWS = "{judged} of {rows}"
NOT_BEGUN = "Not begun"
PART_WITHHELD, PART_UNREAD, PART_FAILED, PART_LEFT = ("{count} not judged", "{count} not read", "{count} failed",
                                                      "{count} not begun")
BEHIND = "Rows with all three"
WORST = "Lowest"
INTERVAL = ("Mean of the expected scores; in brackets the 95 % bootstrap interval of the mean, over prompts where a "
            "prompt comes more than once in a group, else over clips. Overlapping intervals are no ranking.")
LACKING = ("A mean is over the rows that have the score: {count} rows are in no overall mean, and a group that has "
           "more of them may look better or worse than it is.")
LACKING_ONE = ("A mean is over the rows that have the score: 1 row is in no overall mean, and the group that has it "
               "may look better or worse than it is.")
JUDGES_MIXED = "The scores are of {count} judges, which do not share a scale: do not compare groups across them."
NO_INTERVAL = "no interval: one draw"
GROUP_RADAR = "Profiles"

# Duels
DUEL_OF = "Ranking: {dimension}"
GENERATOR = "Generator"
STRENGTH, WIN_RATE, WINS, LOSSES, TIES = "Strength", "Win rate", "Won", "Lost", "Tied"
VOTES = "{votes} votes{by}; ties: {ties}, both bad: {bad}."
VOTES_ONE = "1 vote{by}; ties: {ties}, both bad: {bad}."
VOTES_BY = " by {voters} people"
VOTES_BY_ONE = " by 1 person"
STRENGTHS = ("Strengths are Bradley-Terry's, 0 the mean of all, with {level} % intervals; win rates count a tie as "
             "half.")
AGREEMENT = "How far judges agree with the people"
AGREES, AGREES_TIES, PAIRS = "Pairs ordered as people do", "Ties counted too", "Pairs"
ALL_DIMENSIONS = "which is better"

# What the scores are not
CAVEAT = "What these scores are not"
CAVEATS = (
    "They are one model's opinion of a few sampled frames, from 1 to 5: no measurement, and no verdict of people.",
    "They say nothing of sound, of what happens between the frames, of safety, of rights, or of whether what is shown "
    "is true.",
    "Scores of different judges do not share a scale; small differences between clips may be chance.",
    "A rationale is written by the same model: it may name what is not there.")
CAVEAT_WITHHELD = "What was not judged has no score, and stands in no mean."
CAVEAT_VOTES = "A ranking by votes holds for the clips, the prompts and the people that took part."

# Share cards
CARD_BY = "judged by {name}"
CARD_JUDGE = "a judge whose name this card cannot draw"
CARD_NO_CONFIDENCE = "one opinion, no confidence claimed"
CARD_CONFIDENCE = "confidence {least} to {most} %"
CARD_PROMPT_MARK = "[prompt in a script that this card cannot draw]"
CARD_NO_STILL = "no still"
CARD_TIE = "a tie"
CARD_WINNER = "winner"
CARD_MORE = "{shown} of {count} candidates"
CARD_CAVEAT = "1 to 5, a model's opinion of sampled frames"

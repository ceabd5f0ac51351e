"""What the Review page says."""

# The list
LIST = "Evaluations"
MODEL = "Model"
ALL_MODELS = "All models"
WORDS = "Search"
WORDS_HINT = "Prompt, rationale or file"
REVIEWED = "Reviews"
ANY = "All"
NOT_REVIEWED = "Not reviewed"
ONLY_REVIEWED = "Reviewed"
SCORES = "Scores"
LEAST = "{name}, at least"
MOST = "{name}, at most"
TO = "to"
COUNT = "{count} evaluations"
COUNT_ONE = "1 evaluation"
MORE = "Show more"
EMPTY = "Evaluations that you make are listed here. Evaluate a video first, or open the link of an evaluation."
NO_MATCH = "No evaluation matches: widen the filter."
BADGE_MINE = "reviewed by you"
BADGE_ONE = "1 review"
BADGE = "{count} reviews"
BADGE_DRAFT = "draft"

# One evaluation
PREVIOUS = "Previous"
NEXT = "Next"
REVIEWER = "Your name"
REVIEWER_HINT = "Shown with your reviews"
PROMPT = "Prompt"
JUDGE_GAVE = "Judge"
AGREE = "Agree"
DISAGREE = "Disagree"
RIGHT = "Right score"
NOTHING_TO_AGREE = "Not judged, so there is nothing to agree or disagree with. The right score may be given."
SAID_NOTHING = "The rationale has no part about this."
NO_RATIONALE = "The judge wrote no rationale: it was asked to score at once."
MARK = "Mark as wrong"
UNMARK = "Not wrong after all"
MARKED = "Marked as wrong"
MARK_HINT = "Select words of the rationale, or step from sentence to sentence with h and l."
NOTE = "Note"
NOTE_HINT = "What the judge missed, or why a score is wrong"
SAVE = "Save"
REMOVE = "Remove my review"
REMOVE_SURE = "Really remove it?"
VERDICT_ON = "Verdict on {name}"
RIGHT_FOR = "{score}: the right score for {name}"
POSITION = "{number} of {count}"
CLIP = "The judged clip"
PREPARING = "Preparing the clip…"
NO_CLIP = "The clip of this evaluation is not kept any more."
UNPLAYABLE = "This browser cannot play the clip."

# Whether it is saved
NOTHING_YET = "Not reviewed by you"
SAVED = "Saved"
SAVING = "Saving…"
DRAFT = "Draft, kept in this browser. Still to say: {what}"
DRAFT_NAME = "Draft, kept in this browser. Write your name to save it."
DRAFT_LOGIN = "Draft, kept in this browser. Sign in with Hugging Face to save it."
NOT_SAVED = "Not saved: {problem} The review is kept in this browser."
OFFLINE = "The server does not answer; press Save to try again."
REMOVED = "Your review is removed"

# Keys
KEYS_ON = "Use keys"
KEY_NAMES = (
    ("j k", "next, previous"), ("1 2 3", "dimension"), ("a", "agree"), ("d", "disagree, then 1–5 the right score"),
    ("Shift 1–5", "right score"), ("h l", "sentence"), ("m", "mark as wrong"), ("n", "note"), ("p", "play"),
    ("s", "save"))

# What went wrong, each one sentence
NO_SUCH = "This evaluation is no longer stored: choose another one."
NO_NAME = "Write your name first, so that your reviews can be told from others'."
LONG_NAME = "This name has {count} characters: shorten it to {most} or fewer."
LONG_NOTE = "The note has {count} characters: shorten it to {most} or fewer."
MANY_PASSAGES = "There are {count} marked passages: mark at most {most}."
LOGIN = "Sign in with Hugging Face to review: on a Space each review belongs to an account."
NO_LOGIN = ("Reviews cannot be saved here, because this Space has no login: whoever runs it can add hf_oauth: true to "
            "its README.")
BAD_REQUEST = "This page and the server do not understand each other: reload the page."
NO_FILE = "The file could not be made: try again."
NO_REVIEWS = "There are no reviews yet to export: review an evaluation first."

# Agreement and export
AGREEMENT = "Agreement"
AGREEMENT_NONE = "Once there are reviews, this shows how far the judge and its reviewers agree."
COUNTED = "Reviews: {reviews}. Reviewers: {reviewers}. Evaluations: {evaluations}."
WITH_JUDGE = "Judge and reviewers"
BETWEEN = "Between reviewers"
BETWEEN_NONE = "No evaluation has two reviewers yet."
DIMENSION = "Dimension"
PAIRS = "pairs"
FIGURES = {     # a name, and what explains it
    "exact": ("exact", ""), "within_one": ("within one", ""),
    "kappa": ("kappa", "Quadratic weighted kappa: 1 is perfect agreement, 0 what chance gives."),
    "pearson": ("Pearson", ""), "spearman": ("Spearman", "")}
UNSCORED = "no score"
UNSCORED_HINT = "Pairs left out: disagreed without saying what is right, or the judge's score was not read."
WITHHELD = "not judged"
WITHHELD_HINT = "Left out: the judge did not judge this, so there was nothing to agree or disagree with."
UNDEFINED = "not defined: too few pairs, or all the same"
MATRIX_OF = "Scores of"
JUDGE_AXIS = "Judge"
REVIEWERS_AXIS = "Reviewers"
ONE_AXIS = "One reviewer"
OTHER_AXIS = "Another"
MATRIX_ROW = "{rows} {score}"
EXPORT = "Export"
EXPORT_TRAINING = "Training rows (zip)"
EXPORT_CSV = "CSV"
EXPORT_JSON = "JSON"
EXPORTED = "Exported: {count}."
LEFT_OUT = "Exported: {count}. Left out, because their clips are not kept any more: {lacking}."

API_REVIEW = (
    "Stores a review of an evaluation and returns it: for each dimension agree or disagree and the score that is "
    "right, the passages of the rationale that are wrong, and a note. A reviewer's later review replaces the earlier.")

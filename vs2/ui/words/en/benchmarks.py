"""The words of the Benchmarks page."""

INTRO = (
    "Two kinds of numbers stand here, apart. The published ones were measured by the authors of VideoScore2, on clips "
    "that people scored. The others were measured by this project, on scenes that it rendered. A percent of one is no "
    "percent of the other: nothing here says which judge is the better one.")

# What the authors published
THEIRS = "Published: VideoScore2 on clips that people scored"
THEIRS_NOTE = (
    "Generated videos that people scored or compared, and how often a judge agrees with those people. Measured by the "
    "authors of VideoScore2.")
THEIRS_CAPTION = "Figures published by the authors of VideoScore2, on their benchmarks"
THEIR_AXIS = "On clips that people judged: how often a judge agrees"
THEIR_CHART = "The chart draws the percentages of this table, all but the gain."

# What was measured here
OURS = "Measured here: on rendered scenes"
OURS_NOTE = (
    "Scenes of simple shapes, drawn by this project's own simulator, which knows their true scores. They are far "
    "easier than real clips, and say nothing about those.")
OURS_CAPTION = "Figures measured by this project of the judge {judge}, on rendered scenes"
OUR_AXIS = "{judge} on {clips} rendered scenes: how often it is right"
OUR_CHART = "The chart draws the percentages of this table, all but the gain. Dotted: what always saying 3 would reach."
OF_JUDGE = "{judge}: {metric}"
FIGURE = "Figure"
VALUE = "Value"
SOURCE = "Source"
MEASURED = "Measured here: {judge}, on {data}"
MEASURED_SHORT = "Measured here: {judge}"
NOTHING = "Measured here: nothing yet"
NOTHING_HINT = (
    "The card of the judge {judge} holds no measurement. The command below measures it and writes the numbers there.")
OTHER_JUDGE = (
    "The judge that runs here, {judge}, has not been measured by this project; these numbers are those of the built-in "
    "judge.")
CARD = "card of {judge}"
EXACT_OF = "{dimension}: exact"
GAIN_OF = "Best of {size}: gain over a random pick"
GAIN_ON = "{contests} prompts, {size} rendered scenes each"
HELD_OUT = "{clips} held-out rendered scenes"
ABOUT = "about {value}"
BLIND_LINE = "always 3: {value}"

# What was measured here, in full
FULL = "Measured here, in full"
FULL_CAPTION = "The judge {judge} on {clips} rendered scenes that it was not trained on"
FULL_NOTE = (
    "The clips are drawn by this project's simulator, which puts in every fault on purpose, so their true scores are "
    "known. Each is written to a video file and judged {mode}. They say nothing about footage from elsewhere.")
MODES = {"think": "with a rationale", "no-think": "at once, without a rationale"}
DIMENSION = "Dimension"
METRICS = {"exact": "Exact", "within_one": "Within one", "pearson": "Pearson", "spearman": "Spearman"}
ALWAYS_3 = "Always saying 3"
WEIGHTS = "Weights {weights}, as hashed when they were measured."

# What was measured on suites that people rated
RATED = "Measured here: on clips that people rated"
RATED_NOTE = (
    "Generated clips that people scored or compared, judged by {judge} on {made} with `vs2 bench all`. Each figure is "
    "this machine's own; none is a published one.")
RATED_SUITE = "{suite}, judged by {judge}"
RATED_SCORES = "How far scores agree with people's, by suite"
RATED_PAIRS = "How often the better clip of two is people's, by suite"
RATED_CLIPS = "Clips"
RATED_WITHHELD = "Not judged"
RATED_WITHIN = "Pairs within a prompt"
RATED_COUNT = "Pairs"
RATED_PLAIN = "Without ties"
RATED_TIES = "With ties"
RATED_BETWEEN = "{low} to {high}"
RATED_FOOT = (
    "Shares are of all clips that people rated: one that was not judged counts as a miss. Correlations are of those "
    "that were judged. Under each figure its 95 % interval, by bootstrap over prompts. With ties, the margin up to "
    "which two clips count as the same is chosen on the other half of the prompts.")

CHECKS = "Other questions"
CHECKS_CAPTION = "Checks of the order that {judge} puts clips into"
CHECK = "Question"
RESULT = "Answer"
FAULTS = "Does visual quality fall when a real clip is spoiled on purpose?"
FAULTS_ON = (
    "{pairs} pairs of a real clip and its copy with strong blur, noise, blocking or flicker; a judge that does not "
    "look scores both alike")
FAULTS_RESULT = "{fell} of the pairs by the expected score, {by_value} by the digit"
FAULTS_OF = {
    "trained": "Does visual quality fall under kinds of faults that training uses?",
    "held-out": "Does visual quality fall under kinds of faults that training never used?",
    "events": "Does physical consistency fall where a clip is made impossible, in ways that training never used?"}
FAULTS_OF_ON = "{pairs} pairs of a clip and its most spoiled copy; {withheld} of them were not judged and do not count"
FAULTS_OF_RESULT = "{fell} of the pairs; the same score in {same}"
FAULTS_OF_STEPS = "a stronger fault scores lower in {lower} of {steps} pairs of strengths, the same in {same}"
FAULTS_CONSTANT = "{count} of the clips got the same digit in all versions"
FAULTS_CONSTANT_ONE = "One of the clips got the same digit in all versions"
PROMPTS = "Is the true prompt scored above another scene's prompt?"
PROMPTS_ON = "{pairs} pairs of rendered scenes that show different things; a coin gets half of them"
PROMPTS_RESULT = "{higher} of the pairs by the expected score, {by_value} by the digit"
PROMPTS_TIES = "{ties} are ties, which count as missed"
BEST = "What does picking the best of {size} gain?"
BEST_ON = "{contests} prompts, {size} rendered scenes each; a random pick gains nothing"
BEST_RESULT = "true mean score, from 1 to 5: {picked}; of a random pick {random}, of the best there is {best}"
BEST_INTERVAL = "95 % interval {low} to {high}"
NO_CHECKS = "Not measured for this judge yet."

# The published work
WORK = "The published work"
WORK_CAPTION = "The published model and its data"
WORK_NOTE = "Read from the authors' paper and pages. This project measured none of it."
FACT = "What"
SAYS = "As published"

# What the numbers mean
MEANING = "What the numbers mean"
MEANINGS = (
    ("Accuracy, exact", "The share of clips whose digit is the true one. A score that could not be read is a miss."),
    ("Within one", "The share of clips whose digit is at most one away from the true one."),
    ("Pearson", "From -1 to 1: how well the expected scores lie on a straight line over the true ones. 0 is no "
                "relation."),
    ("Spearman", "The same for ranks: does the judge put the clips into the right order, whatever its scale?"),
    ("Always saying 3", "What a judge that sees nothing reaches, since the five scores are equally frequent among the "
                        "scenes. Only what is clearly above it has been learned."),
    ("Gain over a random pick", "How much higher the true score of the picked clip is than that of a clip drawn "
                                "blindly."),
)

MEASURE = "Measure a judge yourself"
MEASURE_NOTE = (
    "Any checkpoint folder can be measured like this, in a checkout of the project. `--write` puts the numbers into "
    "its card, where this page finds them the next time the app starts with that judge.")
COMMAND = "python -m train.measure FOLDER --suite all --write"

"""The words of the About page."""

INTRO = (
    "A vision-language model watches a generated clip, reads the prompt it was made from, reasons about it in words, "
    "and gives three scores from 1 to 5. This software runs such a judge and shows everything that it says.")

# What a score means
SCORES = "What a score means"
SCORES_NOTE = (
    "1 is the worst, 5 the best. Each dimension is scored for itself: a sharp picture of the wrong thing is one.")
SCORES_CAPTION = "The three dimensions"
DIMENSION = "Dimension"
ASKED = "What the judge is asked to look at"
ASKS = {
    "visual_quality": "Is the picture sharp, the motion smooth, the image free of faults?",
    "text_alignment": "Does the clip show what the prompt asks for?",
    "physical_consistency": "Could this happen? Do things stay, fall and touch as things do?",
}
STEPS_PUBLISHED = (
    "The published model learned the five steps from scores that people gave; its query names the three dimensions and "
    "puts no words to the steps. So compare its scores with each other rather than with a definition.")
STEPS_MINI = (
    "For the built-in judge, `mini`, each step is defined, because every fault in the scenes that it learned from was "
    "put in on purpose:")
STEPS_CAPTION = "What each score means for the built-in judge"
SCORE = "Score"
NO_FAULT = "nothing spoils it"
FAULT = "fault of strength {strength}"
AS_ASKED = "all as asked"
ONE_DIFFERS = "one element differs"
DIFFER = "{count} elements differ"
DIFFER_MORE = "{count} or more differ"
NO_BREACH = "nothing impossible"
STEPS_NOTE = (
    "Strength {most} is the strongest. Faults of the picture: {visual}. Faults of physics: {physical}. Elements of a "
    "prompt: {elements}.")
ELEMENT = {"count": "count", "colour": "colour", "shape": "shape", "motion": "motion", "background": "background",
           "beside": "second object"}

# How the numbers are made
NUMBERS = "How the numbers are made"
NUMBERS_TERMS = (
    ("value", "The digit that the judge wrote. Where none can be read it is `null` and shown as not read: never 0, "
              "never a guess. Where the judge sees that it does not know such clips it gives none: `null` again, shown "
              "as not judged, with its `reason`."),
    ("distribution", "The probability of each digit from 1 to 5, from the model's logits at the very token of that "
                     "digit."),
    ("expected", "The mean of the five scores, each weighted by its probability. It tells a firm 4 from a 4 that was "
                 "nearly a 3."),
    ("confidence", "The probability of the likeliest score, and only where that says something: over several "
                   "rationales, or without thinking. After one rationale the digit is all but certain, for the "
                   "rationale has just named it; that is no measure of doubt."),
    ("overall", "The mean of the three expected scores; there is none where one of the three could not be read or "
                "was not judged."),
)
EXAMPLE = "An example, in visual quality: three rationales are sampled, and their distributions are mixed."
EXAMPLE_CAPTION = "The probability of each score after three rationales, and their mixture"
RATIONALE = "Rationale {number}"
MIXTURE = "Mixture"
ALONE = "Rationale 1 alone: value {value}, expected {expected}, no confidence."
MIXED = "All three: value {value}, expected {sum} = {expected}, confidence {confidence}."
OVERALL = (
    "With an expected score of {alignment} for alignment and {physical} for physical consistency, overall is "
    "{overall}.")

# What the judge knows
KNOWS = "What the judge knows, and what it cannot judge"
HERE = "The judge that runs here: {judge}"
LOADING = "The judge is not loaded yet; this is what the built-in one knows."
TRAINED_ON = "Trained on: {trained_on}."
NO_CARD = "Its checkpoint has no card that says what it knows or was trained on."
SEES = (
    "It sees {fps} frames a second, at least {least} and at most {most} of a clip. What falls between them it cannot "
    "see.")
SEES_FIXED = "It sees {most} frames of a clip, however long. What falls between them it cannot see."
MINI = (
    "The built-in judge, `mini`, is there so that all of this runs without a GPU and without a download. It cannot "
    "judge:")
MINI_LIMITS = (
    "whether footage shows what was asked: of people, animals and places it reads no prompt, and gives alignment no "
    "score",
    "footage as people do: of its picture and its motion it gives a first guess, learned from few ratings",
    "what is neither footage nor a rendered scene of simple objects: slides, patterns, games get no score",
    "physics, reliably: of its three scores that one is the weakest (Benchmarks says by how much)",
    "two faults of one kind at once, which it has never seen",
    "times in seconds: it names frames, as the Evaluate page numbers them",
)
PUBLISHED = (
    "The published model, `TIGER-Lab/VideoScore2`, was trained on generated videos that people scored "
    "(VideoFeedback2). It is asked for three things, so it says nothing about sound, about truth, or about who made a "
    "clip.")

OPINION = "A judge's opinion of a clip is an opinion: do not let it alone decide about people."

# How to have the published judge
WAYS = "How to have the published judge"
WAYS_NOTE = (
    "For footage of people, animals, places, for anything that is not a rendered scene, ask the published model, "
    "`TIGER-Lab/VideoScore2`, wherever more than a first guess is needed. It is free, and needs a GPU: yours, or one "
    "that Hugging Face lends or rents.")
WAY_GPU = (
    "A GPU of your own, with 23 GB free on it, or 7 GB in 4-bit (11 GB on a T4). The first start downloads 16 GB; then "
    "these pages and the command line use it. In a terminal:")
WAY_GPU_CODE = '''VS2_MODEL=TIGER-Lab/VideoScore2 vs2 app                        # these pages
VS2_MODEL=TIGER-Lab/VideoScore2 VS2_PRECISION=4bit vs2 app     # on a smaller GPU
vs2 score clip.mp4 --prompt "a cat jumps" --model TIGER-Lab/VideoScore2 --precision 4bit'''
WAY_SPACE = (
    "A Space on Hugging Face. This software is a Gradio Space as it is: duplicate it, or push it to a new Space, and "
    "choose the hardware; which judge it serves depends on that alone.")
WAY_SPACE_CAPTION = "Hardware of a Space and the judge that it serves"
HARDWARE, SERVES, PAYS = "Hardware", "Judge", "Who pays"
SPACES = (
    ("ZeroGPU: part of a large GPU, lent for one judgement at a time", "the published one",
     "each visitor, from a daily quota of seconds"),
    ("a GPU of its own, with 24 GB or more", "the published one", "its owner, by the minute while it runs"),
    ("a GPU of its own, with 16 GB", "the published one, in 4-bit", "its owner, by the minute while it runs"),
    ("CPU basic", "`mini`, the built-in one", "nobody"),
)
WAY_SPACE_NOTE = (
    "`docs/spaces.md` has the details. No Space of Hugging Face's has run this software yet: it was tested with "
    "stand-ins for what is theirs.")
WAY_SERVER = (
    "A server that has the model already, such as vLLM, by its address: this machine then needs no GPU. "
    "`docs/server.md` says how to start one so that it sees exactly the same frames. In a terminal:")
WAY_SERVER_CODE = "VS2_MODEL='openai:http://SERVER:8000/v1#TIGER-Lab/VideoScore2' vs2 app     # these pages"

# What is stored
PRIVACY = "What is stored, and where"
PRIVACY_CAPTION = "What is stored, where, for how long"
WHAT = "What"
WHERE = "Where"
UNTIL = "Until"
STORED = (
    ("A secret id, which stands for you", "in this browser, in its storage for this site",
     "you clear the site's data; the history then belongs to nobody"),
    ("Your evaluations, their prompts and your reviews", "on the server, in a database under `VS2_HOME`",
     "you delete them; for ten minutes after that you can undo it"),
    ("The clips that were judged", "on the server, in files under `VS2_HOME`",
     "you delete their evaluations; those longest unused go when the space for clips is used up"),
    ("Uploads, and the copies made so that browsers can play them", "on the server, in a folder for temporary files",
     "a day has passed"),
)
PRIVATE = (
    "Your history is shown to the browser that knows your secret id, and an evaluation to whoever has its link: the "
    "link is the permission. Whoever runs the server can read everything on it.")
SHARED = (
    "This server is set to one shared history (`VS2_SHARED_HISTORY`): everyone who visits it sees everyone's "
    "evaluations.")
YOURS = (
    "To delete or download what is yours, open the history on the [Evaluate] page. Clips and prompts are judged on the "
    "machine that serves these pages, and nothing about their use is reported to anyone else.")

# From a script
SCRIPT = "Use it from a script"
CLIENT = "Over the network, with `gradio_client`; every parameter is listed under “{api}” at the foot of the page:"
CLIENT_CODE = '''from gradio_client import Client, handle_file

client = Client("{address}")
evaluation = client.predict(
    video=handle_file("clip.mp4"),
    prompt="a red ball bounces on grass",
    api_name="/evaluate",
)
print(evaluation["overall"], evaluation["rationale"])'''
TERMINAL = "In a terminal:"
TERMINAL_CODE = '''vs2 score clip.mp4 --prompt "a red ball bounces on grass"
vs2 score clip.mp4 --prompt "a red ball bounces on grass" --json > evaluation.json
vs2 score clip.mp4 --prompt "a red ball bounces on grass" --samples 5    # with a confidence'''
PYTHON = "In Python:"
PYTHON_CODE = '''import vs2

judge = vs2.load("mini")
evaluation = judge.score("clip.mp4", "a red ball bounces on grass")
print(evaluation.scores["physical_consistency"].expected, evaluation.overall)
print(evaluation.rationale)'''

# Citing
CITE = "How to cite"
CITE_NOTE = "Cite the authors' paper when you use the published model, its data or its rubric:"
CITE_SOFTWARE = (
    "Name the judge, its precision and whether it thought first beside every score that you report; the JSON of an "
    "evaluation holds what is needed. Scores of `mini` are no scores of VideoScore2.")
BIBTEX = "BibTeX of the paper"
LICENCE = "This software, the published weights and their data are under the Apache License 2.0."

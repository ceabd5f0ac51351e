"""The words of what generates videos: the fold of the Evaluate page, and the choice of a generator on all pages."""

FOLD = "Or generate one"
HINT = "From the prompt above. The video then takes its place in the box, as an uploaded one does."
GENERATOR = "Generator"
SEED = "Seed"
SEED_HINT = "Another seed gives another clip."
LENGTH = "Length (seconds)"
LENGTH_HINT = "0: the generator's own."
GENERATE = "Generate"
STOP = "Stop"
MODEL = "Model"
MODEL_HINT = "The Hub id of a text-to-video model that this provider serves."
TOKEN = "Your own token of a provider"
TOKEN_HINT = "Of the provider or of the Hugging Face Hub. It is sent with your request alone, and not kept."
OTHERS = "More generators, and what they need"
OTHERS_NONE = "All generators can be used here."
NOT_HERE = "Not usable here:"
JOIN = "; "
ZERO_GPU = "A ZeroGPU Space lends its GPU for {seconds} s at a time, and loading this model takes longer."
ZERO_GPU_REMEDY = "Run the app on a machine with a CUDA GPU of its own, or take a provider."

# What went wrong, each one sentence
NO_GENERATOR = "There is no such generator here: choose one that the list names."
REFUSED = "{label} cannot be used here: {reason} {remedy}"
WHILE_EVALUATING = "An evaluation is running: stop it or wait for its end, then generate another video."
WHILE_GENERATING = "A video is being generated: stop that or wait for it, then evaluate."
ONE_EACH = "You have a generation running already: stop it, or wait for its end."
FULL_ADDRESS = "{count} videos are being generated for your network already: try again when one of them has ended."
FULL = "{count} videos are being generated here at the moment: try again in a minute."
FAILED = "Something failed on our side ({kind}); your prompt is kept, so try again."

# How far it is
STARTING = "Starting"
DONE = "Generated in {seconds}"
STOPPED = "Stopped after {seconds}"
NOT_GENERATED = "Not generated"
PROGRESS = "How much of the video is generated"
NOTES = "What the generator says"

# How it was made
FILE = "{generator} seed {seed}.mp4"
RECORD = "How it was made"
DOWNLOAD = "Download as JSON"

# For scripts
API = (
    "Generates one video for a prompt. Returns `file`, the clip's address on this server, and how it was made: "
    "generator, seed, size, frames, notices.")
LOST = ("The page was loaded again, or the server restarted, while a video was generated: it was lost. Your prompt is "
        "kept.")

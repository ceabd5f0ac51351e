"""The words at the head of every page."""

SKIP = "Skip to the page"
PAGES = "Pages"
DARK = "Dark"

# The picture that says what this is: the clip of the vanishing box, what the judge says of it, and its scores
IDEA = "A judge watches a clip in which a green box vanishes, says so, and scores it from 1 to 5."
IDEA_SAID = "“from frame 4 on one box vanishes”"
IDEA_SCORES = (("Visual", 5), ("Prompt", 5), ("Physics", 1))

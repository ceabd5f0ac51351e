"""The judge as a reward over HTTP: `vs2 serve`. docs/serve.md has what is sent and answered.

schema.py has the forms of requests, sources.py gets the clips out of them, line.py puts them into micro-batches before
the one judge, answers.py says what came of them, guard.py who may ask and how much, app.py puts it together.
"""

"""The language of a request, for the pages that are sent and for whatever runs for it (vs2/ui/language.py)."""
from vs2.ui import language
from vs2.ui.guard.answers import header


class Language:
    """Puts the language into the scope, and has what is answered depend on it: vs2/ui/pages.py."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        spoken = language.asked(header(scope, b"cookie"), header(scope, b"accept-language"))
        scope[language.KEY] = spoken

        async def sent(message: dict) -> None:
            if message["type"] == "http.response.start":    # what a cache between keeps is for one language
                there = message.get("headers", ())
                varies = [value for name, value in there if name.lower() == b"vary"] + [b"Accept-Language, Cookie"]
                headers = [pair for pair in there if pair[0].lower() != b"vary"] + [(b"vary", b", ".join(varies))]
                message = {**message, "headers": headers}
            await send(message)

        with language.speaking(spoken):
            await self.app(scope, receive, sent)

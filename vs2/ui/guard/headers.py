"""What every answer tells the browser: which code may run, who may frame the page, what a link gives away."""
import os

SAFE = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"same-origin")]


def policy() -> str:
    """The Content-Security-Policy. Gradio's page writes its own scripts and styles into itself, and makes functions of
    the pages' scripts, so 'unsafe-inline' and 'unsafe-eval' cannot go; nothing may come from, or go to, another place.

    On a Space Gradio shows Hugging Face's header, and the page stands in a frame of huggingface.co.
    """
    space = bool(os.environ.get("SPACE_ID"))
    hub = " https://huggingface.co https://*.huggingface.co https://*.hf.space" if space else ""
    rules = {
        "default-src": "'self'",
        "script-src": "'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": f"'self' data: blob:{hub}",
        "media-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": f"'self' data: blob:{hub}",
        "worker-src": "'self' blob:",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": f"'self'{hub}",
        "frame-ancestors": "'self' https://huggingface.co https://*.huggingface.co https://*.hf.space",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


class Headers:
    """Adds them to every answer, the guard's own too."""

    def __init__(self, app):
        self.app = app
        self.added = [*SAFE, (b"content-security-policy", policy().encode())]

    async def __call__(self, scope, receive, send) -> None:
        async def sent(message: dict) -> None:
            if message["type"] == "http.response.start":
                ours = {name for name, _ in self.added}
                kept = [pair for pair in message.get("headers", ()) if bytes(pair[0]).lower() not in ours]
                message = {**message, "headers": [*kept, *self.added]}
            await send(message)

        await self.app(scope, receive, sent if scope["type"] == "http" else send)

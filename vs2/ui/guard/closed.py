"""Gradio's routes that this app has no use for, and that do harm: they are not there.

deep_link writes a visitor's whole session into a file. proxy= and file= with an address make the server fetch for
others. The rest is for other apps, for developers, or keeps data for people unknown.
"""
import re

from vs2.ui.guard.answers import Refusal, say

CLOSED = re.compile(
    r"/gradio_api/(deep_link|proxy=.*|dev/.*|vibe-.*|undo-vibe-edit.*|run-history/.*|runs|process_recording|profiling/.*"
    r"|custom_component/.*|stream/.*|token|user)/?|/monitoring(/.*)?|/gradio_api/file/.*", re.DOTALL)
# `file=` followed by what is no path: http://..., //host, \\host. One letter and a colon is a drive of Windows.
ELSEWHERE = re.compile(r"/gradio_api/file=\s*([A-Za-z][A-Za-z0-9+.-]+:|[/\\]{2}|[/\\][\\]).*", re.DOTALL)


class Closed:
    """Answers for those routes."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "websocket":    # the app has none
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] == "http":
            if CLOSED.fullmatch(scope["path"]):
                await say(send, Refusal(404, "This app has no such address."))
                return
            if ELSEWHERE.fullmatch(scope["path"]):
                await say(send, Refusal(403, "Only files of this app are served: take the file from where it is."))
                return
        await self.app(scope, receive, send)

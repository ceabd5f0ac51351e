"""Which names the app answers to, and which pages may ask it.

Without a check of Host a page on the Internet can point its own name at 127.0.0.1 and read the app that runs there. On
a Space the cookie of the login goes along with what any page asks for, so a foreign page could act as its visitor:
what another site's page asks for is refused, but for links to follow and for what is the same for everybody.
"""
import os
import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from vs2.ui.guard.answers import Refusal, header, say

ANYWHERE = ("", "0.0.0.0", "::")  # addresses to listen on that are no name of the machine
# The same for everybody, and read by other pages: what Gradio's frame loads, and the description of the endpoints.
PUBLIC = re.compile(r"/(|assets/.*|static/.*|svelte/.*|favicon\.ico|manifest\.json|robots\.txt|theme\.css|config/?"
                    r"|gradio_api/(info/?|openapi\.json|app_id/?|theme\.css|startup-events))")
# Pages that a link from elsewhere may open, and the way back from Hugging Face's login, which its state protects.
LINKED = re.compile(r"/(|login/callback|gradio_api/file=.*)")


def _name(host: str) -> str:
    """The name in a Host header, or of an origin, without its port, in small letters; "" for nonsense."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _site(address: str) -> tuple[str, int | None]:
    """(name, port) of an origin; the port is None where it is the scheme's own."""
    try:
        url = urlsplit(address)
        port = url.port
    except ValueError:
        return "", None
    return _name(url.netloc.rpartition("@")[2]), None if port in (80, 443) else port


def _loopback(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


class Origin:
    """Refuses other names and foreign pages. host: the address listened on. names: of a proxy in front, if any."""

    def __init__(self, app, host: str, names: tuple[str, ...]):
        self.app = app
        space = [name.strip() for name in os.environ.get("SPACE_HOST", "").split(",") if name.strip()]
        self.pages = {_name(name) for name in (*names, *space)} - {""}  # whose pages are ours, on whatever port
        self.names = set(self.pages)
        self.any = bool(os.environ.get("SPACE_ID")) or (host.strip("[]") in ANYWHERE and not names)
        if host.strip("[]") not in ANYWHERE:
            self.names.add(_name(host))

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "http":
            try:
                self.check(scope)
            except Refusal as refusal:
                await say(send, refusal)
                return
        await self.app(scope, receive, send)

    def check(self, scope: dict) -> None:
        """Raises Refusal."""
        host = header(scope, b"host")
        name = _name(host)
        if not (self.any and name) and name not in self.names and not _loopback(name):
            raise Refusal(421, "This app is not known by that name: open it as localhost, or set VS2_HOST or VS2_PROXY "
                               "to the name.")
        if self.foreign(scope, host) and not self.harmless(scope):
            raise Refusal(403, "The page of another site asked for this: open the app itself.")

    def foreign(self, scope: dict, host: str) -> bool:
        """Whether the page of another site asks. What is no browser says nothing of its page, and is none."""
        if origin := header(scope, b"origin"):
            site = _site(origin)
            return not site[0] or (site != _site(f"http://{host}") and site[0] not in self.pages)
        return header(scope, b"sec-fetch-site").lower() == "cross-site"

    @staticmethod
    def harmless(scope: dict) -> bool:
        """Whether it neither changes anything nor is anybody's own."""
        if scope["method"] not in ("GET", "HEAD"):
            return False
        if header(scope, b"sec-fetch-mode").lower() == "navigate" and not header(scope, b"origin"):
            # A login that went wrong is begun again by a redirect, which counts as cross-site like the way it came.
            again = scope["path"] == "/login/huggingface" and b"_nb_redirects=" in scope["query_string"]
            return again or bool(LINKED.fullmatch(scope["path"]) or PUBLIC.fullmatch(scope["path"]))
        return bool(PUBLIC.fullmatch(scope["path"]))

"""Whose request it is: the address that limits go by, as far as it can be believed.

A header can say anything. X-Forwarded-For is only believed where a proxy is known to write it: on a Space, and where
the owner names one (VS2_PROXY); there the last public address in it, which that proxy saw, for what stands before it
came from the client. The MCP server calls its own app by HTTP: such a call carries the address of whom it is made for,
signed by a secret of this process.
"""
import hmac
import secrets
from ipaddress import IPv6Address, ip_address, ip_network

from gradio.context import LocalContext

from vs2.ui.guard.answers import header

KEY = "vs2.address"             # of the ASGI scope
LOOP = "vs2.loop"               # whether the call comes from the MCP server of this very process
FOR = b"x-vs2-for"
MCP = "/gradio_api/mcp"
# What a client must not say about itself where no proxy overwrites it: Gradio builds addresses from these, and keeps
# some of them for everyone.
CLAIMS = {b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-gradio-server"}
_SECRET = secrets.token_hex(16)


def share(address: str) -> str:
    """What one client can have many of counts as one: an IPv6 network of 64 bits, an IPv4 address in any form."""
    try:
        found = ip_address(address.strip().strip("[]").split("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        if not found.is_loopback:
            return str(ip_network((found, 64), strict=False).network_address)
    return str(found)


def forwarded(said: str) -> str:
    """The last address of X-Forwarded-For that is public; the last one at all where none is; "" for none."""
    listed = [part.strip() for part in said.split(",") if part.strip()]
    for part in reversed(listed):
        try:
            if ip_address(part).is_global:
                return part
        except ValueError:
            continue
    return listed[-1] if listed else ""


class Who:
    """Puts the address into the scope, and takes from the request what it may not claim. proxied: see above."""

    def __init__(self, app, proxied: bool):
        self.app, self.proxied = app, proxied

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "http":
            secret, _, signed = header(scope, FOR).partition(" ")
            scope[LOOP] = hmac.compare_digest(secret.encode(), _SECRET.encode())
            own = (scope.get("client") or ("", 0))[0]
            said = forwarded(header(scope, b"x-forwarded-for")) if self.proxied else ""
            scope[KEY] = signed if scope[LOOP] else share(said or own)
            drop = {FOR} | (set() if self.proxied else CLAIMS)
            headers = [pair for pair in scope["headers"] if pair[0] not in drop]
            if scope["path"].startswith(MCP):
                headers.append((FOR, f"{_SECRET} {scope[KEY]}".encode()))
            scope["headers"] = headers
        await self.app(scope, receive, send)


def of(request) -> str:
    """The address of a request, FastAPI's or Gradio's; "" where there is none."""
    inner = getattr(request, "request", None) or request
    return getattr(inner, "scope", {}).get(KEY, "")


def here() -> str:
    """The address of whom the running function of a page works for; "" outside of one."""
    return of(LocalContext.request.get(None))

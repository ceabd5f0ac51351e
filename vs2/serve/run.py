"""Serves until it is told to stop: what is being judged is answered first."""
import sys

import uvicorn

from vs2 import arenas
from vs2.errors import BadInput
from vs2.serve.app import Terms, server
from vs2.serve.line import Scorer
from vs2.ui.guard.origin import ANYWHERE

GRACE = 60      # seconds that running requests have to end, once the server is told to stop
NO_TOKEN = "Note: whoever reaches this server may use it: set VS2_TOKEN, or keep others out."


def run(judge: Scorer, terms: Terms, port: int, grace: int = GRACE) -> None:
    """Raises BadInput where the address cannot be listened on."""
    arenas.few()
    config = uvicorn.Config(server(judge, terms), host=terms.host, port=port, log_level="warning", access_log=False,
                            server_header=False, timeout_graceful_shutdown=grace, proxy_headers=False)
    try:
        listening = config.bind_socket()
    except SystemExit as error:     # uvicorn's way to say that the port is taken, or the address not this machine's
        raise BadInput(f"Nothing can be served at {terms.host}, port {port}: it is taken, or not this machine's; "
                       "choose others with --host and --port.") from error
    shown = f"[{terms.host}]" if ":" in terms.host else terms.host
    if terms.host in ANYWHERE and not terms.token:
        print(NO_TOKEN, file=sys.stderr)
    print(f"{judge.name} answers at http://{shown}:{listening.getsockname()[1]}", file=sys.stderr, flush=True)
    uvicorn.Server(config).run([listening])

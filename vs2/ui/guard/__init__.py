"""What stands between the network and Gradio: who asks, from which page, how much, and for what. docs/security.md.

Plain ASGI, one subject a file. `around` puts it together; `app.serve` has it around the whole of Gradio's app.
"""
import os

from vs2.settings import Settings
from vs2.ui.guard import fetch  # it takes the place of a function of Gradio's
from vs2.ui.guard.bodies import Bodies
from vs2.ui.guard.closed import Closed
from vs2.ui.guard.door import Door
from vs2.ui.guard.events import Events
from vs2.ui.guard.headers import Headers
from vs2.ui.guard.language import Language
from vs2.ui.guard.origin import Origin
from vs2.ui.guard.packed import Packed
from vs2.ui.guard.uploads import Ledger, Uploads
from vs2.ui.guard.who import Who


def around(app, blocks, settings: Settings, host: str, costly: set[int]):
    """The app, guarded. blocks: its `gr.Blocks`. host: the address that it listens on.

    costly: the numbers of those functions of the blocks that cost much.
    """
    door = Door(Packed(app), blocks, Events(blocks, costly))
    fetch.allowed = settings.addresses
    blocks.ledger = Ledger(int(settings.uploads * 2**30))       # for vs2/ui/addresses.py: what is fetched counts, too
    uploads = Uploads(door, blocks.max_file_size, blocks.ledger)
    inner = Closed(Bodies(door, uploads))
    proxied = bool(os.environ.get("SPACE_ID") or settings.proxy)
    return Headers(Language(Who(Origin(inner, host, settings.proxy), proxied)))

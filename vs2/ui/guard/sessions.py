"""What Gradio keeps of each session: no value that a visitor gave, and of one address not more than its share.

Gradio writes every value that comes with an event into its record of the session, tokens too, for links that open the
page as it was. This app has links of its own, which name no such thing.
"""
import threading
from collections import OrderedDict

from gradio import routes, state_holder

CAPACITY = 1000     # sessions
EACH = 64           # of one address


class Forgetful(state_holder.SessionState):
    """A session without the values of its components."""

    def __init__(self, blocks):
        super().__init__(blocks)
        self.config_values.clear()

    def __setitem__(self, key, value) -> None:
        super().__setitem__(key, value)
        self.config_values.clear()

    def _update_config(self, key) -> None:
        """Nothing is kept."""

    def _update_value_in_config(self, key, value) -> None:
        """Nothing is kept."""


class Sessions(state_holder.StateHolder):
    """All sessions. `claim` says whose one is."""

    def __init__(self):
        super().__init__()
        self._of: dict[str, OrderedDict[str, None]] = {}    # an address's sessions, the one used last at the end
        self._claiming = threading.Lock()

    def __getitem__(self, session):
        if session not in self.session_data:
            self.session_data[session] = Forgetful(self.blocks)
        return super().__getitem__(session)

    def claim(self, session: str, address: str) -> None:
        """A session is used from an address; one that has more than its share loses those it used longest ago."""
        with self._claiming:
            own = self._of.setdefault(address, OrderedDict())
            own[session] = None
            own.move_to_end(session)
            while len(own) > EACH:
                old, _ = own.popitem(last=False)
                self._end(old)
            if len(self._of) > CAPACITY:
                self._of = {one: there for one, kept in self._of.items()
                            if (there := OrderedDict((name, None) for name in kept if name in self.session_data))}

    def _end(self, session: str) -> None:
        self.delete_state(session)
        self.session_data.pop(session, None)
        self.time_last_used.pop(session, None)


# There is no option for it: Gradio makes one for each app, and one session for each call that names none.
routes.StateHolder = Sessions  # type: ignore[misc]  # a class of Gradio's is replaced

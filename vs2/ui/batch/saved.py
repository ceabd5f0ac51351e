"""What the Batch page makes of rows that are judged: their groups by a column of the table, and a report."""
import gradio as gr

from vs2 import report
from vs2.ui import player, saving, whose
from vs2.ui.batch import grouped
from vs2.ui.batch.job import Job, Jobs
from vs2.ui.batch.layout import Layout
from vs2.ui.site import Site
from vs2.ui.wiring import QUIET


class Saved(Layout):
    """The choice of the column, the groups, the report's button."""

    site: Site
    jobs: Jobs
    address: gr.HTML

    def _key(self, address, request: gr.Request) -> str:
        """Whose table it is: the visitor's, or the session's in a browser that keeps nothing."""
        return self.site.visitor(address) or f"session {request.session_hash}"

    def _connect_saved(self) -> None:
        self.by.input(self.group, [self.by, self.address], self.groups, trigger_mode="always_last", **QUIET)
        self.saver.connect(self.told, self.save, [self.address])

    def _columns(self, job: Job | None) -> dict:
        """What the table can be grouped by."""
        found = grouped.choices(job)
        if job and job.by not in [value for _, value in found]:
            job.by = ""
        return gr.update(choices=found, value=job.by if job else "", visible=len(found) > 1)

    def group(self, by: str, address: dict | None, request: gr.Request) -> str:
        """For another column: the groups that it makes."""
        job = self.jobs.get(self._key(address, request))
        if job is not None:
            job.by = by if by in [value for _, value in grouped.choices(job)] else ""
        return grouped.html(job)

    def save(self, address: dict | None, request: gr.Request) -> str:
        """A report of the table as far as it is judged, with the groups that are shown."""
        def make() -> report.Report:
            job = self.jobs.get(self._key(address, request))
            if job is None or not job.evaluated:
                raise saving.nothing()
            paths = {row.number: row.path for row in job.rows}
            return report.batch(job.records(), [job.by] if job.by else [], lambda record: paths[record["row"]],
                                knows=whose.knows, look=player.look)

        return self.saver.put(saving.REPORT, make)

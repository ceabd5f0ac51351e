"""Values that do not fit an input: one sentence, and a line in the log."""
import logging

import gradio as gr

NOT_TAKEN = "A value in the request does not fit its input: see the page about the API, or load the page again."
_log = logging.getLogger("vs2")


def mend(blocks: gr.Blocks) -> None:
    """Gradio answers a value that an input does not take with whatever its own code raises, which may name a path, and
    logs a traceback; what clients send is no defect of ours."""
    preprocess = blocks.preprocess_data

    async def taken(function, inputs, *arguments, **options):
        try:
            return await preprocess(function, _completed(function, inputs), *arguments, **options)
        except gr.Error as error:       # Gradio's own sentence, which it would log with a traceback
            error.print_exception = False
            raise
        except Exception as error:  # of any kind: it comes from the value
            _log.warning("A value that a request brought was not taken (%s)", type(error).__name__)
            raise gr.Error(NOT_TAKEN, print_exception=False) from error

    blocks.preprocess_data = taken  # type: ignore[assignment,method-assign]  # there is no option for it


def _completed(function, inputs: list) -> list:
    """The values with those that older clients do not send: numbers at the end that may be left empty."""
    missing = function.inputs[len(inputs):]
    if not all(isinstance(block, gr.Number) and block.value is None for block in missing):
        return inputs   # Gradio says what lacks
    return [*inputs, *(None for _ in missing)]

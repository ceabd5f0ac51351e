"""The description of the server at /openapi.json: requests are read here by hand, so their forms are told by hand."""
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from vs2.serve.forms import FIELDS, FILES
from vs2.serve.guard import OPEN
from vs2.serve.schema import Compute, Many, One, UniRL

_REF = "#/components/schemas/{model}"
_UPLOAD = {"type": "object", "required": [FILES, "prompt"], "properties": {
    FILES: {"type": "array", "items": {"type": "string", "format": "binary"}, "description": "One file, or several."},
    "prompt": {"type": "array", "items": {"type": "string"}, "description": "One for all files, or one for each."},
    **{name: {"type": "string"} for name in FIELDS[1:]}}}
_FAULTS = {"401": "The token is missing or wrong", "413": "Too large, or too many clips",
           "415": "Neither JSON nor files", "422": "The request, or its one clip, cannot be used",
           "429": "The line is full: Retry-After says for how long",
           "503": "The server is stopping, or failed"}


def _body(*contents: tuple[str, dict]) -> dict:
    responses = {status: {"description": said} for status, said in _FAULTS.items()}
    return {"requestBody": {"required": True, "content": {kind: {"schema": schema} for kind, schema in contents}},
            "responses": responses}


def _of(*models: type) -> dict:
    found = [{"$ref": _REF.format(model=model.__name__)} for model in models]
    return {"oneOf": found} if len(found) > 1 else found[0]


SCORE = _body(("application/json", _of(One, Many, UniRL)), ("multipart/form-data", _UPLOAD))
COMPUTE = _body(("application/json", _of(Compute)))


def describe(app: FastAPI, token: bool) -> None:
    """Has the app answer with the whole description."""
    def described() -> dict:
        if app.openapi_schema is None:
            found = get_openapi(title=app.title, version=app.version, routes=app.routes,
                                description="A judge of AI-generated video as a reward. docs/serve.md has examples.")
            _, forms = models_json_schema([(model, "validation") for model in (One, Many, UniRL, Compute)],
                                          ref_template=_REF)
            parts = found.setdefault("components", {})
            parts.setdefault("schemas", {}).update(forms["$defs"])
            if token:
                parts["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
                found["security"] = [{"token": []}]
                for path in OPEN:
                    found["paths"][path]["get"]["security"] = []
            app.openapi_schema = found
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]  # FastAPI's own way to change it

"""Which field a problem is about."""
import pytest

from vs2.errors import BadInput, Failure
from vs2.generate.protocol import Request
from vs2.generate.provider import Provider
from vs2.ui import fields

PLACES = {"token": "#token", "model": "#model", "seed": "#seed", "seconds": "#seconds"}


@pytest.mark.parametrize(("name", "token", "field"), [
    ("fal-ai/no model", "hf_x", "#model"), ("fal-ai/a/model", "", "#token"), ("fal-ai/a/model", "a b", "#token")])
def test_what_a_provider_refuses(name, token, field):
    with pytest.raises(BadInput) as problem:
        Provider(name, token=token)
    found = fields.placed(problem.value, PLACES)
    assert isinstance(found, fields.WrongField) and found.field == field and str(found) == str(problem.value)


@pytest.mark.parametrize(("options", "field"), [({"seed": -1}, "#seed"), ({"seconds": 1000.0}, "#seconds")])
def test_an_option_that_the_library_names(tmp_path, options, field):
    with pytest.raises(BadInput) as problem:
        Request.checked(Provider.limits, "a ball", **{"seed": 0, "seconds": None, "size": None,
                                                      "folder": tmp_path} | options)
    found = fields.placed(problem.value, PLACES)
    assert isinstance(found, fields.WrongField) and found.field == field


def test_what_is_about_no_field_stays_as_it_is():
    for error in (BadInput("This is of no option."), Failure("token is not the matter."), ValueError("seed is 1"),
                  fields.WrongField("seed is wrong", "#elsewhere")):
        assert fields.placed(error, PLACES) is error

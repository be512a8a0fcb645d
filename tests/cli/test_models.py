import json


def test_models_are_listed_with_licence_and_limits(emospot):
    ran = emospot("models")
    assert ran.out.startswith("bundled: happiness, sadness")
    assert "licence: research use only" in ran.out
    assert "limit: " in ran.out


def test_models_as_json(emospot):
    cards = json.loads(emospot("models", "--json").out)
    assert cards["bundled"]["features"]["voice"]["extractor"] == "ge2e"

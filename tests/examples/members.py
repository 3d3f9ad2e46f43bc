"""A member of `members_only`, for the tests that go through all examples."""

import json
from urllib.request import Request, urlopen

from examples import members_only


def bearer(url: str) -> dict[str, str]:
    """What its requests to the server at this address say."""
    members_only.PASSWORDS["ann"] = "tea"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    with urlopen(Request(f"{url}/token", b"name=ann&password=tea", form)) as answer:
        return {"Authorization": f"Bearer {json.load(answer)['token']}"}

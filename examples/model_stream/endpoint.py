"""The words of a large model, from any endpoint that speaks OpenAI's protocol."""

import json
import os
from collections.abc import AsyncGenerator

from httpx2 import AsyncClient, ConnectError, ConnectTimeout, HTTPError, Response, Timeout

from .answer import ModelError

TIMEOUT = Timeout(10, read=60)  # seconds: to connect; between two words, before which a model may think
INSTRUCTIONS = "Answer in Markdown."
BROKEN = "The model's answer broke off."
REASONS = {
    401: "The model refuses this server's key.",
    403: "The model refuses this server's key.",
    "length": "The model's answer is at its limit and ends here.",
}


async def words(prompt: str) -> AsyncGenerator[str]:
    messages = [{"role": "system", "content": INSTRUCTIONS}, {"role": "user", "content": prompt}]
    body = {"model": os.environ.get("OPENAI_MODEL", "gpt-4o-mini"), "messages": messages, "stream": True}
    key = os.environ.get("OPENAI_API_KEY")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    url = os.environ["OPENAI_BASE_URL"].rstrip("/") + "/chat/completions"
    try:
        async with (
            AsyncClient(timeout=TIMEOUT) as client,
            client.sse(url, method="POST", json=body, headers=headers) as source,
        ):
            check(source.response)
            async for event in source:
                if event.data == "[DONE]":
                    return
                text, reason = parts(event.data)
                if text:
                    yield text
                if reason == "stop":
                    return
                if reason:
                    raise ModelError(REASONS.get(reason, BROKEN))
    except (ConnectError, ConnectTimeout):
        raise ModelError("The model cannot be reached.") from None
    except HTTPError:
        raise ModelError(BROKEN) from None
    raise ModelError(BROKEN)


def check(response: Response) -> None:
    """What the endpoint says of an error stays here: it may tell more than readers should know."""
    status, retry_after = response.status_code, response.headers.get("retry-after", "")
    if status == 429:
        raise ModelError(
            f"The model is busy. Ask again {f'in {retry_after} s' if retry_after.isdecimal() else 'later'}."
        )
    if status != 200:
        raise ModelError(REASONS.get(status, f"The model has answered with status {status}."))
    if response.headers.get("content-type", "").partition(";")[0] != "text/event-stream":
        raise ModelError("The model's answer is no event stream.")


def parts(data: str) -> tuple[str, str | None]:
    """The words in one of the model's events, if there are any, and why it ends with it, if it does."""
    try:
        chunk = json.loads(data)
        if "error" in chunk:
            raise ModelError("The model has reported an error.")
        choice = chunk["choices"][0] if chunk["choices"] else {}
        text, reason = choice.get("delta", {}).get("content") or "", choice.get("finish_reason")
    except (ValueError, LookupError, TypeError, AttributeError):
        raise ModelError("The model's answer cannot be understood.") from None
    return str(text).encode(errors="replace").decode(), reason  # JSON can have half a character

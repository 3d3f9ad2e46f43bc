"""`streamside examine URL`: what is right and what is wrong with a stream, a line each, or as JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict

from streamside.examination import Evidence, examine
from streamside.findings import Finding, findings


def run(url: str, headers: Mapping[str, str], seconds: float, *, as_json: bool) -> int:
    """Examine and print; the exit status: 1 if something is wrong, else 0. Raises `UserError`."""
    evidence = examine(url, headers, seconds)
    found = findings(evidence)
    print(_json(evidence, found) if as_json else _text(evidence, found))
    return 1 if any(finding.verdict == "wrong" for finding in found) else 0


def _text(evidence: Evidence, found: list[Finding]) -> str:
    counts = {verdict: sum(finding.verdict == verdict for finding in found) for verdict in ("wrong", "note")}
    asked = len(evidence.asked)
    head = f"{evidence.url}: {evidence.first.recording.ended_at:.1f} s, {asked} request{'s' * (asked > 1)}"
    return "\n".join([head, *map(str, found), f"{counts['wrong']} wrong, {counts['note']} to be weighed"])


def _json(evidence: Evidence, found: list[Finding]) -> str:
    about = {"url": evidence.url, "requests": len(evidence.asked), "findings": [asdict(finding) for finding in found]}
    return json.dumps(about, indent=1, ensure_ascii=False)

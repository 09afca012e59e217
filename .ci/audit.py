"""Are there known weaknesses in what Collie depends on? Asks pip-audit about requirements.txt and says what it found.

Ends with 1 when there is a known weakness, and with 0 when there is none. Where the service that knows of them cannot
be asked, this is said and nothing fails: no answer is neither good news nor bad.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FLAGS = ["--require-hashes", "--disable-pip", "--progress-spinner=off", "--format=json"]


def verdict(code: int, out: str, err: str) -> tuple[int, str]:
    """What to end with and what to say, of pip-audit's exit code and what it wrote."""
    try:
        asked = json.loads(out)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = (err.strip().splitlines() or ["no answer"])[-1]
        if code == 0 or "usage:" in err or "requirements" in last.lower():
            return 1, f"pip-audit could not be run: {last}"
        return 0, f"NOT AUDITED: the service that knows of weaknesses could not be asked ({last[:300]})."
    found = [
        f"{package['name']} {package['version']}: {weakness['id']}, "
        f"mended in {', '.join(weakness['fix_versions']) or 'no version yet'}"
        for package in asked
        for weakness in package.get("vulns", [])
    ]
    skipped = sorted(package["name"] for package in asked if "skip_reason" in package)
    audited = len(asked) - len(skipped)
    if found:
        return 1, "\n".join(["Known weaknesses:", *found])
    if not audited:
        return (
            0,
            f"NOT AUDITED: the service knew none of the {len(skipped)} packages; nothing is known of them.",
        )
    left = f" NOT AUDITED, since the service does not know them: {', '.join(skipped)}." if skipped else ""
    return 0, f"{audited} packages audited, no known weakness.{left}"


def main() -> int:
    command = [sys.executable, "-m", "pip_audit", *FLAGS, "--requirement", str(ROOT / "requirements.txt")]
    try:
        done = subprocess.run(  # noqa: S603  (our own words)
            command, capture_output=True, text=True, check=False, timeout=300
        )
    except subprocess.TimeoutExpired:
        sys.stdout.write("NOT AUDITED: the service that knows of weaknesses did not answer within 5 minutes.\n")
        return 0
    code, said = verdict(done.returncode, done.stdout, done.stderr)
    sys.stdout.write(f"{said}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())

"""`make fuzz`: looks for configs and lock files that are neither read nor refused, guided by coverage.

What is found goes into `tests/security/found.jsonl`, which every run of the tests tries again.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["optiplug", "ruamel", "tomllib", "json"]):
    from .target import FOUND, KINDS, try_config

from security.hostile_configs import by_hand

_LONGEST = 4_096
_EXAMPLES = Path(__file__).parents[2] / "examples"
_TOKENS = """use: sgd learning_rate momentum processors ema skip only re: command train task digits optimizer
partition groups name steps strategy mirrored {} [] [[ ]] %YAML --- ... ? - &a *a !!x << null true .nan 1e999
0x 0o \\\"\\\"\\\" ''' \\\\u \\\\x = # | > @ >= optiplug-sgd cosine decay_steps"""


def main() -> None:
    """Fuzz for a while, or until something is found."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument(
        "--corpus", type=Path, default=Path("fuzz"), help="where what reached new lines is kept"
    )
    options = parser.parse_args()
    options.corpus.mkdir(parents=True, exist_ok=True)
    tokens = options.corpus / "tokens.dict"
    tokens.write_text("".join(f'"{token}"\n' for token in _TOKENS.split()))
    seeds = options.corpus / "seeds"
    seeds.mkdir(exist_ok=True)
    for number, content in enumerate(_seeds()):
        (seeds / f"{number}").write_bytes(content[:_LONGEST])
    found = options.corpus / "reached"
    found.mkdir(exist_ok=True)
    limits = [
        f"-max_total_time={options.seconds}",
        f"-max_len={_LONGEST}",
        "-timeout=10",
        "-rss_limit_mb=2048",
    ]
    places = [f"-dict={tokens}", f"-artifact_prefix={options.corpus}/", str(found), str(seeds)]
    atheris.Setup([sys.argv[0], "-print_final_stats=1", *limits, *places], try_config)
    atheris.Fuzz()


def _seeds() -> list[bytes]:
    examples = [b"yaml\n" + path.read_bytes() for path in sorted(_EXAMPLES.rglob("*.yaml"))]
    hostile = [kind.encode() + b"\n" + content for kind, content in by_hand() if len(content) < _LONGEST]
    found = [json.loads(line).encode("latin-1") for line in FOUND.read_text().splitlines()]
    return [*examples, *hostile, *found, *KINDS]


main()

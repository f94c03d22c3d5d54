"""Counts the cases in meson's testlog.json: those that cmocka and TAP programs report, other programs as one each.

Prints "N passed, N failed, N skipped" and fails where one failed or none ran.
"""

import json
import re
import sys

CASES = {
    "passed": (r"^\[  PASSED  \] (\d+) test\(s\)", r"^ok \d+(?!.*# SKIP)"),
    "failed": (r"^\[  FAILED  \] (\d+) test\(s\)", r"^not ok \d+"),
    "skipped": (r"^\[  SKIPPED \] (\d+) test\(s\)", r"^ok \d+.*# SKIP"),
}


def count(output, cmocka, tap):
    numbers = re.findall(cmocka, output, re.MULTILINE)
    return sum(map(int, numbers)) + len(re.findall(tap, output, re.MULTILINE))


def main(path):
    total = dict.fromkeys(CASES, 0)
    with open(path, encoding="utf-8") as log:
        programs = [json.loads(line) for line in log]
    for program in programs:
        output = (program.get("stdout") or "") + "\n" + (program.get("stderr") or "")
        cases = {name: count(output, *patterns) for name, patterns in CASES.items()}
        verdict = {"OK": "passed", "SKIP": "skipped"}.get(program["result"], "failed")
        if sum(cases.values()) == 0 or (verdict == "failed" and cases["failed"] == 0):
            cases[verdict] += 1
        for name in CASES:
            total[name] += cases[name]
    print(", ".join(f"{number} {name}" for name, number in total.items()))
    return 1 if total["failed"] or not total["passed"] else 0


sys.exit(main(sys.argv[1]))

#!/usr/bin/env python3
"""How often a rollout is rolled back wrongly, and how soon rightly, by simulation through the controller's own decisions.

load/rollout_alarms.cc draws the requests of 1,000 rollouts a case and lets the real Plan decide with a clock that is made up. Each look
is at 150 stable and 50 canary requests with 1 % errors and log-normal latencies (median 20 ms, sigma 0.5); alpha is 0.05, margins and
warm-up are the defaults, and there are 20 looks behind the warm-up. Beside it, on the same requests, the usual ways: more than 5 %
errors in a look, once 100 requests were seen, and Welch's t-test at each look (one-sided, p < 0.05), of errors and of latencies.

rollout_alarms.py [--rollouts 1000] [--check]
Needs slipway_rollout_alarms built.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys

from measure import SLIPWAY, Targets

PROGRAM = pathlib.Path(os.environ.get("SLIPWAY_ROLLOUT_ALARMS", SLIPWAY.parent / "slipway_rollout_alarms"))
FALSE_AT_MOST = 0.05
SLACK_MS = 100

FALSE_ALARMS = {
    "identical": "identical versions", "slightly-more-errors": "1.0 against 1.1 % errors",
    "bursts-of-both": "bursts of 5 that hit both", "bursts-of-each": "bursts of 5 in each on its own",
    "bursts-of-each-second": "bursts of 5 in each, each second request",
    "long-bursts-of-each-second": "bursts of 20 in each, each second request", "bursts-of-each-clusters": "bursts of 5 in each, cluster_size 5",
    "cold-start": "a cold start: 50 requests, 5 ×, 10 %", "unequal-replicas": "5 stable replicas, 2 of the canary"}
# Cases of different looks: the largest median counts.
DETECTIONS = {"errors-weight-10": ("errors 1 % become 5 %, weight 10", 400), "errors-weight-25": ("the same, weight 25", 550),
              "errors-weight-50": ("the same, weight 50", 800), "latency-weight-25": ("latencies + 30 %, weight 25", 1500)}


def measure(rollouts):
    done = subprocess.run([PROGRAM, str(rollouts)], stdout=subprocess.PIPE, text=True, check=True)
    return {line["case"]: line for line in map(json.loads, done.stdout.splitlines())}


def show_false_alarms(cases, targets):
    print(f"  {'share that is ever rolled back':42} {'threshold':>10} {'t, errors':>10} {'t, latency':>10} {'slipway':>8}")
    for name, text in FALSE_ALARMS.items():
        case = cases[name]
        print(f"  {text:42} {case['threshold']:10.1%} {case['errors_test']:10.1%} {case['latency_test']:10.1%} {case['rolled_back']:8.1%}")
    for name, text in FALSE_ALARMS.items():
        share = cases[name]["rolled_back"]
        targets.expect(f"{text}: {share:.1%} rolled back, at most {FALSE_AT_MOST:.0%}", share <= FALSE_AT_MOST)


def show_detection(cases, targets):
    for prefix, (text, most) in DETECTIONS.items():
        looks = [case for name, case in cases.items() if name.startswith(prefix)]
        medians = [case["median"] for case in looks]
        found = min(case["rolled_back"] for case in looks)
        p90 = max(case["p90"] for case in looks)
        targets.expect(f"{text}: weight 0 after {min(medians):.0f} to {max(medians):.0f} canary requests (medians; looks of "
                       f"{', '.join(str(case['look']) for case in looks)}; 90th percentile {p90:.0f}), at most {most}",
                       found > 0.5 and max(medians) <= most)


def show_late(cases):
    """Who was good for long is believed for a while: what that costs, without a bound."""
    for case in (case for name, case in cases.items() if name.startswith("late-errors")):
        print(f"           errors 1 % become 5 % after {case['good_looks']} good looks, weight {case['weight']}: weight 0 after "
              f"{case['median']:.0f} canary requests more (median; 90th percentile {case['p90']:.0f})")


def show_breach(cases, targets):
    def text(case):
        return (f"every request fails after {case['good_checks']} good checks, {case['requests_per_second']:.0f} requests/s: weight 0 after "
                f"{case['median_ms'] / 1000:.2f} s in the median, {case['most_ms'] / 1000:.2f} at most; checks each {case['interval_ms'] / 1000:g} s")
    busy = cases["breach-busy"]
    targets.expect(f"{text(busy)}, and {SLACK_MS} ms", busy["most_ms"] <= busy["interval_ms"] + SLACK_MS)
    for name in ("breach-late", "breach-quiet"):
        print(f"           {text(cases[name])}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rollouts", type=int, default=1000)
    parser.add_argument("--check", action="store_true", help="end with exit code 1 where a target is missed")
    options = parser.parse_args()
    if not PROGRAM.exists():
        sys.exit(f"{PROGRAM} is not built; try 'scripts/build release slipway_rollout_alarms', or SLIPWAY_ROLLOUT_ALARMS=…")
    cases, targets = measure(options.rollouts), Targets()
    show_false_alarms(cases, targets)
    show_detection(cases, targets)
    show_late(cases)
    show_breach(cases, targets)
    targets.finish(options.check)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""draw.py [--check]: draws the pictures of docs/data.md, beside itself, by the formulas that stand there.

Samples come from fixed seeds, so that the same bytes are drawn everywhere. With --check nothing is written, and the
exit code is 1 where a picture differs from what would be drawn.
"""
import bisect
import itertools
import math
import pathlib
import random
import re
import statistics
import sys
from collections import Counter

from canvas import Picture, Plot, bars, percent, short, signed, ten_to, tiny
from formulas import (area_under_curve, at_or_below, chi_square_test, distinct_errors, entropy, grow, leaf_of, limit_of,
                      number_distances, share_noise, sketch_of, smirnov_tail, uncertainty)
from samples import AGES, PAYMENTS, clouds, leaking_features, number_samples, outlying_columns


def missing_values():
    rows, limit = 1000, 0.10
    missing = {"age": 0, "city": 12, "income": 84, "phone": 100, "fax": 400}
    picture = Picture("Missing values: missing / rows, beside the limit",
                      "A bar for each of five columns of 1,000 rows. Only fax, with 40 %, is past the limit of 10 %.", 245)
    verdicts = [(count > 0) + (count / rows > limit) for count in missing.values()]
    words = ["nothing to tell", "missing_values, warning", "high_missing_values, error"]
    bars(picture, [(name, count / rows, words[v], ["was", "now", "bad"][v])
                   for (name, count), v in zip(missing.items(), verdicts)], 0.5, limit, "max_missing_ratio: 0.1")
    return picture


def class_imbalance():
    counts = {"basic": 7204, "plus": 2586, "pro": 141, "trial": 69}
    rows = sum(counts.values())
    picture = Picture("Class imbalance: rows of a class / all rows, on a logarithmic scale",
                      "Of four classes in 10,000 rows one, trial, has fewer than 1 % of the rows.", 220)
    plot = Plot(picture, (110, 62, 270, 125), (0.001, 1), (0, 1), "x")
    for i, (name, count) in enumerate(counts.items()):
        share, y = count / rows, 80 + 30 * i
        kind = "bad" if share < 0.01 else "was"
        picture.text(20, y + 4, name)
        picture.path([(plot.left, y), (plot.x(share), y)], f"{kind}-line")
        picture.circle(plot.x(share), y, 5, kind)
        picture.text(448, y + 4, percent(share, 2), "bold end")
        picture.text(462, y + 4, f"{count:,} rows" + (": class_imbalance, warning" if kind == "bad" else ""),
                     kind if kind == "bad" else "soft")
    plot.axes([0.001, 0.01, 0.1, 1], [], lambda share: f"{100 * share:g} %")
    picture.level(plot.x(0.01), 66, 187, "1 %")
    return picture


def outliers():
    picture = Picture("Outliers: Tukey's outer fences, in interquartile ranges (IQR) from the box",
                      "Above a column with a single value hundreds of interquartile ranges away, which is isolated. "
                      "Below one whose many far values are a heavy tail.", 270)

    def place(distance):
        """Pixels of a number of interquartile ranges from the box, far ones closer together."""
        return 240 + 62 * math.asinh(distance) if distance > 0 else 190 + 62 * math.asinh(distance)

    draw = random.Random(3).random
    for y, (name, values) in zip((98, 184), outlying_columns().items()):
        q1, _, q3 = statistics.quantiles(values, n=4, method="inclusive")
        low, high = 4 * q1 - 3 * q3, 4 * q3 - 3 * q1
        beyond = [value for value in values if not low <= value <= high]
        share, distance = len(beyond) / len(values), max(q1 - min(values), max(values) - q3) / (q3 - q1)
        isolated = share <= 0.001 and distance > 30
        words = f"{len(beyond)} of {len(values):,} values ({percent(share, 2)}) beyond, up to {distance:.0f} IQR away"
        picture.text(20, y - 32, f"{name}: {words}")
        picture.text(700, y - 32, "isolated" if isolated else "a heavy tail", "bold end " + ("bad" if isolated else "good"))
        whiskers = [value for value in values if low <= value <= high]
        left, right = ((min(whiskers) - q1) / (q3 - q1), (max(whiskers) - q3) / (q3 - q1))
        picture.path([(place(left), y), (place(right), y)], "was-line")
        picture.box(190, y - 13, 50, 26, "was")
        away = [(value - (q3 if value > q3 else q1)) / (q3 - q1) for value in beyond]
        picture.dots([(place(distance), y + 18 * draw() - 9) for distance in away], "bad")
        for fence in (-3, 3, 30):
            picture.path([(place(fence), y - 20), (place(fence), y + 20)], "ink-line dash thin")
    for distance, words in ((-3, "Q1 − 3 IQR"), (3, "Q3 + 3 IQR"), (30, "30"), (100, "100"), (300, "300 IQR")):
        picture.text(place(distance), 230, words, "soft small middle")
    picture.text(215, 230, "Q1  Q3", "soft small middle")
    picture.text(20, 256, "Isolated: at most 0.1 % of the values, and one more than 30 IQR away.", "soft")
    return picture


def leakage():
    features, labels = leaking_features()
    rows = len(labels)
    of_y = entropy(Counter(labels).values())
    picture = Picture("Leakage: the share of class “yes” in 16 bins of equal counts, and what the bins tell",
                      "Three features: bins of the first are all alike, those of the second differ, those of the third "
                      "are all yes or all no, which gives the target away.", 275)
    for i, (name, values) in enumerate(features.items()):
        order = sorted(range(rows), key=values.__getitem__)
        bins, positive = [0] * rows, [0] * 16
        for rank, row in enumerate(order):
            bins[row] = 16 * rank // rows
            positive[bins[row]] += labels[row] * 16 / rows
        given, share = uncertainty(bins, labels)
        plot = Plot(picture, (60 + 225 * i, 72, 192, 110), (0, 16), (0, 1))
        plot.axes([], [0, 0.5, 1] if i == 0 else [], lambda value: percent(value, 0))
        kind = "bad" if share >= 0.8 else "was"
        picture.text(plot.left, 58, name, "bold")
        for place, height in enumerate(positive):
            plot.column(12 * place, 0, 1, 10, "track")
            plot.column(12 * place, 0, height, 10, kind)
        mean = sum(labels) / rows
        plot.curve([(0, mean), (16, mean)], "ink-line dash thin")
        picture.text(plot.left, 205, f"H(Y) {of_y:.3f}, H(Y | X) {given:.3f} nats", "soft small")
        picture.text(plot.left, 227, f"U = {percent(share)}", "bold " + kind)
        picture.text(plot.left, 247, "target_leakage, warning" if share >= 0.8 else "below 80 %", "soft small")
    picture.text(60, 267, "Dashed: the share of “yes” in all rows.", "soft small")
    return picture


def identifiers():
    present, limit = 1000, 0.95
    distinct = {"order_id": 1000, "email": 962, "comment": 941, "city": 38, "country": 1}
    picture = Picture("Identifiers and constants: distinct values / present values",
                      "Five columns of 1,000 values. Two are past 95 % and taken for identifiers, one has a single value.",
                      245)

    def verdict(count):
        if count / present > limit:
            return "identifier_column: no feature", "bad"
        return ("constant_column, warning", "now") if count == 1 else ("a feature", "was")

    bars(picture, [(name, count / present, *verdict(count)) for name, count in distinct.items()], 1, limit, "95 %")
    return picture


def repeated_rows():
    rows = [(34, "basic", "Lyon"), (51, "pro", "Oslo"), (27, "pro", "Turin"), (42, "basic", "Kiel"), (51, "pro", "Oslo"),
            (63, "plus", "Lyon"), (38, "basic", "Graz"), (29, "plus", "Oslo"), (45, "pro", "Bern"), (42, "basic", "Kiel"),
            (33, "basic", "Turin"), (45, "pro", "Bern")]
    trained = rows[:8]
    first = {row: i for i, row in reversed(list(enumerate(rows)))}
    repeats = [i for i, row in enumerate(rows) if first[row] < i]
    shared = [row for row in rows[8:] if row in trained]
    picture = Picture("Rows that repeat, and rows of the test part that training has",
                      "A table of twelve rows. Three equal an earlier row; one of them links the test part with training.",
                      345)
    for i, row in enumerate(rows):
        y = 70 + 22 * i
        if i in repeats or i in [first[rows[j]] for j in repeats]:
            picture.box(20, y - 15, 260, 20, "track")
        kind = "" if i not in repeats else "bad" if row in trained and i >= len(trained) else "now"
        for x, value in zip((28, 70, 130, 210), (i + 1, *row)):
            picture.text(x, y, str(value), "soft" if x == 28 else kind)
    for n, i in enumerate(repeats):
        x, top, bottom = 284, 66 + 22 * first[rows[i]], 66 + 22 * i
        crossing = first[rows[i]] < len(trained) <= i
        picture.path([(x, top), (x + 16 + 14 * n, top), (x + 16 + 14 * n, bottom), (x, bottom)],
                     "bad-line" if crossing else "now-line")
    for name, x, top, bottom in (("training", 346, 55, 228), ("test", 346, 231, 317)):
        picture.path([(x, top), (x + 6, top), (x + 6, bottom), (x, bottom)], "soft-line thin")
        picture.text(x + 14, (top + bottom) / 2 + 4, name, "soft")
    for y, kind, count, total, words in (
            (110, "now", len(repeats), len(rows), ("duplicate_rows", "rows that equal an earlier one")),
            (240, "bad", len(shared), len(rows[8:]), ("shared_rows", "test rows that training has"))):
        picture.text(440, y, f"{count} of {total} = {percent(count / total)}", f"bold {kind}")
        picture.text(440, y + 20, words[0])
        picture.text(440, y + 38, words[1], "soft small")
    return picture


def freshness():
    picture = Picture("Freshness: now − newest value, with max_age_days: 7",
                      "Times of rows on four lines: the newest is within the limit, too old, less than a day ahead, and "
                      "more than a day ahead.", 270)
    plot = Plot(picture, (110, 70, 330, 160), (-21, 5), (0, 1))
    picture.box(plot.x(-7), 70, plot.x(1) - plot.x(-7), 160, "good pale")
    draw = random.Random(7).random
    for i, (name, newest) in enumerate((("orders", -3.2), ("prices", -12.4), ("visits", 0.6), ("returns", 2.8))):
        y = 92 + 40 * i
        times = [newest - 9 * draw() for _ in range(40)] + [newest]
        age = -max(times)
        kind, verdict = (("bad", "stale_data, error") if age > 7 else ("now", "future_timestamps, warning") if age < -1
                         else ("was", "fresh"))
        picture.text(20, y + 4, name)
        picture.path([(plot.left, y), (plot.left + plot.width, y)], "grid-line thin")
        picture.dots([(plot.x(time), y) for time in times if time > -21], kind)
        picture.circle(plot.x(-age), y, 6, kind)
        picture.text(456, y - 4, f"{abs(age):.1f} days {'old' if age > 0 else 'ahead'}", "bold")
        picture.text(456, y + 13, verdict, "soft" if kind == "was" else kind)
    plot.axes([-21, -14, -7, 0], [], lambda days: f"{signed(days)} days" if days else "now")
    picture.level(plot.x(-7), 66, 230, "oldest")
    picture.level(plot.x(1), 66, 230, "a day ahead")
    picture.path([(plot.x(0), 70), (plot.x(0), 230)], "soft-line thin")
    return picture


def drift_of_numbers():
    before, after = number_samples()
    largest, place, effect, noise = number_distances(before, after)
    limit = limit_of(0.1, noise)
    p = smirnov_tail(len(before), len(after), largest)
    picture = Picture("Drift of numbers: both distribution functions, 500 and 400 rows",
                      "The upright line is the Kolmogorov-Smirnov distance, the shaded area between the two curves the "
                      "Wasserstein distance.", 330)
    plot = Plot(picture, (64, 54, 380, 236), (-3, 3.5), (0, 1))
    plot.axes([-3, -2, -1, 0, 1, 2, 3], [0, 0.25, 0.5, 0.75, 1], signed)
    steps = [-3 + 6.5 * i / 190 for i in range(191)]
    f, g = ([(x, at_or_below(sample, x)) for x in steps] for sample in (before, after))
    plot.area(f + g[::-1], "bad pale")
    plot.curve(f, "was-line")
    plot.curve(g, "now-line")
    ends = at_or_below(after, place), at_or_below(before, place)
    plot.curve([(place, end) for end in ends], "ink-line")
    picture.text(plot.x(place) - 8, plot.y(ends[1]) - 6, "D", "bold end")
    picture.text(plot.x(-1.15), plot.y(0.42), "reference F", "was end")
    picture.text(plot.x(1.35), plot.y(0.62), "current G", "now")
    picture.facts(470, 76, 46, [
        (f"D = {largest:.3f}", "sup │F − G│", "ink"), (f"p = {tiny(p)}", "Kolmogorov-Smirnov, exact", "ink"),
        (f"W₁ / s = {effect:.3f}", "shaded: ∫ │F − G│ dx / s", "bad"),
        (f"limit {limit:.3f}", f"√(0.1² + (1.5 · {noise:.3f})²)", "ink"),
        ("drifted" if p <= 0.05 and effect >= limit else "no drift", "p ≤ 0.05 and W₁ / s ≥ limit", "bad")])
    picture.text(plot.left + 190, 324, "value", "soft small middle")
    return picture


def drift_of_categories():
    before, after = zip(*PAYMENTS.values())
    n, m = sum(before), sum(after)
    moved = sum(abs(a / n - b / m) for a, b in zip(before, after)) / 2
    noise = share_noise([(a + b) / (n + m) for a, b in zip(before, after)], n, m)
    limit = limit_of(0.03, noise)
    statistic, p = chi_square_test(before, after)
    picture = Picture("Drift of categories: shares of 2,000 and of 1,000 rows",
                      "A pair of bars for each of five payments. Wallet gains what card, invoice, transfer and cash "
                      "lose: the total variation.", 300)
    plot = Plot(picture, (64, 60, 380, 195), (0, 5), (0, 0.5))
    plot.axes([], [0, 0.1, 0.2, 0.3, 0.4, 0.5], lambda share: percent(share, 0))
    for i, (name, (a, b)) in enumerate(PAYMENTS.items()):
        was, now, left = a / n, b / m, 76 * i
        plot.column(left + 10, 0, was, 26, "was")
        plot.column(left + 38, 0, now, 26, "now")
        if now > was:
            plot.column(left + 38, was, now, 26, "bad")
        else:
            plot.picture.add("rect", "bad-line dash thin", x=short(plot.left + left + 38.5), y=short(plot.y(was)), width=25,
                             height=short(plot.y(now) - plot.y(was)))
        picture.text(plot.left + left + 37, 273, name, "small middle")
    picture.text(plot.left + 374, 76, "reference", "was end")
    picture.text(plot.left + 374, 94, "current", "now end")
    picture.facts(470, 80, 50, [
        (f"½ Σ │p − q│ = {percent(moved)}", "of rows moved: red came, dashed left", "bad"),
        (f"limit {limit:.3f}", f"√(0.03² + (1.5 · {noise:.3f})²)", "ink"),
        (f"χ² = {statistic:.1f}, p = {tiny(p)}", "of both rows of counts", "ink"),
        ("drifted" if p <= 0.05 and moved >= limit else "no drift", "p ≤ 0.05 and share ≥ limit", "bad")])
    return picture


def limit_by_rows():
    # ∫ √(F(1 − F)) dx of the normal distribution, over its deviation.
    cdf = statistics.NormalDist().cdf
    spread = sum(math.sqrt(cdf(x / 100) * cdf(-x / 100)) for x in range(-800, 801)) / 100

    def number_limit(rows):
        return limit_of(0.1, math.sqrt(2 / math.pi * 2 / rows) * spread)

    def category_limit(rows, k):
        return limit_of(0.03, share_noise([1 / k] * k, rows, rows))

    picture = Picture("The limit of the effect, by rows in each table: √(least² + (1.5 noise)²)",
                      "Limits fall with the number of rows towards their least effect. Below three thousand rows a "
                      "fixed 0.1 lies under what chance alone does to a hundred categories.", 330)
    plot = Plot(picture, (64, 56, 380, 232), (100, 1e6), (0, 0.6), "x")
    plot.axes([100, 1e3, 1e4, 1e5, 1e6], [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6], lambda rows: f"{rows:,.0f}", lambda y: f"{y:g}")
    rows = [10 ** (2 + i / 20) for i in range(81)]
    lines = [("numbers, normal: least 0.1", "was", number_limit),
             ("10 categories: least 0.03", "good", lambda n: category_limit(n, 10)),
             ("100 categories: least 0.03", "now", lambda n: category_limit(n, 100))]
    for _, kind, limit in lines:
        plot.curve([(n, min(limit(n), 0.6)) for n in rows if limit(n) <= 0.62], f"{kind}-line")
    plot.curve([(100, 0.1), (1e6, 0.1)], "ink-line dash thin")
    chance = share_noise([0.01] * 100, 1000, 1000)
    plot.curve([(n, share_noise([0.01] * 100, n, n)) for n in rows], "now-line thin dash")
    picture.circle(plot.x(1000), plot.y(chance), 5, "now")
    picture.path([(plot.x(1000) + 5, plot.y(chance) - 5), (plot.x(3000), plot.y(0.36))], "soft-line thin")
    picture.text(plot.x(3000) + 5, plot.y(0.37), "1,000 rows, 100 categories:", "small")
    picture.text(plot.x(3000) + 5, plot.y(0.37) + 16, f"chance alone moves {percent(chance, 0)}", "small")
    picture.facts(470, 84, 50, [(words, f"{limit(1000):.3f} at 1,000, {limit(1e5):.3f} at 100,000", kind)
                                for words, kind, limit in lines[::-1]])
    for i, words in enumerate(("Dashed, orange: chance alone.", "Dashed, black: a fixed 0.1.")):
        picture.text(470, 238 + 18 * i, words, "soft small")
    picture.text(plot.left + 190, 324, "rows in each table", "soft small middle")
    return picture


def share_measures():
    before, after = zip(*AGES.values())
    shares = [(a / sum(before), b / sum(after)) for a, b in zip(before, after)]
    measures = [("Jensen-Shannon", "√ Σ ½ (p ln p/m + q ln q/m)", True,
                 [(p * math.log(2 * p / (p + q)) + q * math.log(2 * q / (p + q))) / 2 for p, q in shares]),
                ("Hellinger", "√ Σ ½ (√p − √q)²", True,
                 [(math.sqrt(p) - math.sqrt(q)) ** 2 / 2 for p, q in shares]),
                ("PSI", "Σ (p − q) ln p/q", False, [(p - q) * math.log(p / q) for p, q in shares])]
    picture = Picture("Other measures: what each bin adds to them",
                      "Above two histograms of six age groups. Below three rows of bars: each group's part of the "
                      "Jensen-Shannon distance, of Hellinger's and of the stability index.", 390)
    plot = Plot(picture, (64, 54, 360, 110), (0, 6), (0, 0.35))
    plot.axes([], [0, 0.1, 0.2, 0.3], lambda share: percent(share, 0))
    for i, (name, (p, q)) in enumerate(zip(AGES, shares)):
        plot.column(60 * i + 8, 0, p, 21, "was")
        plot.column(60 * i + 31, 0, q, 21, "now")
        picture.text(plot.left + 60 * i + 30, 181, name, "small middle")
    picture.text(456, 76, "reference p, 1,000 rows", "was")
    picture.text(456, 96, "current q, 1,000 rows", "now")
    picture.text(456, 116, "m = (p + q) / 2", "soft")
    for n, (name, formula, root, parts) in enumerate(measures):
        top = 198 + 62 * n
        small = Plot(picture, (64, top + 12, 360, 34), (0, 6), (0, max(parts)))
        picture.path([(64, small.y(0)), (424, small.y(0))], "soft-line thin")
        for i, part in enumerate(parts):
            small.column(60 * i + 8, 0, part, 44, "good")
            picture.text(94 + 60 * i, small.y(part) - 4, f"{part:.4f}", "soft small middle")
        total = sum(parts)
        figure = f"√{total:.4f} = {math.sqrt(total):.3f}" if root else f"{total:.3f}"
        picture.facts(456, top + 24, 0, [(f"{name} {figure}", formula, "good")])
    return picture


def significance():
    draw = random.Random(3).random
    p_values = sorted([draw() for _ in range(36)] + [2e-6, 9e-5, 7e-4, 0.0031])
    m, alpha = len(p_values), 0.05
    found = max((rank for rank, p in enumerate(p_values, 1) if p <= alpha * rank / m), default=0)
    alone = sum(p <= alpha for p in p_values)
    picture = Picture(f"Significance of {m} tests at once: p-values in ascending order",
                      "On a logarithmic scale p-values rise with their rank. Those up to the last one under the line "
                      "of Benjamini and Hochberg are called; a fixed 0.05 would call some that are chance.", 320)
    plot = Plot(picture, (74, 54, 400, 225), (0, m), (1e-6, 1), "y")
    plot.axes([1, 10, 20, 30, 40], [1e-6, 1e-4, 1e-2, 1], str, lambda p: ten_to(round(math.log10(p))) if p < 1 else "1")
    plot.curve([(0, alpha), (m, alpha)], "ink-line dash thin")
    plot.curve([(i / 4, alpha * i / 4 / m) for i in range(1, 4 * m + 1)], "good-line")
    for rank, p in enumerate(p_values, 1):
        kind = "bad" if rank <= found else "now" if p <= alpha else "soft"
        picture.circle(plot.x(rank), plot.y(p), 3.5, kind)
    picture.text(plot.x(24), plot.y(alpha * 22 / m) + 24, "0.05 · rank / tests", "good")
    adjusted = min(p * m / rank for rank, p in enumerate(p_values, 1) if rank >= found)
    picture.facts(490, 84, 56, [(f"{found} called", "to the last one under the line", "bad"),
                                (f"{alone - found} more at a fixed 0.05", "as chance gives of so many", "now"),
                                (f"q = {adjusted:.3f}", f"of the last called: p · {m} / rank", "ink")])
    picture.text(plot.left + 200, 314, "rank", "soft small middle")
    return picture


def multivariate():
    before, after = clouds()
    rows = [[(*row, new) for row in table] for new, table in ((0, before), (1, after))]
    draw = random.Random(13).random
    forest = [grow(rows[0][::2] + rows[1][::2], 8, draw) for _ in range(100)]
    old, new = ([sum(leaf_of(tree, row) for tree in forest) / 100 for row in table[1::2]] for table in rows)
    n, m = len(old), len(new)
    auc = area_under_curve(old, new)
    error = math.sqrt((n + m + 1) / (12 * n * m))
    least = statistics.NormalDist().cdf(0.1 / math.sqrt(2)) - 0.5
    limit = 0.5 + limit_of(least, error * math.sqrt(2 / math.pi))
    p = math.erfc((auc - 0.5) / error / math.sqrt(2)) / 2
    picture = Picture("All columns together: equal columns, another correlation",
                      "Two clouds of points with the same spread on both axes, one rising and one falling. A forest tells "
                      "them apart: its ROC curve lies far above the diagonal.", 330)
    for i, (name, table, kind) in enumerate((("reference", before, "was"), ("current", after, "now"))):
        plot = Plot(picture, (44 + 222 * i, 72, 190, 190), (-3.5, 3.5), (-3.5, 3.5))
        plot.axes([-2, 0, 2], [-2, 0, 2], signed)
        picture.text(plot.left, 60, name, f"bold {kind}")
        plot.dots([point for point in table[1::2] if max(map(abs, point)) < 3.5], kind)
    roc = Plot(picture, (508, 72, 190, 190), (0, 1), (0, 1))
    roc.axes([0, 0.5, 1], [0, 0.5, 1], lambda share: f"{share:g}")
    picture.text(roc.left, 60, "ROC of the forest", "bold good")
    roc.curve([(0, 0), (1, 1)], "ink-line dash thin")
    ascending = sorted(old, reverse=True)
    cuts = [ascending[int(i * (n - 1) / 60)] for i in range(61)]
    rates = [(sum(s >= cut for s in old) / n, sum(s >= cut for s in new) / m) for cut in cuts]
    roc.curve([(0, 0), *rates, (1, 1)], "good-line")
    apart = [number_distances(*(sorted(row[axis] for row in table) for table in (before, after))) for axis in (0, 1)]
    words = ", ".join(f"{name}: W₁ / s {d[2]:.3f} (limit {limit_of(0.1, d[3]):.3f})" for name, d in zip("xy", apart))
    picture.text(44, 302, f"Alone: {words}", "small")
    alone = sum(d[2] >= limit_of(0.1, d[3]) for d in apart)
    picture.text(44, 320, f"{alone} of 2 columns past its limit", "soft small")
    picture.text(roc.left - 24, 302, f"AUC {auc:.3f}, limit {limit:.3f}", "bold bad")
    picture.text(roc.left - 24, 320, f"p = {tiny(p)}: drifted", "soft small")
    return picture


ORDERS = [(101, 34, "basic", "ada@mail.org", "AB-12", 3, 9), (102, 17, "pro", "bo@mail.org", "QX-07", 1, 4),
          (103, 45, "gold", "cy@mail.org", "AC-31", 2, 2), (104, 29, "pro", "dee.mail.org", "BB-90", 5, 8),
          (104, 51, "basic", "eli@mail.org", "ZK-443", 2, 7), (106, 62, "pro", "fay@mail.org", "KT-58", 8, 6)]


def schema_checks():
    seen = set()
    checks = [("id", "unique", "not_unique", lambda row: row[0] not in seen and not seen.add(row[0])),
              ("age", "18 to 120", "below_minimum", lambda row: row[1] >= 18),
              ("plan", "basic, pro", "unexpected_category", lambda row: row[2] in ("basic", "pro")),
              ("email", "^[^@]+@[^@]+$", "pattern_mismatch", lambda row: bool(re.search("^[^@]+@[^@]+$", row[3]))),
              ("code", "length ≤ 5", "too_long", lambda row: len(row[4]) <= 5),
              ("start", "end >= start", "failed_check", lambda row: row[6] >= row[5]),
              ("end", "", "", lambda row: row[6] >= row[5])]
    places = (24, 86, 154, 232, 362, 448, 500)
    picture = Picture("A schema's checks: the rule under each column, and what breaks it",
                      "A table of six rows. Five of them break a rule; the cell is marked and the issue's kind stands "
                      "beside the row.", 260)
    for x, (name, rule, _, _) in zip(places, checks):
        picture.text(x, 58, name, "bold")
        picture.text(x, 76, rule, "soft small")
    picture.path([(20, 86), (700, 86)], "grid-line thin")
    for i, row in enumerate(ORDERS):
        y, kinds = 108 + 26 * i, []
        for column, (x, value, (_, _, kind, holds)) in enumerate(zip(places, row, checks)):
            failed = not holds(row)
            if failed:
                picture.box(x - 5, y - 15, (*places, 545)[column + 1] - x - 4, 22, "bad pale")
                kinds += [kind] if kind else []
            picture.text(x, y, str(value), "bold bad" if failed else "")
        picture.text(556, y, ", ".join(kinds) or "every rule holds", "bad" if kinds else "soft")
    return picture


def sketches():
    count, k = 200_000, 512
    error = 2.296 / k ** 0.9723
    draw = random.Random(15).random
    values = [draw() for _ in range(count)]
    items, ascending = sketch_of(values, k, draw), sorted(values)
    weights = list(itertools.accumulate(weight for _, weight in items))
    picture = Picture("Sketches: how far off they are, and what they say of it",
                      "Left the error of the rank of every quantile, within the stated band. Right the error of the "
                      "number of distinct values of eight samples, mostly within one standard error.", 330)
    plot = Plot(picture, (64, 84, 270, 190), (0, 1), (-0.012, 0.012))
    plot.column(0, -error, error, 270, "good pale")
    plot.axes([0, 0.25, 0.5, 0.75, 1], [-0.01, -0.005, 0, 0.005, 0.01], lambda rank: percent(rank, 0),
              lambda off: f"{signed(100 * off, '+.1f')} %" if off else "0 %")
    # The values are uniform and close to their own ranks; the true ones are counted all the same.
    ranks = [(at_or_below(ascending, i / 200), bisect.bisect_right(items, (i / 200, math.inf))) for i in range(1, 200)]
    plot.curve([(true, weights[place - 1] / count - true) for true, place in ranks], "was-line thin")
    picture.text(64, 56, f"Quantiles of 200,000 values: KLL, k = {k}", "bold")
    picture.text(64, 74, f"band: 2.296 / k^0.9723 = ± {percent(error, 2)}", "soft small")
    picture.text(199, 310, "rank", "soft small middle")
    spread = 1.04 / math.sqrt(4096)
    right = Plot(picture, (424, 84, 250, 190), (2e3, 2e5), (-0.06, 0.06), "x")
    right.column(0, -spread, spread, 250, "good pale")
    right.axes([2e3, 2e4, 2e5], [-0.06, -0.03, 0, 0.03, 0.06], lambda n: f"{n:,.0f}",
               lambda off: f"{signed(100 * off, '+.0f')} %" if off else "0 %")
    for seed in range(8):
        right.curve(distinct_errors(150 + seed), "was-line thin")
    picture.text(424, 56, "Distinct values: HyperLogLog", "bold")
    picture.text(424, 74, f"4,096 registers: 1.04 / √4096 = ± {percent(spread, 2)}", "soft small")
    picture.text(549, 310, "distinct values", "soft small middle")
    return picture


PICTURES = {"missing-values": missing_values, "class-imbalance": class_imbalance, "outliers": outliers, "leakage": leakage,
            "identifiers": identifiers, "repeated-rows": repeated_rows, "freshness": freshness, "schema": schema_checks,
            "drift-numbers": drift_of_numbers, "drift-categories": drift_of_categories, "limit": limit_by_rows,
            "measures": share_measures, "significance": significance, "multivariate": multivariate, "sketches": sketches}


def main():
    folder, check, different = pathlib.Path(__file__).parent, "--check" in sys.argv[1:], []
    for name, draw in PICTURES.items():
        file, drawn = folder / f"{name}.svg", draw().svg()
        if not check:
            file.write_text(drawn, encoding="utf-8")
        elif not file.exists() or file.read_text(encoding="utf-8") != drawn:
            different.append(file.name)
    for file in different:
        print(f"{file}: not what draw.py draws; try python docs/pictures/draw.py")
    if different:
        sys.exit(1)
    print(f"pictures: {len(PICTURES)} as draw.py draws them")


if __name__ == "__main__":
    main()

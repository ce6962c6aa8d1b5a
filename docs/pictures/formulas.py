"""The formulas of docs/data.md, written as they stand there."""
import bisect
import itertools
import math
import random
import statistics
from collections import Counter


def at_or_below(ascending, value):
    return bisect.bisect_right(ascending, value) / len(ascending)


def entropy(counts):
    total = sum(counts)
    return -sum(count / total * math.log(count / total) for count in counts if count)


def uncertainty(bins, labels):
    """H(Y | X) and Theil's U, less the bias of counting (Miller 1955)."""
    x, y, both = (Counter(items) for items in (bins, labels, zip(bins, labels)))
    bias = (len(both) - len(x) - len(y) + 1) / (2 * len(labels))
    of_y = entropy(y.values())
    information = entropy(x.values()) + of_y - entropy(both.values()) - bias
    share = min(max(information / of_y, 0), 1)
    return of_y * (1 - share), share


def number_distances(before, after):
    """D and where it is, W₁ / s and its noise."""
    n, m, values = len(before), len(after), sorted(before + after)
    largest, place, apart, spread = 0, 0, 0, 0
    for value, following in itertools.pairwise(values):
        f, g, h = (at_or_below(sample, value) for sample in (before, after, values))
        if abs(f - g) > largest:
            largest, place = abs(f - g), value
        apart += abs(f - g) * (following - value)
        spread += math.sqrt(max(h * (1 - h), 0)) * (following - value)
    s = statistics.pstdev(before)
    return largest, place, apart / s, math.sqrt(2 / math.pi * (1 / n + 1 / m)) * spread / s


def smirnov_tail(n, m, distance):
    """P(D ≥ distance) of two samples, exactly: the paths from (0, 0) to (n, m) that leave the band."""
    left = [1.0] * (m + 1)
    for i in range(n + 1):
        for j in range(m + 1):
            if abs(i * m - j * n) >= distance * n * m - 0.5:
                left[j] = 1.0
            elif i + j == 0:
                left[j] = 0.0
            else:
                left[j] = (i * left[j] + (j * left[j - 1] if j else 0)) / (i + j)
    return left[m]


def chi_square_test(before, after):
    """Chi-square and its tail, for an even number of degrees of freedom."""
    n, m, half = sum(before), sum(after), (len(before) - 1) // 2
    statistic = sum((count - both * total / (n + m)) ** 2 / (both * total / (n + m))
                    for p, q in zip(before, after) for both in [p + q] for count, total in ((p, n), (q, m)))
    return statistic, math.exp(-statistic / 2) * sum((statistic / 2) ** i / math.factorial(i) for i in range(half))


def share_noise(shares, n, m):
    return sum(math.sqrt(2 / math.pi * p * (1 - p) * (1 / n + 1 / m)) for p in shares) / 2


def limit_of(least, noise):
    return math.hypot(least, 1.5 * noise)


def grow(rows, depth, draw):
    """A random tree: rows are (x, y, is new), a leaf is its share of new ones."""
    share = sum(row[2] for row in rows) / len(rows)
    if depth == 0 or len(rows) < 10 or share in (0, 1):
        return share
    axis = int(2 * draw())
    cut = rows[int(len(rows) * draw())][axis]
    sides = [row for row in rows if row[axis] <= cut], [row for row in rows if row[axis] > cut]
    return (axis, cut, *(grow(side, depth - 1, draw) for side in sides)) if all(sides) else share


def leaf_of(tree, row):
    while isinstance(tree, tuple):
        tree = tree[2] if row[tree[0]] <= tree[1] else tree[3]
    return tree


def area_under_curve(negative, positive):
    """Mann and Whitney's statistic over the number of pairs."""
    negative = sorted(negative)
    below = sum(bisect.bisect_left(negative, s) + bisect.bisect_right(negative, s) for s in positive)
    return below / 2 / len(negative) / len(positive)


def sketch_of(values, k, draw):
    """A KLL sketch, as (value, weight): a level that is full hands every other value to the next, at twice the weight."""
    levels = [[]]
    for value in values:
        levels[0].append(value)
        for i in range(len(levels)):
            if len(levels[i]) < max(2, k * (2 / 3) ** (len(levels) - 1 - i)):
                break
            if i + 1 == len(levels):
                levels.append([])
            full = sorted(levels[i])
            rest = [full.pop()] if len(full) % 2 else []
            levels[i + 1] += full[int(2 * draw())::2]
            levels[i] = rest
    return sorted((value, 2 ** i) for i, level in enumerate(levels) for value in level)


def distinct_estimate(registers):
    """Of HyperLogLog, after Ertl (2017)."""
    m, counts = len(registers), Counter(registers)
    z, x, factor, sigma = 0.0, counts[0] / m, 1.0, counts[0] / m
    for rank in range(52, 0, -1):
        z = (z + counts[rank]) / 2
    for _ in range(60):
        x *= x
        sigma += x * factor
        factor *= 2
    return m * m / (2 * math.log(2) * (z + m * sigma))


def distinct_errors(seed):
    """(count, relative error of the estimate) as distinct values come, each with 64 random bits for its hash."""
    bits, registers, errors = random.Random(seed).getrandbits, [0] * 4096, []
    checks = {round(2e3 * 10 ** (i / 12)) for i in range(25)}
    for count in range(1, 200_001):
        place, rest = divmod(bits(64), 1 << 52)
        registers[place] = max(registers[place], 53 - rest.bit_length())
        if count in checks:
            errors.append((count, distinct_estimate(registers) / count - 1))
    return errors

"""What the pictures show: samples from fixed seeds, the same on every machine."""
import math
import random
import statistics

PAYMENTS = {"card": (880, 380), "transfer": (420, 195), "invoice": (400, 170), "wallet": (200, 210), "cash": (100, 45)}
AGES = {"18–24": (120, 60), "25–34": (260, 150), "35–44": (310, 240), "45–54": (190, 260), "55–64": (90, 190),
        "65+": (30, 100)}


def normal(seed, count, mean=0.0, deviation=1.0):
    draw = random.Random(seed).random
    return [statistics.NormalDist(mean, deviation).inv_cdf(draw()) for _ in range(count)]


def correlated(seed, count, correlation):
    x, y = normal(seed, count), normal(seed + 1, count)
    return [(a, correlation * a + math.sqrt(1 - correlation ** 2) * b) for a, b in zip(x, y)]


def number_samples():
    return sorted(normal(81, 500)), sorted(normal(82, 400, 0.4))


def clouds():
    return correlated(131, 600, 0.75), correlated(133, 600, -0.75)


def outlying_columns():
    """One value in another unit, and a heavy tail."""
    z = normal(3, 2000)
    mistaken = [50 + 10 * value for value in z]
    mistaken[1000] *= 100
    return {"One value in another unit": mistaken, "Incomes": [math.exp(value) for value in z]}


def leaking_features():
    """Three features that tell nothing, something and everything of the labels, and these."""
    latent, noise = normal(41, 2000), normal(42, 2000)
    features = {"minute": noise, "income": [a + b for a, b in zip(latent, noise)],
                "refund": [a + 0.02 * b for a, b in zip(latent, noise)]}
    return features, [value > 0.5 for value in latent]

"""Seeded dice of our own: a seed means the same history on every Python version."""

from hashlib import blake2b


class Dice:
    def __init__(self, seed):
        self.seed, self.throws = seed, 0

    def below(self, n):
        self.throws += 1
        return int.from_bytes(blake2b(f"{self.seed}/{self.throws}".encode(), digest_size=8).digest(), "big") % n

    def between(self, low, high):
        return low + self.below(high - low + 1)

    def chance(self, percent):
        return self.below(100) < percent

    def pick(self, items):
        return items[self.below(len(items))]

    def weighted(self, weights):
        """One key of {key: weight}."""
        throw = self.below(sum(weights.values()))
        for key, weight in weights.items():
            throw -= weight
            if throw < 0:
                return key
        raise AssertionError(weights)

    def some(self, items, most):
        rest = list(items)
        return [rest.pop(self.below(len(rest))) for _ in range(min(self.between(1, most), len(rest)))]

"""Student's t distribution ("Student", Biometrika 1908), for any degrees of freedom above 0."""

import math


def t_probability(t: float, freedom: float) -> float:
    """P(T <= t): by the incomplete beta function, P(|T| > |t|) = I_x(ν/2, 1/2), x = ν/(ν + t²)."""
    if t * t < 1:  # near 0 by the complement: there x rounds to 1
        inside = _incomplete_beta(t * t / (freedom + t * t), 0.5, freedom / 2)
        return 0.5 + math.copysign(inside / 2, t)
    outside = _incomplete_beta(freedom / (freedom + t * t), freedom / 2, 0.5)
    return 1 - outside / 2 if t > 0 else outside / 2


def t_quantile(probability: float, freedom: float) -> float:
    """The t with P(T <= t) = ``probability``, which lies between 0 and 1 (both excluded).

    By bisection, so to about twelve digits, as the distribution only ever rises.
    """
    if probability < 0.5:
        return -t_quantile(1 - probability, freedom)
    low, high = 0.0, 1.0
    while t_probability(high, freedom) < probability:
        low, high = high, 2 * high
    for _ in range(60):  # halves the interval to the last digit of a float
        middle = (low + high) / 2
        if t_probability(middle, freedom) < probability:
            low = middle
        else:
            high = middle
    return high


def _incomplete_beta(x: float, a: float, b: float) -> float:
    """The regularised I_x(a, b), by its continued fraction (DLMF 8.17.22) where that is quick."""
    if x in (0.0, 1.0):
        return x
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(1 - x, b, a)
    log_factor = (
        a * math.log(x) + b * math.log1p(-x) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    )
    # Evaluated from the front by Lentz's method, with Thompson and Barnett's care for zeros.
    tiny = 1e-300
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1) or tiny)
    fraction = d
    for m in range(1, 1000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for coefficient in (even, odd):
            d = 1 / (1 + coefficient * d or tiny)
            c = 1 + coefficient / c or tiny
            fraction *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return math.exp(log_factor) * fraction / a

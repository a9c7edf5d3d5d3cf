"""exp, log, tanh and their kin, written so that a loop over an array becomes packed vector instructions.

Branch-free scalar arithmetic on floats alone: ranges are reduced by powers of two, then a polynomial. One source serves
float32 and float64; `like` and `polynomial` pick the constants by the type of x. NaN gives NaN, infinities the limit.
Largest errors found, in ulp, for float32 and float64 on a processor with FMA:

    exp 0.9 0.9    expm1 1.6 1.6    log 0.9 1.0    tanh 1.3 1.3    sigmoid 2.3 2.4    softplus 1.7 1.8    erf 1.3 1.3

EXPM1, ATANH, TANH, ERF and ERF_TAIL are minimax polynomials, found by the Remez exchange (Chebyshev nodes to start,
then the extrema of the error until they differ by less than 0.5 %) in mpmath at 50 digits, then rounded.
Beside each: the function fitted, the interval, how its error is weighted, and the error left after rounding.

Kernels compile these with contraction only (see bits_numba.py): reassociation would undo the range reduction.
"""

from __future__ import annotations

from dllab.core.bits import copysign, frexp2, like, nearest, polynomial, power2, scale2

INF = float("inf")
NAN = float("nan")

LOG2_E = 1.4426950408889634
# ln 2 in two parts, the high one short enough that n * LN2_HIGH is exact for every exponent n.
LN2_HIGH = (0.693359375, 0.6931471805592082)
LN2_LOW = (-0.00021219444, 7.371002565167799e-13)

# Beyond these exp is 0 or inf, expm1 is -1 or inf, tanh and erf are 1.
EXP_LOWEST = (-104.0, -746.0)
EXP_HIGHEST = (89.0, 710.0)
EXPM1_LOWEST = (-18.0, -38.0)
TANH_HIGHEST = (10.0, 20.0)
ERF_HIGHEST = (4.0, 6.0)

# (expm1(r) - r) / r**2 on |r| <= 0.3475 (a little over ln(2)/2), error relative to expm1(r): 1.7e-8, 7.3e-19.
EXPM1 = (
    (0.49999997, 0.16666542, 0.041667204, 0.008366692, 0.0013882491),
    (
        0.5,
        0.16666666666666677,
        0.041666666666666505,
        0.00833333333332145,
        0.001388888888896383,
        0.00019841269886660033,
        2.4801587170638993e-05,
        2.7557243601095557e-06,
        2.7557403434705613e-07,
        2.5109271937644982e-08,
        2.0875339185486854e-09,
    ),
)

# (log((1+s)/(1-s)) - 2s) / (s*z) with z = s**2 on z <= 1/9, error relative to 2s: 4.8e-9, 3.6e-18.
ATANH = (
    (0.6666641, 0.400217, 0.2799914, 0.28024465),
    (
        0.6666666666666631,
        0.40000000000157265,
        0.28571428547851657,
        0.2222222396985766,
        0.18181743920817062,
        0.15386560003855304,
        0.13300972606995087,
        0.12106093408368562,
        0.08340072589552447,
        0.17018625009915916,
    ),
)

# (tanh(x)/x - 1) / z with z = x**2 on |x| <= TANH_SPLIT, error relative to tanh(x)/x: 8.5e-9, 1.0e-17.
TANH_SPLIT = 0.625
TANH = (
    (-0.3333328, 0.13331442, -0.05373972, 0.020639097, -0.0057049957),
    (
        -0.33333333333332854,
        0.13333333333262112,
        -0.05396825393127608,
        0.02186948757626286,
        -0.008863221004667724,
        0.0035919891895567634,
        -0.0014549589571468853,
        0.0005863167975700992,
        -0.00022856473091361306,
        7.714495960313649e-05,
        -1.6072861091170957e-05,
    ),
)

# erf(x)/x - 1 as a polynomial in x**2 on |x| <= 0.875, error relative to erf(x): 2.5e-8, 2.9e-17.
ERF_SPLIT = 0.875
ERF = (
    (0.12837915, -0.3761255, 0.11282455, -0.026791463, 0.0050321803, -0.000620325),
    (
        0.1283791670955126,
        -0.37612638903183737,
        0.11283791670954303,
        -0.026866170644932578,
        0.005223977622955899,
        -0.0008548326839435339,
        0.00012055324325869016,
        -1.4925381485986862e-05,
        1.6456518544928328e-06,
        -1.62883805514113e-07,
        1.4118059367389758e-08,
        -8.65511995702338e-10,
    ),
)

# -log(erfc(x)) from ERF_SPLIT to ERF_HIGHEST, error times erfc(x)/erf(x): 1.2e-8, 1.7e-17.
ERF_TAIL = (
    (0.00013361713, 1.1279359, 0.6367376, 0.10432717, -0.022420045, 0.0030922464, -0.00020099133),
    (
        5.1021847290190655e-08,
        1.1283786215319804,
        0.6366224382195491,
        0.10276478766914862,
        -0.019113395802558046,
        -0.00022834761424954795,
        0.0017101482492023288,
        -0.0005893671155045081,
        8.77433694483606e-06,
        9.03406877965511e-05,
        -5.387054672812081e-05,
        1.962403870085585e-05,
        -5.192378506550678e-06,
        1.0382510807952992e-06,
        -1.5673579439205772e-07,
        1.7400984050466994e-08,
        -1.343720942959749e-09,
        6.452671122531795e-11,
        -1.4511793055191064e-12,
    ),
)


def clamp(x: float, low: float, high: float) -> float:
    """x, but at least low and at most high. NaN stays NaN."""
    x = high if x > high else x
    return low if x < low else x


def exp(x: float) -> float:
    """e**x. Overflows to inf, underflows gradually to 0."""
    power, n = _reduced_expm1(clamp(x, like(x, EXP_LOWEST), like(x, EXP_HIGHEST)))
    return scale2(like(x, 1.0) + power, n)


def expm1(x: float) -> float:
    """e**x - 1, to full relative precision near 0."""
    power, n = _reduced_expm1(clamp(x, like(x, EXPM1_LOWEST), like(x, EXP_HIGHEST)))
    # 2**n * e**r - 1 = 2**n * (e**r - 1) + (2**n - 1), halved because 2**n itself may be too large.
    one = like(x, 1.0)
    scale = power2(n - one)
    return scale2(scale * power + (scale - like(x, 0.5)), one)


def _reduced_expm1(x: float) -> tuple[float, float]:
    """(e**r - 1, n) with x = n*ln(2) + r and |r| <= ln(2)/2."""
    n = nearest(x * like(x, LOG2_E))
    high = x - n * like(x, LN2_HIGH)  # exact, so the rounding of r matters only in the small terms
    low = n * like(x, LN2_LOW)
    r = high - low
    return high + (r * r * polynomial(r, EXPM1) - low), n


def log(x: float) -> float:
    """Natural logarithm: -inf at 0, NaN below.

    x = 2**n * (1 + f); with s = f/(2 + f), log(1 + f) = log((1 + s)/(1 - s)) = 2s + s*series, and 2s = f - s*f.
    """
    m, n = frexp2(x)
    f = m - like(x, 1.0)
    s = f / (like(x, 2.0) + f)
    z = s * s
    y = n * like(x, LN2_HIGH) + (f - (s * (f - z * polynomial(z, ATANH)) - n * like(x, LN2_LOW)))
    outside = like(x, -INF) if x == like(x, 0.0) else like(x, NAN)
    y = y if x > like(x, 0.0) else outside
    return y if x < like(x, INF) else x


def tanh(x: float) -> float:
    """Hyperbolic tangent: x times a polynomial in x**2 near 0, 1 - 2/(e**(2|x|) + 1) beyond, and the sign of x."""
    a = abs(x)
    a = like(x, TANH_HIGHEST) if a > like(x, TANH_HIGHEST) else a
    z = a * a
    near = a + a * z * polynomial(z, TANH)
    far = like(x, 1.0) - like(x, 2.0) / (exp(a + a) + like(x, 1.0))
    return copysign(near if a < like(x, TANH_SPLIT) else far, x)


def sigmoid(x: float) -> float:
    """1/(1 + e**-x), to full relative precision on both sides: the power is always the one below 1."""
    power = exp(-abs(x))
    one = like(x, 1.0)
    return (power if x < like(x, 0.0) else one) / (one + power)


def softplus(x: float) -> float:
    """log(1 + e**x) = max(x, 0) + log(1 + e**-|x|). The second term uses the series of `log`, without splitting."""
    power = exp(-abs(x))
    s = power / (like(x, 2.0) + power)
    z = s * s
    positive = like(x, 0.0) if x < like(x, 0.0) else x
    return positive + (power - s * (power - z * polynomial(z, ATANH)))


def erf(x: float) -> float:
    """Error function: x times a polynomial in x**2 near 0, 1 - e**-polynomial(|x|) beyond, and the sign of x."""
    a = abs(x)
    a = like(x, ERF_HIGHEST) if a > like(x, ERF_HIGHEST) else a
    near = a + a * polynomial(a * a, ERF)
    far = like(x, 1.0) - exp(-polynomial(a, ERF_TAIL))
    return copysign(near if a < like(x, ERF_SPLIT) else far, x)


FUNCTIONS = (clamp, exp, expm1, log, tanh, sigmoid, softplus, erf, _reduced_expm1)

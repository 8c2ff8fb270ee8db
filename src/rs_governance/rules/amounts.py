"""Areas as people read them: one form in reasons, reports, cards, pictures and on phones."""

M2_PER_MU = 2000 / 3
"""Square metres of a mu."""


def in_m2(area_m2: float) -> str:
    """Return an area in m2: thousands apart, one decimal where it is not whole.

    Examples
    --------
    >>> in_m2(2459.26), in_m2(200.0)
    ('2,459.3', '200')
    """
    return f"{area_m2:,.1f}".removesuffix(".0")


def in_mu(area_m2: float) -> str:
    """Return an area in mu: thousands apart, two decimals.

    Examples
    --------
    >>> in_mu(2459.26), in_mu(1e6)
    ('3.69', '1,500.00')
    """
    return f"{area_m2 / M2_PER_MU:,.2f}"

"""The powers of a sign-in, computed by GMP."""

from hypothesis import given
from hypothesis import strategies as st

from tenantry.local.gaps.cognito.srp_arithmetic import power

_MODULUS = 2**3072 - 1942289  # the size of Cognito's own


@given(
    base=st.integers(-(2**3072), 2**3072),
    exponent=st.integers(0, 2**1024),
    modulus=st.sampled_from([_MODULUS, 2, 3, 2**61 - 1]),
)
def test_powers_are_pythons(base: int, exponent: int, modulus: int) -> None:
    found = power(base, exponent, modulus)

    assert found == pow(base, exponent, modulus)
    assert type(found) is int

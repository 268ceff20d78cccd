"""Minor units of currencies, and exact rounding to them (ISO 4217)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

_BY_EXPONENT: Mapping[int, str] = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY
    COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS
    INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR
    MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP
    STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
EXPONENTS: Mapping[str, int] = {code: e for e, codes in _BY_EXPONENT.items() for code in codes.split()}
"""Decimal places of the smallest unit that can be paid, by currency code."""


def exponent(currency: str) -> int:
    """Decimal places of a currency's minor unit. Raises `ValueError` for a code that is no currency to pay in."""
    places = EXPONENTS.get(currency)
    if places is None:
        message = f"{currency!r} is no ISO 4217 currency with a minor unit"
        raise ValueError(message)
    return places


def rounded(amount: Fraction, currency: str) -> Decimal:
    """An exact amount in major units, half-even at the currency's minor unit. Raises `ValueError` like `exponent`."""
    places = exponent(currency)
    return Decimal(round(amount * 10**places)).scaleb(-places)

"""The settings that counted over a period, which may have changed in it: a spell for each time they stayed the same.

Of a closed month those count that were frozen with it, of any other month those of today.
"""

from collections.abc import Iterable

import msgspec

from streams.records.closings import Account, Basis, basis_of, closing_of


class Spell(msgspec.Struct, frozen=True):
    """Months after each other by the same settings, days apart."""

    from_month: str
    to_month: str
    basis: Basis
    """Closing days, public holidays and hours of single dates of these months alone."""

    @property
    def days(self) -> list[str]:
        """On which it was closed, in their order."""
        return sorted({*self.basis.rules.closing_days, *self.basis.rules.public_holidays})


def spells_of(months: Iterable[str], account: Account, today: Basis) -> list[Spell]:
    """The spells of these months, which come in their order; those of `today` are of months that are not closed."""
    spells: list[Spell] = []
    for month in months:
        closing = closing_of(account, month)
        basis = closing.basis if closing is not None else basis_of(month, today.rules, today.norms)
        if spells and _without_days(spells[-1].basis) == _without_days(basis):
            spells[-1] = Spell(spells[-1].from_month, month, _with_days_of(spells[-1].basis, basis))
        else:
            spells.append(Spell(month, month, basis))
    return spells


def _without_days(basis: Basis) -> Basis:
    clusters = tuple(msgspec.structs.replace(each, dated_hours=()) for each in basis.rules.clusters)
    rules = msgspec.structs.replace(
        basis.rules, closing_days=(), public_holidays=(), dated_hours=(), clusters=clusters
    )
    return msgspec.structs.replace(basis, rules=rules)


def _with_days_of(basis: Basis, other: Basis) -> Basis:
    rules = msgspec.structs.replace(
        basis.rules,
        closing_days=(*basis.rules.closing_days, *other.rules.closing_days),
        public_holidays=(*basis.rules.public_holidays, *other.rules.public_holidays),
        dated_hours=(*basis.rules.dated_hours, *other.rules.dated_hours),
        clusters=tuple(
            msgspec.structs.replace(mine, dated_hours=(*mine.dated_hours, *theirs.dated_hours))
            for mine, theirs in zip(basis.rules.clusters, other.rules.clusters, strict=True)
        ),
    )
    return msgspec.structs.replace(basis, rules=rules)

"""One frozen pydantic model per table; a column that is not here is refused, an empty cell is None where None is allowed.

Units: parameters in billions, compute in FLOP, money as the column's name says. Dates are ISO 8601 (YYYY-MM-DD).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Confidence = Literal[
    "verified", "partly verified", "computed", "single source", "secondary", "low", "general knowledge", "not verified"
]
VERIFIED: frozenset[str] = frozenset({"verified", "partly verified", "computed"})
"""What `--verified-only` keeps: read in a primary source or in two that do not copy each other, or computed from such."""
Label = Literal["insight", "industry update", "market impact", "strategy", "context"]
EventKind = Literal["departure", "strategy", "license", "funding", "listing", "release", "withdrawal"]
LicenseClass = Literal["open", "metered", "research-only", "unknown"]
Region = Literal["USA", "China", "Europe", "Korea", "Middle East", "Canada", "International"]
Funding = Literal["bigtech", "startup", "public", "nonprofit", "network", "coalition"]
Access = Literal["open", "closed", "unknown"]


def _iso(value: Any) -> Any:
    if isinstance(value, str):
        parsed = date.fromisoformat(value)
        if parsed.isoformat() != value:  # fromisoformat also takes 20240131 and 2024-W05-3
            raise ValueError("expected YYYY-MM-DD")
        return parsed
    return value


def _none(value: Any) -> Any:
    return None if value == "" else value


Day = Annotated[date, BeforeValidator(_iso)]
Number = Annotated[float | None, Field(gt=0, allow_inf_nan=False), BeforeValidator(_none)]
Count = Annotated[int | None, Field(gt=0), BeforeValidator(_none)]
Decimal1 = Annotated[float | None, Field(allow_inf_nan=False), BeforeValidator(_none)]
TierName = Literal["near-frontier", "mid", "small", "unrated"]
SMALL_PARAMS_B = 40.0
"""A model of at most so many billion parameters in total is small."""
Text = Annotated[str, Field(min_length=1)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Real = Annotated[float, Field(allow_inf_nan=False)]


class Row(BaseModel):
    """A row of a table."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=False)


class Sourced(Row):
    """A row that says where it comes from and how sure it is."""

    confidence: Confidence
    source: Text
    """An id of the sources table, or the document itself."""

    @property
    def verified(self) -> bool:
        return self.confidence in VERIFIED


class Release(Sourced):
    """One release of open weights (or one that was announced: `weights` says so)."""

    id: Slug
    lab: Slug
    model: Text
    date: Day
    total_params_b: Number
    active_params_b: Number
    license: Text
    """As the release calls it; the licenses table classifies it."""
    weights: Literal["open", "not verified"]
    data: Literal["none", "partial", "full"]
    code: Literal["none", "partial", "full"]
    context_tokens: Count
    family: Text
    score: str
    """Name in the scores table; empty when nobody scored it."""
    compute_flop: Number
    note: str


class Lab(Sourced):
    """An organization that releases models, open or closed."""

    id: Slug
    name: Text
    country: Text
    region: Region
    funding: Funding
    aliases: str
    """Other names in data sets, separated by semicolons."""
    hub_orgs: str
    note: str

    @property
    def known_as(self) -> tuple[str, ...]:
        """Every name this lab goes by."""
        return (self.name, *(name.strip() for name in self.aliases.split(";") if name.strip()))

    @property
    def orgs(self) -> tuple[str, ...]:
        """Its organizations on the hub."""
        return tuple(name.strip() for name in self.hub_orgs.split(";") if name.strip())


class License(Sourced):
    """What a license lets a company do."""

    license: Text
    class_: Annotated[LicenseClass, Field(alias="class")]
    meter: str
    """The threshold of a metered license, in words."""
    limits: Literal["", "none", "use", "attribution"]
    note: str


class Event(Sourced):
    """Something that happened on a date."""

    id: Slug
    date: Day
    precision: Literal["day", "month", "quarter", "half", "year"]
    """How much of the date is known; the rest is its first day."""
    lab: Slug
    kind: EventKind
    label: Label
    what: Text
    usd_m: Number
    """Million USD of a round, a loan, a grant or a compute contract."""
    found: Literal["systematic", "after the fact"]
    """From a list collected without regard to the argument, or because it fits it. Frequencies need the first."""


class Parameter(Sourced):
    """A number of the economics, with its range."""

    id: Slug
    value: Real
    low: Real
    high: Real
    unit: Text
    as_of: Text
    note: str


class Consortium(Sourced):
    """An alliance of the past or present that paid for something jointly."""

    id: Slug
    name: Text
    start: Annotated[int, Field(ge=1900, le=2100)]
    state: Literal["running", "ended", "nothing shipped"]
    status: Text
    members: str
    budget: str
    cost_rule: str
    member_benefit: str
    outcome: str
    note: str


class Score(Row):
    """A model's ECI with its 90% interval, all of one vintage: the index is refitted at each update."""

    name: Text
    organization: Text
    date: Day
    access: Access
    eci: Real
    low: Annotated[float | None, Field(allow_inf_nan=False), BeforeValidator(_none)]
    high: Annotated[float | None, Field(allow_inf_nan=False), BeforeValidator(_none)]
    source: Text


class Compute(Row):
    """A training run's compute as estimated."""

    model: Text
    organization: Text
    date: Day
    flop: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    cost_usd_2023: Number
    access: Access
    confidence: Literal["confident", "likely", "speculative", "unknown"]
    source: Text

    @property
    def verified(self) -> bool:
        return self.confidence in ("confident", "likely")


class Benchmark(Row):
    """One raw result, as a share of the best possible."""

    model: Text
    benchmark: Text
    performance: Annotated[float, Field(allow_inf_nan=False, le=1)]
    date: Day
    source: Text


class Computed(Row):
    """What follows for one release: points and months with one decimal. Written for people; nothing is computed from it."""

    id: Slug
    eci: Decimal1
    low: Decimal1
    high: Decimal1
    months_behind: Decimal1
    gap: Decimal1
    tier_6: TierName
    tier_9: TierName
    tier_12: TierName
    license_class: LicenseClass


class Source(Row):
    """Where rows come from, under which terms, and how fresh."""

    id: Slug
    title: Text
    publisher: str
    url: str
    license: Text
    vintage: Day
    note: str

"""Each program's ladder: the marks that its days with data and its minutes run up to, and the codes that each pays.

Which codes stand on a ladder is said here, how much each needs by the rule sets. A ladder is what all clinical staff
can climb: codes that only the physician's own time earns (99491, 99424, 99091), that ask for complex care (99487) or
for no days and minutes at all (advanced primary care) stand on none.
"""

from dataclasses import dataclass

from app.domain.billing.rules import CodeRule, RuleBook
from app.domain.enrolment.programs import Program

_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Supply:
    """Device supply by one kind of data: its short and its long code."""

    data: str
    short: str
    long: str


@dataclass(frozen=True, slots=True)
class Step:
    """One mark of minutes, and the codes that are billed together once it is reached."""

    seconds: int
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ladder:
    """A program's codes of days, by kind of data, and of minutes: the short one, the first block, a further block."""

    program: Program
    supplies: tuple[Supply, ...] = ()
    short: str | None = None
    base: str | None = None
    further: str | None = None

    def rule(self, rules: RuleBook) -> CodeRule | None:
        """Return the rule by whose people and ways of contact the minutes count; None where no minutes do."""
        return rules.codes[self.base] if self.base else None

    def day_marks(self, rules: RuleBook) -> tuple[int, ...]:
        """Return how many days with data the short and the long code need; none where days pay nothing."""
        if not self.supplies:
            return ()
        return tuple(rules.codes[code].min_days for code in (self.supplies[0].short, self.supplies[0].long))

    def steps(self, rules: RuleBook) -> tuple[Step, ...]:
        """Return the marks of minutes in order, up to one further block."""
        if self.base is None:
            return ()
        full = rules.codes[self.base].min_seconds
        steps = [Step(rules.codes[self.short].min_seconds, (self.short,))] if self.short else []
        steps.append(Step(full, (self.base,)))
        if self.further:
            steps.append(Step(full + rules.codes[self.further].step_seconds, (self.base, self.further)))
        return tuple(steps)

    def minute_marks(self, rules: RuleBook) -> tuple[int, ...]:
        """Return the marks of minutes."""
        return tuple(step.seconds // _MINUTE for step in self.steps(rules))


_KINDS = (
    Supply("respiratory", "98984", "98976"),
    Supply("musculoskeletal", "98985", "98977"),
    Supply("behavioural", "98986", "98978"),
)
LADDERS: dict[Program, Ladder] = {
    Program.RPM: Ladder(Program.RPM, (Supply("physiologic", "99445", "99454"),), "99470", "99457", "99458"),
    Program.RTM: Ladder(Program.RTM, _KINDS, "98979", "98980", "98981"),
    Program.CCM: Ladder(Program.CCM, base="99490", further="99439"),
    Program.PCM: Ladder(Program.PCM, base="99426", further="99427"),
    Program.APCM: Ladder(Program.APCM),
}

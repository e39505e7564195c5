"""How an act can fail to happen. Each carries what people need to go on; none leaves anything half done."""

from collections.abc import Iterable

from portal.terms.violations import Violation


class NotFound(Exception):
    """There is no such thing for this person (another subscriber's thing included)."""


class Refused(Exception):
    """The terms forbid the act; every reason, each with its clause."""

    def __init__(self, violations: Iterable[Violation]) -> None:
        self.violations = tuple(violations)
        super().__init__("、".join(violation.clause for violation in self.violations))


class Conflict(Exception):
    """The thing has moved on since the page was shown; the message (Japanese) says what is now true and what to do."""


class Forbidden(Exception):
    """The person may not do this, for a reason beyond the role the route asks for (職務分掌); Japanese message."""

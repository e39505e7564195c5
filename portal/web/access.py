"""Who may enter: named on every route, checked before its handler runs."""

from dataclasses import dataclass

from portal.records.members import MEMBER_ROLES, STAFF_ROLES, Person, Realm

ROLE_LABELS = {
    "admin": "管理者",
    "signatory": "署名権限者",
    "operator": "作業担当者",
    "viewer": "閲覧者",
    "clerk": "審査担当",
    "approver": "決裁者",
    "billing": "請求担当",
    "auditor": "監査",
}


@dataclass(frozen=True)
class Who:
    """The roles of each realm that may enter; any one is enough. A realm without roles is not told of the page."""

    subscriber: tuple[str, ...] = ()
    staff: tuple[str, ...] = ()

    def of(self, realm: Realm) -> tuple[str, ...]:
        return self.subscriber if realm == "subscriber" else self.staff

    def admits(self, person: Person) -> bool:
        return person.may(*self.of(person.realm))

    def labels(self, realm: Realm) -> tuple[str, ...]:
        return tuple(ROLE_LABELS[role] for role in self.of(realm))


SIGNED_IN = Who(subscriber=MEMBER_ROLES, staff=STAFF_ROLES)
MEMBER = Who(subscriber=MEMBER_ROLES)
PREPARES = Who(subscriber=("operator", "signatory"))
BINDS = Who(subscriber=("signatory",))
STAFF = Who(staff=STAFF_ROLES)
CLERK = Who(staff=("clerk",))
APPROVER = Who(staff=("approver",))
BILLING = Who(staff=("billing",))
# Two different people act; both may hold any of these roles (the one who shows is never the one who prepared).
PRICES = Who(staff=("billing", "clerk", "approver"))
CLOSES = Who(staff=("billing", "approver"))

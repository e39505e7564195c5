"""Forms: parsed once, input kept, every error beside its field and in the summary."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID, uuid4

from starlette.datastructures import FormData

Choices = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class FieldError:
    """One message; `field_id` is where the summary's link leads."""

    field_id: str
    label: str
    message: str


class Form:
    """What was typed and what is wrong with it. Values are kept exactly as typed, also when they do not hold."""

    def __init__(
        self,
        values: Mapping[str, str] | None = None,
        *,
        many: Mapping[str, tuple[str, ...]] | None = None,
        labels: Mapping[str, str] | None = None,
        submission_key: UUID | None = None,
    ) -> None:
        self._values = dict(values or {})
        self._many = dict(many or {})
        self._labels = dict(labels or {})
        self._errors: list[FieldError] = []
        self._first: dict[str, str] = {}
        self.submission_key = str(submission_key or uuid4())

    @classmethod
    def posted(cls, data: FormData, *, labels: Mapping[str, str], submission_key: UUID | None) -> "Form":
        """The form as it was sent; files are not part of it."""
        many: dict[str, list[str]] = {}
        for name, value in data.multi_items():
            if isinstance(value, str):
                many.setdefault(name, []).append(value)
        return cls(
            {name: values[-1] for name, values in many.items()},
            many={name: tuple(values) for name, values in many.items()},
            labels=labels,
            submission_key=submission_key,
        )

    def value(self, name: str) -> str:
        return self._values.get(name, "")

    def values(self, name: str) -> tuple[str, ...]:
        """Every value of a name that may come several times (check boxes)."""
        return self._many.get(name, ())

    def text(self, name: str) -> str:
        """The value without space at its ends (full-width space included); otherwise as typed."""
        return self.value(name).strip()

    def code(self, name: str) -> str:
        """The value as a number, date or id is read: NFKC, without space at its ends. Never for names."""
        return unicodedata.normalize("NFKC", self.value(name)).strip()

    def refuse(self, name: str, message: str) -> None:
        """Put a message beside a field (the first one stays) and into the summary."""
        if name not in self._first:
            self.refuse_all([FieldError(name, self._labels.get(name, name), message)])

    def need(self, *names: str) -> None:
        """Refuse each of these fields that was left empty."""
        for name in names:
            if not self.text(name):
                self.refuse(name, f"{self._labels.get(name, name)}を入力してください。")

    def choose(self, name: str, choices: Choices) -> str:
        """The chosen value; refuses what is not among the choices."""
        value = self.value(name)
        if value not in {choice for choice, _ in choices}:
            self.refuse(name, f"{self._labels.get(name, name)}を選んでください。")
        return value

    def error(self, name: str) -> str | None:
        """The message beside a field: the first of its own."""
        return self._first.get(name)

    @property
    def errors(self) -> tuple[FieldError, ...]:
        return tuple(self._errors)

    def refuse_all(self, errors: Iterable[FieldError]) -> None:
        """Put messages made elsewhere into the summary, all of them; beside a field stands its first."""
        for error in errors:
            self._errors.append(error)
            self._first.setdefault(error.field_id, error.message)

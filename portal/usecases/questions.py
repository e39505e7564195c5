"""What each kind of application asks besides its lines: typed, kept as typed, and read when it is to hold."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from portal.terms.periods import japanese
from portal.usecases.line_files import read_wanted_day
from portal.usecases.readings import ReadingError, fold, strip

PURPOSES = (("resale", "再販する"), ("own_use", "自社で利用する"))
NOTE_LENGTH = 1_000
EMAIL_LENGTH = 254
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One question. `read` gives the answer as 確認 shows it, on a day, or raises ReadingError."""

    name: str
    label: str
    form: str
    """radios, text, date or textarea."""
    read: Callable[[str, date], str]
    required: bool = True
    help: str | None = None
    choices: tuple[tuple[str, str], ...] = ()


def _purpose(text: str, _: date) -> str:
    label = dict(PURPOSES).get(text)
    if label is None:
        raise ReadingError("choice", "「再販する」か「自社で利用する」を選んでください。")
    return label


def _email(text: str, _: date) -> str:
    address = fold(text)
    if len(address) > EMAIL_LENGTH:
        raise ReadingError("too_long", f"長すぎます（{len(address):,}文字）。{EMAIL_LENGTH}文字以内にしてください。")
    if _EMAIL.fullmatch(address) is None:
        raise ReadingError("choice", "メールアドレスを name@example.co.jp の形で入力してください。")
    return address


def wanted_day(text: str) -> date | None:
    """開通希望日 of the application, by which lines go that name none of their own; None when empty or unreadable."""
    try:
        return read_wanted_day(text).on if strip(text) else None
    except ReadingError:
        return None


def _wanted(text: str, today: date) -> str:
    day = read_wanted_day(text).on
    if day < today:
        raise ReadingError("date_invalid", "過ぎた日です。今日以後の日を入力してください。")
    return japanese(day)


def _note(text: str, _: date) -> str:
    if len(text) > NOTE_LENGTH:
        raise ReadingError("too_long", f"長すぎます（{len(text):,}文字）。{NOTE_LENGTH:,}文字以内にしてください。")
    return text


NEW_CONTRACT = (
    Question(name="purpose", label="利用の目的", form="radios", read=_purpose, choices=PURPOSES),
    Question(
        name="contact_email",
        label="担当部署の連絡先メールアドレス",
        form="text",
        read=_email,
        help="この申込についての連絡先です。部署で受け取れるアドレスを入力してください。",
    ),
    Question(
        name="wanted_on",
        label="開通希望日",
        form="date",
        read=_wanted,
        required=False,
        help="行に開通希望日のない回線に適用します。例：2026/11/1、20261101、令和8年11月1日",
    ),
    Question(name="note", label="備考", form="textarea", read=_note, required=False),
)


def unanswered(questions: tuple[Question, ...], answers: Mapping[str, str], *, on: date) -> dict[str, str]:
    """What keeps the answers from holding, by the name of the question."""
    found = {}
    for question in questions:
        text = strip(answers.get(question.name, ""))
        try:
            if text:
                question.read(text, on)
            elif question.required:
                found[question.name] = f"{question.label}を{'選んで' if question.choices else '入力して'}ください。"
        except ReadingError as failure:
            found[question.name] = failure.message
    return found


def shown(question: Question, answers: Mapping[str, str], *, on: date) -> str:
    """An answer as pages show it: as it was read, or as typed while it does not hold."""
    text = strip(answers.get(question.name, ""))
    try:
        return question.read(text, on) if text else "なし"
    except ReadingError:
        return text

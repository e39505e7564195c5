"""What an application asks besides its lines: an answer that is too long is told so, with the limit."""

from datetime import date

import pytest

from portal.usecases.questions import NEW_CONTRACT, unanswered
from tests.makers_applications import ANSWERS


@pytest.mark.parametrize(
    ("name", "longest", "longer", "said"),
    [
        ("note", "あ" * 1000, "あ" * 1001, "長すぎます（1,001文字）。1,000文字以内にしてください。"),
        (
            "contact_email",
            f"{'a' * 248}@a.jp",
            f"{'a' * 250}@a.jp",
            "長すぎます（255文字）。254文字以内にしてください。",
        ),
    ],
)
def test_an_answer_of_the_limit_and_one_beyond(name: str, longest: str, longer: str, said: str) -> None:
    on = date(2026, 10, 15)
    assert unanswered(NEW_CONTRACT, {**ANSWERS, name: longest}, on=on) == {}
    assert unanswered(NEW_CONTRACT, {**ANSWERS, name: longer}, on=on) == {name: said}

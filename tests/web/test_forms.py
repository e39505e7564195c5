"""Forms: what was typed is kept as it was typed; every error is beside its field and in the summary."""

from io import BytesIO
from uuid import UUID

import pytest
from starlette.datastructures import FormData, UploadFile

from portal.web.forms import FieldError, Form

KEY = UUID("00000000-0000-4000-8000-000000000001")
LABELS = {"name": "会社名", "code": "コード", "day": "利用開始日"}


def posted(*items: tuple[str, str | UploadFile]) -> Form:
    return Form.posted(FormData(list(items)), labels=LABELS, submission_key=KEY)


def test_values_are_kept_exactly_as_typed() -> None:
    form = posted(("name", "\u3000例示\u3000太郎 "), ("code", " ＡＢ－１２ "))
    assert form.value("name") == "\u3000例示\u3000太郎 "
    assert form.value("code") == " ＡＢ－１２ "
    assert form.value("absent") == ""


def test_text_loses_the_space_at_its_ends_and_nothing_inside() -> None:
    form = posted(("name", " \u3000例示\u3000太郎\u3000 \r\n"))
    assert form.text("name") == "例示\u3000太郎"


@pytest.mark.parametrize(
    ("typed", "read"), [("２０２６／１０／１５", "2026/10/15"), ("\u3000ＣＡＦ１ ", "CAF1"), ("ﾊﾟ", "パ"), ("①", "1")]
)
def test_codes_are_read_in_half_width(typed: str, read: str) -> None:
    assert posted(("code", typed)).code("code") == read


def test_names_are_never_folded() -> None:
    assert posted(("name", "髙﨑①㈱")).text("name") == "髙﨑①㈱"


def test_of_a_name_that_comes_several_times_all_are_there_in_order() -> None:
    form = posted(("choice", "b"), ("other", "x"), ("choice", "a"), ("choice", "b"))
    assert form.values("choice") == ("b", "a", "b")
    assert form.value("choice") == "b"
    assert form.values("absent") == ()


def test_files_are_no_part_of_it() -> None:
    form = posted(("file", UploadFile(BytesIO(b"x"), filename="x.csv")), ("name", "例示"))
    assert form.value("file") == ""
    assert form.values("file") == ()
    assert form.value("name") == "例示"


def test_needed_fields_that_are_empty_are_refused_by_their_label() -> None:
    form = posted(("name", "\u3000 "), ("code", "x"))
    form.need("name", "code", "day")
    assert form.errors == (
        FieldError("name", "会社名", "会社名を入力してください。"),
        FieldError("day", "利用開始日", "利用開始日を入力してください。"),
    )
    assert form.error("code") is None


def test_the_first_message_of_a_field_stays() -> None:
    form = posted(("day", "x"))
    form.refuse("day", "日付として読めません。")
    form.refuse("day", "本日以後の日にしてください。")
    assert form.error("day") == "日付として読めません。"
    assert [error.message for error in form.errors] == ["日付として読めません。"]


def test_messages_made_elsewhere_all_stand_in_the_summary() -> None:
    form = posted(("day", "x"))
    form.refuse_all([FieldError("day", "利用開始日", "一つ目"), FieldError("day", "利用開始日", "二つ目")])
    form.refuse("day", "三つ目")
    assert form.error("day") == "一つ目"
    assert [error.message for error in form.errors] == ["一つ目", "二つ目"]


@pytest.mark.parametrize(
    ("sent", "message"), [("web", None), ("Web", "同意方法を選んでください。"), ("", "同意方法を選んでください。")]
)
def test_only_what_is_among_the_choices_is_chosen(sent: str, message: str | None) -> None:
    form = Form({"method": sent}, labels={"method": "同意方法"})
    assert form.choose("method", (("web", "ウェブ"), ("paper", "書面"))) == sent
    assert form.error("method") == message


def test_a_field_without_label_is_named_by_its_name() -> None:
    form = Form()
    form.need("unlabelled")
    assert form.errors == (FieldError("unlabelled", "unlabelled", "unlabelledを入力してください。"),)


def test_the_key_comes_back_and_a_new_form_has_a_new_one() -> None:
    assert posted().submission_key == str(KEY)
    assert Form().submission_key != Form().submission_key


def test_many_rows_are_read_in_one_go() -> None:
    form = posted(*[("row", str(number)) for number in range(20_000)])
    assert len(form.values("row")) == 20_000
    assert form.values("row")[-1] == form.value("row") == "19999"

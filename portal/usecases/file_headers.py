"""The first row of an uploaded file: which column is which, and which columns are refused."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic

from portal.usecases.file_findings import Cell, Column, Finding, Kind, Record, Value, failed, legible, typed
from portal.usecases.readings import choice_key, is_undecodable, strip, suggestion

ERROR_COLUMN = "エラー"
"""The column that a file gets when it comes back; taken and passed over when it is uploaded again."""

# What would identify an end user. The portal keeps no such thing, so the column is refused by its name.
_PERSONAL = re.compile(
    r"氏名|姓名|名前|御名|フリガナ|ふりがな|カナ|かな|読み仮名|ローマ字|住所|所在地|番地|郵便|市区町村|町名|丁目|建物|マンション|部屋|号室"
    r"|電話|携帯|でんわ|ファックス|ファクス|連絡先|メール|生年月日|誕生|性別|年齢|国籍|勤務先|職業|口座|カード番号|個人番号|マイナンバー|免許"
    r"|(?:利用者|契約者|顧客|加入者|会員|お客様|申込者|担当者)名|^姓$|^名$|^(?:tel|fax|zip|sex|gender|age|dob)$|mail|phone|address|birth|postal"
    r"|^(?:full|first|last|family|given|user|customer|subscriber)?[_-]?name(?:kana)?$"
)


@dataclass(frozen=True, slots=True)
class Plan(Generic[Record]):
    """Where the columns of a kind stand in one file."""

    kind: Kind[Record]
    places: tuple[tuple[int, Column], ...]
    ignored: frozenset[int]
    width: int
    is_complete: bool
    """Whether every column stands there that a record needs."""
    absent: dict[str, Value]
    plain: re.Pattern[str]
    """Rows, joined by U+001F, that need no careful reading."""
    quick: tuple[tuple[str, Callable[[str], Value], int], ...]


def plan(kind: Kind[Record], cells: Sequence[Cell]) -> tuple[Plan[Record], tuple[Finding, ...]]:
    """The plan of a file by its header, and what is wrong with that header, all of it."""
    names = [strip(typed(cell)) for cell in cells]
    known = {choice_key(column.name): column for column in kind.columns}
    places: dict[str, tuple[int, Column]] = {}
    ignored: set[int] = set()
    findings: list[Finding] = []
    for index, name in enumerate(names):
        key = _key(name)
        column = known.get(key)
        if column is not None and column.name not in places:
            places[column.name] = (index, column)
        elif name:
            ignored.add(index)
            findings.extend(_refused(name, column, kind))
    if not places:  # no header at all, perhaps data: nothing of it is repeated
        findings = []
    missing = _missing(kind, places)
    findings.extend(failed(1, name, "header_missing", "", message) for name, message in missing)
    return _plan(kind, tuple(places.values()), frozenset(ignored), len(names), not missing), tuple(findings)


def _key(name: str) -> str:
    return choice_key(name.replace("\ufeff", ""))


def is_personal(name: str) -> bool:
    """Whether a column of this name would hold personal data of end users."""
    return _PERSONAL.search(_key(name)) is not None or _PERSONAL.search("".join(name.split())) is not None


def is_error_column(name: str) -> bool:
    """Whether it is the column in which an earlier check wrote its findings."""
    return _key(name).startswith(_key(ERROR_COLUMN))


def _refused(name: str, column: Column | None, kind: Kind[Record]) -> list[Finding]:
    value = legible(name)
    if column is not None:
        message = f"「{column.name}」の列が2つ以上あります。1つだけ残してください。"
        return [failed(1, column.name, "header_duplicate", value, message)]
    if is_error_column(name):
        return []
    if is_undecodable(name):
        message = "見出しが文字化けしています。CSV UTF-8形式で保存し直してください。"
        return [failed(1, value, "encoding", value, message)]
    if is_personal(name):
        message = (
            f"利用者の個人情報はお預かりしません。「{value}」の列を、見出しごと削除してください。"
            "このファイルの中身は保存していません。"
        )
        return [failed(1, value, "personal_data", value, message)]
    hint = suggestion(name, [known.name for known in kind.columns])
    message = f"「{value}」という列はありません。{hint}見出しを直すか、列ごと削除してください。"
    return [failed(1, value, "header_unknown", value, message)]


def _missing(kind: Kind[Record], places: dict[str, tuple[int, Column]]) -> list[tuple[str, str]]:
    missing = [
        (column.name, f"「{column.name}」の列がありません。1行目に見出し「{column.name}」を加えてください。")
        for column in kind.columns
        if column.required and column.name not in places
    ]
    if kind.one_of and not any(name in places for name in kind.one_of):
        either = "」か「".join(kind.one_of)
        missing.insert(0, (kind.one_of[0], f"「{either}」の列が必要です。1行目に見出しを加えてください。"))
    return missing


def _plan(
    kind: Kind[Record], places: tuple[tuple[int, Column], ...], ignored: frozenset[int], width: int, is_complete: bool
) -> Plan[Record]:
    patterns = ["[^\x1f]*" if index in ignored else "" for index in range(width)]
    for index, column in places:
        patterns[index] = f"(?:{column.plain})" + ("" if column.required else "?")
    return Plan(
        kind=kind,
        places=places,
        ignored=ignored,
        width=width,
        is_complete=is_complete,
        absent=dict.fromkeys({column.name for column in kind.columns} - {column.name for _, column in places}),
        plain=re.compile("\x1f".join(patterns), re.ASCII),
        quick=tuple((column.name, column.quick, index) for index, column in places),
    )

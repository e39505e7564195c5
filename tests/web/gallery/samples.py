"""Invented values in the shapes that the macros ask for (docs/design.md)."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from types import SimpleNamespace as Thing

NOW = datetime(2026, 10, 15, 5, 3, 22, tzinfo=UTC)
SHORT = {
    "A1-n1": "エリア区分ごとに100Mbps単位",
    "A2": "最低利用期間は1か月",
    "A4-2": "帯域共有では使えないオプション",
    "A5-5": "集合住宅は帯域制限のみ",
    "A5-6-1": "提供条件への同意",
    "A5-6-2": "利用者の明示の同意",
    "A5-6-3": "再販先への義務付け",
    "A6-1-1": "品目の変更",
    "A9": "解約は到達から30日以後",
    "A10": "料金の支払い",
    "B1-1": "初期費用",
    "B2-1-i": "基本料",
    "B2-1-ii": "回線維持費",
    "B2-1-iii": "帯域料",
    "B2-2": "オプション月額",
    "B3-2": "亡失負担金",
}


def clause(clause_id: str) -> Thing:
    return Thing(id=clause_id, short=SHORT[clause_id])


@dataclass(frozen=True)
class Form:
    """A form as the macros read it: what was typed, and what is wrong with it."""

    typed: dict[str, str] = field(default_factory=dict)
    ticked: dict[str, tuple[str, ...]] = field(default_factory=dict)
    wrong: dict[str, tuple[str, str]] = field(default_factory=dict)

    def value(self, name: str) -> str:
        return self.typed.get(name, "")

    def values(self, name: str) -> tuple[str, ...]:
        return self.ticked.get(name, ())

    def error(self, name: str) -> str | None:
        return self.wrong[name][1] if name in self.wrong else None

    @property
    def errors(self) -> tuple[Thing, ...]:
        return tuple(Thing(field_id=name, label=label, message=text) for name, (label, text) in self.wrong.items())


@dataclass(frozen=True)
class Row(Form):
    """One row of the row editor: a form of its own, with a key."""

    key: str = ""


def person(realm: str) -> Thing:
    if realm == "staff":
        return Thing(name="業務 花子", company="卸提供株式会社", role_labels=("審査担当", "承諾者"), realm="staff")
    return Thing(name="例示 太郎", company="例示株式会社", role_labels=("署名権者", "入力担当"), realm="subscriber")


def nav(realm: str, current: str) -> tuple[Thing, ...]:
    items = {
        "staff": (
            ("ホーム", None),
            ("申込の審査", 12),
            ("解約申込書", 1),
            ("契約", None),
            ("契約者", None),
            ("提供条件", None),
            ("料金表", None),
            ("月次の締め", None),
            ("請求書", None),
            ("試算", None),
            ("記録", None),
        ),
        "subscriber": (
            ("ホーム", None),
            ("契約", None),
            ("申込", 2),
            ("解約・停止", None),
            ("回線", None),
            ("提供条件", 1),
            ("請求", None),
        ),
    }[realm]
    return tuple(Thing(label=label, href="#", current=label == current, count=count) for label, count in items)


def site(realm: str | None, current: str = "") -> Thing:
    return Thing(
        product_name="例示ネット 卸ポータル",
        provider_name="卸提供株式会社",
        person=person(realm) if realm else None,
        nav=nav(realm, current) if realm else (),
        now=NOW,
    )


BASE_WHY = Thing(
    source="text",
    clauses=(clause("B2-1-i"), clause("A10")),
    because="10月に契約が1日でも課金中であるため、基本料は日割りせず全額です。",
    inputs=(("品目", "帯域共有"), ("契約回線数（10月の最大）", "3,012回線"), ("料金表", "2026年4月1日から")),
    sum=(("3,001〜5,000回線の基本料", "180,000円"), ("10月の基本料", "180,000円")),
)
OPTION_WHY = Thing(
    source="general_terms",
    clauses=(clause("B2-2"),),
    because="オプションの月額は、利用した日数で日割りし、1台ごとに1円未満を切り捨てます。",
    inputs=(("利用した日", "10月28日〜10月31日（4日）"), ("月の日数", "31日")),
    sum=(("500円 × 4 ÷ 31", "64.5…円"), ("切り捨て", "64円")),
)
NOTICE_WHY = Thing(
    source="reading",
    clauses=(clause("A9"),),
    because="指定日が到達から30日より早いため、到達の日の翌日から数えて30日目が最終利用日です。",
    inputs=(("到達", "2026年10月15日"), ("指定日", "2026年10月31日")),
    sum=(("2026年10月15日 + 30日", "2026年11月14日"), ("遅いほう", "2026年11月14日")),
)

TASKS = (
    Thing(
        label="差し戻された申込を直す",
        href="#",
        detail="LN-261008-0012-K　回線の追加（18回線）：2項目の指摘があります。",
        since=date(2026, 10, 9),
        until=date(2026, 10, 14),
        overdue=True,
        count=None,
    ),
    Thing(
        label="提供条件 第4版に同意する",
        href="#",
        detail="期限を過ぎると、帯域共有の回線を新しく申し込めません。",
        since=date(2026, 10, 1),
        until=date(2026, 10, 31),
        overdue=False,
        count=None,
    ),
    Thing(
        label="同意が不足している回線",
        href="#",
        detail=None,
        since=date(2026, 9, 28),
        until=None,
        overdue=False,
        count=24,
    ),
)

EVENTS = (
    Thing(
        at=NOW,
        title="承諾",
        who="業務 花子（承諾者）",
        detail="課金開始日を2026年11月1日と定めました。",
        clauses=(clause("A10"),),
    ),
    Thing(
        at=datetime(2026, 10, 13, 1, 20, 5, tzinfo=UTC),
        title="再提出",
        who="例示 太郎（署名権者）",
        detail=None,
        clauses=(),
    ),
    Thing(
        at=datetime(2026, 10, 9, 8, 41, 0, tzinfo=UTC),
        title="差戻し",
        who="業務 次郎（審査担当）",
        detail="回線 CAF0000000018：同意方法が「約款のみ」です。明示の同意の記録を付けてください。",
        clauses=(clause("A5-6-2"),),
    ),
    Thing(
        at=datetime(2026, 10, 8, 2, 15, 41, tzinfo=UTC),
        title="提出（到達）",
        who="例示 太郎（署名権者）",
        detail=None,
        clauses=(),
    ),
)

VIOLATIONS = (
    Thing(
        where="回線 CAF0000000018",
        message="住居種別が集合です。帯域共有は戸建の回線だけ申し込めます。",
        clause=clause("A5-5"),
    ),
    Thing(where="回線 CAF0000000021", message="利用者の同意がまだ記録されていません。", clause=clause("A5-6-2")),
    Thing(
        where=None,
        message="再販先「例示通信（P-003）」までの経路に、義務付けの契約日がない区間があります。",
        clause=clause("A5-6-3"),
    ),
)

CHECKS = (
    Thing(
        verdict="ok",
        clause=clause("A5-6-1"),
        label="現行の提供条件に同意している",
        finding="第4版に2026年10月2日に同意",
    ),
    Thing(
        verdict="ng",
        clause=clause("A5-6-2"),
        label="回線ごとに利用者の同意がある",
        finding="18回線のうち1回線で同意がない",
    ),
    Thing(verdict="ok", clause=clause("A5-5"), label="すべて戸建である", finding=None),
    Thing(
        verdict="ask",
        clause=clause("A5-6-3"),
        label="再販先の経路に義務付けの記録がある",
        finding="P-003の契約書は添付のみ。内容を確かめてください",
    ),
)

PREFECTURES = (("", "選んでください"), ("東京都", "東京都"), ("神奈川県", "神奈川県"), ("大阪府", "大阪府"))
DWELLINGS = (("", "選んでください"), ("detached", "戸建"), ("multi_unit", "集合"))
METHODS = (
    ("web", "ウェブ"),
    ("paper", "書面"),
    ("call", "電話録音"),
    ("terminal", "対面端末"),
    ("terms_only", "約款のみ"),
)
OPTIONS = (("dslite_bundle", "DS-Liteバンドル"), ("router_rental", "ルータレンタル"))
LINE_COLUMNS = (
    Thing(name="access_line", label="回線ID", kind="text", required=True, help=None, choices=(), width="full"),
    Thing(name="access_key", label="アクセスキー", kind="text", required=True, help=None, choices=(), width="full"),
    Thing(name="dwelling", label="住居種別", kind="select", required=True, help=None, choices=DWELLINGS, width="full"),
    Thing(
        name="prefecture", label="都道府県", kind="select", required=True, help=None, choices=PREFECTURES, width="full"
    ),
    Thing(name="end_user", label="利用者番号", kind="text", required=True, help=None, choices=(), width="full"),
    Thing(name="consented_on", label="同意日時", kind="text", required=True, help=None, choices=(), width="full"),
)
WIDE_COLUMNS = (
    *LINE_COLUMNS,
    Thing(
        name="method",
        label="同意方法",
        kind="select",
        required=True,
        help=None,
        choices=(("", "選んでください"), *METHODS),
        width="full",
    ),
    Thing(name="reference", label="自社管理番号", kind="text", required=False, help=None, choices=(), width="full"),
    Thing(name="partner", label="再販先コード", kind="text", required=False, help=None, choices=(), width="full"),
    Thing(name="starts_on", label="開通希望日", kind="date", required=False, help=None, choices=(), width="full"),
    Thing(
        name="options", label="オプション", kind="checkboxes", required=False, help=None, choices=OPTIONS, width="full"
    ),
)


def row(number: int, **wrong: str) -> Row:
    return Row(
        key=str(number),
        typed={
            "access_line": f"CAF{number:010d}",
            "access_key": "A1B2C3D4",
            "dwelling": "detached",
            "prefecture": "東京都",
            "end_user": f"U-{number:05d}",
            "consented_on": "2026/10/01 14:20",
            "method": "web",
        },
        ticked={"options": ("dslite_bundle",)},
        wrong={name: (name, message) for name, message in wrong.items()},
    )


LINE_ROWS = (
    row(17),
    row(
        18,
        dwelling="帯域共有では「集合」を選べません（A5-5）",
        consented_on="平成31年5月1日は平成の期間外です。令和元年5月1日ですか",
    ),
    Row(key="new"),
)

QUEUE = tuple(
    Thing(
        id=f"LN-2610{day:02d}-{serial:04d}-{check}",
        kind=kind,
        company=company,
        lines=lines,
        arrived_on=date(2026, 10, day),
        due_on=date(2026, 10, due),
        tone=tone,
        state=state,
        late=late,
    )
    for day, serial, check, kind, company, lines, due, tone, state, late in (
        (1, 3, "K", "新規契約（帯域共有）", "例示株式会社", 18, 14, "attention", "期限超過", True),
        (2, 11, "R", "回線の追加", "見本通信合同会社", 1204, 16, "progress", "審査中", False),
        (5, 2, "M", "品目の変更（帯域共有 → IPoE接続）", "髙﨑見本ネット株式会社", 3012, 19, "waiting", "受付", False),
        (8, 12, "T", "回線の追加", "例示株式会社", 18, 22, "attention", "差戻し中", False),
        (
            9,
            1,
            "W",
            "オプションの追加（IPv4ポート拡張64000）",
            "試作インターネットサービス株式会社",
            2,
            23,
            "good",
            "承諾",
            False,
        ),
        (13, 7, "X", "帯域の変更", "見本集合住宅サービス株式会社", 0, 27, "ended", "取下げ", False),
    )
)

MONTHS = (
    ("2025-11", 2710),
    ("12", 2744),
    ("2026-01", 2802),
    ("02", 2840),
    ("03", 2871),
    ("04", 2905),
    ("05", 2933),
    ("06", 2950),
    ("07", 2971),
    ("08", 2988),
    ("09", 2996),
    ("10", 3012),
)
TRAFFIC = tuple(
    (f"10/{day}", value)
    for day, value in enumerate((212, 240, 265, 231, 228, 254, 301, 288, 276, 262, 240, 310, 296, 244), start=1)
)
LEDGER = (
    ("基本料（帯域共有）", "1", "180,000", 180000, BASE_WHY),
    ("回線維持費", "3,012", "200", 602400, BASE_WHY),
    ("オプション月額（DS-Liteバンドル）", "14", "", 1129, OPTION_WHY),
    ("前月分の訂正（解約の到達による）", "1", "", -12400, NOTICE_WHY),
)

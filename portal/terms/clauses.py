"""条文トレース: every clause of the terms, its own short wording, whom it binds, and the code that enforces it.

The wording is the portal's own; the terms' sentences are only in the document that staff publish. A clause without
anything to enforce or compute on this floor is excused, with the reason.
"""

from collections.abc import Mapping

from portal.terms.clause import Bound, Clause, enforced, excused
from portal.terms.readings import Source

_SUB, _PRO, _BOTH = Bound.SUBSCRIBER, Bound.PROVIDER, Bound.BOTH
_ARTICLES_1_TO_6 = (
    enforced(
        "A1-1", "第1条 IPoE接続", "一般住宅向け、回線数に応じた定額", _BOTH, "EC", by="eligibility.dwelling fees.base"
    ),
    enforced(
        "A1-2",
        "第1条 帯域共有",
        "一般住宅向け、回線数に応じた定額、帯域を共有",
        _BOTH,
        "EC",
        by="eligibility.dwelling fees.base",
    ),
    enforced(
        "A1-3",
        "第1条 帯域制限",
        "集合住宅向け、契約帯域に応じた定額",
        _BOTH,
        "EC",
        by="offerings.formation_violations eligibility.unusual_dwelling fees.bandwidth",
    ),
    enforced(
        "A1-n1", "第1条備考(1)", "エリア区分ごとに100Mbps単位で上限を指定", _SUB, "E", by="offerings.area_violations"
    ),
    enforced("A1-n2", "第1条備考(2)", "契約帯域はエリア区分の上限の合計", _BOTH, "C", by="offerings.contracted_mbps"),
    enforced("A2", "第2条", "最低利用期間は課金開始日から1か月", _SUB, "C", by="periods.minimum_term_last_day"),
    excused(
        "A3-1", "第3条第1項", "使用できるのはIPv6アドレス", _SUB, "R", reason="割当の記録と表示だけで、判定や計算がない"
    ),
    excused(
        "A3-2",
        "第3条第2項",
        "アドレスは割当事業者が割り当てる",
        _SUB,
        "R",
        reason="当社担当者が記録し、契約者に尋ねない",
    ),
    excused(
        "A3-3",
        "第3条第3項",
        "割当以外のアドレスは使わない",
        _SUB,
        "R",
        reason="網の運用で確保され、申込では判定できない",
    ),
    enforced("A4-1", "第4条第1項", "法人またはそれに相当する者に限る", _SUB, "ER", by="eligibility.corporation"),
    enforced(
        "A4-2",
        "第4条第2項",
        "帯域共有ではルータ・ポート拡張・固定IPを使えない",
        _SUB,
        "E",
        by="options.barred_on_offering options.barred_running",
    ),
    excused(
        "A5-1",
        "第5条第1項",
        "再販または自ら利用する",
        _SUB,
        "R",
        reason="目的と届出番号の記録。判定は契約者の登録時に人が行う",
    ),
    excused("A5-2", "第5条第2項", "再販は契約者と第三者の契約による", _SUB, "R", reason="契約者の表明として記録する"),
    excused("A5-3", "第5条第3項", "再販の契約は約款に反しない", _SUB, "R", reason="規約の版ごとの表明として記録する"),
    excused(
        "A5-4",
        "第5条第4項",
        "苦情・問合せは契約者が対応",
        _SUB,
        "R",
        reason="利用者は本サイトを使わない。判定や計算がない",
    ),
    enforced("A5-5", "第5条第5項", "IPoE接続・帯域共有は集合住宅に使えない", _SUB, "E", by="eligibility.dwelling"),
    enforced(
        "A5-6-1",
        "第5条第6項第1号",
        "帯域共有は現行の提供条件に同意する",
        _SUB,
        "RE",
        by="eligibility.policy_agreed eligibility.agreeable",
    ),
    enforced(
        "A5-6-2",
        "第5条第6項第2号",
        "帯域制御に利用者の明確な同意を得る",
        _SUB,
        "RE",
        by="eligibility.consents eligibility.counting_versions",
    ),
    enforced(
        "A5-6-3",
        "第5条第6項第3号",
        "再販先にも同じ義務を負わせる",
        _SUB,
        "RE",
        by="eligibility.flow_down eligibility.partner_gap",
    ),
    enforced(
        "A6-1-1",
        "第6条第1項第1号",
        "品目の変更を申し込める（1日から）",
        _SUB,
        "EW",
        by="changes.offering_timing applications.after",
    ),
    enforced("A6-1-2", "第6条第1項第2号", "回線数の変更を申し込める", _SUB, "WC", by="statements.line_count"),
    enforced(
        "A6-1-3",
        "第6条第1項第3号",
        "契約帯域・ポート種別などの変更を申し込める",
        _SUB,
        "EW",
        by="changes.bandwidth_timing options.change_port_type standing.kind_on",
    ),
)
_ARTICLES_7_TO_15 = (
    enforced("A7-1", "第7条第1項", "オプションは所定の申込書による", _SUB, "E", by="options.line_in_service"),
    enforced("A7-2", "第7条第2項", "オプションの種類。ポート種別は1回線に一つ", _BOTH, "E", by="options.one_port_type"),
    excused(
        "A7-3", "第7条第3項", "ルータの目的外使用・処分をしない", _SUB, "R", reason="承諾の申込を人が判断し、記録する"
    ),
    enforced("A7-4", "第7条第4項", "使わなくなったルータは遅滞なく返す", _SUB, "WC", by="options.return_from"),
    excused(
        "A7-5",
        "第7条第5項",
        "亡失は速やかに通知、代替機を送る",
        _BOTH,
        "W",
        reason="通知を条件なしに受け、手配の作業を作るだけである",
    ),
    enforced("A7-6", "第7条第6項", "亡失負担金は原因を問わず支払う", _SUB, "C", by="fees.loss_charge"),
    enforced("A7-7", "第7条第7項", "見つかった亡失品は再使用せず返金もしない", _BOTH, "RE", by="options.lendable"),
    enforced("A7-8", "第7条第8項", "オプションに最低利用期間はない", _SUB, "C", by="options.stop_last_day"),
    enforced(
        "A7-9",
        "第7条第9項",
        "停止は到達＋30日か指定日の遅い方",
        _SUB,
        "EC",
        by="periods.notice_last_day periods.earliest_last_day options.outlives_line",
    ),
    enforced(
        "A7-x",
        "第7条（定めなし）",
        "契約が終わればオプションも終わる",
        _BOTH,
        "C",
        by="standing.unit_span",
        source=Source.READING,
    ),
    enforced(
        "A8",
        "第8条",
        "transixの終了により廃止（調定金なし）",
        _PRO,
        "WC",
        by="early_termination.is_exempt",
        source=Source.GENERAL_TERMS,
    ),
    enforced(
        "A9",
        "第9条",
        "解約は到達＋30日か指定日の遅い方。撤回できない",
        _SUB,
        "ECR",
        by="periods.notice_last_day periods.earliest_last_day standing.deciding_end standing.line_span "
        "timing.after_end changes.withdraw_notice",
    ),
    enforced(
        "A10",
        "第10条",
        "費用は承諾時・課金開始日・変更の承諾時に発生",
        _SUB,
        "C",
        by="standing.billing_span fees.sheet_on statements.billing_window",
    ),
    enforced(
        "A11", "第11条", "最低利用期間内の終了は調定金を支払う", _SUB, "C", by="early_termination.uncharged_months"
    ),
    excused("A12", "第12条", "可用性などを保証しない", _BOTH, "R", reason="約束も自動減額もしない。判定や計算がない"),
    excused(
        "A13",
        "第13条",
        "transixの障害は免責、機能の制限がある",
        _BOTH,
        "R",
        reason="障害は知らせるだけで、判定や計算がない",
    ),
    excused("A14-1", "第14条前段", "通信量を計測する", _PRO, "R", reason="契約・エリア単位の集計を記録するだけである"),
    excused(
        "A14-2",
        "第14条後段",
        "契約内容の変更を提案できる",
        _PRO,
        "W",
        reason="提案への返答は人が選び、承諾は通常の申込になる",
    ),
    excused("A15", "第15条", "利用状況の報告を求められる", _BOTH, "W", reason="依頼と回答は人が行い、自動の制裁がない"),
    enforced("F-1", "附則", "施行と9回の変更の日", _PRO, "RC", by="revisions.in_force_on"),
    enforced(
        "F-2",
        "附則（令和6年12月1日）第2項",
        "2024年11月30日以前の帯域制限は同一内容で継続",
        _BOTH,
        "E",
        by="revisions.is_grandfathered offerings.undivided_violations",
    ),
)
_ANNEXES = (
    enforced("B1-1", "別紙1 1(1)", "初期構築費用", _SUB, "C", by="fees.initial_fee"),
    enforced("B1-2", "別紙1 1(2)", "オプションの初期費用", _SUB, "C", by="fees.option_initial"),
    enforced("B2-1-i", "別紙1 2(1)(i)", "月額基本料、日割なし", _SUB, "C", by="fees.base statements.monthly_fees"),
    enforced(
        "B2-1-ii", "別紙1 2(1)(ii)", "回線維持費用、日割なし、帯域制限は0円", _SUB, "C", by="fees.line_maintenance"
    ),
    enforced(
        "B2-1-iii",
        "別紙1 2(1)(iii)",
        "帯域費用、日割なし、帯域制限のみ",
        _SUB,
        "C",
        by="fees.bandwidth yen.per_hundred",
    ),
    enforced(
        "B2-2",
        "別紙1 2(2)",
        "オプション月額、実日数の日割",
        _SUB,
        "C",
        by="fees.option_monthly yen.prorated",
        source=Source.GENERAL_TERMS,
    ),
    enforced("B3-1", "別紙1 3(1)", "品目変更手数料、1回ごと", _SUB, "C", by="fees.offering_change_fee"),
    enforced("B3-2", "別紙1 3(2)", "亡失負担金、1機器ごと", _SUB, "C", by="fees.loss_charge", source=Source.READING),
    enforced(
        "B3-3",
        "別紙1 3(3)",
        "解約費用、1機器ごと",
        _SUB,
        "C",
        by="fees.option_stop_fee statements.owes_stop_fee",
        source=Source.READING,
    ),
    enforced("B4", "別紙2", "残余の期間の月額費用（オプションを除く）", _SUB, "C", by="early_termination.charge"),
)
CLAUSES: Mapping[str, Clause] = {clause.id: clause for clause in (*_ARTICLES_1_TO_6, *_ARTICLES_7_TO_15, *_ANNEXES)}


def clause(id_: str) -> Clause:
    """The clause of an id. KeyError for what is none."""
    return CLAUSES[id_]

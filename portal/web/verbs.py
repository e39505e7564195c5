"""What each act of the log is called, for people: one table for every page that shows events."""

from collections.abc import Mapping

VERB_LABELS: Mapping[str, str] = {
    # People
    "subscriber_registered": "契約者を登録しました",
    "connection_registered": "サインインの接続を登録しました",
    "member_invited": "担当者を登録しました",
    "staff_enrolled": "当社担当者を登録しました",
    "signed_in": "サインインしました",
    "signed_out": "サインアウトしました",
    "sign_in_refused": "サインインを断りました",
    # 提供条件
    "policy_prepared": "提供条件を準備しました",
    "policy_revised": "提供条件の下書きを直しました",
    "policy_published": "提供条件を公表しました",
    "policy_agreed": "提供条件に同意しました",
    # 再販先
    "partner_added": "再販先を登録しました",
    "duties_imposed": "再販先に義務を負わせた契約を記録しました",
    # 料金表
    "price_sheet_prepared": "料金表を準備しました",
    "price_sheet_discarded": "提示前の料金表を破棄しました",
    "price_sheet_shown": "料金表を提示しました",
    "price_sheet_acknowledged": "料金表を確認しました",
    # 申込
    "application_drafted": "申込の作成を始めました",
    "application_saved": "下書きを保存しました",
    "application_discarded": "下書きを破棄しました",
    "upload_applied": "ファイルの内容を申込に取り込みました",
    "application_submitted": "申込を受け付けました",
    "application_resubmitted": "補正のうえ再提出されました",
    "application_withdrawn": "取り下げられました",
    "application_taken": "審査を始めました",
    "application_sent_back": "差し戻しました",
    "application_prepared": "審査を終えました",
    "application_accepted": "承諾しました",
    "application_declined": "謝絶しました",
    "application_provisioned": "手配を始めました",
    "application_put_in_service": "開通を記録しました",
    "application_found_infeasible": "開通不可としました",
    # 契約
    "contract_formed": "契約が成立しました",
    "billing_start_set": "課金開始日を設定しました",
    "billing_start_corrected": "課金開始日を訂正しました",
    # 解約
    "notice_given": "契約の解約申込書が届きました",
    "options_stopped": "オプションの解約申込書が届きました",
    "notice_acknowledged": "解約申込書を確認しました",
    "notice_void_prepared": "解約申込書の無効を準備しました",
    "notice_voided": "解約申込書を無効としました",
    # 月締め
    "month_tried": "月締めの試算をしました",
    "exception_settled": "月締めの確認項目を処理しました",
    "month_issued": "請求書を発行しました",
}

# In the log, but too small for the 経過 of a thing.
QUIET = frozenset({"application_saved", "upload_applied"})

OBJECT_LABELS: Mapping[str, str] = {
    "application": "申込",
    "closing": "月締め",
    "connection": "サインインの接続",
    "contract": "契約",
    "invoice": "請求書",
    "member": "担当者",
    "notice": "解約申込書",
    "partner": "再販先",
    "policy": "提供条件",
    "price_sheet": "料金表",
    "session": "サインイン",
    "staff": "当社担当者",
    "subscriber": "契約者",
    "upload": "ファイル",
}

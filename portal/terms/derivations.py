"""Why a date is what it is: the clause, the inputs and the sum, in Japanese, for the page that shows the date."""

from datetime import date

from portal.terms.periods import NOTICE_DAYS, earliest_last_day, is_first_of_month, japanese, minimum_term_last_day


def notice(received_on: date, requested_on: date | None) -> str:
    """A9, A7-9: why a notice takes effect on its day."""
    earliest_on = earliest_last_day(received_on)
    told = f"到達日 {japanese(received_on)} ＋ {NOTICE_DAYS}日（到達日を含めない）= {japanese(earliest_on)}。"
    if requested_on is None:
        return f"{told}指定日がないため、この日に効力が生じます。"
    if requested_on > earliest_on:
        return f"{told}指定日 {japanese(requested_on)} の方が遅いため、指定日に効力が生じます。"
    if requested_on == earliest_on:
        return f"{told}指定日と同じ日に効力が生じます。"
    return f"{told}指定日 {japanese(requested_on)} より遅いため、この日に効力が生じます。"


def last_use_warning(last_on: date) -> str | None:
    """B2-1: a last day on the first of a month costs that whole month; None for other days."""
    if not is_first_of_month(last_on):
        return None
    return (
        f"最終利用日が{japanese(last_on)}のため、この1日で{last_on.month}月分の月額費用が全額かかります（日割なし）。"
    )


def minimum_term(billing_starts_on: date) -> str:
    """A2: why the minimum term ends on its day."""
    last_on = minimum_term_last_day(billing_starts_on)
    return f"課金開始日 {japanese(billing_starts_on)} を初日として1か月 → {japanese(last_on)} まで。"

"""The whole URL table: every route, who may enter, and what handles it."""

from dataclasses import dataclass
from typing import Literal

from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from portal.settings import ROOT
from portal.web import (
    application_confirm,
    application_lines,
    application_receipt,
    applications,
    clauses,
    contracts,
    drafts,
    home,
    notices,
    partners,
    policies,
    prices,
    sign_in,
    statements,
    uploads,
)
from portal.web.access import (
    APPROVER,
    BINDS,
    CLERK,
    CLOSES,
    MEMBER,
    PREPARES,
    PRICES,
    SIGNED_IN,
    STAFF,
    Who,
)
from portal.web.desk import applications as desk_applications
from portal.web.desk import closings as desk_closings
from portal.web.desk import contracts as desk_contracts
from portal.web.desk import decisions as desk_decisions
from portal.web.desk import events as desk_events
from portal.web.desk import home as desk_home
from portal.web.desk import invoices as desk_invoices
from portal.web.desk import mailbox as desk_mailbox
from portal.web.desk import notices as desk_notices
from portal.web.desk import openings as desk_openings
from portal.web.desk import policies as desk_policies
from portal.web.desk import prices as desk_prices
from portal.web.desk import returns as desk_returns
from portal.web.transaction import Handler, OpenHandler, endpoint


@dataclass(frozen=True)
class Entry:
    """One method on one address, and who may enter (None: anybody, signed in or not)."""

    method: Literal["GET", "POST"]
    path: str
    who: Who | None
    answer: OpenHandler

    @property
    def route(self) -> Route:
        return Route(self.path, self.answer, methods=[self.method])


def get(path: str, who: Who, handler: Handler) -> Entry:
    return Entry("GET", path, who, endpoint(handler, who))


def post(path: str, who: Who, handler: Handler) -> Entry:
    return Entry("POST", path, who, endpoint(handler, who))


def open_to_all(method: Literal["GET", "POST"], path: str, handler: OpenHandler) -> Entry:
    return Entry(method, path, None, handler)


ENTRIES: tuple[Entry, ...] = (
    open_to_all("GET", "/sign-in", sign_in.choose),
    open_to_all("GET", "/sign-in/callback", sign_in.finish),
    open_to_all("GET", "/sign-in/{slug}", sign_in.start),
    open_to_all("POST", "/sign-out", sign_in.sign_out),
    open_to_all("GET", "/signed-out", sign_in.signed_out),
    get("/", SIGNED_IN, home.show),
    get("/applications", MEMBER, applications.index),
    get("/applications/new", PREPARES, applications.new),
    post("/applications/new", PREPARES, applications.create),
    get("/applications/{id:uuid}", MEMBER, applications.show),
    get("/applications/{id:uuid}/edit", PREPARES, drafts.edit),
    post("/applications/{id:uuid}/edit", PREPARES, drafts.save),
    post("/applications/{id:uuid}/edit/rows", PREPARES, drafts.rows),
    get("/applications/{id:uuid}/lines/new", PREPARES, application_lines.edit),
    post("/applications/{id:uuid}/lines/new", PREPARES, application_lines.save),
    get("/applications/{id:uuid}/lines/{line:int}", PREPARES, application_lines.edit),
    post("/applications/{id:uuid}/lines/{line:int}", PREPARES, application_lines.save),
    get("/applications/{id:uuid}/lines.csv", PREPARES, uploads.template_csv),
    post("/applications/{id:uuid}/uploads", PREPARES, uploads.add),
    get("/applications/{id:uuid}/uploads/{upload:uuid}", PREPARES, uploads.show),
    get("/applications/{id:uuid}/uploads/{upload:uuid}/errors.csv", PREPARES, uploads.errors_csv),
    post("/applications/{id:uuid}/uploads/{upload:uuid}/apply", PREPARES, uploads.apply),
    post("/applications/{id:uuid}/uploads/{upload:uuid}/discard", PREPARES, uploads.discard),
    get("/applications/{id:uuid}/confirm", PREPARES, application_confirm.confirm),
    post("/applications/{id:uuid}/confirm", BINDS, application_confirm.submit),
    get("/applications/{id:uuid}/submitted.csv", MEMBER, application_receipt.lines_csv),
    get("/applications/{id:uuid}/receipt", MEMBER, application_receipt.receipt),
    get("/applications/{id:uuid}/receipt/pdf", MEMBER, application_receipt.receipt_pdf),
    get("/applications/{id:uuid}/withdraw", BINDS, applications.ask_withdrawal),
    post("/applications/{id:uuid}/withdraw", BINDS, applications.withdraw),
    get("/applications/{id:uuid}/discard", PREPARES, applications.ask_discard),
    post("/applications/{id:uuid}/discard", PREPARES, applications.discard),
    post("/applications/{id:uuid}/copy", PREPARES, applications.copy),
    get("/clauses", SIGNED_IN, clauses.index),
    get("/clauses/{clause}", SIGNED_IN, clauses.show),
    get("/contracts", MEMBER, contracts.index),
    get("/contracts/{id:uuid}", MEMBER, contracts.show),
    get("/contracts/{id:uuid}/lines.csv", MEMBER, contracts.export),
    get("/contracts/{id:uuid}/notice", PREPARES, notices.contract_form),
    post("/contracts/{id:uuid}/notice", BINDS, notices.give),
    get("/contracts/{id:uuid}/option-notice", PREPARES, notices.option_form),
    post("/contracts/{id:uuid}/option-notice", BINDS, notices.stop_options),
    get("/notices", MEMBER, notices.index),
    get("/notices/{id:uuid}", MEMBER, notices.show),
    get("/notices/{id:uuid}/pdf", MEMBER, notices.pdf),
    get("/partners", MEMBER, partners.index),
    post("/partners", PREPARES, partners.add),
    get("/partners/new", PREPARES, partners.new),
    get("/partners/{id:uuid}", MEMBER, partners.show),
    post("/partners/{id:uuid}/duties", PREPARES, partners.impose_duties),
    get("/policies", MEMBER, policies.index),
    get("/policies/{version}", MEMBER, policies.show),
    get("/policies/{version}/text", MEMBER, policies.document),
    get("/policies/{version}/agree", BINDS, policies.read),
    get("/policies/{version}/agree/confirm", BINDS, policies.confirm),
    post("/policies/{version}/agree", BINDS, policies.agree),
    get("/policies/{version}/agreed", MEMBER, policies.agreed),
    get("/policies/{version}/agreement", MEMBER, policies.certificate),
    get("/price-sheets", MEMBER, prices.index),
    get("/price-sheets/{id:uuid}", MEMBER, prices.show),
    post("/price-sheets/{id:uuid}/acknowledge", BINDS, prices.acknowledge),
    get("/statements", MEMBER, statements.index),
    get("/statements/{id:uuid}", MEMBER, statements.show),
    get("/statements/{id:uuid}/pdf", MEMBER, statements.pdf),
    get("/desk", STAFF, desk_home.show),
    get("/desk/applications", STAFF, desk_applications.index),
    post("/desk/applications/take", CLERK, desk_applications.take_chosen),
    get("/desk/applications/{id:uuid}", STAFF, desk_applications.show),
    post("/desk/applications/{id:uuid}/take", CLERK, desk_applications.take),
    get("/desk/applications/{id:uuid}/send-back", CLERK, desk_returns.send_back_form),
    post("/desk/applications/{id:uuid}/send-back", CLERK, desk_returns.send_back),
    post("/desk/applications/{id:uuid}/prepare", CLERK, desk_applications.prepare),
    get("/desk/applications/{id:uuid}/accept", APPROVER, desk_decisions.accept_form),
    post("/desk/applications/{id:uuid}/accept", APPROVER, desk_decisions.accept),
    get("/desk/applications/{id:uuid}/decline", APPROVER, desk_decisions.decline_form),
    post("/desk/applications/{id:uuid}/decline", APPROVER, desk_decisions.decline),
    post("/desk/applications/{id:uuid}/advance", CLERK, desk_applications.advance),
    get("/desk/applications/{id:uuid}/done", STAFF, desk_decisions.done),
    get("/desk/applications/{id:uuid}/in-service", CLERK, desk_openings.ask),
    post("/desk/applications/{id:uuid}/in-service", CLERK, desk_openings.record),
    get("/desk/closings", STAFF, desk_closings.index),
    post("/desk/closings", CLOSES, desk_closings.try_month),
    get("/desk/closings/{id:uuid}", STAFF, desk_closings.show),
    post("/desk/closings/{id:uuid}/exceptions", CLOSES, desk_closings.settle),
    get("/desk/closings/{id:uuid}/issue", CLOSES, desk_closings.confirm),
    post("/desk/closings/{id:uuid}/issue", CLOSES, desk_closings.issue),
    get("/desk/contracts", STAFF, desk_contracts.index),
    get("/desk/contracts/{id:uuid}", STAFF, desk_contracts.show),
    get("/desk/contracts/{id:uuid}/lines.csv", STAFF, desk_contracts.export),
    get("/desk/contracts/{id:uuid}/billing-start", CLERK, desk_contracts.billing_start_form),
    post("/desk/contracts/{id:uuid}/billing-start", CLERK, desk_contracts.set_billing_start),
    get("/desk/events", STAFF, desk_events.index),
    get("/desk/invoices", STAFF, desk_invoices.index),
    get("/desk/invoices/{id:uuid}", STAFF, desk_invoices.show),
    get("/desk/invoices/{id:uuid}/pdf", STAFF, desk_invoices.pdf),
    get("/desk/mailbox", STAFF, desk_mailbox.index),
    get("/desk/mailbox/{id:int}", STAFF, desk_mailbox.show),
    get("/desk/notices", STAFF, desk_notices.index),
    get("/desk/notices/{id:uuid}", STAFF, desk_notices.show),
    get("/desk/notices/{id:uuid}/pdf", STAFF, desk_notices.pdf),
    post("/desk/notices/{id:uuid}/acknowledge", CLERK, desk_notices.acknowledge),
    get("/desk/notices/{id:uuid}/prepare-void", CLERK, desk_notices.prepare_void_form),
    post("/desk/notices/{id:uuid}/prepare-void", CLERK, desk_notices.prepare_void),
    post("/desk/notices/{id:uuid}/void", APPROVER, desk_notices.void),
    get("/desk/policies", STAFF, desk_policies.index),
    post("/desk/policies", CLERK, desk_policies.prepare),
    get("/desk/policies/new", CLERK, desk_policies.new),
    get("/desk/policies/{version}", STAFF, desk_policies.show),
    post("/desk/policies/{version}/publish", APPROVER, desk_policies.publish),
    get("/desk/price-sheets", STAFF, desk_prices.index),
    post("/desk/price-sheets", PRICES, desk_prices.prepare),
    get("/desk/price-sheets/new", PRICES, desk_prices.new),
    post("/desk/price-sheets/rows", PRICES, desk_prices.edit_rows),
    get("/desk/price-sheets/{id:uuid}", STAFF, desk_prices.show),
    get("/desk/price-sheets/{id:uuid}/discard", PRICES, desk_prices.ask_discard),
    post("/desk/price-sheets/{id:uuid}/discard", PRICES, desk_prices.discard),
    post("/desk/price-sheets/{id:uuid}/show", PRICES, desk_prices.show_to_subscriber),
)


class Assets(StaticFiles):
    """Static files; an address that carries the file's hash may be kept for good, any other for a day."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        hashed = scope["query_string"].startswith(b"v=")
        response.headers["Cache-Control"] = f"public, max-age={31_536_000 if hashed else 86_400}"
        return response


def routes() -> list[BaseRoute]:
    return [*(entry.route for entry in ENTRIES), Mount("/static", Assets(directory=ROOT / "static"))]

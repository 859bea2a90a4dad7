"""The API's table of contents: every route the emulator serves."""

from __future__ import annotations

from local.stripe import (
    accounts,
    balance,
    balance_settings,
    checkout,
    dispute_api,
    events,
    fraud_warnings,
    intents,
    new_session,
    onboarding,
    payments,
    payouts,
    refunds,
    reversals,
    thin,
    transfers,
)
from local.stripe.call import Handler, Route

_ACCOUNT_CREATE = frozenset(
    {
        "configuration.recipient.capabilities.stripe_balance.stripe_transfers.requested",
        "contact_email",
        "dashboard",
        "defaults.currency",
        "defaults.responsibilities.fees_collector",
        "defaults.responsibilities.losses_collector",
        "display_name",
        "identity.country",
        "include",
        "metadata",
    }
)
_ACCOUNT_UPDATE = frozenset({"contact_email", "display_name", "include", "metadata"})
_READ_INTENT = frozenset({"expand"})
_UPDATE_INTENT = frozenset({"description", "expand", "metadata"})
_PAGED = ("page",)


def _route(
    method: str,
    rule: str,
    params: str,
    handler: Handler,
    implemented: frozenset[str] | None = None,
    *,
    on_accounts: bool = False,
    extra: tuple[str, ...] = (),
) -> Route:
    """A route; the module of `params` follows from the class's name, as the library names them."""
    folder, _, name = params.rpartition(".")
    module = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    path = ".".join(part for part in (folder, module, name) if part)
    return Route(method, rule, path, handler, implemented, on_accounts, extra)


_ACCOUNTS = (
    _route(
        "POST", "/v2/core/accounts", "v2.core.AccountCreateParams", accounts.create, _ACCOUNT_CREATE
    ),
    _route("GET", "/v2/core/accounts", "v2.core.AccountListParams", accounts.list_v2, extra=_PAGED),
    _route("GET", "/v2/core/accounts/<id>", "v2.core.AccountRetrieveParams", accounts.retrieve),
    _route(
        "POST",
        "/v2/core/accounts/<id>",
        "v2.core.AccountUpdateParams",
        accounts.update,
        _ACCOUNT_UPDATE,
    ),
    _route("POST", "/v2/core/accounts/<id>/close", "v2.core.AccountCloseParams", accounts.close),
    _route(
        "POST", "/v2/core/account_links", "v2.core.AccountLinkCreateParams", onboarding.create_link
    ),
    _route("GET", "/v2/core/events", "v2.core.EventListParams", thin.list_events, extra=_PAGED),
    _route("GET", "/v2/core/events/<id>", "v2.core.EventRetrieveParams", thin.retrieve),
    _route(
        "POST", "/v1/accounts", "AccountCreateParams", accounts.create_v1, accounts.V1_IMPLEMENTED
    ),
    _route("GET", "/v1/accounts", "AccountListParams", accounts.list_v1),
    _route("GET", "/v1/accounts/<id>", "AccountRetrieveParams", accounts.retrieve_v1),
    _route("POST", "/v1/account_links", "AccountLinkCreateParams", onboarding.create_link_v1),
    _route(
        "POST",
        "/v1/accounts/<id>/login_links",
        "AccountLoginLinkCreateParams",
        onboarding.create_login_link,
    ),
)

_PAYING = (
    _route(
        "POST",
        "/v1/checkout/sessions",
        "checkout.SessionCreateParams",
        new_session.create,
        new_session.IMPLEMENTED,
    ),
    _route("GET", "/v1/checkout/sessions", "checkout.SessionListParams", checkout.list_sessions),
    _route(
        "GET", "/v1/checkout/sessions/<id>", "checkout.SessionRetrieveParams", checkout.retrieve
    ),
    _route(
        "GET",
        "/v1/checkout/sessions/<id>/line_items",
        "checkout.SessionLineItemListParams",
        checkout.list_line_items,
    ),
    _route(
        "POST", "/v1/checkout/sessions/<id>/expire", "checkout.SessionExpireParams", checkout.expire
    ),
    _route("GET", "/v1/payment_intents", "PaymentIntentListParams", payments.list_intents),
    _route(
        "GET",
        "/v1/payment_intents/<id>",
        "PaymentIntentRetrieveParams",
        payments.retrieve_intent,
        _READ_INTENT,
    ),
    _route(
        "POST",
        "/v1/payment_intents",
        "PaymentIntentCreateParams",
        intents.create,
        intents.IMPLEMENTED,
    ),
    _route(
        "POST",
        "/v1/payment_intents/<id>",
        "PaymentIntentUpdateParams",
        intents.update,
        _UPDATE_INTENT,
    ),
    _route(
        "POST",
        "/v1/payment_intents/<id>/confirm",
        "PaymentIntentConfirmParams",
        intents.confirm,
        intents.CONFIRM,
    ),
    _route(
        "POST",
        "/v1/payment_intents/<id>/cancel",
        "PaymentIntentCancelParams",
        intents.cancel,
    ),
    _route("GET", "/v1/charges", "ChargeListParams", payments.list_charges, on_accounts=True),
    _route(
        "GET",
        "/v1/charges/<id>",
        "ChargeRetrieveParams",
        payments.retrieve_charge,
        on_accounts=True,
    ),
    _route("POST", "/v1/refunds", "RefundCreateParams", refunds.create, refunds.IMPLEMENTED),
    _route("GET", "/v1/refunds", "RefundListParams", refunds.list_refunds, on_accounts=True),
    _route("GET", "/v1/refunds/<id>", "RefundRetrieveParams", refunds.retrieve, on_accounts=True),
    _route("POST", "/v1/refunds/<id>", "RefundUpdateParams", refunds.update),
    _route("POST", "/v1/refunds/<id>/cancel", "RefundCancelParams", refunds.cancel),
    _route("GET", "/v1/disputes", "DisputeListParams", dispute_api.list_disputes),
    _route("GET", "/v1/disputes/<id>", "DisputeRetrieveParams", dispute_api.retrieve),
    _route("POST", "/v1/disputes/<id>", "DisputeUpdateParams", dispute_api.update),
    _route("POST", "/v1/disputes/<id>/close", "DisputeCloseParams", dispute_api.close),
    _route(
        "GET",
        "/v1/radar/early_fraud_warnings",
        "radar.EarlyFraudWarningListParams",
        fraud_warnings.list_warnings,
    ),
    _route(
        "GET",
        "/v1/radar/early_fraud_warnings/<id>",
        "radar.EarlyFraudWarningRetrieveParams",
        fraud_warnings.retrieve,
    ),
)

_MONEY = (
    _route(
        "POST", "/v1/transfers", "TransferCreateParams", transfers.create, transfers.IMPLEMENTED
    ),
    _route("GET", "/v1/transfers", "TransferListParams", transfers.list_transfers),
    _route("GET", "/v1/transfers/<id>", "TransferRetrieveParams", transfers.retrieve),
    _route("POST", "/v1/transfers/<id>", "TransferUpdateParams", transfers.update),
    _route(
        "POST",
        "/v1/transfers/<id>/reversals",
        "TransferReversalCreateParams",
        reversals.create,
        reversals.IMPLEMENTED,
    ),
    _route(
        "GET",
        "/v1/transfers/<id>/reversals",
        "TransferReversalListParams",
        reversals.list_reversals,
    ),
    _route(
        "GET",
        "/v1/transfers/<id>/reversals/<reversal>",
        "TransferReversalRetrieveParams",
        reversals.retrieve,
    ),
    _route(
        "POST",
        "/v1/transfers/<id>/reversals/<reversal>",
        "TransferReversalUpdateParams",
        reversals.update,
    ),
    _route("GET", "/v1/balance", "BalanceRetrieveParams", balance.retrieve, on_accounts=True),
    _route(
        "GET",
        "/v1/balance_transactions",
        "BalanceTransactionListParams",
        balance.list_transactions,
        on_accounts=True,
    ),
    _route(
        "GET",
        "/v1/balance_transactions/<id>",
        "BalanceTransactionRetrieveParams",
        balance.retrieve_transaction,
        on_accounts=True,
    ),
    _route(
        "GET",
        "/v1/balance_settings",
        "BalanceSettingsRetrieveParams",
        balance_settings.retrieve,
        on_accounts=True,
    ),
    _route(
        "POST",
        "/v1/balance_settings",
        "BalanceSettingsUpdateParams",
        balance_settings.update,
        balance_settings.IMPLEMENTED,
        on_accounts=True,
    ),
    _route(
        "POST",
        "/v1/payouts",
        "PayoutCreateParams",
        payouts.create,
        payouts.IMPLEMENTED,
        on_accounts=True,
    ),
    _route("GET", "/v1/payouts", "PayoutListParams", payouts.list_payouts, on_accounts=True),
    _route("GET", "/v1/payouts/<id>", "PayoutRetrieveParams", payouts.retrieve, on_accounts=True),
    _route(
        "POST", "/v1/payouts/<id>/cancel", "PayoutCancelParams", payouts.cancel, on_accounts=True
    ),
    _route("GET", "/v1/events", "EventListParams", events.list_events, on_accounts=True),
    _route("GET", "/v1/events/<id>", "EventRetrieveParams", events.retrieve, on_accounts=True),
)

ROUTES = (*_ACCOUNTS, *_PAYING, *_MONEY)

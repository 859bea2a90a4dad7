"""The emulator in this process, with the steps that its tests share."""

from __future__ import annotations

from typing import Any

import stripe

from local.stripe import balance, onboarding
from local.stripe.config import EmulatorConfig, Endpoint
from local.stripe.inprocess import Hook, InProcess
from tests.unit.local.stripe.sink import API_KEY, account_params, session_params

SECRETS = {"platform": "whsec_platform", "connect": "whsec_connect", "thin": "whsec_thin"}
START = 1_800_000_000.0


def endpoints() -> tuple[Endpoint, ...]:
    """One endpoint of each family; nothing is ever sent to their addresses."""
    url = "http://127.0.0.1:9/hooks"
    return (
        Endpoint("platform", url, SECRETS["platform"], connect=False),
        Endpoint("connect", url, SECRETS["connect"], connect=True),
        Endpoint("thin", url, SECRETS["thin"], connect=False, thin=True),
    )


def in_memory(seed: int = 7, **changes: Any) -> InProcess:
    """A seeded emulator in memory whose clock stands still until it is advanced."""
    settings: dict[str, Any] = {"state_dir": None, "api_key": API_KEY, "seed": seed}
    config = EmulatorConfig(**settings | {"endpoints": endpoints()} | changes)
    return InProcess(config, clock=lambda: START)


class Till:
    """What a platform, its buyers and its sellers do."""

    def __init__(self, bank: InProcess) -> None:
        self.bank = bank
        self.client = bank.client()

    def session(self, **changes: Any) -> stripe.checkout.Session:
        """A checkout for one listing at $1.99."""
        params = session_params(expires_at=self.bank.world.now() + 1800) | changes
        return self.client.v1.checkout.sessions.create(params)  # type: ignore[arg-type]

    def buy(self, cents: int = 199, card: str = "pm_card_visa", **changes: Any) -> stripe.Charge:
        """A purchase, paid; its charge with its balance transaction."""
        price = {"currency": "usd", "unit_amount": cents, "product_data": {"name": "Skies"}}
        session = self.session(line_items=[{"quantity": 1, "price_data": price}], **changes)
        assert self.bank.pay(session.id, card).result == "paid"
        paid = self.client.v1.checkout.sessions.retrieve(
            session.id, {"expand": ["payment_intent.latest_charge.balance_transaction"]}
        )
        charge: stripe.Charge = paid.payment_intent.latest_charge  # type: ignore
        return charge

    def seller(self, **answers: str) -> str:
        """A connected account that went through onboarding."""
        account: str = self.client.v2.core.accounts.create(account_params()).id  # type: ignore
        self.onboard(account, **answers)
        return account

    def onboard(self, account: str, **answers: str) -> None:
        """Follow a new account link and send the page's form."""
        urls = {"refresh_url": "http://127.0.0.1:9/r", "return_url": "http://127.0.0.1:9/b"}
        use_case: Any = {"type": "account_onboarding", "account_onboarding": urls}
        link = self.client.v2.core.account_links.create({"account": account, "use_case": use_case})
        assert onboarding.submit(self.bank.world, link.url.rpartition("/")[2], answers)

    def transfer(self, charge: str, account: str, cents: int = 159) -> stripe.Transfer:
        """A seller's share of a charge."""
        return self.client.v1.transfers.create(
            {
                "amount": cents,
                "currency": "usd",
                "destination": account,
                "source_transaction": charge,
            }
        )

    def hooks(self, endpoint: str = "platform") -> list[str]:
        """Take everything that is to be delivered; the types for one endpoint, in order.

        Without `balance.available`, which comes by itself whenever time passes.
        """
        taken: list[Hook] = []
        for hook in self.bank.webhooks():
            hook.answer(200)
            taken.append(hook)
        return [
            hook.type
            for hook in taken
            if hook.endpoint == endpoint and hook.type != "balance.available"
        ]

    def total(self, account: str | None = None) -> int:
        """The whole balance in cents, from the sums the emulator keeps."""
        return balance.whole_balance(self.bank.world, account, "usd")

    def booked(self, account: str | None = None) -> int:
        """The same from the balance transactions, as the API lists them."""
        options: Any = {"stripe_account": account} if account else {}
        listed = self.client.v1.balance_transactions.list({"limit": 100}, options)
        return sum(t.net for t in listed.auto_paging_iter())

"""create_app: the composition root. The list of blueprints reads as a table of contents."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from werkzeug.middleware.proxy_fix import ProxyFix

from marketplace import cli
from marketplace.accounts.routes import blueprint as account
from marketplace.accounts.security import init_security
from marketplace.community.collection_routes import blueprint as collections
from marketplace.community.favourite_routes import blueprint as favourites
from marketplace.community.panels import init_community
from marketplace.community.review_routes import blueprint as reviews
from marketplace.community.search_routes import blueprint as saved_searches
from marketplace.community.unsubscribe_routes import blueprint as unsubscribe
from marketplace.core.container import Services
from marketplace.core.logging import set_up_logging
from marketplace.core.web.addresses import init_addresses
from marketplace.core.web.compression import init_compression
from marketplace.core.web.error_pages import init_error_pages
from marketplace.core.web.own_pages import OwnPagesProtect
from marketplace.core.web.page_keeping import init_page_keeping
from marketplace.core.web.request_scope import init_request_scope
from marketplace.core.web.security_headers import init_security_headers
from marketplace.core.web.template_globals import init_template_globals
from marketplace.core.web.templating import SharedGlobals
from marketplace.core.web.uploads import init_uploads
from marketplace.discovery.bundles import blueprint as bundles
from marketplace.discovery.health import blueprint as health
from marketplace.discovery.place_routes import blueprint as places
from marketplace.discovery.proof_routes import blueprint as proof
from marketplace.discovery.routes import blueprint as discovery
from marketplace.discovery.sharing_routes import blueprint as sharing
from marketplace.discovery.style_routes import blueprint as style
from marketplace.insights.counting import init_counting
from marketplace.insights.routes import blueprint as insights
from marketplace.library.routes import blueprint as library
from marketplace.listings.media_routes import blueprint as media
from marketplace.listings.routes import blueprint as sell
from marketplace.moderation.appeals.routes import blueprint as appeals
from marketplace.moderation.complaints.routes import blueprint as complaints
from marketplace.moderation.quality.routes import blueprint as quality
from marketplace.moderation.routes import blueprint as moderate
from marketplace.moderation.standing.routes import blueprint as standing
from marketplace.moderation.waiting import init_review_place
from marketplace.offers.bundle_routes import blueprint as bundle_offers
from marketplace.offers.routes import blueprint as offers
from marketplace.orders.bundle_routes import blueprint as bundle_checkout
from marketplace.orders.cart_routes import blueprint as cart
from marketplace.orders.cart_session import init_cart
from marketplace.orders.desk.routes import blueprint as desk
from marketplace.orders.discount_panel import init_discount_panel
from marketplace.orders.ledger_routes import blueprint as ledger
from marketplace.orders.order_routes import blueprint as orders
from marketplace.orders.routes import blueprint as checkout
from marketplace.orders.sales_panel import init_sales_panel
from marketplace.payouts.net_prices import init_net_prices
from marketplace.payouts.routes import blueprint as payouts
from marketplace.policy.routes import blueprint as policy
from marketplace.screening.seller_panel import init_seller_findings
from marketplace.settings import Environment, Settings, load_settings
from marketplace.stripe_events.desk_routes import blueprint as desk_webhooks
from marketplace.stripe_events.routes import blueprint as webhooks
from marketplace.verification.changes.routes import blueprint as changes
from marketplace.verification.preflight.routes import blueprint as preflight
from marketplace.verification.routes import blueprint as verification
from marketplace.wiring import build_services

ROOT = Path(__file__).resolve().parents[1]
MAX_REQUEST_BYTES = 1024 * 1024  # where samples are uploaded, listings.routes allows more

BLUEPRINTS = (
    discovery,  # /  /browse  /search…  /p/…  /s/…
    places,  # /c/…  /m/…  /how-proof-works
    sharing,  # /sitemap.xml  /sitemaps/…  /c/…/feed.xml  /p/…/share.jpg
    style,  # /_/style
    proof,  # /p/…/proof
    sell,  # /sell…
    verification,  # /sell/…/stop
    preflight,  # /sell/…/preflight
    payouts,  # /sell/onboarding  /sell/balance  /sell/sales  /sell/statements  /sell/payouts
    insights,  # /sell/dashboard…  /sell/listings  /sell/store
    offers,  # /sell/discounts…  /via/…
    bundle_offers,  # /sell/discounts/bundle…
    bundles,  # /bundles/…
    changes,  # /moderate/models…
    appeals,  # /sell/decisions…  /moderate/appeals…
    quality,  # /moderate/rules  /moderate/second-looks…  /moderate/team …
    standing,  # /moderate/sellers/…
    complaints,  # /p/…/report  /moderate/reports…
    moderate,  # /moderate…
    cart,  # /cart…
    checkout,  # /checkout/…
    bundle_checkout,  # /checkout/bundle/…
    orders,  # /orders…
    library,  # /library…
    reviews,  # /p/…/reviews  /reviews/…  /sell/reviews  /moderate/reviews
    favourites,  # /favourites  /following  /s/…/follow
    collections,  # /collections…  /c/…
    saved_searches,  # /saved-searches…
    unsubscribe,  # /unsubscribe/…
    account,  # /account/…
    ledger,  # /ledger
    desk,  # /desk…
    desk_webhooks,  # /desk/webhooks…
    webhooks,  # /webhooks/…
    media,  # /media/…
    policy,  # /guidelines
    health,  # /healthz  /readyz
)

# Attempts per address: enough for people, too few for guessing.
LIMITS = {
    "security.login": "20 per minute",
    "security.register": "10 per minute",
    "security.forgot_password": "5 per minute",
    "security.send_confirmation": "5 per minute",
    "checkout.start": "20 per minute",
    "bundle_checkout.start": "20 per minute",
    "cart.checkout": "20 per minute",
    "cart.codes": "10 per minute;100 per day",
    "checkout.codes": "10 per minute;100 per day",
    "complaints.report": "20 per minute",
    "discovery.search_by_image": "20 per minute",
}
READING_LIMITS = {
    "discovery.suggestions": "180 per minute",  # a fast typist's
}


class Site(Flask):
    """A Flask application with our template environment."""

    jinja_environment = SharedGlobals


def create_app(settings: Settings | None = None, services: Services | None = None) -> Flask:
    """Build the web application.

    Args:
        settings: read from the environment when absent.
        services: ready-made services (tests); built from the settings when absent.

    Raises:
        SettingsError: when the configuration is incomplete or unsafe.
    """
    if services is None:
        services = build_services(settings or load_settings())
    settings = services.settings
    if settings.env is not Environment.TEST:
        set_up_logging()

    app = Site(
        "marketplace",
        static_folder=str(ROOT / "marketplace" / "static"),
        template_folder=str(ROOT / "templates"),
    )
    app.extensions["bracket"] = services
    app.config.update(
        SECRET_KEY=settings.secret_key,
        TESTING=settings.env is Environment.TEST,
        MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES,
        MAX_FORM_MEMORY_SIZE=512 * 1024,
        MAX_FORM_PARTS=400,
        SEND_FILE_MAX_AGE_DEFAULT=31_536_000,  # static addresses carry their content's hash
        SESSION_COOKIE_SECURE=settings.public_url.startswith("https://"),
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        REMEMBER_COOKIE_SECURE=settings.public_url.startswith("https://"),
        REMEMBER_COOKIE_HTTPONLY=True,
        REMEMBER_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,  # a form left open overnight still works; the session ends it
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals["settings"] = settings
    if settings.production:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]

    init_uploads(app)
    init_request_scope(app)
    init_compression(app)
    init_security_headers(app, _checkout_origins(settings))
    init_error_pages(app)
    init_template_globals(app)
    init_addresses(app)
    init_sales_panel(app)
    init_discount_panel(app)
    init_net_prices(app)
    init_seller_findings(app)
    init_review_place(app)
    init_page_keeping(app, settings.page_cache_mb, settings.card_cache)
    csrf = OwnPagesProtect(app)
    init_security(app)
    init_cart(app)
    init_community(app)
    init_counting(app, settings.view_count_seconds)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    csrf.exempt(webhooks)  # signed by the sender instead
    csrf.exempt(unsubscribe)  # the link itself is signed
    csrf.exempt("marketplace.discovery.search_views.search_by_image")  # changes nothing
    _init_limits(app, settings)
    cli.register(app)
    return app


def _checkout_origins(settings: Settings) -> tuple[str, ...]:
    """Where our forms may lead to: the hosted checkout and onboarding pages."""
    if settings.stripe_api_base:
        parts = urlsplit(settings.stripe_api_base)
        return (f"{parts.scheme}://{parts.netloc}",)
    return (
        "https://checkout.stripe.com",
        "https://connect.stripe.com",
        "https://accounts.stripe.com",
    )


def _init_limits(app: Flask, settings: Settings) -> None:
    """Count attempts in the broker's store, shared by all web processes."""
    if not settings.rate_limits:
        return  # a limiter that is off is kept alive by nobody, and its views would fail
    limiter = Limiter(
        get_remote_address,
        app=app,
        storage_uri=settings.broker_url,
        strategy="fixed-window",
        # Without the store people can still log in: availability over strictness here.
        swallow_errors=True,
        in_memory_fallback_enabled=True,
        headers_enabled=True,
    )
    # Limited views refer to it weakly, and a limiter that is switched off is kept by nobody else.
    app.extensions["bracket_limiter"] = limiter
    for limits, method in ((LIMITS, "POST"), (READING_LIMITS, "GET")):
        for endpoint, limit in limits.items():
            view = app.view_functions[endpoint]
            app.view_functions[endpoint] = limiter.limit(limit, methods=[method])(view)  # type: ignore[assignment]

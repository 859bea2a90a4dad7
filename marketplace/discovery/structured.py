"""What a listing is, in schema.org's words, for machines that read pages. Public facts alone."""

from __future__ import annotations

from typing import Any

from flask import url_for

from marketplace.discovery.presenters import ListingPage


def product_of(page: ListingPage, site: str) -> dict[str, Any]:
    """A schema.org Product with its Offer; `site` is our address without a slash at the end.

    Its rating is added where reviews are known (community.panels).
    """
    address = site + url_for("discovery.listing", path=page.path)
    pictures = [picture.rerun or picture.sample for picture in page.gallery]
    return {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": page.title,
        "description": page.description,
        "sku": page.id,
        "category": page.category_name,
        "url": address,
        "image": [
            site + url_for("media.public_file", name=sizes[-1]["jpeg"])
            for sizes in pictures
            if sizes
        ],
        "brand": {"@type": "Brand", "name": page.seller_name},
        "offers": {
            "@type": "Offer",
            "url": address,
            "price": f"{page.price_cents / 100:.2f}",
            "priceCurrency": "USD",
            **({"priceValidUntil": f"{page.sale.ends_at:%Y-%m-%d}"} if page.sale else {}),
            "availability": "https://schema.org/InStock"
            if page.payable
            else "https://schema.org/OutOfStock",
            "seller": {
                "@type": "Person",
                "name": page.seller_name,
                "url": site + url_for("discovery.seller", handle=page.seller_handle),
            },
        },
    }

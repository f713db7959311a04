"""The loyalty side's catalogue: its events and customer fields, with labels and ids.

For pickers and labels, never a limit: events and fields of any other name are taken as well.
Names as in Antavo's manual and OpenAPI documents; those marked "ours" stand for happenings
whose own name is not published.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

EventKind: TypeAlias = Literal["api", "async", "internal"]
"""Who writes it: the Events API, its asynchronous endpoint, or the loyalty platform itself."""

FieldKind: TypeAlias = Literal["text", "number", "boolean", "list", "object", "time", "date"]


def event_label(action: str) -> str:
    """The label of an event's name; a name of anybody's own making reads as words, too."""
    words = action.replace("_", " ").strip()
    return words[:1].upper() + words[1:] or action


@dataclass(frozen=True, slots=True, kw_only=True)
class FactoryEvent:
    """An event that the loyalty platform knows by itself."""

    id: str
    kinds: tuple[EventKind, ...]
    attributes: tuple[str, ...] = ()  # the key values of `data`, for pickers

    @property
    def label(self) -> str:
        """What a person reads: `point_add` is Point add."""
        return event_label(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerField:
    """A field of the customer. `identity`: it tells who the person is, and goes on opt-out."""

    id: str
    label: str
    type: FieldKind = "text"
    identity: bool = False


_API: Final[tuple[EventKind, ...]] = ("api",)
_ASYNC: Final[tuple[EventKind, ...]] = ("api", "async")
_BOTH: Final[tuple[EventKind, ...]] = ("api", "internal")
_INTERNAL: Final[tuple[EventKind, ...]] = ("internal",)

_LINE: Final = (
    "transaction_id product_id product_name product_url product_category sku price quantity "
    "discount subtotal unit_burn points_rewarded store country"
)
_ORDER: Final = (
    "transaction_id total items total_quantity currency points_burned discount shipping channel"
)

_EVENTS: Final[tuple[tuple[str, tuple[EventKind, ...], str], ...]] = (
    ("opt_in", _ASYNC, "email first_name last_name handler referrer"),
    ("opt_out", _ASYNC, "reason"),
    ("profile", _ASYNC, ""),
    ("daily_login", _BOTH, ""),
    ("point_add", _ASYNC, "points effective_timestamp"),
    ("point_sub", _API, "points"),
    ("point_spend", _API, "points"),
    ("point_unspend", _API, "points"),
    ("point_expire", _INTERNAL, "points expdate"),  # ours
    ("reserve_points", _API, "transaction_id points"),
    ("release_points", _API, "transaction_id"),
    ("checkout", _ASYNC, f"{_ORDER} auto_accept"),
    ("checkout_item", _ASYNC, _LINE),
    ("checkout_update", _ASYNC, _ORDER),
    ("checkout_update_item", _ASYNC, "transaction_id product_id"),
    ("checkout_accept", _ASYNC, "transaction_id"),
    ("checkout_accept_item", _ASYNC, "transaction_id product_id"),
    ("checkout_reject", _ASYNC, "transaction_id"),
    ("checkout_claim", _API, "transaction_id"),
    ("refund", _ASYNC, "transaction_id amount"),
    ("partial_refund", _ASYNC, "transaction_id items"),
    ("refund_item", _ASYNC, "transaction_id product_id quantity"),
    ("reward_claim", _INTERNAL, "reward price type"),  # ours
    ("tier_up", _INTERNAL, "structure from to"),  # ours
    ("tier_down", _INTERNAL, "structure from to"),  # ours
    ("coupon_redeem", _API, "code amount transaction_id"),
    ("coupon_assign", _INTERNAL, "coupon code"),
    ("coupon_change", _INTERNAL, "code before after"),
    ("coupon_receive", _INTERNAL, "code original"),
    ("coupon_transfer", _INTERNAL, "code"),  # ours
    ("review_submit", _API, "item review review_id provider"),
    ("referral", _BOTH, "referred"),
    ("referral_points", _INTERNAL, ""),
    ("challenge_reset", _API, "challenge"),
    ("activity", _INTERNAL, "activity"),
    ("booking", _INTERNAL, "bookenda_id"),
    ("instagram_contest_enter", _INTERNAL, "contest contest_type entry"),
    ("profiling_answer", _INTERNAL, "flow question answer"),
    ("profiling_flow", _INTERNAL, "flow question answer"),
    ("share_intent_success", _INTERNAL, "platform url"),
    ("pending_campaign_bonus", _INTERNAL, "transaction_id"),
    ("club_create", _INTERNAL, "name template_id reason"),
    ("club_detail_change", _INTERNAL, "name template_id reason"),
    ("club_member_join", _INTERNAL, "status channel actor previous_status"),
    ("club_member_remove", _INTERNAL, "status channel actor previous_status"),
    ("club_member_ban", _INTERNAL, "status channel actor previous_status"),
    ("club_member_unban", _INTERNAL, "status channel actor previous_status"),
    ("club_applicant_accept", _INTERNAL, "actor"),
    ("club_applicant_refuse", _INTERNAL, "actor"),
    ("club_applicant_ban", _INTERNAL, "actor"),
    ("club_point_add", _INTERNAL, "points reason"),
    ("club_point_remove", _INTERNAL, "points reason"),
    (
        "club_point_donation",
        _INTERNAL,
        "donating_points account conversion_rate converted_club_points",
    ),
    ("club_revoke_ownership", _INTERNAL, "actor"),
    ("club_assing_ownership", _INTERNAL, "actor"),  # spelt so by its makers
    ("club_disband", _INTERNAL, "actor"),
)

EVENTS: Final = tuple(
    FactoryEvent(id=id, kinds=kinds, attributes=tuple(attributes.split()))
    for id, kinds, attributes in _EVENTS
)
"""The factory events, in the order a picker shows them."""

_FIELDS: Final[tuple[tuple[FieldKind, bool, str], ...]] = (
    ("text", False, "id status"),
    ("object", True, "external_ids"),
    ("text", True, "email first_name last_name handler gender"),
    ("text", False, "language country currency"),
    ("text", True, "mobile_phone image_url facebook_id"),
    ("date", True, "birth_date birthday"),
    ("number", True, "age"),
    ("boolean", False, "email_verified"),
    ("text", False, "src referrer tier"),
    ("number", False, "score spent expired reserved pending spendable"),
    ("number", False, "purchase_total purchase_count purchase_item_count"),
    ("date", False, "purchase_first_date purchase_last_date last_earn_date last_spend_date"),
    ("time", False, "optin_at optout_at last_login_at created_at updated_at"),
    ("object", False, "tiers accounts"),
    ("list", True, "membership_id"),
    ("list", False, "labels group_id clubs referrals"),
    ("object", False, "rewards activities"),
    ("object", True, "properties"),
)

_LABELS: Final = {
    "id": "Customer ID",
    "external_ids": "External IDs",
    "email": "Email address",
    "handler": "Nickname",
    "image_url": "Image URL",
    "facebook_id": "Facebook ID",
    "src": "Origin",
    "membership_id": "Membership IDs",
    "group_id": "Groups",
    "optin_at": "Opted in at",
    "optout_at": "Opted out at",
    "properties": "Custom attributes",
}


def _fields() -> Iterator[CustomerField]:
    for kind, identity, ids in _FIELDS:
        for id in ids.split():
            label = _LABELS.get(id) or event_label(id)
            yield CustomerField(id=id, label=label, type=kind, identity=identity)


CUSTOMER_FIELDS: Final = tuple(_fields())
"""The customer's fields, in the order a picker shows them."""

CUSTOMER_FIELD_IDS: Final = frozenset(field.id for field in CUSTOMER_FIELDS)
OPT_IN: Final = "opt_in"
OPT_OUT: Final = "opt_out"
PROFILE: Final = "profile"
"""The events that change what is known of a customer."""

IDENTITY_FIELDS: Final = frozenset(field.id for field in CUSTOMER_FIELDS if field.identity)

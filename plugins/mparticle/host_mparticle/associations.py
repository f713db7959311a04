"""The mappings offered to begin with: usual fields, and factory events under mParticle's types."""

from __future__ import annotations

from typing import Final

from host import EventMapping, FieldMapping

USUAL_FIELDS: Final = tuple(
    FieldMapping(loyalty=loyalty, remote=remote)
    for loyalty, remote in (
        ("first_name", "$firstname"),
        ("last_name", "$lastname"),
        ("gender", "$gender"),
        ("country", "$country"),
        ("mobile_phone", "$mobile"),
        ("language", "antavo_language"),
        ("status", "antavo_status"),
        ("score", "antavo_score"),
        ("spendable", "antavo_spendable"),
    )
)
"""What "Fill the usual ones" fills."""

DEMO_FIELDS: Final = (
    *USUAL_FIELDS,
    FieldMapping(loyalty="city", remote="$city"),
    FieldMapping(loyalty="tier", remote="antavo_tier"),
    FieldMapping(loyalty="birth_date", remote="antavo_birth_date"),
    FieldMapping(loyalty="labels", remote="antavo_labels", when_empty="delete"),
)

_TYPES: Final = {
    "transaction": (
        "point_add",
        "point_sub",
        "point_spend",
        "point_unspend",
        "point_expire",
        "reserve_points",
        "release_points",
        "checkout",
        "checkout_item",
        "checkout_update",
        "checkout_update_item",
        "checkout_accept",
        "checkout_accept_item",
        "checkout_reject",
        "checkout_claim",
        "refund",
        "partial_refund",
        "refund_item",
        "coupon_assign",
        "coupon_redeem",
        "reward_claim",
        "booking",
    ),
    "user_preference": ("opt_in", "opt_out", "profile", "profiling_answer", "profiling_flow"),
    "user_content": ("review_submit",),
    "social": (
        "referral",
        "share_intent_success",
        "instagram_contest_enter",
        "coupon_receive",
        "club_create",
        "club_member_join",
        "club_member_remove",
        "club_point_donation",
    ),
    "other": ("daily_login", "tier_up", "tier_down", "activity", "challenge_reset"),
}
"""mParticle's custom event type → factory events of the loyalty platform that fit it."""

DEMO_EVENTS: Final = tuple(
    EventMapping(loyalty=name, external=name, type=kind)
    for kind, names in _TYPES.items()
    for name in names
)

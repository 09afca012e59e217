"""The second step: codes of an authenticator app (TOTP, RFC 6238) and backup codes for the day the phone is gone.

Kept and checked by django-otp, which also slows down guessing: after each wrong code the next is looked at later.
"""

from __future__ import annotations

from base64 import b32encode
from binascii import unhexlify
from math import ceil

import segno
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django_otp import devices_for_user, match_token
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

BACKUP_CODES = 10
ISSUER = "Collie"


def has_second_step(user: User) -> bool:
    return TOTPDevice.objects.filter(user=user, confirmed=True).exists()


def accepts(user: User, code: str) -> bool:
    """Whether `code` is the app's present one or an unused backup code, which it then uses up."""
    code = code.replace(" ", "").replace("-", "").lower()
    return bool(code) and match_token(user, code) is not None


def seconds_locked(user: User) -> int:
    """How long wrong codes have closed the second step for; 0 when the next code is looked at."""
    waits = []
    for device in devices_for_user(user):
        allowed, why = device.verify_is_allowed()
        until = (why or {}).get("locked_until")
        waits.append(0 if allowed or until is None else ceil((until - timezone.now()).total_seconds()))
    return min(waits, default=0)


@transaction.atomic
def begin(user: User) -> TOTPDevice:
    """The device that is being set up, the same one until its first code has been typed in."""
    User.objects.select_for_update().get(pk=user.pk)
    device: TOTPDevice = TOTPDevice.objects.get_or_create(user=user, confirmed=False, defaults={"name": ISSUER})[0]
    return device


@transaction.atomic
def confirm(user: User, code: str) -> list[str] | None:
    """Switch the second step on with the first code of the app; returns the backup codes, None for a wrong code."""
    device = TOTPDevice.objects.select_for_update().filter(user=user, confirmed=False).first()
    if device is None or not device.verify_token(code.replace(" ", "")):
        return None
    TOTPDevice.objects.filter(user=user, confirmed=True).delete()
    device.confirmed = True
    device.save(update_fields=["confirmed"])
    return new_backup_codes(user)


@transaction.atomic
def new_backup_codes(user: User) -> list[str]:
    """Ten codes that work once each; earlier ones work no longer."""
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name="backup", confirmed=True)
    codes = [StaticToken.random_token() for _ in range(BACKUP_CODES)]
    StaticToken.objects.bulk_create(StaticToken(device=device, token=code) for code in codes)
    return codes


@transaction.atomic
def remove(user: User) -> None:
    for model in (TOTPDevice, StaticDevice):
        model.objects.filter(user=user).delete()


def backup_codes_left(user: User) -> int:
    return StaticToken.objects.filter(device__user=user).count()


def typed_secret(device: TOTPDevice) -> str:
    """The secret as apps let people type it: base32 in groups of four."""
    secret = b32encode(unhexlify(device.key)).decode().rstrip("=")
    return " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))


def qr_code(device: TOTPDevice) -> str:
    """The device's otpauth address as a QR code: a data address of an SVG picture."""
    made = segno.make(device.config_url, error="m")
    picture: str = made.svg_data_uri(scale=4, border=4, dark="#000", light="#fff")
    return picture

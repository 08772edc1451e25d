"""What an endpoint's address may be, and which addresses of the internet protocol are public."""

import re

import pytest

from metering.webhooks import PRIVATE_TARGETS, PUBLIC_TARGETS, is_public, url_from_text


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://example.com/hook?token=1", "https://example.com/hook?token=1"),
        ("https://EXAMPLE.com:8443", "https://example.com:8443"),
        ("https://8.8.8.8/hook", "https://8.8.8.8/hook"),
        ("https://[2606:4700:4700::1111]/hook", "https://[2606:4700:4700::1111]/hook"),
    ],
)
def test_a_public_address_is_taken(text: str, url: str) -> None:
    assert url_from_text(text, PUBLIC_TARGETS) == url


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "an address is 1 to 2000 printable ASCII characters without spaces."),
        ("https://example.com/ü", "an address is 1 to 2000 printable ASCII characters without spaces."),
        ("https://example.com/\n", "an address is 1 to 2000 printable ASCII characters without spaces."),
        ("https://" + "a" * 2000, "an address is 1 to 2000 printable ASCII characters without spaces."),
        ("https://example.com:port/", "this is not an address such as https://example.com/hooks."),
        ("http://example.com/", "the address must begin with https://."),
        ("ftp://example.com/", "the address must begin with https://."),
        ("example.com", "the address must begin with https://."),
        (
            "https://me:pw@example.com/",
            "the address must have no user, password or #fragment, and a port that exists.",
        ),
        (
            "https://example.com/#x",
            "the address must have no user, password or #fragment, and a port that exists.",
        ),
        (
            "https://example.com:0/",
            "the address must have no user, password or #fragment, and a port that exists.",
        ),
        (
            "https://example.com:99999/",
            "the address must have no user, password or #fragment, and a port that exists.",
        ),
        ("https:///hook", "the address has no valid host name."),
        ("https://a..b/", "the address has no valid host name."),
        ("https://ex%61mple.com/", "the address has no valid host name."),
        (f"https://{'a' * 64}.com/", "the address has no valid host name."),
        (f"https://{'a.' * 130}com/", "the address has no valid host name."),
        ("https://127.0.0.1/", "127.0.0.1 is not a public address."),
        ("https://[::1]/", "::1 is not a public address."),
    ],
)
def test_what_nothing_can_be_sent_to_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(reason)}$"):
        url_from_text(text, PUBLIC_TARGETS)


def test_development_may_send_in_the_clear_and_at_home() -> None:
    assert url_from_text("http://127.0.0.1:9000/hook", PRIVATE_TARGETS) == "http://127.0.0.1:9000/hook"
    with pytest.raises(ValueError, match="https:// or http://"):
        url_from_text("ftp://127.0.0.1/", PRIVATE_TARGETS)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700:4700::1111", True),
        ("0.0.0.0", False),  # noqa: S104 - nothing is bound to it
        ("10.0.0.1", False),
        ("100.64.0.1", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("172.16.0.1", False),
        ("192.168.0.1", False),
        ("198.18.0.1", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:8.8.8.8", False),
        ("64:ff9b::7f00:1", False),
        ("2001::1", False),
        ("2002:7f00:1::", False),
        ("2001:db8::1", False),
        ("3fff::1", False),
        ("fc00::1", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("ff02::1", False),
        ("localhost", False),
    ],
)
def test_only_addresses_of_the_world_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public

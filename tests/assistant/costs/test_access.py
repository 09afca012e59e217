import pytest
from django.urls import reverse

pytestmark = pytest.mark.django_db
PAGES = ["usage", "usage-csv", "planner", "relay-status"]


@pytest.mark.parametrize("page", PAGES)
def test_admins_see_the_page(client, carol, page):
    client.force_login(carol)
    assert client.get(reverse(page)).status_code == 200


@pytest.mark.parametrize("page", PAGES)
def test_agents_and_strangers_do_not(client, alice, page):
    assert client.get(reverse(page)).status_code == 302
    client.force_login(alice)
    for method in (client.get, client.post):
        assert method(reverse(page)).status_code == 302


def test_the_addresses_stand_beside_the_admins_own(client, carol):
    client.force_login(carol)
    for path in ("usage/", "usage.csv", "planner/", "relay/", "relaymodel/"):
        assert client.get(f"/admin/assistant/{path}").status_code == 200


def test_the_admins_first_page_links_them(client, carol):
    client.force_login(carol)
    html = client.get("/admin/").content.decode()
    for page in ("usage", "planner", "relay-status"):
        assert f'href="{reverse(page)}"' in html

"""Each page: what it shows, what it does, and what it says when it cannot."""

from __future__ import annotations

import dataclasses
import re
import time
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tenantry.attacks.storage import Storage
from tests.e2e.dashboard.browser import code_for
from tests.e2e.lake import aggregates

if TYPE_CHECKING:
    from playwright.sync_api import Route

    from tenantry.attacks.world import World
    from tenantry.local.cloud import LocalCloud
    from tests.e2e.dashboard.browser import Someone, Town, Visit
    from tests.e2e.dashboard.conftest import MakeVisit

_MODES = ("Bucket", "Prefix", "Tag", "Access point", "Database")


# /login


def test_a_wrong_password_is_told_without_saying_which_was_wrong(ada: Someone, make_visit: MakeVisit) -> None:
    said = []
    for email in (ada.email, "nobody@example.com"):
        visit = make_visit()
        visit.open("/login")
        visit.page.get_by_label("E-mail address").fill(email)
        visit.page.get_by_label("Password", exact=True).fill("Wrong-password-1!")
        visit.page.get_by_role("button", name="Sign in").click()
        expect(visit.page.get_by_role("alert")).not_to_be_empty()
        said.append(visit.page.get_by_role("alert").inner_text())

    assert said == ["The address or the password is wrong."] * 2


def test_an_address_that_is_taken_is_told(ada: Someone, visit: Visit) -> None:
    page = visit.page
    visit.open("/login?view=sign-up")
    page.get_by_label("Your name").fill("Somebody Else")
    page.get_by_label("E-mail address").fill(ada.email)
    page.get_by_label("Password", exact=True).fill("Another-one-1!")
    page.get_by_role("button", name="Make my account").click()

    expect(page.get_by_role("alert")).to_contain_text("There is an account with this address already")


def test_who_signed_up_elsewhere_asks_for_a_code_and_chooses_a_new_password(
    deployed: LocalCloud, world: World, town: Town, visit: Visit
) -> None:
    someone, target, page = town.stranger("Ida Rhodes"), world.target, visit.page
    made = target.aws.anonymous().cognito.sign_up(
        ClientId=target.client_id,
        Username=someone.email,
        Password=someone.password,
        UserAttributes=[{"Name": "email", "Value": someone.email}, {"Name": "name", "Value": someone.name}],
    )
    world.leftovers.user(made["UserSub"])

    visit.open("/login")
    page.get_by_label("E-mail address").fill(someone.email)
    page.get_by_label("Password", exact=True).fill(someone.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirm your address")
    expect(page.get_by_role("status")).to_contain_text("Your address is not confirmed yet.")
    expect(page.get_by_label("E-mail address")).to_have_value(someone.email)
    codes = [code_for(deployed, someone.email)]
    page.get_by_role("button", name="Send the code").click()
    page.get_by_label("Code from the message").wait_for()
    codes.append(code_for(deployed, someone.email))
    page.get_by_role("button", name="Send another code").click()
    expect(page.get_by_role("status")).to_contain_text("another code")
    codes.append(code_for(deployed, someone.email))
    assert len(set(codes)) == len(codes)
    page.get_by_label("Code from the message").fill(codes[-1])
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Choose a new password")
    expect(page.get_by_role("status")).to_contain_text("Your address is confirmed.")
    page.get_by_role("button", name="Send the code").click()
    page.get_by_label("Code from the message").wait_for()
    page.get_by_label("Code from the message").fill(code_for(deployed, someone.email))
    page.get_by_label("New password", exact=True).fill("Continued-Fractions-1!")
    page.get_by_role("button", name="Save and sign in").click()
    page.wait_for_url("**/dashboard")


def test_no_connection_is_told(visit: Visit) -> None:
    visit.open("/login")
    visit.page.route("**/_cognito/", lambda route: route.abort())
    visit.page.get_by_label("E-mail address").fill("ada@example.com")
    visit.page.get_by_label("Password", exact=True).fill("Whatever-123!")
    visit.page.get_by_role("button", name="Sign in").click()

    expect(visit.page.get_by_role("alert")).to_contain_text("No connection")


# /dashboard


def test_a_new_tenant_has_nothing_and_is_told_where_to_begin(town: Town, visit: Visit) -> None:
    visit.sign_in(town.resident("Annie Easley"))
    visit.settle()
    page = visit.page

    expect(page.get_by_role("heading", level=1)).to_have_text("Your tenant")
    expect(page.get_by_text("Your tenant has no name yet")).to_be_visible()
    expect(page.get_by_text("Nothing came in during the last hour")).to_be_visible()
    expect(page.get_by_role("region", name="Storage").get_by_text("No files yet")).to_be_visible()
    expect(page.get_by_role("region", name="People")).to_contain_text("1 member, 1 admin")
    expect(page.get_by_role("region", name="Webhooks")).to_contain_text("No webhooks yet")


def test_webhooks_are_listed_with_whom_they_tell(world: World, town: Town, visit: Visit) -> None:
    someone = town.resident("Wangari Maathai", tenant_name="Green Belt")
    token = world.people.sign_in_with_claim(someone.person).id
    assert world.parks_api("POST", "/parks", token, {"id": "karura", "name": "Karura Forest"}).status == 201
    webhook = {"eventType": "park-closed", "endpoint": "https://8-8-8-8.sslip.io/karura"}
    assert world.parks_api("POST", "/parks/karura/webhooks", token, webhook).status == 201

    visit.sign_in(someone)
    visit.settle()

    webhooks = visit.page.get_by_role("region", name="Webhooks")
    expect(webhooks).to_contain_text("1 of 1 park")
    row = webhooks.get_by_role("listitem")
    expect(row).to_contain_text("park-closed to https://8-8-8-8.sslip.io/karura")
    expect(row).to_contain_text("Made by you")
    row.get_by_role("button", name="Remove").click()
    row.get_by_role("button", name="Remove").click()
    expect(webhooks.get_by_role("status").filter(has_text="The webhook of Karura Forest is removed.")).to_be_visible()
    expect(webhooks.get_by_role("listitem")).to_have_count(0)


def test_an_admin_takes_over_the_webhook_of_who_was_removed(world: World, town: Town, visit: Visit) -> None:
    someone, maker = town.resident("Rachel Carson", tenant_name="Silent Spring"), town.resident("Shirley Briggs")
    token = world.people.sign_in_with_claim(someone.person).id
    assert world.parks_api("POST", "/parks", token, {"id": "shore", "name": "The Shore"}).status == 201
    makers = world.people.move(maker.person, someone.tenant, {"visitor"}).tokens.id
    webhook = {"eventType": "park-closed", "endpoint": "https://8-8-8-8.sslip.io/shore"}
    assert world.parks_api("POST", "/parks/shore/webhooks", makers, webhook).status == 201

    visit.sign_in(someone)
    webhooks = visit.page.get_by_role("region", name="Webhooks")
    row = webhooks.get_by_role("listitem")
    expect(row).to_contain_text("Made by Shirley Briggs")
    removed = world.parks_api("DELETE", f"/tenants/{someone.tenant}/members/{maker.user_id}", token)
    assert removed.status == 204
    deadline = time.monotonic() + 30
    while _first(world, token)["state"] != "paused" and time.monotonic() < deadline:
        time.sleep(0.5)
    visit.page.reload()
    expect(row).to_contain_text("Made by somebody who is no longer a member")
    expect(row).to_contain_text("Paused, so that it receives nothing: who made it is no longer a member.")
    assert visit.violations() == []
    row.get_by_role("button", name="Take over").click()
    expect(webhooks.get_by_role("status").filter(has_text="Its endpoint must confirm it again.")).to_be_visible()
    expect(row).to_contain_text("Made by you")
    expect(row).to_contain_text("pending")
    world.parks_api("DELETE", f"/parks/shore/webhooks/{_first(world, token)['id']}", token)


def test_a_visitor_sees_and_removes_only_their_own_webhooks(world: World, town: Town, visit: Visit) -> None:
    host, someone = town.resident("Jane Goodall", tenant_name="Gombe"), town.resident("David Greybeard")
    token = world.people.sign_in_with_claim(host.person).id
    assert world.parks_api("POST", "/parks", token, {"id": "gombe", "name": "Gombe Park"}).status == 201
    visitors = world.people.move(someone.person, host.tenant, {"visitor"}).tokens.id
    for caller, event in ((token, "park-closed"), (visitors, "park-opened")):
        webhook = {"eventType": event, "endpoint": "https://8-8-8-8.sslip.io/gombe"}
        assert world.parks_api("POST", "/parks/gombe/webhooks", caller, webhook).status == 201

    visit.sign_in(someone)

    webhooks = visit.page.get_by_role("region", name="Webhooks")
    expect(webhooks.get_by_role("listitem")).to_have_count(1)
    expect(webhooks.get_by_role("listitem")).to_contain_text("park-opened")
    expect(webhooks).not_to_contain_text("Made by")
    expect(webhooks.get_by_role("button", name="Take over")).to_have_count(0)
    for caller in (token, visitors):
        world.parks_api("DELETE", f"/parks/gombe/webhooks/{_first(world, caller)['id']}", caller)


def test_the_last_hour_is_drawn_from_the_lakes_aggregates(deployed: LocalCloud, town: Town, visit: Visit) -> None:
    someone = town.resident("Katherine Johnson", tenant_name="Trajectories")
    aggregates(deployed, someone.tenant, [7] * 30)

    visit.sign_in(someone)
    visit.settle()

    ingestion = visit.page.get_by_role("region", name="Ingestion")
    expect(ingestion).to_contain_text("210 records")
    expect(ingestion.get_by_role("img")).to_have_attribute("aria-label", re.compile(r"^210 records from .* at most 7"))
    expect(ingestion.locator("rect")).to_have_count(30)


def test_what_cannot_be_read_is_told_and_can_be_tried_again(ada: Someone, visit: Visit) -> None:
    broken = {"now": True}

    def answer(route: Route) -> None:
        if broken["now"]:
            route.fulfill(status=500, json={"message": "Internal server error"})
        else:
            route.continue_()

    visit.page.route("**/usage", answer)
    visit.sign_in(ada)
    ingestion = visit.page.get_by_role("region", name="Ingestion")
    expect(ingestion.get_by_role("alert")).to_contain_text("The ingestion could not be read.")
    # The rest of the page is there.
    expect(visit.page.get_by_role("heading", level=1)).to_have_text("Analytical Engines")
    assert visit.violations() == []

    broken["now"] = False
    ingestion.get_by_role("button", name="Try again").click()
    expect(ingestion.get_by_role("alert")).to_have_count(0)


# /files


def test_a_file_is_stored_listed_and_read_in_five_ways(world: World, town: Town, visit: Visit) -> None:
    someone = town.resident("Mary Cartwright", tenant_name="Chaos")
    Storage.of(world).sweep(someone.tenant, someone.user_id)
    visit.sign_in(someone, "/files")
    visit.settle()
    page = visit.page
    page.get_by_label("Name, which may have several levels").fill("notes/engine.txt")
    page.get_by_label("Text", exact=True).fill("It weaves algebraical patterns: <b>\"not\" 'markup'</b>.")
    page.get_by_role("button", name="Store").click()
    expect(page.get_by_role("status").filter(has_text="notes/engine.txt is stored by bucket, prefix")).to_be_visible()

    for mode in _MODES:
        column = page.get_by_role("region", name=mode, exact=True)
        column.get_by_role("button", name="notes/engine.txt").click()
        dialog = page.get_by_role("dialog", name="notes/engine.txt")
        expect(dialog.locator("pre")).to_have_text("It weaves algebraical patterns: <b>\"not\" 'markup'</b>.")
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)

    visit.go("Dashboard")
    storage = page.get_by_role("region", name="Storage")
    expect(storage).to_contain_text("5 objects")


def test_a_file_of_this_device_goes_where_it_is_sent_and_nowhere_else(world: World, town: Town, visit: Visit) -> None:
    someone = town.resident("Caroline Herschel", tenant_name="Comets")
    Storage.of(world).sweep(someone.tenant, someone.user_id)
    visit.sign_in(someone, "/files")
    visit.settle()
    page = visit.page
    page.get_by_label("From this device").set_input_files(
        {"name": "plan.txt", "mimeType": "text/plain", "buffer": "Größe: 3 m²".encode()}
    )
    expect(page.get_by_label("Name, which may have several levels")).to_have_value("plan.txt")
    for mode in _MODES[1:]:
        page.get_by_role("checkbox", name=mode).uncheck()
    page.get_by_role("button", name="Store").click()

    expect(page.get_by_role("region", name="Bucket", exact=True).get_by_role("button", name="plan.txt")).to_be_visible()
    expect(page.get_by_role("region", name="Prefix", exact=True).get_by_role("button", name="plan.txt")).to_have_count(
        0
    )


def test_what_is_no_text_is_refused_before_it_is_sent(ada: Someone, visit: Visit) -> None:
    visit.sign_in(ada, "/files")
    visit.settle()
    visit.page.get_by_label("From this device").set_input_files(
        {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": b"\xff\xd8\xff\xe0"}
    )

    expect(visit.page.get_by_role("alert").first).to_contain_text("photo.jpg is not text in UTF-8")


def test_a_name_that_the_api_refuses_is_told_with_its_reason(ada: Someone, visit: Visit) -> None:
    visit.sign_in(ada, "/files")
    visit.settle()
    page = visit.page
    page.get_by_label("Name, which may have several levels").fill("../elsewhere.txt")
    page.get_by_role("button", name="Store").click()

    expect(page.get_by_role("alert").first).to_contain_text("must not contain '.' or '..' as a whole segment")


def test_a_visitor_is_offered_no_upload_and_is_told_why(world: World, town: Town, visit: Visit) -> None:
    someone = town.resident("Alfred Wallace", tenant_name="Archipelago")
    world.people.enrol(someone.person, someone.tenant, {"visitor"})
    visit.sign_in(someone, "/files")
    visit.settle()

    expect(visit.page.get_by_text("A visitor of this tenant can list and open their files")).to_be_visible()
    expect(visit.page.get_by_role("button", name="Store")).to_have_count(0)
    expect(visit.page.get_by_role("region", name="Bucket", exact=True)).to_contain_text("No files yet")
    assert visit.violations() == []


# /tenant


def test_a_refused_name_is_undone(world: World, town: Town, visit: Visit) -> None:
    someone = town.resident("Joan Clarke", tenant_name="Hut 8")
    visit.sign_in(someone, "/tenant")
    visit.settle()
    page = visit.page
    # Another admin takes the role away after the page has been loaded.
    world.people.enrol(someone.person, someone.tenant, {"member"})

    page.get_by_label("Name of the tenant").fill("Hut 6")
    with page.expect_response(lambda answer: answer.request.method == "PUT") as answered:
        page.get_by_role("button", name="Rename").click()

    expect(page.get_by_role("alert").first).to_contain_text("The name stays as it was. Only an admin")
    expect(page.get_by_role("heading", level=1)).to_have_text("Hut 8")
    # The page follows the roles: who may not rename is not offered it.
    expect(page.get_by_text("Only an admin of this tenant can rename it.")).to_be_visible()
    expect(page.get_by_label("Name of the tenant")).to_have_count(0)
    assert answered.value.status == 403
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hut 8")


def test_a_new_name_is_shown_before_the_api_has_answered(town: Town, visit: Visit) -> None:
    visit.sign_in(town.resident("Mina Rees", tenant_name="Before"), "/tenant")
    visit.settle()
    page = visit.page
    held: list[Route] = []
    page.route("**/api/tenant/tenant/*", lambda route: held.append(route) if _puts(route) else route.continue_())

    page.get_by_label("Name of the tenant").fill("After")
    page.get_by_role("button", name="Rename").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("After")
    assert len(held) == 1
    held[0].continue_()
    expect(page.get_by_role("status").filter(has_text="now called After")).to_be_visible()


def test_an_admin_invites_and_the_invited_joins_and_switches(town: Town, make_visit: MakeVisit) -> None:
    host = town.resident("Lise Meitner", tenant_name="Fission")
    guest = town.resident("Otto Frisch", tenant_name="Droplets")
    hosts, guests = make_visit(), make_visit()

    hosts.sign_in(host, "/tenant")
    hosts.settle()
    hosts.page.get_by_label("Their e-mail address").fill(guest.email)
    hosts.page.get_by_role("button", name="Invite").click()
    expect(hosts.page.get_by_role("list", name="Invited")).to_contain_text(guest.email)

    guests.sign_in(guest, "/tenant")
    own = guests.page.get_by_role("region", name="Your tenants")
    own.get_by_role("button", name="Join Fission").click()
    own.get_by_role("button", name="Switch to Fission").click()
    expect(guests.page.get_by_role("heading", level=1)).to_have_text("Fission")
    expect(guests.page.get_by_text("An admin of this tenant sees who is in it")).to_be_visible()

    hosts.page.reload()
    members = hosts.page.get_by_role("list", name="Members")
    expect(members.get_by_role("listitem")).to_have_count(2)
    members.get_by_role("button", name="Roles of Otto Frisch").click()
    members.get_by_role("checkbox", name="visitor").check()
    members.get_by_role("button", name="Save").click()
    expect(members.get_by_role("listitem").filter(has_text=guest.email)).to_contain_text("visitor")
    members.get_by_role("button", name="Remove Otto Frisch").click()
    members.get_by_role("button", name="Remove", exact=True).click()
    expect(members.get_by_role("listitem")).to_have_count(1)


def test_a_member_is_offered_neither_a_name_nor_members_to_change(world: World, town: Town, visit: Visit) -> None:
    someone = town.resident("Cecilia Payne", tenant_name="Stellar Atmospheres")
    world.people.enrol(someone.person, someone.tenant, {"member"})
    visit.sign_in(someone, "/tenant")
    visit.settle()
    page = visit.page

    expect(page.get_by_role("heading", level=1)).to_have_text("Stellar Atmospheres")
    expect(page.get_by_text("Only an admin of this tenant can rename it.")).to_be_visible()
    expect(page.get_by_text("An admin of this tenant sees who is in it")).to_be_visible()
    for name in ("Rename", "Invite"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    assert visit.violations() == []


def test_an_admin_cannot_invite_themselves_and_is_told_so_at_the_field(town: Town, visit: Visit) -> None:
    someone, page = town.resident("Inge Lehmann"), visit.page
    visit.sign_in(someone, "/tenant")
    visit.settle()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)

    page.get_by_label("Their e-mail address").fill(someone.email.upper())
    page.get_by_label("Their e-mail address").press("Enter")

    expect(page.get_by_text("This is your own address. You are a member already.")).to_be_visible()
    expect(page.get_by_label("Their e-mail address")).to_have_attribute("aria-invalid", "true")
    assert visit.violations() == []
    assert [url for url in asked if "/api/" in url] == []


def test_the_last_admin_is_told_why_they_cannot_leave(town: Town, visit: Visit) -> None:
    visit.sign_in(town.resident("Ruth Teitelbaum"), "/tenant")
    visit.settle()
    members = visit.page.get_by_role("region", name="Members")
    members.get_by_role("button", name="Leave this tenant").click()
    members.get_by_role("button", name="Leave", exact=True).click()

    expect(members.get_by_role("alert").first).to_contain_text("admin")


# /profile


def test_a_person_changes_their_password(town: Town, visit: Visit) -> None:
    someone, page = town.resident("Grete Hermann"), visit.page
    visit.sign_in(someone, "/profile")
    expect(page.get_by_role("region", name="You", exact=True)).to_contain_text(someone.user_id)
    page.get_by_label("Present password", exact=True).fill("Wrong-password-1!")
    page.get_by_label("New password", exact=True).fill("Quantum-Logic-1935")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_role("alert").first).to_contain_text("The present password is wrong.")
    page.get_by_label("Present password", exact=True).fill(someone.password)
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_role("status").filter(has_text="Your password is changed,")).to_be_visible()


def test_a_new_password_ends_every_other_session_and_keeps_this_one(
    world: World, town: Town, make_visit: MakeVisit
) -> None:
    someone = town.resident("Mary Jackson", tenant_name="Wind Tunnel")
    here, there = make_visit(), make_visit()
    for visit in (here, there):
        visit.sign_in(someone, "/profile")
    others, before = there.token(), here.token()
    time.sleep(1)  # sessions end by the second, and one that has just begun is not an earlier one
    page = here.page
    page.get_by_label("Present password", exact=True).fill(someone.password)
    page.get_by_label("New password", exact=True).fill("Supersonic-1958!")
    page.get_by_role("button", name="Change password").click()

    expect(page.get_by_role("status").filter(has_text="your other sessions have ended")).to_be_visible()
    assert [world.parks_api("GET", "/settings", token).status for token in (others, before)] == [401, 401]
    assert world.parks_api("GET", "/settings", here.token()).status == 200
    here.go("Tenant")
    expect(page.get_by_role("heading", level=1)).to_have_text("Wind Tunnel")
    there.page.get_by_role("navigation").get_by_role("link", name="Tenant").click()
    there.page.wait_for_url("**/login?next=%2Ftenant&expired")
    # This session can be renewed: the end of the others did not take its refresh token.
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Wind Tunnel")
    world.target.aws.anonymous().cognito.get_tokens_from_refresh_token(
        ClientId=world.target.client_id, RefreshToken=here.stored("refreshToken")
    )


def test_a_person_changes_their_address_and_signs_in_with_the_new_one(
    deployed: LocalCloud, world: World, town: Town, visit: Visit
) -> None:
    someone, page = town.resident("Dorothy Hodgkin", tenant_name="Crystals"), visit.page
    moved = dataclasses.replace(someone, email=f"crowfoot.{someone.email}")
    visit.sign_in(someone, "/profile")
    token = visit.token()
    page.get_by_label("New e-mail address").fill(moved.email)
    page.get_by_role("button", name="Send the code").click()
    expect(page.get_by_role("status").filter(has_text=f"We have sent a code to {moved.email}.")).to_be_visible()
    assert visit.violations() == []
    page.get_by_label("Code from the message").fill(code_for(deployed, moved.email))
    time.sleep(1)  # as above
    page.get_by_role("button", name="Change address").click()

    page.wait_for_url("**/login")
    expect(page.get_by_role("status")).to_contain_text("Your address is changed")
    assert world.parks_api("GET", "/settings", token).status == 401
    visit.fill_in(moved)
    page.wait_for_url("**/dashboard")
    visit.go("Profile")
    expect(page.get_by_role("region", name="You", exact=True)).to_contain_text(moved.email)


def test_the_only_admin_of_a_tenant_is_told_why_their_account_stays(town: Town, visit: Visit) -> None:
    someone, page = town.resident("Barbara McClintock"), visit.page
    visit.sign_in(someone, "/profile")
    page.get_by_role("button", name="Delete my account").click()
    card = page.get_by_role("region", name="Delete your account")
    button = card.get_by_role("button", name="Delete my account")
    expect(button).to_have_attribute("aria-disabled", "true")
    card.get_by_label(f"Type {someone.email} to confirm").fill(someone.email)
    button.click()

    expect(card.get_by_role("alert")).to_contain_text("Your account is not deleted.")
    expect(card.get_by_role("alert")).to_contain_text("admin")
    assert visit.violations() == []


def test_a_person_deletes_their_account(world: World, town: Town, visit: Visit) -> None:
    someone, host, page = town.resident("Lynn Margulis"), town.resident("Konrad Lorenz"), visit.page
    # Somebody else runs the tenant with them.
    world.people.enrol(host.person, someone.tenant, {"admin"})
    visit.sign_in(someone, "/profile")
    token = visit.token()
    page.get_by_role("button", name="Delete my account").click()
    page.get_by_label(f"Type {someone.email} to confirm").fill(someone.email)
    page.get_by_role("region", name="Delete your account").get_by_role("button", name="Delete my account").click()

    page.wait_for_url("**/login")
    expect(page.get_by_role("status")).to_contain_text("Your account is deleted.")
    assert world.parks_api("GET", "/settings", token).status == 401
    visit.fill_in(someone)
    expect(page.get_by_role("alert")).not_to_be_empty()


# Anywhere


def test_an_address_that_leads_nowhere_is_told(ada: Someone, visit: Visit) -> None:
    visit.sign_in(ada, "/attic")

    expect(visit.page.get_by_role("heading", level=1)).to_have_text("Nothing is here")
    visit.page.get_by_role("link", name="To the dashboard").click()
    visit.page.wait_for_url("**/dashboard")


def test_the_page_is_worked_by_keyboard_alone(ada: Someone, visit: Visit) -> None:
    visit.open("/login")
    page = visit.page
    page.get_by_label("E-mail address").focus()
    page.keyboard.type(ada.email)
    page.keyboard.press("Tab")
    page.keyboard.type(ada.password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/dashboard")
    visit.settle()
    page.reload()
    visit.settle()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "content"


def _first(world: World, token: str) -> dict[str, str]:
    """Return the first webhook of the first park."""
    park = world.parks_api("GET", "/parks", token).json()["items"][0]["id"]
    webhook: dict[str, str] = world.parks_api("GET", f"/parks/{park}/webhooks", token).json()["items"][0]
    return webhook


def _puts(route: Route) -> bool:
    return route.request.method == "PUT"

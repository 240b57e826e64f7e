"""Each page: content, actions and error messages."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tenantry.attacks.storage import Storage
from tenantry.attacks.waiting import until
from tenantry.testing.lake import Lake
from tests.e2e.dashboard.browser import DashboardUser, await_next_second, code_for

if TYPE_CHECKING:
    from playwright.sync_api import Route

    from tenantry.attacks.world import World
    from tenantry.local.cloud import LocalCloud
    from tests.e2e.dashboard.browser import Users, Visit
    from tests.e2e.dashboard.conftest import MakeVisit

_MODES = ("Bucket", "Prefix", "Tag", "Access point", "Database")


# /login


def test_sign_in_error_does_not_reveal_whether_an_account_exists(ada: DashboardUser, make_visit: MakeVisit) -> None:
    errors = []
    for email in (ada.email, "nobody@example.com"):
        visit = make_visit()
        visit.open("/login")
        visit.fill_in(dataclasses.replace(ada, email=email, password="Wrong-password-1!"))
        expect(visit.page.get_by_role("alert")).not_to_be_empty()
        errors.append(visit.page.get_by_role("alert").inner_text())

    assert errors == ["The e-mail address or the password is wrong. Check both, or reset your password."] * 2


def test_sign_up_with_an_existing_address_shows_an_error(ada: DashboardUser, visit: Visit) -> None:
    visit.fill_in_sign_up(dataclasses.replace(ada, name="Somebody Else", password="Another-one-1!"))

    expect(visit.page.get_by_role("alert")).to_contain_text("An account with this e-mail address already exists")


def test_unconfirmed_user_requests_a_code_and_chooses_a_new_password(
    deployed: LocalCloud, world: World, users: Users, visit: Visit
) -> None:
    someone, target, page = users.without_account("Ida Rhodes"), world.target, visit.page
    made = target.aws.anonymous().cognito.sign_up(
        ClientId=target.client_id,
        Username=someone.email,
        Password=someone.password,
        UserAttributes=[{"Name": "email", "Value": someone.email}, {"Name": "name", "Value": someone.name}],
    )
    world.run_resources.user(made["UserSub"])

    visit.open("/login")
    visit.fill_in(someone)
    expect(visit.heading).to_have_text("Confirm your e-mail address")
    expect(page.get_by_role("status")).to_contain_text("Your e-mail address is not confirmed yet.")
    expect(page.get_by_label("E-mail address", exact=True)).to_have_value(someone.email)
    codes = [code_for(deployed, someone.email)]
    visit.request_code()
    codes.append(code_for(deployed, someone.email))
    page.get_by_role("button", name="Send another code").click()
    expect(page.get_by_role("status")).to_contain_text("another code")
    codes.append(code_for(deployed, someone.email))
    assert len(set(codes)) == len(codes)
    visit.confirm(codes[-1])
    expect(visit.heading).to_have_text("Choose a new password")
    expect(page.get_by_role("status")).to_contain_text("Your e-mail address is confirmed.")
    visit.request_code()
    visit.choose_password(code_for(deployed, someone.email), "Continued-Fractions-1!")


def test_network_failure_shows_an_error(visit: Visit) -> None:
    visit.open("/login")
    visit.page.route("**/_cognito/", lambda route: route.abort())
    visit.fill_in(DashboardUser(name="Ada", email="ada@example.com", password="Whatever-123!"))

    expect(visit.page.get_by_role("alert")).to_contain_text("No network connection")


# /dashboard


def test_new_tenant_shows_empty_states(users: Users, visit: Visit) -> None:
    visit.sign_in(users.with_tenant("Annie Easley"))
    page = visit.page

    expect(visit.heading).to_have_text("Unnamed tenant")
    expect(page.get_by_text("This tenant has no name yet")).to_be_visible()
    expect(page.get_by_text("No records in the last hour")).to_be_visible()
    expect(page.get_by_role("region", name="Storage").get_by_text("No files yet")).to_be_visible()
    expect(page.get_by_role("region", name="Members")).to_contain_text("1 member, 1 admin")
    expect(page.get_by_role("region", name="Webhooks")).to_contain_text("No webhooks yet")


def test_admin_lists_and_removes_a_webhook(world: World, users: Users, visit: Visit) -> None:
    someone = users.with_tenant("Wangari Maathai", tenant_name="Green Belt")
    token = world.accounts.sign_in_with_claim(someone.person).id
    _create_park(world, token, "karura", "Karura Forest")
    _create_webhook(world, token, "karura", "park-closed")

    visit.sign_in(someone)

    webhooks = visit.page.get_by_role("region", name="Webhooks")
    expect(webhooks).to_contain_text("1 webhook in 1 park")
    row = webhooks.get_by_role("listitem")
    expect(row).to_contain_text("park-closed to https://8-8-8-8.sslip.io/karura")
    expect(row).to_contain_text("Created by you")
    row.get_by_role("button", name="Remove").click()
    row.get_by_role("button", name="Remove").click()
    expect(webhooks.get_by_role("status").filter(has_text="The webhook of Karura Forest was removed.")).to_be_visible()
    expect(webhooks.get_by_role("listitem")).to_have_count(0)


def test_admin_takes_over_the_webhook_of_a_removed_member(world: World, users: Users, visit: Visit) -> None:
    someone = users.with_tenant("Rachel Carson", tenant_name="Silent Spring")
    creator = users.with_tenant("Shirley Briggs")
    token = world.accounts.sign_in_with_claim(someone.person).id
    _create_park(world, token, "shore", "The Shore")
    creator_token = world.accounts.move(creator.person, someone.tenant, {"visitor"}).tokens.id
    _create_webhook(world, creator_token, "shore", "park-closed")

    visit.sign_in(someone)
    webhooks = visit.page.get_by_role("region", name="Webhooks")
    row = webhooks.get_by_role("listitem")
    expect(row).to_contain_text("Created by Shirley Briggs")
    removed = world.membership_api("DELETE", f"/tenants/{someone.tenant}/members/{creator.user_id}", token)
    assert removed.status == 204
    assert until(lambda: _first(world, token)["state"] == "paused", 30)
    visit.page.reload()
    expect(row).to_contain_text("Created by a former member")
    expect(row).to_contain_text("Paused: it receives no events, because the user who created it is no longer a member.")
    assert visit.violations() == []
    row.get_by_role("button", name="Take over").click()
    expect(
        webhooks.get_by_role("status").filter(has_text="Its endpoint must confirm the subscription again.")
    ).to_be_visible()
    expect(row).to_contain_text("Created by you")
    expect(row).to_contain_text("pending")
    world.parks_api("DELETE", f"/parks/shore/webhooks/{_first(world, token)['id']}", token)


def test_visitor_sees_only_their_own_webhooks(world: World, users: Users, visit: Visit) -> None:
    host, someone = users.with_tenant("Jane Goodall", tenant_name="Gombe"), users.with_tenant("David Greybeard")
    token = world.accounts.sign_in_with_claim(host.person).id
    _create_park(world, token, "gombe", "Gombe Park")
    visitors = world.accounts.move(someone.person, host.tenant, {"visitor"}).tokens.id
    _create_webhook(world, token, "gombe", "park-closed")
    _create_webhook(world, visitors, "gombe", "park-opened")

    visit.sign_in(someone)

    webhooks = visit.page.get_by_role("region", name="Webhooks")
    expect(webhooks.get_by_role("listitem")).to_have_count(1)
    expect(webhooks.get_by_role("listitem")).to_contain_text("park-opened")
    expect(webhooks).not_to_contain_text("Created by")
    expect(webhooks.get_by_role("button", name="Take over")).to_have_count(0)
    for caller in (token, visitors):
        world.parks_api("DELETE", f"/parks/gombe/webhooks/{_first(world, caller)['id']}", caller)


def test_ingestion_chart_shows_the_lake_aggregates_of_the_last_hour(
    deployed: LocalCloud, users: Users, visit: Visit
) -> None:
    someone = users.with_tenant("Katherine Johnson", tenant_name="Trajectories")
    Lake(deployed.session().client("s3"), deployed.output("DataLakeBucket")).write_aggregates(someone.tenant, [7] * 30)

    visit.sign_in(someone)

    ingestion = visit.page.get_by_role("region", name="Ingestion")
    expect(ingestion).to_contain_text("210 records")
    expect(ingestion.get_by_role("img")).to_have_attribute("aria-label", re.compile(r"^210 records from .* at most 7"))
    expect(ingestion.locator("rect")).to_have_count(30)


def test_failed_request_shows_an_error_and_can_be_retried(ada: DashboardUser, visit: Visit) -> None:
    broken = {"now": True}

    def answer(route: Route) -> None:
        if broken["now"]:
            route.fulfill(status=500, json={"message": "Internal server error"})
        else:
            route.continue_()

    visit.page.route("**/usage", answer)
    visit.sign_in(ada)
    ingestion = visit.page.get_by_role("region", name="Ingestion")
    expect(ingestion.get_by_role("alert")).to_contain_text("Ingestion could not be loaded.")
    # The rest of the page is shown.
    expect(visit.heading).to_have_text("Analytical Engines")
    assert visit.violations() == []

    broken["now"] = False
    ingestion.get_by_role("button", name="Try again").click()
    expect(ingestion.get_by_role("alert")).to_have_count(0)


def test_part_of_the_usage_that_failed_is_shown_beside_the_other(ada: DashboardUser, visit: Visit) -> None:
    hour = {"from": "2026-11-25T03:08:00Z", "to": "2026-11-25T04:08:00Z", "minutes": [], "complete": True}
    visit.page.route("**/usage", lambda route: route.fulfill(json={"ingestion": hour, "failed": ["storage"]}))
    visit.sign_in(ada)

    storage = visit.page.get_by_role("region", name="Storage")
    expect(storage.get_by_role("alert")).to_contain_text("Storage usage could not be loaded.")
    expect(visit.page.get_by_role("region", name="Ingestion")).to_contain_text("No records in the last hour")


# /files


def test_file_is_stored_listed_and_read_in_every_partition_mode(world: World, users: Users, visit: Visit) -> None:
    someone = users.with_tenant("Mary Cartwright", tenant_name="Chaos")
    Storage.of(world).sweep(someone.tenant, someone.user_id)
    visit.sign_in(someone, "/files")
    page = visit.page
    page.get_by_label("File name").fill("notes/engine.txt")
    page.get_by_label("Text", exact=True).fill("It weaves algebraical patterns: <b>\"not\" 'markup'</b>.")
    page.get_by_role("button", name="Store").click()
    expect(page.get_by_role("status").filter(has_text="notes/engine.txt was stored in bucket, prefix")).to_be_visible()

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


def test_uploaded_file_is_stored_only_in_the_selected_partition_modes(world: World, users: Users, visit: Visit) -> None:
    someone = users.with_tenant("Caroline Herschel", tenant_name="Comets")
    Storage.of(world).sweep(someone.tenant, someone.user_id)
    visit.sign_in(someone, "/files")
    page = visit.page
    page.get_by_label("Choose a file").set_input_files(
        {"name": "plan.txt", "mimeType": "text/plain", "buffer": "Größe: 3 m²".encode()}
    )
    expect(page.get_by_label("File name")).to_have_value("plan.txt")
    for mode in _MODES[1:]:
        page.get_by_role("checkbox", name=mode).uncheck()
    page.get_by_role("button", name="Store").click()

    expect(page.get_by_role("region", name="Bucket", exact=True).get_by_role("button", name="plan.txt")).to_be_visible()
    expect(page.get_by_role("region", name="Prefix", exact=True).get_by_role("button", name="plan.txt")).to_have_count(
        0
    )


def test_upload_of_a_binary_file_is_refused(ada: DashboardUser, visit: Visit) -> None:
    visit.sign_in(ada, "/files")
    visit.page.get_by_label("Choose a file").set_input_files(
        {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": b"\xff\xd8\xff\xe0"}
    )

    expect(visit.page.get_by_role("alert").first).to_contain_text("photo.jpg is not UTF-8 text")


def test_invalid_file_name_shows_the_reason_of_the_api(ada: DashboardUser, visit: Visit) -> None:
    visit.sign_in(ada, "/files")
    page = visit.page
    page.get_by_label("File name").fill("../elsewhere.txt")
    page.get_by_role("button", name="Store").click()

    expect(page.get_by_role("alert").first).to_contain_text("must not contain '.' or '..' as a whole segment")


def test_visitor_sees_no_upload_form(world: World, users: Users, visit: Visit) -> None:
    someone = users.with_tenant("Alfred Wallace", tenant_name="Archipelago")
    world.accounts.enrol(someone.person, someone.tenant, {"visitor"})
    visit.sign_in(someone, "/files")

    expect(visit.page.get_by_text("Visitors can list and open their files")).to_be_visible()
    expect(visit.page.get_by_role("button", name="Store")).to_have_count(0)
    expect(visit.page.get_by_role("region", name="Bucket", exact=True)).to_contain_text("No files yet")
    assert visit.violations() == []


# /tenant


def test_refused_rename_restores_the_previous_name(world: World, users: Users, visit: Visit) -> None:
    someone = users.with_tenant("Joan Clarke", tenant_name="Hut 8")
    visit.sign_in(someone, "/tenant")
    page = visit.page
    # The role is removed after the page has been loaded.
    world.accounts.enrol(someone.person, someone.tenant, {"member"})

    page.get_by_label("Tenant name").fill("Hut 6")
    with page.expect_response(lambda answer: answer.request.method == "PUT") as answered:
        page.get_by_role("button", name="Rename").click()

    expect(page.get_by_role("alert").first).to_contain_text("The name was not changed. Only an admin")
    expect(visit.heading).to_have_text("Hut 8")
    # The page reads the roles again, and removes the form.
    expect(page.get_by_text("Only an admin of this tenant can rename it.")).to_be_visible()
    expect(page.get_by_label("Tenant name")).to_have_count(0)
    assert answered.value.status == 403
    page.reload()
    expect(visit.heading).to_have_text("Hut 8")


def test_rename_is_shown_before_the_api_responds(users: Users, visit: Visit) -> None:
    visit.sign_in(users.with_tenant("Mina Rees", tenant_name="Before"), "/tenant")
    page = visit.page
    held: list[Route] = []
    page.route("**/api/tenant/tenant/*", lambda route: held.append(route) if _puts(route) else route.continue_())

    page.get_by_label("Tenant name").fill("After")
    page.get_by_role("button", name="Rename").click()

    expect(visit.heading).to_have_text("After")
    assert len(held) == 1
    held[0].continue_()
    expect(page.get_by_role("status").filter(has_text="renamed to After")).to_be_visible()


def test_invited_user_accepts_and_switches_to_the_tenant(users: Users, make_visit: MakeVisit) -> None:
    host = users.with_tenant("Lise Meitner", tenant_name="Fission")
    guest = users.with_tenant("Otto Frisch", tenant_name="Droplets")
    hosts, guests = make_visit(), make_visit()

    hosts.sign_in(host, "/tenant")
    hosts.page.get_by_label("E-mail address", exact=True).fill(guest.email)
    hosts.page.get_by_role("button", name="Invite").click()
    expect(hosts.page.get_by_role("list", name="Pending invitations")).to_contain_text(guest.email)

    guests.sign_in(guest, "/tenant")
    own = guests.page.get_by_role("region", name="Your tenants")
    own.get_by_role("button", name="Accept the invitation to Fission").click()
    own.get_by_role("button", name="Switch to Fission").click()
    expect(guests.heading).to_have_text("Fission")
    expect(guests.page.get_by_text("Only an admin of this tenant can see and invite members")).to_be_visible()

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


def test_member_can_neither_rename_the_tenant_nor_manage_members(world: World, users: Users, visit: Visit) -> None:
    someone = users.with_tenant("Cecilia Payne", tenant_name="Stellar Atmospheres")
    world.accounts.enrol(someone.person, someone.tenant, {"member"})
    visit.sign_in(someone, "/tenant")
    page = visit.page

    expect(visit.heading).to_have_text("Stellar Atmospheres")
    expect(page.get_by_text("Only an admin of this tenant can rename it.")).to_be_visible()
    expect(page.get_by_text("Only an admin of this tenant can see and invite members")).to_be_visible()
    for name in ("Rename", "Invite"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    assert visit.violations() == []


def test_admin_who_invites_themselves_sees_a_field_error(users: Users, visit: Visit) -> None:
    someone, page = users.with_tenant("Inge Lehmann"), visit.page
    visit.sign_in(someone, "/tenant")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)

    page.get_by_label("E-mail address", exact=True).fill(someone.email.upper())
    page.get_by_label("E-mail address", exact=True).press("Enter")

    expect(page.get_by_text("This is your own e-mail address, and you are already a member.")).to_be_visible()
    expect(page.get_by_label("E-mail address", exact=True)).to_have_attribute("aria-invalid", "true")
    assert visit.violations() == []
    assert [url for url in asked if "/api/" in url] == []


def test_last_admin_cannot_leave_the_tenant(users: Users, visit: Visit) -> None:
    visit.sign_in(users.with_tenant("Ruth Teitelbaum"), "/tenant")
    members = visit.page.get_by_role("region", name="Members")
    members.get_by_role("button", name="Leave this tenant").click()
    members.get_by_role("button", name="Leave", exact=True).click()

    expect(members.get_by_role("alert").first).to_contain_text("admin")


# /profile


def test_password_change_requires_the_current_password(users: Users, visit: Visit) -> None:
    someone, page = users.with_tenant("Grete Hermann"), visit.page
    visit.sign_in(someone, "/profile")
    expect(page.get_by_role("region", name="Account", exact=True)).to_contain_text(someone.user_id)
    page.get_by_label("Current password", exact=True).fill("Wrong-password-1!")
    page.get_by_label("New password", exact=True).fill("Quantum-Logic-1935")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_role("alert").first).to_contain_text("The current password is wrong.")
    page.get_by_label("Current password", exact=True).fill(someone.password)
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_role("status").filter(has_text="Your password is changed,")).to_be_visible()


def test_password_change_ends_all_other_sessions(world: World, users: Users, make_visit: MakeVisit) -> None:
    someone = users.with_tenant("Mary Jackson", tenant_name="Wind Tunnel")
    here, there = make_visit(), make_visit()
    for visit in (here, there):
        visit.sign_in(someone, "/profile")
    others, before = there.token(), here.token()
    await_next_second(others, before)
    page = here.page
    page.get_by_label("Current password", exact=True).fill(someone.password)
    page.get_by_label("New password", exact=True).fill("Supersonic-1958!")
    page.get_by_role("button", name="Change password").click()

    expect(page.get_by_role("status").filter(has_text="your other sessions have ended")).to_be_visible()
    assert [world.membership_api("GET", "/settings", token).status for token in (others, before)] == [401, 401]
    assert world.membership_api("GET", "/settings", here.token()).status == 200
    here.go("Tenant")
    expect(here.heading).to_have_text("Wind Tunnel")
    there.page.get_by_role("navigation").get_by_role("link", name="Tenant").click()
    there.page.wait_for_url("**/login?next=%2Ftenant&expired")
    # The refresh token of this session is still valid.
    page.reload()
    expect(here.heading).to_have_text("Wind Tunnel")
    world.target.aws.anonymous().cognito.get_tokens_from_refresh_token(
        ClientId=world.target.client_id, RefreshToken=here.stored("refreshToken")
    )


def test_address_change_ends_the_session_and_allows_sign_in_with_the_new_address(
    deployed: LocalCloud, world: World, users: Users, visit: Visit
) -> None:
    someone, page = users.with_tenant("Dorothy Hodgkin", tenant_name="Crystals"), visit.page
    moved = dataclasses.replace(someone, email=f"crowfoot.{someone.email}")
    visit.sign_in(someone, "/profile")
    token = visit.token()
    page.get_by_label("New e-mail address").fill(moved.email)
    page.get_by_role("button", name="Send code").click()
    expect(page.get_by_role("status").filter(has_text=f"We have sent a code to {moved.email}.")).to_be_visible()
    assert visit.violations() == []
    page.get_by_label("Code from the e-mail").fill(code_for(deployed, moved.email))
    await_next_second(token)
    page.get_by_role("button", name="Change address").click()

    page.wait_for_url("**/login")
    expect(page.get_by_role("status")).to_contain_text("Your e-mail address is changed")
    assert world.membership_api("GET", "/settings", token).status == 401
    visit.fill_in(moved)
    page.wait_for_url("**/dashboard")
    visit.go("Profile")
    expect(page.get_by_role("region", name="Account", exact=True)).to_contain_text(moved.email)


def test_last_admin_cannot_delete_their_account(users: Users, visit: Visit) -> None:
    someone, page = users.with_tenant("Barbara McClintock"), visit.page
    visit.sign_in(someone, "/profile")
    page.get_by_role("button", name="Delete my account").click()
    card = page.get_by_role("region", name="Delete your account")
    button = card.get_by_role("button", name="Delete my account")
    expect(button).to_have_attribute("aria-disabled", "true")
    card.get_by_label(f"Type {someone.email} to confirm").fill(someone.email)
    button.click()

    expect(card.get_by_role("alert")).to_contain_text("Your account was not deleted.")
    expect(card.get_by_role("alert")).to_contain_text("admin")
    assert visit.violations() == []


def test_account_deletion_ends_the_session(world: World, users: Users, visit: Visit) -> None:
    someone, host, page = users.with_tenant("Lynn Margulis"), users.with_tenant("Konrad Lorenz"), visit.page
    # The tenant has another admin.
    world.accounts.enrol(host.person, someone.tenant, {"admin"})
    visit.sign_in(someone, "/profile")
    token = visit.token()
    page.get_by_role("button", name="Delete my account").click()
    page.get_by_label(f"Type {someone.email} to confirm").fill(someone.email)
    page.get_by_role("region", name="Delete your account").get_by_role("button", name="Delete my account").click()

    page.wait_for_url("**/login")
    expect(page.get_by_role("status")).to_contain_text("Your account is deleted.")
    assert world.membership_api("GET", "/settings", token).status == 401
    visit.fill_in(someone)
    expect(page.get_by_role("alert")).not_to_be_empty()


# All pages


def test_unknown_path_shows_the_not_found_page(ada: DashboardUser, visit: Visit) -> None:
    visit.sign_in(ada, "/attic")

    expect(visit.heading).to_have_text("Page not found")
    visit.page.get_by_role("link", name="Go to the dashboard").click()
    visit.page.wait_for_url("**/dashboard")


def test_page_is_operable_by_keyboard(ada: DashboardUser, visit: Visit) -> None:
    visit.open("/login")
    page = visit.page
    page.get_by_label("E-mail address", exact=True).focus()
    page.keyboard.type(ada.email)
    page.keyboard.press("Tab")
    page.keyboard.type(ada.password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/dashboard")
    visit.settle()
    page.reload()
    visit.settle()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "content"


def _create_park(world: World, token: str, park: str, name: str) -> None:
    assert world.parks_api("POST", "/parks", token, {"id": park, "name": name}).status == 201


def _create_webhook(world: World, token: str, park: str, event: str) -> None:
    webhook = {"eventType": event, "endpoint": f"https://8-8-8-8.sslip.io/{park}"}
    assert world.parks_api("POST", f"/parks/{park}/webhooks", token, webhook).status == 201


def _first(world: World, token: str) -> dict[str, str]:
    """Return the first webhook of the first park."""
    park = world.parks_api("GET", "/parks", token).json()["items"][0]["id"]
    webhook: dict[str, str] = world.parks_api("GET", f"/parks/{park}/webhooks", token).json()["items"][0]
    return webhook


def _puts(route: Route) -> bool:
    return route.request.method == "PUT"

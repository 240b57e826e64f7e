import { withTenantChange } from "../data/account";
import { accept, decline, getOwnInvitations, getTenants, switchTenant } from "../data/api";
import { useAction, useLoad } from "../data/hooks";
import { Card, Empty, Failed, Loading, Problem } from "./bits";
import { Badges } from "./roles";

/** The tenants that a person belongs to, one of them active, and those that they are invited into. */
export function OwnTenants({ userId, active }: { userId: string; active: string | undefined }) {
  const tenants = useLoad(`tenants of ${userId} in ${active}`, getTenants);
  const invitations = useLoad(`invitations of ${userId} in ${active}`, getOwnInvitations);
  const change = useAction(async (act: () => Promise<unknown>) => {
    // The token names the active tenant: everything on the page is asked for anew with one that names the new one.
    await withTenantChange(act);
    tenants.reload();
    invitations.reload();
  });
  return (
    <Card title={active === undefined && tenants.value?.length === 0 ? "Your invitations" : "Your tenants"}>
      <Problem>{change.error}</Problem>
      {tenants.error && <Failed what="Your tenants" error={tenants.error} retry={tenants.reload} />}
      {!tenants.value && !tenants.error && <Loading lines={2} />}
      {tenants.value?.length === 0 && invitations.value?.length === 0 && (
        <Empty title="No invitations yet">Ask an admin of a tenant to invite you, then reload this page.</Empty>
      )}
      {invitations.error && <Failed what="Your invitations" error={invitations.error} retry={invitations.reload} />}
      <ul class="list">
        {tenants.value?.map(({ tenantId, name, roles }) => (
          <li key={tenantId}>
            <span class="who">
              <strong>{name ?? "Unnamed tenant"}</strong>
              <span>{tenantId}</span>
            </span>
            <Badges roles={roles} />
            {tenantId === active ? (
              <span class="now">Active</span>
            ) : (
              <button
                type="button"
                class="button"
                aria-disabled={change.busy}
                onClick={() => void change.run(() => switchTenant(tenantId))}
              >
                Switch<span class="aloud"> to {name ?? tenantId}</span>
              </button>
            )}
          </li>
        ))}
        {invitations.value?.map(({ tenantId, tenantName, roles, expires }) => (
          <li key={`invitation into ${tenantId}`}>
            <span class="who">
              <strong>{tenantName ?? "Unnamed tenant"}</strong>
              <span>Invitation, expires on {new Date(expires).toLocaleDateString("en", { dateStyle: "long" })}</span>
            </span>
            <Badges roles={roles} />
            <button
              type="button"
              class="button primary"
              aria-disabled={change.busy}
              onClick={() => void change.run(() => accept(tenantId))}
            >
              Accept<span class="aloud"> the invitation to {tenantName ?? tenantId}</span>
            </button>
            <button
              type="button"
              class="quiet"
              aria-disabled={change.busy}
              onClick={() => void change.run(() => decline(tenantId))}
            >
              Decline<span class="aloud"> the invitation to {tenantName ?? tenantId}</span>
            </button>
          </li>
        ))}
      </ul>
    </Card>
  );
}

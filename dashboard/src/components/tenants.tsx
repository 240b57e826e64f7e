import { withTenantChange } from "../data/account";
import { acceptInvitation, declineInvitation, getTenants, getUserInvitations, switchTenant } from "../data/api";
import { useAction, useLoad } from "../data/hooks";
import { Card, EmptyState, ErrorMessage, LoadFailed, Loading } from "./elements";
import { RoleBadges } from "./roles";

/** The tenants that a user is a member of, and their invitations. */
export function UserTenants({ userId, active }: { userId: string; active: string | undefined }) {
  const tenants = useLoad(`tenants of ${userId} in ${active}`, getTenants);
  const invitations = useLoad(`invitations of ${userId} in ${active}`, getUserInvitations);
  const change = useAction(async (act: () => Promise<unknown>) => {
    // The ID token names the active tenant: after a change, the page loads everything with a new token.
    await withTenantChange(act);
    tenants.reload();
    invitations.reload();
  });
  return (
    <Card title={active === undefined && tenants.value?.length === 0 ? "Your invitations" : "Your tenants"}>
      <ErrorMessage>{change.error}</ErrorMessage>
      {tenants.error && <LoadFailed what="Your tenants" error={tenants.error} retry={tenants.reload} />}
      {!tenants.value && !tenants.error && <Loading lines={2} />}
      {tenants.value?.length === 0 && invitations.value?.length === 0 && (
        <EmptyState title="No invitations yet">
          Ask an admin of a tenant to invite you, then reload this page.
        </EmptyState>
      )}
      {invitations.error && <LoadFailed what="Your invitations" error={invitations.error} retry={invitations.reload} />}
      <ul class="list">
        {tenants.value?.map(({ tenantId, name, roles }) => (
          <li key={tenantId}>
            <span class="item">
              <strong>{name ?? "Unnamed tenant"}</strong>
              <span>{tenantId}</span>
            </span>
            <RoleBadges roles={roles} />
            {tenantId === active ? (
              <span class="active">Active</span>
            ) : (
              <button
                type="button"
                class="button"
                aria-disabled={change.busy}
                onClick={() => void change.run(() => switchTenant(tenantId))}
              >
                Switch<span class="visually-hidden"> to {name ?? tenantId}</span>
              </button>
            )}
          </li>
        ))}
        {invitations.value?.map(({ tenantId, tenantName, roles, expires }) => (
          <li key={`invitation into ${tenantId}`}>
            <span class="item">
              <strong>{tenantName ?? "Unnamed tenant"}</strong>
              <span>Invitation, expires on {new Date(expires).toLocaleDateString("en", { dateStyle: "long" })}</span>
            </span>
            <RoleBadges roles={roles} />
            <button
              type="button"
              class="button primary"
              aria-disabled={change.busy}
              onClick={() => void change.run(() => acceptInvitation(tenantId))}
            >
              Accept<span class="visually-hidden"> the invitation to {tenantName ?? tenantId}</span>
            </button>
            <button
              type="button"
              class="quiet"
              aria-disabled={change.busy}
              onClick={() => void change.run(() => declineInvitation(tenantId))}
            >
              Decline<span class="visually-hidden"> the invitation to {tenantName ?? tenantId}</span>
            </button>
          </li>
        ))}
      </ul>
    </Card>
  );
}

import { useState } from "preact/hooks";
import { withTenantChange } from "../data/account";
import {
  getInvitations,
  getMembers,
  inviteUser,
  type Member,
  type Role,
  removeMember,
  setRoles,
  withdrawInvitation,
} from "../data/api";
import { useAction, useLoad } from "../data/hooks";
import { Card, ErrorMessage, Field, LoadFailed, Loading, Notice, Submit } from "./elements";
import { RoleBadges, RoleChoice } from "./roles";

/** The members and pending invitations of a tenant, for its admins. */
export function Members({ tenant, userId, email }: { tenant: string; userId: string; email: string }) {
  const members = useLoad(`members of ${tenant}`, (signal) => getMembers(tenant, signal));
  const invitations = useLoad(`invitations into ${tenant}`, (signal) => getInvitations(tenant, signal));
  const [notice, setNotice] = useState("");
  const change = useAction(async (done: string, act: () => Promise<unknown>) => {
    setNotice("");
    await act();
    setNotice(done);
    members.reload();
    invitations.reload();
  });
  // An admin who removes themselves or their role may lose access to this tenant.
  const own = (member: Member, act: () => Promise<unknown>) =>
    member.userId === userId ? withTenantChange(act) : act();
  return (
    <Card title="Members" wide>
      <ErrorMessage>{change.error}</ErrorMessage>
      <Notice>{notice}</Notice>
      {members.error && <LoadFailed what="Members" error={members.error} retry={members.reload} />}
      {!members.value && !members.error && <Loading />}
      <ul class="list" aria-label="Members">
        {members.value?.map((member) => (
          <MemberRow
            key={member.userId}
            member={member}
            self={member.userId === userId}
            onRoles={(roles) =>
              void change.run(`The roles of ${member.name} were changed.`, async () => {
                await own(member, () => setRoles(tenant, member.userId, roles));
              })
            }
            onRemove={() =>
              void change.run(`${member.name} is no longer a member.`, async () => {
                await own(member, () => removeMember(tenant, member.userId));
              })
            }
          />
        ))}
      </ul>
      {invitations.error && (
        <LoadFailed what="Pending invitations" error={invitations.error} retry={invitations.reload} />
      )}
      {!!invitations.value?.length && (
        <>
          <h3>Pending invitations</h3>
          <ul class="list" aria-label="Pending invitations">
            {invitations.value.map(({ invitationId, email, roles, expires }) => (
              <li key={invitationId}>
                <span class="item">
                  <strong>{email}</strong>
                  <span>Expires on {new Date(expires).toLocaleDateString("en", { dateStyle: "long" })}</span>
                </span>
                <RoleBadges roles={roles} />
                <button
                  type="button"
                  class="quiet"
                  onClick={() =>
                    void change.run(`The invitation for ${email} was withdrawn.`, () =>
                      withdrawInvitation(tenant, invitationId),
                    )
                  }
                >
                  Withdraw<span class="visually-hidden"> the invitation for {email}</span>
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
      <Invite
        self={email}
        onInvite={(email, roles) =>
          change.run(`${email} was invited. The invitation is shown on their Tenant page.`, () =>
            inviteUser(tenant, email, roles),
          )
        }
        busy={change.busy}
      />
    </Card>
  );
}

function MemberRow({
  member,
  self,
  onRoles,
  onRemove,
}: {
  member: Member;
  self: boolean;
  onRoles: (roles: readonly Role[]) => void;
  onRemove: () => void;
}) {
  const [edited, edit] = useState<readonly Role[] | undefined>();
  const [confirming, setConfirming] = useState(false);
  return (
    <li>
      <span class="item">
        <strong>
          {member.name}
          {self && " (you)"}
        </strong>
        <span>{member.email}</span>
      </span>
      {edited ? (
        <>
          <RoleChoice whose={member.name} chosen={edited} onChoose={edit} />
          <button
            type="button"
            class="button primary"
            onClick={() => {
              onRoles(edited);
              edit(undefined);
            }}
          >
            Save
          </button>
          <button type="button" class="quiet" onClick={() => edit(undefined)}>
            Cancel
          </button>
        </>
      ) : confirming ? (
        <>
          <span>{self ? "Leave this tenant?" : "Remove this member?"}</span>
          <button type="button" class="button danger" onClick={onRemove}>
            {self ? "Leave" : "Remove"}
          </button>
          <button type="button" class="quiet" onClick={() => setConfirming(false)}>
            Cancel
          </button>
        </>
      ) : (
        <>
          <RoleBadges roles={member.roles} />
          <button type="button" class="quiet" onClick={() => edit(member.roles)}>
            Change roles<span class="visually-hidden"> of {member.name}</span>
          </button>
          <button type="button" class="quiet" onClick={() => setConfirming(true)}>
            {self ? "Leave" : "Remove"}
            <span class="visually-hidden"> {self ? "this tenant" : member.name}</span>
          </button>
        </>
      )}
    </li>
  );
}

function Invite({
  self,
  onInvite,
  busy,
}: {
  self: string;
  onInvite: (email: string, roles: readonly Role[]) => Promise<boolean>;
  busy: boolean;
}) {
  const [email, setEmail] = useState("");
  const [roles, choose] = useState<readonly Role[]>(["member"]);
  const isSelf = email.trim().toLowerCase() === self.toLowerCase();
  return (
    <form
      class="invite"
      onSubmit={async (event) => {
        event.preventDefault();
        if (!isSelf && (await onInvite(email.trim(), roles))) setEmail("");
      }}
    >
      <h3>Invite a member</h3>
      <div class="row">
        <Field
          label="E-mail address"
          name="email"
          type="email"
          inputMode="email"
          autocomplete="off"
          value={email}
          onValue={setEmail}
          error={
            isSelf ? "This is your own e-mail address, and you are already a member. Enter another address." : undefined
          }
        />
        <RoleChoice whose="the invited user" chosen={roles} onChoose={choose} />
        <Submit busy={busy} disabled={isSelf}>
          Invite
        </Submit>
      </div>
    </form>
  );
}

import { useState } from "preact/hooks";
import {
  Card,
  CopyableId,
  EmptyState,
  ErrorMessage,
  Field,
  LoadFailed,
  Loading,
  Notice,
  PageTitle,
  Submit,
} from "../components/elements";
import { Members } from "../components/members";
import { UserTenants } from "../components/tenants";
import { type Tenant as Details, getTenant, renameTenant } from "../data/api";
import { useAction, useLoad, useSettings, useUser } from "../data/hooks";

/** The active tenant: its name, its members, and the user's other tenants. */
export default function Tenant() {
  const { tenant, userId, email } = useUser();
  const details = useLoad(`tenant ${tenant}`, (signal) => getTenant(tenant, signal));
  const settings = useSettings(tenant);
  const isAdmin = settings.value?.roles.includes("admin");
  return (
    <>
      <PageTitle lead="Name and members of the active tenant, and your other tenants.">
        {details.value ? (details.value.name ?? "Unnamed tenant") : "Active tenant"}
      </PageTitle>
      <div class="cards">
        <Card title="Name">
          {details.error && !details.value && (
            <LoadFailed what="The active tenant" error={details.error} retry={details.reload} />
          )}
          {!(details.value && settings.value) && !details.error && !settings.error && <Loading />}
          {details.value && settings.value && (
            <Name key={tenant} details={details.value} show={details.show} isAdmin={isAdmin ?? false} />
          )}
        </Card>
        <UserTenants userId={userId} active={tenant} />
        {isAdmin && <Members key={tenant} tenant={tenant} userId={userId} email={email} />}
        {settings.value && !isAdmin && (
          <Card title="Members" wide>
            <EmptyState title="Admins only">Only an admin of this tenant can see and invite members.</EmptyState>
          </Card>
        )}
        {settings.error && (
          <Card title="Members" wide>
            <LoadFailed what="Your roles" error={settings.error} retry={settings.reload} />
          </Card>
        )}
      </div>
    </>
  );
}

function Name({ details, show, isAdmin }: { details: Details; show: (details: Details) => void; isAdmin: boolean }) {
  const [name, setName] = useState(details.name ?? "");
  const [notice, setNotice] = useState("");
  const rename = useAction(async () => {
    const wanted = name.trim();
    setNotice("");
    // Shown at once; the previous name is restored if the API refuses.
    show({ ...details, name: wanted });
    try {
      await renameTenant(details.tenantid, wanted);
    } catch (error) {
      show(details);
      setName(details.name ?? "");
      throw error;
    }
    setNotice(`The tenant was renamed to ${wanted}.`);
  });
  return (
    <>
      <ErrorMessage>{rename.error && `The name was not changed. ${rename.error}`}</ErrorMessage>
      <Notice>{notice}</Notice>
      {isAdmin ? (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void rename.run();
          }}
        >
          <div class="row">
            <Field
              label="Tenant name"
              name="tenant-name"
              autocomplete="organization"
              maxLength={256}
              value={name}
              onValue={setName}
            />
            <Submit busy={rename.busy}>Rename</Submit>
          </div>
        </form>
      ) : (
        <>
          <p>{details.name ?? "This tenant has no name yet."}</p>
          <p class="hint">Only an admin of this tenant can rename it.</p>
        </>
      )}
      <dl class="facts">
        <div>
          <dt>Tenant id</dt>
          <dd>
            <CopyableId what="the tenant id">{details.tenantid}</CopyableId>
          </dd>
        </div>
      </dl>
    </>
  );
}

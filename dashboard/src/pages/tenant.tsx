import { useState } from "preact/hooks";
import { type Tenant as Details, getTenant, renameTenant } from "../data/api";
import { useAction, useLoad, usePerson, useSettings } from "../data/hooks";
import { Card, Empty, Failed, Field, Id, Loading, Notice, Problem, Submit, Title } from "../parts/bits";
import { Members } from "../parts/members";
import { OwnTenants } from "../parts/tenants";

/** The active tenant: what it is called, who is in it, and which others there are. */
export default function Tenant() {
  const { tenant, userId, email } = usePerson();
  const details = useLoad(`tenant ${tenant}`, (signal) => getTenant(tenant, signal));
  const settings = useSettings(tenant);
  const isAdmin = settings.value?.roles.includes("admin");
  return (
    <>
      <Title lead="Name and members of the active tenant, and your other tenants.">
        {details.value ? (details.value.name ?? "Unnamed tenant") : "Active tenant"}
      </Title>
      <div class="cards">
        <Card title="Name">
          {details.error && !details.value && (
            <Failed what="The active tenant" error={details.error} retry={details.reload} />
          )}
          {!(details.value && settings.value) && !details.error && !settings.error && <Loading />}
          {details.value && settings.value && (
            <Name key={tenant} details={details.value} show={details.show} isAdmin={isAdmin ?? false} />
          )}
        </Card>
        <OwnTenants userId={userId} active={tenant} />
        {isAdmin && <Members key={tenant} tenant={tenant} userId={userId} email={email} />}
        {settings.value && !isAdmin && (
          <Card title="Members" wide>
            <Empty title="Admins only">Only an admin of this tenant can see and invite members.</Empty>
          </Card>
        )}
        {settings.error && (
          <Card title="Members" wide>
            <Failed what="Your roles" error={settings.error} retry={settings.reload} />
          </Card>
        )}
      </div>
    </>
  );
}

function Name({ details, show, isAdmin }: { details: Details; show: (details: Details) => void; isAdmin: boolean }) {
  const [name, setName] = useState(details.name ?? "");
  const [said, say] = useState("");
  const rename = useAction(async () => {
    const wanted = name.trim();
    say("");
    // Shown at once; what was there comes back if the API refuses.
    show({ ...details, name: wanted });
    try {
      await renameTenant(details.tenantid, wanted);
    } catch (error) {
      show(details);
      setName(details.name ?? "");
      throw error;
    }
    say(`The tenant was renamed to ${wanted}.`);
  });
  return (
    <>
      <Problem>{rename.error && `The name was not changed.  ${rename.error}`}</Problem>
      <Notice>{said}</Notice>
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
            <Id what="the tenant id">{details.tenantid}</Id>
          </dd>
        </div>
      </dl>
    </>
  );
}

import { useState } from "preact/hooks";
import { type Tenant as Details, getSettings, getTenant, renameTenant } from "../data/api";
import { useAction, useLoad, usePerson } from "../data/hooks";
import { Card, Empty, Failed, Field, Id, Loading, Notice, Problem, Submit, Title } from "../parts/bits";
import { Members } from "../parts/members";
import { OwnTenants } from "../parts/tenants";

/** The active tenant: what it is called, who is in it, and which others there are. */
export default function Tenant() {
  const { tenant, userId } = usePerson();
  const details = useLoad(`tenant ${tenant}`, (signal) => getTenant(tenant, signal));
  const settings = useLoad(`settings in ${tenant}`, getSettings);
  const isAdmin = settings.value?.roles.includes("admin");
  return (
    <>
      <Title lead="Its name, its people, and the other tenants that you belong to.">
        {details.value?.name ?? "Your tenant"}
      </Title>
      <div class="cards">
        <Card title="Name">
          {details.error && !details.value && (
            <Failed what="Your tenant" error={details.error} retry={details.reload} />
          )}
          {!details.value && !details.error && <Loading />}
          {details.value && <Rename key={tenant} details={details.value} show={details.show} />}
        </Card>
        <OwnTenants userId={userId} active={tenant} />
        {isAdmin && <Members key={tenant} tenant={tenant} userId={userId} />}
        {settings.value && !isAdmin && (
          <Card title="Members" wide>
            <Empty title="For admins">An admin of this tenant sees who is in it, and can invite others.</Empty>
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

function Rename({ details, show }: { details: Details; show: (details: Details) => void }) {
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
    say(`Your tenant is now called ${wanted}.`);
  });
  return (
    <>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void rename.run();
        }}
      >
        <Problem>{rename.error && `The name stays as it was. ${rename.error}`}</Problem>
        <Notice>{said}</Notice>
        <div class="row">
          <Field
            label="Name of the tenant"
            name="tenant-name"
            autocomplete="organization"
            maxLength={256}
            value={name}
            onValue={setName}
          />
          <Submit busy={rename.busy}>Rename</Submit>
        </div>
      </form>
      <dl class="facts">
        <div>
          <dt>Id</dt>
          <dd>
            <Id what="the tenant's id">{details.tenantid}</Id>
          </dd>
        </div>
      </dl>
    </>
  );
}

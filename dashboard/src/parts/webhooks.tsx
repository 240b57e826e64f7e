import { getParks, getWebhooks, type Settings, type Webhook } from "../data/api";
import { type Loaded, useLoad } from "../data/hooks";
import { Card, count, Empty, Failed, Loading } from "./bits";

// A park is a request: at a glance, nobody waits for more.
const MOST = 12;

interface Overview {
  readonly parks: number;
  readonly more: boolean;
  /** Of the first parks; not there for those whose roles do not open it. */
  readonly webhooks: readonly (Webhook & { readonly park: string })[] | undefined;
}

async function overview(mayList: boolean, signal: AbortSignal): Promise<Overview> {
  const { parks, more } = await getParks(signal);
  if (!mayList) return { parks: parks.length, more, webhooks: undefined };
  const found = await Promise.all(
    parks.slice(0, MOST).map(async ({ id, name }) => {
      return (await getWebhooks(id, signal)).map((webhook) => ({ ...webhook, park: name }));
    }),
  );
  return { parks: parks.length, more: more || parks.length > MOST, webhooks: found.flat() };
}

/** The endpoints that are told when something happens to a park of the tenant. */
export function Webhooks({ tenant, settings }: { tenant: string; settings: Loaded<Settings> }) {
  return (
    <Card title="Webhooks">
      {settings.value ? <List tenant={tenant} settings={settings.value} /> : !settings.error && <Loading />}
      {settings.error && !settings.value && <p class="hint">They are shown once your roles are known.</p>}
    </Card>
  );
}

function List({ tenant, settings }: { tenant: string; settings: Settings }) {
  const mayList = settings.roles.includes("admin") || settings.roles.includes("visitor");
  const found = useLoad(`webhooks of ${tenant} ${mayList}`, (signal) => overview(mayList, signal));
  if (found.error && !found.value) return <Failed what="The webhooks" error={found.error} retry={found.reload} />;
  if (!found.value) return <Loading />;
  const { parks, more, webhooks } = found.value;
  const where = `${more ? "the first " : ""}${count(parks, "park")}`;
  if (!webhooks) return <p class="hint">Whom the webhooks of {where} tell is for admins and visitors to see.</p>;
  if (webhooks.length === 0)
    return (
      <Empty title="No webhooks yet">
        {parks === 0
          ? "Your tenant has no parks. An endpoint of yours can be told when something happens to one."
          : `An endpoint of yours can be told when something happens to one of ${where}.`}
      </Empty>
    );
  return (
    <>
      <p class="figure">
        {webhooks.length.toLocaleString("en")} <small>of {where}</small>
      </p>
      <ul class="list">
        {webhooks.slice(0, MOST).map(({ id, park, endpoint, eventType, state }) => (
          <li key={`${park} ${id}`}>
            <span class="who">
              <strong>{park}</strong>
              <span>
                {eventType} to {endpoint}
              </span>
            </span>
            <span class="badge">{state}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

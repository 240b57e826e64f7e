import { HourChart } from "../components/chart";
import { bytes, Card, count, EmptyState, LoadFailed, Loading, PageTitle } from "../components/elements";
import { PARTITION_MODES } from "../components/partition-modes";
import { RoleBadges } from "../components/roles";
import { Webhooks } from "../components/webhooks";
import {
  getMembers,
  getTenant,
  getUsage,
  PARTITIONS,
  type PartitionUsage,
  type Settings,
  type Usage,
} from "../data/api";
import { type Loaded, useLoad, useSettings, useUser } from "../data/hooks";

/** Overview of the active tenant. */
export default function Dashboard() {
  const { tenant, userId } = useUser();
  const details = useLoad(`tenant ${tenant}`, (signal) => getTenant(tenant, signal));
  const settings = useSettings(tenant);
  const usage = useLoad(`usage of ${tenant}`, (signal) => getUsage(tenant, signal));
  return (
    <>
      <PageTitle lead={details.error ?? "Usage, members and webhooks of the active tenant."}>
        {details.value ? (details.value.name ?? "Unnamed tenant") : "Active tenant"}
      </PageTitle>
      {details.value && !details.value.name && (
        <EmptyState title="This tenant has no name yet">
          <a href="/tenant">Set a name</a> that its members recognize.
        </EmptyState>
      )}
      <div class="cards three">
        <Ingestion usage={usage} />
        <MembersSummary tenant={tenant} settings={settings} />
        <Storage usage={usage} />
        <Webhooks tenant={tenant} userId={userId} settings={settings} />
      </div>
    </>
  );
}

/** Why a part of the usage is not there, if it failed. */
const usageError = (usage: Loaded<Usage>, part: object | undefined): string | undefined =>
  part ? undefined : (usage.error ?? (usage.value && "It could not be counted."));

function Ingestion({ usage }: { usage: Loaded<Usage> }) {
  const hour = usage.value?.ingestion;
  const error = usageError(usage, hour);
  const records = hour?.minutes.reduce((sum, minute) => sum + minute.records, 0) ?? 0;
  const size = hour?.minutes.reduce((sum, minute) => sum + minute.bytes, 0) ?? 0;
  return (
    <Card title="Ingestion" aside="Last hour" wide>
      {error && <LoadFailed what="Ingestion" error={error} retry={usage.reload} />}
      {!hour && !error && <Loading lines={4} />}
      {hour && records === 0 && (
        <EmptyState title="No records in the last hour">
          Records from devices and servers appear here with a delay of up to about 15 minutes.
        </EmptyState>
      )}
      {hour && records > 0 && (
        <>
          <p class="figure">
            {hour.complete ? "" : "More than "}
            {records.toLocaleString("en")} <small>records, {bytes(size)}</small>
          </p>
          <HourChart {...hour} />
        </>
      )}
    </Card>
  );
}

function MembersSummary({ tenant, settings }: { tenant: string; settings: Loaded<Settings> }) {
  const isAdmin = settings.value?.roles.includes("admin");
  return (
    <Card title="Members" aside={<a href="/tenant">Manage</a>}>
      {settings.error && !settings.value && (
        <LoadFailed what="Your roles" error={settings.error} retry={settings.reload} />
      )}
      {!settings.value && !settings.error && <Loading />}
      {isAdmin && <MemberCount tenant={tenant} />}
      {settings.value && (
        <dl class="facts">
          <div>
            <dt>Your roles</dt>
            <dd>
              <RoleBadges roles={settings.value.roles} />
            </dd>
          </div>
        </dl>
      )}
      {settings.value && !isAdmin && <p class="hint">Only an admin of this tenant can see its members.</p>}
    </Card>
  );
}

function MemberCount({ tenant }: { tenant: string }) {
  const members = useLoad(`members of ${tenant}`, (signal) => getMembers(tenant, signal));
  if (members.error) return <LoadFailed what="Members" error={members.error} retry={members.reload} />;
  if (!members.value) return <Loading lines={1} />;
  const admins = members.value.filter((member) => member.roles.includes("admin")).length;
  return (
    <p class="figure">
      {members.value.length.toLocaleString("en")}{" "}
      <small>
        {members.value.length === 1 ? "member" : "members"}, {count(admins, "admin")}
      </small>
    </p>
  );
}

function Storage({ usage }: { usage: Loaded<Usage> }) {
  const storage = usage.value?.storage;
  const error = usageError(usage, storage);
  const stored = storage ? PARTITIONS.map((partition) => storage[partition]) : [];
  const sum = total(stored);
  const max = Math.max(1, ...stored.map((one) => one.bytes));
  return (
    <Card title="Storage" aside={<a href="/files">Files</a>}>
      {error && <LoadFailed what="Storage usage" error={error} retry={usage.reload} />}
      {!storage && !error && <Loading lines={5} />}
      {storage && sum.objects === 0 && (
        <EmptyState title="No files yet">
          <a href="/files">Store a file</a> to see it in five partition modes.
        </EmptyState>
      )}
      {storage && sum.objects > 0 && (
        <>
          <p class="figure">
            {sum.complete ? "" : "More than "}
            {bytes(sum.bytes)} <small>in {count(sum.objects, "object")}</small>
          </p>
          <dl class="bars">
            {PARTITIONS.map((partition) => {
              const one = storage[partition];
              return (
                <div key={partition}>
                  <dt>{PARTITION_MODES[partition].name}</dt>
                  <dd>
                    <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
                      <rect class="rest" width="100" height="6" rx="1" />
                      <rect width={(one.bytes / max) * 100} height="6" rx="1" />
                    </svg>
                    <span>
                      {one.complete ? "" : "more than "}
                      {bytes(one.bytes)}
                    </span>
                  </dd>
                </div>
              );
            })}
          </dl>
        </>
      )}
    </Card>
  );
}

const total = (stored: readonly PartitionUsage[]): PartitionUsage => ({
  objects: stored.reduce((sum, one) => sum + one.objects, 0),
  bytes: stored.reduce((sum, one) => sum + one.bytes, 0),
  complete: stored.every((one) => one.complete),
});

import { useState } from "preact/hooks";
import {
  getMembers,
  getParks,
  getWebhooks,
  type Member,
  removeWebhook,
  type Settings,
  takeOverWebhook,
  type Webhook,
} from "../data/api";
import { type Loaded, useAction, useLoad } from "../data/hooks";
import { Card, count, EmptyState, ErrorMessage, LoadFailed, Loading, Notice } from "./elements";

// Each park takes one request, so the overview reads only the first parks.
const MAX_SHOWN = 12;

interface Row extends Webhook {
  readonly parkId: string;
  readonly park: string;
}

interface Overview {
  /** How many parks were read, and whether the tenant has more. */
  readonly parks: number;
  readonly more: boolean;
  /** The webhooks of the first parks; undefined if the user's roles do not allow listing them. */
  readonly webhooks: readonly Row[] | undefined;
  /** The possible creators; empty for users who are not admins. */
  readonly members: readonly Member[];
}

async function overview(tenant: string, settings: Settings, signal: AbortSignal): Promise<Overview> {
  const isAdmin = settings.roles.includes("admin");
  if (!mayList(settings)) return { parks: 0, more: false, webhooks: undefined, members: [] };
  const { parks, more } = await getParks(signal);
  const found = await Promise.all(
    parks.slice(0, MAX_SHOWN).map(async ({ id, name }) => {
      return (await getWebhooks(id, signal)).map((webhook) => ({ ...webhook, parkId: id, park: name }));
    }),
  );
  const webhooks = found.flat();
  const members = isAdmin && webhooks.length ? await getMembers(tenant, signal) : [];
  return { parks: found.length, more: more || parks.length > MAX_SHOWN, webhooks, members };
}

const PAUSED: Record<NonNullable<Webhook["pausedReason"]>, string> = {
  blocked: "the user who created it is blocked",
  deleted: "the user who created it has deleted their account",
  removed: "the user who created it is no longer a member",
  roleLost: "the user who created it no longer has the required role",
};

const mayList = ({ roles }: Settings): boolean => roles.includes("admin") || roles.includes("visitor");

/** The webhooks of the tenant's parks. */
export function Webhooks({ tenant, userId, settings }: { tenant: string; userId: string; settings: Loaded<Settings> }) {
  return (
    <Card title="Webhooks">
      {settings.value ? (
        <List tenant={tenant} userId={userId} settings={settings.value} />
      ) : (
        !settings.error && <Loading />
      )}
      {settings.error && !settings.value && <p class="hint">Webhooks are shown after your roles have been loaded.</p>}
    </Card>
  );
}

function List({ tenant, userId, settings }: { tenant: string; userId: string; settings: Settings }) {
  const isAdmin = settings.roles.includes("admin");
  const found = useLoad(`webhooks of ${tenant} for ${settings.roles.join()}`, (signal) =>
    overview(tenant, settings, signal),
  );
  const [notice, setNotice] = useState("");
  const change = useAction(async (done: string, act: () => Promise<unknown>) => {
    setNotice("");
    await act();
    setNotice(done);
    found.reload();
  });
  if (found.error && !found.value) return <LoadFailed what="Webhooks" error={found.error} retry={found.reload} />;
  if (!found.value) return <Loading />;
  const { parks, more, webhooks, members } = found.value;
  const where = `${more ? "the first " : ""}${count(parks, "park")}`;
  const none = webhooks?.length === 0 && (
    <EmptyState title={isAdmin ? "No webhooks yet" : "You have no webhooks"}>
      A webhook sends the events of a park to an endpoint.{" "}
      {parks === 0 ? "This tenant has no parks yet." : `No webhook was found in ${where}.`}
    </EmptyState>
  );
  return (
    <>
      <ErrorMessage>{change.error}</ErrorMessage>
      <Notice>{notice}</Notice>
      {!webhooks && <p class="hint">Only an admin or a visitor of this tenant can see webhooks.</p>}
      {none}
      {!!webhooks?.length && (
        <>
          <p class="figure">
            {webhooks.length.toLocaleString("en")}{" "}
            <small>
              {webhooks.length === 1 ? "webhook" : "webhooks"} in {where}
            </small>
          </p>
          <ul class="list" aria-label="Webhooks">
            {webhooks.slice(0, MAX_SHOWN).map((webhook) => (
              <Item
                key={`${webhook.parkId} ${webhook.id}`}
                webhook={webhook}
                creator={isAdmin ? creatorOf(webhook, members, userId) : undefined}
                busy={change.busy}
                onTakeOver={
                  isAdmin && webhook.createdBy !== userId
                    ? () =>
                        void change.run(
                          `You are now the owner of the webhook of ${webhook.park}. Its endpoint must confirm the subscription again.`,
                          () => takeOverWebhook(webhook.parkId, webhook.id),
                        )
                    : undefined
                }
                onRemove={() =>
                  void change.run(`The webhook of ${webhook.park} was removed.`, () =>
                    removeWebhook(webhook.parkId, webhook.id),
                  )
                }
              />
            ))}
          </ul>
        </>
      )}
    </>
  );
}

function creatorOf({ createdBy }: Webhook, members: readonly Member[], userId: string): string {
  if (createdBy === undefined) return "an unknown user";
  if (createdBy === userId) return "you";
  return members.find((member) => member.userId === createdBy)?.name ?? "a former member";
}

function Item({
  webhook: { park, eventType, endpoint, state, pausedReason },
  creator,
  busy,
  onTakeOver,
  onRemove,
}: {
  webhook: Row;
  creator: string | undefined;
  busy: boolean;
  onTakeOver: (() => void) | undefined;
  onRemove: () => void;
}) {
  const [confirming, setConfirming] = useState(false);
  const which = (
    <span class="visually-hidden">
      {" "}
      the webhook of {park} for {eventType}
    </span>
  );
  return (
    <li>
      <span class="item">
        <strong>{park}</strong>
        <span>
          {eventType} to {endpoint}
        </span>
        {creator && <span>Created by {creator}</span>}
        {state === "paused" && (
          <span>Paused: it receives no events{pausedReason && `, because ${PAUSED[pausedReason]}`}.</span>
        )}
      </span>
      <span class={state === "paused" ? "badge stopped" : "badge"}>{state}</span>
      {confirming ? (
        <>
          <button type="button" class="button danger" aria-disabled={busy} onClick={onRemove}>
            Remove{which}
          </button>
          <button type="button" class="quiet" onClick={() => setConfirming(false)}>
            Cancel
          </button>
        </>
      ) : (
        <>
          {onTakeOver && (
            <button type="button" class="quiet" aria-disabled={busy} onClick={onTakeOver}>
              Take over{which}
            </button>
          )}
          <button type="button" class="quiet" onClick={() => setConfirming(true)}>
            Remove{which}
          </button>
        </>
      )}
    </li>
  );
}

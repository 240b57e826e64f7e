import { useState } from "preact/hooks";
import { changeAddress, changePassword, deleteAccount, signOut, signOutEverywhere } from "../data/account";
import { useAction, usePerson } from "../data/hooks";
import { isPassword, PASSWORD_RULES } from "../data/password";
import { askForAddress } from "../data/session";
import { accountWords, signingWords } from "../data/words";
import { Card, Field, Id, Notice, PasswordField, Problem, Rules, Submit, Title } from "../parts/bits";

/** Who one is here, and how one gets in and out. */
export default function Profile() {
  const person = usePerson();
  const here = useAction(signOut);
  const everywhere = useAction(signOutEverywhere);
  return (
    <>
      <Title lead="Your account, your sessions and your password.">Your profile</Title>
      <div class="cards">
        <Card title="Account">
          <dl class="facts">
            <div>
              <dt>Name</dt>
              <dd>{person.name}</dd>
            </div>
            <div>
              <dt>E-mail address</dt>
              <dd>{person.email}</dd>
            </div>
            <div>
              <dt>User id</dt>
              <dd>
                <Id what="your user id">{person.userId}</Id>
              </dd>
            </div>
          </dl>
        </Card>
        <Card title="Sessions">
          <p>
            You signed in at{" "}
            {person.signedInAt.toLocaleString("en", { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" })}. You
            stay signed in until you sign out or close this tab.
          </p>
          <p class="hint">“Sign out everywhere” ends all your sessions at once, including this one.</p>
          <Problem>{everywhere.error}</Problem>
          <div class="row">
            <button type="button" class="button" aria-busy={here.busy} onClick={() => void here.run()}>
              Sign out here
            </button>
            <button
              type="button"
              class="button danger"
              aria-disabled={everywhere.busy}
              aria-busy={everywhere.busy}
              onClick={() => void everywhere.run()}
            >
              Sign out everywhere
            </button>
          </div>
        </Card>
        <Password email={person.email} />
        <Address present={person.email} />
        <Delete email={person.email} />
      </div>
    </>
  );
}

const AFTER_CHANGE = {
  ended: "Your password is changed, and your other sessions have ended.",
  "not-ended":
    "Your password is changed. Your other sessions could not be ended: choose “Sign out everywhere” to end them.",
  "signed-out": "",
};

function Password({ email }: { email: string }) {
  const [present, setPresent] = useState("");
  const [next, setNext] = useState("");
  const [said, say] = useState("");
  const [ruleBroken, setRuleBroken] = useState(false);
  const change = useAction(
    async () => {
      say("");
      const outcome = await changePassword(email, present, next);
      setPresent("");
      setNext("");
      say(AFTER_CHANGE[outcome]);
    },
    (error) =>
      (error as Error).name === "NotAuthorizedException"
        ? "The current password is wrong. Enter it again."
        : accountWords(error),
  );
  return (
    <Card title="Password">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          setRuleBroken(!isPassword(next));
          if (isPassword(next)) void change.run();
        }}
      >
        <p class="hint">Changing the password ends all your other sessions.</p>
        <Problem>
          {ruleBroken
            ? "The new password does not meet every rule. Change it until each rule below is met."
            : change.error}
        </Problem>
        <Notice>{said}</Notice>
        {/* So that a password manager knows whose password it is. */}
        <input
          class="none"
          type="text"
          autocomplete="username"
          value={email}
          readOnly
          aria-hidden="true"
          tabIndex={-1}
        />
        <PasswordField
          label="Current password"
          name="current-password"
          autocomplete="current-password"
          value={present}
          onValue={setPresent}
        />
        <PasswordField
          label="New password"
          name="new-password"
          autocomplete="new-password"
          value={next}
          onValue={setNext}
          hint={<Rules rules={PASSWORD_RULES} value={next} />}
        />
        <div>
          <Submit busy={change.busy}>Change password</Submit>
        </div>
      </form>
    </Card>
  );
}

function Address({ present }: { present: string }) {
  const [email, setEmail] = useState("");
  const [code, setCode] = useState("");
  const [sentTo, setSentTo] = useState("");
  const ask = useAction(async () => {
    await askForAddress(email.trim());
    setSentTo(email.trim());
  }, signingWords);
  const change = useAction(() => changeAddress(code.trim()), accountWords);
  return (
    <Card title="E-mail address">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void (sentTo ? change : ask).run();
        }}
      >
        <Problem>{change.error ?? ask.error}</Problem>
        <Notice>{sentTo && `We have sent a code to ${sentTo}. Enter it here to change your address.`}</Notice>
        {sentTo ? (
          <Field
            label="Code from the e-mail"
            name="code"
            inputMode="numeric"
            autocomplete="one-time-code"
            maxLength={12}
            value={code}
            onValue={setCode}
          />
        ) : (
          <>
            <p class="hint">
              You sign in with {present}. We send a code to the new address. After you have entered the code, the
              address changes and all your sessions end.
            </p>
            <Field
              label="New e-mail address"
              name="email"
              type="email"
              inputMode="email"
              autocomplete="email"
              value={email}
              onValue={setEmail}
            />
          </>
        )}
        <div class="row">
          <Submit busy={ask.busy || change.busy}>{sentTo ? "Change address" : "Send code"}</Submit>
          {sentTo && (
            <button
              type="button"
              class="quiet"
              onClick={() => {
                setSentTo("");
                setCode("");
                change.clear();
              }}
            >
              Cancel
            </button>
          )}
        </div>
      </form>
    </Card>
  );
}

function Delete({ email }: { email: string }) {
  const [open, setOpen] = useState(false);
  const [typed, type] = useState("");
  const remove = useAction(deleteAccount);
  const confirmed = typed.trim().toLowerCase() === email.toLowerCase();
  return (
    <Card title="Delete your account">
      <p>
        This deletes your account, all your memberships, your name and your e-mail address. It cannot be undone. If you
        are the only admin of a tenant, make another member an admin first.
      </p>
      {open ? (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (confirmed) void remove.run();
          }}
        >
          <Problem>{remove.error && `Your account was not deleted.  ${remove.error}`}</Problem>
          <Field
            label={`Type ${email} to confirm`}
            name="confirmation"
            type="email"
            autocomplete="off"
            value={typed}
            onValue={type}
          />
          <div class="row">
            <Submit busy={remove.busy} disabled={!confirmed} danger>
              Delete my account
            </Submit>
            <button type="button" class="quiet" onClick={() => setOpen(false)}>
              Cancel
            </button>
          </div>
        </form>
      ) : (
        <div>
          <button type="button" class="button danger" onClick={() => setOpen(true)}>
            Delete my account…
          </button>
        </div>
      )}
    </Card>
  );
}

import { useState } from "preact/hooks";
import { useAction, usePerson } from "../data/hooks";
import { isPassword, PASSWORD_RULES } from "../data/password";
import { changePassword, signOut, signOutEverywhere } from "../data/session";
import { signingWords } from "../data/words";
import { Card, Id, Notice, PasswordField, Problem, Rules, Submit, Title } from "../parts/bits";

/** Who one is here, and how one gets in and out. */
export default function Profile() {
  const person = usePerson();
  const everywhere = useAction(() => signOutEverywhere(), signingWords);
  return (
    <>
      <Title lead="Who you are here, and how you get in and out.">Your profile</Title>
      <div class="cards">
        <Card title="You">
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
        <Password />
        <Card title="Where you are signed in">
          <p>
            You signed in at{" "}
            {person.signedInAt.toLocaleString("en", { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" })}.
            This tab keeps you signed in and forgets you when it is closed.
          </p>
          <Problem>{everywhere.error}</Problem>
          <div class="row">
            <button type="button" class="button" onClick={() => void signOut()}>
              Sign out here
            </button>
            <button
              type="button"
              class="button danger"
              aria-disabled={everywhere.busy}
              onClick={() => void everywhere.run()}
            >
              Sign out everywhere
            </button>
          </div>
        </Card>
      </div>
    </>
  );
}

function Password() {
  const [present, setPresent] = useState("");
  const [next, setNext] = useState("");
  const [said, say] = useState("");
  const [ruleBroken, setRuleBroken] = useState(false);
  const change = useAction(
    async () => {
      say("");
      await changePassword(present, next);
      setPresent("");
      setNext("");
      say("Your password is changed.");
    },
    (error) =>
      (error as Error).name === "NotAuthorizedException" ? "The present password is wrong." : signingWords(error),
  );
  const { email } = usePerson();
  return (
    <Card title="Password">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          setRuleBroken(!isPassword(next));
          if (isPassword(next)) void change.run();
        }}
      >
        <Problem>{ruleBroken ? "The new password does not meet every rule yet." : change.error}</Problem>
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
          label="Present password"
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

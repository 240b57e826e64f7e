export function Broken() {
  return (
    <main class="plain">
      <h1>This page could not start</h1>
      <p>It is not your doing. Load it again; if that does not help, tell whoever runs it.</p>
      <button type="button" class="button" onClick={() => window.location.reload()}>
        Load again
      </button>
    </main>
  );
}
